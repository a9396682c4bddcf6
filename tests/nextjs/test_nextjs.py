"""Python routes in a real Next.js, installed from npm: `next dev`, and `next build` with `next start`."""

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from behaviour.wire import Closed, make_request, wait_until
from nextjs.sites import PROJECT, Site, Sites, read_files
from node import find_node

pytestmark = pytest.mark.timeout(170)

JSON = [("Content-Type", "application/json")]
FIRST_LATE = "late"  # Python routes with this in their names come while `next dev` runs


@pytest.fixture(scope="module")
def sites() -> Iterator[Sites]:
    find_node()
    sites = Sites()
    yield sites
    sites.close()


@pytest.fixture(scope="module")
def both(sites: Sites) -> dict[str, Site]:
    """Both sites at once, so that the handlers of 35 s run beside everything else."""
    development = sites.develop(leave_out=FIRST_LATE)
    ask_slowly(development)
    production = sites.produce()
    ask_slowly(production)
    return {"development": development, "production": production}


@pytest.fixture(params=["development", "production"])
def site(request: pytest.FixtureRequest, both: dict[str, Site]) -> Site:
    return both[request.param]


def ask_slowly(site: Site) -> None:
    def ask() -> None:
        with site.wire.connect() as connection, contextlib.suppress(Closed, OSError):
            connection.socket.settimeout(60)
            site.slow.append(connection.ask("/api/slow"))

    site.slow_thread = threading.Thread(target=ask, daemon=True)
    site.slow_thread.start()


# (path, who answers, the route)
PATHS = [
    ("/api", "python", "index"),
    ("/api/hello", "python", "hello"),
    ("/api/js", "javascript", "js"),
    ("/api/a%20b", "python", "a b"),
    ("/api/post/7", "python", "post/[pid]"),
    ("/api/post/a%2Fb", "python", "post/[pid]"),
    ("/api/post/create", "javascript", "post/create"),
    ("/api/post/7/comments", "javascript", "post/[pid]/comments"),
    ("/api/post/create/comments", "javascript", "post/[pid]/comments"),
    ("/api/files/a", "python", "files/[...path]"),
    ("/api/files/a/b/c.txt", "python", "files/[...path]"),
    ("/api/opt", "python", "opt/[[...rest]]"),
    ("/api/opt/a/b", "python", "opt/[[...rest]]"),
    ("/api/opt/known", "javascript", "opt/known"),
    ("/api/users/me", "javascript", "users/me"),
    ("/api/users/7", "javascript", "users/[id]/index"),
    ("/api/users/7/posts", "python", "users/[id]/posts"),
    ("/api/users/me/posts", "python", "users/[id]/posts"),
    ("/api/wide/a/b/c", "javascript", "wide/[...all]"),
    ("/api/wide/deep", "python", "wide/deep"),
    ("/api/wide/deep/er", "javascript", "wide/[...all]"),
    ("/api/wide/DEEP", "javascript", "wide/[...all]"),
    ("/api/mix/fixed/static", "python", "mix/fixed/[b]"),
    ("/api/mix/fixed/static/x", "javascript", "mix/fixed/[...rest]"),
    ("/api/mix/other/static", "javascript", "mix/[a]/static"),
    ("/api/mix/other/b", "javascript", "mix/[a]/[b]"),
    ("/api/mix/other/deep", "python", "mix/[a]/deep"),
    ("/api/mix/other", "python", "mix/[...all]"),
    ("/api/mix/other/b/c", "python", "mix/[...all]"),
    ("/api/bt/fixed/only", "python", "bt/fixed/only"),
    ("/api/bt/fixed/other", "javascript", "bt/[x]/other"),
    ("/api/bt/y/other", "javascript", "bt/[x]/other"),
    # made by the user's own rewrites and proxy
    ("/alias/hello", "python", "hello"),
    ("/alias/post/7", "python", "post/[pid]"),
    ("/alias/js", "javascript", "js"),
    ("/renamed", "python", "hello"),
    ("/api/post/moved", "javascript", "js"),
]


@pytest.mark.parametrize(("path", "by", "route"), PATHS)
def test_precedence(site: Site, path: str, by: str, route: str) -> None:
    found = site.ask_json(path)
    assert (found["by"], found["route"]) == (by, route)
    assert "x-slugline-owner" not in found.get("seen", [])


@pytest.mark.parametrize("path", ["/api/nothing", "/api/post", "/api/HELLO", "/api/post/7/likes", "/api/users"])
def test_next_answers_404_where_there_is_no_route(site: Site, path: str) -> None:
    answer = site.ask(path)
    assert answer.status == 404
    assert b"This page could not be found" in answer.body


def test_python_answers_its_own_404(site: Site) -> None:
    answer = site.ask("/api/gone")
    assert (answer.status, json.loads(answer.body)) == (404, {"by": "python", "found": False})


def test_pages_and_public_files_are_as_before(site: Site) -> None:
    assert b"a page" in site.ask("/").body
    assert site.ask("/api/post/notes.txt").body == b"a public file\n"


def test_what_next_does_before_routing_applies_to_python(site: Site) -> None:
    answer = site.ask("/api/hello")
    assert (answer.header("x-proxy"), answer.header("x-proxy-saw-owner")) == (None, None)  # NEXTJS: lost for external rewrites
    assert site.ask("/api/guarded").status == 401
    redirect = site.ask("/api/old")
    assert (redirect.status, redirect.header("location")) == (307, "/api/hello")
    assert site.ask("/api/hello/").header("location") == "/api/hello"
    assert site.ask("/api//hello").header("location") == "/api/hello"


QUERIES: list[tuple[str, dict[str, Any]]] = [
    ("?a=1&a=2&b=", {"a": ["1", "2"], "b": ""}),
    ("?x=%2F%26%3D&y=a+b&z=%C3%BC", {"x": "/&=", "y": "a b", "z": "ü"}),
    # Next.js puts these into the address of the destination.
    *[(f"?{key}=1", {key: "1"}) for key in ("3", "1", "path", "p", "0", "3901")],
]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_queries(site: Site, query: str, expected: dict[str, Any]) -> None:
    assert site.ask_json(f"/api/hello{query}")["query"] == expected
    assert site.ask_json(f"/api/post/7{query}")["query"] == {**expected, "pid": "7"}


def test_every_first_digit_of_a_port_is_a_query_key(site: Site) -> None:
    port = str(site.python_port)
    for length in range(1, len(port) + 1):
        assert site.ask_json(f"/api/hello?{port[:length]}=x")["query"] == {port[:length]: "x"}


@pytest.mark.parametrize("text", ["a%2Fb", "%25", "%C3%BC", "a:b", "*", "(x)", "a;b,c", ":path", "%3Fx", "%23x", "a'b", "$1", "a+b", "..."])
def test_a_segment_arrives_as_it_was_sent(site: Site, text: str) -> None:
    assert site.ask_json(f"/api/post/{text}")["url"] == f"/api/post/{text}"
    assert site.ask_json(f"/api/files/x/{text}/y")["url"] == f"/api/files/x/{text}/y"


@pytest.mark.parametrize("text", ["%", "%E4"])
def test_a_broken_segment_is_refused(site: Site, text: str) -> None:
    assert site.ask(f"/api/post/{text}").status == 400


def test_bodies_and_cookies(site: Site) -> None:
    answer = site.ask("/api/echo?q=1", "POST", [*JSON, ("Cookie", "a=1; b=2")], b'{"text": "h\xc3\xa9llo"}')
    found = json.loads(answer.body)
    assert (found["method"], found["body"], found["query"], found["cookies"]) == (
        "POST",
        {"text": "héllo"},
        {"q": "1"},
        {"a": "1", "b": "2"},
    )
    cookies = [value for name, value in answer.fields if name == "set-cookie"]
    assert cookies == ["session=from%20python; Path=/; HttpOnly", "second=2; Path=/"]
    form = site.ask("/api/echo", "PUT", [("Content-Type", "application/x-www-form-urlencoded")], b"a=1&a=2")
    assert json.loads(form.body)["body"] == {"a": ["1", "2"]}


def test_python_learns_who_asks(site: Site) -> None:
    sent = [("X-Forwarded-For", "192.0.2.7"), ("X-Slugline-Owner", "f0e1d2c3-none"), ("Host", "shop.example")]
    headers = json.loads(site.ask("/api/echo", "GET", sent[:2]).body)["headers"]
    assert headers["x-forwarded-for"] == "192.0.2.7, 127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-host"] == "localhost"
    assert headers["x-slugline-owner"] is None
    assert json.loads(site.ask("/api/echo").body)["headers"]["x-forwarded-for"] == "127.0.0.1"


def test_a_client_cannot_say_who_answers(site: Site) -> None:
    for value in ("none", "static", "dynamic"):
        fields = [("X-Slugline-Owner", f"f0e1d2c3-{value}")]
        assert json.loads(site.ask("/api/wide/deep", "GET", fields).body)["by"] == "python"
        assert json.loads(site.ask("/api/js", "GET", fields).body)["by"] == "javascript"


# The first goes past the site's proxy.js, the second through it, which Next.js holds a body for.
@pytest.mark.parametrize("path", ["/api/upload", "/alias/upload"])
def test_an_upload_of_30_mb(site: Site, path: str) -> None:
    body = bytes(range(256)) * (30 * 1024 * 4)
    found = json.loads(site.ask(path, "POST", [("Content-Type", "application/octet-stream")], body).body)
    assert found == {"size": 30 * 1024 * 1024, "digest": hashlib.sha256(body).hexdigest()}


def test_a_body_over_its_limit(site: Site) -> None:
    for path in ("/api/echo", "/api/post/7"):
        answer = site.ask(path, "POST", [("Content-Type", "text/plain")], b"x" * (2 * 1024 * 1024))
        assert (answer.status, answer.body) == (413, b"Body exceeded 1mb limit")


def test_a_body_in_pieces(site: Site) -> None:
    with site.wire.connect() as connection:
        connection.send(b"POST /api/upload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        connection.send(b"3\r\nabc\r\n0\r\n\r\n")
        assert json.loads(connection.read_answer().body)["size"] == 8


def test_a_client_that_leaves_does_no_harm(site: Site) -> None:
    with site.wire.connect() as connection:
        connection.send(b"POST /api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nabc")
        connection.reset()
    assert site.ask("/api/hello").status == 200


@pytest.mark.parametrize("target", ["/api/events?gate=1", "/api/events?gate=2&cache=own", "/api/mounted_events?gate=1"])
def test_events_arrive_one_by_one(site: Site, target: str) -> None:
    with site.wire.connect() as connection:
        connection.send(make_request(target, "GET", [("Accept-Encoding", "gzip, deflate, br")]))
        assert connection.read_head().header("content-type") == "text/event-stream; charset=utf-8"
        assert b"first" in connection.read_until(b"\n\n")
        # The second is not sent before this is answered.
        assert site.ask(target, "POST").status == 200
        assert b"second" in connection.read_until(b"\n\n")


def test_a_websocket(site: Site) -> None:
    with connect(f"ws://127.0.0.1:{site.wire.port}/api/socket", proxy=None) as socket:
        for text in ("one", "zwei", "三" * 5000):
            socket.send(text)
            assert socket.recv(10) == f"python: {text}"


@pytest.mark.parametrize(("host", "same"), [("127.0.0.1", "True"), ("evil.example", "False")])
def test_a_websocket_knows_which_page_connects(site: Site, host: str, same: str) -> None:
    origin = Origin(f"http://{host}:{site.wire.port}")
    with connect(f"ws://127.0.0.1:{site.wire.port}/api/socket", origin=origin, proxy=None) as socket:
        assert socket.recv(10) == same


def test_routes_come_and_go_without_a_restart(both: dict[str, Site]) -> None:
    site = both["development"]
    pid, pages = site.process.pid, site.directory / "pages" / "api"
    # A catch-all of JavaScript has this path until Python does.
    assert site.ask_json("/api/wide/late")["by"] == "javascript"
    assert site.ask("/api/late/7").status == 404
    site.write_table()
    assert site.ask_json("/api/wide/late")["by"] == "python"
    assert site.ask_json("/api/late/7")["query"] == {"id": "7"}

    # A more specific route of JavaScript comes, and goes.
    script = pages / "late" / "special.js"
    script.write_text((pages / "js.js").read_text().replace("'js'", "'late/special'"))
    site.write_table()
    wait_until(lambda: find_language(site, "/api/late/special") == "javascript", "Next.js has seen the new file")
    assert site.ask_json("/api/late/other")["by"] == "python"
    script.unlink()
    site.write_table()
    wait_until(lambda: find_language(site, "/api/late/special") == "python", "Python has the path")

    # A Python route goes, and Next.js has the path again.
    site.write_table(leave_out=FIRST_LATE)
    assert site.ask_json("/api/wide/late")["by"] == "javascript"
    assert site.ask("/api/late/7").status == 404
    site.write_table()
    assert site.process.pid == pid


def find_language(site: Site, path: str) -> str | None:
    answer = site.ask(path)
    # Until Next.js has seen a file come or go, it may answer with a 404 of its own.
    return json.loads(answer.body)["by"] if answer.status == 200 else None


VARIANT = {"basePath": "/docs", "trailingSlash": True, "i18n": {"locales": ["en", "de"], "defaultLocale": "en"}}


@pytest.fixture(scope="module", params=["development", "production"])
def variant(request: pytest.FixtureRequest, sites: Sites) -> Site:
    return (sites.develop if request.param == "development" else sites.produce)(config=VARIANT, prefix="/docs")


def test_base_path_locales_and_trailing_slashes(variant: Site) -> None:
    assert variant.ask("/api/hello").header("location") == "/docs/api/hello/"
    for path, by, route in [
        ("/api/", "python", "index"),
        ("/api/hello/", "python", "hello"),
        ("/api/post/7/", "python", "post/[pid]"),
        ("/api/post/create/", "javascript", "post/create"),
        ("/api/files/a/b/", "python", "files/[...path]"),
        ("/api/wide/deep/", "python", "wide/deep"),
        ("/api/wide/DEEP/", "javascript", "wide/[...all]"),
        ("/api/wide/other/", "javascript", "wide/[...all]"),
        ("/api/users/7/posts/", "python", "users/[id]/posts"),
        ("/alias/hello/", "python", "hello"),
        ("/alias/post/7/", "python", "post/[pid]"),
    ]:
        found = variant.ask_json(path)
        assert (found["by"], found["route"]) == (by, route)
    assert variant.ask_json("/api/hello/?a=1")["query"] == {"a": "1"}
    assert variant.ask_json("/api/hello/")["url"] == "/api/hello"
    for locale in ("en", "de"):
        assert variant.ask(f"/{locale}/api/hello/").status == variant.ask(f"/{locale}/api/js/").status == 404
    assert variant.wire.ask("/api/hello/").status == 404


def test_live_routes_below_a_base_path(sites: Sites) -> None:
    site = sites.develop(leave_out=FIRST_LATE, config=VARIANT, prefix="/docs")
    assert site.ask_json("/api/wide/late/")["by"] == "javascript"
    site.write_table()
    assert site.ask_json("/api/wide/late/")["by"] == "python"
    assert site.ask_json("/api/late/7/")["query"] == {"id": "7"}


def test_a_new_configuration_restarts_next_with_the_routes_of_that_time(sites: Sites) -> None:
    site = sites.develop(leave_out=FIRST_LATE)
    assert site.ask("/api/late/7").status == 404
    site.write_table()
    config = site.directory / "next.config.mjs"
    config.write_text(config.read_text().replace("'/alias/:path*'", "'/other/:path*'"))
    # By way of a rewrite, so by the rules that Next.js read when it started again.
    wait_until(lambda: find_status(site, "/other/late/7") == 200, "Next.js has started again")
    assert site.ask_json("/other/late/7")["by"] == "python"


def find_status(site: Site, path: str) -> int | None:
    try:
        return site.ask(path).status
    except (Closed, OSError):
        return None


def test_next_ends_with_the_process_that_started_it(sites: Sites) -> None:
    site = sites.develop(orphan=True)
    assert site.ask_json("/api/js")["by"] == "javascript"
    assert sites.starter is not None
    sites.starter.kill()
    sites.starter.wait()
    wait_until(lambda: find_status(site, "/api/js") is None, "Next.js has ended")


def test_an_answer_when_python_is_gone(sites: Sites) -> None:
    site = sites.develop()
    assert site.ask_json("/api/hello")["by"] == "python"
    site.python.stop()
    answer = site.ask("/api/hello")
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    wait_until(lambda: any("Failed to proxy http://127.0.0.1:" in line for line in site.process.last_lines), "Next.js tells why")


def test_three_hundred_event_streams_leave_room_for_more(site: Site) -> None:
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(site.wire.connect()) for _ in range(300)]
        for stream in streams:
            stream.send(b"GET /api/events?gate=many HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for stream in streams:
            stream.read_until(b"first\n\n")
        assert site.ask_json("/api/hello")["by"] == "python"
        site.ask_json("/api/events?gate=many", "POST")
        for stream in streams:
            stream.read_until(b"second\n\n")


def test_browsers_are_told_no_secret(both: dict[str, Site]) -> None:
    public = both["production"].directory / ".next" / "static"
    texts = [path.read_text(errors="replace") for path in public.rglob("*") if path.is_file()]
    assert any("__rewrites" in text for text in texts)
    assert not any("f0e1d2c3" in text or "x-slugline" in text for text in texts)


def test_a_handler_of_35_seconds(site: Site) -> None:
    assert site.slow_thread is not None
    site.slow_thread.join(60)
    [answer] = site.slow
    assert (answer.status, json.loads(answer.body)) == (200, {"by": "python", "slept": 35})


def test_no_file_of_the_project_was_touched(site: Site) -> None:
    ours = dict(read_files(PROJECT))
    theirs = dict(read_files(site.directory))
    assert theirs == ours
