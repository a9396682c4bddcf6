"""Requests that no handler may see; some of them the server below refuses already."""

import json

import pytest

from behaviour.conftest import FindSite
from behaviour.sites import ServerSite
from slugline.commands.start import HEADER_BUFFER_BYTES

HOST = b"Host: localhost\r\n"


def get(target: bytes, fields: bytes = HOST, method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    return b"%s %s HTTP/%s\r\n%s\r\n" % (method, target, version, fields)


def post(framing: bytes, body: bytes) -> bytes:
    return get(b"/api/count", HOST + framing, b"POST") + body


BAD_HOSTS = [
    b"",
    b" ",
    b"a b",
    b"a@evil",
    b"a@evil/../b",
    b"a/b",
    b"a?b",
    b"a#b",
    b"a\\b",
    b"a:b",
    b"a:80:80",
    b"a:123456",
    b"[::1",
    b"[zz]",
    b"::1",
    b"a,b",
    b"<a>",
    b'"a"',
    b"a\tb",
    b"\xc3\xa4.de",
    b"http://a",
]

REFUSED = {
    **{f"host {host!r}": get(b"/api/count", b"Host: " + host + b"\r\n") for host in BAD_HOSTS if host != b"a,b"},
    "no host": get(b"/api/count", b""),
    "two hosts": get(b"/api/count", HOST + b"Host: other\r\n"),
    "the same host twice": get(b"/api/count", HOST + HOST),
    "CONNECT": get(b"localhost:80", method=b"CONNECT"),
    "CONNECT a path": get(b"/api/count", method=b"CONNECT"),
    "a method that is none": get(b"/api/count", method=b"FROBNICATE"),
    "a method in lower case": get(b"/api/count", method=b"get"),
    "a method of 10,000 letters": get(b"/api/count", method=b"G" * 10000),
    "encoded NUL": get(b"/api/count/a%00b"),
    "raw NUL": get(b"/api/count/a\0b"),
    **{f"control character {byte:#x}": get(b"/api/count/a%cb" % byte) for byte in (1, 8, 0x0B, 0x0C, 0x1B, 0x1F, 0x7F)},
    "raw non-ASCII": get("/api/count/ä".encode()),
    "raw Latin-1": get(b"/api/count/\xe4"),
    "no slash in front": get(b"api/count"),
    "star": get(b"*"),
    **{
        f"dot segment {segment.decode()}": get(b"/api/count/a/%s/b" % segment)
        for segment in (b".", b"..", b"%2e", b"%2E", b"%2e%2e", b"%2E%2e", b".%2e", b"%2e.")
    },
    "dot segment at the end": get(b"/api/count/.."),
    "dot segment at the start": get(b"/../api/count"),
    "dot segment by backslash": get(b"/api/count\\..\\b"),
    "unknown coding": post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
    "coding before chunked": post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
    "identity coding": post(b"Transfer-Encoding: identity, chunked\r\n", b"0\r\n\r\n"),
    "coding twice": post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    "two lengths": post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello!"),
    "length with a sign": post(b"Content-Length: +5\r\n", b"hello"),
    "negative length": post(b"Content-Length: -1\r\n", b""),
    "length in hexadecimal": post(b"Content-Length: 0x5\r\n", b"hello"),
    "space before the colon": get(b"/api/count", HOST + b"X-A : b\r\n"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_any_handler(server: ServerSite, case: str) -> None:
    runs = count_runs(server)
    answer = server.wire.exchange(REFUSED[case])
    assert answer is None or answer.status in ({400, 501} if "coding" in case else {400})
    assert count_runs(server) == runs + 1  # the asking itself
    assert answer is None or b"slugline" not in answer.body.lower()


def count_runs(server: ServerSite) -> int:
    """Ask how often the handler has run, which is a run."""
    run: int = json.loads(server.ask("/api/count").body)["run"]
    return run


def test_length_beside_a_coding_smuggles_nothing(server: ServerSite) -> None:
    """Granian takes the length away before anybody sees it, reads by the coding and closes, as RFC 9112 section 6.1 allows."""
    smuggled = get(b"/api/hello")
    with server.wire.connect() as connection:
        connection.send(post(b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % (5 + len(smuggled)), b"0\r\n\r\n") + smuggled)
        answer = connection.read_answer()
        assert answer.status == 400 or b'"run"' in answer.body
        assert connection.read_to_end() == b""


TAKEN = {
    "a name": get(b"/api/count", b"Host: a-b.example\r\n"),
    "a port": get(b"/api/count", b"Host: localhost:3000\r\n"),
    "an address": get(b"/api/count", b"Host: 127.0.0.1:80\r\n"),
    "IPv6": get(b"/api/count", b"Host: [::1]:80\r\n"),
    "HTTP/1.0 without a host": get(b"/api/count", b"", version=b"1.0"),
    "dots in a name": get(b"/api/count/..a/b..c/..."),
    "encoded slash": get(b"/api/count/a%2Fb"),
}


@pytest.mark.parametrize("case", TAKEN)
def test_taken(server: ServerSite, case: str) -> None:
    answer = server.wire.exchange(TAKEN[case])
    assert answer is not None
    assert answer.status == 200


def test_options_for_the_server_as_a_whole(server: ServerSite) -> None:
    answer = server.wire.exchange(get(b"*", method=b"OPTIONS"))
    assert answer is not None
    assert answer.status == 204


LARGE_HEADS = {
    "a long field": get(b"/api/count", HOST + b"X-Long: %s\r\n" % (b"a" * 2 * HEADER_BUFFER_BYTES)),
    "a long path": get(b"/api/count?%s" % (b"a" * 2 * HEADER_BUFFER_BYTES)),
    "many fields": get(b"/api/count", HOST + b"".join(b"X-%d: 1\r\n" % number for number in range(100))),
}


@pytest.mark.parametrize("case", LARGE_HEADS)
def test_large_head(find_site: FindSite, case: str) -> None:
    granian: ServerSite = find_site("granian")  # what `slugline start` sets; uvicorn takes any
    answer = granian.wire.exchange(LARGE_HEADS[case])
    assert answer is not None
    assert answer.status == 431
    assert granian.ask("/api/hello").status == 200


def test_many_fields_below_the_limit(find_site: FindSite) -> None:
    granian: ServerSite = find_site("granian")
    fields = HOST + b"".join(b"X-%d: 1\r\n" % number for number in range(99))
    answer = granian.wire.exchange(get(b"/api/count", fields))
    assert answer is not None
    assert answer.status == 200
