"""The command line: argv in, one function of commands/ called, its outcome printed."""

from importlib import import_module

import click

__all__ = ["main"]

COMMANDS = ("build", "dev", "new", "openapi", "routes", "start", "types")


class Commands(click.Group):
    """Commands by name, each in a module of its own that is loaded when it is asked for: a start pays for no other."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name them all."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one; None for a name that is none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"slugline.cli.{cmd_name}"), cmd_name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="slugline", prog_name="slugline")
def main() -> None:
    """Next.js API Routes in Python: a folder of files is an API."""
