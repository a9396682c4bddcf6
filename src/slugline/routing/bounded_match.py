"""Match a path with the parts of a pattern in time that grows with its length, whatever the path.

A regex tries the ways in which several repetitions share a path one after the other: with "/:a*/:b*/:c*" that is the cube of the
path's length. Here one pass from the right marks the places from which the rest of the pattern fits, part by part, and one pass from
the left takes, at each part, the choice that a regex would take first. Only for parts without a regex of the user's.
"""

from collections.abc import Sequence

from msgspec import Struct

from slugline.routing.pattern_parts import Param, Part

__all__ = ["Span", "find_spans"]

Span = tuple[int, int] | None


class _Marks(Struct, frozen=True):
    """Where a parameter may begin with its prefix, where an element of it may begin, and from each place the nearest end of one."""

    take: bytearray
    good: bytearray
    nearest_end: list[int]


def find_spans(parts: Sequence[Part], path: str) -> list[Span] | None:
    """Give where each parameter that captures lies in the path, None for one that is absent; or None when the path does not match.

    The whole path has to match; one slash at its end may be left over.
    """
    after = bytearray(len(path) + 1)
    after[-1] = True
    if path.endswith("/"):
        after[-2] = True
    marks: list[_Marks | None] = []
    for part in reversed(parts):
        found = _mark(part, path, after) if isinstance(part, Param) else None
        marks.append(found)
        after = _begins(part, found, path, after)
    return _take(parts, marks[::-1], path) if after[0] else None


def _begins(part: Part, marks: _Marks | None, path: str, after: bytearray) -> bytearray:
    """Mark where a part may begin, given the marks of where what follows it may."""
    if marks is None:
        before = bytearray(len(path) + 1)
        text = str(part)
        place = path.find(text)
        while place >= 0:
            before[place] = after[place + len(text)]
            place = path.find(text, place + 1)
        return before
    before = marks.take[: len(path) + 1]
    if isinstance(part, Param) and part.is_optional:
        for place, mark in enumerate(after):
            before[place] |= mark
    return before


def _mark(part: Param, path: str, after: bytearray) -> _Marks:
    length = len(path)
    nowhere = length + 1
    take, good = bytearray(length + 2), bytearray(length + 2)
    nearest_end = [nowhere] * (length + 2)
    limit = length  # how far an element may reach
    for place in range(length, -1, -1):
        ends = _ends(part, path, place, after, good)
        nearest_end[place] = place if ends else nearest_end[place + 1]
        if part.is_text:
            good[place] = ends
        else:
            if place < length and (path[place] == "/" or (part.forbidden and path.startswith(part.forbidden, place))):
                limit = place
            good[place] = limit > place and nearest_end[place + 1] <= limit
        start = place + len(part.prefix)
        take[place] = path.startswith(part.prefix, place) and good[start]
    return _Marks(take, good, nearest_end)


def _ends(part: Param, path: str, place: int, after: bytearray, good: bytearray) -> bool:
    """Tell whether an element may end at a place: what follows the parameter fits there, or another repetition does."""
    end = place + len(part.suffix)
    if path.startswith(part.suffix, place) and after[end]:
        return True
    separator = part.separator
    return part.repeats and path.startswith(separator, place) and bool(good[place + len(separator)])


def _take(parts: Sequence[Part], marks: Sequence[_Marks | None], path: str) -> list[Span]:
    spans: list[Span] = []
    place = 0
    for part, mark in zip(parts, marks, strict=True):
        if isinstance(part, str) or mark is None:
            place += len(part) if isinstance(part, str) else 0
            continue
        span: Span = None
        if mark.take[place]:
            start = place + len(part.prefix)
            end = _last_end(part, mark, path, start)
            span = start, end
            place = end + len(part.suffix)
        if not part.is_text:
            spans.append(span)
    return spans


def _last_end(part: Param, marks: _Marks, path: str, start: int) -> int:
    """Give where the last repetition ends: each as short as it can be, and as many as there can be."""
    separator = part.separator
    while True:
        end = start if part.is_text else marks.nearest_end[start + 1]
        following = end + len(separator)
        if not (part.repeats and path.startswith(separator, end) and marks.good[following]):
            return end
        start = following
