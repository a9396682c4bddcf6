"""The programs that are compared, and how one is started on its own core and stopped again."""

import contextlib
import functools
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
START_SECONDS = 20.0
STOP_SECONDS = 10.0
LOOK_SECONDS = 0.002
"""Between two looks at a program that starts, which add as much to a figure at most."""

# The settings of `slugline start`, so that the bare application has the same guards of the server around it.
GRANIAN_SETTINGS = [
    *("--interface", "asgi"),
    *("--http", "1"),
    *("--loop", "uvloop"),
    *("--workers", "1"),
    *("--backlog", "2048"),
    *("--backpressure", "4096"),
    *("--http1-buffer-size", "131072"),
    *("--http1-header-read-timeout", "10000"),
    "--respawn-failed-workers",
    *("--respawn-interval", "0.5"),
    "--no-access-log",
]
# What FastAPI's documentation installs for production: uvloop and httptools. Its access log is off, as Slugline's is.
UVICORN_SETTINGS = ["--workers", "1", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]


@dataclass(frozen=True)
class Program:
    """A server with an application in it, run in this folder.

    `command` has the places {python} (this interpreter), {port} and {node} (the path of Node.js), and listens on 127.0.0.1.
    `tasks` names what the program offers, None is everything; `prepare` runs once before the first start, as `next build` does;
    `versions` names the distributions, and npm packages as "npm:next", whose versions the report tells.
    """

    name: str
    title: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    tasks: frozenset[str] | None = None
    prepare: Callable[[], None] | None = None
    versions: tuple[str, ...] = ()

    def offers(self, task: str) -> bool:
        """Tell whether the program has something that answers a task."""
        return self.tasks is None or task in self.tasks

    def make_command(self, port: int) -> list[str]:
        """Fill in the places of the command; ServerFailed when it needs Node.js and there is none."""
        places = {"{python}": sys.executable, "{port}": str(port)}
        if any("{node}" in word for word in self.command):
            node = shutil.which("node")
            if node is None:
                raise ServerFailed(f"{self.title} needs Node.js, and there is no `node` on the path. On Debian: apt-get install nodejs")
            places["{node}"] = node
        return [functools.reduce(lambda text, place: text.replace(*place), places.items(), word) for word in self.command]


def start_command(folder: str | Path, *arguments: str) -> tuple[str, ...]:
    """Give the command that serves a project with `slugline start` and one worker."""
    return ("{python}", "-m", "slugline", "start", str(folder), "--workers", "1", "--host", "127.0.0.1", "--port", "{port}", *arguments)


class ServerFailed(Exception):
    """A program did not start or did not answer; the message has the end of what it printed."""


def choose_cores() -> tuple[set[int], set[int]]:
    """Choose the cores of server and load: one each where there are two, else the same; empty where the system cannot pin."""
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    cores = sorted(os.sched_getaffinity(0))
    return {cores[0]}, {cores[-1]}


@contextlib.contextmanager
def pinned_to(cores: set[int]) -> Iterator[None]:
    """Start children on these cores only: a child inherits the cores of the thread that starts it."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True)
class Server:
    """A program that runs: its port, the process that was started (the leader of its session), and the seconds until it answered."""

    port: int
    process_id: int
    start_seconds: float


@contextlib.contextmanager
def running(program: Program, cores: set[int], environment: Mapping[str, str]) -> Iterator[int]:
    """Run a program on a free loopback port for the length of the block, which begins when it listens; the value is the port."""
    with serving(program, cores, environment, None) as server:
        yield server.port


@contextlib.contextmanager
def serving(
    program: Program, cores: set[int], environment: Mapping[str, str], path: str | None, patience: float = START_SECONDS
) -> Iterator[Server]:
    """Run a program for the length of the block, which begins when `path` was answered with 200, or, for None, when it listens.

    ServerFailed when that takes longer than `patience` seconds.
    """
    port = find_free_port()
    command = program.make_command(port)
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        with pinned_to(cores):
            # A session of its own: the server's workers are in it too, and are stopped with it.
            process = subprocess.Popen(
                command,
                cwd=FOLDER,
                env={**os.environ, **program.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            if not is_ready(process, port, path, patience):
                output.seek(0)
                printed = output.read().decode(errors="replace")[-2000:]
                raise ServerFailed(f"{program.title} did not start: {shlex.join(command)}\n{printed}")
            yield Server(port, process.pid, time.perf_counter() - begin)
        finally:
            stop(process)


def find_free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_ready(process: subprocess.Popen[bytes], port: int, path: str | None, patience: float) -> bool:
    """Wait for the first answer, or until the port accepts a connection; False when the process ended or the time is over."""
    end = time.monotonic() + patience
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
                if path is None:
                    return True
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
                if b" 200 " in connection.recv(65536).partition(b"\r\n")[0]:
                    return True
        except OSError:
            pass
        time.sleep(LOOK_SECONDS)
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to end, then end what is left of its session."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
