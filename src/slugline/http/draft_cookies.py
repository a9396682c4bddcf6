"""Draft mode: the two cookies by which a browser is shown what is not published yet, in the format of Next.js.

How to think about it: `__prerender_bypass` holds an id that only the server knows, and whoever has it is in draft mode.
`__next_preview_data` may go with it and carries a value: JSON, encrypted with one key, inside a token signed with another.

1. A cookie that nobody here has made says nothing: an unknown id, a broken, expired or foreign token is "off", never an error.
   It is *stale*: the answer clears both cookies, so that the browser stops sending them.
2. Nothing is decrypted before the signature was found right. Deriving a key is slow on purpose, and no client may ask for it.
3. Keys, the time and random bytes are arguments. A running application has them from its PreviewSource.

The same keys given, a cookie set by Next.js is understood here, and the other way round (tests/http/test_draft_cookies_npm.py).
"""

import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import pbkdf2_hmac
from importlib import import_module
from typing import Any, Protocol

from msgspec import Struct

from slugline.errors import ResponseError
from slugline.http.cookies import format_set_cookie, parse_cookie_header
from slugline.http.json_text import encode_json
from slugline.http.signing import sign_token, verify_token

__all__ = [
    "BYPASS_COOKIE",
    "DATA_COOKIE",
    "IV_BYTES",
    "OFF",
    "SALT_BYTES",
    "DraftCookies",
    "Preview",
    "PreviewKeys",
    "PreviewSource",
    "are_stale",
    "clear_draft_cookies",
    "find_draft_cookies",
    "make_draft_cookie",
    "make_preview_cookies",
    "missing_cipher",
    "read_preview",
]

BYPASS_COOKIE = "__prerender_bypass"
DATA_COOKIE = "__next_preview_data"
_BYPASS_NAME, _DATA_NAME = BYPASS_COOKIE.encode(), DATA_COOKIE.encode()

# NEXTJS: browsers drop a cookie over 4 KB; Next.js stops at half of that, and counts the token.
MAX_TOKEN_CHARACTERS = 2048

# NEXTJS: AES-256-GCM; what is encrypted is written as salt, IV, tag and ciphertext, in hexadecimal.
SALT_BYTES = 64
IV_BYTES = 16
TAG_BYTES = 16
KEY_BYTES = 32
PBKDF2_ROUNDS = 100_000

_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class PreviewKeys:
    """The secrets behind the two cookies, each a text of 16 characters or more; in Next.js they are hexadecimal.

    `mode_id` is the value of the first cookie, so every browser in draft mode knows it: it may open nothing else.
    """

    mode_id: str = field(repr=False)
    signing_key: str = field(repr=False)
    encryption_key: str = field(repr=False)


class PreviewSource(Protocol):
    """Where draft mode gets what does not follow from a request: keys, clock and random bytes."""

    @property
    def secure(self) -> bool: ...  # whether cookies go over HTTPS alone, and then also into a frame of another site (a CMS)

    def find_keys(self) -> PreviewKeys | None: ...  # None as long as there are none: then no cookie can be right
    def make_keys(self) -> PreviewKeys: ...  # finds them, or makes them
    def now_seconds(self) -> float: ...
    def random_bytes(self, count: int, /) -> bytes: ...


class Preview(Struct, frozen=True):
    """What the cookies of a request say: whether draft mode is on, and the data that goes with it, {} when there is none.

    `stale` tells whether the answer is to clear them, `sealed` whether there is data that cannot be opened for want of `cryptography`.
    """

    on: bool = False
    data: Any = None
    stale: bool = False
    sealed: bool = False


OFF = Preview()
_STALE = Preview(stale=True)


# Out: Set-Cookie lines


def make_draft_cookie(keys: PreviewKeys, *, enable: bool, secure: bool) -> str:
    """Write the Set-Cookie line that turns draft mode on or off."""
    # NEXTJS: turning it off keeps the value; the date alone makes the browser drop the cookie.
    return _format(BYPASS_COOKIE, keys.mode_id, secure=secure, expires=None if enable else _EPOCH)


def make_preview_cookies(
    keys: PreviewKeys,
    data: object,
    *,
    now_seconds: float,
    salt: bytes,
    iv: bytes,
    secure: bool,
    max_age_seconds: int | None = None,
    path: str = "/",
) -> list[str]:
    """Write the two Set-Cookie lines that turn draft mode on and carry data; `salt` and `iv` are random bytes, 64 and 16 of them.

    Raises ResponseError when the data is too large for a cookie or the age no whole number from 0 up, NotSerialisable for data that
    JSON cannot carry, InvalidHeader for a path that a cookie cannot have, and RuntimeError without the package `cryptography`.
    """
    if max_age_seconds is not None and (type(max_age_seconds) is not int or max_age_seconds < 0):
        raise ResponseError(f"set_preview_data() takes a max_age in seconds, a whole number from 0 up, not {max_age_seconds!r}.")
    cipher = _find_cipher()
    if cipher is None:
        raise missing_cipher()
    sealed = _encrypt(cipher, keys.encryption_key, encode_json(data), salt=salt, iv=iv)
    issued = int(now_seconds)
    lifetime = {} if max_age_seconds is None else {"exp": issued + max_age_seconds}
    token = sign_token({"data": sealed, "iat": issued, **lifetime}, keys.signing_key)
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise ResponseError(
            f"Preview data is limited to {MAX_TOKEN_CHARACTERS} characters of encrypted text, about 600 characters of JSON, since it lies "
            f"in a cookie; this is {len(token)}. Put an id into it, and look the rest up when it is read."
        )
    return [
        _format(name, value, secure=secure, max_age_seconds=max_age_seconds, path=path)
        for name, value in ((BYPASS_COOKIE, keys.mode_id), (DATA_COOKIE, token))
    ]


def clear_draft_cookies(*, secure: bool, path: str = "/") -> list[str]:
    """Write the two Set-Cookie lines that make a browser drop both cookies of that path."""
    return [_format(name, "", secure=secure, path=path, expires=_EPOCH) for name in (BYPASS_COOKIE, DATA_COOKIE)]


def _format(
    name: str, value: str, *, secure: bool, path: str = "/", max_age_seconds: int | None = None, expires: datetime | None = None
) -> str:
    return format_set_cookie(
        name,
        value,
        max_age_seconds=max_age_seconds,
        expires=expires,
        path=path,
        http_only=True,
        secure=secure,
        # NEXTJS: `None` lets a CMS show drafts in a frame. Browsers take it with HTTPS alone, so development has `Lax`.
        same_site="none" if secure else "lax",
    )


# In: a Cookie field


@dataclass(frozen=True, slots=True)
class DraftCookies:
    """The values of the two cookies as a client sent them, "" for one that it did not send."""

    mode_id: str = field(repr=False)
    token: str = field(repr=False)


def find_draft_cookies(cookie_field: bytes) -> DraftCookies | None:
    """Find the two cookies in a Cookie field; None when neither is there, or both are empty."""
    # PERF: every request with any cookie comes here. Looking through the bytes takes a fifth of the time of parsing them, and on
    # bytes `find` two thirds of that of `in`.
    if cookie_field.find(_BYPASS_NAME) < 0 and cookie_field.find(_DATA_NAME) < 0:
        return None
    # NEXTJS: of two cookies with one name the last wins, unlike in `req.cookies`. It is the one with the shorter path.
    cookies = parse_cookie_header(";".join(reversed(cookie_field.decode("latin-1").split(";"))))
    found = DraftCookies(cookies.get(BYPASS_COOKIE, ""), cookies.get(DATA_COOKIE, ""))
    return found if found.mode_id or found.token else None


def read_preview(cookies: DraftCookies, keys: PreviewKeys | None, now_seconds: float) -> Preview:
    """Give what cookies say; without keys, nothing. Nothing that a client may send raises."""
    sealed = _verify(cookies, keys, now_seconds)
    if keys is None or sealed is None:
        return _STALE
    return _open(sealed, keys.encryption_key) if sealed else Preview(on=True, data={})


def are_stale(cookies: DraftCookies, keys: PreviewKeys | None, now_seconds: float) -> bool:
    """Tell whether cookies say nothing; data that was signed with our key is not decrypted for that."""
    return _verify(cookies, keys, now_seconds) is None


def _verify(cookies: DraftCookies, keys: PreviewKeys | None, now_seconds: float) -> str | None:
    """Give the data that cookies carry, still encrypted, or "" for draft mode alone; None when they are not ours."""
    if keys is None or not hmac.compare_digest(cookies.mode_id.encode(), keys.mode_id.encode()):
        return None
    if not cookies.token:
        return ""
    payload = verify_token(cookies.token, keys.signing_key, now_seconds)
    data = payload.get("data") if payload is not None else None
    return data if isinstance(data, str) and data else None


def _open(sealed: str, secret: str) -> Preview:
    cipher = _find_cipher()
    if cipher is None:
        return Preview(on=True, sealed=True)
    plain = _decrypt(cipher, secret, sealed)
    if plain is None:
        return _STALE
    try:
        # Not msgspec, which takes no lone surrogates: JSON.stringify writes them.
        return Preview(on=True, data=json.loads(plain.decode()))
    except (ValueError, RecursionError):
        return _STALE


# Encryption


class _Cipher(Struct, frozen=True):
    AESGCM: Any
    InvalidTag: type[Exception]


def _find_cipher() -> _Cipher | None:
    # By name, since the package may not be there: it is an extra.
    try:
        aead = import_module("cryptography.hazmat.primitives.ciphers.aead")
        return _Cipher(aead.AESGCM, import_module("cryptography.exceptions").InvalidTag)
    except ImportError:
        return None


def missing_cipher() -> RuntimeError:
    """Make the error for preview data without the package that encrypts it."""
    return RuntimeError(
        "Preview data is encrypted, and the package cryptography, which does that, is not installed. Run "
        '`pip install "slugline[preview]"`. Draft mode alone (res.set_draft_mode, req.draft_mode) works without it.'
    )


def _encrypt(cipher: _Cipher, secret: str, plain: bytes, *, salt: bytes, iv: bytes) -> str:
    encrypted: bytes = cipher.AESGCM(_derive_key(secret, salt)).encrypt(iv, plain, None)
    return (salt + iv + encrypted[-TAG_BYTES:] + encrypted[:-TAG_BYTES]).hex()


def _decrypt(cipher: _Cipher, secret: str, sealed: str) -> bytes | None:
    try:
        octets = bytes.fromhex(sealed)
    except ValueError:
        return None
    head, encrypted = octets[: SALT_BYTES + IV_BYTES + TAG_BYTES], octets[SALT_BYTES + IV_BYTES + TAG_BYTES :]
    if len(head) < SALT_BYTES + IV_BYTES + TAG_BYTES:
        return None
    salt, iv, tag = head[:SALT_BYTES], head[SALT_BYTES:-TAG_BYTES], head[-TAG_BYTES:]
    try:
        plain: bytes = cipher.AESGCM(_derive_key(secret, salt)).decrypt(iv, encrypted + tag, None)
    except cipher.InvalidTag:
        return None
    return plain


# PERF: some 50 ms, the handler's time or the loop's. A browser sends one cookie, with one salt, many times over.
@lru_cache(maxsize=256)
def _derive_key(secret: str, salt: bytes) -> bytes:
    return pbkdf2_hmac("sha512", secret.encode(), salt, PBKDF2_ROUNDS, KEY_BYTES)
