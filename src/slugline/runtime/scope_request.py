"""The Request in an ASGI scope, for HTTP and WebSocket alike."""

import re
from typing import Any
from urllib.parse import quote, unquote

from slugline.http.request import Request
from slugline.runtime.asgi_types import Receive, Scope, Send

__all__ = ["read_scope"]

# RFC 9112 section 3.2.2: a server takes "GET http://host/path"; some that run ASGI applications leave the host in the path.
_AUTHORITY = re.compile(rb"[Hh][Tt][Tt][Pp][Ss]?://[^/?#]*")


def read_scope(scope: Scope, method: str, receive: Receive, send: Send) -> Request[Any, Any]:
    """Give the request in a scope; its path is the one below the prefix of an outer application (`root_path`)."""
    raw_path: bytes = scope.get("raw_path") or quote(scope["path"]).encode("ascii")  # a server need not give the raw one
    if raw_path[:1] != b"/":
        raw_path = _AUTHORITY.sub(b"", raw_path, count=1) or b"/"
    request: Request[Any, Any] = Request(method, raw_path, scope.get("query_string", b""), scope["headers"], scope)
    if scope.get("root_path"):
        _cut_root_path(request, scope["root_path"])
    request._receive = receive
    request._send = send
    return request


def _cut_root_path(request: Request[Any, Any], root_path: str) -> None:
    """Take the prefix away under which an outer application has mounted this one: decoded in the scope, as sent in the path.

    A path that does not begin with it is left alone: older servers and applications give the rest only.
    """
    prefix = root_path.rstrip("/")
    segments = request.raw_path.split(b"/")
    length = prefix.count("/") + 1
    sent = b"/".join(segments[:length]).decode("latin-1")
    if unquote(sent) == prefix:
        request.raw_path = b"/" + b"/".join(segments[length:])
        request._mount_prefix = sent
