"""Waiting for an answer after the handler has returned."""

import asyncio
import gc
import threading

import pytest

from slugline.errors import AlreadyAnswered
from slugline.http.request import Request
from slugline.http.response import Response, Stage
from slugline.runtime.late_answer import wait_for_late_answer


def wait(response, seconds=30.0):
    held = [response]
    waiting = asyncio.ensure_future(wait_for_late_answer(held, seconds))
    return held, waiting


async def turn():
    for _ in range(3):
        await asyncio.sleep(0)


async def test_an_answer_that_comes_later_is_given():
    response = Response(Request("GET", b"/"))
    held, waiting = wait(response)
    await turn()
    assert held == []
    assert not waiting.done()
    response.json({"late": True})
    assert await waiting is response


async def test_an_answer_from_a_thread_is_given():
    response = Response(Request("GET", b"/"))
    _, waiting = wait(response)
    await turn()
    thread = threading.Thread(target=response.send, args=("late",))
    thread.start()
    assert await waiting is response
    thread.join()


async def test_an_answer_that_is_there_already_is_given():
    response = Response(Request("GET", b"/"))
    response.end()
    _, waiting = wait(response)
    assert await waiting is response


@pytest.mark.parametrize("in_thread", [False, True])
async def test_when_nothing_holds_the_response_no_answer_will_come(in_thread):
    holder = {"res": Response(Request("GET", b"/"))}
    held = [holder["res"]]
    waiting = asyncio.ensure_future(wait_for_late_answer(held, 30.0))
    await turn()
    assert not waiting.done()
    if in_thread:
        thread = threading.Thread(target=holder.clear)
        thread.start()
        thread.join()
    else:
        holder.clear()
    async with asyncio.timeout(10):
        assert await waiting is None


async def test_a_response_in_a_circle_is_found_by_the_collector():
    response = Response(Request("GET", b"/"))
    response.myself = response
    held = [response]
    del response
    waiting = asyncio.ensure_future(wait_for_late_answer(held, 30.0))
    await turn()
    gc.collect()
    async with asyncio.timeout(10):
        assert await waiting is None


async def test_it_does_not_wait_for_ever_and_what_comes_then_is_refused():
    response = Response(Request("GET", b"/"))
    _, waiting = wait(response, 0.01)
    assert await waiting is None
    assert response._stage == Stage.ANSWERED
    with pytest.raises(AlreadyAnswered):
        response.json({})


def test_an_answer_after_the_loop_has_gone_disturbs_nobody():
    response = Response(Request("GET", b"/"))

    async def start():
        _, waiting = wait(response)
        await turn()
        waiting.cancel()

    asyncio.run(start())
    response.json({})
    assert response.ended
