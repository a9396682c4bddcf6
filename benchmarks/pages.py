"""Measure made pages beside an API route, on one server: `python benchmarks/pages.py --rounds 5 --seconds 2 --check`.

The page is 4 KB of HTML; the route answers a few bytes of JSON. The target: a static page is served at least as fast.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from load import LoadFailed, ask, measure
from tasks import Task

from servers import Program, ServerFailed, choose_cores, running, start_command

TARGET = 1.0
PAGE = "<!doctype html><title>Page</title>" + "<p>A paragraph of the page, as long as such a line is.</p>" * 66
FILES = {
    "pages/api/hello.py": 'async def handler(req, res):\n    res.json({"text": "Hello"})\n',
    "pages/static.html": PAGE,
    "pages/made.html": PAGE,
    "pages/made.py": 'def get_static_props(context):\n    return {"props": {}, "revalidate": 3600}\n',
    "public/page.html": PAGE,
}
ROUTE = Task("route", "API route, hello", "/api/hello", b"")
TARGETS = {"static page": "/static", "page with get_static_props": "/made", "file of public/": "/page.html"}


def main() -> int:
    """Print requests a second and ratios; 1 when `--check` is given and a static page is slower than the route."""
    parser = argparse.ArgumentParser(description="Measure pages beside an API route.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--check", action="store_true", help="exit with 1 when the target is missed")
    options = parser.parse_args()
    try:
        rates = measure_rounds(options.rounds, options.seconds)
    except (ServerFailed, LoadFailed) as error:
        print(error, file=sys.stderr)
        return 2
    ratios = {}
    for title, measured in rates.items():
        ratios[title] = statistics.median(rate / base for rate, base in zip(measured, rates[ROUTE.title], strict=True))
        print(f"{title:<32} {statistics.median(measured):>9,.0f} requests/s   {ratios[title]:.2f} of the route")
    missed = [title for title in ("static page", "static page, 304") if ratios[title] < TARGET]
    print(f"target: a static page and its 304 at {TARGET:.2f} or more: {'missed' if missed else 'reached'}")
    return 1 if options.check and missed else 0


def measure_rounds(rounds: int, seconds: int) -> dict[str, list[float]]:
    """Give the requests a second of each task, one for each round; the tasks take turns."""
    server_cores, load_cores = choose_cores()
    with tempfile.TemporaryDirectory() as folder:
        for source, text in FILES.items():
            path = Path(folder, source)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        program = Program("pages", "Slugline", start_command(folder))
        with running(program, server_cores, {}) as port:
            tasks = make_tasks(port)
            rates: dict[str, list[float]] = {task.title: [] for task in tasks}
            for number in range(rounds + 1):
                for task in tasks:
                    found = measure(port, task, connections=64, seconds=seconds if number else 1, cores=load_cores)
                    if number:  # the first is the warm-up
                        rates[task.title].append(found.requests_per_second)
    return rates


def make_tasks(port: int) -> list[Task]:
    """Give what is asked: the route, and each page as a whole and with the tag that it was sent with."""
    tasks = [ROUTE]
    for title, target in TARGETS.items():
        whole = Task(title, title, target, b"")
        tag = dict(ask(port, whole).headers)["etag"]
        tasks += [whole, Task(title, f"{title}, 304", target, b"", {"If-None-Match": tag})]
    return tasks


if __name__ == "__main__":
    sys.exit(main())
