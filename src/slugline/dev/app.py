"""The application of a development server: the same as in production, whose routes can be replaced while it runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import replace
from typing import Any

from msgspec import structs

from slugline.callables import make_awaitable
from slugline.dev.api_docs import answer_docs, is_docs_path
from slugline.dev.failure import Failure, describe_failure, group_problems
from slugline.dev.in_use import InUse
from slugline.dev.local import is_local_request
from slugline.dev.overlay import LIVE_PATH, render_html, render_json, render_text
from slugline.dev.project import DevProject, Difference, build_table_leniently
from slugline.errors import InstrumentationError, ProjectError, RouteConflict
from slugline.http.finish import BODILESS
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.project.discover import LoadedPage, LoadedRoute, Project
from slugline.project.front_end import find_address
from slugline.project.modules import Instrumentation
from slugline.project.route_config import RouteConfig
from slugline.project.scan import PageFile
from slugline.routing.table import Route, build_table
from slugline.runtime.access_log import escape
from slugline.runtime.api_route import ApiRoute, make_api_route
from slugline.runtime.app import App
from slugline.runtime.settings import Settings

__all__ = ["DevApp"]

logger = logging.getLogger("slugline")


class BrokenFile(Exception):
    """Stands in for a route whose file cannot be used; `error` says why and has been reported already."""

    def __init__(self, error: ProjectError) -> None:
        super().__init__(error.message)
        self.error = error


class DevApp(App):
    """Serves a DevProject; `install` takes over what a reload has loaded."""

    def __init__(self, dev_project: DevProject, settings: Settings, trusted_hosts: Container[str] = ()) -> None:
        super().__init__(Project(dev_project.root, build_table([]), Instrumentation()), replace(settings, development=True))
        self.dev_project = dev_project
        self.conflicts: list[RouteConflict] = []
        self.live_path = LIVE_PATH
        """Where a page of an error listens for the next save, as the browser sees it."""
        self._trusted_hosts = trusted_hosts
        self._endpoints: dict[str, tuple[LoadedRoute | ProjectError, ApiRoute]] = {}
        self._uses: dict[int, InUse] = {}
        self._leaving: dict[asyncio.Task[None], InUse | None] = {}
        self._under_way: dict[asyncio.Task[Any], Request[Any, Any]] = {}
        self._started = asyncio.Event()
        self._started.set()
        self._start_error: ProjectError | None = None

    @property
    def problems(self) -> list[ProjectError]:
        """Everything that is wrong now: with the project, with its names, with single files; each once."""
        found: list[ProjectError] = [*self.dev_project.problems, *self.conflicts]
        if self.dev_project.site_error is not None:
            found.append(self.dev_project.site_error)
        found += [page for page in self.dev_project.loaded_pages.values() if isinstance(page, ProjectError)]
        if self._start_error is not None:
            found.append(self._start_error)
        for _, endpoint in self._endpoints.values():
            if isinstance(endpoint, _BrokenRoute) and endpoint.error not in found:
                found.append(endpoint.error)
        return found

    @property
    def broken(self) -> set[str]:
        """The files that cannot be used now."""
        routes = {source for source, (_, endpoint) in self._endpoints.items() if isinstance(endpoint, _BrokenRoute)}
        pages = {source for source, page in self.dev_project.loaded_pages.items() if isinstance(page, ProjectError)}
        return routes | pages | self.dev_project.broken | {source for conflict in self.conflicts for source in conflict.files}

    async def install(self, difference: Difference | None = None) -> None:
        """Serve what the project holds now. Requests under way end with the files that they began with.

        Applications mounted by files that have not changed live on, and so does instrumentation.py.
        """
        project = self.dev_project
        self._install_site()
        endpoints = {}
        for source, loaded in project.routes.items():
            known = self._endpoints.get(source)
            endpoints[source] = known if known is not None and known[0] is loaded else (loaded, await self._make_endpoint(source, loaded))
        stale = [source for source, known in self._endpoints.items() if endpoints.get(source, (None, None))[1] is not known[1]]
        gone = [self._endpoints[source][1] for source in stale]
        routes = [
            Route(file.pattern, file.segments, endpoints[file.source][1], file.source)
            for file in project.files.values()
            if file.source in endpoints
        ]
        routes += [
            Route(file.pattern, file.segments, self._make_page_endpoint(file, project.loaded_pages[source]), source)
            for source, file in project.pages.items()
        ]
        # SECURITY: without their middleware sockets must not be open either; requests get the error before they come here.
        self.table, self.conflicts = build_table_leniently(routes if project.site_error is None else [], _break_route)
        self._endpoints = endpoints
        for endpoint in gone:
            use = self._uses.pop(id(endpoint), None)
            leaving = asyncio.create_task(self._let_go(endpoint, use))
            self._leaving[leaving] = use
            leaving.add_done_callback(self._leaving.pop)
        if difference is None or difference.instrumentation:
            await self._replace_instrumentation()

    def _install_site(self) -> None:
        """Take over rules, root middleware, pages and the list of public files."""
        project = self.dev_project
        loaded = [page for page in project.loaded_pages.values() if isinstance(page, LoadedPage)]
        self.project = structs.replace(
            self.project,
            config=project.config,
            root_middleware=project.root_middleware,
            pages_folder=project.pages_folder,
            error_pages=tuple(page for page in loaded if page.file.source in project.error_pages),
        )
        self.gateway = self._make_gateway(self.project)
        self.pages.incremental.close()
        self.pages = self._make_pages(self.project, None, [page for page in loaded if page.file.source in project.pages])
        self.public.rescan()

    def _make_page_endpoint(self, file: PageFile, page: LoadedPage | ProjectError) -> ApiRoute:
        return _BrokenRoute(page, file.pattern, file.source) if isinstance(page, ProjectError) else self._make_page_route(page)

    async def _make_endpoint(self, source: str, loaded: LoadedRoute | ProjectError) -> ApiRoute:
        if isinstance(loaded, ProjectError):
            return _BrokenRoute(loaded, self.dev_project.files[source].pattern, source)
        try:
            endpoint = make_api_route(loaded.pattern, loaded.module, loaded.folder_middleware, self.run_in_thread, self.settings)
            await self.start_mounted(endpoint)
        except ProjectError as error:
            return _BrokenRoute(error, loaded.pattern, source)
        if endpoint.mounted is not None:
            use = self._uses[id(endpoint)] = InUse()
            use.watch(endpoint)
        return endpoint

    async def _let_go(self, endpoint: ApiRoute, use: InUse | None) -> None:
        if use is not None:
            await use.wait_until_idle()
        try:
            await self.stop_mounted(endpoint)
        except Exception:
            logger.exception("The application of %s could not be ended.", endpoint.source)

    async def _replace_instrumentation(self) -> None:
        self._start_error = self.dev_project.instrumentation_error
        if self._start_error is not None:
            return
        self._started.clear()
        try:
            await self._run_hooks()
        finally:
            self._started.set()

    async def _run_hooks(self) -> None:
        """End what the earlier instrumentation.py has started, and start anew; new requests wait for it.

        Those under way may use what ends now, so they are waited for as long as at a stop; streams are not.
        """
        earlier, now = self.project.instrumentation, self.dev_project.instrumentation
        under_way = [task for task, request in self._under_way.items() if request._channel is None and not task.done()]
        if earlier is not now and earlier.shutdown is not None and under_way:
            await asyncio.wait(under_way, timeout=self.settings.shutdown_seconds)
        if earlier is not now and earlier.shutdown is not None:
            await self._run_hook("shutdown", earlier.shutdown)
        self.project = structs.replace(self.project, instrumentation=now)
        failed = await self._run_hook("register", now.register) if now.register is not None else None
        if failed is not None:
            # What did not start has no end, and the next save gets a new start.
            self.project = structs.replace(self.project, instrumentation=Instrumentation())
            self._start_error = self.dev_project.instrumentation_error = failed

    async def _run_hook(self, name: str, function: Callable[[], Any]) -> InstrumentationError | None:
        try:
            await make_awaitable(function, self.run_in_thread)()
        except Exception as error:  # noqa: BLE001 (the border: shown, and healed by the next save)
            failed = InstrumentationError(f"{name}() of instrumentation.py failed: {type(error).__name__}: {error}")
            failed.__cause__ = error
            return failed
        return None

    async def start(self) -> None:
        """Bind to the running loop; what the project starts is started by `install`."""
        self.bind_running_loop()

    async def stop(self) -> None:
        """End what is running, also applications that the last reloads have left to their streams."""
        self.begin_stop()
        for use in self._leaving.values():
            if use is not None:
                use.release()
        await asyncio.gather(*self._leaving)
        await super().stop()

    # What differs from production

    async def respond(self, request: Request[Any, Any]) -> Response[Any]:
        """Answer a request; with the error while the project cannot start."""
        await self._started.wait()
        task = asyncio.current_task()
        assert task is not None
        self._under_way[task] = request
        try:
            return await self._respond(request)
        finally:
            del self._under_way[task]

    async def _respond(self, request: Request[Any, Any]) -> Response[Any]:
        site_error = self.dev_project.site_error or self._start_error
        if site_error is not None:  # SECURITY: without its middleware nothing of the site may be open
            return self._finish(request, self._make_error_response(request, BrokenFile(site_error)))
        response = await super().respond(request)
        if request._api_route is None and response._status == 404 and response._final is not None:
            return self._show_docs(request) or self._explain_not_found(request) or response
        return response

    def _finish(self, request: Request[Any, Any], response: Response[Any]) -> Response[Any]:
        route: ApiRoute | None = request._api_route
        if route is not None and response._body and response._status in BODILESS:
            logger.warning(
                "%s answered %d with a body, which was left out: a %d has none.",
                route.locate(request.method),
                response._status,
                response._status,
            )
        return super()._finish(request, response)

    def _make_error_response(self, request: Request[Any, Any], error: BaseException) -> Response[Any]:
        response = super()._make_error_response(request, error)
        if response._status != 500 or not is_local_request(request.fields, self._trusted_hosts):
            return response
        shown = error.error if isinstance(error, BrokenFile) else error
        failure = describe_failure(shown, self.dev_project.root)
        explained: Response[Any] = Response(request)
        if _wants_html(request):
            where = f"{request.method} {request.url}"
            explained.status(500).set_header("content-type", "text/html; charset=utf-8").end(self._render([(where, failure)]))
        else:
            explained.status(500).json(render_json(failure))
        return explained

    def _render(self, failures: Sequence[tuple[str, Failure]]) -> str:
        return render_html(failures, live_path=self.live_path)

    def _log_failure(self, request: Request[Any, Any], error: BaseException) -> None:
        if not isinstance(error, BrokenFile):
            failure = describe_failure(error, self.dev_project.root)
            logger.error("%s", render_text(f"{request.method} {escape(request.url)}", failure))

    def _show_docs(self, request: Request[Any, Any]) -> Response[Any] | None:
        """Answer /api/docs and /api/openapi.json where no route of the project does."""
        base_path = self.project.config.base_path
        path = request.path.removeprefix(base_path)
        if request.method not in ("GET", "HEAD") or not request.path.startswith(base_path) or not is_docs_path(path):
            return None
        response: Response[Any] = Response(request)
        if not is_local_request(request.fields, self._trusted_hosts):
            response.status(403).end("This is for pages of this server only.")
            return super()._finish(request, response)
        routes = [each for each in self.dev_project.routes.values() if isinstance(each, LoadedRoute)]
        try:
            answer_docs(response, path, self.dev_project.root, routes, find_address(self.dev_project.root, self.project.config))
        except Exception as error:  # noqa: BLE001 (a type of the user's that cannot be described)
            self._log_failure(request, error)
            response = self._make_error_response(request, error)
        return super()._finish(request, response)

    def _explain_not_found(self, request: Request[Any, Any]) -> Response[Any] | None:
        """Tell a browser what there is, and what is wrong with the rest."""
        if not _wants_html(request) or not is_local_request(request.fields, self._trusted_hosts):
            return None
        where = f"{request.method} {request.url}: no file answers it, and this is wrong in the project"
        failures = [
            (f"{where}; it stops {', '.join(others)} too" if others else where, failure)
            for failure, others in group_problems(self.problems, self.dev_project.root)
        ]
        if not failures:
            return None
        response: Response[Any] = Response(request)
        response.status(404).set_header("content-type", "text/html; charset=utf-8").end(self._render(failures))
        return super()._finish(request, response)


class _BrokenRoute(ApiRoute):
    """A route whose file cannot be used: every request gets the reason."""

    def __init__(self, error: ProjectError, pattern: str, source: str) -> None:
        super().__init__(pattern, source, RouteConfig(), self._fail)
        self.error = error

    def _fail(self, request: Request[Any, Any], response: Response[Any]) -> Awaitable[None]:
        raise BrokenFile(self.error)


def _break_route(route: Route[ApiRoute], conflict: RouteConflict) -> Route[ApiRoute]:
    return Route(route.pattern, route.segments, _BrokenRoute(conflict, route.pattern, route.source), route.source)


def _wants_html(request: Request[Any, Any]) -> bool:
    return b"text/html" in request.index.get(b"accept", b"")
