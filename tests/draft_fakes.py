"""Draft mode with fixed keys, a clock that stands still and bytes that can be foreseen."""

import itertools
from dataclasses import dataclass, field, replace
from typing import Any

from slugline.http.draft_cookies import PreviewKeys
from slugline.http.finish import finish_whole
from slugline.http.request import Request
from slugline.http.response import Response

__all__ = ["ENCRYPTION_KEY", "KEYS", "MODE_ID", "NOW", "SIGNING_KEY", "FakeHost", "FakeSource", "ask", "cookie_field", "set_cookies"]

MODE_ID = "0123456789abcdef" * 2
SIGNING_KEY = "fedcba9876543210" * 4
ENCRYPTION_KEY = "00112233445566778899aabbccddeeff" * 2
KEYS = PreviewKeys(MODE_ID, SIGNING_KEY, ENCRYPTION_KEY)
NOW = 1_800_000_000.5


@dataclass
class FakeSource:
    """A PreviewSource; `made` counts how often keys were made because there were none."""

    keys: PreviewKeys | None = KEYS
    secure: bool = True
    now: float = NOW
    made: int = 0
    looked_up: int = 0
    _count: Any = field(default_factory=itertools.count)

    def find_keys(self) -> PreviewKeys | None:
        self.looked_up += 1
        return self.keys

    def make_keys(self) -> PreviewKeys:
        if self.keys is None:
            self.made += 1
            self.keys = KEYS
        return self.keys

    def now_seconds(self) -> float:
        return self.now

    def random_bytes(self, count: int, /) -> bytes:
        return bytes([next(self._count) % 2]) * count

    def with_keys(self, **changes: str) -> "FakeSource":
        """Give another source, some of whose keys are others."""
        assert self.keys is not None
        return replace(self, keys=replace(self.keys, **changes))


class FakeHost:
    """As much of a running application as draft mode asks for."""

    def __init__(self, source: FakeSource | None = None) -> None:
        self.preview_source = source or FakeSource()


def ask(cookie: str | None = None, source: FakeSource | None = None) -> tuple[Request[Any, Any], Response[Any]]:
    """Make a request with a Cookie field, and its response."""
    host: Any = FakeHost(source)
    request: Request[Any, Any] = Request("GET", b"/api/x", b"", [] if cookie is None else [(b"cookie", cookie.encode("latin-1"))])
    request._host = host
    return request, Response(request, host)


def set_cookies(request: Request[Any, Any], response: Response[Any]) -> list[str]:
    """Give the Set-Cookie lines of an answer as they go out."""
    if not response.ended:
        response.json({})
    return [value.decode("latin-1") for name, value in finish_whole(request, response, compress=True)[1] if name == b"set-cookie"]


def cookie_field(lines: list[str]) -> str:
    """Give the Cookie field of a browser that got Set-Cookie lines."""
    return "; ".join(line.split(";")[0] for line in lines)
