"""Bodies by media type."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.errors import BadRequest
from slugline.http.body import _CODECS, parse_body
from slugline.http.json_text import encode_json
from slugline.http.media_type import parse_media_type

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def parse(body: bytes, content_type: str | None) -> object:
    return parse_body(body, parse_media_type(content_type))


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'[{"title":"Nextjs"}]', [{"title": "Nextjs"}]),
        (b'"hello"', "hello"),
        (b"0", 0),
        (b"-0", 0),
        (b"1.5e3", 1500.0),
        (b"true", True),
        (b"false", False),
        (b"null", None),
        (b"", {}),
        (b"{}", {}),
        (b' \t\r\n{"a" : [ 1 , 2 ] }\n', {"a": [1, 2]}),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'{"n":12345678901234567890}', {"n": 12345678901234567890}),
        (b"-" + b"9" * 400, -int("9" * 400)),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b"\xef\xbb\xbf", {}),
        (b'{"s":"\\u00e9\\ud83d\\ude00\\n"}', {"s": "é😀\n"}),
        ('{"s":"é😀\u2028"}'.encode(), {"s": "é😀\u2028"}),
        (b'{"s":"\\u0000"}', {"s": "\0"}),
        (b'{"__proto__":{"x":1},"constructor":1}', {"__proto__": {"x": 1}, "constructor": 1}),
        (b"1e-400", 0.0),
    ],
)
def test_reads_json(body: bytes, value: object) -> None:
    result = parse(body, "application/json")
    assert result == value
    assert type(result) is type(value)


def test_reads_200_brackets() -> None:
    assert encode_json(parse(b"[" * 200 + b"]" * 200, "application/json")) == b"[" * 200 + b"]" * 200


@pytest.mark.parametrize(
    "body",
    [
        b"   ",
        b"nope",
        b'{"message":Invalid"}',
        b"{'a':1}",
        b"{a:1}",
        b"{1:2}",
        b"NaN",
        b'{"a":Infinity}',
        b"-Infinity",
        b"undefined",
        b"True",
        b'{"a":1/*c*/}',
        b"// c\n1",
        b'{"a":1,}',
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        b"1 2",
        b"{}{}",
        b'{"s":"a\nb"}',
        b'"\t"',
        b'"\x00"',
        b'"\\x41"',
        b'"\\u12"',
        b'"open',
        b"01",
        b"+1",
        b".5",
        b"5.",
        b"0x10",
        b"1_000",
        b"1e400",
        b'{"a":[-1e999999999]}',
        b"9" * 5000,
        b'{"s":"\\ud800"}',
        b'"\\udc00"',
        b"\xc2\xa01",
        b"\x0b1",
        b"\xef\xbb\xbf\xef\xbb\xbf1",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        gzip.compress(b'{"a":1}'),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_refuses_what_is_not_json(body: bytes) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse(body, "application/json")
    assert (refusal.value.status, refusal.value.phrase) == (400, "Invalid JSON")


@pytest.mark.parametrize("body", [b'{"s":"\xff"}', b'"\xc3"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'{"\xff":1}'])
def test_refuses_json_that_is_not_utf8(body: bytes) -> None:
    with pytest.raises(BadRequest, match=r"^Invalid body$"):
        parse(body, "application/json")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json;",
        "application/json; foo=bar",
        "application/json; charset=utf-8",
        "application/json; charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json; charset=utf8",
        "application/json; charset=us-ascii",
        "application/ld+json",
        "Application/LD+JSON; profile=x",
    ],
)
def test_these_types_are_json(content_type: str) -> None:
    assert parse(b'{"a":1}', content_type) == {"a": 1}
    assert parse(b"", content_type) == {}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "invalid",
        "text/plain",
        "text/json",
        "application/json, text/plain",
        "application/vnd.api+json",
        "application/problem+json",
        "image/vnd.x+json",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/x-ndjson",
        "application/javascript",
    ],
)
def test_these_types_are_text(content_type: str | None) -> None:
    assert parse(b'{"a":1}', content_type) == '{"a":1}'
    assert parse(b"", content_type) == ""


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("héllo".encode(), "text/plain; charset=utf-8", "héllo"),
        (b"caf\xe9", "text/plain; charset=iso-8859-1", "café"),
        (b"caf\xe9", "text/plain", "caf\ufffd"),
        (b"caf\xe9", "text/plain; charset=us-ascii", "caf\ufffd"),
        (b"\xef\xbb\xbfhi", "text/plain", "hi"),
        (b"\xff\xfeh\x00i\x00", "text/plain; charset=utf-16", "hi"),
        (b"\xff\xfeh\x00i\x00", "text/plain; charset=UTF-16LE", "hi"),
        (b"<p>x</p>", "text/html", "<p>x</p>"),
        (b"<svg/>", "image/svg+xml", "<svg/>"),
        (b"a\x00b", "text/plain", "a\x00b"),
    ],
)
def test_reads_text(body: bytes, content_type: str, text: str) -> None:
    assert parse(body, content_type) == text


@pytest.mark.parametrize(
    ("body", "charset", "value"),
    [
        (b'{"s":"caf\xe9"}', "iso-8859-1", "café"),
        (b'{"s":"caf\xe9"}', "ISO-8859-1", "café"),
        (b'{"s":"caf\xe9"}', "latin1", "café"),
        (b'{"s":"\x80"}', "windows-1252", "€"),
        (b'{"s":"\x93\xfa"}', "shift_jis", "日"),
        ('{"s":"世"}'.encode("gb18030"), "GB18030", "世"),
        ('{"s":"世"}'.encode("utf-16"), "utf-16", "世"),
        ('\ufeff{"s":"世"}'.encode("utf-16-le"), "utf-16le", "世"),
    ],
)
def test_reads_json_in_another_charset(body: bytes, charset: str, value: str) -> None:
    assert parse(body, f"application/json; charset={charset}") == {"s": value}


@pytest.mark.parametrize(
    "charset",
    [
        *("x-unknown", "rot13", "rot_13", "hex", "base64", "uu", "quopri", "zip", "zlib", "bz2", "zlib_codec"),
        *("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "tactis"),
        *("..", "_", "os", "encodings.aliases", "a" * 5000, '"\\\0"', '"é"'),
    ],
)
@pytest.mark.parametrize("type_", ["application/json", "application/x-www-form-urlencoded", "text/plain"])
def test_refuses_an_unknown_charset(type_: str, charset: str) -> None:
    media = parse_media_type(f"{type_}; charset={charset}")
    if media.charset is None:  # not even a parameter, so the whole field is unreadable
        assert media.type_ == "text/plain"
        return
    with pytest.raises(BadRequest, match=r"^Invalid body$"):
        parse_body(zlib.compress(b"{}"), media)


@pytest.mark.parametrize("charset", sorted(_CODECS))
def test_every_known_charset_reads_any_bytes(charset: str) -> None:
    try:
        assert isinstance(parse(bytes(range(256)), f"text/plain; charset={charset}"), str)
    except BadRequest:
        assert charset in {"tactis", "tis260"}, "a charset of the list is missing"
    assert _json_or_refusal(bytes(range(256)), f"application/json; charset={charset}") == "refused"


def _json_or_refusal(body: bytes, content_type: str) -> object:
    try:
        return parse(body, content_type)
    except BadRequest:
        return "refused"


@pytest.mark.parametrize(
    ("body", "content_type", "form"),
    [
        (b"title=Nextjs&description=The+React", "", {"title": "Nextjs", "description": "The React"}),
        (b"a=1", "; charset=UTF-8", {"a": "1"}),
        (b"a=1&a=2&b=3", "", {"a": ["1", "2"], "b": "3"}),
        (b"a[]=1&a[]=2&o[k]=v", "", {"a[]": ["1", "2"], "o[k]": "v"}),
        (b"a=x%20y&b=%E4%B8%96&c=1%2B1", "", {"a": "x y", "b": "世", "c": "1+1"}),
        (b"&&a=1&", "", {"a": "1"}),
        (b"", "", {}),
        (b"", "; charset=iso-8859-1", {}),
        (b"\xef\xbb\xbfa=1", "", {"a": "1"}),
        (b"a=%E0%A4%A", "", {"a": "\ufffd%A"}),
        (b"a=\xff", "", {"a": "\ufffd"}),
        (b"a=caf\xe9", "; charset=iso-8859-1", {"a": "café"}),
        (b"a=caf%C3%A9", "; charset=iso-8859-1", {"a": "café"}),
        (b"__proto__=1&a=2", "", {"__proto__": "1", "a": "2"}),
        (b"a=1\n", "", {"a": "1\n"}),
    ],
)
def test_reads_a_form(body: bytes, content_type: str, form: dict[str, object]) -> None:
    assert parse(body, f"application/x-www-Form-urlencoded{content_type}") == form


def test_a_form_has_no_limit_of_its_own() -> None:
    body = "&".join(f"k{number}=1" for number in range(3000)).encode()
    assert parse(body, "application/x-www-form-urlencoded") == {f"k{number}": "1" for number in range(3000)}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/octet-stream",
        "Application/Octet-Stream",
        "application/octet-stream; charset=x-unknown",
        "image/png",
        "audio/mpeg",
        "video/mp4",
        "font/woff2",
        "application/pdf",
        "application/zip",
        "application/gzip",
        "application/x-tar",
        "application/x-7z-compressed",
        "application/protobuf",
        "application/x-protobuf",
        "application/msgpack",
        "application/x-msgpack",
        "application/cbor",
        "application/wasm",
        "application/grpc",
        "application/grpc-web+proto",
        "application/vnd.apache.arrow.stream",
        "application/vnd.apache.parquet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.ms-excel",
        "application/msword",
        "application/epub+zip",
        "application/senml+cbor",
    ],
)
def test_binary_types_stay_bytes(content_type: str) -> None:
    assert parse(b"\xef\xbb\xbf\x00\xff", content_type) == b"\xef\xbb\xbf\x00\xff"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8
    )
)
def test_json_that_we_wrote_is_read_back(value: object) -> None:
    assert parse(encode_json(value), "application/json") == value


@given(
    st.binary(max_size=40),
    st.sampled_from(["application/json", "text/plain", "application/x-www-form-urlencoded", "text/x; charset=utf-16"]),
)
def test_any_bytes_are_read_or_refused(body: bytes, content_type: str) -> None:
    assert _json_or_refusal(body, content_type) == _json_or_refusal(body, content_type)
