"""Pages that are made once and made anew in the background: Next.js's incremental static regeneration.

How to think about it. `_memory` holds copies of what the store has. A copy may stay as long as `Changes` names no other writer of
its path, so every read of the store is watched: a change that comes in between makes the copy worthless before it is kept.

Making a page is one task for each path in a process (`_making`), and under a claim of the store, which others in other
processes respect. The task belongs to nobody: a request waits for it behind a shield, and may go away.

`regenerate` is for data that has just changed. What is being made already may have been made of the data before, so it
waits for that to end and makes the page once more (`_queued`); those who ask while it waits share it.

Anybody can make up paths, each of which may be found not to exist. Such a 404 stays in this process, whose memory has a limit: a
store would fill up with them.
"""

import asyncio
import contextlib
import contextvars
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from slugline.callables import RunInThread
from slugline.pages.entry import Entry
from slugline.pages.memory_store import DEFAULT_LIMIT_BYTES, PageMemory
from slugline.pages.store import ALL_PATHS, Claim, PageNotKept, PageStore

__all__ = ["Incremental", "Render", "Spawn", "State"]

logger = logging.getLogger("slugline")

Render = Callable[[], Awaitable[Entry]]
State = Literal["HIT", "STALE", "MISS"]
Outcome = Literal["kept", "late", "lost"]
"""What became of a page that was to be written: somebody has written a newer one, or the store did not take it."""


class Made(NamedTuple):
    """A page, where it is from, and what became of it in the store."""

    entry: Entry
    state: State
    outcome: Outcome = "kept"


CLAIM_SECONDS = 60.0
"""How long a claim lasts when its holder does not come back. NEXTJS: `staticPageGenerationTimeout`, how long a page may take in a build."""
WAIT_SECONDS = 10.0
"""How long a first request waits for the page that another worker is making, before it makes its own."""
POLL_SECONDS = 0.05
# NEXTJS: response-cache/index.js, `retainPreviousCacheEntry`: revalidate is set to what it was, but between 3 and 30 seconds.
SOONEST_RETRY_SECONDS = 3
LATEST_RETRY_SECONDS = 30
# A page that others replace faster than it can be read is served as it was read last.
READ_ATTEMPTS = 3


class Spawn(Protocol):
    """Runs a coroutine function beside the requests, and is waited for when the application stops."""

    def __call__(self, function: Callable[..., Awaitable[Any]], /, *arguments: Any) -> object: ...


class Incremental:
    """The pages of one process, in front of a store; everything is called on the event loop.

    One for each store object. `clock` gives seconds since 1970, `sleep` waits.
    """

    def __init__(
        self,
        store: PageStore,
        *,
        run_in_thread: RunInThread,
        spawn: Spawn,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        memory_bytes: int = DEFAULT_LIMIT_BYTES,
        claim_seconds: float = CLAIM_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._store = store
        self._run_in_thread = run_in_thread
        self._spawn = spawn
        self._clock = clock
        self._sleep = sleep
        self._claim_seconds = claim_seconds
        self._wait_seconds = wait_seconds
        self._memory = PageMemory(memory_bytes)
        self._changes = store.changes()
        self._watches: set[_Watch] = set()
        self._loading: dict[str, asyncio.Task[Entry | None]] = {}
        self._making: dict[str, asyncio.Task[Made]] = {}
        self._queued: dict[str, asyncio.Task[Made]] = {}
        # SECURITY: a page is made for everybody, so nothing of the request that happened to be first, such as its user in a
        # context variable, may be seen while it is made.
        self._context = contextvars.copy_context()

    def peek(self, path: str) -> Entry | None:
        """Give a page from memory; None when it is not there, is to be made anew, or another worker has replaced it.

        Never waits. What it gives is a HIT.
        """
        # PERF: 1.2 µs, of which 0.8 are the look at the disk's journal.
        changed = self._changes.take()
        if changed:
            self._drop(changed)
        entry = self._memory.get(path)
        if entry is None or entry.is_stale(self._clock()):
            return None
        return entry

    async def get(self, path: str, render: Render, *, is_named: bool = True) -> tuple[Entry, State]:
        """Give a page, and whether it was kept, is stale and made anew in the background, or was made now.

        `is_named`: the project has named the path, nobody has made it up. Raises what `render` raises, when there is no older page.
        """
        entry = self.peek(path) or await self._find(path)
        if entry is None:
            task = self._making.get(path) or self._queued.get(path) or self._start(path, self._make_first(path, render, is_named))
            made = await asyncio.shield(task)
            return made.entry, made.state
        if not entry.is_stale(self._clock()):
            return entry, "HIT"
        if path not in self._making and path not in self._queued:
            task = self._start(path, self._make_anew(path, entry, render, is_named))
            self._spawn(asyncio.wait, [task])
        return entry, "STALE"

    async def regenerate(self, path: str, render: Render, *, is_named: bool = True) -> Entry:
        """Make a page anew from data as they are now, keep it, and give it; `res.revalidate`.

        Raises what `render` raises; the page before is kept then, and tried again soon. Raises PageNotKept when the store did not take it.
        """
        task = self._queued.get(path)
        if task is None:
            task = self._queued[path] = self._create_task(self._make_queued(path, self._making.get(path), render, is_named))
            _forget_when_done(self._queued, path, task)
        made = await asyncio.shield(task)
        if made.outcome == "lost":
            raise PageNotKept(made.entry)
        return made.entry

    async def holds(self, path: str) -> bool:
        """Tell whether there is a page for the path, stale or not."""
        return self.peek(path) is not None or await self._find(path) is not None

    def forget(self, path: str) -> None:
        """Drop the copy in memory; the store keeps its page."""
        self._drop((path,))

    def close(self) -> None:
        """Let go of what the store's changes are read from."""
        self._changes.close()

    # Memory

    def _look_for_changes(self) -> None:
        changed = self._changes.take()
        if changed:
            self._drop(changed)

    def _drop(self, changed: Collection[str]) -> None:
        if changed is ALL_PATHS:
            self._memory.clear()
        else:
            for path in changed:
                self._memory.drop(path)
        for watch in self._watches:
            if changed is ALL_PATHS or watch.path in changed:
                watch.changed = True

    def _remember(self, path: str, entry: Entry) -> None:
        self._drop((path,))  # and whoever is reading the store just now may have seen the page before
        self._memory.put(path, entry)

    @contextlib.contextmanager
    def _watching(self, path: str) -> Iterator["_Watch"]:
        """Watch whether a page is replaced from here on."""
        self._look_for_changes()
        watch = _Watch(path)
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    # The store

    async def _find(self, path: str) -> Entry | None:
        """Give a page from memory or from the store, stale or not."""
        entry = self._memory.get(path)
        if entry is not None:
            return entry
        task = self._loading.get(path)
        if task is None:
            task = self._loading[path] = self._create_task(self._load(path))
            _forget_when_done(self._loading, path, task)
        return await asyncio.shield(task)

    async def _load(self, path: str) -> Entry | None:
        """Read a page from the store, and keep a copy if it is the newest."""
        entry: Entry | None = None
        for _ in range(READ_ATTEMPTS):
            with self._watching(path) as watch:
                entry = await self._run_in_thread(self._store.read, path)
                self._look_for_changes()
            if not watch.changed:
                if entry is not None:
                    self._memory.put(path, entry)
                break
        return entry

    # Making

    def _create_task(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(coroutine, context=self._context.copy())

    def _start(self, path: str, coroutine: Coroutine[Any, Any, Made]) -> asyncio.Task[Made]:
        task = self._making[path] = self._create_task(coroutine)
        _forget_when_done(self._making, path, task)
        return task

    async def _make_first(self, path: str, render: Render, is_named: bool) -> Made:
        """Make a page that there is not, or take the one that another worker makes meanwhile."""
        claim = None
        try:
            for seconds in _waits(self._wait_seconds):
                claim = await self._claim(path)
                found = await self._load(path)  # after the claim: whoever had it before us has written by now
                if found is not None:
                    return Made(found, "HIT")
                if claim is not None:
                    break
                await self._sleep(seconds)
            return await self._make(path, render, claim, None, is_named)
        finally:
            await self._release(claim)

    async def _make_anew(self, path: str, previous: Entry, render: Render, is_named: bool) -> Made:
        """Make a stale page anew, unless another worker does or has; raises nothing, and gives the best page there is."""
        claim = None
        try:
            claim = await self._claim(path)
            if claim is None:
                # The next request would ask again at once, and there may be thousands.
                await self._sleep(POLL_SECONDS)
                return Made(previous, "STALE")
            found = await self._load(path) or previous
            if not found.is_stale(self._clock()):
                return Made(found, "HIT")
            return await self._make(path, render, claim, found, is_named)
        except Exception:
            logger.exception("The page %s could not be made anew. The one before is still served, and it is tried again soon.", path)
            return Made(previous, "STALE")
        finally:
            await self._release(claim)

    async def _make_queued(self, path: str, before: asyncio.Task[Made] | None, render: Render, is_named: bool) -> Made:
        """Make a page anew after what is being made now has ended."""
        if before is not None:
            await asyncio.wait([before], timeout=self._claim_seconds)
        task = asyncio.current_task()
        assert task is not None
        # From here on the data are read: who calls `regenerate` now gets another one.
        del self._queued[path]
        self._making[path] = task
        _forget_when_done(self._making, path, task)
        claim = None
        try:
            for seconds in _waits(self._claim_seconds):
                claim = await self._claim(path)
                if claim is not None:
                    break
                await self._sleep(seconds)
            return await self._make(path, render, claim, await self._load(path), is_named)
        finally:
            await self._release(claim)

    async def _make(self, path: str, render: Render, claim: Claim | None, previous: Entry | None, is_named: bool) -> Made:
        """Render a page and keep it. Raises what `render` raises, after which `previous` counts as fresh for a few seconds."""
        try:
            entry = await render()
        except Exception:
            if previous is not None:
                await self._keep(path, self._retried_soon(previous), claim, previous, is_named)
            raise
        return Made(entry, "MISS", await self._keep(path, entry, claim, previous, is_named))

    def _retried_soon(self, entry: Entry) -> Entry:
        seconds = min(max(entry.revalidate_seconds or SOONEST_RETRY_SECONDS, SOONEST_RETRY_SECONDS), LATEST_RETRY_SECONDS)
        return msgspec.structs.replace(entry, revalidate_seconds=seconds, rendered_at=self._clock())

    async def _keep(self, path: str, entry: Entry, claim: Claim | None, previous: Entry | None, is_named: bool) -> Outcome:
        """Write a page, unless the claim has passed to somebody who has written since: what they made is newer.

        What the store does not take is served from memory, for as long as the store says nothing else.
        """
        with self._watching(path) as watch:
            write = _write_over if entry.kind == "not_found" and not is_named else _write_unless_late
            outcome: Outcome = await self._run_in_thread(write, self._store, path, entry, claim, previous)
            self._look_for_changes()
        if outcome != "late" and not watch.changed:
            self._remember(path, entry)
        else:
            self._drop((path,))
        return outcome

    async def _claim(self, path: str) -> Claim | None:
        claim: Claim | None = await self._run_in_thread(self._store.claim, path, self._claim_seconds)
        return claim

    async def _release(self, claim: Claim | None) -> None:
        if claim is not None:
            await self._run_in_thread(claim.release)


class _Watch:
    """Whether a page was replaced while somebody was reading or writing it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.changed = False


def _write_over(store: PageStore, path: str, entry: Entry, claim: Claim | None, previous: Entry | None) -> Outcome:
    """Write in place of a page that the store has; where it has none, there is nothing to keep. On a worker thread."""
    # SECURITY: made-up paths cost no room in the store, which has no limit.
    return "kept" if store.read(path) is None else _write_unless_late(store, path, entry, claim, previous)


def _write_unless_late(store: PageStore, path: str, entry: Entry, claim: Claim | None, previous: Entry | None) -> Outcome:
    """Write on a worker thread."""
    if claim is not None and not claim.is_held() and store.read(path) != previous:
        return "late"
    return "kept" if store.write(path, entry) else "lost"


def _waits(total_seconds: float) -> Iterator[float]:
    """Give how long to wait after each attempt, longer each time up to a quarter of a second; in total `total_seconds`."""
    waited, seconds = 0.0, POLL_SECONDS / 4
    while waited < total_seconds:
        yield seconds
        waited += seconds
        seconds = min(seconds * 1.5, 0.25)


def _forget_when_done(tasks: dict[str, asyncio.Task[Any]], path: str, task: asyncio.Task[Any]) -> None:
    def forget(done: asyncio.Task[Any]) -> None:
        if tasks.get(path) is done:
            del tasks[path]

    task.add_done_callback(forget)
