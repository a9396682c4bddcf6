import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.http.compression import (
    Coding,
    Compressor,
    add_vary,
    carries_events,
    choose_encoding,
    compress_whole,
    forbid_transforms,
    is_compressible,
    should_compress,
)
from slugline.http.headers import Fields

# NEXTJS: what the recorded answers of its compression show, and npm `compressible` says.


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json; charset=utf-8", True),
        ("application/json", True),
        ("APPLICATION/JSON", True),
        ("application/vnd.api+json", True),
        ("application/problem+json", True),
        ("application/ld+json", True),
        ("application/atom+xml", True),
        ("application/javascript", True),
        ("application/xml", True),
        ("text/plain", True),
        ("text/html; charset=utf-8", True),
        ("text/css", True),
        ("text/csv", True),
        ("image/svg+xml", True),
        ("application/wasm", True),
        ("image/png", False),
        ("image/jpeg", False),
        ("video/mp4", False),
        ("application/octet-stream", False),
        ("application/x-ndjson", False),
        ("application/zip", False),
        ("application/pdf", False),
        ("", False),
        ("json", False),
    ],
)
def test_compressible(content_type: str, expected: bool) -> None:
    assert is_compressible(content_type) is expected


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("deflate", "deflate"),
        ("gzip, deflate, br, zstd", "gzip"),
        ("deflate, gzip", "gzip"),
        ("gzip;q=0.5, deflate;q=1.0", "deflate"),
        ("gzip;q=0, deflate", "deflate"),
        ("*", "gzip"),
        ("*;q=0", None),
        ("*;q=0.5, deflate", "deflate"),
        ("gzip;q=0, *", "deflate"),
        ("gzip;q=0, deflate;q=0, *", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity, gzip", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.000", None),
        ("gzip;q=broken", "gzip"),
        ("gzip;q=0.001", "gzip"),
        ("identity", None),
        ("br", None),
        ("zstd", None),
        ("x-gzip", None),
        ("", None),
        (",,;;", None),
    ],
)
def test_choice(accepted: str, expected: Coding | None) -> None:
    assert choose_encoding(accepted) == expected


@pytest.mark.parametrize(
    ("content_type", "length", "cache_control", "content_encoding", "expected"),
    [
        ("text/plain", 1024, None, None, True),
        ("text/plain", 1023, None, None, False),
        ("text/plain", None, None, None, True),
        ("image/png", 5000, None, None, False),
        ("text/plain", 5000, "no-transform", None, False),
        ("text/plain", 5000, "public, No-Transform", None, False),
        ("text/plain", 5000, "no-store", None, True),
        ("text/plain", 5000, None, "identity", True),
        ("text/plain", 5000, None, "br", False),
        ("text/event-stream", None, None, None, False),
        ("Text/Event-Stream; charset=utf-8", 5000, None, None, False),
    ],
)
def test_decision(content_type: str, length: int | None, cache_control: str | None, content_encoding: str | None, expected: bool) -> None:
    assert should_compress(content_type, length, cache_control, content_encoding) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([(b"content-type", b"text/event-stream; charset=utf-8")], True),
        ([(b"x", b"y"), (b"content-type", b"Text/Event-Stream")], True),
        ([(b"content-type", b"text/plain")], False),
        ([(b"accept", b"text/event-stream")], False),
        ([], False),
    ],
)
def test_event_streams(fields: Fields, expected: bool) -> None:
    assert carries_events(fields) is expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], b"no-transform"),
        ([b"no-store"], b"no-store, no-transform"),
        ([b"private", b"max-age=5"], b"private, max-age=5, no-transform"),
        ([b"no-cache, No-Transform"], b"no-cache, No-Transform"),
    ],
)
def test_a_body_that_no_proxy_may_touch(lines: list[bytes], expected: bytes) -> None:
    fields = forbid_transforms([(b"x", b"y"), *((b"cache-control", line) for line in lines)])
    assert sorted(fields) == [(b"cache-control", expected), (b"x", b"y")]
    assert forbid_transforms(fields) == fields


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        (None, "Accept-Encoding"),
        ("", "Accept-Encoding"),
        (" ", "Accept-Encoding"),
        ("Origin", "Origin, Accept-Encoding"),
        ("accept-encoding", "accept-encoding"),
        ("Origin,Accept-Encoding", "Origin,Accept-Encoding"),
        ("X-Accept-Encoding", "X-Accept-Encoding, Accept-Encoding"),
        ("*", "*"),
        (" * ", "*"),
    ],
)
def test_vary(existing: str | None, expected: str) -> None:
    assert add_vary(existing, "Accept-Encoding") == expected


def decompress(coding: Coding, data: bytes) -> bytes:
    return gzip.decompress(data) if coding == "gzip" else zlib.decompress(data)


@given(st.sampled_from(["gzip", "deflate"]), st.lists(st.binary(max_size=200), max_size=8))
def test_pieces_come_back_whole_and_at_once(coding: Coding, pieces: list[bytes]) -> None:
    compressor = Compressor(coding)
    reader = zlib.decompressobj(wbits=31 if coding == "gzip" else 15)
    received = b""
    for index, piece in enumerate(pieces):
        received += reader.decompress(compressor.compress(piece) + compressor.flush())
        assert received == b"".join(pieces[: index + 1])  # nothing is held back
    received += reader.decompress(compressor.finish())
    assert received == b"".join(pieces)
    assert reader.eof


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_the_same_body_gives_the_same_bytes(coding: Coding) -> None:
    body = b"lorem ipsum " * 200
    first = compress_whole(coding, body)
    assert compress_whole(coding, body) == first
    assert decompress(coding, first) == body
    assert len(first) < len(body) / 10
