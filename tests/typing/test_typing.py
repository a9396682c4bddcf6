"""Type checkers take what is right and find what is wrong, line by line."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = ("positive.py", "negative.py")
ROOT = HERE.parents[1]


def marked_lines() -> set[tuple[str, int]]:
    return {
        (name, number)
        for name in FILES
        for number, line in enumerate((HERE / name).read_text(encoding="utf-8").splitlines(), 1)
        if line.endswith("  # error")
    }


def run_mypy(cache: Path) -> set[tuple[str, int]]:
    options = ["--strict", "--no-error-summary", "--hide-error-context", "--no-pretty", "--config-file=", f"--cache-dir={cache}"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *(str(HERE / name) for name in FILES)],
        cwd=ROOT / "src",  # the package is found as it is, installed or not
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = re.findall(r"^(.+?):(\d+): error: ", done.stdout, re.MULTILINE)
    assert len(found) >= 1, done.stdout + done.stderr
    return {(Path(file).name, int(line)) for file, line in found}


def run_pyright(_cache: Path) -> set[tuple[str, int]]:
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, *(str(HERE / name) for name in FILES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == len(FILES)
    errors = [each for each in report["generalDiagnostics"] if each["severity"] == "error"]
    return {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in errors}


@pytest.mark.parametrize("checker", [run_mypy, run_pyright])
def test_the_marked_lines_are_wrong_and_no_others(checker, tmp_path):
    found, marked = checker(tmp_path), marked_lines()
    assert sorted(found - marked) == [], "right lines that the checker refuses"
    assert sorted(marked - found) == [], "wrong lines that the checker lets pass"


def test_the_marks_are_where_they_should_be():
    files = [name for name, _ in marked_lines()]
    assert set(files) == {"negative.py"}
    assert len(files) > 70
