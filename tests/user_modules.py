"""Several projects in one process: each has a `lib` and a `pages` of its own, and Python remembers the first."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["own_modules"]


@contextmanager
def own_modules() -> Iterator[None]:
    """Forget the modules and the import path of other projects here, and those of this one afterwards."""
    path = sys.path.copy()
    _forget()
    yield
    _forget()
    sys.path[:] = path


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("lib", "pages")]:
        del sys.modules[name]
