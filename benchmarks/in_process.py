"""What an application costs without a server: one request after the other, handed to it in the same process.

    python benchmarks/in_process.py [--profile json]

Beside the table of run.py it tells what is the application's and what is the server's. The applications take turns, and the best round
counts, since whatever disturbs only adds. With `--profile` the own time of Slugline's functions in that task follows (cProfile, which makes
calls dearer than they are).
"""

import argparse
import asyncio
import contextlib
import cProfile
import os
import pstats
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import uvloop
from tasks import TASKS_BY_NAME, Task

from slugline import create_app

Application = Callable[..., Awaitable[None]]

FOLDER = Path(__file__).parent
TASK_NAMES = ["async", "dynamic", "json", "form"]
ROUNDS = 15
REQUESTS = 1_000


def load_applications() -> dict[str, Application]:
    """Import the programs of the benchmark that answer an ASGI server."""
    os.chdir(FOLDER)
    sys.path.insert(0, str(FOLDER))
    names = {
        "FastAPI": "programs.fastapi_app",
        "Starlette": "programs.peers.starlette_app",
        "Falcon": "programs.peers.falcon_app",
        "BlackSheep": "programs.peers.blacksheep_app",
        "Litestar": "programs.peers.litestar_app",
    }
    peers = {title: import_module(name).app for title, name in names.items()}
    return {"Slugline": create_app(FOLDER / "projects" / "hello"), **peers}


def make_scope(task: Task) -> dict[str, Any]:
    """Make what a server would: a fresh scope, as applications write into it."""
    fields = {"host": "localhost:3000", **task.headers}
    if task.content:
        fields["content-length"] = str(len(task.content))
    path, _, query = task.target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": task.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in fields.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 3000),
        "state": {},
    }


async def ask(application: Application, task: Task) -> tuple[int, bytes]:
    """Ask once; status and body."""
    status, body = 0, b""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": task.content, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, body
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            body += message.get("body", b"")

    await application(make_scope(task), receive, send)
    return status, body


async def measure(application: Application, task: Task, requests: int = REQUESTS) -> float:
    """Give the microseconds of one request."""
    begin = time.perf_counter()
    for _ in range(requests):
        await ask(application, task)
    return (time.perf_counter() - begin) / requests * 1e6


async def measure_all(applications: dict[str, Application], tasks: list[Task]) -> dict[tuple[str, str], float]:
    """Give the best round of each application and task."""
    best: dict[tuple[str, str], float] = {}
    for task in tasks:
        for title, application in applications.items():
            answer = await ask(application, task)
            if answer != (200, task.answer):
                raise SystemExit(f"{title} answered {task.target} with {answer}")
    for _ in range(ROUNDS):
        for task in tasks:
            for title, application in applications.items():
                found = await measure(application, task)
                best[title, task.name] = min(found, best.get((title, task.name), found))
    return best


@contextlib.asynccontextmanager
async def living(application: Application) -> AsyncIterator[None]:
    """Start an application as a server does, and stop it after the block."""
    started, stopping = asyncio.Event(), asyncio.Event()
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> dict[str, Any]:
        if started.is_set():
            await stopping.wait()
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "lifespan.startup.failed":
            raise SystemExit(f"An application did not start: {message}")
        started.set()

    life = asyncio.ensure_future(application({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
    await started.wait()
    yield
    stopping.set()
    await life


async def measure_living(applications: dict[str, Application], tasks: list[Task]) -> dict[tuple[str, str], float]:
    """Measure while all are started."""
    async with contextlib.AsyncExitStack() as stack:
        for application in applications.values():
            await stack.enter_async_context(living(application))
        return await measure_all(applications, tasks)


def main() -> None:
    """Print the table, and the profile where one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--profile", choices=TASK_NAMES)
    options = parser.parse_args()
    applications = load_applications()
    tasks = [TASKS_BY_NAME[name] for name in TASK_NAMES]
    best = uvloop.run(measure_living(applications, tasks))
    print("µs for one request, and how many times Slugline's\n")
    print("| | " + " | ".join(task.title.partition(". ")[2] for task in tasks) + " |")
    print("| --- |" + " ---: |" * len(tasks))
    for title in applications:
        cells = [f"{best[title, task.name]:.1f} ({best[title, task.name] / best['Slugline', task.name]:.2f})" for task in tasks]
        print(f"| {title} | " + " | ".join(cells) + " |")
    if options.profile:
        profile = cProfile.Profile()
        profile.enable()
        uvloop.run(measure(applications["Slugline"], TASKS_BY_NAME[options.profile]))
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
