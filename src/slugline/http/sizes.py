"""Sizes as people write them in a configuration: 1000, "500b", "1.5mb"."""

import math
import re
from fractions import Fraction

__all__ = ["parse_size"]

_UNITS = {"": 1, "b": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3, "tb": 1024**4, "pb": 1024**5}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([kmgtp]?b|)", re.IGNORECASE)
_NEARLY_A_SIZE = re.compile(r"\s*\+?([0-9][0-9_,]*(?:\.[0-9]+)?|\.[0-9]+)\s*([bkmgtp]?)", re.IGNORECASE)
_ALLOWED = 'Give a positive number of bytes, or text such as "500b", "64kb" or "1.5mb" (b, kb, mb, gb, tb, pb; 1kb is 1024 bytes).'


def parse_size(value: float | str) -> int:
    """Give the number of whole bytes, so "1.5kb" gives 1536 and 1000 gives 1000.

    The unit is in any case, with or without a space before it; a fraction of a byte is dropped.
    Raises ValueError, saying what is allowed, for anything else and for a size below one byte.
    """
    # NEXTJS: there a text that cannot be read means "no limit", 0 means the default, and "1m" is one byte. Each is an error here.
    if isinstance(value, str):
        size = _text_size(value)
    elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a size. {_ALLOWED}")
    else:
        size = math.floor(value)
    if size < 1:
        raise ValueError(f"{value!r} is less than one byte. {_ALLOWED}")
    return size


def _text_size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size{_suggestion(text)}. {_ALLOWED}")
    number, unit = match.groups()
    return math.floor(Fraction(number) * _UNITS[unit.lower()])


def _suggestion(text: str) -> str:
    match = _NEARLY_A_SIZE.match(text)
    if match is None:
        return ""
    number, letter = match.groups()
    number = number.replace("_", "").replace(",", "")
    unit = f"{letter.lower()}b" if letter.lower() in "kmgtp" and letter else "b"
    return f" (did you mean {'0' if number.startswith('.') else ''}{number}{unit}?)"
