"""The pages of a running application: their routes, their store, the pages of errors, and how they are made in advance."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from msgspec import Struct

from slugline.callables import RunInThread
from slugline.errors import PageError, ProjectError, ServerError
from slugline.http.error_page import make_error_page
from slugline.pages.entry import Entry
from slugline.pages.incremental import Incremental
from slugline.pages.paths import Params, StaticPaths
from slugline.pages.renderer import open_templates
from slugline.pages.store import PageNotKept, PageStore
from slugline.project.page_modules import LoadedPage
from slugline.runtime.page_route import PageRenderer, PageRoute
from slugline.runtime.prepared import PreparedPages

__all__ = ["MadePage", "Pages"]

logger = logging.getLogger("slugline")

Kind = Literal["static", "prerendered", "on demand", "server", "API"]

Value = TypeVar("Value")

# How many pages a build makes at once; most of the time is spent waiting for their data.
AT_ONCE = 8


class MadePage(Struct, frozen=True):
    """A row of what a build came to: a page that it made or left to a request, or an API route."""

    path: str
    kind: Kind
    revalidate_seconds: int | None = None
    size_bytes: int = 0
    source: str = ""


class Spawn(Protocol):
    """Runs a coroutine function beside the requests; what it raises is logged."""

    def __call__(self, function: Callable[..., Awaitable[Any]], /, *arguments: Any) -> None: ...


class Pages:
    """What pages ask of the application; a PageSite."""

    def __init__(
        self,
        folder: Path,
        pages: Iterable[LoadedPage],
        error_pages: Iterable[LoadedPage],
        store: PageStore,
        *,
        run_in_thread: RunInThread,
        run_handler: RunInThread,
        spawn: Spawn,
        live: bool,
        compress: bool,
        tagged: bool = True,
        paths: dict[str, StaticPaths] | None = None,
    ) -> None:
        self.incremental = Incremental(store, run_in_thread=run_in_thread, spawn=spawn)
        self.prepared = PreparedPages(compress=compress, tagged=tagged)
        self.is_live = live
        self.routes: dict[str, PageRoute] = {}
        self._errors: dict[str, PageRoute] = {}
        pages, error_pages = list(pages), list(error_pages)
        if pages or error_pages:
            renderer = PageRenderer(open_templates(folder, development=live), run_in_thread, run_handler)
            self.routes = {page.file.source: PageRoute(page, renderer, self) for page in pages}
            self._errors = {page.pattern: PageRoute(page, renderer, self) for page in error_pages}
        self._paths: dict[str, StaticPaths] = dict(paths or {})
        self._documents: dict[int, bytes] = {}
        self._asking: dict[str, asyncio.Task[StaticPaths]] = {}

    async def start(self) -> None:
        """Make what every worker has: pages without data, and those of errors. Raises PageError for one that fails."""
        if self.is_live:
            return
        for route in self.routes.values():
            if route.kind == "static" and not route.is_dynamic:
                await _explain(route, route.pattern, route.make_fixed())
        for status in (404, 500):
            own = self._errors.get(f"/{status}")
            making = self.error_document(status)
            await (making if own is None else _explain(own, own.pattern, making))

    async def known_paths(self, route: PageRoute) -> StaticPaths:
        """Give the paths of a dynamic page; asked once in a process, or each time in development."""
        if self.is_live:
            return await route.read_static_paths()
        known = self._paths.get(route.pattern)
        if known is None:
            asking = self._asking.get(route.pattern)
            if asking is None:
                asking = self._asking[route.pattern] = asyncio.ensure_future(route.read_static_paths())
                asking.add_done_callback(lambda _: self._asking.pop(route.pattern, None))
            known = self._paths[route.pattern] = await asyncio.shield(asking)
        return known

    async def error_document(self, status: int) -> bytes:
        """Give the document of an error: the project's 404.html or 500.html, or a plain one."""
        known = self._documents.get(status)
        if known is not None and not self.is_live:
            return known
        route = self._errors.get(f"/{status}")
        if route is None:
            document = make_error_page(status).encode()
        elif route.kind == "generated":
            entry = await route.make({})
            if entry.kind != "page":
                raise PageError(f"{route.page.file.module}: get_static_props gave no props. The page of an error needs some.")
            document = entry.body
        else:
            document = (await route.render_plain()).encode()
        self._documents[status] = document
        return document

    def known_error_document(self, status: int) -> bytes:
        """Give the document of an error as it was last made; a plain one when it never was."""
        return self._documents.get(status) or make_error_page(status).encode()

    async def revalidate(self, route: PageRoute, params: Params, *, only_generated: bool) -> int:
        """Make a page anew, and give the status that says how it went: 200, 404 for a path that there is not, 500.

        Raises PageNotKept when the store did not take the page.
        """
        path = route.path_of(params)
        is_named = True
        if route.is_dynamic:
            known = await self.known_paths(route)
            is_named = route.is_known(path, known)
            if known.fallback is False and not is_named:
                return 404
        if self.is_live or (only_generated and not await self.incremental.holds(path)):
            return 200
        try:
            await self.incremental.regenerate(path, lambda: route.make(params), is_named=is_named)
        except PageNotKept:
            raise
        except Exception:
            logger.exception("%s could not be made anew; what was kept of it stays.", path)
            return 500
        return 200

    async def prerender(
        self, report: Callable[[MadePage], None], note_paths: Callable[[str, StaticPaths], None], *, must_keep: bool = True
    ) -> None:
        """Make every page that can be made in advance, and put it into the store.

        Raises ProjectError for the first that fails, with its path; with `must_keep` for the first that the store does not take, too.
        """
        await self.start()
        limit = asyncio.Semaphore(AT_ONCE)

        async def make(route: PageRoute, params: Params) -> None:
            async with limit:
                entry = await self._make_for_build(route, params, must_keep)
            report(MadePage(route.path_of(params), "prerendered", entry.revalidate_seconds, len(entry.body), route.source))

        for route in self.routes.values():
            if route.kind != "generated":
                report(await self._describe(route))
                continue
            known = StaticPaths(({},), False)
            if route.is_dynamic:
                known = await _explain(route, route.pattern, route.read_static_paths())
                note_paths(route.pattern, known)
            await _run_all(make(route, params) for params in known.params)
            if known.fallback is not False:
                report(MadePage(route.pattern, "on demand", source=route.source))

    async def _describe(self, route: PageRoute) -> MadePage:
        if route.kind == "static" and not route.is_dynamic:
            return MadePage(route.pattern, "static", None, len((await route.make_fixed()).body), route.source)
        return MadePage(route.pattern, "server", source=route.source)

    async def _make_for_build(self, route: PageRoute, params: Params, must_keep: bool) -> Entry:
        path = route.path_of(params)
        try:
            return await _explain(route, path, self.incremental.regenerate(path, lambda: route.make(params)))
        except PageNotKept as error:
            if must_keep:
                raise ServerError(f"{path} was made, and could not be kept. What is wrong with the store of pages stands above.") from None
            return error.entry


async def _run_all(coroutines: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run coroutines side by side; the first exception ends the others and is raised, by itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for coroutine in coroutines:
                group.create_task(coroutine)
    except BaseExceptionGroup as failed:
        first = failed.exceptions[0]
    else:
        return
    raise first


async def _explain(route: PageRoute, path: str, making: Awaitable[Value]) -> Value:
    try:
        return await making
    except PageNotKept:
        raise
    except ProjectError as error:
        raise PageError(f"{path}: {error.message}", files=[route.source]) from error
    except Exception as error:
        raise PageError(f"{path} could not be made: {type(error).__name__}: {error} ({route.source})", files=[route.source]) from error
