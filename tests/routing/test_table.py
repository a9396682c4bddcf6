"""Which route answers a path, over the routes of app `main` of the conformance fixtures.

Rows have the names of the conformance cases; a few more follow from the same rules. What differs from Next.js on purpose is in
MATCHED_DECODED (404 there) and, for a NUL, in REFUSED (200 there).
"""

import random
import string
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.errors import BadRequest, RouteConflict
from slugline.routing.segments import CatchAll, OptionalCatchAll, Param, Segment, Static, split_segments
from slugline.routing.table import Route, RouteTable, build_table

Params = dict[str, str | list[str]]


def make_route(pattern: str, source: str = "") -> Route[str]:
    return Route(pattern, split_segments(pattern), f"handler of {pattern}", source or f"pages{pattern}.py")


def make_table(*patterns: str) -> RouteTable[str]:
    return build_table(make_route(pattern) for pattern in patterns)


def answer(table: RouteTable[str], path: str) -> tuple[str, Params] | None:
    match = table.match(path)
    return (match.route.pattern, match.params) if match is not None else None


MAIN_PATTERNS = [
    f"/api{rest}"
    for rest in (
        *("", "/hello", "/nested", "/nested/deep", "/nested/deep/leaf"),
        *("/users", "/users/me", "/users/[id]", "/users/[id]/posts", "/users/[id]/posts/latest", "/users/[id]/posts/[postId]"),
        *("/post/create", "/post/[pid]", "/post/[...slug]", "/opt/[[...slug]]", "/opt2/known", "/opt2/[id]", "/opt2/[[...rest]]"),
        *("/catch/[...slug]", "/catchidx", "/catchidx/[...slug]"),
        *("/mix/[a]/[b]", "/mix/[a]/static", "/mix/fixed/[b]", "/mix/fixed/[...rest]", "/mix/[...all]", "/mix/[a]/deep/[...tail]"),
        *("/bt/fixed/only", "/bt/[x]/other", "/org/[org]/[[...path]]", "/deep3/[a]/[b]/[c]", "/deep3/[a]/x/[c]"),
        *("/special/$city", "/special/a-b", "/special/with.dot", "/special/v1.0/[item]", "/special/snake_case", "/special/UPPER"),
        *("/special/lower", "/special/with space", "/special/ünï", "/special/plus+sign", "/special/paren(x)", "/special/at@sign"),
        *("/special2/[weird-name]", "/special3/[...dash-rest]", "/special4/[userId]/[user_id]"),
    )
]

MAIN = make_table(*MAIN_PATTERNS)

PRECEDENCE = {
    "mix-fixed-static": ("/api/mix/fixed/static", "/api/mix/fixed/[b]", {"b": "static"}),
    "mix-fixed-deep": ("/api/mix/fixed/deep/t", "/api/mix/fixed/[...rest]", {"rest": ["deep", "t"]}),
    "backtrack": ("/api/bt/fixed/other", "/api/bt/[x]/other", {"x": "fixed"}),
    "users-me-posts": ("/api/users/me/posts", "/api/users/[id]/posts", {"id": "me"}),
    "mix-fixed-only": ("/api/mix/fixed", "/api/mix/[...all]", {"all": ["fixed"]}),
    "opt-root": ("/api/opt", "/api/opt/[[...slug]]", {}),
    "catchidx-root": ("/api/catchidx", "/api/catchidx", {}),
}

ANSWERED = {
    "static": ("/api/hello", "/api/hello", {}),
    "index": ("/api", "/api", {}),
    "nested-index": ("/api/nested", "/api/nested", {}),
    "nested-leaf": ("/api/nested/deep/leaf", "/api/nested/deep/leaf", {}),
    "users-index": ("/api/users", "/api/users", {}),
    "users-static-beats-dynamic": ("/api/users/me", "/api/users/me", {}),
    "users-dynamic": ("/api/users/42", "/api/users/[id]", {"id": "42"}),
    "users-dynamic-string-type": ("/api/users/007", "/api/users/[id]", {"id": "007"}),
    "users-posts-static": ("/api/users/42/posts/latest", "/api/users/[id]/posts/latest", {"id": "42"}),
    "users-posts-dynamic": ("/api/users/42/posts/9", "/api/users/[id]/posts/[postId]", {"id": "42", "postId": "9"}),
    "doc-post-static": ("/api/post/create", "/api/post/create", {}),
    "doc-post-dynamic": ("/api/post/abc", "/api/post/[pid]", {"pid": "abc"}),
    "doc-post-catchall": ("/api/post/1/2", "/api/post/[...slug]", {"slug": ["1", "2"]}),
    "doc-post-catchall-3": ("/api/post/a/b/c", "/api/post/[...slug]", {"slug": ["a", "b", "c"]}),
    "doc-post-create-deeper": ("/api/post/create/x", "/api/post/[...slug]", {"slug": ["create", "x"]}),
    "opt-one": ("/api/opt/a", "/api/opt/[[...slug]]", {"slug": ["a"]}),
    "opt-two": ("/api/opt/a/b", "/api/opt/[[...slug]]", {"slug": ["a", "b"]}),
    "opt2-root": ("/api/opt2", "/api/opt2/[[...rest]]", {}),
    "opt2-static": ("/api/opt2/known", "/api/opt2/known", {}),
    "opt2-dynamic": ("/api/opt2/other", "/api/opt2/[id]", {"id": "other"}),
    "opt2-rest": ("/api/opt2/known/x", "/api/opt2/[[...rest]]", {"rest": ["known", "x"]}),
    "catch-one": ("/api/catch/a", "/api/catch/[...slug]", {"slug": ["a"]}),
    "catch-many": ("/api/catch/a/b/c/d/e", "/api/catch/[...slug]", {"slug": ["a", "b", "c", "d", "e"]}),
    "catchidx-one": ("/api/catchidx/a", "/api/catchidx/[...slug]", {"slug": ["a"]}),
    "mix-ab": ("/api/mix/x/y", "/api/mix/[a]/[b]", {"a": "x", "b": "y"}),
    "mix-a-static": ("/api/mix/x/static", "/api/mix/[a]/static", {"a": "x"}),
    "mix-fixed-rest": ("/api/mix/fixed/y/z", "/api/mix/fixed/[...rest]", {"rest": ["y", "z"]}),
    "mix-all-one": ("/api/mix/x", "/api/mix/[...all]", {"all": ["x"]}),
    "mix-all-three": ("/api/mix/x/y/z", "/api/mix/[...all]", {"all": ["x", "y", "z"]}),
    "mix-a-deep-tail": ("/api/mix/x/deep/t1/t2", "/api/mix/[a]/deep/[...tail]", {"a": "x", "tail": ["t1", "t2"]}),
    "backtrack-static": ("/api/bt/fixed/only", "/api/bt/fixed/only", {}),
    "org-root": ("/api/org/acme", "/api/org/[org]/[[...path]]", {"org": "acme"}),
    "org-deep": ("/api/org/acme/a/b", "/api/org/[org]/[[...path]]", {"org": "acme", "path": ["a", "b"]}),
    "deep3": ("/api/deep3/1/2/3", "/api/deep3/[a]/[b]/[c]", {"a": "1", "b": "2", "c": "3"}),
    "deep3-static-mid": ("/api/deep3/1/x/3", "/api/deep3/[a]/x/[c]", {"a": "1", "c": "3"}),
    "dash-param": ("/api/special2/v", "/api/special2/[weird-name]", {"weird-name": "v"}),
    "dash-rest-param": ("/api/special3/a/b", "/api/special3/[...dash-rest]", {"dash-rest": ["a", "b"]}),
    "camel-and-snake-params": ("/api/special4/a/b", "/api/special4/[userId]/[user_id]", {"userId": "a", "user_id": "b"}),
    "dynamic-keeps-ext": ("/api/users/a.json", "/api/users/[id]", {"id": "a.json"}),
    "case-upper-file": ("/api/special/UPPER", "/api/special/UPPER", {}),
    "case-dynamic": ("/api/users/AbC", "/api/users/[id]", {"id": "AbC"}),
    "literal-brackets": ("/api/users/[id]", "/api/users/[id]", {"id": "[id]"}),
    "literal-brackets-encoded": ("/api/users/%5Bid%5D", "/api/users/[id]", {"id": "[id]"}),
    "literal-brackets-catch": ("/api/catch/[...slug]", "/api/catch/[...slug]", {"slug": ["[...slug]"]}),
    "dollar": ("/api/special/$city", "/api/special/$city", {}),
    "dash-file": ("/api/special/a-b", "/api/special/a-b", {}),
    "dot-file": ("/api/special/with.dot", "/api/special/with.dot", {}),
    "dot-dir": ("/api/special/v1.0/thing", "/api/special/v1.0/[item]", {"item": "thing"}),
    "snake-file": ("/api/special/snake_case", "/api/special/snake_case", {}),
    "plus-file": ("/api/special/plus+sign", "/api/special/plus+sign", {}),
    "paren-file": ("/api/special/paren(x)", "/api/special/paren(x)", {}),
    "at-file": ("/api/special/at@sign", "/api/special/at@sign", {}),
    "param-plus": ("/api/users/a+b", "/api/users/[id]", {"id": "a+b"}),
    "param-plus-encoded": ("/api/users/a%2Bb", "/api/users/[id]", {"id": "a+b"}),
    "param-slash-encoded": ("/api/users/a%2Fb", "/api/users/[id]", {"id": "a/b"}),
    "param-percent-encoded": ("/api/users/100%25", "/api/users/[id]", {"id": "100%"}),
    "param-emoji": ("/api/users/%F0%9F%98%80", "/api/users/[id]", {"id": "😀"}),
    "param-question-encoded": ("/api/users/a%3Fb", "/api/users/[id]", {"id": "a?b"}),
    "param-hash-encoded": ("/api/users/a%23b", "/api/users/[id]", {"id": "a#b"}),
    "param-semicolon": ("/api/users/a;b=c", "/api/users/[id]", {"id": "a;b=c"}),
    "param-colon": ("/api/users/a:b", "/api/users/[id]", {"id": "a:b"}),
    "param-at": ("/api/users/@me", "/api/users/[id]", {"id": "@me"}),
    "param-crlf": ("/api/users/a%0D%0Ab", "/api/users/[id]", {"id": "a\r\nb"}),
    "catch-slash-encoded": ("/api/catch/a%2Fb/c", "/api/catch/[...slug]", {"slug": ["a/b", "c"]}),
    "catch-slash-end": ("/api/catch/test1%2F/test2", "/api/catch/[...slug]", {"slug": ["test1/", "test2"]}),
    "catch-dot-ext": ("/api/catch/a.json/b.txt", "/api/catch/[...slug]", {"slug": ["a.json", "b.txt"]}),
}

# Next.js compares text undecoded and answers 404 to these.
MATCHED_DECODED = {
    "dollar-encoded": ("/api/special/%24city", "/api/special/$city", {}),
    "dash-encoded": ("/api/special/a%2Db", "/api/special/a-b", {}),
    "dash-encoded-lower": ("/api/special/a%2db", "/api/special/a-b", {}),
    "hello-encoded-letter": ("/api/%68ello", "/api/hello", {}),
    "api-encoded-letter": ("/%61pi/hello", "/api/hello", {}),
    "plus-encoded": ("/api/special/plus%2Bsign", "/api/special/plus+sign", {}),
    "space-encoded": ("/api/special/with%20space", "/api/special/with space", {}),
    "unicode-encoded": ("/api/special/%C3%BCn%C3%AF", "/api/special/ünï", {}),
    "unicode-encoded-lower": ("/api/special/%c3%bcn%c3%af", "/api/special/ünï", {}),
    "static-beats-dynamic-encoded": ("/api/users/%6De", "/api/users/me", {}),
}

UNANSWERED = {
    "catch-root-404": "/api/catch",
    "backtrack-404": "/api/bt/fixed/none",
    "org-missing": "/api/org",
    "deep3-short": "/api/deep3/1/2",
    "unknown-deep": "/api/not/existing/really",
    "index-literal-404": "/api/index",
    "nested-index-literal-404": "/api/nested/index",
    "ext-404": "/api/hello.js",
    "ext-json-404": "/api/hello.json",
    "case-upper-file-lower": "/api/special/upper",
    "static-malformed": "/api/hello%E0%A4%A",
    "encoded-double": "/api/%2Fhello",
    "encoded separator": "/api%2Fhello",
    "encoded twice": "/api/%2568ello",
    "root": "/",
    "NUL beside no parameter": "/api/hello%00",
    "text beside parameters": "/api/mix",
    "empty parameter": "/api/users/",
    "empty segment in front": "//api/hello",
    "empty segment in a catch-all": "/api/catch/a//b",
    "empty segment, encoded path": "/api/catch/%61//b",
    "slash at the end, encoded path": "/api/users/%61/",
    "no slash in front": "api/hello",
    "asterisk form": "*",
    "nothing": "",
}

REFUSED = {
    "param-malformed": "/api/users/%E0%A4%A",
    "param-malformed-bare": "/api/users/%",
    "catch-malformed": "/api/catch/ok/%E0%A4%A",
    "invalid UTF-8": "/api/users/%FF",
    "surrogate": "/api/users/%ED%A0%80",
    "overlong": "/api/users/%C0%AF",
    "param-null-byte": "/api/users/a%00b",
    "null byte in a catch-all": "/api/catch/a/%00",
    "null byte as it is": "/api/users/a\0b",
    "second of two parameters": "/api/mix/ok/%zz",
    "unicode-raw": "/api/special/ünï",
    "unicode-raw where nothing answers": "/ünï",
}


@pytest.mark.parametrize(
    ("path", "pattern", "params"),
    [pytest.param(*row, id=name) for rows in (PRECEDENCE, ANSWERED, MATCHED_DECODED) for name, row in rows.items()],
)
def test_answered(path: str, pattern: str, params: Params) -> None:
    assert answer(MAIN, path) == (pattern, params)


@pytest.mark.parametrize("path", UNANSWERED.values(), ids=UNANSWERED)
def test_unanswered(path: str) -> None:
    assert MAIN.match(path) is None


@pytest.mark.parametrize("path", REFUSED.values(), ids=REFUSED)
def test_bad_request(path: str) -> None:
    with pytest.raises(BadRequest):
        MAIN.match(path)


def test_broken_encoding_does_not_stand_for_text() -> None:
    assert make_table("/100%").match("/100%") is None
    assert answer(make_table("/100%"), "/100%25") == ("/100%", {})


def test_a_parameter_beside_a_catch_all() -> None:
    # What `next build` accepts as `dynamic-and-catchall-same`.
    table = make_table("/api/x", "/api/[id]", "/api/[...all]")
    assert answer(table, "/api/x") == ("/api/x", {})
    assert answer(table, "/api/1") == ("/api/[id]", {"id": "1"})
    assert answer(table, "/api/1/2") == ("/api/[...all]", {"all": ["1", "2"]})
    assert answer(table, "/api") is None


def test_routes_at_the_root() -> None:
    table = make_table("/", "/[id]")
    assert answer(table, "/") == ("/", {})
    assert answer(table, "/a") == ("/[id]", {"id": "a"})
    assert answer(make_table("/[[...all]]"), "/") == ("/[[...all]]", {})
    assert answer(make_table("/[[...all]]"), "/a/b") == ("/[[...all]]", {"all": ["a", "b"]})
    assert make_table("/[...all]").match("/") is None


def test_names_that_differ_by_case_are_two() -> None:
    table = make_table("/api/Foo", "/api/foo")
    assert answer(table, "/api/Foo") == ("/api/Foo", {})
    assert answer(table, "/api/foo") == ("/api/foo", {})


def test_match_gives_the_route_itself() -> None:
    route = make_route("/api/[id]")
    match = build_table([route]).match("/api/1")
    assert match is not None
    assert match.route is route
    assert match.route.endpoint == "handler of /api/[id]"


def test_parameters_are_new_for_each_request() -> None:
    first, second = MAIN.match("/api/opt/a"), MAIN.match("/api/opt/a")
    assert first is not None
    assert second is not None
    assert first.params is not second.params
    assert first.params["slug"] is not second.params["slug"]


class TestStatic:
    def test_raw_paths(self) -> None:
        assert {path: route.pattern for path, route in MAIN.static.items() if path.startswith(b"/api/special")} == {
            b"/api/special/$city": "/api/special/$city",
            b"/api/special/a-b": "/api/special/a-b",
            b"/api/special/with.dot": "/api/special/with.dot",
            b"/api/special/snake_case": "/api/special/snake_case",
            b"/api/special/UPPER": "/api/special/UPPER",
            b"/api/special/lower": "/api/special/lower",
            b"/api/special/with%20space": "/api/special/with space",
            b"/api/special/%C3%BCn%C3%AF": "/api/special/ünï",
            b"/api/special/plus+sign": "/api/special/plus+sign",
            b"/api/special/paren(x)": "/api/special/paren(x)",
            b"/api/special/at@sign": "/api/special/at@sign",
        }

    def test_the_root(self) -> None:
        assert list(make_table("/").static) == [b"/"]

    def test_only_routes_without_parameters(self) -> None:
        assert make_table("/[id]", "/a/[...b]", "/c/[[...d]]").static == {}

    def test_agrees_with_match(self) -> None:
        for raw_path, route in MAIN.static.items():
            assert answer(MAIN, raw_path.decode("ascii")) == (route.pattern, {})


# Case of `next build`, the two files (in both orders), a piece of the message.
CONFLICTS = {
    "dup-file-and-index": ("/api/foo", "pages/api/foo.py", "/api/foo", "pages/api/foo/index.py", "both answer /api/foo. Delete one"),
    "api-js-and-index": ("/api", "pages/api.py", "/api", "pages/api/index.py", "both answer /api. Delete one"),
    "diff-slug-leaf": ("/a/[a]", "pages/a/[a].py", "/a/[b]", "pages/a/[b].py", "name one place of the path differently"),
    "diff-slug-same-level": ("/[a]/x", "pages/[a]/x.py", "/[b]/y", "pages/[b]/y.py", "name one place of the path differently"),
    "deeper": ("/a/[b]/c/[d]/e", "pages/1.py", "/a/[b]/c/[x]/[y]", "pages/2.py", "[d]"),
    "below a catch-all's folder": ("/a/[...b]", "pages/1.py", "/a/[...c]", "pages/2.py", "answer the same paths. Delete one"),
    "the same catch-all": ("/a/[...b]", "pages/[...b].py", "/a/[...b]", "pages/[...b]/index.py", "answer the same paths. Delete one"),
    "two optional ones": ("/a/[[...b]]", "pages/1.py", "/a/[[...c]]", "pages/2.py", "answer the same paths. Delete one"),
    "optional-and-index": ("/o", "pages/o.py", "/o/[[...s]]", "pages/o/[[...s]].py", "Rename [[...s]] to [...s], or delete pages/o.py"),
    "optional-and-index, root": ("/", "pages/i.py", "/[[...s]]", "pages/s.py", "both answer /. Rename [[...s]]"),
    "optional below a parameter": ("/[p]", "pages/1.py", "/[p]/[[...s]]", "pages/2.py", "both answer /[p]. Rename [[...s]]"),
    "optional-and-required": ("/[...r]", "pages/r.py", "/[[...s]]", "pages/s.py", "in one folder. Keep the one with [[...]]"),
    "the same parameter": ("/[p]", "pages/[p].py", "/[p]", "pages/[p]/index.py", "both answer /[p]. Delete one"),
}


class TestConflicts:
    @pytest.mark.parametrize("swapped", [False, True], ids=["first", "last"])
    @pytest.mark.parametrize("case", CONFLICTS.values(), ids=CONFLICTS)
    def test_refused(self, case: tuple[str, str, str, str, str], swapped: bool) -> None:
        pattern, source, other_pattern, other_source, said = case
        routes = [make_route(pattern, source), make_route(other_pattern, other_source)]
        if swapped:
            routes.reverse()
        with pytest.raises(RouteConflict) as raised:
            build_table(routes)
        first, second = (route.source for route in routes)
        assert str(raised.value).startswith(f"{first} and {second} ")
        assert said in str(raised.value)
        assert raised.value.files == (first, second)

    def test_both_names_are_said(self) -> None:
        with pytest.raises(RouteConflict, match=r"differently, \[id\] and \[pid\]\. Use one name for both\."):
            make_table("/post/[id]", "/post/[pid]")

    def test_the_whole_table_of_main_has_none(self) -> None:
        assert sorted(route.pattern for route in MAIN.ordered()) == sorted(MAIN_PATTERNS)


class TestOrder:
    def test_the_earlier_one_wins(self) -> None:
        patterns = ["/a", "/a/b", "/a/c/[y]", "/a/[x]", "/a/[x]/[y]", "/a/[x]/[...z]", "/a/[...w]", "/b/[[...v]]", "/[p]", "/[...q]"]
        shuffled = patterns.copy()
        random.Random(7).shuffle(shuffled)
        assert shuffled != patterns
        assert [route.pattern for route in make_table(*shuffled).ordered()] == patterns

    def test_an_optional_catch_all_is_last_at_its_node_and_there_once(self) -> None:
        assert [route.pattern for route in make_table("/[[...x]]", "/[id]", "/a").ordered()] == ["/a", "/[id]", "/[[...x]]"]


class CountingDict(dict[str, Any]):
    """The children of a node, counting how often they are asked for."""

    def __init__(self, children: dict[str, Any], counter: list[int]) -> None:
        super().__init__(children)
        self._counter = counter

    def get(self, key: str, default: Any = None) -> Any:
        self._counter[0] += 1
        return super().get(key, default)


def count_visits(table: RouteTable[Any]) -> list[int]:
    """Count from now on how many nodes the searches of a table look into."""
    counter = [0]
    nodes = [table._root]
    while nodes:
        node = nodes.pop()
        nodes.extend(node.static.values())
        if node.param is not None:
            nodes.append(node.param)
        node.static = CountingDict(node.static, counter)
    return counter


class TestCost:
    @pytest.mark.parametrize("size", [10, 10_000])
    def test_static_routes_do_not_slow_a_search(self, size: int) -> None:
        table = make_table("/api/post/[pid]", *(f"/api/post/name{number}" for number in range(size)))
        visits = count_visits(table)
        assert answer(table, "/api/post/7") == ("/api/post/[pid]", {"pid": "7"})
        assert visits == [3]  # one for each segment
        visits[0] = 0
        assert answer(table, f"/api/post/name{size - 1}") == (f"/api/post/name{size - 1}", {})
        assert visits == [3]

    @pytest.mark.parametrize("size", [10, 10_000])
    def test_dynamic_routes_elsewhere_do_not_slow_a_search(self, size: int) -> None:
        table = make_table("/api/post/[pid]", *(f"/api/name{number}/[id]/x" for number in range(size)))
        visits = count_visits(table)
        assert table.match("/api/post/7") is not None
        assert visits == [3]

    def test_a_table_made_for_backtracking_costs_its_own_size_at_most(self) -> None:
        # Text "a" and [x] at every one of ten levels; only a last segment "end" would match, after every way to get there.
        def grow(prefix: str, level: int) -> Iterable[str]:
            if level == 10:
                return [f"{prefix}/end"]
            return [*grow(f"{prefix}/a", level + 1), *grow(f"{prefix}/[p{level}]", level + 1)]

        table = make_table(*grow("", 0))
        nodes = 2**11 - 1 + 2**10
        visits = count_visits(table)
        assert table.match("/a" * 10 + "/other") is None
        assert visits[0] < nodes
        visits[0] = 0
        assert table.match("/a" * 5000) is None
        assert visits[0] < nodes

    def test_two_chains_of_text_and_parameter_cost_two_walks(self) -> None:
        table = make_table("/a/[b]/a/[d]/a/[f]/x", "/[a]/a/[c]/a/[e]/a/y")
        visits = count_visits(table)
        assert answer(table, "/a/a/a/a/a/a/y") == ("/[a]/a/[c]/a/[e]/a/y", {"a": "a", "c": "a", "e": "a"})
        assert visits[0] <= 15

    @pytest.mark.parametrize("pattern", ["/api/[...slug]", "/api/[[...slug]]"])
    def test_a_long_path_neither_recurses_nor_costs_visits(self, pattern: str) -> None:
        table = make_table(pattern, "/api/[a]/b")
        visits = count_visits(table)
        path = "/api" + "/x" * (10 * sys.getrecursionlimit())
        match = table.match(path)
        assert match is not None
        assert len(match.params["slug"]) == 10 * sys.getrecursionlimit()
        assert visits[0] <= 4


# Every pattern that the generated tables use; few names, so that they collide often.
SEGMENT_TEXTS = st.sampled_from(["a", "b", "c d", "é"])
FILE_NAMES = st.sampled_from(["a", "b", "c d", "[x]", "[...r]", "[[...o]]", "index"])


@st.composite
def patterns(draw: st.DrawFn) -> str:
    folders = draw(st.lists(st.one_of(SEGMENT_TEXTS, st.just("[x]")), max_size=4))
    # One name for each depth, as the rules want it.
    named = [f"[p{depth}]" if folder == "[x]" else folder for depth, folder in enumerate(folders)]
    last = draw(FILE_NAMES)
    named += [] if last == "index" else [last]
    return "/" + "/".join(f"[p{depth}]" if name == "[x]" else name for depth, name in enumerate(named))


@st.composite
def tables(draw: st.DrawFn) -> list[Route[str]]:
    """Routes that do not conflict: each one that would is left out."""
    kept: list[Route[str]] = []
    for pattern in draw(st.lists(patterns(), min_size=1, max_size=12)):
        try:
            build_table([*kept, make_route(pattern)])
        except RouteConflict:
            continue
        kept.append(make_route(pattern))
    return kept


def rank(segments: tuple[Segment, ...]) -> list[int]:
    """Give what a route is compared by: text before [x] before [...x] before [[...x]], from the left; an ending comes first of all."""
    kinds: list[type[Segment]] = [Static, Param, CatchAll, OptionalCatchAll]
    return [kinds.index(type(segment)) for segment in segments]


def capture(segments: tuple[Segment, ...], texts: list[str]) -> Params | None:
    """Match one route alone, in the plainest way."""
    params: Params = {}
    for place, segment in enumerate(segments):
        match segment:
            case CatchAll(name) if texts[place:]:
                return {**params, name: texts[place:]}
            case OptionalCatchAll(name):
                return {**params, name: texts[place:]} if texts[place:] else params
            case Static(text) if texts[place : place + 1] == [text]:
                continue
            case Param(name) if texts[place : place + 1]:
                params[name] = texts[place]
            case _:
                return None
    return params if len(texts) == len(segments) else None


def match_one_by_one(routes: list[Route[str]], path: str) -> tuple[str, Params] | None:
    """Match every route alone, and take the one that ranks first: the rule without the tree."""
    texts = [unquote(raw) for raw in path.split("/")[1:]] if path != "/" else []
    found = [(rank(route.segments), route.pattern, capture(route.segments, texts)) for route in routes]
    matching = [(ranked, pattern, params) for ranked, pattern, params in found if params is not None]
    return min(matching, key=lambda row: row[0])[1:] if matching else None


PARAM_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8).filter(
    lambda text: text not in {".", ".."}
)


def build_path(segments: tuple[Segment, ...], params: Params) -> str:
    texts: list[str] = []
    for segment in segments:
        value = segment.text if isinstance(segment, Static) else params.get(segment.name, [])
        texts += [value] if isinstance(value, str) else value
    return "/" + "/".join(quote(text, safe="") for text in texts)


@given(tables(), st.data())
def test_a_path_built_from_a_route_finds_it_or_one_that_outranks_it(routes: list[Route[str]], data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(routes))
    params: Params = {}
    for segment in route.segments:
        match segment:
            case Param(name):
                params[name] = data.draw(PARAM_TEXTS)
            case CatchAll(name):
                params[name] = data.draw(st.lists(PARAM_TEXTS, min_size=1, max_size=4))
            case OptionalCatchAll(name):
                rest = data.draw(st.lists(PARAM_TEXTS, max_size=4))
                params.update({name: rest} if rest else {})
    match = build_table(routes).match(build_path(route.segments, params))
    assert match is not None
    if match.route == route:
        assert match.params == params
    else:
        assert rank(match.route.segments) < rank(route.segments)


RAW_SEGMENTS = st.sampled_from(["a", "b", "c%20d", "%61", "%C3%A9", "z", "[p0]", "a%2Fb", "index"])


@given(tables(), st.lists(RAW_SEGMENTS, max_size=6))
def test_the_tree_agrees_with_matching_one_by_one(routes: list[Route[str]], raw: list[str]) -> None:
    path = "/" + "/".join(raw)
    assert answer(build_table(routes), path) == match_one_by_one(routes, path)


@given(tables(), st.lists(RAW_SEGMENTS, max_size=6))
def test_the_listed_order_is_the_matching_order(routes: list[Route[str]], raw: list[str]) -> None:
    path = "/" + "/".join(raw)
    table = build_table(routes)
    first = next((found for route in table.ordered() if (found := match_one_by_one([route], path))), None)
    assert answer(table, path) == first


@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_files_changes_nothing(routes: list[Route[str]], shuffler: random.Random) -> None:
    shuffled = routes.copy()
    shuffler.shuffle(shuffled)
    assert build_table(shuffled).ordered() == build_table(routes).ordered()


@given(st.text(st.sampled_from(string.printable + "%\0é"), max_size=30))
def test_any_path_is_answered_or_refused_cleanly(path: str) -> None:
    try:
        match = MAIN.match(path)
    except BadRequest:
        return
    assert match is None or match.route.pattern
