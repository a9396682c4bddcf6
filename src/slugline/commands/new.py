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

    Raises TemplateError when the folder exists and is not empty, cannot be made, or there is no such template.
    """
    if template not in templates():
        raise TemplateError(f"There is no template {template!r}. Choose one of: {', '.join(templates())}.")
    try:
        _check_place(directory)
        with as_file(files("slugline").joinpath("starters", template)) as source:
            shutil.copytree(source, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        (directory / "gitignore").rename(directory / ".gitignore")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise TemplateError(f"{directory} cannot be made: {_reason(error)}. Choose another place.") from error
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def _check_place(directory: Path) -> None:
    if directory.is_dir():
        if any(directory.iterdir()):
            raise TemplateError(f"{directory} exists already and is not empty. Choose another name.")
    elif directory.exists() or directory.is_symlink():
        raise TemplateError(f"{directory} exists already and is no folder. Choose another name.")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, shutil.Error):  # a list of (source, place, text) for all the files that could not be copied
        return str(error.args[0][0][2])
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
