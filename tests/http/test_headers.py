"""Header fields of a request: names in any case, many values per name."""

import pytest

from slugline.http.headers import Headers, index_fields

INDEXES = {
    "nothing": ([], {}),
    "one": ([(b"a", b"1")], {b"a": b"1"}),
    "different fields": ([(b"a", b"1"), (b"b", b"2")], {b"a": b"1", b"b": b"2"}),
    "repeated fields are joined": ([(b"a", b"1"), (b"b", b"x"), (b"a", b"2")], {b"a": b"1, 2", b"b": b"x"}),
    "three times": ([(b"a", b"1"), (b"a", b"2"), (b"a", b"3")], {b"a": b"1, 2, 3"}),
    "cookies are joined as cookies": ([(b"cookie", b"a=1"), (b"cookie", b"b=2")], {b"cookie": b"a=1; b=2"}),
    "the first content type stands": ([(b"content-type", b"text/a"), (b"content-type", b"text/b")], {b"content-type": b"text/a"}),
    "the first of what has one value": ([(b"authorization", b"Basic a"), (b"authorization", b"Basic b")], {b"authorization": b"Basic a"}),
    "the first agent": ([(b"user-agent", b"a"), (b"accept", b"x"), (b"user-agent", b"b")], {b"user-agent": b"a", b"accept": b"x"}),
    "two lengths are one bad length": ([(b"content-length", b"1"), (b"content-length", b"1")], {b"content-length": b"1, 1"}),
    "empty values count": ([(b"a", b""), (b"a", b"2"), (b"a", b"")], {b"a": b", 2, "}),
    "two hosts are one bad host": ([(b"host", b"a"), (b"host", b"b")], {b"host": b"a, b"}),
}


@pytest.mark.parametrize(("fields", "index"), INDEXES.values(), ids=INDEXES)
def test_repeated_fields_are_joined_as_node_joins_them(fields, index):
    assert index_fields(fields) == index
    assert list(index_fields(fields)) == list(index)


@pytest.fixture
def headers():
    return Headers([(b"x-one", b"1"), (b"accept", b"a"), (b"x-one", b"2"), (b"x-latin", b"caf\xe9"), (b"x-empty", b"")])


@pytest.mark.parametrize("name", ["x-one", "X-One", "X-ONE"])
def test_names_are_found_in_any_case(headers, name):
    assert headers[name] == "1, 2"
    assert headers.get(name) == "1, 2"
    assert name in headers
    assert headers.get_all(name) == ["1", "2"]


def test_a_value_is_read_as_latin_1(headers):
    assert headers["x-latin"] == "café"


def test_an_empty_value_is_there(headers):
    assert headers["x-empty"] == ""
    assert "x-empty" in headers
    assert headers.get_all("x-empty") == [""]


@pytest.mark.parametrize("name", ["x-two", "", "x-ünï", "日本", "x-\ud800"])
def test_what_was_not_sent_is_not_there(headers, name):
    assert name not in headers
    assert headers.get(name) is None
    assert headers.get(name, "else") == "else"
    assert headers.get_all(name) == []
    with pytest.raises(KeyError) as caught:
        headers[name]
    assert caught.value.args == (name,)


def test_it_is_a_mapping_in_the_order_sent(headers):
    assert list(headers) == ["x-one", "accept", "x-latin", "x-empty"]
    assert len(headers) == 4
    assert dict(headers) == {"x-one": "1, 2", "accept": "a", "x-latin": "café", "x-empty": ""}
    assert headers == Headers([(b"accept", b"a"), (b"x-one", b"1, 2"), (b"x-latin", b"caf\xe9"), (b"x-empty", b"")])
    assert 5 not in headers


def test_it_shows_what_it_holds():
    assert repr(Headers([(b"a", b"1")])) == "Headers({'a': '1'})"
