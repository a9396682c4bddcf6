"""Cookies in and out."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.errors import InvalidHeader
from slugline.http.cookies import format_set_cookie, parse_cookie_header

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("field", "cookies"),
    [
        ("", {}),
        ("a=1", {"a": "1"}),
        ("nextjs=cool;", {"nextjs": "cool"}),
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("a=1;b=2", {"a": "1", "b": "2"}),
        ("  a = 1 ;   b=2  ", {"a": "1", "b": "2"}),
        ("\ta\t=\t1\t", {"a": "1"}),
        ("a=x y", {"a": "x y"}),
        ('a="quoted value"', {"a": "quoted value"}),
        ('a="unclosed', {"a": "unclose"}),
        ('a="', {"a": ""}),
        ('a=""', {"a": ""}),
        ('a= "x" ', {"a": "x"}),
        ('a="x%20y"', {"a": "x y"}),
        ("a=%22x%22", {"a": '"x"'}),
        ('a=in"side"', {"a": 'in"side"'}),
        ('a="x;y"', {"a": ""}),
        ("a=hello%20world", {"a": "hello world"}),
        ("a=%E4%B8%96", {"a": "世"}),
        ("a=%7B%22x%22%3A1%7D", {"a": '{"x":1}'}),
        ("a=%3B%3D", {"a": ";="}),
        ("a=%2541", {"a": "%41"}),
        ("a=%E0%A4%A", {"a": "%E0%A4%A"}),
        ("a=%FF; b=%41", {"a": "%FF", "b": "A"}),
        ("a=%41%zz", {"a": "%41%zz"}),
        ("a=100%", {"a": "100%"}),
        ("a=x+y", {"a": "x+y"}),
        ("%61=1", {"%61": "1"}),
        ("a=first; a=second", {"a": "first"}),
        ("a=first; a=%32", {"a": "first"}),
        ("a=; a=second", {"a": ""}),
        ("a=1; A=2", {"a": "1", "A": "2"}),
        ("a=", {"a": ""}),
        ("a=b=c==", {"a": "b=c=="}),
        ("abc", {}),
        ("abc; a=%31; def", {"a": "1"}),
        ("; ;a=1;;", {"a": "1"}),
        ("=v", {"": "v"}),
        ("=", {"": ""}),
        ("a=1, b=2", {"a": "1, b=2"}),
        ("$Version=1; a.b=1; a-b=2; a:b=4", {"$Version": "1", "a.b": "1", "a-b": "2", "a:b": "4"}),
        ("__proto__=1; constructor=2", {"__proto__": "1", "constructor": "2"}),
        ("a=Ã©", {"a": "Ã©"}),
        ("a=Ã\xa0", {"a": "Ã\xa0"}),  # the UTF-8 bytes of "à" read as Latin-1; the second is white space to str.strip
        ("a=\x85; b = %41 ", {"a": "\x85", "b": "A"}),
    ],
)
def test_reads_a_cookie_field(field: str, cookies: dict[str, str]) -> None:
    assert parse_cookie_header(field) == cookies


def test_reads_many_cookies() -> None:
    field = "; ".join(f"c{number}={number}" for number in range(2000))
    assert parse_cookie_header(field) == {f"c{number}": str(number) for number in range(2000)}


@given(st.text('a1=;% \t"\\é', max_size=30))
def test_the_short_way_and_the_long_way_agree(field: str) -> None:
    cookies = parse_cookie_header(field)
    # An escape in front makes every header take the long way.
    assert parse_cookie_header(f"long way=%41;{field}") == {"long way": "A", **cookies}


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({}, "a=1; Path=/"),
        ({"path": None}, "a=1"),
        ({"path": "/docs/x y"}, "a=1; Path=/docs/x y"),
        ({"max_age_seconds": 60}, "a=1; Max-Age=60; Path=/"),
        ({"max_age_seconds": 0}, "a=1; Max-Age=0; Path=/"),
        ({"max_age_seconds": -1}, "a=1; Max-Age=-1; Path=/"),
        ({"domain": "example.com"}, "a=1; Domain=example.com; Path=/"),
        ({"domain": ".example.com"}, "a=1; Domain=.example.com; Path=/"),
        ({"domain": "localhost"}, "a=1; Domain=localhost; Path=/"),
        ({"http_only": True}, "a=1; Path=/; HttpOnly"),
        ({"secure": True}, "a=1; Path=/; Secure"),
        ({"secure": True, "partitioned": True}, "a=1; Path=/; Secure; Partitioned"),
        ({"priority": "low"}, "a=1; Path=/; Priority=Low"),
        ({"priority": "medium"}, "a=1; Path=/; Priority=Medium"),
        ({"priority": "high"}, "a=1; Path=/; Priority=High"),
        ({"same_site": "lax"}, "a=1; Path=/; SameSite=Lax"),
        ({"same_site": "strict"}, "a=1; Path=/; SameSite=Strict"),
        ({"same_site": "none", "secure": True}, "a=1; Path=/; Secure; SameSite=None"),
        ({"expires": datetime(1970, 1, 1, tzinfo=UTC)}, "a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"),
        ({"expires": datetime(1994, 11, 6, 8, 49, 37, 999_999, tzinfo=UTC)}, "a=1; Path=/; Expires=Sun, 06 Nov 1994 08:49:37 GMT"),
        (
            {"expires": datetime(2030, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))},
            "a=1; Path=/; Expires=Mon, 31 Dec 2029 23:30:00 GMT",
        ),
        (
            {
                "same_site": "none",
                "priority": "high",
                "partitioned": True,
                "secure": True,
                "http_only": True,
                "expires": datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC),
                "path": "/x",
                "domain": "example.com",
                "max_age_seconds": 5,
            },
            (
                "a=1; Max-Age=5; Domain=example.com; Path=/x; Expires=Tue, 03 Feb 2026 04:05:06 GMT"
                "; HttpOnly; Secure; Partitioned; Priority=High; SameSite=None"
            ),
        ),
    ],
)
def test_writes_a_set_cookie_field(options: dict[str, Any], line: str) -> None:
    assert format_set_cookie("a", "1", **options) == line


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("__Host-id", {"secure": True}),
        ("__Secure-id", {"secure": True, "domain": "example.com", "path": "/x"}),
        ("__Hosting", {}),
        ("a!#$%&'*+-.^_`|~", {}),
    ],
)
def test_allows_a_name(name: str, options: dict[str, Any]) -> None:
    assert format_set_cookie(name, "1", **options).startswith(f"{name}=1; ")


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("", ""),
        ("x y", "x%20y"),
        ('{"x":1}', "%7B%22x%22%3A1%7D"),
        ("世", "%E4%B8%96"),
        ("a;b=c,d\r\n", "a%3Bb%3Dc%2Cd%0D%0A"),
        ("-_.!~*'()", "-_.!~*'()"),
    ],
)
def test_encodes_the_value(value: str, encoded: str) -> None:
    assert format_set_cookie("a", value, path=None) == f"a={encoded}"


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        (("", "1"), {}, "cookie name"),
        (("a b", "1"), {}, "cookie name"),
        (("a=b", "1"), {}, "cookie name"),
        (("a;b", "1"), {}, "cookie name"),
        (("a\r\nSet-Cookie: x", "1"), {}, "cookie name"),
        (("a\n", "1"), {}, "cookie name"),
        (("é", "1"), {}, "cookie name"),
        ((1, "1"), {}, "cookie name"),
        (("a", 1), {}, "str(value)"),
        (("a", None), {}, "str(value)"),
        (("a", b"1"), {}, "str(value)"),
        (("a", "\ud800"), {}, "surrogate"),
        (("__Host-id", "1"), {}, "__Host-"),
        (("__Host-id", "1"), {"secure": True, "path": "/x"}, "__Host-"),
        (("__Host-id", "1"), {"secure": True, "path": None}, "__Host-"),
        (("__Host-id", "1"), {"secure": True, "domain": "example.com"}, "__Host-"),
        (("__HOST-id", "1"), {}, "__Host-"),
        (("__Secure-id", "1"), {}, "__Secure-"),
        (("__secure-id", "1"), {}, "__Secure-"),
        (("a", "1"), {"same_site": "none"}, "secure=True"),
        (("a", "1"), {"partitioned": True}, "secure=True"),
        (("a", "1"), {"same_site": "Lax"}, "'lax', 'strict', 'none'"),
        (("a", "1"), {"same_site": True}, "'lax', 'strict', 'none'"),
        (("a", "1"), {"priority": "urgent"}, "'low', 'medium', 'high'"),
        (("a", "1"), {"max_age_seconds": 1.5}, "whole number"),
        (("a", "1"), {"max_age_seconds": True}, "whole number"),
        (("a", "1"), {"max_age_seconds": "60; Domain=evil.example"}, "whole number"),
        (("a", "1"), {"path": ""}, "begins with /"),
        (("a", "1"), {"path": "x"}, "begins with /"),
        (("a", "1"), {"path": "/; Domain=evil.example"}, "begins with /"),
        (("a", "1"), {"path": "/\n"}, "begins with /"),
        (("a", "1"), {"path": "/é"}, "begins with /"),
        (("a", "1"), {"domain": ""}, "host name"),
        (("a", "1"), {"domain": "example.com; Secure"}, "host name"),
        (("a", "1"), {"domain": "example..com"}, "host name"),
        (("a", "1"), {"domain": "example.com:3000"}, "host name"),
        (("a", "1"), {"domain": "https://example.com"}, "host name"),
        (("a", "1"), {"domain": "example.com\n"}, "host name"),
        (("a", "1"), {"expires": datetime(2030, 1, 1)}, "time zone"),
        (("a", "1"), {"expires": 0}, "time zone"),
        (("a", "x" * 4096), {}, "has 4097 bytes, name and encoded value together, and browsers drop one above 4096"),
        (("a", "ü" * 683), {}, "has 4099 bytes"),
    ],
)
def test_refuses_what_a_browser_would_drop_or_misread(arguments: tuple[Any, Any], options: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidHeader) as refusal:
        format_set_cookie(*arguments, **options)
    assert says in str(refusal.value)


def test_the_largest_cookie_that_browsers_keep() -> None:
    assert len(format_set_cookie("a", "x" * 4095, path="/a/long/path", secure=True)) > 4096


@given(NAMES, TEXTS)
def test_what_was_written_is_read_back(name: str, value: str) -> None:
    line = format_set_cookie(name, value, path=None)
    assert parse_cookie_header(line) == {name: value}
    assert line.isascii()
    assert line.isprintable()
