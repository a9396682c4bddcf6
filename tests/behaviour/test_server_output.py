"""What a handler must not make a server send; on Granian 2.8.7 some of it would end the worker."""

import contextlib

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from behaviour.sites import ServerSite, Site, read_worker

BAD_STATUSES = [-1, 0, 42, 99, 100, 101, 199, 600, 999, 1000, 65535, 2**31, 2**64]

TARGETS = [
    *(f"{kind}?value={status}" for kind in ("status", "status-code", "write-head", "api-error", "redirect") for status in BAD_STATUSES),
    "status-float?value=200",
    "status-true",
    *(
        f"{kind}?value={value}"
        for kind in ("header-value", "header-append", "header-name", "location", "api-header")
        for value in ("nul", "cr", "lf", "crlf", "del", "surrogate")
    ),
    "header-value?value=wide",
    "cookie?value=lf",
    "cookie?value=nul",
    *(f"connection-field?value={name}" for name in ("Transfer-Encoding", "connection", "Upgrade", "Keep-Alive", "TE", "trailer")),
    *(f"length?value={value}" for value in ("4", "6", "abc", "-5", "5,%205", "05")),
    "body-surrogate",
    *(f"app?status={status}" for status in BAD_STATUSES),
    *(f"app?fields={fields}" for fields in ("nul", "lf", "name", "text", "length", "length-twice")),
]


@pytest.mark.parametrize("target", TARGETS)
def test_what_http_does_not_allow_is_500(site: Site, target: str) -> None:
    worker = read_worker(site)["pid"]
    answer = site.ask(f"/api/output/{target}")
    assert answer.status == 500
    assert answer.header("x-evil") is None
    assert site.ask("/api/hello").status == 200
    assert read_worker(site)["pid"] == worker


def test_status_of_the_standard_library(site: Site) -> None:
    assert site.ask("/api/output/status-enum").status == 202


@pytest.mark.parametrize("fields", ["coding", "upgrade", "long"])
def test_fields_of_the_connection_are_dropped(server: ServerSite, fields: str) -> None:
    with server.wire.connect() as connection:
        answer = connection.ask(f"/api/output/app?fields={fields}")
        assert (answer.status, answer.whole) == (200, True)
        assert answer.body == (b"12" if fields == "long" else b"12345")
        assert answer.header("upgrade") is None
        assert connection.ask("/api/hello").body == b'{"text":"Hello"}'


def test_body_shorter_than_its_length_is_cut(server: ServerSite) -> None:
    with server.wire.connect() as connection:
        answer = connection.ask("/api/output/app?fields=short")
        assert not answer.whole or answer.status == 500


SOCKETS = [
    *(f"do=refuse&status={status}" for status in (0, 42, 99, 1000, 65535)),
    "do=subprotocol",
    "do=accept-twice",
    *(f"do=close-code&code={code}" for code in (0, 999, 1004, 1005, 1006, 1015, 5000, 65536)),
]


@pytest.mark.parametrize("query", SOCKETS)
def test_what_websocket_does_not_allow(server: ServerSite, query: str) -> None:
    worker = read_worker(server)["pid"]
    url = f"ws://127.0.0.1:{server.port}/api/output/app?{query}"
    with contextlib.suppress(InvalidHandshake, ConnectionClosed), connect(url, open_timeout=10) as socket:
        assert socket.recv(timeout=10) == "still here"
    assert server.ask("/api/hello").status == 200
    assert read_worker(server)["pid"] == worker
