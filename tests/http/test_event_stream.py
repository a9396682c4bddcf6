from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.errors import NotSerialisable, ResponseError
from slugline.http.event_stream import encode_comment, encode_event


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        ("hi", {}, "data: hi\n\n"),
        ("", {}, "data: \n\n"),
        (" led by a space", {}, "data:  led by a space\n\n"),
        ("a\nb\r\nc\rd", {}, "data: a\ndata: b\ndata: c\ndata: d\n\n"),
        ({"a": 1}, {}, 'data: {"a":1}\n\n'),
        (None, {}, "data: null\n\n"),
        (7, {}, "data: 7\n\n"),
        ("x", {"event": "tick", "id": "4", "retry_milliseconds": 0}, "event: tick\nid: 4\nretry: 0\ndata: x\n\n"),
        ("é", {"id": ""}, "id: \ndata: é\n\n"),
    ],
)
def test_event(data: object, options: dict[str, Any], expected: str) -> None:
    assert encode_event(data, **options) == expected.encode()


@pytest.mark.parametrize(
    "options",
    [
        {"event": "a\nb"},
        {"event": "a\rb"},
        {"id": "a\0"},
        {"id": 7},
        {"id": "a\ud800"},
        {"retry_milliseconds": -1},
        {"retry_milliseconds": 1.5},
    ],
)
def test_event_refuses(options: dict[str, Any]) -> None:
    with pytest.raises(ResponseError):
        encode_event("x", **options)


def test_text_that_utf_8_lacks_is_refused() -> None:
    with pytest.raises(ResponseError, match="surrogate"):
        encode_event("a\ud800")
    with pytest.raises(ResponseError, match="surrogate"):
        encode_comment("a\ud800")


def test_event_refuses_what_json_cannot_carry() -> None:
    with pytest.raises(NotSerialisable):
        encode_event(object())


@pytest.mark.parametrize(("text", "expected"), [("", b": \n\n"), ("ping", b": ping\n\n"), ("a\ndata: x", b": a\n: data: x\n\n")])
def test_comment(text: str, expected: bytes) -> None:
    assert encode_comment(text) == expected


def read_events(stream: str) -> list[tuple[str, str]]:
    """Read a stream as a browser does (WHATWG HTML, section 9.2.6): the events' types and data."""
    events, data, kind = [], "", "message"
    for line in stream.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line == "":
            if data:
                events.append((kind, data[:-1]))
            data, kind = "", "message"
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data += value + "\n"
            elif name == "event":
                kind = value or "message"
    return events


TEXT = st.text(st.characters(codec="utf-8"))
NAME = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1)


@given(st.lists(st.tuples(NAME, TEXT), max_size=5), TEXT)
def test_a_browser_reads_what_was_written(events: list[tuple[str, str]], comment: str) -> None:
    stream = encode_comment(comment) + b"".join(encode_event(data, event=name) for name, data in events)
    expected = [(name, data.replace("\r\n", "\n").replace("\r", "\n")) for name, data in events]
    assert read_events(stream.decode()) == expected
