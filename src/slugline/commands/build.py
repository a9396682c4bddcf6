"""`slugline build`: check a project without serving it, and make its pages."""

import asyncio
import contextlib
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from slugline.commands.environment import apply_environment
from slugline.errors import ServerError
from slugline.pages.build_file import (
    Build,
    fingerprint,
    forget_build,
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
from slugline.runtime.settings import Settings, settings_of

__all__ = ["BuildReport", "build", "must_build"]

logger = logging.getLogger("slugline")

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
    directory: Path,
    *,
    settings: Settings | None = None,
    given: Mapping[str, object] | None = None,
    automatic: bool = False,
    progress: Callable[[int], None] | None = None,
) -> BuildReport:
    """Import and check everything that `start` would, and make the pages that can be made in advance.

    `settings` are all settings; without them, those of slugline.config.py with what is `given` over them. `progress` is told how many
    pages there are by now. With `automatic`, pages are made only where one has data to be made with, and those that cannot be kept are
    left to the requests. Raises ProjectError for the first thing that is wrong; what an earlier build has made is then served on.
    """
    variables = apply_environment(directory, "build")
    project = discover(directory)
    if not automatic:
        log_warnings(project)
    if not (_has_data(project) if automatic else project.pages or project.error_pages):
        App(project)  # mounted applications are recognised here
        return BuildReport(project)
    settings = settings or settings_of(project.config, given)
    refuse_own_calls({int(port) for port in ("3000", variables.real.get("PORT", "")) if port.isdecimal()})
    try:
        with contextlib.ExitStack() as stack:
            with _explaining(project):
                stack.enter_context(one_build_at_a_time(project.root))
            pages = _make_pages(project, settings, progress, automatic=automatic)
    except _NoRoom as error:
        if not automatic:
            raise ServerError(str(error)) from error
        logger.warning("%s Until then each is made when somebody asks for it.", error)
        forget_build(project.root)
        pages = []
    return BuildReport(project, pages)


class _NoRoom(Exception):
    """What a build makes cannot be written."""


@contextlib.contextmanager
def _explaining(project: Project) -> Iterator[None]:
    """Say what it means when what a build makes cannot be written. Raises _NoRoom."""
    try:
        yield
    except OSError as error:
        folder = pages_folder(project.root, "")
        raise _NoRoom(f"The pages cannot be kept in {folder}: {error.strerror}. Make room there, or make the folder writable.") from error


def _make_pages(project: Project, settings: Settings, progress: Callable[[int], None] | None, *, automatic: bool) -> list[MadePage]:
    earlier = read_build(project.root)
    build_id = new_build_id()
    folder = pages_folder(project.root, build_id)
    found: list[MadePage] = []
    paths: dict[str, StaticPaths] = {}

    def report(page: MadePage) -> None:
        found.append(page)
        if progress is not None:
            progress(len(found))

    try:
        with _explaining(project):
            folder.mkdir(parents=True)
        app = App(project, settings, open_store(settings.page_store, folder, project.root))
        asyncio.run(_prerender(app, report, paths, must_keep=not automatic))
        with _explaining(project):
            write_build(project.root, Build(build_id, fingerprint(project.root), automatic, paths))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    kept = {build_id: None} if earlier is None else {build_id: None, earlier.id: None}
    remove_other_builds(project.root, kept)  # a server may still serve the one before
    return sorted(found, key=lambda page: page.path)


async def _prerender(app: App, report: Callable[[MadePage], None], paths: dict[str, StaticPaths], *, must_keep: bool) -> None:
    await app.start()
    try:
        await app.pages.prerender(report, paths.__setitem__, must_keep=must_keep)
    finally:
        await app.stop()


def _has_data(project: Project) -> bool:
    return any(page.module.get_static_props is not None for page in (*project.pages, *project.error_pages))


def must_build(root: Path, pages: Iterable[PageFile]) -> Literal["build", "old", "no folder"] | None:
    """Tell what `start` has to do about the pages of a project: "build" them, warn that they are "old", or nothing.

    "no folder" says that they would be built, but could not be written down.

    No file is imported for it: an automatic build sees for itself whether a module that names the function has it.
    """
    if not any(page.module and _NAMES_DATA.search((root / page.module).read_bytes()) for page in pages):
        return None
    build = read_build(root)
    if build is None or build.automatic:
        return "build" if os.access(root, os.W_OK) else "no folder"
    return "old" if build.sources != fingerprint(root) else None
