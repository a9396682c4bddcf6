"""Where a front end finds the API: what stands before its paths, and whether they end in a slash.

In a Next.js app that is for next.config to say, which only Next.js can evaluate; what stands there as a plain value is read from its text.
"""

import re
from pathlib import Path

from msgspec import Struct

from slugline.project.config import ProjectConfig

__all__ = ["Address", "find_address", "has_typescript"]

NEXT_CONFIGS = tuple(f"next.config.{extension}" for extension in ("js", "mjs", "ts", "mts"))

_COMMENT = re.compile(r"/\*.*?\*/|(?:^|\s)//[^\n]*", re.DOTALL | re.MULTILINE)
_BASE_PATH = re.compile(r"""\bbasePath['"]?\s*:\s*(['"`])(/[^'"`$]+)\1""")
_TRAILING_SLASH = re.compile(r"""\btrailingSlash['"]?\s*:\s*true\b""")


class Address(Struct, frozen=True):
    """What turns a route into the path of a URL: `base_path` before it, such as "/app", and a slash after it."""

    base_path: str = ""
    trailing_slash: bool = False


def find_address(root: Path, config: ProjectConfig) -> Address:
    """Give the address of a project's routes, by slugline.config.py and, where there is one, by next.config."""
    text = _read_next_config(root)
    base_path = _BASE_PATH.search(text)
    return Address(
        base_path=config.base_path or (base_path[2] if base_path is not None else ""),
        trailing_slash=config.trailing_slash or _TRAILING_SLASH.search(text) is not None,
    )


def has_typescript(root: Path) -> bool:
    """Tell whether the project's folder holds a program in TypeScript as well."""
    return (root / "tsconfig.json").is_file()


def _read_next_config(root: Path) -> str:
    for name in NEXT_CONFIGS:
        try:
            return _COMMENT.sub("", (root / name).read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
    return ""
