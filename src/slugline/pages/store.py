"""Where made pages are kept: what a store has to do, whichever it is.

How to think about it. Every worker has its own copies of pages in memory, in front of a store that all of them share. Three things
pass between workers, all of them through the store: a page that was made (`write`), the right to make one (`claim`), and the word
that copies are old (`changes`). A store that is away must not take the site down: it logs, and behaves as if it were empty.
"""

import logging
from collections.abc import Collection
from typing import Protocol

from slugline.pages.entry import Entry

__all__ = ["ALL_PATHS", "Changes", "Claim", "NoChanges", "PageNotKept", "PageStore", "UnsharedClaim", "Warnings"]

logger = logging.getLogger("slugline")

ALL_PATHS: tuple[str, ...] = ("*",)
"""What `Changes.take` gives when any page may have changed; no path is like it."""


class PageNotKept(Exception):
    """A page was made, and its store did not take it: other workers go on with the one before. Why is in the log."""

    def __init__(self, entry: Entry) -> None:
        super().__init__("the page was made, and could not be kept: other workers go on with the one before. The log says what is wrong")
        self.entry = entry


class Claim(Protocol):
    """The right to make one page, which one of all workers and machines has. Its methods block and raise nothing."""

    def is_held(self) -> bool: ...  # whether it still is ours: one that took too long passes to whoever asks
    def release(self) -> None: ...  # a second call does nothing


class Changes(Protocol):
    """The pages that other workers have replaced, as one reader learns of them."""

    # The paths that were replaced since the last call, or ALL_PATHS. Called on the event loop, for every request.
    def take(self) -> Collection[str]: ...
    def close(self) -> None: ...


class PageStore(Protocol):
    """Keeps pages by their canonical path ("/blog/hello").

    Its methods block, are called on worker threads, several at once, and raise nothing when the store is away.
    """

    def read(self, path: str) -> Entry | None: ...  # None where there is no page, or none that can be read

    # Whole or not at all, in place of the page before; and the readers of `changes` in other workers are told. Tells whether it was done.
    def write(self, path: str, entry: Entry) -> bool: ...
    def delete(self, path: str) -> None: ...  # and they are told

    # The right to make a page, None while somebody else has it. It ends when it is released, when its holder dies, and at the
    # latest after `seconds`, if somebody asks then.
    def claim(self, path: str, seconds: float) -> Claim | None: ...

    # What other store objects write from now on, in this process or another; what this one writes is left out. Does not block.
    def changes(self) -> Changes: ...


class UnsharedClaim:
    """A claim that nobody else knows of, for a store that cannot keep claims: better a page made twice than none. A Claim."""

    def is_held(self) -> bool:
        """Tell that it is ours."""
        return True

    def release(self) -> None:
        """Do nothing."""


class NoChanges:
    """The changes of a store that nobody else writes to; a Changes."""

    def take(self) -> Collection[str]:
        """Give none."""
        return ()

    def close(self) -> None:
        """Do nothing."""


class Warnings:
    """Logs what is wrong with a store, each text once until it works again: a store is asked for every request."""

    def __init__(self) -> None:
        self._texts: set[str] = set()

    def warn(self, text: str) -> None:
        """Log a warning, unless it has been logged since the last `clear`."""
        if text not in self._texts:
            self._texts.add(text)
            logger.warning("%s", text)

    def clear(self) -> None:
        """Forget what was logged: the store works."""
        if self._texts:
            self._texts.clear()
