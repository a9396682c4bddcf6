"""Who may see what a developer sees: requests that a browser on this machine sends to this machine. Pure."""

import ipaddress
import re
from collections.abc import Container

from slugline.http.headers import Fields

__all__ = ["is_local_request", "is_trusted_host"]


# A name or an address, and a port: no user name, no path, no list of hosts.
_HOST = re.compile(r"(?:([\w.-]+)|\[([0-9A-Fa-f:.]+)\])(?::\d{1,5})?", re.ASCII)
# The second is the adapter's: Next.js puts its own Host in the place of the first before it hands a request on.
FORWARDED_HOST = (b"x-forwarded-host", b"x-slugline-forwarded-host")


def is_trusted_host(host: str, trusted: Container[str] = ()) -> bool:
    """Tell whether a Host field, "localhost:3000", names this machine or one of the names in `trusted`.

    SECURITY: a foreign page can have its own name resolve to 127.0.0.1 (DNS rebinding); its requests then carry that name.
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = (found[1] or found[2]).lower()
    if name == "localhost" or name.endswith(".localhost") or name in trusted:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_local_request(fields: Fields, trusted: Container[str] = ()) -> bool:
    """Tell whether Host, X-Forwarded-Host and, where they are sent, Origin and Sec-Fetch-Site are those of a page of ours."""
    hosts, origins = _values(fields, b"host"), _values(fields, b"origin")
    forwarded = [host for name in FORWARDED_HOST for host in _values(fields, name)]
    if len(hosts) != 1 or not all(is_trusted_host(host, trusted) for host in (*hosts, *forwarded)):
        return False
    if any(key == b"sec-fetch-site" and value == b"cross-site" for key, value in fields):
        return any(key == b"sec-fetch-mode" and value == b"navigate" for key, value in fields) and not origins
    return all(_is_trusted_origin(origin, trusted) for origin in origins)


def _values(fields: Fields, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in fields if key == name]


def _is_trusted_origin(origin: str, trusted: Container[str]) -> bool:
    scheme, _, host = origin.partition("://")
    return scheme in ("http", "https") and is_trusted_host(host, trusted)
