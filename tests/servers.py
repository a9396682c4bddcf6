"""Start a project on the real servers, each as a process of its own on a free port of the loopback."""

import http.client
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["STARTERS", "Server", "find_free_port", "is_open", "start_granian", "start_process", "start_uvicorn"]

READY_WITHIN_SECONDS = 20
STOPPED_WITHIN_SECONDS = 10

RUN_UVICORN = """
import sys
import uvicorn
from slugline import create_app
uvicorn.run(create_app(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), http="httptools", log_level="warning", lifespan="on")
"""


@dataclass
class Server:
    """A running server; stop it when done. Its output, and that of its workers, is in `log_path`."""

    base_url: str
    process: subprocess.Popen[bytes]
    log_path: Path

    def stop(self) -> int:
        """Ask the server to stop, and give its exit status; it is killed when it does not stop in time."""
        self.process.terminate()
        try:
            return self.process.wait(STOPPED_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def process_ids(self) -> set[int]:
        """Give the ids of the server's process and of its children: a worker that died and was replaced shows."""
        ids = {self.process.pid}
        # Linux tells a process's children; elsewhere the server's own process has to do.
        for path in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            ids.update(map(int, path.read_text().split()))
        return ids

    def log(self) -> str:
        """Give everything logged so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")


def start_granian(directory: Path, *options: str) -> Server:
    """Run `slugline start DIRECTORY OPTIONS…`, with one worker unless the options say otherwise."""
    port = find_free_port()
    workers = () if "--workers" in options else ("--workers", "1")
    command = ["-m", "slugline", "start", str(directory), "--host", "127.0.0.1", "--port", str(port), *workers, *options]
    return start_process(command, port)


def start_uvicorn(directory: Path) -> Server:
    """Run `create_app(DIRECTORY)` on uvicorn."""
    port = find_free_port()
    return start_process(["-c", RUN_UVICORN, str(directory), str(port)], port)


STARTERS = {"granian": start_granian, "uvicorn": start_uvicorn}


def find_free_port() -> int:
    """Give a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_open(port: int) -> bool:
    """Tell whether somebody listens on a port of the loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start_process(command: list[str], port: int) -> Server:
    """Run Python with these arguments, and wait until it answers on the port."""
    with tempfile.NamedTemporaryFile(prefix="slugline-", suffix=".log", delete=False) as log:
        process = subprocess.Popen([sys.executable, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    server = Server(f"http://127.0.0.1:{port}", process, Path(log.name))
    try:
        _wait_until_ready(server, port)
    except BaseException:
        server.stop()
        raise
    return server


def _wait_until_ready(server: Server, port: int) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not _answers(port):
        if server.process.poll() is not None:
            raise RuntimeError(f"The server ended with status {server.process.returncode}:\n{server.log()[-4000:]}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"The server did not answer within {READY_WITHIN_SECONDS} s:\n{server.log()[-4000:]}")
        time.sleep(0.02)


def _answers(port: int) -> bool:
    """Tell whether a request is answered, with whatever status: a port may be open long before a worker serves it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
