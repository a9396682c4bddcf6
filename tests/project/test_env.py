"""Environment files: their order, their syntax, what is refused, and how they get into os.environ and out again."""

import ast
import errno
import os
import re
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from growth import assert_grows_linearly
from project.env_cases import DIFFERENT, SAME, Case
from slugline.errors import EnvironmentFileError
from slugline.project.env import (
    Command,
    Environment,
    EnvironmentVariables,
    Mode,
    RawValue,
    choose_mode,
    load_environment,
    parse_env,
)

DOCS = Path(__file__).parent.parent.parent / "docs"
CASES = SAME | {name: case for name, (case, _, _) in DIFFERENT.items()}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())


def load(folder: Path, case: Case) -> dict[str, str] | None:
    write(folder, case.named_files)
    try:
        return load_environment(folder, choose_mode(cast("Command", case.command), case.real), case.real).values
    except EnvironmentFileError:
        return None


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_files_give(tmp_path: Path, case: Case) -> None:
    assert load(tmp_path, case) == case.values


# Modes and files

MODES: list[tuple[Command, str | None, Mode]] = [
    ("dev", None, "development"),
    ("build", None, "production"),
    ("start", None, "production"),
    ("dev", "test", "test"),
    ("build", "test", "test"),
    ("start", "test", "test"),
    ("dev", "production", "development"),
    ("start", "development", "production"),
    ("start", "Test", "production"),
    ("dev", "test ", "development"),
    ("dev", "", "development"),
]


@pytest.mark.parametrize(("command", "node_env", "mode"), MODES)
def test_the_mode(command: Command, node_env: str | None, mode: Mode) -> None:
    assert choose_mode(command, {} if node_env is None else {"NODE_ENV": node_env}) == mode


@pytest.mark.parametrize(
    ("mode", "files"),
    [
        ("development", (".env.development.local", ".env.local", ".env.development", ".env")),
        ("production", (".env.production.local", ".env.local", ".env.production", ".env")),
        ("test", (".env.test.local", ".env.test", ".env")),
    ],
)
def test_the_files_of_a_mode(tmp_path: Path, mode: Mode, files: tuple[str, ...]) -> None:
    others = [f".env.{other}{local}" for other in ("development", "production", "test") for local in ("", ".local")]
    write(tmp_path, dict.fromkeys([".env", ".env.local", ".env.example", ".envrc", *others], ""))
    assert load_environment(tmp_path, mode, {}) == Environment({}, files)


def test_only_files_that_are_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    write(tmp_path, {".env": "A=1", "src/.env.local": "B=2"})
    assert load_environment(tmp_path, "development", {}) == Environment({"A": "1"}, (".env",))


def test_links_and_devices(tmp_path: Path) -> None:
    write(tmp_path, {"shared": "A=1"})
    (tmp_path / ".env").symlink_to("shared")
    (tmp_path / ".env.local").symlink_to("nowhere")
    (tmp_path / ".env.development").symlink_to("/dev/null")
    assert load_environment(tmp_path, "development", {}) == Environment({"A": "1"}, (".env",))


def test_a_named_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")
    writer = threading.Thread(target=(tmp_path / ".env").write_text, args=("A=1",))
    writer.start()
    assert load_environment(tmp_path, "development", {}) == Environment({"A": "1"}, (".env",))
    writer.join()


# Raw values


def test_a_raw_value_says_where_it_stands_and_how_it_was_quoted() -> None:
    text = "\r\n# comment\r\nA=$x\rB='$x\ny'\n\n  export\n  C=`$x`\nD=\"\\$x\"\nA='x' y"
    assert parse_env(text, ".env.local") == {
        "A": RawValue("'x' y", "", ".env.local", 10),
        "B": RawValue("$x\ny", "'", ".env.local", 4),
        "C": RawValue("$x", "`", ".env.local", 8),
        "D": RawValue("\\$x", '"', ".env.local", 9),
    }


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="'\0\r")))
@example("\\$HOME")
@example("x\\")
def test_what_stands_in_single_quotes_is_the_value(text: str) -> None:
    found = parse_env(f"BEFORE=1\nKEY='{text}' # comment\nAFTER=2", ".env")
    assert (found["KEY"].text, found["KEY"].quote) == (text, "'")
    assert (found["BEFORE"].text, found["AFTER"].text) == ("1", "2")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
@example("A=${A:-$A")
@example("A='\\'")
@example("A:\n")
def test_no_text_breaks_the_parser(text: str) -> None:
    found = parse_env(text, ".env")
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", key) and value.line <= len(re.split(r"\r\n?|\n", text)) for key, value in found.items())


# PERF: what would make a pattern that can go back take quadratic time or worse.
HOSTILE = {
    "spaces": "A{ }",
    "line ends": "A{\n}",
    "signs": "A{=}",
    "exports": "{export }",
    "exports in lines": "{export\n}",
    "a long key": "{A}",
    "keys without values": "{A\n}",
    "an open quote": "A='{x}",
    "quotes": "A={'}",
    "quotes with text": "A={'x}",
    "escaped quotes": "A='{\\'x}",
    "escaped quotes with spaces": "A='{\\' }x",
    "escaped quotes in lines": "A='{\\'\n}' x",
    "backslashes": "A='{\\}",
    "open quotes in lines": "{A='\\'\n}",
    "open quotes of all kinds": "{A=\"\\'x\nB='\\`x\nC=`\\\"x\n}",
    "hashes": "A='{#}",
    "dollars": "A={$}",
    "references": "A={$B}",
    "open defaults": "A={${B:-x}",
    "escaped dollars": "A={\\$}",
    "comments": "{#}",
}


@pytest.mark.parametrize("form", HOSTILE.values(), ids=HOSTILE)
def test_time_grows_with_the_length(tmp_path: Path, form: str) -> None:
    before, repeated, after = re.fullmatch(r"(?s)(.*?)\{(.*)\}(.*)", form).groups()  # type: ignore[union-attr]

    def prepare(length: int) -> Callable[[], object]:
        folder = tmp_path / str(length)
        folder.mkdir()
        write(folder, {".env": before + repeated * (length // len(repeated)) + after})
        return partial(load_environment, folder, "development", {})

    assert_grows_linearly(prepare, 1 << 17)


def test_deep_references_and_defaults(tmp_path: Path) -> None:
    chain = "".join(f"A{number}=$A{number + 1}\n" for number in range(20_000))
    nested = "${R:-" * 20_000 + "x" + "}" * 20_000
    write(tmp_path, {".env": f"{chain}A20000=end\nN={nested}\nM={nested.replace('R', 'S')}"})
    values = load_environment(tmp_path, "development", {"R": "real"}).values
    assert (values["A0"], values["N"], values["M"]) == ("end", "real", "x")


def test_a_deep_circle(tmp_path: Path) -> None:
    write(tmp_path, {".env": "".join(f"A{number}=$A{(number + 1) % 5000}\n" for number in range(5000))})
    with pytest.raises(EnvironmentFileError, match=r"line 1: the value of A0 refers to itself: A0 → A1 "):
        load_environment(tmp_path, "development", {})


def test_many_circles_that_defaults_break(tmp_path: Path) -> None:
    pairs = "".join(f"A{number}=${{B{number}:-x}}\nB{number}=${{A{number}:-y}}\n" for number in range(50))
    write(tmp_path, {".env": pairs})
    values = load_environment(tmp_path, "development", {}).values
    assert set(values.values()) == {"x", "y"}
    assert values["A7"] == "x"


# Refusals


def refusal(folder: Path, mode: Mode = "development") -> EnvironmentFileError:
    with pytest.raises(EnvironmentFileError) as raised:
        load_environment(folder, mode, {})
    assert raised.value.code == "environment-file"
    return raised.value


def quoted_messages() -> list[str]:
    return re.findall(r"```text\n(.*?)\n```", (DOCS / "errors" / "environment-file.md").read_text(), re.DOTALL)


def test_a_circle_names_the_places_and_the_way(tmp_path: Path) -> None:
    write(tmp_path, {".env": "A=$B\nB=$A"})
    assert refusal(tmp_path).message == quoted_messages()[0]


def test_a_circle_through_several_files(tmp_path: Path) -> None:
    write(tmp_path, {".env": "X=1\nB=${C:-x}$C\nC='\n'\nC=<$A>\nD=$A", ".env.local": "# comment\nA=$B"})
    error = refusal(tmp_path)
    assert error.message.startswith(".env.local, line 2: the value of A refers to itself: A → B (.env, line 2) → C (.env, line 5) → A. ")
    assert error.files == (".env.local", ".env")


def test_a_default_on_the_way_breaks_a_circle(tmp_path: Path) -> None:
    write(tmp_path, {".env": "B=${C:-x}\nC=<$A>", ".env.local": "A=$B"})
    assert load_environment(tmp_path, "development", {}).values == {"A": "x", "B": "x", "C": "<x>"}


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert refusal(tmp_path).message == quoted_messages()[1]


def test_text_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / ".env.local").write_bytes("A=1\r\nB=café\n".encode("latin-1"))
    assert refusal(tmp_path).message == quoted_messages()[2]


@pytest.mark.parametrize(("content", "line"), [(b"A=1\n\xff", 2), (b"A=1\rB=2\r\n\r\nC=\xc3", 4), ("A=1".encode("utf-16"), 1)])
def test_the_line_of_a_byte_that_is_not_utf_8(tmp_path: Path, content: bytes, line: int) -> None:
    (tmp_path / ".env").write_bytes(content)
    assert f".env, line {line}: the byte 0x" in refusal(tmp_path).message


def test_utf_16_without_a_mark(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("A=1".encode("utf-16-le"))
    assert refusal(tmp_path).message == quoted_messages()[3]


@pytest.mark.parametrize("text", ["A=1\r\n\rB=x\0", "\n\nA\0B=1", "A='\n\n\0'", "\n\n# \0"])
def test_the_line_of_a_nul(tmp_path: Path, text: str) -> None:
    write(tmp_path, {".env": text})
    assert ".env, line 3: there is a NUL" in refusal(tmp_path).message


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / ".env").symlink_to(".env")
    message = refusal(tmp_path).message
    assert message == quoted_messages()[4].replace("Permission denied", os.strerror(errno.ELOOP))


def test_no_message_shows_a_value(tmp_path: Path) -> None:
    for text in ("A=secret$B\nB=secret$A", "A=secret\0"):
        write(tmp_path, {".env": text})
        assert "secret" not in refusal(tmp_path).message


def test_files_of_another_mode_are_not_looked_at(tmp_path: Path) -> None:
    write(tmp_path, {".env.development": "A=$A", ".env.local": "A=\0", ".env": "A=1"})
    assert load_environment(tmp_path, "test", {}).values == {"A": "1"}


# os.environ


def environment(**values: str) -> Environment:
    return Environment(values, (".env",))


def test_values_are_set_changed_and_taken_away() -> None:
    variables = {"HOME": "/root"}
    applied = EnvironmentVariables(variables)
    assert applied.apply(environment(B="1", A="1")) == ["A", "B"]
    assert variables == {"HOME": "/root", "A": "1", "B": "1"}
    assert applied.apply(environment(B="1", A="1")) == []
    assert applied.apply(environment(B="2", C="3")) == ["A", "B", "C"]
    assert variables == {"HOME": "/root", "B": "2", "C": "3"}
    assert applied.apply(environment()) == ["B", "C"]
    assert variables == {"HOME": "/root"}


def test_the_real_environment_is_not_touched() -> None:
    variables = {"HOME": "/root", "EMPTY": ""}
    applied = EnvironmentVariables(variables)
    assert applied.apply(environment(HOME="x", EMPTY="x", A="1")) == ["A"]
    assert applied.apply(environment(HOME="x")) == ["A"]
    assert applied.apply(environment()) == []
    assert variables == {"HOME": "/root", "EMPTY": ""}


def test_the_real_environment_is_that_of_the_beginning() -> None:
    variables = {"HOME": "/root"}
    applied = EnvironmentVariables(variables)
    applied.apply(environment(A="1"))
    assert applied.real == {"HOME": "/root"}


def test_what_the_program_has_done_meanwhile() -> None:
    variables: dict[str, str] = {}
    applied = EnvironmentVariables(variables)
    applied.apply(environment(A="1", B="1", C="1"))
    variables.update(A="mine", D="mine")
    del variables["B"], variables["C"]
    assert applied.apply(environment(A="1", B="1")) == ["A", "B"]
    assert variables == {"A": "1", "B": "1", "D": "mine"}


def test_files_that_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setitem(os.environ, "SLUGLINE_REAL", "real")
    applied = EnvironmentVariables(os.environ)
    seen = []
    for text in ("SLUGLINE_A=$SLUGLINE_REAL\nSLUGLINE_REAL=x", "SLUGLINE_A=2\nSLUGLINE_B=3", ""):
        write(tmp_path, {".env": text})
        changed = applied.apply(load_environment(tmp_path, "development", applied.real))
        seen.append((changed, {name: value for name, value in os.environ.items() if name.startswith("SLUGLINE_")}))
    assert seen == [
        (["SLUGLINE_A"], {"SLUGLINE_A": "real", "SLUGLINE_REAL": "real"}),
        (["SLUGLINE_A", "SLUGLINE_B"], {"SLUGLINE_A": "2", "SLUGLINE_B": "3", "SLUGLINE_REAL": "real"}),
        (["SLUGLINE_A", "SLUGLINE_B"], {"SLUGLINE_REAL": "real"}),
    ]


# The guide


def test_the_syntax_in_the_guide_gives_what_its_table_says(tmp_path: Path) -> None:
    guide = (DOCS / "environment.md").read_text()
    _, sample = re.findall(r"^```sh\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    table = {name: ast.literal_eval(value) for name, value in re.findall(r"^\| `(\w+)` \| `('.*')` \|$", guide, re.MULTILINE)}
    write(tmp_path, {".env": sample})
    assert load_environment(tmp_path, "development", {}).values == table
