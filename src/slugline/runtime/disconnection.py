"""Learning that the client has left."""

import asyncio
import threading
from collections.abc import Callable, Generator
from typing import Any

from slugline.runtime.asgi_types import Receive

__all__ = ["Disconnection"]


class Disconnection:
    """Whether the client has left: `if req.disconnected`, `await req.disconnected`, `req.disconnected.wait(1.0)`.

    The watching begins when it is first asked for, so the first look is nearly always false; a loop that looks
    again is told.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive) -> None:
        self._loop = loop
        self._receive = receive
        self._left = threading.Event()
        self._listeners: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._futures: list[asyncio.Future[None]] = []
        self._stopped = False
        self.started = False
        """Whether it watches already."""

    def __bool__(self) -> bool:
        return self._left.is_set()

    def __await__(self) -> Generator[Any, None, None]:
        if not self._left.is_set():
            future = self._loop.create_future()
            self._futures.append(future)
            yield from future.__await__()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait on a worker thread until the client has left, at most `seconds`; tell whether it has.

        Raises RuntimeError in an `async def` handler, where it would hold up every request.
        """
        if asyncio._get_running_loop() is not None:
            raise RuntimeError("req.disconnected.wait() blocks the event loop. Write `await req.disconnected` in an `async def` handler.")
        return self._left.wait(seconds)

    def start(self) -> None:
        """Begin to watch; called on the loop."""
        self.started = True
        if self._task is None and not self._stopped:
            self._task = self._loop.create_task(self._watch())

    def stop(self) -> None:
        """Watch no more: the answer is complete."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()

    def on_leave(self, listener: Callable[[], None]) -> None:
        """Call `listener` on the loop when the client leaves, or at once when it has left."""
        if self._left.is_set():
            listener()
        else:
            self._listeners.append(listener)

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._stopped:  # a server also says "disconnect" once the answer is complete
            return
        self._left.set()
        for future in self._futures:
            if not future.done():
                future.set_result(None)
        for listener in self._listeners:
            listener()
