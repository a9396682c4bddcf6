"""Real Next.js sites with Python routes, as processes, for test_nextjs.py."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from behaviour.wire import Answer, Wire, wait_until
from node import NPM
from servers import Server, find_free_port, start_granian
from slugline.nextjs.app import NextApp, find_nextjs_app
from slugline.nextjs.build import read_build, record_build
from slugline.nextjs.precedence import make_table
from slugline.nextjs.site import collect_routes, make_environment
from slugline.nextjs.supervise import NextProcess
from slugline.nextjs.table_file import make_work_folder, write_table
from slugline.project.scan import scan_pages

__all__ = ["PROJECT", "Site", "Sites", "read_files"]

PROJECT = Path(__file__).parent / "project"
Found = TypeVar("Found")


@dataclass
class Site:
    """A site that runs: Next.js in front on `wire`, Python behind it. `slow` is the answer of /api/slow, asked for at the start."""

    directory: Path
    app: NextApp
    wire: Wire
    python: Server
    table: Path
    prefix: str = ""
    process: NextProcess = field(init=False)
    slow: list[Answer] = field(default_factory=list)
    slow_thread: threading.Thread | None = None

    def ask(self, target: str, *arguments: Any) -> Answer:
        """Ask for a target, and give the answer."""
        return self.wire.ask(self.prefix + target, *arguments)

    def ask_json(self, target: str, *arguments: Any) -> dict[str, Any]:
        """Ask for a target whose answer is 200 with JSON."""
        answer = self.ask(target, *arguments)
        assert answer.status == 200, (target, answer.status, answer.body[:300])
        value: dict[str, Any] = json.loads(answer.body)
        return value

    def write_table(self, *, leave_out: str = "") -> None:
        """Give Next.js the table of the routes that are there now, without Python's whose source has a text in it."""
        write_table(self.table, _make_table(self.app, self.python_port, leave_out))

    @property
    def python_port(self) -> int:
        """Where Python listens."""
        return int(self.python.base_url.rpartition(":")[2])


class Sites:
    """Makes sites, each in a copy of project/, and stops them."""

    def __init__(self) -> None:
        (NPM / "build").mkdir(exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="sites-", dir=NPM / "build"))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = contextlib.ExitStack()
        self.starter: subprocess.Popen[bytes] | None = None
        self._stack.callback(shutil.rmtree, self._folder, ignore_errors=True)

    def close(self) -> None:
        """Stop everything."""
        try:
            self._stack.close()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def run(self, task: Coroutine[Any, Any, Found]) -> Found:
        """Run a coroutine on the loop of the Next.js processes."""
        return asyncio.run_coroutine_threadsafe(task, self._loop).result(100)

    def develop(self, *, leave_out: str = "", config: dict[str, Any] | None = None, prefix: str = "", orphan: bool = False) -> Site:
        """Start `next dev`, with Python's routes but those whose source has a text in it.

        `orphan` tells Next.js that another process started it: `starter`, which does nothing.
        """
        directory, app = self._copy(config)
        python = self._start_python(directory)
        table = make_work_folder(directory) / "dev.json"
        site = Site(directory, app, Wire(find_free_port()), python, table, prefix)
        site.write_table(leave_out=leave_out)
        if orphan:
            self.starter = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
            self._stack.callback(self.starter.wait)
            self._stack.callback(self.starter.kill)
        return self._start(site, "dev", config, self.starter.pid if orphan and self.starter else None)

    def produce(self, *, config: dict[str, Any] | None = None, prefix: str = "") -> Site:
        """Run `next build`, then `next start`."""
        directory, app = self._copy(config)
        python = self._start_python(directory)
        work = make_work_folder(directory)
        table, facts = work / "build.json", work / "facts.json"
        write_table(table, _make_table(app, int(python.base_url.rpartition(":")[2]), ""))
        environment = make_environment(app, table=table, facts=facts, environment=_variables(config))
        done = subprocess.run(
            [*app.command, "build"], cwd=directory, env=environment, capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        record_build(app, table=table, facts=facts)
        shutil.rmtree(work)  # what a deployment leaves behind
        build = read_build(app)
        assert build.origin == python.base_url
        site = Site(directory, app, Wire(find_free_port()), python, build.table, prefix)
        return self._start(site, "start", config)

    def _copy(self, config: dict[str, Any] | None) -> tuple[Path, NextApp]:
        directory = Path(tempfile.mkdtemp(dir=self._folder))
        shutil.copytree(PROJECT, directory, dirs_exist_ok=True)
        app = find_nextjs_app(directory, _variables(config))
        assert app is not None
        return directory, app

    def _start_python(self, directory: Path) -> Server:
        python = start_granian(directory, "--python-only", "--behind-nextjs")
        self._stack.callback(python.stop)
        return python

    def _start(self, site: Site, command: str, config: dict[str, Any] | None, parent: int | None = None) -> Site:
        environment = make_environment(site.app, table=site.table, environment=_variables(config))
        if parent is not None:
            environment["SLUGLINE_PARENT"] = str(parent)
        arguments = [*site.app.command, command, "--port", str(site.wire.port), "--hostname", "127.0.0.1"]
        site.process = NextProcess(arguments, directory=site.directory, environment=environment, write=lambda line: None)
        self.run(site.process.start())
        self._stack.callback(lambda: self.run(site.process.stop(10)))
        wait_until(lambda: _is_open(site.wire), "Next.js listens")
        return site


def _variables(config: dict[str, Any] | None) -> dict[str, str]:
    return {**os.environ, "SITE_CONFIG": json.dumps(config or {}), "CI": "1"}


def _make_table(app: NextApp, port: int, leave_out: str) -> dict[str, Any]:
    files = [file for file in scan_pages(app.root).routes if not leave_out or leave_out not in file.source]
    return make_table(collect_routes(app, files), origin=f"http://127.0.0.1:{port}", secret="f0e1d2c3")


def _is_open(wire: Wire) -> bool:
    with contextlib.suppress(OSError), wire.connect():
        return True
    return False


def read_files(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Give the name and the content of each file of a site that is the user's."""
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_file() and not name.startswith((".next/", ".slugline/")) and "__pycache__" not in name:
            yield name, path.read_bytes()
