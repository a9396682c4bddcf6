"""Claims among the processes of one machine: files that are locked.

How to think about it. A lock of `flock` dies with its process, however that ends. The file also says until when the claim holds: for
a holder that lives and never comes back. Such a claim passes on by taking the file's name away, by which the old holder sees that
it has lost it. Whatever is done with these files is done under one lock for the folder, which is held for microseconds.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["DiskClaim", "DiskClaims"]

READ_WRITE = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC


class DiskClaims:
    """The claims in one folder; `clock` in seconds since 1970."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock

    def claim(self, name: str, seconds: float) -> "DiskClaim | None":
        """Ask for the claim of `name`: None while somebody else has it. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._folder / name
        with self.guarded():
            descriptor = _open_locked(file)
            if descriptor is None:
                if self._clock() < _read_end(file):
                    return None
                os.unlink(file)
                descriptor = _open_locked(file)
            if descriptor is None:
                return None
            _write_end(descriptor, self._clock() + seconds)
            return DiskClaim(self, file, descriptor)

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Let no other thread or process look at claims for a moment. Raises OSError."""
        descriptor = os.open(self._folder / ".lock", READ_WRITE, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class DiskClaim:
    """A locked file; a Claim."""

    def __init__(self, claims: DiskClaims, file: Path, descriptor: int) -> None:
        self._claims = claims
        self._file = file
        self._descriptor = descriptor

    def is_held(self) -> bool:
        """Tell whether the file still has its name."""
        return self._descriptor >= 0 and os.fstat(self._descriptor).st_nlink > 0

    def release(self) -> None:
        """Delete the file and unlock it."""
        if self._descriptor < 0:
            return
        # Not to be deleted is no fault: unlocked, it is free.
        with contextlib.suppress(OSError), self._claims.guarded():
            if self.is_held():
                os.unlink(self._file)
        self._close()

    def __del__(self) -> None:
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _open_locked(file: Path) -> int | None:
    descriptor = os.open(file, READ_WRITE, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _read_end(file: Path) -> float:
    try:
        return float(file.read_text(encoding="ascii"))
    except ValueError:  # there was no room to write it
        return float("inf")


def _write_end(descriptor: int, seconds: float) -> None:
    with contextlib.suppress(OSError):  # a full disk: the lock itself takes no room
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%.3f" % seconds, 0)
