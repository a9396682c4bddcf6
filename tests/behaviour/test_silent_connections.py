"""Connections that say nothing, or half of what they should, hold nobody up."""

from contextlib import ExitStack

from behaviour.sites import ServerSite


def test_normal_request_beside_silent_connections(server: ServerSite) -> None:
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(server.wire.connect())
        for _ in range(200):
            stack.enter_context(server.wire.connect()).send(b"GET /api/hello HTTP/1.1\r\nHost: loc")
        for _ in range(20):
            stack.enter_context(server.wire.connect()).ask("/api/hello")  # and some that stay open after an answer
        assert [server.ask("/api/hello").status for _ in range(20)] == [200] * 20
