"""The running application: one request in, one response out, whatever happens between."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

from slugline.callables import make_awaitable
from slugline.errors import ClientDisconnected, HandlerEnded, InstrumentationError, MiddlewareError, ResponseError
from slugline.http.cache_control import NEVER_STORE
from slugline.http.finish import finish_whole
from slugline.http.request import Request
from slugline.http.response import Response, Stage
from slugline.http.url import encode_location
from slugline.pages.build_file import pages_folder, read_build
from slugline.pages.open_store import open_store
from slugline.pages.store import PageStore
from slugline.project.discover import LoadedPage, Project
from slugline.project.preview_keys import ProjectPreviewSource
from slugline.project.public import check_public_conflicts
from slugline.routing.table import Route, RouteTable, build_table
from slugline.runtime.access_log import escape
from slugline.runtime.api_route import ApiRoute, make_api_route
from slugline.runtime.channel import Channel, StreamCut
from slugline.runtime.disconnection import Disconnection
from slugline.runtime.error_response import is_expected, make_error_response
from slugline.runtime.late_answer import wait_for_late_answer
from slugline.runtime.mounted_lifespan import MountedLifespan
from slugline.runtime.page_route import answer_html, make_page_endpoint
from slugline.runtime.pages import Pages
from slugline.runtime.pipeline import answer, find_page, is_api_path
from slugline.runtime.public_files import PublicFiles
from slugline.runtime.resolve import Gateway
from slugline.runtime.revalidation import revalidate
from slugline.runtime.reverse_proxy import ReverseProxy
from slugline.runtime.run_root_middleware import RunRootMiddleware
from slugline.runtime.settings import Settings, settings_of
from slugline.runtime.streaming import Load, Streaming
from slugline.runtime.threads import Overloaded, Threads
from slugline.runtime.websocket import WebSocket

__all__ = ["App"]

logger = logging.getLogger("slugline")

# No smaller answer is worth looking up the route's `responseLimit`.
LARGE_BYTES = 64 * 1024
# Compressing and tagging more than this holds the loop up for longer than a hop to a thread takes.
FINISHED_ON_THREAD_BYTES = 256 * 1024


class App:
    """A project, ready to answer."""

    def __init__(self, project: Project, settings: Settings | None = None, page_store: PageStore | None = None) -> None:
        self.project = project
        self.settings = settings or settings_of(project.config)
        self.threads = Threads(self.settings.threads, max_waiting=self.settings.max_waiting)
        self.run_in_thread = self.threads.run
        # Pages have threads of their own: `def` handlers that wait for res.revalidate() may hold all the others. Nothing here waits so.
        self.page_threads = Threads(self.settings.threads)
        self.preview_source = ProjectPreviewSource(project.root, development=self.settings.development)
        self.pages = self._make_pages(project, page_store)
        self.table = self._load_routes(project)
        self.public = self._open_public(project)
        self.gateway = self._make_gateway(project)
        self._proxy = ReverseProxy(self.settings) if self.gateway is not None and self.gateway.leads_elsewhere else None
        self.load = Load()
        self.streaming = Streaming(self.settings, self.load, self.threads.run_admitted)
        self.stopping = False
        self.raise_exceptions = False
        """Whether an exception that would become a 500 is raised instead; for tests."""
        self.sockets: set[asyncio.Task[Any]] = set()
        self._background: set[asyncio.Task[Any]] = set()
        self._lifespans: dict[int, MountedLifespan] = {}
        self.loop: asyncio.AbstractEventLoop | None = None

    def _load_routes(self, project: Project) -> RouteTable[ApiRoute]:
        routes = []
        for route in project.table.ordered():
            loaded = route.endpoint
            if isinstance(loaded, LoadedPage):
                endpoint = self._make_page_route(loaded)
            else:
                endpoint = make_api_route(loaded.pattern, loaded.module, loaded.folder_middleware, self.run_in_thread, self.settings)
            routes.append(Route(route.pattern, route.segments, endpoint, route.source))
        return build_table(routes)

    def _make_pages(self, project: Project, store: PageStore | None, pages: Sequence[LoadedPage] | None = None) -> Pages:
        build = None if self.settings.development or store is not None or not project.pages else read_build(project.root)
        if store is None:
            store = open_store(self.settings.page_store, pages_folder(project.root, build.id) if build is not None else None, project.root)
        return Pages(
            project.pages_folder,
            project.pages if pages is None else pages,
            project.error_pages,
            store,
            run_in_thread=self.page_threads.run_admitted,
            run_handler=self.run_in_thread,
            spawn=self.run_in_background,
            live=self.settings.development,
            compress=self.settings.compress,
            tagged=project.config.generate_etags,
            paths=build.paths if build is not None else None,
        )

    def _make_gateway(self, project: Project) -> Gateway | None:
        gateway = Gateway(project.config, project.root_middleware, RunRootMiddleware(self.run_in_thread, self.settings))
        return gateway if gateway.is_needed else None

    async def forward(self, request: Request[Any, Any], response: Response[Any], url: str) -> None:
        """Have another server answer."""
        await self._open_proxy().forward(request, response, url)

    async def forward_websocket(self, request: Request[Any, Any], response: Response[Any], socket: WebSocket, url: str) -> None:
        """Have another server answer a handshake, and pass on what both sides say."""
        response._handed_over = True
        await self._open_proxy().forward_websocket(request, socket, url)

    def _open_proxy(self) -> ReverseProxy:
        if self._proxy is None:
            self._proxy = ReverseProxy(self.settings)
        return self._proxy

    def _open_public(self, project: Project) -> PublicFiles:
        public = PublicFiles(project.root, self.threads.run_admitted)
        if not self.settings.development:
            static = {route.pattern: route.source for route in self.table.static.values()}
            check_public_conflicts(public.files, static)
        return public

    def _make_page_route(self, page: LoadedPage) -> ApiRoute:
        route = self.pages.routes[page.file.source]
        return make_page_endpoint(route, self.run_in_thread, self.settings, tagged=self.project.config.generate_etags)

    # Start and stop

    async def start(self) -> None:
        """Bind to the running loop and run `register` of instrumentation.py. Raises InstrumentationError."""
        self.bind_running_loop()
        register = self.project.instrumentation.register
        if register is not None:
            try:
                await make_awaitable(register, self.run_in_thread)()
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # `sys.exit` too: it would end worker after worker without a word
                raise InstrumentationError(f"register() of instrumentation.py failed: {type(error).__name__}: {error}") from error
        for route in self.table.ordered():
            await self.start_mounted(route.endpoint)
        await self.pages.start()

    async def stop(self) -> None:
        """End streams, wait for what runs in the background, and run `shutdown` of instrumentation.py."""
        self.begin_stop()
        pending = {task for task in self._background if not task.done()}
        if pending:
            await asyncio.wait(pending, timeout=self.settings.shutdown_seconds)
        for route in reversed(self.table.ordered()):
            await self.stop_mounted(route.endpoint)
        shutdown = self.project.instrumentation.shutdown
        if shutdown is not None:
            try:
                await make_awaitable(shutdown, self.run_in_thread)()
            except asyncio.CancelledError:
                raise
            except BaseException:  # the rest is to be closed, whatever this one wants
                logger.exception("shutdown() of instrumentation.py failed.")
        if self._proxy is not None:
            await self._proxy.close()
        self.pages.incremental.close()
        self.threads.close()
        self.page_threads.close()

    async def start_mounted(self, endpoint: ApiRoute) -> None:
        """Start the application that a route file mounts, if it does. Raises RouteModuleError when it cannot start."""
        mounted = endpoint.mounted
        if mounted is not None and mounted.interface == "asgi":
            lifespan = MountedLifespan(mounted.asgi_app, logger, file=endpoint.source)
            await lifespan.startup()
            mounted.state = lifespan.state
            self._lifespans[id(mounted)] = lifespan

    async def stop_mounted(self, endpoint: ApiRoute) -> None:
        """End the application that a route file mounts, if it does."""
        if endpoint.mounted is not None:
            lifespan = self._lifespans.pop(id(endpoint.mounted), None)
            if lifespan is not None:
                await lifespan.shutdown()
            endpoint.mounted.close()

    def begin_stop(self) -> None:
        """Tell event streams and sockets to finish, so that a server which waits for them can stop; called on the loop.

        Other streams go on: an end that comes early would pass for the end of the body.
        """
        self.stopping = True
        self.streaming.end_event_streams()
        for task in list(self.sockets):
            task.cancel()

    def bind_running_loop(self) -> None:
        """Work for the running loop from now on; a server that speaks lifespan has `start` do it."""
        self.loop = asyncio.get_running_loop()
        self.streaming.bind(self.loop)

    # One request

    async def respond(self, request: Request[Any, Any]) -> Response[Any]:
        """Answer a request; the one border at which an exception becomes a response.

        What comes back is complete, or under way through its channel.
        """
        request._host = self
        # What a thread works on, or what waits for one, has a cap of its own: a full pool must not shut out `async def` routes.
        if self.load.requests - self.threads.outstanding >= self.settings.max_concurrent:
            return self._finish(request, self._make_error_response(request, Overloaded()))
        self.load.requests += 1
        # The one reference to the response outside the handler, so that it can be seen when nobody can answer any more.
        held: list[Response[Any]] = [Response(request, self)]
        try:
            await answer(self, request, held[0])
            if request._unawaited is not None:
                self._refuse_unawaited(request, held)
            if held[0]._stage != Stage.ANSWERED:
                held.append(await self._await_late_answer(request, held))
            if held[0]._source is not None:
                await self.streaming.send_source(request, held[0])
            response = held[0]
        except BaseException as error:  # noqa: BLE001 (the border)
            response = self._handle_error(request, held, error)
        finally:
            self.load.requests -= 1
        if response._channel is not None or response._handed_over or response._final is not None:
            return response
        if len(response._body) > FINISHED_ON_THREAD_BYTES:
            return cast("Response[Any]", await self.threads.run_admitted(self._finish, request, response))
        return self._finish(request, response)

    def _refuse_unawaited(self, request: Request[Any, Any], held: list[Response[Any]]) -> None:
        """Raise for a middleware that was never awaited; the answer that came without it goes to nobody."""
        if held[0]._channel is None:
            held[0]._stage = Stage.ANSWERED
            held[0] = Response(request, self)
        raise MiddlewareError(request._unawaited.explain())

    async def _await_late_answer(self, request: Request[Any, Any], held: list[Response[Any]]) -> Response[Any]:
        route: ApiRoute = request._api_route
        try:
            late = await wait_for_late_answer(held, self.settings.late_answer_seconds)
        except asyncio.CancelledError as error:
            _give_up(request, held, error)
            raise
        channel = request._channel  # a late writer may have opened it by now
        if late is not None:
            return late
        if channel is not None:
            if not channel.carries_events:
                logger.warning(
                    "%s wrote to the response and returned without ending it; it was ended. Call res.end().", route.locate(request.method)
                )
            channel.finish()
            response: Response[Any] = Response(request, self)
            response._channel = channel
            response._stage = Stage.ANSWERED
            return response
        cure = "call res.json(), res.send() or res.end() before it returns"
        explanation = f"{route.locate(request.method)} answered {request.method} {escape(request.path)} with nothing: {cure}."
        if not route.config.external_resolver:
            logger.error("%s", explanation)
        request._given_up = True
        return self._make_error_response(request, ResponseError(explanation))

    def _handle_error(self, request: Request[Any, Any], held: list[Response[Any]], error: BaseException) -> Response[Any]:
        """Turn an exception into the answer, unless one is on its way: a complete one stands, a partial one is cut."""
        if isinstance(error, asyncio.CancelledError):
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                _give_up(request, held, error)
                raise error  # the server stops; nobody waits for this answer
        response = held[0] if held else Response(request, self)
        channel = response._channel
        left = isinstance(error, ClientDisconnected)
        if not (left or isinstance(error, HandlerEnded) or is_expected(error)):
            if self.raise_exceptions:
                raise error
            self._log_failure(request, error)
        if response._handed_over:
            if left:
                return response
            raise StreamCut("The mounted application failed.") from error
        if channel is not None:
            if isinstance(error, MiddlewareError):
                channel.close(error)
            elif not response.ended or response._source is not None:
                channel.finish() if left or isinstance(error, HandlerEnded) else channel.close(error)
            return response
        if response.ended and response._source is None:
            return response
        response._stage = Stage.ANSWERED  # what holds it still must not answer a second time
        request._given_up = True
        return self._make_error_response(request, error)

    def _make_error_response(self, request: Request[Any, Any], error: BaseException) -> Response[Any]:
        response = make_error_response(request, error, retry_after_seconds=self.settings.retry_after_seconds)
        if response._status == 500 and self.has_pages and (request._fails_as_page or not is_api_path(request.path)):
            document = self.pages.known_error_document(500)
            response = Response(request)
            answer_html(response.status(500).set_header("cache-control", NEVER_STORE), document)
        if request._outer is not None:
            request._outer.put_on(response, has_own_type=True)
        return response

    def _finish(self, request: Request[Any, Any], response: Response[Any]) -> Response[Any]:
        try:
            if "status" in response.__dict__:
                raise ResponseError("The handler assigned to res.status. Call res.status(404), or assign to res.status_code.")
            response._final = finish_whole(request, response, compress=self.settings.compress)
            if len(response._body) > LARGE_BYTES:
                _warn_of_size(request, response)
        except Exception as error:
            if self.raise_exceptions:
                raise
            self._log_failure(request, error)
            response = self._make_error_response(request, error)
            response._final = finish_whole(request, response, compress=False)
        return response

    def _log_failure(self, request: Request[Any, Any], error: BaseException) -> None:
        route = request._api_route
        where = f" ({route.source})" if route is not None else ""
        logger.error("%s %s failed%s.", request.method, escape(request.path), where, exc_info=error)

    # What a request and a response ask of their host

    def open_channel(self, response: Response[Any]) -> Channel:
        """Send the head and give the channel for the body; on the loop's thread or on a worker's."""
        return self.streaming.open_channel(response)

    def watch_disconnection(self, request: Request[Any, Any]) -> Disconnection:
        """Begin to watch whether the client leaves; on the loop's thread or on a worker's."""
        return self.streaming.watch_disconnection(request)

    # Pages

    @property
    def has_pages(self) -> bool:
        """Whether the project has pages, and not an API alone."""
        return bool(self.pages.routes)

    async def revalidate(self, path: str, *, only_generated: bool = False) -> None:
        """Make the page of a path anew, for `res.revalidate`. Raises ResponseError."""
        await revalidate(self, path, only_generated=only_generated)

    async def render_page(self, response: Response[Any], path: str, form: Any, props: Mapping[str, Any]) -> None:
        """Answer with the page of a path, for `res.render`. Raises ResponseError when there is none."""
        found = find_page(self, encode_location(path).encode("ascii"))
        if found is None:
            raise ResponseError(f"res.render() was given {path!r}, and there is no such page. Give a page's path, such as '/'.")
        route, params = found
        await route.render_for(response._request, response, params, form, props)

    # Afterwards

    def clean_up(self, request: Request[Any, Any]) -> None:
        """Let go of what belongs to the request, and start what `res.after` asked for."""
        if request._form is not None:
            request._form.close()
        if request._disconnection is not None:
            request._disconnection.stop()
        for function, arguments in request._after or ():
            self.run_in_background(make_awaitable(function, self.threads.run_admitted), *arguments)

    def run_in_background(self, function: Callable[..., Awaitable[Any]], *arguments: Any) -> None:
        """Run a function beside the requests; an exception in it is logged."""
        task = asyncio.ensure_future(_run_logged(function, arguments))
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _give_up(request: Request[Any, Any], held: list[Response[Any]], error: BaseException) -> None:
    """Let nothing more be answered: nobody waits."""
    request._given_up = True
    for response in held:
        response._stage = Stage.ANSWERED
    if request._channel is not None:
        request._channel.close(error)


def _warn_of_size(request: Request[Any, Any], response: Response[Any]) -> None:
    """Warn of an answer over the route's `responseLimit`. NEXTJS: it is sent all the same."""
    route: ApiRoute | None = request._api_route
    limit = route.config.response_limit_bytes if route is not None else None
    if route is not None and limit is not None and len(response._body) > limit:
        logger.warning(
            "%s sent %d bytes, more than its responseLimit of %d. Send less, stream it, or set responseLimit in its config.",
            route.locate(request.method),
            len(response._body),
            limit,
        )


async def _run_logged(function: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...]) -> None:
    try:
        await function(*arguments)
    except asyncio.CancelledError:
        raise
    except BaseException:
        logger.exception("A function given to res.after() failed.")
