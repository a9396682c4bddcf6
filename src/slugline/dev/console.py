"""What the development server prints."""

import logging
import time
from collections.abc import Collection, Container, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from slugline.dev.failure import describe_failure, group_problems
from slugline.dev.overlay import render_text
from slugline.dev.project import INSTRUMENTATION_FILES, DevProject, Difference
from slugline.errors import ProjectError
from slugline.http.request import Request
from slugline.runtime.access_log import escape

__all__ = ["Console", "configure_logging"]

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

_STATUS_COLOURS = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}

_MARKS = (
    (logging.ERROR, click.style("✗", fg="red", bold=True)),
    (logging.WARNING, click.style("!", fg="yellow", bold=True)),
    (logging.NOTSET, click.style("•", fg="cyan")),
)


class Console:
    """Writes lines for a person who works on the project, each with a mark before it where another server writes too."""

    def __init__(self, project: DevProject, mark: str = "") -> None:
        self.root = project.root
        self._project = project
        self._mark = mark

    def write(self, text: str) -> None:
        """Print text as it is, line by line."""
        for line in text.split("\n"):
            click.echo(self._mark + line, err=True)

    def say(self, text: str) -> None:
        """Print one line."""
        self.write(f" {click.style('•', fg='cyan')} {text}")

    def show_problems(self, problems: Collection[ProjectError]) -> None:
        """Print what is wrong with files: the message, its source line, then the rest; one reason once, however many files it stops."""
        for failure, others in group_problems(problems, self.root):
            first, _, rest = render_text("", failure).partition("\n")
            self.write(f" {click.style('✗', fg='red', bold=True)} {click.style(f'[{failure.code}]', dim=True)} {first}")
            if rest:
                self.write(rest)
            if others:
                self.write(f"  stops {_name_some(others, 'other file')} too")

    def show_difference(self, difference: Difference, seconds: float, broken: Container[str] = ()) -> None:
        """Print what a save has changed, one line a file; what is broken is told of elsewhere."""
        took = click.style(f"in {seconds * 1000:.0f} ms", dim=True)
        for source in difference.removed:
            self.write(f" {click.style('-', fg='red')} {source} is gone")
        for source in difference.added:
            file = self._project.files.get(source) or self._project.pages.get(source)
            what = "is new" if source in broken else f"answers {file.pattern}" if file else "is in force"
            self.write(f" {click.style('+', fg='green')} {source} {what} {took}")
        reloaded = [source for source in difference.reloaded if source not in broken]
        if reloaded:
            names = reloaded[0] if len(reloaded) == 1 else _name_some(reloaded, "file")
            self.write(f" {click.style('↻', fg='cyan')} {names} loaded again {took}")
        if difference.instrumentation and self._project.instrumentation_error is None:
            hooks = self._project.instrumentation_file
            if hooks is not None:
                self.write(f" {click.style('↻', fg='cyan')} {hooks} started again")
            else:
                self.write(f" {click.style('-', fg='red')} {INSTRUMENTATION_FILES[0]} is gone")

    def show_environment(self, files: Sequence[str], changed: Sequence[str]) -> None:
        """Print which environment files were read, and which variables have changed; never a value."""
        names = f": {', '.join(changed)} changed" if changed else ""
        self.say(f"{', '.join(files) or 'no environment file'}{names}")

    def log_request(self, request: Request[Any, Any], status: int, started: float) -> None:
        """Print the line of a request: "GET /api/post/7 200 in 3 ms  pages/api/post/[pid].py"."""
        milliseconds = (time.perf_counter() - started) * 1000
        route = request._api_route
        source = click.style(route.source, dim=True) if route is not None else ""
        colour = click.style(str(status), fg=_STATUS_COLOURS.get(status // 100, "white"))
        self.write(f" {request.method} {escape(request.url)} {colour} in {_duration(milliseconds)}  {source}".rstrip())


def _name_some(files: Sequence[str], kind: str) -> str:
    """Give "9 files (a.py, b.py, c.py, …)"."""
    return f"{len(files)} {kind}{'' if len(files) == 1 else 's'} ({', '.join(files[:3])}{', …' if len(files) > 3 else ''})"


def _duration(milliseconds: float) -> str:
    if milliseconds < 10:
        return f"{milliseconds:.1f} ms"
    return f"{milliseconds:.0f} ms" if milliseconds < 10_000 else f"{milliseconds / 1000:.1f} s"


class _Formatter(logging.Formatter):
    """Marks warnings and errors, leaves the time out, as it is now, and shows exceptions from the user's own line on."""

    def __init__(self, root: Path) -> None:
        super().__init__("%(message)s")
        self._root = root

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 (the name is logging's)
        """Give the text for an exception: message, own frame with source lines, then the rest."""
        return render_text("", describe_failure(ei[1], self._root)) if ei[1] is not None else ""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line for a record."""
        mark = next(mark for level, mark in _MARKS if record.levelno >= level)
        return f" {mark} {super().format(record)}"


class _Handler(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.write(self.format(record))


def configure_logging(console: Console) -> None:
    """Send what Slugline logs to the terminal, and keep Granian quiet: its own news are not the user's."""
    handler = _Handler(console)
    handler.setFormatter(_Formatter(console.root))
    own = logging.getLogger("slugline")
    own.handlers[:] = [handler]
    own.setLevel(logging.INFO)
    own.propagate = False
    logging.getLogger("_granian").setLevel(logging.CRITICAL)
