"""From save to new answer: `slugline dev` beside `uvicorn --reload` and `next dev`, the same edit in projects of 500 routes.

    python benchmarks/reload.py --saves 100 --only slugline

The route that is edited imports numpy in both Python projects. benchmarks/README.md explains the figures.
"""

import argparse
import contextlib
import http.client
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from servers import choose_cores, find_free_port, pinned_to, stop

NPM = Path(__file__).parent.parent / "tests" / "npm"
NEXT = NPM / "node_modules" / "next" / "dist" / "bin" / "next"
EDITED = "/api/edited"

ROUTES = 500
SMALL_ROUTES = 3
STARTS = 5
PAUSE_SECONDS = 0.1
"""Between an answer and the next save."""
LOOK_SECONDS = 0.005
"""Between two looks at the answer, which add as much to a figure at most; more looks would measure the load that they are."""
PATIENCE_SECONDS = 60.0

TARGET_95_MILLISECONDS = 100.0
TARGET_START_MILLISECONDS = 500.0


class NoAnswer(Exception):
    """A server did not give the answer that was waited for; the message has the end of what it printed."""


@dataclass(frozen=True)
class Peer:
    """A development server, and how a project for it is written.

    `edit` gives the text of the edited route, with numpy where it is Python, `plain` that of one in a small project; `start` the
    command for a port.
    """

    name: str
    title: str
    edited: str
    folder: Path | None
    write: Callable[[Path, int], None]
    edit: Callable[[int], str]
    plain: Callable[[int], str]
    start: Callable[[int], list[str]]
    environment: Mapping[str, str]


def main() -> int:
    """Measure and print the table; 1 when `--check` is given and a target was missed, 2 when a server failed."""
    options = parse_arguments()
    names = options.only or [peer.name for peer in PEERS]
    if "next" in names and not (NEXT.is_file() and shutil.which("node")):
        print("next is not installed: sh scripts/install-npm-packages.sh", file=sys.stderr)
        return 2
    own_cores, other_cores = choose_cores()
    print(f"{options.saves} saves, {ROUTES} routes, {os.cpu_count()} cores", flush=True)
    rows: dict[str, tuple[list[float], list[float]]] = {}
    try:
        # The servers have all cores, as on a developer's machine; what asks them has one.
        with pinned_to(other_cores):
            for peer in (peer for peer in PEERS if peer.name in names):
                print(f"{peer.title} …", flush=True)
                rows[peer.name] = measure_starts(peer, own_cores | other_cores), measure_saves(peer, options.saves, own_cores | other_cores)
    except NoAnswer as error:
        print(error, file=sys.stderr)
        return 2
    print_table(rows)
    reached = print_targets(rows)
    return 1 if options.check and not reached else 0


def measure_reload(saves: int, cores: set[int]) -> dict[str, dict[str, float]]:
    """Give for each server that is installed its percentiles and its start, in milliseconds, by title; for run.py."""
    found = {}
    for peer in PEERS:
        if peer.name != "next" or (NEXT.is_file() and shutil.which("node")):
            starts, times = measure_starts(peer, cores), measure_saves(peer, saves, cores)
            percentiles = {"p50": statistics.median(times), "p95": percentile(times, 95), "max": max(times)}
            found[peer.title] = {**percentiles, "start": statistics.median(starts)}
    return found


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure from save to new answer.")
    parser.add_argument("--saves", type=int, default=100)
    parser.add_argument("--only", action="append", choices=[peer.name for peer in PEERS], help="a server; may be repeated")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    return parser.parse_args()


# Measuring


def measure_saves(peer: Peer, saves: int, cores: set[int]) -> list[float]:
    """Save the edited route again and again, and give the milliseconds until each new answer came. One save before is not counted."""
    found = []
    with project_of(peer, ROUTES) as folder, running(peer, folder, cores) as ask:
        for number in range(saves + 1):
            time.sleep(PAUSE_SECONDS)
            text = peer.edit(number)
            begin = time.perf_counter()
            save(folder / peer.edited, text)
            ask(number)
            found.append((time.perf_counter() - begin) * 1000)
    return found[1:]


def measure_starts(peer: Peer, cores: set[int]) -> list[float]:
    """Start the server on a small project without numpy, and give the milliseconds until its first answer.

    One start before is not counted.
    """
    found = []
    with project_of(peer, SMALL_ROUTES) as folder:
        save(folder / peer.edited, peer.plain(0))
        for _ in range(STARTS + 1):
            begin = time.perf_counter()
            with running(peer, folder, cores):
                found.append((time.perf_counter() - begin) * 1000)
    return found[1:]


@contextlib.contextmanager
def project_of(peer: Peer, routes: int) -> Iterator[Path]:
    """Write a project, its edited route with number 0; it is gone after the block."""
    if peer.folder is not None:
        peer.folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=peer.folder, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        peer.write(folder, routes)
        write(folder / peer.edited, peer.edit(0))
        yield folder


@contextlib.contextmanager
def running(peer: Peer, folder: Path, cores: set[int]) -> Iterator[Callable[[int], None]]:
    """Run the server until the end of the block, which begins with its first answer; the value waits for an answer with a number."""
    port = find_free_port()
    with tempfile.TemporaryFile() as output:
        with pinned_to(cores):
            process = subprocess.Popen(
                peer.start(port),
                cwd=folder,
                env={**os.environ, **peer.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        def wait_for(number: int) -> None:
            if not wait_for_answer(process, port, number):
                output.seek(0)
                printed = output.read().decode(errors="replace")[-2000:]
                raise NoAnswer(f"{peer.title} did not answer with {number} within {PATIENCE_SECONDS:.0f} s:\n{printed}")

        try:
            wait_for(0)
            yield wait_for
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            stop(process)


def wait_for_answer(process: "subprocess.Popen[bytes]", port: int, number: int) -> bool:
    """Ask until the answer has this number; False when the process ended or the time is over. A refused connection is no answer yet."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", EDITED)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status == 200 and json.loads(body) == {"number": number}:
                return True
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(LOOK_SECONDS)
    return False


def write(path: Path, text: str) -> None:
    """Write a file, and the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def save(path: Path, text: str) -> None:
    """Put a new file in the place of the old one, as editors do."""
    new = path.with_name(f"{path.name}~")
    new.write_text(text)
    os.replace(new, path)


# The report


def print_table(rows: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> None:
    """Print a row for each server."""
    print(f"\n{'milliseconds':<22}{'save to answer: p50':>20}{'p95':>9}{'max':>9}{'start to answer: p50':>23}{'max':>9}")
    for peer in PEERS:
        if peer.name in rows:
            starts, saves = rows[peer.name]
            first = f"{statistics.median(saves):>20,.0f}{percentile(saves, 95):>9,.0f}{max(saves):>9,.0f}"
            print(f"{peer.title:<22}{first}{statistics.median(starts):>23,.0f}{max(starts):>9,.0f}")


def print_targets(rows: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> bool:
    """Print what was promised; True when it was measured and kept."""
    if "slugline" not in rows:
        return False
    starts, saves = rows["slugline"]
    targets = [
        ("save to answer, p95", percentile(saves, 95), TARGET_95_MILLISECONDS),
        ("start to answer, p50", statistics.median(starts), TARGET_START_MILLISECONDS),
    ]
    print()
    for name, value, target in targets:
        print(f"slugline dev, {name}: {value:.0f} ms, target {target:.0f} ms: {'reached' if value <= target else 'MISSED'}")
    return all(value <= target for _, value, target in targets)


def percentile(values: Sequence[float], percent: int) -> float:
    """Give the smallest value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


# The projects

SLUGLINE_ROUTE = """from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    res.json({{"number": {number}}})
"""
SLUGLINE_EDITED = """import numpy

from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    res.json({{"number": int(numpy.int64({number}))}})
"""

FASTAPI_ROUTE = """def handler() -> dict[str, int]:
    return {{"number": {number}}}
"""
FASTAPI_EDITED = """import numpy


def handler() -> dict[str, int]:
    return {{"number": int(numpy.int64({number}))}}
"""
# Not `include_router` for each file: with 500 of them FastAPI's start ends in a RecursionError.
FASTAPI_MAIN = """from importlib import import_module
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()
for path in sorted(Path(__file__).parent.glob("routes/*.py")):
    app.get(f"/api/{path.stem}")(import_module(f"routes.{path.stem}").handler)
"""

NEXT_ROUTE = "export default function handler(req, res) {{\n  res.status(200).json({{ number: {number} }});\n}}\n"


def write_slugline(folder: Path, routes: int) -> None:
    """Write all routes but the edited one."""
    for number in range(routes - 1):
        write(folder / "pages" / "api" / f"route{number}.py", SLUGLINE_ROUTE.format(number=number))


def write_fastapi(folder: Path, routes: int) -> None:
    """Write a file for each route, and one that brings them together."""
    write(folder / "main.py", FASTAPI_MAIN)
    for number in range(routes - 1):
        write(folder / "routes" / f"route{number}.py", FASTAPI_ROUTE.format(number=number))


def write_next(folder: Path, routes: int) -> None:
    """Write routes of the Pages Router."""
    write(folder / "package.json", '{"private": true}\n')
    for number in range(routes - 1):
        write(folder / "pages" / "api" / f"route{number}.js", NEXT_ROUTE.format(number=number))


PEERS = [
    Peer(
        "slugline",
        "slugline dev",
        "pages/api/edited.py",
        None,
        write_slugline,
        lambda number: SLUGLINE_EDITED.format(number=number),
        lambda number: SLUGLINE_ROUTE.format(number=number),
        lambda port: [sys.executable, "-m", "slugline", "dev", "--port", str(port)],
        {},
    ),
    Peer(
        "uvicorn",
        "uvicorn --reload",
        "routes/edited.py",
        None,
        write_fastapi,
        # Python takes compiled code for that of a file of the same size saved in the same second: each save has a size of its own.
        lambda number: FASTAPI_EDITED.format(number=number) + "#" * (number % 100) + "\n",
        lambda number: FASTAPI_ROUTE.format(number=number),
        lambda port: [sys.executable, "-m", "uvicorn", "main:app", "--reload", "--port", str(port)],
        {},
    ),
    Peer(
        "next",
        "next dev",
        "pages/api/edited.js",
        NPM / "build",  # its packages are found in a folder above
        write_next,
        lambda number: NEXT_ROUTE.format(number=number),
        lambda number: NEXT_ROUTE.format(number=number),
        lambda port: ["node", str(NEXT), "dev", "--hostname", "127.0.0.1", "--port", str(port)],
        {"NEXT_TELEMETRY_DISABLED": "1"},
    ),
]


if __name__ == "__main__":
    sys.exit(main())
