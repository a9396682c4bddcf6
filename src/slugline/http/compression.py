"""Content coding of answers: which are compressed, with what, and what Vary says of it.

The rules are those of npm `compression`, which Next.js uses: gzip and deflate, from 1024 bytes, for types that gain by it.
"""

import re
import zlib
from functools import lru_cache
from typing import Literal

from slugline.http.headers import Fields

__all__ = [
    "Coding",
    "Compressor",
    "add_vary",
    "carries_events",
    "choose_encoding",
    "compress_whole",
    "forbid_transforms",
    "is_compressible",
    "should_compress",
    "transforms",
]

Coding = Literal["gzip", "deflate"]

CACHED_LENGTH = 256
"""Longer fields are read anew each time: a client must not fill the memory with fields of its own."""

THRESHOLD_BYTES = 1024
"""Below this an answer fits into one packet anyway; npm `compression` has the same."""

# Level 6 is zlib's own default, and nginx's gzip module with its level 1 is the usual other choice.
LEVEL = 6
_WINDOW_BITS = {"gzip": 31, "deflate": 15}  # zlib: 16 more asks for a gzip wrapper; "deflate" is the zlib format (RFC 9110 section 8.4.1.2)

_TEXTUAL_SUFFIXES = ("+json", "+xml", "+text")
_TEXTUAL_TYPES = frozenset(
    f"application/{name}"
    for name in (
        *("json", "javascript", "ecmascript", "x-javascript", "xml", "xml-dtd", "wasm", "graphql", "rtf", "sql", "toml", "yaml", "x-yaml"),
        *("manifest+json", "x-www-form-urlencoded", "x-sh", "x-httpd-php", "vnd.ms-fontobject", "x-font-ttf", "tar", "x-tar"),
    )
) | frozenset({"font/ttf", "font/otf", "font/eot", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon", "image/svg+xml"})

_WEIGHT = re.compile(r"^q=([01](?:\.\d{0,3})?)$")


@lru_cache(maxsize=256)
def is_compressible(content_type: str) -> bool:
    """Tell whether a media type gains by compression: "text/css; charset=utf-8" does, "image/png" does not."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type.endswith(_TEXTUAL_SUFFIXES) or media_type in _TEXTUAL_TYPES


def transforms(cache_control: str | None) -> bool:
    """Tell whether Cache-Control lets a body be transformed at all (RFC 9111 section 5.2.2.6: `no-transform`)."""
    return cache_control is None or "no-transform" not in cache_control.lower()


def carries_events(fields: Fields) -> bool:
    """Tell whether an answer is an event stream, from its fields."""
    return any(name == b"content-type" and value.lower().startswith(b"text/event-stream") for name, value in fields)


def forbid_transforms(fields: Fields) -> Fields:
    """Give the fields with `no-transform` in Cache-Control, so that no proxy compresses the body."""
    lines = [value for name, value in fields if name == b"cache-control"]
    if any(b"no-transform" in line.lower() for line in lines):
        return fields
    others = [field for field in fields if field[0] != b"cache-control"]
    return [*others, (b"cache-control", b", ".join([*lines, b"no-transform"]))]


def should_compress(content_type: str, length: int | None, cache_control: str | None = None, content_encoding: str | None = None) -> bool:
    """Tell whether a body of `length` bytes is compressed for a client that takes it; None, an unknown length, counts as large.

    Event streams never are: NEXTJS compresses them, and so holds events back until a block is full.
    """
    if length is not None and length < THRESHOLD_BYTES:
        return False
    if content_encoding is not None and content_encoding.strip().lower() != "identity":
        return False
    if content_type.lower().startswith("text/event-stream"):
        return False
    return transforms(cache_control) and is_compressible(content_type)


def choose_encoding(accept_encoding: str) -> Coding | None:
    """Choose for an Accept-Encoding field: the higher weight, gzip among equals; None when neither is wanted, or less than `identity`.

    `*` stands for what is not named (RFC 9110 section 12.5.3). A weight that cannot be read counts as 1.
    """
    return _choose(accept_encoding) if len(accept_encoding) <= CACHED_LENGTH else _choose.__wrapped__(accept_encoding)


@lru_cache(maxsize=256)
def _choose(accept_encoding: str) -> Coding | None:
    weights: dict[str, float] = {}
    for item in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        if coding:
            weights.setdefault(coding, _read_weight(parameters))
    others = weights.get("*", 0.0)
    gzip = weights.get("gzip", others)
    deflate = weights.get("deflate", others)
    if max(gzip, deflate) == 0 or max(gzip, deflate) < weights.get("identity", 0.0):
        return None
    return "gzip" if gzip >= deflate else "deflate"


def _read_weight(parameters: list[str]) -> float:
    for parameter in parameters:
        found = _WEIGHT.match(parameter.replace(" ", ""))
        if found is not None:
            return min(float(found[1]), 1.0)
    return 1.0


class Compressor:
    """Compresses a body piece by piece."""

    def __init__(self, encoding: Coding) -> None:
        self._zlib = zlib.compressobj(LEVEL, zlib.DEFLATED, _WINDOW_BITS[encoding])

    def compress(self, data: bytes) -> bytes:
        """Take a piece, and give what is ready so far, often nothing."""
        return self._zlib.compress(data)

    def flush(self) -> bytes:
        """Give all that was taken, so that the client can read it now; costs some of the compression."""
        return self._zlib.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        """Give the rest, and the end."""
        return self._zlib.flush(zlib.Z_FINISH)


def compress_whole(encoding: Coding, body: bytes) -> bytes:
    """Compress a whole body; the same bytes give the same result, with no time in it."""
    compressor = Compressor(encoding)
    return compressor.compress(body) + compressor.finish()


def add_vary(existing: str | None, token: str) -> str:
    """Add a field name to a Vary field unless it is there, in any case; `*` says everything already."""
    if not existing or not existing.strip():
        return token
    names = [name.strip().lower() for name in existing.split(",")]
    if "*" in names:
        return "*" if names == ["*"] else existing
    return existing if token.lower() in names else f"{existing}, {token}"
