"""Redirects, rewrites and headers: what comes of a request. The rules are those of FIXTURES.md section 2.2, abridged."""

import random
from typing import Any

import pytest

from routing.rule_fakes import view
from slugline.errors import BadRequest
from slugline.routing.conditions import Condition, compile_condition
from slugline.routing.rule_index import RuleIndex
from slugline.routing.rules import (
    HeaderRule,
    RedirectRule,
    RewriteRule,
    RuleBook,
    collect_headers,
    find_redirect,
    find_rewrite,
    index_rules,
)
from slugline.routing.source_pattern import compile_destination, compile_source, compile_text


def conditions(*items: tuple[Any, ...]) -> tuple[Condition, ...]:
    return tuple(compile_condition(*item) for item in items)


def names(source: str, has: tuple[Condition, ...]) -> tuple[str, ...]:
    return (*compile_source(source).names, *(name for each in has for name in each.names))


def redirect(
    source: str, destination: str, status: int = 307, has: tuple[Condition, ...] = (), missing: tuple[Condition, ...] = ()
) -> RedirectRule:
    return RedirectRule(compile_source(source), compile_destination(destination, names(source, has)), status, has, missing)


def rewrite(source: str, destination: str, has: tuple[Condition, ...] = (), missing: tuple[Condition, ...] = ()) -> RewriteRule:
    return RewriteRule(compile_source(source), compile_destination(destination, names(source, has)), has, missing)


def header(source: str, headers: dict[str, str] | list[tuple[str, str]], has: tuple[Condition, ...] = ()) -> HeaderRule:
    known = names(source, has)
    pairs = headers.items() if isinstance(headers, dict) else headers
    return HeaderRule(compile_source(source), tuple((compile_text(key, known), compile_text(value, known)) for key, value in pairs), has)


REDIRECTS = index_rules(
    [
        redirect("/r/basic", "/t"),
        redirect("/r/301", "/t", 301),
        redirect("/r/p/:id", "/t/:id"),
        redirect("/r/c/:path*", "/t/:path*"),
        redirect("/r/plus/:path+", "/t/:path+"),
        redirect("/r/opt/:id?", "/t/o/:id?"),
        redirect("/r/re/:id(\\d{1,})", "/t/num-:id"),
        redirect("/r/rename/:a/:b", "/t/:b/:a"),
        redirect("/r/q/:id", "/t?id=:id&fixed=1"),
        redirect("/r/hash/:id", "/t#:id"),
        redirect("/r/ext", "https://example.com"),
        redirect("/r/extq", "https://auth.example/?returnUrl=https://www.example.com/login"),
        redirect("/r/exthost/:sub", "https://:sub.example.com/home"),
        redirect("/r/exthost/:rest*", "/t/no-host"),
        redirect("/r/un/(.*)", "/t/unnamed"),
        redirect("/r/alt/(en|fr)/x", "/t/alt"),
        redirect("/r/mid-:slug-end", "/t/:slug"),
        redirect("/r/first", "/t/first"),
        redirect("/r/first", "/t/second"),
        redirect("/r/has-header", "/t?v=:val", has=conditions(("header", "x-need", "(?<val>.*)"))),
        redirect("/r/has-query", "/t/home", has=conditions(("query", "page", "home"))),
        redirect("/r/has-cap", "/t/:user", has=conditions(("query", "u", "(?<user>.*)"))),
        redirect("/r/has-multi", "/t?v=:hv", has=conditions(("query", "h", "(?<hv>.*)"))),
        redirect("/r/has-host", "https://main.example/:sub", has=conditions(("host", None, "(?<sub>.*)\\.shop\\.example"))),
        redirect("/r/missing", "/t/login", missing=conditions(("cookie", "session"))),
        redirect("/:path*/anysuffix", "/t/suffix/:path*"),
        redirect("/r/ünï", "/t/日本"),
    ]
)

# The request, the Location; None for no redirect. Ids of the corpus area config-redirects in the comments where they help.
LOCATIONS: list[tuple[Any, str | None]] = [
    (view("/r/basic"), "/t"),
    (view("/r/basic?"), "/t"),
    (view("/R/Basic"), None),
    (view("/r/301?a=1"), "/t?a=1"),
    (view("/r/p/42"), "/t/42"),
    (view("/r/p/42?a=1&b=2"), "/t/42?a=1&b=2"),
    (view("/r/p/a%20b"), "/t/a%20b"),
    (view("/r/p/a%2Fb"), "/t/a%2Fb"),
    (view("/r/p/%2F%2Fevil.example"), "/t/%2F%2Fevil.example"),
    (view("/r/p/%5C%5Cevil.example"), "/t/%5C%5Cevil.example"),
    (view("/r/p/%E0%A4%A"), "/t/%E0%A4%A"),
    (view("/r/c/a/b"), "/t/a/b"),
    (view("/r/c"), "/t"),
    (view("/r/c/a%20b/c%2Fd"), "/t/a%20b/c%2Fd"),
    (view("/r/plus/a/b"), "/t/a/b"),
    (view("/r/plus"), None),
    (view("/r/opt/x"), "/t/o/x"),
    (view("/r/opt"), "/t/o"),
    (view("/r/re/123"), "/t/num-123"),
    (view("/r/re/abc"), None),
    (view("/r/rename/1/2"), "/t/2/1"),
    (view("/r/q/7"), "/t?id=7&fixed=1"),
    (view("/r/q/7?id=url&x=2"), "/t?id=7&x=2&fixed=1"),
    (view("/r/hash/top"), "/t#top"),
    (view("/r/hash/top?a=1"), "/t?a=1#top"),
    (view("/r/ext"), "https://example.com/"),
    (view("/r/ext?a=1"), "https://example.com/?a=1"),
    (view("/r/extq?x=1"), "https://auth.example/?x=1&returnUrl=https://www.example.com/login"),
    (view("/r/exthost/toys"), "https://toys.example.com/home"),
    (view("/r/exthost/evil.example%2F"), "/t/no-host"),  # external-host-evil: goes on with the next rule
    (view("/r/un/a/b"), "/t/unnamed"),
    (view("/r/alt/fr/x"), "/t/alt"),
    (view("/r/alt/de/x"), None),
    (view("/r/mid-hello-end"), "/t/hello"),
    (view("/r/first"), "/t/first"),
    (view("/r/has-header"), None),
    (view("/r/has-header", x_need="a b&c"), "/t?v=a%20b%26c"),
    (view("/r/has-query?page=home"), "/t/home?page=home"),
    (view("/r/has-cap?u=a%2Fb%3Fc"), "/t/a%2Fb%3Fc?u=a%2Fb%3Fc"),
    (view("/r/has-multi?h=one&h=two"), "/t?h=one&h=two&v=two"),
    (view("/r/has-host", host="toys.shop.example"), "https://main.example/toys"),
    (view("/r/has-host"), None),
    (view("/r/missing"), "/t/login"),
    (view("/r/missing", cookie="session=1"), None),
    (view("/anysuffix"), "/t/suffix"),
    (view("/a/b/anysuffix"), "/t/suffix/a/b"),
    (view("/_next/foo/anysuffix"), None),
    (view("/_nextfoo/anysuffix"), "/t/suffix/_nextfoo"),
    (view("/r/basic?%E3%83%86=%E3%81%82&x=a%20b+c"), "/t?%E3%83%86=%E3%81%82&x=a%20b%20c"),
    (view("/r/%C3%BCn%C3%AF"), "/t/%E6%97%A5%E6%9C%AC"),
]


@pytest.mark.parametrize(("request_", "location"), LOCATIONS)
def test_find_redirect(request_: Any, location: str | None) -> None:
    found = find_redirect(REDIRECTS, request_)
    assert (found and found.location) == location


def test_a_redirect_has_the_status_of_its_rule() -> None:
    found = find_redirect(REDIRECTS, view("/r/301"))
    assert found is not None
    assert found.status == 301


def test_next_internals_lie_below_the_base_path() -> None:
    rules = index_rules([redirect("/docs/:path*/x", "/docs/y")])
    assert find_redirect(rules, view("/docs/_next/x"), "/docs") is None
    assert find_redirect(rules, view("/docs/a/x"), "/docs") is not None


REWRITES = index_rules(
    [
        rewrite("/api/overridden", "/t?via=before"),
        rewrite("/api/existing", "/t?via=has", has=conditions(("query", "override"))),
        rewrite("/bf/:path*", "/t/:path*"),
        rewrite("/bf1", "/bf2?x=1"),
        rewrite("/bf2", "/t?chain=bf"),
        rewrite("/ext/:path*", "http://127.0.0.1:4399/up/:path*"),
        rewrite("/extq/:id", "http://127.0.0.1:4399/up?id=:id"),
        rewrite("/af/:id", "/t"),
        rewrite("/partial/:a/:b", "/t/:a"),
        rewrite("/query/:first/:second", "/t?first=:first&sec=:second"),
        rewrite("/destq/:id", "/t?id=dest&keep=1"),
        rewrite("/catch/:path*", "/t"),
        rewrite("/catchq/:path*", "/t?joined=:path*"),
        rewrite("/un/(.*)", "/t"),
        rewrite("/un-named/:all(.*)", "/t"),
        rewrite("/to/:all(.*)", "/t/:all"),
        rewrite("/has", "/t?v=:val", has=conditions(("header", "x-need", "(?<val>.*)"))),
        rewrite("/missing", "/t?m=1", missing=conditions(("header", "x-skip"))),
    ]
)

# The request, the new path and query; None for no rewrite.
REWRITTEN: list[tuple[Any, str | None]] = [
    (view("/api/overridden"), "/t?via=before"),
    (view("/api/existing?override=1"), "/t?override=1&via=has"),
    (view("/api/existing"), None),
    (view("/bf/a/b?q=1"), "/t/a/b?q=1"),
    (view("/bf/a?q=x+y&&z"), "/t/a?q=x+y&&z"),
    (view("/bf"), "/t"),
    (view("/ext/a/b?c=1"), "http://127.0.0.1:4399/up/a/b?c=1"),
    (view("/ext/a%20b"), "http://127.0.0.1:4399/up/a%20b"),
    (view("/extq/7?x=1"), "http://127.0.0.1:4399/up?x=1&id=7"),
    (view("/af/7"), "/t?id=7"),
    (view("/af/7?id=url"), "/t?id=7"),
    (view("/AF/7"), None),
    (view("/partial/1/2"), "/t/1"),
    (view("/query/1/2?x=3"), "/t?x=3&first=1&sec=2&second=2"),
    (view("/destq/7"), "/t?id=dest&keep=1"),
    (view("/catch/a/b/c"), "/t?path=a&path=b&path=c"),
    (view("/catch"), "/t"),
    (view("/catch/a%20b/c%3Fd"), "/t?path=a%20b&path=c%3Fd"),
    (view("/catchq/a/b"), "/t?joined=a%2Fb&path=a&path=b"),
    (view("/un/a/b"), "/t"),
    (view("/un-named/a/b"), "/t?all=a%2Fb"),
    (view("/to/a//b"), "/t/a/b"),
    (view("/has", x_need="hv"), "/t?v=hv&val=hv"),
    (view("/has"), None),
    (view("/missing"), "/t?m=1"),
    (view("/missing", x_skip="1"), None),
]


@pytest.mark.parametrize(("request_", "expected"), REWRITTEN)
def test_find_rewrite(request_: Any, expected: str | None) -> None:
    found = find_rewrite(REWRITES, request_)
    if found is None:
        assert expected is None
    else:
        assert (found.url or f"{found.path}{f'?{found.query_string}' if found.query_string else ''}") == expected
        assert (found.request.path, found.request.query_string) == (found.path, found.query_string)


def test_each_rewrite_sees_the_result_of_the_one_before() -> None:
    first = find_rewrite(REWRITES, view("/bf1", x_need="1"))
    assert first is not None
    second = find_rewrite(REWRITES, first.request, first.position + 1)
    assert second is not None
    assert (second.path, second.query_string) == ("/t", "x=1&chain=bf")
    assert second.request.header("x-need") == "1"
    assert second.request.query == {"x": "1", "chain": "bf"}
    assert find_rewrite(REWRITES, second.request, second.position + 1) is None
    assert find_rewrite(REWRITES, view("/bf1"), first.position + 1) is None


def test_a_repeated_parameter_is_a_list_even_of_one() -> None:
    found = find_rewrite(REWRITES, view("/catch/a?path=b&q=1"))
    assert found is not None
    assert (found.query_string, found.request.query) == ("path=a&q=1", {"path": ["a"], "q": "1"})
    rules = index_rules([rewrite("/t", "/u?path=text"), rewrite("/u", "/v")])
    again = find_rewrite(rules, found.request)
    assert again is not None
    assert again.request.query == {"path": "text", "q": "1"}
    more = find_rewrite(index_rules([rewrite("/t", "/u?z=1")]), found.request)
    assert more is not None
    assert more.request.query == {"path": ["a"], "q": "1", "z": "1"}


@pytest.mark.parametrize("path", ["/af/%E0%A4%A", "/to/../secret", "/ext/.."])
def test_a_malformed_or_climbing_value_is_a_bad_request(path: str) -> None:
    with pytest.raises(BadRequest):
        find_rewrite(REWRITES, view(path))


HEADERS = index_rules(
    [
        header("/api/:path*", {"x-api": "all", "x-dup": "first"}),
        header("/api/h/:slug", {"x-slug": ":slug", "x-port": "https://e.com:8080?q=:slug", "x-lit": "v* (x) :other?", "X-Dup": "second"}),
        header("/api/h/deep/:path*", {"x-deep": ":path*"}),
        header("/api/h/num/:id(\\d+)", {"x-num": ":id"}),
        header("/api/h/key/:name", {"x-:name": "dynamic-key"}),
        header("/api/h/has-query", {"x-q": ":q"}, has=conditions(("query", "q"))),
        header("/api/h/cookies", [("Set-Cookie", "c1=1"), ("Set-Cookie", "c2=2")]),
        header("/api/:rest*", [("set-cookie", "c3=3")], has=conditions(("query", "more"))),
        header("/raw", {"x-q": ":q"}, has=conditions(("query", "q"))),
        header("/key/:name", {":name": "1"}),
    ]
)
API = {"x-api": "all", "x-dup": "first"}
SLUG = {"x-api": "all", "x-dup": "second", "x-lit": "v* (x) :other?"}

COLLECTED: list[tuple[str, dict[str, Any]]] = [
    ("/api/open", API),
    ("/other", {}),
    ("/api/h/abc", {**SLUG, "x-slug": "abc", "x-port": "https://e.com:8080?q=abc"}),
    ("/api/h/deep/a/b/c", {**API, "x-deep": "a/b/c"}),
    ("/api/h/num/42", {**API, "x-num": "42"}),
    ("/api/h/num/x", API),
    ("/api/h/key/foo", {**API, "x-foo": "dynamic-key"}),
    ("/api/h/key/a%20(b)", API),  # no name for a header
    ("/key/content-length", {}),
    ("/key/transfer-encoding", {}),
    ("/raw?q=v", {"x-q": "v"}),
    ("/raw?q=a%0D%0Ax-evil:1", {"x-q": "a%0D%0Ax-evil:1"}),
    ("/raw?q=%E6%97%A5", {"x-q": "%E6%97%A5"}),
    ("/api/h/cookies/x?more=1", {**API, "set-cookie": ["c3=3"]}),
]


@pytest.mark.parametrize(("url", "expected"), COLLECTED)
def test_collect_headers(url: str, expected: dict[str, Any]) -> None:
    assert collect_headers(HEADERS, view(url)) == expected


def test_set_cookie_accumulates_over_all_rules() -> None:
    assert collect_headers(HEADERS, view("/api/h/cookies?more=1"))["set-cookie"] == ["c1=1", "c2=2", "c3=3"]


def test_the_index_gives_every_rule_that_matches_in_order() -> None:
    random_ = random.Random(4)
    words = ["a", "b", "c"]
    sources = []
    for _ in range(300):
        text = "".join(random_.choice([f"/{random_.choice(words)}", "/:{}", "/x-:{}", "/:{}(\\d*)"]) for _ in range(random_.randint(1, 4)))
        text += random_.choice(["", "", "/", "/:rest*", "{.html}?", "/:last?", "(.*)"])
        for name in "pqrst":
            text = text.replace("{}", name, 1)
        sources.append(compile_source(text))
    index = RuleIndex(sources, lambda source: source)
    hits = 0
    for _ in range(3000):
        path = (
            "/" + "/".join(random_.choice([*words, "x-1", "7", "a.html"]) for _ in range(random_.randint(0, 5))) + random_.choice(["", "/"])
        )
        expected = [position for position, source in enumerate(sources) if source.match(path) is not None]
        candidates = index.find_candidates(path)
        assert [position for position, source in candidates if source.match(path) is not None] == expected
        assert [position for position, _ in candidates] == sorted(position for position, _ in candidates)
        assert index.may_match(path) == bool(candidates)
        hits += bool(expected)
    assert hits > 1000


def test_a_path_that_no_rule_is_about_has_no_candidates() -> None:
    index = RuleIndex([compile_source(f"/api/old{number}/:id") for number in range(200)], lambda source: source)
    for path in ("/api/users/7", "/api", "/api/old7", "/api/old7/1/2", "/"):
        assert not index.may_match(path)
        assert index.find_candidates(path) == []
    assert index.may_match("/api/old7/1")
    assert [position for position, _ in index.find_candidates("/api/old7/1")] == [7]


def test_a_book_without_rules_matches_nothing() -> None:
    assert not RuleBook().may_match("/")
    book = RuleBook(after_files=[rewrite("/a", "/b")])
    assert book.may_match("/a")
    assert not book.may_match("/b")
    assert find_rewrite(book.after_files, view("/a")) is not None
    assert find_redirect(book.redirects, view("/a")) is None
