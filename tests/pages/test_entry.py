"""One page as it was made: when it is stale, its Cache-Control, and its way to bytes and back."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.http.etag import make_etag
from slugline.pages.entry import Entry, cache_control, decode_entry, encode_entry, make_entry

YEAR = 31_536_000


@pytest.mark.parametrize(
    ("revalidate_seconds", "expected"),
    [
        (None, "s-maxage=31536000"),
        (1, "s-maxage=1, stale-while-revalidate=31535999"),
        (60, "s-maxage=60, stale-while-revalidate=31535940"),
        (YEAR - 1, "s-maxage=31535999, stale-while-revalidate=1"),
        (YEAR, "s-maxage=31536000"),
        (2 * YEAR, "s-maxage=63072000"),
    ],
)
def test_cache_control_is_that_of_nextjs(revalidate_seconds, expected):
    assert cache_control(make_entry("", revalidate_seconds=revalidate_seconds, now=0.0)) == expected


@pytest.mark.parametrize(
    ("revalidate_seconds", "age_seconds", "stale"),
    [
        (None, 10 * YEAR, False),
        (None, -10 * YEAR, False),
        (10, 0, False),
        (10, 10, False),
        (10, 10.001, True),
        (10, -10, False),  # another machine's clock is ahead
        (10, -10.001, True),  # the clock was set back
    ],
)
def test_stale(revalidate_seconds, age_seconds, stale):
    entry = make_entry("", revalidate_seconds=revalidate_seconds, now=1000.0)
    assert entry.is_stale(1000.0 + age_seconds) is stale


def test_make_entry_tags_the_body():
    entry = make_entry("<p>ä</p>", now=5.0)
    assert entry == Entry("page", 200, "<p>ä</p>".encode(), None, None, 5.0, make_etag("<p>ä</p>".encode()))
    assert make_entry(b"x").rendered_at > 1_700_000_000


def test_a_redirect_has_its_location():
    entry = make_entry("/new", kind="redirect", status=308, location="/new", revalidate_seconds=5, now=1.0)
    assert (entry.kind, entry.status, entry.body, entry.location) == ("redirect", 308, b"/new", "/new")


def test_an_entry_cannot_be_changed():
    with pytest.raises(AttributeError):
        make_entry("").status = 500  # type: ignore[misc]


entries = st.builds(
    Entry,
    kind=st.sampled_from(["page", "not_found", "redirect"]),
    status=st.integers(100, 599),
    body=st.binary(),
    location=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    revalidate_seconds=st.none() | st.integers(1, 2**40),
    rendered_at=st.floats(0, 4e9),
    etag=st.just('"1"'),
)
paths = st.text().map(lambda text: "/" + text)


@given(paths, entries)
def test_to_bytes_and_back(path, entry):
    assert decode_entry(path, encode_entry(path, entry)) == entry


@given(entries, st.data())
def test_any_damage_is_seen(entry, data):
    whole = encode_entry("/a", entry)
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[at] ^= data.draw(st.integers(1, 255))
    for damaged in (bytes(changed), whole[:at], whole[at + 1 :], whole + b"x"):
        with pytest.raises(ValueError):
            decode_entry("/a", damaged)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it holds something else"),
        (b"<html>", "it holds something else"),
        (encode_entry("/a", make_entry("x")).replace(b"page 1", b"page 9"), "another version of Slugline wrote it"),
        (encode_entry("/a", make_entry("x"))[:-1], "it is damaged"),
        (encode_entry("/b", make_entry("x")), "it belongs to another page"),
        (encode_entry("/a", msgspec.structs.replace(make_entry("x"), status="?")), "it cannot be understood"),
    ],
)
def test_the_reason(data, reason):
    with pytest.raises(ValueError, match=reason):
        decode_entry("/a", data)
