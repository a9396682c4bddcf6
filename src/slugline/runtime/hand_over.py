"""Handing a request over to the ASGI or WSGI application of a route file."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from slugline.errors import ClientDisconnected
from slugline.http.compression import carries_events, forbid_transforms
from slugline.http.request import Request
from slugline.http.response import Response, Stage
from slugline.runtime.asgi_types import Message, Receive, Scope
from slugline.runtime.body_reader import BodyReader
from slugline.runtime.mounted import MountedApp
from slugline.runtime.settings import Settings

__all__ = ["hand_over_to", "mount_prefix", "place_request"]


def hand_over_to(mounted: MountedApp, pattern: str, settings: Settings) -> Callable[[Request[Any, Any], Response[Any]], Awaitable[None]]:
    """Make a handler that lets the application answer, with the fields that middleware has set added to its own."""

    async def hand_over(request: Request[Any, Any], response: Response[Any]) -> None:
        fields = _encode(response)

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                response._handed_over = True
                response._stage = Stage.ANSWERED
                own = list(message.get("headers", ()))
                names = {name for name, _ in own}
                sent = own + [field for field in fields if field[0] not in names or field[0] == b"set-cookie"]
                if settings.untouched_events and carries_events(sent):
                    sent = forbid_transforms(sent)
                message = {**message, "headers": sent}
                response._status = message["status"]
            await request._send(message)

        scope, root_path = place_request(request, pattern)
        await mounted(scope, _clocked(request, settings), send, root_path)
        if not response._handed_over:
            raise ClientDisconnected("The client left before the mounted application had answered.")

    return hand_over


def place_request(request: Request[Any, Any], pattern: str) -> tuple[Scope, str]:
    """Give the scope that a mounted application gets, and the raw prefix at which its route lies, base path and all.

    It sees what a handler would: the header fields that middleware has put in the place of the client's, and, unlike in `req.url`,
    the path and the query that a rewrite has led to, by which it finds its own routes.
    """
    scope: Scope = {**request.scope, "headers": request.fields}
    path = request._rewritten_path
    if path is not None:
        whole = request._base_path + path
        outer = scope.get("root_path", "").rstrip("/")
        scope["path"] = outer + unquote(whole)
        scope["raw_path"] = (request._mount_prefix + whole).encode("latin-1")
        scope["query_string"] = request._rewritten_query_string.encode("latin-1")
    return scope, request._base_path + mount_prefix(request.path if path is None else path, pattern)


def mount_prefix(path: str, pattern: str) -> str:
    """Give the part of a raw path that the route takes, so "/api/a%2Fb/shop/x" under "/api/[tenant]/shop/[[...path]]"
    gives "/api/a%2Fb/shop"; the whole path for a pattern without a catch-all."""
    segments = pattern.split("/")
    if not segments[-1].startswith(("[...", "[[...")):
        return path
    return "/".join(path.split("/")[: len(segments) - 1])


def _encode(response: Response[Any]) -> list[tuple[bytes, bytes]]:
    fields = [
        (name.encode("latin-1"), line.encode("latin-1"))
        for name, value in (response._fields or {}).items()
        for line in ([value] if isinstance(value, str) else value)
    ]
    return [*fields, *((b"set-cookie", line.encode("latin-1")) for line in response._outer_cookies)]


def _clocked(request: Request[Any, Any], settings: Settings) -> Receive:
    """Give a `receive` under the clocks of a body; the size is the application's to limit."""
    reader = BodyReader(request._receive, settings, declared_bytes=None, limit_bytes=None)
    return reader.receive_message
