"""`slugline types`: the TypeScript client of a project."""

from pathlib import Path

from slugline.commands.environment import apply_environment
from slugline.project.api_document import loaded_routes, read_route_operations
from slugline.project.client_file import find_client, write_client
from slugline.project.discover import discover, log_warnings
from slugline.project.front_end import find_address

__all__ = ["types"]


def types(directory: Path, output: Path | None = None) -> tuple[Path, bool]:
    """Write the client, beside pages/ unless another file is given; give its path, and whether it was another before.

    Raises ProjectError.
    """
    apply_environment(directory, "build")
    project = discover(directory)
    log_warnings(project)
    path = output or find_client(project.pages_folder)
    return path, write_client(path, read_route_operations(loaded_routes(project)), find_address(project.root, project.config))
