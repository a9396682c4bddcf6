"""Answers in parts: as they come, no faster than the client reads, and never ended as if whole."""

import json
from pathlib import Path

import pytest

from behaviour.sites import PROJECT, Notes, ServerSite, Site, read_worker
from behaviour.wire import Connection, make_request, wait_until

KINDS = ["plain", "coroutine"]
LETTERS = (PROJECT / "data" / "letters.txt").read_bytes()
NUMBERS = b"".join(b"%d\n" % number for number in range(1000))

WHOLE = [
    ("generator", NUMBERS, None),
    ("iterator", b"abc", None),
    ("file", LETTERS, len(LETTERS)),
    ("path", LETTERS, len(LETTERS)),
    ("bytes-io", b"z" * 100_000, None),
    ("write", b"one two three", None),
]


@pytest.mark.parametrize("style", KINDS)
@pytest.mark.parametrize(("kind", "body", "length"), WHOLE)
def test_whole_stream(site: Site, style: str, kind: str, body: bytes, length: int | None) -> None:
    answer = site.ask(f"/api/streams/{style}/{kind}")
    assert (answer.status, answer.whole) == (200, True)
    assert answer.body == body
    if length is not None:
        assert answer.header("content-length") == str(length)


@pytest.mark.parametrize("style", KINDS)
@pytest.mark.parametrize("kind", ["generator", "file", "path", "bytes-io", "write", "endless", "write-endless"])
def test_head_of_a_stream_has_no_body(server: ServerSite, notes: Notes, style: str, kind: str) -> None:
    with server.wire.connect() as connection:
        head = connection.ask(f"/api/streams/{style}/{kind}?key={notes.key}", "HEAD")
        assert head.status == 200
        if kind == "write-endless":
            return  # its handler goes on writing until it sees that nobody reads
        assert connection.ask("/api/hello").body == b'{"text":"Hello"}'


BROKEN = ["failing", "failing-length", "short", "wrong-chunk", "write-raise"]


@pytest.mark.parametrize("style", KINDS)
@pytest.mark.parametrize("kind", BROKEN)
def test_stream_that_fails_is_cut(site: Site, style: str, kind: str) -> None:
    answer = site.ask(f"/api/streams/{style}/{kind}")
    # A server that has sent nothing yet when it hears of the failure may still say 500.
    assert (answer.status, answer.whole) == (200, False) or answer.status == 500
    assert b"hidden" not in answer.body
    assert site.ask("/api/hello").status == 200


@pytest.mark.parametrize("style", KINDS)
def test_failure_in_a_stream_is_logged(site: Site, style: str) -> None:
    site.ask(f"/api/streams/{style}/failing?{style}")
    assert "RuntimeError: hidden-word-91c2" in site.log()


@pytest.mark.parametrize("style", KINDS)
def test_missing_file_is_an_error(site: Site, style: str) -> None:
    answer = site.ask(f"/api/streams/{style}/missing-file")
    assert (answer.status, answer.body) == (500, b"Internal Server Error")


@pytest.mark.parametrize("style", KINDS)
def test_write_without_end_is_ended_and_logged(site: Site, style: str) -> None:
    answer = site.ask(f"/api/streams/{style}/write-unended")
    assert (answer.body, answer.whole) == (b"one ", True)
    assert f"pages/api/streams/{style}/[kind].py" in site.log()


@pytest.mark.parametrize("style", KINDS)
@pytest.mark.parametrize("kind", ["stepwise", "write-step"])
def test_first_chunk_arrives_before_the_second_is_made(server: ServerSite, tmp_path: Path, style: str, kind: str) -> None:
    gate = tmp_path / "gate"
    with server.wire.connect() as connection:
        connection.send(make_request(f"/api/streams/{style}/{kind}?gate={gate}"))
        connection.read_head()
        assert connection.read_chunk() == b"first\n"
        gate.touch()  # and only now can the second be made
        assert connection.read_chunk() == b"second\n"
        assert connection.read_chunk() == b""


@pytest.mark.parametrize("style", KINDS)
@pytest.mark.parametrize("kind", ["endless", "write-endless"])
def test_client_that_does_not_read_holds_the_producer_back(server: ServerSite, notes: Notes, style: str, kind: str) -> None:
    before = read_worker(server)["resident_kib"]
    with server.wire.connect(receive_buffer_bytes=64 * 1024) as connection:
        connection.send(make_request(f"/api/streams/{style}/{kind}?key={notes.key}"))
        connection.read_head()
        sent = wait_until_still(server, notes)
        assert sent * 65536 < 64 * 1024 * 1024, "the producer ran ahead of a client that reads nothing"
        assert read_worker(server)["resident_kib"] - before < 48 * 1024
        taken = 0
        while taken < 32 * 1024 * 1024:  # it goes on when the client reads
            taken += len(connection.socket.recv(1024 * 1024))
    notes.wait_for("closed" if kind == "endless" else "ClientDisconnected")


def wait_until_still(server: ServerSite, notes: Notes) -> int:
    """Wait until the count of chunks stands still over many looks, and give it."""
    seen: list[int] = []

    def is_still() -> bool:
        counts = json.loads(server.ask(f"/api/seen?key={notes.key}-sent").body)
        seen.append(counts[0] if counts else 0)
        return seen[-1] > 0 and len(seen) > 30 and len(set(seen[-30:])) == 1

    wait_until(is_still, "the producer waits")
    return seen[-1]


@pytest.mark.parametrize("style", KINDS)
@pytest.mark.parametrize("kind", ["ticking", "endless", "write-endless"])
@pytest.mark.parametrize("leave", [Connection.close, Connection.reset])
def test_client_that_leaves_ends_the_producer(server: ServerSite, notes: Notes, style: str, kind: str, leave: object) -> None:
    connection = server.wire.connect()
    connection.send(make_request(f"/api/streams/{style}/{kind}?key={notes.key}"))
    connection.read_head()
    connection.read_chunk()
    leave(connection)  # type: ignore[operator]
    notes.wait_for("ClientDisconnected" if kind == "write-endless" else "closed")


@pytest.mark.parametrize("style", KINDS)
@pytest.mark.parametrize("kind", ["endless", "write-endless"])
def test_client_that_reads_nothing_for_too_long_is_cut(small_server: ServerSite, notes: Notes, style: str, kind: str) -> None:
    with small_server.wire.connect(receive_buffer_bytes=64 * 1024) as connection:
        connection.send(make_request(f"/api/streams/{style}/{kind}?key={notes.key}"))
        connection.read_head()
        notes.wait_for("ClientDisconnected" if kind == "write-endless" else "closed")
        assert not connection.read_to_end().endswith(b"0\r\n\r\n")
    assert small_server.ask("/api/hello").status == 200


@pytest.mark.parametrize("style", KINDS)
def test_handler_learns_that_the_client_left_and_runs_on(server: ServerSite, notes: Notes, style: str) -> None:
    with server.wire.connect() as connection:
        connection.send(make_request(f"/api/leaving/{style}?key={notes.key}"))
        notes.wait_for("began")
    found = notes.wait_for("ran on")
    assert {"now": True} in found
    assert ({"left": True} if style == "plain" else {"left": False}) in found


def test_handler_that_does_not_ask_runs_on(server: ServerSite, notes: Notes, tmp_path: Path) -> None:
    with server.wire.connect() as connection:
        connection.send(make_request(f"/api/leaving/unasked?key={notes.key}&gate={tmp_path / 'gate'}"))
        notes.wait_for("began")
    (tmp_path / "gate").touch()
    notes.wait_for("ran on")


def test_no_files_are_left_open(server: ServerSite) -> None:
    server.ask("/api/streams/plain/file")
    before = read_worker(server)["open_files"]
    for number in range(20):
        with server.wire.connect() as connection:
            connection.send(make_request(f"/api/streams/plain/{'file' if number % 2 else 'path'}"))
            connection.read_head()
    wait_until(lambda: read_worker(server)["open_files"] <= before + 2, "the files are closed")
