"""Make any user function awaitable, once, when it is loaded.

`async def` functions run on the event loop as they are. `def` functions may block, so they are handed to worker
threads; which of the two a function is, is decided here and never per request.
"""

import asyncio
import contextvars
import functools
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import CoroutineType
from typing import Any, Generic, Protocol, TypeVar

__all__ = [
    "DONE",
    "Done",
    "RunInThread",
    "ToAwait",
    "call_from_handler",
    "from_thread",
    "is_async_callable",
    "is_on_loop",
    "is_waited_for",
    "make_awaitable",
    "set_worker_loop",
]

Result = TypeVar("Result")
Value = TypeVar("Value")


class RunInThread(Protocol):
    """Runs `function(*arguments)` on a worker thread; the awaitable gives its result."""

    def __call__(self, function: Callable[..., Any], /, *arguments: Any) -> Awaitable[Any]: ...


class _Worker(threading.local):
    loop: asyncio.AbstractEventLoop | None = None


_worker = _Worker()
_waited_for = contextvars.ContextVar("waited_for", default=False)


def set_worker_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Say that this thread works for `loop`; a worker thread calls it once when it starts."""
    _worker.loop = loop


def from_thread(function: Callable[..., Coroutine[Any, Any, Result]], *arguments: Any) -> Result:
    """Run a coroutine function on the server's loop from a worker thread, and wait for its result.

    What the coroutine has run on a thread needs one beside those that may all wait so (`is_waited_for`).
    Raises RuntimeError on any other thread.
    """
    loop = _worker.loop
    if loop is None:
        raise RuntimeError("from_thread works only inside a `def` handler or middleware, which runs on a worker thread.")
    token = _waited_for.set(True)  # the task has a copy of the context as it is now
    try:
        future = asyncio.run_coroutine_threadsafe(_contain(function, arguments), loop)
    finally:
        _waited_for.reset(token)
    result, error = future.result()
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


def is_waited_for() -> bool:
    """Tell whether a worker thread waits for what is done here."""
    return _waited_for.get()


def is_async_callable(function: object) -> bool:
    """Tell whether calling `function` gives a coroutine: `async def`, partials of one, objects with `async def __call__`."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.iscoroutinefunction(function):
        return True
    return callable(function) and inspect.iscoroutinefunction(type(function).__call__)


def make_awaitable(function: Callable[..., Any], run_in_thread: RunInThread) -> Callable[..., Awaitable[Any]]:
    """Give a callable whose result can be awaited: the function itself if it is async, else a hop to a worker thread.

    A coroutine that a `def` function gives back, as a decorator around an `async def` one does, is then awaited on the loop.
    """
    if is_async_callable(function):
        return function

    async def call(*arguments: Any) -> Any:
        result = await run_in_thread(function, *arguments)
        return await result if isinstance(result, CoroutineType) else result

    return call


# What a handler calls, and what has to run on the loop: `await f()` in an `async def` handler, `f()` in a `def` one.


class Done(Generic[Value]):
    """An awaitable of something that is finished; it may be awaited, or not, on any thread."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, None, Value]:
        return self.value
        yield


DONE: Done[None] = Done(None)


class ToAwait(Generic[Value]):
    """What such a function gives an `async def` handler.

    SECURITY: a handler that forgets the `await` would pass a guard that has never run, so the request remembers it until it is awaited.
    """

    __slots__ = ("_arguments", "_function", "_place", "_request", "_shown")

    def __init__(self, request: Any, shown: str, function: Callable[..., Coroutine[Any, Any, Value]], *arguments: Any) -> None:
        self._request = request
        self._shown = shown
        self._function = function
        self._arguments = arguments
        frame = inspect.currentframe()
        while frame is not None and str(frame.f_globals.get("__name__")).startswith("slugline."):
            frame = frame.f_back
        self._place = f"{frame.f_code.co_filename}, line {frame.f_lineno}" if frame is not None else "an unknown place"
        request._unawaited = self

    def __await__(self) -> Generator[Any, None, Value]:
        if self._request._unawaited is self:
            self._request._unawaited = None
        return self._function(*self._arguments).__await__()

    def explain(self) -> str:
        """Say what is wrong when the handler has ended and this was never awaited."""
        name = self._shown.partition("(")[0]
        return f"{self._shown} was not awaited ({self._place}), so it never ran. Write `await {name}(…)`."


def is_on_loop() -> bool:
    """Tell whether this code runs on an event loop, as an `async def` handler does."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def call_from_handler(
    request: Any, shown: str, function: Callable[..., Coroutine[Any, Any, Value]], *arguments: Any
) -> "ToAwait[Value] | Done[Value]":
    """Run a coroutine function for a handler: to be awaited on the loop, at once and to its end on a worker thread.

    `shown` is the call for messages, "res.revalidate(…)".
    """
    if is_on_loop():
        return ToAwait(request, shown, function, *arguments)
    return Done(from_thread(function, *arguments))
