"""The Content-Type of a request, taken apart (RFC 9110 section 8.3)."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from msgspec import Struct

__all__ = ["MediaType", "parse_media_type", "read_media_type"]

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
# START: what may not stand there is named, and not what may, whose wide ranges take 6 ms to compile.
_TEXT = r'[^\x00-\x08\x0a-\x1f"\\\x7f]*+'
_QUOTED = rf'"{_TEXT}(?:\\[^\x00-\x08\x0a-\x1f\x7f]{_TEXT})*"'
_TYPE = re.compile(rf"[ \t]*+({_TOKEN}/{_TOKEN})[ \t]*+")
# A parameter may be missing after its semicolon, as in "application/json;" (RFC 9110 section 5.6.6).
_PARAMETER = re.compile(rf";[ \t]*+(?:({_TOKEN})[ \t]*+=[ \t]*+({_TOKEN}|{_QUOTED})[ \t]*+)?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class MediaType(Struct, frozen=True):
    """A media type, so `Application/JSON; Charset=UTF-8` is type "application/json" with charset "utf-8".

    Type, charset and the names of parameters are in lower case; the boundary and other values are as sent.
    """

    type_: str
    charset: str | None
    boundary: str | None
    parameters: Mapping[str, str]


_PLAIN_TEXT = MediaType("text/plain", None, None, MappingProxyType({}))


CACHED_LENGTH = 256
"""Longer fields are read anew each time: a client must not fill the memory with fields of its own."""


def read_media_type(field: bytes | None) -> MediaType:
    """Take the Content-Type of a request apart, as its bytes came; see `parse_media_type`."""
    return _read(field) if field is None or len(field) <= CACHED_LENGTH else _read.__wrapped__(field)


@lru_cache(maxsize=128)  # PERF: clients send the same few fields; a hit takes a thirtieth of a parse with one parameter
def _read(field: bytes | None) -> MediaType:
    return parse_media_type(None if field is None else field.decode("latin-1"))


def parse_media_type(text: str | None) -> MediaType:
    """Take a Content-Type apart; one that is absent or cannot be read is text/plain, as in Next.js.

    Of a repeated parameter the last one counts.
    """
    match = _TYPE.match(text) if text else None
    if text is None or match is None:
        return _PLAIN_TEXT
    parameters = _parse_parameters(text, match.end())
    if parameters is None:
        return _PLAIN_TEXT
    charset = parameters.get("charset", "").lower()
    return MediaType(match[1].lower(), charset or None, parameters.get("boundary") or None, MappingProxyType(parameters))


def _parse_parameters(text: str, position: int) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None:
            return None
        name, value = match.groups()
        if name is not None:
            parameters[name.lower()] = _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
        position = match.end()
    return parameters
