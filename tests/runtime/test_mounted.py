"""Mounted applications: FastAPI, Starlette, Flask, a plain WSGI function, and broken ones, asked through the test client."""

import asyncio
import contextlib
import functools
import logging
import threading

import pytest
from fastapi import FastAPI, WebSocket
from flask import Flask, request
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

from slugline.errors import InvalidStatus, ResponseError, RouteModuleError
from slugline.runtime.mounted import detect_interface, mount, mounted_scope
from slugline.runtime.mounted_lifespan import MountedLifespan
from slugline.runtime.wsgi import WsgiBridge
from slugline.testing import AsyncTestClient, IncompleteResponse, WebSocketRejected

LOGGER = logging.getLogger("test.mounted")


def at(app, root_path="/api/shop", **options):
    """Give a client of the application as a route file would mount it."""
    mounted = mount(app, LOGGER)

    async def asgi(scope, receive, send):
        if scope["type"] != "lifespan":
            await mounted(scope, receive, send, root_path)

    return AsyncTestClient(asgi, **options)


async def asgi_app(scope, receive, send):
    pass


def wsgi_app(environ, start_response):
    return []


class AsgiObject:
    async def __call__(self, scope, receive, send):
        pass


class WsgiObject:
    def __call__(self, environ, start_response):
        return []


class Channels:
    def __call__(self, scope, receive, send):
        return asyncio.sleep(0)


@pytest.mark.parametrize(
    ("app", "interface"),
    [
        (asgi_app, "asgi"),
        (wsgi_app, "wsgi"),
        (AsgiObject(), "asgi"),
        (WsgiObject(), "wsgi"),
        (WsgiObject().__call__, "wsgi"),
        (Channels(), "asgi"),
        (FastAPI(), "asgi"),
        (Starlette(), "asgi"),
        (Flask("shop"), "wsgi"),
        (Flask("shop").wsgi_app, "wsgi"),
        (functools.partial(asgi_app), "asgi"),
        (functools.partial(lambda setting, environ, start_response: [], 1), "wsgi"),
        (lambda environ, start_response, extra=None: [], "wsgi"),
        (lambda env, *rest: [], "wsgi"),
        (lambda scope, *channels: asyncio.sleep(0), "asgi"),
    ],
)
def test_the_interface_is_found_out_at_load(app, interface):
    assert detect_interface(app, "pages/api/shop.py") == interface


async def asks_two(request, response):
    pass


@pytest.mark.parametrize(
    ("app", "says"),
    [
        (FastAPI, "class FastAPI"),
        ("shop:app", "is str"),
        (None, "is NoneType"),
        (lambda *arguments: None, "Wrap it"),
        (lambda scope: None, "Wrap it"),
        (asks_two, "Wrap it"),
        (max, "Wrap it"),
    ],
)
def test_what_cannot_be_told_is_an_error_that_names_the_file(app, says):
    with pytest.raises(RouteModuleError, match=says) as raised:
        detect_interface(app, "pages/api/shop.py")
    assert "pages/api/shop.py" in str(raised.value)
    assert raised.value.files == ("pages/api/shop.py",)


@pytest.mark.parametrize(
    ("outer", "path", "root_path", "expected"),
    [
        ("", "/api/shop", "/api/shop", ("/api/shop", "/api/shop/")),
        ("", "/api/shop/a/b", "/api/shop", ("/api/shop", "/api/shop/a/b")),
        ("", "/api/a/b/shop/x", "/api/a%2Fb/shop", ("/api/a/b/shop", "/api/a/b/shop/x")),
        ("", "/api/é/x", "/api/%C3%A9", ("/api/é", "/api/é/x")),
        ("", "/x", "", ("", "/x")),
        ("", "/", "", ("", "/")),
        ("/base", "/base/api/shop/a", "/api/shop", ("/base/api/shop", "/base/api/shop/a")),
        ("/base", "/base/api/shop", "/api/shop", ("/base/api/shop", "/base/api/shop/")),
        ("/base/", "/base/api/shop", "/api/shop", ("/base/api/shop", "/base/api/shop/")),
        ("/base", "/api/shop/a", "/api/shop", ("/base/api/shop", "/base/api/shop/a")),
    ],
)
def test_the_scope_of_a_mounted_application(outer, path, root_path, expected):
    scope = {"root_path": outer, "path": path, "raw_path": b"as sent", "extensions": {"http.response.pathsend": {}, "tls": {}}}
    mounted = mounted_scope(scope, root_path)
    assert (mounted["root_path"], mounted["path"]) == expected
    assert mounted["raw_path"] == b"as sent"
    assert mounted["extensions"] == {"tls": {}}
    assert scope["path"] == path


def make_fastapi():
    app = FastAPI()

    @app.get("/")
    async def root():
        return {"at": "root"}

    @app.get("/items/{item}")
    def item(item: str, q: str | None = None):
        return {"item": item, "q": q}

    @app.websocket("/chat")
    async def chat(ws: WebSocket):
        await ws.accept(subprotocol="v1")
        await ws.send_text((await ws.receive_text()).upper())
        await ws.close(4000, "done")

    return app


def make_starlette():
    def where(request):
        return JSONResponse({"url": str(request.url_for("item", item="7")), "root_path": request.scope["root_path"]})

    async def endless(request):
        async def chunks():
            while True:
                yield b"x"
                await asyncio.sleep(0)

        return StreamingResponse(chunks())

    inner = Starlette(routes=[Route("/deep", lambda request: PlainTextResponse(request.url.path))])
    return Starlette(
        routes=[
            Route("/", lambda request: PlainTextResponse("root")),
            Route("/items/{item}", lambda request: JSONResponse(request.path_params), name="item"),
            Route("/where", where),
            Route("/endless", endless),
            Mount("/inner", inner),
        ]
    )


def make_flask():
    app = Flask("shop")

    @app.route("/", methods=["GET", "POST"])
    def root():
        return {"root": request.script_root, "path": request.path}

    @app.route("/items/<item>")
    def item(item):
        return {"item": item, "q": request.args.get("q"), "url": request.url, "cookies": request.cookies}

    @app.post("/upload")
    def upload():
        if request.files:
            return {"name": request.files["file"].filename, "size": len(request.files["file"].read()), "field": request.form["field"]}
        return {"size": len(request.get_data())}

    @app.get("/fails")
    def fails():
        raise ZeroDivisionError

    return app


async def test_fastapi():
    async with at(make_fastapi()) as client:
        assert (await client.get("/api/shop")).json() == {"at": "root"}
        assert (await client.get("/api/shop/items/a%20b?q=é")).json() == {"item": "a b", "q": "é"}
        assert (await client.get("/api/shop/none")).status_code == 404
        assert (await client.post("/api/shop")).status_code == 405
        schema = (await client.get("/api/shop/openapi.json")).json()
        assert schema["servers"] == [{"url": "/api/shop"}]
        assert "/api/shop/openapi.json" in (await client.get("/api/shop/docs")).text


async def test_a_websocket_goes_to_the_application():
    async with at(make_fastapi()) as client, client.websocket("/api/shop/chat", subprotocols=["v1"]) as ws:
        await ws.send_text("hello")
        assert (ws.subprotocol, await ws.receive_text()) == ("v1", "HELLO")
        assert [message async for message in ws] == []
        assert (ws.close_code, ws.close_reason) == (4000, "done")


async def test_starlette():
    async with at(make_starlette()) as client:
        assert (await client.get("/api/shop")).text == "root"
        assert (await client.get("/api/shop/items/a%20b")).json() == {"item": "a b"}
        assert (await client.get("/api/shop/inner/deep")).text == "/api/shop/inner/deep"
        where = (await client.get("/api/shop/where")).json()
        assert where == {"url": "http://testserver/api/shop/items/7", "root_path": "/api/shop"}


async def test_a_client_that_leaves_ends_the_stream_without_an_error():
    async with (
        at(make_starlette(), raise_exceptions=True) as client,
        client.stream("GET", "/api/shop/endless") as stream,
    ):
        assert await anext(stream.iter_bytes()) == b"x"


async def test_flask():
    async with at(make_flask()) as client:
        assert (await client.get("/api/shop")).json() == {"root": "/api/shop", "path": "/"}
        item = await client.get("/api/shop/items/a%20é", params={"q": "x y"}, cookies={"a": "1", "b": "2"})
        assert item.json() == {
            "item": "a é",
            "q": "x y",
            "url": "http://testserver/api/shop/items/a%20é?q=x+y",
            "cookies": {"a": "1", "b": "2"},
        }
        assert (await client.get("/api/shop/none")).status_code == 404
        assert (await client.get("/api/shop/fails")).status_code == 500


async def test_flask_under_a_folder_with_an_encoded_name():
    async with at(make_flask(), root_path="/api/a%2F%C3%A9/shop") as client:
        assert (await client.get("/api/a%2F%C3%A9/shop")).json() == {"root": "/api/a/é/shop", "path": "/"}
        assert (await client.get("/api/a%2F%C3%A9/shop/items/x")).json()["item"] == "x"


async def test_flask_uploads():
    async with at(make_flask()) as client:
        files = {"file": ("a.bin", b"\r\n" * 50_000, "application/octet-stream")}
        form = await client.post("/api/shop/upload", files=files, data={"field": "é"})
        assert form.json() == {"name": "a.bin", "size": 100_000, "field": "é"}
        chunked = await client.post("/api/shop/upload", content=iter([b"a" * 70_000, b"b"]))
        assert chunked.json() == {"size": 70_001}


async def test_a_cut_off_upload_is_an_error_to_a_wsgi_application():
    seen = []

    def app(environ, start_response):
        try:
            environ["wsgi.input"].read()
        except Exception as error:
            seen.append(type(error).__name__)
            raise
        start_response("200 OK", [])
        return [b"whole"]

    async with at(app) as client:
        response = await client.post("/api/shop", content=b"half", headers={"content-length": "8"})
        assert response.status_code == 500
    assert seen == ["ClientDisconnected"]


def environ_of(environ, start_response):
    """Answers with what it was called with."""
    keys = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_COOKIE", "HTTP_X_A", "CONTENT_TYPE", "wsgi.url_scheme")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{key}={environ.get(key)!r}\n".encode() for key in keys]


async def test_the_environ_of_a_plain_wsgi_function():
    headers = [("cookie", "a=1"), ("cookie", "b=2"), ("X_A", "forged"), ("X-A", "one"), ("X-A", "two"), ("content-type", "text/x")]
    async with at(environ_of) as client:
        answer = await client.put("/api/shop/a%2Fb/%C3%A9?q=%20&r=é", headers=headers)
    assert answer.text.splitlines() == [
        "REQUEST_METHOD='PUT'",
        "SCRIPT_NAME='/api/shop'",
        "PATH_INFO='/a/b/Ã©'",
        "QUERY_STRING='q=%20&r=%C3%A9'",
        "HTTP_COOKIE='a=1; b=2'",
        "HTTP_X_A='one,two'",
        "CONTENT_TYPE='text/x'",
        "wsgi.url_scheme='http'",
    ]


async def test_a_query_of_any_bytes_reaches_a_wsgi_application():
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    def app(environ, start_response):
        start_response("200 OK", [])
        return [environ["QUERY_STRING"].encode("latin-1")]

    scope = {"type": "http", "method": "GET", "path": "/", "root_path": "", "query_string": b"q=\xff", "headers": [], "http_version": "1.1"}
    await WsgiBridge(app)(scope, receive, send)
    assert sent[1]["body"] == b"q=\xff"


async def test_the_input_of_a_wsgi_application_reads_in_lines():
    def app(environ, start_response):
        stream = environ["wsgi.input"]
        start_response("200 OK", [])
        return [repr([stream.readline(), stream.readline(3), stream.read(2), list(stream)]).encode()]

    async with at(app) as client:
        answer = await client.post("/api/shop", content=iter([b"one\nt", b"wo three\nfour\n", b"five"]))
    assert answer.text == "[b'one\\n', b'two', b' t', [b'hree\\n', b'four\\n', b'five']]"


async def test_a_wsgi_application_may_replace_its_head_before_the_body():
    def app(environ, start_response):
        start_response("200 OK", [("X-One", "a")])
        try:
            raise ZeroDivisionError
        except ZeroDivisionError as error:
            start_response("503", [("X-Two", "b")], (type(error), error, error.__traceback__))
        yield b""
        yield b"sorry"

    async with at(app, raise_exceptions=True) as client:
        answer = await client.get("/api/shop")
    assert (answer.status_code, answer.text) == (503, "sorry")
    assert answer.headers.get("x-one") is None


async def test_a_wsgi_application_may_use_write():
    def app(environ, start_response):
        write = start_response("200 OK", [])
        write(b"old ")
        return [b"style"]

    async with at(app) as client:
        assert (await client.get("/api/shop")).text == "old style"


async def test_a_wsgi_iterable_is_closed_and_its_thread_set_free_when_the_client_leaves():
    closed = threading.Event()

    def app(environ, start_response):
        start_response("200 OK", [])
        try:
            while True:
                yield b"x" * 1000
        finally:
            closed.set()

    mounted = mount(app, LOGGER, threads=1)

    async def cancelled_when_the_client_leaves(scope, receive, send):
        answering = asyncio.create_task(mounted(scope, receive, send, "/api/shop"))
        await receive()
        await receive()
        answering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await answering

    client = AsyncTestClient(cancelled_when_the_client_leaves)
    for _ in range(2):  # a thread that still waits would hold up the second request
        closed.clear()
        async with client.stream("GET", "/api/shop") as stream:
            assert stream.status_code == 200
        assert await asyncio.to_thread(closed.wait, 10)


async def test_a_wsgi_application_refuses_websockets():
    async with at(wsgi_app) as client:
        with pytest.raises(WebSocketRejected) as raised:
            await client.websocket("/api/shop").__aenter__()
    assert raised.value.status_code == 403


async def raises_late(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ZeroDivisionError


async def sends_nothing(scope, receive, send):
    pass


async def sends_a_bad_status(scope, receive, send):
    await send({"type": "http.response.start", "status": 42, "headers": []})


async def sends_too_little(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"abc"})


async def stops_in_the_middle(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"abc", "more_body": True})


def never_starts(environ, start_response):
    return [b"x"]


def sends_a_bad_header(environ, start_response):
    start_response("200 OK", [("X-One", "a\r\nb")])
    return [b"x"]


def answers_1000(environ, start_response):
    start_response("1000 Odd", [])
    return [b"x"]


@pytest.mark.parametrize(
    ("app", "error"),
    [
        (sends_nothing, ResponseError),
        (sends_a_bad_status, InvalidStatus),
        (never_starts, ResponseError),
        (sends_a_bad_header, ResponseError),
        (answers_1000, InvalidStatus),
    ],
)
async def test_a_broken_application_gets_500(app, error):
    async with at(app) as client:
        assert (await client.get("/api/shop")).status_code == 500
    async with at(app, raise_exceptions=True) as client:
        with pytest.raises(error):
            await client.get("/api/shop")


@pytest.mark.parametrize("app", [raises_late, sends_too_little, stops_in_the_middle])
async def test_an_answer_without_an_end_is_cut(app):
    async with at(app) as client:
        with pytest.raises(IncompleteResponse):
            await client.get("/api/shop")


async def test_a_socket_that_fails_open_is_closed_with_1011():
    async def app(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        raise ZeroDivisionError

    async with at(app) as client, client.websocket("/api/shop") as ws:
        assert [message async for message in ws] == []
        assert ws.close_code == 1011


async def test_a_socket_whose_application_returns_is_closed():
    async def app(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})

    async with at(app) as client, client.websocket("/api/shop") as ws:
        assert [message async for message in ws] == []
        assert ws.close_code == 1000


async def test_the_lifespan_of_a_mounted_application():
    steps = []

    @contextlib.asynccontextmanager
    async def lifespan(app):
        steps.append("start")
        yield {"database": "open"}
        steps.append("stop")

    running = MountedLifespan(Starlette(lifespan=lifespan), LOGGER)
    await running.startup()
    assert (steps, running.state) == (["start"], {"database": "open"})
    await running.shutdown()
    assert steps == ["start", "stop"]
    await running.shutdown()  # a second time does nothing
    assert steps == ["start", "stop"]


async def test_a_mounted_application_that_cannot_start_says_why():
    @contextlib.asynccontextmanager
    async def lifespan(app):
        raise OSError("no database")
        yield

    with pytest.raises(RouteModuleError, match="no database") as raised:
        await MountedLifespan(Starlette(lifespan=lifespan), LOGGER, file="pages/api/shop.py").startup()
    assert raised.value.files == ("pages/api/shop.py",)
    assert isinstance(raised.value.__cause__, OSError)


async def asserts_http(scope, receive, send):
    assert scope["type"] == "http"


async def takes_the_event_and_raises(scope, receive, send):
    await receive()
    raise NotImplementedError


async def exits(scope, receive, send):
    raise SystemExit(3)  # in a task, it would end the loop


@pytest.mark.parametrize("app", [asserts_http, takes_the_event_and_raises, sends_nothing, exits])
async def test_an_application_without_lifespan_is_left_in_peace(app):
    running = MountedLifespan(app, LOGGER)
    await running.startup()
    await running.shutdown()
    assert running.state == {}


async def test_a_failing_shutdown_is_logged(caplog):
    @contextlib.asynccontextmanager
    async def lifespan(app):
        yield
        raise OSError("disk full")

    running = MountedLifespan(Starlette(lifespan=lifespan), LOGGER)
    await running.startup()
    await running.shutdown()
    assert "disk full" in caplog.text
