"""`slugline dev`."""

from pathlib import Path

import click

from slugline.cli.options import DIRECTORY, PORT, PYTHON_ONLY, announce, explain_errors
from slugline.commands.dev import DevOptions
from slugline.commands.dev import dev as run_dev

__all__ = ["dev"]


@click.command()
@DIRECTORY
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", "-p", type=PORT, envvar="PORT", help="Port to listen on; without it 3000, or the next one that is free.")
@click.option("--poll", is_flag=True, help="Look at the files ten times a second, where the system does not tell of changes.")
@click.option(
    "--types/--no-types",
    default=None,
    help="Write slugline-client.ts beside pages/ on every save, or never; without either where a route has types, or TypeScript is here.",
)
@PYTHON_ONLY
@explain_errors
def dev(directory: Path, host: str, port: int | None, poll: bool, types: bool | None, python_only: bool) -> None:
    """Serve the project in DIRECTORY, and load again what you save; with `next dev` where it is a Next.js app."""
    options = DevOptions(host, port or 3000, poll, types)
    run_dev(directory, options, fixed_port=port is not None, python_only=python_only, announce=announce)
