"""`slugline build`."""

import os
import sys
from importlib import import_module
from pathlib import Path

import click

from slugline.cli.options import DIRECTORY, PORT, PYTHON_ONLY, explain_errors
from slugline.commands.build import BuildReport
from slugline.commands.build import build as build_project
from slugline.nextjs.app import find_nextjs_app
from slugline.nextjs.build import DEFAULT_PORT

__all__ = ["build"]

MOST_ROWS_SHOWN = 60


@click.command()
@DIRECTORY
@click.option("--python-port", default=DEFAULT_PORT, show_default=True, type=PORT, help="Where Python will listen behind Next.js.")
@click.option("--page-store", default="", metavar="STORE", help="memory, disk, or redis://host:port/0, as for start.")
@PYTHON_ONLY
@click.option("--automatic", is_flag=True, hidden=True)
@explain_errors
def build(directory: Path, python_port: int, page_store: str, python_only: bool, automatic: bool) -> None:
    """Check the project in DIRECTORY, make its pages, and build its Next.js app if it is one."""
    real = dict(os.environ)
    given = {"page_store": page_store} if page_store else {}
    report = build_project(directory, given=given, automatic=automatic, progress=_show_progress if sys.stderr.isatty() else None)
    app = None if python_only else find_nextjs_app(directory.resolve())
    if app is not None:
        import_module("slugline.commands.with_nextjs").build_with_nextjs(app, port=python_port, environment=real)
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
