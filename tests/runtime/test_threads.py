"""The pool of threads: everything comes back, nothing is kept, and it works for one loop after another."""

import asyncio
import contextvars
import gc
import threading
import weakref

import pytest

from slugline.callables import from_thread
from slugline.runtime.threads import Overloaded, Threads

VARIABLE = contextvars.ContextVar("VARIABLE", default="outside")


@pytest.fixture
def threads():
    pool = Threads(4)
    yield pool
    pool.close()


async def test_a_job_runs_on_a_thread_and_gives_its_result(threads):
    name, value = await threads.run(lambda first, second: (threading.current_thread().name, first + second), 1, 2)
    assert value == 3
    assert name.startswith("slugline-")
    assert threads.waiting == 0


async def test_ten_thousand_quick_jobs_all_come_back(threads):
    threads.max_waiting = 10_000
    results = await asyncio.gather(*(threads.run(divmod, number, 7) for number in range(10_000)))
    assert results == [divmod(number, 7) for number in range(10_000)]
    assert threads.waiting == 0


async def test_jobs_run_at_once_on_different_threads(threads):
    meeting = threading.Barrier(4, timeout=10)
    assert sorted(await asyncio.gather(*(threads.run(meeting.wait) for _ in range(4)))) == [0, 1, 2, 3]


async def test_threads_are_started_as_they_are_needed_and_used_again(threads):
    names = {await threads.run(lambda: threading.current_thread().name) for _ in range(10)}
    assert len(names) == 1


ERRORS = [ValueError("x"), KeyError(), KeyboardInterrupt(), SystemExit(3), asyncio.CancelledError()]


def raise_it(error):
    raise error


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
async def test_what_a_job_raises_its_caller_gets(threads, error):
    with pytest.raises(type(error)) as caught:
        await threads.run(raise_it, error)
    # asyncio gives a cancellation anew; everything else is the very object.
    assert caught.value is error or isinstance(error, asyncio.CancelledError)
    assert await threads.run(int, "5") == 5


@pytest.mark.parametrize("error", [StopIteration(5), GeneratorExit()], ids=lambda error: type(error).__name__)
async def test_what_ends_a_coroutine_cannot_pass_for_its_end(threads, error):
    with pytest.raises(RuntimeError, match=f"^A handler raised {type(error).__name__}") as caught:
        await threads.run(raise_it, error)
    assert caught.value.__cause__ is error


async def test_a_job_sees_the_callers_context_and_keeps_its_changes_to_itself(threads):
    def look_and_change():
        seen = VARIABLE.get()
        VARIABLE.set("inside")
        return seen

    VARIABLE.set("caller")
    assert [await threads.run(look_and_change) for _ in range(3)] == ["caller"] * 3
    assert VARIABLE.get() == "caller"


async def test_the_result_of_a_cancelled_job_is_dropped(threads):
    begun = threading.Event()
    release = threading.Event()
    ended = threading.Event()

    def work():
        begun.set()
        release.wait(10)
        ended.set()
        return "nobody waits"

    job = threads.run(work)
    other = threads.run(int, "7")
    assert await threads.run(begun.wait, 10)  # a job cancelled before is not begun at all
    job.cancel()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert await other == 7
    # The thread is not stopped; it ends by itself and is used again.
    assert await threads.run(ended.wait, 10)
    assert await asyncio.gather(*(threads.run(int, "1") for _ in range(8))) == [1] * 8
    assert threads.waiting == 0


async def test_a_cancelled_job_that_fails_is_dropped_as_well(threads):
    begun = threading.Event()
    release = threading.Event()

    def work():
        begun.set()
        release.wait(10)
        raise ValueError("nobody waits")

    job = threads.run(work)
    assert await threads.run(begun.wait, 10)
    job.cancel()
    release.set()
    assert await asyncio.gather(*(threads.run(int, "1") for _ in range(20))) == [1] * 20


class Thing:
    """Something whose end can be watched."""


@pytest.mark.parametrize("fails", [False, True])
async def test_nothing_of_a_job_is_kept_by_an_idle_thread(threads, fails):
    thing = Thing()
    watched = weakref.ref(thing)

    def use(argument):
        VARIABLE.set(argument)
        if fails:
            raise ValueError
        return argument

    try:
        await threads.run(use, thing)
    except ValueError as error:
        error.__traceback__ = None
    await threads.run(int)  # the same thread; it has come back from the first job for certain
    del thing
    gc.collect()
    assert watched() is None


async def test_too_many_jobs_are_refused_and_the_others_run():
    pool = Threads(2, max_waiting=3)
    release = threading.Event()
    jobs = [pool.run(release.wait, 10) for _ in range(5)]
    assert pool.waiting == 3
    for _ in range(2):
        with pytest.raises(Overloaded):
            pool.run(int)
    release.set()
    assert await asyncio.gather(*jobs) == [True] * 5
    assert await pool.run(int, "5") == 5
    pool.close()


async def test_a_pool_without_a_queue_still_runs_as_many_as_it_has_threads():
    pool = Threads(1, max_waiting=1)
    release = threading.Event()
    jobs = [pool.run(release.wait, 10), pool.run(int)]
    with pytest.raises(Overloaded):
        pool.run(int)
    release.set()
    await asyncio.gather(*jobs)
    pool.close()


async def test_a_closed_pool_finishes_what_it_has_and_works_again(threads):
    release = threading.Event()
    jobs = [threads.run(release.wait, 10) for _ in range(8)]
    threads.close()
    release.set()
    assert await asyncio.gather(*jobs) == [True] * 8
    assert await threads.run(int, "5") == 5


async def test_a_thread_can_ask_the_loop_it_works_for(threads):
    async def on_the_loop(value):
        await asyncio.sleep(0)
        return value, asyncio.get_running_loop()

    assert await threads.run(from_thread, on_the_loop, 5) == (5, asyncio.get_running_loop())


async def test_what_a_thread_waits_for_has_a_thread_of_its_own():
    pool = Threads(2, max_waiting=2)
    both = threading.Barrier(2)

    async def ask(depth):
        return await pool.run(wait_for, depth)

    def wait_for(depth):
        if depth == 3:
            both.wait(10)  # the two threads of the pool are taken
        return from_thread(ask, depth - 1) + 1 if depth else threading.current_thread().name.startswith("slugline-beside")

    async with asyncio.timeout(10):
        assert await asyncio.gather(pool.run(wait_for, 3), pool.run(wait_for, 3)) == [4, 4]
    assert pool.outstanding == 0
    assert await pool.run(lambda: threading.current_thread().name) in ("slugline-1", "slugline-2")
    pool.close()


def test_it_works_for_one_loop_after_another():
    pool = Threads(2)

    async def ask():
        return await asyncio.gather(*(pool.run(int, str(number)) for number in range(20)))

    for _ in range(3):
        assert asyncio.run(ask()) == list(range(20))
    pool.close()


def test_a_job_of_a_loop_that_is_gone_does_not_stop_the_next():
    pool = Threads(2)
    release = threading.Event()
    ended = []

    def linger():
        ended.append(threading.current_thread())
        release.wait(10)

    async def leave_behind():
        lingering = pool.run(linger)
        while not ended:
            await pool.run(int)
        lingering.cancel()

    async def ask():
        release.set()
        ended[0].join(10)  # the thread finds its loop closed, and ends
        assert not ended[0].is_alive()
        return await asyncio.wait_for(asyncio.gather(*(pool.run(int, "5") for _ in range(10))), 10)

    asyncio.run(leave_behind())

    async def bind_first():
        # Bound to the new loop before the old thread comes to its end.
        assert await pool.run(int) == 0
        return await ask()

    assert asyncio.run(bind_first()) == [5] * 10
    pool.close()
