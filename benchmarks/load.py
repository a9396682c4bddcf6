"""One request to look at the answer, and many to measure: with wrk, and by hand where wrk would measure something else.

wrk counts what was answered until its time is over. Where an answer takes a good part of that time (an upload, a long stream), the
figure would be a matter of luck; there a few connections begin requests until the time is over and are waited for, and the time of the
last one counts.
"""

import contextlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tasks import Task, Upload

from servers import pinned_to

# What a server adds to the headers of its application.
HEADERS_OF_SERVER = {"connection", "date", "keep-alive", "server", "transfer-encoding"}
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
PATIENCE_SECONDS = 30.0
RECEIVED_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Answer:
    """A response as it came from the socket; each byte of the body is a character of Latin-1."""

    status: int
    headers: list[tuple[str, str]]
    body: str

    def find(self, name: str) -> str | None:
        """Give the value of a header, or None."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True)
class Measurement:
    """What was found in one run."""

    requests_per_second: float
    latency_99_milliseconds: float


class LoadFailed(Exception):
    """An answer was wrong, or requests failed."""


# One request


def ask(port: int, task: Task, upload: Upload | None = None, *, patience: float = PATIENCE_SECONDS) -> Answer:
    """Send the task once and read the answer, with the headers of the application alone, in their order."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
            send_request(connection, port, replace(task, headers={**task.headers, "Connection": "close"}), upload)
            return read_answer(connection)
    except (OSError, ValueError, IndexError) as error:
        raise LoadFailed(f"{task.method} {task.target} was not answered: {error or type(error).__name__}") from error


def send_request(connection: socket.socket, port: int, task: Task, upload: Upload | None) -> None:
    """Send head and body."""
    length = len(upload.head) + upload.size + len(upload.tail) if upload else len(task.content)
    sized = {"Content-Length": str(length)} if task.method == "POST" else {}
    fields = {"Host": f"127.0.0.1:{port}", **task.headers, **sized}
    lines = [f"{task.method} {task.target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + task.content)
    if upload:
        connection.sendall(upload.head)
        piece = upload.piece
        for _ in range(upload.size // len(piece)):
            connection.sendall(piece)
        connection.sendall(upload.tail)


def read_answer(connection: socket.socket) -> Answer:
    """Read one answer, to the length that it names, to the last chunk, or to the end of the connection."""
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += receive(connection)
    status_line, *header_lines = received[:end].decode("latin-1").split("\r\n")
    pairs = [line.partition(":") for line in header_lines]
    fields = {name.lower(): value.strip() for name, _, value in pairs}
    status = int(status_line.split()[1])
    body = received[end + 4 :]
    if status in {204, 304}:
        pass
    elif "chunked" in fields.get("transfer-encoding", ""):
        # Nothing that is asked here has this in its content.
        while not (body.endswith(b"\r\n0\r\n\r\n") or body == b"0\r\n\r\n"):
            body += receive(connection)
        body = bytearray(join_chunks(bytes(body)))
    elif "content-length" in fields:
        while len(body) < int(fields["content-length"]):
            body += receive(connection)
    else:
        body += b"".join(iter(lambda: connection.recv(RECEIVED_AT_ONCE), b""))
    headers = [(name, value.strip()) for name, _, value in pairs if name.lower() not in HEADERS_OF_SERVER]
    return Answer(status, headers, body.decode("latin-1"))


def receive(connection: socket.socket) -> bytes:
    """Receive something; ConnectionError when the server has closed the connection."""
    received = connection.recv(RECEIVED_AT_ONCE)
    if not received:
        raise ConnectionError("the server closed the connection")
    return received


def join_chunks(body: bytes) -> bytes:
    """Take the chunks of a chunked body out of their frames."""
    chunks: list[bytes] = []
    at = 0
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end].partition(b";")[0], 16)
        if size == 0:
            return b"".join(chunks)
        chunks.append(body[end + 2 : end + 2 + size])
        at = end + size + 4


# With wrk


def measure(port: int, task: Task, *, connections: int, seconds: float, cores: set[int]) -> Measurement:
    """Load the task with wrk on one thread, which is enough to keep one core of a Python server busy."""
    # wrk takes whole seconds. On an interrupt it stops, and reckons with the time that passed.
    command = [
        "wrk",
        "--threads",
        "1",
        "--connections",
        str(connections),
        "--duration",
        f"{int(seconds) + 60}s",
        "--timeout",
        "10s",
        "--latency",
    ]
    for name, value in task.headers.items():
        command += ["--header", f"{name}: {value}"]
    with tempfile.TemporaryDirectory() as folder, pinned_to(cores):
        if task.method != "GET":
            script = Path(folder) / "request.lua"
            script.write_text(write_script(task))
            command += ["--script", str(script)]
        process = subprocess.Popen(
            [*command, f"http://127.0.0.1:{port}{task.target}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise LoadFailed("wrk did not end") from None
        finally:
            process.kill()
            process.wait()
    return read_wrk_output(output)


def write_script(task: Task) -> str:
    """Write the request in Lua, every byte of the body as a number."""
    body = "".join(f"\\{byte:03}" for byte in task.content)
    return f'wrk.method = "{task.method}"\nwrk.body = "{body}"\n'


def read_wrk_output(output: str) -> Measurement:
    """Read requests per second and the 99th percentile; LoadFailed when a request failed, or none was answered."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    latency = re.search(r"\s99%\s+([\d.]+)(us|ms|s|m)\b", output)
    if rate is None or latency is None or "Socket errors" in output or "Non-2xx" in output or float(rate[1]) == 0:
        raise LoadFailed(f"wrk reported:\n{output}")
    return Measurement(float(rate[1]), float(latency[1]) * MILLISECONDS[latency[2]])


# By hand


def measure_few(port: int, task: Task, *, connections: int, seconds: float, cores: set[int], upload: Upload | None = None) -> Measurement:
    """Ask on a few connections, again and again, and look at each answer's status and length."""
    latencies: list[float] = []
    failures: list[Exception] = []
    begin = time.perf_counter()

    def work() -> None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
                while time.perf_counter() - begin < seconds:
                    started = time.perf_counter()
                    send_request(connection, port, task, upload)
                    answer = read_answer(connection)
                    latencies.append((time.perf_counter() - started) * 1000)
                    if (answer.status, len(answer.body)) != (task.status, len(task.answer)):
                        raise LoadFailed(f"{task.target} was answered with {answer.status} and {len(answer.body)} bytes")
        except (OSError, ValueError, IndexError, LoadFailed) as error:
            failures.append(error)

    with pinned_to(cores):
        run_threads([work] * connections)
    if failures:
        raise LoadFailed(f"{task.method} {task.target} failed under load: {failures[0]}")
    return Measurement(len(latencies) / (time.perf_counter() - begin), percentile(latencies, 99))


def run_threads(jobs: list[Callable[[], None]]) -> None:
    """Run all at once and wait for all; they inherit the cores of this thread."""
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def measure_burst(port: int, task: Task, *, requests: int) -> float:
    """Send so many requests at once, each on a connection of its own, and give the seconds until all are answered."""
    with contextlib.ExitStack() as stack:
        begin = time.perf_counter()
        try:
            connections = [stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)) for _ in range(requests)]
            for connection in connections:
                send_request(connection, port, task, None)
            for connection in connections:
                answer = read_answer(connection)
                if (answer.status, answer.body.encode("latin-1")) != (task.status, task.answer):
                    raise LoadFailed(f"{task.target} was answered with {answer}")
        except (OSError, ValueError, IndexError) as error:
            raise LoadFailed(f"{task.target}, {requests} at once: {error or type(error).__name__}") from error
        return time.perf_counter() - begin


@contextlib.contextmanager
def idle_connections(port: int, task: Task, count: int) -> Iterator[None]:
    """Hold so many connections open, each of which has asked once; LoadFailed when one could not, or was closed within the block."""
    with contextlib.ExitStack() as stack:
        connections = []
        try:
            for _ in range(count):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS))
                send_request(connection, port, task, None)
                read_answer(connection)
                connections.append(connection)
        except (OSError, ValueError, IndexError) as error:
            raise LoadFailed(f"idle connection {len(connections) + 1}: {error or type(error).__name__}") from error
        yield
        closed = sum(is_closed(connection) for connection in connections)
        if closed:
            raise LoadFailed(f"{closed} of {count} idle connections were closed meanwhile")


def is_closed(connection: socket.socket) -> bool:
    """Tell whether the server has ended a connection on which nothing is awaited."""
    connection.setblocking(False)
    try:
        connection.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def percentile(values: list[float], percent: int) -> float:
    """Give the smallest value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
