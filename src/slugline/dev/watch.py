"""Learning which files of a project have changed."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import watchfiles

from slugline.dev.project import Changes

__all__ = ["Watcher"]

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
# An editor writes a file in several steps within a few milliseconds; what follows within `STEP` is one save.
STEP_MILLISECONDS = 10
LONGEST_MILLISECONDS = 200
POLL_MILLISECONDS = 100


class Watcher:
    """Watches a project's folder on a thread of its own, and tells of saves, each with all that was saved within it."""

    def __init__(self, root: Path, tell: Callable[[Changes], None], *, poll: bool = False) -> None:
        self._root = root
        self._tell = tell
        self._poll = poll
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to watch: the folder itself, and each folder in it with everything below."""
        for recursive in (False, True):
            thread = threading.Thread(target=self._watch, args=(recursive,), name="slugline-watch", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()
        for thread in self._threads:
            thread.join(2)

    def _watch(self, recursive: bool) -> None:
        while not self._stop.is_set():
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
                force_polling=self._poll,
                poll_delay_ms=POLL_MILLISECONDS,
                recursive=recursive,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                if found:
                    self._tell(_to_changes(found))
                if recursive and _folders(self._root) != folders:
                    self._tell(Changes(structure=True))  # a folder has come whose files nobody has watched yet
                    break

    def _is_source(self, change: watchfiles.Change, path: str) -> bool:
        name = os.path.basename(path)
        if name.startswith(".env"):
            return True
        if IGNORED_FOLDERS.intersection(path[len(str(self._root)) :].split(os.sep)):
            return False
        # A folder that goes away takes its files with it, and is told of by its own name. Of JavaScript only the names matter.
        is_place = "." not in name or name.endswith((".ts", ".tsx", ".js", ".jsx"))
        return name.endswith(".py") or (is_place and change != watchfiles.Change.modified)


def _folders(root: Path) -> list[Path]:
    try:
        with os.scandir(root) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir() and entry.name not in IGNORED_FOLDERS)
    except OSError:
        return []


def _to_changes(found: set[tuple[watchfiles.Change, str]]) -> Changes:
    structure = any(change != watchfiles.Change.modified for change, _ in found)
    return Changes(frozenset(Path(path) for _, path in found), structure)
