"""What a handler writes: settings, whole answers, answers in parts, and what is refused."""

import dataclasses
import io
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import pytest

from slugline.errors import AlreadyAnswered, InvalidHeader, InvalidRedirect, InvalidStatus, NotSerialisable, ResponseError
from slugline.http.request import Request
from slugline.http.response import BINARY, JSON, TEXT, Response, Stage


class Wire:
    """Stands for a running application: keeps the head as it was at the first write, and the chunks."""

    def __init__(self, refusal=None):
        self.refusal = refusal
        self.head = None
        self.chunks = []
        self.finished = False
        self.drained = 0

    def open_channel(self, response):
        if self.refusal is not None:
            raise self.refusal
        self.head = (response.status_code, response.get_headers(), response._type)
        return self

    def write(self, chunk):
        assert isinstance(chunk, bytes)
        self.chunks.append(chunk)
        return len(self.chunks) < 3

    def finish(self):
        self.finished = True

    async def drain(self):
        self.drained += 1


def make(host=None):
    return Response(Request("GET", b"/api/x"), host)


@pytest.fixture
def res():
    return make()


@pytest.fixture
def wire():
    return Wire()


# Status


@pytest.mark.parametrize("code", [200, 201, 299, 304, 418, 500, 599, HTTPStatus.ACCEPTED])
def test_status_is_set_and_chains(res, code):
    assert res.status(code) is res
    assert res.status_code == int(code)
    assert type(res.status_code) is int
    other = make()
    other.status_code = code
    assert other.status_code == int(code)


@pytest.mark.parametrize("code", [0, 99, 100, 103, 199, 600, 1000, -200, True, 200.0, "200", None])
def test_what_is_no_status_is_refused_and_changes_nothing(res, code):
    res.status(201)
    with pytest.raises(InvalidStatus):
        res.status(code)
    with pytest.raises(InvalidStatus):
        res.status_code = code
    assert res.status_code == 201
    assert not res.headers_sent


# Header fields


def test_fields_are_set_read_and_removed_in_any_case(res):
    assert res.get_header("x-one") is None
    assert not res.has_header("x-one")
    assert res.get_headers() == {}
    assert res.set_header("X-One", "a") is res
    assert res.set_header("x-ONE", 5) is res
    assert res.get_header("X-one") == "5"
    assert res.has_header("x-One")
    assert res.get_headers() == {"x-one": "5"}
    assert res.remove_header("X-ONE") is res
    assert res.remove_header("x-never") is res
    assert not res.has_header("x-one")


def test_what_get_headers_gives_is_a_copy(res):
    res.set_header("x-one", "a")
    res.get_headers()["x-two"] = "b"
    assert res.get_headers() == {"x-one": "a"}


def test_a_list_that_changes_later_changes_nothing(res):
    lines = ["a", "b"]
    res.set_header("x-one", lines)
    lines.append("c\r\nx: y")
    assert res.get_header("x-one") == ["a", "b"]


APPENDED = {
    "to nothing": ([], "a", "a"),
    "a number": ([], 5, "5"),
    "to one": (["a"], "b", ["a", "b"]),
    "a list to nothing": ([], ["a", "b"], ["a", "b"]),
    "a list of one to nothing": ([], ["a"], "a"),
    "to several": (["a", ["b", "c"]], ["d"], ["a", "b", "c", "d"]),
}


@pytest.mark.parametrize(("earlier", "added", "expected"), APPENDED.values(), ids=APPENDED)
def test_append_adds_lines(res, earlier, added, expected):
    for value in earlier:
        res.append_header("X-One", value)
    assert res.append_header("x-one", added) is res
    assert res.get_header("x-one") == expected


@pytest.mark.parametrize("call", [Response.set_header, Response.append_header])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-one", "a\r\nb: c"),
        ("x one", "a"),
        ("transfer-encoding", "chunked"),
        ("Connection", "close"),
        ("x-one", "日"),
        ("x-one", None),
        ("x-one", []),
    ],
)
def test_a_field_that_cannot_be_sent_is_refused_and_not_set(res, call, name, value):
    with pytest.raises(InvalidHeader):
        call(res, name, value)
    assert res.get_headers() == {}


def test_write_head_sets_status_and_fields_without_answering(res):
    assert res.write_head(201, {"X-One": "a", "x-two": ["b", "c"], "x-three": 3}) is res
    assert res.status_code == 201
    assert res.get_headers() == {"x-one": "a", "x-two": ["b", "c"], "x-three": "3"}
    assert not res.headers_sent
    assert make().write_head(204).get_headers() == {}


# Cookies


COOKIES = {
    "plain": ({}, "a=x%20y; Path=/"),
    "age": ({"max_age_seconds": 60}, "a=x%20y; Max-Age=60; Path=/"),
    "everything": (
        {
            "max_age_seconds": 0,
            "expires": datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
            "path": "/x",
            "domain": "example.com",
            "secure": True,
            "http_only": True,
            "same_site": "none",
            "partitioned": True,
            "priority": "high",
        },
        (
            "a=x%20y; Max-Age=0; Domain=example.com; Path=/x; Expires=Wed, 02 Jan 2030 03:04:05 GMT; "
            "HttpOnly; Secure; Partitioned; Priority=High; SameSite=None"
        ),
    ),
    "no path": ({"path": None}, "a=x%20y"),
}


@pytest.mark.parametrize(("options", "line"), COOKIES.values(), ids=COOKIES)
def test_a_cookie_is_a_line(res, options, line):
    assert res.set_cookie("a", "x y", **options) is res
    assert res.get_header("set-cookie") == line


def test_cookies_add_up(res):
    res.set_cookie("a", "1").set_cookie("b", "2").delete_cookie("a")
    assert res.get_header("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/", "a=; Max-Age=0; Path=/"]


DELETIONS = {
    "plain": ("a", {}, "a=; Max-Age=0; Path=/"),
    "elsewhere": ("a", {"path": "/x", "domain": "example.com"}, "a=; Max-Age=0; Domain=example.com; Path=/x"),
    "a promise of the name": ("__Host-a", {}, "__Host-a=; Max-Age=0; Path=/; Secure"),
    "secure": ("a", {"secure": True}, "a=; Max-Age=0; Path=/; Secure"),
}


@pytest.mark.parametrize(("name", "options", "line"), DELETIONS.values(), ids=DELETIONS)
def test_a_deleted_cookie_is_one_without_age(res, name, options, line):
    assert res.delete_cookie(name, **options) is res
    assert res.get_header("set-cookie") == line


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a b", {}),
        ("", {}),
        ("a", {"same_site": "none"}),
        ("a", {"path": "/;x"}),
        ("__Host-a", {"domain": "x.org"}),
        ("a", {"max_age_seconds": 1.5}),
    ],
)
def test_a_cookie_that_browsers_would_drop_is_refused(res, name, options):
    with pytest.raises(InvalidHeader):
        res.set_cookie(name, "x", **options)
    assert res.get_headers() == {}


# Whole answers


@dataclasses.dataclass
class Point:
    x: int


SENT = {
    # value: body, default type, whether the type takes part in compression, whether there is a tag
    "nothing": (None, b"", None, False, False),
    "text": ("hé", "hé".encode(), TEXT, False, True),
    "empty text": ("", b"", TEXT, False, True),
    "bytes": (b"\x00\xff", b"\x00\xff", BINARY, True, True),
    "no bytes": (b"", b"", BINARY, True, True),
    "a bytearray": (bytearray(b"ab"), b"ab", BINARY, True, True),
    "a view": (memoryview(b"abc")[1:], b"bc", BINARY, True, True),
    "a dict": ({"a": None}, b'{"a":null}', JSON, True, True),
    "a list": ([1, "é"], '[1,"é"]'.encode(), JSON, True, True),
    "a tuple": ((1, 2), b"[1,2]", JSON, True, True),
    "a number": (5, b"5", JSON, True, True),
    "zero": (0, b"0", JSON, True, True),
    "a float": (1.5, b"1.5", JSON, True, True),
    "true": (True, b"true", JSON, True, True),
    "false": (False, b"false", JSON, True, True),
    "a date": (datetime(2030, 1, 2, tzinfo=UTC), b'"2030-01-02T00:00:00.000Z"', JSON, True, True),
    "a dataclass": (Point(1), b'{"x":1}', JSON, True, True),
}


@pytest.mark.parametrize(("value", "body", "default_type", "typed", "tagged"), SENT.values(), ids=SENT)
def test_send_chooses_by_the_value(res, value, body, default_type, typed, tagged):
    assert res.send(value) is None
    assert (res._body, res._type, res._typed, res._tagged) == (body, default_type, typed, tagged)
    assert res.ended
    assert res.headers_sent
    assert res.status_code == 200


def test_send_without_an_argument_is_empty(res):
    res.status(202).send()
    assert (res._body, res._type, res._tagged, res.status_code) == (b"", None, False, 202)


@pytest.mark.parametrize(
    "source", [iter([b"a"]), (each for each in "ab"), io.BytesIO(b"a"), Path("x"), map(str, [1])], ids=lambda each: type(each).__name__
)
def test_a_file_or_an_iterator_is_kept_for_later(res, source):
    res.send(source)
    assert res._source is source
    assert (res._body, res._type, res._typed, res._tagged) == (b"", BINARY, True, False)
    assert res.ended


async def test_an_async_iterator_is_kept_for_later(res):
    async def chunks():
        yield b"a"

    source = chunks()
    res.send(source)
    assert res._source is source
    await source.aclose()


async def test_what_has_to_be_awaited_is_refused(res):
    async def load():
        return 1

    coroutine = load()
    with pytest.raises(ResponseError, match=r"has to be awaited first: res\.send\(await"):
        res.send(coroutine)
    coroutine.close()
    assert not res.headers_sent


JSON_VALUES = {"null": (None, b"null"), "text": ("a<&>é", '"a<&>é"'.encode()), "dict": ({"a": 1, "b": [True]}, b'{"a":1,"b":[true]}')}


@pytest.mark.parametrize(("value", "body"), JSON_VALUES.values(), ids=JSON_VALUES)
def test_json_takes_any_value(res, value, body):
    assert res.json(value) is None
    assert (res._body, res._type, res._typed, res._tagged) == (body, JSON, True, True)
    assert res.ended


def test_json_keeps_a_content_type_and_send_of_an_object_replaces_it():
    first, second, third = make(), make(), make()
    for response in (first, second, third):
        response.set_header("content-type", "application/problem+json")
    first.json({})
    second.send({})
    third.send("{}")
    assert first.get_header("content-type") == "application/problem+json"
    assert second.get_header("content-type") is None
    assert third.get_header("content-type") == "application/problem+json"


@pytest.mark.parametrize("call", [Response.json, Response.send])
@pytest.mark.parametrize("value", [object(), float("nan"), [float("inf"), None], {"a": object}, ["\ud800"]])
def test_what_json_cannot_carry_is_refused_and_an_answer_is_still_possible(res, call, value):
    res.set_header("content-type", "text/x")
    with pytest.raises(NotSerialisable):
        call(res, value)
    assert not res.headers_sent
    assert res.get_header("content-type") == "text/x"
    res.status(500).json({"error": "no"})
    assert res._body == b'{"error":"no"}'


# Redirects


REDIRECTS = {
    "a URL": (("/login",), 307, "/login"),
    "with a status": ((303, "/thanks"), 303, "/thanks"),
    "301": ((301, "/x"), 301, "/x"),
    "302": ((302, "/x"), 302, "/x"),
    "308": ((308, "/x"), 308, "/x"),
    "an enumerated status": ((HTTPStatus.SEE_OTHER, "/x"), 303, "/x"),
    "another host": (("https://example.com/a?b=c#d",), 307, "https://example.com/a?b=c#d"),
    "relative": (("../up",), 307, "../up"),
    "escapes stay": (("/a%20b?c=%2F",), 307, "/a%20b?c=%2F"),
    "spaces and letters": (("/a b/ü/日",), 307, "/a%20b/%C3%BC/%E6%97%A5"),
    "a backslash": (("/\\evil.example",), 307, "/%5Cevil.example"),
}


@pytest.mark.parametrize(("arguments", "status", "location"), REDIRECTS.values(), ids=REDIRECTS)
def test_a_redirect_has_a_location_and_says_it(res, arguments, status, location):
    res.set_cookie("a", "1")
    assert res.redirect(*arguments) is res
    assert res.status_code == status
    assert type(res.status_code) is int
    assert res.get_headers() == {"set-cookie": "a=1; Path=/", "location": location}
    assert (res._body, res._typed, res._tagged) == (location.encode(), False, False)
    assert res.ended


@pytest.mark.parametrize(
    ("before", "after"), [(301, 301), (302, 302), (303, 303), (307, 307), (308, 308), (201, 307), (404, 307), (304, 307)]
)
def test_a_redirect_keeps_a_redirect_status_set_before(res, before, after):
    assert res.status(before).redirect("/x").status_code == after


WRONG_REDIRECTS = {
    "nothing": (),
    "None": (None,),
    "a number": (307,),
    "a status and None": (307, None),
    "texts": ("301", "/x"),
    "swapped": ("/x", 301),
    "bytes": (b"/x",),
    "a path": (Path("/x"),),
    "empty": ("",),
    "a status and nothing": (307, ""),
    "a status that does not redirect": (200, "/x"),
    "300": (300, "/x"),
    "304": (304, "/x"),
    "too large": (1000, "/x"),
    "true": (True, "/x"),
}


@pytest.mark.parametrize("arguments", WRONG_REDIRECTS.values(), ids=WRONG_REDIRECTS)
def test_wrong_arguments_of_a_redirect_are_refused(res, arguments):
    with pytest.raises(InvalidRedirect, match=r"^Invalid redirect arguments"):
        res.redirect(*arguments)
    assert not res.headers_sent
    assert res.get_headers() == {}
    assert res.status_code == 200


@pytest.mark.parametrize("url", ["/a\r\nset-cookie: a=1", "/a\n", "\0", "/\x7f", "/\ud800"])
def test_a_url_cannot_break_a_line(res, url):
    with pytest.raises(InvalidRedirect):
        res.redirect(url)
    assert res.get_headers() == {}


# Low level


@pytest.mark.parametrize(
    ("chunk", "body", "default_type"),
    [
        (None, b"", None),
        ("hé", "hé".encode(), TEXT),
        (b"a", b"a", BINARY),
        ("", b"", TEXT),
        (bytearray(b"a"), b"a", BINARY),
        (memoryview(b"a"), b"a", BINARY),
    ],
)
def test_end_is_a_whole_answer_without_a_tag(res, chunk, body, default_type):
    res.end(chunk)
    assert (res._body, res._type, res._typed, res._tagged) == (body, default_type, False, False)
    assert res.ended


def test_the_first_write_sends_the_head(wire):
    res = make(wire)
    res.status(201).set_header("x-one", "a")
    assert res.write("hé") is True
    assert wire.head == (201, {"x-one": "a"}, TEXT)
    assert res.headers_sent
    assert not res.ended
    assert [res.write(bytearray(b"b")), res.write(memoryview(b"c"))] == [True, False]
    res.end(b"d")
    assert wire.chunks == ["hé".encode(), b"b", b"c", b"d"]
    assert wire.finished
    assert res.ended


def test_bytes_first_are_binary(wire):
    make(wire).write(b"a")
    assert wire.head[2] == BINARY


@pytest.mark.parametrize("chunk", [5, None, {"a": 1}, ["a"], 1.5])
def test_a_chunk_is_text_or_bytes(wire, chunk):
    res = make(wire)
    if chunk is not None:
        with pytest.raises(ResponseError, match=r"A chunk is text or bytes.*res\.json"):
            res.end(chunk)
        with pytest.raises(ResponseError, match="A chunk is text or bytes"):
            res.write(chunk)
    else:
        res.write("a")
        res.end(chunk)
        assert wire.chunks == [b"a"]


async def test_drain_waits_for_the_channel_if_there_is_one(wire):
    res = make(wire)
    await res.drain()
    assert wire.drained == 0
    res.write("a")
    await res.drain()
    assert wire.drained == 1


def test_nothing_can_be_written_without_an_application(res):
    with pytest.raises(ResponseError, match="does not belong to a running application"):
        res.write("a")
    assert not res.headers_sent


def test_when_the_head_is_refused_another_answer_is_possible():
    res = make(Wire(refusal=InvalidHeader("no")))
    with pytest.raises(InvalidHeader):
        res.write("a")
    assert not res.headers_sent
    res.status(500).json({"error": "no"})
    assert res._body == b'{"error":"no"}'


# Once and no more


def whole(response):
    response.json({"first": True})


def source(response):
    response.send(iter(["a"]))


def empty(response):
    response.end()


def redirected(response):
    response.redirect("/first")


def in_parts(response):
    response.write("first")
    response.end()


LATE_CALLS = {
    "status": lambda res: res.status(201),
    "status_code": lambda res: setattr(res, "status_code", 201),
    "set_header": lambda res: res.set_header("x-one", "a"),
    "append_header": lambda res: res.append_header("x-one", "a"),
    "remove_header": lambda res: res.remove_header("location"),
    "write_head": lambda res: res.write_head(201, {"x-one": "a"}),
    "set_cookie": lambda res: res.set_cookie("a", "1"),
    "delete_cookie": lambda res: res.delete_cookie("a"),
    "json": lambda res: res.json({}),
    "send": lambda res: res.send("x"),
    "send nothing": lambda res: res.send(),
    "redirect": lambda res: res.redirect("/x"),
    "event_stream": lambda res: res.event_stream(),
}
LAST_CALLS = {
    "end": lambda res: res.end(),
    "end with a chunk": lambda res: res.end("x"),
    "write": lambda res: res.write("x"),
}


@pytest.mark.parametrize("first", [whole, source, empty, redirected, in_parts])
@pytest.mark.parametrize("call", [*LATE_CALLS.values(), *LAST_CALLS.values()], ids=[*LATE_CALLS, *LAST_CALLS])
def test_after_an_answer_every_call_is_refused_and_the_first_stands(wire, first, call):
    res = make(wire)
    first(res)
    before = (res.status_code, res.get_headers(), res._body, res._type, res._source, list(wire.chunks))
    with pytest.raises(AlreadyAnswered, match="after the answer was complete; the first answer stands"):
        call(res)
    assert (res.status_code, res.get_headers(), res._body, res._type, res._source, wire.chunks) == before


@pytest.mark.parametrize("call", LATE_CALLS.values(), ids=LATE_CALLS)
def test_after_the_first_write_the_head_cannot_be_changed(wire, call):
    res = make(wire)
    res.write("first")
    with pytest.raises(AlreadyAnswered, match="after the first write: the head has been sent"):
        call(res)
    assert (res.status_code, res.get_headers(), wire.chunks) == (200, {}, [b"first"])
    res.end("last")
    assert wire.chunks == [b"first", b"last"]


def test_reading_is_allowed_after_the_answer(res):
    res.set_header("x-one", "a").json({})
    assert (res.status_code, res.get_header("x-one"), res.has_header("x-one"), res.get_headers()) == (200, "a", True, {"x-one": "a"})


ANSWERS = {
    "json": lambda res: res.json(1),
    "send": lambda res: res.send("a"),
    "send an object": lambda res: res.send({}),
    "send nothing": lambda res: res.send(),
    "redirect": lambda res: res.redirect("/x"),
    "end": lambda res: res.end(),
    "end after write": in_parts,
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_whoever_waits_is_told_of_the_answer_once_and_when_it_is_complete(wire, answer):
    res = make(wire)
    told = []
    res._settled = lambda response: told.append((response is res, response._stage))
    answer(res)
    assert told == [(True, Stage.ANSWERED)]


# Event streams


def test_an_event_stream_sends_its_head_and_every_event_at_once(wire):
    res = make(wire)
    stream = res.event_stream()
    assert wire.head[1] == {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
    }
    assert res.headers_sent
    assert stream.send({"a": 1}) is True
    assert stream.send("hello", event="greeting", id="7", retry=1000) is True
    stream.comment("still here")
    assert wire.chunks[0] == b'data: {"a":1}\n\n'
    assert wire.chunks[1].endswith(b"\n\n")
    assert b"data: hello\n" in wire.chunks[1]
    assert wire.chunks[2].startswith(b":")
    stream.close()
    stream.close()
    assert wire.finished
    assert res.ended


@pytest.mark.parametrize(
    ("own", "sent"),
    [
        ("no-store", "no-store, no-transform"),
        ("No-Transform, private", "No-Transform, private"),
        (["no-cache", "private"], "no-cache, private, no-transform"),
    ],
)
def test_an_event_stream_keeps_a_cache_control_of_the_handler(wire, own, sent):
    make(wire).set_header("Cache-Control", own).event_stream()
    assert wire.head[1]["cache-control"] == sent


async def test_an_event_stream_can_be_waited_for(wire):
    await make(wire).event_stream().drain()
    assert wire.drained == 1


# Afterwards


def test_what_is_to_run_afterwards_is_kept_in_order(res):
    assert res.after(print, 1) is res
    res.json({})
    res.after(len, "a")
    assert res._request._after == [(print, (1,)), (len, ("a",))]


def test_it_says_what_has_become_of_it(res):
    assert repr(res) == "<Response 200>"
    res.status(404).end()
    assert repr(res) == "<Response 404 ended>"
