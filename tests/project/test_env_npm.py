"""`load_environment` beside the npm package `@next/env` itself: the same files and real environments, one Node process."""

import json
import random
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest

from node import NPM, find_node
from project.env_cases import DIFFERENT, SAME, Case
from slugline.errors import EnvironmentFileError
from slugline.project.env import Command, choose_mode, load_environment

# What lines of a file are put together from. There is no `$`: references have a generator of their own.
LEADS = ["", "", "", "", "export ", "  ", "\t", "export\n", "# ", "\ufeff", "!", "export  export "]
KEYS = ["A", "B", "key", "x.y-z", "_1", "export"]
SIGNS = ["=", "=", "=", " = ", "= ", ": ", " =", "=\n", ":", ":\n", "\n="]
SPACES = [" ", "  ", "\t", "\u00a0", "\ufeff", "\x0b", "\x1c", "\x85"]
QUOTES = ["'", '"', "`", "'", '"', "`", "\\'", '\\"', "\\`"]
PIECES = [
    "x",
    "y z",
    "1",
    "é",
    *SPACES,
    *QUOTES,
    "\\",
    "\\\\",
    "\\n",
    "\\r",
    "\\\\n",
    "#",
    " #",
    "=",
    ": ",
    "{",
    "}",
    "\n",
    "\r\n",
    "\r",
    "A=",
    "\nB=",
]
ENDS = ["\n", "\n", "\n\n", "\r\n", "\r", " # c\n", "\n#c\n", "  \n \n"]

# None of the names begins with another, and a value refers only to names before its own: see DIFFERENT.
NAMES = ["ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX"]
FILES = {
    "dev": [".env.development.local", ".env.local", ".env.development", ".env"],
    "start": [".env.production.local", ".env.local", ".env.production", ".env"],
    "test": [".env.test.local", ".env.test", ".env"],
}


def _make_lines(rng: random.Random) -> Case:
    lines = []
    for _ in range(rng.randint(1, 8)):
        value = "".join(rng.choices(PIECES, k=rng.choice([0, 1, 2, 3, 5, 9])))
        if rng.random() < 0.4:
            quote = rng.choice("'\"`")
            value = rng.choice(["", "", " ", "\n"]) + quote + value + quote
        lines.append(rng.choice(LEADS) + rng.choice(KEYS) + rng.choice(SIGNS) + value + rng.choice(ENDS))
    return Case("".join(lines), {})


def _make_references(rng: random.Random) -> Case:
    mode = rng.choice(list(FILES))
    real = {"REAL": rng.choice(["r1", "r 2", ""])} if rng.random() < 0.6 else {}
    if rng.random() < 0.2:
        real[rng.choice(NAMES)] = "real"
    if mode == "test":
        real["NODE_ENV"] = "test"
    files = {}
    stronger: set[str] = set()
    for file in FILES[mode]:
        if rng.random() < 0.4:
            continue
        own = rng.sample(NAMES, rng.randint(1, 5))
        files[file] = "\n".join(f"{name}={_make_value(rng, name, own, stronger)}" for name in own)
        stronger |= set(own)
    return Case(files, {}, real, "dev" if mode == "dev" else "start")


def _make_value(rng: random.Random, name: str, own: list[str], stronger: set[str]) -> str:
    quote = rng.choice(["", "", "'", '"', "`"])
    before = [other for other in NAMES[: NAMES.index(name)] if other in own or other in stronger]
    value = rng.choice("abc")
    for _ in range(rng.randint(0, 4)):
        form = "text" if quote == "'" else rng.choice(["text", "braces", "bare", "default", "own default"])
        other = rng.choice([*before, "REAL", "UNKNOWN"])
        if form == "text":
            value += rng.choice(["x", "y/z", "-", " . "])
        elif form == "braces":
            value += f"${{{other}}}"
        elif form == "bare":
            value += f"${other}/"
        elif form == "default":
            known = rng.choice([*sorted(stronger), "REAL", "UNKNOWN"])
            value += f"${{{known}:-{rng.choice(['d', 'd e', '<${REAL}>', '$UNKNOWN/n', '${REAL:-n}'])}}}"
        else:
            value += f"${{{name}:-d}}"
    return quote + value + quote


def _make_circles(rng: random.Random) -> Case:
    lines = []
    for name in NAMES[:4]:
        other = rng.choice(NAMES[:4])
        lines.append(f"{name}={rng.choice(['x', f'${other}', f'${{{other}}}', f'${{{name}:-d}}'])}\n")
    return Case("".join(lines), {})


@pytest.fixture(scope="module")
def node() -> str:
    return find_node()


def _ask_npm(node: str, cases: list[Case], folder: Path) -> list[dict[str, Any]]:
    """Ask the package; `values` is None where it has skipped a file because of its references."""
    questions = [{"files": case.named_files, "real": case.real, "command": case.command} for case in cases]
    outcome = subprocess.run(
        [node, "compare_env.cjs", str(folder)],
        cwd=NPM,
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return [
        {"values": None, "files": None} if answer["errors"] else {"values": answer["values"], "files": answer["files"]}
        for answer in json.loads(outcome.stdout)
    ]


def _ask_ours(case: Case, folder: Path) -> dict[str, Any]:
    for name, text in case.named_files.items():
        (folder / name).write_bytes(text.encode())
    try:
        found = load_environment(folder, choose_mode(cast("Command", case.command), case.real), case.real)
        return {"values": found.values, "files": list(found.files)}
    except EnvironmentFileError:
        return {"values": None, "files": None}
    finally:
        for name in case.named_files:
            (folder / name).unlink()


def _differences(node: str, cases: list[Case], folder: Path) -> list[Any]:
    answers = _ask_npm(node, cases, folder)
    pairs = [(case, _ask_ours(case, folder), theirs) for case, theirs in zip(cases, answers, strict=True)]
    return [pair for pair in pairs if pair[1] != pair[2]]


def test_the_table(node: str, tmp_path: Path) -> None:
    answers = _ask_npm(node, list(SAME.values()), tmp_path)
    wrong = {name: answer for (name, case), answer in zip(SAME.items(), answers, strict=True) if answer["values"] != case.values}
    assert wrong == {}
    assert _differences(node, list(SAME.values()), tmp_path) == []


def test_the_differences_are_those_that_are_listed(node: str, tmp_path: Path) -> None:
    answers = _ask_npm(node, [case for case, _, _ in DIFFERENT.values()], tmp_path)
    given = {name: answer["values"] for name, answer in zip(DIFFERENT, answers, strict=True)}
    assert given == {name: theirs for name, (_, theirs, _) in DIFFERENT.items()}
    assert [name for name, (case, theirs, reason) in DIFFERENT.items() if case.values == theirs or not reason] == []


@pytest.mark.parametrize(
    ("make", "count"), [(_make_lines, 2000), (_make_references, 1000), (_make_circles, 60)], ids=["lines", "references", "circles"]
)
def test_generated_files(node: str, tmp_path: Path, make: Any, count: int) -> None:
    rng = random.Random(16)
    cases = [make(rng) for _ in range(count)]
    assert _differences(node, cases, tmp_path) == []
    # The comparison would be worth nothing if most cases gave nothing, or all the same.
    answers = [_ask_ours(case, tmp_path)["values"] for case in cases]
    assert len({json.dumps(answer) for answer in answers}) > count / 4
    assert (None in answers) == (make is _make_circles)
