"""Which modules of a project import which: what has to be loaded again when one changes."""

import ast
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["Dependencies", "find_dependents", "imported_names", "possible_names"]


def imported_names(text: str, module: str, *, is_package: bool = False) -> frozenset[str]:
    """Give every module that a source text may import: "lib" and "lib.db" for `from lib import db`.

    Imports inside functions count, and `import_module("lib.db")` with the name written out. Raises SyntaxError.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_package)
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
            if called in ("import_module", "__import__"):
                names.add(node.args[0].value)
    # Importing "a.b.c" runs "a" and "a.b" too.
    return frozenset(".".join(parts[: count + 1]) for name in names if name for parts in [name.split(".")] for count in range(len(parts)))


def _absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if node.level == 0:
        return node.module or ""
    parts = module.split(".")
    kept = len(parts) - node.level + (1 if is_package else 0)
    return ".".join([*parts[: max(kept, 0)], *([node.module] if node.module else [])])


def find_dependents(changed: Iterable[str], imports: Mapping[str, frozenset[str]]) -> set[str]:
    """Give the changed modules and all that import them, directly or through others."""
    importers: dict[str, set[str]] = {}
    for module, names in imports.items():
        for name in names:
            importers.setdefault(name, set()).add(module)
    found: set[str] = set()
    waiting = list(changed)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += importers.get(name, ())
    return found


def possible_names(root: Path, path: Path) -> list[str]:
    """Give the names under which a file or folder of a project can be imported: "lib.db" for lib/db.py or lib/db/__init__.py.

    A file below a folder of the project that is on sys.path has a second one.
    """
    if "site-packages" in path.parts:
        return []
    names = []
    for folder in {root, *(Path(entry) for entry in sys.path if entry.startswith(f"{root}{os.sep}"))}:
        if folder in path.parents:
            parts = path.relative_to(folder).with_suffix("").parts
            names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return [name for name in names if name]


class Dependencies:
    """What each file imports, read again only when the file has changed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[Path, tuple[tuple[int, int], frozenset[str]]] = {}

    def of(self, modules: Mapping[str, Path]) -> dict[str, frozenset[str]]:
        """Give what each module imports, and each file of the project that they would import but that is not loaded, as it failed.

        A submodule counts as importing its package, without which it could not be found. A file that cannot be read or parsed now
        keeps what it imported before.
        """
        found: dict[str, frozenset[str]] = {}
        waiting = dict(modules)
        while waiting:
            for name, path in waiting.items():
                found[name] = self._imports(name, path) | _packages(name)
            wanted = frozenset().union(*(found[name] for name in waiting)) - found.keys()
            waiting = {name: file for name in wanted if (file := self._find(name)) is not None}
        return found

    def _find(self, name: str) -> Path | None:
        place = self._root.joinpath(*name.split("."))
        for path in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if path.is_file():
                return path
        return None

    def _imports(self, name: str, path: Path) -> frozenset[str]:
        known = self._read.get(path)
        try:
            status = os.stat(path)
            stamp = (status.st_mtime_ns, status.st_size)
            if known is None or known[0] != stamp:
                known = stamp, imported_names(path.read_text("utf-8"), name, is_package=path.name == "__init__.py")
                self._read[path] = known
        except (OSError, SyntaxError, ValueError, RecursionError):
            return known[1] if known is not None else frozenset()
        return known[1]


def _packages(name: str) -> frozenset[str]:
    parts = name.split(".")
    return frozenset(".".join(parts[:count]) for count in range(1, len(parts)))
