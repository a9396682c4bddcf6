"""The cookies that a test client keeps between requests (RFC 6265 section 5.3 and 5.4, for one host)."""

import email.utils
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

__all__ = ["CookieJar", "read_set_cookie"]

# What encodeURIComponent leaves alone; the server's side decodes it again.
_UNQUOTED = "-_.!~*'()"


@dataclass(frozen=True)
class _Cookie:
    name: str
    raw_value: str
    path: str
    domain: str
    expires_at_seconds: float | None


class CookieJar(Mapping[str, str]):
    """Cookies by name, as plain values: `jar["name"]`, `jar.set(name, value)`, `jar.delete(name)`, `jar.clear()`.

    Path, Max-Age and Expires are kept to. `Secure` and `SameSite` are not asked about, since nothing here crosses a wire or a site;
    a cookie whose `Domain` does not fit the host is dropped, as browsers do.
    """

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str], _Cookie] = {}

    def __getitem__(self, name: str) -> str:
        for cookie in self._alive():
            if cookie.name == name:
                return unquote(cookie.raw_value)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(cookie.name for cookie in self._alive()))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def set(self, name: str, value: str, path: str = "/") -> None:
        """Keep a cookie, percent-encoded as a browser's script would with encodeURIComponent."""
        self._cookies[name, path] = _Cookie(name, quote(value, safe=_UNQUOTED), path, "", None)

    def delete(self, name: str) -> None:
        """Forget every cookie of that name."""
        self._cookies = {key: cookie for key, cookie in self._cookies.items() if cookie.name != name}

    def clear(self) -> None:
        """Forget all cookies."""
        self._cookies.clear()

    def keep(self, set_cookie: str, *, host: str, request_path: str) -> None:
        """Do what a Set-Cookie line says."""
        cookie = read_set_cookie(set_cookie, request_path)
        if cookie is None or not _domain_matches(host, cookie.domain):
            return
        if cookie.expires_at_seconds is not None and cookie.expires_at_seconds <= time.time():
            self._cookies.pop((cookie.name, cookie.path), None)
        else:
            self._cookies[cookie.name, cookie.path] = cookie

    def header_for(self, request_path: str, more: Mapping[str, str]) -> str:
        """Give the Cookie header for a path: longer paths first, `more` in front and in place of kept ones; empty for none."""
        kept = [cookie for cookie in self._alive() if _path_matches(request_path, cookie.path) and cookie.name not in more]
        kept.sort(key=lambda cookie: -len(cookie.path))
        pairs = [f"{name}={quote(value, safe=_UNQUOTED)}" for name, value in more.items()]
        return "; ".join(pairs + [f"{cookie.name}={cookie.raw_value}" for cookie in kept])

    def _alive(self) -> list[_Cookie]:
        now = time.time()
        return [cookie for cookie in self._cookies.values() if cookie.expires_at_seconds is None or cookie.expires_at_seconds > now]


def read_set_cookie(line: str, request_path: str = "/") -> _Cookie | None:
    """Read one Set-Cookie line; None when it has no name."""
    pair, *attributes = line.split(";")
    name, equals, value = pair.partition("=")
    if not equals or not name.strip():
        return None
    found = {key.strip().lower(): text.strip() for key, _, text in (attribute.partition("=") for attribute in attributes)}
    path = found.get("path", "")
    return _Cookie(
        name=name.strip(),
        raw_value=value.strip(),
        path=path if path.startswith("/") else _default_path(request_path),
        domain=found.get("domain", "").lstrip(".").lower(),
        expires_at_seconds=_expiry(found),
    )


def _expiry(attributes: Mapping[str, str]) -> float | None:
    """Max-Age goes before Expires (RFC 6265 section 5.3)."""
    try:
        return time.time() + int(attributes["max-age"]) if int(attributes["max-age"]) > 0 else 0.0
    except (KeyError, ValueError):
        pass
    try:
        return email.utils.parsedate_to_datetime(attributes["expires"]).timestamp()
    except (KeyError, ValueError):
        return None


def _default_path(request_path: str) -> str:
    """RFC 6265 section 5.1.4: the folder of the path that was asked for."""
    return request_path.rpartition("/")[0] or "/"


def _path_matches(request_path: str, cookie_path: str) -> bool:
    return request_path == cookie_path or request_path.startswith(cookie_path if cookie_path.endswith("/") else f"{cookie_path}/")


def _domain_matches(host: str, domain: str) -> bool:
    return not domain or host == domain or host.endswith(f".{domain}")
