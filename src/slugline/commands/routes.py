"""`slugline routes`: what answers what, in matching order."""

from pathlib import Path

from msgspec import Struct

from slugline.commands.environment import apply_environment
from slugline.project.discover import LoadedPage, LoadedRoute, discover, log_warnings

__all__ = ["RouteRow", "list_routes"]


class RouteRow(Struct, frozen=True):
    """One line of the table: "/api/post/[pid]", "GET, POST", "pages/api/post/[pid].py"."""

    pattern: str
    methods: str
    source: str


def list_routes(directory: Path) -> list[RouteRow]:
    """Give a row for each route, in the order in which they are tried.

    Raises ProjectError.
    """
    apply_environment(directory, "build")
    project = discover(directory)
    log_warnings(project)
    return [RouteRow(route.pattern, _methods(route.endpoint), route.source) for route in project.table.ordered()]


def _methods(route: LoadedRoute | LoadedPage) -> str:
    if isinstance(route, LoadedPage):
        return "page, for each request" if route.module.get_server_side_props is not None else "page"
    module = route.module
    kinds = []
    if module.handler is not None:
        kinds.append("any method")
    elif module.methods:
        kinds.append(", ".join(module.methods))
    elif module.app is not None:
        kinds.append("application")
    if module.websocket is not None:
        kinds.append("WebSocket")
    return " + ".join(kinds)
