"""What a mounted application may send, as tables of messages."""

import http
import logging

import pytest

from slugline.errors import InvalidHeader, InvalidStatus, ResponseError
from slugline.runtime.guard import check_close, check_fields, check_subprotocol, check_text, guarded_send

LOGGER = logging.getLogger("test.guard")


def start(status=200, *fields):
    return {"type": "http.response.start", "status": status, "headers": list(fields)}


def body(content=b"", more=False):
    return {"type": "http.response.body", "body": content, "more_body": more}


class Wire:
    """A guarded send, and what came through it."""

    def __init__(self, kind="http", method="GET"):
        self.sent = []
        self.send = guarded_send({"type": kind, "method": method}, self._keep, LOGGER)

    async def _keep(self, message):
        self.sent.append(message)

    async def send_all(self, *messages):
        for message in messages:
            await self.send(message)

    def content(self):
        return b"".join(message["body"] for message in self.sent if message["type"].endswith(".body"))


async def test_a_good_answer_passes():
    wire = Wire()
    await wire.send_all(start(201, (b"X-One", b"a"), (b"Content-Length", b"5")), body(b"he", more=True), body(b"llo"))
    assert wire.sent[0] == {"type": "http.response.start", "status": 201, "headers": [(b"x-one", b"a"), (b"content-length", b"5")]}
    assert wire.content() == b"hello"
    assert wire.sent[-1]["more_body"] is False
    assert wire.send.started
    assert wire.send.completed


async def test_a_status_from_the_standard_library_becomes_a_plain_number():
    wire = Wire()
    await wire.send(start(http.HTTPStatus.NOT_FOUND))
    assert type(wire.sent[0]["status"]) is int


@pytest.mark.parametrize("status", [0, 42, 99, 100, 101, 103, 199, 600, 999, 1000, 65535, -1, True, 200.0, "200", None])
async def test_a_status_that_is_none_never_reaches_the_server(status):
    wire = Wire()
    with pytest.raises(InvalidStatus):
        await wire.send(start(status))
    assert wire.sent == []
    assert not wire.send.started


@pytest.mark.parametrize(
    "field",
    [
        (b"x-one", b"a\r\nb"),
        (b"x-one", b"a\nb"),
        (b"x-one", b"a\x00b"),
        (b"x-one", b"\x1b[0m"),
        (b"x one", b"a"),
        (b"", b"a"),
        (b"x-one\n", b"a"),
        (b"x:one", b"a"),
        ("x-one", b"a"),
        (b"x-one", "a"),
        (b"content-length", b"abc"),
        (b"content-length", b"-5"),
        (b"content-length", b"+5"),
        (b"content-length", b""),
    ],
)
async def test_a_header_that_cannot_be_sent_never_reaches_the_server(field):
    wire = Wire()
    with pytest.raises(InvalidHeader):
        await wire.send(start(200, field))
    assert wire.sent == []


async def test_two_lengths_that_differ_are_refused():
    with pytest.raises(InvalidHeader):
        await Wire().send(start(200, (b"content-length", b"5"), (b"content-length", b"6")))


async def test_two_lengths_that_agree_are_one():
    wire = Wire()
    await wire.send(start(200, (b"content-length", b"5"), (b"content-length", b"5")))
    assert wire.sent[0]["headers"] == [(b"content-length", b"5")]


@pytest.mark.parametrize("name", [b"Connection", b"keep-alive", b"transfer-encoding", b"Upgrade", b"te", b"trailer", b"proxy-connection"])
def test_fields_of_the_connection_are_dropped(name):
    assert check_fields([(name, b"x"), (b"x-one", b"a")]) == [(b"x-one", b"a")]


def test_tabs_and_bytes_above_ascii_are_kept():
    assert check_fields([(b"x-one", b"a\tb\xe9")]) == [(b"x-one", b"a\tb\xe9")]


async def test_a_body_that_is_too_long_is_cut_and_logged(caplog):
    wire = Wire()
    await wire.send_all(start(200, (b"content-length", b"3")), body(b"ab", more=True), body(b"cdef", more=True), body(b"gh"))
    assert wire.content() == b"abc"
    assert "Content-Length" in caplog.text


async def test_a_body_that_is_too_short_raises_and_has_no_end():
    wire = Wire()
    await wire.send_all(start(200, (b"content-length", b"5")), body(b"ab", more=True))
    with pytest.raises(ResponseError, match="2 bytes less"):
        await wire.send(body(b"c"))
    assert all(message.get("more_body", True) for message in wire.sent)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_answers_without_a_body_have_none(method, status):
    wire = Wire(method=method)
    await wire.send_all(start(status, (b"content-length", b"5")), body(b"hello"))
    assert wire.content() == b""
    assert wire.send.completed
    assert ((b"content-length", b"5") in wire.sent[0]["headers"]) == (status != 204)


async def test_a_second_answer_is_dropped_and_logged(caplog):
    wire = Wire()
    await wire.send_all(start(200), body(b"first"), start(500), body(b"second"))
    assert [message["type"] for message in wire.sent] == ["http.response.start", "http.response.body"]
    assert wire.content() == b"first"
    assert "a second time" in caplog.text


async def test_a_body_before_the_head_raises():
    with pytest.raises(ResponseError, match="before the status"):
        await Wire().send(body(b"x"))


async def test_a_body_of_text_raises():
    wire = Wire()
    await wire.send(start())
    with pytest.raises(ResponseError, match="bytes, not str"):
        await wire.send(body("text"))


@pytest.mark.parametrize("kind", ["http.response.push", "http.response.pathsend", "http.response.trailers", "lifespan.startup.complete"])
async def test_what_was_not_offered_is_dropped(kind):
    wire = Wire()
    await wire.send_all(start(), {"type": kind}, body(b"x"))
    assert [message["type"] for message in wire.sent] == ["http.response.start", "http.response.body"]


async def test_a_socket_is_accepted_once():
    wire = Wire("websocket")
    accept = {"type": "websocket.accept", "subprotocol": "chat.v1", "headers": [(b"X-One", b"a"), (b"Sec-WebSocket-Protocol", b"b")]}
    await wire.send_all(accept, accept, {"type": "websocket.send", "text": "hi"}, {"type": "websocket.close"}, {"type": "websocket.close"})
    assert wire.sent == [
        {"type": "websocket.accept", "subprotocol": "chat.v1", "headers": [(b"x-one", b"a")]},
        {"type": "websocket.send", "text": "hi"},
        {"type": "websocket.close", "code": 1000, "reason": ""},
    ]


@pytest.mark.parametrize("subprotocol", ["a\x01b", "a\nb", "", "a b", "a,b", "é", 5, b"a"])
async def test_a_subprotocol_that_is_no_token_never_reaches_the_server(subprotocol):
    wire = Wire("websocket")
    with pytest.raises(InvalidHeader):
        await wire.send({"type": "websocket.accept", "subprotocol": subprotocol})
    assert wire.sent == []
    assert check_subprotocol("graphql-ws") == "graphql-ws"


@pytest.mark.parametrize("status", [0, 42, 101, 1000, 65535, "403"])
async def test_a_refusal_with_a_status_that_is_none_never_reaches_the_server(status):
    wire = Wire("websocket")
    with pytest.raises(InvalidStatus):
        await wire.send({"type": "websocket.http.response.start", "status": status, "headers": []})
    assert wire.sent == []


async def test_a_socket_is_refused_once():
    wire = Wire("websocket")
    head = {"type": "websocket.http.response.start", "status": 401, "headers": []}
    tail = {"type": "websocket.http.response.body", "body": b"no"}
    await wire.send_all(head, tail, head, {"type": "websocket.accept"}, {"type": "websocket.close"})
    assert [message["type"] for message in wire.sent] == ["websocket.http.response.start", "websocket.http.response.body"]
    assert wire.send.completed


async def test_a_closed_socket_is_not_refused():
    wire = Wire("websocket")
    await wire.send_all({"type": "websocket.close"}, {"type": "websocket.http.response.start", "status": 401})
    assert [message["type"] for message in wire.sent] == ["websocket.close"]


@pytest.mark.parametrize("message", [{"text": "a\ud800"}, {"bytes": "text"}, {"text": None}, {}])
async def test_a_message_that_is_none_raises(message):
    wire = Wire("websocket")
    await wire.send({"type": "websocket.accept"})
    with pytest.raises(ResponseError):
        await wire.send({"type": "websocket.send", **message})


async def test_messages_go_between_accept_and_close():
    wire = Wire("websocket")
    with pytest.raises(ResponseError):
        await wire.send({"type": "websocket.send", "text": "early"})
    await wire.send_all({"type": "websocket.accept"}, {"type": "websocket.close"})
    with pytest.raises(ResponseError):
        await wire.send({"type": "websocket.send", "text": "late"})


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1014, 3000, 4999])
def test_codes_that_a_close_frame_may_carry(code):
    assert check_close(code, None) == (code, "")


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 70000, True, "1000", None])
def test_codes_that_it_may_not(code):
    with pytest.raises(ResponseError):
        check_close(code, "")


def test_a_reason_has_123_bytes():
    assert check_close(1000, "é" * 61 + "a") == (1000, "é" * 61 + "a")
    with pytest.raises(ResponseError):
        check_close(1000, "é" * 62)
    with pytest.raises(ResponseError):
        check_text("half \udc00")
