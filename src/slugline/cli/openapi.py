"""`slugline openapi`."""

from pathlib import Path

import click

from slugline.cli.options import DIRECTORY, OUTPUT, explain_errors
from slugline.commands.openapi import openapi as make_document

__all__ = ["openapi"]


@click.command()
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
