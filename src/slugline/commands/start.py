"""`slugline start`: serve a project with Granian, with the guards that its settings leave to us."""

import asyncio
import functools
import gc
import logging
import multiprocessing
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any, NoReturn

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server as Granian
from msgspec import Struct, field, structs

from slugline.adapters.asgi import AsgiAdapter, create_app
from slugline.commands.build import must_build
from slugline.commands.environment import apply_environment
from slugline.errors import ProjectError, ServerError
from slugline.project.discover import Survey, survey_project
from slugline.project.preview_keys import ProjectPreviewSource
from slugline.runtime.channel import StreamCut
from slugline.runtime.listen import find_port, resolve_host
from slugline.runtime.settings import Settings, settings_of

__all__ = ["END_STREAMS", "HEADER_BUFFER_BYTES", "ServerOptions", "start"]

logger = logging.getLogger("slugline")

HEADER_SECONDS = 10
"""How long a connection may take to send its request head, or stay idle between requests; Granian has one clock for both."""
HEADER_BUFFER_BYTES = 128 * 1024
"""Larger heads get 431, but one that arrives in a single read may have half as much again.

PERF: Granian has one buffer for heads and bodies, and gives a body on in pieces of this size at most: with 32 KiB, which nginx
allows a head, an upload takes three times as long.
"""
BACKLOG = 2048
CONNECTIONS = 4096
"""Granian's "backpressure" is a cap on connections, idle ones too; requests have a cap of their own in Settings."""
END_STREAMS = signal.SIGUSR1
"""Ends event streams and WebSockets, and lets everything else go on: for what stops another server in front first."""
SOCKETS_SECONDS = 5.0
"""How long the WebSocket functions of a worker that stops may take to end; new connections are still answered meanwhile."""
RESPAWN_SECONDS = 0.5
DESCRIPTORS_BESIDE_CONNECTIONS = 256


class ServerOptions(Struct, frozen=True):
    """Where and how to serve."""

    host: str = "127.0.0.1"
    port: int = 3000
    workers: int = 1
    log_level: str = "info"
    settings: Settings | None = None
    """All settings; without them, those of slugline.config.py with what is `given` over them."""
    given: Mapping[str, object] = field(default_factory=dict)
    next_dist: str = ".next"
    """The folder to which a Next.js app in the project is built; the keys of draft mode are in it."""


def start(directory: Path, options: ServerOptions, announce: Callable[[], None] | None = None) -> None:
    """Serve the project until SIGTERM or SIGINT; `announce` is called when the first worker is ready.

    How to think about it: this process looks at the names of the files and at slugline.config.py. All other files are imported in
    the workers, each for itself, so that no connection that a module opens is shared by two processes, and none is opened twice.
    What a worker finds wrong it reports, and everything ends.

    Raises ProjectError; ServerError for an address or a port that cannot be had, and too few files.
    """
    signal.signal(END_STREAMS, signal.SIG_IGN)  # it is for the workers, and reaches the whole group
    starter = os.environ.get("SLUGLINE_PARENT", "")
    if starter.isdigit() and int(starter) == os.getppid():
        _end_with_parent(int(starter))
    apply_environment(directory, "start")
    with _keeping_garbage():
        survey = survey_project(directory)
    for warning in survey.warnings:
        logger.warning("%s", warning)
    settings = options.settings or settings_of(survey.config, options.given)
    options = structs.replace(options, settings=settings)
    _make_pages(survey, options, settings)
    address = resolve_host(options.host)
    find_port(address, options.port)
    _raise_file_limit()
    server = Granian(
        # Only named in messages: the loader below gives the application.
        target=str(directory),
        address=address,
        port=options.port,
        interface=Interfaces.ASGI,
        workers=options.workers,
        loop=Loops.uvloop if find_spec("uvloop") is not None else Loops.asyncio,
        # HTTP "auto" has no time-out before the protocol is known: silent connections would fill the server.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=HEADER_BUFFER_BYTES),
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        respawn_failed_workers=True,
        respawn_interval=RESPAWN_SECONDS,
        workers_kill_timeout=int(settings.shutdown_seconds) + 1,
        log_level=LogLevels(options.log_level),
        log_dictconfig=_log_config(options.log_level),
    )
    reports: SimpleQueue[_Report] = multiprocessing.SimpleQueue()
    outcome = _Outcome(reports, announce, frozenset(survey.warnings), server.signal_handler_interrupt)
    threading.Thread(target=outcome.hear, name="slugline-reports", daemon=True).start()
    os.register_at_fork(after_in_child=functools.partial(_forget_handler, os.getpid()))
    server.serve(
        target_loader=functools.partial(_load, str(directory), options, os.getpid(), reports),
        wrap_loader=False,
    )
    if outcome.error is not None:
        raise outcome.error


class _Outcome:
    """What the workers have reported of loading the project, heard in the main process."""

    def __init__(
        self, reports: "SimpleQueue[_Report]", announce: Callable[[], None] | None, told: frozenset[str], stop: Callable[[], None]
    ) -> None:
        self.error: ProjectError | None = None
        self._reports = reports
        self._announce = announce
        self._told = told
        self._stop = stop

    def hear(self) -> None:
        """Say once that the project is served, and stop everything when a worker cannot load it; runs on a thread of its own."""
        is_ready = False
        while self.error is None:
            report = self._reports.get()
            if report.message is not None:
                self.error = ProjectError(report.message)
                self.error.code = report.code
                self._stop()
            elif not is_ready:
                is_ready = True
                for warning in report.warnings:
                    if warning not in self._told:
                        logger.warning("%s", warning)
                if self._announce is not None:
                    self._announce()


class _Report(Struct, frozen=True):
    """What a worker says to the main process: that it answers, with what looks wrong; or what is wrong, with its code."""

    warnings: tuple[str, ...] = ()
    message: str | None = None
    code: str = ""


def _make_pages(survey: Survey, options: ServerOptions, settings: Settings) -> None:
    """Make the pages of a project that nobody has built, in a process of its own, so that nothing of it is left in this one.

    Raises ServerError when that fails; what was wrong has been printed.
    """
    match must_build(survey.root, survey.pages):
        case "old":
            logger.warning("Files below pages/ have changed since the last `slugline build`, whose pages are served. Run it again.")
        case "build":
            command = [sys.executable, "-m", "slugline", "build", str(survey.root), "--python-only", "--automatic"]
            page_store = options.given.get("page_store")
            command += ["--page-store", str(page_store)] if page_store else []  # that of slugline.config.py it reads itself
            if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
                raise ServerError("The pages could not be made; what is wrong stands above.")
        case "no folder" if options.workers > 1 and settings.page_store in ("", "disk"):
            logger.warning(
                "%s cannot be written to, so that each worker keeps the pages in its own memory: res.revalidate reaches one worker, and "
                "the others go on with the old page. Make the folder writable, or choose another store.",
                survey.root,
            )
        case _:
            pass


def _forget_handler(parent: int) -> None:
    """Let a stop end a worker at once until it serves, and not only after its imports; what it inherits is a handler of its parent."""
    if os.getppid() == parent:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _load(directory: str, options: ServerOptions, parent: int, reports: "SimpleQueue[_Report]") -> AsgiAdapter:
    """Load the project in a worker; runs in the worker's process."""
    _end_with_parent(parent)
    _take_turns()
    give_up = functools.partial(_give_up, reports)
    try:
        with _keeping_garbage():
            adapter = create_app(directory, options.settings)
            gc.freeze()  # PERF: a look through all of it would hold up every request
    except ProjectError as error:
        give_up(error)
    except Exception as error:
        logger.exception("The project cannot be loaded.")
        give_up(ServerError(f"The project cannot be loaded: {type(error).__name__}: {error}. Where, stands above."))
    adapter.on_failure = give_up
    adapter.app.preview_source = ProjectPreviewSource(adapter.app.project.root, development=False, find_dist=lambda: options.next_dist)
    adapter.on_start = functools.partial(_prepare, reports)
    return adapter


@contextmanager
def _keeping_garbage() -> Iterator[None]:
    """Look for no garbage meanwhile. START: what is loaded stays, and looking through it again and again takes a quarter of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _give_up(reports: "SimpleQueue[_Report]", error: ProjectError) -> NoReturn:
    """Tell the main process what is wrong, and wait until it ends this one: it would replace one that ends by itself."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reports.put(_Report(message=error.message, code=error.code))
    while True:
        time.sleep(60)


def _take_turns() -> None:
    """Tell Linux not to interrupt one thread of this worker as soon as another has something to do (sched(7), SCHED_BATCH).

    PERF: a request goes from Granian's thread to Python's and back, and with a body or a `def` handler more often. On one core
    each step would stop the thread that is at work, for one that finds the interpreter locked. A fifth to a third more requests.
    What was chosen for this process with chrt or systemd stays.
    """
    if hasattr(os, "SCHED_BATCH") and os.sched_getscheduler(0) == os.SCHED_OTHER:
        with suppress(OSError):  # a sandbox may forbid it
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _drain_on_sigterm(adapter: AsgiAdapter) -> None:
    """On SIGTERM, tell event streams and sockets to finish, then let Granian stop.

    It would wait for the streams for ever, and not at all for the sockets: those still open when it ends are cut, with no close
    frame. So it is stopped a little later, when their functions have ended. Granian listens on the loop to SIGTERM and SIGINT
    alike. SIGTERM is taken over, and handed on as SIGINT.
    """
    app = adapter.app
    loop = app.loop
    assert loop is not None
    stopping: list[asyncio.Task[None]] = []  # the loop itself holds a task only weakly

    async def close_sockets() -> None:
        if app.sockets:
            await asyncio.wait(app.sockets, timeout=min(SOCKETS_SECONDS, app.settings.shutdown_seconds))
        os.kill(os.getpid(), signal.SIGINT)

    def stop() -> None:
        app.begin_stop()
        if not stopping:
            stopping.append(loop.create_task(close_sockets()))

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(END_STREAMS, app.begin_stop)


def _prepare(reports: "SimpleQueue[_Report]", adapter: AsgiAdapter) -> None:
    """Do in a worker what needs its loop: listen to SIGTERM, give its connections a clock, and report that it listens."""
    _drain_on_sigterm(adapter)
    _cut_unread(adapter, lambda: reports.put(_Report(adapter.app.project.warnings)), tries=500)


def _cut_unread(adapter: AsgiAdapter, announce: Callable[[], None], *, tries: int, found_before: bool = False) -> None:
    """Have the system close a connection whose client leaves what was sent unread (RFC 5482), and announce that there is a port.

    Our own clock lets go of the request, but Granian, with its buffer full, does not notice and keeps the connection.
    Each worker opens its listening socket a moment after the start, so it is looked for until it is there, and then once
    more for the connections that were quicker; all others inherit the option. Linux only.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    loop = adapter.app.loop
    if option is None or loop is None or not os.path.isdir("/proc/self/fd"):
        announce()
        return
    listening = {_local_port(each) for each in _tcp_sockets() if each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)}
    for each in _tcp_sockets():
        with suppress(OSError):  # its client has left meanwhile
            if _local_port(each) in listening:  # what a handler connects to has its own clocks
                each.setsockopt(socket.IPPROTO_TCP, option, int(adapter.app.settings.write_stall_seconds * 1000))
    if listening and not found_before:
        announce()
        loop.call_later(1.0, functools.partial(_cut_unread, adapter, announce, tries=0, found_before=True))
    elif not listening and tries > 0:
        loop.call_later(0.02, functools.partial(_cut_unread, adapter, announce, tries=tries - 1))
    elif not listening and not found_before:
        announce()
        logger.warning("The listening socket was not found: a client that never reads keeps its connection.")


def _tcp_sockets() -> Iterator[socket.socket]:
    """Give a copy of each TCP socket of this process, open until the next is asked for."""
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # closed in the meantime
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            descriptor = os.dup(int(name))
            try:
                copy = socket.socket(fileno=descriptor)
            except OSError:
                os.close(descriptor)
                continue
            with copy:
                if copy.family in (socket.AF_INET, socket.AF_INET6) and copy.type == socket.SOCK_STREAM:
                    yield copy


def _local_port(connection: socket.socket) -> int:
    return int(connection.getsockname()[1])


def _end_with_parent(parent: int) -> None:
    """End this process when the one that started it is gone: an orphan would go on serving old code on the same port."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        logger.error("The process that started this one is gone, so it ends too.")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        os._exit(1)

    threading.Thread(target=watch, name="slugline-parent-watch", daemon=True).start()


def _raise_file_limit() -> None:
    """Make room for as many connections as the server takes; starved of descriptors, a worker spins."""
    wanted = CONNECTIONS + DESCRIPTORS_BESIDE_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise ServerError(f"The limit of open files is {hard}, and {CONNECTIONS} connections need {wanted}. Raise it: ulimit -n {wanted}.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class News(logging.Filter):
    """Leaves out Granian's report of a StreamCut: it is how a body is cut off, and its reason has been logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is news."""
        # Granian writes the traceback into the message; its last line names the exception.
        return not (record.name.startswith("_granian") and StreamCut.__name__ in record.getMessage().rstrip().rpartition("\n")[2])


def _log_config(level: str) -> dict[str, Any]:
    """Send everything to standard error, one line a record; lines of the access log to standard output."""
    plain = {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["news"], "stream": "ext://sys.stderr"}
    access = {"class": "logging.StreamHandler", "formatter": "bare", "stream": "ext://sys.stdout"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {"format": "%(asctime)s %(levelname)s %(message)s"},
            "bare": {"format": "%(message)s"},
        },
        "filters": {"news": {"()": News}},
        "handlers": {"plain": plain, "access": access},
        "loggers": {
            "_granian": {"level": "WARNING" if level != "debug" else "DEBUG", "handlers": ["plain"], "propagate": False},
            "slugline": {"level": level.upper(), "handlers": ["plain"], "propagate": False},
            "slugline.access": {"level": "INFO", "handlers": ["access"], "propagate": False},
        },
    }
