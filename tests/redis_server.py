"""A Redis server of the tests' own, on a free port of the loopback."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from servers import find_free_port

__all__ = ["RedisServer", "run_redis"]

READY_WITHIN_SECONDS = 20


class RedisServer:
    """A server that can be stopped and started again on the same port; it keeps nothing."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = find_free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while not self._answers():
            assert self._process.poll() is None, "redis-server ended at once"
            assert time.monotonic() < deadline, "redis-server did not answer in time"
            time.sleep(0.01)

    def pause(self, *, on: bool) -> None:
        """Have the server answer nothing, or go on; connections to it are accepted by the system."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    def stop(self) -> None:
        """Kill the server; connections to it break."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def run_redis(folder: Path) -> Iterator[RedisServer]:
    """Run a server; skips, or fails in CI, where the program is missing."""
    program = shutil.which("redis-server")
    if program is None:
        reason = "redis-server is not installed: run scripts/install-system-tools.sh redis-server, as `make test` does."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    server = RedisServer(program, folder)
    try:
        yield server
    finally:
        server.stop()
