"""HTTP/1.1 by hand: send any bytes, stop anywhere, and see exactly what comes back."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

__all__ = ["Answer", "Closed", "Connection", "Fields", "Wire", "make_request", "run_together", "wait_until"]

PATIENCE_SECONDS = 20.0
"""How long a test waits for what must come; only a failing test waits so long."""

Found = TypeVar("Found")
Fields = Sequence[tuple[str, str]]


class Closed(Exception):
    """The server closed the connection before the end of an answer; `received` holds what came of its body."""

    def __init__(self, received: bytes = b"") -> None:
        super().__init__(f"the connection was closed after {len(received)} bytes")
        self.received = received


@dataclass(frozen=True)
class Answer:
    """An answer as received; `whole` is false when the connection ended before its body did."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes = b""
    whole: bool = True
    head: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """Give the field's value, lines of a repeated one joined; None without it."""
        lines = [value for key, value in self.fields if key == name]
        return ", ".join(lines) if lines else None


def wait_until(probe: Callable[[], Found], what: str) -> Found:
    """Ask again and again until the answer is true, and give it; fails when it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := probe()):
        if time.monotonic() > deadline:
            raise AssertionError(f"It never happened: {what}")
        time.sleep(0.01)
    return found


def make_request(target: str | bytes, method: str = "GET", fields: Fields = (), body: bytes = b"", host: str = "localhost") -> bytes:
    """Write a request down; Content-Length is added for a body unless the fields frame it."""
    raw = target.encode("latin-1") if isinstance(target, str) else target
    names = {name.lower() for name, _ in fields}
    lines = [method.encode() + b" " + raw + b" HTTP/1.1", b"Host: " + host.encode()]
    lines += [f"{name}: {value}".encode("latin-1") for name, value in fields]
    if (body or method in ("POST", "PUT", "PATCH")) and not names & {"content-length", "transfer-encoding"}:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", b""]) + body


class Connection:
    """One TCP connection to a server."""

    def __init__(self, port: int, *, receive_buffer_bytes: int | None = None) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.settimeout(PATIENCE_SECONDS)
        try:
            self.socket.connect(("127.0.0.1", port))
        except OSError:
            self.socket.close()
            raise
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave as a client does that is done."""
        self.socket.close()

    def reset(self) -> None:
        """Leave with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def half_close(self) -> None:
        """Say that nothing more will be sent, and go on reading."""
        self.socket.shutdown(socket.SHUT_WR)

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(data)

    def ask(self, target: str | bytes, method: str = "GET", fields: Fields = (), body: bytes = b"") -> Answer:
        """Send a request and read its answer."""
        self.send(make_request(target, method, fields, body))
        return self.read_answer(has_body=method != "HEAD")

    def read_answer(self, *, has_body: bool = True) -> Answer:
        """Read one answer; raises Closed when not even its head came."""
        head = self.read_head()
        if not has_body:
            return head
        try:
            return Answer(head.status, head.fields, self._read_body(head), head=head.head)
        except Closed as closed:
            return Answer(head.status, head.fields, closed.received, whole=False, head=head.head)

    def read_head(self) -> Answer:
        """Read status and fields; interim answers (100 Continue) count."""
        head = self.read_until(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        pairs = [line.partition(":") for line in lines[1:] if line]
        return Answer(int(lines[0].split(" ")[1]), [(name.lower(), value.strip()) for name, _, value in pairs], head=head)

    def read_chunk(self) -> bytes:
        """Read one chunk of a chunked body; empty at its end."""
        size = int(self.read_until(b"\r\n").split(b";")[0], 16)
        return self.read_exactly(size + 2)[:-2]

    def read_until(self, end: bytes) -> bytes:
        """Read up to and with `end`."""
        while end not in self._buffer:
            self._fill()
        found, _, self._buffer = self._buffer.partition(end)
        return found + end

    def read_exactly(self, size: int) -> bytes:
        """Read so many bytes."""
        while len(self._buffer) < size:
            self._fill()
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found

    def read_to_end(self) -> bytes:
        """Read until the server closes, by an end or a reset."""
        with contextlib.suppress(Closed):
            while True:
                self._fill()
        found, self._buffer = self._buffer, b""
        return found

    def is_closed(self) -> bool:
        """Tell whether the server has closed by now; bytes that are there are kept."""
        self.socket.setblocking(False)
        try:
            self._fill()
        except BlockingIOError:
            return False
        except Closed:
            return True
        finally:
            self.socket.settimeout(PATIENCE_SECONDS)
        return False

    def _read_body(self, head: Answer) -> bytes:
        if head.status in (204, 304) or head.status < 200:
            return b""
        if (head.header("transfer-encoding") or "").lower() == "chunked":
            return self._read_chunked()
        length = head.header("content-length")
        if length is None:
            return self.read_to_end()
        try:
            return self.read_exactly(int(length))
        except Closed:
            raise Closed(self._buffer) from None

    def _read_chunked(self) -> bytes:
        body = b""
        try:
            while chunk := self.read_chunk():
                body += chunk
        except Closed:
            raise Closed(body + self._buffer) from None
        return body

    def _fill(self) -> None:
        try:
            data = self.socket.recv(256 * 1024)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        if not data:
            raise Closed
        self._buffer += data


class Wire:
    """A server to be asked on fresh connections."""

    def __init__(self, port: int) -> None:
        self.port = port

    def connect(self, *, receive_buffer_bytes: int | None = None) -> Connection:
        """Open a connection."""
        return Connection(self.port, receive_buffer_bytes=receive_buffer_bytes)

    def ask(self, target: str | bytes, method: str = "GET", fields: Fields = (), body: bytes = b"") -> Answer:
        """Send one request on a connection of its own, and give the answer."""
        with self.connect() as connection:
            return connection.ask(target, method, fields, body)

    def exchange(self, data: bytes, *, half_close: bool = False) -> Answer | None:
        """Send bytes as they are; None when the server closes without an answer."""
        with self.connect() as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.send(data)
                if half_close:
                    connection.half_close()
            try:
                return connection.read_answer()
            except Closed:
                return None


def run_together(count: int, function: Callable[[int], Found]) -> list[Found]:
    """Call a function with 0 … count-1, each on a thread of its own, and give the results in order."""
    results: dict[int, Found] = {}
    threads = [threading.Thread(target=lambda number=number: results.update({number: function(number)})) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[number] for number in range(count)]
