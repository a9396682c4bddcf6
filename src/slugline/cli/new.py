"""`slugline new`."""

import shlex
from pathlib import Path

import click

from slugline.cli.options import explain_errors
from slugline.commands.new import create_project, next_steps, templates

__all__ = ["new"]


@click.command()
@click.argument("name", type=click.Path(path_type=Path))
@click.option("--template", default="default", show_default=True, help=f"One of: {', '.join(templates())}.")
@explain_errors
def new(name: Path, template: str) -> None:
    """Make a project in the new folder NAME."""
    for path in create_project(name, template):
        click.echo(f"  {click.style('+', fg='green')} {path}")
    steps = next_steps(template)
    click.echo("\n".join(["\nNow:", f"  cd {shlex.quote(str(name))}", *(f"  {step}" for step in steps)]))
