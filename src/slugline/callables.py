"""Make any user function awaitable, once, when it is loaded.

`async def` functions run on the event loop as they are. `def` functions may block, so they are handed to worker
threads; which of the two a function is, is decided here and never per request.
"""

import asyncio
import functools
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

__all__ = ["RunInThread", "from_thread", "is_async_callable", "make_awaitable", "set_worker_loop"]

Result = TypeVar("Result")


class RunInThread(Protocol):
    """Runs `function(*arguments)` on a worker thread; the awaitable gives its result."""

    def __call__(self, function: Callable[..., Any], /, *arguments: Any) -> Awaitable[Any]: ...


class _Worker(threading.local):
    loop: asyncio.AbstractEventLoop | None = None


_worker = _Worker()


def set_worker_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Say that this thread works for `loop`; a worker thread calls it once when it starts."""
    _worker.loop = loop


def from_thread(function: Callable[..., Coroutine[Any, Any, Result]], *arguments: Any) -> Result:
    """Run a coroutine function on the server's loop from a worker thread, and wait for its result.

    Raises RuntimeError on any other thread.
    """
    loop = _worker.loop
    if loop is None:
        raise RuntimeError("from_thread works only inside a `def` handler or middleware, which runs on a worker thread.")
    result, error = asyncio.run_coroutine_threadsafe(_contain(function, arguments), loop).result()
    if error is not None:
        raise error
    return result  # type: ignore[return-value]


async def _contain(
    function: Callable[..., Coroutine[Any, Any, Result]], arguments: tuple[Any, ...]
) -> tuple[Result | None, BaseException | None]:
    """Give the exception instead of raising it: SystemExit, left in a task, would end the loop and so the worker."""
    try:
        return await function(*arguments), None
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 (raised again where it is waited for)
        return None, error


def is_async_callable(function: object) -> bool:
    """Tell whether calling `function` gives a coroutine: `async def`, partials of one, objects with `async def __call__`."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.iscoroutinefunction(function):
        return True
    return callable(function) and inspect.iscoroutinefunction(type(function).__call__)


def make_awaitable(function: Callable[..., Any], run_in_thread: RunInThread) -> Callable[..., Awaitable[Any]]:
    """Give a callable whose result can be awaited: the function itself if it is async, else a hop to a worker thread."""
    if is_async_callable(function):
        return function
    return functools.partial(run_in_thread, function)
