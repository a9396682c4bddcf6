"""Who may see what a developer sees: requests that a browser on this machine sends to this machine. Pure."""

import ipaddress
from collections.abc import Container
from urllib.parse import urlsplit

from slugline.http.headers import Fields

__all__ = ["is_local_request", "is_trusted_host"]


def is_trusted_host(host: str, trusted: Container[str] = ()) -> bool:
    """Tell whether a Host field, "localhost:3000", names this machine or one of the names in `trusted`.

    SECURITY: a foreign page can have its own name resolve to 127.0.0.1 (DNS rebinding); its requests then carry that name.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost") or name in trusted:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_local_request(fields: Fields, trusted: Container[str] = ()) -> bool:
    """Tell whether Host, X-Forwarded-Host and, where they are sent, Origin and Sec-Fetch-Site are those of a page of ours."""
    values = {name: [value.decode("latin-1") for key, value in fields if key == name] for name in (b"host", b"x-forwarded-host", b"origin")}
    if len(values[b"host"]) != 1:
        return False
    if not all(is_trusted_host(host, trusted) for host in (*values[b"host"], *values[b"x-forwarded-host"])):
        return False
    if any(key == b"sec-fetch-site" and value == b"cross-site" for key, value in fields):
        return any(key == b"sec-fetch-mode" and value == b"navigate" for key, value in fields) and not values[b"origin"]
    return all(_is_trusted_origin(origin, trusted) for origin in values[b"origin"])


def _is_trusted_origin(origin: str, trusted: Container[str]) -> bool:
    scheme, _, host = origin.partition("://")
    return scheme in ("http", "https") and is_trusted_host(host, trusted)
