"""The programs that are compared, and how one is started on its own core and stopped again."""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
START_SECONDS = 20.0
STOP_SECONDS = 10.0

# The settings of `slugline start`, so that the bare application has the same guards of the server around it.
GRANIAN_SETTINGS = [
    *("--interface", "asgi"),
    *("--http", "1"),
    *("--loop", "uvloop"),
    *("--workers", "1"),
    *("--backlog", "2048"),
    *("--backpressure", "4096"),
    *("--http1-buffer-size", "32768"),
    *("--http1-header-read-timeout", "10000"),
    "--respawn-failed-workers",
    *("--respawn-interval", "0.5"),
    "--no-access-log",
]
# What FastAPI's documentation installs for production: uvloop and httptools. Its access log is off, as Slugline's is.
UVICORN_SETTINGS = ["--workers", "1", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]


@dataclass(frozen=True)
class Program:
    """A server with an application in it; `arguments` go to this Python, `--host` and `--port` are added."""

    name: str
    title: str
    arguments: tuple[str, ...]


PROGRAMS = [
    Program("slugline", "Slugline (slugline start)", ("-m", "slugline", "start", "projects/hello", "--workers", "1")),
    Program("bare", "bare ASGI, Granian", ("-m", "granian", *GRANIAN_SETTINGS, "programs.bare_asgi:app")),
    Program("slugline-uvicorn", "Slugline, uvicorn", ("-m", "uvicorn", *UVICORN_SETTINGS, "programs.slugline_app:app")),
    Program("fastapi", "FastAPI, uvicorn", ("-m", "uvicorn", *UVICORN_SETTINGS, "programs.fastapi_app:app")),
]


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


@contextlib.contextmanager
def running(program: Program, cores: set[int], environment: dict[str, str]) -> Iterator[int]:
    """Run a program on a free loopback port for the length of the block; the value is the port."""
    port = find_free_port()
    command = [sys.executable, *program.arguments, "--host", "127.0.0.1", "--port", str(port)]
    with tempfile.TemporaryFile() as output, pinned_to(cores):
        # A session of its own: the server's workers are in it too, and are stopped with it.
        process = subprocess.Popen(
            command,
            cwd=FOLDER,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            if not listens(process, port):
                output.seek(0)
                printed = output.read().decode(errors="replace")[-2000:]
                raise ServerFailed(f"{program.title} did not start: {shlex.join(command)}\n{printed}")
            yield port
        finally:
            stop(process)


def find_free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the port accepts a connection; False when the process ended or the time is over."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to end, then end what is left of its session."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
