"""Objects that outlive a reload: models, pools, caches."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["keep"]

Kept = TypeVar("Kept")

_kept: dict[str, Any] = {}
_making: dict[str, threading.RLock] = {}
_lock = threading.Lock()


def keep(name: str, factory: Callable[[], Kept]) -> Kept:
    """Give the object of this name; `factory()` makes it when it is first asked for, once in a process.

    `model = keep("model", load_model)` at the top of a file: `slugline dev` loads the file again on every save, and the model
    stays. The name belongs to the whole project. A change of `factory` itself counts from the next start, or under another name.
    What `factory` raises passes, and nothing is kept. Raises TypeError for an `async def` factory.
    """
    with _lock:
        making = _making.setdefault(name, threading.RLock())
    with making:  # one lock a name: two that load at once wait for one another, two names do not
        if name not in _kept:
            _kept[name] = _refuse_coroutine(name, factory())
        kept: Kept = _kept[name]
        return kept


def _refuse_coroutine(name: str, made: Any) -> Any:
    if asyncio.iscoroutine(made):
        made.close()
        raise TypeError(
            f"keep({name!r}, …) was given an async function. Make the object without waiting, "
            "or in `async def register()` of instrumentation.py."
        )
    return made
