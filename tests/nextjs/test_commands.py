"""`slugline dev`, `build` and `start` in a folder with a real Next.js app: one command, one stop."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from behaviour.wire import Answer, Closed, Wire, make_request, wait_until
from nextjs.sites import PROJECT
from node import NPM, find_node
from servers import find_free_port

pytestmark = pytest.mark.timeout(150)

HTML = [("Accept", "text/html")]


class Run:
    """A `slugline` command that runs in a copy of the project."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.directory = directory
        self.wire = Wire(find_free_port())
        self.log_path = directory / f"{arguments[0]}.log"
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "slugline", *arguments, str(directory), "--port", str(self.wire.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "CI": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            )
        try:
            wait_until(lambda: self.ask("/api/hello").status == 200 or self.process.poll() is not None, "the first answer")
        except AssertionError as error:
            self.kill()
            raise AssertionError(self.log()) from error
        assert self.process.poll() is None, self.log()

    def ask(self, target: str, *arguments: object) -> Answer:
        """Ask through Next.js; status 0 while nobody listens."""
        try:
            return self.wire.ask(target, *arguments)  # type: ignore[arg-type]
        except (OSError, Closed):
            return Answer(0, [])

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def tree(self) -> dict[int, str]:
        """Give every process below this command, with its command line."""
        found: dict[int, str] = {}
        waiting = [self.process.pid]
        while waiting:
            pid = waiting.pop()
            with contextlib.suppress(OSError):
                found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                for task in Path(f"/proc/{pid}/task").iterdir():
                    waiting += map(int, (task / "children").read_text().split())
        return found

    def find(self, text: str) -> int:
        """Give the process whose command line has a text in it."""
        return next(pid for pid, line in self.tree().items() if text in line and pid != self.process.pid)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def kill(self) -> None:
        tree = self.tree()
        self.process.kill()
        self.process.wait()
        for pid in tree:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    find_node()
    (NPM / "build").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="commands-", dir=NPM / "build"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def directory(folder: Path) -> Path:
    return Path(shutil.copytree(PROJECT, Path(tempfile.mkdtemp(dir=folder)), dirs_exist_ok=True))


@pytest.fixture(scope="module")
def built(folder: Path) -> Path:
    directory = Path(shutil.copytree(PROJECT, folder / "built", dirs_exist_ok=True))
    port = str(find_free_port())
    done = subprocess.run(
        [sys.executable, "-m", "slugline", "build", str(directory), "--python-port", port],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


@contextlib.contextmanager
def running(directory: Path, *arguments: str) -> Iterator[Run]:
    run = Run(directory, *arguments)
    try:
        yield run
    finally:
        run.kill()


def all_gone(tree: dict[int, str]) -> bool:
    return not any(is_alive(pid) for pid in tree)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def write(directory: Path, name: str, text: str) -> None:
    (directory / "pages" / "api" / name).write_text(text)


def test_development(directory: Path) -> None:
    config = (directory / "next.config.mjs").read_bytes()
    with running(directory, "dev") as run:
        assert json.loads(run.ask("/api/js").body)["by"] == "javascript"
        before = run.tree()

        write(directory, "fresh.py", "def handler(req, res):\n    res.json(1)\n")
        wait_until(lambda: run.ask("/api/fresh").body == b"1", "a new Python route answers")
        write(directory, "fresh.py", "def handler(req, res):\n    res.json(2)\n")
        wait_until(lambda: run.ask("/api/fresh").body == b"2", "a save changes the answer")
        write(directory, "fresh.py", "def handler(req, res):\n    answer = 1 / 0\n")
        wait_until(lambda: run.ask("/api/fresh").status == 500, "an error answers, and does not hang")
        assert json.loads(run.ask("/api/fresh").body)["error"]["file"] == "pages/api/fresh.py"
        page = run.ask("/api/fresh", "GET", HTML).body
        assert b"data-slugline-overlay" in page
        assert b"answer = 1 / 0" in page

        with run.wire.connect() as connection:  # the page of the error listens through Next.js
            connection.send(make_request("/_slugline/live"))
            assert connection.read_head().status == 200
            write(directory, "fresh.py", "def handler(req, res):\n    res.json(3)\n")
            connection.read_until(b"event: reload")
        wait_until(lambda: run.ask("/api/fresh").body == b"3", "the next save heals")

        write(directory, "hello.js", "export default (req, res) => res.json(1)\n")
        wait_until(lambda: "pages/api/hello.py and pages/api/hello.js" in run.log(), "a path in both languages is told of")
        (directory / "pages" / "api" / "hello.js").unlink()
        wait_until(lambda: b'"by":"python"' in run.ask("/api/hello").body, "and heals")

        assert before.keys() <= run.tree().keys(), "no process has been restarted"
        log = run.log()
        assert "next  │" in log
        assert "python│  ↻ pages/api/fresh.py" in log
        tree = run.tree()
        assert run.stop(signal.SIGINT) == 0
        wait_until(lambda: all_gone(tree), "everything ends with the command")
    assert (directory / "next.config.mjs").read_bytes() == config


@pytest.mark.parametrize("command", ["dev", "start"])
def test_next_that_dies_ends_everything(command: str, directory: Path, built: Path) -> None:
    with running(directory if command == "dev" else built, command) as run:
        tree = run.tree()
        os.kill(run.find("next" if command == "dev" else "next-server"), signal.SIGKILL)
        assert run.process.wait(30) == 1
        assert "Next.js ended by itself" in run.log()
        wait_until(lambda: all_gone(tree), "everything ends")


def test_python_that_dies_ends_everything(built: Path) -> None:
    with running(built, "start") as run:
        tree = run.tree()
        os.kill(run.find("--behind-nextjs"), signal.SIGKILL)
        assert run.process.wait(30) == 1
        assert "The Python server ended by itself" in run.log()
        wait_until(lambda: all_gone(tree), "everything ends")


@pytest.mark.parametrize("command", ["dev", "start"])
def test_nothing_outlives_a_command_that_is_killed(command: str, directory: Path, built: Path) -> None:
    with running(directory if command == "dev" else built, command) as run:
        tree = run.tree()
        run.process.kill()
        run.process.wait()
        wait_until(lambda: all_gone(tree), "everything ends")


def test_production(built: Path) -> None:
    with running(built, "start", "--threads", "8") as run:
        assert json.loads(run.ask("/api/js").body)["by"] == "javascript"
        large = b"x" * 20_000_000
        assert run.ask("/api/echo", "POST", [("Content-Type", "text/plain")], large).status == 413
        tree = run.tree()
        with run.wire.connect() as connection:
            connection.send(make_request("/api/events?gate=stop"))
            connection.read_head()
            connection.read_until(b"first")
            began = time.monotonic()
            assert run.stop() == 0
            assert time.monotonic() - began < 8, "an open event stream holds the stop up"
        wait_until(lambda: all_gone(tree), "everything ends")


@pytest.mark.parametrize("command", ["build", "start", "dev"])
def test_what_is_refused(command: str, directory: Path) -> None:
    if command == "build":
        write(directory, "hello.js", "export default (req, res) => res.json(1)\n")
        expected = "pages/api/hello.py and pages/api/hello.js both answer"
    elif command == "start":
        expected = "Run `slugline build`"
    else:
        (directory / "next.config.mjs").unlink()
        (directory / "package.json").write_text("{")
        expected = "package.json"
    done = subprocess.run(
        [sys.executable, "-m", "slugline", command, str(directory)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
