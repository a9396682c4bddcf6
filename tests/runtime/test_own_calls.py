"""A page that asks its own API by HTTP is told to call the function; real sockets, since libraries have many ways to connect."""

import asyncio
import contextvars
import http.client
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from slugline.errors import PageError
from slugline.runtime import own_calls
from slugline.runtime.own_calls import refuse_own_calls
from slugline.runtime.page_route import computed_page
from slugline.testing import TestClient
from user_modules import own_modules

MESSAGE = (
    "pages/news.py asks its own API by HTTP while the page is made. Put what the route does into a function, in lib/ for instance, "
    "and call it in both places."
)


class Answer(BaseHTTPRequestHandler):
    """Says "hello" to everybody."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *arguments: object) -> None:
        """Stay quiet."""


@contextmanager
def serve() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


@pytest.fixture
def own() -> Iterator[int]:
    """A server whose port is the project's own."""
    with serve() as port:
        refuse_own_calls([port])
        yield port
        own_calls._ports.discard(port)  # the next server may get the same port


@pytest.fixture
def other() -> Iterator[int]:
    with serve() as port:
        yield port


@pytest.fixture
def page() -> Iterator[None]:
    token = computed_page.set("pages/news.py")
    yield
    computed_page.reset(token)


def by_urllib(port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/news", timeout=10) as response:
        assert response.read() == b"hello"


def by_name(port: int) -> None:
    connection = http.client.HTTPConnection("localhost", port, timeout=10)
    try:
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"hello"
    finally:
        connection.close()


def by_socket(port: int) -> None:
    with socket.socket() as connection:
        connection.connect(("0.0.0.0", port))


def by_connect_ex(port: int) -> None:
    with socket.socket() as connection:
        assert connection.connect_ex(("127.0.0.1", port)) == 0


def by_streams(port: int) -> None:
    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        content = await reader.read()
        writer.close()
        await writer.wait_closed()
        return content

    assert contextvars.copy_context().run(asyncio.run, ask()).endswith(b"hello")


def by_task(port: int) -> None:
    """In a task, and in a thread of that: the page's name goes with both."""

    async def start() -> None:
        await asyncio.gather(asyncio.create_task(asyncio.to_thread(by_urllib, port)))

    asyncio.run(start())


WAYS: dict[str, Callable[[int], None]] = {
    "urllib": by_urllib,
    "http.client": by_name,
    "socket": by_socket,
    "connect_ex": by_connect_ex,
    "asyncio": by_streams,
    "thread of a task": by_task,
}


@pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)
def test_its_own_port_is_refused(own: int, page: None, ask: Callable[[int], None]) -> None:
    with pytest.raises(PageError) as raised:
        ask(own)
    assert raised.value.message == MESSAGE
    assert raised.value.files == ("pages/news.py",)


@pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)
def test_other_ports_are_allowed(own: int, other: int, page: None, ask: Callable[[int], None]) -> None:
    ask(other)


@pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)
def test_whoever_makes_no_page_is_allowed(own: int, ask: Callable[[int], None]) -> None:
    ask(own)


ADDRESSES = [
    (("127.0.0.1", 3000), True),
    (("127.0.0.2", 3000), True),
    (("localhost", 3000), True),
    (("0.0.0.0", 3000), True),
    (("::1", 3000, 0, 0), True),
    (("::", 3000, 0, 0), True),
    (("::ffff:127.0.0.1", 3000, 0, 0), True),
    (("127.0.0.1", 3001), False),
    (("192.0.2.1", 3000), False),
    (("fe80::1%eth0", 3000, 0, 2), False),
    (("api.example", 3000), False),
    ("/run/app.sock", False),
    (("127.0.0.1",), False),
    (None, False),
]


@pytest.mark.parametrize(("address", "expected"), ADDRESSES)
def test_which_addresses_are_its_own(monkeypatch: pytest.MonkeyPatch, address: object, expected: bool) -> None:
    monkeypatch.setattr(own_calls, "_ports", {3000})
    assert own_calls._is_own(address) is expected


FETCH = {
    "def": "import urllib.request\ndef {name}(context):\n    urllib.request.urlopen('http://127.0.0.1:{port}/api/news')\n",
    "async": "import asyncio\nasync def {name}(context):\n    await asyncio.open_connection('127.0.0.1', {port})\n",
}


@pytest.mark.parametrize("name", ["get_static_props", "get_server_side_props"])
@pytest.mark.parametrize("text", FETCH.values(), ids=FETCH)
def test_a_page_of_a_project(own: int, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, name: str) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/news.html").touch()
    (tmp_path / "pages/news.py").write_text(text.format(name=name, port=own))
    with own_modules(), TestClient(tmp_path) as client:
        assert client.get("/news").status_code == 500
    [record] = [record for record in caplog.records if record.exc_info is not None]
    assert MESSAGE in str(record.exc_info and record.exc_info[1])
