"""What a build leaves for `slugline start`: read back as it was written, and nothing that cannot be used."""

import logging
from pathlib import Path
from typing import ClassVar

import pytest

from slugline.pages.build_file import (
    FILE,
    Build,
    fingerprint,
    new_build_id,
    pages_folder,
    read_build,
    remove_other_builds,
    write_build,
)
from slugline.pages.paths import StaticPaths

PATHS = {
    "/p/[a]": StaticPaths(({"a": "x"}, {"a": "ü /"}), "blocking"),
    "/d/[[...p]]": StaticPaths(({}, {"p": ["a", "b"]}), True),
    "/q/[a]": StaticPaths((), False),
}


def make(root: Path, **changes: object) -> Build:
    build = Build(**{"id": "one", "sources": "abc", "automatic": False, "paths": PATHS, **changes})  # type: ignore[arg-type]
    pages_folder(root, build.id).mkdir(parents=True)
    write_build(root, build)
    return build


def test_a_build_is_read_as_it_was_written(tmp_path: Path) -> None:
    build = make(tmp_path)
    assert read_build(tmp_path) == build


def test_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_build(tmp_path) is None
    assert caplog.records == []


def test_a_second_replaces_it_and_leaves_nothing_beside(tmp_path: Path) -> None:
    make(tmp_path)
    second = make(tmp_path, id="two")
    assert read_build(tmp_path) == second
    assert sorted(path.name for path in (tmp_path / ".slugline").iterdir()) == [".gitignore", "build.json", "pages"]


UNUSABLE = {
    "no JSON": b"{",
    "no text": b"\xff",
    "something else": b'{"a": 1}',
    "a list": b"[]",
    "empty": b"",
    "another version": b'{"id": "one", "sources": "abc", "automatic": false, "paths": {}, "format": 99}',
    "no pages": b'{"id": "gone", "sources": "abc", "automatic": false, "paths": {}, "format": 1}',
}


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_used_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes) -> None:
    caplog.set_level(logging.WARNING)
    make(tmp_path)
    (tmp_path / FILE).write_bytes(content)
    assert read_build(tmp_path) is None
    assert "Run `slugline build`." in caplog.text


def test_what_this_user_may_not_read_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(tmp_path)
    # The tests may run as root, who may read any file.
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir()
    assert read_build(tmp_path) is None
    assert "build.json is not used, since it cannot be read: Is a directory. Have the user who starts the server run" in caplog.text


def test_a_write_that_fails_leaves_the_build_before(tmp_path: Path) -> None:
    build = make(tmp_path)
    with pytest.raises(TypeError):
        write_build(tmp_path, Build("two", "abc", False, {"/p": object()}))  # type: ignore[dict-item]
    assert read_build(tmp_path) == build
    assert sorted(path.name for path in (tmp_path / ".slugline").iterdir()) == [".gitignore", "build.json", "pages"]


def test_other_builds_are_removed(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (pages_folder(tmp_path, name) / "deep").mkdir(parents=True)
    remove_other_builds(tmp_path, {"two": None})
    assert [path.name for path in (tmp_path / ".slugline/pages").iterdir()] == ["two"]
    remove_other_builds(tmp_path / "nowhere", {})


def test_ids_differ() -> None:
    assert len({new_build_id() for _ in range(100)}) == 100


class TestFingerprint:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        for name, text in {
            "pages/a.html": "a",
            "pages/a.py": "x = 1",
            "pages/deep/_b.html": "b",
            "lib/x.py": "",
            "public/x.png": "",
        }.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    CHANGES: ClassVar = {
        "a template": ("pages/a.html", "b"),
        "a module": ("pages/a.py", "x = 2"),
        "a part": ("pages/deep/_b.html", "c"),
        "a new file": ("pages/new.html", ""),
    }

    @pytest.mark.parametrize(("name", "text"), CHANGES.values(), ids=CHANGES)
    def test_it_changes_with_a_file(self, root: Path, name: str, text: str) -> None:
        before = fingerprint(root)
        assert before == fingerprint(root)
        (root / name).write_text(text)
        assert fingerprint(root) != before

    def test_it_changes_with_a_name(self, root: Path) -> None:
        before = fingerprint(root)
        (root / "pages/a.html").rename(root / "pages/b.html")
        assert fingerprint(root) != before

    @pytest.mark.parametrize("name", ["pages/notes.md", "public/x.png", "README.md"])
    def test_other_files_do_not_count(self, root: Path, name: str) -> None:
        before = fingerprint(root)
        (root / name).write_text("changed")
        assert fingerprint(root) == before

    def test_text_that_moves_from_one_file_to_the_next(self, root: Path) -> None:
        (root / "pages/a.html").write_text("1pages/a.py2")
        (root / "pages/a.py").write_text("3")
        before = fingerprint(root)
        (root / "pages/a.html").write_text("1")
        (root / "pages/a.py").write_text("2pages/a.py3")
        assert fingerprint(root) != before

    def test_src_pages(self, tmp_path: Path) -> None:
        (tmp_path / "src/pages").mkdir(parents=True)
        empty = fingerprint(tmp_path)
        (tmp_path / "src/pages/a.html").touch()
        assert fingerprint(tmp_path) != empty
