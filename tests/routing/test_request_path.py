"""Which paths are refused, and where the redirects of slashes lead."""

import re
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.errors import BadRequest
from slugline.http.url import encode_location
from slugline.routing.request_path import find_end_redirect, find_slash_redirect, read_path

GOOD = [
    b"/",
    b"/api/hello",
    b"/api/hello/",
    b"//api",
    b"/api//hello",
    b"/api/a%2Fb",
    b"/api/%E6%97%A5",
    b"/api/a.b",
    b"/api/.well-known",
    b"/api/...",
    b"/api/..a",
    b"/api/a..",
    b"/api/a%2e",
    b"/api/%2e%2e%2e",
    b"/api/$x_~-!'()*+,;=:@&",
    b"/api\\hello",
    b"/api/%",
    b"/api/[id]",
    b'/api/"<>',
    b"/api/%0d%0a",
]

BAD = [
    b"",
    b"*",
    b"api",
    b"http://host/api",
    b"example.com:443",
    b"/api/ hello",
    b"/api/\t",
    b"/api/\x00",
    b"/api/\x7f",
    b"/api/\r\nx",
    b"/api/\xc3\xbc",
    b"/api/\xff",
    b"/.",
    b"/..",
    b"/api/./x",
    b"/api/../x",
    b"/api/..",
    b"/api/../",
    b"/api/%2e/x",
    b"/api/%2E%2e/x",
    b"/api/.%2e/x",
    b"/api/%2e.",
    b"/api\\..\\x",
    b"/api/..\\x",
    b"/api\\.%2e",
    b"/%00",
    b"/api/a%00b",
]


@pytest.mark.parametrize("raw", GOOD)
def test_a_path_is_given_as_it_was_sent(raw):
    assert read_path(raw) == raw.decode()


@pytest.mark.parametrize("raw", BAD)
def test_what_is_no_path_is_refused(raw):
    with pytest.raises(BadRequest):
        read_path(raw)


REDIRECTS = {
    "nothing to do": ("/api/hello", "a=1", None),
    "the root": ("/", "", None),
    "a slash at the end": ("/api/hello/", "", "/api/hello"),
    "a slash at the end and a query": ("/api/hello/", "a=x+y&b", "/api/hello?a=x%20y&b="),
    "repeated slashes": ("/api//hello", "", "/api/hello"),
    "many": ("/api////hello", "", "/api/hello"),
    "the query as it was sent": ("/api//hello", "a=x+y&b=//", "/api/hello?a=x+y&b=//"),
    "at the start": ("//evil.example/x", "", "/evil.example/x"),
    "backslashes": ("/api\\hello", "", "/api/hello"),
    "a backslash at the start": ("/\\evil.example", "", "/evil.example"),
    "a mixture": ("/\\/\\evil.example", "", "/evil.example"),
    "both, one hop each": ("/api/hello//", "a=1", "/api/hello/?a=1"),
    "slashes alone": ("///", "", "/"),
    "escaped slashes are no slashes": ("/api/%2F%2Fx", "", None),
    "slashes of the query are no slashes": ("/api", "a=//x", None),
}


@pytest.mark.parametrize(("path", "query", "location"), REDIRECTS.values(), ids=REDIRECTS)
def test_where_slashes_lead(path, query, location):
    assert find_slash_redirect(path, query) == location


# Pieces of paths that have led astray before, among any bytes at all.
RAW_PATHS = st.one_of(
    st.binary(max_size=30).map(lambda tail: b"/" + tail),
    st.binary(max_size=30),
    st.lists(
        st.sampled_from(
            [b"/", b"//", b"\\", b".", b"..", b"%2e", b"%2E", b"%00", b"%5c", b"%2f", b"evil.example", b"a", b":", b"@", b"?", b"#"]
        ),
        max_size=10,
    ).map(lambda parts: b"/" + b"".join(parts)),
)


def read(raw):
    try:
        return read_path(raw)
    except BadRequest:
        return None


@given(RAW_PATHS)
def test_no_path_that_passes_holds_a_nul_or_a_dot_segment(raw):
    path = read(raw)
    if path is None:
        return
    assert path.encode("ascii") == raw
    assert path.startswith("/")
    decoded = unquote_to_bytes(path)
    assert b"\0" not in decoded
    # Once more with what is decoded inside a segment, since someone below may split late.
    for segment in re.split(r"[/\\]", path):
        assert unquote_to_bytes(segment) not in (b".", b"..")


@given(RAW_PATHS, st.sampled_from(["", "a=1", "a=x+y", "//evil.example", "next=https://evil.example/", "%", "&&", "a=%5C"]))
def test_redirects_end_soon_and_never_leave_the_host(raw, query):
    path = read(raw)
    if path is None or "?" in path or "#" in path:  # a server ends the path there
        return
    for _hop in range(3):
        target = find_slash_redirect(path, query)
        if target is None:
            break
        location = encode_location(target)
        # As a browser reads it: a backslash is a slash, two of them begin a host.
        assert re.match(r"/(?![/\\])", location), location
        assert urlsplit(urljoin("http://own.example/any/where", location)).netloc == "own.example"
        path, _, query = location.partition("?")
        again = read(path.encode())
        assert again is not None, "a redirect led to a path that is refused"
        path = again
    assert find_slash_redirect(path, query) is None


# The path, the base path, where it leads with `trailing_slash`.
ENDS = [
    ("/", "", None),
    ("/a", "", "/a/"),
    ("/a/", "", None),
    ("/a.b", "", None),
    ("/a.b/", "", "/a.b"),
    ("/a.b/c", "", "/a.b/c/"),
    ("/.well-known/x", "", None),
    ("/.well-known/x/", "", None),
    ("/docs", "/docs", "/docs/"),
    ("/docs/", "/docs", None),
    ("/v1.0", "/v1.0", "/v1.0/"),
    ("/v1.0/a", "/v1.0", "/v1.0/a/"),
    ("/other", "/docs", "/other/"),
    ("/.well-known/x", "/docs", None),
    # As in Next.js: only the root of a host has one (RFC 8615).
    ("/docs/.well-known/x", "/docs", "/docs/.well-known/x/"),
]


@pytest.mark.parametrize(("path", "base_path", "location"), ENDS)
def test_where_a_path_leads_that_has_to_end_in_a_slash(path, base_path, location):
    assert find_end_redirect(path, "", trailing_slash=True, base_path=base_path) == location
    if location is not None:
        assert find_end_redirect(path, "a=b", trailing_slash=True, base_path=base_path) == f"{location}?a=b"
        assert find_end_redirect(location, "", trailing_slash=True, base_path=base_path) is None
