"""`slugline dev`, `build` and `start` in a folder with a real Next.js app: one command, one stop."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from behaviour.wire import make_request, wait_until
from nextjs.run_command import build, open_folder, running
from nextjs.sites import PROJECT
from servers import find_free_port

pytestmark = pytest.mark.timeout(150)

HTML = [("Accept", "text/html")]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture
def directory(folder: Path) -> Path:
    return Path(shutil.copytree(PROJECT, Path(tempfile.mkdtemp(dir=folder)), dirs_exist_ok=True))


@pytest.fixture(scope="module")
def built(folder: Path) -> Path:
    directory = Path(shutil.copytree(PROJECT, folder / "built", dirs_exist_ok=True))
    build(directory)
    return directory


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

        assert b"swagger-ui-bundle.js" in run.ask("/api/docs").body
        assert run.ask("/api/docs/swagger-ui.css").status == 200
        assert "/api/fresh" in json.loads(run.ask("/api/openapi.json").body)["paths"]
        write(directory, "docs.js", "export default (req, res) => res.json(1)\n")
        wait_until(lambda: run.ask("/api/docs").body == b"1", "a route of the app goes first")

        assert before.keys() <= run.tree().keys(), "no process has been restarted"
        log = run.log()
        assert "next  │" in log
        assert "python│  ↻ pages/api/fresh.py" in log
        tree = run.tree()
        assert run.stop(signal.SIGINT) == 0
        wait_until(lambda: all_gone(tree), "everything ends with the command")
    assert (directory / "next.config.mjs").read_bytes() == config


def test_errors_below_a_base_path_and_behind_a_tunnel(folder: Path) -> None:
    directory = Path(tempfile.mkdtemp(dir=folder))
    (directory / "pages" / "api").mkdir(parents=True)
    (directory / "package.json").write_text('{"dependencies": {"next": "*"}}')
    (directory / "pages" / "index.js").write_text("export default () => <p>home</p>\n")
    config = directory / "next.config.ts"
    config.write_text("export default { basePath: '/shop', trailingSlash: true }\n")
    write(directory, "hello.py", "def handler(req, res):\n    res.json(1 / int(req.query['by']))\n")

    def page(base: str, *fields: tuple[str, str]) -> bytes:
        return run.ask(f"{base}/api/hello/?by=0", "GET", [*HTML, *fields]).body

    with running(directory, "dev", first="/shop/api/hello/?by=1") as run:
        assert "with 1 Python route behind it" in run.log()
        for base in ("/shop", "/store"):
            if base == "/store":
                config.write_text("export default { basePath: '/store', trailingSlash: true }\n")
            live = f'new EventSource("{base}/_slugline/live")'.encode()
            wait_until(lambda base=base, live=live: live in page(base), f"the page below {base} listens there")
            with run.wire.connect() as connection:
                connection.send(make_request(f"{base}/_slugline/live/"))
                assert connection.read_head().status == 200
                write(directory, "other.py", f"def handler(req, res):\n    res.json({base!r})\n")
                connection.read_until(b"event: reload")
        assert page("/store", ("X-Forwarded-Host", "a.tunnel.example")) == b"Internal Server Error"

        shutil.rmtree(directory / ".slugline")  # as `git clean` does
        write(directory, "late.py", "def handler(req, res):\n    res.json(1)\n")
        wait_until(lambda: run.ask("/store/api/late/").body == b"1", "a route is known without the folder for it")


def test_a_saved_environment_file_reaches_both(directory: Path) -> None:
    write(directory, "word.py", "import os\n\n\ndef handler(req, res):\n    res.json(os.environ['WORD'])\n")
    write(directory, "wort.js", "export default (req, res) => res.json(process.env.WORD)\n")
    (directory / ".env").write_text("WORD=one\n")
    with running(directory, "dev") as run:
        for word in ("one", "two"):
            (directory / ".env").write_text(f"WORD={word}\n")
            for path in ("/api/word", "/api/wort"):
                wait_until(lambda path=path, word=word: run.ask(path).body == f'"{word}"'.encode(), f"{path} answers {word}")


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
        for _ in range(20):  # by one connection to Python, which is used again and again
            assert run.ask("/api/hello").status == 200
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
        assert "Warning" not in run.log()


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


@pytest.mark.parametrize("which", ["public", "private"])
def test_a_start_on_a_port_that_is_taken(which: str, built: Path) -> None:
    origin = json.loads((built / ".next" / "slugline-routes.json").read_text())["origin"]
    private = int(origin.rpartition(":")[2])
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", private if which == "private" else 0))
        taken.listen()
        port = find_free_port() if which == "private" else taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "slugline", "start", str(built), "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    cure = f"slugline build --python-port {private + 1}" if which == "private" else f"--port {port + 1}"
    assert cure in done.stderr
    assert "Next.js" not in done.stderr, "neither has been started"
