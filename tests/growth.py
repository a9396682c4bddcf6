"""How the time that something takes grows with the length of what it is given.

Two lengths are compared with each other in one run, so that a slow machine changes nothing. What else the machine does can only add
to a time: the shortest of several counts, and a growth that is too fast counts once it has been seen again and again.
"""

import gc
import time
from collections.abc import Callable

__all__ = ["assert_grows_linearly"]

TIMES = 8
TOO_FAST = 24
"""Eight times the length takes eight times as long, 64 times when it is the square; here is the middle."""
TRIES = 6
TOO_SHORT_SECONDS = 0.0001
"""Less says nothing: it may be the way to the work, and not the work."""


def assert_grows_linearly(prepare: Callable[[int], Callable[[], object]], length: int) -> None:
    """Check that the work which `prepare` gives for a length takes no more than linear time, up to eight times this length."""
    short, long = prepare(length), prepare(TIMES * length)
    fastest_short, fastest_long = _seconds(short), _seconds(long)
    for _ in range(TRIES):
        if fastest_long <= TOO_FAST * max(fastest_short, TOO_SHORT_SECONDS):
            return
        fastest_short, fastest_long = min(fastest_short, _seconds(short)), min(fastest_long, _seconds(long))
    raise AssertionError(f"{TIMES} times the length takes {fastest_long / fastest_short:.0f} times as long")


def _seconds(work: Callable[[], object]) -> float:
    """Give how long this thread works, without what the collector does for all that the other tests have left."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        began = time.thread_time()
        work()
        return time.thread_time() - began
    finally:
        if was_enabled:
            gc.enable()
