"""One WebSocket: check the handshake, find the route, run its middleware and its function."""

import asyncio
import logging
from typing import Any

from slugline.errors import RequestError
from slugline.http.finish import finish_whole
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.routing.request_path import find_slash_redirect, read_path
from slugline.routing.table import Match
from slugline.runtime.api_route import ApiRoute
from slugline.runtime.app import App
from slugline.runtime.asgi_types import Receive, Scope, Send
from slugline.runtime.error_response import is_expected, make_error_response
from slugline.runtime.request_checks import check_request
from slugline.runtime.resolve import Ended, Forward, Found, OuterFields, resolve
from slugline.runtime.run_root_middleware import answer_outcome
from slugline.runtime.scope_request import read_scope
from slugline.runtime.threads import Overloaded
from slugline.runtime.websocket import WebSocket

__all__ = ["connect"]

logger = logging.getLogger("slugline")


async def connect(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a WebSocket handshake and run the socket; it is counted as a stream and closed with 1001 when the server stops."""
    request = read_scope(scope, "GET", receive, send)
    request._host = app
    if app.loop is None:
        app.bind_running_loop()
    response: Response[Any] = Response(request, app)
    task = asyncio.current_task()
    assert task is not None
    app.load.streams += 1
    app.sockets.add(task)
    try:
        await _run(app, request, response, scope)
    except asyncio.CancelledError:
        if not app.stopping:
            raise
    finally:
        app.load.streams -= 1
        app.sockets.discard(task)
        app.clean_up(request)


async def _run(app: App, request: Request[Any, Any], response: Response[Any], scope: Scope) -> None:
    socket = WebSocket(scope, request._receive, request._send)
    socket.path = request.path
    try:
        if app.load.streams > app.settings.max_streams or app.stopping:
            raise Overloaded
        match = await _find(app, request, response, socket)
        if match is not None:
            await _connect(match, request, response, socket)
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        if not is_expected(error) and not response.ended:
            logger.error("The handshake of %s failed.", request.route or "a WebSocket", exc_info=error)
        if not response.ended and not response._handed_over:
            response = make_error_response(request, error, retry_after_seconds=app.settings.retry_after_seconds)
    if not response._handed_over and not socket.accepted and not socket.closed:
        await _refuse(request, response, socket)


async def _connect(match: Match[ApiRoute], request: Request[Any, Any], response: Response[Any], socket: WebSocket) -> None:
    route = match.route.endpoint
    if route.connect is None:
        raise RequestError(404, "Not Found")
    request.route = socket.route = route.pattern
    request.params = socket.params = match.params
    request._api_route = route
    socket.request = request
    await route.connect(request, response, socket)


async def _find(app: App, request: Request[Any, Any], response: Response[Any], socket: WebSocket) -> Match[ApiRoute] | None:
    """Find the route of a handshake; None when somebody else has taken it, another server or the root middleware.

    SECURITY: the same steps as for any request, so that what guards a path guards its sockets too. Raises RequestError 404.
    """
    check_request(request)
    gateway = app.gateway
    if gateway is None or gateway.leaves_alone(request.raw_path):
        path = read_path(request.raw_path)
        # A browser does not follow a redirect of a handshake.
        match = app.table.match(path) if find_slash_redirect(path, "") is None else None
        if match is None:
            raise RequestError(404, "Not Found")
        return match
    outer = OuterFields()
    match await resolve(app, gateway, request, outer):
        case Found(match) as found:
            found.put_on(request, gateway.config.base_path)
            socket.path, socket.headers = request.path, request.headers
            return match
        case Ended(outcome):
            outer.put_on(response, has_own_type=False)
            answer_outcome(request, response, outcome)
        case Forward(url):
            await app.forward_websocket(request, response, socket, url)
        case _:
            raise RequestError(404, "Not Found")
    return None


async def _refuse(request: Request[Any, Any], response: Response[Any], socket: WebSocket) -> None:
    status, fields, body = finish_whole(request, response, compress=False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in fields if name != b"content-length"}
    await socket.reject(status if status >= 400 else 403, body, headers)
