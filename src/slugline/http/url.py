"""Percent-encoding: query strings, path segments and the Location field.

Two ways to decode, on purpose. A query never fails: what cannot be decoded is kept or becomes U+FFFD (WHATWG URL section 5.1).
A path segment or cookie is decoded strictly, and the caller decides what a malformed one means.
"""

import re
from binascii import a2b_qp
from urllib.parse import quote

from slugline.errors import InvalidRedirect

__all__ = ["decode_segment", "encode_location", "parse_query", "percent_decode", "percent_encode", "reserialise_query"]

_HEX_DIGITS = "0123456789abcdefABCDEF"
_BYTES_BY_HEX = {(high + low).encode(): bytes.fromhex(high + low) for high in _HEX_DIGITS for low in _HEX_DIGITS}

_LOCATION_RESERVED = ":/?#[]@!$&'()*+,;=%"
_PLAIN_LOCATION = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def parse_query(query: str | bytes) -> dict[str, str | list[str]]:
    """Read an application/x-www-form-urlencoded text, so "a=1&b=2&b=3" gives {"a": "1", "b": ["2", "3"]}.

    `&` separates, the first `=` splits, `+` is a space, a missing `=` gives "", an empty pair is skipped. Never raises:
    a malformed escape stays as it is, undecodable bytes become U+FFFD. There is no limit on pairs but the size of the text.
    """
    raw = query if isinstance(query, bytes) else query.encode("utf-8", "surrogatepass")
    if b"%" in raw:
        return _parse_escaped(raw)
    return _parse_plain(raw.replace(b"+", b" ").decode("utf-8", "replace"), "&", "=")


def reserialise_query(query: str) -> str:
    """Write a query again, so "a=x+y&b&a=2" gives "a=x%20y&a=2&b="; repeated keys come together.

    # NEXTJS: what it does to the query when it redirects to the path without, or with, a trailing slash.
    """
    pairs = ((name, value) for name, values in parse_query(query).items() for value in ([values] if isinstance(values, str) else values))
    return "&".join(f"{percent_encode(name)}={percent_encode(value)}" for name, value in pairs)


def percent_decode(text: str) -> str:
    """Decode every %XX once, as UTF-8; characters outside ASCII stay as they are, and so does `+`.

    Raises ValueError for an escape without two hexadecimal digits, and for bytes that are not UTF-8.
    """
    if "%" not in text:
        return text
    first, *escaped = text.encode().split(b"%")
    decoded = [first]
    for piece in escaped:
        byte = _BYTES_BY_HEX.get(piece[:2])
        if byte is None:
            raise ValueError(f"{text!r} holds a % without two hexadecimal digits.")
        decoded += byte, piece[2:]
    return b"".join(decoded).decode()


def percent_encode(text: str) -> str:
    """Encode as JavaScript's encodeURIComponent, so "a b/ü!" gives "a%20b%2F%C3%BC!".

    Raises UnicodeEncodeError for a lone surrogate.
    """
    return quote(text, safe="!*'()")


def decode_segment(raw: str) -> str:
    """Decode one segment of a path, once, so "a%2Fb" gives "a/b".

    Raises ValueError when an escape is malformed, the bytes are not UTF-8, or the segment holds a NUL.
    """
    segment = percent_decode(raw)
    # SECURITY: a NUL ends the text early in C libraries, file systems and databases.
    # NEXTJS: there it reaches the handler.
    if "\0" in segment:
        raise ValueError(f"{raw!r} holds a NUL.")
    return segment


def encode_location(url: str) -> str:
    r"""Make a URL fit for a Location field: "/a b/日" gives "/a%20b/%E6%97%A5"; escapes and reserved characters stay.

    Raises InvalidRedirect for line breaks, other control characters and lone surrogates.
    """
    if _PLAIN_LOCATION.fullmatch(url):  # PERF: nearly always
        return url
    found = _CONTROL.search(url)
    if found:
        raise InvalidRedirect(f"The URL holds a control character or line break (position {found.start()}): {url!r}.")
    try:
        # SECURITY: a backslash is encoded too. Browsers take "/\evil.example" for "//evil.example", another site.
        return quote(_STRAY_PERCENT.sub("%25", url), safe=_LOCATION_RESERVED)
    except UnicodeEncodeError as error:
        raise InvalidRedirect(f"The URL holds a lone surrogate (position {error.start}), which is no text: {url!r}.") from None


def _parse_plain(text: str, between_pairs: str, after_name: str) -> dict[str, str | list[str]]:
    parsed: dict[str, str | list[str]] = {}
    for pair in text.split(between_pairs):
        if pair:
            name, _, value = pair.partition(after_name)
            if after_name in value:
                value = value.replace(after_name, "=")
            if name in parsed:
                _add(parsed, name, value)
            else:
                parsed[name] = value
    return parsed


def _parse_escaped(raw: bytes) -> dict[str, str | list[str]]:
    """Decode everything in one step, with other separators, which no escape stands for; pair by pair, where that cannot be done.

    PERF: quoted-printable (RFC 2045 section 6.7) is the same escapes with `=` for `%`, and the library's reader of it is written in C. What
    it does with others shows in the length: only an escape becomes shorter by two, unless it is a line break.
    """
    pairs, names = raw.count(b"&"), raw.count(b"=")
    marked = raw.replace(b"+", b" ").replace(b"&", b"\0").replace(b"=", b"\1").replace(b"%", b"=")
    decoded = a2b_qp(marked)
    if (
        len(marked) - len(decoded) == 2 * raw.count(b"%")
        and decoded.count(b"\0") == pairs
        and decoded.count(b"\1") == names
        and b"\n" not in marked
        and b"\r" not in marked
    ):
        return _parse_plain(decoded.decode("utf-8", "replace"), "\0", "\1")
    return _parse_pair_by_pair(raw)


def _parse_pair_by_pair(raw: bytes) -> dict[str, str | list[str]]:
    parsed: dict[str, str | list[str]] = {}
    for pair in raw.replace(b"+", b" ").split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            _add(parsed, _decode_leniently(name), _decode_leniently(value))
    return parsed


def _decode_leniently(component: bytes) -> str:
    """Decode the escapes first and the UTF-8 of all bytes then, since one character may be half escaped."""
    first, *escaped = component.split(b"%")
    if not escaped:
        return component.decode("utf-8", "replace")
    decoded = [first]
    for piece in escaped:
        byte = _BYTES_BY_HEX.get(piece[:2])
        decoded += (b"%", piece) if byte is None else (byte, piece[2:])
    return b"".join(decoded).decode("utf-8", "replace")


def _add(query: dict[str, str | list[str]], name: str, value: str) -> None:
    earlier = query.get(name)
    if earlier is None:
        query[name] = value
    elif isinstance(earlier, list):
        earlier.append(value)
    else:
        query[name] = [earlier, value]
