"""One page: what is decided when the project is loaded, and what runs for a request."""

import asyncio
import contextlib
import inspect
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

from slugline.callables import RunInThread, is_async_callable, make_awaitable
from slugline.errors import PageError
from slugline.http.cache_control import NEVER_STORE
from slugline.http.request import Request
from slugline.http.response import Response, Stage
from slugline.middleware.chain import compose
from slugline.pages.data import NotFound, PageContext, Props, Redirect, Result, read_result
from slugline.pages.entry import Entry, cache_control, make_entry
from slugline.pages.incremental import Incremental
from slugline.pages.paths import Params, StaticPaths, make_path, read_paths
from slugline.pages.renderer import TemplateRenderer
from slugline.project.page_modules import LoadedPage
from slugline.project.route_config import RouteConfig
from slugline.runtime.api_route import ApiRoute, Run, with_body
from slugline.runtime.prepared import HTML, PreparedPages, fill
from slugline.runtime.settings import Settings

__all__ = [
    "MAKE_PREFIX",
    "PageRenderer",
    "PageRoute",
    "PageSite",
    "answer_html",
    "computed_page",
    "make_page_endpoint",
    "remove_tag",
]

READ_METHODS = ("GET", "HEAD")
MAKE_PREFIX = "/_slugline/make"
"""Before the path of a page with `fallback: True`: where its script has it made."""

computed_page: ContextVar[str] = ContextVar("computed_page", default="")
"""The file whose data is being computed, "" outside of that; carried into threads and tasks."""


class PageSite(Protocol):
    """What a page asks of the running application."""

    @property
    def incremental(self) -> Incremental: ...
    @property
    def prepared(self) -> PreparedPages: ...
    @property
    def is_live(self) -> bool:
        """Whether pages are made anew for every request, as in development."""
        ...

    async def known_paths(self, route: "PageRoute") -> StaticPaths: ...
    async def revalidate(self, route: "PageRoute", params: Params, *, only_generated: bool) -> int: ...
    async def error_document(self, status: int) -> bytes: ...


class PageRenderer:
    """Calls the functions of pages and renders their templates; `def` functions and templates run on worker threads.

    What sees `req` and `res` runs where handlers do (`run_handler`): it may wait for another page, which must find a thread to be made on.
    """

    def __init__(self, templates: TemplateRenderer, run_in_thread: RunInThread, run_handler: RunInThread) -> None:
        self._templates = templates
        self._run_in_thread = run_in_thread
        self._run_handler = run_handler

    async def call(self, page: LoadedPage, name: str, *arguments: Any, for_request: bool = False) -> Any:
        """Call one of the functions of a page's Python file."""
        function: Callable[..., Any] = getattr(page.module, name)
        source = page.file.module or page.file.source
        with _computing(source), _containing(source, name):
            return await make_awaitable(function, self._run_handler if for_request else self._run_in_thread)(*arguments)

    async def render(self, page: LoadedPage, props: Mapping[str, Any], extras: Mapping[str, Any]) -> str:
        """Give a page's document. Raises PageError when its template fails."""
        variables = {"form": None, "fallback": False, **extras, **props, "props": props}
        function = page.module.page
        with _containing(page.file.source, "page" if function is not None else "the template"):
            if function is not None and is_async_callable(function):
                content = await function(props)
                return await _awaited(self._run_in_thread(self._wrap, page, content, variables))
            return await _awaited(self._run_in_thread(self._render, page, props, variables))

    def _render(self, page: LoadedPage, props: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
        if page.module.page is not None:
            return self._wrap(page, page.module.page(props), variables)
        assert page.file.template is not None
        return self._templates.render(page.file.template, variables)

    def _wrap(self, page: LoadedPage, content: object, variables: Mapping[str, Any]) -> str:
        as_html = getattr(content, "__html__", None)
        if as_html is not None:
            content = as_html()
        if not isinstance(content, str):
            raise PageError(f"{page.file.source}: page(props) returned {type(content).__name__}. Return HTML as text.")
        return self._templates.wrap(content, variables)


async def _awaited(awaitable: Awaitable[Any]) -> str:
    text: str = await awaitable
    return text


@contextlib.contextmanager
def _computing(source: str) -> Iterator[None]:
    token = computed_page.set(source)
    try:
        yield
    finally:
        computed_page.reset(token)


@contextlib.contextmanager
def _containing(source: str, name: str) -> Iterator[None]:
    """Turn what asks for the end of the program into an error: a page is made in a task of its own, where it would end the worker."""
    try:
        yield
    except (Exception, asyncio.CancelledError):
        raise
    except BaseException as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        message = f"{source}: {name} asked for the end of the program ({said}). Raise another exception, or return not_found or redirect."
        raise PageError(message, files=[source]) from error


class PageRoute:
    """One page that answers requests: made once, made and kept, or made for each request."""

    def __init__(self, page: LoadedPage, renderer: PageRenderer, site: PageSite) -> None:
        self.page = page
        self.pattern = page.pattern
        self.source = page.file.source
        self.making: ApiRoute | None = None
        """What answers the script of a fallback; make_page_endpoint sets it."""
        self._renderer = renderer
        self._site = site
        self.is_dynamic = page.is_dynamic
        self._fixed: Entry | None = None
        self._plain_path = "" if page.is_dynamic else make_path(page.file.segments, {})
        self._known: StaticPaths | None = None
        self._known_paths: frozenset[str] = frozenset()
        module = page.module
        self.is_server = module.get_server_side_props is not None
        self.is_generated = module.get_static_props is not None
        self.answer = self._answer_server if self.is_server else self._answer_generated if self.is_generated else self._answer_static

    @property
    def kind(self) -> str:
        """What `slugline build` calls it: "server", "generated" or "static"."""
        return "server" if self.is_server else "generated" if self.is_generated else "static"

    def lines(self) -> dict[str, int]:
        """Give the line of the function that makes the page, under ""."""
        module = self.page.module
        function = module.get_server_side_props or module.get_static_props or module.page
        code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
        return {"": code.co_firstlineno} if code is not None else {}

    # What a page without data answers

    async def _answer_static(self, request: Request[Any, Any], response: Response[Any]) -> None:
        if _refuse_method(request, response):
            return
        # A dynamic page without data is one document for all of its paths, apart from `params`: it is made for each request.
        if self.is_dynamic or self._site.is_live or (b"cookie" in request.index and request.draft_mode):
            document = await self._renderer.render(self.page, {}, self._extras(request))
            entry = make_entry(document, now=0.0)
            if self._site.is_live:
                response.set_header("cache-control", "no-store")
            fill(response, entry, None, None)
            return
        self._site.prepared.answer(request, response, await self.make_fixed(), None)

    async def make_fixed(self) -> Entry:
        """Make a page without data and parameters, once."""
        if self._fixed is None:
            self._fixed = make_entry(await self.render_plain(), now=0.0)
        return self._fixed

    async def render_plain(self) -> str:
        """Give the document of a page without data and parameters. Raises PageError."""
        extras = {"params": {}, "path": make_path(self.page.file.segments, {}), "draft_mode": False}
        return await self._renderer.render(self.page, {}, extras)

    # What a page with get_static_props answers

    async def _answer_generated(self, request: Request[Any, Any], response: Response[Any]) -> None:
        if _refuse_method(request, response):
            return
        if request._revalidation is not None:
            status = await self._site.revalidate(self, request.params, only_generated=request._revalidation.only_generated)
            request._revalidation.status = status
            response.status(status).end()
            return
        if self._site.is_live or (b"cookie" in request.index and request.draft_mode):
            await self._answer_live(request, response)
            return
        path = self.path_of(request.params) if self.is_dynamic else self._plain_path
        incremental = self._site.incremental
        entry = incremental.peek(path)
        state = "HIT"
        if entry is None:
            is_named = True
            if self.is_dynamic:
                known = await self._site.known_paths(self)
                is_named = self.is_known(path, known)
                if known.fallback != "blocking" and not is_named:
                    if known.fallback is False:
                        await self.answer_error(response, 404)
                        return
                    if not await incremental.holds(path):
                        await self._answer_fallback(request, response)
                        return
            entry, state = await incremental.get(path, lambda: self.make(request.params), is_named=is_named)
        if entry.kind == "not_found":
            response.set_header("x-nextjs-cache", state)
            await self.answer_error(response, 404, cache_control(entry))
            return
        self._site.prepared.answer(request, response, entry, cache_control(entry), state)

    async def _answer_live(self, request: Request[Any, Any], response: Response[Any]) -> None:
        if self.is_dynamic and self._site.is_live:
            known = await self._site.known_paths(self)
            path = self.path_of(request.params)
            if known.fallback is False and not self.is_known(path, known):
                await self.answer_error(response, 404)
                return
        entry = await self.make(request.params, request if request.draft_mode else None)
        policy = NEVER_STORE if request.draft_mode else "no-store"
        if entry.kind == "not_found":
            await self.answer_error(response, 404, policy)
        else:
            fill(response, entry, policy, None)

    async def _answer_fallback(self, request: Request[Any, Any], response: Response[Any]) -> None:
        """Show the page without data; its script asks for the page to be made, and shows it then."""
        extras = {**self._extras(request), "fallback": True}
        document = await self._renderer.render(self.page, {}, extras)
        address = f"{request._mount_prefix}{request._base_path}{MAKE_PREFIX}{self.path_of(request.params)}"
        fill(response, make_entry(_with_script(document, address), now=0.0), NEVER_STORE, None)

    async def answer_making(self, request: Request[Any, Any], response: Response[Any]) -> None:
        """Make the page that a fallback stands for: 204 when it can be asked for, 404 when the path has no fallback."""
        known = await self._site.known_paths(self) if self.is_generated and self.page.is_dynamic else None
        if known is None or known.fallback is not True:
            response.status(404).set_header("cache-control", NEVER_STORE).end("Not Found")
            return
        if not self._site.is_live:
            path = self.path_of(request.params)
            await self._site.incremental.get(path, lambda: self.make(request.params), is_named=self.is_known(path, known))
        response.status(204).set_header("cache-control", NEVER_STORE).end()

    def path_of(self, params: Params) -> str:
        """Give the canonical path for parameters, the page's key in the store."""
        return make_path(self.page.file.segments, params)

    def is_known(self, path: str, known: StaticPaths) -> bool:
        """Tell whether get_static_paths, which gave `known`, named a canonical path."""
        if known is not self._known:
            # PERF: for every path that there is not; going through ten thousand parameters takes 20 ms.
            self._known, self._known_paths = known, frozenset(self.path_of(params) for params in known.params)
        return path in self._known_paths

    async def make(self, params: Params, draft: Request[Any, Any] | None = None) -> Entry:
        """Make the page for parameters; with the request of somebody who is shown drafts, for that one alone.

        Raises what its functions raise, and PageError for what they return.
        """
        context = PageContext(params=dict(params), draft_mode=False, preview=False, preview_data=None)
        if draft is not None:
            context.update(draft_mode=True, preview=True, preview_data=draft.preview_data)
        value = await self._renderer.call(self.page, "get_static_props", context)
        result = read_result(value, f"{self.page.file.module}: get_static_props", is_static=True)
        extras = {"params": context["params"], "path": self.path_of(params), "draft_mode": context["draft_mode"]}
        return await self._make_entry(result, extras)

    async def _make_entry(self, result: Result, extras: Mapping[str, Any]) -> Entry:
        match result:
            case Props(props, seconds):
                return make_entry(await self._renderer.render(self.page, props, extras), revalidate_seconds=seconds)
            case NotFound(seconds):
                return make_entry("", kind="not_found", status=404, revalidate_seconds=seconds)
            case Redirect(location, status, seconds):
                return make_entry(location, kind="redirect", status=status, location=location, revalidate_seconds=seconds)

    async def read_static_paths(self) -> StaticPaths:
        """Ask get_static_paths. Raises PageError."""
        value = await self._renderer.call(self.page, "get_static_paths")
        return read_paths(value, self.page.file.segments, self.pattern, f"{self.page.file.module}: get_static_paths")

    # What a page with get_server_side_props answers

    async def _answer_server(self, request: Request[Any, Any], response: Response[Any]) -> None:
        if request.method == "OPTIONS":  # NEXTJS: answers so
            response.status(400).end()
            return
        context = PageContext(
            params=dict(request.params),
            query=request.query,
            req=request,
            res=response,
            resolved_url=_resolved_url(request),
            draft_mode=request.draft_mode,
            preview=request.draft_mode,
            preview_data=request.preview_data if request.draft_mode else None,
        )
        value = await self._renderer.call(self.page, "get_server_side_props", context, for_request=True)
        if response._stage != Stage.OPEN:
            return
        result = read_result(value, f"{self.page.file.module}: get_server_side_props", is_static=False)
        if not response.has_header("cache-control"):
            response.set_header("cache-control", NEVER_STORE)
        match result:
            case Props(props):
                answer_html(response, await self._renderer.render(self.page, props, self._extras(request)))
            case NotFound():
                await self.answer_error(response, 404)
            case Redirect(location, status):
                response.redirect(status, location)

    # Shared

    async def render_for(
        self, request: Request[Any, Any], response: Response[Any], params: Params, form: Any, props: Mapping[str, Any]
    ) -> None:
        """Answer with the page and a form in it, for `res.render`. Raises PageError, and what the page's functions raise."""
        status = response._status
        context = PageContext(
            params=dict(params),
            draft_mode=request.draft_mode,
            preview=request.draft_mode,
            preview_data=None,
            query={},
            req=request,
            res=response,
        )
        context["resolved_url"] = self.path_of(params)
        own: Mapping[str, Any] = {}
        if self.is_server or self.is_generated:
            name = "get_server_side_props" if self.is_server else "get_static_props"
            value = await self._renderer.call(self.page, name, context, for_request=True)
            result = read_result(value, f"{self.page.file.module}: {name}", is_static=self.is_generated)
            if not isinstance(result, Props):
                raise PageError(f"{self.path_of(params)} gave no page to render, but {type(result).__name__}.", files=[self.source])
            own = result.props
        if response._stage != Stage.OPEN:
            return
        extras = {"params": dict(params), "path": self.path_of(params), "draft_mode": request.draft_mode, "form": form}
        document = await self._renderer.render(self.page, {**own, **props}, extras)
        if status == 200 and form is not None and not form.valid:
            # RFC 9110 sections 15.5.14 and 15.5.21: too much; understood, and not acceptable.
            response.status(413 if getattr(form, "too_large", False) else 422)
        if not response.has_header("cache-control"):
            response.set_header("cache-control", NEVER_STORE)
        answer_html(response, document)

    def _extras(self, request: Request[Any, Any]) -> dict[str, Any]:
        return {"params": dict(request.params), "path": request.path, "draft_mode": request.draft_mode}

    async def answer_error(self, response: Response[Any], status: int, policy: str = NEVER_STORE) -> None:
        """Answer with the page of an error, 404 or 500."""
        document = await self._site.error_document(status)
        answer_html(response.status(status).set_header("cache-control", policy), document)


def make_page_endpoint(route: PageRoute, run_in_thread: RunInThread, settings: Settings, *, tagged: bool) -> ApiRoute:
    """Make what answers requests for a page: the middleware of its folders around it, a body parsed for get_server_side_props."""
    run: Run = route.answer if tagged else _without_tag(route.answer)
    making: Run = route.answer_making
    middleware = route.page.folder_middleware
    if middleware:
        run = compose(middleware, run, run_in_thread)
        # SECURITY: who may not see the page may not have it made either.
        making = compose(middleware, making, run_in_thread)
    route.making = ApiRoute(route.pattern, route.source, RouteConfig(), making, lines=route.lines())
    if route.kind == "server":
        run = with_body(run, RouteConfig(), settings, run_in_thread)
    return ApiRoute(route.pattern, route.source, RouteConfig(), run, lines=route.lines())


def _resolved_url(request: Request[Any, Any]) -> str:
    """Give the path that a rewrite has led to, with the query of the client. NEXTJS: so there."""
    if request._rewritten_path is None:
        return request.url
    query = request.query_string.decode("latin-1")
    return f"{request._rewritten_path}?{query}" if query else request._rewritten_path


def _refuse_method(request: Request[Any, Any], response: Response[Any]) -> bool:
    """Answer 405 for a method that a page without a server's code does not have."""
    if request.method in READ_METHODS:
        return False
    response.status(405).set_header("allow", list(READ_METHODS)).end("Method Not Allowed")
    return True


def _without_tag(run: Run) -> Run:
    async def run_without_tag(request: Request[Any, Any], response: Response[Any]) -> None:
        await run(request, response)
        remove_tag(response)

    return run_without_tag


def remove_tag(response: Response[Any]) -> None:
    """Take the ETag off an answer that has not been finished; for a project that wants none on pages and files."""
    response._tagged = False
    if response._fields is not None:
        response._fields.pop("etag", None)


def answer_html(response: Response[Any], document: str | bytes) -> None:
    """Answer with a document, and its tag; a Content-Type that was set stays."""
    if not response.has_header("content-type"):
        response.set_header("content-type", HTML)
    response.send(document)


def _with_script(document: str, address: str) -> str:
    """Put the script of a fallback into a document, at its end; it has the page made at `address`, and shows it then."""
    # SECURITY: the address may hold a prefix as the client wrote it; JSON leaves "</script>" as it is.
    text = json.dumps(address).replace("<", "\\u003c")
    script = f'<script>fetch({text}, {{ method: "POST" }}).then((made) => made.ok && location.reload())</script>'
    head, end, tail = document.rpartition("</body>")
    return f"{head}{script}{end}{tail}" if end else document + script
