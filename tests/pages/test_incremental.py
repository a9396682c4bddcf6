"""Pages that are made once and made anew in the background: when, how often, by whom, and what everybody else gets meanwhile."""

import asyncio
import contextvars
import random
import shutil
import time

import pytest

from redis_server import run_redis
from slugline.pages.disk_store import DiskStore
from slugline.pages.entry import cache_control, make_entry
from slugline.pages.incremental import Incremental
from slugline.pages.memory_store import MemoryStore
from slugline.pages.redis_store import RedisStore
from slugline.pages.store import PageNotKept, UnsharedClaim

WITHIN_SECONDS = 20


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


class Page:
    """A page whose making can be held up and made to fail; each one says which it is."""

    def __init__(self, clock, *, revalidate=10):
        self.clock = clock
        self.revalidate = revalidate
        self.made = 0
        self.text = None
        self.kind = "page"
        self.error = None
        self.gate = None

    async def __call__(self):
        self.made += 1
        text = self.text or f"version {self.made}"
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return make_entry(text, kind=self.kind, revalidate_seconds=self.revalidate, now=self.clock())

    def hold(self):
        self.gate = asyncio.Event()
        return self.gate


class Workers:
    """Several Incremental objects as several processes would have them, on one loop, with one clock that only the test moves."""

    def __init__(self, make_store):
        self.clock = Clock()
        self.background = set()
        self.slept = []
        self.pause = lambda: 0
        self._make_store = make_store
        self._made = []

    def new(self, **options):
        worker = Incremental(
            self._make_store(), clock=self.clock, sleep=self.sleep, run_in_thread=self.run_in_thread, spawn=self.spawn, **options
        )
        self._made.append(worker)
        return worker

    async def run_in_thread(self, function, *arguments):
        for _ in range(self.pause()):
            await asyncio.sleep(0)
        result = function(*arguments)
        for _ in range(1 + self.pause()):
            await asyncio.sleep(0)
        return result

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.clock.now += 0
        await asyncio.sleep(0)

    def spawn(self, function, *arguments):
        task = asyncio.ensure_future(function(*arguments))
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    async def settle(self):
        """Wait until nothing runs in the background."""
        while self.background:
            await asyncio.wait(set(self.background), timeout=WITHIN_SECONDS)

    def close(self):
        for worker in self._made:
            worker.close()


@pytest.fixture
def workers(tmp_path):
    """Workers that share a folder."""
    made = Workers(lambda: DiskStore(tmp_path / "pages", clock=made.clock))
    yield made
    made.close()


@pytest.fixture(params=["memory", "disk"])
def worker(request, tmp_path):
    """One worker, on memory or on a disk, with what belongs to it."""
    store = MemoryStore() if request.param == "memory" else DiskStore(tmp_path / "pages")
    workers = Workers(lambda: store)
    worker = workers.new()
    worker.workers = workers
    yield worker
    workers.close()


async def ticks(count=200):
    for _ in range(count):
        await asyncio.sleep(0)


async def eventually(condition):
    deadline = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)


def text_of(made):
    entry, state = made
    return entry.body.decode(), state


# One worker


async def test_a_page_is_made_once_and_then_comes_from_memory(worker):
    page = Page(worker.workers.clock)
    assert worker.peek("/a") is None
    assert not await worker.holds("/a")
    assert text_of(await worker.get("/a", page)) == ("version 1", "MISS")
    assert worker.peek("/a").body == b"version 1"
    assert text_of(await worker.get("/a", page)) == ("version 1", "HIT")
    assert await worker.holds("/a")
    assert page.made == 1


async def test_paths_are_apart(worker):
    page, other = Page(worker.workers.clock), Page(worker.workers.clock)
    other.text = "other"
    await asyncio.gather(worker.get("/a", page), worker.get("/b", other))
    assert (worker.peek("/a").body, worker.peek("/b").body) == (b"version 1", b"other")


async def test_eight_first_requests_at_once_make_a_page_once(worker):
    page = Page(worker.workers.clock)
    gate = page.hold()
    requests = [asyncio.ensure_future(worker.get("/a", page)) for _ in range(8)]
    await ticks()
    late = asyncio.ensure_future(worker.get("/a", page))
    await ticks()
    gate.set()
    assert {text_of(made) for made in await asyncio.gather(*requests, late)} == {("version 1", "MISS")}
    assert page.made == 1


async def test_a_page_in_the_store_is_not_made(worker):
    page = Page(worker.workers.clock)
    await worker.get("/a", page)
    worker.forget("/a")
    assert worker.peek("/a") is None
    assert await worker.holds("/a")
    worker.forget("/a")
    assert text_of(await worker.get("/a", page)) == ("version 1", "HIT")
    assert worker.peek("/a") is not None


async def test_a_stale_page_is_served_while_one_new_one_is_made(worker):
    clock = worker.workers.clock
    page = Page(clock)
    await worker.get("/a", page)
    clock.now += 10
    assert worker.peek("/a") is not None
    clock.now += 0.1
    assert worker.peek("/a") is None
    gate = page.hold()
    for _ in range(5):
        assert text_of(await worker.get("/a", page)) == ("version 1", "STALE")
        await ticks()
    assert len(worker.workers.background) == 1  # the application waits for it when it stops
    assert await worker.holds("/a")
    gate.set()
    await worker.workers.settle()
    assert worker.peek("/a").body == b"version 2"
    assert page.made == 2
    assert worker.workers.slept == []


async def test_a_stale_page_that_is_only_in_the_store_is_served_too(worker):
    clock = worker.workers.clock
    page = Page(clock)
    await worker.get("/a", page)
    clock.now += 11
    worker.forget("/a")
    assert text_of(await worker.get("/a", page)) == ("version 1", "STALE")
    await worker.workers.settle()
    assert text_of(await worker.get("/a", page)) == ("version 2", "HIT")


async def test_a_page_without_revalidate_stays(worker):
    page = Page(worker.workers.clock, revalidate=None)
    await worker.get("/a", page)
    worker.workers.clock.now += 1e9
    assert text_of(await worker.get("/a", page)) == ("version 1", "HIT")


@pytest.mark.parametrize(("revalidate", "retry_seconds"), [(1, 3), (3, 3), (10, 10), (30, 30), (3600, 30)])
async def test_a_page_that_fails_to_be_made_anew_stays_and_is_tried_again(worker, caplog, revalidate, retry_seconds):
    clock = worker.workers.clock
    page = Page(clock, revalidate=revalidate)
    await worker.get("/a/b", page)
    clock.now += revalidate + 1
    page.error = LookupError("no database")
    assert text_of(await worker.get("/a/b", page)) == ("version 1", "STALE")
    await worker.workers.settle()
    assert "The page /a/b could not be made anew." in caplog.text
    assert "LookupError: no database" in caplog.text
    assert text_of(await worker.get("/a/b", page)) == ("version 1", "HIT")
    clock.now += retry_seconds
    assert text_of(await worker.get("/a/b", page)) == ("version 1", "HIT")
    await worker.workers.settle()
    assert page.made == 2
    page.error = None
    clock.now += 0.1
    assert text_of(await worker.get("/a/b", page)) == ("version 1", "STALE")
    await worker.workers.settle()
    made = worker.peek("/a/b")
    assert (made.body, made.revalidate_seconds) == (b"version 3", revalidate)
    assert len(caplog.records) == 1


async def test_a_first_page_that_fails_is_an_error_for_all_who_wait_and_is_not_kept(worker, caplog):
    page = Page(worker.workers.clock)
    gate = page.hold()
    page.error = LookupError("no database")
    requests = [asyncio.ensure_future(worker.get("/a", page)) for _ in range(3)]
    await ticks()
    gate.set()
    assert [type(error) for error in await asyncio.gather(*requests, return_exceptions=True)] == [LookupError] * 3
    assert not await worker.holds("/a")
    page.error = None
    assert text_of(await worker.get("/a", page)) == ("version 2", "MISS")
    assert not caplog.records


async def test_a_404_and_a_redirect_are_kept_as_pages_are(worker):
    missing = make_entry("", kind="not_found", status=404, revalidate_seconds=5, now=worker.workers.clock())
    moved = make_entry("/b", kind="redirect", status=307, location="/b", now=worker.workers.clock())

    async def give(entry):
        return entry

    for path, entry in (("/missing", missing), ("/moved", moved)):
        assert await worker.get(path, lambda entry=entry: give(entry)) == (entry, "MISS")
        assert worker.peek(path) == entry
    assert cache_control(worker.peek("/missing")).startswith("s-maxage=5,")


async def test_a_404_for_a_made_up_path_takes_no_room_in_the_store(workers, tmp_path):
    worker = workers.new()
    page = Page(workers.clock)
    page.kind = "not_found"
    for number in range(50):
        path = f"/made-up/{number}"
        assert (await worker.get(path, page, is_named=False))[1] == "MISS"
        assert (await worker.get(path, page, is_named=False))[1] == "HIT"
    assert page.made == 50
    assert list(tmp_path.rglob("*.page")) == []
    page.text, page.error = "never seen", RuntimeError("away")
    workers.clock.now += 11
    assert (await worker.get("/made-up/1", page, is_named=False))[1] == "STALE"
    await workers.settle()
    assert (await worker.get("/made-up/1", page, is_named=False))[1] == "HIT"
    assert list(tmp_path.rglob("*.page")) == []
    page.error = None
    assert (await worker.regenerate("/made-up/1", page, is_named=False)).kind == "not_found"
    assert list(tmp_path.rglob("*.page")) == []


async def test_a_404_for_a_named_path_is_kept_in_the_store(workers, tmp_path):
    page = Page(workers.clock)
    page.kind = "not_found"
    await workers.new().get("/named", page)
    assert (await workers.new().get("/named", page))[1] == "HIT"
    assert len(list(tmp_path.rglob("*.page"))) == 1


async def test_a_made_up_path_that_became_a_page_and_ceased_to_be_one_is_the_same_for_all_workers(workers):
    first, second = workers.new(), workers.new()
    page = Page(workers.clock)
    page.kind = "not_found"
    for worker in (first, second):
        assert (await worker.get("/post", page, is_named=False))[0].kind == "not_found"
    page.kind, page.text = "page", "written"
    await second.regenerate("/post", page, is_named=False)
    assert text_of(await first.get("/post", page, is_named=False)) == ("written", "HIT")
    page.kind = "not_found"
    await first.regenerate("/post", page, is_named=False)
    assert (await second.get("/post", page, is_named=False))[0].kind == "not_found"
    assert (await workers.new().get("/post", page, is_named=False))[1] == "HIT"


async def test_a_request_that_goes_away_takes_nothing_with_it(worker):
    page = Page(worker.workers.clock)
    gate = page.hold()
    requests = [asyncio.ensure_future(worker.get("/a", page)) for _ in range(2)]
    await ticks()
    requests[0].cancel()
    await ticks()
    gate.set()
    assert text_of(await requests[1]) == ("version 1", "MISS")
    assert requests[0].cancelled()

    gate = page.hold()
    request = asyncio.ensure_future(worker.regenerate("/a", page))
    await ticks()
    request.cancel()
    await ticks()
    assert request.cancelled()
    gate.set()
    await ticks()
    assert worker.peek("/a").body == b"version 2"


async def test_a_failure_that_nobody_waits_for_any_more_makes_no_noise(worker, caplog):
    page = Page(worker.workers.clock)
    gate = page.hold()
    page.error = LookupError("no database")
    request = asyncio.ensure_future(worker.get("/a", page))
    await ticks()
    request.cancel()
    await ticks()
    gate.set()
    await ticks()
    page.error = None
    assert text_of(await worker.get("/a", page)) == ("version 2", "MISS")


async def test_nothing_of_the_request_that_was_first_is_seen(worker):
    user = contextvars.ContextVar("user", default="nobody")
    page = Page(worker.workers.clock)
    seen = []

    async def render():
        seen.append(user.get())
        return await page()

    user.set("alice")
    await worker.get("/a", render)
    worker.workers.clock.now += 11
    await worker.get("/a", render)
    await worker.workers.settle()
    await worker.regenerate("/a", render)
    assert seen == ["nobody"] * 3


# regenerate


async def test_regenerate_replaces_a_page_and_gives_it(worker):
    page = Page(worker.workers.clock, revalidate=None)
    assert (await worker.regenerate("/a", page)).body == b"version 1"
    assert text_of(await worker.get("/a", page)) == ("version 1", "HIT")
    assert (await worker.regenerate("/a", page)).body == b"version 2"
    assert worker.peek("/a").body == b"version 2"


async def test_requests_get_the_page_before_while_it_is_regenerated(worker):
    page = Page(worker.workers.clock)
    await worker.get("/a", page)
    gate = page.hold()
    regeneration = asyncio.ensure_future(worker.regenerate("/a", page))
    await ticks()
    assert text_of(await worker.get("/a", page)) == ("version 1", "HIT")
    worker.workers.clock.now += 11
    assert text_of(await worker.get("/a", page)) == ("version 1", "STALE")
    gate.set()
    await regeneration
    assert worker.peek("/a").body == b"version 2"
    assert page.made == 2


async def test_regenerate_does_not_take_what_was_begun_before_it(worker):
    page = Page(worker.workers.clock)
    gate = page.hold()
    page.text = "old data"
    first = asyncio.ensure_future(worker.get("/a", page))
    await ticks()
    page.text = "new data"
    regenerations = [asyncio.ensure_future(worker.regenerate("/a", page)) for _ in range(3)]
    await ticks()
    assert page.made == 1
    gate.set()
    assert text_of(await first) == ("old data", "MISS")
    assert {entry.body for entry in await asyncio.gather(*regenerations)} == {b"new data"}
    assert worker.peek("/a").body == b"new data"
    assert page.made == 2


async def test_a_regeneration_begun_before_is_not_joined_either(worker):
    page = Page(worker.workers.clock)
    gate = page.hold()
    page.text = "old data"
    first = asyncio.ensure_future(worker.regenerate("/a", page))
    await ticks()
    page.text = "new data"
    second = asyncio.ensure_future(worker.regenerate("/a", page))
    await ticks()
    gate.set()
    assert [(await first).body, (await second).body] == [b"old data", b"new data"]
    assert worker.peek("/a").body == b"new data"


@pytest.mark.parametrize(("revalidate", "retry_seconds"), [(None, 3), (3600, 30)])
async def test_a_regeneration_that_fails_is_the_callers_and_tried_again_soon(worker, caplog, revalidate, retry_seconds):
    clock = worker.workers.clock
    page = Page(clock, revalidate=revalidate)
    page.error = LookupError("no database")
    with pytest.raises(LookupError):
        await worker.regenerate("/a", page)
    assert not await worker.holds("/a")
    page.error = None
    await worker.get("/a", page)
    page.error = LookupError("no database")
    with pytest.raises(LookupError):
        await worker.regenerate("/a", page)
    assert not caplog.records
    page.error = None
    assert text_of(await worker.get("/a", page)) == ("version 2", "HIT")
    clock.now += retry_seconds + 0.1
    assert text_of(await worker.get("/a", page)) == ("version 2", "STALE")
    await worker.workers.settle()
    assert worker.peek("/a").revalidate_seconds == revalidate


# Several workers


async def test_two_workers_make_a_stale_page_anew_once(workers):
    one, two = workers.new(), workers.new()
    page = Page(workers.clock)
    await one.get("/a", page)
    assert text_of(await two.get("/a", page)) == ("version 1", "HIT")
    workers.clock.now += 11
    gate = page.hold()
    for _ in range(3):
        for worker in (one, two):
            assert text_of(await worker.get("/a", page)) == ("version 1", "STALE")
        await ticks()
    gate.set()
    await workers.settle()
    for worker in (one, two):
        assert text_of(await worker.get("/a", page)) == ("version 2", "HIT")
    await workers.settle()
    assert page.made == 2
    assert workers.slept  # the second did not ask again and again


async def test_a_worker_that_asks_after_another_has_finished_takes_its_page(workers):
    one, two = workers.new(), workers.new()
    page = Page(workers.clock)
    await one.get("/a", page)
    await two.get("/a", page)
    workers.clock.now += 11
    # The second has seen that its page is stale, and the first makes a new one before the second has its claim.
    claim, asked = two._store.claim, []

    def claim_after_the_other(path, seconds):
        if not asked:
            asked.append(one._store.write(path, make_entry("by the first", revalidate_seconds=10, now=workers.clock())))
        return claim(path, seconds)

    two._store.claim = claim_after_the_other
    assert text_of(await two.get("/a", page)) == ("version 1", "STALE")
    await workers.settle()
    assert asked
    assert two.peek("/a").body == b"by the first"
    assert page.made == 1


async def test_first_requests_at_two_workers_make_a_page_once(workers):
    one, two = workers.new(wait_seconds=1e9), workers.new(wait_seconds=1e9)
    page = Page(workers.clock)
    gate = page.hold()
    requests = [asyncio.ensure_future(worker.get("/a", page)) for worker in (one, two) for _ in range(4)]
    await ticks()
    gate.set()
    assert [text_of(made) for made in await asyncio.gather(*requests)] == [("version 1", "MISS")] * 4 + [("version 1", "HIT")] * 4
    assert page.made == 1


async def test_who_has_waited_long_enough_makes_the_page_itself(workers):
    one, two = workers.new(), workers.new(wait_seconds=10)
    hanging, page = Page(workers.clock), Page(workers.clock)
    gate = hanging.hold()
    first = asyncio.ensure_future(one.get("/a", hanging))
    await ticks()
    assert text_of(await two.get("/a", page)) == ("version 1", "MISS")
    assert 9.5 < sum(workers.slept) < 10.5
    assert max(workers.slept) <= 0.25
    assert two.peek("/a") is not None
    gate.set()
    await first


async def test_a_holder_that_fails_lets_the_next_worker_try(workers):
    one, two = workers.new(wait_seconds=1e9), workers.new(wait_seconds=1e9)
    failing, page = Page(workers.clock), Page(workers.clock)
    gate = failing.hold()
    failing.error = LookupError("no database")
    first = asyncio.ensure_future(one.get("/a", failing))
    await ticks()
    second = asyncio.ensure_future(two.get("/a", page))
    await ticks()
    gate.set()
    with pytest.raises(LookupError):
        await first
    assert text_of(await second) == ("version 1", "MISS")


async def test_a_page_that_was_replaced_elsewhere_is_gone_from_memory_at_the_next_look(workers):
    one, two = workers.new(), workers.new()
    page = Page(workers.clock, revalidate=None)
    await one.get("/a", page)
    await two.get("/a", page)
    await two.get("/b", page)
    assert two.peek("/a") is not None
    await one.regenerate("/a", page)
    assert two.peek("/a") is None
    assert two.peek("/b") is not None
    assert text_of(await two.get("/a", page)) == ("version 3", "HIT")
    assert one.peek("/a").body == b"version 3"  # its own word does not make it forget


async def test_after_a_new_build_everything_is_read_again(workers, tmp_path):
    one, two = workers.new(), workers.new()
    page = Page(workers.clock, revalidate=None)
    for worker in (one, two):
        await worker.get("/a", page)
    shutil.rmtree(tmp_path / "pages")
    assert (one.peek("/a"), two.peek("/a")) == (None, None)
    assert text_of(await one.get("/a", page)) == ("version 2", "MISS")
    assert text_of(await two.get("/a", page)) == ("version 2", "HIT")


@pytest.mark.parametrize("journal", ["stays", "is deleted"])
async def test_a_page_that_is_replaced_while_it_is_read_is_read_again(workers, tmp_path, journal):
    one, two = workers.new(), workers.new()
    page = Page(workers.clock, revalidate=None)
    await one.get("/a", page)
    read, reads = two._store.read, []

    def read_before_the_other_writes(path):
        entry = read(path)
        reads.append(entry.body)
        if len(reads) == 1:
            one._store.write(path, make_entry("newer", now=workers.clock()))
            if journal == "is deleted":
                (tmp_path / "pages" / "changes").unlink()
        return entry

    two._store.read = read_before_the_other_writes
    assert text_of(await two.get("/a", page)) == ("newer", "HIT")
    assert reads == [b"version 1", b"newer"]
    assert two.peek("/a").body == b"newer"


async def test_a_page_that_is_replaced_while_it_is_written_is_not_kept_in_memory(workers):
    one, two = workers.new(), workers.new()
    page = Page(workers.clock, revalidate=None)
    write = two._store.write

    def write_before_the_other(path, entry):
        write(path, entry)
        one._store.write(path, make_entry("newer", now=workers.clock()))

    two._store.write = write_before_the_other
    assert text_of(await two.get("/a", page)) == ("version 1", "MISS")
    assert two.peek("/a") is None
    assert text_of(await two.get("/a", page)) == ("newer", "HIT")


async def test_a_regeneration_waits_for_the_one_of_another_worker(workers):
    one, two = workers.new(), workers.new()
    page = Page(workers.clock, revalidate=None)
    gate = page.hold()
    page.text = "old data"
    first = asyncio.ensure_future(one.get("/a", page))
    await ticks()
    page.text = "new data"
    second = asyncio.ensure_future(two.regenerate("/a", page))
    await ticks(10)
    assert page.made == 1
    gate.set()
    assert (await second).body == b"new data"
    await first
    for worker in (one, two):
        assert text_of(await worker.get("/a", page)) == ("new data", "HIT")


async def test_who_comes_too_late_does_not_replace_what_is_newer(workers):
    one, two = workers.new(claim_seconds=60), workers.new(claim_seconds=60)
    slow, page = Page(workers.clock, revalidate=None), Page(workers.clock, revalidate=None)
    gate = slow.hold()
    slow.text, page.text = "old data", "new data"
    late = asyncio.ensure_future(one.regenerate("/a", slow))
    await ticks()
    workers.clock.now += 61
    assert (await two.regenerate("/a", page)).body == b"new data"
    gate.set()
    assert (await late).body == b"old data"
    for worker in (one, two):
        assert text_of(await worker.get("/a", page)) == ("new data", "HIT")


async def test_who_comes_late_and_is_the_only_one_is_kept(workers):
    one, two = workers.new(), workers.new()
    slow, failing = Page(workers.clock, revalidate=None), Page(workers.clock, revalidate=None)
    gate = slow.hold()
    failing.error = LookupError("no database")
    late = asyncio.ensure_future(one.regenerate("/a", slow))
    await ticks()
    workers.clock.now += 61
    with pytest.raises(LookupError):
        await two.regenerate("/a", failing)
    gate.set()
    await late
    assert text_of(await two.get("/a", failing)) == ("version 1", "HIT")


async def test_a_store_that_is_away_means_each_for_itself(tmp_path, caplog):
    (tmp_path / "pages").write_text("")
    workers = Workers(lambda: DiskStore(tmp_path / "pages"))
    one, two = workers.new(), workers.new()
    page = Page(workers.clock)
    for number, worker in ((1, one), (2, two)):
        assert text_of(await worker.get("/a", page)) == (f"version {number}", "MISS")
        assert text_of(await worker.get("/a", page)) == (f"version {number}", "HIT")
    workers.clock.now += 11
    assert text_of(await one.get("/a", page)) == ("version 1", "STALE")
    await workers.settle()
    assert one.peek("/a").body == b"version 3"
    assert isinstance(one._store.claim("/a", 1), UnsharedClaim)
    assert "Pages cannot be kept" in caplog.text
    workers.close()


async def test_a_regeneration_tells_when_its_page_could_not_be_kept(tmp_path):
    (tmp_path / "pages").write_text("")
    workers = Workers(lambda: DiskStore(tmp_path / "pages"))
    worker = workers.new()
    page = Page(workers.clock)
    assert text_of(await worker.get("/a", page)) == ("version 1", "MISS")
    gate = page.hold()
    regeneration = asyncio.ensure_future(worker.regenerate("/a", page))
    await ticks()
    worker.forget("/a")
    visitor = asyncio.ensure_future(worker.get("/a", page))
    await ticks()
    gate.set()
    with pytest.raises(PageNotKept) as raised:
        await regeneration
    assert raised.value.entry.body == b"version 2"
    assert text_of(await visitor) == ("version 2", "MISS")  # who shares the making is none the worse for it
    assert text_of(await worker.get("/a", page)) == ("version 2", "HIT")
    workers.close()


def copy_of(worker, path):
    """Give what a worker has in memory once it has looked for changes; `peek` hides what is stale."""
    worker.peek(path)
    copy = worker._memory.get(path)
    return copy and copy.body


async def test_workers_that_share_redis(tmp_path):
    with run_redis(tmp_path) as server:
        stores = []

        def make_store():
            stores.append(RedisStore(server.url, "site"))
            return stores[-1]

        workers = Workers(make_store)
        one, two = workers.new(wait_seconds=1e9), workers.new(wait_seconds=1e9)
        for worker in (one, two):
            await eventually(worker._changes.take)  # their threads are at work
        page = Page(workers.clock)
        gate = page.hold()
        requests = [asyncio.ensure_future(worker.get("/a", page)) for worker in (one, two) for _ in range(4)]
        await ticks()
        gate.set()
        assert [text_of(made) for made in await asyncio.gather(*requests)] == [("version 1", "MISS")] * 4 + [("version 1", "HIT")] * 4

        workers.clock.now += 11
        gate = page.hold()
        for worker in (one, two):
            assert text_of(await worker.get("/a", page)) == ("version 1", "STALE")
            await ticks()
        gate.set()
        await workers.settle()
        assert page.made == 2
        for worker in (one, two):
            await eventually(lambda worker=worker: copy_of(worker, "/a") in (None, b"version 2"))
            assert text_of(await worker.get("/a", page)) == ("version 2", "HIT")

        await two.regenerate("/a", page)
        await eventually(lambda: one.peek("/a") is None)
        assert text_of(await one.get("/a", page)) == ("version 3", "HIT")
        workers.close()
        for store in stores:
            store.close()


# A store without claims: the order within one process


class ClaimlessStore(MemoryStore):
    """What a disk that cannot be written to is for claims."""

    def claim(self, path, seconds):
        return UnsharedClaim()


@pytest.mark.parametrize("before", range(12))
async def test_without_claims_a_regeneration_comes_after_what_was_begun_before(before):
    workers = Workers(ClaimlessStore)
    worker = workers.new()
    page = Page(workers.clock, revalidate=None)
    running, most = [], []

    async def render():
        running.append(None)
        most.append(len(running))
        await ticks(5)
        entry = await page()
        running.pop()
        return entry

    request = asyncio.ensure_future(worker.get("/a", render))
    await ticks(before)
    regenerated = await asyncio.ensure_future(worker.regenerate("/a", render))
    await request
    assert max(most) == 1
    assert worker.peek("/a") == regenerated
    assert regenerated.body.decode() == f"version {page.made}"


async def test_without_claims_a_stale_page_is_made_anew_once():
    workers = Workers(ClaimlessStore)
    worker = workers.new()
    page = Page(workers.clock)
    await worker.get("/a", page)
    workers.clock.now += 11
    regeneration = asyncio.ensure_future(worker.regenerate("/a", page))
    assert text_of(await asyncio.ensure_future(worker.get("/a", page))) == ("version 1", "STALE")
    await regeneration
    await workers.settle()
    assert page.made == 2


# Everything at once


@pytest.mark.parametrize("team_size", [1, 3])
@pytest.mark.parametrize("seed", range(40))
async def test_whatever_comes_between_nobody_gets_what_was_replaced_before_he_asked(workers, tmp_path, seed, team_size):
    """In random order: whoever asks after a regeneration was finished, at any worker, gets its data or later ones.

    Three workers share a folder; one alone has a store without claims.
    """
    if team_size == 1:
        workers = Workers(ClaimlessStore)
    chance = random.Random(seed)
    workers.pause = lambda: chance.randrange(6)
    team = [workers.new(wait_seconds=1e9, claim_seconds=1e9) for _ in range(team_size)]
    (tmp_path / "pages").mkdir(exist_ok=True)
    data = {"newest": 0, "shown": 0}
    renders = []

    async def render():
        number = data["newest"]
        renders.append(number)
        for _ in range(chance.randrange(8)):
            await asyncio.sleep(0)
        if chance.random() < 0.1:
            raise LookupError("by chance")
        return make_entry(str(number), revalidate_seconds=chance.choice([None, 5]), now=workers.clock())

    async def change():
        data["newest"] += 1
        number = data["newest"]
        try:
            entry = await chance.choice(team).regenerate("/a", render)
        except LookupError:
            return
        assert int(entry.body) >= number
        data["shown"] = max(data["shown"], number)

    async def ask():
        shown = data["shown"]
        try:
            entry, _ = await chance.choice(team).get("/a", render)
        except LookupError:
            return
        assert int(entry.body) >= shown

    async def disturb():
        chance.choice(team).forget("/a")
        workers.clock.now += chance.choice([0, 0, 6])
        if chance.random() < 0.2:
            (tmp_path / "pages" / "changes").unlink(missing_ok=True)

    tasks = []
    for _ in range(150):
        kind = chance.choices([ask, change, disturb], [10, 2, 1])[0]
        tasks.append(asyncio.ensure_future(kind()))
        for _ in range(chance.randrange(12)):
            await asyncio.sleep(0)
    await asyncio.wait_for(asyncio.gather(*tasks), WITHIN_SECONDS)
    await workers.settle()
    assert data["shown"] > 0
    assert len(renders) < 150
