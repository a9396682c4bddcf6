"""What everybody has guessed, in SQLite, and what it comes to."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median, quantiles

DATABASE = Path(os.environ.get("DATABASE") or Path(__file__).parent.parent / "data" / "guesses.sqlite3")
ANSWER = 1665
HIGHEST = 99_999
BIN_WIDTH = 250
LAST_BIN = 3000
"""Where the last bar begins; it takes everything above, too."""

# Made up, so that there is something to see at the start.
FIRST_GUESSES = (
    *(120, 250, 300, 365, 400, 450, 500, 500, 600, 640, 674, 700, 750, 800, 800, 850, 900, 950, 999, 1000, 1000, 1000, 1050, 1100),
    *(1150, 1200, 1200, 1250, 1250, 1300, 1350, 1400, 1450, 1500, 1500, 1500, 1500, 1550, 1600, 1650, 1700, 1710, 1750, 1789),
    *(1800, 1850, 1889, 1900, 2000, 2000, 2000, 2000, 2100, 2200, 2250, 2400, 2500, 2500, 2600, 2800, 3000, 3000, 3300, 3500, 4000, 5000),
)


@dataclass(frozen=True)
class Bin:
    """A bar of the chart: how many guesses are from `start` up to, and without, `end`. The last one has no end."""

    start: int
    end: int | None
    count: int


@dataclass(frozen=True)
class Crowd:
    """Everything that the page shows. `middle` is the half of the guesses around the median."""

    count: int
    mean: int
    median: int
    middle: tuple[int, int]
    bins: list[Bin]


def add_guess(value: int) -> None:
    with _connect() as connection:
        connection.execute("INSERT INTO guesses (value) VALUES (?)", (value,))


def describe_crowd() -> Crowd:
    with _connect() as connection:
        values = [*FIRST_GUESSES, *(value for (value,) in connection.execute("SELECT value FROM guesses"))]
    low, _, high = quantiles(values, n=4)
    counts = [0] * (LAST_BIN // BIN_WIDTH + 1)
    for value in values:
        counts[min(value, LAST_BIN) // BIN_WIDTH] += 1
    bins = [
        Bin(index * BIN_WIDTH, (index + 1) * BIN_WIDTH if index + 1 < len(counts) else None, count) for index, count in enumerate(counts)
    ]
    return Crowd(len(values), round(fmean(values)), round(median(values)), (round(low), round(high)), bins)


@contextmanager
def _connect() -> Iterator[sqlite3.Connection]:
    DATABASE.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(DATABASE, timeout=10)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS guesses (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)")
        yield connection
