"""A folder of pages shared by real processes: kills at any moment, one maker at a time, and copies that are dropped in time."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from slugline.pages.disk_store import DiskStore
from slugline.pages.entry import make_entry

WITHIN_SECONDS = 60

# Writes pages of one letter, of sizes that take more than one system call, until it is killed.
WRITER = """
import itertools, sys
from pathlib import Path
from slugline.pages.disk_store import DiskStore
from slugline.pages.entry import make_entry
store = DiskStore(Path(sys.argv[1]))
for number in itertools.count():
    letter = chr(97 + number % 26)
    claim = store.claim(f"/{number % 3}", 3600)
    store.write(f"/{number % 3}", make_entry(letter * (number % 7 * 50_000 + 1), now=float(number)))
    if number == 0:
        print("writing", flush=True)
    if claim is not None:
        claim.release()
"""

# Holds a claim until it is killed.
HOLDER = """
import sys, time
from pathlib import Path
from slugline.pages.disk_store import DiskStore
claim = DiskStore(Path(sys.argv[1])).claim("/a", 3600)
print("held" if claim is not None else "refused", flush=True)
time.sleep(3600)
"""

# A worker: for each line it gets, it asks for the page, at once with the others, and says what it got.
WORKER = """
import asyncio, sys, time
from pathlib import Path
from slugline.pages.disk_store import DiskStore
from slugline.pages.entry import make_entry
from slugline.pages.incremental import Incremental

folder, log = Path(sys.argv[1]), open(sys.argv[2], "a")
now = [1_000_000.0]

async def render():
    log.write("made\\n")
    log.flush()
    await asyncio.sleep(0.05)  # so long that the others come meanwhile
    return make_entry(sys.argv[3], revalidate_seconds=10, now=now[0])

async def main():
    background = set()
    def spawn(function, *arguments):
        background.add(asyncio.ensure_future(function(*arguments)))
    worker = Incremental(DiskStore(folder), clock=lambda: now[0], run_in_thread=asyncio.to_thread, spawn=spawn, wait_seconds=60)
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        command, _, argument = line.strip().partition(" ")
        if command == "age":
            now[0] += float(argument)
            print("aged", flush=True)
        elif command == "get":
            entry = worker.peek("/a")
            made = [(entry, "HIT")] if entry else await asyncio.gather(*(worker.get("/a", render) for _ in range(8)))
            print(" ".join(sorted({state for _, state in made})), *sorted({entry.body.decode() for entry, _ in made}), flush=True)
        elif command == "regenerate":
            sys.argv[3] = argument
            await worker.regenerate("/a", render)
            print("regenerated", flush=True)
        elif command == "settle":
            if background:
                await asyncio.wait(background)
            print("settled", flush=True)

asyncio.run(main())
"""


class Process:
    """Python in a process of its own, to which lines are written and from which lines are read."""

    def __init__(self, program, *arguments):
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def say(self, line):
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def hear(self):
        line = self._process.stdout.readline()
        assert line, "the process has ended"
        return line.strip()

    def send(self, signal_number):
        os.kill(self._process.pid, signal_number)

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


@pytest.fixture
def start():
    processes = []

    def start_process(program, *arguments):
        processes.append(Process(program, *arguments))
        return processes[-1]

    yield start_process
    for process in processes:
        process.kill()


def test_a_kill_at_any_moment_leaves_whole_pages_and_no_claim(tmp_path, start, caplog):
    folder = tmp_path / "pages"
    store = DiskStore(folder)
    chance = random.Random(4)
    for _ in range(12):
        writers = [start(WRITER, folder) for _ in range(2)]
        for writer in writers:
            assert writer.hear() == "writing"
        for writer in writers:
            time.sleep(chance.random() * 0.05)  # when the kill comes is what is tried out; nothing is waited for
            writer.kill()
        for path in ("/0", "/1", "/2"):
            entry = store.read(path)
            if entry is not None:
                assert len(entry.body) == int(entry.rendered_at) % 7 * 50_000 + 1
                assert set(entry.body) == {97 + int(entry.rendered_at) % 26}
            claim = store.claim(path, 3600)
            assert claim is not None
            claim.release()
        store.write("/after", make_entry("x"))
        assert store.read("/after") is not None
    assert store.read("/0") is not None
    assert not caplog.records


def test_the_claim_of_a_killed_process_is_free(tmp_path, start):
    store = DiskStore(tmp_path)
    holder = start(HOLDER, tmp_path)
    assert holder.hear() == "held"
    assert store.claim("/a", 3600) is None
    holder.send(signal.SIGSTOP)  # one that hangs keeps it
    assert store.claim("/a", 3600) is None
    holder.kill()
    claim = store.claim("/a", 3600)
    assert claim is not None
    other = start(HOLDER, tmp_path)
    assert other.hear() == "refused"
    claim.release()


def test_processes_make_a_page_once_and_make_it_anew_once(tmp_path, start):
    log = tmp_path / "log"
    workers = [start(WORKER, tmp_path / "pages", log, name) for name in "ABCD"]
    for worker in workers:
        assert worker.hear() == "ready"

    def ask_all(line):
        for worker in workers:
            worker.say(line)
        return [worker.hear() for worker in workers]

    def made():
        return log.read_text().count("made")

    first = ask_all("get")
    assert made() == 1
    assert sorted(answer.split()[0] for answer in first) == ["HIT", "HIT", "HIT", "MISS"]
    assert len({answer.split()[1] for answer in first}) == 1

    assert ask_all("get") == [f"HIT {first[0].split()[1]}"] * 4

    ask_all("age 11")
    for answer in ask_all("get"):
        assert answer in (f"STALE {first[0].split()[1]}", *(f"HIT {name}" for name in "ABCD"))
    ask_all("settle")
    assert made() == 2

    # Whoever has been told that it was done finds the new page at once, in every process.
    for number, worker in enumerate(workers):
        worker.say(f"regenerate text-{number}")
        assert worker.hear() == "regenerated"
        assert ask_all("get") == [f"HIT text-{number}"] * 4
    assert made() == 6


def test_a_killed_worker_holds_nobody_up(tmp_path, start):
    log = tmp_path / "log"
    one, two = (start(WORKER, tmp_path / "pages", log, name) for name in "AB")
    assert [one.hear(), two.hear()] == ["ready", "ready"]
    one.say("get")
    deadline = time.monotonic() + WITHIN_SECONDS
    while not (log.exists() and log.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    one.send(signal.SIGSTOP)
    two.say("get")
    one.kill()
    assert two.hear() in ("MISS B", "HIT A")  # the second where the first was quicker than the signal
