"""`slugline routes`."""

from pathlib import Path

import click

from slugline.cli.options import DIRECTORY, explain_errors
from slugline.commands.routes import list_routes

__all__ = ["routes"]


@click.command()
@DIRECTORY
@explain_errors
def routes(directory: Path) -> None:
    """List what answers what, in matching order, and from which file."""
    rows = list_routes(directory)
    path_width = max((len(row.pattern) for row in rows), default=0)
    method_width = max((len(row.methods) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row.pattern:<{path_width}}  {row.methods:<{method_width}}  {row.source}")
