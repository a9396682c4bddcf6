"""What 200 rules cost a request that meets none of them, beside a project without rules.

    python benchmarks/rules.py

The rules lie where the requests are: half of them below /api, a part with a parameter as the first segment. The median
of the rounds counts, so that a busy machine does no harm.
"""

import statistics
import timeit
from dataclasses import dataclass, field

from slugline.routing.rules import HeaderRule, RedirectRule, RuleBook, collect_headers, find_redirect
from slugline.routing.source_pattern import compile_destination, compile_source, compile_text

SIZES = (0, 200)
ROUNDS = 15
CALLS = 20_000
REQUEST_MICROSECONDS = 30.0  # what a small request costs altogether, in one process

SHAPES = (
    "/api/old{}/:id",
    "/blog{}/:slug",
    "/api/v{}/users/:id(\\d+)",
    "/:lang/docs{}/:path*",
    "/files{}/:path*",
    "/api/shop/section{}",
    "/legacy-{}",
    "/api/h{}/:a-:b",
)
PATHS = {"static, 2 segments": "/api/hello", "dynamic, 4 segments": "/api/shop/7/items", "long": "/api/" + "/".join(["segment"] * 60)}


@dataclass
class View:
    """A request as rules see it."""

    path: str
    query_string: str = ""
    query: dict[str, str | list[str]] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    host: str = "localhost"

    def header(self, name: str) -> str | None:
        """There are none."""
        return None


def make_sources(size: int) -> list[str]:
    """Give sources of all shapes, numbered."""
    return [SHAPES[number % len(SHAPES)].format(number) for number in range(size)]


def measure(size: int, path: str) -> float:
    """Give the microseconds for a request that meets none of `size` rules, half of them redirects and half headers."""
    sources = [compile_source(text) for text in make_sources(size)]
    book = RuleBook(
        redirects=[RedirectRule(source, compile_destination("/new", ()), 307) for source in sources[::2]],
        headers=[HeaderRule(source, ((compile_text("x-one", ()), compile_text("1", ())),)) for source in sources[1::2]],
    )
    view = View(path)

    def ask() -> None:
        if book.may_match(path):
            collect_headers(book.headers, view)
            find_redirect(book.redirects, view)

    return statistics.median(timeit.repeat(ask, number=CALLS, repeat=ROUNDS)) / CALLS * 1e6


def main() -> None:
    """Print a line for each path."""
    for name, path in PATHS.items():
        without, with_rules = (measure(size, path) for size in SIZES)
        cost = with_rules - without
        share = cost / REQUEST_MICROSECONDS * 100
        print(f"{name:22} {SIZES[1]} rules cost {cost:5.2f} µs a request, {share:4.1f} % of {REQUEST_MICROSECONDS:.0f} µs")


if __name__ == "__main__":
    main()
