"""What a client has sent over a WebSocket, heard a little ahead of the handler."""

import asyncio
from collections import deque

from slugline.runtime.asgi_types import Message, Receive

__all__ = ["Inbox"]

# Messages held for a handler that sends without receiving. Beyond them the server stops reading, as it should; they stay
# few because one may have many megabytes.
_HEARD_AHEAD = 2


class Inbox:
    """What the server has to say, heard a little ahead of the handler.

    A handler that only sends would otherwise never learn that its client has left: Granian takes messages to nobody in silence.
    Waiting here may also be cancelled (`asyncio.timeout` around a receive) without losing the message.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._heard: deque[Message] = deque()
        self._pending: asyncio.Future[Message] | None = None

    async def next(self) -> Message:
        """Wait for the next event."""
        if not self._heard:
            await asyncio.wait({self._listen()})
            self._hear()
        return self._heard.popleft()

    def find_disconnect(self) -> Message | None:
        """Give the event that says that the client has left, if it has come."""
        self._hear()
        if self._heard and self._heard[-1]["type"] == "websocket.disconnect":
            return self._heard[-1]
        return None

    def listen_ahead(self) -> None:
        """Go on listening, without waiting, unless enough is held."""
        if len(self._heard) < _HEARD_AHEAD:
            self._listen()

    async def stop(self) -> None:
        """Take no more events; a task that waits for one hears that this side has left."""
        pending, self._pending = self._pending, None
        if pending is not None and not pending.done():
            self._heard.append({"type": "websocket.disconnect", "code": 1006})
            pending.cancel()
            await asyncio.wait({pending})

    def _listen(self) -> "asyncio.Future[Message]":
        if self._pending is None:
            self._pending = asyncio.ensure_future(self._receive())
        return self._pending

    def _hear(self) -> None:
        if self._pending is not None and self._pending.done():
            heard, self._pending = self._pending, None
            self._heard.append(heard.result())
