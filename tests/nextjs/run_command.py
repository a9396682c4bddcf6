"""The command `slugline` in a folder with a Next.js app, as a process."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from behaviour.wire import Answer, Closed, Wire, wait_until
from node import NPM, find_node
from servers import find_free_port

__all__ = ["Run", "build", "open_folder", "running"]


class Run:
    """A `slugline` command that runs in a folder; it is there when `first` is answered."""

    def __init__(self, directory: Path, *arguments: str, first: str = "/api/hello") -> None:
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
            wait_until(lambda: self.ask(first).status == 200 or self.process.poll() is not None, "the first answer")
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
        """Give everything printed so far."""
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
        """Ask it to end, and give its exit status."""
        self.process.send_signal(number)
        return self.process.wait(30)

    def kill(self) -> None:
        """End it and everything below it."""
        tree = self.tree()
        self.process.kill()
        self.process.wait()
        for pid in tree:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def running(directory: Path, *arguments: str, first: str = "/api/hello") -> Iterator[Run]:
    """Run a command for the length of the block."""
    run = Run(directory, *arguments, first=first)
    try:
        yield run
    finally:
        run.kill()


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder in which Node.js finds the npm packages of the tests; it goes with the block."""
    find_node()
    (NPM / "build").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="commands-", dir=NPM / "build"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def build(directory: Path) -> None:
    """Run `slugline build`, with a port for Python that nobody else has."""
    command = [sys.executable, "-m", "slugline", "build", str(directory), "--python-port", str(find_free_port())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
