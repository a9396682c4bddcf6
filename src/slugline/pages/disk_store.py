"""Pages in a folder, shared by the workers of one machine: a file for each, replaced in one step."""

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from slugline.pages.disk_claims import DiskClaim, DiskClaims
from slugline.pages.disk_journal import Journal, JournalReader
from slugline.pages.entry import Entry, decode_entry, encode_entry
from slugline.pages.store import UnsharedClaim, Warnings

__all__ = ["DiskStore", "file_name"]

# What a killed process left behind; nobody takes that long to write a page.
FORGOTTEN_SECONDS = 3600
READABLE_CHARACTERS = 40


class DiskStore:
    """Keeps pages in `folder`, which it makes when it needs it; for the owner's eyes alone. A PageStore.

    `clock` gives seconds since 1970, the same for every process that shares the folder.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._journal = Journal(folder / "changes")
        self._claims = DiskClaims(folder / "claims", clock)
        self._warnings = Warnings()
        self._swept = False

    def read(self, path: str) -> Entry | None:
        """Give the page, None where there is none, or none that can be read; then with a warning."""
        file = self._file_of(path)
        try:
            return decode_entry(path, file.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            reason = _reason(error)
        except ValueError as error:
            reason = str(error)
        self._warnings.warn(f"The kept page {file} is not used and {path} is made anew: {reason}.")
        return None

    def write(self, path: str, entry: Entry) -> bool:
        """Keep a page in place of the one before, and tell whether it was done; where it cannot be, a warning says why."""
        try:
            self._replace(self._file_of(path), encode_entry(path, entry))
            self._journal.append(path)
        except OSError as error:
            self._warn_of_folder(error)
            return False
        self._warnings.clear()
        return True

    def delete(self, path: str) -> None:
        """Forget a page."""
        try:
            self._file_of(path).unlink(missing_ok=True)
            self._journal.append(path)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self._warn_of_folder(error)

    def claim(self, path: str, seconds: float) -> DiskClaim | UnsharedClaim | None:
        """Ask for the right to make a page: None while somebody else has it. Where no file can be made, everybody may."""
        try:
            return self._claims.claim(_digest(path), seconds)
        except OSError as error:
            self._warn_of_folder(error)
            return UnsharedClaim()

    def changes(self) -> JournalReader:
        """Give a reader of what others write from now on. Without clocks: what they wrote before a `take`, that `take` tells."""
        return JournalReader(self._journal)

    def _file_of(self, path: str) -> Path:
        return self._folder / file_name(path)

    def _replace(self, file: Path, data: bytes) -> None:
        """Write a file whose content is the old or the new one for whoever reads it, also after a power cut."""
        self._make_folder()
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=self._folder)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(data)
                opened.flush()
                # Without it, a file system may write the new name down before the content. That the name itself survives a power
                # cut needs an `fsync` of the folder too, and does not matter: the page before is a page as well.
                os.fsync(descriptor)
            os.replace(name, file)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._swept:
            return
        self._swept = True
        with contextlib.suppress(FileExistsError), (self._folder / ".gitignore").open("x", encoding="utf-8") as file:
            file.write("*\n")
        for left in self._folder.glob(".*.tmp"):
            with contextlib.suppress(OSError):
                if left.stat().st_mtime < self._clock() - FORGOTTEN_SECONDS:
                    left.unlink()

    def _warn_of_folder(self, error: OSError) -> None:
        self._warnings.warn(
            f"Pages cannot be kept in {self._folder} ({_reason(error)}), so a new one is served by the worker that made it, from memory. "
            "Make room there, make the folder writable, or choose another store."
        )


def file_name(path: str) -> str:
    """Give the name of a page's file, so "/blog/hello" gives "<32 hex digits>-blog-hello.page".

    Any path has one, of a length and in characters that every file system takes; case makes a difference in the digits.
    """
    readable = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[:READABLE_CHARACTERS]
    return f"{_digest(path)}-{readable}.page" if readable else f"{_digest(path)}.page"


def _digest(path: str) -> str:
    return blake2b(path.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
