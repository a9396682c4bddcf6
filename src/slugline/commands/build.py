"""`slugline build`: check a project without serving it."""

from pathlib import Path

from slugline.commands.environment import apply_environment
from slugline.project.discover import Project, discover, log_warnings
from slugline.runtime.app import App

__all__ = ["build"]


def build(directory: Path) -> Project:
    """Import and check everything that `start` would.

    Raises ProjectError for the first thing that is wrong.
    """
    apply_environment(directory, "build")
    project = discover(directory)
    App(project)  # mounted applications are recognised here
    log_warnings(project)
    return project
