"""What several commands have: their arguments and options, and how an error ends them."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from slugline.errors import ProjectError

__all__ = ["DIRECTORY", "OUTPUT", "PORT", "PYTHON_ONLY", "announce", "explain_errors"]

DIRECTORY = click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path())
PORT = click.IntRange(1, 65535)
PYTHON_ONLY = click.option("--python-only", is_flag=True, help="Leave out the Next.js app that lies in DIRECTORY.")
OUTPUT = click.option("--output", "-o", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="The file to write.")


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


def announce(text: str) -> None:
    """Say where a server is, beside what it writes."""
    click.echo(text, err=True)
