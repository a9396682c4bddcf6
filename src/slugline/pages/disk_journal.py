"""How the workers of one machine tell each other which pages they have replaced: lines at the end of a file.

How to think about it. A reader knows how much of the file it has read, and one `fstat` tells it that there is no more. The file
is never shortened: when it is long, or cannot be written to, it is deleted, and whoever had it open sees that it has no name any
more and forgets everything. So does a folder that is deleted under a running server.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Collection
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from slugline.pages.store import ALL_PATHS

__all__ = ["Journal", "JournalReader"]

LIMIT_BYTES = 1024 * 1024
# A reader that is further behind forgets everything, which costs less than the look at each line.
MAX_READ_BYTES = 64 * 1024
# The file is deleted under the hands of a writer once in a mebibyte of lines; twice in a row needs luck.
ATTEMPTS = 5


class Journal:
    """The journal of one store object: what that has appended itself, its readers leave out."""

    def __init__(self, file: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self.file = file
        self._limit_bytes = limit_bytes
        self._token = secrets.token_hex(6)

    def writer(self) -> bytes:
        """Give the name under which this process writes; another one after a fork."""
        return f"{self._token}.{os.getpid()}".encode()

    def append(self, path: str) -> None:
        """Tell the other readers that the page of `path` was replaced. Raises OSError."""
        # A line break before it too: what a full disk has cut off must not swallow the next line.
        line = b"\n%b %b\n" % (self.writer(), quote(path.encode("utf-8", "surrogatepass")).encode())
        for _ in range(ATTEMPTS):
            if self._append_line(line):
                return
        self._delete()

    def _append_line(self, line: bytes) -> bool:
        descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            written = os.write(descriptor, line)
            state = os.fstat(descriptor)
        except OSError:
            self._delete()
            raise
        finally:
            os.close(descriptor)
        if not state.st_nlink:  # deleted after it was opened: its readers may have left before the line came
            return False
        if written < len(line) or state.st_size > self._limit_bytes:
            self._delete()
        return True

    def _delete(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.file)


class JournalReader:
    """What others append to a journal from now on; a Changes."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._descriptor = -1
        self._offset = 0
        self._open()

    def take(self) -> Collection[str]:
        """Give the paths that were appended since the last call, or ALL_PATHS. Raises nothing."""
        if self._descriptor < 0:
            return ALL_PATHS if self._open() else ()
        # PERF: 0.8 µs. A `pread` takes half of that, and does not see that the file was deleted.
        state = os.fstat(self._descriptor)
        if state.st_size == self._offset and state.st_nlink:
            return ()
        return self._read(state)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()

    def _read(self, state: os.stat_result) -> Collection[str]:
        if not state.st_nlink:
            self.close()
            self._open()
            return ALL_PATHS
        if not 0 <= state.st_size - self._offset <= MAX_READ_BYTES:
            self._offset = state.st_size
            return ALL_PATHS
        data = os.pread(self._descriptor, state.st_size - self._offset, self._offset)
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        own = self._journal.writer()
        lines = (line.partition(b" ") for line in whole.split(b"\n") if line)
        return [unquote_to_bytes(quoted).decode("utf-8", "surrogatepass") for writer, _, quoted in lines if writer != own]

    def _open(self) -> bool:
        """Open the file and go to its end; tell whether that was possible."""
        file = self._journal.file
        try:
            self._descriptor = _open_for_reading(file)
        except OSError:  # nobody can write here either, at least nobody like us
            return False
        self._offset = os.fstat(self._descriptor).st_size
        return True


def _open_for_reading(file: Path) -> int:
    flags = os.O_RDONLY | os.O_CLOEXEC
    try:
        return os.open(file, flags)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(file, flags | os.O_CREAT, 0o600)
