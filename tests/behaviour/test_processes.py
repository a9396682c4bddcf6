"""`slugline start` as a process: how it starts, survives and stops."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from behaviour.sites import ServerSite
from behaviour.wire import Closed, make_request, wait_until
from servers import find_free_port, start_granian
from slugline.commands.start import SOCKETS_SECONDS

PROJECT = Path(__file__).parent / "process_project"
STOP_WITHIN_SECONDS = 15


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerSite]:
    """A server of this test's own."""
    monkeypatch.setenv("BEHAVIOUR_NOTES", str(tmp_path / "notes"))
    server = start_granian(PROJECT)
    yield ServerSite("granian", server)
    if server.process.poll() is None:
        server.stop()
    server.log_path.unlink()


def ask_worker(site: ServerSite) -> int:
    worker: int = json.loads(site.ask("/api/worker").body)["pid"]
    return worker


def is_alive(process_id: int) -> bool:
    """Tell whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_stop_answers_what_runs(started: ServerSite, tmp_path: Path) -> None:
    with started.wire.connect() as connection:
        connection.send(make_request(f"/api/slow?arrived={tmp_path / 'arrived'}"))
        wait_until((tmp_path / "arrived").exists, "the handler runs")
        started.server.process.terminate()
        assert connection.read_answer().body == b'{"answered":true}'
    assert started.server.process.wait(STOP_WITHIN_SECONDS) == 0
    assert (tmp_path / "notes").read_text() == "register\nshutdown\n"
    assert "Traceback" not in started.log()


def test_stop_ends_streams_and_sockets(started: ServerSite) -> None:
    url = f"ws://127.0.0.1:{started.port}/api/socket"
    with started.wire.connect() as connection, connect(url) as websocket:
        assert websocket.recv(timeout=10) == "open"
        connection.send(make_request("/api/events"))
        connection.read_head()
        connection.read_chunk()
        began = time.monotonic()
        started.server.process.terminate()
        assert connection.read_to_end().endswith(b"0\r\n\r\n")  # an end, not a cut
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
        assert started.server.process.wait(STOP_WITHIN_SECONDS) == 0
        assert time.monotonic() - began < 10  # far from the 25 s that a stop may take
    assert "Traceback" not in started.log()


def test_stop_waits_for_what_a_socket_still_does(started: ServerSite, tmp_path: Path) -> None:
    with connect(f"ws://127.0.0.1:{started.port}/api/parting") as websocket:
        assert websocket.recv(timeout=10) == "open"
        started.server.process.terminate()
        assert websocket.recv(timeout=10) == "goodbye"
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
    assert started.server.process.wait(STOP_WITHIN_SECONDS) == 0
    assert (tmp_path / "notes").read_text() == "register\nparted\nshutdown\n"


def test_stop_waits_for_a_socket_only_so_long(started: ServerSite) -> None:
    with connect(f"ws://127.0.0.1:{started.port}/api/parting?for=60") as websocket:
        assert websocket.recv(timeout=10) == "open"
        began = time.monotonic()
        started.server.process.terminate()
        assert started.server.process.wait(STOP_WITHIN_SECONDS) == 0
        assert time.monotonic() - began >= SOCKETS_SECONDS


def test_stop_is_not_held_up_by_idle_connections(started: ServerSite) -> None:
    with started.wire.connect() as idle, started.wire.connect() as silent:
        idle.ask("/api/worker")
        assert not silent.is_closed()
        started.server.process.terminate()
        assert started.server.process.wait(STOP_WITHIN_SECONDS) == 0


def test_killed_worker_is_replaced(started: ServerSite) -> None:
    worker = ask_worker(started)
    os.kill(worker, signal.SIGKILL)
    assert wait_until(lambda: ask_other_worker(started, worker), "another worker") != worker
    assert started.server.process.poll() is None


def ask_other_worker(site: ServerSite, old: int) -> int | None:
    with contextlib.suppress(OSError, Closed):
        found = ask_worker(site)
        return found if found != old else None
    return None


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="Linux has this policy, no other system")
def test_threads_of_a_worker_do_not_interrupt_one_another(started: ServerSite) -> None:
    worker = ask_worker(started)
    threads = [int(path.name) for path in Path(f"/proc/{worker}/task").iterdir()]
    policies = {thread: os.sched_getscheduler(thread) for thread in threads}
    # Those that were there before the project was loaded only watch.
    assert list(policies.values()).count(os.SCHED_BATCH) >= 3, policies


def test_workers_end_with_the_main_process(started: ServerSite) -> None:
    worker = ask_worker(started)
    children = started.server.process_ids() - {started.server.process.pid}
    assert worker in children
    started.server.process.kill()
    started.server.process.wait()
    wait_until(lambda: not any(map(is_alive, children)), "the workers ended")


def run_start(directory: Path, port: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "slugline", "start", str(directory), "--port", str(port)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def write_route(folder: Path, name: str, text: str) -> None:
    (folder / "pages" / "api").mkdir(parents=True, exist_ok=True)
    (folder / "pages" / "api" / name).write_text(text, encoding="utf-8")


def test_a_module_is_imported_once_in_each_worker_and_not_in_the_main_process(tmp_path: Path) -> None:
    write_route(tmp_path, "hello.py", "import os\nprint('imported in', os.getpid(), flush=True)\ndef handler(req, res): res.json({})\n")
    server = start_granian(tmp_path, "--workers", "2")
    try:
        wait_until(lambda: server.log().count("imported in") >= 2, "two imports")
        wait_until(lambda: "Slugline on" in server.log(), "the announcement")
        workers = server.process_ids() - {server.process.pid}
    finally:
        server.stop()
        log = server.log()
        server.log_path.unlink()
    imports = [int(line.split()[-1]) for line in log.splitlines() if line.startswith("imported in")]
    assert len(imports) == 2
    assert set(imports) <= workers
    assert log.count("Slugline on") == 1


@pytest.mark.parametrize("workers", ["1", "3"])
def test_what_cannot_be_loaded_is_said_once_and_ends_the_start(tmp_path: Path, workers: str) -> None:
    write_route(tmp_path, "hello.py", "def handler(req, res): ...\n")
    write_route(tmp_path, "broken.py", "import no_such_module\n")
    command = [sys.executable, "-m", "slugline", "start", str(tmp_path), "--port", str(find_free_port()), "--workers", workers]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    messages = [line for line in ended.stderr.splitlines() if "error" in line.lower()]
    expected = "error [route-module] pages/api/broken.py cannot be imported: ModuleNotFoundError: No module named 'no_such_module' (line 1)"
    assert messages == [expected]
    assert "Slugline on" not in ended.stderr
    assert "Respawning" not in ended.stderr


def test_a_page_that_cannot_be_made_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.html").write_text('{% include "lost.html" %}')
    ended = run_start(tmp_path, find_free_port())
    assert ended.returncode == 1
    expected = "error [page] /: pages/index.html, line 1: there is no template 'lost.html' in pages/."
    assert [line for line in ended.stderr.splitlines() if "lost.html" in line] == [ended.stderr.splitlines()[-1]]
    assert ended.stderr.splitlines()[-1].startswith(expected)
    assert "Traceback" not in ended.stderr


def test_what_looks_wrong_is_said_once(tmp_path: Path) -> None:
    write_route(tmp_path, "hello.py", "def handler(req, res): res.json({})\n")
    narrow = "async def app(scope, receive, send):\n    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
    write_route(tmp_path, "shop.py", narrow)
    (tmp_path / "pages" / "lost.py").write_text("def handler(req, res): ...\n")
    server = start_granian(tmp_path, "--workers", "3")
    try:
        wait_until(lambda: "Slugline on" in server.log(), "the announcement")
    finally:
        server.stop()
        log = server.log()
        server.log_path.unlink()
    assert log.count("pages/lost.py answers nothing") == 1
    assert log.count("pages/api/shop.py") == 1


def test_the_port_is_free_after_a_start_that_failed(tmp_path: Path) -> None:
    write_route(tmp_path, "broken.py", "import no_such_module\n")
    port = find_free_port()
    assert run_start(tmp_path, port).returncode == 1
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
        probe.listen()


def test_stop_while_a_worker_imports(tmp_path: Path) -> None:
    write_route(tmp_path, "slow.py", "import time\nprint('importing', flush=True)\ntime.sleep(600)\n")
    command = [sys.executable, "-m", "slugline", "start", str(tmp_path), "--port", str(find_free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.terminate()
        assert process.wait(STOP_WITHIN_SECONDS) == 0


def test_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        ended = run_start(PROJECT, port)
    assert ended.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be had" in ended.stderr
    assert "Slugline on" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_second_server_on_the_same_port(started: ServerSite) -> None:
    ended = run_start(PROJECT, started.port)
    assert (ended.returncode, f"Port {started.port}" in ended.stderr) == (1, True)
    assert ask_worker(started)


BROKEN = {
    "import": ("import nowhere_to_be_found\n", "ModuleNotFoundError: No module named 'nowhere_to_be_found' (line 1)"),
    "syntax": ("def handler(req, res:\n", "SyntaxError"),
    "nothing": ("x = 1\n", "defines nothing that answers"),
    "config": ("config = {'api': {'bodyParsr': False}}\ndef handler(req, res): ...\n", "bodyParser"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_project_that_cannot_be_loaded(tmp_path: Path, case: str) -> None:
    source, cause = BROKEN[case]
    (tmp_path / "pages" / "api").mkdir(parents=True)
    (tmp_path / "pages" / "api" / "broken.py").write_text(source)
    ended = run_start(tmp_path, find_free_port())
    assert ended.returncode == 1
    assert "pages/api/broken.py" in ended.stderr
    assert cause in ended.stderr
    assert "Traceback" not in ended.stderr


def test_register_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHAVIOUR_NOTES", str(tmp_path / "notes"))
    monkeypatch.setenv("BEHAVIOUR_FAIL", "1")
    ended = run_start(PROJECT, find_free_port())
    assert ended.returncode == 1
    expected = "error [instrumentation] register() of instrumentation.py failed: RuntimeError: no database there"
    assert ended.stderr.splitlines()[-1] == expected
    assert 'raise RuntimeError("no database there")' in ended.stderr
    assert "Respawning" not in ended.stderr
    assert "Slugline on" not in ended.stderr
