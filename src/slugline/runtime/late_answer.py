"""Waiting for an answer that comes after its handler has returned.

Next.js waits for ever, because a callback may still answer. Here the garbage collector knows better: as long as
something holds `res`, an answer can come; when nothing does, none ever will, and the client is told at once.
"""

import asyncio
import functools
import weakref
from collections.abc import Callable
from typing import Any

from slugline.http.response import Response, Stage

__all__ = ["wait_for_late_answer"]


async def wait_for_late_answer(held: list[Response[Any]], seconds: float) -> Response[Any] | None:
    """Wait until the one response in `held` is answered, at most `seconds`; None when no answer will come.

    The list is emptied, and the caller must hold no other reference.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Response[Any] | None] = loop.create_future()

    def settle(answered: Response[Any] | None) -> None:
        if not outcome.done():
            outcome.set_result(answered)

    response = held.pop()
    response._settled = functools.partial(_tell, loop, settle)
    if response._stage == Stage.ANSWERED:  # answered from another thread in this very moment
        return response
    watched = weakref.ref(response, lambda _: _tell(loop, settle, None))
    del response
    try:
        return await asyncio.wait_for(outcome, seconds)
    except TimeoutError:
        abandoned = watched()
        if abandoned is not None:
            abandoned._stage = Stage.ANSWERED  # an answer that comes even later raises AlreadyAnswered
        return None


def _tell(loop: asyncio.AbstractEventLoop, settle: Callable[[Response[Any] | None], None], answered: Response[Any] | None) -> None:
    """Tell the loop, from whatever thread answered or let go last."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle, answered)
