"""Pages in memory: for tests, for disks that cannot be written to, and in front of every other store."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from slugline.pages.entry import Entry
from slugline.pages.store import NoChanges, UnsharedClaim

__all__ = ["DEFAULT_LIMIT_BYTES", "MemoryStore", "PageMemory"]

# NEXTJS: `cacheMaxMemorySize`, 50 MB.
DEFAULT_LIMIT_BYTES = 50 * 1024 * 1024
# What an entry takes beside its body: the object, its texts, its place in the table; measured with tracemalloc, rounded up.
ENTRY_BYTES = 1024


class PageMemory:
    """Entries by path, at most `limit_bytes` of them together: the least recently used goes first. Not for several threads."""

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, path: str) -> Entry | None:
        """Give an entry, which is the most recently used from then on."""
        entry = self._entries.get(path)
        if entry is not None:
            self._entries.move_to_end(path)
        return entry

    def put(self, path: str, entry: Entry) -> None:
        """Keep an entry in place of the one before; one that is larger than everything together may be is not kept."""
        self.drop(path)
        size = _size_of(path, entry)
        if size > self.limit_bytes:
            return
        self._entries[path] = entry
        self.used_bytes += size
        while self.used_bytes > self.limit_bytes:
            oldest, gone = self._entries.popitem(last=False)
            self.used_bytes -= _size_of(oldest, gone)

    def drop(self, path: str) -> None:
        """Forget an entry, if there is one."""
        entry = self._entries.pop(path, None)
        if entry is not None:
            self.used_bytes -= _size_of(path, entry)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.used_bytes = 0


class MemoryStore:
    """A store within one process: other workers know nothing of its pages, and each makes its own. A PageStore."""

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._memory = PageMemory(limit_bytes)
        self._claims: dict[str, _MemoryClaim] = {}
        self._lock = threading.Lock()

    def read(self, path: str) -> Entry | None:
        """Give the page, None where there is none."""
        with self._lock:
            return self._memory.get(path)

    def write(self, path: str, entry: Entry) -> bool:
        """Keep a page in place of the one before."""
        with self._lock:
            self._memory.put(path, entry)
        return True

    def delete(self, path: str) -> None:
        """Forget a page."""
        with self._lock:
            self._memory.drop(path)

    def claim(self, path: str, seconds: float) -> "_MemoryClaim | None":
        """Ask for the right to make a page: None while somebody else has it."""
        with self._lock:
            now = self._clock()
            held = self._claims.get(path)
            if held is not None and now < held.expires_at:
                return None
            claim = self._claims[path] = _MemoryClaim(self._claims, self._lock, path, now + seconds)
            return claim

    def changes(self) -> NoChanges:
        """Give the changes that other processes make: none."""
        return NoChanges()


class _MemoryClaim(UnsharedClaim):
    def __init__(self, claims: "dict[str, _MemoryClaim]", lock: threading.Lock, path: str, expires_at: float) -> None:
        self._claims = claims
        self._lock = lock
        self._path = path
        self.expires_at = expires_at

    def is_held(self) -> bool:
        """Tell whether it still is ours."""
        with self._lock:
            return self._claims.get(self._path) is self

    def release(self) -> None:
        """Give it back."""
        with self._lock:
            if self._claims.get(self._path) is self:
                del self._claims[self._path]


def _size_of(path: str, entry: Entry) -> int:
    return ENTRY_BYTES + len(entry.body) + len(path)
