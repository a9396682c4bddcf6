"""Server-sent events, as text on the wire (WHATWG HTML, section 9.2.5)."""

import re

from slugline.errors import ResponseError
from slugline.http.json_text import encode_json

__all__ = ["encode_comment", "encode_event"]

_LINE_END = re.compile(r"\r\n|\r|\n")


def encode_event(data: object, *, event: str | None = None, id: str | None = None, retry_milliseconds: int | None = None) -> bytes:
    """Write one event, so "hi" gives b"data: hi\\n\\n"; text as it is, line by line, anything else as JSON.

    Raises ResponseError for a name or id with a line break or NUL, for a retry that is no whole number of milliseconds, and for
    text that UTF-8 cannot carry; NotSerialisable for data that JSON cannot carry.
    """
    lines = []
    if event is not None:
        lines.append(f"event: {_one_line('event', event)}")
    if id is not None:
        lines.append(f"id: {_one_line('id', id)}")
    if retry_milliseconds is not None:
        if not isinstance(retry_milliseconds, int) or isinstance(retry_milliseconds, bool) or retry_milliseconds < 0:
            raise ResponseError(f"The retry of an event is a whole number of milliseconds, not {retry_milliseconds!r}.")
        lines.append(f"retry: {retry_milliseconds}")
    text = data if isinstance(data, str) else encode_json(data).decode()
    lines += [f"data: {line}" for line in _LINE_END.split(text)]
    return _encode_lines(lines)


def encode_comment(text: str = "") -> bytes:
    """Write a comment, which a browser skips. Raises ResponseError for text that UTF-8 cannot carry."""
    return _encode_lines([f": {line}" for line in _LINE_END.split(text)])


def _encode_lines(lines: list[str]) -> bytes:
    try:
        return ("\n".join(lines) + "\n\n").encode()
    except UnicodeEncodeError as error:
        raise ResponseError(f"The event holds a lone surrogate ({error.object[error.start]!r}), which UTF-8 lacks.") from error


def _one_line(name: str, value: str) -> str:
    if not isinstance(value, str) or _LINE_END.search(value) or "\0" in value:
        raise ResponseError(f"The {name} of an event is text without line breaks or NUL, not {value!r}.")
    return value
