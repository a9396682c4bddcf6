"""One forwarded request: its body on the way out, and what may end it before its time.

Three may end it: the client leaves, the client's upload fails, the other server is silent for too long. Each cancels what the
request's task is waiting for, and the reason comes out of the `async with` in place of the cancellation.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, cast

from slugline.errors import ClientDisconnected
from slugline.http.request import Request
from slugline.runtime.body_reader import BodyReader
from slugline.runtime.disconnection import Disconnection

__all__ = ["Exchange", "Upload"]


class Exchange:
    """Watches over one forwarded request: `async with Exchange(idle_seconds) as exchange`.

    Raises out of the block: ClientDisconnected, what the upload raised, TimeoutError after `idle_seconds` in which the other
    server neither took nor gave anything though nobody waited for the client.
    """

    def __init__(self, idle_seconds: float) -> None:
        self._idle = idle_seconds
        self._loop = asyncio.get_running_loop()
        self._reason: BaseException | None = None
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False
        self._waits_for_client = 0
        self._moved = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        self.progress()
        # PERF: one timer for the whole exchange, which looks at the time when it rings.
        self._timer = self._loop.call_later(self._idle, self._ring)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        task, self._task = self._task, None
        if self._timer is not None:
            self._timer.cancel()
        if self._reason is None or task is None:
            return
        # As asyncio.timeout does it: a second cancellation, from outside, goes on.
        cancelled_from_outside = self._cancelled and task.uncancel() > 0
        if error is not None and not (cancelled_from_outside and isinstance(error, asyncio.CancelledError)):
            raise self._reason from None

    def interrupt(self, reason: BaseException) -> None:
        """End the exchange for this reason; the first one counts."""
        if self._task is not None and self._reason is None:
            self._reason = reason
            # Not at once: while the task runs itself, a cancellation might come out only after the block.
            self._loop.call_soon(self._cancel)

    def _cancel(self) -> None:
        if self._task is not None:
            self._cancelled = True
            self._task.cancel()

    def progress(self) -> None:
        """Say that the other server has taken or given something."""
        self._moved = self._loop.time()

    @contextmanager
    def waiting_for_client(self) -> Iterator[None]:
        """Stop the other server's clock: it is the client's turn."""
        self._waits_for_client += 1
        try:
            yield
        finally:
            self._waits_for_client -= 1
            self.progress()

    def watch_client(self, request: Request[Any, Any]) -> None:
        """End the exchange when the client leaves; not before its body has been read, see SharedReceive."""
        if request._host is not None and self._task is not None:
            watch = cast("Disconnection", request._host.watch_disconnection(request))
            watch.on_leave(lambda: self.interrupt(ClientDisconnected("The client has left.")))

    def _ring(self) -> None:
        now = self._loop.time()
        due = self._moved + self._idle
        if self._waits_for_client or now < due:
            self._timer = self._loop.call_later(self._idle if self._waits_for_client else due - now, self._ring)
        else:
            self.interrupt(TimeoutError(f"nothing came for {self._idle:g} seconds"))


class Upload:
    """The body of a request on its way to another server, chunk by chunk as it is taken.

    A body that fails ends the exchange: the connection to the other server is cut in the middle, so that no part of a body
    passes for a whole one.
    """

    def __init__(self, reader: BodyReader, request: Request[Any, Any], exchange: Exchange) -> None:
        self._chunks = cast("AsyncGenerator[bytes, None]", reader.__aiter__())
        self._request = request
        self._exchange = exchange
        self._task: asyncio.Task[Any] | None = None
        self._begun = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        self._task = asyncio.current_task()
        if not self._begun:
            # The library sends the head with the first chunk, and a client may wait for an answer to the head before it sends one.
            self._begun = True
            return b""
        with self._exchange.waiting_for_client():
            try:
                return await anext(self._chunks)
            except StopAsyncIteration:
                self._exchange.watch_client(self._request)
                raise
            except Exception as error:
                self._exchange.interrupt(error)
                raise

    async def close(self) -> None:
        """Let go of the body, also in the middle; the task that was sending it has ended then."""
        task = self._task
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task})
        await self._chunks.aclose()
