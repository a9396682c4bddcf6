"""`slugline dev` as its user has it: a process, files that are saved, requests that come meanwhile."""

import contextlib
import http.client
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from behaviour.wire import Connection, make_request, wait_until
from dev.dev_process import BROWSER, DevProcess, write_files

STOPPED_WITHIN_SECONDS = 5


def number_route(number: int) -> str:
    """Give a route that answers with a number and the id of its process."""
    return f"import os\n\ndef handler(req, res):\n    res.json([{number}, os.getpid()])\n"


EVENTS = """
import asyncio

async def handler(req, res):
    stream = res.event_stream()
    number = 0
    while not req.disconnected:
        stream.send(number)
        await stream.drain()
        number += 1
        await asyncio.sleep(0.02)
"""
ECHO = """
async def websocket(ws):
    await ws.accept()
    async for message in ws:
        await ws.send(message)
"""


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevProcess]:
    """One server for the tests that leave it as they found it; each has files of its own."""
    files = {"pages/api/number.py": number_route(0), "pages/api/events.py": EVENTS, "pages/api/echo.py": ECHO}
    with DevProcess(tmp_path_factory.mktemp("dev"), files) as process:
        yield process
        assert process.server.process.poll() is None, process.log()
        assert "Traceback" not in process.log()


def test_a_save_of_a_route_and_of_a_helper_is_served_by_the_same_process(dev: DevProcess) -> None:
    dev.save("lib/price.py", "PRICE = 1\n")
    route = "import os\nfrom lib.price import PRICE\n\ndef handler(req, res):\n    res.json([{name}, PRICE, os.getpid()])\n"
    pid = dev.server.process.pid
    dev.save("pages/api/price.py", route.format(name="'a'"))
    dev.wait_for_json("/api/price", ["a", 1, pid])
    dev.save("pages/api/price.py", route.format(name="'b'"))
    dev.wait_for_json("/api/price", ["b", 1, pid])
    dev.save("lib/price.py", "PRICE = 2\n")
    dev.wait_for_json("/api/price", ["b", 2, pid])


def test_a_file_that_is_written_in_place_is_served(dev: DevProcess) -> None:
    path = dev.root / "pages/api/in_place.py"
    for number in range(5):
        path.write_text(number_route(number))
        dev.wait_for_json("/api/in_place", [number, dev.server.process.pid])


class Asker(threading.Thread):
    """Asks a route again and again on one connection; `numbers` are the answers, `faults` what went wrong."""

    def __init__(self, port: int, target: str, stop: threading.Event) -> None:
        super().__init__()
        self.numbers: list[int] = []
        self.faults: list[str] = []
        self._port = port
        self._target = target
        self._end = stop

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            while not self._end.is_set():
                connection.request("GET", self._target)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200:
                    self.faults.append(f"{answer.status} {body[:300]!r}")
                else:
                    self.numbers.append(json.loads(body)[0])
        except (OSError, http.client.HTTPException) as error:
            self.faults.append(repr(error))
        finally:
            connection.close()


def test_thirty_saves_lose_no_request_and_no_stream(dev: DevProcess) -> None:
    dev.save("lib/count.py", "COUNT = 0\n")
    text = "from lib.count import COUNT\n\n{prefix}def handler(req, res):\n    res.json([{number} + COUNT])\n"
    dev.save("pages/api/busy.py", text.format(prefix="", number=0))
    dev.wait_for_json("/api/busy", [0])
    stop = threading.Event()
    askers = [Asker(dev.port, "/api/busy", stop) for _ in range(4)]
    with Connection(dev.port) as events, connect(f"ws://127.0.0.1:{dev.port}/api/echo") as socket_:
        events.send(make_request("/api/events"))
        assert events.read_head().status == 200
        first = int(re.search(rb"data: (\d+)", events.read_chunk())[1])  # type: ignore[index]
        for asker in askers:
            asker.start()
        try:
            for number in range(1, 31):
                # By turns the route, sync and async, and its helper; each save adds one.
                if number % 2:
                    dev.save("lib/count.py", f"COUNT = {(number + 1) // 2}\n")
                else:
                    dev.save("pages/api/busy.py", text.format(prefix="async " if number % 4 else "", number=number // 2))
                dev.wait_for_json("/api/busy", [number])
                socket_.send(str(number))
                assert socket_.recv(timeout=10) == str(number)
        finally:
            stop.set()
            for asker in askers:
                asker.join(20)
        last = first
        while last < first + 30:  # not one is missing
            for found in re.findall(rb"data: (\d+)", events.read_chunk()):
                assert int(found) == last + 1
                last = int(found)
        assert not events.is_closed()
    assert [asker.faults for asker in askers] == [[]] * 4
    for asker in askers:
        assert asker.numbers == sorted(asker.numbers)  # never an older file after a newer one
        assert len(set(asker.numbers)) > 10


def test_kept_objects_and_the_start_outlive_reloads(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    note = (
        f"from pathlib import Path\n\ndef note(what):\n    with Path({str(notes)!r}).open('a') as notes:\n        print(what, file=notes)\n"
    )
    hooks = "from lib.notes import note\n\ndef register():\n    note('register')\n\ndef shutdown():\n    note('shutdown')\n"
    made = "def make():\n    note('model')\n    return object()\n"
    model = f"from slugline import keep\nfrom lib.notes import note\n\n{made}\nmodel = keep('model', make)\n"
    route = "from lib.model import model\nNUMBER = 0\n\ndef handler(req, res):\n    res.json([NUMBER, id(model)])\n"
    files = {"instrumentation.py": hooks, "lib/notes.py": note, "lib/model.py": model, "pages/api/model.py": route}
    with DevProcess(tmp_path / "project", files) as dev:
        _, identity = dev.json("/api/model")
        for number in range(1, 6):
            dev.save("pages/api/model.py", route.replace("NUMBER = 0", f"NUMBER = {number}"))
            dev.save("lib/model.py", f"{model}# {number}\n")
            dev.wait_for_json("/api/model", [number, identity])
        assert notes.read_text().split() == ["model", "register"]
        dev.save("instrumentation.py", f"{hooks}# changed\n")
        dev.wait_for_line("instrumentation.py started again")
        assert notes.read_text().split() == ["model", "register", "shutdown", "register"]
    assert notes.read_text().split() == ["model", "register", "shutdown", "register", "shutdown"]


MOUNTED = """from lib.notes import note
NUMBER = 0

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        note("start")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        note("end")
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": str(NUMBER).encode()})
"""


def test_a_mounted_application_starts_anew_with_its_own_file_only(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    note = (
        f"from pathlib import Path\n\ndef note(what):\n    with Path({str(notes)!r}).open('a') as notes:\n        print(what, file=notes)\n"
    )
    with DevProcess(tmp_path / "project", {"lib/notes.py": note, "pages/api/shop/[[...path]].py": MOUNTED}) as dev:
        dev.save("pages/api/index.py", number_route(1))
        dev.wait_for_json("/api", [1, dev.server.process.pid])
        assert notes.read_text().split() == ["start"]
        dev.save("pages/api/shop/[[...path]].py", MOUNTED.replace("NUMBER = 0", "NUMBER = 1"))
        dev.wait_for_json("/api/shop/a", 1)
        wait_until(lambda: notes.read_text().split().count("end"), "the old one ends")
        assert sorted(notes.read_text().split()) == ["end", "start", "start"]
    assert sorted(notes.read_text().split()) == ["end", "end", "start", "start"]


UNDER_WAY = """
import asyncio

VERSION = 0
is_open = False

async def leave(receive):
    while (await receive())["type"] != "http.disconnect":
        pass

async def app(scope, receive, send):
    global is_open
    if scope["type"] == "lifespan":
        await receive()
        is_open = True
        await send({"type": "lifespan.startup.complete"})
        await receive()
        is_open = False
        print(f"application {VERSION} ended", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": f"{VERSION} {is_open}"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        leaving = asyncio.ensure_future(leave(receive))
        while not leaving.done():
            await send({"type": "http.response.body", "body": f"data: {VERSION} {is_open}\\n\\n".encode(), "more_body": True})
            await asyncio.sleep(0.02)
"""


def test_a_mounted_application_lives_while_it_answers(tmp_path: Path) -> None:
    source = "pages/api/shop/[[...path]].py"
    with DevProcess(tmp_path, {source: UNDER_WAY}) as dev:
        url = f"ws://127.0.0.1:{dev.port}/api/shop/socket"
        with Connection(dev.port) as events, connect(url) as socket_:
            events.send(make_request("/api/shop/events"))
            assert events.read_head().status == 200
            assert events.read_chunk() == b"data: 0 True\n\n"
            for version in (1, 2):
                dev.save(source, UNDER_WAY.replace("VERSION = 0", f"VERSION = {version}"))
                dev.wait_for_line(r"\[\[...path\]\].py loaded again") if version == 1 else dev.wait_for_line("application 1 ended")
                socket_.send("?")
                assert socket_.recv(timeout=10) == "0 True"
                for _ in range(5):
                    assert events.read_chunk() == b"data: 0 True\n\n"
            with connect(url) as newer:
                newer.send("?")
                assert newer.recv(timeout=10) == "2 True"
            assert not dev.lines("application 0 ended")
        dev.wait_for_line("application 0 ended")


HOOKS = """
import asyncio

pool = []

async def register():
    await asyncio.sleep(0.3)
    pool.append(VERSION)

async def shutdown():
    pool.clear()
    await asyncio.sleep(0.1)

VERSION = 0
"""
POOL = """
import asyncio
import instrumentation

async def handler(req, res):
    await asyncio.sleep(0.05)
    res.json(instrumentation.pool)
"""


def test_no_request_meets_what_has_been_shut_down(tmp_path: Path) -> None:
    with DevProcess(tmp_path, {"instrumentation.py": HOOKS, "pages/api/pool.py": POOL}) as dev:
        stop = threading.Event()
        askers = [Asker(dev.port, "/api/pool", stop) for _ in range(3)]
        for asker in askers:
            asker.start()
        try:
            for version in (1, 2):
                dev.save("instrumentation.py", HOOKS.replace("VERSION = 0", f"VERSION = {version}"))
                dev.wait_for_json("/api/pool", [version])
        finally:
            stop.set()
            for asker in askers:
                asker.join(20)
        assert [asker.faults for asker in askers] == [[]] * 3  # an empty pool has no first number
        assert all(set(asker.numbers) <= {0, 1, 2} for asker in askers)


def test_one_broken_helper_is_told_once(tmp_path: Path) -> None:
    files = {f"pages/api/route{number}.py": f"from lib.db import NAME\n{number_route(number)}" for number in range(10)}
    with DevProcess(tmp_path, {"lib/db.py": "NAME = 1\n", **files}) as dev:
        before = len(dev.log())
        dev.save("lib/db.py", "NAME = (\n")
        dev.wait_for_line(r"stops 9 other files \(pages/api/route1.py, pages/api/route2.py, pages/api/route3.py, …\) too", before)
        assert len(dev.lines("✗", before)) == 1
        assert not dev.lines("loaded again", before)
        page = dev.ask("/nothing", fields=BROWSER)
        assert page.status == 404
        assert page.body.count(b"<h1>") == 1
        assert b"pages/api/route9.py" in page.body


def test_what_is_broken_is_not_said_to_be_served(tmp_path: Path) -> None:
    with DevProcess(tmp_path, {}) as dev:
        for source in ("pages/api/_middleware.py", "slugline.config.py", "instrumentation.py", "pages/api/new.py"):
            before = len(dev.log())
            dev.save(source, "def (\n")
            dev.wait_for_line(f"✗ .*{source}", before)
            assert not dev.lines("is in force|loaded again|started again|answers", before), dev.log()[before:]
            (dev.root / source).unlink()
            dev.wait_for_line(f"- {source} is gone", before)


def test_a_failure_in_a_socket_is_told_from_its_line_on(tmp_path: Path) -> None:
    text = "async def websocket(ws):\n    await ws.accept()\n    print(1 / 0)\n"
    with DevProcess(tmp_path, {"pages/api/socket.py": text}) as dev:
        with connect(f"ws://127.0.0.1:{dev.port}/api/socket") as socket_, pytest.raises(ConnectionClosed):
            socket_.recv(timeout=10)
        dev.wait_for_line("frames, outermost first")
        lines = dev.log().splitlines()
        at = lines.index("ZeroDivisionError: division by zero")
        assert lines[at + 1] == "  pages/api/socket.py, line 3, in websocket"
        assert "  >    3 |     print(1 / 0)" in lines[at:]
        assert not dev.lines("Traceback")


MIDDLEWARE = "def mark(req, res, next):\n    res.set_header('x-mark', {mark!r})\n    next()\n\nmiddleware = [mark]\n"


def test_every_change_is_said_in_one_line(tmp_path: Path) -> None:
    value = "import os\n\ndef handler(req, res):\n    res.json(os.environ.get('VALUE'))\n"
    with DevProcess(tmp_path, {"pages/api/shop/value.py": value}) as dev:

        def change(act: Callable[[], object], pattern: str, *others: str) -> None:
            """Do something to the files, and look for its lines: one that matches the pattern, besides the others, and no more."""
            before = len(dev.log())
            act()
            said = dev.wait_for_line(pattern, before)
            dev.save("pages/api/index.py", f"# {time.monotonic_ns()}\ndef handler(req, res):\n    res.json({{}})\n")
            dev.wait_for_line("index.py loaded again", before)  # what is said of the change has been said by now
            lines = [line for line in dev.log()[before:].splitlines() if "index.py loaded again" not in line]
            rest = [line for line in lines if line != said and not re.match(" (GET|POST) ", line)]
            assert len(rest) == len(others), lines
            assert all(re.search(other, line) for other, line in zip(others, rest, strict=True)), lines

        change(lambda: dev.save(".env", "VALUE=1\n"), r"\.env: VALUE changed$", "2 files .* loaded again")
        assert dev.json("/api/shop/value") == "1"
        change(lambda: dev.save(".env.local", "VALUE=secret\n"), r"\.env\.local, \.env: VALUE changed$", "2 files .* loaded again")
        assert dev.json("/api/shop/value") == "secret"
        change((dev.root / ".env.local").unlink, r"\.env: VALUE changed$", "2 files .* loaded again")
        assert dev.json("/api/shop/value") == "1"

        guard = "pages/api/shop/_middleware.py"
        change(lambda: dev.save(guard, MIDDLEWARE.format(mark="a")), r"\+ pages/api/shop/_middleware.py is in force in \d+ ms$")
        assert dev.ask("/api/shop/value").header("x-mark") == "a"
        change(lambda: dev.save(guard, MIDDLEWARE.format(mark="b")), r"↻ pages/api/shop/_middleware.py loaded again in \d+ ms$")
        assert dev.ask("/api/shop/value").header("x-mark") == "b"
        change((dev.root / guard).unlink, r"- pages/api/shop/_middleware.py is gone$")
        assert dev.ask("/api/shop/value").header("x-mark") is None

        change(lambda: dev.save("instrumentation.py", "def register(): pass\n"), r"↻ instrumentation.py started again$")
        change(lambda: dev.save("instrumentation.py", "def register(): ...\n"), r"↻ instrumentation.py started again$")
        change((dev.root / "instrumentation.py").unlink, r"- instrumentation.py is gone$")

        change(lambda: dev.save("pages/api/new.py", value), r"\+ pages/api/new.py answers /api/new in \d+ ms$")
        assert dev.json("/api/new") == "1"
        renamed = dev.root / "pages/api/[id].py"
        change(
            lambda: (dev.root / "pages/api/new.py").rename(renamed),
            r"\+ pages/api/\[id\].py answers /api/\[id\] in \d+ ms$",
            "- pages/api/new.py is gone",
        )
        assert dev.json("/api/anything") == "1"
        change(renamed.unlink, r"- pages/api/\[id\].py is gone$")
        assert dev.ask("/api/anything").status == 404
        change(
            lambda: (dev.root / "pages/api/shop").rename(dev.root / "pages/api/store"),
            r"\+ pages/api/store/value.py answers",
            "- pages/api/shop/value.py is gone",
        )
        assert dev.json("/api/store/value") == "1"
        assert dev.ask("/api/shop/value").status == 404
        assert "secret" not in dev.log()


def shown(page: bytes) -> list[str]:
    """Give the parts of an overlay in the order in which they are read: heading, sources, marked line, frames."""
    text = page.decode()
    return re.findall(r"<h1>(.*?)</h1>|<h2>(.*?)</h2>|<span class=\"hit\"><i>\d+</i>(.*?)</span>|<(details)>", text, re.DOTALL)  # type: ignore[return-value]


HEALTHY = "def handler(req, res):\n    res.json('healthy')\n"
ONE = "def handler(req, res):\n    res.json(1)\n\n"
BROKEN = {
    "syntax": ("def handler(req, res):\n    res.json(\n", "SyntaxError", "'(' was never closed", 2, "res.json("),
    "import": ("import os\nimport no_such_module\n", "ModuleNotFoundError", "No module named 'no_such_module'", 2, "import no_such_module"),
    "name": (f"{ONE}handle = nothing\n", "NameError", "name 'nothing' is not defined", 4, "handle = nothing"),
    "handler": ("def handler(req, res):\n    res.json(1 / 0)\n", "ZeroDivisionError", "division by zero", 2, "res.json(1 / 0)"),
    "async handler": ("async def handler(req, res):\n    {}['key']\n", "KeyError", "'key'", 2, "{}['key']"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "message", "line", "source"), BROKEN.values(), ids=list(BROKEN))
def test_an_error_is_shown_and_the_next_save_heals(dev: DevProcess, text: str, kind: str, message: str, line: int, source: str) -> None:
    file = "pages/api/broken.py"
    dev.save(file, HEALTHY)
    dev.wait_for_json("/api/broken", "healthy")
    before = len(dev.log())
    dev.save(file, text)
    answer = dev.wait_for_status("/api/broken", 500)
    assert answer.header("content-type") == "application/json; charset=utf-8"
    error = json.loads(answer.body)["error"]
    assert message in error["message"]
    assert kind in (error["type"], error["message"].partition("cannot be imported: ")[2].partition(":")[0])
    assert (error["file"], error["line"], error["source"]) == (file, line, source)

    page = dev.ask("/api/broken", fields=BROWSER)
    assert (page.status, page.header("content-type")) == (500, "text/html; charset=utf-8")
    parts = [next(text for text in part if text) for part in shown(page.body)]
    escaped = message.replace("'", "&#x27;")
    assert escaped in parts[0]  # the message first, then the user's own frame with its lines, then all frames
    assert parts[1].startswith(f"{file}, line {line}")
    assert parts[3] == "details"
    assert parts[2].strip() == source.replace("'", "&#x27;")

    # The terminal has it in the same order.
    log = dev.log()[before:]
    places = [log.index(message), log.index(f"{file}, line {line}"), log.index(f">    {line} | ")]
    assert places == sorted(places)

    dev.save(file, HEALTHY)
    dev.wait_for_json("/api/broken", "healthy")
    assert dev.json("/api/number")[0] == 0  # the others were not touched


def test_an_error_in_a_helper_names_the_helper(dev: DevProcess) -> None:
    dev.save("lib/broken.py", "VALUE = 1\n")
    dev.save("pages/api/helped.py", "from lib.broken import VALUE\n\ndef handler(req, res):\n    res.json(VALUE)\n")
    dev.wait_for_json("/api/helped", 1)
    dev.save("lib/broken.py", "VALUE = = 2\n")
    error = json.loads(dev.wait_for_status("/api/helped", 500).body)["error"]
    assert (error["file"], error["line"], error["source"]) == ("lib/broken.py", 1, "VALUE = = 2")
    assert "lib/broken.py, line 1, imported from line 1" in error["message"]
    dev.save("lib/broken.py", "VALUE = 2\n")
    dev.wait_for_json("/api/helped", 2)


def test_what_a_broken_guard_stands_before_stays_closed(dev: DevProcess) -> None:
    dev.save("pages/api/guarded/a.py", HEALTHY)
    dev.wait_for_json("/api/guarded/a", "healthy")
    dev.save("pages/api/guarded/_middleware.py", "middleware = [nothing]\n")
    error = json.loads(dev.wait_for_status("/api/guarded/a", 500).body)["error"]
    assert (error["file"], error["line"]) == ("pages/api/guarded/_middleware.py", 1)
    dev.save("pages/api/guarded/_middleware.py", "middleware = []\n")
    dev.wait_for_json("/api/guarded/a", "healthy")


def test_a_start_that_fails_is_the_answer_to_everything(tmp_path: Path) -> None:
    with DevProcess(tmp_path, {"instrumentation.py": "def register():\n    raise OSError('no database')\n"}) as dev:
        error = json.loads(dev.wait_for_status("/api", 500).body)["error"]
        assert error["code"] == "instrumentation"
        assert "no database" in error["message"]
        assert (error["file"], error["line"]) == ("instrumentation.py", 2)
        dev.save("instrumentation.py", "def register(): pass\n")
        dev.wait_for_json("/api", {})


def test_a_refused_name_and_a_conflict_are_told_and_the_rest_is_served(dev: DevProcess) -> None:
    before = len(dev.log())
    dev.save("pages/api/[bad[name].py", HEALTHY)
    line = dev.wait_for_line(r"\[route-name\]", before)
    assert "pages/api/[bad[name].py" in line
    assert dev.json("/api/number")[0] == 0
    # A browser that asks for what is not there reads why.
    page = dev.ask("/api/bad", fields=BROWSER)
    assert page.status == 404
    assert b"[bad[name].py" in page.body
    assert dev.ask("/api/bad").body != page.body
    (dev.root / "pages/api/[bad[name].py").unlink()
    wait_until(lambda: b"bad[name" not in dev.ask("/api/bad", fields=BROWSER).body, "the refusal is forgotten")

    dev.save("pages/api/twice.py", HEALTHY)
    dev.wait_for_json("/api/twice", "healthy")
    dev.save("pages/api/twice/index.py", HEALTHY)
    answer = dev.wait_for_status("/api/twice", 500)
    error = json.loads(answer.body)["error"]
    assert error["code"] == "route-conflict"
    assert "pages/api/twice.py" in error["message"]
    assert "pages/api/twice/index.py" in error["message"]
    (dev.root / "pages/api/twice/index.py").unlink()
    dev.wait_for_json("/api/twice", "healthy")


WARNINGS = {
    "returned": ("return {'a': 1}", 500, "line 3, returned dict, which is not sent"),
    "nothing": ("pass", 500, "line 3, answered GET /api/warned with nothing"),
    "body with 204": ("res.status(204).json({})", 204, "line 3, answered 204 with a body"),
    "over the limit": ("res.send('x' * 5_000_000)", 200, "line 3, sent 5000000 bytes, more than its responseLimit"),
}


@pytest.mark.parametrize(("body", "status", "warning"), WARNINGS.values(), ids=list(WARNINGS))
def test_development_warnings_name_file_and_line(dev: DevProcess, body: str, status: int, warning: str) -> None:
    dev.save("pages/api/warned.py", f"# {warning}\n\ndef handler(req, res):\n    {body}\n")
    wait_until(lambda: dev.ask("/api/warned").status == status and dev.lines(re.escape(warning)), warning)
    assert f"pages/api/warned.py, {warning}" in dev.lines(re.escape(warning))[0]


@pytest.mark.parametrize(
    ("host", "fields", "status"),
    [
        ("localhost:3000", (), 200),
        ("127.0.0.1", (("Origin", "http://localhost:3000"),), 200),
        ("[::1]:3000", (("Sec-Fetch-Site", "same-origin"),), 200),
        ("evil.example", (), 403),
        ("localhost.evil.example", (), 403),
        ("localhost", (("Origin", "https://evil.example"),), 403),
        ("localhost", (("Origin", "null"),), 403),
        ("localhost", (("Sec-Fetch-Site", "cross-site"),), 403),
        ("localhost", (("X-Forwarded-Host", "evil.example"),), 403),
    ],
)
def test_development_endpoints_are_for_this_machine(dev: DevProcess, host: str, fields: tuple[tuple[str, str], ...], status: int) -> None:
    with Connection(dev.port) as connection:
        connection.send(make_request("/_slugline/live", fields=fields, host=host))
        head = connection.read_head()
        assert head.status == status
        if status == 200:
            assert head.header("content-type") == "text/event-stream; charset=utf-8"
            assert head.header("access-control-allow-origin") is None
    other = dev.ask("/_slugline/other", fields=fields, host=host)
    assert other.status == (404 if status == 200 else 403)
    dev.save("pages/api/private.py", "SECRET = 'hidden'\n\ndef handler(req, res):\n    raise ValueError(SECRET)\n")
    dev.wait_for_status("/api/private", 500)
    for accept in ((), BROWSER):
        answer = dev.ask("/api/private", fields=[*fields, *accept], host=host)
        assert answer.status == 500
        assert (b"hidden" in answer.body) == (b"raise ValueError" in answer.body) == (status == 200)
        if status == 403:
            assert answer.body == b"Internal Server Error"


def run_dev(root: Path, *options: str) -> subprocess.Popen[str]:
    """Start `slugline dev` without a port in the environment."""
    environment = {name: value for name, value in os.environ.items() if name != "PORT"}
    return subprocess.Popen(
        [sys.executable, "-m", "slugline", "dev", str(root), *options],
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def test_without_a_port_the_next_free_one_is_taken_and_said(tmp_path: Path) -> None:
    write_files(tmp_path, {"pages/api/hello.py": HEALTHY})
    with socket.socket() as taken, contextlib.suppress(OSError):  # OSError: somebody else has it, which does as well
        taken.bind(("127.0.0.1", 3000))
        taken.listen()
        process = run_dev(tmp_path)
        assert process.stderr is not None
        try:
            said = process.stderr.readline()
            found = re.fullmatch(r"Port 3000 is taken; using (\d+)\.\n", said)
            assert found, said
            assert 3001 <= int(found[1]) < 3020
            assert process.stderr.readline() == f"Slugline on http://localhost:{found[1]}, 1 route. Save a file, and it is served.\n"
            with Connection(int(found[1])) as connection:
                assert connection.ask("/api/hello").body == b'"healthy"'
        finally:
            process.terminate()
            process.wait(STOPPED_WITHIN_SECONDS)
            process.stderr.close()


def test_a_fixed_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    write_files(tmp_path, {"pages/api/hello.py": HEALTHY})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = run_dev(tmp_path, "--port", str(port))
        _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert re.fullmatch(
        rf"error \[server\] Port {port} on 127.0.0.1 cannot be had: Address already in use\. Choose another: --port \d+\.\n", said
    )


def test_polling_sees_saves_too(tmp_path: Path) -> None:
    with DevProcess(tmp_path, {"pages/api/number.py": number_route(0)}, "--poll") as dev:
        pid = dev.server.process.pid
        dev.save("pages/api/number.py", number_route(1))
        dev.wait_for_json("/api/number", [1, pid])
        dev.save("pages/api/new.py", number_route(2))
        dev.wait_for_json("/api/new", [2, pid])
        (dev.root / "pages/api/new.py").unlink()
        dev.wait_for_status("/api/new", 404)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_it_with_streams_open(tmp_path: Path, number: signal.Signals) -> None:
    with DevProcess(tmp_path, {"pages/api/events.py": EVENTS, "pages/api/echo.py": ECHO}) as dev, contextlib.ExitStack() as stack:
        for target in ("/api/events", "/_slugline/live"):
            connection = stack.enter_context(Connection(dev.port))
            connection.send(make_request(target))
            assert connection.read_head().status == 200
        stack.enter_context(connect(f"ws://127.0.0.1:{dev.port}/api/echo"))
        dev.server.process.send_signal(number)
        assert dev.server.process.wait(STOPPED_WITHIN_SECONDS) == 0
        assert "Traceback" not in dev.log()


@pytest.mark.parametrize("when", ["at the start", "after a save"])
def test_a_file_whose_import_never_ends_does_not_hold_up_the_stop(tmp_path: Path, when: str) -> None:
    begun = tmp_path / "begun"
    text = f"import time\nfrom pathlib import Path\n\nPath({str(begun)!r}).touch()\nwhile True:\n    time.sleep(0.01)\n"
    write_files(tmp_path, {"pages/api/index.py": HEALTHY, **({"pages/api/endless.py": text} if when == "at the start" else {})})
    process = run_dev(tmp_path)
    try:
        assert process.stderr is not None
        if when == "after a save":
            while "Slugline on http" not in process.stderr.readline():
                pass
            write_files(tmp_path, {"pages/api/endless.py": text})
        wait_until(begun.exists, "the file is being imported")
        process.send_signal(signal.SIGINT)
        assert process.wait(STOPPED_WITHIN_SECONDS) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_burst_of_two_hundred_files_is_served_whole(dev: DevProcess) -> None:
    write_files(dev.root, {f"pages/api/burst/route{number}.py": number_route(number) for number in range(200)})
    for number in range(200):
        dev.wait_for_json(f"/api/burst/route{number}", [number, dev.server.process.pid])
    for path in (dev.root / "pages/api/burst").iterdir():
        if path.is_file():
            path.unlink()
    for number in (0, 100, 199):
        dev.wait_for_status(f"/api/burst/route{number}", 404)


def test_each_request_has_a_line(dev: DevProcess) -> None:
    dev.save("pages/api/post/[pid].py", "def handler(req, res):\n    res.status(201).json(req.query)\n")
    dev.wait_for_status("/api/post/1", 201)
    before = len(dev.log())
    dev.ask("/api/post/7?q=a%20b", "POST")
    dev.ask("/nothing")
    line = dev.wait_for_line("/api/post/7", before)
    assert re.fullmatch(r" POST /api/post/7\?q=a%20b 201 in \d+(\.\d)? m?s  pages/api/post/\[pid\]\.py", line)
    assert re.fullmatch(r" GET /nothing 404 in \d+(\.\d)? m?s", dev.wait_for_line("/nothing", before))


def test_what_a_handler_prints_is_seen_at_once(dev: DevProcess) -> None:
    dev.save("pages/api/printed.py", "def handler(req, res):\n    print('from the handler')\n    res.json({})\n")
    dev.wait_for_json("/api/printed", {})
    dev.wait_for_line("^from the handler$")


def test_the_terminal_of_the_guide(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "development.md").read_text()
    programs = re.findall(r"^```python\n# (\S+)\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    told, failure = (block.splitlines() for block in re.findall(r"^```text\n(.*?)^```", guide, re.MULTILINE | re.DOTALL))
    with DevProcess(tmp_path, {}) as dev:
        (tmp_path / "pages/api/index.py").unlink()
        for source, text in programs:
            dev.save(source, f"# {source}\n{text}")
        dev.wait_for_json("/api/price", {"name": "tea", "price": 2.5})
        dev.save("pages/api/price.py", (tmp_path / "pages/api/price.py").read_text() + "# changed\n")
        dev.wait_for_line("price.py loaded again")
        dev.save("pages/api/stock.py", HEALTHY)
        dev.wait_for_json("/api/stock", "healthy")
        (tmp_path / "pages/api/stock.py").unlink()
        dev.wait_for_status("/api/stock", 404)
        dev.save(".env", "CURRENCY=EUR\n")
        dev.wait_for_line("CURRENCY changed")
        dev.ask("/api/price?name=milk")
        dev.wait_for_line("KeyError")
        log = re.sub(r"\d+(\.\d)? ms|localhost:\d+", "", dev.log()).splitlines()
    for line in told + failure:
        assert re.sub(r"\d+(\.\d)? ms|localhost:\d+", "", line) in log, line


def test_among_500_routes_only_what_changed_is_loaded(tmp_path: Path) -> None:
    notes = tmp_path / "loaded.txt"
    note = f"with open({str(notes)!r}, 'a') as notes:\n    print(__name__, file=notes)\n"
    route = note + "def handler(req, res):\n    res.json({number})\n"
    files = {f"pages/api/many/route{number}.py": route.format(number=number) for number in range(497)}
    importing = "from lib import shared\n" + note + "def handler(req, res):\n    res.json(shared.VALUE)\n"
    files |= {f"pages/api/shared/route{number}.py": importing for number in range(3)}
    files["lib/shared.py"] = note + "VALUE = 0\n"
    with DevProcess(tmp_path / "project", files) as dev:
        assert len(notes.read_text().split()) == 501
        counter = itertools.count(1)

        def loaded_by(source: str, text: str, target: str, expected: int) -> set[str]:
            """Save a file, and give what was loaded for it."""
            notes.write_text("")
            dev.save(source, text)
            dev.wait_for_json(target, expected)
            # A second save comes after all that the first one has caused.
            number = next(counter)
            dev.save("pages/api/index.py", number_route(number))
            dev.wait_for_json("/api", [number, dev.server.process.pid])
            loaded = notes.read_text().split()
            assert len(set(loaded)) == len(loaded)
            return set(loaded)

        assert loaded_by("pages/api/many/route7.py", route.format(number=-1), "/api/many/route7", -1) == {"pages.api.many.route7"}
        shared = {"lib.shared", *(f"pages.api.shared.route{number}" for number in range(3))}
        assert loaded_by("lib/shared.py", note + "VALUE = 1\n", "/api/shared/route2", 1) == shared
        assert loaded_by("pages/api/many/route497.py", route.format(number=497), "/api/many/route497", 497) == {"pages.api.many.route497"}
        assert loaded_by("README.py", "x = 1\n", "/api/many/route0", 0) == set()
