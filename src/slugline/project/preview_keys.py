"""The keys of draft mode: those of the Next.js app in the same folder, or the project's own.

They are looked for in this order, and the first place that has all three wins:

1. the environment, under the names that Next.js gives them: for several machines that serve one site;
2. what Next.js has written into `.next/`: `next build` keeps one set for two weeks, `next dev` makes a new one at each start;
3. `.slugline/preview.json`, made when a handler first asks for keys, and never by a request alone.
"""

import contextlib
import json
import logging
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from slugline.http.draft_cookies import PreviewKeys

__all__ = ["ENVIRONMENT_NAMES", "ProjectPreviewSource"]

logger = logging.getLogger("slugline")

# NEXTJS: so it calls them where code at the edge finds them.
ENVIRONMENT_NAMES = ("__NEXT_PREVIEW_MODE_ID", "__NEXT_PREVIEW_MODE_SIGNING_KEY", "__NEXT_PREVIEW_MODE_ENCRYPTION_KEY")
JSON_NAMES = ("previewModeId", "previewModeSigningKey", "previewModeEncryptionKey")
# NEXTJS: 16.4 writes the first in `next build` and `next dev`, and repeats the keys in the second in `next build`. Earlier
# versions have the second alone.
NEXTJS_FILES = ("server/preview-props.json", "prerender-manifest.json")
# NEXTJS: what its API resolver takes for a key.
MIN_CHARACTERS = 16


class ProjectPreviewSource:
    """Keys, clock and random bytes for the draft mode of one project; a PreviewSource.

    In production, keys once found are kept, as `next start` keeps its own. In development they are looked up each time: `next dev`
    may have been started anew. `find_dist` gives the folder that Next.js writes to, and is asked whenever keys are looked for.
    """

    def __init__(
        self, root: Path, *, development: bool, find_dist: Callable[[], str] = lambda: ".next", environment: Mapping[str, str] = os.environ
    ) -> None:
        self._root = root
        self._own_file = root / ".slugline" / "preview.json"
        self._find_dist = find_dist
        self._development = development
        self._environment = environment
        self._found: PreviewKeys | None = None
        self._in_memory: PreviewKeys | None = None
        self._lock = threading.Lock()
        self._warnings: set[str] = set()

    @property
    def secure(self) -> bool:
        """Whether the cookies are for HTTPS alone; a development server has none."""
        return not self._development

    def now_seconds(self) -> float:
        """Give the time, in seconds since 1970."""
        return time.time()

    def random_bytes(self, count: int, /) -> bytes:
        """Give bytes that nobody can guess."""
        return secrets.token_bytes(count)

    def find_keys(self) -> PreviewKeys | None:
        """Give the keys, None as long as there are none; makes no file, and raises nothing."""
        if self._found is None or self._development:
            self._found = self._look_for_keys()
        return self._found

    def make_keys(self) -> PreviewKeys:
        """Give the keys; when there are none, make them: in a file, or in memory where none can be kept, with a warning."""
        with self._lock:
            keys = self.find_keys()
            if keys is None:
                keys = self._found = self._make_own_keys()
            return keys

    def _look_for_keys(self) -> PreviewKeys | None:
        return self._read_environment() or self._read_nextjs() or self._read_file(self._own_file) or self._in_memory

    def _read_environment(self) -> PreviewKeys | None:
        values = [self._environment.get(name, "") for name in ENVIRONMENT_NAMES]
        keys = _as_keys(values)
        if keys is None and any(values):
            self._warn(
                f"The keys of draft mode in the environment are not used: {', '.join(ENVIRONMENT_NAMES)} are set together, each to "
                f"{MIN_CHARACTERS} or more characters of ASCII."
            )
        return keys

    def _read_nextjs(self) -> PreviewKeys | None:
        # NEXTJS: `next dev` writes below .next/dev since version 16, into .next itself before.
        dist = self._root / self._find_dist()
        folders = (dist / "dev", dist) if self._development else (dist,)
        return next((keys for folder in folders for name in NEXTJS_FILES if (keys := self._read_file(folder / name))), None)

    def _read_file(self, path: Path) -> PreviewKeys | None:
        """Read keys from an object in JSON, or from the object `preview` in it; None where there are none."""
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self._warn(f"The keys of draft mode in {path} are not used, since the file cannot be read: {error.strerror or error}.")
            return None
        except (ValueError, RecursionError):  # it is being written, or is something else
            return None
        if isinstance(value, dict) and isinstance(value.get("preview"), dict):
            value = value["preview"]
        return _as_keys([value.get(name) for name in JSON_NAMES]) if isinstance(value, dict) else None

    def _make_own_keys(self) -> PreviewKeys:
        made = PreviewKeys(secrets.token_hex(16), secrets.token_hex(32), secrets.token_hex(32))
        try:
            _create_file(self._own_file, made)
            # Another worker may have been first: what the file holds is what all of them use.
            kept, reason = self._read_file(self._own_file), "it holds something else: delete it"
        except OSError as error:
            kept, reason = None, error.strerror or str(error)
        if kept is None:
            kept = self._in_memory = made
            self._warn(
                f"The keys of draft mode cannot be kept in {self._own_file} ({reason}), so they are in memory: its cookies hold for this "
                f"process alone, until it ends. Make the folder writable, or set {', '.join(ENVIRONMENT_NAMES)}."
            )
        return kept

    def _warn(self, text: str) -> None:
        """Log a warning, each once: a file may be looked at for every request."""
        if text not in self._warnings:
            self._warnings.add(text)
            logger.warning("%s", text)


def _as_keys(values: Sequence[object]) -> PreviewKeys | None:
    texts = [value for value in values if isinstance(value, str) and len(value) >= MIN_CHARACTERS and value.isascii()]
    return PreviewKeys(*texts) if len(texts) == len(JSON_NAMES) else None


def _create_file(path: Path, keys: PreviewKeys) -> None:
    """Write a file of keys that its owner alone can read, unless there is one; whoever sees it sees the whole of it."""
    path.parent.mkdir(exist_ok=True)
    _keep_from_git(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=".preview-", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(dict(zip(JSON_NAMES, (keys.mode_id, keys.signing_key, keys.encryption_key), strict=True)), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link never replaces the file of a worker that was quicker.
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)


def _keep_from_git(folder: Path) -> None:
    # SECURITY: whoever can read the keys can make cookies.
    with contextlib.suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="utf-8") as file:
        file.write("*\n")
