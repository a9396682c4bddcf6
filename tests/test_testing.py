"""The test client, against small ASGI applications written here."""

import asyncio
import gzip
import itertools
import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.errors import RouteModuleError, WebSocketClosed
from slugline.testing import AsyncTestClient, Event, IncompleteResponse, TestClient, WebSocketRejected
from slugline.testing.cookie_jar import CookieJar
from slugline.testing.events import EventParser


def head(status=200, *fields):
    return {"type": "http.response.start", "status": status, "headers": list(fields)}


def body(content=b"", more=False):
    return {"type": "http.response.body", "body": content, "more_body": more}


async def read_all(receive):
    content, events = b"", []
    while True:
        message = await receive()
        events.append(message["type"])
        content += message.get("body", b"")
        if not message.get("more_body", False):
            return content, events


def plain(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


async def mirror(scope, receive, send):
    """Answers with the scope and the body that it got."""
    if scope["type"] == "lifespan":
        raise NotImplementedError
    content, events = await read_all(receive)
    answer = {"scope": plain(dict(scope)), "body": content.decode("latin-1"), "events": events}
    await send(head(200, (b"Content-Type", b"application/json")))
    await send(body(json.dumps(answer).encode()))


def answers(*messages):
    """Give an application that sends these messages."""

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            raise NotImplementedError
        for message in messages:
            await send(message)

    return app


@pytest.fixture
def client():
    with TestClient(mirror) as client:
        yield client


def test_the_scope_is_that_of_a_server(client):
    scope = client.get("/api/a%2Fb/%C3%A9?x=1&y=%20", headers={"X-One": "a"}).json()["scope"]
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/api/a/b/é",
        "raw_path": "/api/a%2Fb/%C3%A9",
        "query_string": "x=1&y=%20",
        "root_path": "",
        "headers": [["host", "testserver"], ["accept", "*/*"], ["user-agent", "slugline-testclient"], ["x-one", "a"]],
        "client": ["testclient", 50000],
        "server": ["testserver", 80],
        "extensions": {},
        "state": {},
    }


@pytest.mark.parametrize(
    ("url", "raw_path", "query"),
    [
        ("/a", "/a", ""),
        ("a", "/a", ""),
        ("", "/", ""),
        ("?q=1", "/", "q=1"),
        ("//a", "//a", ""),
        ("/../a/./b", "/../a/./b", ""),
        ("/%zz/%2e%2E", "/%zz/%2e%2E", ""),
        ("/a b/é", "/a%20b/%C3%A9", ""),
        ("/a?q=é#part", "/a", "q=%C3%A9"),
        ("/a?x=http://b.test/", "/a", "x=http://b.test/"),
        ("http://other.test:8000/a?b", "/a", "b"),
        ("http://other.test?b", "/", "b"),
        ("/a\r\nb", "/a%0D%0Ab", ""),
    ],
)
def test_a_url_goes_as_written(client, url, raw_path, query):
    scope = client.get(url).json()["scope"]
    assert (scope["raw_path"], scope["query_string"]) == (raw_path, query)


def test_base_url_host_and_client_address():
    with TestClient(mirror, base_url="https://app.test:8443/base", client=("10.0.0.1", 1), headers={"X-One": "a", "X-Two": "b"}) as client:
        scope = client.get("/a", headers={"x-one": "c"}).json()["scope"]
    assert (scope["scheme"], scope["server"], scope["client"], scope["path"]) == ("https", ["app.test", 8443], ["10.0.0.1", 1], "/base/a")
    headers = [pair for pair in scope["headers"] if pair[0] in {"host", "x-one", "x-two"}]
    assert headers == [["host", "app.test:8443"], ["x-two", "b"], ["x-one", "c"]]


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_each_method(client, method):
    assert getattr(client, method)("/").json()["scope"]["method"] == method.upper()


def test_head_has_no_body():
    with TestClient(answers(head(200, (b"content-length", b"5")), body(b"hello"))) as client:
        response = client.head("/")
    assert (response.content, response.headers["Content-Length"]) == (b"", "5")


@pytest.mark.parametrize(
    ("options", "content", "content_type"),
    [
        ({"json": {"a": [1, None, "é"]}}, '{"a":[1,null,"é"]}', "application/json"),
        ({"json": None}, "null", "application/json"),
        ({"data": {"a": "b c", "d": ["1", "2"]}}, "a=b+c&d=1&d=2", "application/x-www-form-urlencoded"),
        ({"data": "raw é"}, "raw é", None),
        ({"data": b"raw"}, "raw", None),
        ({"content": b"raw"}, "raw", None),
        ({"content": "raw"}, "raw", None),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, "{", "application/json"),
        ({}, "", None),
    ],
)
def test_each_kind_of_body(client, options, content, content_type):
    answer = client.post("/", **options).json()
    headers = dict(answer["scope"]["headers"])
    assert answer["body"].encode("latin-1").decode() == content
    assert headers.get("content-type") == content_type
    assert headers["content-length"] == str(len(content.encode()))
    assert answer["events"] == ["http.request"]


def test_an_iterator_is_a_chunked_upload(client):
    answer = client.post("/", content=iter([b"one", b"two"])).json()
    assert answer["body"] == "onetwo"
    assert answer["events"] == ["http.request", "http.request", "http.request"]
    headers = dict(answer["scope"]["headers"])
    assert headers["transfer-encoding"] == "chunked"
    assert "content-length" not in headers


def test_a_length_beyond_the_body_is_an_upload_that_is_cut_off(client):
    answer = client.post("/", content=b"half", headers={"Content-Length": "8"}).json()
    assert (answer["body"], answer["events"]) == ("half", ["http.request", "http.disconnect"])


def test_files(client):
    files = {"one": ('a"\r\n.txt', b"\r\nbytes\xff", "text/plain"), "two": [b"x", ("b.bin", b"y")]}
    answer = client.post("/", files=files, data={"field": "é"}).json()
    content_type = dict(answer["scope"]["headers"])["content-type"]
    boundary = content_type.removeprefix("multipart/form-data; boundary=")
    parts = answer["body"].split(f"--{boundary}")
    assert parts == [
        "",
        '\r\nContent-Disposition: form-data; name="field"\r\n\r\nÃ©\r\n',
        '\r\nContent-Disposition: form-data; name="one"; filename="a%22%0D%0A.txt"\r\nContent-Type: text/plain\r\n\r\n\r\nbytesÿ\r\n',
        '\r\nContent-Disposition: form-data; name="two"; filename="two"\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n',
        '\r\nContent-Disposition: form-data; name="two"; filename="b.bin"\r\nContent-Type: application/octet-stream\r\n\r\ny\r\n',
        "--\r\n",
    ]


@pytest.mark.parametrize("options", [{"json": 1, "content": b""}, {"files": {}, "json": 1}, {"files": {}, "data": b"raw"}])
def test_two_bodies_are_refused(client, options):
    with pytest.raises(TypeError):
        client.post("/", **options)


def test_params_join_the_query(client):
    assert client.get("/?a=1", params={"b": ["2", "3"], "c": "é"}).json()["scope"]["query_string"] == "a=1&b=2&b=3&c=%C3%A9"


def test_what_a_response_has():
    fields = [(b"Set-Cookie", b"a=1%202"), (b"Set-Cookie", b"b=2; Path=/"), (b"Content-Type", b"text/plain; charset=ISO-8859-1")]
    with TestClient(answers(head(201, *fields), body(b"caf", more=True), body(b"\xe9"))) as client:
        response = client.get("/")
    assert (response.status_code, response.status, response.text, response.content) == (201, 201, "café", b"caf\xe9")
    assert response.headers.get_list("set-cookie") == ["a=1%202", "b=2; Path=/"]
    assert response.cookies == {"a": "1 2", "b": "2"}
    assert b"".join(response.iter_bytes()) == b"caf\xe9"
    assert response.url == "http://testserver/"


def test_gzip_is_taken_off():
    coded = gzip.compress(b"hello" * 100)
    with TestClient(answers(head(200, (b"content-encoding", b"gzip")), body(coded[:20], more=True), body(coded[20:]))) as client:
        response = client.get("/")
        assert (response.content, response.raw_content) == (b"hello" * 100, coded)
        with client.stream("GET", "/") as stream:
            assert b"".join(stream.iter_bytes()) == b"hello" * 100


async def cookies_app(scope, receive, send):
    """Sets the cookies of the query string, one per line, and answers with the cookies that it got."""
    if scope["type"] == "lifespan":
        raise NotImplementedError
    set_cookies = json.loads(scope["state"].get("set") or "[]") if scope["query_string"] == b"set" else []
    await read_all(receive)
    got = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    await send(head(200, *[(b"set-cookie", line.encode()) for line in set_cookies]))
    await send(body(got))


def test_cookies_go_with_a_request():
    with TestClient(cookies_app, cookies={"a": "1 é"}) as client:
        assert client.get("/").text == "a=1%20%C3%A9"
        assert client.get("/", cookies={"a": "2", "b": "3"}).text == "a=2; b=3"
        assert client.get("/", headers={"Cookie": "raw"}).text == "raw"
        client.cookies.delete("a")
        assert client.get("/").text == ""


def kept(*lines, asking="/", host="testserver", request_path="/"):
    jar = CookieJar()
    for line in lines:
        jar.keep(line, host=host, request_path=request_path)
    return jar.header_for(asking, {})


@pytest.mark.parametrize(
    ("lines", "asking", "header"),
    [
        (["a=1; Path=/"], "/x", "a=1"),
        (["a=1; Path=/api"], "/api/x", "a=1"),
        (["a=1; Path=/api"], "/apix", ""),
        (["a=1; Path=/api", "b=2; Path=/api/x"], "/api/x", "b=2; a=1"),
        (["a=1; Path=/", "a=2; Path=/"], "/", "a=2"),
        (["a=1; Path=/", "a=; Max-Age=0; Path=/"], "/", ""),
        (["a=1; Path=/", "a=; Max-Age=-1; Path=/"], "/", ""),
        (["a=1; Path=/", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"], "/", ""),
        (["a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"], "/", "a=1"),
        (["a=1; Expires=never; Path=/"], "/", "a=1"),
        (["a=1; Path=/", "a=; Max-Age=0; Path=/api"], "/", "a=1"),
        (["a=1; Secure; HttpOnly; SameSite=Strict"], "/", "a=1"),
        (["a=1; Domain=testserver"], "/", "a=1"),
        (["a=1; Domain=evil.test"], "/", ""),
        (["a=b=c; Path=/"], "/", "a=b=c"),
        (["nonsense", "=x"], "/", ""),
    ],
)
def test_the_cookie_jar(lines, asking, header):
    assert kept(*lines, asking=asking) == header


def test_a_cookie_without_a_path_belongs_to_the_folder_of_its_request():
    assert kept("a=1", request_path="/api/login", asking="/api/me") == "a=1"
    assert kept("a=1", request_path="/api/login", asking="/other") == ""


def test_responses_fill_the_jar():
    app = answers(head(200, (b"set-cookie", b"session=x%20y; Path=/")), body())
    with TestClient(app) as client:
        client.get("/")
        assert client.cookies["session"] == "x y"
        assert dict(client.cookies) == {"session": "x y"}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_cookie_value_comes_back_as_it_was_set(value):
    jar = CookieJar()
    jar.set("a", value)
    assert jar["a"] == value
    assert jar.header_for("/", {}).isascii()


async def redirects(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    content, _ = await read_all(receive)
    _, _, last = scope["path"].rpartition("/")
    if last.isdigit():
        await send(head(int(last), (b"location", b"../end?a=1"), (b"set-cookie", b"seen=1; Path=/")))
        await send(body())
    elif last == "loop":
        await send(head(307, (b"location", b"/loop")))
        await send(body())
    elif last == "away":
        await send(head(307, (b"location", b"https://other.test/")))
        await send(body())
    else:
        cookie = b" ".join(value for name, value in scope["headers"] if name == b"cookie")
        await send(head())
        await send(body(b" ".join([scope["method"].encode(), scope["raw_path"], scope["query_string"], cookie, content])))


@pytest.mark.parametrize(
    ("method", "status", "text"),
    [
        ("GET", 308, "GET /end a=1 seen=1 "),
        ("POST", 301, "GET /end a=1 seen=1 "),
        ("POST", 302, "GET /end a=1 seen=1 "),
        ("PUT", 302, "PUT /end a=1 seen=1 body"),
        ("PUT", 303, "GET /end a=1 seen=1 "),
        ("POST", 307, "POST /end a=1 seen=1 body"),
        ("POST", 308, "POST /end a=1 seen=1 body"),
    ],
)
def test_redirects_are_followed_when_asked_for(method, status, text):
    with TestClient(redirects) as client:
        assert client.request(method, f"/a/{status}", content=b"body" if method != "GET" else None).status_code == status
        client.cookies.clear()
        response = client.request(method, f"/a/{status}", content=b"body" if method != "GET" else None, follow_redirects=True)
    assert response.text == text
    assert [step.status_code for step in response.history] == [status]
    assert response.url == "http://testserver/end?a=1"


def test_redirects_that_are_not_followed():
    with TestClient(redirects, follow_redirects=True) as client:
        assert client.get("/away").status_code == 307
        with pytest.raises(RuntimeError, match="redirects"):
            client.get("/loop")
        with pytest.raises(RuntimeError, match="only once"):
            client.post("/a/307", content=iter([b"once"]))


async def fails(scope, receive, send):
    raise ZeroDivisionError


async def fails_late(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    await send(head())
    await send(body(b"part", more=True))
    raise ZeroDivisionError


async def exits(scope, receive, send):
    if scope["type"] == "http":
        raise SystemExit(1)
    raise NotImplementedError


def test_an_application_that_fails_gets_500(caplog):
    with TestClient(fails) as client:
        response = client.get("/")
    assert (response.status_code, response.text) == (500, "Internal Server Error")
    assert "ZeroDivisionError" in caplog.text


def test_an_application_that_exits_does_not_end_the_test_run():
    with TestClient(exits) as client:
        assert client.get("/").status_code == 500


def test_an_application_that_fails_late_is_cut():
    with TestClient(fails_late) as client:
        with pytest.raises(IncompleteResponse):
            client.get("/")
        with client.stream("GET", "/") as stream:
            chunks = stream.iter_bytes()
            assert next(chunks) == b"part"
            with pytest.raises(IncompleteResponse):
                next(chunks)


@pytest.mark.parametrize("app", [fails, fails_late])
def test_exceptions_are_raised_when_asked_for(app):
    with TestClient(app, raise_exceptions=True) as client, pytest.raises(ZeroDivisionError):
        client.get("/")


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [head()],
        [head(), body(b"a", more=True)],
        [head(200, (b"content-length", b"5")), body(b"a")],
    ],
)
def test_half_an_answer_is_an_error(messages):
    with TestClient(answers(*messages)) as client:
        if messages:
            with pytest.raises(IncompleteResponse):
                client.get("/")
        else:
            assert client.get("/").status_code == 500


@pytest.mark.parametrize("messages", [[head(), head()], [body(b"a")], [{"type": "http.response.push"}]])
def test_messages_out_of_order_raise_in_the_application(messages):
    with TestClient(answers(*messages), raise_exceptions=True) as client, pytest.raises(RuntimeError):
        client.get("/")


def test_an_application_that_stays_silent_is_a_timeout():
    async def app(scope, receive, send):
        if scope["type"] == "http":
            await asyncio.Event().wait()

    with TestClient(app, timeout_seconds=0.05) as client, pytest.raises(TimeoutError, match="GET /slow"):
        client.get("/slow")


def test_the_whole_response_includes_what_is_done_after_it():
    done = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send(head())
            await send(body())
            await asyncio.sleep(0)
            await read_all(receive)
            done.append((await receive())["type"])

    with TestClient(app) as client:
        client.get("/")
    assert done == ["http.disconnect"]


def test_a_stream_comes_as_it_is_sent():
    go_on = threading.Event()

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send(head())
            await send(body(b"first", more=True))
            await asyncio.to_thread(go_on.wait, 10)
            await send(body(b"second"))

    with TestClient(app) as client, client.stream("GET", "/") as stream:
        assert stream.status_code == 200
        chunks = stream.iter_bytes()
        assert next(chunks) == b"first"
        go_on.set()
        assert list(chunks) == [b"second"]


def test_leaving_a_stream_disconnects():
    seen = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send(head())
            await send(body(b"x", more=True))
            await read_all(receive)
            seen.append((await receive())["type"])

    with TestClient(app) as client, client.stream("GET", "/") as stream:
        assert next(stream.iter_bytes()) == b"x"
        assert seen == []
    assert seen == ["http.disconnect"]


def test_an_application_is_not_far_ahead_of_its_reader():
    sent = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send(head())
            for number in range(100):
                sent.append(number)
                await send(body(b"x", more=True))
            await send(body())

    with TestClient(app) as client, client.stream("GET", "/") as stream:
        next(stream.iter_raw())
        assert len(sent) < 10
        assert len(stream.read().content) == 99


EVENT_STREAM = (
    b'\xef\xbb\xbf: hello\nevent: tick\r\nid: 7\rretry: 50\r\ndata: {"a":\ndata:  1}\n\n'
    b"id: 8\n\ndata\n\nevent: lost\n\ndata: end \xc3\xa9\n\ndata: cut"
)
EVENTS = [Event('{"a":\n 1}', "tick", "7", 50), Event("", "message", "8", 50), Event("end é", "message", "8", 50)]


@given(st.lists(st.integers(0, len(EVENT_STREAM)), max_size=6))
def test_events_are_read_wherever_the_stream_is_cut(cuts):
    parser = EventParser()
    edges = [0, *sorted(cuts), len(EVENT_STREAM)]
    events = [event for start, end in itertools.pairwise(edges) for event in parser.feed(EVENT_STREAM[start:end])]
    assert events == EVENTS


def test_events_of_a_response_and_of_a_stream():
    app = answers(head(), body(EVENT_STREAM[:30], more=True), body(EVENT_STREAM[30:]))
    with TestClient(app) as client:
        assert client.get("/").events() == EVENTS
        with client.stream("GET", "/") as stream:
            assert [event.data for event in stream.events()] == [event.data for event in EVENTS]
    assert EVENTS[0].json() == {"a": 1}


async def chat(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    assert (await receive())["type"] == "websocket.connect"
    match scope["path"]:
        case "/refuse":
            await send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"X-One", b"a")]})
            await send({"type": "websocket.http.response.body", "body": b"no"})
            return
        case "/close":
            await send({"type": "websocket.close"})
            return
        case "/fail":
            raise ZeroDivisionError
    await send({"type": "websocket.accept", "subprotocol": (scope["subprotocols"] or [None])[0], "headers": [(b"X-One", b"a")]})
    if scope["path"] == "/fail-open":
        raise ZeroDivisionError
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "scope":
            await send({"type": "websocket.send", "text": json.dumps(plain(dict(scope)))})
        elif message.get("text") == "bye":
            await send({"type": "websocket.close", "code": 4000, "reason": "bye"})
        else:
            await send({"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")})
    scope["state"]["closed"].append((message["code"], message["reason"]))


def with_state(app, **state):
    """Give the application with these values in the state of its lifespan."""

    async def wrapped(scope, receive, send):
        if scope["type"] == "lifespan":
            scope["state"].update(state)
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await app(scope, receive, send)

    return wrapped


def test_a_websocket():
    closed = []
    options = {"subprotocols": ["v1", "v2"], "cookies": {"a": "1"}}
    with TestClient(with_state(chat, closed=closed)) as client, client.websocket("/api/chat?q=1", **options) as ws:
        assert (ws.subprotocol, ws.headers["x-one"], ws.close_code) == ("v1", "a", None)
        ws.send("text")
        assert ws.receive() == "text"
        ws.send(b"bytes")
        assert ws.receive_bytes() == b"bytes"
        ws.send_json({"a": "é"})
        assert ws.receive_json() == {"a": "é"}
        ws.send_text("scope")
        scope = json.loads(ws.receive_text())
        ws.close(4001, "done")
        assert ws.close_code == 4001
        with pytest.raises(WebSocketClosed):
            ws.send("late")
    assert closed == [(4001, "done")]
    assert (scope["type"], scope["scheme"], scope["raw_path"], scope["query_string"]) == ("websocket", "ws", "/api/chat", "q=1")
    assert (scope["subprotocols"], scope["extensions"]) == (["v1", "v2"], {"websocket.http.response": {}})
    assert ["sec-websocket-protocol", "v1, v2"] in scope["headers"]
    assert ["cookie", "a=1"] in scope["headers"]


def test_a_websocket_that_the_application_closes():
    closed = []
    with TestClient(with_state(chat, closed=closed)) as client, client.websocket("/") as ws:
        ws.send("one")
        ws.send("bye")
        assert list(ws) == ["one"]
        with pytest.raises(WebSocketClosed) as raised:
            ws.receive()
        assert (raised.value.code, ws.close_code, ws.close_reason) == (4000, 4000, "bye")
    assert closed == [(4000, "bye")]


def test_leaving_a_websocket_closes_it():
    closed = []
    with TestClient(with_state(chat, closed=closed)) as client, client.websocket("/"):
        pass
    assert closed == [(1000, "")]


@pytest.mark.parametrize(("path", "status", "content"), [("/refuse", 401, b"no"), ("/close", 403, b""), ("/fail", 500, b"")])
def test_a_websocket_that_is_refused(path, status, content):
    with TestClient(chat) as client:
        with pytest.raises(WebSocketRejected) as raised, client.websocket(path):
            pytest.fail("it was accepted")
        assert (raised.value.status_code, raised.value.response.content) == (status, content)


def test_a_websocket_whose_application_fails():
    with TestClient(chat) as client, client.websocket("/fail-open") as ws:
        assert list(ws) == []
        assert ws.close_code == 1006
    with TestClient(chat, raise_exceptions=True) as client, client.websocket("/fail-open") as ws, pytest.raises(ZeroDivisionError):
        ws.receive()


def test_a_message_of_the_other_kind_is_a_mistake_of_the_test():
    with TestClient(with_state(chat, closed=[])) as client, client.websocket("/") as ws:
        ws.send("a")
        ws.send(b"b")
        with pytest.raises(TypeError):
            ws.receive_bytes()
        with pytest.raises(TypeError):
            ws.receive_text()


def test_the_lifespan_runs_and_its_state_is_copied_for_each_request():
    steps = []

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            steps.append((await receive())["type"])
            scope["state"]["database"] = "open"
            await send({"type": "lifespan.startup.complete"})
            steps.append((await receive())["type"])
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await send(head())
            await send(body(json.dumps(scope["state"]).encode()))
            scope["state"]["own"] = 1

    with TestClient(app) as client:
        assert steps == ["lifespan.startup"]
        assert [client.get("/").json() for _ in range(2)] == [{"database": "open"}] * 2
    assert steps == ["lifespan.startup", "lifespan.shutdown"]


def test_an_application_that_cannot_start_fails_the_test():
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(RouteModuleError, match="no database"), TestClient(app):
        pytest.fail("it started")


def test_a_client_that_is_not_open_says_so():
    client = TestClient(mirror)
    with pytest.raises(RuntimeError, match="with"):
        client.get("/")
    for _ in range(2):  # and it can be opened again
        with client:
            assert client.get("/").status_code == 200


async def test_the_async_client():
    async def upload():
        yield b"one"
        yield b"two"

    async with AsyncTestClient(with_state(mirror)) as client:
        assert (await client.post("/", content=upload())).json()["body"] == "onetwo"
        async with client.stream("GET", "/") as stream:
            assert (await stream.read()).status_code == 200
        for method in ("get", "put", "patch", "delete", "options", "head"):
            assert (await getattr(client, method)("/")).status_code == 200
    async with AsyncTestClient(with_state(chat, closed=[])) as client, client.websocket("/") as ws:
        await ws.send("a")
        await ws.send(b"b")
        assert [await ws.receive_text(), await ws.receive_bytes()] == ["a", b"b"]


async def test_requests_of_the_async_client_run_side_by_side():
    barrier = asyncio.Barrier(3)

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await barrier.wait()
            await send(head())
            await send(body())

    async with AsyncTestClient(app) as client:
        responses = await asyncio.gather(*(client.get("/") for _ in range(3)))
    assert [response.status_code for response in responses] == [200] * 3
