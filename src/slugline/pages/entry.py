"""One page as it was made: what is kept of it, and what a client is told about keeping it."""

import time
from hashlib import blake2b
from typing import Literal

import msgspec

from slugline.errors import PageError
from slugline.http.etag import make_etag

__all__ = ["EXPIRE_SECONDS", "Entry", "Kind", "cache_control", "decode_entry", "encode_entry", "make_entry"]

Kind = Literal["page", "not_found", "redirect"]

EXPIRE_SECONDS = 31_536_000
"""A year. NEXTJS: its default `expireTime`, and what a page that is never made anew gets."""

# The number is the version of the format: raise it when the fields of Entry change their meaning.
HEADER = b"slugline page 1\n"
CHECKSUM_BYTES = 16


class Entry(msgspec.Struct, frozen=True):
    """A page, a 404 or a redirect, made from a path alone and so the same for everybody.

    `body` is the HTML, or the location as text for a redirect. `revalidate_seconds` None: it is never made anew by itself.
    `rendered_at` is in seconds since 1970: when it was made, or when making it anew last failed.
    """

    kind: Kind
    status: int
    body: bytes
    location: str | None
    revalidate_seconds: int | None
    rendered_at: float
    etag: str

    def is_stale(self, now: float) -> bool:
        """Tell whether it is to be made anew; `now` in seconds since 1970."""
        if self.revalidate_seconds is None:
            return False
        # Either side of it: a clock that was set back must not keep the page for as long as it was ahead.
        return not -self.revalidate_seconds <= now - self.rendered_at <= self.revalidate_seconds


def make_entry(
    document: str | bytes,
    *,
    kind: Kind = "page",
    status: int = 200,
    location: str | None = None,
    revalidate_seconds: int | None = None,
    now: float | None = None,
) -> Entry:
    """Make the entry of a document, with its tag; `now` in seconds since 1970, None for the clock's time.

    Raises PageError for text that UTF-8 cannot write.
    """
    try:
        body = document.encode() if isinstance(document, str) else document
    except UnicodeEncodeError as error:
        raise PageError(f"The page holds a lone surrogate ({error.object[error.start]!r}, at {error.start}), which UTF-8 lacks.") from error
    rendered_at = time.time() if now is None else now
    return Entry(kind, status, body, location, revalidate_seconds, rendered_at, make_etag(body))


def cache_control(entry: Entry) -> str:
    """Give the Cache-Control of a page that is kept, so revalidate 60 gives "s-maxage=60, stale-while-revalidate=31535940".

    NEXTJS: the same text, which leaves the second part out for a page that outlives a year or is never made anew.
    """
    seconds = entry.revalidate_seconds
    if seconds is None:
        return f"s-maxage={EXPIRE_SECONDS}"
    if seconds >= EXPIRE_SECONDS:
        return f"s-maxage={seconds}"
    return f"s-maxage={seconds}, stale-while-revalidate={EXPIRE_SECONDS - seconds}"


def encode_entry(path: str, entry: Entry) -> bytes:
    """Give the bytes that keep the entry of `path`: a header with the version, a checksum, MessagePack."""
    content = _ENCODER.encode((path.encode("utf-8", "surrogatepass"), entry))
    return HEADER + _checksum(content) + content


def decode_entry(path: str, data: bytes) -> Entry:
    """Give the entry that `encode_entry` wrote for `path`.

    Raises ValueError, with the reason as the end of a sentence, for anything else.
    """
    if not data.startswith(HEADER):
        raise ValueError("another version of Slugline wrote it" if data.startswith(HEADER[:14]) else "it holds something else")
    start = len(HEADER) + CHECKSUM_BYTES
    content = data[start:]
    if data[len(HEADER) : start] != _checksum(content):
        raise ValueError("it is damaged")
    try:
        written_path, entry = _DECODER.decode(content)
    except msgspec.MsgspecError as error:
        raise ValueError(f"it cannot be understood: {error}") from error
    if written_path != path.encode("utf-8", "surrogatepass"):
        raise ValueError("it belongs to another page")
    return entry


def _checksum(content: bytes) -> bytes:
    return blake2b(content, digest_size=CHECKSUM_BYTES).digest()


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[bytes, Entry])
