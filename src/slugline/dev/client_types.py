"""The TypeScript client of a project that is being worked on."""

from collections.abc import Sequence
from pathlib import Path

from slugline.dev.project import DevProject
from slugline.project.api_document import read_route_operations
from slugline.project.client_file import find_client, is_ours, write_client
from slugline.project.discover import LoadedRoute
from slugline.project.front_end import find_address, has_typescript
from slugline.schema.signature import Operation

__all__ = ["write_types"]


def write_types(project: DevProject, *, asked: bool | None = None) -> Path | None:
    """Write the client as the routes are now; give its path when that has changed it.

    Without `asked` it is written where somebody has a use for it: it is there already, or TypeScript is, or a route declares types.
    While a route file is broken the client stays as it is, or every page that asks that route would be broken too.
    Raises ConfigError when it was asked for and cannot be written.
    """
    path = find_client(project.pages_folder)
    if asked is False or project.problems or project.site_error is not None:
        return None
    routes = [each for each in project.routes.values() if isinstance(each, LoadedRoute)]
    if len(routes) < len(project.routes):
        return None
    operations = read_route_operations(routes)
    if not (asked or is_ours(path)) and (path.exists() or not _is_wanted(project.root, operations)):
        return None
    return path if write_client(path, operations, find_address(project.root, project.config)) else None


def _is_wanted(root: Path, operations: Sequence[Operation]) -> bool:
    return bool(operations) and (has_typescript(root) or any(each.is_typed for each in operations))
