"""Run the import of the user's files on a thread that nobody waits for at the end: a file may hold it for ever."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

__all__ = ["SLOW_SECONDS", "find_own_line", "run_on_own_thread"]

Result = TypeVar("Result")

# Importing a large machine learning library takes a few seconds.
SLOW_SECONDS = 5.0


async def run_on_own_thread(function: Callable[[], Result], tell_slow: Callable[[int], None]) -> Result:
    """Call a function on a thread of its own and give what it gives; `tell_slow` gets the thread's number once it takes long.

    A thread of a pool would hold up the end of the process until it is done.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        try:
            outcome: tuple[Result | None, BaseException | None] = function(), None
        except BaseException as error:  # noqa: BLE001 (raised again by who waits)
            outcome = None, error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, *outcome)

    thread = threading.Thread(target=work, name="slugline-load", daemon=True)
    thread.start()
    done, _ = await asyncio.wait({future}, timeout=SLOW_SECONDS)
    if not done:
        tell_slow(thread.ident or 0)
    return await future


def find_own_line(thread: int, root: Path) -> str | None:
    """Say which line of the project's files a thread is at: "pages/api/model.py, line 3"; None when it is at none."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(f"{root}{os.sep}") and f"{os.sep}site-packages{os.sep}" not in path:
            return f"{Path(path).relative_to(root).as_posix()}, line {frame.f_lineno}"
        frame = frame.f_back
    return None
