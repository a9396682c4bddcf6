"""Answers in parts: heads that go before their bodies, and the tasks that send what follows."""

import asyncio
import functools
import threading
from typing import Any

from msgspec import Struct

from slugline.callables import RunInThread
from slugline.errors import ClientDisconnected
from slugline.http.compression import Compressor, carries_events, forbid_transforms
from slugline.http.finish import BODILESS, finish_head
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.runtime.channel import Channel, StreamCut
from slugline.runtime.disconnection import Disconnection
from slugline.runtime.payloads import close_source, feed_channel, is_iterated, open_file
from slugline.runtime.settings import Settings
from slugline.runtime.threads import Overloaded

__all__ = ["Load", "Streaming"]

Fields = list[tuple[bytes, bytes]]


class Load(Struct):
    """How much is under way in this process; changed on the loop only."""

    requests: int = 0
    """Requests that are being answered, those whose answer has become a stream left out."""
    streams: int = 0
    """Streams and WebSockets that are open."""


class Streaming:
    """Sends the answers of one application that go out in parts."""

    def __init__(self, settings: Settings, load: Load, run_in_thread: RunInThread) -> None:
        self._settings = settings
        self._load = load
        self._run_in_thread = run_in_thread
        self._event_channels: set[Channel] = set()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread = 0

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Work for this loop, which runs on the calling thread."""
        self._loop = loop
        self._loop_thread = threading.get_ident()

    def end_event_streams(self) -> None:
        """End the event streams, those to come too: their clients connect again. Called on the loop.

        Other streams go on: an end that comes early would pass for the end of the body.
        """
        self._stopping = True
        for channel in list(self._event_channels):
            channel.end_early()

    def open_channel(self, response: Response[Any], length: int | None = None) -> Channel:
        """Send the head and give the channel for the body; on the loop's thread or on a worker's.

        `length` is that of the body, None when it is not known. Raises Overloaded when too many streams are open.
        """
        loop = self._running_loop
        request = response._request
        if self._load.streams >= self._settings.max_streams:
            raise Overloaded
        declared = response.get_header("content-length")
        if length is None and isinstance(declared, str) and declared.isdecimal():
            length = int(declared)
        status, fields, encoding = finish_head(request, response, compress=self._settings.compress, length=length)
        has_events = carries_events(fields)
        if has_events and self._settings.untouched_events:
            fields = forbid_transforms(fields)
        channel = Channel(
            loop,
            self._loop_thread,
            compressor=Compressor(encoding) if encoding is not None else None,
            length=length,
            discard=request.method == "HEAD" or status in BODILESS,
        )
        channel.carries_events = has_events
        request._channel = channel
        if threading.get_ident() == self._loop_thread:
            self._begin(request, channel, status, fields)
        else:
            loop.call_soon_threadsafe(self._begin, request, channel, status, fields)
        return channel

    async def send_source(self, request: Request[Any, Any], response: Response[Any]) -> None:
        """Send a file or an iterator that the handler gave to `send`.

        Raises what opening or iterating raises; not ClientDisconnected.
        """
        source = response._source
        length: int | None = None
        if not is_iterated(source):
            source = await self._run_in_thread(open_file, request, response, source)
            length = source.length
        try:
            channel = self.open_channel(response, length)
        except BaseException:
            await close_source(source, self._run_in_thread)
            raise
        response._channel = channel
        try:
            await feed_channel(source, channel, self._run_in_thread)
            channel.finish()
        except ClientDisconnected:
            return

    async def finish(self, response: Response[Any]) -> None:
        """Wait until the last part has gone. Raises StreamCut when the body cannot be completed while the client is there."""
        channel: Any = response._channel
        try:
            await channel.sender
        except StreamCut as cut:
            if not isinstance(cut.__cause__, ClientDisconnected):
                raise

    def watch_disconnection(self, request: Request[Any, Any]) -> Disconnection:
        """Begin to watch whether the client leaves; on the loop's thread or on a worker's."""
        loop = self._running_loop
        found = request._disconnection
        disconnection = found if isinstance(found, Disconnection) else Disconnection(loop, request._receive)
        request._disconnection = disconnection
        if disconnection.started:
            return disconnection
        if threading.get_ident() == self._loop_thread:
            disconnection.start()
        else:
            loop.call_soon_threadsafe(disconnection.start)
        return disconnection

    @property
    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("The application has not been bound to a loop.")
        return self._loop

    def _begin(self, request: Request[Any, Any], channel: Channel, status: int, fields: Fields) -> None:
        if request._given_up:  # a thread began to write in the moment in which the request was answered by something else
            channel.close(ClientDisconnected("The request was answered without the handler."))
            return
        self._load.requests -= 1
        self._load.streams += 1
        if channel.carries_events:
            self._event_channels.add(channel)
            if self._stopping:
                channel.end_early()
        channel.sender = self._running_loop.create_task(self._send_parts(request, channel, status, fields))
        # Not in the task itself: one that is cancelled before its first step never gets to its `finally`.
        channel.sender.add_done_callback(functools.partial(self._end, channel))

    def _end(self, channel: Channel, sender: "asyncio.Task[None]") -> None:
        self._event_channels.discard(channel)
        self._load.streams -= 1
        self._load.requests += 1
        if sender.cancelled():
            channel.close(ClientDisconnected("The request was cancelled."))
        else:
            error = sender.exception()  # looked at, so that asyncio does not report it when nobody waits for the stream
            if error is not None:
                channel.close(error)  # a producer that waits for room must not wait for ever

    async def _send_parts(self, request: Request[Any, Any], channel: Channel, status: int, fields: Fields) -> None:
        disconnection = self._watch_while_sending(request, channel)
        try:
            async with _StallClock(channel, self._settings.write_stall_seconds):
                await channel.send_timed(request._send, {"type": "http.response.start", "status": status, "headers": fields})
                await channel.send_all(request._send)
        finally:
            disconnection.stop()

    def _watch_while_sending(self, request: Request[Any, Any], channel: Channel) -> Disconnection:
        """Close the channel when the client leaves."""
        disconnection = self.watch_disconnection(request)
        disconnection.on_leave(lambda: channel.close(ClientDisconnected("The client has left.")))
        return disconnection


class _StallClock:
    """Cuts a stream whose client has read nothing for a while.

    PERF: one timer for the whole stream, which looks when it rings at how long the present send has taken; a timer for
    every chunk costs more than sending the chunk.
    """

    def __init__(self, channel: Channel, seconds: float) -> None:
        self._channel = channel
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._stalled = False
        self._timer = self._loop.call_later(seconds / 4, self._look)

    async def __aenter__(self) -> None:
        return

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        self._timer.cancel()
        if self._stalled and isinstance(error, asyncio.CancelledError):
            raise StreamCut("The client read nothing for too long.") from None

    def _look(self) -> None:
        since = self._channel.sending_since
        if since is not None and self._loop.time() - since >= self._seconds and self._task is not None:
            self._stalled = True
            self._channel.close(StreamCut("The client read nothing for too long."))
            self._task.cancel()
            return
        self._timer = self._loop.call_later(self._seconds / 4, self._look)
