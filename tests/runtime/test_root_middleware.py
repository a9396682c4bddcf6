"""A project's middleware.py at work: what its functions see, and what becomes of each of their results."""

import asyncio
import logging
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from behaviour.wire import wait_until
from runtime.rule_project import ECHO, Open, open_site
from slugline import Settings
from slugline.http.request import Request
from slugline.runtime.run_root_middleware import own_origin
from slugline.testing import IncompleteResponse, TestClient, WebSocketRejected

IMPORTS = "from slugline.middleware import go_on, redirect, respond, rewrite\n"
SECRET = "the password is tea"


@pytest.fixture
def site(tmp_path: Path) -> Open:
    return lambda files, settings=None, **options: open_site(tmp_path, files, settings, **options)


def project(middleware: str, **files: str) -> dict[str, str]:
    """Give a project with this middleware, and a route that shows what it sees."""
    return {"middleware.py": IMPORTS + middleware, "pages/api/[[...path]].py": ECHO, **files}


DEFINE = pytest.mark.parametrize("define", ["def", "async def"])


# What goes on


@DEFINE
@pytest.mark.parametrize("returned", ["", "return None", "return go_on()"])
def test_going_on(site: Open, define: str, returned: str) -> None:
    with site(project(f"{define} middleware(req):\n    {returned or 'pass'}\n")) as client:
        assert client.get("/api/x").json()["params"] == {"path": ["x"]}


@pytest.mark.parametrize(
    ("path", "moved"),
    [("/api/x/", "/api/moved/"), ("/api/file.txt", "/api/moved")],  # NEXTJS: the path of a file has no slash, nor has what is made of it
)
def test_the_url_has_a_slash_at_its_end_where_the_request_had_one(site: Open, path: str, moved: str) -> None:
    shown = "headers={'x-url': req.next_url.full_path, 'x-moved': req.next_url.replace(path='/api/moved').full_path}"
    files = {"slugline.config.py": "trailing_slash = True\n"}
    with site(project(f"def middleware(req):\n    return go_on({shown})\n", **files)) as client:
        answer = client.get(path)
    assert (answer.status_code, answer.headers["x-url"], answer.headers["x-moved"]) == (200, path, moved)


def test_several_functions_run_in_order_until_one_answers(site: Open) -> None:
    text = """
calls = []

def first(req):
    calls.append("first")
    return go_on(headers={"x-calls": "first", "x-first": "1"}).set_cookie("a", "1")

async def second(req):
    calls.append("second")
    if req.next_url.path == "/api/ends":
        return respond({"calls": calls}, headers={"x-calls": "second"})
    return go_on(headers={"x-calls": "second"}).set_cookie("b", "2")

def third(req):
    calls.append("third")

middleware = [first, second, third]
"""
    with site(project(text)) as client:
        answer = client.get("/api/ends")
        assert answer.json() == {"calls": ["first", "second"]}
        assert (answer.headers["x-calls"], answer.headers["x-first"]) == ("second", "1")
        assert answer.headers.get_all("set-cookie") == ["a=1; Path=/"]
        answer = client.get("/api/x")
        assert (answer.headers["x-calls"], answer.headers["x-first"]) == ("second", "1")
        assert answer.headers.get_all("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]
        assert client.get("/api/ends").json()["calls"] == ["first", "second", "first", "second", "third", "first", "second"]


def test_each_function_sees_the_headers_that_the_one_before_gave(site: Open) -> None:
    text = """
def first(req):
    return go_on(request_headers={**req.headers, "x-user": "7"})

async def second(req):
    return go_on(request_headers={**req.headers, "x-seen": req.headers["x-user"]})

middleware = [first, second]
"""
    with site(project(text)) as client:
        headers = client.get("/api/x", headers={"X-User": "root", "X-Own": "1"}).json()["headers"]
        assert (headers["x-user"], headers["x-seen"], headers["x-own"]) == ("7", "7", "1")


def test_request_headers_replace_all_of_them_but_those_that_frame_the_body(site: Open) -> None:
    text = "def middleware(req): return go_on(request_headers={'x-only': '1', 'content-type': 'application/json'})\n"
    with site(project(text)) as client:
        shown = client.post("/api/x", content=b'{"a": 1}', headers={"X-Own": "1", "Cookie": "a=1", "Content-Type": "text/plain"}).json()
        assert shown["headers"] == {"content-length": "8", "x-only": "1", "content-type": "application/json"}
        assert shown["body"] == {"a": 1}


def test_a_handler_wins_over_the_headers_of_the_middleware(site: Open) -> None:
    route = "def handler(req, res):\n    res.set_header('x-by', 'handler').set_cookie('h', '1').json(res.get_header('x-other'))\n"
    text = (
        "def middleware(req): return go_on(headers={'x-by': 'middleware', 'x-other': 'seen'}).set_cookie('m', '1').set_cookie('n', 'a b')\n"
    )
    with site(project(text, **{"pages/api/own.py": route})) as client:
        answer = client.get("/api/own")
        assert (answer.json(), answer.headers["x-by"]) == ("seen", "handler")
        assert answer.headers.get_all("set-cookie") == ["m=1; Path=/", "n=a%20b; Path=/", "h=1; Path=/"]


def test_what_it_gives_stays_with_one_request(site: Open) -> None:
    text = """
ONCE = go_on(headers={"x-all": "1"}).set_cookie("all", "1")

def middleware(req):
    if req.next_url.query:
        return go_on(headers={"x-one": "1"}).set_cookie("one", "1")
    return ONCE
"""
    with site(project(text)) as client:
        client.get("/api/x?one")
        for _ in range(2):
            answer = client.get("/api/x")
            assert answer.headers.get("x-one") is None
            assert answer.headers.get_all("set-cookie") == ["all=1; Path=/"]


# What it sees


@pytest.mark.parametrize("path", ["/api/%7Eann", "/api/~ann", "/%61pi/~ann"])
@DEFINE
def test_it_sees_the_canonical_path_and_the_handler_what_was_sent(site: Open, define: str, path: str) -> None:
    text = f"{define} middleware(req): return go_on(headers={{'x-seen': f'{{req.path}} {{req.url}} {{req.next_url.path}}'}})\n"
    with site(project(text)) as client:
        answer = client.get(f"{path}?q=%7E")
        assert answer.headers["x-seen"] == "/api/~ann /api/~ann?q=%7E /api/~ann"
        assert answer.json()["url"] == f"{path}?q=%7E"


def test_it_does_not_see_the_base_path_but_its_url_has_it(site: Open) -> None:
    text = "def middleware(req): return respond([req.path, req.next_url.path, req.next_url.base_path, req.next_url.full_path])\n"
    with site(project(text, **{"slugline.config.py": "base_path = '/docs'\n"})) as client:
        assert client.get("/docs/api/x").json() == ["/api/x", "/api/x", "/docs", "/docs/api/x"]
        assert client.get("/docs").json() == ["/", "/", "/docs", "/docs"]


def test_method_cookies_query_and_client(site: Open) -> None:
    text = (
        "def middleware(req): return respond([req.method, req.cookies, req.next_url.query, req.query, req.client[0], req.http_version])\n"
    )
    with site(project(text)) as client:
        shown = client.request("PUT", "/x?a=1&a=2&b", headers={"Cookie": "c=d%20e"}).json()
        assert shown == ["PUT", {"c": "d e"}, {"a": ["1", "2"], "b": ""}, {"a": ["1", "2"], "b": ""}, "testclient", "1.1"]


ORIGINS = {
    "http": ({"scheme": "http", "server": ("127.0.0.1", 3000)}, "http://127.0.0.1:3000"),
    "https": ({"scheme": "https", "server": ("api.example", 443)}, "https://api.example:443"),
    "IPv6": ({"scheme": "http", "server": ("::1", 3000)}, "http://[::1]:3000"),
    "a socket in the file system": ({"scheme": "http", "server": ("/run/app.sock", None)}, "http://localhost"),
    "a server that does not say": ({}, "http://localhost:3000"),
    "a handshake": ({"scheme": "ws", "server": ("127.0.0.1", 3000)}, "http://127.0.0.1:3000"),
    "a handshake over TLS": ({"scheme": "wss", "server": ("127.0.0.1", 3000)}, "https://127.0.0.1:3000"),
}


@pytest.mark.parametrize(("scope", "origin"), ORIGINS.values(), ids=ORIGINS)
def test_the_servers_own_origin(scope: dict[str, object], origin: str) -> None:
    assert own_origin(Request("GET", b"/", b"", [(b"host", b"evil.example")], scope)) == origin


# The body

READS = {
    "bytes": ("await req.read()", "req.read()", "b'{\"a\": 1}'"),
    "text": ("await req.text()", "req.text()", "'{\"a\": 1}'"),
    "json": ("await req.json()", "req.json()", "{'a': 1}"),
}


@pytest.mark.parametrize(("for_async", "for_def", "shown"), READS.values(), ids=READS)
@DEFINE
@pytest.mark.parametrize("chunked", [False, True])
def test_the_handler_gets_the_body_that_was_read(site: Open, define: str, chunked: bool, for_async: str, for_def: str, shown: str) -> None:
    call = for_async if define == "async def" else for_def
    text = f"{define} middleware(req):\n    body = {call}\n    assert {call} == body\n    return go_on(headers={{'x-read': repr(body)}})\n"
    content = iter([b'{"a"', b": 1}"]) if chunked else b'{"a": 1}'
    with site(project(text)) as client:
        answer = client.post("/api/x", content=content, headers={"Content-Type": "application/json"})
        assert (answer.json()["body"], answer.headers["x-read"]) == ({"a": 1}, shown)
        assert client.get("/api/x").status_code == (500 if "json" in call else 200)  # no body is no JSON


STREAM = (
    "config = {'api': {'bodyParser': False}}\nasync def handler(req, res):\n    res.json(sum([len(chunk) async for chunk in req.stream]))\n"
)
READ = "async def middleware(req):\n    await req.read()\n"


def test_a_handler_that_streams_and_a_mounted_application_get_it_too(site: Open) -> None:
    mounted = """
async def app(scope, receive, send):
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})
"""
    with site(project(READ, **{"pages/api/stream.py": STREAM, "pages/api/app.py": mounted})) as client:
        for path in ("/api/stream", "/api/app"):
            assert client.post(path, content=b"x" * 100_000).text == "100000"


BIG = 10 * 1024 * 1024


@pytest.mark.parametrize("chunked", [False, True])
def test_it_reads_ten_megabytes_and_no_more(site: Open, chunked: bool) -> None:
    with site(project(READ, **{"pages/api/stream.py": STREAM})) as client:
        for size, status in ((BIG, 200), (BIG + 1, 413)):
            content = iter([b"x" * size]) if chunked else b"x" * size
            answer = client.post("/api/stream", content=content)
            assert answer.status_code == status
            assert answer.text == (str(BIG) if status == 200 else "Body exceeded 10mb limit")


CAUGHT = "from slugline.errors import RequestError\nasync def middleware(req):\n    try: await req.read()\n    except RequestError: pass\n"


@pytest.mark.parametrize(("chunked", "status"), [(False, 200), (True, 413)])
def test_what_is_left_of_a_body_is_not_taken_for_all_of_it(site: Open, chunked: bool, status: int) -> None:
    # One whose length was told is not begun; of the other the beginning has gone.
    with site(project(CAUGHT, **{"pages/api/stream.py": STREAM})) as client:
        content = iter([b"x" * 1024 * 1024] * 11) if chunked else b"x" * (BIG + 1)
        answer = client.post("/api/stream", content=content)
        assert (answer.status_code, answer.text) == (status, str(BIG + 1) if status == 200 else "Body exceeded 10mb limit")


@pytest.mark.parametrize("text", [READ, CAUGHT], ids=["left alone", "caught"])
def test_an_upload_that_is_cut_off_reaches_no_handler(site: Open, text: str) -> None:
    route = STREAM.replace("res.json", "print('REACHED'); res.json")
    with site(project(text, **{"pages/api/stream.py": route})) as client:
        answer = client.post("/api/stream", content=b"half", headers={"Content-Length": "8"})
        assert answer.status_code == 400


def test_a_slow_upload_is_given_up(site: Open) -> None:
    with site(project(READ), Settings(body_idle_seconds=0.05)) as client:

        async def drip():  # type: ignore[no-untyped-def]
            yield b"a"
            await asyncio.sleep(5)
            yield b"b"

        assert client.post("/api/x", content=drip()).status_code == 408


def test_a_forgotten_await_is_told_of(site: Open, caplog: pytest.LogCaptureFixture) -> None:
    with site(project("async def middleware(req):\n    req.read()\n")) as client:
        assert client.post("/api/x", content=b"a").status_code == 500
        assert "req.read()" in caplog.text
        assert "await" in caplog.text


# Afterwards


AFTER = {
    "of the request": "req.after(note, 'x')",
    "of what goes on": "return go_on().after(note, 'x')",
    "of an answer": "return respond('x').after(note, 'x')",
}


@DEFINE
@pytest.mark.parametrize("call", AFTER.values(), ids=AFTER)
def test_after_the_answer(site: Open, tmp_path: Path, define: str, call: str) -> None:
    note = tmp_path / "note.txt"
    text = f"from pathlib import Path\n{define} note(value): Path({str(note)!r}).write_text(value)\n{define} middleware(req):\n    {call}\n"
    with site(project(text)) as client:
        assert client.get("/api/x").status_code == 200
        wait_until(lambda: note.is_file() and note.read_text() == "x", "the function ran")


def test_after_takes_a_function(site: Open, caplog: pytest.LogCaptureFixture) -> None:
    with site(project("def middleware(req):\n    req.after('note')\n")) as client:
        assert client.get("/api/x").status_code == 500
        assert "req.after() takes a function, not str" in caplog.text


# What goes wrong

FAILURES = {
    "an exception": (f"raise ValueError('{SECRET}')", SECRET),
    "another type": ("return {'ok': True}", "middleware.py: middleware returned dict. Return go_on(), rewrite(url), redirect(url)"),
    "a bool": ("return True", "middleware.py: middleware returned bool"),
    "a path for a URL": ("return redirect('/login')", "Write redirect(req.next_url.join('/login'))"),
    "another path for a URL": ("return rewrite('/login')", "Write rewrite(req.next_url.join('/login'))"),
    "a status that redirects nowhere": ("return redirect(req.next_url.join('/login'), 200)", "redirect was given the status 200"),
    "a line break": ("return go_on(headers={'x-a': 'a\\r\\nb: c'})", "line break"),
    "a body with a 204": ("return respond('x', status=204)", "A 204 has no body"),
    "no JSON": ("return respond({'a': object()})", "object"),
    "system exit": ("raise SystemExit(1)", "SystemExit"),
}


@pytest.mark.parametrize(("body", "logged"), FAILURES.values(), ids=FAILURES)
@DEFINE
def test_what_fails_is_for_the_log(site: Open, caplog: pytest.LogCaptureFixture, define: str, body: str, logged: str) -> None:
    caplog.set_level(logging.ERROR)
    rule = "headers = [{'source': '/:path*', 'headers': [{'key': 'x-rule', 'value': '1'}]}]\n"
    files = project(f"{define} middleware(req):\n    {body}\n", **{"pages/about.html": "about", "slugline.config.py": rule})
    with site(files) as client:
        for path in ("/api/x", "/about", "/nothing"):
            answer = client.get(path)
            assert answer.status_code == 500
            assert SECRET not in answer.text
            assert "middleware" not in answer.text
            assert answer.headers.get("x-rule") is None
            assert answer.headers["content-type"].startswith("text/html")
    assert logged in caplog.text
    if body.startswith("raise"):
        assert 'middleware.py", line 3, in middleware' in caplog.text


def test_a_failure_does_not_open_what_it_guards(site: Open) -> None:
    text = "def first(req): raise ValueError\nmiddleware = [first]\n"
    with site(project(text)) as client:
        assert client.get("/api/x").status_code == 500
        with pytest.raises(WebSocketRejected) as refused, client.websocket("/api/x"):
            pass
        assert refused.value.status_code in (404, 500)


def test_an_api_error_answers_with_its_status(site: Open) -> None:
    text = "from slugline import ApiError\ndef middleware(req): raise ApiError(403, 'Not you.')\n"
    with site(project(text)) as client:
        answer = client.get("/api/x")
        assert (answer.status_code, answer.json()) == (403, {"error": "Not you."})


# Rewrites

TARGETS = {
    "an API route": ("/api/echo?b=2", '"query":{"b":"2"}'),
    "a page": ("/about", "about /about"),
    "a file": ("/a.txt", "text"),
    "a file with a name to encode": ("/a%20b.txt", "spaced"),
    "nothing": ("/nothing", "404"),
    "a path that a rule rewrites": ("/by-rule", '"query":{"rule":"1"}'),
    "itself": ("/rewrites?again", "404"),
}


@pytest.mark.parametrize(("target", "shown"), TARGETS.values(), ids=TARGETS)
def test_a_rewrite_leads_to(site: Open, target: str, shown: str) -> None:
    files = {
        "middleware.py": f"{IMPORTS}config = {{'matcher': '/rewrites'}}\nmiddleware = lambda req: rewrite(req.next_url.join({target!r}))\n",
        "pages/api/echo.py": ECHO,
        "pages/about.html": "about {{ path }}",
        "public/a.txt": "text",
        "public/a b.txt": "spaced",
        "slugline.config.py": "rewrites = {'before_files': [{'source': '/by-rule', 'destination': '/api/echo?rule=1'}]}\n",
    }
    with site(files) as client:
        answer = client.get("/rewrites?a=1")
        assert shown in answer.text
        assert answer.status_code == (404 if shown == "404" else 200)


def test_a_rewrite_keeps_url_method_and_body(site: Open) -> None:
    text = "def middleware(req): return rewrite(req.next_url.replace(path='/api/other', query={'b': '2'}), headers={'x-rw': '1'})\n"
    with site(project(text)) as client:
        answer = client.post("/api/x?a=1", json={"c": 3})
        shown = answer.json()
        assert (shown["url"], shown["body"], shown["query"]) == ("/api/x?a=1", {"c": 3}, {"b": "2", "path": ["other"]})
        assert answer.headers["x-rw"] == "1"


def test_a_guard_behind_a_rewrite_still_runs(site: Open) -> None:
    text = """
def moves(req): return rewrite(req.next_url.replace(path="/api/other"))
def guards(req): return respond(status=401)
middleware = [moves, guards]
"""
    with site(project(text)) as client:
        assert client.get("/api/x").status_code == 401


# Redirects


@pytest.mark.parametrize("base", ["", "/docs"])
def test_redirects(site: Open, base: str) -> None:
    text = """
def middleware(req):
    url = req.next_url
    match url.query.get("to"):
        case "join": return redirect(url.join("/login?from=" + url.path))
        case "replace": return redirect(url.replace(path="/login", query={}, fragment="top"), 303).set_cookie("seen", "1")
        case "away": return redirect("https://example.com/x y", 308)
"""
    with site(project(text, **{"slugline.config.py": f"base_path = {base!r}\n"})) as client:
        answer = client.get(f"{base}/api/x?to=join")
        assert (answer.status_code, answer.headers["location"], answer.text) == (307, "/login?from=/api/x", "/login?from=/api/x")
        answer = client.get(f"{base}/api/x?to=replace")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{base}/login#top")
        assert answer.headers.get_all("set-cookie") == ["seen=1; Path=/"]
        answer = client.get(f"{base}/api/x?to=away", headers={"Host": "example.com"})
        assert (answer.status_code, answer.headers["location"]) == (308, "https://example.com/x%20y")


# Answers

ANSWERS = {
    "text": ("respond('hé')", 200, "text/plain;charset=UTF-8", "hé"),
    "json": ("respond({'a': [1]}, status=402)", 402, "application/json", '{"a":[1]}'),
    "bytes": ("respond(b'ab')", 200, None, "ab"),
    "nothing": ("respond(status=401)", 401, None, ""),
    "a type of its own": ("respond('<p>', headers={'Content-Type': 'text/html'})", 200, "text/html", "<p>"),
    "an iterator": ("respond(iter([b'a', 'é']))", 200, None, "aé"),
    "a generator": ("respond(text for text in ('a', 'b'))", 200, None, "ab"),
    "an async generator": ("respond(stream())", 200, None, "ab"),
}
STREAMS = "async def stream():\n    yield b'a'\n    yield 'b'\n"


@pytest.mark.parametrize(("value", "status", "media_type", "shown"), ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@DEFINE
def test_an_answer(site: Open, define: str, method: str, value: str, status: int, media_type: str | None, shown: str) -> None:
    with site(project(f"{STREAMS}{define} middleware(req): return {value}\n")) as client:
        answer = client.request(method, "/api/x")
        assert (answer.status_code, answer.headers.get("content-type")) == (status, media_type)
        assert answer.text == ("" if method == "HEAD" else shown)
        assert answer.headers.get("etag") is None


def test_an_answer_that_streams_leaves_as_it_is_made_and_is_cut_where_it_fails(site: Open) -> None:
    text = """
async def stream():
    yield b"first"
    yield b"x" * 100_000
    raise ValueError

def middleware(req): return respond(stream(), headers={"content-type": "application/octet-stream"})
"""
    with site(project(text)) as client, client.stream("GET", "/api/x") as stream:
        chunks = stream.iter_bytes()
        assert next(chunks).startswith(b"first")
        with pytest.raises(IncompleteResponse):
            list(chunks)


def test_a_head_that_goes_on_has_the_headers_and_no_body(site: Open) -> None:
    with site(project("def middleware(req): return go_on(headers={'x-seen': req.method})\n")) as client:
        answer = client.head("/api/x")
        assert (answer.status_code, answer.headers["x-seen"], answer.content) == (200, "HEAD", b"")


# WebSockets

SOCKET = """
async def websocket(ws):
    await ws.send_json({"headers": dict(ws.headers), "query": ws.query, "path": ws.path, "user": ws.request.headers.get("x-user")})
"""


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ("respond('no', status=401)", 401),
        ("respond({'a': 1})", 403),
        ("redirect(req.next_url.join('/login'))", 403),
        ("rewrite(req.next_url.join('/nothing'))", 404),
        ("rewrite(req.next_url.join('/api/plain'))", 404),
    ],
)
def test_a_socket_is_refused(site: Open, result: str, status: int) -> None:
    files = {"middleware.py": f"{IMPORTS}def middleware(req): return {result}\n", "pages/api/socket.py": SOCKET, "pages/api/plain.py": ECHO}
    with site(files) as client:
        with pytest.raises(WebSocketRejected) as refused, client.websocket("/api/socket"):
            pass
        assert refused.value.status_code == status


def test_a_socket_that_is_let_through_sees_what_the_middleware_gave(site: Open) -> None:
    text = """
def middleware(req):
    given = {**req.headers, "x-user": "7"}
    if req.next_url.path == "/api/moved":
        return rewrite(req.next_url.replace(path="/api/socket", query={"moved": "1"}), request_headers=given)
    return go_on(request_headers=given)
"""
    config = "base_path = '/docs'\nrewrites = [{'source': '/by-rule', 'destination': '/api/socket?rule=1'}]\n"
    with site({"middleware.py": IMPORTS + text, "pages/api/socket.py": SOCKET, "slugline.config.py": config}) as client:
        for path, query in (("/api/socket", {"a": "1"}), ("/api/moved", {"moved": "1"}), ("/by-rule", {"a": "1", "rule": "1"})):
            with client.websocket(f"/docs{path}?a=1", headers={"X-User": "root"}) as ws:
                seen = ws.receive_json()
            assert (seen["headers"]["x-user"], seen["user"], seen["query"], seen["path"]) == ("7", "7", query, path)


# Below another application


def test_a_redirect_of_a_project_that_another_application_mounts(site: Open) -> None:
    text = "def middleware(req): return redirect(req.next_url.replace(path='/login'))\n"
    with site(project(text)) as inner, TestClient(Starlette(routes=[Mount("/outer", inner._client.app)])) as client:
        assert client.get("/outer/api/x").headers["location"] == "/outer/login"
