"""What a request must be before anything looks at it."""

import pytest

from slugline.errors import BadRequest, RequestError
from slugline.http.request import Request
from slugline.runtime.request_checks import METHODS, check_request


def check(method="GET", fields=((b"host", b"example.com"),), version="1.1"):
    check_request(Request(method, b"/api/x", b"", list(fields), {"http_version": version}))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_that_node_reads_passes(method):
    check(method)


@pytest.mark.parametrize("method", ["CONNECT", "FOO", "get", "Get", "", "GET ", "GETX", "PRI", "G\0T"])
def test_any_other_method_is_refused(method):
    with pytest.raises(BadRequest):
        check(method)


@pytest.mark.parametrize(
    "host",
    [
        b"example.com",
        b"example.com:8000",
        b"EXAMPLE.com.",
        b"127.0.0.1",
        b"[::1]:3000",
        b"[fe80::1.2.3.4]",
        b"a_b",
        b"localhost:",
        b"xn--bcher-kva.example",
        b"a%20b",
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1", "2"])
def test_a_host_passes(host, version):
    check(fields=[(b"host", host)], version=version)


@pytest.mark.parametrize(
    "host",
    [
        b"a b",
        b"a/b",
        b"a?b",
        b"a#b",
        b"user@host",
        b"a:b",
        b"a:123456",
        b"[::1",
        b"::1",
        b"[::1]x",
        b"[zz]",
        b"a\\b",
        b"<a>",
        b"\xff",
        b"a\n",
        b'"a"',
        b":80",
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1", "2"])
def test_what_is_no_host_is_refused(host, version):
    with pytest.raises(BadRequest):
        check(fields=[(b"host", host)], version=version)


HOSTLESS = {
    "1.1 without": ("1.1", [], False),
    "1.1 with an empty one": ("1.1", [(b"host", b"")], False),
    "1.1 with two": ("1.1", [(b"host", b"a"), (b"host", b"b")], False),
    "1.1 with the same twice": ("1.1", [(b"host", b"a"), (b"host", b"a")], False),
    "1.0 without": ("1.0", [], True),
    "1.0 with an empty one": ("1.0", [(b"host", b"")], True),
    "1 with an empty one": ("1", [(b"host", b"")], True),
    "2 without": ("2", [], True),
}


@pytest.mark.parametrize(("version", "fields", "passes"), HOSTLESS.values(), ids=HOSTLESS)
def test_one_host_is_required_by_http_1_1(version, fields, passes):
    if passes:
        check(fields=fields, version=version)
        return
    with pytest.raises(BadRequest):
        check(fields=fields, version=version)


FRAMINGS = {
    "a length": ([(b"content-length", b"5")], None),
    "chunked": ([(b"transfer-encoding", b"chunked")], None),
    "chunked in capitals": ([(b"transfer-encoding", b"Chunked")], None),
    "both": ([(b"transfer-encoding", b"chunked"), (b"content-length", b"5")], 400),
    "gzip": ([(b"transfer-encoding", b"gzip, chunked")], 501),
    "identity": ([(b"transfer-encoding", b"identity")], 501),
    "chunked twice": ([(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")], 501),
    "empty": ([(b"transfer-encoding", b"")], 501),
}


@pytest.mark.parametrize(("fields", "status"), FRAMINGS.values(), ids=FRAMINGS)
def test_framing_that_can_be_read_in_two_ways_is_refused(fields, status):
    fields = [(b"host", b"a"), *fields]
    if status is None:
        check("POST", fields)
        return
    with pytest.raises(RequestError) as caught:
        check("POST", fields)
    assert caught.value.status == status
