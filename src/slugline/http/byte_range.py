"""One byte range of a Range field (RFC 9110 section 14)."""

import re

from msgspec import Struct

__all__ = ["Range", "RangeNotSatisfiable", "parse_range"]

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII | re.IGNORECASE)


class Range(Struct, frozen=True):
    """The bytes from `start` up to, and without, `end_exclusive`."""

    start: int
    end_exclusive: int


class RangeNotSatisfiable(Exception):
    """The range lies outside the representation: 416."""


def parse_range(header: str, size: int) -> Range | None:
    """Read a range of a representation of `size` bytes, so "bytes=0-99" gives Range(0, 100).

    None when the field is to be ignored: another unit, several ranges, or no range at all.
    Raises RangeNotSatisfiable when the range begins at or after the end.
    """
    found = _RANGE.fullmatch(header)
    if found is None:
        return None
    first, last = _shorten(found[1]), _shorten(found[2])
    if not first:
        return _read_suffix(last, size)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise RangeNotSatisfiable
    return Range(start, min(int(last) + 1, size) if last else size)


def _shorten(digits: str) -> str:
    """Cut a number to 18 digits, which is more than any file has: int() of very long ones is slow, and refused from 4300."""
    return digits if len(digits) <= 18 else (digits.lstrip("0") or "0")[:18]


def _read_suffix(last: str, size: int) -> Range | None:
    if not last:
        return None
    length = int(last)
    if length == 0 or size == 0:
        raise RangeNotSatisfiable
    return Range(max(size - length, 0), size)
