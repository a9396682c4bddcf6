"""Entity tags and If-None-Match."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.http.etag import is_fresh, make_etag, with_encoding


@given(st.binary(max_size=200))
def test_a_tag_is_strong_short_and_repeatable(body: bytes) -> None:
    tag = make_etag(body)
    assert re.fullmatch(r'"[!#-~]{8,40}"', tag)
    assert make_etag(bytes(bytearray(body))) == tag


def test_every_process_gives_the_same_tag() -> None:
    program = "from slugline.http.etag import make_etag; print(make_etag(b'{\"v\":1}'))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == make_etag(b'{"v":1}')


def test_bodies_of_one_length_have_their_own_tags() -> None:
    bodies = [b'{"count":%06d}' % number for number in range(20_000)]
    assert len({make_etag(body) for body in bodies}) == len(bodies)


@pytest.mark.parametrize(
    ("tag", "encoding", "encoded"),
    [
        ('"1b"', "gzip", '"1b-gzip"'),
        ('"1b"', "deflate", '"1b-deflate"'),
        ('""', "gzip", '"-gzip"'),
        ('W/"1b"', "gzip", 'W/"1b"'),
        ("bare", "gzip", "bare-gzip"),
    ],
)
def test_an_encoded_twin_has_its_own_strong_tag(tag: str, encoding: str, encoded: str) -> None:
    assert with_encoding(tag, encoding) == encoded


@pytest.mark.parametrize(
    ("if_none_match", "etag"),
    [
        ('"a"', '"a"'),
        ('W/"a"', '"a"'),
        ('"a"', 'W/"a"'),
        ('W/"a"', 'W/"a"'),
        ('"z", "a"', '"a"'),
        ('"z","a"', '"a"'),
        ('"a","z"', '"a"'),
        ('"z" , W/"a" , "y"', '"a"'),
        (' "a" ', '"a"'),
        ('\t"a"\t,\t"b"', '"b"'),
        (',, "a" ,,', '"a"'),
        ('"a,b"', '"a,b"'),
        ('"z", "a,b"', '"a,b"'),
        ('""', '""'),
        ("*", '"a"'),
        (" * ", '"a"'),
        ("*", 'W/"a"'),
        ("bare", "bare"),
        ("other, bare", "bare"),
        ('"é"', '"é"'),
    ],
)
def test_fresh(if_none_match: str, etag: str) -> None:
    assert is_fresh(if_none_match, etag)


@pytest.mark.parametrize(
    ("if_none_match", "etag"),
    [
        ("", '"a"'),
        (" ", '"a"'),
        ("a", '"a"'),
        ('"a"', "a"),
        ('"A"', '"a"'),
        ('"nope"', '"a"'),
        ('w/"a"', '"a"'),
        ('W/ "a"', '"a"'),
        ('"a', '"a"'),
        ('"b,"a""', '"a"'),
        ('"x, "a", y"', '"x"'),
        ('"z" "a"', '"a"'),
        ('"z", *', '"a"'),
        ('"a-gzip"', '"a"'),
        ('"ab"', '"a"'),
        ('"a,b"', '"a"'),
        ('"a,b"', '"b"'),
        ('"', '""'),
    ],
)
def test_not_fresh(if_none_match: str, etag: str) -> None:
    assert not is_fresh(if_none_match, etag)


TAGS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"'), max_size=12).map(lambda text: f'"{text}"')


@given(st.lists(TAGS, min_size=1, max_size=5), st.data())
def test_every_tag_of_a_list_matches_and_no_other(tags: list[str], data: st.DataObject) -> None:
    field = data.draw(st.sampled_from([",", ", ", " ,\t"])).join(data.draw(st.sampled_from([tag, f"W/{tag}"])) for tag in tags)
    assert all(is_fresh(field, tag) for tag in tags)
    assert not is_fresh(field, '"of-none-of-them"')


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "field", ["," * 32_000, '"' * 32_000, ",\t" * 16_000 + '"', "," + " " * 32_000 + '"', "a" * 32_000 + '"', '"a",' * 8_000]
)
def test_long_fields_take_no_time(field: str) -> None:
    assert not is_fresh(field, '"b"')
