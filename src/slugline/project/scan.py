"""The files under pages/ that answer requests. Nothing is imported here."""

import functools
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from slugline.errors import ProjectNotFound, RouteNameError
from slugline.project.near_names import find_meant
from slugline.routing.segments import Segment, split_segments

__all__ = ["ERROR_PAGES", "MiddlewareFile", "PageFile", "RouteFile", "Scan", "is_ignored", "scan_pages"]

MIDDLEWARE_NAME = "_middleware.py"
ERROR_PAGES = ("/404", "/500")
_PAGE_FUNCTION = re.compile(
    rb"^(?:(?:async[ \t]+)?def[ \t]+|)(?:page|get_?(?:static|server_?side)_?(?:props|paths))\b[ \t]*[(=:]", re.MULTILINE | re.IGNORECASE
)
_MIDDLEWARE_LIST = re.compile(rb"^(?:middlewares?[ \t]*(?::[^=\n]*)?=|(?:async[ \t]+)?def[ \t]+middleware\b)", re.MULTILINE)


class MiddlewareFile(Struct, frozen=True):
    """One `_middleware.py`; `source` is its path from the project, with forward slashes, for messages."""

    path: Path
    source: str


class RouteFile(Struct, frozen=True):
    """One route file: "pages/api/post/[pid].py" has the pattern "/api/post/[pid]".

    `middleware` are the `_middleware.py` files of its folders, outermost first; `source` is as in MiddlewareFile.
    """

    path: Path
    source: str
    pattern: str
    segments: tuple[Segment, ...]
    middleware: tuple[MiddlewareFile, ...]


class PageFile(Struct, frozen=True):
    """One page: pages/post/[slug].html, pages/post/[slug].py, or both.

    `template` is the name of the HTML file from pages/ on, "post/[slug].html"; `module` is the Python file as in MiddlewareFile.
    One of the two may be missing. `source` is the one to name in messages. The error pages 404 and 500 have their pattern too.
    """

    source: str
    pattern: str
    segments: tuple[Segment, ...]
    template: str | None
    module: str | None
    middleware: tuple[MiddlewareFile, ...]


class Scan(Struct, frozen=True):
    """What lies under pages/: the folder itself, its routes and pages sorted by name, and every `_middleware.py` above one of them.

    `error_pages` has the pages of the patterns "/404" and "/500", which answer no path.
    `outside` names linked folders that were not followed, since they lead out of the project.
    """

    directory: Path
    pages: Path
    routes: tuple[RouteFile, ...]
    page_files: tuple[PageFile, ...]
    error_pages: tuple[PageFile, ...]
    middleware: tuple[MiddlewareFile, ...]
    outside: tuple[str, ...]


def scan_pages(directory: Path, refused: list[RouteNameError] | None = None) -> Scan:
    """Find the route files of the project in `directory`; `src/pages/` counts when there is no `pages/`.

    Raises ProjectNotFound without either folder, RouteNameError for a name that no route can have; with a list `refused`,
    the latter go there and the file is left out.
    Two files that answer the same path are found by `routing.table.build_table`.
    """
    pages = _find_pages(directory)
    walk = _Walk(directory, pages, refused)
    try:
        _walk_api(walk, pages)
    except RouteNameError as error:
        if refused is None:
            raise
        refused.append(error)
    shown = tuple(page for page in walk.page_files if page.pattern not in ERROR_PAGES)
    errors = tuple(page for page in walk.page_files if page.pattern in ERROR_PAGES)
    return Scan(directory, pages, tuple(walk.routes), shown, errors, tuple(walk.middleware), tuple(walk.outside))


def _walk_api(walk: "_Walk", pages: Path) -> None:
    # pages/_middleware.py stands above the API as well as above pages.
    chain = walk.extend_chain((), pages)
    api_file = pages / "api.py"
    if api_file.is_file():
        # NEXTJS: pages/api.js and pages/api/index.js are one place.
        walk.add_route(api_file, ("api",), chain)
    if (pages / "api").is_dir():
        walk.visit(pages / "api", ("api",), chain, ())
    walk.visit_pages(pages, (), chain, ())


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
    pages: Path
    refused: list[RouteNameError] | None
    routes: list[RouteFile] = field(default_factory=list)
    page_files: list[PageFile] = field(default_factory=list)
    middleware: list[MiddlewareFile] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    root: Path = field(init=False)
    """Where the project really lies."""

    def __post_init__(self) -> None:
        self.root = self.directory.resolve()

    def visit(self, folder: Path, names: tuple[str, ...], chain: tuple[MiddlewareFile, ...], above: tuple[Path, ...]) -> None:
        below = self.enter(folder, above)
        if below is None:
            return
        chain = self.extend_chain(chain, folder)
        for entry in _list_entries(folder):
            self.attempt(functools.partial(self.visit_entry, entry, names, chain, below))

    def enter(self, folder: Path, above: tuple[Path, ...]) -> tuple[Path, ...] | None:
        """Give the real places of a folder and of those above it; None where a link leads back to one of them, or out of the project."""
        # START: only a link needs all its parts looked at.
        real = folder.resolve() if not above or folder.is_symlink() else above[-1] / folder.name
        if real in above:
            return None
        if not real.is_relative_to(self.root):
            self.outside.append(self.name_source(folder))
            return None
        return (*above, real)

    def visit_entry(self, entry: Path, names: tuple[str, ...], chain: tuple[MiddlewareFile, ...], above: tuple[Path, ...]) -> None:
        if entry.is_dir():
            self.check_encoding(entry)
            self.visit(entry, (*names, entry.name), chain, above)
        elif entry.suffix == ".py" and entry.is_file():
            self.check_encoding(entry)
            self.add_route(entry, (*names, entry.stem) if entry.stem != "index" else names, chain)

    def visit_pages(self, folder: Path, names: tuple[str, ...], chain: tuple[MiddlewareFile, ...], above: tuple[Path, ...]) -> None:
        """Find the pages in a folder and below; those of pages/api/ are routes, and `visit` has found them."""
        below = self.enter(folder, above)
        if below is None:
            return
        entries = [entry for entry in _list_entries(folder) if names or entry.name not in ("api", "api.py")]
        stems = {entry.stem for entry in entries if _is_page(entry, entries)}
        for stem in sorted(stems):
            self.attempt(functools.partial(self.add_page, folder, stem, names, chain))
        for entry in entries:
            if entry.is_dir() and entry.name != "node_modules":
                self.attempt(functools.partial(self.visit_pages_below, entry, names, chain, below))

    def visit_pages_below(self, folder: Path, names: tuple[str, ...], chain: tuple[MiddlewareFile, ...], above: tuple[Path, ...]) -> None:
        self.check_encoding(folder)
        self.visit_pages(folder, (*names, folder.name), self.extend_chain(chain, folder), above)

    def add_page(self, folder: Path, stem: str, names: tuple[str, ...], chain: tuple[MiddlewareFile, ...]) -> None:
        template, module = folder / f"{stem}.html", folder / f"{stem}.py"
        has_template, has_module = template.is_file(), module.is_file()
        self.check_encoding(template if has_template else module)
        pattern = "/" + "/".join((*names, stem) if stem != "index" else names)
        source = self.name_source(template if has_template else module)
        self.page_files.append(
            PageFile(
                source,
                pattern,
                split_segments(pattern, source),
                template.relative_to(self.pages).as_posix() if has_template else None,
                self.name_source(module) if has_module else None,
                chain,
            )
        )

    def attempt(self, walk: Callable[[], None]) -> None:
        try:
            walk()
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


def _is_page(entry: Path, beside: Sequence[Path]) -> bool:
    """Tell whether a file makes a page: HTML does; Python does beside it, or by itself with the functions of a page.

    A Python file of another kind is a helper of its neighbours.
    """
    if entry.suffix == ".html":
        return entry.is_file()
    if entry.suffix != ".py" or not entry.is_file():
        return False
    return entry.with_suffix(".html") in beside or _PAGE_FUNCTION.search(entry.read_bytes()) is not None


def _list_entries(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    return (folder / name for name in names if not is_ignored(name))


def is_ignored(name: str) -> bool:
    """Tell whether a file or folder of this name is never a route."""
    # NEXTJS: `_private.js` and `a.test.js` are routes there; in Python, helpers and tests lie beside the code they belong to.
    return name.startswith(("_", ".")) or name == "conftest.py" or (name.startswith("test_") and name.endswith(".py"))
