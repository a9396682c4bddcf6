"""Connect-style functions `(req, res, next)`: their order, their errors, and the rules of `next`.

How to think about it. A route is an onion: the handler in the middle, each middleware a layer around everything inside
it. `next()` goes inwards. What it gives back is lazy. An `async def` middleware that awaits it runs the inside there and
then, and so wraps it; one that calls `next()` and does not await it lets the inside run when it has itself returned,
which is all that a `def` middleware can do, because it runs on a worker thread. To wrap, write `async def`.

The layers are put together once, when a route is loaded (`compose`); a request only walks through them.
"""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Generator, Sequence
from types import CodeType, FrameType
from typing import Any, Protocol, TypeVar

from slugline.callables import DONE, RunInThread, ToAwait, from_thread, is_async_callable, is_on_loop, make_awaitable
from slugline.errors import HandlerEnded, MiddlewareError
from slugline.http.request import Request
from slugline.http.response import Response

__all__ = ["Middleware", "Next", "compose", "run_middleware"]

AnyRequest = TypeVar("AnyRequest", bound=Request[Any, Any])
AnyResponse = TypeVar("AnyResponse", bound=Response[Any])

Run = Callable[[Request[Any, Any], Response[Any]], Awaitable[None]]


class Next(Protocol):
    """The third argument of a middleware: `next()` goes on, `next(error)` fails the request with that error.

    `await next()` returns when everything inside is done, and raises what was raised there. Calling it a second time
    raises MiddlewareError.
    """

    def __call__(self, error: object = None, /) -> Awaitable[None]: ...


Middleware = Callable[[Any, Any, Next], object]
"""`(req, res, next)`, `def` or `async def`, or an object with such a `__call__`."""


def compose(
    middleware: Sequence[Middleware],
    handler: Callable[[Request[Any, Any], Response[Any]], Awaitable[Any]],
    run_in_thread: RunInThread,
) -> Run:
    """Put middleware around an awaitable handler; the first of the list is the outermost.

    The result raises what the handler or a middleware raised or passed to `next`, and MiddlewareError for a middleware that
    called `next` twice, or that neither called it nor answered. A middleware that answers without calling `next`
    ends the chain. One that does both does as in Connect: the inside runs, and finds the response answered.
    """
    run: Run = handler
    for function in reversed(middleware):
        run = _wrap(function, run, run_in_thread)
    return run


def run_middleware(req: AnyRequest, res: AnyResponse, function: Callable[[AnyRequest, AnyResponse, Next], object], /) -> Awaitable[None]:
    """Run one middleware from inside a handler, and come back when it has called `next()`.

    `await run_middleware(req, res, cors)` in an `async def` handler; a plain call in a `def` handler, where the work is done
    when the call returns. Raises what the middleware raised or passed to `next`. A middleware that answers the
    request instead ends the handler, by HandlerEnded. Nothing is inside here, so `await next()` in the middleware returns at once.
    """
    # NEXTJS: the helper `runMiddleware` that the documentation shows waits for ever when the middleware answers.
    if not is_on_loop():
        _run_on_worker_thread(req, res, function)
        return DONE
    return ToAwait(req, f"run_middleware(…, {_name(function)})", _run_on_loop, req, res, function)


def _wrap(function: Middleware, inside: Run, run_in_thread: RunInThread) -> Run:
    call = make_awaitable(function, run_in_thread)

    async def run_layer(request: Request[Any, Any], response: Response[Any]) -> None:
        await _Step(function, inside, request, response).run(call)

    return run_layer


async def _run_on_loop(request: Request[Any, Any], response: Response[Any], function: Callable[..., Any]) -> None:
    call = function if is_async_callable(function) else functools.partial(request._run_in_thread, function)
    if not await _Step(function, _do_nothing, request, response).run(call):
        raise HandlerEnded


def _run_on_worker_thread(request: Request[Any, Any], response: Response[Any], function: Callable[..., Any]) -> None:
    # The work is done on this thread where it can be. To wait here for a second thread could lock up a pool of any size.
    direct = getattr(function, "on_worker_thread", None) if is_async_callable(function) else function
    if direct is None:
        from_thread(_run_on_loop, request, response, function)
        return
    step = _Step(function, _do_nothing, request, response)
    result = direct(request, response, step)
    if inspect.isawaitable(result) and result is not step:
        from_thread(_wait_for, result)
    if not step.has_gone_on():
        raise HandlerEnded
    step.raise_error()


async def _do_nothing(request: Request[Any, Any], response: Response[Any]) -> None:
    """What is inside a middleware that a handler runs."""


async def _wait_for(awaitable: Awaitable[Any]) -> None:
    await awaitable


class _Step:
    """One middleware in one request: the `next` that it is given, and the lazy result of calling it."""

    __slots__ = ("_called", "_error", "_finished", "_function", "_inside", "_request", "_response", "_returned", "_started", "_waiter")

    def __init__(self, function: Callable[..., Any], inside: Run, request: Request[Any, Any], response: Response[Any]) -> None:
        self._function = function
        self._inside = inside
        self._request = request
        self._response = response
        self._error: BaseException | None = None
        self._called = self._returned = self._started = self._finished = False
        self._waiter: asyncio.Future[None] | None = None

    def __call__(self, error: object = None, /) -> "_Step":
        if self._called or self._returned:
            raise MiddlewareError(self._explain_late_call(inspect.currentframe()))
        self._called = True
        if error is not None:
            self._error = _to_exception(error)
        return self

    def __await__(self) -> Generator[Any, None, None]:
        if not self._called:
            raise MiddlewareError(f"The middleware {_name(self._function)} awaited `next` without calling it. Write `await next()`.")
        return (self._join() if self._started else self._go_inside()).__await__()

    async def run(self, call: Callable[..., Awaitable[Any]]) -> bool:
        """Run the middleware, then what is inside if it called `next` and did not await it; tell whether it went on."""
        try:
            result = await call(self._request, self._response, self)
            if result is not None and result is not self and inspect.isawaitable(result):
                await result  # a `def` function that gave back the coroutine of an `async def` one
        except HandlerEnded:
            return False
        finally:
            self._returned = True
        if not self.has_gone_on():
            return False
        if not self._finished:
            await self
        return True

    def has_gone_on(self) -> bool:
        """Tell whether the middleware, which has returned, called `next`; if not, it must have answered."""
        self._returned = True
        if self._called:
            return True
        if self._response.headers_sent or self._response.ended:
            return False
        raise MiddlewareError(
            f"The middleware {_name(self._function)} returned without calling next() and without answering. "
            "Call next() to go on, next(error) to fail, or answer with res."
        )

    def raise_error(self) -> None:
        """Raise what was passed to `next`, if anything was."""
        if self._error is not None:
            raise self._error

    async def _go_inside(self) -> None:
        self._started = True
        try:
            self.raise_error()
            await self._inside(self._request, self._response)
        except HandlerEnded:
            pass  # the handler has ended because one of its own middleware answered; the layers around it go on as usual
        except BaseException as error:
            self._finish(error)
            raise
        self._finish(None)

    def _finish(self, error: BaseException | None) -> None:
        self._finished = True
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)

    async def _join(self) -> None:
        """Wait for the inside that runs already, in a task that the middleware made of `next()`."""
        if self._finished:
            return
        if self._waiter is None:
            self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _explain_late_call(self, frame: FrameType | None) -> str:
        caller = frame.f_back if frame is not None else None
        where = f" ({caller.f_code.co_filename}, line {caller.f_lineno})" if caller is not None else ""
        what = "called next() a second time" if self._called else "called next() after it had returned"
        return f"The middleware {_name(self._function)} {what}{where}. Call it once, and return after next(error)."


def _to_exception(error: object) -> BaseException:
    """Give what `next(error)` raises: an exception or an instance of its class, anything else as the text of a MiddlewareError."""
    if isinstance(error, BaseException):
        return error
    if isinstance(error, type) and issubclass(error, BaseException):
        return error()
    return MiddlewareError(str(error))


def _name(function: Any) -> str:
    """Name a middleware for a message, as `check_user (pages/api/_middleware.py, line 3)`."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    name = getattr(function, "__qualname__", type(function).__qualname__)
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return f"{name} ({code.co_filename}, line {code.co_firstlineno})" if isinstance(code, CodeType) else name
