"""How much memory a program takes, as Linux tells it in /proc. Everything is in MiB."""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Memory:
    """What the processes of a server hold: by process the resident memory, and for all together the proportional share (PSS).

    PSS counts a page that several processes share once.
    """

    resident: Mapping[int, float]
    together: float


def read_memory(leader: int) -> Memory:
    """Look at a session of processes."""
    resident, together = {}, 0.0
    for process in find_session(leader):
        with contextlib.suppress(OSError):
            resident[process] = read_field(PROC / str(process) / "smaps_rollup", "Rss")
            together += read_field(PROC / str(process) / "smaps_rollup", "Pss")
    return Memory(resident, together)


def find_worker(leader: int) -> int:
    """Give the process of a session that has worked the longest; the leader when all have ended."""
    return max(find_session(leader), key=read_processor_ticks, default=leader)


def measure_growth(leader: int, work: Callable[[], object]) -> float:
    """Give by how much the process that grew the most was larger, at its peak within `work`, than before."""
    before: dict[int, float] = {}
    for process in find_session(leader):
        with contextlib.suppress(OSError):
            (PROC / str(process) / "clear_refs").write_text("5")  # the peak is forgotten
            before[process] = read_field(PROC / str(process) / "status", "VmRSS")
    work()
    growth = 0.0
    for process, resident in before.items():
        with contextlib.suppress(OSError):
            growth = max(growth, read_field(PROC / str(process) / "status", "VmHWM") - resident)
    return growth


def find_session(leader: int) -> Iterator[int]:
    """Find the processes of a session; those that lost their parent are still in it."""
    for name in os.listdir(PROC):
        if name.isdigit():
            with contextlib.suppress(OSError):
                if os.getsid(int(name)) == leader:
                    yield int(name)


def read_processor_ticks(process: int) -> int:
    """Read how long a process has run; 0 for one that is gone."""
    with contextlib.suppress(OSError):
        # The name of the program is in brackets and may have spaces.
        fields = (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    return 0


def read_field(file: Path, name: str) -> float:
    """Read a line of the form "Rss:  1024 kB"; OSError when it is not there, as for a process that has ended."""
    found = re.search(rf"^{name}:\s+(\d+) kB", file.read_text(), re.MULTILINE)
    if found is None:
        raise OSError(f"{file} has no {name}")
    return int(found[1]) / 1024
