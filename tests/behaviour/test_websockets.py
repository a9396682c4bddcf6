"""`async def websocket(ws)`: messages, subprotocols, and how a socket ends."""

from socket import SHUT_RDWR

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from behaviour.sites import Notes, ServerSite, Site
from behaviour.wire import wait_until

PATIENCE_SECONDS = 10


def open_socket(server: ServerSite, kind: str, key: str = "", *subprotocols: str) -> ClientConnection:
    url = f"ws://127.0.0.1:{server.port}/api/sockets/{kind}?key={key}"
    return connect(url, subprotocols=[Subprotocol(each) for each in subprotocols] or None, open_timeout=PATIENCE_SECONDS)


def drain(socket: ClientConnection) -> None:
    while True:
        socket.recv(timeout=PATIENCE_SECONDS)


def read_close(socket: ClientConnection) -> tuple[int | None, str]:
    """Wait for the server's close, and give its code and reason."""
    with pytest.raises(ConnectionClosed) as closed:
        drain(socket)
    received = closed.value.rcvd
    return (received.code, received.reason) if received is not None else (None, "")


def test_messages_keep_their_kind_and_iteration_ends_with_the_client(server: ServerSite, notes: Notes) -> None:
    messages = ["text", "wörd ☃", b"bytes", b"", "", b"\0" * 70_000, "x" * 70_000]
    with open_socket(server, "echo", notes.key) as socket:
        for message in messages:
            socket.send(message)
        assert [socket.recv(timeout=PATIENCE_SECONDS) for _ in messages] == messages
        assert notes.read() == []
    notes.wait_for("ended")


@pytest.mark.parametrize("sent", ['{"a":[1,2]}', b'{"a":[1,2]}'])
def test_json(server: ServerSite, sent: str | bytes) -> None:
    with open_socket(server, "json") as socket:
        socket.send(sent)
        assert socket.recv(timeout=PATIENCE_SECONDS) == '{"got":{"a":[1,2]}}'


def test_message_that_is_no_json(server: ServerSite) -> None:
    with open_socket(server, "json") as socket:
        socket.send("{")
        assert read_close(socket) == (1007, "Invalid JSON")


@pytest.mark.parametrize(("offered", "chosen"), [(["chat.v1", "chat.v2"], "chat.v2"), (["chat.v1"], None), ([], None)])
def test_subprotocol(server: ServerSite, offered: list[str], chosen: str | None) -> None:
    with open_socket(server, "subprotocol", "", *offered) as socket:
        assert socket.subprotocol == chosen
        assert socket.recv(timeout=PATIENCE_SECONDS) == str(chosen)


@pytest.mark.parametrize(
    ("kind", "code", "reason"),
    [("close", 4321, "enough"), ("return", 1000, ""), ("count", 1000, ""), ("fail", 1011, "Internal Server Error")],
)
def test_close_by_the_server(server: ServerSite, kind: str, code: int, reason: str) -> None:
    with open_socket(server, kind) as socket:
        assert read_close(socket) == (code, reason)


def test_failure_is_logged(server: ServerSite) -> None:
    with open_socket(server, "fail") as socket:
        read_close(socket)
    assert "RuntimeError: hidden-word-91c2" in server.log()


@pytest.mark.parametrize("code", [1000, 1001, 4000])
def test_close_code_of_the_client_reaches_the_handler(server: ServerSite, notes: Notes, code: int) -> None:
    with open_socket(server, "told", notes.key) as socket:
        socket.send("hello")
        socket.close(code)
    notes.wait_for(["WebSocketClosed", code])


def test_client_that_is_lost(server: ServerSite, notes: Notes) -> None:
    with open_socket(server, "told", notes.key) as socket:
        socket.send("hello")
        socket.socket.shutdown(SHUT_RDWR)
        wait_until(notes.read, "the handler was told")
    assert notes.read() in ([["WebSocketClosed", 1005]], [["WebSocketClosed", 1006]])  # servers say the one or the other


def test_handler_that_never_receives_learns_that_the_client_left(server: ServerSite, notes: Notes) -> None:
    with open_socket(server, "send-only", notes.key) as socket:
        for number in range(50):
            socket.send(f"unread {number}")
        socket.recv(timeout=PATIENCE_SECONDS)
        socket.socket.shutdown(SHUT_RDWR)
    wait_until(notes.read, "the handler was told")
    assert notes.read()[0][0] == "WebSocketClosed"


def test_client_whose_messages_are_never_received_is_closed(server: ServerSite, notes: Notes) -> None:
    with open_socket(server, "send-only", notes.key) as socket:
        for _ in range(30):
            socket.send(b"x" * 65536)
        assert read_close(socket) == (1008, "Too many messages were left unread")
    assert notes.wait_for(["WebSocketClosed", 1008])


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("reject", 402, b'{"error":"pay first"}'),
        ("api-error", 403, b'{"error":"not you"}'),
        ("fail-early", 500, b"Internal Server Error"),
        ("unoffered", 500, b"Internal Server Error"),
    ],
)
def test_refused_with_a_status(server: ServerSite, kind: str, status: int, body: bytes) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_socket(server, kind).close()
    assert (refused.value.response.status_code, refused.value.response.body) == (status, body)


@pytest.mark.parametrize("path", ["/api/nowhere", "/api/hello", "/api/sockets", "/api/sockets/echo/", "/api/sockets/%zz"])
def test_no_socket_there(server: ServerSite, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{server.port}{path}").close()
    assert refused.value.response.status_code in {404, 400}


def test_plain_request_to_a_socket(site: Site) -> None:
    assert site.ask("/api/sockets/echo").status == 426
