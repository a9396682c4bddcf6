"""Running the `websocket` function of a route file, and giving its socket an end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from slugline.errors import ApiError, HandlerEnded, RequestError, WebSocketClosed
from slugline.runtime.websocket import WebSocket

__all__ = ["run_websocket"]


async def run_websocket(function: Callable[[WebSocket], Awaitable[object]], ws: WebSocket, logger: logging.Logger) -> None:
    """Run a route's websocket function, and give the socket an end that fits how the function ended.

    It returns → 1000, or 403 when nothing was accepted. It raises → logged and 1011, or 500. ApiError → its message with 1008, or its
    status. A message that is wrong (RequestError) → 1007. It is cancelled, because the server stops → 1001, and the cancellation goes on.
    """
    try:
        await function(ws)
    except WebSocketClosed:
        await _end(ws, 1000, "", status=403)
    except ApiError as error:
        await _end(ws, 1008, error.message or "", status=error.status, body={"error": error.message} if error.message else None)
    except RequestError as error:
        await _end(ws, 1007, error.phrase, status=error.status, body=error.phrase)
    except asyncio.CancelledError as error:
        if _is_being_cancelled():
            await _end(ws, 1001, "Server is going away", status=503)
            raise
        await _fail(ws, logger, error)  # the function awaited something that was cancelled; nobody cancelled the function
    except (Exception, SystemExit, GeneratorExit) as error:  # noqa: BLE001 (the border: nothing a handler raises may reach the server)
        await _fail(ws, logger, error)
    except HandlerEnded:
        await _end(ws, 1000, "", status=403)
    else:
        await _end(ws, 1000, "", status=403)
    finally:
        await ws.stop_listening()


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def _fail(ws: WebSocket, logger: logging.Logger, error: BaseException) -> None:
    logger.error("The websocket function of %s failed.", ws.route or ws.path, exc_info=error)
    await _end(ws, 1011, "Internal Server Error", status=500)


async def _end(ws: WebSocket, code: int, reason: str, *, status: int, body: object = None) -> None:
    try:
        if ws.accepted:
            await ws.close(code, _shorten(reason))
        elif not ws.closed:
            await ws.reject(status, body)
    except WebSocketClosed:
        pass  # the client was faster


def _shorten(reason: str) -> str:
    """Cut a reason to the 123 bytes that a close frame carries, between characters."""
    return reason.encode("utf-8", "replace")[:123].decode("utf-8", "ignore")
