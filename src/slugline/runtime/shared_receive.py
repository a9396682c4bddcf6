"""One `receive` for two listeners: who reads the body, and who waits for the client's leaving."""

import asyncio
from collections import deque

from slugline.errors import BodyTimeout
from slugline.runtime.asgi_types import Message, Receive

__all__ = ["HELD_BYTES", "SharedReceive"]

HELD_BYTES = 1024 * 1024
"""How much of a body is held for a handler that answers before it has read it."""


class SharedReceive:
    """What the server says about one request: the reader gets the body, the watcher gets the leaving.

    A server tells of a client that left only after the body, so a watcher hears the body on the way there. It is held for
    the reader; when more than HELD_BYTES are held and nobody has read for `patience_seconds`, the body is let go of, and a
    reader that comes later gets BodyTimeout.
    """

    def __init__(self, receive: Receive, patience_seconds: float) -> None:
        self._receive = receive
        self._patience_seconds = patience_seconds
        self._held: deque[Message] = deque()
        self._held_bytes = 0
        self._left: Message | None = None
        self._given_up = False
        self._watching = False
        self._reading = False
        self._changed: list[asyncio.Future[None]] = []

    async def read(self) -> Message:
        """Receive the next message of the body, or the leaving. Raises BodyTimeout when the body has been let go of."""
        while True:
            if self._held:
                message = self._held.popleft()
                self._held_bytes -= len(message.get("body", b""))
                self._tell()
                return message
            if self._given_up:
                raise BodyTimeout
            if self._left is not None:
                return self._left
            if self._watching:
                await self._wait()
                continue
            return await self._read_directly()

    async def watch(self) -> Message:
        """Receive the leaving."""
        while self._reading:  # a server has one answer to give, and who asked first gets it
            await self._wait()
        self._watching = True
        try:
            while self._left is None:
                await self._wait_for_room()
                self._hold(await self._receive())
            return self._left
        finally:
            self._watching = False
            self._tell()

    async def _read_directly(self) -> Message:
        self._reading = True
        try:
            message = await self._receive()
        finally:
            self._reading = False
            self._tell()
        if message["type"] == "http.disconnect":
            self._left = message
        return message

    def _hold(self, message: Message) -> None:
        if message["type"] == "http.disconnect":
            self._left = message
        elif not self._given_up:
            self._held.append(message)
            self._held_bytes += len(message.get("body", b""))
        self._tell()

    async def _wait_for_room(self) -> None:
        while self._held_bytes >= HELD_BYTES:
            before = self._held_bytes
            try:
                async with asyncio.timeout(self._patience_seconds):
                    await self._wait()
            except TimeoutError:
                if self._held_bytes == before:
                    self._given_up = True
                    self._held.clear()
                    self._held_bytes = 0

    async def _wait(self) -> None:
        future = asyncio.get_running_loop().create_future()
        self._changed.append(future)
        await future

    def _tell(self) -> None:
        waiting, self._changed = self._changed, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
