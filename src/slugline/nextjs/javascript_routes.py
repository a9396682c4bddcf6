"""The paths below /api that Next.js itself answers: its own routes, of both routers, and public files."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slugline.nextjs.app import NextApp

__all__ = ["JavaScriptRoute", "scan_javascript_routes"]

APP_FILES = ("page", "route")


@dataclass(frozen=True, slots=True)
class JavaScriptRoute:
    """One file that Next.js answers with: "pages/api/post/[pid].ts" has the pattern "/api/post/[pid]".

    `source` is its path from the project, with forward slashes.
    """

    pattern: str
    source: str


def scan_javascript_routes(app: NextApp) -> tuple[JavaScriptRoute, ...]:
    """Find what Next.js answers below /api, sorted by file.

    A name that Next.js refuses is not refused here: it says so itself.
    """
    found = [*_scan_pages(app), *_scan_app(app), *_scan_public(app)]
    below_api = [(pattern, path) for pattern, path in found if pattern == "/api" or pattern.startswith("/api/")]
    routes = (JavaScriptRoute(pattern, path.relative_to(app.root).as_posix()) for pattern, path in below_api)
    return tuple(sorted(routes, key=lambda route: route.source))


def _scan_pages(app: NextApp) -> Iterator[tuple[str, Path]]:
    if app.pages is None:
        return
    for names, path in _walk(app.pages):
        stem = _stem(path.name, app.page_extensions)
        if stem is not None:
            # NEXTJS: a name with an underscore, or of a test, is a route like any other.
            yield _join(names if stem == "index" else (*names, stem)), path


def _scan_app(app: NextApp) -> Iterator[tuple[str, Path]]:
    if app.app is None:
        return
    for names, path in _walk(app.app):
        if _stem(path.name, app.page_extensions) not in APP_FILES:
            continue
        # NEXTJS: _folder is private, (group) and @slot are not in the URL, %5F stands for a leading underscore.
        # https://nextjs.org/docs/app/getting-started/project-structure
        if any(name.startswith("_") for name in names):
            continue
        segments = (name.replace("%5F", "_") for name in names if not re.fullmatch(r"\([^.)][^)]*\)|@.+", name))
        yield _join(tuple(segments)), path


def _scan_public(app: NextApp) -> Iterator[tuple[str, Path]]:
    public = app.root / "public"
    for names, path in _walk(public / "api") if (public / "api").is_dir() else ():
        yield _join(("api", *names, path.name)), path


def _walk(top: Path) -> Iterator[tuple[tuple[str, ...], Path]]:
    for folder, folders, files in os.walk(top, followlinks=False):
        folders.sort()
        names = Path(folder).relative_to(top).parts
        for name in sorted(files):
            yield names, Path(folder, name)


def _stem(name: str, extensions: tuple[str, ...]) -> str | None:
    """The name without its page extension, which may have dots of its own ("page.tsx"); None for another file."""
    if name.endswith(".d.ts"):
        return None
    for extension in sorted(extensions, key=len, reverse=True):
        if name.endswith(f".{extension}"):
            return name[: -len(extension) - 1]
    return None


def _join(names: tuple[str, ...]) -> str:
    return "/" + "/".join(names)
