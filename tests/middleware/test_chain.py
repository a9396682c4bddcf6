"""Each test is a small program; what it prints is the point."""

import asyncio
import functools
import inspect
import threading

import pytest

from middleware.fakes import FakeRequest, FakeResponse, Pool
from slugline.errors import HandlerEnded, MiddlewareError
from slugline.middleware.chain import compose

printed: list[str] = []


@pytest.fixture(autouse=True)
def _clean() -> None:
    printed.clear()


def say(text: str) -> None:
    printed.append(text)


async def handler(req, res):
    say("handler")
    res.end("hello")


async def wrapping(req, res, next):
    say("wrapping: before")
    await next()
    say("wrapping: after")


async def going_on(req, res, next):
    next()
    say("going_on: after next()")


def on_thread(req, res, next):
    assert threading.current_thread().name.startswith("worker")
    next()
    say("on_thread: after next()")


class Wrapper:
    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, req, res, next):
        say(f"{self.name} <")
        await next()
        say(f"{self.name} >")


class ThreadObject:
    def __call__(self, req, res, next):
        say(threading.current_thread().name[:6])
        next()


ORDERS = {
    "nothing around the handler": ([], ["handler"]),
    "the first of the list is the outermost": ([Wrapper("a"), Wrapper("b")], ["a <", "b <", "handler", "b >", "a >"]),
    "not awaited: the inside runs when the middleware has returned": ([going_on], ["going_on: after next()", "handler"]),
    "def: the inside runs when the function has returned": ([on_thread], ["on_thread: after next()", "handler"]),
    "wrapping around going on": (
        [wrapping, going_on],
        ["wrapping: before", "going_on: after next()", "handler", "wrapping: after"],
    ),
    "going on around wrapping": (
        [going_on, wrapping],
        ["going_on: after next()", "wrapping: before", "handler", "wrapping: after"],
    ),
    "def between two wrappers": (
        [Wrapper("a"), on_thread, Wrapper("b")],
        ["a <", "on_thread: after next()", "b <", "handler", "b >", "a >"],
    ),
    "an object with a def __call__ runs on a thread": ([ThreadObject()], ["worker", "handler"]),
    "a partial": ([functools.partial(Wrapper.__call__, Wrapper("p"))], ["p <", "handler", "p >"]),
    "a lambda that gives next() back": ([lambda req, res, next: next()], ["handler"]),
    "a def function that gives a coroutine back": (
        [lambda req, res, next: wrapping(req, res, next)],  # noqa: PLW0108 (a `def` function is the point)
        ["wrapping: before", "handler", "wrapping: after"],
    ),
}


@pytest.mark.parametrize("story", ORDERS)
async def test_order(story, req, res, pool):
    middleware, expected = ORDERS[story]
    await compose(middleware, handler, pool)(req, res)
    assert printed == expected
    assert res.body == "hello"


async def test_composed_once_serves_many_requests_at_a_time(pool):
    run = compose([wrapping, on_thread, going_on], handler, pool)
    responses = [FakeResponse() for _ in range(20)]
    await asyncio.gather(*(run(FakeRequest(), response) for response in responses))
    assert [response.body for response in responses] == ["hello"] * 20


async def test_awaiting_next_gives_the_time_after_the_handler_to_the_middleware(req, res, pool):
    async def timing(req, res, next):
        assert not res.ended
        await next()
        assert res.ended
        say("measured")

    await compose([timing], handler, pool)(req, res)
    assert printed == ["handler", "measured"]


# Answering


async def answering(req, res, next):
    res.end("answered")


def answering_on_thread(req, res, next):
    res.end("answered")


async def writing(req, res, next):
    res.write("part")


@pytest.mark.parametrize(("function", "body"), [(answering, "answered"), (answering_on_thread, "answered"), (writing, "part")])
async def test_a_middleware_that_answers_ends_the_chain(function, body, req, res, pool):
    await compose([wrapping, function, Wrapper("never")], handler, pool)(req, res)
    assert printed == ["wrapping: before", "wrapping: after"]
    assert res.body == body


@pytest.mark.parametrize("kind", ["async def", "def"])
async def test_a_middleware_that_answers_and_goes_on_meets_the_second_answer(kind, req, res, pool):
    async def both(req, res, next):
        res.end("answered")
        next()

    def both_on_thread(req, res, next):
        res.end("answered")
        next()

    with pytest.raises(RuntimeError, match="answered twice"):
        await compose([both if kind == "async def" else both_on_thread], handler, pool)(req, res)
    assert printed == ["handler"]
    assert res.body == "answered"


async def silent(req, res, next):
    pass


def silent_on_thread(req, res, next):
    pass


class Silent:
    async def __call__(self, req, res, next):
        pass


@pytest.mark.parametrize(
    ("function", "name"),
    [(silent, "silent"), (silent_on_thread, "silent_on_thread"), (Silent(), "Silent"), (functools.partial(silent), "silent")],
)
async def test_a_middleware_that_does_neither_is_named(function, name, req, res, pool):
    with pytest.raises(MiddlewareError, match="returned without calling next\\(\\) and without answering") as caught:
        await compose([function], handler, pool)(req, res)
    assert f"The middleware {name} ({__file__}, line " in str(caught.value)
    assert printed == []


# Errors


class Refused(Exception):
    pass


async def failing_inside(req, res):
    raise Refused("by the handler")


async def raising(req, res, next):
    raise Refused("raised")


async def raising_after_next(req, res, next):
    next()
    raise Refused("raised")


def raising_on_thread(req, res, next):
    raise Refused("raised")


async def passing(req, res, next):
    next(Refused("passed"))
    say("next(error) marks, and returns")


async def passing_awaited(req, res, next):
    await next(Refused("passed"))
    say("never said")


def passing_on_thread(req, res, next):
    next(Refused("passed"))
    say("next(error) marks, and returns")


FAILURES = {
    "raised": (raising, Refused, "raised", []),
    "raised in a def": (raising_on_thread, Refused, "raised", []),
    "raised after next(): the inside does not run": (raising_after_next, Refused, "raised", []),
    "passed to next": (passing, Refused, "passed", ["next(error) marks, and returns"]),
    "passed to next and awaited": (passing_awaited, Refused, "passed", []),
    "passed to next in a def": (passing_on_thread, Refused, "passed", ["next(error) marks, and returns"]),
    "a text": (lambda req, res, next: next("no such user"), MiddlewareError, "^no such user$", []),
    "a class": (lambda req, res, next: next(Refused), Refused, "^$", []),
    "None is no error": (lambda req, res, next: next(None), None, "", ["handler"]),
}


@pytest.mark.parametrize("story", FAILURES)
async def test_failures_reach_the_caller(story, req, res, pool):
    function, error, text, expected = FAILURES[story]
    run = compose([function], handler, pool)
    if error is None:
        await run(req, res)
    else:
        with pytest.raises(error, match=text):
            await run(req, res)
    assert printed == expected


@pytest.mark.parametrize("function", [raising, raising_on_thread, passing, passing_awaited, passing_on_thread])
async def test_an_outer_middleware_catches_what_failed_inside(function, req, res, pool):
    async def catching(req, res, next):
        try:
            await next()
        except Refused as error:
            res.end(f"caught: {error}")

    await compose([catching, function], handler, pool)(req, res)
    assert res.body in ("caught: raised", "caught: passed")


async def test_an_error_of_the_handler_passes_through_middleware_that_did_not_await(req, res, pool):
    with pytest.raises(Refused, match="by the handler"):
        await compose([going_on, on_thread], failing_inside, pool)(req, res)


# Calling `next` the wrong way


async def twice(req, res, next):
    await next()
    await next()


def twice_on_thread(req, res, next):
    next()
    next()


async def twice_unawaited(req, res, next):
    next()
    next()


async def error_then_on(req, res, next):
    next(Refused("passed"))
    next()


@pytest.mark.parametrize(
    ("function", "expected"), [(twice, ["handler"]), (twice_on_thread, []), (twice_unawaited, []), (error_then_on, [])]
)
async def test_a_second_next_is_named_with_its_line(function, expected, req, res, pool):
    with pytest.raises(MiddlewareError, match=r"called next\(\) a second time") as caught:
        await compose([function], handler, pool)(req, res)
    lines, first = inspect.getsourcelines(function)
    message = str(caught.value)
    assert f"The middleware {function.__name__} (" in message
    assert f"({__file__}, line {first + len(lines) - 1})" in message
    assert printed == expected


async def test_next_after_the_middleware_returned(req, res, pool):
    kept = []

    async def answering_and_keeping(req, res, next):
        kept.append(next)
        res.end("answered")

    await compose([answering_and_keeping], handler, pool)(req, res)
    with pytest.raises(MiddlewareError, match=r"called next\(\) after it had returned"):
        kept[0]()
    assert printed == []


async def test_next_awaited_without_being_called(req, res, pool):
    async def forgetful(req, res, next):
        await next

    with pytest.raises(MiddlewareError, match=r"forgetful .* awaited `next` without calling it. Write `await next\(\)`"):
        await compose([forgetful], handler, pool)(req, res)


# next() in a task of the middleware's own


async def slow_handler(req, res):
    await asyncio.sleep(0)
    say("handler")
    await asyncio.sleep(0)
    res.end("hello")


async def test_next_under_a_deadline(req, res, pool):
    never = asyncio.Event()

    async def hanging(req, res):
        await never.wait()

    async def deadline(req, res, next):
        try:
            await asyncio.wait_for(next(), 0.01)
        except TimeoutError:
            res.end("too slow")

    await compose([deadline], hanging, pool)(req, res)
    assert res.body == "too slow"


@pytest.mark.parametrize("steps_before_returning", [0, 1, 2, 5])
async def test_a_task_that_the_middleware_does_not_wait_for_is_waited_for(steps_before_returning, req, res, pool):
    tasks = []

    async def detaching(req, res, next):
        tasks.append(asyncio.ensure_future(next()))
        for _ in range(steps_before_returning):
            await asyncio.sleep(0)

    await compose([detaching], slow_handler, pool)(req, res)
    assert res.body == "hello"
    await asyncio.gather(*tasks)
    assert printed == ["handler"]


async def test_a_failure_in_such_a_task_fails_the_request(req, res, pool):
    tasks = []

    async def failing_slowly(req, res):
        await asyncio.sleep(0)
        raise Refused("late")

    async def detaching(req, res, next):
        tasks.append(asyncio.ensure_future(next()))
        await asyncio.sleep(0)

    with pytest.raises(Refused, match="late"):
        await compose([detaching], failing_slowly, pool)(req, res)
    assert [type(result) for result in await asyncio.gather(*tasks, return_exceptions=True)] == [Refused]


# A handler that its own middleware has ended


async def test_layers_around_a_handler_that_was_ended_go_on(req, res, pool):
    async def ended(req, res):
        res.end("by a middleware of the handler")
        raise HandlerEnded

    await compose([wrapping, on_thread], ended, pool)(req, res)
    assert printed == ["wrapping: before", "on_thread: after next()", "wrapping: after"]


@pytest.mark.parametrize(("outside", "expected"), [([], []), ([wrapping], ["wrapping: before", "wrapping: after"])])
async def test_a_middleware_may_be_ended_like_a_handler(outside, expected, req, res, pool):
    async def ended(req, res, next):
        res.end("answered")
        raise HandlerEnded

    await compose([*outside, ended], handler, pool)(req, res)
    assert printed == expected
    assert res.body == "answered"


async def test_a_blocking_middleware_does_not_delay_another_request(pool: Pool):
    gate = threading.Event()

    def blocking(req, res, next):
        assert gate.wait(10)
        next()

    blocked = asyncio.ensure_future(compose([blocking], handler, pool)(FakeRequest(), FakeResponse()))
    other = FakeResponse()
    await compose([wrapping], handler, pool)(FakeRequest(), other)
    assert other.ended
    assert not blocked.done()
    gate.set()
    await blocked
