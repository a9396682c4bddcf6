"""The lines of the access log: their form, and that no client can write one of its own."""

import json
import logging
import re
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.http.request import Request
from slugline.runtime.access_log import escape, make_access_log, request_id


def ask(path=b"/api/hello", query=b"", fields=(), scope=None):
    request = Request("GET", path, query, list(fields), scope or {"client": ("10.0.0.1", 5)})
    request._api_route = SimpleNamespace(source="pages/api/hello.py")
    return request


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, logger="slugline.access")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "slugline.access"]


def test_without_a_form_there_is_no_log():
    assert make_access_log(None) is None


def test_a_line_of_text(lines):
    make_access_log("text")(ask(query=b"a=1", fields=[(b"x-request-id", b"abc-1")]), 200, time.perf_counter())
    (line,) = lines()
    expected = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ 10\.0\.0\.1 "GET /api/hello\?a=1" 200 \d+\.\d+ms pages/api/hello\.py id=abc-1'
    assert re.fullmatch(expected, line)


def test_a_line_of_json(lines):
    make_access_log("json")(ask(fields=[(b"x-request-id", b"abc-1")]), 404, time.perf_counter() - 1)
    entry = json.loads(lines()[0])
    assert list(entry) == ["time", "id", "client", "method", "path", "status", "milliseconds", "route"]
    assert {key: entry[key] for key in ("id", "client", "method", "path", "status", "route")} == {
        "id": "abc-1",
        "client": "10.0.0.1",
        "method": "GET",
        "path": "/api/hello",
        "status": 404,
        "route": "pages/api/hello.py",
    }
    assert entry["milliseconds"] >= 1000


def test_what_is_not_known_is_said_to_be_so(lines):
    request = ask(scope={"client": None})
    request._api_route = None
    make_access_log("json")(request, 404, time.perf_counter())
    make_access_log("text")(request, 404, time.perf_counter())
    entry = json.loads(lines()[0])
    assert (entry["client"], entry["route"]) == ("-", None)
    assert " - " in lines()[1]


@pytest.mark.parametrize("form", ["text", "json"])
@given(path=st.binary(max_size=20), query=st.binary(max_size=20))
def test_one_request_is_one_line(form, path, query):
    logger = logging.getLogger("slugline.access")
    written = []
    handler = logging.Handler()
    handler.emit = lambda record: written.append(record.getMessage())
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        make_access_log(form)(ask(path, query), 200, 0.0)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    (line,) = written
    assert len(line.splitlines()) == 1
    assert all(char.isprintable() or ord(char) >= 0xA0 for char in line)
    if form == "text":
        assert line.count('"') == 2
    else:
        sent = path + (b"?" + query if query else b"")
        assert json.loads(line)["path"] == sent.decode("latin-1")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain /ü", "plain /ü"),
        ("a\r\nb", "a\\x0d\\x0ab"),
        ('a"b', "a\\x22b"),
        ("a\\b", "a\\x5cb"),
        ("\x1b[0m", "\\x1b[0m"),
        ("\x85\u2028", "\\x85\\x2028"),
    ],
)
def test_what_could_end_a_line_is_escaped(text, escaped):
    assert escape(text) == escaped


@pytest.mark.parametrize("sent", [b"a", b"0123-abc_DEF.:/+=", b"x" * 128])
def test_a_plain_id_of_the_client_is_kept(sent):
    assert request_id(ask(fields=[(b"x-request-id", sent)])) == sent.decode()


@pytest.mark.parametrize("fields", [[], [b""], [b"x" * 129], [b"a b"], [b"a\nb"], [b'a"'], [b"\xff"], [b"a", b"b"]])
def test_otherwise_there_is_a_new_one(fields):
    request = ask(fields=[(b"x-request-id", value) for value in fields])
    first, second = request_id(request), request_id(request)
    assert re.fullmatch(r"[0-9a-f]{16}", first)
    assert first != second
