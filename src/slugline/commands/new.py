"""`slugline new`: a project that runs at once."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from slugline.errors import TemplateError

__all__ = ["create_project", "templates"]


def templates() -> list[str]:
    """Name the templates, folders of slugline/starters."""
    return sorted(entry.name for entry in files("slugline").joinpath("starters").iterdir() if entry.is_dir() and entry.name[0].isalpha())


def create_project(directory: Path, template: str = "default") -> list[str]:
    """Copy a template into a new folder, and give the files that were made.

    Raises TemplateError when the folder exists and is not empty, or there is no such template.
    """
    if template not in templates():
        raise TemplateError(f"There is no template {template!r}. Choose one of: {', '.join(templates())}.")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise TemplateError(f"{directory} exists already and is not empty. Choose another name.")
    with as_file(files("slugline").joinpath("starters", template)) as source:
        shutil.copytree(source, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (directory / "gitignore").rename(directory / ".gitignore")
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
