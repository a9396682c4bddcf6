"""What in a project looks as if it answered, and does not: found at start, so that nobody looks for the fault in the file itself."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from slugline.project.modules import METHODS, RouteModule
from slugline.project.scan import Scan, is_ignored
from slugline.routing.segments import CatchAll, OptionalCatchAll
from slugline.routing.table import Route

__all__ = ["find_narrow_application", "find_overlooked"]

_ANSWERS = re.compile(rb"^(?:(?:async[ \t]+)?def[ \t]+(?:handler|%s)\b|app[ \t]*(?::[^=\n]*)?=)" % "|".join(METHODS).encode(), re.MULTILINE)
NAMED = 5
"""How many files a message names; the rest is a number."""


def find_overlooked(scan: Scan) -> tuple[str, ...]:
    """Give a sentence or two for each: no routes, route files beside pages/api/, links that were not followed, a hidden src/pages."""
    found = [*_outside(scan), *_hidden_source(scan), *_beside_the_api(scan)]
    pages = _name(scan, scan.pages)
    if not (found or scan.routes or scan.page_files):
        found = [f"Make {pages}/api/hello.py, which answers /api/hello."]
    if found and not scan.routes:
        found[0] = f"There are no routes in {pages}/api/. {found[0]}"
    return tuple(found)


def find_narrow_application(route: Route[RouteModule]) -> str | None:
    """Give a sentence about an application whose file answers one path alone, so that nothing below it gets there."""
    if route.endpoint.app is None or (route.segments and isinstance(route.segments[-1], CatchAll | OptionalCatchAll)):
        return None
    folder = route.source.removesuffix("/index.py").removesuffix(".py")
    return (
        f"{route.source} holds an application and answers {route.pattern} alone; no path below it reaches the application. "
        f"Name the file {folder}/[[...path]].py."
    )


def _outside(scan: Scan) -> Iterator[str]:
    for folder in scan.outside:
        yield f"{folder} is a link that leads out of the project. It was not followed, and nothing in it answers: copy it into the project."


def _hidden_source(scan: Scan) -> Iterator[str]:
    hidden = scan.directory / "src" / "pages" / "api"
    if scan.pages != hidden.parent and any(_python_files(hidden)):
        yield "src/pages/ is not looked at, since there is a pages/. Have one of the two."


def _beside_the_api(scan: Scan) -> Iterator[str]:
    pages = _name(scan, scan.pages)
    modules = {page.module for page in (*scan.page_files, *scan.error_pages)}
    strays = [
        path
        for path in _python_files(scan.pages)
        if path.relative_to(scan.pages).parts[0] not in ("api", "api.py") and _name(scan, path) not in modules
    ]
    if scan.routes or scan.page_files:
        # Helpers may lie there. A file that has what a route file has is none.
        strays = [path for path in strays if _ANSWERS.search(path.read_bytes())]
    if not scan.routes:
        strays += _python_files(scan.directory / "api")
    if strays:
        names = _enumerate([_name(scan, path) for path in strays])
        verb = "answers" if len(strays) == 1 else "answer"
        yield f"{names} {verb} nothing, since routes lie in {pages}/api/. Move it there: {pages}/api/{_place(scan, strays[0])}."


def _python_files(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_ignored(name) and name != "node_modules")
        yield from (Path(place, name) for name in sorted(files) if name.endswith(".py") and not is_ignored(name))


def _place(scan: Scan, path: Path) -> str:
    """Give where a file belongs, from pages/api/ on; "API" and "apis" stand for it already."""
    parts = path.relative_to(scan.pages if path.is_relative_to(scan.pages) else scan.directory).parts
    return "/".join(parts[1:] if len(parts) > 1 and parts[0].lower() in ("api", "apis") else parts)


def _name(scan: Scan, path: Path) -> str:
    return path.relative_to(scan.directory).as_posix()


def _enumerate(names: Iterable[str]) -> str:
    shown = list(names)
    rest = len(shown) - NAMED
    if rest > 0:
        shown = [*shown[:NAMED], f"{rest} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
