"""`slugline new`: a project that runs at once."""

import shutil
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path

from slugline.errors import TemplateError

__all__ = ["create_project", "next_steps", "templates"]

DEFAULT_STEPS = ("slugline dev", "open http://localhost:3000/api/hello")
STEPS = {
    "guestbook": ("pip install -r requirements.txt", "slugline dev", "open http://localhost:3000"),
    "nextjs": ("npm install", "slugline dev", "open http://localhost:3000"),
}
# Templates that are examples too lie in examples/ of a checkout; a wheel has them among the others (see pyproject.toml).
EXAMPLES = ("guestbook",)
# What running a project leaves in its folder.
LEFT_BEHIND = ("__pycache__", ".*_cache", ".slugline", "data", "node_modules")


def templates() -> list[str]:
    """Name the templates, folders of slugline/starters."""
    return sorted(_starters())


def create_project(directory: Path, template: str = "default") -> list[str]:
    """Copy a template into a new folder, and give the files that were made.

    Raises TemplateError when the folder exists and is not empty, cannot be made, or there is no such template.
    """
    starters = _starters()
    if template not in starters:
        raise TemplateError(f"There is no template {template!r}. Choose one of: {', '.join(sorted(starters))}.")
    try:
        _check_place(directory)
        with as_file(starters[template]) as source:
            shutil.copytree(source, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
        if (directory / "gitignore").exists():
            (directory / "gitignore").rename(directory / ".gitignore")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise TemplateError(f"{directory} cannot be made: {_reason(error)}. Choose another place.") from error
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def next_steps(template: str) -> tuple[str, ...]:
    """Give the commands that show what a template does, for a shell in the new folder."""
    return STEPS.get(template, DEFAULT_STEPS)


def _starters() -> dict[str, Traversable]:
    folder = files("slugline").joinpath("starters")
    found = {entry.name: entry for entry in folder.iterdir() if entry.is_dir() and entry.name[0].isalpha()}
    for name in EXAMPLES:
        example = Path(__file__).parents[3] / "examples" / name
        if name not in found and example.is_dir():
            found[name] = example
    return found


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
