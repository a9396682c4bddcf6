"""What root middleware returns: the values, and what is refused at the call."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from slugline.errors import InvalidHeader, InvalidRedirect, InvalidStatus, MiddlewareError, NotSerialisable
from slugline.middleware.outcome import (
    Answer,
    GoOn,
    Outcome,
    Redirect,
    RequestURL,
    Rewrite,
    combine,
    go_on,
    read_outcome,
    redirect,
    respond,
    rewrite,
)

ORIGIN = "http://127.0.0.1:3000"
URL = RequestURL(ORIGIN, "/api/x", "a=1&a=2&b=x%20y")
BASED = RequestURL(ORIGIN, "/api/x", "do=info", base_path="/docs")


def test_url() -> None:
    assert str(URL) == f"{ORIGIN}/api/x?a=1&a=2&b=x%20y"
    assert URL.search == "?a=1&a=2&b=x+y"
    assert URL.pairs == [("a", "1"), ("a", "2"), ("b", "x y")]
    assert URL.query == {"a": ["1", "2"], "b": "x y"}
    assert RequestURL(ORIGIN, "/").search == ""
    assert (BASED.full_path, BASED.href) == ("/docs/api/x", f"{ORIGIN}/docs/api/x?do=info")
    assert RequestURL(ORIGIN, "/", base_path="/docs").full_path == "/docs"
    assert RequestURL(ORIGIN, "/", base_path="/docs", trailing_slash=True).full_path == "/docs/"


REPLACED: list[tuple[RequestURL, dict[str, Any], str]] = [
    (URL, {"path": "/b"}, "/b?a=1&a=2&b=x%20y"),
    (URL, {"path": "/b", "query": {}}, "/b"),
    (URL, {"query": {**RequestURL(ORIGIN, "/", "a=1").query, "added": "1"}}, "/api/x?a=1&added=1"),
    (URL, {"query": {"a": ["1", "2"]}}, "/api/x?a=1&a=2"),
    (URL, {"query": "?z=1", "fragment": "top"}, "/api/x?z=1#top"),
    (BASED, {"path": "/api/hello", "query": {}}, "/docs/api/hello"),
    (RequestURL(ORIGIN, "/api/x/", trailing_slash=True), {"path": "/api/hello"}, "/api/hello/"),
    (URL, {"path": "/日 b", "query": {}}, "/%E6%97%A5%20b"),
]


@pytest.mark.parametrize(("url", "arguments", "expected"), REPLACED)
def test_replace(url: RequestURL, arguments: dict[str, Any], expected: str) -> None:
    assert str(url.replace(**arguments)) == ORIGIN + expected


@pytest.mark.parametrize("path", ["b", "//evil.example", "/\\evil.example", ""])
def test_replace_stays_on_the_site(path: str) -> None:
    with pytest.raises(InvalidRedirect):
        URL.replace(path=path)


def test_join_is_what_a_browser_makes_of_a_reference() -> None:
    assert BASED.join("/api/hello") == f"{ORIGIN}/api/hello"
    assert BASED.join("next?x=1") == f"{ORIGIN}/docs/api/next?x=1"
    assert BASED.join("https://example.com/") == "https://example.com/"


def test_go_on() -> None:
    plain = go_on()
    assert (plain.request_headers, plain.headers, plain.cookies, plain.ends) == (None, {}, [], False)
    changed = go_on(request_headers={"X-Client": "new", "Connection": "close", "content-length": "3"}, headers={"X-Res": "set", "x-n": 7})
    assert changed.request_headers == {"x-client": "new"}
    assert changed.headers == {"x-res": "set", "x-n": "7"}
    assert go_on(request_headers={}).request_headers == {}


def test_headers_and_cookies() -> None:
    outcome = go_on(headers={"x-multi": "a", "Set-Cookie": ["raw1=1", "raw2=2; Path=/"]})
    assert outcome.append_header("X-Multi", "b").set_header("x-one", "1") is outcome
    outcome.append_header("set-cookie", "raw3=3").append_header("x-new", "n").set_cookie("a", "two words").delete_cookie("old")
    assert outcome.headers == {"x-multi": "a, b", "x-one": "1", "x-new": "n"}
    assert outcome.cookies == [
        "raw1=1",
        "raw2=2; Path=/",
        "raw3=3",
        "a=two%20words; Path=/",
        "old=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ]
    assert repr(go_on(headers={"a": "b"})) == "GoOn(headers={'a': 'b'})"


BAD_HEADERS: list[Any] = [{"x": "a\r\nx-evil: 1"}, {"x y": "1"}, {"Transfer-Encoding": "chunked"}, {"x": None}, {"x": "日"}, ["x"]]


@pytest.mark.parametrize("headers", BAD_HEADERS)
@pytest.mark.parametrize("make", [go_on, lambda **headers: rewrite(URL, **headers), lambda **headers: redirect(URL, **headers), respond])
def test_headers_that_cannot_be_sent_are_refused(headers: Any, make: Any) -> None:
    with pytest.raises(InvalidHeader):
        make(headers=headers)


def test_request_headers_that_cannot_be_sent_are_refused() -> None:
    with pytest.raises(InvalidHeader):
        go_on(request_headers={"x": "a\nb"})
    with pytest.raises(InvalidHeader):
        rewrite(URL, request_headers={"x y": "1"})


def test_rewrite_and_redirect_take_whole_urls() -> None:
    assert rewrite(URL.join("/b?c=1")).url == f"{ORIGIN}/b?c=1"
    assert rewrite(URL).url == str(URL)
    assert rewrite("http://127.0.0.1:4399/ext?from=proxy").url == "http://127.0.0.1:4399/ext?from=proxy"
    assert redirect("https://example.com/login?next=/a").url == "https://example.com/login?next=/a"
    assert redirect("myapp://open").url == "myapp://open"
    assert redirect("https://example.com/é").url == "https://example.com/%C3%A9"
    assert (redirect(URL).status, redirect(URL, 301).status, redirect(URL, status=308).status) == (307, 301, 308)


@pytest.mark.parametrize(
    "url", ["/api/target", "target", "", "//evil.example/x", "http://", "http:/x", "https://a\r\nb/", 7, None, b"http://x/"]
)
@pytest.mark.parametrize("function", [rewrite, redirect])
def test_other_urls_are_refused(url: Any, function: Any) -> None:
    with pytest.raises(InvalidRedirect):
        function(url)


def test_a_relative_url_is_refused_with_a_cure() -> None:
    with pytest.raises(InvalidRedirect, match=r"redirect\('/login'\) has no host.*req\.next_url\.join\('/login'\)"):
        redirect("/login")
    with pytest.raises(InvalidRedirect, match="takes the URL first"):
        redirect(301, "/login")  # type: ignore[arg-type]
    for url in ("ftp://x/y", "http://me:secret@host/"):
        with pytest.raises(InvalidRedirect):
            rewrite(url)


@pytest.mark.parametrize("status", [200, 300, 304, 305, "301", True, None, 307.5])
def test_other_statuses_of_a_redirect_are_refused(status: Any) -> None:
    with pytest.raises(InvalidStatus):
        redirect(URL, status)


def test_a_location_on_the_own_origin_is_relative() -> None:
    assert redirect(URL.join("/t?r=1#frag")).location(ORIGIN) == "/t?r=1#frag"
    assert redirect(f"{ORIGIN}?a=1").location(ORIGIN) == "/?a=1"
    assert redirect(f"{ORIGIN}1/x").location(ORIGIN) == f"{ORIGIN}1/x"
    assert redirect(f"{ORIGIN}//evil.example").location(ORIGIN) == f"{ORIGIN}//evil.example"
    assert redirect("https://example.com/").location(ORIGIN) == "https://example.com/"


BODIES: list[tuple[Any, bytes, str | None]] = [
    (None, b"", None),
    ("héllo", "héllo".encode(), "text/plain;charset=UTF-8"),
    (b"\x00\xff", b"\x00\xff", None),
    ({"ok": 1}, b'{"ok":1}', "application/json"),
    ([1], b"[1]", "application/json"),
    (0, b"0", "application/json"),
]


@pytest.mark.parametrize(("body", "expected", "media_type"), BODIES)
def test_respond(body: Any, expected: bytes, media_type: str | None) -> None:
    answer = respond(body, 401, headers={"x-a": "1"})
    assert (answer.body, answer.status, answer.headers.get("content-type"), answer.ends) == (expected, 401, media_type, True)
    assert answer.headers["x-a"] == "1"
    assert respond(body, headers={"Content-Type": "text/x"}).headers["content-type"] == "text/x"


def test_respond_in_chunks() -> None:
    async def chunks() -> AsyncIterator[str]:
        yield "a"

    stream, iterator = chunks(), iter([b"a"])
    assert respond(stream).body is stream
    assert respond(iterator).body is iterator


def test_respond_refuses_what_http_does_not_allow() -> None:
    for status in (100, 199, 600, "200", True):
        with pytest.raises(InvalidStatus):
            respond("x", status)  # type: ignore[arg-type]
    for status in (204, 205, 304):
        assert respond(status=status).body == b""
        with pytest.raises(InvalidStatus, match="has no body"):
            respond("x", status)
    with pytest.raises(NotSerialisable):
        respond({"x": object()})


def test_read_outcome() -> None:
    assert isinstance(read_outcome(None), GoOn)
    answer = respond("x")
    assert read_outcome(answer) is answer
    for value in ({"a": 1}, False, 0, "x"):
        with pytest.raises(MiddlewareError, match=r"guard returned \w+\. Return go_on\(\)"):
            read_outcome(value, "guard")


COMBINED: list[tuple[Outcome, Outcome, type[Outcome]]] = [
    (go_on(), go_on(), GoOn),
    (rewrite(URL), go_on(), Rewrite),
    (go_on(), rewrite(URL), Rewrite),
    (rewrite("http://x/"), rewrite(URL), Rewrite),
    (rewrite(URL), redirect(URL), Redirect),
    (rewrite(URL), respond("no", 401), Answer),
]


@pytest.mark.parametrize(("earlier", "later", "kind"), COMBINED)
def test_combine(earlier: Outcome, later: Outcome, kind: type[Outcome]) -> None:
    earlier.headers, earlier.cookies = {"x-a": "1", "x-b": "1"}, ["a=1"]
    later.headers, later.cookies = {"x-b": "2"}, ["b=2"]
    both = combine(earlier, later)
    assert type(both) is kind
    assert (both.headers, both.cookies) == ({"x-a": "1", "x-b": "2"}, ["a=1", "b=2"])
    if isinstance(both, Rewrite):
        assert both.url == str(URL)


def test_combine_keeps_request_headers_until_they_are_replaced() -> None:
    first, second = go_on(request_headers={"x": "1"}), go_on(request_headers={"y": "2"})
    kept, replaced = combine(first, go_on()), combine(first, second)
    assert isinstance(kept, GoOn)
    assert isinstance(replaced, GoOn)
    assert (kept.request_headers, replaced.request_headers) == ({"x": "1"}, {"y": "2"})
    rewritten = combine(rewrite(URL, request_headers={"x": "1"}), go_on())
    assert isinstance(rewritten, Rewrite)
    assert rewritten.request_headers == {"x": "1"}


def test_after_collects_what_runs_later() -> None:
    first = go_on().after(print, "a")
    both = combine(first, respond("x").after(print, "b", "c"))
    assert both.background == [(print, ("a",)), (print, ("b", "c"))]
    with pytest.raises(TypeError, match="Give it a function"):
        go_on().after("print")  # type: ignore[arg-type]
