"""Environment files, read before any of the user's files is imported."""

import os
from pathlib import Path

from slugline.project.env import Command, EnvironmentVariables, choose_mode, load_environment

__all__ = ["apply_environment"]


def apply_environment(directory: Path, command: Command) -> EnvironmentVariables:
    """Put the values of the project's `.env` files into os.environ, which worker processes inherit. Raises EnvironmentFileError."""
    variables = EnvironmentVariables(os.environ)
    variables.apply(load_environment(directory, choose_mode(command, variables.real), variables.real))
    return variables
