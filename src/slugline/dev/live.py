"""The event stream by which the server tells pages in a browser to load again."""

import asyncio
from collections.abc import Container

from slugline.dev.local import is_local_request
from slugline.dev.overlay import LIVE_PATH
from slugline.runtime.asgi_types import Receive, Scope, Send

__all__ = ["LivePages"]

# Between two comments; a proxy in between takes a silent connection for a dead one.
HEARTBEAT_SECONDS = 15.0


class LivePages:
    """The pages that are open in browsers, and listen."""

    def __init__(self, trusted: Container[str] = ()) -> None:
        self._trusted = trusted
        self._listeners: set[asyncio.Queue[bytes | None]] = set()

    def reload(self) -> None:
        """Tell every page to load again."""
        for queue in self._listeners:
            queue.put_nowait(b"event: reload\ndata: {}\n\n")

    def close(self) -> None:
        """End every stream; the pages connect again by themselves."""
        for queue in self._listeners:
            queue.put_nowait(None)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request below /_slugline: the event stream to a page of ours, 403 to others, 404 for other paths."""
        if not is_local_request(scope["headers"], self._trusted):
            await _refuse(send, 403, b"This is for pages of this server only.")
        elif scope["path"] != LIVE_PATH or scope["method"] != "GET":
            await _refuse(send, 404, b"Not Found")
        else:
            await self._stream(receive, send)

    async def _stream(self, receive: Receive, send: Send) -> None:
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._listeners.add(queue)
        leaving = asyncio.ensure_future(_wait_for_leaving(receive))
        leaving.add_done_callback(lambda _: queue.put_nowait(None))
        fields = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache, no-transform")]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": fields})
            await send({"type": "http.response.body", "body": b"retry: 500\n\n", "more_body": True})
            while (event := await _next_event(queue)) is not None:
                await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._listeners.discard(queue)
            leaving.cancel()


async def _next_event(queue: "asyncio.Queue[bytes | None]") -> bytes | None:
    try:
        return await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
    except TimeoutError:
        return b":\n\n"


async def _wait_for_leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int, body: bytes) -> None:
    fields = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
