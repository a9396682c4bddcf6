"""`slugline dev`: one process that serves, watches, and loads again what has changed."""

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server as Granian

from slugline.adapters.asgi import AsgiAdapter
from slugline.dev.app import DevApp
from slugline.dev.client_types import write_types
from slugline.dev.console import Console, configure_logging
from slugline.dev.live import LivePages
from slugline.dev.loading import SLOW_SECONDS, find_own_line, run_on_own_thread
from slugline.dev.overlay import LIVE_PATH
from slugline.dev.project import Changes, DevProject
from slugline.dev.watch import Watcher
from slugline.errors import ProjectError, RouteConflict
from slugline.project.env import EnvironmentVariables, choose_mode, load_environment
from slugline.runtime.asgi_types import Receive, Scope, Send
from slugline.runtime.listen import resolve_host
from slugline.runtime.own_calls import refuse_own_calls
from slugline.runtime.settings import Settings

__all__ = ["DevOptions", "DevServer"]

logger = logging.getLogger("slugline")

DEV_PREFIX = LIVE_PATH.rpartition("/")[0] + "/"


@dataclass(frozen=True, slots=True)
class DevOptions:
    """Where to serve, and how to watch."""

    host: str = "127.0.0.1"
    port: int = 3000
    poll: bool = False
    types: bool | None = None
    """Whether to write the TypeScript client; None where somebody has a use for it (`client_types.write_types`)."""
    settings: Settings = field(default_factory=lambda: Settings(development=True, shutdown_seconds=3.0))


class DevServer:
    """Serves one project until it is told to stop; the process that owns the port never restarts."""

    def __init__(self, root: Path, options: DevOptions, mark: str = "") -> None:
        self.project = DevProject(root)
        self.options = options
        self.console = Console(self.project, mark)
        self._trusted = {options.host}
        self.app = DevApp(self.project, options.settings, self._trusted)
        self.pages = LivePages(self._trusted)
        self.on_reload: Callable[[], None] | None = None
        """Called on the loop after each reload."""
        self._variables = EnvironmentVariables(os.environ)
        self._environment_error: ProjectError | None = None
        self._types_error: ProjectError | None = None
        self._adapter = AsgiAdapter(self.app, self.console.log_request)
        self._waiting: list[Changes] = []
        self._woken = asyncio.Event()
        self._stopped = asyncio.Event()
        self._foreign_conflicts: list[RouteConflict] = []
        self._shown: set[tuple[str, str]] = set()
        self._is_behind = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection of the server's."""
        if scope["type"] == "http" and scope["path"].startswith(DEV_PREFIX):
            await self.pages.answer(scope, receive, send)
        else:
            await self._adapter(scope, receive, send)

    async def run(self, announce: Callable[[], None]) -> None:
        """Load, serve, and load again on every save, until `stop` or a signal; `announce` is called when it listens.

        Raises ServerError when the port cannot be had.
        """
        loop = asyncio.get_running_loop()
        configure_logging(self.console)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        watcher = Watcher(self.project.root, lambda changes: _call_soon(loop, self.note, changes), poll=self.options.poll)
        watcher.start()  # before anything is loaded: what is saved meanwhile is loaded again
        await self.app.start()
        refuse_own_calls({self.options.port})
        if not await self._prepare_unless_stopped():
            await asyncio.to_thread(watcher.stop)
            return
        address = resolve_host(self.options.host)
        server = _make_granian(self, address, self.options.port)
        serving = asyncio.ensure_future(server.serve())
        serving.add_done_callback(lambda _: self.stop())
        reloading = asyncio.ensure_future(self._reload_for_ever())
        try:
            await _wait_until_listening(address, self.options.port, serving)
            announce()
            await asyncio.to_thread(self.project.learn_dependencies)
            await self._stopped.wait()
        finally:
            reloading.cancel()
            await asyncio.to_thread(watcher.stop)
            self.pages.close()
            self.app.begin_stop()
            await self._stop_serving(server, serving)
            await self.app.stop()

    async def _prepare_unless_stopped(self) -> bool:
        """Load and start the project; False when the server is told to stop before a file, or `register`, has come to its end."""
        preparing, stopped = asyncio.ensure_future(self._prepare()), asyncio.ensure_future(self._stopped.wait())
        await asyncio.wait({preparing, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if preparing.done():
            await preparing
            return True
        preparing.cancel()
        await asyncio.wait({preparing})
        return False

    async def _prepare(self) -> None:
        self._read_environment()
        await run_on_own_thread(self.project.load, self._tell_slow)
        await self.app.install()
        await self._write_types()
        self._show_problems()

    def _tell_slow(self, thread: int) -> None:
        place = find_own_line(thread, self.project.root)
        if place is not None:
            logger.warning(
                "%s, has not come to its end for %g s. A file is served when all that stands at its top is done, such as the start of a "
                "server, and until then no other save is. If it never ends, stop slugline dev, and move it into a function.",
                place,
                SLOW_SECONDS,
            )

    def stop(self) -> None:
        """End the server; called on the loop."""
        self._stopped.set()

    def stand_behind(self, host: str) -> None:
        """Trust the name of a server in front, which hands requests on."""
        self._trusted.add(host)

    def note(self, changes: Changes) -> None:
        """Take note of changed files; they are loaded again as soon as the reload under way is done."""
        self._waiting.append(changes)
        self._woken.set()

    async def _reload_for_ever(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            waiting, self._waiting = self._waiting, []
            if waiting:
                await self._reload_safely(_join(waiting))

    async def _reload_safely(self, changes: Changes) -> None:
        """Load again; what nobody has foreseen must not be the last reload."""
        try:
            await self._reload(replace(changes, everything=True) if self._is_behind else changes)
            self._is_behind = False
        except Exception:
            self._is_behind = True
            logger.exception("The files could not be loaded again. The next save loads all of them.")

    async def _reload(self, changes: Changes) -> None:
        started = time.perf_counter()
        if any(path.name.startswith(".env") for path in changes.paths) and self._read_environment():
            changes = replace(changes, everything=True)  # files read variables when they are imported
        difference = await run_on_own_thread(lambda: self.project.reload(changes), self._tell_slow)
        await self.app.install(difference)
        self.console.show_difference(difference, time.perf_counter() - started, self.app.broken)
        await self._write_types()
        self._show_problems()
        self.pages.reload()
        if self.on_reload is not None:
            self.on_reload()

    async def _write_types(self) -> None:
        """Write the TypeScript client as the routes are now."""
        self._types_error = None
        try:
            path = await asyncio.to_thread(write_types, self.project, asked=self.options.types)
        except ProjectError as error:
            self._types_error = error
            return
        if path is not None:
            self.console.say(f"{path.relative_to(self.project.root)} written")

    def _read_environment(self) -> bool:
        """Put the values of the environment files into os.environ; tell whether any has changed."""
        real = self._variables.real
        try:
            environment = load_environment(self.project.root, choose_mode("dev", real), real)
        except ProjectError as error:
            self._environment_error = error
            return False
        self._environment_error = None
        changed = self._variables.apply(environment)
        if environment.files or changed:
            self.console.show_environment(environment.files, changed)
        return bool(changed)

    def show_conflicts(self, conflicts: list[RouteConflict]) -> None:
        """Print what is wrong between these routes and those of another server; each once."""
        self._foreign_conflicts = list(conflicts)
        self._show_problems()

    def _show_problems(self) -> None:
        problems = [*self.app.problems, *self._foreign_conflicts]
        problems += [error for error in (self._environment_error, self._types_error) if error is not None]
        self.console.show_problems([problem for problem in problems if (problem.code, problem.message) not in self._shown])
        self._shown = {(problem.code, problem.message) for problem in problems}

    async def _stop_serving(self, server: Granian, serving: "asyncio.Future[None]") -> None:
        if serving.done():
            return
        server.stop()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(self.options.settings.shutdown_seconds):
                await serving
        except TimeoutError:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving


def _make_granian(app: DevServer, address: str, port: int) -> Granian:
    return Granian(
        app,
        address=address,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        # A connection that a browser keeps open is not to be closed under a developer's hands.
        http1_settings=HTTP1Settings(header_read_timeout=75_000, max_buffer_size=64 * 1024),
        log_level=LogLevels.critical,
        log_enabled=False,
    )


async def _wait_until_listening(address: str, port: int, serving: "asyncio.Future[None]") -> None:
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(target, port)
        except OSError:
            await asyncio.sleep(0.005)
            continue
        writer.close()
        return
    await serving


def _call_soon(loop: asyncio.AbstractEventLoop, function: Callable[[Changes], None], changes: Changes) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended between two looks of the watcher
        loop.call_soon_threadsafe(function, changes)


def _join(waiting: list[Changes]) -> Changes:
    return Changes(
        frozenset().union(*(changes.paths for changes in waiting)),
        any(changes.structure for changes in waiting),
        any(changes.everything for changes in waiting),
    )
