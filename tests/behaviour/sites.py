"""The project behind each adapter, asked in one way: in memory, on Granian, on uvicorn."""

import json
import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from behaviour.wire import Answer, Fields, Wire, wait_until
from servers import Server, find_free_port, start_granian, start_process, start_uvicorn
from slugline import create_app
from slugline.runtime.settings import Settings
from slugline.testing import IncompleteResponse, TestClient

__all__ = ["PROJECT", "SMALL", "MemorySite", "Notes", "ServerSite", "Site", "open_site", "read_worker"]

HERE = Path(__file__).parent
PROJECT = HERE / "project"

SMALL = Settings(
    threads=4,
    max_waiting=4,
    max_concurrent=24,
    body_idle_seconds=0.5,
    body_total_seconds=1.0,
    write_stall_seconds=1.0,
    late_answer_seconds=0.6,
    retry_after_seconds=7,
)
"""Clocks and caps small enough to run into."""


class Site(Protocol):
    """A running project."""

    name: str

    def ask(self, target: str, method: str = "GET", fields: Fields = (), body: bytes = b"") -> Answer: ...
    def log(self) -> str: ...


class ServerSite:
    """A project on a real server; `wire` opens connections to it."""

    def __init__(self, name: str, server: Server) -> None:
        self.name = name
        self.server = server
        port = urlsplit(server.base_url).port
        assert port is not None
        self.port = port
        self.wire = Wire(port)

    def ask(self, target: str, method: str = "GET", fields: Fields = (), body: bytes = b"") -> Answer:
        """Send one request and give the answer."""
        return self.wire.ask(target, method, fields, body)

    def log(self) -> str:
        """Give everything logged so far."""
        return self.server.log()


class MemorySite:
    """A project asked by the test client."""

    def __init__(self, client: TestClient) -> None:
        self.name = "memory"
        self.client = client
        self._log = _LogText()

    def ask(self, target: str, method: str = "GET", fields: Fields = (), body: bytes = b"") -> Answer:
        """Send one request and give the answer."""
        content = body if body or method in ("POST", "PUT", "PATCH") else None
        with self.client.stream(method, target, headers=list(fields), content=content) as stream:
            pairs = _pairs(stream.headers)
            parts: list[bytes] = []
            try:
                parts.extend(stream.iter_raw())
            except IncompleteResponse:
                return Answer(stream.status_code, pairs, b"".join(parts), whole=False)
        return Answer(stream.status_code, pairs, b"".join(parts))

    def log(self) -> str:
        """Give everything logged so far."""
        return "\n".join(self._log.lines)

    def close(self) -> None:
        """Listen to the log no more."""
        self._log.close()


def _pairs(headers: Any) -> list[tuple[str, str]]:
    return [(name, value) for name in headers for value in headers.get_all(name)]


class _LogText(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        logging.getLogger("slugline").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def close(self) -> None:
        logging.getLogger("slugline").removeHandler(self)
        super().close()


@contextmanager
def open_site(name: str, directory: Path = PROJECT, settings: Settings | None = None) -> Iterator[ServerSite | MemorySite]:
    """Run a project behind the adapter `name` ("memory", "granian", "uvicorn") for the length of a `with` block."""
    if name == "memory":
        with TestClient(create_app(directory, settings)) as client:
            site = MemorySite(client)
            try:
                yield site
            finally:
                site.close()
        return
    server = start_server(name, directory, settings)
    try:
        yield ServerSite(name, server)
    finally:
        server.stop()
        server.log_path.unlink()


def start_server(name: str, directory: Path = PROJECT, settings: Settings | None = None) -> Server:
    """Start a project on a server, as users do; with settings of its own, by a program."""
    if settings is None:
        return start_granian(directory) if name == "granian" else start_uvicorn(directory)
    port = find_free_port()
    return start_process([str(HERE / "serve.py"), name, str(directory), str(port), json.dumps(asdict(settings))], port)


class Notes:
    """What handlers have noted under a key of this test's own; see notebook.py of the project."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.key = secrets.token_hex(8)

    def read(self) -> list[Any]:
        """Give all notes so far."""
        return json.loads(self._site.ask(f"/api/seen?key={self.key}").body)

    def wait_for(self, wanted: Any) -> list[Any]:
        """Wait until something was noted, and give all notes."""
        return wait_until(lambda: notes if wanted in (notes := self.read()) else None, f"{wanted!r} in the notes")


def read_worker(site: Site) -> Mapping[str, Any]:
    """Give process id, memory and open files of the process that answers."""
    worker: Mapping[str, Any] = json.loads(site.ask("/api/worker").body)
    return worker
