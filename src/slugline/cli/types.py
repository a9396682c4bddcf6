"""`slugline types`."""

from pathlib import Path

import click

from slugline.cli.options import DIRECTORY, OUTPUT, explain_errors
from slugline.commands.types import types as write_types

__all__ = ["types"]


@click.command()
@DIRECTORY
@OUTPUT
@explain_errors
def types(directory: Path, output: Path | None) -> None:
    """Write the TypeScript client of the project in DIRECTORY, slugline-client.ts beside its pages/."""
    path, is_new = write_types(directory, output)
    click.echo(f"{path}{'' if is_new else ' is up to date'}")
