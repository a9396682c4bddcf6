"""Learning which files of a project have changed."""

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

import watchfiles

from slugline.dev.project import Changes

__all__ = ["Watcher", "take_stock"]

logger = logging.getLogger("slugline")

Stamp = tuple[int, int, int] | None
"""Time, size and number of a file whose text counts; None for what has but a name."""

# Folders that hold no source of the project, and sometimes a hundred thousand files, each of which would cost a watch.
IGNORED_FOLDERS = frozenset(
    (
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "env",
        "node_modules",
        "site-packages",
        "__pycache__",
        ".next",
        ".slugline",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".tox",
        ".idea",
        ".vscode",
        "dist",
        "build",
    )
)
# Of the files below it, only which there are: what is in them is looked at with every request.
PUBLIC_FOLDER = "public"
# An editor writes a file in several steps within a few milliseconds; what follows within `STEP` is one save.
STEP_MILLISECONDS = 10
LONGEST_MILLISECONDS = 200
POLL_SECONDS = 0.1


class Watcher:
    """Watches a project's folder on a thread of its own, and tells of saves, each with all that was saved within it."""

    def __init__(self, root: Path, tell: Callable[[Changes], None], *, poll: bool = False) -> None:
        self._root = root
        self._tell = tell
        self._poll = poll
        self._stop = threading.Event()
        self._failed = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to watch: the folder itself, and each folder in it with everything below."""
        if self._poll:
            self._start(self._look, take_stock(self._root))
        else:
            self._start(self._watch_or_look, False)
            self._start(self._watch_or_look, True)

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()
        for thread in self._threads:
            thread.join(2)

    def _start(self, run: Callable[..., None], argument: object) -> None:
        thread = threading.Thread(target=run, args=(argument,), name="slugline-watch", daemon=True)
        thread.start()
        self._threads.append(thread)

    # Not by watchfiles, whose polling looks at whole seconds, misses the second save of one, and looks into node_modules.
    def _look(self, earlier: dict[str, Stamp]) -> None:
        while not self._stop.wait(POLL_SECONDS):
            now = take_stock(self._root)
            if now != earlier:
                now = self._wait_for_rest(now)
                changed = frozenset(Path(path) for path in earlier.keys() | now.keys() if earlier.get(path) != now.get(path))
                self._tell(Changes(changed, earlier.keys() != now.keys()))
                earlier = now

    def _wait_for_rest(self, now: dict[str, Stamp]) -> dict[str, Stamp]:
        for _ in range(LONGEST_MILLISECONDS // STEP_MILLISECONDS):
            self._stop.wait(STEP_MILLISECONDS / 1000)
            before, now = now, take_stock(self._root)
            if now == before:
                break
        return now

    def _watch_or_look(self, recursive: bool) -> None:
        """Watch; look, where watching fails: at a name that is no UTF-8, or when the system has no watches left."""
        try:
            self._watch(recursive)
            return
        except Exception as error:  # noqa: BLE001 (nobody would be told of another save)
            with self._lock:
                if self._failed.is_set():
                    return
                self._failed.set()
            logger.warning("The system tells of no more changes (%s). The files are looked at instead, as with --poll.", error)
        stock = take_stock(self._root)
        self._tell(Changes(frozenset([self._root]), structure=True))  # what was missed meanwhile
        self._look(stock)

    def _watch(self, recursive: bool) -> None:
        while not (self._stop.is_set() or self._failed.is_set()):
            folders = _folders(self._root) if recursive else [self._root]
            if not folders:
                if self._stop.wait(0.2):
                    return
                continue
            for found in watchfiles.watch(
                *folders,
                watch_filter=self._is_source,
                debounce=LONGEST_MILLISECONDS,
                step=STEP_MILLISECONDS,
                stop_event=self._stop,
                rust_timeout=200,
                yield_on_timeout=True,
                force_polling=False,
                recursive=recursive,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                if self._failed.is_set():
                    return
                if found:
                    self._tell(_to_changes(found))
                if recursive and (moved := set(_folders(self._root)) ^ set(folders)):
                    self._tell(Changes(frozenset(moved), structure=True))  # one that has come may have files that nobody has watched yet
                    break

    def _is_source(self, change: watchfiles.Change, path: str) -> bool:
        name = os.path.basename(path)
        if IGNORED_FOLDERS.intersection(path[len(str(self._root)) :].split(os.sep)):
            return False
        is_place = _is_place(name) or path.startswith(f"{self._root}{os.sep}{PUBLIC_FOLDER}{os.sep}")
        return _is_text(name) or (is_place and change != watchfiles.Change.modified)


def take_stock(root: Path) -> dict[str, Stamp]:
    """Give all that is watched below a folder, each with what a change of it changes."""
    found: dict[str, Stamp] = {}
    waiting, seen = [str(root)], set[tuple[int, int]]()
    while waiting:
        for entry in _entries(waiting.pop()):
            is_text = _is_text(entry.name)
            with contextlib.suppress(OSError):  # it has just gone away
                status = entry.stat() if is_text or entry.is_dir() else None
                if is_text and status is not None:
                    found[entry.path] = (status.st_mtime_ns, status.st_size, status.st_ino)
                elif _is_place(entry.name) or entry.path.startswith(f"{root}{os.sep}{PUBLIC_FOLDER}{os.sep}"):
                    found[entry.path] = None
                if entry.is_dir() and status is not None and (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))  # links may lead round in a circle
                    waiting.append(entry.path)
    return found


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return [entry for entry in entries if entry.name not in IGNORED_FOLDERS]
    return []


def _is_text(name: str) -> bool:
    return name.endswith((".py", ".html")) or name.startswith(".env")


def _is_place(name: str) -> bool:
    # A folder that goes away takes its files with it, and is told of by its own name. Of JavaScript only the names matter.
    return ("." not in name or name.endswith((".ts", ".tsx", ".js", ".jsx"))) and name not in IGNORED_FOLDERS


def _folders(root: Path) -> list[Path]:
    try:
        with os.scandir(root) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir() and entry.name not in IGNORED_FOLDERS)
    except OSError:
        return []


def _to_changes(found: set[tuple[watchfiles.Change, str]]) -> Changes:
    structure = any(change != watchfiles.Change.modified for change, _ in found)
    return Changes(frozenset(Path(path) for _, path in found), structure)
