"""`dev`, `build` and `start` where a Next.js app lies beside the Python routes.

Next.js stands in front and owns the public port, so that the app's own middleware, redirects, headers and basePath count for
Python routes too; Python answers on a port of the loopback. Neither runs on without the other.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from slugline.commands.start import END_STREAMS
from slugline.dev.overlay import LIVE_PATH
from slugline.dev.server import DevServer
from slugline.errors import RouteConflict, ServerError
from slugline.nextjs.app import NextApp
from slugline.nextjs.build import DEFAULT_PORT, read_build, record_build
from slugline.nextjs.precedence import make_table
from slugline.nextjs.site import collect_routes, make_environment
from slugline.nextjs.supervise import NextProcess, mark_line
from slugline.nextjs.table_file import make_work_folder, read_facts, write_table
from slugline.project.preview_keys import ProjectPreviewSource
from slugline.project.scan import RouteFile, scan_pages
from slugline.runtime.listen import find_port, resolve_host

__all__ = ["build_with_nextjs", "develop_with_nextjs", "start_with_nextjs"]

STOP_SECONDS = 10.0
FACTS_SECONDS = 0.05


def develop_with_nextjs(app: NextApp, server: DevServer, *, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve an app with `next dev` on the public port, and its Python routes behind it; returns when either has ended.

    Raises ServerError when Next.js ends by itself.
    """
    asyncio.run(_develop(app, server, host, port, announce))


async def _develop(app: NextApp, server: DevServer, host: str, port: int, announce: Callable[[str], None]) -> None:
    real = dict(os.environ)  # before Python reads the environment files: Next.js reads them itself, again after each save
    folder = make_work_folder(app.root)
    table, facts = folder / "dev.json", folder / "dev-facts.json"
    facts.unlink(missing_ok=True)
    secret = secrets.token_hex(16)
    origin = f"http://127.0.0.1:{server.options.port}"

    def publish() -> None:
        make_work_folder(app.root)  # somebody may have swept it away: git clean
        files, conflicts = _without_conflicts(app, server.project.files.values())
        write_table(table, make_table(collect_routes(app, files), origin=origin, secret=secret))
        server.show_conflicts(conflicts)

    listening = asyncio.Event()
    serving = asyncio.ensure_future(server.run(listening.set))
    waiting = asyncio.ensure_future(listening.wait())
    await _until_one_ends(serving, waiting)
    if serving.done():
        await serving
        return
    publish()
    server.on_reload = publish
    server.stand_behind(host)
    environment = make_environment(app, table=table, facts=facts, origin=origin, environment=real, colours=sys.stderr.isatty())
    process = NextProcess(
        [*app.command, "dev", "--port", str(port), "--hostname", host], directory=app.root, environment=environment, write=_write_next
    )
    await process.start()
    count = len(server.project.files)
    announce(f"Next.js {app.version} on port {port}, with {count} Python route{'' if count == 1 else 's'} behind it.")
    ending = asyncio.ensure_future(process.wait())
    sharing = asyncio.ensure_future(_share_facts(server, facts))
    await _until_one_ends(serving, ending)
    sharing.cancel()
    if serving.done():
        await process.stop(STOP_SECONDS)
        await serving
        return
    server.stop()
    await serving
    raise ServerError(f"{process.describe_end(ending.result())}\nThe Python server was stopped too.")


async def _share_facts(server: DevServer, facts: Path) -> None:
    """Tell the server what `next dev` has told of its configuration, again whenever that was saved.

    That is where it writes the keys of draft mode, and the base path, below which the page of an error listens.
    """

    def find_dist() -> str:
        found = read_facts(facts)
        # NEXTJS: in development it writes below "dev" of the app's own distDir since version 16, and the source looks there, too.
        return ".next" if found is None else found.dist.removesuffix("/dev")

    server.app.preview_source = ProjectPreviewSource(server.project.root, development=True, find_dist=find_dist)
    while True:
        found = read_facts(facts)
        if found is not None:
            server.app.live_path = f"{found.base_path}{LIVE_PATH}"
        # Soon again: the first answers may come a moment after Next.js has looked at a configuration.
        await asyncio.sleep(FACTS_SECONDS)


def build_with_nextjs(app: NextApp, *, port: int = DEFAULT_PORT, environment: Mapping[str, str] = os.environ) -> None:
    """Run `next build` with the Python routes in it, to be served from `port` of the loopback.

    `environment` is the real one: Next.js reads the environment files itself.
    Raises RouteConflict for a path in both languages, ServerError when Next.js fails.
    """
    routes = collect_routes(app, scan_pages(app.root).routes)
    with tempfile.TemporaryDirectory(prefix="slugline-") as folder:
        table, facts = Path(folder) / "build.json", Path(folder) / "facts.json"
        write_table(table, make_table(routes, origin=f"http://127.0.0.1:{port}", secret=secrets.token_hex(16)))
        variables = make_environment(app, table=table, facts=facts, environment=environment, colours=sys.stderr.isatty())
        status = subprocess.run([*app.command, "build"], cwd=app.root, env=variables, check=False).returncode
        if status:
            raise ServerError(f"`next build` failed with status {status}; what it printed stands above.")
        record_build(app, table=table, facts=facts)


def start_with_nextjs(app: NextApp, python_command: Sequence[str], *, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve a build with `next start` on the public port, and its Python routes behind it, until SIGTERM or SIGINT.

    `python_command` starts the Python server, but for its address. Raises ServerError without a build, and when either ends by itself.
    """
    asyncio.run(_start(app, python_command, host, port, announce))


async def _start(app: NextApp, python_command: Sequence[str], host: str, port: int, announce: Callable[[str], None]) -> None:
    build = read_build(app)
    find_port(resolve_host(host), port)
    _check_private_port(build.port)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    environment = make_environment(app, table=build.table, origin=build.origin, colours=sys.stderr.isatty())
    python = NextProcess(
        [*python_command, "--host", "127.0.0.1", "--port", str(build.port), "--next-dist", app.dist],
        directory=app.root,
        environment=environment,
        write=_write_python,
        name="The Python server",
    )
    javascript = NextProcess(
        [*app.command, "start", "--port", str(port), "--hostname", host], directory=app.root, environment=environment, write=_write_next
    )
    await python.start()
    python_ending = asyncio.ensure_future(python.wait())
    if not await _wait_for_port(build.port, python_ending):
        raise ServerError(f"The Python server did not start: {python.describe_end(python_ending.result())}")
    await javascript.start()
    javascript_ending = asyncio.ensure_future(javascript.wait())
    announce(f"Next.js {app.version} on port {port}; Python behind it on 127.0.0.1:{build.port}.")
    stop = asyncio.ensure_future(stopping.wait())
    await _until_one_ends(stop, python_ending, javascript_ending)
    ended = None if stop.done() else (python, python_ending) if python_ending.done() else (javascript, javascript_ending)
    if not python_ending.done():
        python.send_signal(END_STREAMS)  # or Next.js would wait for them
    if not javascript_ending.done():
        await javascript.stop(STOP_SECONDS)  # first: what it has accepted still wants answers of Python
    if not python_ending.done():
        await python.stop(STOP_SECONDS + 25)
    stop.cancel()
    if ended is not None:
        process, ending = ended
        name = "Python" if process is python else "Next.js"
        raise ServerError(f"{process.describe_end(ending.result())}\n{name} ended, so the other was stopped too.")


def _check_private_port(port: int) -> None:
    try:
        find_port("127.0.0.1", port)
    except ServerError as error:
        raise ServerError(
            f"Port {port} on 127.0.0.1, where this build looks for Python, is taken. End what "
            f"listens there, or build for another port: slugline build --python-port {port + 1}."
        ) from error


def _without_conflicts(app: NextApp, files: Iterable[RouteFile]) -> tuple[list[RouteFile], list[RouteConflict]]:
    """Leave out the Python files whose paths JavaScript answers as well, and give the conflicts."""
    left = list(files)
    conflicts: list[RouteConflict] = []
    while True:
        try:
            collect_routes(app, left)
        except RouteConflict as conflict:
            conflicts.append(conflict)
            left = [file for file in left if file.source not in conflict.files]
            continue
        return left, conflicts


async def _wait_for_port(port: int, ending: "asyncio.Future[int]") -> bool:
    while not ending.done():
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        await asyncio.sleep(0.02)
    return False


async def _until_one_ends(*futures: "asyncio.Future[Any]") -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def _write_next(line: str) -> None:
    click.echo(mark_line("next", line, colours=sys.stderr.isatty()), err=True)


def _write_python(line: str) -> None:
    click.echo(mark_line("python", line, colours=sys.stderr.isatty()), err=True)
