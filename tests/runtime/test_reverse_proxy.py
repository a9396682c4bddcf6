"""The reverse proxy, against servers that send what bytes the test likes."""

import asyncio
import contextlib
import gc
import logging
import random
import re
import socket
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.typing import Origin, Subprotocol

from servers import Server, find_free_port, start_process
from slugline import Settings, create_app
from slugline.adapters.asgi import AsgiAdapter
from slugline.errors import ConfigError, ResponseError
from slugline.http.request import Request
from slugline.runtime.asgi_types import Message
from slugline.runtime.body_reader import BodyReader
from slugline.runtime.channel import StreamCut
from slugline.runtime.forwarded_fields import answer_fields, read_target, request_fields
from slugline.runtime.forwarding import Exchange, Upload
from slugline.runtime.reverse_proxy import ReverseProxy
from slugline.runtime.websocket import WebSocket

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MEGABYTE = 1024 * 1024
WITHIN_SECONDS = 20


# An upstream of bytes


Handler = Callable[["Connection"], Awaitable[None]]


class Connection:
    """One connection to the upstream, whose other end is the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read_head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def read_chunk(self) -> bytes:
        line = await self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise asyncio.IncompleteReadError(line, None)
        size = int(line, 16)
        data = await self.reader.readexactly(size)
        assert await self.reader.readexactly(2) == b"\r\n"
        return data

    async def read_body(self, head: bytes) -> bytes:
        """Read a body as a strict server does; raises IncompleteReadError for one that was cut."""
        if length := re.search(rb"(?im)^content-length: (\d+)\r$", head):
            assert b"transfer-encoding" not in head.lower()
            return await self.reader.readexactly(int(length[1]))
        if re.search(rb"(?im)^transfer-encoding: chunked\r$", head):
            chunks = []
            while chunk := await self.read_chunk():
                chunks.append(chunk)
            return b"".join(chunks)
        return b""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


class Upstream:
    """A server that answers each connection with a handler; `requests` are the heads and bodies that `answering` has read."""

    def __init__(self) -> None:
        self.handler: Handler = self.answering(OK)
        self.requests: list[tuple[bytes, bytes]] = []
        self.failures: list[BaseException] = []
        self.connections = 0
        self.tasks: set[asyncio.Task[Any]] = set()
        self.port = 0
        self._server: Any = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MEGABYTE)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answering(self, data: bytes) -> Handler:
        """Answer every request with these bytes; keep the connection when they say how long they are."""

        async def handle(connection: Connection) -> None:
            while True:
                head = await connection.read_head()
                self.requests.append((head, await connection.read_body(head)))
                await connection.send(data)
                if b"\r\n\r\n" not in data or b"ontent-Length:" not in data:
                    return

        return handle

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.connections += 1
        try:
            await self.handler(Connection(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            self.failures.append(error)
        except asyncio.CancelledError:
            pass
        finally:
            self.tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as server:
        yield server


# The application that forwards everything


@dataclass
class Answer:
    status: int = 0
    fields: list[tuple[str, str]] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    complete: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    def get(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]


class Client:
    """A server's two channels, with a client behind them that the test plays."""

    def __init__(self, *chunks: bytes, more: bool = False) -> None:
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.answer = Answer()
        self.changed = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()
        self.taken = 0
        for number, chunk in enumerate(chunks):
            self.give(chunk, more=more or number + 1 < len(chunks))
        if not chunks and not more:
            self.give(b"")

    def give(self, chunk: bytes, *, more: bool = False) -> None:
        self.inbox.put_nowait({"type": "http.request", "body": chunk, "more_body": more})

    def leave(self) -> None:
        self.inbox.put_nowait({"type": "http.disconnect"})

    async def receive(self) -> dict[str, Any]:
        message = await self.inbox.get()
        self.taken += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message.get("more_body"):  # what is small and whole is taken by a socket, whoever reads
            await self.reads.wait()
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            self.answer.fields = [(name.decode(), value.decode("latin-1")) for name, value in message["headers"]]
        else:
            if message["body"]:
                self.answer.parts.append(message["body"])
            self.answer.complete = not message.get("more_body", False)
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_SECONDS):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


class Front:
    """An application whose every request goes to `url`."""

    def __init__(self, app: AsgiAdapter, proxy: ReverseProxy, url: str) -> None:
        self.app = app
        self.proxy = proxy
        self.url = url

    async def ask(
        self,
        method: str = "GET",
        path: str = "/x",
        fields: list[tuple[bytes, bytes]] | None = None,
        *,
        client: Client | None = None,
        version: str = "1.1",
        scheme: str = "http",
    ) -> Answer:
        """Ask as a server would; a cut connection is an answer that is not complete."""
        client = client or Client()
        raw_path, _, query = path.encode("latin-1").partition(b"?")
        scope = {
            "type": "http",
            "method": method,
            "path": raw_path.decode("latin-1"),
            "raw_path": raw_path,
            "query_string": query,
            "headers": [(b"host", b"front.test:3000"), *(fields or [])],
            "http_version": version,
            "root_path": "",
            "scheme": scheme,
            "client": ("203.0.113.9", 5000),
        }
        async with asyncio.timeout(WITHIN_SECONDS):
            try:
                await self.app(scope, client.receive, client.send)
            except StreamCut:
                if client.answer.complete:
                    raise
        return client.answer

    async def wait_until_idle(self) -> None:
        """Wait until no task is left but the test's and the upstream's."""
        load = self.app.app.load
        async with asyncio.timeout(WITHIN_SECONDS):
            while load.requests or load.streams:
                await asyncio.sleep(0.005)


def make_front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, **settings: Any) -> Front:
    (tmp_path / "pages" / "api").mkdir(parents=True, exist_ok=True)
    (tmp_path / "pages" / "api" / "own.py").write_text("def handler(req, res): ...\n")
    app = create_app(tmp_path, Settings(**settings))
    proxy = ReverseProxy(app.app.settings)
    front = Front(app, proxy, url)

    async def forward(site: object, request: Request[Any, Any], response: Any) -> None:
        await proxy.forward(request, response, front.url + request.url)

    monkeypatch.setattr("slugline.runtime.app.answer", forward)
    return front


MakeFront = Callable[..., Front]


@pytest.fixture
async def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, upstream: Upstream) -> AsyncIterator[MakeFront]:
    made: list[Front] = []

    def build(url: str | None = None, **settings: Any) -> Front:
        made.append(make_front(tmp_path, monkeypatch, upstream.url if url is None else url, **settings))
        return made[-1]

    yield build
    for front in made:
        await front.proxy.close()
        await front.app.app.stop()


@pytest.fixture
def front(make: MakeFront) -> Front:
    return make()


# What goes out


def absent(names: str) -> dict[str, list[str]]:
    """Give what is found of fields that are not there."""
    return {name: [] for name in names.split()}


FORWARDED: list[tuple[str, list[tuple[bytes, bytes]], dict[str, list[str]]]] = [
    ("own fields", [(b"x-one", b"1"), (b"x-one", b"2"), (b"accept", b"a/b")], {"x-one": ["1", "2"], "accept": ["a/b"]}),
    (
        "hop by hop",
        [
            (b"connection", b"close, X-Client"),
            (b"x-client", b"v"),
            (b"proxy-authorization", b"Basic eA=="),
            (b"te", b"trailers"),
            (b"keep-alive", b"timeout=5"),
            (b"upgrade", b"h2c"),
            (b"http2-settings", b"AA"),
            (b"trailer", b"x-t"),
            (b"proxy-connection", b"close"),
        ],
        absent("connection x-client proxy-authorization te keep-alive upgrade http2-settings trailer proxy-connection"),
    ),
    ("who asked", [], {"x-forwarded-host": ["front.test:3000"], "x-forwarded-for": ["203.0.113.9"], "x-forwarded-proto": ["http"]}),
    (
        "behind a proxy",
        [(b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-proto", b"https")],
        {"x-forwarded-for": ["198.51.100.1, 203.0.113.9"], "x-forwarded-proto": ["https"]},
    ),
    ("a host that was made up", [(b"x-forwarded-host", b"evil.test")], {"x-forwarded-host": ["front.test:3000"]}),
    ("a scheme that was made up", [(b"x-forwarded-proto", b"https, javascript")], {"x-forwarded-proto": ["http"]}),
    (
        "fields that shall be dropped by name",
        [(b"connection", b"x-forwarded-for, x-forwarded-host, host, cookie"), (b"cookie", b"a=1")],
        {"x-forwarded-for": ["203.0.113.9"], "x-forwarded-host": ["front.test:3000"], "cookie": ["a=1"]},
    ),
    ("cookies in two lines", [(b"cookie", b"a=1"), (b"cookie", b"b=2")], {"cookie": ["a=1; b=2"]}),
    ("an expectation", [(b"expect", b"100-continue")], {"expect": []}),
    (
        "nothing is added",
        [],
        absent("accept accept-encoding user-agent content-type content-length transfer-encoding"),
    ),
    ("the tag of a twin", [(b"if-none-match", b'"a-gzip", W/"b"')], {"if-none-match": ['"a-gzip", "a", W/"b"']}),
    ("bytes of UTF-8", [(b"x-name", "Zoë".encode())], {"x-name": ["Zoë"]}),
    ("a tab", [(b"x-tab", b"a\tb")], {"x-tab": ["a\tb"]}),
]


def lines_of(head: bytes, name: str) -> list[str]:
    lines = [line.partition(":") for line in head.decode().split("\r\n")[1:] if line]
    return [value.strip(" ") for key, _, value in lines if key.lower() == name]


@pytest.mark.parametrize(("fields", "expected"), [pytest.param(*case[1:], id=case[0]) for case in FORWARDED])
async def test_fields_of_the_request(
    front: Front, upstream: Upstream, fields: list[tuple[bytes, bytes]], expected: dict[str, list[str]]
) -> None:
    assert (await front.ask(fields=fields)).body == b"ok"
    head = upstream.requests[0][0]
    assert lines_of(head, "host") == [f"127.0.0.1:{upstream.port}"]
    assert {name: lines_of(head, name) for name in expected} == expected


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "PURGE", "TRACE"])
@pytest.mark.parametrize(
    "path", ["/", "/a%2Fb%41/../c", "//x//", "/%", "/a?b=%zz&c=%20&c=+", "/a|b^c{d}\"e'f", "/a;b=1,2@c:d", "/a/./b?x=/../y?z"]
)
async def test_method_and_path_go_out_as_they_came(front: Front, upstream: Upstream, method: str, path: str) -> None:
    await front.ask(method, path)
    assert upstream.requests[0][0].split(b"\r\n")[0] == f"{method} {path} HTTP/1.1".encode()


BODIES: list[tuple[str, str, list[tuple[bytes, bytes]], list[bytes], str]] = [
    ("a length", "POST", [(b"content-length", b"5")], [b"ab", b"cde"], "content-length"),
    ("chunks", "POST", [(b"transfer-encoding", b"chunked")], [b"ab", b"cde"], "transfer-encoding"),
    ("chunks of DELETE", "DELETE", [(b"transfer-encoding", b"chunked")], [b"abcde"], "transfer-encoding"),
    ("chunks of OPTIONS", "OPTIONS", [(b"transfer-encoding", b"chunked")], [b"abcde"], "transfer-encoding"),
    ("a GET with a body", "GET", [(b"content-length", b"5")], [b"abcde"], "content-length"),
    ("the smuggler's", "POST", [(b"content-length", b"30")], [b"0\r\n\r\nGET /admin HTTP/1.1\r\nA: b\r\n"[:30]], "content-length"),
    ("framing dropped by name", "POST", [(b"connection", b"content-length"), (b"content-length", b"5")], [b"abcde"], "content-length"),
]


@pytest.mark.parametrize(("method", "fields", "chunks", "framing"), [pytest.param(*case[1:], id=case[0]) for case in BODIES])
async def test_the_framing_of_a_body(
    front: Front, upstream: Upstream, method: str, fields: list[tuple[bytes, bytes]], chunks: list[bytes], framing: str
) -> None:
    for _ in range(2):
        assert (await front.ask(method, fields=fields, client=Client(*chunks))).body == b"ok"
    assert upstream.connections == 1  # what followed the first body was the second request
    for head, body in upstream.requests:
        assert body == b"".join(chunks)
        assert [name for name in ("content-length", "transfer-encoding") if lines_of(head, name)] == [framing]


async def test_a_body_of_http_2_has_no_field_that_says_so(front: Front, upstream: Upstream) -> None:
    await front.ask("POST", client=Client(b"ab", b"c"), version="2")
    assert upstream.requests[0][1] == b"abc"
    await front.ask("GET", version="2")
    assert upstream.requests[1][1] == b""


@pytest.mark.parametrize(
    "fields",
    [
        [(b"content-length", b"4"), (b"transfer-encoding", b"chunked")],
        [(b"content-length", b"4"), (b"content-length", b"5")],
        [(b"content-length", b"4"), (b"content-length", b"4")],
        [(b"content-length", b"+4")],
        [(b"content-length", b"0x4")],
        [(b"content-length", b"4, 4")],
        [(b"content-length", b"")],
        [(b"content-length", b"\xb2")],
    ],
)
async def test_a_length_that_is_not_certain(front: Front, upstream: Upstream, fields: list[tuple[bytes, bytes]]) -> None:
    assert (await front.ask("POST", fields=fields, client=Client(b"abcd"))).status == 400
    assert upstream.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "/x",
        "//h/x",
        "ftp://h/x",
        "file:///etc/passwd",
        "http:///x",
        "http://h:123456/x",
        "http://user:secret@h/x",
        "http://good.test\\@evil.test/x",
        "http://h/a b",
        "http://h/a\r\nX: y",
        "http://h/a\nb",
        "http://h/a\x00",
        "http://h/a\x7f",
        "http://h\r\nX: y/",
        "http://h/é",
        "http://hé/",
        "http://h%2f/x",
        "http://h x/",
        "http://[::1/x",
        "http://h:x/",
        "http://h/ HTTP/1.1\r\nHost: evil\r\n\r\nGET /",
    ],
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ResponseError, match="no URL that a request can be forwarded to"):
        read_target(url)


def test_the_fragment_stays_here() -> None:
    assert read_target("https://h:8443/a?b#c?d") == "https://h:8443/a?b"
    assert read_target("http://[::1]:3000") == "http://[::1]:3000"


async def test_a_port_that_is_none(make: MakeFront) -> None:
    assert (await make("http://127.0.0.1:99999").ask()).status == 500


def test_a_request_without_a_client() -> None:
    request: Request[Any, Any] = Request("GET", b"/x", b"", [(b"x-odd", b"\xff")])
    assert request_fields(request, 0) == [("x-odd", "ÿ"), ("x-forwarded-for", "unknown"), ("x-forwarded-proto", "http")]


# What comes back

H = b"HTTP/1.1 200 OK\r\n"
ANSWERS: list[tuple[str, bytes, tuple[int, dict[str, list[str]], bytes]]] = [
    ("a length", H + b"Content-Length: 3\r\nX-One: 1\r\n\r\nabc", (200, {"content-length": ["3"], "x-one": ["1"]}, b"abc")),
    (
        "chunks",
        H + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
        (200, {"transfer-encoding": [], "content-length": []}, b"abc"),
    ),
    ("chunk extensions", H + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nab\r\n1;c\r\nc\r\n0;d\r\n\r\n", (200, {}, b"abc")),
    (
        "trailers",
        H + b"Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n",
        (200, {"trailer": [], "x-t": []}, b"a"),
    ),
    ("until the end", H + b"\r\nabc", (200, {"content-length": []}, b"abc")),
    ("HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\nabc", (200, {}, b"abc")),
    ("nothing", H + b"Content-Length: 0\r\n\r\n", (200, {"content-length": ["0"]}, b"")),
    ("204", b"HTTP/1.1 204 No Content\r\nX-One: 1\r\n\r\n", (204, {"x-one": ["1"], "content-length": []}, b"")),
    ("304", b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n', (304, {"etag": ['"1"'], "content-length": []}, b"")),
    ("404", b"HTTP/1.1 404 Nothing Here\r\nContent-Length: 1\r\n\r\nx", (404, {}, b"x")),
    ("no phrase", b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", (200, {}, b"x")),
    ("a redirect", b"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n", (302, {"location": ["/y"]}, b"")),
    ("a hint before", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK, (200, {"link": []}, b"ok")),
    ("cookies", H + b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 1\r\n\r\nx", (200, {"set-cookie": ["a=1", "b=2"]}, b"x")),
    (
        "hop by hop",
        H + b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
        b"Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nx",
        (200, absent("connection x-hop keep-alive proxy-authenticate upgrade"), b"x"),
    ),
    (
        "its own coding",
        H + b"Content-Encoding: gzip\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
        (200, {"content-encoding": ["gzip"], "content-length": ["4"]}, b"\x1f\x8b\x08\x00"),
    ),
    ("no type is made up", H + b"Content-Length: 1\r\n\r\n<", (200, {"content-type": []}, b"<")),
    (
        "a part",
        b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-0/9\r\nContent-Length: 1\r\n\r\nx",
        (206, {"content-range": ["bytes 0-0/9"]}, b"x"),
    ),
    ("a folded field", H + b"X-Fold: a\r\n  b\r\nContent-Length: 1\r\n\r\nx", (200, {"x-fold": ["a  b"]}, b"x")),
    ("Latin-1", H + b"X-Odd: \xe9\r\nContent-Length: 1\r\n\r\nx", (200, {"x-odd": ["é"]}, b"x")),
    ("a status of its own", b"HTTP/1.1 599 Odd\r\nContent-Length: 1\r\n\r\nx", (599, {}, b"x")),
]
REFUSED: list[tuple[str, bytes]] = [
    ("nothing", b""),
    ("no HTTP", b"SSH-2.0-OpenSSH_9\r\n\r\n"),
    ("half a head", b"HTTP/1.1 200 OK\r\nContent-Le"),
    ("status 99", b"HTTP/1.1 99 Low\r\nContent-Length: 1\r\n\r\nx"),
    ("status 600", b"HTTP/1.1 600 High\r\nContent-Length: 1\r\n\r\nx"),
    ("status 1000", b"HTTP/1.1 1000 High\r\nContent-Length: 1\r\n\r\nx"),
    ("another protocol", b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    ("two lengths", H + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
    ("a length that is none", H + b"Content-Length: 1x\r\n\r\nx"),
    ("a length beside chunks", H + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
    ("a size that is none", H + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"),
    ("NUL in a field", H + b"X-Bad: a\x00b\r\nContent-Length: 1\r\n\r\nx"),
    ("CR in a field", H + b"X-Bad: a\rSet-Cookie: evil=1\r\nContent-Length: 1\r\n\r\nx"),
    ("a name that is none", H + b"X Bad: a\r\nContent-Length: 1\r\n\r\nx"),
    ("a huge field", H + b"X-Big: " + b"a" * 200_000 + b"\r\nContent-Length: 1\r\n\r\nx"),
]
CUT: list[tuple[str, bytes]] = [
    ("short of its length", H + b"Content-Length: 9\r\n\r\nabc"),
    ("no last chunk", H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
    ("half a chunk", H + b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc"),
]


@pytest.mark.parametrize(("data", "expected"), [pytest.param(*case[1:], id=case[0]) for case in ANSWERS])
async def test_answers(front: Front, upstream: Upstream, data: bytes, expected: tuple[int, dict[str, list[str]], bytes]) -> None:
    upstream.handler = upstream.answering(data)
    answer = await front.ask(fields=[(b"accept-encoding", b"br")])
    status, fields, body = expected
    assert (answer.status, answer.body, answer.complete) == (status, body, True)
    assert {name: answer.get(name) for name in fields} == fields


@pytest.mark.parametrize("data", [pytest.param(case[1], id=case[0]) for case in REFUSED])
async def test_answers_that_cannot_be_passed_on(front: Front, upstream: Upstream, data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    upstream.handler = upstream.answering(data)
    answer = await front.ask(path="/x?secret=1")
    assert (answer.status, answer.body, answer.complete) == (500, b"Internal Server Error", True)
    assert not answer.get("set-cookie")
    assert not answer.get("x-bad")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "slugline"]
    assert line.startswith(f"GET /x could not be forwarded to http://127.0.0.1:{upstream.port}/x: ")
    assert "secret" not in line


@pytest.mark.parametrize("data", [pytest.param(case[1], id=case[0]) for case in CUT])
async def test_answers_that_break_off(front: Front, upstream: Upstream, data: bytes) -> None:
    async def handle(connection: Connection) -> None:
        await connection.read_head()
        await connection.send(data)

    upstream.handler = handle
    answer = await front.ask()
    assert (answer.status, answer.complete) == (200, False)
    assert b"abc".startswith(answer.body)


async def test_a_length_beside_chunks_says_nothing() -> None:
    raw = [(b"Content-Length", b"3"), (b"Transfer-Encoding", b"chunked"), (b"X-One", b"1")]
    assert answer_fields(raw) == {"x-one": ["1"]}


async def test_head_says_how_long_the_body_would_be(front: Front, upstream: Upstream) -> None:
    upstream.handler = upstream.answering(H + b"Content-Length: 1234\r\nContent-Type: image/png\r\n\r\n")
    for _ in range(2):
        answer = await front.ask("HEAD")
        assert (answer.status, answer.get("content-length"), answer.body, answer.complete) == (200, ["1234"], b"", True)
    assert upstream.connections == 1


async def test_a_plain_text_is_compressed_and_its_tag_is_understood(front: Front, upstream: Upstream) -> None:
    upstream.handler = upstream.answering(H + b'ETag: "v1"\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n' + b"a" * 5000)
    answer = await front.ask(fields=[(b"accept-encoding", b"gzip")])
    assert (answer.get("content-encoding"), answer.get("vary"), answer.get("content-length")) == (["gzip"], ["Accept-Encoding"], [])
    tag = answer.get("etag")[0]
    await front.ask(fields=[(b"if-none-match", tag.encode())])
    assert lines_of(upstream.requests[1][0], "if-none-match") == [f'{tag}, "v1"']


async def test_fields_that_are_set_before_stay(front: Front, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream.handler = upstream.answering(H + b"Set-Cookie: up=1\r\nX-Both: up\r\nContent-Length: 2\r\n\r\nok")

    async def forward(site: object, request: Request[Any, Any], response: Any) -> None:
        response.set_header("x-own", "1").set_header("x-both", "own").append_header("set-cookie", "own=1")
        await front.proxy.forward(request, response, front.url)

    monkeypatch.setattr("slugline.runtime.app.answer", forward)
    answer = await front.ask()
    assert (answer.get("x-own"), answer.get("x-both"), answer.get("set-cookie")) == (["1"], ["up"], ["own=1", "up=1"])


async def test_cookies_and_redirects_are_the_clients_own_affair(make: MakeFront, upstream: Upstream) -> None:
    front = make(f"http://localhost:{upstream.port}")  # no library keeps the cookies of an address
    upstream.handler = upstream.answering(b"HTTP/1.1 307 Go\r\nSet-Cookie: a=1\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
    assert (await front.ask()).status == 307
    assert (await front.ask()).status == 307
    assert [lines_of(head, "cookie") for head, _ in upstream.requests] == [[], []]


async def test_the_environment_names_no_proxy(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert (await front.ask()).status == 200


async def test_a_server_that_is_not_there(make: MakeFront, caplog: pytest.LogCaptureFixture) -> None:
    answer = await make(f"http://127.0.0.1:{find_free_port()}").ask()
    assert (answer.status, answer.body, answer.get("content-type")) == (500, b"Internal Server Error", ["text/plain; charset=utf-8"])
    assert "could not be forwarded" in caplog.text


async def test_a_connection_that_was_closed_meanwhile_is_not_used(front: Front, upstream: Upstream) -> None:
    async def handle(connection: Connection) -> None:
        head = await connection.read_head()
        await connection.read_body(head)
        await connection.send(OK)

    upstream.handler = handle
    for _ in range(5):
        assert (await front.ask("POST", fields=[(b"content-length", b"1")], client=Client(b"x"))).status == 200
        while upstream.tasks:
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)  # the end of the connection is on its way
    assert upstream.connections == 5


# Piece by piece


async def test_an_answer_goes_on_as_it_comes(front: Front, upstream: Upstream) -> None:
    client = Client()

    async def handle(connection: Connection) -> None:
        await connection.read_head()
        await connection.send(H + b"Transfer-Encoding: chunked\r\n\r\n")
        for number in range(5):
            await connection.send(b"1\r\n%d\r\n" % number)
            await client.until(lambda number=number: client.answer.body.endswith(b"%d" % number))  # type: ignore[misc]
        await connection.send(b"0\r\n\r\n")

    upstream.handler = handle
    assert (await front.ask(client=client)).parts == [b"0", b"1", b"2", b"3", b"4"]


async def test_a_body_goes_on_as_it_comes(front: Front, upstream: Upstream) -> None:
    client = Client(more=True)

    async def handle(connection: Connection) -> None:
        await connection.read_head()
        for number in range(5):
            client.give(b"%d" % number, more=number < 4)
            assert await connection.read_chunk() == b"%d" % number
        assert await connection.read_chunk() == b""
        await connection.send(OK)

    upstream.handler = handle
    assert (await front.ask("POST", fields=[(b"transfer-encoding", b"chunked")], client=client)).body == b"ok"


async def test_both_ways_at_once(front: Front, upstream: Upstream) -> None:
    client = Client(more=True)

    async def handle(connection: Connection) -> None:
        await connection.read_head()
        await connection.send(H + b"Transfer-Encoding: chunked\r\n\r\n")
        for number in range(5):
            client.give(b"%d" % number, more=number < 4)
            chunk = await connection.read_chunk()
            await connection.send(b"1\r\n" + chunk + b"\r\n")
            await client.until(lambda number=number: client.answer.body.endswith(b"%d" % number))  # type: ignore[misc]
        await connection.send(b"0\r\n\r\n")

    upstream.handler = handle
    assert (await front.ask("POST", fields=[(b"transfer-encoding", b"chunked")], client=client)).body == b"01234"


async def test_a_client_that_reads_nothing_stops_the_upstream(front: Front, upstream: Upstream) -> None:
    client = Client()
    client.reads.clear()
    sent = 0

    async def handle(connection: Connection) -> None:
        nonlocal sent
        await connection.read_head()
        await connection.send(H + b"Content-Length: %d\r\n\r\n" % (64 * MEGABYTE))
        for _ in range(64 * 16):
            await connection.send(b"x" * 65536)
            sent += 65536

    upstream.handler = handle
    task = asyncio.ensure_future(front.ask(client=client))
    await _settle(lambda: sent)
    assert sent < 16 * MEGABYTE  # what sockets hold
    client.reads.set()
    answer = await task
    assert (len(answer.body), answer.complete) == (64 * MEGABYTE, True)


async def test_an_upstream_that_takes_nothing_stops_the_client(front: Front, upstream: Upstream) -> None:
    client = Client(*[b"x" * 65536] * (64 * 16))
    may_read = asyncio.Event()

    async def handle(connection: Connection) -> None:
        head = await connection.read_head()
        await may_read.wait()
        assert len(await connection.read_body(head)) == 64 * MEGABYTE
        await connection.send(OK)

    upstream.handler = handle
    task = asyncio.ensure_future(front.ask("POST", fields=[(b"content-length", b"%d" % (64 * MEGABYTE))], client=client))
    await _settle(lambda: client.taken)
    assert client.taken < 16 * MEGABYTE
    may_read.set()
    assert (await task).body == b"ok"


async def _settle(count: Callable[[], int]) -> None:
    """Wait until a count has not grown for a fifth of a second."""
    async with asyncio.timeout(WITHIN_SECONDS):
        before = -1
        while count() != before or before == 0:
            before = count()
            await asyncio.sleep(0.2)


async def test_300_at_once(make: MakeFront, upstream: Upstream) -> None:
    arrived = 0
    everybody = asyncio.Event()

    async def handle(connection: Connection) -> None:
        nonlocal arrived
        head = await connection.read_head()
        body = await connection.read_body(head)
        arrived += 1
        if arrived == 300:
            everybody.set()
        await everybody.wait()
        await connection.send(H + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    upstream.handler = handle
    front = make()
    texts = [b"number %d" % number for number in range(300)]
    answers = await asyncio.gather(
        *(front.ask("POST", fields=[(b"content-length", b"%d" % len(text))], client=Client(text)) for text in texts)
    )
    assert [answer.body for answer in answers] == texts


async def test_connections_are_bounded(make: MakeFront, upstream: Upstream) -> None:
    most = 0

    async def handle(connection: Connection) -> None:
        nonlocal most
        while True:
            await connection.read_head()
            most = max(most, upstream.connections)
            await connection.send(OK)

    upstream.handler = handle
    front = make(proxy_connections=4)
    answers = await asyncio.gather(*(front.ask() for _ in range(60)))
    assert {answer.status for answer in answers} == {200}
    assert most == 4


# What ends early


async def test_a_body_that_is_cut_off_never_looks_whole(front: Front, upstream: Upstream) -> None:
    for fields in ([(b"transfer-encoding", b"chunked")], [(b"content-length", b"9")]):
        client = Client(b"abc", more=True)
        client.leave()
        await front.ask("POST", fields=fields, client=client)
        await front.wait_until_idle()
        while upstream.tasks:
            await asyncio.sleep(0)
    assert not upstream.requests
    assert len(upstream.failures) == upstream.connections == 2


async def test_a_body_shorter_or_longer_than_it_says(front: Front, upstream: Upstream) -> None:
    for chunk in (b"abc", b"abcdefghijkl"):
        answer = await front.ask("POST", fields=[(b"content-length", b"9")], client=Client(chunk))
        assert answer.status == 400
    while upstream.tasks:
        await asyncio.sleep(0)
    assert not upstream.requests


async def test_a_client_that_stops_in_its_body(make: MakeFront, upstream: Upstream) -> None:
    client = Client(b"abc", more=True)
    front = make(body_idle_seconds=0.05)
    assert (await front.ask("POST", fields=[(b"content-length", b"9")], client=client)).status == 408
    while upstream.tasks:
        await asyncio.sleep(0)
    assert not upstream.requests


async def test_an_answer_that_comes_before_the_body(front: Front, upstream: Upstream) -> None:
    async def handle(connection: Connection) -> None:
        await connection.read_head()
        await connection.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")

    upstream.handler = handle
    client = Client(b"abc", more=True)
    answer = await front.ask("POST", fields=[(b"content-length", b"900000")], client=client)
    assert (answer.status, answer.body, answer.complete) == (413, b"big", True)
    assert not [task for task in asyncio.all_tasks() if "write_bytes" in repr(task)]  # nobody reads this client's body any more
    upstream.handler = upstream.answering(OK)
    assert (await front.ask()).body == b"ok"
    assert upstream.connections == 2  # the first still waited for its body


@pytest.mark.parametrize("point", ["before the head", "after the head", "in the body"])
async def test_a_client_that_leaves_takes_the_upstream_along(front: Front, upstream: Upstream, point: str) -> None:
    client = Client()
    asked = asyncio.Event()
    closed = asyncio.Event()

    async def handle(connection: Connection) -> None:
        await connection.read_head()
        asked.set()
        if point != "before the head":
            await connection.send(H + b"Transfer-Encoding: chunked\r\n\r\n" + (b"3\r\nabc\r\n" if point == "in the body" else b""))
        assert await connection.reader.read() == b""
        closed.set()

    upstream.handler = handle
    task = asyncio.ensure_future(front.ask(client=client))
    await asked.wait()
    if point != "before the head":
        await client.until(lambda: client.answer.status == 200 and (point == "after the head" or client.answer.body == b"abc"))
    client.leave()
    await asyncio.wait_for(closed.wait(), WITHIN_SECONDS)
    await task
    assert point == "before the head" or not client.answer.complete


async def test_a_silent_upstream(make: MakeFront, upstream: Upstream, caplog: pytest.LogCaptureFixture) -> None:
    async def handle(connection: Connection) -> None:
        await connection.reader.read()

    upstream.handler = handle
    answer = await make(proxy_idle_seconds=0.05).ask()
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    assert "nothing came for 0.05 seconds" in caplog.text


async def test_an_upstream_that_falls_silent(make: MakeFront, upstream: Upstream) -> None:
    async def handle(connection: Connection) -> None:
        await connection.read_head()
        await connection.send(H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await connection.reader.read()

    upstream.handler = handle
    answer = await make(proxy_idle_seconds=0.05).ask()
    assert (answer.body, answer.complete) == (b"abc", False)


async def test_an_upstream_that_takes_no_body(make: MakeFront, upstream: Upstream) -> None:
    async def handle(connection: Connection) -> None:
        await connection.read_head()
        await asyncio.Event().wait()

    upstream.handler = handle
    client = Client(*[b"x" * 65536] * (64 * 16))
    answer = await make(proxy_idle_seconds=0.2).ask("POST", fields=[(b"content-length", b"%d" % (64 * MEGABYTE))], client=client)
    assert answer.status == 500


async def test_a_slow_client_is_not_a_silent_upstream(make: MakeFront, upstream: Upstream) -> None:
    upstream.handler = upstream.answering(H + b"Content-Length: 4000000\r\n\r\n" + b"x" * 4_000_000)
    front = make(proxy_idle_seconds=0.1)
    client = Client(more=True)
    client.reads.clear()
    task = asyncio.ensure_future(front.ask("POST", fields=[(b"content-length", b"2")], client=client))
    await asyncio.sleep(0.25)  # no condition to wait for: nothing may happen in this time
    client.give(b"a", more=True)
    await asyncio.sleep(0.25)
    client.give(b"b")
    await asyncio.sleep(0.25)
    assert not task.done()
    client.reads.set()
    answer = await task
    assert (len(answer.body), answer.complete) == (4_000_000, True)


async def test_a_server_that_accepts_no_connection(make: MakeFront) -> None:
    with socket.socket() as deaf, contextlib.ExitStack() as stack:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(3):  # these fill the queue of the system, after which it answers nothing
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        answer = await make(f"http://127.0.0.1:{deaf.getsockname()[1]}", proxy_connect_seconds=0.1).ask()
    assert answer.status == 500


async def test_a_stop_from_outside_is_no_answer(front: Front, upstream: Upstream) -> None:
    asked = asyncio.Event()

    async def handle(connection: Connection) -> None:
        asked.set()
        await connection.reader.read()

    upstream.handler = handle
    task = asyncio.ensure_future(front.ask())
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_breaks_anywhere_leave_nothing_behind(make: MakeFront, upstream: Upstream) -> None:
    chance = random.Random(11)
    front = make(proxy_idle_seconds=0.3, body_idle_seconds=0.2, write_stall_seconds=0.3)
    await front.app.app.start()
    whole = H + b"Transfer-Encoding: chunked\r\n\r\n" + b"4000\r\n" + b"x" * 0x4000 + b"\r\n0\r\n\r\n"

    async def handle(connection: Connection) -> None:
        head = await connection.read_head()
        if chance.random() < 0.7:
            await connection.read_body(head)
        await asyncio.sleep(chance.random() * 0.01)
        cut = chance.randrange(len(whole)) if chance.random() < 0.5 else len(whole)
        await connection.send(whole[:cut])
        if chance.random() < 0.1:
            connection.writer.transport.abort()
        elif chance.random() < 0.1:
            await asyncio.sleep(0.5)

    async def ask() -> None:
        client = Client(more=True)
        size = chance.choice([0, 10, 100_000])
        fields = [(b"content-length", b"%d" % size)] if chance.random() < 0.5 else [(b"transfer-encoding", b"chunked")]
        if not size:
            fields = []
        for start in range(0, size or 1, 20_000):
            client.give(b"q" * min(20_000, size - start), more=start + 20_000 < size)
            if chance.random() < 0.05:
                client.leave()
        if chance.random() < 0.05:
            client.reads.clear()
        loop = asyncio.get_running_loop()
        if chance.random() < 0.3:
            loop.call_later(chance.random() * 0.02, client.leave)
        task = asyncio.ensure_future(front.ask("POST" if size else "GET", fields=fields, client=client))
        if chance.random() < 0.2:
            loop.call_later(chance.random() * 0.02, task.cancel)
        await asyncio.wait({task}, timeout=WITHIN_SECONDS)
        assert task.done()
        if not task.cancelled():
            assert task.exception() is None, task.exception()

    upstream.handler = handle
    before = asyncio.all_tasks()
    logging.disable(logging.CRITICAL)
    try:
        for _ in range(4):
            await asyncio.gather(*(ask() for _ in range(100)))
    finally:
        logging.disable(logging.NOTSET)
    await front.wait_until_idle()
    async with asyncio.timeout(WITHIN_SECONDS):
        while asyncio.all_tasks() - before - upstream.tasks:
            await asyncio.sleep(0.01)
    gc.collect()
    assert (front.app.app.load.requests, front.app.app.load.streams) == (0, 0)
    upstream.handler = upstream.answering(OK)
    assert (await front.ask()).body == b"ok"


async def test_a_client_that_leaves_in_its_upload_after_the_answer_has_begun(front: Front, upstream: Upstream) -> None:
    client = Client(b"abc", more=True)
    closed = asyncio.Event()

    async def handle(connection: Connection) -> None:
        await connection.read_head()
        await connection.send(H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await client.until(lambda: client.answer.body == b"abc")
        client.leave()
        assert await connection.reader.read() == b"abc"
        closed.set()

    upstream.handler = handle
    answer = await front.ask("POST", fields=[(b"content-length", b"9")], client=client)
    assert not answer.complete
    await asyncio.wait_for(closed.wait(), WITHIN_SECONDS)


async def test_an_interruption_is_no_cancellation() -> None:
    task = asyncio.current_task()
    assert task is not None
    exchange = Exchange(10)

    async def wait() -> None:
        async with exchange:
            exchange.interrupt(ValueError("why"))
            exchange.interrupt(KeyError("too late"))
            await asyncio.sleep(10)

    with pytest.raises(ValueError, match="why"):
        await wait()
    assert task.cancelling() == 0
    exchange.interrupt(ValueError("after the end"))
    async with Exchange(10) as exchange:
        exchange.interrupt(ValueError("in the last moment"))
    await asyncio.sleep(0)


async def test_a_cancellation_from_outside_beside_an_interruption() -> None:
    async def run() -> None:
        async with Exchange(10) as exchange:
            exchange.interrupt(ValueError("why"))
            await asyncio.sleep(10)

    task = asyncio.ensure_future(run())
    asyncio.get_running_loop().call_soon(asyncio.get_running_loop().call_soon, task.cancel)
    with pytest.raises((asyncio.CancelledError, ValueError)):
        await task
    assert task.cancelled()


async def test_a_body_that_is_let_go_of() -> None:
    reader = BodyReader(Client(more=True).receive, Settings(), declared_bytes=None, limit_bytes=None)

    async def take(upload: Upload) -> None:
        async for _ in upload:
            pass

    async with Exchange(10) as exchange:
        upload = Upload(reader, Request("POST", b"/"), exchange)
        taking = asyncio.ensure_future(take(upload))
        await asyncio.sleep(0)
        await upload.close()
        assert taking.cancelled()
        await Upload(reader, Request("POST", b"/"), exchange).close()


def test_without_the_client_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(ConfigError, match=r'pip install "slugline\[proxy\]"'):
        ReverseProxy(Settings())


async def test_closing_what_was_never_opened() -> None:
    await ReverseProxy(Settings()).close()


# On real servers

FRONT = """
    import asyncio, os
    from pathlib import Path
    import slugline.runtime.app as app_module
    import slugline.runtime.connect as connect_module
    from slugline import create_app
    from slugline.runtime.reverse_proxy import ReverseProxy
    from slugline.runtime.websocket import WebSocket

    app = create_app(Path(__file__).parent)
    proxy = ReverseProxy(app.app.settings)
    upstream = os.environ["UPSTREAM"]

    async def forward(site, request, response):
        await proxy.forward(request, response, upstream + request.url)

    async def run(app, request, response, scope):
        socket = WebSocket(scope, request._receive, request._send)
        socket.request = request
        await proxy.forward_websocket(request, socket, upstream + request.url)

    app_module.answer = forward
    connect_module._run = run
"""


@pytest.fixture(params=["granian", "uvicorn"])
def start_front(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Server]]:
    started: list[Server] = []

    def start(url: str) -> Server:
        (tmp_path / "pages" / "api").mkdir(parents=True)
        (tmp_path / "pages" / "api" / "own.py").write_text("def handler(req, res): ...\n")
        (tmp_path / "front.py").write_text(textwrap.dedent(FRONT))
        monkeypatch.setenv("UPSTREAM", url)
        port = find_free_port()
        if request.param == "granian":
            command = ["-m", "granian", "--interface", "asgi", "--working-dir", str(tmp_path), "--port", str(port), "front:app"]
        else:
            command = ["-m", "uvicorn", "--app-dir", str(tmp_path), "--port", str(port), "--log-level", "warning", "front:app"]
        started.append(start_process(command, port))
        return started[-1]

    yield start
    for server in started:
        server.stop()


async def open_front(server: Server) -> Connection:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.base_url.rpartition(":")[2]), limit=MEGABYTE)
    return Connection(reader, writer)


def peak_memory(server: Server) -> int:
    """Give the most memory that any process of the server has had, in bytes."""
    peaks = [Path(f"/proc/{pid}/status").read_text() for pid in server.process_ids()]
    return max(int(match[1]) * 1024 for text in peaks if (match := re.search(r"VmHWM:\s+(\d+) kB", text)))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_200_megabytes_each_way_in_little_memory(upstream: Upstream, start_front: Callable[[str], Server]) -> None:
    size = 200 * MEGABYTE

    async def handle(connection: Connection) -> None:
        while True:
            head = await connection.read_head()
            if head.startswith(b"POST /up"):
                left = size
                while left:
                    left -= len(await connection.reader.read(min(left, MEGABYTE)))
                await connection.send(OK)
            elif head.startswith(b"GET /down"):
                await connection.send(H + b"Content-Length: %d\r\n\r\n" % size)
                for _ in range(200):
                    await connection.send(b"x" * MEGABYTE)
            else:
                await connection.send(OK)

    upstream.handler = handle
    server = await asyncio.to_thread(start_front, upstream.url)
    before = 0
    for path in (b"/warm", b"/up", b"/down"):
        connection = await open_front(server)
        if path == b"/up":
            await connection.send(b"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(200):
                await connection.send(b"x" * MEGABYTE)
            assert (await connection.read_head()).startswith(b"HTTP/1.1 200")
        else:
            await connection.send(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await connection.read_head()).startswith(b"HTTP/1.1 200")
            left = size if path == b"/down" else 2
            while left:
                data = await connection.reader.read(min(left, MEGABYTE))
                assert data
                left -= len(data)
        connection.writer.close()
        await connection.writer.wait_closed()
        if path == b"/warm":
            before = peak_memory(server)
    assert peak_memory(server) - before < 16 * MEGABYTE


SMUGGLED = b"GET /smuggled??? HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = ("/last", b"")
# A name, the bytes, and the requests that an honest reader finds in them; any of them may be refused, and then all that follow.
ATTEMPTS: list[tuple[str, bytes, list[tuple[str, bytes]]]] = [
    ("both framings", b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [("/x", b"")]),
    ("both, the other way", b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n0\r\n\r\n" % (5 + len(SMUGGLED)), [("/x", b"")]),
    ("two lengths", b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED), []),
    ("an odd coding", b"Transfer-Encoding: xchunked\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED), []),
    ("two codings", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", []),
    ("a line feed in a field", b"X-A: b\nContent-Length: %d\r\n\r\n" % len(SMUGGLED), [("/x", SMUGGLED), LAST]),
    ("a folded coding", b"Transfer-Encoding:\r\n chunked\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED), []),
    ("a chunk extension", b'Transfer-Encoding: chunked\r\n\r\n%x;a="\r\n' % (len(SMUGGLED) + 7), []),
    ("an extension with a line feed", b"Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n25\r\n0\r\n\r\n", []),
    ("a name with a space", b"Content-Length : %d\r\n\r\n" % len(SMUGGLED), []),
    ("another protocol", b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", [("/x", b""), ("/smuggled", b""), LAST]),
]


async def test_smuggling(upstream: Upstream, start_front: Callable[[str], Server]) -> None:
    """Whatever the front makes of the bytes, the upstream finds no request in them that an honest reader would not."""

    async def handle(connection: Connection) -> None:
        while True:
            head = await connection.read_head()
            upstream.requests.append((head, await connection.read_body(head)))
            await connection.send(OK)

    upstream.handler = handle
    server = await asyncio.to_thread(start_front, upstream.url)
    for number, (_, data, _) in enumerate(ATTEMPTS):
        attempt = b"POST /x HTTP/1.1\r\nHost: x\r\n" + data + SMUGGLED + b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        connection = await open_front(server)
        with contextlib.suppress(ConnectionError, TimeoutError):
            await connection.send(re.sub(rb"/(x|smuggled|last)(?:[?]{3})? ", rb"/\1?%02d " % number, attempt))
            async with asyncio.timeout(3):
                await connection.reader.read()
        connection.writer.close()
    while upstream.tasks:  # a connection that is kept for the next request ends with the server
        server.stop()
        await asyncio.sleep(0.01)
    for number, (name, _, honest) in enumerate(ATTEMPTS):
        mark = f"?{number:02d}"
        seen = [(head.decode().split(" ")[1], body) for head, body in upstream.requests]
        own = [(path.removesuffix(mark), body.replace(mark.encode(), b"???")) for path, body in seen if path.endswith(mark)]
        assert own == honest[: len(own)], name
    for head, _ in upstream.requests:
        assert len(lines_of(head, "content-length") + lines_of(head, "transfer-encoding")) <= 1
        assert (lines_of(head, "host"), lines_of(head, "upgrade")) == ([f"127.0.0.1:{upstream.port}"], [])


async def test_a_request_that_names_another_server(upstream: Upstream, start_front: Callable[[str], Server]) -> None:
    upstream.handler = upstream.answering(OK)
    server = await asyncio.to_thread(start_front, upstream.url)
    async with Upstream() as other:
        for fields in (
            b"",
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        ):
            connection = await open_front(server)
            await connection.send(b"GET %s/steal HTTP/1.1\r\nHost: x\r\n%s\r\n" % (other.url.encode(), fields))
            await connection.read_head()
            connection.writer.close()
        assert other.connections == 0


# WebSockets


async def test_messages_both_ways(start_front: Callable[[str], Server]) -> None:
    async def echo(ws: Any) -> None:
        async for message in ws:
            await ws.send(message)

    async with serve(echo, "127.0.0.1", 0, max_size=None) as inner:
        url = f"http://127.0.0.1:{inner.sockets[0].getsockname()[1]}"
        server = await asyncio.to_thread(start_front, url)
        async with connect(server.base_url.replace("http", "ws") + "/a?b=1", max_size=None) as ws:
            for message in ("text", "", "Zoë ☂", b"bytes", b"", "x" * 70_000, b"y" * MEGABYTE):
                await ws.send(message)
                assert await ws.recv() == message
        assert ws.close_code == 1000


async def test_how_sockets_begin_and_end(start_front: Callable[[str], Server]) -> None:
    """One server for all cases: each path is one."""
    heard: dict[str, Any] = {}
    told = asyncio.Event()

    def choose(connection: Any, offered: Any) -> Any:
        heard["offered"] = list(offered)
        return "v2" if "v2" in offered else None

    def refuse(connection: Any, request: Any) -> Any:
        heard["headers"] = request.headers
        heard["path"] = request.path
        if request.path.startswith("/refuse"):
            return connection.respond(int(request.path.rpartition("/")[2]), "no\n")
        return None

    async def handle(ws: Any) -> None:
        if ws.request.path.startswith("/close"):
            await ws.close(int(ws.request.path.rpartition("/")[2]), "because")
            return
        if ws.request.path == "/lost":
            ws.transport.abort()
            return
        try:
            async for _ in ws:
                pass
        finally:
            heard["close"] = (ws.close_code, ws.close_reason)
            told.set()

    async with serve(handle, "127.0.0.1", 0, process_request=refuse, select_subprotocol=choose, subprotocols=None) as inner:
        server = await asyncio.to_thread(start_front, f"http://127.0.0.1:{inner.sockets[0].getsockname()[1]}")
        base = server.base_url.replace("http", "ws")

        async with connect(
            base + "/stay?q=%2F",
            subprotocols=[Subprotocol("v1"), Subprotocol("v2")],
            additional_headers={"Cookie": "a=1"},
            origin=Origin("https://o.test"),
        ) as ws:
            assert ws.subprotocol == "v2"
            assert heard["offered"] == ["v1", "v2"]
            headers = heard["headers"]
            assert (heard["path"], headers["cookie"], headers["origin"]) == ("/stay?q=%2F", "a=1", "https://o.test")
            assert headers["x-forwarded-host"] == base.removeprefix("ws://")
            assert len(headers.get_all("sec-websocket-version")) == 1
            assert len(headers.get_all("host")) == 1
            assert headers["host"] != headers["x-forwarded-host"]
            await ws.close(4001, "bye")
        await asyncio.wait_for(told.wait(), WITHIN_SECONDS)
        assert heard["close"][0] == 4001
        assert heard["close"][1] in ("bye", "")  # Granian 2.8.7 does not tell an application the reason

        for code in (1000, 1008, 3000, 4999):
            async with connect(f"{base}/close/{code}") as ws:
                with pytest.raises(websockets.ConnectionClosed):
                    await ws.recv()
                assert (ws.close_code, ws.close_reason) == (code, "because")

        async with connect(base + "/lost") as ws:
            with pytest.raises(websockets.ConnectionClosed):
                await ws.recv()
            assert ws.close_code == 1011

        for status, expected in ((401, 401), (404, 404), (503, 503), (302, 502), (200, 502)):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await connect(f"{base}/refuse/{status}")
            assert refused.value.response.status_code == expected

        told.clear()
        ws = await connect(base + "/stay")
        ws.transport.abort()
        await asyncio.wait_for(told.wait(), WITHIN_SECONDS)
        assert heard["close"][0] in (1001, 1000)  # no server says how a client was lost in the same way


async def test_a_socket_to_nowhere(start_front: Callable[[str], Server]) -> None:
    server = await asyncio.to_thread(start_front, f"http://127.0.0.1:{find_free_port()}")
    with pytest.raises(websockets.InvalidStatus) as refused:
        await connect(server.base_url.replace("http", "ws") + "/x")
    assert refused.value.response.status_code == 500


class SocketClient:
    """A server's side of a WebSocket, with a client that the test plays."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.inbox.put_nowait({"type": "websocket.connect"})
        self.sent: list[Message] = []
        self.reads = asyncio.Event()
        self.reads.set()

    async def receive(self) -> dict[str, Any]:
        return await self.inbox.get()

    async def send(self, message: Message) -> None:
        await self.reads.wait()
        self.sent.append(message)

    def open(self) -> tuple[Request[Any, Any], WebSocket]:
        scope = {"type": "websocket", "path": "/", "raw_path": b"/", "query_string": b"", "headers": [], "subprotocols": []}
        return Request("GET", b"/", b"", [], scope), WebSocket(scope, self.receive, self.send)


async def test_a_client_that_takes_no_messages_stops_the_upstream() -> None:
    sent = 0

    async def flood(ws: Any) -> None:
        nonlocal sent
        for _ in range(2000):
            await ws.send(b"x" * 65536)
            sent += 65536

    proxy = ReverseProxy(Settings())
    client = SocketClient()
    request, ws = client.open()
    async with serve(flood, "127.0.0.1", 0, ping_interval=None) as inner:
        task = asyncio.ensure_future(proxy.forward_websocket(request, ws, f"ws://127.0.0.1:{inner.sockets[0].getsockname()[1]}/"))
        while not client.sent:
            await asyncio.sleep(0)
        client.reads.clear()
        await _settle(lambda: sent)
        assert sent < 32 * MEGABYTE
        client.reads.set()
        await asyncio.wait_for(task, WITHIN_SECONDS)
    assert sum(len(message.get("bytes") or b"") for message in client.sent) == 2000 * 65536
    assert client.sent[-1] == {"type": "websocket.close", "code": 1000, "reason": ""}
    await proxy.close()


async def test_a_server_that_stops_closes_both_sockets() -> None:
    closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def wait(ws: Any) -> None:
        await ws.wait_closed()
        closed.set_result(ws.close_code)

    proxy = ReverseProxy(Settings())
    client = SocketClient()
    request, ws = client.open()
    async with serve(wait, "127.0.0.1", 0) as inner:
        task = asyncio.ensure_future(proxy.forward_websocket(request, ws, f"ws://127.0.0.1:{inner.sockets[0].getsockname()[1]}/"))
        while not client.sent:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.wait_for(closed, WITHIN_SECONDS) == 1001
    assert client.sent[-1]["code"] == 1001
    await proxy.close()


async def test_an_upstream_that_does_not_answer_a_handshake(upstream: Upstream) -> None:
    async def handle(connection: Connection) -> None:
        await connection.reader.read()

    upstream.handler = handle
    proxy = ReverseProxy(Settings(proxy_idle_seconds=0.05))
    client = SocketClient()
    request, ws = client.open()
    await proxy.forward_websocket(request, ws, upstream.url)
    assert [message["type"] for message in client.sent] == ["websocket.close"]
    await proxy.close()
