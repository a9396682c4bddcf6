"""What may stand in a header field and a status, before a server sees it."""

import enum
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.errors import InvalidHeader, InvalidStatus
from slugline.http.field_checks import CONNECTION_FIELDS, check_status, field_name, field_value


class Level(int, enum.Enum):
    HIGH = 7


@pytest.mark.parametrize(("name", "expected"), [("X-One", "x-one"), ("etag", "etag"), ("!#$%&'*+-.^_`|~09", "!#$%&'*+-.^_`|~09")])
def test_a_name_is_given_in_lower_case(name, expected):
    assert field_name(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "x one",
        "x:",
        "x-one\r\n",
        "x-one\n",
        "x\x00",
        "x\t",
        "ünï",
        "日本",
        "x(y)",
        "x/y",
        'x"',
        "x@y",
        "{x}",
        None,
        5,
        b"x-one",
        True,
    ],
)
def test_what_is_no_token_is_no_name(name):
    with pytest.raises(InvalidHeader, match="is no header name"):
        field_name(name)


@pytest.mark.parametrize("name", sorted(CONNECTION_FIELDS | {field.title() for field in CONNECTION_FIELDS}))
def test_fields_of_the_connection_are_the_servers(name):
    with pytest.raises(InvalidHeader, match=f"^{name} belongs to the connection"):
        field_name(name)


VALUES = {
    "text": ("a", "a"),
    "empty": ("", ""),
    "a tab": ("a\tb", "a\tb"),
    "latin-1": ("café", "café"),
    "a number": (5, "5"),
    "zero": (0, "0"),
    "negative": (-1, "-1"),
    "an enumerated number": (HTTPStatus.NOT_FOUND, "404"),
    "a number of an older kind": (Level.HIGH, "7"),
    "a list": (["a", 1, "café"], ["a", "1", "café"]),
    "a tuple": (("a", "b"), ["a", "b"]),
    "a list of one": (["a"], ["a"]),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES)
def test_a_value_is_text_or_lines_of_text(value, expected):
    assert field_value("x-one", value) == expected


WRONG_VALUES = {
    "a line break": ("a\r\nb", r"control character or line break \(position 1\)"),
    "a line feed": ("\n", r"\(position 0\)"),
    "a carriage return": ("ab\r", r"\(position 2\)"),
    "a NUL": ("a\0", "control character"),
    "delete": ("a\x7f", "control character"),
    "escape": ("\x1b[0m", "control character"),
    "beyond latin-1": ("a日", r"'日', which is outside Latin-1\. Percent-encode"),
    "a lone surrogate": ("\ud800", "outside Latin-1"),
    "a line break in a list": (["a", "b\nc"], "control character"),
    "a list in a list": ([["a"]], "a list inside a list"),
    "an empty list": ([], "an empty list"),
    "None": (None, "was given None"),
    "None in a list": (["a", None], "was given None"),
    "a truth": (True, "was given True"),
    "a float": (1.5, "was given 1.5"),
    "bytes": (b"a", "was given b'a'"),
    "a bytearray": (bytearray(b"a"), "was given bytearray"),
    "a dict": ({"a": 1}, "was given {'a': 1}"),
    "a set": ({"a"}, "was given {'a'}"),
}


@pytest.mark.parametrize(("value", "message"), WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_anything_else_is_refused_with_the_name(value, message):
    with pytest.raises(InvalidHeader, match=message) as caught:
        field_value("X-One", value)
    assert "X-One" in str(caught.value)


@given(st.text(max_size=20))
def test_no_value_that_passes_can_break_a_line(value):
    try:
        checked = field_value("x", value)
    except InvalidHeader:
        return
    assert checked == value
    encoded = value.encode("latin-1")
    assert not any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in encoded)


@pytest.mark.parametrize("status", [200, 204, 299, 304, 404, 500, 599, HTTPStatus.OK, HTTPStatus.IM_A_TEAPOT])
def test_a_status_from_200_to_599_is_good(status):
    assert check_status(status) == int(status)
    assert type(check_status(status)) is int


@pytest.mark.parametrize("status", [0, -1, 99, 100, 101, 199, 600, 777, 999, 1000, 2**70, True, 200.0, "200", None, b"200", [200]])
def test_any_other_status_is_refused(status):
    with pytest.raises(InvalidStatus, match="is no status for an answer"):
        check_status(status)
