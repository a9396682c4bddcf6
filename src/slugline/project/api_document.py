"""What the route files of a project say of its API: operations, and the OpenAPI document of them."""

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from slugline.project.discover import LoadedPage, LoadedRoute, Project
from slugline.project.front_end import Address
from slugline.schema.openapi import make_openapi
from slugline.schema.signature import Operation, read_operations

__all__ = ["loaded_routes", "make_document", "read_route_operations"]


def loaded_routes(project: Project) -> list[LoadedRoute]:
    """Give the API routes of a project, in matching order."""
    return [route.endpoint for route in project.table.ordered() if not isinstance(route.endpoint, LoadedPage)]


def read_route_operations(routes: Iterable[LoadedRoute]) -> list[Operation]:
    """Read the operations of loaded routes; mounted applications and sockets have none."""
    operations: list[Operation] = []
    for route in routes:
        module = route.module
        actions = {"handler": module.handler} if module.handler is not None else module.methods
        functions = {name: action.function for name, action in actions.items()}
        operations.extend(read_operations(functions, route.pattern, module.source))
    return operations


def make_document(root: Path, operations: Iterable[Operation], address: Address) -> dict[str, Any]:
    """Make the OpenAPI 3.1 document of a project; name, version and description come from its pyproject.toml or package.json."""
    title, version, description = _describe(root)
    return make_openapi(
        operations,
        title=title,
        version=version,
        description=description,
        base_path=address.base_path,
        trailing_slash=address.trailing_slash,
    )


def _describe(root: Path) -> tuple[str, str, str]:
    said = _read_pyproject(root / "pyproject.toml") or _read_package(root / "package.json")
    name, version, description = (said.get(key) for key in ("name", "version", "description"))
    return (
        name if isinstance(name, str) and name else root.name,
        version if isinstance(version, str) and version else "0.0.0",
        description if isinstance(description, str) else "",
    )


def _read_pyproject(path: Path) -> dict[str, Any]:
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return {}
    return project if isinstance(project, dict) else {}


def _read_package(path: Path) -> dict[str, Any]:
    try:
        package = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return package if isinstance(package, dict) else {}
