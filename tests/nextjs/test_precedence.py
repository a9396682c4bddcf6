"""One precedence over both languages: the sorted list, and the rules that Next.js is given, beside a matcher of another kind."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slugline.errors import RouteConflict
from slugline.nextjs.precedence import LONGEST_RULE, Language, SiteRoute, find_owner, make_rules, make_table, merge_routes, parse_pattern
from slugline.routing.segments import CatchAll, OptionalCatchAll, Param, Segment, Static
from slugline.routing.table import Route, RouteTable, build_table


def make_routes(python: Iterable[str] = (), javascript: Iterable[str] = ()) -> tuple[SiteRoute, ...]:
    routes = [SiteRoute(pattern, parse_pattern(pattern), f"pages{pattern}.py", "python") for pattern in python]
    routes += [SiteRoute(pattern, parse_pattern(pattern), f"pages{pattern}.js", "javascript") for pattern in javascript]
    return merge_routes(routes)


def ask_rules(merged: Sequence[SiteRoute], path: str) -> Language | None:
    """What Next.js does with the rules (SPEC section 1): static rules, its static routes, dynamic rules, its dynamic routes."""
    rules = make_rules(merged)
    javascript = [route for route in merged if route.language == "javascript"]
    if any(re.fullmatch(f"{rule['regex']}/?", path, re.IGNORECASE) for rule in rules["static"]):
        return "python"
    if any(route.is_static and route.pattern == path for route in javascript):
        return "javascript"
    if any(re.fullmatch(f"{rule['regex']}/?", path, re.IGNORECASE) for rule in rules["dynamic"]):
        return "python"
    return "javascript" if find_owner(javascript, path) else None


def ask_tree(merged: Iterable[SiteRoute], path: str) -> Language | None:
    """The router of `routing.table`, a tree that is searched, with the routes of both languages in it."""
    tree: RouteTable[Language] = build_table(
        Route(route.pattern, tuple(_without_name(segment) for segment in route.segments), route.language, route.source) for route in merged
    )
    found = tree.match(path)
    return found.route.endpoint if found is not None else None


def _without_name(segment: Segment) -> Segment:
    return segment if isinstance(segment, Static) else type(segment)("x")


# (name, Python's routes, JavaScript's routes, who answers which path)
SITES: list[tuple[str, list[str], list[str], dict[str, str | None]]] = [
    (
        "both static",
        ["/api/hello", "/api", "/api/v1.0/a-b"],
        ["/api/bye", "/api/hello2"],
        {
            "/api/hello": "python",
            "/api": "python",
            "/api/v1.0/a-b": "python",
            "/api/v1x0/a-b": None,
            "/api/bye": "javascript",
            "/api/hello2": "javascript",
            "/api/hell": None,
            "/api/hello/x": None,
            "/apihello": None,
        },
    ),
    (
        "a JavaScript catch-all swallows no Python route",
        ["/api/hello", "/api/post/[pid]", "/api/files/[...path]", "/api/opt/[[...rest]]"],
        ["/api/[...all]"],
        {
            "/api/hello": "python",
            "/api/post/7": "python",
            "/api/post": "javascript",
            "/api/post/7/8": "javascript",
            "/api/files/a": "python",
            "/api/files/a/b/c": "python",
            "/api/files": "javascript",
            "/api/opt": "python",
            "/api/opt/a/b": "python",
            "/api/other": "javascript",
            "/api": None,
        },
    ),
    (
        "a more specific JavaScript route wins over a dynamic Python one",
        ["/api/post/[pid]", "/api/[...all]"],
        ["/api/post/create", "/api/post/[pid]/comments", "/api/users/[id]", "/api/shop/[...path]"],
        {
            "/api/post/create": "javascript",
            "/api/post/7": "python",
            "/api/post/7/comments": "javascript",
            "/api/post/7/likes": "python",
            "/api/users/7": "javascript",
            "/api/users/7/x": "python",
            "/api/users": "python",
            "/api/shop/a/b": "javascript",
            "/api/shop": "python",
            "/api": None,
        },
    ),
    (
        "the leftmost segment decides",
        ["/api/mix/fixed/[b]", "/api/mix/[a]/deep/[...tail]", "/api/mix/[...all]"],
        ["/api/mix/[a]/static", "/api/mix/fixed/[...rest]", "/api/mix/[a]/[b]"],
        {
            "/api/mix/fixed/static": "python",
            "/api/mix/fixed/deep": "python",
            "/api/mix/fixed/deep/t": "javascript",
            "/api/mix/other/static": "javascript",
            "/api/mix/other/b": "javascript",
            "/api/mix/other/deep": "javascript",
            "/api/mix/other/deep/t": "python",
            "/api/mix/other/b/c": "python",
            "/api/mix/fixed": "python",
            "/api/mix": None,
        },
    ),
    (
        "dead ends are left again",
        ["/api/bt/fixed/only", "/api/users/[id]/posts"],
        ["/api/bt/[x]/other", "/api/users/me"],
        {
            "/api/bt/fixed/only": "python",
            "/api/bt/fixed/other": "javascript",
            "/api/bt/y/other": "javascript",
            "/api/users/me": "javascript",
            "/api/users/me/posts": "python",
            "/api/users/7/posts": "python",
            "/api/users/7": None,
        },
    ),
    (
        "optional catch-alls",
        ["/api/opt/[id]", "/api/[[...all]]"],
        ["/api/opt/[[...rest]]", "/api/opt/known"],
        {
            "/api": "python",
            "/api/x": "python",
            "/api/opt": "javascript",
            "/api/opt/known": "javascript",
            "/api/opt/a": "python",
            "/api/opt/a/b": "javascript",
        },
    ),
    (
        "names of parameters may differ where the paths do",
        ["/api/users/[id]/posts"],
        ["/api/users/[user]", "/api/users/[name]/likes"],
        {"/api/users/7": "javascript", "/api/users/7/posts": "python", "/api/users/7/likes": "javascript"},
    ),
    (
        "raw paths: encoded text, and characters that mean something in expressions",
        ["/api/ünï", "/api/a b", "/api/$city", "/api/plus+sign", "/api/paren(x)", "/api/at@[id]", "/api/w.x/[id]", "/api/a:b"],
        ["/api/a:b/[id]"],
        {
            "/api/%C3%BCn%C3%AF": "python",
            "/api/a%20b": "python",
            "/api/$city": "python",
            "/api/plus+sign": "python",
            "/api/paren(x)": "python",
            "/api/at@[id]": None,
            "/api/w.x/a%2Fb": "python",
            "/api/wyx/7": None,
            "/api/a:b": "python",
            "/api/a:b/7": "javascript",
        },
    ),
]
CASES = [
    pytest.param(python, javascript, path, owner, id=f"{name}: {path}")
    for name, python, javascript, expected in SITES
    for path, owner in expected.items()
]


def test_the_table_is_large_enough() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize(("python", "javascript", "path", "owner"), CASES)
def test_one_precedence(python: list[str], javascript: list[str], path: str, owner: Language | None) -> None:
    merged = make_routes(python, javascript)
    assert find_owner(merged, path) == owner
    assert ask_rules(merged, path) == owner


TEXTS = st.sampled_from(["a", "b", "c"])
PLACES = st.lists(st.one_of(TEXTS, st.just("[x]")), max_size=3)
PATTERNS = st.builds(
    lambda places, end: "/api" + "".join(f"/{place}" for place in (*places, *end)),
    PLACES,
    st.sampled_from([(), (), ("[...x]",), ("[[...x]]",)]),
)
PATHS = st.lists(st.sampled_from(["a", "b", "c", "d", "e%2Ff"]), max_size=5).map(lambda texts: "/".join(["/api", *texts]))


@settings(max_examples=400, deadline=None)
@given(
    st.lists(PATTERNS, min_size=1, max_size=8, unique=True),
    st.lists(PATTERNS, min_size=1, max_size=8, unique=True),
    st.lists(PATHS, min_size=5, max_size=20),
)
def test_the_list_and_the_rules_do_what_the_tree_does(python: list[str], javascript: list[str], paths: list[str]) -> None:
    try:
        merged = make_routes(python, javascript)
        ask_tree(merged, "/")
    except RouteConflict:
        return  # refused by one of the two: what they refuse is for other tests
    for path in paths:
        expected = ask_tree(merged, path)
        assert find_owner(merged, path) == expected
        assert ask_rules(merged, path) == expected


CONFLICTS = [
    ("/api/hello", "/api/hello", "/api/hello"),
    ("/api/users/[id]", "/api/users/[user]", "the same paths"),
    ("/api/[...all]", "/api/[...rest]", "the same paths"),
    ("/api/[...all]", "/api/[[...rest]]", "the same paths"),
    ("/api/opt", "/api/opt/[[...rest]]", "the same paths"),
    ("/api/opt/[[...rest]]", "/api/opt", "the same paths"),
]


@pytest.mark.parametrize(("python", "javascript", "what"), CONFLICTS)
def test_a_path_of_both_languages_is_refused(python: str, javascript: str, what: str) -> None:
    with pytest.raises(RouteConflict) as caught:
        make_routes([python], [javascript])
    assert caught.value.files == (f"pages{python}.py", f"pages{javascript}.js")
    assert str(caught.value) == (
        f"pages{python}.py and pages{javascript}.js both answer {what}, in Python and JavaScript. Delete or rename one of the two."
    )


def test_what_next_itself_refuses_is_left_to_it() -> None:
    merged = make_routes(["/api/hello"], ["/api/[a]", "/api/[b]", "/api/[...c]", "/api/[[...d]]"])
    assert find_owner(merged, "/api/hello") == "python"
    assert find_owner(merged, "/api/other") == "javascript"


@pytest.mark.parametrize(
    ("pattern", "segments"),
    [
        ("/api/[id]", (Static("api"), Param("id"))),
        ("/api/[...all]", (Static("api"), CatchAll("all"))),
        ("/api/[[...all]]", (Static("api"), OptionalCatchAll("all"))),
        ("/api/pre-[id]", (Static("api"), Static("pre-[id]"))),
        ("/api/[id", (Static("api"), Static("[id"))),
        ("/api/[[id]]", (Static("api"), Static("[[id]]"))),
    ],
)
def test_patterns_are_read_as_next_reads_them(pattern: str, segments: tuple[Segment, ...]) -> None:
    assert parse_pattern(pattern) == segments


def test_many_routes_make_few_rules() -> None:
    merged = make_routes([f"/api/part-{number}/x" for number in range(500)] + [f"/api/part-{number}/[id]" for number in range(500)])
    rules = make_rules(merged)
    assert sum(map(len, rules.values())) < 20
    assert all(len(rule["source"]) < 4000 for kind in rules.values() for rule in kind)
    assert ask_rules(merged, "/api/part-499/y") == "python"


def test_a_guard_that_next_would_refuse_is_left_out() -> None:
    merged = make_routes(["/api/[...all]"], [f"/api/part-{number}/[id]" for number in range(LONGEST_RULE // 10)])
    assert make_rules(merged)["dynamic"] == [{"source": "/api/:path((?:.+?))", "destination": "/api/:path", "regex": "/api/(?:.+?)"}]
    # The adapter asks this list for each request, and corrects the rule.
    assert find_owner(merged, "/api/part-7/x") == "javascript"


def test_the_table_for_the_adapter() -> None:
    merged = make_routes(["/api", "/api/post/[pid]"], ["/api/js", "/api/[...all]"])
    assert make_table(merged, origin="http://127.0.0.1:3901", secret="abc") == {
        "version": 1,
        "origin": "http://127.0.0.1:3901",
        "secret": "abc",
        "rules": {
            "static": [{"source": "/api", "destination": "/api", "regex": "/api"}],
            "dynamic": [
                {"source": "/api/:path((?:post/[^/]+))", "destination": "/api/:path", "regex": "/api/(?:post/[^/]+)"},
            ],
        },
        "owners": {
            "static": {"/api": "python", "/api/js": "javascript"},
            "dynamic": [
                {"regex": "(?:/api/post/[^/]+)", "owner": "python"},
                {"regex": "(?:/api/.+?)", "owner": "javascript"},
            ],
        },
    }


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_javascript_reads_the_expressions_as_python_does() -> None:
    questions = [(make_routes(python, javascript), list(paths)) for _, python, javascript, paths in SITES]
    assert ask_adapter(questions) == [[[find_owner(merged, path), None] for path in paths] for merged, paths in questions]


def ask_adapter(questions: Iterable[tuple[Sequence[SiteRoute], list[str]]]) -> list[list[list[str | None]]]:
    """Ask adapter.cjs who answers each path, and what it tells the rules."""
    text = json.dumps(
        [{"table": make_table(merged, origin="http://127.0.0.1:1", secret="s"), "paths": paths} for merged, paths in questions]
    )
    script = Path(__file__).parent / "match.cjs"
    done = subprocess.run(["node", str(script)], input=text, capture_output=True, text=True, check=True, timeout=60)
    answers: list[list[list[str | None]]] = json.loads(done.stdout)
    return answers


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_rules_that_differ_from_the_list_are_corrected() -> None:
    merged = make_routes(["/api/Case", "/api/post/[pid]"], ["/api/case", "/api/[...all]"])
    expected = {
        "/api/Case": ["python", None],
        "/api/case": ["javascript", "s-none"],
        "/api/CASE": ["javascript", "s-none"],
        "/api/post/7": ["python", None],
        "/api/POST/7": ["javascript", "s-none"],
        "/api/other": ["javascript", None],
        "/other": [None, None],
    }
    assert ask_adapter([(merged, list(expected))]) == [list(expected.values())]
