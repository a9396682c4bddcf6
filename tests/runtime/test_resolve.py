"""The steps that a request goes through before somebody answers it: their order, and what each of them sees."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.routing import Mount

from runtime.rule_project import ECHO, Open, open_site
from slugline import Settings
from slugline.cli import main
from slugline.errors import ConfigError
from slugline.project.config import ProjectConfig
from slugline.runtime.settings import settings_of
from slugline.testing import TestClient


@pytest.fixture
def site(tmp_path: Path) -> Open:
    return lambda files, settings=None, **options: open_site(tmp_path, files, settings, **options)


# Every step answers with its own name, and each answers everything that those after it would.
STEPS = ["collapse", "slash", "redirect", "middleware", "before", "file", "static", "after", "dynamic", "fallback", "missing"]
RULES = {
    "redirect": "redirects = [{'source': '/:path*', 'destination': '/redirected', 'permanent': False}]\n",
    "before": "BEFORE = [{'source': '/:path*', 'destination': '/api/by/before'}]\n",
    "after": "AFTER = [{'source': '/:path*', 'destination': '/api/by/after'}]\n",
    "fallback": "FALLBACK = [{'source': '/:path*', 'destination': '/api/by/fallback'}]\n",
}
BY = "def handler(req, res):\n    res.send(req.query['name'])\n"


def steps_from(first: str) -> dict[str, str]:
    """Give a project in which this step and all later ones would answer /api/x."""
    steps = STEPS[STEPS.index(first) :]
    config = "BEFORE, AFTER, FALLBACK = [], [], []\n" + "".join(text for step, text in RULES.items() if step in steps)
    files = {
        "slugline.config.py": config + "rewrites = {'before_files': BEFORE, 'after_files': AFTER, 'fallback': FALLBACK}\n",
        "pages/api/by/[name].py": BY,
        "pages/api/by/before.py": "def handler(req, res):\n    res.send('before')\n",
        "pages/other.html": "other",
    }
    if "middleware" in steps:
        files["middleware.py"] = "from slugline.middleware import respond\ndef middleware(req): return respond('middleware')\n"
    if "file" in steps:
        files["public/api/x"] = "file"
    if "static" in steps and first != "file":
        files["pages/api/x.py"] = "def handler(req, res):\n    res.send('static')\n"
    if "dynamic" in steps:
        files["pages/api/[any].py"] = "def handler(req, res):\n    res.send('dynamic')\n"
    return files


@pytest.mark.parametrize("step", [step for step in STEPS if step not in ("collapse", "slash", "redirect", "missing")])
def test_the_order_of_what_answers(site: Open, step: str) -> None:
    files = steps_from(step)
    if step in ("middleware", "before"):
        files.pop("pages/api/x.py")  # which a public file would be refused beside
    with site(files) as client:
        assert client.get("/api/x").text == step


def test_the_order_of_redirects(site: Open) -> None:
    files = steps_from("redirect")
    files.pop("pages/api/x.py")
    with site(files) as client:
        assert client.get("/api/x").headers["location"] == "/redirected"
        assert client.get("/api/x/").headers["location"] == "/api/x"  # the slash at the end comes first
        assert client.get("/api//x/").headers["location"] == "/api/x/"  # and slashes in a row before that
        assert client.get("/api\\x/").headers["location"] == "/api/x/"


def test_nothing_answers(site: Open) -> None:
    with site(steps_from("missing")) as client:
        assert client.get("/api/x").status_code == 404


HEADERS = "headers = [{'source': '/:path*', 'headers': [{'key': 'x-by', 'value': 'rule'}, {'key': 'x-rule', 'value': '1'}]}]\n"


def test_headers_of_rules_middleware_and_handler(site: Open) -> None:
    files = {
        "slugline.config.py": HEADERS + "redirects = [{'source': '/old', 'destination': '/new', 'permanent': True}]\n",
        "middleware.py": "from slugline.middleware import go_on\ndef middleware(req): return go_on(headers={'x-by': 'middleware'})\n",
        "pages/api/own.py": "def handler(req, res):\n    res.set_header('x-by', res.get_header('x-by') + ', handler').json({})\n",
        "pages/api/fails.py": "def handler(req, res):\n    raise ValueError\n",
        "pages/about.html": "about",
        "public/a.txt": "a",
    }
    with site(files) as client:
        assert client.get("/api/own").headers["x-by"] == "middleware, handler"
        for path in ("/about", "/a.txt", "/nothing", "/api/nothing", "/api/fails"):
            answer = client.get(path)
            assert (answer.headers["x-by"], answer.headers["x-rule"]) == ("middleware", "1"), path
        for path in ("/old", "/about/", "//about"):
            assert client.get(path).headers.get("x-rule") is None


def test_the_rewritten_path_is_what_the_next_rule_and_the_handler_see(site: Open) -> None:
    config = """
rewrites = {
    "before_files": [
        {"source": "/one/:id", "destination": "/two/:id?from=one"},
        {"source": "/two/:id", "destination": "/api/echo/:id?b=2"},
    ]
}
"""
    with site({"slugline.config.py": config, "pages/api/echo/[id].py": ECHO}) as client:
        found = client.get("/one/a%2Fb?q=1").json()
        assert (found["params"], found["url"]) == ({"id": "a/b"}, "/one/a%2Fb?q=1")
        assert found["query"] == {"q": "1", "from": "one", "b": "2", "id": "a/b"}


@pytest.mark.parametrize("path", ["/%61pi/echo/x", "/api/ech%6F/x", "/api/echo/%78", "/%61%70%69/%65cho/x"])
def test_two_spellings_are_one_path(site: Open, path: str) -> None:
    rule = "headers = [{'source': '/api/echo/x', 'headers': [{'key': 'x-rule', 'value': '1'}]}]\n"
    with site({"slugline.config.py": rule, "pages/api/echo/[id].py": ECHO}) as client:
        answer = client.get(path)
        assert (answer.json()["params"], answer.headers["x-rule"]) == ({"id": "x"}, "1")
        assert client.get(path.upper()).status_code in (200, 404)
        assert client.get("/API/echo/x").status_code == 404


BASE = "base_path = '/docs'\n"


@pytest.mark.parametrize("path", ["/docs/api/echo/x", "/%64ocs/api/echo/x", "/doc%73/api/echo/x"])
def test_a_handler_does_not_see_the_base_path(site: Open, path: str) -> None:
    with site({"slugline.config.py": BASE, "pages/api/echo/[id].py": ECHO}) as client:
        assert client.get(path).json()["url"] == "/api/echo/x"
        for other in ("/api/echo/x", "/Docs/api/echo/x", "/docs2/api/echo/x", "/docs%2Fapi/echo/x"):
            assert client.get(other).status_code == 404


# Mounted applications: they find their routes by the scope, not by what we have matched

STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route, WebSocketRoute

async def item(request):
    return JSONResponse({
        "id": request.path_params["id"], "query": dict(request.query_params), "root": request.scope["root_path"],
        "own": str(request.url_for("item", id=1)), "user": request.headers.get("x-user"), "raw": request.scope["raw_path"].decode(),
    })

async def socket(ws):
    await ws.accept()
    await ws.send_json({"path": ws.url.path, "query": dict(ws.query_params), "user": ws.headers.get("x-user")})
    await ws.close()

app = Starlette(routes=[
    Route("/items/{id:path}", item, name="item"), Route("/slash/", lambda request: JSONResponse("slash")), WebSocketRoute("/socket", socket)
])
"""
WSGI = """
import json

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    names = ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")
    return [json.dumps([*(environ[name] for name in names), environ.get("HTTP_X_USER")]).encode()]
"""
TO_MOUNTED = """
rewrites = [
    {"source": "/shop/:path*", "destination": "/api/shop/:path*?by=rule"},
    {"source": "/blog/:path*", "destination": "/api/blog/:path*?by=rule"},
]
"""
SAYS_WHO = """
from slugline.middleware import go_on, rewrite
def middleware(req):
    given = {**req.headers, "x-user": "7"}
    if req.next_url.path.startswith("/by-middleware/"):
        path = req.next_url.path.replace("/by-middleware/", "/api/shop/")
        return rewrite(req.next_url.replace(path=path, query={"by": "middleware"}), request_headers=given)
    return go_on(request_headers=given)
"""
MOUNTED = {
    "slugline.config.py": TO_MOUNTED,
    "middleware.py": SAYS_WHO,
    "pages/api/shop/[[...path]].py": STARLETTE,
    "pages/api/blog/[[...path]].py": WSGI,
}


@pytest.mark.parametrize("base", ["", "/docs"])
def test_an_asgi_application_sees_the_rewritten_path(site: Open, base: str) -> None:
    files = {**MOUNTED, "slugline.config.py": f"base_path = {base!r}\n{TO_MOUNTED}"}
    with site(files) as client:
        expected = {"root": f"{base}/api/shop", "own": f"http://testserver{base}/api/shop/items/1", "user": "7"}
        plain = client.get(f"{base}/api/shop/items/a%20b?q=1", headers={"x-user": "root"}).json()
        assert plain == {"id": "a b", "query": {"q": "1"}, "raw": f"{base}/api/shop/items/a%20b", **expected}
        rewritten = client.get(f"{base}/shop/items/a%20b?q=1", headers={"x-user": "root"}).json()
        assert rewritten == {"id": "a b", "query": {"q": "1", "by": "rule"}, "raw": f"{base}/api/shop/items/a%20b", **expected}
        rewritten = client.get(f"{base}/by-middleware/items/7?q=1").json()
        assert rewritten == {"id": "7", "query": {"by": "middleware"}, "raw": f"{base}/api/shop/items/7", **expected}
        with client.websocket(f"{base}/shop/socket?q=1", headers={"x-user": "root"}) as ws:
            assert ws.receive_json() == {"path": f"{base}/api/shop/socket", "query": {"q": "1", "by": "rule"}, "user": "7"}


@pytest.mark.parametrize("base", ["", "/docs"])
def test_a_wsgi_application_sees_the_rewritten_path(site: Open, base: str) -> None:
    files = {**MOUNTED, "slugline.config.py": f"base_path = {base!r}\n{TO_MOUNTED}"}
    with site(files) as client:
        assert client.get(f"{base}/api/blog/posts/7?q=1").json() == [f"{base}/api/blog", "/posts/7", "q=1", "7"]
        assert client.get(f"{base}/blog/posts/7?q=1").json() == [f"{base}/api/blog", "/posts/7", "q=1&by=rule", "7"]
        assert client.get(f"{base}/blog").json() == [f"{base}/api/blog", "/", "by=rule", "7"]


def test_an_application_below_another_one(tmp_path: Path) -> None:
    with open_site(tmp_path, MOUNTED) as inner:
        outer = Starlette(routes=[Mount("/outer", inner._client.app)])
        with TestClient(outer) as client:
            assert client.get("/outer/blog/posts/7").json() == ["/outer/api/blog", "/posts/7", "by=rule", "7"]


def test_a_mounted_application_decides_about_its_slash(site: Open) -> None:
    with site(MOUNTED) as client:
        assert client.get("/api/shop/slash/").json() == "slash"
        assert client.get("/api/shop/slash").headers["location"] == "http://testserver/api/shop/slash/"
        assert client.get("/api/shop/slash", follow_redirects=True).json() == "slash"
        assert client.get("/api/nothing/").headers["location"] == "/api/nothing"
    # Nor does trailing_slash send it back and forth.
    with site({**MOUNTED, "slugline.config.py": f"trailing_slash = True\n{TO_MOUNTED}"}) as client:
        assert client.get("/api/shop/items/7").json()["id"] == "7"
        assert client.get("/api/nothing").headers["location"] == "/api/nothing/"


GUARDS = {
    "nothing": ({}, 200),
    "headers": ({"slugline.config.py": HEADERS}, 200),
    "redirects": ({"slugline.config.py": "redirects = [{'source': '/x', 'destination': '/y', 'permanent': True}]\n"}, 404),
    "rewrites": ({"slugline.config.py": TO_MOUNTED}, 404),
    "middleware": ({"middleware.py": SAYS_WHO}, 404),
}


@pytest.mark.parametrize(("files", "status"), GUARDS.values(), ids=GUARDS)
def test_a_mounted_application_gets_no_encoded_slash_that_a_guard_may_have_missed(site: Open, files: dict[str, str], status: int) -> None:
    with site({**files, "pages/api/shop/[[...path]].py": STARLETTE, "pages/api/[tenant]/blog/[[...path]].py": WSGI}) as client:
        assert client.get("/api/shop/items/a%2Fb").status_code == status
        # In what the route takes, it is one character of a parameter.
        assert client.get("/api/a%2Fb/blog/posts").json()[:2] == ["/api/a/b/blog", "/posts"]


# Settings


def test_flags_of_the_command_line_stand_over_the_file() -> None:
    config = ProjectConfig(settings={"threads": 5, "max_streams": 6}, compress=False)
    settings = settings_of(config, {"threads": 7, "compress": True})
    assert (settings.threads, settings.max_streams, settings.compress) == (7, 6, True)
    assert settings_of(config) == Settings(threads=5, max_streams=6, compress=False)


REFUSED = [
    ("settings = {'thread': 5}", "slugline.config.py: settings.thread is unknown. Did you mean 'threads'?"),
    ("settings = {'threads': 0}", "slugline.config.py: settings.threads is 0. Allowed: a whole number from 1 up."),
    ("settings = {'threads': '5'}", "slugline.config.py: settings.threads is '5'. Allowed: a whole number from 1 up."),
    ("settings = {'maxDuration': 5}", "slugline.config.py: settings.max_duration is unknown."),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_settings_that_cannot_be_meant(site: Open, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused, site({"slugline.config.py": text, "pages/api/x.py": ECHO}):
        pass
    assert refused.value.message.startswith(message)


def test_the_command_refuses_them_before_it_listens(tmp_path: Path) -> None:
    (tmp_path / "pages/api").mkdir(parents=True)
    (tmp_path / "pages/api/x.py").write_text(ECHO)
    (tmp_path / "slugline.config.py").write_text("settings = {'thread': 5}")
    result = CliRunner().invoke(main, ["start", str(tmp_path), "--port", "3999"])
    assert result.exit_code == 1
    assert "settings.thread is unknown" in result.output


def test_what_is_compressed_and_tagged(site: Open) -> None:
    files = {
        "pages/api/x.py": "def handler(req, res):\n    res.json(['x' * 2000])\n",
        "pages/about.html": "x" * 2000,
        "public/a.txt": "x" * 2000,
    }
    asks_gzip = {"Accept-Encoding": "gzip"}
    with site({**files, "slugline.config.py": "compress = False\ngenerate_etags = False\n"}) as client:
        for path in ("/api/x", "/about", "/a.txt"):
            answer = client.get(path, headers=asks_gzip)
            assert answer.headers.get("content-encoding") is None
            assert (answer.headers.get("etag") is None) == (path != "/api/x")
    with site({**files, "slugline.config.py": ""}) as client:
        for path in ("/api/x", "/about", "/a.txt"):
            answer = client.get(path, headers=asks_gzip)
            assert answer.headers.get("content-encoding") == "gzip"
            assert answer.headers.get("etag") is not None
