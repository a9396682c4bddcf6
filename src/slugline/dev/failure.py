"""From an exception to what a developer wants to read: the message, the line of one's own file, then the rest. Pure."""

import linecache
import re
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from slugline.errors import PageError, ProjectError

__all__ = ["Failure", "Frame", "describe_failure", "group_problems"]

LINES_AROUND = 4
MAX_CAUSES = 10
# Groups in groups: so many levels of the causes above count for one, or a thousand exceptions would be many thousand.
MAX_PARTS = 10
LEVELS_OF_A_GROUP = 4
MAX_MESSAGE_LENGTH = 10_000
# Of a recursion without end, a thousand frames: these many at either end tell where it came from, and where it goes round.
MAX_FRAMES_AT_AN_END = 30

_PACKAGE = Path(__file__).parent.parent
# Lone surrogates, which UTF-8 cannot carry, and what drives a terminal; tabs and line feeds stay.
_UNPRINTABLE = re.compile("[\ud800-\udfff\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Frame:
    """One place in the code; `lines` are those around it, with their numbers."""

    file: str
    line: int
    function: str
    is_own: bool
    lines: tuple[tuple[int, str], ...] = ()

    @property
    def place(self) -> str:
        """ "pages/api/hello.py, line 3"."""
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception, ready to be shown.

    `own` is the innermost frame in the project's files, None when there is none; `frames` are all, outermost first, but for
    `left_out` in the middle; `parts` are the exceptions in an ExceptionGroup. Every text in it can be printed, and written as UTF-8.
    """

    kind: str
    message: str
    code: str | None
    own: Frame | None
    frames: tuple[Frame, ...]
    cause: "Failure | None" = None
    left_out: int = 0
    parts: "tuple[Failure, ...]" = ()

    @property
    def title(self) -> str:
        """ "ZeroDivisionError: division by zero"; the message alone for what Slugline itself has to say."""
        return self.message if self.code is not None or not self.kind else f"{self.kind}: {self.message}" if self.message else self.kind


def describe_failure(error: BaseException, root: Path) -> Failure:
    """Describe an exception; files under `root` are the user's own and shown by their path from there."""
    return _describe(error, root, MAX_CAUSES)


def group_problems(problems: Iterable[ProjectError], root: Path) -> list[tuple[Failure, tuple[str, ...]]]:
    """Describe problems, those of one reason once, with the other files that it stops: a module that ten route files import."""
    groups: dict[object, tuple[Failure, list[str]]] = {}
    for problem in problems:
        failure = describe_failure(problem, root)
        first, others = groups.setdefault(_reason(problem, failure), (failure, []))
        if first is not failure:
            others += problem.files
    return [(failure, tuple(others)) for failure, others in groups.values()]


def _reason(problem: ProjectError, failure: Failure) -> object:
    below = failure.cause
    while below is not None and below.cause is not None:
        below = below.cause
    if below is None or failure.own is None:
        return problem.code, problem.message
    # A name or a package that is missing is missed in many places.
    return below.title, None if below.kind in ("ImportError", "ModuleNotFoundError") else failure.own.place


def _describe(error: BaseException, root: Path, depth: int) -> Failure:
    found, left_out = _frames(error.__traceback__, root)
    frames = (*found, _syntax_frame(error, root)) if isinstance(error, SyntaxError) and error.filename else tuple(found)
    own = next((frame for frame in reversed(frames) if frame.is_own), None)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    below = _describe(cause, root, depth - 1) if cause is not None and depth > 0 else None
    if isinstance(error, ProjectError):
        # Where it was raised is our own code, and of no use: what the user wrote is in the cause.
        message = _printable(error.message)
        if isinstance(error, PageError) and error.line is not None:
            # Jinja's frames have the lines of the program that it makes of a template.
            place = _frame(root / error.files[0], error.line, "", root)
            return Failure(type(error).__name__, message, error.code, place, (), below)
        if below is None:
            return Failure(type(error).__name__, message, error.code, None, ())
        return Failure(type(error).__name__, message, error.code, below.own, below.frames, below, below.left_out)
    message = "\n".join([error.msg if isinstance(error, SyntaxError) else _text(error), *_notes(error)])
    inner = error.exceptions[:MAX_PARTS] if isinstance(error, BaseExceptionGroup) and depth > 0 else ()
    parts = tuple(_describe(each, root, depth - LEVELS_OF_A_GROUP) for each in inner)
    return Failure(type(error).__name__, _shorten_text(_printable(message)), None, own, frames, below, left_out, parts)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 (a user's exception may fail to say what it is)
        return "(its message cannot be shown)"


def _notes(error: BaseException) -> list[str]:
    # What `add_note` was given; anybody may have put anything there.
    notes = getattr(error, "__notes__", None)
    return [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text.replace("\r\n", "\n"))


def _shorten_text(text: str) -> str:
    left = len(text) - MAX_MESSAGE_LENGTH
    return f"{text[:MAX_MESSAGE_LENGTH]}… and {left} characters more" if left > 0 else text


def _frames(trace: TracebackType | None, root: Path) -> tuple[list[Frame], int]:
    """Give the frames, outermost first, and how many were left out."""
    # Python's import machinery stands between every import and its file, and tells nobody anything.
    extracted = [each for each in traceback.extract_tb(trace) if not each.filename.startswith("<frozen")]
    left_out = max(0, len(extracted) - 2 * MAX_FRAMES_AT_AN_END)
    if left_out:
        extracted[MAX_FRAMES_AT_AN_END:-MAX_FRAMES_AT_AN_END] = []
    return [_frame(Path(each.filename), each.lineno or 0, each.name, root) for each in extracted], left_out


def _syntax_frame(error: SyntaxError, root: Path) -> Frame:
    return _frame(Path(error.filename or ""), error.lineno or 0, "", root)


def _frame(path: Path, line: int, function: str, root: Path) -> Frame:
    is_own = path.is_relative_to(root) and not {"site-packages", "dist-packages"} & set(path.parts)
    file = path.relative_to(root).as_posix() if is_own else _shorten(path)
    return Frame(_printable(file), line, function, is_own, tuple(_lines_around(path, line)) if is_own else ())


def _shorten(path: Path) -> str:
    """Name a library's file from the folder in which libraries lie: "starlette/routing.py"."""
    if path.is_relative_to(_PACKAGE):
        return path.relative_to(_PACKAGE.parent).as_posix()
    for place in ("site-packages", "dist-packages"):
        if place in path.parts:
            return "/".join(path.parts[path.parts.index(place) + 1 :])
    return path.as_posix()


def _lines_around(path: Path, line: int) -> list[tuple[int, str]]:
    linecache.checkcache(str(path))
    first = max(1, line - LINES_AROUND)
    lines = linecache.getlines(str(path))
    return [(number, _printable(lines[number - 1].rstrip("\n"))) for number in range(first, min(len(lines), line + LINES_AROUND) + 1)]
