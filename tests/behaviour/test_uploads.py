"""Uploads that are cut off, too slow or too large: an error to the handler, never a short body."""

import contextlib

import pytest

from behaviour.sites import Notes, ServerSite
from behaviour.wire import Answer, Closed, Connection, make_request, wait_until

CHUNKED = [("Transfer-Encoding", "chunked"), ("Content-Type", "text/plain")]
DECLARED = [("Content-Length", "1000"), ("Content-Type", "text/plain")]

CUT = {
    # what is sent after the head, and how the client leaves
    "length, half-close": (DECLARED, b"x" * 400, Connection.half_close),
    "length, reset": (DECLARED, b"x" * 400, Connection.reset),
    "length, nothing sent, half-close": (DECLARED, b"", Connection.half_close),
    "chunked, half-close in a chunk": (CHUNKED, b"190\r\n" + b"x" * 200, Connection.half_close),
    "chunked, no last chunk": (CHUNKED, b"190\r\n" + b"x" * 400 + b"\r\n", Connection.half_close),
    "chunked, reset": (CHUNKED, b"190\r\n" + b"x" * 400 + b"\r\n", Connection.reset),
    "chunked, a size that is none": (CHUNKED, b"190\r\n" + b"x" * 400 + b"\r\nzz\r\n", None),
    "chunked, more data than its size": (CHUNKED, b"4\r\nxxxxyyyy\r\n0\r\n\r\n", None),
}


@pytest.mark.parametrize("route", ["parsed", "plain", "coroutine"])
@pytest.mark.parametrize("case", CUT)
def test_cut_off_upload_is_an_error(server: ServerSite, notes: Notes, route: str, case: str) -> None:
    fields, body, leave = CUT[case]
    connection = server.wire.connect()
    with connection, contextlib.suppress(OSError):
        connection.send(make_request(f"/api/uploads/{route}?key={notes.key}", "POST", fields))
        if route != "parsed":
            notes.wait_for("began")
        connection.send(body)
        if leave is not None:
            leave(connection)
        answer = read_if_any(connection)
        assert answer is None or answer.status == 400
    if route == "parsed":
        whole = server.ask(f"/api/uploads/parsed?key={notes.key}", "POST", body=b"whole")
        assert (whole.status, notes.read()) == (200, ["ran"])  # once: for the whole one
    else:
        wait_until(lambda: len(notes.read()) == 2, "the handler was told")
        assert notes.read() == ["began", {"error": "TruncatedBody"}]


def read_if_any(connection: Connection) -> Answer | None:
    try:
        return connection.read_answer()
    except (Closed, OSError):
        return None


@pytest.mark.parametrize("route", ["plain", "coroutine"])
def test_whole_upload_is_read_as_it_comes(server: ServerSite, notes: Notes, route: str) -> None:
    with server.wire.connect() as connection:
        connection.send(make_request(f"/api/uploads/{route}?key={notes.key}", "POST", CHUNKED))
        notes.wait_for("began")  # before any of the body was sent
        connection.send(b"5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n")
        assert connection.read_answer().body == b'{"bytes":10}'
    assert notes.read() == ["began", {"whole": 10}]


SLOW = {
    "nothing of a declared body": (DECLARED, []),
    "a declared body that pauses": (DECLARED, [b"x" * 400]),
    "a chunked body that pauses": (CHUNKED, [b"190\r\n" + b"x" * 400 + b"\r\n"]),
    "a byte now and then": (DECLARED, [b"x"] * 60),
}


@pytest.mark.parametrize("route", ["parsed", "plain", "coroutine"])
@pytest.mark.parametrize("case", SLOW)
def test_slow_upload_gets_408_and_the_connection_is_closed(small_server: ServerSite, notes: Notes, route: str, case: str) -> None:
    fields, pieces = SLOW[case]
    with small_server.wire.connect() as connection:
        connection.send(make_request(f"/api/uploads/{route}?key={notes.key}", "POST", fields))
        with contextlib.suppress(OSError):
            for piece in pieces:
                connection.send(piece)
                if len(pieces) > 1:
                    connection.socket.settimeout(0.1)
                    with contextlib.suppress(TimeoutError):
                        if connection.socket.recv(1, 2):  # MSG_PEEK: the answer is there
                            break
        connection.socket.settimeout(20)
        answer = connection.read_answer()
        assert (answer.status, answer.header("connection"), answer.body) == (408, "close", b"Request Timeout")
        connection.read_to_end()  # returns only because the server closes
    assert "ran" not in notes.read()
    if route != "parsed":
        assert notes.read() == ["began", {"error": "BodyTimeout"}]


@pytest.mark.parametrize(
    ("target", "size", "chunked", "status"),
    [
        ("/api/limits/parsed", 1024, False, 200),
        ("/api/limits/parsed", 1025, False, 413),
        ("/api/limits/parsed", 1025, True, 413),
        ("/api/limits/parsed", 5_000_000, False, 413),
        ("/api/limits/stream", 10240, False, 200),
        ("/api/limits/stream", 10240, True, 200),
        ("/api/limits/stream", 10241, False, 413),
        ("/api/limits/stream", 10241, True, 413),
        ("/api/limits/stream", 5_000_000, True, 413),
    ],
)
def test_size_limit(server: ServerSite, notes: Notes, target: str, size: int, chunked: bool, status: int) -> None:
    fields = [("Transfer-Encoding", "chunked")] if chunked else []
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (size, b"x" * size) if chunked else b"x" * size
    answer = server.ask(f"{target}?key={notes.key}", "POST", [*fields, ("Content-Type", "text/plain")], body)
    assert answer.status == status
    if status == 413:
        limit = "1kb" if "parsed" in target else "10kb"
        assert answer.body == f"Body exceeded {limit} limit".encode()
        assert notes.read() == []


def test_too_large_body_is_refused_before_it_is_sent(server: ServerSite) -> None:
    with server.wire.connect() as connection:
        connection.send(make_request("/api/limits/parsed", "POST", [("Content-Length", "5000000"), ("Expect", "100-continue")]))
        assert connection.read_answer().status == 413


def test_small_body_is_asked_for(server: ServerSite) -> None:
    with server.wire.connect() as connection:
        connection.send(make_request("/api/limits/parsed", "POST", [("Content-Length", "3"), ("Expect", "100-continue")]))
        assert connection.read_head().status == 100
        connection.send(b"abc")
        assert connection.read_answer().body == b'{"bytes":3}'


def test_keep_alive_after_an_upload(server: ServerSite, notes: Notes) -> None:
    with server.wire.connect() as connection:
        for _ in range(3):
            answer = connection.ask(f"/api/uploads/plain?key={notes.key}", "POST", body=b"x" * 100_000)
            assert answer.body == b'{"bytes":100000}'


UNREAD = {
    "length, all sent": ([("Content-Length", "1000")], b"x" * 1000),
    "length, some sent": ([("Content-Length", "1000000")], b"x" * 1000),
    "chunked": ([("Transfer-Encoding", "chunked")], b"4\r\nxxxx\r\n"),
}


@pytest.mark.parametrize("leave", [Connection.close, Connection.reset])
@pytest.mark.parametrize("case", UNREAD)
def test_client_that_leaves_before_its_body_was_read(server: ServerSite, notes: Notes, case: str, leave: object) -> None:
    fields, body = UNREAD[case]
    connection = server.wire.connect()
    connection.send(make_request(f"/api/uploads/unread?key={notes.key}", "POST", fields) + body)
    connection.read_head()
    connection.read_chunk()
    leave(connection)  # type: ignore[operator]
    wait_until(notes.read, "the handler was told")
    assert notes.read() == ["ClientDisconnected"]


@pytest.mark.parametrize("size", [1000, 3 * 1024 * 1024])
def test_body_is_read_after_the_answer_has_begun(server: ServerSite, notes: Notes, size: int) -> None:
    answer = server.ask(f"/api/uploads/unread?key={notes.key}&read=1", "POST", body=b"x" * size)
    assert answer.body == b"first\n%d" % size


def test_client_that_sends_without_end_and_is_not_read(small_server: ServerSite, notes: Notes) -> None:
    """More than is held for the handler is let go of after a while, or nobody would see the client leave."""
    connection = small_server.wire.connect()
    connection.send(make_request(f"/api/uploads/unread?key={notes.key}", "POST", [("Content-Length", "100000000")]))
    connection.read_head()
    connection.send(b"x" * 8 * 1024 * 1024)
    connection.reset()
    wait_until(notes.read, "the handler was told")
    assert notes.read() == ["ClientDisconnected"]
