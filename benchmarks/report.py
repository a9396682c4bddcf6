"""The report of a run, in Markdown that can be read in a terminal: RESULTS.md is what `make bench` printed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from results import Entry, Results, spread_of
from targets import count_reached, judge, write_number, write_spread

OURS = "slugline"


@dataclass(frozen=True)
class Column:
    """A figure of a task, and how its column is headed; `ratio` says that it is compared with Slugline's."""

    figure: str
    head: str
    ratio: bool = False


COLUMNS = {
    "blocking": [Column("seconds", "seconds", ratio=True)],
    "start": [Column("start", "ms", ratio=True)],
    "memory": [
        Column("idle", "worker, idle, MiB"),
        Column("loaded", "worker, after load, MiB", ratio=True),
        Column("idle_together", "all processes, idle, MiB"),
        Column("loaded_together", "all processes, after load, MiB"),
    ],
}
LOAD_COLUMNS = [Column("rate", "requests/s", ratio=True), Column("p99", "p99, ms")]
UPLOAD_COLUMNS = [Column("growth_32", "32 MB adds, MiB"), Column("growth_128", "128 MB adds, MiB")]
NUMBERS = re.compile(r"[-\d.,–() ]*")
NOTES = {
    "upload": "Two connections. What an upload adds is the peak of the worker's memory while it takes one, over what it had just before.",
    "stream": "Four connections, so that an answer takes a small part of a measurement.",
    "blocking": "Seconds until the last of 20 requests was answered; fewer is better.",
    "start": "Fewer is better.",
    "memory": "Fewer is better. A page that several processes share counts once in the columns of all processes.",
}


def write_report(results: Results, reasons: str = "") -> str:
    """Write everything; `reasons` is Markdown about what was missed, and stands below the targets."""
    parts = [
        "# Results",
        "Written by `make bench`. [README.md](README.md) says how it is measured, and how far to trust it.",
        "\n".join(f"- {name}: {value}" for name, value in results.machine.items()),
        "![Ratios to Slugline](results.svg)",
        write_targets(results),
        reasons.strip(),
        *(write_task(results, task, title) for task, title in results.tasks.items() if task not in {"files", "reload"}),
        write_files(results),
        write_reload(results),
        write_errors(results),
        write_programs(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def write_targets(results: Results) -> str:
    """Write what was promised and what was measured. A run of some tasks says nothing of the others."""
    numbers = {title.partition(".")[0] for title in results.tasks.values()}
    verdicts = [verdict for verdict in judge(results) if str(verdict.task) in numbers]
    if not verdicts:
        return ""
    reached, measured = count_reached(verdicts)
    rows = [[str(verdict.task), verdict.promise, verdict.measured, verdict.word] for verdict in verdicts]
    lines = f"{reached} of {measured} measured targets reached. The median of the rounds' own ratios counts."
    return "## Targets\n\n" + lines + "\n\n" + write_table(["task", "target", "measured", ""], rows)


def write_task(results: Results, task: str, title: str) -> str:
    """Write the table of a task, Slugline first and then the best; programs that do not offer it are left out."""
    columns = COLUMNS.get(task, LOAD_COLUMNS + (UPLOAD_COLUMNS if task == "upload" else []))
    main = next(column for column in columns if column.ratio)
    programs = [program for program in results.programs if results.find(task, program.name, main.figure)]
    if not programs:
        return ""
    rows = [write_row(results, task, program, columns) for program in sort_programs(results, task, main.figure, programs)]
    heads = ["", *(head for column in columns for head in (column.head, *(["min–max", "× Slugline"] if column.ratio else [])))]
    note = f"{NOTES[task]}\n\n" if task in NOTES else ""
    return f"## {title}\n\n{note}{write_table(heads, rows)}"


def sort_programs(results: Results, task: str, figure: str, programs: Sequence[Entry]) -> list[Entry]:
    """Put the best first."""

    def order(program: Entry) -> float:
        spread = spread_of(results.find(task, program.name, figure))
        value = 0.0 if spread is None else spread.median
        return -value if figure == "rate" else value

    return sorted(programs, key=order)


def write_row(results: Results, task: str, program: Entry, columns: Sequence[Column]) -> list[str]:
    """Write a program's row."""
    cells = [f"**{program.title}**" if program.kind == "slugline" else program.title]
    for column in columns:
        spread = spread_of(results.find(task, program.name, column.figure))
        cells.append("" if spread is None else write_number(spread.median))
        if column.ratio:
            cells.append("" if spread is None else f"{write_number(spread.least)}–{write_number(spread.most)}")
            cells.append(write_spread(results.compare((task, program.name, column.figure), (task, OURS, column.figure))))
    return cells


def write_files(results: Results) -> str:
    """Write task 13."""
    if not results.files:
        return ""
    found = results.files
    rows = [
        ["start to first answer, ms", write_number(found["few_start"]), write_number(found["many_start"])],
        ["memory of the worker, MiB", write_number(found["few_memory"]), write_number(found["many_memory"])],
        ["a look-up, the worst path", "1.00", write_number(found["match"])],
    ]
    table = write_table(["`slugline start`", "10 route files", "10,000"], rows)
    return f"## {results.tasks.get('files', '10,000 route files')}\n\n{table}"


def write_reload(results: Results) -> str:
    """Write task 14."""
    if not results.reload:
        return ""
    rows = [[title, *(write_number(found[name]) for name in ("p50", "p95", "max", "start"))] for title, found in results.reload.items()]
    heads = ["", "save to answer, p50, ms", "p95", "max", "start to first answer, ms"]
    return f"## {results.tasks.get('reload', 'From save to new answer')}\n\nA project of 500 routes.\n\n{write_table(heads, rows)}"


def write_errors(results: Results) -> str:
    """Write which program failed in which task, and how."""
    rows = [
        [find_title(results, program), results.tasks.get(task, task), write_code(text)]
        for program, failures in results.errors.items()
        for task, text in failures.items()
    ]
    return "## What failed\n\n" + write_table(["program", "task", "error"], rows) if rows else ""


def write_code(text: str) -> str:
    """Write a message as one line of code, cut, without what would end the code or the cell."""
    return f"`{' '.join(text.split())[:200].replace('|', '/').replace('`', '')}`"


def write_programs(results: Results) -> str:
    """Write the versions."""
    return "## Versions\n\n" + write_table(["program", "versions"], [[program.title, program.versions] for program in results.programs])


def find_title(results: Results, name: str) -> str:
    """Find the title of a program; its name when it is none."""
    return next((program.title for program in results.programs if program.name == name), name)


def write_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table of Markdown whose columns stand below each other, those of numbers aligned to the right."""
    widths = [max(3, *(len(row[number]) for row in [heads, *rows])) for number in range(len(heads))]
    right = [number > 0 and all(is_number(row[number]) for row in rows) for number in range(len(heads))]
    rule = ["-" * (width - 1) + ":" if aligned else "-" * width for width, aligned in zip(widths, right, strict=True)]
    return "\n".join(write_line(cells, widths, right) for cells in (heads, rule, *rows))


def write_line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    """Write a line of a table."""
    padded = [cell.rjust(width) if aligned else cell.ljust(width) for cell, width, aligned in zip(cells, widths, right, strict=True)]
    return f"| {' | '.join(padded)} |"


def is_number(cell: str) -> bool:
    """Tell whether a cell is empty, a number, or numbers with a spread."""
    return NUMBERS.fullmatch(cell) is not None
