"""Whether a page in a browser belongs to the host that was asked: for forms and for WebSockets."""

from urllib.parse import urlsplit

from slugline.http.headers import Headers

__all__ = ["names_asked_host"]

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def names_asked_host(origin: str, headers: Headers) -> bool:
    """Tell whether an Origin names the host that was asked, so "https://a.example" does with "Host: a.example:443"; "null" never does.

    Behind a proxy that puts its own Host, the one that was asked is in X-Forwarded-Host, first of several.
    """
    # SECURITY: X-Forwarded-Host can be believed here, since this asks about pages in browsers, and no page can send that field.
    hosts = (headers.get("host") or "", (headers.get("x-forwarded-host") or "").partition(",")[0].strip())
    return any(_is_same_host(origin, host) for host in hosts if host)


def _is_same_host(origin: str, host: str) -> bool:
    try:
        asked, asking = urlsplit(f"//{host}"), urlsplit(origin)
        default = DEFAULT_PORTS.get(asking.scheme)
        return asking.hostname is not None and asking.hostname == asked.hostname and (asking.port or default) == (asked.port or default)
    except ValueError:  # no address at all, "http://["
        return False
