"""`slugline build`: check a project without serving it, and make its pages."""

import asyncio
import contextlib
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct, field

from slugline.commands.environment import apply_environment
from slugline.errors import ServerError
from slugline.pages.build_file import (
    Build,
    fingerprint,
    new_build_id,
    one_build_at_a_time,
    pages_folder,
    read_build,
    remove_other_builds,
    write_build,
)
from slugline.pages.open_store import open_store
from slugline.pages.paths import StaticPaths
from slugline.project.discover import LoadedPage, Project, discover, log_warnings
from slugline.project.scan import PageFile
from slugline.runtime.app import App
from slugline.runtime.own_calls import refuse_own_calls
from slugline.runtime.pages import MadePage
from slugline.runtime.settings import Settings

__all__ = ["BuildReport", "build", "must_build"]

# What brings everything from elsewhere may bring the function, too.
_NAMES_DATA = re.compile(rb"get_static_props|import[ \t]+\*")


class BuildReport(Struct, frozen=True):
    """What a build has found: the project, and its pages in the order of their paths."""

    project: Project
    pages: list[MadePage] = field(default_factory=list)

    @property
    def api_rows(self) -> list[MadePage]:
        """The API routes, in matching order."""
        routes = self.project.table.ordered()
        return [MadePage(route.pattern, "API", source=route.source) for route in routes if not isinstance(route.endpoint, LoadedPage)]


def build(
    directory: Path, *, settings: Settings | None = None, automatic: bool = False, progress: Callable[[int], None] | None = None
) -> BuildReport:
    """Import and check everything that `start` would, and make the pages that can be made in advance.

    `progress` is told how many pages there are by now. With `automatic`, pages are made only where one has data to be made with.
    Raises ProjectError for the first thing that is wrong; what an earlier
    build has made is then served on.
    """
    variables = apply_environment(directory, "build")
    project = discover(directory)
    if not automatic:
        log_warnings(project)
    if not (_has_data(project) if automatic else project.pages or project.error_pages):
        App(project)  # mounted applications are recognised here
        return BuildReport(project)
    refuse_own_calls({int(port) for port in ("3000", variables.real.get("PORT", "")) if port.isdecimal()})
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(one_build_at_a_time(project.root))
            build_id = new_build_id()
            folder = pages_folder(project.root, build_id)
            folder.mkdir(parents=True)
        except OSError as error:
            folder = pages_folder(project.root, "")
            raise ServerError(f"The pages cannot be kept in {folder}: {error.strerror}. Make the folder writable.") from error
        pages = _make_pages(project, build_id, settings, progress, automatic=automatic)
    return BuildReport(project, pages)


def _make_pages(
    project: Project, build_id: str, settings: Settings | None, progress: Callable[[int], None] | None, *, automatic: bool
) -> list[MadePage]:
    earlier = read_build(project.root)
    folder = pages_folder(project.root, build_id)
    settings = settings or Settings()
    app = App(project, settings, open_store(settings.page_store, folder, project.root))
    found: list[MadePage] = []
    paths: dict[str, StaticPaths] = {}

    def report(page: MadePage) -> None:
        found.append(page)
        if progress is not None:
            progress(len(found))

    asyncio.run(_prerender(app, report, paths))
    write_build(project.root, Build(build_id, fingerprint(project.root), automatic, paths))
    kept = {build_id: None} if earlier is None else {build_id: None, earlier.id: None}
    remove_other_builds(project.root, kept)  # a server may still serve the one before
    return sorted(found, key=lambda page: page.path)


async def _prerender(app: App, report: Callable[[MadePage], None], paths: dict[str, StaticPaths]) -> None:
    await app.start()
    try:
        await app.pages.prerender(report, paths.__setitem__)
    finally:
        await app.stop()


def _has_data(project: Project) -> bool:
    return any(page.module.get_static_props is not None for page in (*project.pages, *project.error_pages))


def must_build(root: Path, pages: Iterable[PageFile]) -> str | None:
    """Tell what `start` has to do about the pages of a project: "build" them, warn that they are "old", or nothing.

    No file is imported for it: an automatic build sees for itself whether a module that names the function has it.
    """
    if not any(page.module and _NAMES_DATA.search((root / page.module).read_bytes()) for page in pages):
        return None
    build = read_build(root)
    if build is None or build.automatic:
        return "build" if os.access(root, os.W_OK) else None
    return "old" if build.sources != fingerprint(root) else None
