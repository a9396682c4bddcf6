"""Reading a request's body: under a limit, against two clocks, and never short.

No server below us limits a body in size or time, and a cut-off upload shows only as a `http.disconnect` message.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, NoReturn

from slugline.callables import from_thread
from slugline.errors import BodyTimeout, BodyTooLarge, TruncatedBody
from slugline.runtime.asgi_types import Message, Receive
from slugline.runtime.settings import Settings

__all__ = ["BodyReader"]

START_SECONDS = 0.05
"""A body has so much more time than its clocks allow."""
# A client that is still sending does not read our 413; closing on it would reset the connection and lose the answer.
# So a little of the rest is read and dropped first.


class BodyReader:
    """The body of one request, as chunks: the `stream` of a route whose parser is off, and what the parser reads from."""

    exhausted = False
    last_piece = b""
    """What came of the last chunk before the limit, when that was passed."""
    _received = 0

    def __init__(
        self,
        receive: Receive,
        settings: Settings,
        *,
        declared_bytes: int | None,
        limit_bytes: int | None,
        limit_text: str = "",
        expects_continue: bool = False,
        keeps_beginning: bool = False,
    ) -> None:
        self._receive = receive
        self._settings = settings
        self._declared = declared_bytes
        self._limit = limit_bytes
        self._limit_text = limit_text
        self._expects_continue = expects_continue
        self._keeps_beginning = keeps_beginning

    async def read(self) -> bytes:
        """Read the whole body.

        Raises BodyTooLarge, BodyTimeout, TruncatedBody.
        """
        if self.exhausted:
            return b""
        if self._is_declared_too_large():
            await self._refuse()
        chunks: list[bytes] = []
        clock = _BodyClock(self._settings)
        clock.task = asyncio.current_task()
        try:
            while True:
                chunk = self._take(await self._receive())
                if self.exhausted:
                    break
                chunks.append(chunk)
                clock.progress(self._received)
        except asyncio.CancelledError:
            clock.raise_if_rung()
            raise
        except _LimitPassed as passed:
            clock.stop()
            await self._refuse(more=passed.more)
        finally:
            clock.stop()
        if not chunks:  # PERF: a small body comes in one message
            return chunk
        chunks.append(chunk)
        return b"".join(chunks)

    async def receive_message(self) -> Message:
        """Receive the next message as a server gives it, under the clocks: for a mounted application.

        After the body there is no clock: the next message is the client's leaving. Raises BodyTimeout.
        """
        if self.exhausted:
            return await self._receive()
        clock = _BodyClock(self._settings)
        try:
            message = await clock.receive(self._receive)
        finally:
            clock.stop()
        self.exhausted = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.exhausted:
            return
        if self._is_declared_too_large():
            await self._refuse()
        clock = _BodyClock(self._settings)
        try:
            while not self.exhausted:
                chunk = await self._next_chunk(clock)
                if chunk:
                    # The consumer's own time between two chunks is not the client's.
                    clock.pause()
                    yield chunk
                    clock.resume()
        finally:
            clock.stop()

    def __iter__(self) -> Iterator[bytes]:
        """Iterate from a worker thread; each chunk is fetched on the loop."""
        if asyncio._get_running_loop() is not None:
            raise RuntimeError(
                "`for chunk in req.stream` is for `def` handlers; in an `async def` one, write `async for chunk in req.stream`."
            )
        chunks = self.__aiter__()
        while True:
            try:
                yield from_thread(_next_of, chunks)
            except _End:
                return

    def _is_declared_too_large(self) -> bool:
        return self._limit is not None and self._declared is not None and self._declared > self._limit and not self._keeps_beginning

    async def _next_chunk(self, clock: "_BodyClock") -> bytes:
        message = await clock.receive(self._receive)
        try:
            chunk = self._take(message)
        except _LimitPassed as passed:
            await self._refuse(more=passed.more)
        clock.progress(self._received)
        return chunk

    def _take(self, message: Message) -> bytes:
        if message["type"] == "http.disconnect":
            self.exhausted = True
            raise TruncatedBody
        chunk: bytes = message.get("body", b"")
        self._received += len(chunk)
        if self._limit is not None and self._received > self._limit:
            self.last_piece = chunk[: self._limit - self._received]
            raise _LimitPassed(more=message.get("more_body", False))
        if self._received == self._declared:
            # PERF: a server that says "more" of a body that is whole has only its end to tell, and Granian takes as long for
            # that as for a chunk: it changes threads twice. Nothing can follow, as the server splits the connection by this length.
            self.exhausted = True
        elif not message.get("more_body", False):
            self.exhausted = True
            if self._declared is not None:
                raise TruncatedBody
        return chunk

    async def _refuse(self, *, more: bool = True) -> NoReturn:
        if more and not self._expects_continue:
            await self._discard_rest()
        self.exhausted = True
        raise BodyTooLarge(self._limit_text)

    async def _discard_rest(self) -> None:
        discarded = 0
        try:
            async with asyncio.timeout(self._settings.discard_seconds):
                while discarded < self._settings.discard_bytes:
                    message = await self._receive()
                    discarded += len(message.get("body", b""))
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        return
        except TimeoutError:
            return


class _LimitPassed(Exception):
    """More has come than is allowed."""

    def __init__(self, *, more: bool) -> None:
        self.more = more


class _End(Exception):
    """The end of the chunks; StopAsyncIteration cannot leave a coroutine."""


async def _next_of(chunks: AsyncIterator[bytes]) -> bytes:
    try:
        return await anext(chunks)
    except StopAsyncIteration:
        raise _End from None


class _BodyClock:
    """Two clocks on a body: one for a pause, one for all of it, the latter growing with what has come.

    PERF: one timer for the whole body, which looks at the time when it rings; setting a timer for every chunk costs more
    than reading the chunk. And a body that comes at once needs none: its clock is stopped before it has begun to run.
    """

    task: asyncio.Task[Any] | None = None
    """Who waits for the client, and is cancelled when the clock rings."""
    _rang = False
    _started = _moved = 0.0
    _received_bytes = 0
    _paused_since: float | None = None
    _timer: asyncio.TimerHandle | None = None

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._starter = _starter_of_this_loop()
        self._starter.add(self)

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run from now on."""
        self._started = self._moved = loop.time()
        self._timer = loop.call_later(min(self._settings.body_idle_seconds, self._settings.body_total_seconds), self._ring, loop)

    async def receive(self, receive: Receive) -> Message:
        self.task = asyncio.current_task()
        try:
            return await receive()
        except asyncio.CancelledError:
            self.raise_if_rung()
            raise
        finally:
            self.task = None

    def raise_if_rung(self) -> None:
        """Say why the task was cancelled, if it was this clock that did it. Raises BodyTimeout."""
        if self._rang:
            if self.task is not None:
                self.task.uncancel()
            raise BodyTimeout from None

    def progress(self, received_bytes: int) -> None:
        if self._timer is not None:
            self._moved = self._starter.loop.time()
        self._received_bytes = received_bytes

    def pause(self) -> None:
        self._paused_since = self._starter.loop.time()

    def resume(self) -> None:
        if self._paused_since is not None:
            # What began to run in the pause has not waited for all of it.
            waited = self._starter.loop.time() - max(self._paused_since, self._started)
            self._started += waited
            self._moved += waited
            self._paused_since = None

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        else:
            self._starter.waiting.discard(self)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        idle = self._settings.body_idle_seconds
        due = min(self._moved + idle, self._started + self._settings.body_total_seconds + self._received_bytes / 1024)
        if self.task is None or now < due:
            self._timer = loop.call_later(due - now if now < due else idle, self._ring, loop)
            return
        self._rang = True
        self.task.cancel()


class _Starter:
    """Starts the clocks of a loop, all together and a moment late."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.waiting: set[_BodyClock] = set()
        self._is_set = False

    def add(self, clock: _BodyClock) -> None:
        self.waiting.add(clock)
        if not self._is_set:
            self._is_set = True
            self.loop.call_later(START_SECONDS, self._start_all)

    def _start_all(self) -> None:
        self._is_set = False
        waiting, self.waiting = self.waiting, set()
        for clock in waiting:
            clock.begin(self.loop)


_starters = threading.local()


def _starter_of_this_loop() -> _Starter:
    loop = asyncio.get_running_loop()
    starter: _Starter | None = getattr(_starters, "latest", None)
    if starter is None or starter.loop is not loop:
        starter = _starters.latest = _Starter(loop)
    return starter
