"""The steps of one request, in order."""

from typing import Any

from slugline.errors import BadRequest
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.routing.request_path import find_slash_redirect, is_ordinary, read_path, read_query
from slugline.routing.table import RouteTable
from slugline.runtime.api_route import ApiRoute
from slugline.runtime.request_checks import check_request

__all__ = ["answer"]

# NEXTJS: what Next.js sends with every 404 and 400 that no handler made.
NEVER_STORE = "private, no-cache, no-store, max-age=0, must-revalidate"


async def answer(table: RouteTable[ApiRoute], request: Request[Any, Any], response: Response[Any]) -> None:
    """Check the request, find its route, run it.

    A path that is the name of a static route is canonical by itself, so the look-up comes before the looking closely.
    """
    check_request(request)
    raw_path = request.raw_path
    route = table.static.get(raw_path)
    if route is None:
        if is_ordinary(raw_path):
            match = table.match_ordinary(raw_path.decode("ascii"))
        elif raw_path == b"*" and request.method == "OPTIONS":
            response.status(204).set_header("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS").end()
            return
        else:
            path = read_path(raw_path)
            location = find_slash_redirect(path, read_query(request.query_string))
            if location is not None and not _belongs_to_mounted(table, path):
                # Not by redirect(), which would encode what came as it is: "%zz" would become another path.
                location = request._mount_prefix + location
                response.status(308).set_header("location", location).end(location)
                return
            try:
                match = table.match(path.removesuffix("/") or "/")
            except BadRequest:
                answer_unstored(response, 400, "Bad Request")
                return
        if match is None:
            answer_unstored(response, 404, "Not Found")
            return
        route = match.route
        request.params = match.params
    request.route = route.pattern
    request._api_route = endpoint = route.endpoint
    if endpoint.run is None:
        answer_upgrade_required(response)
        return
    await endpoint.run(request, response)


def _belongs_to_mounted(table: RouteTable[ApiRoute], path: str) -> bool:
    """Tell whether a path ends in one slash that a mounted application decides about: Django and Starlette redirect to it."""
    if not path.endswith("/") or "//" in path or "\\" in path:
        return False
    try:
        match = table.match(path[:-1])
    except BadRequest:
        return False
    return match is not None and match.route.endpoint.mounted is not None


def answer_unstored(response: Response[Any], status: int, phrase: str) -> None:
    """Answer with a phrase that nobody is to store: a route may answer the path tomorrow."""
    response.status(status).set_header("cache-control", NEVER_STORE).end(phrase)


def answer_upgrade_required(response: Response[Any]) -> None:
    """Answer 426 where a route has a `websocket` function only (RFC 9110 section 15.5.22)."""
    response.status(426).send("This route speaks WebSocket.")
