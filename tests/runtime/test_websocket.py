"""WebSocket and run_websocket, with a server that is two lists."""

import asyncio
import logging

import pytest

from slugline.errors import ApiError, BadRequest, InvalidHeader, InvalidStatus, ResponseError, WebSocketClosed
from slugline.runtime.run_websocket import run_websocket
from slugline.runtime.websocket import WebSocket

LOGGER = logging.getLogger("test.websocket")

CONNECT = {"type": "websocket.connect"}


def text(value):
    return {"type": "websocket.receive", "text": value}


def data(value):
    return {"type": "websocket.receive", "bytes": value, "text": None}


def gone(code=1000, reason=""):
    return {"type": "websocket.disconnect", "code": code, "reason": reason}


class Server:
    """Gives the events listed, then waits for ever; keeps what is sent."""

    def __init__(self, *events, headers=(), subprotocols=(), params=None, query=b"", extensions=None):
        self.events = [CONNECT, *events]
        self.sent = []
        self.error = None
        scope = {
            "type": "websocket",
            "path": "/api/a b",
            "raw_path": b"/api/a%20b",
            "query_string": query,
            "headers": list(headers),
            "subprotocols": list(subprotocols),
            "client": ["10.0.0.1", 5000],
            "extensions": {"websocket.http.response": {}} if extensions is None else extensions,
        }
        self.ws = WebSocket(scope, self._receive, self._send, params=params, route="/api/[name]")

    async def _receive(self):
        if not self.events:
            await asyncio.Event().wait()
        return self.events.pop(0)

    async def _send(self, message):
        if self.error is not None:
            raise self.error
        self.sent.append(message)

    @property
    def types(self):
        return [message["type"].removeprefix("websocket.") for message in self.sent]


def test_what_the_handshake_says():
    server = Server(
        headers=[(b"cookie", b"a=1"), (b"x-one", b"b")], params={"name": "a b"}, query=b"name=other&q=2", subprotocols=["v1", "v2"]
    )
    ws = server.ws
    assert (ws.path, ws.url) == ("/api/a%20b", "/api/a%20b?name=other&q=2")
    assert ws.params == {"name": "a b"}
    assert ws.query == {"name": "a b", "q": "2"}
    assert ws.cookies == {"a": "1"}
    assert ws.headers["X-One"] == "b"
    assert ws.subprotocols == ["v1", "v2"]
    assert ws.client == ("10.0.0.1", 5000)
    assert (ws.accepted, ws.closed) == (False, False)


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("https://app.test", "app.test", True),
        ("https://APP.test", "app.TEST", True),
        ("https://app.test:443", "app.test", True),
        ("http://app.test", "app.test:80", True),
        ("http://app.test:3000", "app.test:3000", True),
        ("http://[::1]:3000", "[::1]:3000", True),
        ("http://app.test:3000", "app.test:3001", False),
        ("https://evil.test", "app.test", False),
        ("https://app.test.evil.test", "app.test", False),
        ("https://evil.test?app.test", "app.test", False),
        ("null", "app.test", False),
        ("https://app.test:99999", "app.test", False),
        ("https://[app.test", "app.test", False),
        (None, "app.test", False),
        ("https://app.test", None, False),
    ],
)
def test_same_origin(origin, host, same):
    headers = [(name, value.encode()) for name, value in ((b"origin", origin), (b"host", host)) if value is not None]
    assert Server(headers=headers).ws.same_origin is same


@pytest.mark.parametrize(
    ("forwarded", "same"),
    [
        ("app.test", True),
        ("app.test, other.test", True),
        ("other.test, app.test", False),
        ("app.test:8443", False),
        ("", False),
        ("[", False),
    ],
)
def test_same_origin_behind_a_proxy(forwarded, same):
    headers = [(b"origin", b"https://app.test"), (b"host", b"127.0.0.1:3901"), (b"x-forwarded-host", forwarded.encode())]
    assert Server(headers=headers).ws.same_origin is same


async def test_accept_with_a_subprotocol_and_headers():
    server = Server(subprotocols=["v1", "v2"])
    await server.ws.accept("v2", headers={"X-One": "a"})
    assert server.sent == [{"type": "websocket.accept", "subprotocol": "v2", "headers": [(b"x-one", b"a")]}]
    assert server.ws.subprotocol == "v2"
    assert server.ws.accepted


@pytest.mark.parametrize(
    ("offered", "subprotocol", "headers", "error"),
    [
        (["v1"], "v2", None, ResponseError),
        ([], "v1", None, ResponseError),
        (["a\x01b"], "a\x01b", None, InvalidHeader),
        ([""], "", None, InvalidHeader),
        ([], None, {"X-One": "a\r\nb"}, InvalidHeader),
        ([], None, {"Sec-WebSocket-Protocol": "a"}, InvalidHeader),
        ([], None, {"Connection": "close"}, InvalidHeader),
    ],
)
async def test_an_accept_that_cannot_be_sent_never_reaches_the_server(offered, subprotocol, headers, error):
    server = Server(subprotocols=offered)
    with pytest.raises(error):
        await server.ws.accept(subprotocol, headers)
    assert server.sent == []
    await server.ws.accept()  # and the socket can still be accepted
    assert server.types == ["accept"]


async def test_accept_twice_raises_and_reaches_the_server_once():
    server = Server()
    await server.ws.accept()
    with pytest.raises(ResponseError, match="already accepted"):
        await server.ws.accept()
    with pytest.raises(ResponseError, match="already accepted"):
        await server.ws.reject()
    assert server.types == ["accept"]


async def test_two_tasks_that_accept_at_once_reach_the_server_once():
    server = Server()
    results = await asyncio.gather(server.ws.accept(), server.ws.accept(), server.ws.send("a"), return_exceptions=True)
    assert server.types == ["accept", "send"]
    assert [type(result) for result in results] == [type(None), ResponseError, type(None)]


async def test_the_first_receive_or_send_accepts():
    server = Server(text("hello"))
    assert await server.ws.receive() == "hello"
    assert server.types == ["accept"]
    other = Server()
    await other.ws.send(b"\x00")
    assert other.sent[1:] == [{"type": "websocket.send", "bytes": b"\x00"}]


async def test_each_kind_of_message():
    server = Server(text("a"), data(b"b"), text('{"c": [1, null]}'), data(b"[2]"), text(""), data(b""))
    ws = server.ws
    assert await ws.receive_text() == "a"
    assert await ws.receive_bytes() == b"b"
    assert await ws.receive_json() == {"c": [1, None]}
    assert await ws.receive_json() == [2]
    assert await ws.receive() == ""
    assert await ws.receive() == b""
    await ws.send_json({"d": "é"})
    assert server.sent[-1] == {"type": "websocket.send", "text": '{"d":"é"}'}


@pytest.mark.parametrize(
    ("event", "method"),
    [
        (data(b"x"), "receive_text"),
        (text("x"), "receive_bytes"),
        (text("{bad"), "receive_json"),
        (data(b'"\xff"'), "receive_json"),
        (text("[" * 100_000), "receive_json"),
        (text(""), "receive_json"),
    ],
)
async def test_a_message_of_the_wrong_kind_is_the_clients_error(event, method):
    server = Server(event)
    with pytest.raises(BadRequest):
        await getattr(server.ws, method)()


@pytest.mark.parametrize("message", ["a\ud800", 5, None, ["a"]])
async def test_a_message_that_cannot_be_sent_raises(message):
    server = Server()
    with pytest.raises(ResponseError):
        await server.ws.send(message)
    assert "send" not in server.types


@pytest.mark.parametrize("code", [1000, 1001, 1005])
async def test_iteration_ends_at_a_normal_close(code):
    server = Server(text("a"), data(b"b"), gone(code))
    assert [message async for message in server.ws] == ["a", b"b"]
    assert server.ws.closed


async def test_iteration_raises_when_the_connection_is_lost():
    server = Server(text("a"), gone(1006))
    with pytest.raises(WebSocketClosed) as raised:
        [message async for message in server.ws]
    assert raised.value.code == 1006


async def test_after_a_close_every_call_says_so():
    server = Server(gone(4000, "bye"))
    for _ in range(2):
        with pytest.raises(WebSocketClosed) as raised:
            await server.ws.receive()
        assert (raised.value.code, raised.value.reason) == (4000, "bye")
    with pytest.raises(WebSocketClosed):
        await server.ws.send("late")
    await server.ws.close()
    assert server.types == ["accept"]


async def test_close_is_sent_once():
    server = Server()
    await server.ws.accept()
    await server.ws.close(4001, "done")
    await server.ws.close()
    assert server.sent[1:] == [{"type": "websocket.close", "code": 4001, "reason": "done"}]
    with pytest.raises(WebSocketClosed):
        await server.ws.send("late")


@pytest.mark.parametrize(("code", "reason"), [(1005, ""), (1006, ""), (99, ""), (1000, "é" * 62), (1000, "\ud800")])
async def test_a_close_that_no_frame_can_carry_raises(code, reason):
    server = Server()
    await server.ws.accept()
    with pytest.raises(ResponseError):
        await server.ws.close(code, reason)
    assert server.types == ["accept"]


async def test_two_tasks_cannot_receive_at_once():
    server = Server()
    await server.ws.accept()
    first = asyncio.create_task(server.ws.receive())
    await asyncio.sleep(0)
    with pytest.raises(ResponseError, match="Two tasks"):
        await server.ws.receive()
    first.cancel()
    await asyncio.wait({first})
    second = asyncio.create_task(server.ws.receive())
    await asyncio.sleep(0)
    assert not second.done()  # the first one's end made room
    second.cancel()


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("transport closed")])
async def test_a_send_that_the_server_refuses_means_that_the_client_has_gone(error):
    server = Server()
    await server.ws.accept()
    server.error = error
    with pytest.raises(WebSocketClosed) as raised:
        await server.ws.send("a")
    assert raised.value.code == 1006
    assert server.ws.closed


async def test_a_close_frees_a_task_that_waits_to_receive():
    server = Server()
    await server.ws.accept()
    waiting = asyncio.create_task(server.ws.receive())
    await asyncio.sleep(0)
    await server.ws.close(4000, "enough")
    with pytest.raises(WebSocketClosed) as raised:
        await waiting
    assert (raised.value.code, raised.value.reason) == (4000, "enough")
    assert server.types == ["accept", "close"]


async def tick(ws):
    for _ in range(30):
        await ws.send("tick")
        await asyncio.sleep(0)


async def test_a_handler_that_only_sends_learns_that_its_client_has_left():
    server = Server(gone(1001))
    with pytest.raises(WebSocketClosed) as raised:
        await tick(server.ws)
    assert raised.value.code == 1001
    await server.ws.close()
    assert "close" not in server.types


async def test_what_the_client_sent_before_it_left_can_still_be_received():
    server = Server(text("last words"), gone())
    with pytest.raises(WebSocketClosed):
        await tick(server.ws)
    assert [message async for message in server.ws] == ["last words"]


async def test_no_more_than_a_few_messages_are_held_for_a_handler_that_does_not_receive():
    server = Server(*[text(str(number)) for number in range(10)])
    await tick(server.ws)
    assert len(server.events) >= 7
    assert [await server.ws.receive() for _ in range(10)] == [str(number) for number in range(10)]


async def test_a_receive_that_is_cancelled_loses_no_message():
    arrives = asyncio.Event()
    events = [CONNECT]

    async def receive():
        if events:
            return events.pop()
        await arrives.wait()
        return text("late")

    ws = WebSocket({"type": "websocket", "path": "/", "headers": []}, receive, Server()._send)
    await ws.accept()
    waiting = asyncio.create_task(ws.receive())
    await asyncio.sleep(0)
    arrives.set()
    waiting.cancel()
    await asyncio.wait({waiting})
    assert await ws.receive() == "late"


@pytest.mark.parametrize(
    ("body", "content_type", "content"),
    [
        (None, b"text/plain; charset=utf-8", b"Unauthorized"),
        ("né", b"text/plain; charset=utf-8", "né".encode()),
        (b"\x00", b"application/octet-stream", b"\x00"),
        ({"a": 1}, b"application/json; charset=utf-8", b'{"a":1}'),
    ],
)
async def test_reject_sends_an_answer(body, content_type, content):
    server = Server()
    await server.ws.reject(401, body, headers={"WWW-Authenticate": "Bearer"})
    assert server.sent == [
        {
            "type": "websocket.http.response.start",
            "status": 401,
            "headers": [
                (b"www-authenticate", b"Bearer"),
                (b"content-type", content_type),
                (b"content-length", str(len(content)).encode()),
            ],
        },
        {"type": "websocket.http.response.body", "body": content, "more_body": False},
    ]
    with pytest.raises(ResponseError, match="already closed"):
        await server.ws.accept()


async def test_reject_is_a_plain_close_where_the_server_knows_no_answer():
    server = Server(extensions={})
    await server.ws.reject(401, "no")
    assert server.sent == [{"type": "websocket.close", "code": 1000, "reason": ""}]


@pytest.mark.parametrize("status", [0, 42, 99, 101, 200, 302, 399, 600, 1000, 65535, "403", True, 403.0, None])
async def test_a_refusal_with_a_status_that_is_none_never_reaches_the_server(status):
    server = Server()
    with pytest.raises(InvalidStatus):
        await server.ws.reject(status)
    assert server.sent == []


async def returns(ws):
    pass


async def accepts(ws):
    await ws.accept()


async def echoes(ws):
    async for message in ws:
        await ws.send(message)


async def fails(ws):
    raise ZeroDivisionError("a secret")


async def fails_open(ws):
    await ws.accept()
    raise ZeroDivisionError("a secret")


async def exits_open(ws):
    await ws.accept()
    raise SystemExit(1)


async def forbids(ws):
    raise ApiError(403, "members only")


async def forbids_open(ws):
    await ws.accept()
    raise ApiError(403, "é" * 100)


async def wants_json(ws):
    await ws.receive_json()


async def closes(ws):
    await ws.accept()
    await ws.close(4000)


async def awaits_a_cancelled_task(ws):
    await ws.accept()
    task = asyncio.create_task(asyncio.Event().wait())
    task.cancel()
    await task


@pytest.mark.parametrize(
    ("function", "events", "types", "last", "logged"),
    [
        (returns, [], ["http.response.start", "http.response.body"], {"body": b"Forbidden"}, False),
        (accepts, [], ["accept", "close"], {"code": 1000}, False),
        (echoes, [text("a"), gone()], ["accept", "send"], {"text": "a"}, False),
        (echoes, [text("a"), gone(1006)], ["accept", "send"], {"text": "a"}, False),
        (fails, [], ["http.response.start", "http.response.body"], {"body": b"Internal Server Error"}, True),
        (fails_open, [], ["accept", "close"], {"code": 1011, "reason": "Internal Server Error"}, True),
        (exits_open, [], ["accept", "close"], {"code": 1011}, True),
        (forbids, [], ["http.response.start", "http.response.body"], {"body": b'{"error":"members only"}'}, False),
        (forbids_open, [], ["accept", "close"], {"code": 1008, "reason": "é" * 61}, False),
        (wants_json, [text("{")], ["accept", "close"], {"code": 1007, "reason": "Invalid JSON"}, False),
        (closes, [], ["accept", "close"], {"code": 4000}, False),
        (awaits_a_cancelled_task, [], ["accept", "close"], {"code": 1011}, True),
    ],
)
async def test_every_function_gets_an_end(function, events, types, last, logged, caplog):
    server = Server(*events)
    await run_websocket(function, server.ws, LOGGER)
    assert server.types == types
    assert last.items() <= server.sent[-1].items()
    assert bool(caplog.records) is logged
    assert "secret" not in str(server.sent)


async def test_a_server_that_stops_says_that_it_goes_away():
    server = Server()
    running = asyncio.create_task(run_websocket(echoes, server.ws, LOGGER))
    while not server.sent:
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert server.sent[-1] == {"type": "websocket.close", "code": 1001, "reason": "Server is going away"}


async def test_a_client_that_left_before_the_handshake_is_no_error(caplog):
    server = Server()
    server.events = [gone(1006)]
    await run_websocket(accepts, server.ws, LOGGER)
    assert server.sent == []
    assert not caplog.records
