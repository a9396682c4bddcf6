"""WebSocket: what the `async def websocket(ws)` of a route file talks to.

A socket is connecting, then open, then closed, and never goes back. Accepting is implied: the first receive or send of a
handler that said neither `accept` nor `reject` accepts. Whatever the handler does, `run_websocket` gives the socket an end.
"""

import asyncio
import enum
import http
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from slugline.errors import (
    BadRequest,
    InvalidHeader,
    InvalidStatus,
    ResponseError,
    WebSocketClosed,
)
from slugline.http.cookies import parse_cookie_header
from slugline.http.field_checks import field_name, field_value
from slugline.http.headers import Headers
from slugline.http.json_text import encode_json
from slugline.http.request import Request
from slugline.http.same_origin import names_asked_host
from slugline.http.url import parse_query
from slugline.runtime.asgi_types import Message, Receive, Scope, Send
from slugline.runtime.guard import check_close, check_subprotocol, check_text
from slugline.runtime.websocket_inbox import Inbox

__all__ = ["WebSocket"]

# What a peer says that is done: finished, going away (a closed tab), or no code at all (RFC 6455 section 7.4.1).
_NORMAL_CLOSE_CODES = frozenset((1000, 1001, 1005))


class _State(enum.Enum):
    CONNECTING = enum.auto()
    OPEN = enum.auto()
    CLOSED = enum.auto()


class WebSocket:
    """One WebSocket connection, from handshake to close.

    `async for message in ws` gives str and bytes and ends when the client closes normally.

    SECURITY: browsers let any site open a WebSocket to yours and send your visitor's cookies along; CORS does not apply.
    A handler that trusts cookies asks `ws.same_origin`, or checks `ws.headers.get("origin")` against its own list, first.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        params: Mapping[str, str | list[str]] | None = None,
        route: str = "",
    ) -> None:
        self.params: Mapping[str, str | list[str]] = params or {}
        self.route = route
        """The pattern of the route that answers, such as "/api/chat/[room]"."""
        self.path: str = (scope.get("raw_path") or scope["path"].encode("utf-8", "replace")).decode("latin-1")
        """The path as sent, before decoding."""
        self.headers = Headers(list(scope["headers"]))
        self.client: tuple[str, int] | None = tuple(scope["client"]) if scope.get("client") else None
        self.subprotocols: list[str] = list(scope.get("subprotocols") or ())
        """What the client offers, best first."""
        self.subprotocol: str | None = None
        """What `accept` chose among them."""
        self.request: Request[Any, Any] | None = None
        """The request of the handshake, with whatever middleware has put on it (`ws.request.user`)."""
        self._query_string: bytes = scope.get("query_string", b"")
        self._can_refuse_with_body = "websocket.http.response" in (scope.get("extensions") or {})
        self._inbox = Inbox(receive)
        self._send = send
        self._state = _State.CONNECTING
        self._closed_with = WebSocketClosed(1006)
        self._handshake = asyncio.Lock()
        self._receiving = False

    @property
    def url(self) -> str:
        """Path and query as sent."""
        return f"{self.path}?{self._query_string.decode('latin-1')}" if self._query_string else self.path

    @property
    def query(self) -> dict[str, str | list[str]]:
        """The query string and the route parameters; a parameter wins, as in `req.query`."""
        rewritten = self.request._rewritten_query if self.request is not None else None
        return {**(parse_query(self._query_string) if rewritten is None else rewritten), **self.params}

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies of the handshake."""
        return parse_cookie_header("; ".join(self.headers.get_all("cookie")))

    @property
    def same_origin(self) -> bool:
        """Whether the Origin header names the host that was asked; false without one (programs that are no browser send none).

        Behind a proxy that puts its own Host, the one that was asked is in X-Forwarded-Host.
        """
        return names_asked_host(self.headers.get("origin") or "", self.headers)

    @property
    def accepted(self) -> bool:
        """Whether the socket is open."""
        return self._state is _State.OPEN

    @property
    def closed(self) -> bool:
        """Whether the socket was closed or refused, by either side."""
        return self._state is _State.CLOSED

    async def accept(self, subprotocol: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        """Accept the connection, with one of the subprotocols that the client offers, or none.

        Raises ResponseError when the socket was accepted or closed before, or when the client did not offer `subprotocol`;
        InvalidHeader for headers that cannot be sent; WebSocketClosed when the client has gone.
        """
        async with self._handshake:
            await self._accept(subprotocol, headers)

    async def _accept(self, subprotocol: str | None, headers: Mapping[str, str] | None) -> None:
        self._require_connecting("accept")
        message: Message = {"type": "websocket.accept", "headers": _encode_headers(headers)}
        if subprotocol is not None:
            message["subprotocol"] = self._offered(subprotocol)
        await self._await_connect()
        self._state = _State.OPEN
        self.subprotocol = subprotocol
        await self._deliver(message)

    def _offered(self, subprotocol: str) -> str:
        if subprotocol not in self.subprotocols:
            offered = ", ".join(self.subprotocols) or "none"
            raise ResponseError(f"The client did not offer the subprotocol {subprotocol!r} (it offers {offered}).")
        return check_subprotocol(subprotocol)

    def _require_connecting(self, action: str) -> None:
        if self._state is not _State.CONNECTING:
            was = "accepted" if self._state is _State.OPEN else "closed"
            raise ResponseError(f"ws.{action}() was called on a WebSocket that is already {was}.")

    async def _await_connect(self) -> None:
        """Take the first event, which says that the handshake has come; anything else means that the client has gone."""
        message = await self._inbox.next()
        if message["type"] != "websocket.connect":
            raise self._close_as(message)

    async def reject(self, status: int = 403, body: object = None, headers: Mapping[str, str] | None = None) -> None:
        """Refuse the connection with a status from 400 to 599 and a body: text, bytes or any JSON value.

        A server that cannot send an answer in place of a handshake sends a plain 403. Raises ResponseError after `accept`.
        """
        if not isinstance(status, int) or isinstance(status, bool) or not 400 <= status <= 599:
            # A refusal is an error to the client; the bounds also keep a status that no server could send away from it.
            raise InvalidStatus(f"ws.reject takes a status from 400 to 599, not {status!r}.")
        content_type, content = _encode_body(status, body)
        fields = [field for field in _encode_headers(headers) if field[0] != b"content-length"]
        if not any(name == b"content-type" for name, _ in fields):
            fields.append((b"content-type", content_type))
        fields.append((b"content-length", str(len(content)).encode("ascii")))
        async with self._handshake:
            self._require_connecting("reject")
            await self._await_connect()
            self._mark_closed(WebSocketClosed(1006))
            if self._can_refuse_with_body:
                await self._deliver({"type": "websocket.http.response.start", "status": int(status), "headers": fields})
                await self._deliver({"type": "websocket.http.response.body", "body": content, "more_body": False})
            else:
                await self._deliver({"type": "websocket.close", "code": 1000, "reason": ""})

    async def receive(self) -> str | bytes:
        """Wait for the next message.

        Raises WebSocketClosed when the client closes or is lost; ResponseError when another task is receiving already.
        """
        await self._ensure_open()
        if self._receiving:
            raise ResponseError("Two tasks receive from one WebSocket at once; let one task receive and hand the messages on.")
        self._receiving = True
        try:
            message = await self._inbox.next()
        finally:
            self._receiving = False
        if message["type"] != "websocket.receive":
            raise self._close_as(message)
        text: str | None = message.get("text")
        data: bytes | None = message.get("bytes")
        return text if text is not None else data or b""

    async def receive_text(self) -> str:
        """Wait for a text message; raises BadRequest for a binary one."""
        message = await self.receive()
        if not isinstance(message, str):
            raise BadRequest("Expected a text message")
        return message

    async def receive_bytes(self) -> bytes:
        """Wait for a binary message; raises BadRequest for a text one."""
        message = await self.receive()
        if not isinstance(message, bytes):
            raise BadRequest("Expected a binary message")
        return message

    async def receive_json(self) -> Any:
        """Wait for a message, text or binary, and read it as JSON; raises BadRequest when it is none."""
        message = await self.receive()
        try:
            return msgspec.json.decode(message)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise BadRequest("Invalid JSON") from None

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        return self

    async def __anext__(self) -> str | bytes:
        try:
            return await self.receive()
        except WebSocketClosed as closed:
            if closed.code in _NORMAL_CLOSE_CODES:
                raise StopAsyncIteration from None
            raise

    async def send(self, message: str | bytes) -> None:
        """Send text as a text message, bytes as a binary one; raises WebSocketClosed when the socket is closed."""
        if isinstance(message, str):
            await self.send_text(message)
        else:
            await self.send_bytes(message)

    async def send_text(self, text: str) -> None:
        """Send a text message; raises ResponseError for text that UTF-8 cannot carry."""
        checked = check_text(text)
        await self._ensure_reachable()
        await self._deliver({"type": "websocket.send", "text": checked})

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        if not isinstance(data, bytes | bytearray | memoryview):
            raise ResponseError(f"A WebSocket message is str or bytes, not {type(data).__name__}. Use ws.send_json for other values.")
        await self._ensure_reachable()
        await self._deliver({"type": "websocket.send", "bytes": bytes(data)})

    async def send_json(self, value: object) -> None:
        """Send a value as JSON, in a text message."""
        await self.send_text(encode_json(value).decode("utf-8"))

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the socket; before `accept` this refuses the connection. Closing a closed socket does nothing.

        Raises ResponseError for a code that no close frame may carry, and for a reason over 123 bytes.
        """
        code, reason = check_close(code, reason)
        async with self._handshake:
            if self._state is _State.CLOSED:
                return
            if self._state is _State.CONNECTING:
                await self._await_connect()
            elif left := self._inbox.find_disconnect():
                self._close_as(left)
                return
            self._mark_closed(WebSocketClosed(code, reason))
            await self._inbox.stop()  # Granian 2.8.7 holds a close back for as long as a receive is waiting
            await self._deliver({"type": "websocket.close", "code": code, "reason": reason})

    async def _ensure_open(self) -> None:
        if self._state is _State.CONNECTING:
            async with self._handshake:
                if self._state is _State.CONNECTING:  # another task may have accepted while this one waited
                    await self._accept(None, None)
        if self._state is _State.CLOSED:
            raise WebSocketClosed(self._closed_with.code, self._closed_with.reason)

    async def _ensure_reachable(self) -> None:
        """Be open, with a client that is still there as far as the server has said; what it sent before it left can still be received."""
        await self._ensure_open()
        if left := self._inbox.find_disconnect():
            raise _closed_by(left)
        if self._inbox.is_overfull:
            await self.close(1008, "Too many messages were left unread")
            raise WebSocketClosed(self._closed_with.code, self._closed_with.reason)
        self._inbox.listen_ahead()

    async def stop_listening(self) -> None:
        """Take no more events from the server; `run_websocket` calls it at the end."""
        await self._inbox.stop()

    async def _deliver(self, message: Message) -> None:
        try:
            await self._send(message)
        except (OSError, RuntimeError) as error:  # how servers say that the client has gone
            self._mark_closed(WebSocketClosed(1006))
            raise WebSocketClosed(1006) from error

    def _close_as(self, message: Message) -> WebSocketClosed:
        """Close for what the event says; a close that came first stands, such as one by another task while this one waited."""
        self._mark_closed(_closed_by(message))
        return WebSocketClosed(self._closed_with.code, self._closed_with.reason)

    def _mark_closed(self, closed: WebSocketClosed) -> None:
        if self._state is not _State.CLOSED:
            self._state = _State.CLOSED
            self._closed_with = closed


def _closed_by(message: Message) -> WebSocketClosed:
    return WebSocketClosed(message.get("code") or 1005, message.get("reason") or "")


def _encode_headers(headers: Mapping[str, str] | None) -> list[tuple[bytes, bytes]]:
    """Give the fields as bytes; raises InvalidHeader, and refuses what belongs to the handshake (RFC 6455 section 4.2.2)."""
    fields = []
    for name, value in (headers or {}).items():
        lower = field_name(name)
        if lower.startswith("sec-websocket-"):
            raise InvalidHeader(f"{name} belongs to the WebSocket handshake and is set by the server. Leave it out.")
        values = field_value(name, value)
        lines = [values] if isinstance(values, str) else values
        fields += [(lower.encode("ascii"), line.encode("latin-1")) for line in lines]
    return fields


def _encode_body(status: int, body: object) -> tuple[bytes, bytes]:
    """Give content type and bytes of a refusal; without a body, the phrase of the status."""
    if body is None:
        return b"text/plain; charset=utf-8", _phrase(status).encode("ascii")
    if isinstance(body, str):
        return b"text/plain; charset=utf-8", check_text(body).encode("utf-8")
    if isinstance(body, bytes):
        return b"application/octet-stream", body
    return b"application/json; charset=utf-8", encode_json(body)


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"
