"""Content-Type, taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.http.media_type import parse_media_type


@pytest.mark.parametrize(
    ("text", "type_", "parameters"),
    [
        ("application/json", "application/json", {}),
        ("APPLICATION/JSON", "application/json", {}),
        ("application/x-www-Form-urlencoded", "application/x-www-form-urlencoded", {}),
        ("application/json; charset=UTF-8", "application/json", {"charset": "UTF-8"}),
        ("application/json;charset=utf-8", "application/json", {"charset": "utf-8"}),
        ('application/json; Charset="utf-8"', "application/json", {"charset": "utf-8"}),
        ("application/json ; foo=bar ; x=y", "application/json", {"foo": "bar", "x": "y"}),
        ("  text/html  ", "text/html", {}),
        ("\ttext/html\t;\ta=b", "text/html", {"a": "b"}),
        ("application/json;", "application/json", {}),
        ("application/json; ", "application/json", {}),
        ("application/json;;charset=utf-8", "application/json", {"charset": "utf-8"}),
        ("text/plain; a = b", "text/plain", {"a": "b"}),
        ("text/plain; A=b; a=c", "text/plain", {"a": "c"}),
        (r'text/plain; a="x\"y\\z; w"', "text/plain", {"a": r'x"y\z; w'}),
        ('text/plain; a=""', "text/plain", {"a": ""}),
        ('text/plain; a="é"', "text/plain", {"a": "é"}),
        ("multipart/form-data; boundary=----WebKitAbC", "multipart/form-data", {"boundary": "----WebKitAbC"}),
        ('multipart/form-data; boundary="a b:c"', "multipart/form-data", {"boundary": "a b:c"}),
        ("application/vnd.api+json", "application/vnd.api+json", {}),
    ],
)
def test_takes_a_content_type_apart(text: str, type_: str, parameters: dict[str, str]) -> None:
    media = parse_media_type(text)
    assert media.type_ == type_
    assert media.parameters == parameters


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " ",
        "invalid",
        "application/",
        "/json",
        "application/json, text/plain",
        "application/json text/plain",
        "application json",
        "application/json; charset",
        "application/json; charset=",
        "application/json; =utf-8",
        'application/json; charset="utf-8',
        'application/json; charset="utf\n-8"',
        'application/json; charset="utf-8"x',
        "application/json; charset=utf-8 x",
        "application/json\n",
        "applicätion/json",
    ],
)
def test_what_cannot_be_read_is_plain_text(text: str | None) -> None:
    media = parse_media_type(text)
    assert (media.type_, media.charset, media.boundary, media.parameters) == ("text/plain", None, None, {})


@pytest.mark.parametrize(
    ("text", "charset", "boundary"),
    [
        ("text/plain", None, None),
        ("text/plain; charset=UTF-8", "utf-8", None),
        ('text/plain; CHARSET="Shift_JIS"', "shift_jis", None),
        ('text/plain; charset=""', None, None),
        ("multipart/form-data; boundary=AbC", None, "AbC"),
        ('multipart/form-data; charset=Latin1; Boundary="Ab C"', "latin1", "Ab C"),
        ('multipart/form-data; boundary=""', None, None),
    ],
)
def test_charset_is_lower_case_and_boundary_is_as_sent(text: str, charset: str | None, boundary: str | None) -> None:
    media = parse_media_type(text)
    assert (media.charset, media.boundary) == (charset, boundary)


def test_a_shared_answer_cannot_be_changed() -> None:
    media = parse_media_type("text/plain; a=b")
    with pytest.raises(TypeError):
        media.parameters["a"] = "c"  # type: ignore[index]
    assert parse_media_type("text/plain; a=b").parameters == {"a": "b"}


@given(st.text("abc \t\"\\;,=/é!#'", max_size=30))
def test_a_quoted_value_survives(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_media_type(f'text/plain; a="{escaped}"; b=1').parameters == {"a": value, "b": "1"}


@given(st.text())
def test_never_raises(text: str) -> None:
    assert "/" in parse_media_type(text).type_


@pytest.mark.timeout(5)
@pytest.mark.parametrize("text", ["text/plain" + "; " * 16_000 + "x", 'text/plain; a="' + "\\" * 32_000, "text/plain" + " " * 32_000 + "x"])
def test_long_malformed_texts_take_no_time(text: str) -> None:
    assert parse_media_type(text).parameters == {}
