"""What a client has sent over a WebSocket, heard a little ahead of the handler."""

import asyncio
import time
from collections import deque

from slugline.runtime.asgi_types import Message, Receive

__all__ = ["Inbox"]

# Messages held for a handler that sends without receiving. Beyond them the server stops reading, as it should; they stay
# few because one may have many megabytes.
_HEARD_AHEAD = 2
# A handler that has received nothing for so long may never do so again, and must still learn that its client has left.
# So more is held for it, up to these.
_PATIENCE_SECONDS = 5.0
_HELD_MESSAGES = 1_000
_HELD_BYTES = 1024 * 1024


class Inbox:
    """What the server has to say, heard a little ahead of the handler.

    A handler that only sends would otherwise never learn that its client has left: Granian takes messages to nobody in silence.
    Waiting here may also be cancelled (`asyncio.timeout` around a receive) without losing the message.
    """

    def __init__(self, receive: Receive, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._receive = receive
        self._patience_seconds = patience_seconds
        self._heard: deque[Message] = deque()
        self._held_bytes = 0
        self._pending: asyncio.Future[Message] | None = None
        self._last_asked = time.monotonic()

    @property
    def is_overfull(self) -> bool:
        """Whether the client has sent more than is held for a handler that does not receive."""
        return self._is_unattended and (len(self._heard) >= _HELD_MESSAGES or self._held_bytes >= _HELD_BYTES)

    async def next(self) -> Message:
        """Wait for the next event."""
        if not self._heard:
            await asyncio.wait({self._listen()})
            self._hear()
        self._last_asked = time.monotonic()
        message = self._heard.popleft()
        self._held_bytes -= _size(message)
        return message

    def find_disconnect(self) -> Message | None:
        """Give the event that says that the client has left, if it has come."""
        self._hear()
        if self._heard and self._heard[-1]["type"] == "websocket.disconnect":
            return self._heard[-1]
        return None

    def listen_ahead(self) -> None:
        """Go on listening, without waiting, unless enough is held."""
        if len(self._heard) < _HEARD_AHEAD or (self._is_unattended and not self.is_overfull):
            self._listen()

    @property
    def _is_unattended(self) -> bool:
        return time.monotonic() - self._last_asked >= self._patience_seconds

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
            message = heard.result()
            self._heard.append(message)
            self._held_bytes += _size(message)


def _size(message: Message) -> int:
    return len(message.get("bytes") or message.get("text") or b"")
