"""Stands between an application that is not ours and the server, and lets through only what HTTP allows.

A server trusts what its application sends. Granian 2.8.7 ends the whole worker on a status outside 100 to 999, on a control
character in an accepted subprotocol, and on a bad status of a refused WebSocket; it sends a wrong Content-Length as it is,
so that the client reads the next answer as the end of this one. Each of these stops here, with an exception in the
application that did it. What is merely superfluous (a second answer, a field of the connection) is dropped and logged.
"""

import logging
import re
from collections.abc import Iterable

from slugline.errors import InvalidHeader, ResponseError
from slugline.http.field_checks import CONNECTION_FIELDS, check_status
from slugline.runtime.asgi_types import Message, Scope, Send

__all__ = ["GuardedSend", "check_close", "check_fields", "check_subprotocol", "check_text", "guarded_send"]

Field = tuple[bytes, bytes]

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# Tab is the one control character that a field value may hold (RFC 9110 section 5.5).
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_CONNECTION_FIELDS = frozenset(name.encode("ascii") for name in CONNECTION_FIELDS)

# RFC 6455 section 7.4: 1004 is reserved, 1005, 1006 and 1015 say what no close frame may say; 3000-3999 are registered, 4000-4999 private.
_CLOSE_CODES = frozenset((1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)))
# A control frame carries 125 bytes, two of them the code (RFC 6455 section 5.5).
_REASON_LIMIT_BYTES = 123


def check_fields(fields: Iterable[Iterable[object]]) -> list[Field]:
    """Give the fields with names in lower case, without those that belong to the connection.

    Raises InvalidHeader for names that are no token, for values with control characters, and for anything but bytes.
    """
    return [field for field in map(_check_field, fields) if field[0] not in _CONNECTION_FIELDS]


def _check_field(field: Iterable[object]) -> Field:
    name, value = field
    if not isinstance(name, bytes) or not isinstance(value, bytes):
        raise InvalidHeader(f"ASGI headers are pairs of bytes, not {name!r}: {value!r}.")
    if not _TOKEN.fullmatch(name):
        raise InvalidHeader(f"{name!r} is no header name: use letters, digits and hyphens.")
    if _FORBIDDEN.search(value):
        raise InvalidHeader(f"Header {name.decode()} holds a control character or line break.")
    return name.lower(), value


def check_subprotocol(subprotocol: object) -> str:
    """Give the subprotocol if it is a token (RFC 6455 section 4.1); raises InvalidHeader otherwise."""
    if isinstance(subprotocol, str) and subprotocol.isascii() and _TOKEN.fullmatch(subprotocol.encode()):
        return subprotocol
    raise InvalidHeader(f"{subprotocol!r} is no WebSocket subprotocol: use letters, digits, dots and hyphens.")


def check_close(code: object, reason: object) -> tuple[int, str]:
    """Give code and reason if a close frame may carry them (RFC 6455 section 7.4 and 5.5); raises ResponseError otherwise."""
    if not isinstance(code, int) or isinstance(code, bool) or code not in _CLOSE_CODES:
        raise ResponseError(f"{code!r} is no close code to send: use 1000 to 1003, 1007 to 1014 or 3000 to 4999 (without 1004).")
    if reason is None:
        return int(code), ""
    if len(check_text(reason).encode("utf-8")) > _REASON_LIMIT_BYTES:
        raise ResponseError(f"The close reason is longer than {_REASON_LIMIT_BYTES} bytes of UTF-8. Shorten it, or send it as a message.")
    return int(code), str(reason)


def check_text(text: object) -> str:
    """Give the text if UTF-8 can carry it; raises ResponseError for anything but `str` and for lone surrogates."""
    if not isinstance(text, str):
        raise ResponseError(f"A text message is a str, not {type(text).__name__}.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ResponseError(f"The text holds half a surrogate pair at position {error.start}, which UTF-8 cannot carry.") from None
    return text


def guarded_send(scope: Scope, send: Send, logger: logging.Logger) -> "GuardedSend":
    """Give the `send` for an application answering `scope`, an HTTP or WebSocket one."""
    if scope["type"] == "websocket":
        return _GuardedWebSocket(send, logger)
    return _GuardedResponse(send, logger, method=scope["method"])


class GuardedSend:
    """A checked `send`; `started` when the server has been told anything, `completed` when the answer has its end."""

    def __init__(self, send: Send, logger: logging.Logger) -> None:
        self.started = False
        self.completed = False
        self._send = send
        self._logger = logger

    async def __call__(self, message: Message) -> None:
        raise NotImplementedError

    def _drop(self, message: Message, why: str) -> None:
        self._logger.warning("The mounted application sent %s %s; it was dropped.", message["type"], why)


class _GuardedResponse(GuardedSend):
    """HTTP: one head, then a body as long as the head says."""

    def __init__(self, send: Send, logger: logging.Logger, *, method: str) -> None:
        super().__init__(send, logger)
        self._method = method
        self._bodiless = False
        self._remaining: int | None = None

    async def __call__(self, message: Message) -> None:
        match message["type"]:
            case "http.response.start":
                await self._start(message, prefix="http.response")
            case "http.response.body":
                await self._body(message, prefix="http.response")
            case _:
                # Trailers, early hints and files by path: the scope that a mounted application gets offers none of them.
                self._drop(message, "which was not offered to it")

    async def _start(self, message: Message, prefix: str) -> None:
        if self.started:
            self._drop(message, "a second time")
            return
        status = check_status(message.get("status"))
        fields = check_fields(message.get("headers") or ())
        length = _content_length(fields)
        # RFC 9110 sections 6.4.1 and 8.6: these have no body, and a 204 has no length either.
        self._bodiless = self._method == "HEAD" or status in {204, 304}
        self._remaining = None if self._bodiless else length
        fields = [field for field in fields if field[0] != b"content-length"]
        if length is not None and status != 204:
            fields.append((b"content-length", str(length).encode("ascii")))
        self.started = True
        await self._send({"type": f"{prefix}.start", "status": status, "headers": fields})

    async def _body(self, message: Message, prefix: str) -> None:
        if not self.started:
            raise ResponseError("The mounted application sent a body before the status and headers.")
        if self.completed:
            if message.get("body"):
                self._drop(message, "after the end of its answer")
            return
        body = b"" if self._bodiless else self._counted(message)
        self.completed = not message.get("more_body", False)
        if self.completed and self._remaining:
            raise ResponseError(
                f"The mounted application sent {self._remaining} bytes less than its Content-Length says; the answer is cut."
            )
        await self._send({"type": f"{prefix}.body", "body": body, "more_body": not self.completed})

    def _counted(self, message: Message) -> bytes:
        body = message.get("body", b"")
        if not isinstance(body, bytes | bytearray | memoryview):
            raise ResponseError(f"A body is sent as bytes, not {type(body).__name__}.")
        body = bytes(body)
        if self._remaining is None:
            return body
        if len(body) > self._remaining:
            self._logger.error(
                "The mounted application sent %d bytes more than its Content-Length says; they were cut.", len(body) - self._remaining
            )
            body = body[: self._remaining]
        self._remaining -= len(body)
        return body


class _GuardedWebSocket(_GuardedResponse):
    """WebSocket: accepted once or refused, then messages, then closed once."""

    def __init__(self, send: Send, logger: logging.Logger) -> None:
        super().__init__(send, logger, method="GET")
        self.accepted = False

    async def __call__(self, message: Message) -> None:
        match message["type"]:
            case "websocket.accept":
                await self._accept(message)
            case "websocket.send":
                await self._message(message)
            case "websocket.close":
                await self._close(message)
            case "websocket.http.response.start" if not self.accepted and not self.completed:
                await self._start(message, prefix="websocket.http.response")
            case "websocket.http.response.body" if not self.accepted:
                await self._body(message, prefix="websocket.http.response")
            case _:
                self._drop(message, "out of order")

    async def _accept(self, message: Message) -> None:
        if self.started:
            self._drop(message, "after it had accepted or refused")
            return
        answer: Message = {"type": "websocket.accept", "headers": _handshake_fields(message)}
        if message.get("subprotocol") is not None:
            answer["subprotocol"] = check_subprotocol(message["subprotocol"])
        self.started = self.accepted = True
        await self._send(answer)

    async def _message(self, message: Message) -> None:
        if not self.accepted or self.completed:
            raise ResponseError("A WebSocket message can be sent only between accept and close.")
        data = message.get("bytes")
        if data is None:
            await self._send({"type": "websocket.send", "text": check_text(message.get("text"))})
        elif isinstance(data, bytes | bytearray | memoryview):
            await self._send({"type": "websocket.send", "bytes": bytes(data)})
        else:
            raise ResponseError(f"A binary message is bytes, not {type(data).__name__}.")

    async def _close(self, message: Message) -> None:
        if self.completed or (self.started and not self.accepted):
            self._drop(message, "after it had closed or refused")
            return
        code, reason = check_close(message.get("code", 1000), message.get("reason"))
        self.started = self.completed = True
        await self._send({"type": "websocket.close", "code": code, "reason": reason})


def _content_length(fields: list[Field]) -> int | None:
    """Give the declared length; repeated fields must agree (RFC 9110 section 8.6)."""
    declared = {value for name, value in fields if name == b"content-length"}
    if not declared:
        return None
    value = declared.pop()
    if declared or not value.isdigit():
        raise InvalidHeader(f"Content-Length {value!r} is no whole number, or was given twice with different values.")
    return int(value)


def _handshake_fields(message: Message) -> list[Field]:
    """Give the fields of an accept; those of the handshake itself are the server's (RFC 6455 section 4.2.2)."""
    fields = check_fields(message.get("headers") or ())
    return [field for field in fields if not field[0].startswith(b"sec-websocket-") and field[0] != b"content-length"]
