"""Sending a large body that is there as a whole."""

import asyncio

from slugline.runtime.asgi_types import Send
from slugline.runtime.channel import StreamCut
from slugline.runtime.settings import Settings

__all__ = ["ONE_PIECE_BYTES", "send_whole"]

ONE_PIECE_BYTES = 256 * 1024
"""Bodies up to this go to the server in one piece: a socket's buffers take most of it, whether or not the client reads."""

PART_BYTES = 64 * 1024


async def send_whole(settings: Settings, send: Send, status: int, fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Send a body in parts, each under the clock for clients that do not read.

    Given to the server in one piece, a body that nobody reads would stay in its memory for as long as the client likes.
    Raises StreamCut.
    """
    await send({"type": "http.response.start", "status": status, "headers": fields})
    try:
        for start in range(0, len(body), PART_BYTES):
            async with asyncio.timeout(settings.write_stall_seconds):
                await send({"type": "http.response.body", "body": body[start : start + PART_BYTES], "more_body": True})
    except TimeoutError:
        raise StreamCut("The client read nothing for too long.") from None
    await send({"type": "http.response.body", "body": b""})
