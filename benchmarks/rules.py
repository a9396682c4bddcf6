"""What 200 rules cost a request that meets none of them, beside a project without rules.

    python benchmarks/rules.py [--rounds 9] [--seconds 2] [--check]

Three times: the look-up alone; a whole request over the ASGI application, in this process; and through `slugline start` under wrk.
The rules lie where the requests are: half of them below /api, a part with a parameter as the first segment. Both projects take turns
in every round, and the quickest round of each counts: what else a machine does only adds to the time. The target, less than 5 %, is for
the last: what the application alone takes is a small part of a request.
"""

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
import time
import timeit
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from load import LoadFailed
from load import measure as measure_with_wrk
from tasks import GREETINGS

from servers import Program, ServerFailed, choose_cores, running, start_command
from slugline import create_app
from slugline.routing.rules import HeaderRule, RedirectRule, RuleBook, collect_headers, find_redirect
from slugline.routing.source_pattern import compile_destination, compile_source, compile_text

SIZES = (0, 200)
ROUNDS = 15
CALLS = 20_000
REQUEST_MICROSECONDS = 30.0  # what a small request costs altogether, in one process
REQUESTS = 3_000
MOST_PERCENT = 5.0
PROJECT = Path(__file__).parent / "projects" / "hello"

SHAPES = (
    "/api/old{}/:id",
    "/blog{}/:slug",
    "/api/v{}/users/:id(\\d+)",
    "/:lang/docs{}/:path*",
    "/files{}/:path*",
    "/api/shop/section{}",
    "/legacy-{}",
    "/api/h{}/:a-:b",
)
PATHS = {"static, 2 segments": "/api/hello", "dynamic, 4 segments": "/api/shop/7/items", "long": "/api/" + "/".join(["segment"] * 60)}


@dataclass
class View:
    """A request as rules see it."""

    path: str
    query_string: str = ""
    query: dict[str, str | list[str]] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    host: str = "localhost"

    def header(self, name: str) -> str | None:
        """There are none."""
        return None


def make_sources(size: int) -> list[str]:
    """Give sources of all shapes, numbered."""
    return [SHAPES[number % len(SHAPES)].format(number) for number in range(size)]


def measure(size: int, path: str) -> float:
    """Give the microseconds for a request that meets none of `size` rules, half of them redirects and half headers."""
    sources = [compile_source(text) for text in make_sources(size)]
    book = RuleBook(
        redirects=[RedirectRule(source, compile_destination("/new", ()), 307) for source in sources[::2]],
        headers=[HeaderRule(source, ((compile_text("x-one", ()), compile_text("1", ())),)) for source in sources[1::2]],
    )
    view = View(path)

    def ask() -> None:
        if book.may_match(path):
            collect_headers(book.headers, view)
            find_redirect(book.redirects, view)

    return statistics.median(timeit.repeat(ask, number=CALLS, repeat=ROUNDS)) / CALLS * 1e6


def write_projects(folder: Path) -> tuple[Path, Path]:
    """Make two projects that are the same but for the rules of the second."""
    without, with_rules = folder / "without", folder / "with"
    for project in (without, with_rules):
        shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("__pycache__", ".slugline"))
    sources = [f'"source": {text!r}' for text in make_sources(SIZES[1])]
    lists = {
        "redirects": [f"{{{text}, 'destination': '/new', 'permanent': False}}" for text in sources[::3]],
        "rewrites": [f"{{{text}, 'destination': '/new'}}" for text in sources[1::3]],
        "headers": [f"{{{text}, 'headers': [{{'key': 'x-one', 'value': '1'}}]}}" for text in sources[2::3]],
    }
    (with_rules / "slugline.config.py").write_text("".join(f"{name} = [{', '.join(rules)}]\n" for name, rules in lists.items()))
    return without, with_rules


def measure_in_process(projects: tuple[Path, Path], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Give for each task and round the microseconds of a request over both applications."""
    found: dict[str, list[tuple[float, float]]] = {}
    with asyncio.Runner() as runner:
        apps = [create_app(project) for project in projects]
        for app in apps:
            runner.run(app.app.start())
        for task, varied in [*((task, False) for task in GREETINGS), (next(task for task in GREETINGS if task.name == "dynamic"), True)]:
            fields = [(name.lower().encode(), value.encode()) for name, value in task.headers.items()]
            path, _, query = task.target.partition("?")
            scope = {
                "type": "http",
                "method": "GET",
                "http_version": "1.1",
                "scheme": "http",
                "path": path,
                "raw_path": path.encode(),
                "query_string": query.encode(),
                "headers": [(b"host", b"localhost"), *fields],
                "server": ("127.0.0.1", 3000),
                "client": ("127.0.0.1", 9),
            }
            pairs = []
            for number in range(rounds + 1):
                order = (0, 1) if number % 2 else (1, 0)
                seconds = {which: runner.run(ask_many(apps[which], scope, varied=varied)) for which in order}
                pairs.append((seconds[0] / REQUESTS * 1e6, seconds[1] / REQUESTS * 1e6))
            found[task.title + (", never the same path" if varied else "")] = pairs[1:]  # the first warms up
        for app in apps:
            runner.run(app.app.stop())
    return found


async def ask_many(app: Any, scope: dict[str, Any], *, varied: bool) -> float:
    """Give the seconds that REQUESTS requests take, one after the other; `varied`, each with another path."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise LoadFailed(f"{scope['path']} was answered with {message['status']}.")

    started = time.perf_counter()
    for number in range(REQUESTS):
        raw_path = b"%b%d" % (scope["raw_path"], number) if varied else scope["raw_path"]
        await app({**scope, "raw_path": raw_path}, receive, send)
    return time.perf_counter() - started


def measure_servers(projects: tuple[Path, Path], rounds: int, seconds: int) -> dict[str, list[tuple[float, float]]]:
    """Give for each task and round the microseconds that a request takes of the server's core, both started anew each round."""
    server_cores, load_cores = choose_cores()
    found: dict[str, list[tuple[float, float]]] = {task.title: [] for task in GREETINGS}
    for number in range(rounds):
        times: dict[tuple[str, int], float] = {}
        for which in (0, 1) if number % 2 else (1, 0):
            program = Program("rules", f"{projects[which].name} rules", start_command(projects[which]))
            with running(program, server_cores, {}) as port:
                for task in GREETINGS:
                    for length in (1, seconds):
                        load = measure_with_wrk(port, task, connections=64, seconds=length, cores=load_cores)
                    times[task.title, which] = 1e6 / load.requests_per_second
        for task in GREETINGS:
            found[task.title].append((times[task.title, 0], times[task.title, 1]))
    return found


def print_ratios(title: str, found: dict[str, list[tuple[float, float]]]) -> bool:
    """Print a line for each task; whether all are below the target."""
    print(f"\n{title}, a request that meets no rule")
    reached = True
    for task, pairs in found.items():
        without, with_rules = (min(column) for column in zip(*pairs, strict=True))
        cost = (with_rules / without - 1) * 100
        reached = reached and cost < MOST_PERCENT
        print(f"{task:72} {without:7.2f} µs without, {with_rules:7.2f} µs with {SIZES[1]} rules: {cost:+5.1f} %")
    return reached


def print_look_up() -> None:
    """Print what the look-up alone costs, a line for each path."""
    print("the look-up alone")
    for name, path in PATHS.items():
        without, with_rules = (measure(size, path) for size in SIZES)
        cost = with_rules - without
        share = cost / REQUEST_MICROSECONDS * 100
        print(f"{name:22} {SIZES[1]} rules cost {cost:5.2f} µs a request, {share:4.1f} % of {REQUEST_MICROSECONDS:.0f} µs")


def main() -> int:
    """Print the three measurements; 1 when `--check` is given and a whole request pays 5 % or more, 2 when a program failed."""
    parser = argparse.ArgumentParser(description="Measure what rules cost a request that meets none of them.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=2, help="length of one measurement with wrk")
    parser.add_argument("--check", action="store_true", help=f"exit with 1 when a request pays {MOST_PERCENT:.0f} %% or more")
    options = parser.parse_args()
    print_look_up()
    with tempfile.TemporaryDirectory() as folder:
        projects = write_projects(Path(folder))
        print_ratios("over the ASGI application alone, in one process", measure_in_process(projects, options.rounds))
        if shutil.which("wrk") is None:
            print("wrk is not on this machine. On Debian: apt-get install wrk", file=sys.stderr)
            return 2
        try:
            found = measure_servers(projects, options.rounds, options.seconds)
        except (ServerFailed, LoadFailed) as error:
            print(error, file=sys.stderr)
            return 2
        reached = print_ratios("slugline start under wrk, 64 connections", found)
    return 1 if options.check and not reached else 0


if __name__ == "__main__":
    sys.exit(main())
