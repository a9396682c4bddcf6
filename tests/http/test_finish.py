"""Last touches: tables of SPEC-like rows, and the fast way against the general one."""

import itertools
import zlib

import pytest

from slugline.errors import InvalidHeader
from slugline.http.etag import make_etag
from slugline.http.finish import finish_head, finish_whole
from slugline.http.request import Request
from slugline.http.response import Response

LONG_TEXT = "lorem ipsum dolor sit amet " * 60
LONG = {"text": LONG_TEXT}


def finish(answer, *, method="GET", compress=True, sent=None):
    """Give status, fields and body of what `answer` did to a response, for a request with the fields in `sent`."""
    request = ask(method, sent)
    response = Response(request)
    answer(response)
    return finish_whole(request, response, compress=compress)


def head(answer, *, length=None, method="GET", compress=True, sent=None):
    request = ask(method, sent)
    response = Response(request)
    answer(response)
    return finish_head(request, response, compress=compress, length=length)


def ask(method="GET", sent=None):
    return Request(method, b"/api/x", b"", [(name.encode(), value.encode("latin-1")) for name, value in (sent or {}).items()])


def get(fields, name):
    found = [value.decode("latin-1") for field, value in fields if field == name.encode()]
    assert len(found) <= 1, f"{name} was written {len(found)} times"
    return found[0] if found else None


def json_of(value, **fields):
    def answer(response):
        for name, text in fields.items():
            response.set_header(name.replace("_", "-"), text)
        response.json(value)

    return answer


def unpack(encoding, body):
    return zlib.decompress(body, wbits=31 if encoding == "gzip" else 15)


# The fast way and the general one


VALUES = [None, {}, {"text": "hello"}, [1, "é"], "x" * 1015, "x" * 1021, "x" * 1022, LONG]
METHODS = ["GET", "HEAD", "POST", "DELETE", "OPTIONS"]
STATUSES = [200, 201, 204, 205, 301, 304, 404, 500]
REQUESTS = [
    {},
    {"accept-encoding": "gzip"},
    {"if-none-match": "*"},
    {"if-none-match": '"other"'},
    {"if-none-match": "OWN"},
    {"if-none-match": "W/OWN"},
    {"if-none-match": "OWN", "cache-control": "no-cache"},
    {"if-none-match": "OWN", "cache-control": "max-age=0", "accept-encoding": "gzip"},
]


def test_the_fast_way_gives_what_the_general_way_gives():
    seen_statuses = set()
    for value, method, status, sent, compress in itertools.product(VALUES, METHODS, STATUSES, REQUESTS, [True, False]):
        fast, general = Response(ask()), Response(ask())
        fast.status(status).json(value)
        general.status(status).json(value)
        general._fields = {}  # nothing set, but not known to be so
        own = make_etag(fast._body)
        request = ask(method, {name: text.replace("OWN", own) for name, text in sent.items()})
        answer = finish_whole(request, fast, compress=compress)
        assert answer == finish_whole(request, general, compress=compress), (value, method, status, sent, compress)
        seen_statuses.add(answer[0])
    assert seen_statuses == set(STATUSES)


def test_a_small_json_answer_in_full():
    body = b'{"text":"hello"}'
    fields = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"etag", make_etag(body).encode()),
        (b"vary", b"Accept-Encoding"),
        (b"content-length", b"16"),
    ]
    assert finish(json_of({"text": "hello"})) == (200, fields, body)
    assert finish(json_of({"text": "hello"}), method="HEAD") == (200, fields, b"")


# What each helper's answer looks like: type, whether there is a tag, body


HELPERS = {
    "send nothing": (lambda res: res.send(), None, False, b""),
    "send None": (lambda res: res.status(201).send(None), None, False, b""),
    "send a dict": (lambda res: res.send({"a": 1}), "application/json; charset=utf-8", True, b'{"a":1}'),
    "send a list": (lambda res: res.send([1]), "application/json; charset=utf-8", True, b"[1]"),
    "send a number": (lambda res: res.send(5), "application/json; charset=utf-8", True, b"5"),
    "send a truth": (lambda res: res.send(False), "application/json; charset=utf-8", True, b"false"),
    "send a dict over an earlier type": (
        lambda res: res.set_header("content-type", "text/x").send({}),
        "application/json; charset=utf-8",
        True,
        b"{}",
    ),
    "send text": (lambda res: res.send("hé"), "text/plain; charset=utf-8", True, "hé".encode()),
    "send empty text": (lambda res: res.send(""), "text/plain; charset=utf-8", True, b""),
    "send html": (lambda res: res.set_header("content-type", "text/html").send("<p>"), "text/html", True, b"<p>"),
    "send bytes": (lambda res: res.send(b"\xff"), "application/octet-stream", True, b"\xff"),
    "send typed bytes": (lambda res: res.set_header("content-type", "image/png").send(b"\xff"), "image/png", True, b"\xff"),
    "send no bytes": (lambda res: res.send(b""), "application/octet-stream", True, b""),
    "json null": (lambda res: res.json(None), "application/json; charset=utf-8", True, b"null"),
    "json text": (lambda res: res.json("</é\u2028"), "application/json; charset=utf-8", True, '"</é\u2028"'.encode()),
    "json keeps a type": (lambda res: res.set_header("content-type", "application/ld+json").json({}), "application/ld+json", True, b"{}"),
    "redirect": (lambda res: res.redirect("/x"), "text/plain; charset=utf-8", False, b"/x"),
    "end": (lambda res: res.end(), None, False, b""),
    "end with text": (lambda res: res.end("a"), "text/plain; charset=utf-8", False, b"a"),
    "end with bytes": (lambda res: res.end(b"a"), "application/octet-stream", False, b"a"),
    "a type in two lines": (lambda res: res.set_header("content-type", ["text/a", "text/b"]).send("a"), "text/a", True, b"a"),
}


@pytest.mark.parametrize(("answer", "content_type", "tagged", "expected"), HELPERS.values(), ids=HELPERS)
@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_what_each_helper_answers(answer, content_type, tagged, expected, compress, method):
    _status, fields, body = finish(answer, compress=compress, method=method)
    assert get(fields, "content-type") == content_type
    assert get(fields, "etag") == (make_etag(expected) if tagged else None)
    assert get(fields, "content-length") == str(len(expected))
    assert body == (b"" if method == "HEAD" else expected)
    assert get(fields, "content-encoding") is None


@pytest.mark.parametrize("status", [204, 205, 304])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    "answer",
    [
        lambda res: res.json({"a": 1}),
        lambda res: res.send("text"),
        lambda res: res.send(b"x"),
        lambda res: res.send(),
        lambda res: res.end("x"),
    ],
)
def test_a_status_without_a_body_has_no_fields_of_one(status, method, answer):
    def act(response):
        response.status(status).set_header("content-length", 99).set_header("content-type", "text/x").set_header("content-encoding", "br")
        answer(response.set_header("x-one", ["a", "b"]).set_cookie("a", "1"))

    found, fields, body = finish(act, method=method, sent={"if-none-match": "*", "accept-encoding": "gzip"})
    assert found == status
    assert body == b""
    own = [(b"x-one", b"a"), (b"x-one", b"b"), (b"set-cookie", b"a=1; Path=/")]
    assert fields == ([(b"content-length", b"0"), *own] if status == 205 else own)


def test_an_answer_of_304_by_hand_may_name_its_tag():
    assert finish(lambda res: res.status(304).set_header("etag", '"1"').end())[1] == [(b"etag", b'"1"')]


def test_own_fields_are_sent_one_line_each():
    _, fields, _ = finish(json_of({}, x_one=["a", "b"], x_two="é"))
    assert [field for field in fields if field[0].startswith(b"x-")] == [(b"x-one", b"a"), (b"x-one", b"b"), (b"x-two", b"\xe9")]


@pytest.mark.parametrize("length", [7, "7"])
def test_a_right_content_length_is_written_once(length):
    assert get(finish(json_of({"a": 1}, content_length=length))[1], "content-length") == "7"


@pytest.mark.parametrize("length", [0, 6, "8", "7 ", "07", "abc", "+7", ["7", "7"], -7])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_wrong_content_length_is_an_error(length, method):
    with pytest.raises(InvalidHeader, match="its body has 7 bytes"):
        finish(json_of({"a": 1}, content_length=length), method=method)


def test_an_answer_to_head_may_say_the_length_without_the_body():
    _, fields, body = finish(lambda res: res.set_header("content-length", 1234).end(), method="HEAD")
    assert (get(fields, "content-length"), body) == ("1234", b"")
    with pytest.raises(InvalidHeader):
        finish(lambda res: res.set_header("content-length", 1234).end())


# Tags and conditional requests


TAG = make_etag(b'{"v":1}')
CONDITIONS = {
    # name: what the client sends, the status
    "no tag": ({}, 200),
    "the tag": ({"if-none-match": TAG}, 304),
    "weak": ({"if-none-match": f"W/{TAG}"}, 304),
    "in a list": ({"if-none-match": f'"a", {TAG}, "b"'}, 304),
    "in a list without spaces": ({"if-none-match": f'"a",{TAG},"b"'}, 304),
    "any": ({"if-none-match": "*"}, 304),
    "another": ({"if-none-match": '"other"'}, 200),
    "without quotes": ({"if-none-match": TAG.strip('"')}, 200),
    "empty": ({"if-none-match": ""}, 200),
    "reload": ({"if-none-match": TAG, "cache-control": "no-cache"}, 200),
    "reload in capitals": ({"if-none-match": TAG, "cache-control": "max-age=0, No-Cache"}, 200),
    "max-age=0 is no reload": ({"if-none-match": TAG, "cache-control": "max-age=0"}, 304),
    "a date does not override it": ({"if-none-match": TAG, "if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 304),
    "a date alone": ({"if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200),
    "if-match is not looked at": ({"if-match": '"other"'}, 200),
}


@pytest.mark.parametrize(("sent", "status"), CONDITIONS.values(), ids=CONDITIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("own", [{}, {"x-own": "a"}], ids=["fast", "general"])
def test_a_client_that_holds_the_body_is_told_so(sent, status, method, own):
    def answer(response):
        for name, value in own.items():
            response.set_header(name, value)
        response.json({"v": 1})

    found, fields, body = finish(answer, method=method, sent=sent)
    assert found == status
    assert get(fields, "etag") == TAG
    assert get(fields, "content-type") == "application/json; charset=utf-8"
    assert get(fields, "vary") == "Accept-Encoding"
    assert get(fields, "x-own") == own.get("x-own")
    assert get(fields, "content-length") == (None if status == 304 else "7")
    assert body == (b"" if status == 304 or method == "HEAD" else b'{"v":1}')


def test_304_keeps_what_caches_and_browsers_need():
    status, fields, body = finish(
        json_of({"v": 1}, cache_control="no-store", set_cookie=["a=1", "b=2"], x_own="x"), sent={"if-none-match": TAG}
    )
    assert (status, body) == (304, b"")
    assert {name for name, _ in fields} == {b"content-type", b"etag", b"vary", b"cache-control", b"set-cookie", b"x-own"}
    assert [value for name, value in fields if name == b"set-cookie"] == [b"a=1", b"b=2"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_get_and_head_are_answered_with_304(method):
    assert finish(json_of({"v": 1}), method=method, sent={"if-none-match": "*"})[0] == 200


@pytest.mark.parametrize("status", [201, 202, 301, 404, 500])
def test_only_200_becomes_304(status):
    assert finish(lambda res: res.status(status).json({"v": 1}), sent={"if-none-match": "*"})[0] == status


@pytest.mark.parametrize("own", ['"mine"', 'W/"mine"', ['"mine"', '"other"']])
def test_a_tag_of_the_handler_stands_and_takes_part(own):
    first = own if isinstance(own, str) else own[0]
    assert get(finish(json_of({}, etag=own))[1], "etag") == first
    assert finish(json_of({}, etag=own), sent={"if-none-match": '"mine"'})[0] == 304
    assert finish(lambda res: res.set_header("etag", own).end("x"), sent={"if-none-match": '"mine"'})[0] == 304


# Compression


COMPRESSED = {
    # name: answer, what the client accepts, the coding
    "JSON": (json_of(LONG), "gzip", "gzip"),
    "among others": (json_of(LONG), "br, gzip, deflate", "gzip"),
    "deflate": (json_of(LONG), "deflate", "deflate"),
    "anything": (json_of(LONG), "*", "gzip"),
    "typed text": (lambda res: res.set_header("content-type", "text/html").send(LONG_TEXT), "gzip", "gzip"),
    "an error": (lambda res: res.status(404).json(LONG), "gzip", "gzip"),
    "identity set by hand": (json_of(LONG, content_encoding="identity"), "gzip", "gzip"),
    "exactly enough": (lambda res: res.set_header("content-type", "text/plain").send("x" * 1024), "gzip", "gzip"),
    "too little": (lambda res: res.set_header("content-type", "text/plain").send("x" * 1023), "gzip", None),
    "nothing accepted": (json_of(LONG), "", None),
    "brotli alone": (json_of(LONG), "br", None),
    "refused": (json_of(LONG), "gzip;q=0", None),
    "binary": (lambda res: res.send(b"x" * 2000), "gzip", None),
    "a picture": (lambda res: res.set_header("content-type", "image/png").send(b"x" * 2000), "gzip", None),
    "text without a type": (lambda res: res.send(LONG_TEXT), "gzip", None),
    "no-transform": (json_of(LONG, cache_control="public, No-Transform"), "gzip", None),
    "encoded already": (json_of(LONG, content_encoding="br"), "gzip", None),
}


@pytest.mark.parametrize(("answer", "accepted", "encoding"), COMPRESSED.values(), ids=COMPRESSED)
def test_what_is_compressed(answer, accepted, encoding):
    _, plain_fields, plain = finish(answer, compress=False)
    status, fields, body = finish(answer, sent={"accept-encoding": accepted})
    assert get(plain_fields, "content-length") == str(len(plain))
    assert get(plain_fields, "vary") is None
    assert get(fields, "content-length") == str(len(body))
    if encoding is None:
        assert body == plain
        assert get(fields, "etag") == get(plain_fields, "etag")
        assert get(fields, "content-encoding") == get(plain_fields, "content-encoding")
        return
    assert get(fields, "content-encoding") == encoding
    assert unpack(encoding, body) == plain
    assert len(body) < len(plain)
    # One strong tag for each coding, and a client that holds either is told so.
    tags = [get(fields, "etag"), get(plain_fields, "etag")]
    assert tags[0] != tags[1]
    assert get(fields, "vary") == "Accept-Encoding"
    if status == 200:
        for tag in tags:
            again, kept, _ = finish(answer, sent={"accept-encoding": accepted, "if-none-match": tag})
            assert (again, get(kept, "etag"), get(kept, "content-encoding")) == (304, tags[0], None)


def test_head_is_never_compressed():
    _, fields, body = finish(json_of(LONG), method="HEAD", sent={"accept-encoding": "gzip"})
    assert body == b""
    assert get(fields, "content-encoding") is None
    assert get(fields, "content-length") == str(len(finish(json_of(LONG))[2]))


VARIES = {
    "small": (json_of({}), "Accept-Encoding"),
    "large": (json_of(LONG), "Accept-Encoding"),
    "text with a type": (lambda res: res.set_header("content-type", "text/css").send("a"), "Accept-Encoding"),
    "added to another": (json_of({}, vary="Origin"), "Origin, Accept-Encoding"),
    "added to several": (json_of({}, vary=["Origin", "X-One"]), "Origin, X-One, Accept-Encoding"),
    "there already": (json_of({}, vary="accept-encoding, Origin"), "accept-encoding, Origin"),
    "a star": (json_of({}, vary="*"), "*"),
    "no-transform": (json_of({}, cache_control="no-transform"), None),
    "no-transform and another": (json_of({}, cache_control="no-transform", vary="Origin"), "Origin"),
    "binary": (lambda res: res.send(b"a"), None),
    "text without a type": (lambda res: res.send("a"), None),
    "nothing": (lambda res: res.send(), None),
}


@pytest.mark.parametrize(("answer", "vary"), VARIES.values(), ids=VARIES)
def test_vary_says_what_another_client_could_get(answer, vary):
    assert get(finish(answer)[1], "vary") == vary
    assert get(finish(answer, sent={"accept-encoding": "gzip"})[1], "vary") == vary


# The head of an answer in parts


def csv(response):
    response.set_header("content-type", "text/csv")


HEADS = {
    "unknown length": (csv, {"length": None}, {b"content-type": b"text/csv", b"vary": b"Accept-Encoding"}, None),
    "known length": (csv, {"length": 7}, {b"content-type": b"text/csv", b"content-length": b"7", b"vary": b"Accept-Encoding"}, None),
    "compressed": (
        csv,
        {"length": None, "sent": {"accept-encoding": "gzip"}},
        {b"content-type": b"text/csv", b"content-encoding": b"gzip", b"vary": b"Accept-Encoding"},
        "gzip",
    ),
    "compressed, so the length is gone": (
        csv,
        {"length": 5000, "sent": {"accept-encoding": "gzip"}},
        {b"content-type": b"text/csv", b"content-encoding": b"gzip", b"vary": b"Accept-Encoding"},
        "gzip",
    ),
    "too little": (
        csv,
        {"length": 10, "sent": {"accept-encoding": "gzip"}},
        {b"content-type": b"text/csv", b"content-length": b"10", b"vary": b"Accept-Encoding"},
        None,
    ),
    "not compressed at all": (
        csv,
        {"length": None, "compress": False, "sent": {"accept-encoding": "gzip"}},
        {b"content-type": b"text/csv"},
        None,
    ),
    "head": (
        csv,
        {"length": 5000, "method": "HEAD", "sent": {"accept-encoding": "gzip"}},
        {b"content-type": b"text/csv", b"content-length": b"5000", b"vary": b"Accept-Encoding"},
        None,
    ),
    "events": (
        lambda res: res.set_header("content-type", "text/event-stream").set_header("cache-control", "no-transform"),
        {"length": None, "sent": {"accept-encoding": "gzip"}},
        {b"content-type": b"text/event-stream", b"cache-control": b"no-transform"},
        None,
    ),
    "a length set by hand": (
        lambda res: csv(res.set_header("content-length", 7)),
        {"length": 7, "compress": False},
        {b"content-type": b"text/csv", b"content-length": b"7"},
        None,
    ),
    "a tag set by hand": (
        lambda res: csv(res.set_header("etag", '"1"')),
        {"length": None, "compress": False},
        {b"content-type": b"text/csv", b"etag": b'"1"'},
        None,
    ),
    "tags set by hand": (
        lambda res: csv(res.set_header("etag", ['"1"', '"2"'])),
        {"length": None, "compress": False},
        {b"content-type": b"text/csv", b"etag": b'"1"'},
        None,
    ),
    "a tag of something encoded": (
        lambda res: csv(res.set_header("etag", '"1"')),
        {"length": None, "sent": {"accept-encoding": "gzip"}},
        {b"content-type": b"text/csv", b"content-encoding": b"gzip", b"etag": b'"1-gzip"', b"vary": b"Accept-Encoding"},
        "gzip",
    ),
    "a part is not compressed": (
        lambda res: csv(res.status(206).set_header("content-range", "bytes 0-4999/9000")),
        {"length": 5000, "compress": True, "sent": {"accept-encoding": "gzip"}},
        {b"content-type": b"text/csv", b"content-length": b"5000", b"content-range": b"bytes 0-4999/9000", b"vary": b"Accept-Encoding"},
        None,
    ),
    "nothing set": (lambda res: None, {"length": None}, {}, None),
    "204": (lambda res: csv(res.status(204)), {"length": 5, "sent": {"accept-encoding": "gzip"}}, {}, None),
    "304": (lambda res: csv(res.status(304).set_header("x-one", "a")), {"length": None}, {b"x-one": b"a"}, None),
}


@pytest.mark.parametrize(("answer", "options", "expected", "encoding"), HEADS.values(), ids=HEADS)
def test_the_head_of_an_answer_in_parts(answer, options, expected, encoding):
    _status, fields, found = head(answer, **options)
    assert dict(fields) == expected
    assert len(fields) == len(expected)
    assert found == encoding


@pytest.mark.parametrize("length", ["abc", "-5", "5 5", "5, 5", ["5", "5"], ""])
def test_a_content_length_that_is_none_never_reaches_the_server(length):
    with pytest.raises(InvalidHeader, match="no number of bytes"):
        head(lambda res: res.set_header("content-length", length))
