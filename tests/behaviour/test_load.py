"""Many requests at once: blocking handlers, full thread pools, the caps and their 503."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from behaviour.sites import SMALL, Site
from behaviour.wire import Answer, run_together, wait_until


def test_blocking_handlers_run_beside_each_other(site: Site) -> None:
    site.ask("/api/sleep")
    began = time.perf_counter()
    site.ask("/api/sleep")
    alone = time.perf_counter() - began
    began = time.perf_counter()
    answers = run_together(20, lambda _: site.ask("/api/sleep"))
    together = time.perf_counter() - began
    assert {answer.status for answer in answers} == {200}
    assert together < 10 * alone, f"20 at once took {together:.2f} s, one {alone:.2f} s"


class Gates:
    """Requests that wait until the test lets them through."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._folder = folder
        self._gate = folder / "gate"
        self._threads: list[threading.Thread] = []
        self.answers: list[Answer] = []

    def send(self, kind: str, count: int) -> None:
        """Send so many requests, without waiting for their answers."""
        for _ in range(count):
            target = f"/api/gate/{kind}?gate={self._gate}&arrived={self._folder / str(len(self._threads))}"
            thread = threading.Thread(target=lambda target=target: self.answers.append(self._site.ask(target)))
            thread.start()
            self._threads.append(thread)

    def wait_until_arrived(self, count: int) -> None:
        """Wait until so many handlers run."""
        wait_until(lambda: len(list(self._folder.glob("[0-9]*"))) == count, f"{count} handlers at once")

    def open(self) -> list[int]:
        """Let all through, and give the statuses of their answers."""
        self._gate.touch()
        for thread in self._threads:
            thread.join()
        return sorted(answer.status for answer in self.answers)


@contextmanager
def gates_of(site: Site, folder: Path) -> Iterator[Gates]:
    gates = Gates(site, folder)
    try:
        yield gates
    finally:
        gates.open()


def test_full_thread_pool_leaves_async_handlers_answering(small_site: Site, tmp_path: Path) -> None:
    with gates_of(small_site, tmp_path) as gates:
        gates.send("plain", SMALL.threads + 2)
        gates.wait_until_arrived(SMALL.threads)
        assert small_site.ask("/api/hello").status == 200
        assert len(list(tmp_path.glob("[0-9]*"))) == SMALL.threads  # the pool is as large as it was set to, and no larger
        assert gates.open() == [200] * (SMALL.threads + 2)


def test_too_many_that_wait_for_a_thread_get_503(small_site: Site, tmp_path: Path) -> None:
    room = SMALL.threads + SMALL.max_waiting
    with gates_of(small_site, tmp_path) as gates:
        gates.send("plain", SMALL.threads)
        gates.wait_until_arrived(SMALL.threads)
        gates.send("plain", SMALL.max_waiting + 3)
        wait_until(lambda: len(gates.answers) == 3, "three were refused")
        assert {(answer.status, answer.header("retry-after"), answer.body) for answer in gates.answers} == {
            (503, "7", b"Service Unavailable")
        }
        assert small_site.ask("/api/hello").status == 200
        assert gates.open() == [200] * room + [503] * 3
    assert small_site.ask("/api/handlers/plain").status == 200


def test_too_many_requests_get_503_and_then_it_recovers(small_site: Site, tmp_path: Path) -> None:
    with gates_of(small_site, tmp_path) as gates:
        gates.send("coroutine", SMALL.max_concurrent)
        gates.wait_until_arrived(SMALL.max_concurrent)
        refused = small_site.ask("/api/hello")
        assert (refused.status, refused.header("retry-after"), refused.body) == (503, "7", b"Service Unavailable")
        assert gates.open() == [200] * SMALL.max_concurrent
    assert small_site.ask("/api/hello").status == 200


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_streams_are_counted_apart_from_requests(small_site: Site, tmp_path: Path, kind: str) -> None:
    gate = tmp_path / "gate"
    streams = SMALL.max_concurrent + 2 if kind == "coroutine" else SMALL.threads - 1
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: statuses.append(small_site.ask(f"/api/streams/{kind}/stepwise?gate={gate}&n={tmp_path.name}").status)
        )
        for _ in range(streams)
    ]
    try:
        for thread in threads:
            thread.start()
        assert small_site.ask("/api/hello").status == 200
    finally:
        gate.touch()
        for thread in threads:
            thread.join()
    assert statuses == [200] * streams
    assert json.loads(small_site.ask("/api/hello").body) == {"text": "Hello"}
