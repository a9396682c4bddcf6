"""Patterns of paths: what they match, what they refuse, and that a hostile path takes no longer than another."""

import random
import re
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from growth import assert_grows_linearly
from slugline.errors import BadRequest
from slugline.routing.bounded_match import find_spans
from slugline.routing.bounded_regex import BoundedRegex
from slugline.routing.pattern_parts import Param, canonical_text, parse_parts
from slugline.routing.source_pattern import SourcePattern, compile_destination, compile_source, compile_text

# The pattern, the path, the parameters; None where it does not match. After the corpus areas config-* and proxy-matcher.
MATCHES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("/", "/", {}),
    ("/", "/a", None),
    ("/a", "/a", {}),
    ("/a", "/a/", {}),
    ("/a", "/ab", None),
    ("/a", "/a/b", None),
    ("/a", "/A", None),
    ("/a/", "/a", None),
    ("/a/", "/a/", {}),
    ("/one/:id", "/one/1", {"id": "1"}),
    ("/one/:id", "/one", None),
    ("/one/:id", "/one/", None),
    ("/one/:id", "/one/1/2", None),
    ("/one/:id", "/one/a%2Fb", {"id": "a%2Fb"}),
    ("/opt/:id?", "/opt", {}),
    ("/opt/:id?", "/opt/1", {"id": "1"}),
    ("/opt/:id?", "/opt/1/2", None),
    ("/plus/:rest+", "/plus", None),
    ("/plus/:rest+", "/plus/a", {"rest": ["a"]}),
    ("/plus/:rest+", "/plus/a/b", {"rest": ["a", "b"]}),
    ("/star/:rest*", "/star", {}),
    ("/star/:rest*", "/star/a/b%20c", {"rest": ["a", "b%20c"]}),
    ("/:path*/anysuffix", "/anysuffix", {}),
    ("/:path*/anysuffix", "/a/b/anysuffix", {"path": ["a", "b"]}),
    ("/re/(\\d+)", "/re/123", {}),
    ("/re/(\\d+)", "/re/x", None),
    ("/named/:n(\\d{1,3})", "/named/12", {"n": "12"}),
    ("/named/:n(\\d{1,3})", "/named/1234", None),
    ("/alt/(a|b)", "/alt/a", {}),
    ("/alt/(a|b)", "/alt/c", None),
    ("/neg/((?!skip).*)", "/neg/other", {}),
    ("/neg/((?!skip).*)", "/neg/skip", None),
    ("/neg/((?!skip).*)", "/neg/skipper", None),
    ("/neg/((?!skip).*)", "/neg/a/skip", {}),
    ("/pre-:slug", "/pre-x", {"slug": "x"}),
    ("/pre-:slug", "/pre-", None),
    ("/mid/:x/end", "/mid/q/end", {"x": "q"}),
    ("/mid/:x/end", "/mid/q/other", None),
    ("/mid-:slug-end", "/mid-hello-end", {"slug": "hello"}),
    ("/ext/:file.txt", "/ext/readme.txt", {"file": "readme"}),
    ("/ext/:file.txt", "/ext/readme.md", None),
    ("/ext/:file.:kind?", "/ext/a.b.c", {"file": "a.b", "kind": "c"}),
    ("/grp/a{/:b}?", "/grp/a", {}),
    ("/grp/a{/:b}?", "/grp/a/b", {"b": "b"}),
    ("/grp/a{/:b}?", "/grp/a/b/c", None),
    ("/grp{/x}*", "/grp/x/x", {}),
    ("/grp{/x}+", "/grp", None),
    ("/dot/v1.0", "/dot/v1.0", {}),
    ("/dot/v1.0", "/dot/v1x0", None),
    ("/two/:a-:b", "/two/x-y", {"a": "x", "b": "y"}),
    ("/two/:a-:b", "/two/x-y-z", {"a": "x-y", "b": "z"}),
    ("/two/:a-:b", "/two/x", None),
    ("/esc/\\(x\\)", "/esc/(x)", {}),
    ("/esc/\\:id", "/esc/:id", {}),
    ("/all(.*)", "/all", {}),
    ("/un/(.*)", "/un/a/b", {}),
    ("/un/:all(.*)", "/un/a/b", {"all": "a/b"}),
    ("/:all*(svg|png)", "/a/b.png", {"all": ["a", "b."]}),
    ("/:path*{/}?", "/a/b/", {"path": ["a", "b"]}),
    ("/ünï", "/%C3%BCn%C3%AF", {}),
    ("/a b", "/a%20b", {}),
    ("/%7Eann", "/~ann", {}),
    ("/a%2fb", "/a%2Fb", {}),
    # Only find_spans is safe for these.
    ("/:a*/x/:b*", "/1/2/x/3", {"a": ["1", "2"], "b": ["3"]}),
    ("/:a*/x/:b*", "/x", {}),
    ("/:a*/x/:b*", "/x/x/x", {"a": ["x", "x"]}),
    ("/:a+/:b*", "/1/2/3", {"a": ["1", "2", "3"]}),
    ("/:a+/:b+", "/1/2/3", {"a": ["1", "2"], "b": ["3"]}),
    ("/:a?/:b?/:c?/:d?/:e?", "/1/2", {"a": "1", "b": "2"}),
    ("/:a?/:b?/:c?/:d?/:e?/z", "/1/z", {"a": "1"}),
    ("/:a{-:b}*", "/x-y-z", {"a": "x", "b": ["y", "z"]}),
    # `re` is not safe for these.
    ("/:a((?:x|y)+)/:b([a-z]+(?:-[a-z]+)*)", "/xyx/a-b-c", {"a": "xyx", "b": "a-b-c"}),
    ("/:a((?:x|y)+)/:b([a-z]+(?:-[a-z]+)*)", "/xyx/a-b-", None),
    ("/:a(.*)-:b(.*)", "/x-y-z", {"a": "x-y", "b": "z"}),
    ("/:p(.*)*", "/x/y", {"p": ["x", "y"]}),
    ("/:p(\\D)+", "/a/b", {"p": ["a", "b"]}),
    ("/:p(\\D)+", "/a/1", None),
    ("/:a*/:b(.*\\.png)", "/x/y/z.png", {"a": ["x", "y"], "b": "z.png"}),
    ("/:a*/:b*/:c(\\d+)", "/x/y/7", {"a": ["x", "y"], "c": "7"}),
    ("/((?!api|_next|.*\\..*).*)", "/about", {}),
    ("/((?!api|_next|.*\\..*).*)", "/a.b", None),
    ("/((?!api|_next|.*\\..*).*)", "/api/x", None),
    ("/((?!api|_next|.*\\..*).*)", f"/{'x' * 5000}", {}),
    ("/((?!api|_next|.*\\..*).*)", f"/{'x' * 5000}.y", None),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), MATCHES)
def test_match(pattern: str, path: str, expected: dict[str, Any] | None) -> None:
    assert compile_source(pattern).match(path) == expected


BAD: list[tuple[str, str]] = [
    ("a", "Write /a"),
    ("", "slash"),
    ("/a/:", "character 4 has no name"),
    ("/x/(", "character 4 has no )"),
    ("/x/()", "empty"),
    ("/x/(?!a)", "begins with ?"),
    ("/x/((a))", "capturing group at character 5"),
    ("/x/((?<n>a))", "capturing group"),
    ("/x/(a", "no )"),
    ("/x/([)", "cannot be read"),
    ("/x/(*)", "cannot be read"),
    ("/x/(ü)", "percent-encoded"),
    ("/:a:b", "nothing stands between the parameter :a"),
    ("/:a/:a", "used twice"),
    ("/{a", "no }"),
    ("/a}", "unexpected '}'"),
    ("/a{}", "empty"),
    ("/{:a-:b}", "at most one parameter"),
    ("/a*", "Write \\* for the character itself"),
    ("/a/?", "Write \\? for the character itself"),
    ("/{:a}*", "Write /:a*"),
    ("/a\\", "lone backslash"),
    # What could make matching take very long, and is not known to the machine that bounds it.
    ("/:p(a+\\b(?>x)y+)", "its regex has '(?>'"),
    ("/:p((?i:a)+)", "its regex has '(?i'"),
    ("/:p(\\1+)", "cannot be read"),
]


@pytest.mark.parametrize(("pattern", "piece"), BAD)
def test_what_is_no_pattern_is_refused_with_a_cure(pattern: str, piece: str) -> None:
    with pytest.raises(ValueError) as caught:
        compile_source(pattern)
    assert piece in str(caught.value)


@pytest.mark.parametrize("pattern", ["/:p(\\d+)*", "/:p([^/]+)*", "/:p((?!a)[a-z]+)+", "/:p((?:a|b)c{1,2})*"])
def test_a_repeated_regex_that_matches_no_slash_is_fine(pattern: str) -> None:
    compile_source(pattern)


LONG = 1200
HOSTILE_PATTERNS = [
    "/:a*",
    "/:a*/x",
    "/:a*/:b*/:c*/x",
    "/:a*/a/:b*/a/:c*/a/:d*/x",
    "/:a-:b-:c-:d-x",
    "/:a*-:b-:c-x",
    "/:a{-:b}*{-:c}*{-:d}*x",
    "/:p{a}*{a}*{a}*x",
    "/:a?/:b?/:c?/:d?/:e?/:f?/:g?/:h?/:i?/:j?/:k?/:l?/:m?/:n?/:o?/x",
    "/{a}*{aa}*{aaa}*x",
    "/:a.:b.:c.:d*x",
    "/:a+/:b+/:c+/:d+/x",
    "/:a*(svg|png)x",
    "/a{-:b}?{-:c}?",
    "/:a(\\d+)*/:b([a-z]+)x",
    # Regexes of the user's own that try many ways.
    "/:a((?:a+)+)x",
    "/:a((?:a|a)*)x",
    "/:a(.*)-:b(.*)-:c(.*)/x",
    "/:a-:b(.*)-:c(.*)-x",
    "/((?!(?:[a-z]+-?)+x).*)-x",
    "/:a((?:[^/]+/?)*)/x",
    "/:p(.*)*x",
    "/:p(a?a?a?a)*/x",
    "/:p([^a]+)+x",
    "/:a*/:b(.*)/:c(.*)x",
    "/:a*/:b*/:c(\\d+)x",
    "/a{x}*-(.*)y",
    "/:a?/:b?/:c?/:d?/:e?/:f?/:g?/:h?/:i?/:j?(x)",
]
HOSTILE_PATHS = ["{/a}", "/{a}", "/{-}", "/{a-}", "/{.}", "{/aa}!", "/{1/}"]
"""What stands in { } is repeated."""


@pytest.mark.parametrize("pattern", HOSTILE_PATTERNS)
def test_a_hostile_path_takes_linear_time(pattern: str) -> None:
    source = compile_source(pattern)
    source.match("/a" * 14)  # two ways for each segment would be many already
    for form in HOSTILE_PATHS:
        _assert_match_grows_linearly(source, form, LONG)


def _assert_match_grows_linearly(source: SourcePattern, form: str, length: int) -> None:
    before, repeated, after = re.split("[{}]", form)
    assert_grows_linearly(lambda length: partial(source.match, before + repeated * (length // len(repeated)) + after), length)


WORD = st.text("ab-.1", min_size=1, max_size=4)
SIMPLE_PARTS = st.lists(
    st.sampled_from(["/a", "/:{}", "/:{}?", "/:{}*", "/:{}+", "-:{}", ".b", "{{/:{}}}?", "{{-:{}}}*", "{{ab}}?"]), min_size=1, max_size=4
)


@given(SIMPLE_PARTS, st.lists(st.sampled_from(["/", "a", "b", "-", ".", "ab", "/a"]), max_size=12))
@example(["/:{}*", "/a", "/:{}"], ["/a", "/a", "/a"])
def test_both_ways_of_matching_agree(parts: list[str], path_parts: list[str]) -> None:
    pattern = "".join(part.format(name) for part, name in zip(parts, "pqrs", strict=False))
    path = "/" + "".join(path_parts)
    try:
        source = compile_source(pattern)
    except ValueError:
        return
    if not isinstance(source._regex, re.Pattern):
        return
    found = source._regex.fullmatch(path)
    spans = (
        None if found is None else [None if found.start(group) < 0 else found.span(group) for group in range(1, source._regex.groups + 1)]
    )
    assert find_spans(source.parts, path) == spans


SEGMENT = st.text("abcXYZ019-_~!$'()*,;:@%.", min_size=1, max_size=8).map(canonical_text)
NAMED = ["one", "two", "rest"]


@given(SEGMENT, SEGMENT, st.lists(SEGMENT, max_size=4))
def test_build_then_match_gives_the_params_back(one: str, two: str, rest: list[str]) -> None:
    params: dict[str, str | list[str]] = {"one": one, "two": two}
    if rest:
        params["rest"] = rest
    for pattern in ("/a/:one/b/:two/:rest*", "/:one/x-:two{/in/:rest}*"):
        path = "".join(part if isinstance(part, str) else _build(part, params) for part in parse_parts(pattern))
        assert compile_source(pattern).match(path) == params
    try:
        built = compile_destination("/a/:one/b/:two/:rest*", NAMED).fill(params)
    except BadRequest:
        assert any(each in (".", "..") for each in (one, two, *rest))
        return
    assert built is not None
    assert compile_source("/a/:one/b/:two/:rest*").match(built) == params


def _build(part: Param, params: dict[str, Any]) -> str:
    value = params.get(part.name or "")
    if value is None:
        return ""
    return f"{part.prefix}{part.separator.join(value) if isinstance(value, list) else value}{part.suffix}"


CANONICAL = [
    ("/a b", "/a%20b"),
    ("/é", "/%C3%A9"),
    ("/%c3%a9", "/%C3%A9"),
    ("/%61%2e%7E", "/a.~"),
    ("/%2f%25%00", "/%2F%25%00"),
    ("/%2541", "/%2541"),
    ("/%E0%A4%A", "/%E0%A4%A"),
    ("/%e0%a4%a", "/%E0%A4%a"),
    ("/%61%ff/%61", "/%61%FF/a"),
    ("/%%361/%61", "/%%361/a"),
    ("/%zz%61 b", "/%zz%61%20b"),
    ('/{"x"}', "/%7B%22x%22%7D"),
    ("/%28x%29@%40", "/(x)@@"),
]


@pytest.mark.parametrize(("text", "expected"), CANONICAL)
def test_canonical_text(text: str, expected: str) -> None:
    assert canonical_text(text) == expected


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
@example("/%%361")
@example("%#")
def test_canonical_text_is_stable(text: str) -> None:
    once = canonical_text(text)
    assert canonical_text(once) == once
    assert once.isascii()


@given(st.text("ab/%. ü-", max_size=12))
def test_every_spelling_of_a_path_has_one_canonical_text(path: str) -> None:
    escaped = "".join(each if each == "/" else "".join(f"%{byte:02x}" for byte in each.encode()) for each in path)
    assert canonical_text(escaped) == canonical_text(path.replace("%", "%25"))


LEADING = [
    ("/", (), True),
    ("/api/h/:slug", ("api", "h", None), True),
    ("/api/:path*", ("api",), False),
    ("/api/x{.html}?", ("api",), False),
    ("/api/pre-:slug", ("api", None), True),
    ("/api/:a.:b/end", ("api", None, "end"), True),
    ("/api/:id(\\d+)/x", ("api", None, "x"), True),
    ("/api/:id(\\d*)", ("api",), False),
    ("/api/:all(.*)", ("api",), False),
    ("/old/", ("old",), True),
    ("/:path*/x", (), False),
]


@pytest.mark.parametrize(("pattern", "leading", "is_whole"), LEADING)
def test_leading_segments(pattern: str, leading: tuple[str | None, ...], is_whole: bool) -> None:
    source = compile_source(pattern)
    assert (source.leading, source.is_whole) == (leading, is_whole)


# The destination, the parameters, the URL.
FILLED: list[tuple[str, dict[str, Any], str | None]] = [
    ("/b", {}, "/b"),
    ("/b/:id", {"id": "7"}, "/b/7"),
    ("/b/:id", {"id": "a%2Fb"}, "/b/a%2Fb"),
    ("/b/:path*", {"path": ["a", "b"]}, "/b/a/b"),
    ("/b/:path*", {}, "/b"),
    ("/b/:path+", {"path": ["a"]}, "/b/a"),
    ("/b/:path", {"path": ["a", "b"]}, "/b/a/b"),
    ("/b/o/:id?", {"id": "x"}, "/b/o/x"),
    ("/b/o/:id?", {}, "/b/o"),
    ("/b/num-:id", {"id": "12"}, "/b/num-12"),
    ("/b/:id(\\d+)", {"id": "12"}, "/b/12"),
    ("/b{/:id}?", {}, "/b"),
    ("/b?id=:id&fixed=1", {"id": "7"}, "/b?id=7&fixed=1"),
    ("/b?id=:id", {"id": "a&b+c%20d"}, "/b?id=a%26b%2Bc%20d"),
    ("/b?joined=:path*", {"path": ["a", "b"]}, "/b?joined=a%2Fb"),
    ("/b?time=12:30&u=https://x.example:1/", {}, "/b?time=12:30&u=https://x.example:1/"),
    # NEXTJS: a key without a value is written with one.
    ("/b?flag", {}, "/b?flag="),
    ("/b#:id", {"id": "top"}, "/b#top"),
    ("/b?a=1#:id", {"id": "top"}, "/b?a=1#top"),
    ("/日本", {}, "/%E6%97%A5%E6%9C%AC"),
    ("https://example.com", {}, "https://example.com/"),
    ("https://example.com?a=:id", {"id": "1"}, "https://example.com/?a=1"),
    ("https://example.com/x/:path*", {"path": ["a"]}, "https://example.com/x/a"),
    ("https://example.com/x/:path*", {}, "https://example.com/x"),
    ("http://127.0.0.1:4399/up/:id", {"id": "1"}, "http://127.0.0.1:4399/up/1"),
    ("https://:sub.example.com/home", {"sub": "toys"}, "https://toys.example.com/home"),
    ("https://:sub.example.com/home", {"sub": "a.b"}, "https://a.b.example.com/home"),
    # SECURITY: what is no part of a host name makes no URL.
    ("https://:sub.example.com/home", {"sub": "evil.example%2F"}, None),
    ("https://:sub.example.com/home", {"sub": "evil.example#"}, None),
    ("https://:sub.example.com/home", {"sub": "a@evil"}, None),
    ("https://:sub.example.com/home", {}, None),
    ("https://example.:tld/", {"tld": "com"}, "https://example.com/"),
    ("https://example.:tld/", {"tld": "com.evil.example"}, None),
    ("https://:host/x", {"host": "a.example"}, "https://a.example/x"),
    ("http://[::1]:8080/x", {}, "http://[::1]:8080/x"),
    ("http://[fe80::1:2]/:id", {"id": "1"}, "http://[fe80::1:2]/1"),
    ("https://my_host-1.example:65535/", {}, "https://my_host-1.example:65535/"),
    # SECURITY: nor does a path become another site.
    ("/:rest", {"rest": "/evil.example"}, "/evil.example"),
    ("/:rest", {"rest": "//evil.example"}, "/evil.example"),
]


@pytest.mark.parametrize(("text", "params", "expected"), FILLED)
def test_fill(text: str, params: dict[str, Any], expected: str | None) -> None:
    names = ("id", "path", "sub", "tld", "host", "rest")
    assert compile_destination(text, names).fill(params) == expected


@pytest.mark.parametrize("value", ["..", ".", "%2e%2E", "a/../../b"])
def test_a_value_makes_no_dot_segment(value: str) -> None:
    with pytest.raises(BadRequest):
        compile_destination("/files/:name", ["name"]).fill({"name": value})


def test_a_malformed_escape_is_refused_where_it_is_decoded() -> None:
    with pytest.raises(BadRequest):
        compile_destination("/b?id=:id", ["id"]).fill({"id": "%E0%A4%A"})
    assert compile_destination("/b/:id", ["id"]).fill({"id": "%E0%A4%A"}) == "/b/%E0%A4%A"


BAD_DESTINATIONS = [
    ("/y/:b", ":b is in neither the source nor `has`. There is :a; for a plain colon write \\:"),
    ("/y/:0", ":0 is in neither"),
    ("/y?x=:b", "%3A"),
    ("https://:b.example.com/", ":b is in neither"),
    ("y", "Write /y"),
    ("//evil.example", "two slashes"),
    ("/\\/evil.example", "two slashes"),
    ("https://", "no host"),
    ("https://münchen.example/", "Write xn--mnchen-3ya.example"),
    ("https://.ü..example/", "no name that could be written so"),
    ("https://a b.example/", "a b.example is no host"),
    ("https://a\\b.example/", "is no host"),
    ("https://[::1/", "is no host"),
    ("https://a.example:65536/", "65536 is no port"),
    ("https://me:secret@example.com/", "name and password"),
    ("/y/(\\d+)", "no name"),
]


@pytest.mark.parametrize(("text", "piece"), BAD_DESTINATIONS)
def test_destinations_that_are_refused(text: str, piece: str) -> None:
    with pytest.raises(ValueError) as caught:
        compile_destination(text, ["a"])
    assert piece in str(caught.value)


TEXTS = [
    (":slug", {"slug": "x"}, "x"),
    ("https://example.com:8080?q=:slug", {"slug": "x"}, "https://example.com:8080?q=x"),
    ("some:value* (x) {1,2} :other?", {"slug": "x"}, "some:value* (x) {1,2} :other?"),
    (":slug*-:slugs", {"slug": "a/b"}, "a/b-:slugs"),
    (":slug", {}, ""),
]


@pytest.mark.parametrize(("text", "params", "expected"), TEXTS)
def test_text_templates(text: str, params: dict[str, str], expected: str) -> None:
    assert compile_text(text, ["slug"]).fill(params) == expected


def test_no_pattern_takes_long() -> None:
    random_ = random.Random(5)
    regexes = ["\\d+", "a|b", ".*", "(?:x|y)+", "a?a?a?", "(?:a|aa)+", "[^/]*a[^/]*", "(?!.*b).*", "(?:a+/?)+", "(?=a*b)a*", "(?:.*,)*"]
    pieces = ["/a", "-", "/:{}", "-:{}", "/:{}({})", "-:{}({})", "{{/:{}({})}}", "{{-:{}({})}}", "{{a/:{}}}"]
    checked = 0
    while checked < 300:
        names = iter("pqrst")
        parts = [random_.choice(pieces).format(next(names), random_.choice(regexes)) for _ in range(random_.randint(1, 5))]
        try:
            source = compile_source("/" + "".join(part + random_.choice(["", "", "?", "*", "+"]) for part in parts))
        except ValueError:
            continue
        checked += 1
        if isinstance(source._regex, BoundedRegex):
            source._regex._short = 0  # where `re` takes over from the machine, the time makes a step
        for form in ("/{a}", "{/aa}!", "/{a-}", "{/a}!", "{/xy}/", "/{-a/}!"):
            _assert_match_grows_linearly(source, form, 250)
