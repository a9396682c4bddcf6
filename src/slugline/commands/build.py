"""`slugline build`: check a project without serving it."""

from pathlib import Path

from slugline.project.discover import Project, discover
from slugline.runtime.app import App

__all__ = ["build"]


def build(directory: Path) -> Project:
    """Import and check everything that `start` would.

    Raises ProjectError for the first thing that is wrong.
    """
    project = discover(directory)
    App(project)  # mounted applications are recognised here
    return project
