"""Environment files: `.env` and its relatives, read as Next.js reads them, so that one project needs them once.

How to think about it: reading has three steps, and only the first touches the disk.

1. Files. Four names at most, from the one that wins to the one that gives way. The real environment wins over all of them.
2. Lines. A value is what stands in the file, without its quotes. Of each key, one value is kept: that of the strongest file.
3. References. `$NAME` in a value becomes the real variable of that name, or the value that was kept for it, in whichever file.
   So references are an order of work: a key's turn comes when those that it refers to have theirs.

The rules are those of the npm package @next/env 16; tests/project/test_env_npm.py asks both the same, and lists where they differ.
"""

import re
import stat
from collections.abc import Mapping, MutableMapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from slugline.errors import EnvironmentFileError

__all__ = ["Command", "Environment", "EnvironmentVariables", "Mode", "RawValue", "choose_mode", "load_environment", "parse_env"]

Mode = Literal["development", "production", "test"]
Command = Literal["dev", "build", "start"]

# NEXTJS: what JavaScript calls white space. Python's has no byte order mark, which may open a file, and four control characters more.
SPACES = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
SPACES_IN_LINE = SPACES.replace("\n", "")
QUOTES = "'\"`"

# PERF: what is repeated never gives back (`++`, `*+`), so that no line, however made, takes more than linear time.
LEADING_SPACES = re.compile(rf"[{SPACES}]*+")
# NEXTJS: between a key, its sign and a quote, lines may end: `KEY` and `="value"` on two lines are an assignment.
ASSIGNMENT = re.compile(rf"(?:export[{SPACES}]++)?(?P<key>[\w.-]++)(?:[{SPACES}]*+=|:[{SPACES}])", re.ASCII)
OPENING_QUOTE = re.compile(rf"[{SPACES}]*+(?P<quote>[{QUOTES}])")
UNESCAPED_QUOTE = {quote: re.compile(rf"(?<!\\){quote}") for quote in QUOTES}
REST_AFTER_QUOTE = re.compile(rf"[{SPACES_IN_LINE}]*+(?:[#\n]|\Z)")
UNQUOTED = re.compile(r"[^#\n]*+")

# An escaped dollar, `$NAME`, `${NAME}`, the beginning `${NAME:-` of one with a default, or what may be its end.
REFERENCE = re.compile(r"\\\$|\$(?:(?P<bare>\w++)|\{(?P<braced>\w++)(?:(?P<default>:-)|\}?))|\}", re.ASCII)


class RawValue(Struct, frozen=True):
    """A value as its file has it, without quotes; `quote` is the kind that stood around it, or "".

    `source` and `line` (from 1) are where its key stands.
    """

    text: str
    quote: str
    source: str
    line: int


class Environment(Struct, frozen=True):
    """What the environment files add to the real environment, and the names of those that were found, the strongest first."""

    values: dict[str, str]
    files: tuple[str, ...]


def choose_mode(command: Command, environ: Mapping[str, str]) -> Mode:
    """Choose the mode in which a command reads environment files: development for `dev`, production for `build` and `start`.

    NODE_ENV set to exactly "test" makes it test. No other value has a say, as in Next.js.
    """
    if environ.get("NODE_ENV") == "test":
        return "test"
    return "development" if command == "dev" else "production"


def load_environment(root: Path, mode: Mode, real: Mapping[str, str]) -> Environment:
    """Read the environment files in the folder `root`; keys that `real`, the environment without them, has are left out.

    Raises EnvironmentFileError for a file that cannot be read, is no text in UTF-8, or has values that refer to each other in a circle.
    """
    kept: dict[str, RawValue] = {}
    files = []
    for name in _file_names(mode):
        text = _read_text(root, name)
        if text is None:
            continue
        files.append(name)
        for key, value in parse_env(text, name).items():
            if key not in real:
                kept.setdefault(key, value)
    return Environment(_expand(kept, real), tuple(files))


def parse_env(text: str, source: str) -> dict[str, RawValue]:
    """Find the assignments of one file, so `A="x" # y` gives {"A": RawValue("x", '"', source, 1)}; the last of a key counts.

    References are left as they are. Lines that assign nothing are passed over. Raises EnvironmentFileError for a NUL character.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _refuse_nul(text, source)
    found: dict[str, RawValue] = {}
    position = counted = 0
    line = 1
    while position < len(text):
        end = _skip(LEADING_SPACES, text, position)
        assignment = ASSIGNMENT.match(text, end)
        if assignment is not None:
            start = assignment.start("key")
            line += text.count("\n", counted, start)
            counted = start
            written, end = _read_value(text, assignment.end())
            found[assignment["key"]] = RawValue(*_unquote(written), source, line)
        newline = text.find("\n", end)
        position = len(text) if newline == -1 else newline + 1
    return found


class EnvironmentVariables:
    """The values of environment files in a mapping, which is os.environ: put there, and put there anew when the files have changed.

    `real` is what was there before: give it to `load_environment`, or the values of the last time would count as real ones.
    """

    def __init__(self, variables: MutableMapping[str, str]) -> None:
        self.real: Mapping[str, str] = MappingProxyType(dict(variables))
        self._variables = variables
        self._own: frozenset[str] = frozenset()

    def apply(self, environment: Environment) -> list[str]:
        """Set the values of `environment`, take away those of the time before that it lacks, and give the names of what changed, sorted.

        A value that the program has overwritten since is set again. Variables of the real environment are never touched.
        """
        wanted = {key: value for key, value in environment.values.items() if key not in self.real}
        gone = {key for key in self._own - wanted.keys() if key in self._variables}
        changed = {key for key, value in wanted.items() if self._variables.get(key) != value}
        for key in gone:
            del self._variables[key]
        for key in changed:
            self._variables[key] = wanted[key]
        self._own = frozenset(wanted)
        return sorted(gone | changed)


def _file_names(mode: Mode) -> list[str]:
    # NEXTJS: a test must give the same on every machine, so what one machine has for itself is not read.
    local = [".env.local"] if mode != "test" else []
    return [f".env.{mode}.local", *local, f".env.{mode}", ".env"]


def _read_text(root: Path, name: str) -> str | None:
    """Read a file; None when there is none, or when it is a device, as a link to /dev/null that hides a file."""
    path = root / name
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise EnvironmentFileError(
                f"{name} is a folder, not a file. Rename it; a virtual environment is usually called .venv.", files=[name]
            )
        # A named pipe is how password managers hand over secrets without a file.
        if not stat.S_ISREG(kind) and not stat.S_ISFIFO(kind):
            return None
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EnvironmentFileError(
            f"{name} cannot be read: {error.strerror or error}. Let the user that runs Slugline read it, or move it away.", files=[name]
        ) from error
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = len(content[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
        raise EnvironmentFileError(
            f"{name}, line {line}: the byte 0x{content[error.start]:02x} is not UTF-8. Save the file as UTF-8.", files=[name]
        ) from error


def _refuse_nul(text: str, source: str) -> None:
    nul = text.find("\0")
    if nul != -1:
        line = text.count("\n", 0, nul) + 1
        raise EnvironmentFileError(
            f"{source}, line {line}: there is a NUL character, which no variable can hold. If the file is UTF-16, save it as UTF-8.",
            files=[source],
        )


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found is not None else position


def _read_value(text: str, position: int) -> tuple[str, int]:
    """Read the value that follows a sign, with its quotes and without the spaces around it, and where it ends."""
    opening = OPENING_QUOTE.match(text, position)
    if opening is not None:
        closing = _find_closing_quote(text, opening.end(), opening["quote"])
        if closing is not None:
            return text[opening.start("quote") : closing + 1], closing + 1
    end = _skip(UNQUOTED, text, position)
    return text[position:end].strip(SPACES), end


def _find_closing_quote(text: str, start: int, quote: str) -> int | None:
    """Find the quote that ends a value: nothing but a comment may follow in its line.

    It is the first one without a backslash. NEXTJS: failing that, the last one before it with a backslash: `'C:\\dir\\'` is a value.
    """
    unescaped = UNESCAPED_QUOTE[quote].search(text, start)
    if unescaped is not None and REST_AFTER_QUOTE.match(text, unescaped.end()):
        return unescaped.start()
    position = unescaped.start() if unescaped is not None else len(text)
    while (position := text.rfind("\\" + quote, start, position)) != -1:
        if REST_AFTER_QUOTE.match(text, position + 2):
            return position + 1
    return None


def _unquote(written: str) -> tuple[str, str]:
    """Take the quotes off, so `"a\\nb"` gives a text of two lines and the kind of quote."""
    quote = written[0] if len(written) > 1 and written[0] in QUOTES and written[0] == written[-1] else ""
    text = written[1:-1] if quote else written
    if written.startswith('"'):  # NEXTJS: the first character decides, whether or not the quote is closed
        text = text.replace("\\n", "\n").replace("\\r", "\r")
    return text, quote


def _expand(values: Mapping[str, RawValue], real: Mapping[str, str]) -> dict[str, str]:
    """Fill in the references of all values."""
    needs = {key: _find_needs(key, value, values) for key, value in values.items()}
    expanded: dict[str, str] = {}
    for key in _order(needs, values):
        # A key that is not among the needs was given up for its default, and must not be found because its turn came early.
        known = {name: expanded[name] for name in needs[key]}
        expanded[key] = _fill_in(values[key], known, real)
    return expanded


def _find_needs(key: str, value: RawValue, values: Mapping[str, RawValue]) -> dict[str, bool]:
    """Find the keys that a value refers to, and for each whether every reference has a default.

    A reference to the value's own key with a default, `PORT=${PORT:-3000}`, asks for the real variable, and needs nothing.
    """
    needs: dict[str, bool] = {}
    if value.quote == "'":
        return needs
    for token in REFERENCE.finditer(value.text):
        name = token["bare"] or token["braced"]
        has_default = token["default"] is not None
        if name in values and not (name == key and has_default):
            needs[name] = has_default and needs.get(name, True)
    return needs


def _order(needs: dict[str, dict[str, bool]], values: Mapping[str, RawValue]) -> list[str]:
    """Order keys so that each stands after those that it needs; where a circle can be broken by defaults, these needs are dropped.

    Raises EnvironmentFileError with the circle when it cannot.
    """
    while True:
        try:
            return list(TopologicalSorter(needs).static_order())
        except CycleError as error:
            circle: list[str] = error.args[1][::-1]  # each refers to the one after it, and the last is the first
        droppable = [(key, name) for key, name in pairwise(circle) if needs[key][name]]
        if not droppable:
            raise _circle_error(circle[:-1], values)
        for key, name in droppable:
            del needs[key][name]


def _circle_error(keys: list[str], values: Mapping[str, RawValue]) -> EnvironmentFileError:
    # Told from the first key of the strongest file, whichever one the search came upon.
    ranks = {key: rank for rank, key in enumerate(values)}
    first = min(range(len(keys)), key=lambda index: ranks[keys[index]])
    keys = keys[first:] + keys[:first]
    places = {key: f"{values[key].source}, line {values[key].line}" for key in keys}
    path = " → ".join([keys[0], *(f"{key} ({places[key]})" for key in keys[1:]), keys[0]])
    return EnvironmentFileError(
        f"{places[keys[0]]}: the value of {keys[0]} refers to itself: {path}. "
        "Take one of these references out, or write \\$ where a dollar sign is meant.",
        files=list(dict.fromkeys(values[key].source for key in keys)),
    )


def _fill_in(value: RawValue, known: Mapping[str, str], real: Mapping[str, str]) -> str:
    """Fill in the references of one value from the real environment and from `known`, the values of other keys.

    NEXTJS: nothing refers in single quotes, where Next.js lets it; an escaped dollar is a dollar there too, as in files written for it.
    """
    if value.quote == "'":
        return value.text.replace("\\$", "$")
    parts: list[str] = []
    defaults: list[tuple[str, int]] = []  # for each `${NAME:-` that is open: the value of NAME, and where in `parts` its default begins
    position = 0
    for token in REFERENCE.finditer(value.text):
        parts.append(value.text[position : token.start()])
        position = token.end()
        name = token["bare"] or token["braced"]
        if name is None:
            if token[0] == "}" and defaults:
                _end_default(parts, *defaults.pop())
            else:
                parts.append(token[0][-1])
            continue
        found = real[name] if name in real else known.get(name, "")
        if token["default"] is None:
            parts.append(found)
        else:
            defaults.append((found, len(parts)))
    parts.append(value.text[position:])
    while defaults:
        _end_default(parts, *defaults.pop())
    return "".join(parts)


def _end_default(parts: list[str], found: str, start: int) -> None:
    """Put what was found in the place of the default, which stays when that is empty or nothing."""
    if found:
        parts[start:] = [found]
