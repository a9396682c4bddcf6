"""The command line: argv in, one function of commands/ called, its outcome printed."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from slugline.commands.build import BuildReport
from slugline.commands.build import build as build_project
from slugline.commands.dev import DevOptions
from slugline.commands.dev import dev as run_dev
from slugline.commands.new import create_project, next_steps, templates
from slugline.commands.openapi import openapi as make_document
from slugline.commands.routes import list_routes
from slugline.commands.start import ServerOptions
from slugline.commands.start import start as start_server
from slugline.commands.types import types as write_types
from slugline.commands.with_nextjs import BEHIND_NEXTJS, build_with_nextjs, start_with_nextjs
from slugline.errors import ProjectError
from slugline.nextjs.app import find_nextjs_app
from slugline.nextjs.build import DEFAULT_PORT
from slugline.runtime.threads import DEFAULT_THREADS

__all__ = ["main"]

DIRECTORY = click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path())
PORT = click.IntRange(1, 65535)
PYTHON_ONLY = click.option("--python-only", is_flag=True, help="Leave out the Next.js app that lies in DIRECTORY.")
OUTPUT = click.option("--output", "-o", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="The file to write.")
MOST_ROWS_SHOWN = 60
LOG_LEVEL = click.Choice(["debug", "info", "warning", "error"])


def explain_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Print a ProjectError as a message with its code and cause, and exit with 1."""

    @wraps(command)
    def run(**arguments: Any) -> None:
        try:
            command(**arguments)
        except ProjectError as error:
            click.echo(f"{click.style('error', fg='red', bold=True)} [{error.code}] {error.message}", err=True)
            sys.exit(1)

    return run


def _announce(text: str) -> None:
    click.echo(text, err=True)


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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("slugline"), prog_name="slugline")
def main() -> None:
    """Next.js API Routes in Python: a folder of files is an API."""


@main.command()
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
        start_with_nextjs(app, _python_command(directory), host=host, port=port, announce=_announce)
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
    click.echo(f"Slugline on http://{name}:{port}", err=True)
    start_server(directory, ServerOptions(host, port, workers, log_level, given=given, next_dist=next_dist))


@main.command()
@DIRECTORY
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", "-p", type=PORT, envvar="PORT", help="Port to listen on; without it 3000, or the next one that is free.")
@click.option("--poll", is_flag=True, help="Look at the files ten times a second, where the system does not tell of changes.")
@click.option("--types", is_flag=True, help="Write slugline-client.ts beside pages/ on every save; once it is there, that needs no flag.")
@PYTHON_ONLY
@explain_errors
def dev(directory: Path, host: str, port: int | None, poll: bool, types: bool, python_only: bool) -> None:
    """Serve the project in DIRECTORY, and load again what you save; with `next dev` where it is a Next.js app."""
    options = DevOptions(host, port or 3000, poll, types)
    run_dev(directory, options, fixed_port=port is not None, python_only=python_only, announce=_announce)


@main.command()
@DIRECTORY
@click.option("--python-port", default=DEFAULT_PORT, show_default=True, type=PORT, help="Where Python will listen behind Next.js.")
@PYTHON_ONLY
@click.option("--automatic", is_flag=True, hidden=True)
@explain_errors
def build(directory: Path, python_port: int, python_only: bool, automatic: bool) -> None:
    """Check the project in DIRECTORY, make its pages, and build its Next.js app if it is one."""
    real = dict(os.environ)
    report = build_project(directory, automatic=automatic, progress=_show_progress if sys.stderr.isatty() else None)
    app = None if python_only else find_nextjs_app(directory.resolve())
    if app is not None:
        build_with_nextjs(app, port=python_port, environment=real)
    _print_table(report)
    if not automatic:
        parts = [_count(len(report.api_rows), "route"), *([_count(len(report.pages), "page")] if report.pages else [])]
        click.echo(f"{click.style('ok', fg='green')} {' and '.join(parts)}, nothing to complain about.")


def _show_progress(count: int) -> None:
    click.echo(f"\r\x1b[KMaking pages … {count}", nl=False, err=True)


def _print_table(report: BuildReport) -> None:
    """Print what came out of a build: each path, what it is, its size, and when it is made anew."""
    if not report.pages:
        return
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    rows = [*report.pages, *report.api_rows]
    shown = rows[:MOST_ROWS_SHOWN]
    width = max(len(row.path) for row in shown)
    for row in shown:
        size = f"{row.size_bytes / 1000:.1f} kB" if row.size_bytes else ""
        again = f"again after {row.revalidate_seconds} s" if row.revalidate_seconds is not None else ""
        click.echo(f"  {row.path:<{width}}  {row.kind:<11}  {size:>9}  {again}".rstrip())
    if len(rows) > len(shown):
        click.echo(f"  … and {len(rows) - len(shown)} more")


def _count(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


@main.command()
@DIRECTORY
@explain_errors
def routes(directory: Path) -> None:
    """List what answers what, in matching order, and from which file."""
    rows = list_routes(directory)
    path_width = max((len(row.pattern) for row in rows), default=0)
    method_width = max((len(row.methods) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row.pattern:<{path_width}}  {row.methods:<{method_width}}  {row.source}")


@main.command()
@DIRECTORY
@OUTPUT
@explain_errors
def openapi(directory: Path, output: Path | None) -> None:
    """Print the OpenAPI 3.1 document of the project in DIRECTORY."""
    text = make_document(directory)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


@main.command()
@DIRECTORY
@OUTPUT
@explain_errors
def types(directory: Path, output: Path | None) -> None:
    """Write the TypeScript client of the project in DIRECTORY, slugline-client.ts beside its pages/."""
    path, is_new = write_types(directory, output)
    click.echo(f"{path}{'' if is_new else ' is up to date'}")


@main.command()
@click.argument("name", type=click.Path(path_type=Path))
@click.option("--template", default="default", show_default=True, help=f"One of: {', '.join(templates())}.")
@explain_errors
def new(name: Path, template: str) -> None:
    """Make a project in the new folder NAME."""
    for path in create_project(name, template):
        click.echo(f"  {click.style('+', fg='green')} {path}")
    steps = next_steps(template)
    click.echo("\n".join(["\nNow:", f"  cd {name}", *(f"  {step}" for step in steps)]))
