"""Which functions are async, and how any of them is awaited."""

import asyncio
import functools
import threading

import pytest

from slugline.callables import from_thread, is_async_callable, make_awaitable, set_worker_loop


def plain(*arguments):
    return arguments


async def coroutine(*arguments):
    return arguments


async def stream():
    yield 1


class PlainObject:
    def __call__(self, *arguments):
        return arguments

    def method(self, *arguments):
        return arguments

    async def async_method(self, *arguments):
        return arguments


class AsyncObject:
    async def __call__(self, *arguments):
        return arguments


@functools.wraps(coroutine)
def wrapped(*arguments):
    return arguments


ASYNC = {
    "async def": coroutine,
    "a partial": functools.partial(coroutine, 1),
    "a partial of a partial": functools.partial(functools.partial(coroutine, 1), 2),
    "a bound method": PlainObject().async_method,
    "an object": AsyncObject(),
    "a partial of an object": functools.partial(AsyncObject(), 1),
}
PLAIN = {
    "def": plain,
    "a lambda": lambda *arguments: arguments,
    "a partial": functools.partial(plain, 1),
    "a bound method": PlainObject().method,
    "an object": PlainObject(),
    "a class": PlainObject,
    "a class of async objects": AsyncObject,
    "a builtin": len,
    "an async generator": stream,
    "def in the clothes of async def": wrapped,
    "no function at all": 5,
}


@pytest.mark.parametrize("function", ASYNC.values(), ids=ASYNC)
def test_what_gives_a_coroutine(function):
    assert is_async_callable(function)


@pytest.mark.parametrize("function", PLAIN.values(), ids=PLAIN)
def test_what_does_not(function):
    assert not is_async_callable(function)


async def test_async_functions_are_used_as_they_are_and_others_go_to_a_thread():
    ran = []

    async def run_in_thread(function, *arguments):
        ran.append(function)
        return function(*arguments)

    assert make_awaitable(coroutine, run_in_thread) is coroutine
    assert await make_awaitable(plain, run_in_thread)(1, 2) == (1, 2)
    assert ran == [plain]


async def test_a_coroutine_that_a_plain_function_gives_back_is_awaited():
    async def run_in_thread(function, *arguments):
        return await asyncio.to_thread(function, *arguments)

    loop = asyncio.get_running_loop()

    async def inner(value):
        await asyncio.sleep(0)
        return value * 2, asyncio.get_running_loop() is loop

    def outer(value):
        return inner(value)

    assert await make_awaitable(outer, run_in_thread)(3) == (6, True)


async def test_a_worker_thread_gives_the_loop_something_to_do():
    async def double(value):
        await asyncio.sleep(0)
        if value is None:
            raise ValueError("nothing to double")
        return value * 2, asyncio.get_running_loop()

    loop = asyncio.get_running_loop()

    def work(value):
        set_worker_loop(loop)
        return from_thread(double, value)

    assert await asyncio.to_thread(work, 4) == (8, loop)
    with pytest.raises(ValueError, match="nothing to double"):
        await asyncio.to_thread(work, None)


def test_any_other_thread_is_told_where_it_works():
    caught = []

    def work():
        try:
            from_thread(coroutine)
        except RuntimeError as error:
            caught.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "inside a `def` handler or middleware" in caught[0]
