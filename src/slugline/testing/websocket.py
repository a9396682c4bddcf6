"""The client's end of a WebSocket, in memory."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import msgspec

from slugline.errors import WebSocketClosed
from slugline.runtime.asgi_types import AsgiApp, Message, Scope
from slugline.testing.response import Response, ResponseHeaders

__all__ = ["AsyncWebSocketSession", "WebSocketRejected"]

_logger = logging.getLogger("slugline.testing")

# How long an application may go on after the socket is closed, before it is cancelled as a stopping server would.
_GRACE_SECONDS = 5.0

_END: Message = {"type": "end"}


class WebSocketRejected(Exception):
    """The application refused the connection; `response` is its answer (a plain 403 for `websocket.close`)."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"The WebSocket was refused with status {response.status_code}.")
        self.response = response
        self.status_code = response.status_code


class AsyncWebSocketSession:
    """An open WebSocket. Receiving raises WebSocketClosed (with `code` and `reason`) when the application has closed it.

    `async for message in ws` gives str and bytes until the socket is closed.
    """

    def __init__(self, app: AsgiApp, scope: Scope, *, raise_exceptions: bool, timeout_seconds: float | None) -> None:
        self.subprotocol: str | None = None
        self.headers = ResponseHeaders([])
        """The headers of the accepting response."""
        self.close_code: int | None = None
        """The code that the socket was closed with, by either side; None while it is open."""
        self.close_reason = ""
        self._app = app
        self._scope = scope
        self._raise_exceptions = raise_exceptions
        self._timeout_seconds = timeout_seconds
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self._disconnect: Message | None = None
        self._client_left = False
        self._reported = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._to_app.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._run(), name=f"WebSocket {self._scope['path']}")
        try:
            await self._handshake()
        except BaseException:
            await self._await_end(self._task)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        await self.close()
        if self._task is not None:
            await self._await_end(self._task)
            if error is None:
                self._raise_failure()

    async def send(self, message: str | bytes) -> None:
        """Send text as a text message, bytes as a binary one."""
        if isinstance(message, str):
            await self.send_text(message)
        else:
            await self.send_bytes(message)

    async def send_text(self, text: str) -> None:
        """Send a text message."""
        self._hand_over({"type": "websocket.receive", "text": text})

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        self._hand_over({"type": "websocket.receive", "bytes": data})

    async def send_json(self, value: object) -> None:
        """Send a value as JSON, in a text message."""
        await self.send_text(msgspec.json.encode(value).decode("utf-8"))

    async def receive(self) -> str | bytes:
        """Wait for the next message; raises WebSocketClosed, or TimeoutError when the application stays silent."""
        if self._client_left:
            raise WebSocketClosed(self.close_code or 1006, self.close_reason)
        message = await self._next()
        match message["type"]:
            case "websocket.send":
                text: str | None = message.get("text")
                return text if text is not None else bytes(message["bytes"])
            case "websocket.close":
                self._closed(message.get("code", 1000), message.get("reason") or "")
            case _:
                self._from_app.put_nowait(message)
                if self.close_code is None:
                    self._raise_failure()
                    self._closed(1006, "")  # the connection of an application that ends without closing is lost
        raise WebSocketClosed(self.close_code or 1006, self.close_reason)

    async def receive_text(self) -> str:
        """Wait for a text message; raises TypeError for a binary one."""
        message = await self.receive()
        if not isinstance(message, str):
            raise TypeError(f"The application sent a binary message: {message!r}.")
        return message

    async def receive_bytes(self) -> bytes:
        """Wait for a binary message; raises TypeError for a text one."""
        message = await self.receive()
        if not isinstance(message, bytes):
            raise TypeError(f"The application sent a text message: {message!r}.")
        return message

    async def receive_json(self) -> Any:
        """Wait for a message and read it as JSON."""
        return json.loads(await self.receive())

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        while True:
            try:
                yield await self.receive()
            except WebSocketClosed:
                return

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the socket from this side; the application receives the code. Closing a closed one does nothing."""
        if self.close_code is None:
            self._client_left = True
            self._closed(code, reason)

    async def _handshake(self) -> None:
        message = await self._next()
        match message["type"]:
            case "websocket.accept":
                self.subprotocol = message.get("subprotocol")
                self.headers = _read_headers(message)
            case "websocket.close":
                self._closed(1006, "")
                raise WebSocketRejected(Response(403, ResponseHeaders([]), self._scope["path"], [], b""))
            case "websocket.http.response.start":
                content = await self._refusal_body()
                self._closed(1006, "")
                raise WebSocketRejected(Response(message["status"], _read_headers(message), self._scope["path"], [], content))
            case _:
                self._closed(1006, "")
                self._raise_failure()
                raise WebSocketRejected(Response(500, ResponseHeaders([]), self._scope["path"], [], b""))

    async def _refusal_body(self) -> bytes:
        content = b""
        while True:
            message = await self._next()
            content += bytes(message.get("body", b""))
            if not message.get("more_body", False):
                return content

    def _hand_over(self, message: Message) -> None:
        if self.close_code is not None:
            raise WebSocketClosed(self.close_code, self.close_reason)
        self._to_app.put_nowait(message)

    def _closed(self, code: int, reason: str) -> None:
        """Remember the close, and tell the application, as a server does for either side's close."""
        self.close_code, self.close_reason = code, reason
        self._disconnect = {"type": "websocket.disconnect", "code": code, "reason": reason}
        self._to_app.put_nowait(self._disconnect)

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._from_app.get()
        except TimeoutError:
            raise TimeoutError(f"The application sent nothing for {self._timeout_seconds} s ({self._scope['path']}).") from None

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._receive, self._send)
        except (SystemExit, KeyboardInterrupt) as error:
            # asyncio would let these end the event loop, and the test run with it.
            raise RuntimeError(f"The application let {type(error).__name__} through, which would end the server.") from error
        finally:
            self._from_app.put_nowait(_END)

    async def _receive(self) -> Message:
        """The application's `receive`; after the end it goes on saying so."""
        if self._disconnect is not None and self._to_app.empty():
            return self._disconnect
        return await self._to_app.get()

    async def _send(self, message: Message) -> None:
        """The application's `send`; OSError says that the client has gone, as on uvicorn."""
        if self._client_left:
            raise OSError("The client has closed the WebSocket.")
        self._from_app.put_nowait(message)
        await asyncio.sleep(0)  # an application that sends for ever must not keep the loop to itself

    async def _await_end(self, task: "asyncio.Task[None]") -> None:
        _, running = await asyncio.wait({task}, timeout=_GRACE_SECONDS)
        if running:
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # asked for, so that asyncio does not report one that nobody waits for

    def _raise_failure(self) -> None:
        task = self._task
        if task is None or not task.done() or task.cancelled():
            return
        failure = task.exception()
        if failure is None or self._reported:
            return
        self._reported = True
        if self._raise_exceptions:
            raise failure
        _logger.error("The application failed (%s).", task.get_name(), exc_info=failure)


def _read_headers(message: Message) -> ResponseHeaders:
    return ResponseHeaders([(bytes(name).lower(), bytes(value)) for name, value in message.get("headers") or ()])
