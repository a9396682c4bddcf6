"""The header fields of a forwarded request and of its answer: what goes on, what stays, what is added.

SECURITY: framing is never passed on. How long a body is was decided by the server that read it, and is said anew by the client
library that sends it, so that no two readers can see two different requests in the same bytes (RFC 9112 section 11.2).
"""

import re
from collections.abc import Iterable
from typing import Any

from slugline.errors import BadRequest, ResponseError
from slugline.http.field_checks import CONNECTION_FIELDS
from slugline.http.request import Request

__all__ = ["answer_fields", "body_length", "handshake_fields", "read_target", "request_fields"]

RawFields = Iterable[tuple[bytes, bytes]]

# RFC 9110 section 7.6.1, and the fields by which a proxy and its client prove to each other who they are (section 11.7).
_HOP_BY_HOP = frozenset(name.encode() for name in CONNECTION_FIELDS) | {
    b"http2-settings",
    b"proxy-authenticate",
    b"proxy-authentication-info",
    b"proxy-authorization",
}
# Said anew for the other server. `Expect` is answered by the server in front of us, as by nginx: the body is asked for when it is read.
_SAID_ANEW = frozenset({b"host", b"content-length", b"expect", b"cookie", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"})

# A scheme, a name or an address, a port, and what is printable in ASCII; no user name, no backslash before the path.
# SECURITY: a space or a line break would end the request line, and what follows would be a request of its own.
_TARGET = re.compile(r"(?:https?|wss?)://(?:[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?][!-~]*)?", re.IGNORECASE)
_ENCODED_TWIN = re.compile(rb'"([^"]*)-(?:gzip|deflate)"')

BODILESS_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "DELETE"})


def read_target(url: str) -> str:
    """Give the URL to ask, without its fragment; path and query stay as they came, byte for byte.

    Raises ResponseError for anything but an absolute http, https, ws or wss URL in printable ASCII without a user name.
    """
    target = url.partition("#")[0]
    if not _TARGET.fullmatch(target):
        raise ResponseError(
            f"{url!r} is no URL that a request can be forwarded to. Give a scheme, a host and a path in ASCII, "
            'such as "https://api.example.com/users/7", and no user name.'
        )
    return target


def body_length(request: Request[Any, Any]) -> int | None:
    """Give the length of the request's body: 0 for none, None for one that is sent without a length.

    Raises BadRequest for two framings at once, and for a length that is no number (RFC 9112 section 6.3).
    """
    declared = request.index.get(b"content-length")
    coded = b"transfer-encoding" in request.index
    if declared is None:
        # HTTP/2 frames a body without saying so in a field.
        return None if coded or (request.http_version == "2" and request.method not in BODILESS_METHODS) else 0
    if coded or not declared.isdigit():
        raise BadRequest
    return int(declared)


def request_fields(request: Request[Any, Any], length: int | None) -> list[tuple[str, str]]:
    """Give the fields for the other server: the client's own, end to end, and who asked for what.

    `X-Forwarded-Host` is the Host that was asked for, `X-Forwarded-For` grows by the client's address.
    """
    # Added last: a field that `Connection` names is dropped, and a client must not be able to have these dropped.
    index = request.index
    fields = [(name, value) for name, value in _end_to_end(request.fields) if name not in _SAID_ANEW]
    fields = [(name, _with_plain_tags(value) if name in (b"if-none-match", b"if-match") else value) for name, value in fields]
    if length:
        fields.append((b"content-length", b"%d" % length))
    if b"cookie" in index:
        fields.append((b"cookie", index[b"cookie"]))  # in one line, which HTTP/2 may have split (RFC 9113 section 8.2.3)
    if b"host" in index:
        fields.append((b"x-forwarded-host", index[b"host"]))
    address = request.client[0].encode("latin-1", "replace") if request.client else b"unknown"
    earlier = index.get(b"x-forwarded-for")
    fields.append((b"x-forwarded-for", b"%s, %s" % (earlier, address) if earlier else address))
    fields.append((b"x-forwarded-proto", _scheme(request)))
    return [(name.decode("latin-1"), _text(value)) for name, value in fields]


def handshake_fields(request: Request[Any, Any]) -> list[tuple[str, str]]:
    """Give the fields for a WebSocket handshake with the other server; those of the handshake itself are its library's."""
    return [(name, value) for name, value in request_fields(request, 0) if not name.startswith("sec-websocket-")]


def answer_fields(raw: RawFields) -> dict[str, list[str]]:
    """Give the fields of the other server's answer, end to end: a list of lines for each name in lower case.

    A Content-Length beside a Transfer-Encoding says nothing, and is dropped (RFC 9112 section 6.3).
    """
    received = [(name.lower(), value) for name, value in raw]
    coded = any(name == b"transfer-encoding" for name, _ in received)
    fields: dict[str, list[str]] = {}
    for name, value in _end_to_end(received):
        if not (coded and name == b"content-length"):
            fields.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return fields


def _end_to_end(fields: RawFields) -> list[tuple[bytes, bytes]]:
    received = list(fields)
    named = {
        option.strip().lower() for name, value in received if name == b"connection" for option in value.split(b",")
    }  # which name fields of this connection too (RFC 9110 section 7.6.1)
    return [(name, value) for name, value in received if name not in _HOP_BY_HOP and name not in named]


def _with_plain_tags(value: bytes) -> bytes:
    """Add to each tag of an encoded twin the tag that the other server gave: it does not know that we compress."""
    return _ENCODED_TWIN.sub(rb'\g<0>, "\1"', value)


def _scheme(request: Request[Any, Any]) -> bytes:
    # NEXTJS: kept when it was sent, so that a proxy in front that speaks TLS is believed.
    sent = request.index.get(b"x-forwarded-proto", b"").lower()
    if sent in (b"http", b"https"):
        return sent
    return b"https" if request.scope.get("scheme") in ("https", "wss") else b"http"


def _text(value: bytes) -> str:
    # The client library writes UTF-8. What is no UTF-8 has no other way to go than as the same characters.
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
