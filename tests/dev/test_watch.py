"""What a look at the files sees."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from behaviour.wire import wait_until
from dev.dev_process import write_files
from slugline.dev.project import Changes
from slugline.dev.watch import Watcher, take_stock

FILES = {
    "pages/api/a.py": "1",
    "pages/api/b.ts": "1",
    "lib/notes.txt": "1",
    ".env": "A=1",
    "node_modules/x/setup.py": "1",
    "src/.venv/lib/y.py": "1",
}


def names(root: Path, found: dict[str, tuple[int, int, int] | None]) -> set[str]:
    return {Path(path).relative_to(root).as_posix() for path in found}


def test_what_is_watched(tmp_path: Path) -> None:
    write_files(tmp_path, FILES)
    found = take_stock(tmp_path)
    assert names(tmp_path, found) == {".env", "lib", "pages", "pages/api", "pages/api/a.py", "pages/api/b.ts", "src"}


def replace(path: Path) -> None:
    status = path.stat()
    new = path.with_name("new")
    new.write_text("2")
    os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
    new.replace(path)


CHANGES: dict[str, tuple[str, Callable[[Path], object], bool]] = {
    "a save within the same second": ("pages/api/a.py", lambda path: os.utime(path, ns=(0, path.stat().st_mtime_ns + 1)), True),
    "another file with the same time and size": ("pages/api/a.py", replace, True),
    "a longer text": ("pages/api/a.py", lambda path: path.write_text("12"), True),
    "an environment file": (".env", lambda path: path.write_text("A=12"), True),
    "gone": ("pages/api/a.py", Path.unlink, True),
    "moved folder": ("pages/api", lambda path: path.rename(path.with_name("other")), True),
    "gone JavaScript": ("pages/api/b.ts", Path.unlink, True),
    "the text of JavaScript": ("pages/api/b.ts", lambda path: path.write_text("12"), False),
    "data": ("lib/notes.txt", lambda path: path.write_text("12"), False),
    "a package": ("node_modules/x/setup.py", lambda path: path.write_text("12"), False),
}


@pytest.mark.parametrize(("source", "change", "is_seen"), CHANGES.values(), ids=list(CHANGES))
def test_what_is_seen(tmp_path: Path, source: str, change: Callable[[Path], object], is_seen: bool) -> None:
    write_files(tmp_path, FILES)
    before = take_stock(tmp_path)
    change(tmp_path / source)
    assert (take_stock(tmp_path) != before) == is_seen


def test_links_are_followed_and_circles_left(tmp_path: Path) -> None:
    write_files(tmp_path, {"project/pages/a.py": "1", "shared/b.py": "1"})
    root = tmp_path / "project"
    (root / "lib").symlink_to(tmp_path / "shared", target_is_directory=True)
    (root / "pages/again").symlink_to(root / "pages", target_is_directory=True)
    (root / "gone").symlink_to(tmp_path / "nowhere")
    assert {"lib/b.py", "pages/a.py"} <= names(root, take_stock(root))
    assert len(take_stock(root)) < 10


def test_a_folder_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    assert take_stock(tmp_path / "nowhere") == {}


@pytest.mark.skipif(sys.platform == "darwin", reason="no such name can be made there")
def test_a_name_that_the_system_cannot_tell_of_ends_no_watching(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_files(tmp_path, FILES)
    found: list[Changes] = []
    watcher = Watcher(tmp_path, found.append)
    watcher.start()
    saved = tmp_path / "pages/api/a.py"

    def is_seen() -> bool:
        saved.write_text(f"{saved.read_text()}1")
        return any(changes.concern(saved) for changes in found)

    try:
        wait_until(is_seen, "a save is seen")
        with open(os.fsencode(tmp_path) + b"/pages/api/\xff.py", "w"):
            pass
        wait_until(lambda: "as with --poll" in caplog.text, "the change of way is told")
        wait_until(lambda: any(tmp_path in changes.paths for changes in found), "what was missed is made up for")
        found.clear()
        wait_until(is_seen, "a later save is seen too")
    finally:
        watcher.stop()
    assert caplog.text.count("as with --poll") == 1
    assert not any(thread.name == "slugline-watch" for thread in threading.enumerate())
