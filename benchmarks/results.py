"""What a run found, as values that a file keeps, and the comparisons that are made of them.

A round holds for each program and task its figures, by name: `rate` is requests a second, `p99` milliseconds, `seconds` until all of a
burst were answered, `start` milliseconds, `idle`, `loaded`, `idle_together` and `loaded_together` MiB, `growth_32` and `growth_128` MiB.
A ratio is formed within a round: what slows the machine down for a minute slows both programs of a round.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

Figures = dict[str, float]
Round = dict[str, dict[str, Figures]]


@dataclass(frozen=True)
class Entry:
    """A program as the report names it. `kind` is "slugline", "limit", "python" (a peer) or "node"."""

    name: str
    title: str
    kind: str
    versions: str = ""


@dataclass
class Results:
    """A whole run."""

    machine: dict[str, str] = field(default_factory=dict)
    programs: list[Entry] = field(default_factory=list)
    tasks: dict[str, str] = field(default_factory=dict)
    """Name → title, in order."""
    rounds: list[Round] = field(default_factory=list)
    errors: dict[str, dict[str, str]] = field(default_factory=dict)
    """Program → task → what went wrong. A task with an error has no place in the tables."""
    files: Figures = field(default_factory=dict)
    """The task of 10,000 files: `few_start` and `many_start` in milliseconds, `few_memory` and `many_memory` in MiB, `match` as a ratio."""
    reload: dict[str, Figures] = field(default_factory=dict)
    """Title of a development server → `p50`, `p95`, `max` and `start`, in milliseconds."""

    def find(self, task: str, program: str, figure: str) -> list[float]:
        """Give the figure of every round that has it; nothing when the program failed in the task."""
        return [value for value in self.find_by_round(task, program, figure) if value is not None]

    def find_by_round(self, task: str, program: str, figure: str) -> list[float | None]:
        """Give a value for each round."""
        if task in self.errors.get(program, {}):
            return [None] * len(self.rounds)
        return [one.get(program, {}).get(task, {}).get(figure) for one in self.rounds]

    def compare(self, ours: tuple[str, str, str], theirs: tuple[str, str, str]) -> "Spread | None":
        """Divide round by round; each side is a task, a program and a figure. None where no round has both."""
        pairs = zip(self.find_by_round(*ours), self.find_by_round(*theirs), strict=True)
        return spread_of([own / other for own, other in pairs if own is not None and other])

    def peers(self) -> list[Entry]:
        """Give the programs that Slugline wants to be ahead of: other people's, in Python."""
        return [program for program in self.programs if program.kind == "python"]

    def to_json(self) -> str:
        """Write everything."""
        return json.dumps(asdict(self), indent=1)


@dataclass(frozen=True)
class Spread:
    """The median of some values, the smallest and the largest."""

    median: float
    least: float
    most: float


def spread_of(values: Sequence[float]) -> Spread | None:
    """Give the spread of values; None when there are none."""
    return Spread(median(values), min(values), max(values)) if values else None


def read_results(file: Path) -> Results:
    """Read what `Results.to_json` wrote."""
    found: Mapping[str, Any] = json.loads(file.read_text())
    return Results(**{**found, "programs": [Entry(**entry) for entry in found["programs"]]})
