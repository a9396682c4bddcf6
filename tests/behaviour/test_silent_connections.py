"""Connections that say nothing, or half of what they should, or do not listen, hold nobody up."""

import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from behaviour.conftest import FindSite
from behaviour.sites import ServerSite
from behaviour.wire import make_request, wait_until
from slugline.commands.start import HEADER_SECONDS

ESTABLISHED = "01"


def test_normal_request_beside_silent_connections(server: ServerSite) -> None:
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(server.wire.connect())
        for _ in range(200):
            stack.enter_context(server.wire.connect()).send(b"GET /api/hello HTTP/1.1\r\nHost: loc")
        for _ in range(20):
            stack.enter_context(server.wire.connect()).ask("/api/hello")  # and some that stay open after an answer
        assert [server.ask("/api/hello").status for _ in range(20)] == [200] * 20


def test_silent_connections_are_closed(find_site: FindSite) -> None:
    """Ten seconds, without the seconds that a busy machine adds; uvicorn waits for ever for a head."""
    granian: ServerSite = find_site("granian")
    with ExitStack() as stack:
        silent = stack.enter_context(granian.wire.connect())
        half = stack.enter_context(granian.wire.connect())
        half.send(b"GET /api/hello HTTP/1.1\r\nHost: loc")
        idle = stack.enter_context(granian.wire.connect())
        assert idle.ask("/api/hello").status == 200
        started = time.monotonic()
        for connection in (silent, half, idle):
            connection.read_to_end()
        assert time.monotonic() - started > HEADER_SECONDS - 1


UNREAD = {
    "a stream without end": "/api/streams/coroutine/endless",
    "a body in parts": "/api/limits/large?size=20000000",
    "a body in one piece": "/api/limits/large?size=260000",
}


@pytest.mark.skipif(sys.platform != "linux", reason="the system's clock on unread data is Linux's")
@pytest.mark.parametrize("case", UNREAD)
def test_connections_that_nobody_reads_are_closed(find_site: FindSite, case: str) -> None:
    small_server: ServerSite = find_site("granian", small=True)  # what `slugline start` sets; uvicorn has no such clock
    wait_until(lambda: count_established(small_server.port) == 0, "connections of other tests are gone")
    with ExitStack() as stack:
        for _ in range(3):
            connection = stack.enter_context(small_server.wire.connect(receive_buffer_bytes=1024))
            connection.send(make_request(UNREAD[case]) * 20)  # pipelined: the first that fill the way are left unread
        assert count_established(small_server.port) == 3
        wait_until(lambda: count_established(small_server.port) == 0, "the system closed them")
    assert small_server.ask("/api/hello").status == 200


def count_established(port: int) -> int:
    """Count the server's ends of open connections (proc(5), /proc/net/tcp)."""
    ends = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(1 for end in ends if end[1].endswith(f":{port:04X}") and end[3] == ESTABLISHED)
