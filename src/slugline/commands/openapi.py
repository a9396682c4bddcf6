"""`slugline openapi`: the OpenAPI 3.1 document of a project."""

import json
from pathlib import Path

from slugline.commands.environment import apply_environment
from slugline.project.api_document import loaded_routes, make_document, read_route_operations
from slugline.project.discover import discover, log_warnings
from slugline.project.front_end import find_address

__all__ = ["openapi"]


def openapi(directory: Path) -> str:
    """Give the document as JSON text. Raises ProjectError."""
    apply_environment(directory, "build")
    project = discover(directory)
    log_warnings(project)
    address = find_address(project.root, project.config)
    document = make_document(project.root, read_route_operations(loaded_routes(project)), address)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
