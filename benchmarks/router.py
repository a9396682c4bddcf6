"""How long a look-up takes, with 10 routes and with 10,000: the ratio should stay near 1.

    python benchmarks/router.py

Look-ups of the two tables take turns, and the median of the rounds counts, so that a busy machine slows both alike.
"""

import statistics
import timeit
from collections.abc import Callable

from slugline.routing.segments import split_segments
from slugline.routing.table import Route, RouteTable, build_table

SIZES = (10, 10_000)
ROUNDS = 15
CALLS = 20_000

ALWAYS = (
    "/api/post/[pid]",
    "/api/shop/[shop]/order/[order]/line/[line]",
    "/api/files/[...path]",
    "/api/bt/fixed/only",
    "/api/bt/[x]/other",
)

PATHS = {
    "dynamic, 3 segments": "/api/post/7",
    "dynamic, 3 segments, encoded": "/api/post/a%20b",
    "dynamic, 7 segments": "/api/shop/1/order/2/line/3",
    "catch-all, 4 segments": "/api/files/a/b",
    "backtracking": "/api/bt/fixed/other",
    "no such route": "/api/nothing/here",
}


def make_table(size: int) -> RouteTable[None]:
    """Make a table with `size` routes beside those that are asked for: half of them static, half dynamic, all in one folder."""
    added = (f"/api/post/name{number}" if number % 2 else f"/api/post/name{number}/[id]" for number in range(size))
    return build_table(Route(pattern, split_segments(pattern), None, pattern) for pattern in (*ALWAYS, *added))


def measure(lookups: list[Callable[[], object]]) -> list[float]:
    """Give the median time of one call of each function, in microseconds."""
    rounds = [[timeit.timeit(lookup, number=CALLS) / CALLS * 1e6 for lookup in lookups] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def print_row(name: str, lookups: list[Callable[[], object]]) -> None:
    few, many = measure(lookups)
    print(f"{name:<34}{few:>12.3f}{many:>12.3f}{many / few:>9.2f}")


def main() -> None:
    """Print the table."""
    tables = [make_table(size) for size in SIZES]
    print(f"{'µs for one look-up':<34}{f'{SIZES[0]:,} routes':>12}{f'{SIZES[1]:,}':>12}{'ratio':>9}")
    print_row("(an empty call)", [lambda: None, lambda: None])
    print_row("static, by raw path", [lambda table=table: table.static.get(b"/api/post/name1") for table in tables])
    print_row("static, through match", [lambda table=table: table.match("/api/post/name1") for table in tables])
    for name, path in PATHS.items():
        print_row(name, [lambda table=table, path=path: table.match(path) for table in tables])


if __name__ == "__main__":
    main()
