"""Tables of what was measured, and the ratios that the project promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from load import Measurement
from tasks import TASKS, Task

from servers import PROGRAMS, Program

# Task and program → one measurement a round.
Results = dict[tuple[str, str], list[Measurement]]


@dataclass(frozen=True)
class Ratio:
    """How many times the requests of another program a program answers; a ratio without a target is only shown."""

    task: str
    program: str
    other: str
    target: float | None = None


RATIOS = [
    Ratio("async", "slugline", "bare", 0.70),
    Ratio("dynamic", "slugline", "bare", 0.70),
    Ratio("def", "slugline", "fastapi", 3.0),
    Ratio("def", "slugline", "bare"),
    Ratio("async", "slugline", "fastapi"),
    Ratio("dynamic", "slugline", "fastapi"),
    Ratio("async", "slugline-uvicorn", "fastapi"),
    Ratio("def", "slugline-uvicorn", "fastapi"),
    Ratio("dynamic", "slugline-uvicorn", "fastapi"),
]


def print_tables(results: Results, tasks: Sequence[Task], programs: Sequence[Program]) -> None:
    """Print one table a task."""
    for task in tasks:
        print(f"\n{task.title}\n  {'':<28}{'median':>10}{'min':>10}{'max':>10}{'99% latency':>14}")
        for program in programs:
            rates = [measurement.requests_per_second for measurement in results[task.name, program.name]]
            latency = median(measurement.latency_99_milliseconds for measurement in results[task.name, program.name])
            print(f"  {program.title:<28}{median(rates):>10,.0f}{min(rates):>10,.0f}{max(rates):>10,.0f}{latency:>11.1f} ms")


def print_ratios(results: Results) -> bool:
    """Print the ratios that can be formed; True when every target was measured and met."""
    print("\nRatios (median of the rounds' own ratios)")
    reached = [print_ratio(ratio, results) for ratio in RATIOS]
    return all(reached)


def print_ratio(ratio: Ratio, results: Results) -> bool:
    """Print one ratio; False when it has a target and that was missed or not measured."""
    title = f"{find_title(ratio.task)}: {find_title(ratio.program)} / {find_title(ratio.other)}"
    values = compare_rounds(results.get((ratio.task, ratio.program), []), results.get((ratio.task, ratio.other), []))
    if not values:
        if ratio.target is not None:
            print(f"  not measured      {title}, target {ratio.target:.2f}")
        return ratio.target is None
    value = median(values)
    reached = ratio.target is None or value >= ratio.target
    note = "" if ratio.target is None else f", target {ratio.target:.2f}: {'reached' if reached else 'MISSED'}"
    print(f"  {value:5.2f} ({min(values):.2f}–{max(values):.2f}) {title}{note}")
    return reached


def compare_rounds(ours: Sequence[Measurement], theirs: Sequence[Measurement]) -> list[float]:
    """Divide round by round: what slows the machine down for a minute slows both programs of a round."""
    return [own.requests_per_second / other.requests_per_second for own, other in zip(ours, theirs, strict=False)]


def find_title(name: str) -> str:
    """Find the title of a task or a program."""
    titles = {task.name: task.title for task in TASKS} | {program.name: program.title for program in PROGRAMS}
    return titles[name]
