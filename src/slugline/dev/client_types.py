"""The TypeScript client of a project that is being worked on."""

from pathlib import Path

from slugline.dev.project import DevProject
from slugline.project.api_document import read_route_operations
from slugline.project.client_file import find_client, is_ours, write_client
from slugline.project.discover import LoadedRoute

__all__ = ["write_types"]


def write_types(project: DevProject, *, asked: bool = False) -> Path | None:
    """Write the client again where there is one, or where it was asked for; give its path when that has changed it.

    While a route file is broken the client stays as it is, or every page that asks that route would be broken too.
    Raises ConfigError when it was asked for and cannot be written.
    """
    path = find_client(project.pages_folder)
    if project.problems or project.site_error is not None or not (asked or is_ours(path)):
        return None
    routes = [each for each in project.routes.values() if isinstance(each, LoadedRoute)]
    if len(routes) < len(project.routes):
        return None
    return path if write_client(path, read_route_operations(routes), project.config.base_path) else None
