"""One HTTP request and its answer: the part of the server, in memory."""

import asyncio
import logging
from collections.abc import AsyncIterator

from slugline.runtime.asgi_types import AsgiApp, Message, Scope
from slugline.testing.outgoing import Outgoing, iterate_content

__all__ = ["HttpExchange", "IncompleteResponse"]

_logger = logging.getLogger("slugline.testing")

# How many unread chunks an application may be ahead of the client, so that back-pressure shows in tests as it does on a server.
_UNREAD_CHUNKS = 4
# How long an application may go on after its client has left, before it is cancelled as a stopping server would.
_GRACE_SECONDS = 5.0

_END: Message = {"type": "end"}


class IncompleteResponse(Exception):
    """The application ended, or failed, before the end of its answer; on a server the connection would be cut."""


class HttpExchange:
    """Calls the application, feeds it the request, and hands out status, headers and body as they come."""

    def __init__(self, app: AsgiApp, scope: Scope, request: Outgoing, *, raise_exceptions: bool, timeout_seconds: float | None) -> None:
        self.status = 0
        self.fields: list[tuple[bytes, bytes]] = []
        self._raise_exceptions = raise_exceptions
        self._timeout_seconds = timeout_seconds
        self._method = request.method
        self._truncated = request.truncated
        self._known_whole = isinstance(request.content, bytes)
        self._chunks = iterate_content(request.content)
        self._request_complete = False
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._room = asyncio.Event()
        self._disconnected = asyncio.Event()
        self._complete = False
        self._started = False
        self._reported = False
        self._task = asyncio.create_task(self._run(app, scope), name=f"{request.method} {request.path}")

    async def start(self) -> None:
        """Wait for status and headers. An application that fails before them is answered for with 500, as servers do."""
        message = await self._next()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.fields = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers") or ()]
            return
        self._raise_failure()
        content = b"Internal Server Error"
        self.status = 500
        self.fields = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(content)).encode("ascii"))]
        self._messages.put_nowait({"type": "http.response.body", "body": content})

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the chunks of the body; raises IncompleteResponse where a connection would be cut."""
        received = 0
        while not self._complete:
            message = await self._next()
            if message["type"] == "end":
                self._raise_failure()
                raise IncompleteResponse(
                    f"The application ended after {received} bytes, before the end of its answer."
                ) from self._failure()
            self._complete = not message.get("more_body", False)
            chunk = b"" if self._method == "HEAD" else bytes(message.get("body", b""))
            received += len(chunk)
            if chunk:
                yield chunk
        self._check_length(received)

    def _check_length(self, received: int) -> None:
        declared = dict(self.fields).get(b"content-length")
        if declared is not None and self._method != "HEAD" and self.status not in {204, 304} and int(declared) != received:
            raise IncompleteResponse(f"The application declared {int(declared)} bytes and sent {received}.")

    async def finish(self) -> None:
        """Wait until the application has done what it does after its answer."""
        self._leave()
        await self._await_end(self._timeout_seconds)
        self._raise_failure()

    async def leave(self) -> None:
        """Leave as a client does that closes its connection: the application is told, and gets a while to end."""
        self._leave()
        await self._await_end(_GRACE_SECONDS)
        if self._complete:
            self._raise_failure()

    def _leave(self) -> None:
        self._disconnected.set()
        self._room.set()

    async def _await_end(self, seconds: float | None) -> None:
        _, running = await asyncio.wait({self._task}, timeout=seconds)
        if running:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._failure()  # asked for, so that asyncio does not report one that nobody waits for

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                message = await self._messages.get()
        except TimeoutError:
            self._leave()
            self._task.cancel()
            raise TimeoutError(f"The application sent nothing for {self._timeout_seconds} s ({self._task.get_name()}).") from None
        if self._messages.qsize() <= _UNREAD_CHUNKS:
            self._room.set()
        return message

    async def _run(self, app: AsgiApp, scope: Scope) -> None:
        try:
            await app(scope, self._receive, self._send)
        except (SystemExit, KeyboardInterrupt) as error:
            # asyncio would let these end the event loop, and the test run with it.
            raise RuntimeError(f"The application let {type(error).__name__} through, which would end the server.") from error
        finally:
            self._messages.put_nowait(_END)

    async def _receive(self) -> Message:
        """The application's `receive`: the body, and then, when the client is gone or has all, the disconnection."""
        if not self._request_complete:
            return await self._next_of_request()
        await self._disconnected.wait()
        return {"type": "http.disconnect"}

    async def _next_of_request(self) -> Message:
        chunk = None if self._disconnected.is_set() else await anext(self._chunks, None)
        # A body that is known whole comes in one event; of another one only its end says that it was the last.
        self._request_complete = chunk is None or (self._known_whole and not self._truncated)
        if chunk is None and (self._truncated or self._disconnected.is_set()):
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk or b"", "more_body": not self._request_complete}

    async def _send(self, message: Message) -> None:
        """The application's `send`. What it sends to a client that has gone is lost without an error, as on Granian."""
        if self._disconnected.is_set():
            await asyncio.sleep(0)  # an application that sends for ever must not keep the loop to itself
            return
        self._check_order(message)
        self._messages.put_nowait(message)
        if self._messages.qsize() > _UNREAD_CHUNKS:
            self._room.clear()
            await self._room.wait()

    def _check_order(self, message: Message) -> None:
        """Refuse what a server would refuse, at the line that sent it."""
        kind = message["type"]
        if kind not in {"http.response.start", "http.response.body"}:
            raise RuntimeError(f"The application sent {kind!r}, which this client did not offer.")
        if self._started == (kind == "http.response.start"):
            raise RuntimeError(f"The application sent {kind!r} {'twice' if self._started else 'before http.response.start'}.")
        self._started = True

    def _failure(self) -> BaseException | None:
        return self._task.exception() if self._task.done() and not self._task.cancelled() else None

    def _raise_failure(self) -> None:
        """Raise what the application raised, if the test asked for it; log it otherwise, as a server does."""
        failure = self._failure()
        if failure is None or self._reported:
            return
        self._reported = True
        if self._raise_exceptions:
            raise failure
        _logger.error("The application failed (%s).", self._task.get_name(), exc_info=failure)
