"""The guestbook on a server of two workers: who makes a page, and what is left when the server is killed."""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
import sqlalchemy

from servers import Server, start_granian

WITHIN_SECONDS = 30
KILLED = 2
"""How often a server is killed."""

# Put after a page's own function: notes each call, and holds up those that begin while there is a barrier.
WATCHED = """

import os, pathlib, time
_make = get_static_props

def get_static_props(context):
    folder = pathlib.Path(os.environ["WATCH"])
    barrier = folder / "barrier"
    is_held = barrier.exists()
    with open(folder / "begun", "a") as file:
        file.write("held\\n" if is_held else "free\\n")
    deadline = time.monotonic() + 25
    while is_held and barrier.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    return {**_make(context), "revalidate": 1}
"""
MIDDLEWARE = """
import os, pathlib

def middleware(req, res, next):
    with open(pathlib.Path(os.environ["WATCH"]) / "asked", "a") as file:
        file.write(f"{req.path}|{os.getpid()}\\n")
    res.set_header("X-Worker", os.getpid())
    next()
"""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str


def ask(server: Server, method: str, path: str, form: dict[str, str] | None = None) -> Answer:
    """Ask on a connection of its own, so that any worker may answer."""
    connection = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=WITHIN_SECONDS)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        connection.request(method, path, urlencode(form) if form is not None else None, headers)
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read().decode())
    finally:
        connection.close()


def sign(server: Server, name: str) -> int:
    answer = ask(server, "POST", "/api/sign", {"name": name, "message": "Hello"})
    assert answer.status == 303, answer
    return int(answer.headers["location"].removeprefix("/#entry-"))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Guestbook:
    """A copy of the example, with an empty database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.watch = folder.parent
        self.url = url
        self.started: list[Server] = []

    def watch_page(self, page: str) -> None:
        with open(self.folder / "pages" / page, "a") as file:
            file.write(WATCHED)
        (self.folder / "pages" / "_middleware.py").write_text(MIDDLEWARE)

    def lines(self, name: str) -> list[str]:
        path = self.watch / name
        return path.read_text().split() if path.exists() else []

    def asked(self, path: str) -> list[str]:
        """Give the process ids of the workers that were asked for a path, one for each request."""
        return [line.split("|")[1] for line in self.lines("asked") if line.startswith(f"{path}|")]

    def hold(self) -> None:
        (self.watch / "barrier").touch()

    def let_go(self) -> None:
        (self.watch / "barrier").unlink(missing_ok=True)

    def build(self) -> None:
        subprocess.run([sys.executable, "-m", "slugline", "build", str(self.folder)], check=True, capture_output=True, timeout=60)

    def start(self) -> Server:
        server = start_granian(self.folder, "--workers", "2")
        self.started.append(server)
        return server

    def names(self) -> list[str]:
        """Give the names of all entries, from the database."""
        engine = sqlalchemy.create_engine(self.url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sqlalchemy.NullPool)
        with engine.connect() as connection:
            return list(connection.execute(sqlalchemy.text("SELECT name FROM entries ORDER BY id")).scalars())


@pytest.fixture
def guestbook(copy_guestbook: Callable[[], Path], new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Guestbook]:
    made = Guestbook(copy_guestbook(), new_database())
    monkeypatch.setenv("DATABASE_URL", made.url)
    monkeypatch.setenv("WATCH", str(made.watch))
    yield made
    made.let_go()
    for server in made.started:
        server.stop()
        server.log_path.unlink()


@pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
def test_many_first_requests_make_a_page_once(guestbook: Guestbook) -> None:
    guestbook.watch_page("entry/[id].py")
    server = guestbook.start()
    path = f"/entry/{sign(server, 'Ada')}"
    guestbook.hold()
    with ThreadPoolExecutor(64) as pool:
        asked = [pool.submit(ask, server, "GET", path) for _ in range(8)]
        wait_until(lambda: len(guestbook.asked(path)) == len(asked))
        while len(set(guestbook.asked(path))) < 2 and len(asked) < 64:  # until both workers have been asked
            asked.append(pool.submit(ask, server, "GET", path))
            wait_until(lambda: len(guestbook.asked(path)) == len(asked))
        guestbook.let_go()
        answers = [each.result() for each in asked]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert "Ada" in answers[0].text
    assert len({answer.headers["x-worker"] for answer in answers}) == 2
    assert guestbook.lines("begun") == ["held"]


@pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
def test_two_workers_with_a_stale_page_make_it_once(guestbook: Guestbook) -> None:
    guestbook.watch_page("index.py")
    guestbook.build()
    server = guestbook.start()
    guestbook.hold()
    states: dict[str, str] = {}

    def ask_for_page() -> str:
        answer = ask(server, "GET", "/")
        states[answer.headers["x-worker"]] = answer.headers["x-nextjs-cache"]
        return answer.headers["x-nextjs-cache"]

    # A stale page is served while it is made anew, which takes until the barrier is gone.
    wait_until(lambda: ask_for_page() == "STALE" and "held" in guestbook.lines("begun"))
    states.clear()
    wait_until(lambda: ask_for_page() == "STALE" and len(states) == 2)
    assert [ask_for_page() for _ in range(12)] == ["STALE"] * 12
    assert guestbook.lines("begun").count("held") == 1
    guestbook.let_go()
    wait_until(lambda: ask_for_page() == "HIT")


def test_what_several_sign_at_once_is_on_the_page_of_every_worker(guestbook: Guestbook) -> None:
    guestbook.watch_page("index.py")
    server = guestbook.start()
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda index: sign(server, f"visitor {index}"), range(8)))
    shown: dict[str, str] = {}

    def is_shown_by_both() -> bool:
        answer = ask(server, "GET", "/")
        shown.setdefault(answer.headers["x-worker"], answer.text)
        return len(shown) == 2

    wait_until(is_shown_by_both)
    for text in shown.values():
        assert all(f'id="entry-{number}"' in text for number in numbers)


def test_a_server_that_is_killed_loses_no_entry_and_no_page(guestbook: Guestbook) -> None:
    guestbook.build()
    saved: list[str] = []
    tried: list[str] = []
    for round_ in range(KILLED):
        server = guestbook.start()
        # Whole, and with what was on it when the server was killed, or newer.
        page = ask(server, "GET", "/")
        assert (page.status, page.text.endswith("</html>")) == (200, True)
        assert page.text.count("<article") == page.text.count("</article>")
        last = sign(server, f"first of {round_}")
        saved.append(f"first of {round_}")
        tried.append(saved[-1])
        assert f'id="entry-{last}"' in ask(server, "GET", "/").text
        kill_while_signing(server, saved, tried, round_)
        names = guestbook.names()
        assert len(names) == len(set(names))
        assert set(saved) <= set(names) <= set(tried)
    assert len(saved) > KILLED * 10

    server = guestbook.start()
    newest = sign(server, "after all")
    page = ask(server, "GET", "/")
    assert int(re.findall(r'id="entry-(\d+)"', page.text)[0]) == newest
    # Each of the newest entries is on it, with those that were saved and never answered.
    assert re.findall(r"<h3>(.*?)</h3>", page.text) == guestbook.names()[:-25:-1]


def kill_while_signing(server: Server, saved: list[str], tried: list[str], round_: int) -> None:
    """Have four visitors sign as fast as they can, and kill all processes of the server when some have been answered."""
    enough = threading.Event()
    before = len(saved)

    def visit(visitor: int) -> None:
        for index in range(1000):
            name = f"{round_} {visitor} {index}"
            tried.append(name)
            try:
                sign(server, name)
            except (OSError, http.client.HTTPException):
                return
            saved.append(name)
            if len(saved) >= before + 12:
                enough.set()

    with ThreadPoolExecutor(4) as pool:
        visits = [pool.submit(visit, visitor) for visitor in range(4)]
        assert enough.wait(WITHIN_SECONDS)
        for process_id in sorted(server.process_ids()):
            os.kill(process_id, signal.SIGKILL)
        for each in visits:
            each.result(WITHIN_SECONDS)
    server.process.wait(WITHIN_SECONDS)
