"""One request to look at the answer, and many with wrk to measure."""

import re
import socket
import subprocess
from dataclasses import dataclass

from tasks import Task

from servers import pinned_to

# What a server adds to the headers of its application.
HEADERS_OF_SERVER = {"connection", "date", "keep-alive", "server", "transfer-encoding"}
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Answer:
    """A response as it came from the socket."""

    status: int
    headers: list[tuple[str, str]]
    body: str


@dataclass(frozen=True)
class Measurement:
    """What wrk found in one run."""

    requests_per_second: float
    latency_99_milliseconds: float


class LoadFailed(Exception):
    """An answer was wrong, or wrk counted errors."""


def ask(port: int, task: Task) -> Answer:
    """Send the task once and read the answer, with the headers of the application alone, in their order."""
    fields = {"Host": f"127.0.0.1:{port}", **task.headers, "Connection": "close"}
    lines = [f"GET {task.target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.decode("latin-1").partition("\r\n\r\n")
    status_line, *header_lines = head.split("\r\n")
    pairs = [line.partition(": ") for line in header_lines]
    headers = [(name, value) for name, _, value in pairs if name.lower() not in HEADERS_OF_SERVER]
    return Answer(int(status_line.split()[1]), headers, body)


def measure(port: int, task: Task, *, connections: int, seconds: int, cores: set[int]) -> Measurement:
    """Load the task with wrk on one thread, which is enough to keep one core of a Python server busy."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "10s", "--latency"]
    for name, value in task.headers.items():
        command += ["--header", f"{name}: {value}"]
    with pinned_to(cores):
        result = subprocess.run(
            [*command, f"http://127.0.0.1:{port}{task.target}"],
            capture_output=True,
            text=True,
            timeout=seconds + 60,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    return read_wrk_output(result.stdout + result.stderr)


def read_wrk_output(output: str) -> Measurement:
    """Read requests per second and the 99th percentile; LoadFailed when a request failed."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    latency = re.search(r"\s99%\s+([\d.]+)(us|ms|s|m)\b", output)
    if rate is None or latency is None or "Socket errors" in output or "Non-2xx" in output:
        raise LoadFailed(f"wrk reported:\n{output}")
    return Measurement(float(rate[1]), float(latency[1]) * MILLISECONDS[latency[2]])
