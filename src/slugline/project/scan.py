"""The files under pages/ that answer requests. Nothing is imported here."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slugline.errors import ProjectNotFound, RouteNameError
from slugline.project.near_names import find_meant
from slugline.routing.segments import Segment, split_segments

__all__ = ["MiddlewareFile", "RouteFile", "Scan", "is_ignored", "scan_pages"]

MIDDLEWARE_NAME = "_middleware.py"
_MIDDLEWARE_LIST = re.compile(rb"^(?:middlewares?[ \t]*(?::[^=\n]*)?=|(?:async[ \t]+)?def[ \t]+middleware\b)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MiddlewareFile:
    """One `_middleware.py`; `source` is its path from the project, with forward slashes, for messages."""

    path: Path
    source: str


@dataclass(frozen=True, slots=True)
class RouteFile:
    """One route file: "pages/api/post/[pid].py" has the pattern "/api/post/[pid]".

    `middleware` are the `_middleware.py` files of its folders, outermost first; `source` is as in MiddlewareFile.
    """

    path: Path
    source: str
    pattern: str
    segments: tuple[Segment, ...]
    middleware: tuple[MiddlewareFile, ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """What lies under pages/: the folder itself, its routes sorted by name, and every `_middleware.py` above one of their places.

    `outside` names linked folders that were not followed, since they lead out of the project.
    """

    directory: Path
    pages: Path
    routes: tuple[RouteFile, ...]
    middleware: tuple[MiddlewareFile, ...]
    outside: tuple[str, ...]


def scan_pages(directory: Path, refused: list[RouteNameError] | None = None) -> Scan:
    """Find the route files of the project in `directory`; `src/pages/` counts when there is no `pages/`.

    Raises ProjectNotFound without either folder, RouteNameError for a name that no route can have; with a list `refused`,
    the latter go there and the file is left out.
    Two files that answer the same path are found by `routing.table.build_table`.
    """
    pages = _find_pages(directory)
    walk = _Walk(directory, [], [], [], refused)
    try:
        _walk_api(walk, pages)
    except RouteNameError as error:
        if refused is None:
            raise
        refused.append(error)
    return Scan(directory, pages, tuple(walk.routes), tuple(walk.middleware), tuple(walk.outside))


def _walk_api(walk: "_Walk", pages: Path) -> None:
    # pages/_middleware.py stands above the API as well as above pages.
    chain = walk.extend_chain((), pages)
    api_file = pages / "api.py"
    if api_file.is_file():
        # NEXTJS: pages/api.js and pages/api/index.js are one place.
        walk.add_route(api_file, ("api",), chain)
    if (pages / "api").is_dir():
        walk.visit(pages / "api", ("api",), chain, frozenset())


def _find_pages(directory: Path) -> Path:
    # NEXTJS: a pages/ at the root hides src/pages/, even when it is empty.
    for pages in (directory / "pages", directory / "src" / "pages"):
        if pages.is_dir():
            return pages
    raise ProjectNotFound(
        f"{directory} holds no pages/ folder, nor src/pages/. Start Slugline in the folder that does, "
        "or make pages/api/hello.py there, which answers /api/hello.",
        files=(str(directory),),
    )


@dataclass(slots=True)
class _Walk:
    directory: Path
    routes: list[RouteFile]
    middleware: list[MiddlewareFile]
    outside: list[str]
    refused: list[RouteNameError] | None

    def visit(self, folder: Path, names: tuple[str, ...], chain: tuple[MiddlewareFile, ...], above: frozenset[Path]) -> None:
        real = folder.resolve()
        if real in above:  # a link to a folder that it lies in
            return
        if not real.is_relative_to(self.directory.resolve()):
            self.outside.append(self.name_source(folder))
            return
        chain = self.extend_chain(chain, folder)
        for entry in _list_entries(folder):
            try:
                if entry.is_dir():
                    self.check_encoding(entry)
                    self.visit(entry, (*names, entry.name), chain, above | {real})
                elif entry.suffix == ".py" and entry.is_file():
                    self.check_encoding(entry)
                    self.add_route(entry, (*names, entry.stem) if entry.stem != "index" else names, chain)
            except RouteNameError as error:
                if self.refused is None:
                    raise
                self.refused.append(error)

    def extend_chain(self, chain: tuple[MiddlewareFile, ...], folder: Path) -> tuple[MiddlewareFile, ...]:
        path = folder / MIDDLEWARE_NAME
        if not path.is_file():
            self.refuse_near_middleware(folder)
            return chain
        found = MiddlewareFile(path, self.name_source(path))
        self.middleware.append(found)
        return (*chain, found)

    def refuse_near_middleware(self, folder: Path) -> None:
        """SECURITY: a guard in `_middlewares.py` would stand before nothing, and nobody would be told."""
        names = sorted(os.listdir(folder))
        # In pages/api/ a name without `_` is a route's; load_route_module has a word for it.
        near = [name for name in names if (name.startswith("_") or folder.name == "pages") and name.endswith(".py")]
        for name in near:
            if not find_meant(name.removesuffix(".py"), ("middleware",)) or not (folder / name).is_file():
                continue
            if _MIDDLEWARE_LIST.search((folder / name).read_bytes()):
                source, meant = self.name_source(folder / name), self.name_source(folder / MIDDLEWARE_NAME)
                raise RouteNameError(
                    f"{source} has middleware, and would never run: only {MIDDLEWARE_NAME} does. Name it {meant}; "
                    "if it is a helper, call the list in it something else.",
                    files=(source,),
                )

    def add_route(self, path: Path, names: tuple[str, ...], chain: tuple[MiddlewareFile, ...]) -> None:
        source = self.name_source(path)
        pattern = "/" + "/".join(names)
        self.routes.append(RouteFile(path, source, pattern, split_segments(pattern, source), chain))

    def check_encoding(self, path: Path) -> None:
        try:
            path.name.encode("utf-8")
        except UnicodeEncodeError:
            shown = ascii(self.name_source(path))[1:-1]
            raise RouteNameError(f"{shown}: the name is not UTF-8, so no URL can reach it. Rename it.", files=(shown,)) from None

    def name_source(self, path: Path) -> str:
        return path.relative_to(self.directory).as_posix()


def _list_entries(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    return (folder / name for name in names if not is_ignored(name))


def is_ignored(name: str) -> bool:
    """Tell whether a file or folder of this name is never a route."""
    # NEXTJS: `_private.js` and `a.test.js` are routes there; in Python, helpers and tests lie beside the code they belong to.
    return name.startswith(("_", ".")) or name == "conftest.py" or (name.startswith("test_") and name.endswith(".py"))
