"""Where `def` handlers run: a few long-lived threads.

How to think about it. The loop puts a job into a queue; a thread takes it, runs it, and lays the result into a second
queue. Waking the loop is the expensive part (a system call, and a fight over the interpreter), so it is woken once for
a batch: the first finished job wakes it, those that finish before it has looked ride along.

All counting happens on the loop's thread, so there are no locks.

A `def` handler may wait for something that has a job of its own, as `res.revalidate` for another handler. When all threads wait
so, none is left for the jobs that they wait for. Such a job has a thread of its own, and is never refused.
"""

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from slugline.callables import is_waited_for, set_worker_loop

__all__ = ["DEFAULT_THREADS", "Overloaded", "Threads"]

DEFAULT_THREADS = 40
"""As many as FastAPI and Starlette use (anyio's default): enough for handlers that wait, few enough for the memory."""

Job = tuple[asyncio.Future[Any], contextvars.Context, Callable[..., Any], tuple[Any, ...]]
Outcome = tuple[asyncio.Future[Any], Any, BaseException | None]


class Overloaded(Exception):
    """More jobs wait for a thread than is allowed."""


class _Outcomes(deque[Outcome]):
    """Finished jobs on their way to one loop."""

    # Whether the loop has been woken for them. It belongs to the loop and not to the pool: a thread of an earlier loop, which
    # is closed, finds that out by trying to wake it, and must not keep the threads of the next loop from waking theirs.
    waking = False


class Threads:
    """A pool of at most `size` threads for one event loop, started when they are first needed, and of others where these wait."""

    def __init__(self, size: int = DEFAULT_THREADS, *, max_waiting: int = 1000) -> None:
        self.size = size
        self.max_waiting = max_waiting
        self._loop: asyncio.AbstractEventLoop | None = None
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._outcomes = _Outcomes()
        self._started = 0
        self.outstanding = 0
        """How many jobs run or wait."""

    @property
    def waiting(self) -> int:
        """How many jobs have no thread yet."""
        return max(0, self.outstanding - self.size)

    def run(self, function: Callable[..., Any], /, *arguments: Any) -> asyncio.Future[Any]:
        """Run `function(*arguments)` on a thread, with a copy of the caller's context variables.

        Called on the loop's thread. Raises Overloaded when too many jobs wait already.
        """
        loop = self._loop
        if loop is None or loop.is_closed():
            loop = self._bind(asyncio.get_running_loop())
        if self.outstanding - self.size >= self.max_waiting and not is_waited_for():
            raise Overloaded
        return self.run_admitted(function, *arguments)

    def run_admitted(self, function: Callable[..., Any], /, *arguments: Any) -> asyncio.Future[Any]:
        """Run as `run` does, for a request that was let in already: its file, its iterator, what follows it. Never refused."""
        loop = self._loop
        if loop is None or loop.is_closed():
            loop = self._bind(asyncio.get_running_loop())
        future = loop.create_future()
        self.outstanding += 1
        if is_waited_for():
            beside: SimpleQueue[Job | None] = SimpleQueue()
            beside.put((future, contextvars.copy_context(), function, arguments))
            beside.put(None)
            self._start_thread(loop, beside, "slugline-beside")
            return future
        if self._started < self.size and self._started < self.outstanding:
            self._started += 1
            self._start_thread(loop, self._jobs, f"slugline-{self._started}")
        self._jobs.put((future, contextvars.copy_context(), function, arguments))
        return future

    def close(self) -> None:
        """Let the threads end once the jobs in the queue are done; does not wait for them."""
        for _ in range(self._started):
            self._jobs.put(None)
        self._started = 0

    def _bind(self, loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
        self._loop = loop
        self._jobs = SimpleQueue()
        self._outcomes = _Outcomes()
        self._started = self.outstanding = 0
        return loop

    def _start_thread(self, loop: asyncio.AbstractEventLoop, jobs: "SimpleQueue[Job | None]", name: str) -> None:
        # A daemon: a handler that never returns must not keep the process from ending.
        threading.Thread(target=self._work, args=(loop, jobs, self._outcomes), name=name, daemon=True).start()

    def _work(self, loop: asyncio.AbstractEventLoop, jobs: "SimpleQueue[Job | None]", outcomes: _Outcomes) -> None:
        set_worker_loop(loop)
        while True:
            job = jobs.get()
            if job is None:
                return
            future, context, function, arguments = job
            outcome: Outcome = (future, None, None)
            try:
                if not future.cancelled():  # nobody waits any more: a 504 has gone, and the work must not be done after it
                    outcome = (future, context.run(function, *arguments), None)
            except BaseException as error:  # noqa: BLE001 (whatever a handler raises is its caller's to judge)
                outcome = (future, None, error)
            outcomes.append(outcome)
            # Let go of the job: whether anybody still holds `res` decides whether an answer can still come.
            del job, future, context, function, arguments, outcome
            if not outcomes.waking:
                outcomes.waking = True
                try:
                    loop.call_soon_threadsafe(self._collect, outcomes)
                except RuntimeError:
                    return  # the loop is closed; nobody waits any more

    def _collect(self, outcomes: _Outcomes) -> None:
        # Before the look, not after: a job that finishes from here on wakes the loop again.
        outcomes.waking = False
        while outcomes:
            future, result, error = outcomes.popleft()
            self.outstanding -= 1
            if future.cancelled():
                continue
            if error is None:
                future.set_result(result)
            elif isinstance(error, StopIteration | GeneratorExit):
                # Inside a coroutine either means that the coroutine itself is at its end.
                failure = RuntimeError(f"A handler raised {type(error).__name__}.")
                failure.__cause__ = error  # so that the log shows where
                future.set_exception(failure)
            else:
                future.set_exception(error)
