"""What the project promises, and whether a run shows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from results import Results, Spread, spread_of

OURS = "slugline"


@dataclass(frozen=True)
class Verdict:
    """A line of the table: what was promised, what was measured, and by how much it was missed, as a part of the promise.

    `missed_by` is None where nothing was measured, and negative or 0 where the promise was kept.
    """

    task: int
    promise: str
    measured: str
    missed_by: float | None

    @property
    def reached(self) -> bool:
        """Tell whether the promise was kept, which takes a measurement."""
        return self.missed_by is not None and self.missed_by <= 0

    @property
    def word(self) -> str:
        """Say it."""
        if self.missed_by is None:
            return "not measured"
        return "reached" if self.missed_by <= 0 else f"**MISSED** by {max(self.missed_by, 0.001):.1%}"


def judge(results: Results) -> list[Verdict]:
    """Compare a run with every promise."""
    return [
        at_least(results, 1, 0.80, ("async", OURS), ("async", "bare")),
        at_least(results, 1, 0.80, ("async", "slugline-uvicorn"), ("async", "bare-uvicorn")),
        at_least(results, 1, 8.0, ("async", OURS), ("async", "next")),
        at_least(results, 1, 2.5, ("async", OURS), ("async", "fastapi")),
        ahead(results, 1, "async"),
        at_least(results, 2, 4.0, ("def", OURS), ("def", "fastapi")),
        at_least(results, 2, 0.6, ("def", OURS), ("async", OURS)),
        ahead(results, 2, "def"),
        at_least(results, 3, 0.85, ("dynamic", OURS), ("async", OURS)),
        at_least(results, 3, 3.0, ("dynamic", OURS), ("dynamic", "fastapi")),
        at_least(results, 4, 3.0, ("json", OURS), ("json", "fastapi")),
        ahead(results, 4, "json"),
        ahead(results, 5, "form"),
        ahead(results, 6, "upload"),
        below(6, "memory grows for 32 MB by less than", 16.0, "MiB", results.find("upload", OURS, "growth_32")),
        below(6, "memory grows for 128 MB by less than", 16.0, "MiB", results.find("upload", OURS, "growth_128")),
        *(
            verdict
            for number, task in ((7, "stream"), (8, "etag"), (9, "idle"))
            for verdict in (ahead(results, number, task), ahead(results, number, task, "p99"))
        ),
        below(10, "all answered in under", 0.7, "s", results.find("blocking", OURS, "seconds")),
        at_most(results, 11, 0.5, ("start", OURS, "start"), ("start", "fastapi", "start")),
        at_most(results, 11, 0.1, ("start", OURS, "start"), ("start", "next", "start")),
        *(
            at_most(results, 12, 1.0, ("memory", OURS, figure), ("memory", "fastapi", figure))
            for figure in ("idle", "loaded", "idle_together", "loaded_together")
        ),
        below(13, "starts in under", 5000.0, "ms", find_one(results.files, "many_start")),
        below(13, "a look-up takes, times that with 10 routes, at most", 1.3, "", find_one(results.files, "match")),
        below(14, "save to answer, 95th percentile, at most", 100.0, "ms", find_one(results.reload.get("slugline dev", {}), "p95")),
    ]


def at_least(results: Results, number: int, minimum: float, ours: tuple[str, str], theirs: tuple[str, str]) -> Verdict:
    """Judge a ratio of requests a second."""
    spread = results.compare((*ours, "rate"), (*theirs, "rate"))
    promise = f"{say(results, ours, theirs)}: at least {minimum:.2f}"
    return Verdict(number, promise, write_spread(spread), None if spread is None else (minimum - spread.median) / minimum)


def at_most(results: Results, number: int, maximum: float, ours: tuple[str, str, str], theirs: tuple[str, str, str]) -> Verdict:
    """Judge a ratio of what should be small."""
    spread = results.compare(ours, theirs)
    what = FIGURES[ours[2]]
    promise = f"{what}, {find_title(results, ours[1])} / {find_title(results, theirs[1])}: at most {maximum:.2f}"
    return Verdict(number, promise, write_spread(spread), None if spread is None else (spread.median - maximum) / maximum)


def below(number: int, promise: str, maximum: float, unit: str, values: Sequence[float]) -> Verdict:
    """Judge a figure by itself."""
    spread = spread_of(values)
    limit = f"{promise} {maximum:g} {unit}".rstrip()
    return Verdict(number, limit, write_spread(spread, unit), None if spread is None else (spread.median - maximum) / maximum)


def ahead(results: Results, number: int, task: str, figure: str = "rate") -> Verdict:
    """Judge whether Slugline is ahead of every peer; the nearest of them is named."""
    promise = f"ahead of every Python peer in {'requests a second' if figure == 'rate' else 'the 99th percentile'}"
    found: list[tuple[float, Spread, str]] = []
    for peer in results.peers():
        spread = results.compare((task, OURS, figure), (task, peer.name, figure))
        if spread is not None:
            # A ratio of latencies is better when it is small.
            missed_by = 1 - spread.median if figure == "rate" else spread.median - 1
            found.append((missed_by, spread, peer.title))
    if not found:
        return Verdict(number, promise, "", None)
    missed_by, spread, title = max(found, key=lambda one: one[0])
    return Verdict(number, promise, f"{write_spread(spread)} of {title}", missed_by)


FIGURES = {
    "start": "start to first answer",
    "idle": "memory of an idle worker",
    "loaded": "memory of a worker after load",
    "idle_together": "memory of all idle processes",
    "loaded_together": "memory of all processes after load",
}


def say(results: Results, ours: tuple[str, str], theirs: tuple[str, str]) -> str:
    """Name the two sides of a ratio."""
    if ours[1] == theirs[1]:
        return f"{find_title(results, ours[1])}, requests of this task / of task {find_number(results, theirs[0])}"
    return f"{find_title(results, ours[1])} / {find_title(results, theirs[1])}"


def find_title(results: Results, name: str) -> str:
    """Find the title of a program; its name when it was not in the run."""
    return next((program.title for program in results.programs if program.name == name), name)


def find_number(results: Results, task: str) -> str:
    """Find the number in the title of a task."""
    return results.tasks.get(task, "1.").partition(".")[0]


def find_one(figures: dict[str, float], name: str) -> Sequence[float]:
    """Give a figure that was measured once for the whole run, as rounds are given."""
    return [figures[name]] if name in figures else []


def write_spread(spread: Spread | None, unit: str = "") -> str:
    """Write "0.87 (0.85–0.90)", or one number where all are one."""
    if spread is None:
        return ""
    value = f"{write_number(spread.median)} {unit}".rstrip()
    if spread.least == spread.most:
        return value
    return f"{value} ({write_number(spread.least)}–{write_number(spread.most)})"


def write_number(value: float) -> str:
    """Write three digits or so: "12,345", "123", "12.3", "1.23"."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def count_reached(verdicts: Iterable[Verdict]) -> tuple[int, int]:
    """Count the promises that were kept, and those that were measured."""
    measured = [verdict for verdict in verdicts if verdict.missed_by is not None]
    return sum(verdict.reached for verdict in measured), len(measured)
