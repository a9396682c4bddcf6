"""`slugline start`: serve a project with Granian, with the guards that its settings leave to us."""

import functools
import logging
import os
import resource
import signal
import socket
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server as Granian

from slugline.adapters.asgi import AsgiAdapter, create_app
from slugline.errors import ServerError
from slugline.project.discover import discover
from slugline.runtime.channel import StreamCut
from slugline.runtime.settings import Settings

__all__ = ["HEADER_BUFFER_BYTES", "ServerOptions", "start"]

logger = logging.getLogger("slugline")

HEADER_SECONDS = 10
"""How long a connection may take to send its request head, or stay idle between requests; Granian has one clock for both."""
HEADER_BUFFER_BYTES = 32 * 1024
"""Larger heads get 431. nginx takes 32 KiB, Node.js 16 KiB."""
BACKLOG = 2048
CONNECTIONS = 4096
"""Granian's "backpressure" is a cap on connections, idle ones too; requests have a cap of their own in Settings."""
RESPAWN_SECONDS = 0.5
DESCRIPTORS_BESIDE_CONNECTIONS = 256


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where and how to serve."""

    host: str = "127.0.0.1"
    port: int = 3000
    workers: int = 1
    log_level: str = "info"
    settings: Settings = field(default_factory=Settings)


def start(directory: Path, options: ServerOptions) -> None:
    """Check the project, then serve it until SIGTERM or SIGINT.

    Raises ProjectError before anything listens; ServerError when the port is taken or the machine allows too few files.
    """
    discover(directory)
    _check_port(options.host, options.port)
    _raise_file_limit()
    server = Granian(
        # Only named in messages: the loader below gives the application.
        target=str(directory),
        address=options.host,
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
        workers_kill_timeout=int(options.settings.shutdown_seconds) + 1,
        log_level=LogLevels(options.log_level),
        log_dictconfig=_log_config(options.log_level),
    )
    server.serve(
        target_loader=functools.partial(_load, str(directory), options.settings, os.getpid()),
        wrap_loader=False,
    )


def _load(directory: str, settings: Settings, parent: int) -> AsgiAdapter:
    """Load the project in a worker; runs in the worker's process."""
    _end_with_parent(parent)
    adapter = create_app(directory, settings)
    adapter.on_start = _prepare
    return adapter


def _drain_on_sigterm(adapter: AsgiAdapter) -> None:
    """On SIGTERM, tell event streams and sockets to finish, then let Granian stop; it would wait for them for ever.

    Granian listens on the loop to SIGTERM and SIGINT alike. SIGTERM is taken over, and handed on as SIGINT.
    """
    loop = adapter.app.loop
    assert loop is not None

    def stop() -> None:
        adapter.app.begin_stop()
        os.kill(os.getpid(), signal.SIGINT)

    loop.add_signal_handler(signal.SIGTERM, stop)


def _prepare(adapter: AsgiAdapter) -> None:
    """Do in a worker what needs its loop: listen to SIGTERM, and give its connections a clock."""
    _drain_on_sigterm(adapter)
    _cut_unread(adapter, tries=500)


def _cut_unread(adapter: AsgiAdapter, *, tries: int, found_before: bool = False) -> None:
    """Have the system close a connection whose client leaves what was sent unread (RFC 5482).

    Our own clock lets go of the request, but Granian, with its buffer full, does not notice and keeps the connection.
    Each worker opens its listening socket a moment after the start, so it is looked for until it is there, and then once
    more for the connections that were quicker; all others inherit the option. Linux only.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    loop = adapter.app.loop
    if option is None or loop is None or not os.path.isdir("/proc/self/fd"):
        return
    with ExitStack() as stack:
        sockets = [stack.enter_context(found) for name in os.listdir("/proc/self/fd") if (found := _tcp_socket(int(name))) is not None]
        listening = {each.getsockname()[1] for each in sockets if each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)}
        for each in sockets:
            if each.getsockname()[1] in listening:
                each.setsockopt(socket.IPPROTO_TCP, option, int(adapter.app.settings.write_stall_seconds * 1000))
    if listening and not found_before:
        loop.call_later(1.0, functools.partial(_cut_unread, adapter, tries=0, found_before=True))
    elif not listening and tries > 0:
        loop.call_later(0.02, functools.partial(_cut_unread, adapter, tries=tries - 1))
    elif not listening and not found_before:
        logger.warning("The listening socket was not found: a client that never reads keeps its connection.")


def _tcp_socket(descriptor: int) -> socket.socket | None:
    """Give a copy of the descriptor as a socket if it is one of TCP."""
    try:
        copy = socket.socket(fileno=os.dup(descriptor))
    except OSError:  # a file or a pipe, or closed in the meantime
        return None
    if copy.family in (socket.AF_INET, socket.AF_INET6) and copy.type == socket.SOCK_STREAM:
        return copy
    copy.close()
    return None


def _end_with_parent(parent: int) -> None:
    """End this worker when the main process is gone: an orphan would go on serving old code on the same port."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        logger.error("The main process is gone; this worker ends.")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        os._exit(1)

    threading.Thread(target=watch, name="slugline-parent-watch", daemon=True).start()


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server will do, so that connections of an earlier run that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServerError(f"Port {port} on {host} cannot be had: {error.strerror}. Choose another: --port {port + 1}.") from error


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
