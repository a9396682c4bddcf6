"""Two WebSockets joined into one: a client's and another server's."""

import asyncio
from collections.abc import Callable
from typing import Any

from slugline.errors import ResponseError, WebSocketClosed
from slugline.runtime.websocket import WebSocket

__all__ = ["relay"]

# What a close frame may not say (RFC 6455 section 7.4.1), and what is said in its place: no code → done, lost → going away.
_UNSENDABLE = {1005: 1000, 1006: 1001, 1015: 1001}
_GOING_AWAY = 1001
_INTERNAL_ERROR = 1011
_CLOSE_SECONDS = 2.0

Close = tuple[int, str]
"""The code and the reason of a close."""


async def relay(socket: WebSocket, upstream: Any, kinds: Any, log: Callable[[BaseException], None]) -> None:
    """Accept the client's socket with the subprotocol of `upstream` (aiohttp's ClientWebSocketResponse), and pass messages on until
    either closes; then the other is closed with the same code and reason. One that was lost closes the other with 1001 or 1011.

    `kinds` is aiohttp.WSMsgType. Raises WebSocketClosed when the client has gone before it was accepted.
    """
    closing: Close = (_GOING_AWAY, "")
    try:
        await socket.accept(upstream.protocol)
        up = asyncio.ensure_future(_pass_up(socket, upstream))
        down = asyncio.ensure_future(_pass_down(socket, upstream, kinds, log))
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            if up.done() and up.result() is None:
                await asyncio.wait({down})  # the other server is gone, and what it said last is still to be passed on
            for task in (down, up):  # what `up` heard is the close itself, what `down` heard may be its echo
                closing = (task.result() if task.done() else None) or closing
            # While `down` still receives, so that the other server's own close is heard.
            await _close_upstream(upstream, closing)
            # `up` may have heard of a close that `down` is still sending.
            await asyncio.wait({down}, timeout=_CLOSE_SECONDS)
        finally:
            up.cancel()
            down.cancel()
            await asyncio.wait({up, down})
    finally:
        await _close_upstream(upstream, closing)


async def _pass_up(socket: WebSocket, upstream: Any) -> Close | None:
    """Pass on what the client sends, until it closes; None when the other server was gone before."""
    try:
        while True:
            message = await socket.receive()
            if isinstance(message, str):
                await upstream.send_str(message)
            else:
                await upstream.send_bytes(message)
    except WebSocketClosed as closed:
        return _UNSENDABLE.get(closed.code, closed.code), closed.reason
    except OSError:  # how the library says that the connection is gone
        return None


async def _pass_down(socket: WebSocket, upstream: Any, kinds: Any, log: Callable[[BaseException], None]) -> Close | None:
    """Pass on what the other server sends, and close the client's socket as it closes its own; how the client closes if it is faster."""
    try:
        while True:
            message = await upstream.receive()
            if message.type is kinds.TEXT:
                await socket.send_text(message.data)
            elif message.type is kinds.BINARY:
                await socket.send_bytes(message.data)
            elif message.type is kinds.CLOSE:
                await _close_client(socket, message.data or 1000, message.extra or "")
                return None
            elif message.type is kinds.CLOSING:  # by this side
                return None
            elif message.type in (kinds.CLOSED, kinds.ERROR):
                if not socket.closed:
                    log(message.data if isinstance(message.data, BaseException) else ConnectionResetError("the connection was lost"))
                    await socket.close(_INTERNAL_ERROR)
                return None
    except WebSocketClosed as closed:
        return _UNSENDABLE.get(closed.code, closed.code), closed.reason


async def _close_upstream(upstream: Any, closing: Close) -> None:
    code, reason = closing
    await upstream.close(code=code, message=reason.encode())


async def _close_client(socket: WebSocket, code: int, reason: str) -> None:
    try:
        await socket.close(code, reason)
    except ResponseError:  # a code that only the other server knows
        await socket.close(_INTERNAL_ERROR)
