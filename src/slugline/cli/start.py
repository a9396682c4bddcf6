"""`slugline start`."""

import sys
from importlib import import_module
from pathlib import Path

import click
from click.core import ParameterSource

from slugline.cli.options import DIRECTORY, PORT, PYTHON_ONLY, announce, explain_errors
from slugline.commands.start import ServerOptions
from slugline.commands.start import start as start_server
from slugline.nextjs.app import BEHIND_NEXTJS, find_nextjs_app
from slugline.runtime.threads import DEFAULT_THREADS

__all__ = ["start"]

LOG_LEVEL = click.Choice(["debug", "info", "warning", "error"])


@click.command()
@DIRECTORY
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", "-p", default=3000, show_default=True, type=PORT, envvar="PORT", help="Port to listen on.")
@click.option("--workers", "-w", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes; one a core is a good start.")
@click.option("--threads", default=DEFAULT_THREADS, show_default=True, type=click.IntRange(1, 1000), help="`def` handlers at once.")
@click.option("--max-concurrent", default=1000, show_default=True, type=click.IntRange(1), help="Requests at once; beyond it 503.")
@click.option("--access-log", type=click.Choice(["text", "json"]), help="Write a line for each request to standard output.")
@click.option("--page-store", default="", metavar="STORE", help="memory, disk, or redis://host:port/0; without it the disk.")
@click.option("--no-compress", is_flag=True, help="Leave compression to the proxy in front.")
@click.option("--log-level", default="info", show_default=True, type=LOG_LEVEL, help="What to log.")
@click.option("--shutdown-seconds", default=25, show_default=True, type=click.IntRange(1, 3600), help="How long a stop waits.")
@PYTHON_ONLY
@click.option("--behind-nextjs", is_flag=True, hidden=True)
@click.option("--next-dist", default=".next", hidden=True)
@explain_errors
def start(
    directory: Path,
    host: str,
    port: int,
    workers: int,
    threads: int,
    max_concurrent: int,
    access_log: str | None,
    page_store: str,
    no_compress: bool,
    log_level: str,
    shutdown_seconds: int,
    python_only: bool,
    behind_nextjs: bool,
    next_dist: str,
) -> None:
    """Serve the project in DIRECTORY, behind its Next.js app if it is one. Threads and requests are counted for each process."""
    app = None if python_only else find_nextjs_app(directory.resolve())
    if app is not None:
        # START: loaded where there is an app; a start without one does not pay for it.
        with_nextjs = import_module("slugline.commands.with_nextjs")
        with_nextjs.start_with_nextjs(app, _python_command(directory), host=host, port=port, announce=announce)
        return
    given: dict[str, object] = {
        "threads": threads,
        "max_concurrent": max_concurrent,
        "access_log": access_log,
        "page_store": page_store,
        "shutdown_seconds": shutdown_seconds,
    }
    # What was not given is for slugline.config.py to say.
    source = click.get_current_context().get_parameter_source
    given = {name: value for name, value in given.items() if source(name) is not ParameterSource.DEFAULT}
    given |= {"compress": False} if no_compress else {}
    given |= BEHIND_NEXTJS if behind_nextjs else {}
    name = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::1", "::") else f"[{host}]" if ":" in host else host
    options = ServerOptions(host, port, workers, log_level, given=given, next_dist=next_dist)
    start_server(directory, options, lambda: click.echo(f"Slugline on http://{name}:{port}", err=True))


def _python_command(directory: Path) -> list[str]:
    """Give the command that serves the Python routes alone, with all that this one was given; the address follows."""
    context = click.get_current_context()
    options = [sys.executable, "-m", "slugline", "start", str(directory), "--python-only", "--behind-nextjs"]
    for parameter in context.command.params:
        name = parameter.name or ""
        is_given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if isinstance(parameter, click.Option) and is_given and name not in ("host", "port"):
            options += [parameter.opts[0]] if parameter.is_flag else [parameter.opts[0], str(context.params[name])]
    return options
