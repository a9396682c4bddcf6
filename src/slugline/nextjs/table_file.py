"""The files through which Slugline and its adapter inside Next.js speak: the table of routes, and what the adapter found out.

The table is what `precedence.make_table` gives, as JSON. The adapter looks at it again for each request, so it is replaced
in one step: a reader sees the old one or the new one.
"""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ConfigFacts", "make_work_folder", "read_facts", "write_table"]


@dataclass(frozen=True, slots=True)
class ConfigFacts:
    """What the user's `next.config` says, as Next.js evaluated it.

    `dist` is where Next.js writes, from the app's folder; it is ".next/dev" in development.
    """

    base_path: str
    dist: str
    page_extensions: tuple[str, ...]


def make_work_folder(root: Path) -> Path:
    """Make the folder .slugline/ in a project, which git ignores, and give its path."""
    folder = root / ".slugline"
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return folder


def write_table(path: Path, table: dict[str, Any]) -> None:
    """Write a table, or replace the one that is there in one step."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(table, file)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def read_facts(path: Path) -> ConfigFacts | None:
    """Give what the adapter reported; None as long as it has not."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return ConfigFacts(facts.get("basePath") or "", facts.get("distDir") or ".next", tuple(facts.get("pageExtensions") or ()))
