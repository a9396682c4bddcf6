"""Cookies: the Cookie field in, a Set-Cookie field out."""

import re
from datetime import UTC, datetime
from typing import Literal

from slugline.errors import InvalidHeader
from slugline.http.url import percent_decode, percent_encode

__all__ = ["format_set_cookie", "parse_cookie_header"]

MAX_BYTES = 4096
"""Name and value together, attributes not counted (RFC 6265bis section 5.7); what is longer, browsers ignore as a whole."""

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_DOMAIN = re.compile(r"\.?[0-9A-Za-z](?:[0-9A-Za-z\-]*)(?:\.[0-9A-Za-z][0-9A-Za-z\-]*)*")
_PATH = re.compile(r"/[\x20-\x3a\x3c-\x7e]*")
_SAME_SITE = {"lax": "Lax", "strict": "Strict", "none": "None"}
_PRIORITY = {"low": "Low", "medium": "Medium", "high": "High"}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def parse_cookie_header(text: str) -> dict[str, str]:
    """Read a Cookie field, so "a=1; b=x%20y" gives {"a": "1", "b": "x y"}.

    The first of two cookies with one name wins. A value that begins with a quote loses its first and last character, then is
    percent-decoded, or kept as it is when that fails. Names are not decoded; a part without `=` is skipped. As in Next.js.
    """
    cookies: dict[str, str] = {}
    # PERF: this branch takes half the time of the next. Among ASCII, `strip()` without an argument is the fastest.
    if text.isascii() and "%" not in text and '"' not in text:
        for part in text.split(";"):
            name, separator, value = part.partition("=")
            if separator:
                cookies.setdefault(name.strip(), value.strip())
        return cookies
    for part in text.split(";"):
        name, separator, value = part.partition("=")
        if separator:
            # Only these two: the bytes of UTF-8 that were read as Latin-1 may look like other white space.
            cookies.setdefault(name.strip(" \t"), _decode_value(value.strip(" \t")))
    return cookies


def _decode_value(value: str) -> str:
    if value.startswith('"'):
        value = value[1:-1]
    try:
        return percent_decode(value)
    except ValueError:
        return value


def format_set_cookie(
    name: str,
    value: str,
    *,
    max_age_seconds: int | None = None,
    expires: datetime | None = None,
    path: str | None = "/",
    domain: str | None = None,
    secure: bool = False,
    http_only: bool = False,
    same_site: Literal["lax", "strict", "none"] | None = None,
    partitioned: bool = False,
    priority: Literal["low", "medium", "high"] | None = None,
) -> str:
    """Write a Set-Cookie field, so ("a", "x y") gives "a=x%20y; Path=/"; the value is encoded as by encodeURIComponent.

    Raises InvalidHeader for what RFC 6265 does not allow, and for a cookie that browsers drop without a word:
    `SameSite=None` or `Partitioned` without `Secure`, a broken promise of a `__Host-` or `__Secure-` name, and more than 4096 bytes.
    """
    _check_name(name)
    _check_promises(name, secure=secure, path=path, domain=domain, same_site=same_site, partitioned=partitioned)
    encoded = _encode_value(name, value)
    if len(name) + len(encoded) > MAX_BYTES:
        raise InvalidHeader(
            f"Cookie {name:.40} has {len(name) + len(encoded)} bytes, name and encoded value together, and browsers drop one above "
            f"{MAX_BYTES}. Keep the data on the server, and give the cookie its key."
        )
    fields = [f"{name}={encoded}"]
    if max_age_seconds is not None:
        fields.append(f"Max-Age={_whole_seconds(name, max_age_seconds)}")
    if domain is not None:
        fields.append(f"Domain={_checked_text(name, 'domain', domain, _DOMAIN, 'a host name such as example.com')}")
    if path is not None:
        fields.append(f"Path={_checked_text(name, 'path', path, _PATH, 'ASCII text that begins with / and has no semicolon')}")
    if expires is not None:
        fields.append(f"Expires={_format_date(name, expires)}")
    if http_only:
        fields.append("HttpOnly")
    if secure:
        fields.append("Secure")
    if partitioned:
        fields.append("Partitioned")
    if priority is not None:
        fields.append(f"Priority={_chosen(name, 'priority', priority, _PRIORITY)}")
    if same_site is not None:
        fields.append(f"SameSite={_chosen(name, 'same_site', same_site, _SAME_SITE)}")
    return "; ".join(fields)


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidHeader(f"{name!r} is not a cookie name: use letters, digits and !#$%&'*+-.^_`|~.")


def _check_promises(name: str, *, secure: bool, path: str | None, domain: str | None, same_site: str | None, partitioned: bool) -> None:
    prefix = name.lower()  # browsers compare these prefixes in any case (RFC 6265bis section 5.6)
    if prefix.startswith("__host-") and (not secure or path != "/" or domain is not None):
        raise InvalidHeader(f'Cookie {name}: browsers keep a __Host- cookie only with secure=True, path="/" and no domain.')
    if prefix.startswith("__secure-") and not secure:
        raise InvalidHeader(f"Cookie {name}: browsers keep a __Secure- cookie only with secure=True.")
    if same_site == "none" and not secure:
        raise InvalidHeader(f'Cookie {name}: browsers keep same_site="none" only with secure=True.')
    if partitioned and not secure:
        raise InvalidHeader(f"Cookie {name}: browsers keep partitioned=True only with secure=True.")


def _encode_value(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidHeader(f"Cookie {name} was given {value!r}. Give it text, such as str(value) or json.dumps(value).")
    try:
        return percent_encode(value)
    except UnicodeEncodeError as error:
        raise InvalidHeader(f"Cookie {name} holds a lone surrogate (position {error.start}), which is no text.") from None


def _whole_seconds(name: str, seconds: object) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise InvalidHeader(f"Cookie {name}: max_age_seconds is a whole number, not {seconds!r}.")
    return seconds


def _checked_text(name: str, attribute: str, text: object, pattern: re.Pattern[str], allowed: str) -> str:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise InvalidHeader(f"Cookie {name}: {attribute} is {allowed}, not {text!r}.")
    return text


def _chosen(name: str, attribute: str, choice: object, spellings: dict[str, str]) -> str:
    spelling = spellings.get(choice) if isinstance(choice, str) else None
    if spelling is None:
        raise InvalidHeader(f"Cookie {name}: {attribute} is one of {', '.join(map(repr, spellings))}, not {choice!r}.")
    return spelling


def _format_date(name: str, moment: object) -> str:
    """Write an IMF-fixdate (RFC 9110 section 5.6.7); strftime would ask the locale for the names."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise InvalidHeader(f"Cookie {name}: expires is a datetime with a time zone, such as datetime.now(UTC), not {moment!r}.")
    utc = moment.astimezone(UTC)
    day, month = _DAYS[utc.weekday()], _MONTHS[utc.month - 1]
    return f"{day}, {utc.day:02} {month} {utc.year:04} {utc.hour:02}:{utc.minute:02}:{utc.second:02} GMT"
