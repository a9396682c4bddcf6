"""From an exception to what is shown: one's own line first, whatever lies around it."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from slugline.dev.failure import (
    LINES_AROUND,
    MAX_CAUSES,
    MAX_FRAMES_AT_AN_END,
    MAX_MESSAGE_LENGTH,
    Failure,
    describe_failure,
    group_problems,
)
from slugline.dev.overlay import render_html, render_json, render_text
from slugline.errors import ConfigError, ProjectError, RouteModuleError
from slugline.http.json_text import encode_json
from user_modules import own_modules as clean_modules


def run(root: Path, source: str, text: str) -> BaseException:
    """Run a file of the project, and give what it raised."""
    path = root / source
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return catch(lambda: exec(compile(path.read_text(), str(path), "exec"), {"__name__": "user"}))


def catch(function: Callable[[], object]) -> BaseException:
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def own_of(failure: Failure) -> tuple[str, int, str]:
    assert failure.own is not None
    return failure.own.file, failure.own.line, failure.own.function


def test_own_frame(tmp_path: Path) -> None:
    failure = describe_failure(run(tmp_path, "pages/api/a.py", "def handler():\n    one = 1\n    one / 0\n\nhandler()\n"), tmp_path)
    assert own_of(failure) == ("pages/api/a.py", 3, "handler")
    assert failure.title == "ZeroDivisionError: division by zero"
    assert failure.own is not None
    assert failure.own.lines == ((1, "def handler():"), (2, "    one = 1"), (3, "    one / 0"), (4, ""), (5, "handler()"))
    assert failure.own.place == "pages/api/a.py, line 3"


def test_lines_around_are_few(tmp_path: Path) -> None:
    failure = describe_failure(run(tmp_path, "a.py", "\n" * 50 + "1 / 0\n" + "\n" * 50), tmp_path)
    assert failure.own is not None
    assert [number for number, _ in failure.own.lines] == list(range(51 - LINES_AROUND, 52 + LINES_AROUND))


def test_the_innermost_own_frame_counts_not_the_librarys(tmp_path: Path) -> None:
    failure = describe_failure(run(tmp_path, "a.py", "import json\ndef load():\n    json.loads('{')\nload()\n"), tmp_path)
    assert own_of(failure) == ("a.py", 3, "load")
    assert [frame.is_own for frame in failure.frames][-1] is False
    assert failure.frames[-1].lines == ()


def test_lines_are_those_of_now(tmp_path: Path) -> None:
    assert describe_failure(run(tmp_path, "a.py", "1 / 0"), tmp_path).own is not None
    own = describe_failure(run(tmp_path, "a.py", "2 / 0"), tmp_path).own
    assert own is not None
    assert own.lines == ((1, "2 / 0"),)


@pytest.mark.parametrize("folder", ["site-packages", "dist-packages"])
def test_library_frames_are_shortened(tmp_path: Path, folder: str) -> None:
    place = f"libraries/lib/python3/{folder}/deep/inner.py"
    failure = describe_failure(run(tmp_path, place, "1 / 0"), tmp_path / "project")
    assert failure.frames[-1].file == "deep/inner.py"
    assert failure.own is None


def test_a_virtual_environment_in_the_project_is_not_its_own(tmp_path: Path) -> None:
    failure = describe_failure(run(tmp_path, ".venv/lib/site-packages/deep/inner.py", "1 / 0"), tmp_path)
    assert failure.own is None
    assert failure.frames[-1].file == "deep/inner.py"


def test_frames_of_slugline_are_shortened(tmp_path: Path) -> None:
    failure = describe_failure(catch(lambda: describe_failure(None, tmp_path)), tmp_path)  # type: ignore[arg-type]
    assert failure.frames[-1].file == "slugline/dev/failure.py"


SYNTAX = [
    ("def handler(:\n    pass\n", 1),
    ("x = 1\ny = (\n", 2),
    ("def f():\n    if True:\n    return 1\n", 3),
    ("x = 'open\n", 1),
    ("def f():\n\treturn 1\n        return 2\n", 3),
]


@pytest.mark.parametrize(("text", "line"), SYNTAX)
def test_syntax_error(tmp_path: Path, text: str, line: int) -> None:
    error = run(tmp_path, "pages/api/a.py", text)
    failure = describe_failure(error, tmp_path)
    assert own_of(failure) == ("pages/api/a.py", line, "")
    assert isinstance(error, SyntaxError)
    assert failure.message == error.msg
    assert failure.own is not None
    assert dict(failure.own.lines)[line] == text.split("\n")[line - 1].rstrip()


def test_syntax_error_of_a_text_that_is_no_file(tmp_path: Path) -> None:
    failure = describe_failure(run(tmp_path, "a.py", "\ncompile('(', '<string>', 'exec')"), tmp_path)
    assert own_of(failure) == ("a.py", 2, "<module>")


def test_project_error_shows_its_cause(tmp_path: Path) -> None:
    cause = run(tmp_path, "pages/api/a.py", "\nundefined\n")
    error = RouteModuleError("pages/api/a.py cannot be imported: NameError", files=["pages/api/a.py"])
    error.__cause__ = cause
    failure = describe_failure(error, tmp_path)
    assert failure.code == "route-module"
    assert failure.title == error.message
    assert own_of(failure) == ("pages/api/a.py", 2, "<module>")
    assert failure.cause is not None
    assert failure.cause.title == "NameError: name 'undefined' is not defined"


def test_project_error_without_cause_has_no_frames(tmp_path: Path) -> None:
    failure = describe_failure(catch(lambda: (_ for _ in ()).throw(ConfigError("config.x is unknown."))), tmp_path)
    assert (failure.title, failure.own, failure.frames, failure.cause) == ("config.x is unknown.", None, (), None)


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Odd(Exception):
    def __str__(self) -> str:
        return 7  # type: ignore[return-value]  # noqa: PLE0307 (what is tried)


class Leaving(Exception):
    def __str__(self) -> str:
        raise SystemExit("left")


@pytest.mark.parametrize("kind", [Silent, Odd, Leaving])
def test_an_exception_that_cannot_say_what_it_is(tmp_path: Path, kind: type[Exception]) -> None:
    assert describe_failure(kind(), tmp_path).title == f"{kind.__name__}: (its message cannot be shown)"


ODD = [
    ("\ud800 alone", "\\ud800 alone"),
    ("\udcff from a file name", "\\udcff from a file name"),
    ("\x00\x07\x1b[31mred\x9b1m", "\\x00\\x07\\x1b[31mred\\x9b1m"),  # a message must not drive the terminal
    ("a\tb\r\nc\rd", "a\tb\nc\\rd"),
    ("x" * (MAX_MESSAGE_LENGTH + 5), "x" * MAX_MESSAGE_LENGTH + "… and 5 characters more"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "shown"), ODD)
def test_odd_text_can_be_sent_and_printed(tmp_path: Path, text: str, shown: str) -> None:
    failure = describe_failure(run(tmp_path, "a.py", f"raise ValueError({text!r})  # \x1b\n"), tmp_path)
    assert failure.message == shown
    render_html([("GET /", failure)]).encode()
    encode_json(render_json(failure))
    assert "\x1b" not in render_text("GET /", failure)


def test_an_exception_without_text_is_its_kind(tmp_path: Path) -> None:
    assert describe_failure(ValueError(), tmp_path).title == "ValueError"


CHAINS = [
    ("try:\n    1 / 0\nexcept Exception as error:\n    raise ValueError('v') from error\n", ["ValueError", "ZeroDivisionError"]),
    ("try:\n    1 / 0\nexcept Exception:\n    raise ValueError('v')\n", ["ValueError", "ZeroDivisionError"]),
    ("try:\n    1 / 0\nexcept Exception:\n    raise ValueError('v') from None\n", ["ValueError"]),
]


@pytest.mark.parametrize(("text", "kinds"), CHAINS)
def test_chains(tmp_path: Path, text: str, kinds: list[str]) -> None:
    assert kinds_of(describe_failure(run(tmp_path, "a.py", text), tmp_path)) == kinds


def kinds_of(failure: Failure | None) -> list[str]:
    kinds = []
    while failure is not None:
        kinds.append(failure.kind)
        failure = failure.cause
    return kinds


def test_a_chain_without_end_ends(tmp_path: Path) -> None:
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    assert len(kinds_of(describe_failure(first, tmp_path))) == MAX_CAUSES + 1


def test_deep_recursion_is_described(tmp_path: Path) -> None:
    failure = describe_failure(run(tmp_path, "a.py", "def f():\n    f()\nf()\n"), tmp_path)
    assert failure.kind == "RecursionError"
    assert own_of(failure) == ("a.py", 2, "f")
    assert len(failure.frames) == 2 * MAX_FRAMES_AT_AN_END  # a thousand times the same line tells nothing
    assert failure.left_out > 500
    assert f"without {failure.left_out} in the middle" in render_html([("", failure)])
    assert f"without {failure.left_out} in the middle" in render_text("", failure)


def test_a_file_that_is_gone_has_no_lines(tmp_path: Path) -> None:
    error = run(tmp_path, "a.py", "1 / 0")
    (tmp_path / "a.py").unlink()
    failure = describe_failure(error, tmp_path)
    assert own_of(failure) == ("a.py", 1, "<module>")
    assert failure.own is not None
    assert failure.own.lines == ()


def test_import_machinery_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "broken.py").write_text("1 / 0")
    with clean_modules():
        sys.path.insert(0, str(tmp_path))
        error = run(tmp_path, "a.py", "import importlib\nimportlib.import_module('lib.broken')")
    assert any(frame.filename.startswith("<frozen") for frame in traceback.extract_tb(error.__traceback__))
    failure = describe_failure(error, tmp_path)
    assert [frame.file for frame in failure.frames if frame.is_own] == ["a.py", "lib/broken.py"]
    assert not any(frame.file.startswith("<frozen") for frame in failure.frames)


def test_exception_group(tmp_path: Path) -> None:
    failure = describe_failure(run(tmp_path, "a.py", "raise ExceptionGroup('two', [ValueError('x'), KeyError('y')])"), tmp_path)
    assert failure.title == "ExceptionGroup: two (2 sub-exceptions)"
    assert [part.title for part in failure.parts] == ["ValueError: x", "KeyError: 'y'"]


def test_a_task_group_shows_the_line_of_each_task(tmp_path: Path) -> None:
    text = """import asyncio

async def one(): raise ValueError('x')
async def two(): raise KeyError('y')

async def both():
    async with asyncio.TaskGroup() as group:
        group.create_task(one())
        group.create_task(two())

asyncio.run(both())
"""
    failure = describe_failure(run(tmp_path, "a.py", text), tmp_path)
    assert own_of(failure)[2] == "both"
    assert [own_of(part) for part in failure.parts] == [("a.py", 3, "one"), ("a.py", 4, "two")]


def test_groups_in_groups_end(tmp_path: Path) -> None:
    error: Exception = ValueError("innermost")
    for _ in range(100):
        error = ExceptionGroup("group", [error] * 20)
    failure = describe_failure(error, tmp_path)
    depth, count = 0, 1
    while failure.parts:
        depth, count, failure = depth + 1, count * len(failure.parts), failure.parts[-1]
    assert 1 <= depth <= 4
    assert count <= 1000


NOTES: list[tuple[str, str]] = [
    ("error.add_note('Try again.')", "x\nTry again."),
    ("error.add_note('one'); error.add_note('two\\x1b')", "x\none\ntwo\\x1b"),
    ("error.__notes__ = [1, 'two']", "x\ntwo"),
    ("error.__notes__ = 5", "x"),
]


@pytest.mark.parametrize(("act", "message"), NOTES)
def test_notes_stand_below_the_message(tmp_path: Path, act: str, message: str) -> None:
    failure = describe_failure(run(tmp_path, "a.py", f"error = ValueError('x')\n{act}\nraise error\n"), tmp_path)
    assert failure.message == message


def failed_import(root: Path, source: str, helper: str, text: str) -> ProjectError:
    """Give the problem of a route file that imports a helper which fails."""
    error = RouteModuleError(f"{source} cannot be imported.", files=[source])
    error.__cause__ = run(root, helper, text)
    return error


def test_one_reason_is_told_once(tmp_path: Path) -> None:
    problems = [
        *(failed_import(tmp_path, f"pages/api/{name}.py", "lib/db.py", "1 / 0\n") for name in "abc"),
        failed_import(tmp_path, "pages/api/d.py", "lib/db.py", "1 / 1\nprint(1 / 0)\n"),
        failed_import(tmp_path, "pages/api/e.py", "lib/other.py", "1 / 0\n"),
        *(failed_import(tmp_path, f"pages/api/{name}.py", f"pages/api/{name}.py", "import no_such_module\n") for name in "fg"),
        ConfigError("One.", files=["h.py"]),
        ConfigError("Another.", files=["i.py"]),
    ]
    grouped = [(failure.message.split()[0], others) for failure, others in group_problems(problems, tmp_path)]
    assert grouped == [
        ("pages/api/a.py", ("pages/api/b.py", "pages/api/c.py")),
        ("pages/api/d.py", ()),
        ("pages/api/e.py", ()),
        ("pages/api/f.py", ("pages/api/g.py",)),
        ("One.", ()),
        ("Another.", ()),
    ]
