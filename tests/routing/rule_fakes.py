"""A request as rules see it."""

from dataclasses import dataclass, field

from slugline.http.cookies import parse_cookie_header
from slugline.http.url import parse_query

__all__ = ["FakeView", "view"]


@dataclass
class FakeView:
    path: str
    query_string: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def query(self) -> dict[str, str | list[str]]:
        return parse_query(self.query_string)

    @property
    def cookies(self) -> dict[str, str]:
        return parse_cookie_header(self.headers.get("cookie", ""))

    @property
    def host(self) -> str:
        return self.headers.get("host", "127.0.0.1:4301")

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


def view(url: str, **headers: str) -> FakeView:
    """Make a request; x_need="1" is the header x-need."""
    path, _, query = url.partition("?")
    return FakeView(path, query, {name.replace("_", "-"): value for name, value in headers.items()})
