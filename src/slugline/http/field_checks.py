"""What a header field may hold (RFC 9110 sections 5.1 and 5.5), checked before a server sees it.

A server that is given a line break or a control character drops the field, or the connection, or the whole worker.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from slugline.errors import InvalidHeader, InvalidStatus

__all__ = ["CONNECTION_FIELDS", "check_status", "field_name", "field_value"]

CONNECTION_FIELDS = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te", "trailer"})
"""Fields of the connection (RFC 9110 section 7.6.1): the server's business, never a handler's."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# Tab is the one control character that a field value may hold.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@lru_cache(maxsize=512)
def field_name(name: object) -> str:
    """Give the name in lower case, so "X-One" gives "x-one".

    Raises InvalidHeader for what is no token, and for fields that belong to the connection.
    """
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise InvalidHeader(f"{name!r} is no header name: use letters, digits and hyphens.")
    lower = name.lower()
    if lower in CONNECTION_FIELDS:
        raise InvalidHeader(f"{name} belongs to the connection and is set by the server. Leave it out.")
    return lower


def field_value(name: str, value: object) -> str | list[str]:
    """Give the value as it will be sent: text, a whole number as text, or a list of them, one line each.

    Raises InvalidHeader for line breaks and control characters, for text outside Latin-1, and for any other type.
    """
    if isinstance(value, str):
        return _text(name, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))  # an enumerated number may have a text of its own
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        if not value:
            raise InvalidHeader(f"Header {name} was given an empty list. To take it back, call remove_header.")
        return [_line(name, each) for each in value]
    raise InvalidHeader(f"Header {name} was given {value!r}. Give it text, a whole number, or a list of them.")


def _line(name: str, value: object) -> str:
    line = field_value(name, value)
    if isinstance(line, list):
        raise InvalidHeader(f"Header {name} was given a list inside a list.")
    return line


def _text(name: str, value: str) -> str:
    if value.isascii() and value.isprintable():  # PERF: nearly always
        return value
    found = _FORBIDDEN.search(value)
    if found:
        raise InvalidHeader(f"Header {name} holds a control character or line break (position {found.start()}); it was not set.")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise InvalidHeader(
            f"Header {name} holds {value[error.start]!r}, which is outside Latin-1. Percent-encode it (urllib.parse.quote)."
        ) from None
    return value


def check_status(status: object) -> int:
    """Give the status as an int if HTTP allows it for an answer: a whole number from 200 to 599.

    Raises InvalidStatus otherwise; 1xx is the server's business, and a status outside 100 to 999 would end a Granian worker.
    """
    if isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 599:
        return int(status)
    raise InvalidStatus(f"{status!r} is no status for an answer: give a whole number from 200 to 599, or an http.HTTPStatus.")
