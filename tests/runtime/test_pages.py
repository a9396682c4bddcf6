"""Pages of whole projects, asked in memory: every kind of page, what is kept of it, and what a client is told."""

import contextlib
import gzip
import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest

from slugline import Settings, create_app
from slugline.commands.build import build
from slugline.errors import ProjectError
from slugline.project.preview_keys import ENVIRONMENT_NAMES
from slugline.testing import Response, TestClient
from user_modules import own_modules

NEVER = "private, no-cache, no-store, max-age=0, must-revalidate"
YEAR = "s-maxage=31536000"
SECRET = "the password is tea"
# A counter that the page's own module keeps, so that a page tells how often it was made.
COUNT = "made = []\ndef count():\n    made.append(1)\n    return len(made)\n"

Open = Callable[..., contextlib.AbstractContextManager[TestClient]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ENVIRONMENT_NAMES:
        monkeypatch.delenv(name, raising=False)
    with own_modules():
        yield tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / "pages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def site(project: Path) -> Open:
    """Open a project of these files, named from pages/ on."""

    @contextlib.contextmanager
    def open_site(files: dict[str, str], settings: Settings | None = None, **options: object) -> Iterator[TestClient]:
        write(project, files)
        with TestClient(create_app(project, settings) if settings is not None else project, **options) as client:
            yield client

    return open_site


def _part(name: str, content: bytes, *, is_file: bool = False) -> bytes:
    """Write a part of a form whose boundary is "limit"."""
    file = '; filename="a.bin"' if is_file else ""
    return f'--limit\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


def policy(response: Response) -> str | None:
    return response.headers.get("cache-control")


def state(response: Response) -> str | None:
    return response.headers.get("x-nextjs-cache")


class TestWithoutData:
    def test_a_template_alone(self, site: Open) -> None:
        with site({"about.html": "<h1>About {{ path }}</h1>"}) as client:
            response = client.get("/about")
            assert (response.status_code, response.text) == (200, "<h1>About /about</h1>")
            assert response.headers["content-type"] == "text/html; charset=utf-8"
            assert policy(response) is None
            assert state(response) is None

    def test_index_and_folders(self, site: Open) -> None:
        with site({"index.html": "home", "shop/index.html": "shop", "shop/new.html": "new"}) as client:
            assert [client.get(path).text for path in ("/", "/shop", "/shop/new")] == ["home", "shop", "new"]
            assert client.get("/shop/").headers["location"] == "/shop"
            assert client.get("/index").status_code == 404

    def test_a_dynamic_one_sees_its_parameters(self, site: Open) -> None:
        with site({"user/[name].html": "Hello {{ params.name }}", "files/[...parts].html": "{{ params.parts | join('+') }}"}) as client:
            assert client.get("/user/a%3Cb").text == "Hello a&lt;b"
            assert client.get("/files/a/b").text == "a+b"

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
    def test_other_methods_are_refused(self, site: Open, method: str) -> None:
        with site({"about.html": "About"}) as client:
            response = client.request(method, "/about")
            assert (response.status_code, response.text) == (405, "Method Not Allowed")
            assert response.headers.get_list("allow") == ["GET", "HEAD"]

    def test_the_app_is_around_it(self, site: Open) -> None:
        app = "<!doctype html><title>{{ title }}</title>{{ content }}"
        with site({"_app.html": app, "a.html": '{% set title = "A & B" %}\n<p>x</p>'}) as client:
            assert client.get("/a").text == "<!doctype html><title>A &amp; B</title><p>x</p>"
            assert client.get("/_app").status_code == 404


FUNCTIONS = {"def": "def", "async": "async def"}


@pytest.mark.parametrize("define", FUNCTIONS.values(), ids=FUNCTIONS)
class TestKindsOfFunctions:
    def test_static_props(self, site: Open, define: str) -> None:
        module = f"{define} get_static_props(context):\n    return {{'props': {{'word': '<b>'}}, 'revalidate': 60}}\n"
        with site({"a.html": "{{ word }} {{ props.word }}", "a.py": module}) as client:
            first, second = client.get("/a"), client.get("/a?x=1")
            assert first.text == second.text == "&lt;b&gt; &lt;b&gt;"
            assert policy(first) == policy(second) == "s-maxage=60, stale-while-revalidate=31535940"
            assert [state(first), state(second)] == ["MISS", "HIT"]

    def test_static_paths(self, site: Open, define: str) -> None:
        module = (
            f"{define} get_static_paths():\n    return {{'paths': ['/p/a'], 'fallback': False}}\n"
            f"{define} get_static_props(context):\n    return {{'props': {{'slug': context['params']['slug']}}}}\n"
        )
        with site({"p/[slug].html": "{{ slug }}", "p/[slug].py": module}) as client:
            assert (client.get("/p/a").text, policy(client.get("/p/a"))) == ("a", YEAR)
            missing = client.get("/p/b")
            assert (missing.status_code, policy(missing), state(missing)) == (404, NEVER, None)

    def test_server_side_props(self, site: Open, define: str) -> None:
        module = f"{define} get_server_side_props(context):\n    return {{'props': {{'q': context.query.get('q', '')}}}}\n"
        with site({"a.html": "{{ q }}", "a.py": module}) as client:
            assert [client.get(f"/a?q={q}").text for q in ("1", "2")] == ["1", "2"]
            assert policy(client.get("/a")) == NEVER
            assert state(client.get("/a")) is None

    def test_page(self, site: Open, define: str) -> None:
        module = (
            f"{define} get_static_props(context):\n    return {{'props': {{'n': 7}}}}\n"
            f"{define} page(props):\n    return f'<p>{{props[\"n\"]}}</p>'\n"
        )
        with site({"_app.html": "<!doctype html><body>{{ content }}</body>", "a.py": module}) as client:
            assert client.get("/a").text == "<!doctype html><body><p>7</p></body>"

    def test_page_with_an_object_that_knows_its_html(self, site: Open, define: str) -> None:
        module = f"class Tag:\n    def __html__(self):\n        return '<i>x</i>'\n{define} page(props):\n    return Tag()\n"
        with site({"_app.html": "[{{ content }}]", "a.py": module}) as client:
            assert client.get("/a").text == "[<i>x</i>]"

    def test_page_that_gives_no_html(self, site: Open, define: str) -> None:
        with (
            pytest.raises(ProjectError, match=r"/a: pages/a.py: page\(props\) returned int. Return HTML as text.$"),
            site({"a.py": f"{define} page(props):\n    return 7\n"}),
        ):
            pass


class TestServerSide:
    FORM: ClassVar = {
        "sign.html": "{{ method }} {{ name }}",
        "sign.py": (
            "def get_server_side_props(context):\n"
            "    body = context.req.body or {}\n"
            "    return {'props': {'method': context.req.method, 'name': body.get('name', '')}}\n"
        ),
    }

    def test_a_form_is_posted_to_it(self, site: Open) -> None:
        with site(self.FORM) as client:
            assert client.post("/sign", data={"name": "Ada & Co"}).text == "POST Ada &amp; Co"
            assert client.post("/sign", files={"x": ("a.txt", b"a", "text/plain")}, data={"name": "Eve"}).text == "POST Eve"
            assert client.get("/sign").text == "GET "

    def test_a_body_that_is_too_large(self, site: Open) -> None:
        with site(self.FORM) as client:
            assert client.post("/sign", data={"name": "x" * 1_100_000}).status_code == 413

    def test_answers_of_its_own(self, site: Open) -> None:
        module = (
            "def get_server_side_props(context):\n"
            "    match context.query['do']:\n"
            "        case 'end': context.res.status(202).end('ended')\n"
            "        case 'cookie': context.res.set_cookie('a', '1'); return {'props': {}}\n"
            "        case 'status': context.res.status(418); return {'props': {}}\n"
            "        case 'keep': context.res.set_header('Cache-Control', 'public, max-age=9'); return {'props': {}}\n"
            "        case 'missing': return {'notFound': True}\n"
            "        case 'moved': return {'redirect': {'destination': '/to', 'permanent': True}}\n"
        )
        with site({"a.html": "page", "a.py": module}) as client:
            ended = client.get("/a?do=end")
            assert (ended.status_code, ended.text) == (202, "ended")
            assert client.get("/a?do=cookie").cookies == {"a": "1"}
            assert client.get("/a?do=status").status_code == 418
            assert policy(client.get("/a?do=keep")) == "public, max-age=9"
            assert client.get("/a?do=missing").status_code == 404
            moved = client.get("/a?do=moved")
            assert (moved.status_code, moved.headers["location"]) == (308, "/to")
            assert client.options("/a?do=end").status_code == 400


class TestMiddleware:
    GUARD = (
        "def guard(req, res, next):\n    if 'key' not in req.cookies:\n        return res.status(401).end('No')\n    next()\n"
        "middleware = [guard]\n"
    )
    OUTER = "def mark(req, res, next):\n    res.append_header('X-Seen', req.path)\n    next()\nmiddleware = [mark]\n"

    @pytest.mark.parametrize(
        "module",
        [
            "",
            "def get_static_props(context):\n    return {'props': {}}\n",
            "def get_server_side_props(context):\n    return {'props': {}}\n",
        ],
        ids=["static", "generated", "server"],
    )
    def test_folders_are_around_every_kind(self, site: Open, module: str) -> None:
        files = {"_middleware.py": self.OUTER, "in/_middleware.py": self.GUARD, "in/a.html": SECRET, "b.html": "open", "in/a.py": module}
        with site(files) as client:
            refused = client.get("/in/a")
            assert (refused.status_code, refused.text, refused.headers["x-seen"]) == (401, "No", "/in/a")
            for _ in range(2):  # what is kept is behind the guard too
                allowed = client.get("/in/a", cookies={"key": "1"})
                assert (allowed.text, allowed.headers["x-seen"]) == (SECRET, "/in/a")
            assert client.get("/in/a").status_code == 401
            assert client.get("/b").headers["x-seen"] == "/b"

    def test_the_guard_stands_before_making_a_fallback(self, site: Open) -> None:
        with site({"p/_middleware.py": self.GUARD, **fallback(True, "p")}) as client:
            assert client.post("/_slugline/make/p/x").status_code == 401
            assert client.post("/_slugline/make/p/x", cookies={"key": "1"}).status_code == 204


def fallback(value: object, folder: str = "post") -> dict[str, str]:
    return {
        f"{folder}/[slug].html": "{% if fallback %}Loading {{ params.slug }}{% else %}{{ slug }} {{ n }}{% endif %}",
        f"{folder}/[slug].py": (
            f"{COUNT}def get_static_paths():\n    return {{'paths': ['/{folder}/first'], 'fallback': {value!r}}}\n"
            "def get_static_props(context):\n"
            "    slug = context['params']['slug']\n"
            "    if slug == 'none':\n        return {'not_found': True}\n"
            "    if slug == 'fails':\n        raise ValueError('the password is tea')\n"
            "    return {'props': {'slug': slug, 'n': count()}}\n"
        ),
    }


class TestFallback:
    def test_false(self, site: Open) -> None:
        with site(fallback(False)) as client:
            assert client.get("/post/first").text == "first 1"
            assert client.get("/post/second").status_code == 404

    def test_blocking(self, site: Open) -> None:
        with site(fallback("blocking")) as client:
            answers = [client.get("/post/second") for _ in range(2)]
            assert [(answer.text, state(answer)) for answer in answers] == [("second 1", "MISS"), ("second 1", "HIT")]
            assert client.get("/post/none").status_code == 404
            assert policy(client.get("/post/none")) == YEAR

    def test_true_shows_the_page_without_data_until_it_is_made(self, site: Open) -> None:
        with site(fallback(True)) as client:
            for _ in range(2):
                shown = client.get("/post/a%20b")
                assert (shown.status_code, policy(shown), state(shown)) == (200, NEVER, None)
                assert shown.text.startswith("Loading a b<script>")
            address = re.search(r'fetch\("([^"]+)"', shown.text)
            assert address is not None
            assert address[1] == "/_slugline/make/post/a%20b"
            made = client.post(address[1])
            assert (made.status_code, made.content, policy(made)) == (204, b"", NEVER)
            after = client.get("/post/a%20b")
            assert (after.text, state(after), policy(after)) == ("a b 1", "HIT", YEAR)
            client.post(address[1])
            assert client.get("/post/a%20b").text == "a b 1"

    def test_true_with_a_path_that_was_named(self, site: Open) -> None:
        with site(fallback(True)) as client:
            assert client.get("/post/first").text == "first 1"

    def test_the_script_stands_in_the_body(self, site: Open) -> None:
        with site({**fallback(True), "_app.html": "<!doctype html><body>{{ content }}</body></html>"}) as client:
            assert re.fullmatch(r"<!doctype html><body>Loading x<script>.*</script></body></html>", client.get("/post/x").text)

    def test_a_page_that_there_is_not_becomes_a_404(self, site: Open) -> None:
        with site(fallback(True)) as client:
            assert client.get("/post/none").status_code == 200
            assert client.post("/_slugline/make/post/none").status_code == 204
            assert client.get("/post/none").status_code == 404

    @pytest.mark.parametrize("path", ["/other", "/post", "/api/x", "/static", "/served", "/", "", "/post/a/../b", "/blocking/x"])
    def test_nothing_else_is_made(self, site: Open, path: str) -> None:
        files = {
            **fallback(True),
            **fallback("blocking", "blocking"),
            "api/x.py": "def handler(req, res):\n    raise AssertionError\n",
            "static.html": "static",
            "served.py": "def get_server_side_props(context):\n    raise AssertionError\n",
            "served.html": "served",
        }
        with site(files) as client:
            answer = client.post(f"/_slugline/make{path}")
            assert (answer.status_code, policy(answer)) == (404, NEVER)
            assert client.post("/_slugline/make/post/%zz").status_code == 400

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}, 204),
            ({"Origin": "http://testserver"}, 204),
            ({}, 204),
        ],
    )
    def test_another_site_cannot_have_pages_made(self, site: Open, headers: dict[str, str], status: int) -> None:
        with site(fallback(True)) as client:
            assert client.post("/_slugline/make/post/x", headers=headers).status_code == status
            assert client.get("/post/x").text.startswith("Loading" if status == 403 else "x 1")

    def test_it_is_asked_by_post_alone(self, site: Open) -> None:
        with site(fallback(True)) as client:
            assert client.get("/_slugline/make/post/x").status_code == 404
            assert client.get("/post/x").text.startswith("Loading")

    def test_a_failure_tells_nothing(self, site: Open) -> None:
        with site(fallback(True)) as client:
            answer = client.post("/_slugline/make/post/fails")
            assert answer.status_code == 500
            assert SECRET not in answer.text
            assert client.get("/post/fails").text.startswith("Loading")

    def test_below_another_application(self, project: Path) -> None:
        write(project, fallback(True))
        app = create_app(project)

        async def outer(scope, receive, send):  # type: ignore[no-untyped-def]
            await app({**scope, "root_path": "/sub"} if scope["type"] == "http" else scope, receive, send)

        with TestClient(outer) as client:
            assert 'fetch("/sub/_slugline/make/post/x"' in client.get("/sub/post/x").text
            assert client.post("/sub/_slugline/make/post/x").status_code == 204
            assert client.get("/sub/post/x").text == "x 1"

    def test_with_a_base_path(self, project: Path) -> None:
        write(project, fallback(True))
        (project / "slugline.config.py").write_text('base_path = "/docs"\n')
        with TestClient(project) as client:
            assert 'fetch("/docs/_slugline/make/post/x"' in client.get("/docs/post/x").text
            assert client.post("/_slugline/make/post/x").status_code == 404
            assert client.post("/docs/_slugline/make/post/x", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
            assert client.get("/docs/post/x").text.startswith("Loading")
            assert client.post("/docs/_slugline/make/post/x").status_code == 204
            assert client.get("/docs/post/x").text == "x 1"


NEWS = {
    "news.html": "news {{ n }}",
    "news.py": f"{COUNT}def get_static_props(context):\n    return {{'props': {{'n': count()}}}}\n",
    **fallback("blocking"),
    **fallback(False, "only"),
}


def handler(call: str, *, is_async: bool = False) -> str:
    define, wait = ("async def", "await ") if is_async else ("def", "")
    return (
        f"{define} handler(req, res):\n"
        f"    try:\n        {wait}{call}\n"
        "    except Exception as error:\n        return res.json([type(error).__name__, str(error)])\n"
        "    if not res.ended:\n        res.json('done')\n"
    )


class TestRevalidate:
    @pytest.mark.parametrize("is_async", [False, True], ids=["def", "async"])
    def test_a_page_is_made_anew_before_the_call_returns(self, site: Open, is_async: bool) -> None:
        with site({**NEWS, "api/again.py": handler("res.revalidate(req.query['path'])", is_async=is_async)}) as client:
            assert [client.get("/news").text for _ in range(2)] == ["news 1", "news 1"]
            assert client.get("/api/again?path=/news").json() == "done"
            again = client.get("/news")
            assert (again.text, state(again)) == ("news 2", "HIT")

    @pytest.mark.parametrize("threads", [1, 2])
    def test_handlers_on_every_thread(self, site: Open, threads: int) -> None:
        settings = Settings(threads=threads)
        with site({**NEWS, "api/again.py": handler("res.revalidate('/news')")}, settings, timeout_seconds=10) as client:
            assert client.get("/api/again").json() == "done"
            assert client.get("/news").text == "news 1"

    @pytest.mark.parametrize(
        ("path", "call"),
        [
            ("/live", "res.revalidate('/news')"),
            ("/live", "res.render('/other')"),
            ("/api/again", "res.revalidate('/about')"),
            ("/api/again", "res.revalidate('/api/ok')"),
            ("/api/again", "res.revalidate('/other')"),
            ("/api/again", "res.render('/other')"),
        ],
    )
    def test_every_thread_waits_for_what_needs_a_thread_itself(self, site: Open, project: Path, path: str, call: str) -> None:
        (project / "middleware.py").write_text("def middleware(req):\n    pass\n")
        wait = "import threading\nboth = threading.Barrier(2)\n"
        files = {
            **NEWS,
            "about.html": "about",
            "other.html": "other",
            "other.py": "def get_server_side_props(context):\n    return {'props': {}}\n",
            "live.html": "live",
            "live.py": (
                f"{wait}def get_server_side_props(context):\n    both.wait(10)\n    res = context['res']\n    {call}\n"
                "    return {'props': {}}\n"
            ),
            "api/again.py": f"{wait}def handler(req, res):\n    both.wait(10)\n    {call}\n    res.ended or res.json('done')\n",
            "api/ok.py": "def handler(req, res):\n    res.json(1)\n",
        }
        with site(files, Settings(threads=2), timeout_seconds=20) as client, ThreadPoolExecutor(2) as two:
            answers = list(two.map(client.get, [path] * 2))
            assert [answer.status_code for answer in answers] == [200, 200]
            assert client.get("/news").status_code == 200  # and nothing is held

    @pytest.mark.parametrize("is_async", [False, True], ids=["def", "async"])
    def test_a_route_that_makes_itself_anew(self, site: Open, caplog: pytest.LogCaptureFixture, is_async: bool) -> None:
        define, wait = ("async def", "await ") if is_async else ("def", "")
        module = f"{define} handler(req, res):\n    {wait}res.revalidate('/api/again')\n    res.json('done')\n"
        with site({**NEWS, "api/again.py": module}, Settings(threads=1), timeout_seconds=20) as client:
            assert client.get("/api/again").status_code == 500
        assert "Failed to revalidate /api/again: what answers it revalidates it again, 16 times over." in caplog.text

    @pytest.mark.parametrize("path", ["/docs/news", "/news", "/docs/paper/news", "/paper/news", "/docs/paper/post/new"])
    def test_the_paths_of_clients(self, site: Open, project: Path, path: str) -> None:
        (project / "slugline.config.py").write_text(
            "base_path = '/docs'\nrewrites = [{'source': '/paper/:path*', 'destination': '/:path*'}]\n"
        )
        with site({**NEWS, "about.html": "", "api/again.py": handler("res.revalidate(req.query['path'])")}) as client:
            shown = path if path.startswith("/docs") else f"/docs{path}"
            assert client.get(shown).text.endswith(" 1")
            assert client.get("/docs/api/again", params={"path": path}).json() == "done"
            again = client.get(shown)
            assert (again.text[-2:], state(again)) == (" 2", "HIT")
            for static in ("/about", "/docs/about", "/paper/about", "/docs"):
                told = "done" if static != "/docs" else ["ResponseError", "Failed to revalidate /docs: Invalid response 404"]
                assert client.get("/docs/api/again", params={"path": static}).json() == told

    @pytest.mark.parametrize("trailing_slash", [False, True])
    @pytest.mark.parametrize("path", ["/news", "/about", "/api/ok", "/"])
    def test_a_slash_at_the_end_is_of_no_importance(self, site: Open, project: Path, path: str, trailing_slash: bool) -> None:
        (project / "slugline.config.py").write_text(f"trailing_slash = {trailing_slash}\n")
        ok = "def handler(req, res):\n    res.json(1)\n"
        files = {**NEWS, "index.html": "", "about.html": "", "api/ok.py": ok, "api/again.py": handler("res.revalidate(req.query['path'])")}
        again = "/api/again/" if trailing_slash else "/api/again"
        with site(files) as client:
            for given in (path, f"{path.rstrip('/')}/"):
                assert client.get(again, params={"path": given}).json() == "done"

    def test_a_rewritten_path_that_fails(self, site: Open, project: Path) -> None:
        (project / "slugline.config.py").write_text("rewrites = [{'source': '/paper/:path*', 'destination': '/:path*'}]\n")
        with site({**NEWS, "api/again.py": handler("res.revalidate(req.query['path'])")}) as client:
            for path, outcome in (("/paper/post/none", None), ("/paper/post/fails", "500"), ("/paper/only/other", "404")):
                told = "done" if outcome is None else ["ResponseError", f"Failed to revalidate {path}: Invalid response {outcome}"]
                assert client.get("/api/again", params={"path": path}).json() == told

    def test_a_name_that_has_to_be_encoded(self, site: Open) -> None:
        module = f"{COUNT}def get_static_props(context):\n    return {{'props': {{'n': count()}}}}\n"
        files = {"ünï.html": "{{ n }}", "ünï.py": module, "api/again.py": handler("res.revalidate('/ünï')")}
        with site(files) as client:
            assert [client.get("/%C3%BCn%C3%AF").text for _ in range(2)] == ["1", "1"]
            assert client.get("/api/again").json() == "done"
            assert client.get("/%C3%BCn%C3%AF").text == "2"

    @pytest.mark.parametrize(
        ("path", "outcome"),
        [
            ("/post/new", "done"),
            ("/only/first", "done"),
            ("/post/none", "done"),
            ("/only/other", "404"),
            ("/nothing", "404"),
            ("/post/fails", "500"),
            ("news", "Invalid urlPath provided to revalidate(), must be a path e.g. /blog/post-1, received news"),
            ("/api/ok", "done"),
        ],
    )
    def test_what_becomes_of_a_path(self, site: Open, path: str, outcome: str) -> None:
        files = {**NEWS, "api/again.py": handler("res.revalidate(req.query['path'])"), "api/ok.py": "def handler(req, res): res.json(1)\n"}
        with site(files) as client:
            answer = client.get("/api/again", params={"path": path}).json()
        if outcome.isdigit():
            assert answer == ["ResponseError", f"Failed to revalidate {path}: Invalid response {outcome}"]
        else:
            assert answer in (outcome, ["ResponseError", outcome])

    def test_a_page_that_fails_is_kept_as_it_was(self, site: Open, caplog: pytest.LogCaptureFixture) -> None:
        module = (
            f"{COUNT}def get_static_props(context):\n    if count() > 1:\n        raise ValueError('gone')\n    return {{'props': {{}}}}\n"
        )
        with site({"a.html": "kept", "a.py": module, "api/again.py": handler("res.revalidate('/a')")}) as client:
            assert client.get("/a").text == "kept"
            assert client.get("/api/again").json() == ["ResponseError", "Failed to revalidate /a: Invalid response 500"]
            assert client.get("/a").text == "kept"
        assert "/a could not be made anew; what was kept of it stays." in caplog.text

    def test_only_generated(self, site: Open) -> None:
        with site({**NEWS, "api/again.py": handler("res.revalidate(req.query['path'], only_generated=True)")}) as client:
            assert client.get("/api/again?path=/post/new").json() == "done"
            assert client.get("/post/new").text == "new 1"
            assert client.get("/api/again?path=/post/new").json() == "done"
            assert client.get("/post/new").text == "new 2"

    def test_only_generated_has_nothing_to_do_where_nothing_is_kept(self, site: Open) -> None:
        again = handler("res.revalidate(req.query['path'], only_generated=True)")
        server = "def get_server_side_props(context):\n    raise ValueError('made for a request')\n"
        with site({**NEWS, "live.html": "", "live.py": server, "api/again.py": again}) as client:
            for path in ("/live", "/nowhere"):
                assert client.get("/api/again", params={"path": path}).json() == "done"

    def test_a_forgotten_await_is_told_of(self, site: Open, caplog: pytest.LogCaptureFixture) -> None:
        with site({**NEWS, "api/again.py": "async def handler(req, res):\n    res.revalidate('/news')\n    res.json('done')\n"}) as client:
            assert client.get("/api/again").status_code == 500
        assert "res.revalidate(…) was not awaited (" in caplog.text
        assert "pages/api/again.py, line 2), so it never ran. Write `await res.revalidate(…)`." in caplog.text

    def test_the_callers_cookies_stay_out(self, site: Open) -> None:
        module = f"{COUNT}def get_static_props(context):\n    return {{'props': {{'draft': context.draft_mode, 'n': count()}}}}\n"
        files = {
            "a.html": "{{ draft }} {{ n }}",
            "a.py": module,
            "api/draft.py": "def handler(req, res):\n    res.set_draft_mode()\n    res.end()\n",
            "api/again.py": handler("res.revalidate('/a')"),
        }
        with site(files) as client:
            client.get("/api/draft")
            assert client.get("/api/again").json() == "done"
            client.cookies.clear()
            assert client.get("/a").text == "False 1"

    def test_context_variables_of_a_request_stay_out(self, site: Open) -> None:
        guard = (
            "from contextvars import ContextVar\nimport sys\n"
            "sys.modules['lib_user'] = user = type(sys)('lib_user')\nuser.name = ContextVar('name', default='nobody')\n"
            "async def sign_in(req, res, next):\n    user.name.set('Ada')\n    await next()\nmiddleware = [sign_in]\n"
        )
        module = "import lib_user\ndef get_static_props(context):\n    return {'props': {'name': lib_user.name.get()}}\n"
        with site({"_middleware.py": guard, "a.html": "{{ name }}", "a.py": module}) as client:
            assert client.get("/a").text == "nobody"


ENDS = {
    "exit": "raise SystemExit",
    "exit with words": "raise SystemExit('no data')",
    "interrupt": "raise KeyboardInterrupt",
    "generator": "raise GeneratorExit",
    "own": "raise type('Own', (BaseException,), {})('x')",
}


def told(define: str, end: str) -> str:
    # A thread cannot hand GeneratorExit to a coroutine.
    return "raised GeneratorExit" if (define, end) == ("def", "generator") else "asked for the end of the program"


@pytest.mark.parametrize("define", ["def", "async def"])
@pytest.mark.parametrize("end", ENDS)
class TestWhatAsksForTheEnd:
    """In the task that makes a page it would end the loop, and so the worker."""

    def test_of_a_page_that_is_made_first(self, site: Open, caplog: pytest.LogCaptureFixture, define: str, end: str) -> None:
        paths = "def get_static_paths():\n    return {'paths': [], 'fallback': 'blocking'}\n"
        files = {
            "a/[b].html": "made",
            "a/[b].py": f"{paths}{define} get_static_props(context):\n    {ENDS[end]}\n",
            "p/[b].html": "made",
            "p/[b].py": f"{define} get_static_paths():\n    {ENDS[end]}\ndef get_static_props(context):\n    return {{'props': {{}}}}\n",
            "made.py": f"def get_server_side_props(context):\n    return {{'props': {{}}}}\n{define} page(props):\n    {ENDS[end]}\n",
            "api/hello.py": handler("None"),
            "api/again.py": handler("res.revalidate('/a/x')"),
        }
        with site(files) as client:
            for path in ("/a/x", "/p/x", "/made"):
                assert client.get(path).status_code == 500, path
            assert client.get("/api/again").json() != "done"
            assert client.get("/api/hello").status_code == 200
        assert caplog.text.count(told(define, end)) == 4  # a failure of `res.revalidate` is logged too

    def test_of_a_page_that_is_made_anew(self, site: Open, caplog: pytest.LogCaptureFixture, define: str, end: str) -> None:
        module = f"made = []\n{define} get_static_props(context):\n    made.append(1)\n    if len(made) > 1: {ENDS[end]}\n"
        module += "    return {'props': {}}\n"
        with site({"a.html": "first", "a.py": module, "api/again.py": handler("res.revalidate('/a')")}) as client:
            assert client.get("/a").text == "first"
            assert client.get("/api/again").json() != "done"
            assert client.get("/a").text == "first"
        assert told(define, end) in caplog.text


class TestTextThatIsNoText:
    def test_a_lone_surrogate(self, site: Open, caplog: pytest.LogCaptureFixture) -> None:
        paths = "def get_static_paths():\n    return {'paths': [], 'fallback': 'blocking'}\n"
        module = f"{paths}def get_static_props(context):\n    return {{'props': {{'v': 'a\\ud800b'}}}}\n"
        with site({"a/[b].html": "{{ v }}", "a/[b].py": module}) as client:
            assert client.get("/a/x").status_code == 500
        assert "The page holds a lone surrogate" in caplog.text


def test_the_end_of_a_bogus_draft_is_kept_by_nobody(site: Open) -> None:
    module = "def get_static_props(context):\n    return {'props': {}, 'revalidate': 60}\n"
    with site({"a.html": "a", "a.py": module}, cookies={"__prerender_bypass": "x"}) as client:
        response = client.get("/a")
        assert "__prerender_bypass=;" in response.headers["set-cookie"]
        assert policy(response) == NEVER
    with site({}) as client:
        assert policy(client.get("/a")) == "s-maxage=60, stale-while-revalidate=31535940"


class TestRender:
    SIGN: ClassVar = {"sign.html": "{{ form.error('name') if form else 'new' }}|{{ form.value('name') if form else '' }}|{{ note or '' }}"}
    ROUTE = (
        "from dataclasses import dataclass\nfrom slugline import read_form\n"
        "@dataclass\nclass Entry:\n    name: str\n"
        "{define} POST(req, res):\n"
        "    form = read_form(req, Entry)\n"
        "    if form.valid and form.data.name == 'root':\n        form.fail('name', 'is taken')\n"
        "    if not form.valid:\n        {wait}res.render('/sign', form=form, note='<again>')\n        return\n"
        "    res.redirect(303, '/')\n"
    )

    @pytest.mark.parametrize(("define", "wait"), [("def", ""), ("async def", "await ")], ids=["def", "async"])
    def test_a_form_is_shown_again(self, site: Open, define: str, wait: str) -> None:
        with site({**self.SIGN, "api/sign.py": self.ROUTE.format(define=define, wait=wait)}) as client:
            assert client.get("/sign").text == "new||"
            wrong = client.post("/api/sign", data={"name": "root"})
            assert (wrong.status_code, wrong.text, policy(wrong)) == (422, "is taken|root|&lt;again&gt;", NEVER)
            assert wrong.headers["content-type"] == "text/html; charset=utf-8"
            missing = client.post("/api/sign", data={"name": ""})
            assert missing.status_code == 422
            assert missing.text.endswith("||&lt;again&gt;")
            assert not missing.text.startswith("|")
            done = client.post("/api/sign", data={"name": "Ada"})
            assert (done.status_code, done.headers["location"]) == (303, "/")
            assert client.get("/sign").text == "new||"  # nothing of it is kept

    TOO_LARGE: ClassVar[dict[str, str]] = {
        "sign.html": "{{ form.error('') if form }}|{{ form.value('name') if form }}|{{ form.files if form }}",
        "api/sign.py": (
            "from slugline import UploadFile, read_form\nimport msgspec\n"
            "config = {'api': {'bodyParser': {'sizeLimit': '100kb', 'refuseTooLarge': False}}}\n"
            "class Entry(msgspec.Struct):\n    name: str\n    last: str\n    file: UploadFile | None = None\n"
            "def POST(req, res):\n    form = read_form(req, Entry)\n"
            "    if not form.valid:\n        res.render('/sign', form=form)\n        return\n"
            "    res.send(f'{form.data.name} {form.data.file.size} {form.data.last}')\n"
        ),
        "api/typed.py": (
            "from typing import Any\nfrom slugline import Request, UploadFile\nimport msgspec\n"
            "config = {'api': {'bodyParser': {'sizeLimit': '100kb', 'refuseTooLarge': False}}}\n"
            "class Entry(msgspec.Struct):\n    name: str\n    file: UploadFile | None = None\n"
            "def POST(req: Request[Entry], res: Any) -> None:\n    res.send('taken')\n"
        ),
    }

    @pytest.mark.parametrize("size", [102_401, 300_000, 3_000_000])
    @pytest.mark.parametrize("declared", [True, False])
    def test_a_form_that_is_too_large_is_shown_again(self, site: Open, size: int, declared: bool) -> None:
        def form_of(size: int) -> dict[str, Any]:
            parts = [("name", ()), ("file", (size,)), ("last", ())]
            pieces = [_part(name, b"x" * length[0] if length else b"<Ada>", is_file=bool(length)) for name, length in parts]
            body = b"".join(pieces) + b"--limit--\r\n"
            chunks = body if declared else iter([body[at : at + 50_000] for at in range(0, len(body), 50_000)])
            return {"content": chunks, "headers": {"Content-Type": "multipart/form-data; boundary=limit"}}

        with site(self.TOO_LARGE) as client:
            answer = client.post("/api/sign", **form_of(size))
            assert (answer.status_code, answer.text, policy(answer)) == (413, "is too large|&lt;Ada&gt;|{}", NEVER)
            assert client.post("/api/sign", **form_of(1000)).text == "<Ada> 1000 <Ada>"
            assert client.post("/api/typed", **form_of(size)).status_code == 413
            assert client.post("/api/sign", json={"name": "x" * size}).status_code == 413

    def test_a_form_that_is_too_large_and_of_another_site_is_refused(self, site: Open) -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=limit", "Sec-Fetch-Site": "cross-site"}
        with site(self.TOO_LARGE) as client:
            body = _part("name", b"Ada") + _part("file", b"x" * 200_000, is_file=True) + b"--limit--\r\n"
            assert client.post("/api/sign", content=body, headers=headers).status_code == 403

    def test_a_form_of_another_site_is_refused(self, site: Open) -> None:
        with site({**self.SIGN, "api/sign.py": self.ROUTE.format(define="def", wait="")}) as client:
            answer = client.post("/api/sign", data={"name": "Ada"}, headers={"Sec-Fetch-Site": "cross-site"})
            assert (answer.status_code, answer.json()) == (403, {"error": "This form was sent from another site."})

    def test_the_pages_own_data_is_there(self, site: Open) -> None:
        files = {
            "a/[id].html": "{{ own }} {{ more }} {{ params.id }} {{ path }}",
            "a/[id].py": "def get_server_side_props(context):\n    return {'props': {'own': context.params['id'], 'more': 'x'}}\n",
            "api/a.py": handler("res.status(201).render('/a/7', more='y')"),
        }
        with site(files) as client:
            answer = client.get("/api/a")
            assert (answer.status_code, answer.text) == (201, "7 y 7 /a/7")

    @pytest.mark.parametrize(
        ("path", "message"),
        [
            ("/nothing", "res.render() was given '/nothing', and there is no such page. Give a page's path, such as '/'."),
            ("/api/a", "res.render() was given '/api/a', and there is no such page. Give a page's path, such as '/'."),
            ("/gone", "/gone gave no page to render, but NotFound."),
        ],
    )
    def test_what_cannot_be_rendered(self, site: Open, path: str, message: str) -> None:
        gone = "def get_server_side_props(context):\n    return {'not_found': True}\n"
        files = {"gone.py": gone, "gone.html": "", "api/a.py": handler("res.render(req.query['path'])")}
        with site(files) as client:
            assert client.get("/api/a", params={"path": path}).json()[1] == message

    def test_every_thread_renders(self, site: Open) -> None:
        files = {**self.SIGN, "api/a.py": handler("res.render('/sign')")}
        with site(files, Settings(threads=1), timeout_seconds=10) as client:
            assert client.get("/api/a").text == "new||"


class TestDraftMode:
    FILES: ClassVar = {
        "static.html": "{{ 'draft' if draft_mode else 'public' }}",
        "kept.html": "{{ n }} {{ data }}",
        "kept.py": f"{COUNT}def get_static_props(context):\n    return {{'props': {{'n': count(), 'data': context['previewData']}}}}\n",
        "served.html": "{{ on }}",
        "served.py": "def get_server_side_props(context):\n    return {'props': {'on': context.preview}}\n",
        "api/on.py": "def handler(req, res):\n    res.set_preview_data({'id': 7})\n    res.end()\n",
        "api/off.py": "def handler(req, res):\n    res.clear_preview_data()\n    res.end()\n",
    }

    def test_a_visit(self, site: Open) -> None:
        with site(self.FILES) as client:
            assert client.get("/kept").text == "1 None"
            client.get("/api/on")
            draft = client.get("/kept")
            assert (draft.text, policy(draft), state(draft)) == ("2 {&#39;id&#39;: 7}", NEVER, None)
            assert client.get("/kept").text.startswith("3 ")
            assert client.get("/static").text == "draft"
            assert client.get("/served").text == "True"
            client.get("/api/off")
            assert client.get("/kept").text == "1 None"
            assert client.get("/static").text == "public"
            assert client.get("/served").text == "False"

    def test_a_wrong_cookie_shows_what_everybody_sees(self, site: Open) -> None:
        with site(self.FILES, cookies={"__prerender_bypass": "x"}) as client:
            answer = client.get("/kept")
            assert answer.text == "1 None"
            assert "__prerender_bypass=;" in answer.headers["set-cookie"]


class TestErrorPages:
    def test_without_pages_of_the_project(self, site: Open) -> None:
        with site({"a.html": "a", "b.html": "b", "b.py": "def get_server_side_props(context):\n    raise ValueError('tea')\n"}) as client:
            missing, failed = client.get("/nothing"), client.get("/b")
            assert missing.status_code == 404
            assert "This page could not be found." in missing.text
            assert failed.status_code == 500
            assert "Internal Server Error" in failed.text
            assert "tea" not in failed.text
            assert policy(missing) == policy(failed) == NEVER

    def test_static_ones(self, site: Open) -> None:
        files = {"_app.html": "[{{ content }}]", "404.html": "Nothing at all", "500.html": "Sorry", "a.html": "a"}
        fails = {"b.html": "b", "b.py": "def get_server_side_props(context):\n    raise ValueError\n"}
        with site({**files, **fails}) as client:
            missing, failed = client.get("/nothing"), client.get("/b")
            assert (missing.status_code, missing.text) == (404, "[Nothing at all]")
            assert (failed.status_code, failed.text) == (500, "[Sorry]")
            assert client.get("/404").status_code == client.get("/500").status_code == 404
            assert client.head("/nothing").content == b""

    def test_a_generated_one(self, site: Open) -> None:
        module = f"{COUNT}async def get_static_props(context):\n    return {{'props': {{'n': count()}}}}\n"
        with site({"404.html": "Nothing {{ n }}", "404.py": module, "a.html": "a"}) as client:
            assert [client.get("/x").text for _ in range(2)] == ["Nothing 1", "Nothing 1"]

    def test_one_in_python(self, site: Open) -> None:
        with site({"404.py": "def page(props):\n    return '<h1>No</h1>'\n", "a.html": "a"}) as client:
            assert client.get("/x").text == "<h1>No</h1>"

    @pytest.mark.parametrize("status", [404, 500])
    @pytest.mark.parametrize(
        ("module", "template", "message"),
        [
            ("", "{{ nothing }}", "/{0}: pages/{0}.html, line 1: 'nothing' is undefined. Give it in the page's props"),
            ("def get_static_props(context):\n    raise ValueError('x')\n", "", "/{0} could not be made: ValueError: x (pages/{0}.html)"),
            ("def get_static_props(context):\n    return {'not_found': True}\n", "", "/{0}: pages/{0}.py: get_static_props gave no props."),
        ],
    )
    def test_one_that_fails_stops_the_start(self, site: Open, status: int, module: str, template: str, message: str) -> None:
        files = {f"{status}.html": template, "a.html": "a", **({f"{status}.py": module} if module else {})}
        with pytest.raises(ProjectError) as raised, site(files):
            pass
        assert message.format(status) in raised.value.message

    def test_the_api_answers_as_it_did(self, site: Open) -> None:
        files = {"404.html": "page", "500.html": "page", "api/x.py": "def handler(req, res):\n    raise ValueError\n"}
        with site({**files, "a.html": "a"}) as client:
            assert client.get("/api/nothing").text == "Not Found"
            assert client.get("/api/x").text == "Internal Server Error"

    @pytest.mark.parametrize("destination", ["image", "script", "style", "font"])
    def test_no_page_for_the_parts_of_one(self, site: Open, destination: str) -> None:
        with site({"404.html": "page", "a.html": "a"}) as client:
            assert client.get("/x.png", headers={"Sec-Fetch-Dest": destination}).text == "Not Found"
            assert client.get("/x", headers={"Sec-Fetch-Dest": "document"}).text == "page"


FAILING = {
    "template": ("{{ 1 / zero }}", "def get_server_side_props(context):\n    return {'props': {'zero': 0}}\n"),
    "missing": ("{{ the_password_is_tea }}", "def get_server_side_props(context):\n    return {'props': {}}\n"),
    "server": ("", f"def get_server_side_props(context):\n    raise ValueError('{SECRET}')\n"),
    "async": ("", f"async def get_server_side_props(context):\n    raise ValueError('{SECRET}')\n"),
    "generated": ("", f"def get_static_props(context):\n    raise ValueError('{SECRET}')\n"),
    "result": ("", f"def get_static_props(context):\n    return {{'props': '{SECRET}'}}\n"),
    "key": ("", f"def get_server_side_props(context):\n    return {{'{SECRET}': 1}}\n"),
}


@pytest.mark.parametrize(("template", "module"), FAILING.values(), ids=FAILING)
def test_an_exception_is_for_the_log_alone(site: Open, caplog: pytest.LogCaptureFixture, template: str, module: str) -> None:
    with site({"a.html": template, "a.py": module}) as client:
        for _ in range(2):
            answer = client.get("/a")
            assert answer.status_code == 500
            assert policy(answer) == NEVER
            assert not re.search(r"tea|Error:|Traceback|\.py|\.html", answer.text)
    assert "GET /a failed (pages/a.html)." in caplog.text
    assert caplog.records[0].exc_info is not None


class TestConditional:
    FILES: ClassVar = {
        "static.html": "<p>" + "tea " * 1000,
        "kept.html": "<p>" + "tea " * 1000,
        "kept.py": "def get_static_props(context):\n    return {'props': {}, 'revalidate': 60}\n",
        "served.html": "<p>" + "tea " * 1000,
        "served.py": "def get_server_side_props(context):\n    return {'props': {}}\n",
    }

    @pytest.mark.parametrize("path", ["/static", "/kept", "/served"])
    def test_head_304_and_compression(self, site: Open, path: str) -> None:
        with site(self.FILES) as client:
            plain = client.get(path, headers={"Accept-Encoding": "identity"})
            head = client.head(path, headers={"Accept-Encoding": "identity"})
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["etag"] == plain.headers["etag"]
            assert head.headers["content-length"] == str(len(plain.content))
            again = client.get(path, headers={"If-None-Match": plain.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert policy(again) == policy(plain)
            bodies = set()
            for _ in range(3):  # the first compresses, the others find it kept
                zipped = client.get(path, headers={"Accept-Encoding": "gzip"})
                assert zipped.headers["content-encoding"] == "gzip"
                assert zipped.headers["etag"] != plain.headers["etag"]
                assert zipped.text == plain.text
                bodies.add(gzip.decompress(zipped.raw_content))
            assert bodies == {plain.content}
            assert client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": zipped.headers["etag"]}).status_code == 304

    def test_no_compression(self, site: Open) -> None:
        with site(self.FILES, Settings(compress=False)) as client:
            assert "content-encoding" not in client.get("/kept", headers={"Accept-Encoding": "gzip"}).headers

    def test_what_a_folder_adds_is_there_each_time(self, site: Open) -> None:
        number = f"{COUNT}def add(req, res, next):\n    res.set_cookie('n', str(count()))\n    next()\nmiddleware = [add]\n"
        with site({**self.FILES, "_middleware.py": number}) as client:
            assert [client.get("/kept").cookies["n"] for _ in range(3)] == ["1", "2", "3"]


class TestDevelopment:
    def test_each_request_makes_the_page(self, site: Open) -> None:
        with site(NEWS, Settings(development=True)) as client:
            answers = [client.get("/news") for _ in range(2)]
            assert [(answer.text, policy(answer), state(answer)) for answer in answers] == [
                ("news 1", "no-store", None),
                ("news 2", "no-store", None),
            ]
            assert client.get("/only/other").status_code == 404

    def test_a_fallback_is_not_shown(self, site: Open) -> None:
        with site(fallback(True), Settings(development=True)) as client:
            assert client.get("/post/x").text == "x 1"
            assert client.post("/_slugline/make/post/x").status_code == 204

    def test_a_template_is_read_again(self, project: Path, site: Open) -> None:
        with site({"a.html": "one"}, Settings(development=True)) as client:
            assert client.get("/a").text == "one"
            (project / "pages/a.html").write_text("two, and longer")
            assert client.get("/a").text == "two, and longer"


def test_what_a_build_has_made_is_served(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(project, NEWS)
    caplog.set_level(logging.WARNING)
    build(project)
    with own_modules(), TestClient(project) as client:
        for path, text in {"/news": "news 1", "/post/first": "first 1", "/only/first": "first 1"}.items():
            answer = client.get(path)
            assert (answer.text, state(answer)) == (text, "HIT")
    assert caplog.records == []
