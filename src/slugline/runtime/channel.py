"""The way to the client for an answer that is sent in parts.

A producer (a handler on the loop, a handler on a worker thread, or an iterator) puts chunks in; one task takes them out
and sends them. Between the two is a window of bytes: a producer that is ahead of the client waits.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from slugline.errors import ClientDisconnected, ResponseError
from slugline.http.compression import Compressor

__all__ = ["WINDOW_BYTES", "Channel", "StreamCut"]

WINDOW_BYTES = 64 * 1024
"""How far a producer may be ahead of the client; Node's highWaterMark is 16 KiB, uvicorn's 64 KiB."""

Send = Callable[[dict[str, Any]], Awaitable[None]]


class StreamCut(Exception):
    """Ends the connection in the middle of a body, so that the client can tell that the body is not whole."""


class Channel:
    """Chunks on their way to one client."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        loop_thread: int,
        *,
        compressor: Compressor | None = None,
        length: int | None = None,
        discard: bool = False,
        window_bytes: int = WINDOW_BYTES,
    ) -> None:
        self._loop = loop
        self._loop_thread = loop_thread
        self._compressor = compressor
        self._declared_length = length
        self._length_left = length
        self._discard = discard  # HEAD, 204, 304: the head alone is sent
        self._window_bytes = window_bytes
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._finished = False
        self._closed: BaseException | None = None
        self._arrival: asyncio.Future[None] | None = None
        self._room: list[asyncio.Future[None]] = []
        self._thread_room = threading.Condition()
        self.sender: asyncio.Task[None] | None = None
        """The task that sends; it exists once the loop has seen the first write."""
        self.carries_events = False
        """Whether these are server-sent events, which end when their handler returns."""
        self.sending_since: float | None = None
        """When the send that is under way began, in the loop's time; None between sends."""

    # The producer's side

    def write(self, chunk: bytes) -> bool:
        """Put a chunk in; false when the window is full. On a worker thread, waits for room first.

        Raises ClientDisconnected when nobody reads any more.
        """
        if threading.get_ident() != self._loop_thread:
            self._wait_for_room()
        if self._closed is not None or self._finished:
            raise ClientDisconnected("The client has left, or the server is stopping.") from None
        if self._length_left is not None:
            if len(chunk) > self._length_left:
                raise ResponseError(f"More was written than the Content-Length of {self._declared_length} bytes that the handler set.")
            self._length_left -= len(chunk)
        if chunk and not self._discard:
            self._chunks.append(chunk)
            with self._thread_room:
                self._buffered += len(chunk)
            self._wake_sender()
        return self._buffered < self._window_bytes

    def finish(self) -> None:
        """Say that nothing follows."""
        self._finished = True
        self._wake_sender()

    @property
    def is_full(self) -> bool:
        """Whether the producer is a window ahead of the client."""
        return self._buffered >= self._window_bytes

    @property
    def is_closed(self) -> bool:
        """Whether nobody reads any more."""
        return self._closed is not None

    @property
    def discards(self) -> bool:
        """Whether the head alone is sent: HEAD, 204, 304."""
        return self._discard

    async def drain(self) -> None:
        """Wait until the window has room. Raises ClientDisconnected when nobody reads any more."""
        while self._buffered >= self._window_bytes and self._closed is None:
            room = self._loop.create_future()
            self._room.append(room)
            await room
        if self._closed is not None:
            raise ClientDisconnected("The client has left.") from None

    def _wait_for_room(self) -> None:
        with self._thread_room:
            while self._buffered >= self._window_bytes and self._closed is None:
                self._thread_room.wait()

    # The sender's side

    def end_early(self) -> None:
        """End the body as if the producer had, and tell the producer that nobody reads any more: for event streams,
        whose client connects again, when the server stops."""
        if self._closed is None and not self._finished:
            self._finished = True
            self._wake_sender()

    def close(self, reason: BaseException) -> None:
        """Give up: producers are woken and told."""
        if self._closed is None:
            self._closed = reason
        self._chunks.clear()
        self._make_room(self._buffered)
        self._wake_sender()

    async def send_all(self, send: Send) -> None:
        """Send chunks as they come until the producer has finished; the head has gone before.

        Raises StreamCut when the channel was closed, or fewer bytes came than the declared length.
        """
        try:
            await self._send_until_finished(send)
        except BaseException as error:
            self.close(error)  # no producer may wait for one who sends no more
            raise

    async def _send_until_finished(self, send: Send) -> None:
        while True:
            if self._closed is not None:
                raise StreamCut from self._closed
            if self._chunks:
                await self._send_chunks(send)
                continue
            if self._finished:
                break
            self._arrival = self._loop.create_future()
            if not self._chunks and not self._finished and self._closed is None:  # a thread may have been quicker
                await self._arrival
            self._arrival = None
        if self._length_left and not self._discard:
            raise StreamCut(f"The body ended {self._length_left} bytes before the Content-Length that the handler set.")
        rest = self._compressor.finish() if self._compressor is not None and not self._discard else b""
        await self.send_timed(send, {"type": "http.response.body", "body": rest, "more_body": False})

    async def send_timed(self, send: Send, message: dict[str, Any]) -> None:
        """Send one message, and let `sending_since` tell how long it takes."""
        self.sending_since = self._loop.time()
        await send(message)
        self.sending_since = None

    async def _send_chunks(self, send: Send) -> None:
        # PERF: what has gathered goes out in one piece; ten thousand small chunks are far fewer sends.
        chunks = []
        size = 0
        while self._chunks and size < WINDOW_BYTES:
            chunk = self._chunks.popleft()
            chunks.append(chunk)
            size += len(chunk)
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        if self._compressor is not None:
            data = self._compressor.compress(data) + self._compressor.flush()
        if data:
            await self.send_timed(send, {"type": "http.response.body", "body": data, "more_body": True})
        self._make_room(size)

    def _make_room(self, size: int) -> None:
        with self._thread_room:
            self._buffered -= size
            if self._buffered < self._window_bytes or self._closed is not None:
                self._thread_room.notify_all()
        if self._buffered < self._window_bytes or self._closed is not None:
            waiting, self._room = self._room, []
            for room in waiting:
                if not room.done():
                    room.set_result(None)

    def _wake_sender(self) -> None:
        arrival = self._arrival
        if arrival is None:
            return
        if threading.get_ident() == self._loop_thread:
            _resolve(arrival)
        else:
            self._loop.call_soon_threadsafe(_resolve, arrival)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
