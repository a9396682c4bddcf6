"""Percent-encoding of queries, segments and locations."""

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slugline.errors import InvalidRedirect
from slugline.http import url
from slugline.http.url import decode_segment, encode_location, parse_query, percent_decode, percent_encode, reserialise_query

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)

QUERIES: list[tuple[str, dict[str, str | list[str]]]] = [
    ("", {}),
    ("a=1&b=2", {"a": "1", "b": "2"}),
    ("a=x+y", {"a": "x y"}),
    ("a=x%20y", {"a": "x y"}),
    ("a=x%2By", {"a": "x+y"}),
    ("a%20b=1&c+d=2", {"a b": "1", "c d": "2"}),
    ("a=b=c", {"a": "b=c"}),
    ("a=%3D%26", {"a": "=&"}),
    ("a%3Db=1", {"a=b": "1"}),
    ("a.b=1", {"a.b": "1"}),
    ("a[]=1&o[k]=v", {"a[]": "1", "o[k]": "v"}),
    ("a=1;b=2", {"a": "1;b=2"}),
    ("a=b?c", {"a": "b?c"}),
    ("a=/x", {"a": "/x"}),
    ("a=%23x", {"a": "#x"}),
    ("a=1&a=2", {"a": ["1", "2"]}),
    ("a=1&b=x&a=2&a=1", {"a": ["1", "2", "1"], "b": "x"}),
    ("a=&a=", {"a": ["", ""]}),
    ("a=1&%61=2", {"a": ["1", "2"]}),
    ("a=", {"a": ""}),
    ("a", {"a": ""}),
    ("a&b", {"a": "", "b": ""}),
    ("=v", {"": "v"}),
    ("=", {"": ""}),
    ("&", {}),
    ("&&a=1&", {"a": "1"}),
    ("+=+", {" ": " "}),
    ("a=%E4%B8%96", {"a": "世"}),
    ("a=%e4%b8%96", {"a": "世"}),
    ("a=%E0%A4%A", {"a": "\ufffd%A"}),
    ("a=%E0%A4", {"a": "\ufffd"}),
    ("a=%FF", {"a": "\ufffd"}),
    ("a=%F0%9F%98x", {"a": "\ufffdx"}),
    ("a=%C0%80", {"a": "\ufffd\ufffd"}),
    ("a=%ED%A0%80", {"a": "\ufffd\ufffd\ufffd"}),
    ("%FF=1&%FE=2", {"\ufffd": ["1", "2"]}),
    ("a=100%&b=1", {"a": "100%", "b": "1"}),
    ("a=%", {"a": "%"}),
    ("a=%2", {"a": "%2"}),
    ("a=%zz", {"a": "%zz"}),
    ("a=%%41", {"a": "%A"}),
    ("a=%2541", {"a": "%41"}),
    ("a=%00", {"a": "\0"}),
    ("a=\0", {"a": "\0"}),
    ("a=%0D%0A", {"a": "\r\n"}),
    ("a=%EF%BB%BFx", {"a": "\ufeffx"}),
    ("__proto__=1&constructor=2&hasOwnProperty=3", {"__proto__": "1", "constructor": "2", "hasOwnProperty": "3"}),
    ("nxtPid=1&__nextLocale=x&_rsc=2", {"nxtPid": "1", "__nextLocale": "x", "_rsc": "2"}),
]


@pytest.mark.parametrize(("query", "pairs"), QUERIES)
def test_reads_a_query(query: str, pairs: dict[str, str | list[str]]) -> None:
    assert parse_query(query) == pairs
    assert parse_query(query.encode()) == pairs


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("a=é".encode(), {"a": "é"}),
        ("ü=é&b=%C3%A9".encode(), {"ü": "é", "b": "é"}),
        (b"a=\xff", {"a": "\ufffd"}),
        (b"a=\xe0\xa4&b=1", {"a": "\ufffd", "b": "1"}),
        (b"a=\xe0\xa4&b=%31", {"a": "\ufffd", "b": "1"}),
        (b"a=\xe4%B8\x96", {"a": "世"}),
        (b"a\xff=1&a\xfe=%32", {"a\ufffd": ["1", "2"]}),
    ],
)
def test_raw_bytes_are_utf8(query: bytes, pairs: dict[str, str | list[str]]) -> None:
    assert parse_query(query) == pairs


@pytest.mark.parametrize("query", ["a=é", "é=%C3%A9", "a=\ud800&b=%41", "a=\ud800"])
def test_a_text_outside_ascii_never_fails(query: str) -> None:
    assert len(parse_query(query)) == query.count("=")


def test_order_is_kept_and_nothing_is_cut_off() -> None:
    query = "&".join(f"k{number}={number}" for number in reversed(range(5000)))
    assert list(parse_query(query).items()) == [(f"k{number}", str(number)) for number in reversed(range(5000))]
    assert parse_query("&".join(["a=1"] * 5000)) == {"a": ["1"] * 5000}
    assert parse_query("a=" + "y" * 100_000) == {"a": "y" * 100_000}


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6))
def test_what_was_encoded_is_read_back(pairs: list[tuple[str, str]]) -> None:
    expected: dict[str, list[str]] = {}
    for name, value in pairs:
        expected.setdefault(name, []).append(value)
    assert parse_query(urlencode(pairs)) == {name: values[0] if len(values) == 1 else values for name, values in expected.items()}


SPECIAL = st.text("%&=+2Cc3aAe9zé\0\1\r\n\t _", max_size=40).map(str.encode)
ESCAPED = st.lists(st.sampled_from([b"%26", b"%3D", b"%3d", b"%25", b"%00", b"%01", b"%0A", b"%C3", b"%BC", b"&", b"=", b"+", b"a"])).map(
    b"".join
)


@settings(max_examples=1000)
@given(st.one_of(SPECIAL, ESCAPED, st.binary(max_size=60)))
def test_whole_and_pair_by_pair_are_read_alike(query: bytes) -> None:
    assert parse_query(query) == url._parse_pair_by_pair(query)


@given(st.text("%&=+2Cc3aAe9zé", max_size=40))
def test_text_and_bytes_are_read_alike(query: str) -> None:
    assert parse_query(query) == parse_query(query.encode())


@pytest.mark.parametrize("query", [b"a=%\nb%41", b"a=%\r\nb=1", b"a==%3D", b"a=%%", b"a=%&b=%", b"a=%00&b=1", b"a=%01=", b"%\n\n=%%"])
def test_what_is_no_quoted_printable(query: bytes) -> None:
    assert parse_query(query) == url._parse_pair_by_pair(query)
    assert "".join(parse_query(query)).isascii()


@given(st.binary(max_size=60))
def test_any_bytes_are_read(query: bytes) -> None:
    assert all("&" not in name or b"%26" in query for name in parse_query(query))


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ("", ""),
        ("a=1", "a=1"),
        ("a=1&a=2", "a=1&a=2"),
        ("a=1&b=2&a=3", "a=1&a=3&b=2"),
        ("a=a%20b+c&e=%E3%81%82", "a=a%20b%20c&e=%E3%81%82"),
        ("e=%e3%81%82", "e=%E3%81%82"),
        ("a=x/y?z", "a=x%2Fy%3Fz"),
        ("a", "a="),
        ("&&a=1&", "a=1"),
        ("a=%41", "a=A"),
        ("a=%26%3D%2B", "a=%26%3D%2B"),
        ("a=100%", "a=100%25"),
        ("a=%FF", "a=%EF%BF%BD"),
        ("a=é", "a=%C3%A9"),
        ("a=%0D%0AX", "a=%0D%0AX"),
    ],
)
def test_writes_a_query_again(query: str, written: str) -> None:
    assert reserialise_query(query) == written


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_query_written_again_says_the_same(query: str) -> None:
    written = reserialise_query(query)
    assert parse_query(written) == parse_query(query)
    assert reserialise_query(written) == written
    assert written.isascii()
    assert written.isprintable()


@pytest.mark.parametrize(
    ("raw", "segment"),
    [
        ("plain", "plain"),
        ("", ""),
        ("a%2Fb", "a/b"),
        ("a+b", "a+b"),
        ("a%20b", "a b"),
        ("%E4%B8%96", "世"),
        ("%e4%b8%96", "世"),
        ("%2541", "%41"),
        ("%25", "%"),
        ("x.json", "x.json"),
        ("世", "世"),
        ("世%20界", "世 界"),
        ("%F0%9F%98%80", "😀"),
        ("%0D%0A", "\r\n"),
    ],
)
def test_decodes_a_segment_once(raw: str, segment: str) -> None:
    assert decode_segment(raw) == segment


@pytest.mark.parametrize(
    "text", ["%", "%4", "%zz", "a%2", "%E0%A4%A", "%FF", "%C0%80", "%ED%A0%80", "%+1", "% 1", "%é1", "\xc3%A9", "%\uff11\uff11"]
)
def test_refuses_a_malformed_segment(text: str) -> None:
    with pytest.raises(ValueError):
        decode_segment(text)
    with pytest.raises(ValueError):
        percent_decode(text)


@pytest.mark.parametrize("raw", ["%00", "a%00b", "a\0b"])
def test_refuses_nul_in_a_segment_alone(raw: str) -> None:
    with pytest.raises(ValueError, match="NUL"):
        decode_segment(raw)
    assert "\0" in percent_decode(raw)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_encoded_text_decodes_to_itself(text: str) -> None:
    encoded = percent_encode(text)
    assert percent_decode(encoded) == text
    assert encoded.isascii()


def test_encodes_as_javascript_does() -> None:
    assert percent_encode("aZ09-_.!~*'()") == "aZ09-_.!~*'()"
    assert percent_encode(' ";,/?:@&=+$#%\\\0é😀') == "%20%22%3B%2C%2F%3F%3A%40%26%3D%2B%24%23%25%5C%00%C3%A9%F0%9F%98%80"


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("/login", "/login"),
        ("", ""),
        ("/login?next=%2Fhome&x=1", "/login?next=%2Fhome&x=1"),
        ("https://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
        ("http://[::1]:3000/", "http://[::1]:3000/"),
        ("/a b", "/a%20b"),
        ("/日本", "/%E6%97%A5%E6%9C%AC"),
        ("/é%20è", "/%C3%A9%20%C3%A8"),
        ("/😀", "/%F0%9F%98%80"),
        ('/"<>^`{|}', "/%22%3C%3E%5E%60%7B%7C%7D"),
        ("/100%", "/100%25"),
        ("/%zz%4", "/%25zz%254"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/~user/a;b=1,2!$&'()*+@", "/~user/a;b=1,2!$&'()*+@"),
        ("/\x85\xa0", "/%C2%85%C2%A0"),
    ],
)
def test_makes_a_url_fit_for_location(url: str, location: str) -> None:
    assert encode_location(url) == location


@pytest.mark.parametrize("url", ["/a\r\nSet-Cookie: x=1", "/a\n", "\n", "/\0", "/\t", "/\x7f", "/\x1b[0m", "/\ud800"])
def test_refuses_a_location_with_control_characters(url: str) -> None:
    with pytest.raises(InvalidRedirect):
        encode_location(url)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_a_location_is_ascii_and_settled(url: str) -> None:
    location = encode_location(url)
    assert location.isascii()
    assert " " not in location
    assert encode_location(location) == location
