"""Signed tokens: a JSON object and its HMAC, as text that fits into a cookie (JWT, RFC 7519, with HS256 and nothing else)."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = ["sign_token", "verify_token"]

_TOKEN = re.compile(r"([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_HEADER = b'{"alg":"HS256","typ":"JWT"}'


def sign_token(payload: Mapping[str, Any], key: str) -> str:
    """Sign a payload, so {"data": "x"} gives a text like "eyJhbGci….eyJkYXRh….jXxirfYK…"; the keys keep their order."""
    signed = f"{_to_text(_HEADER)}.{_to_text(msgspec.json.encode(payload))}"
    return f"{signed}.{_sign(signed, key)}"


def verify_token(token: str, key: str, now_seconds: float) -> dict[str, Any] | None:
    """Give the payload of a token; None when the key has not signed it, when it is no token, and when it is not valid now.

    Of the registered claims, `exp` and `nbf` are kept to, in seconds since 1970.
    """
    parts = _TOKEN.fullmatch(token)
    # SECURITY: nothing of a token is read before its signature is known to be right; comparing takes the same time wherever
    # the two differ.
    if parts is None or not hmac.compare_digest(parts[2], _sign(parts[1], key)):
        return None
    header, payload = map(_read_object, parts[1].split("."))
    # SECURITY: a header that says "none", or another algorithm for the same key, is what forged tokens are made of (RFC 8725
    # section 3.1). An extension marked `crit` must be understood or refused (RFC 7515 section 4.1.11); we know none.
    if header is None or header.get("alg") != "HS256" or "crit" in header:
        return None
    return payload if payload is not None and _is_valid_now(payload, now_seconds) else None


def _sign(text: str, key: str) -> str:
    return _to_text(hmac.digest(key.encode(), text.encode(), hashlib.sha256))


def _to_text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _read_object(text: str) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_valid_now(payload: Mapping[str, Any], now_seconds: float) -> bool:
    if "exp" in payload and not (_is_number(payload["exp"]) and now_seconds < payload["exp"]):
        return False
    return "nbf" not in payload or (_is_number(payload["nbf"]) and now_seconds >= payload["nbf"])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
