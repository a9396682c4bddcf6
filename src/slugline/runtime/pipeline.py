"""The steps of one request, in order."""

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

from slugline.callables import DONE
from slugline.errors import BadRequest
from slugline.http.cache_control import NEVER_STORE
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.routing.request_path import find_slash_redirect, is_ordinary, read_path, read_query
from slugline.routing.table import Route, RouteTable
from slugline.runtime.api_route import ApiRoute
from slugline.runtime.page_route import MAKE_PREFIX, PageRoute, answer_html, remove_tag
from slugline.runtime.pages import Pages
from slugline.runtime.public_files import PublicFiles
from slugline.runtime.request_checks import check_request
from slugline.runtime.resolve import Ended, Forward, Found, FoundFile, Gateway, Missing, Moved, OuterFields, resolve
from slugline.runtime.run_root_middleware import answer_outcome
from slugline.schema.form import is_same_site

__all__ = ["Site", "answer", "find_page", "is_api_path"]

_MAKE = f"{MAKE_PREFIX}/".encode()


class Site(Protocol):
    """What can answer: routes and pages in one table, and what is said where nothing does."""

    @property
    def table(self) -> RouteTable[ApiRoute]: ...
    @property
    def public(self) -> PublicFiles: ...
    @property
    def pages(self) -> Pages: ...
    @property
    def has_pages(self) -> bool: ...
    @property
    def gateway(self) -> Gateway | None: ...
    async def forward(self, request: Request[Any, Any], response: Response[Any], url: str) -> None: ...


def answer(site: Site, request: Request[Any, Any], response: Response[Any]) -> Awaitable[None]:
    """Check the request, and have it answered."""
    check_request(request)
    if request.method == "POST" and _MAKE in request.raw_path and not _begin_making(site, request, response):
        return DONE
    gateway = site.gateway
    if gateway is None:
        return _answer_path(site, request, response)
    if gateway.leaves_alone(request.raw_path):  # PERF: most requests; such a path has been looked at, and is an ordinary one
        return _answer_path(site, request, response, ordinary=True)
    return _answer_by_rules(site, gateway, request, response)


async def _answer_by_rules(site: Site, gateway: Gateway, request: Request[Any, Any], response: Response[Any]) -> None:
    """Answer as the rules and the middleware of the project decide."""
    outer = OuterFields()
    request._fails_as_page = True
    try:
        decision = await resolve(site, gateway, request, outer)
    except BadRequest:
        answer_unstored(response, 400, "Bad Request")
        return
    request._fails_as_page = False
    if not isinstance(decision, Moved):
        request._outer = outer if not isinstance(decision, Forward) else None
        outer.put_on(response, has_own_type=isinstance(decision, Found))
    match decision:
        case Moved(status, location):
            response.status(status).set_header("location", request._mount_prefix + location).end(location)
        case Ended(outcome):
            answer_outcome(request, response, outcome)
        case Forward(url):
            await site.forward(request, response, url)
        case FoundFile(file):
            await site.public.answer(request, response, file)
            if not gateway.config.generate_etags:
                remove_tag(response)
        case Found(match):
            decision.put_on(request, gateway.config.base_path)
            await _run(site, request, response, match.route, match.params)
        case Missing():
            await answer_not_found(site, request, response)


def _answer_path(site: Site, request: Request[Any, Any], response: Response[Any], *, ordinary: bool = False) -> Awaitable[None]:
    """Find the route of a request that meets no rule, and run it.

    A path that is the name of a static route is canonical by itself, so the look-up comes before the looking closely.
    """
    raw_path = request.raw_path
    table = site.table
    route = table.static.get(raw_path)
    if route is not None:
        return _run(site, request, response, route, None)
    public = site.public
    if not public.is_empty:
        file = public.find(raw_path)
        if file is not None:
            return public.answer(request, response, file)
    if ordinary or is_ordinary(raw_path):
        matched = table.match_ordinary(raw_path.decode("ascii"))
        if matched is None:
            return answer_not_found(site, request, response)
        route, request.params = matched
        return _run(site, request, response, route, None)
    if raw_path == b"*" and request.method == "OPTIONS":
        response.status(204).set_header("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS").end()
        return DONE
    return _answer_unusual(site, request, response)


async def _answer_unusual(site: Site, request: Request[Any, Any], response: Response[Any]) -> None:
    """Answer for a path that has to be looked at closely: refuse it, redirect it, or find its route."""
    table = site.table
    try:
        path = read_path(request.raw_path)
    except BadRequest:
        # NEXTJS: no page and no file has such a path, so there it is a 404.
        if is_api_path(request.path) or not site.has_pages:
            raise
        await answer_not_found(site, request, response)
        return
    location = find_slash_redirect(path, read_query(request.query_string))
    if location is not None and not _belongs_to_mounted(table, path):
        # Not by redirect(), which would encode what came as it is: "%zz" would become another path.
        location = request._mount_prefix + location
        response.status(308).set_header("location", location).end(location)
        return
    try:
        match = table.match(path.removesuffix("/") or "/")
    except BadRequest:
        answer_unstored(response, 400, "Bad Request")
        return
    if match is None:
        await answer_not_found(site, request, response)
        return
    await _run(site, request, response, match.route, match.params)


def _run(
    site: Site, request: Request[Any, Any], response: Response[Any], route: Route[ApiRoute], params: Mapping[str, str | list[str]] | None
) -> Awaitable[None]:
    """Run a route."""
    if params is not None:
        request.params = params
    request.route = route.pattern
    request._api_route = endpoint = route.endpoint
    if request._making:
        making = site.pages.routes[route.source].making if route.source in site.pages.routes else None
        if making is None:
            answer_unstored(response, 404, "Not Found")
            return DONE
        endpoint = making
    if endpoint.run is None:
        answer_upgrade_required(response)
        return DONE
    return endpoint.run(request, response)


def _begin_making(site: Site, request: Request[Any, Any], response: Response[Any]) -> bool:
    """Take the request of a fallback's script for one for the page itself, so that rules and middleware treat it as that.

    False when it is refused, which is answered then.
    """
    base = site.gateway.config.base_path.encode("ascii") if site.gateway is not None else b""
    prefix = base + _MAKE
    if not (request.raw_path.startswith(prefix) and site.has_pages):
        return True
    # SECURITY: another site's visitors must not make this one work.
    if not is_same_site(request):
        answer_unstored(response, 403, "Forbidden")
        return False
    request.raw_path = base + request.raw_path[len(prefix) - 1 :]
    request._making = True
    return True


def _belongs_to_mounted(table: RouteTable[ApiRoute], path: str) -> bool:
    """Tell whether a path ends in one slash that a mounted application decides about: Django and Starlette redirect to it."""
    if not path.endswith("/") or "//" in path or "\\" in path:
        return False
    try:
        match = table.match(path[:-1])
    except BadRequest:
        return False
    return match is not None and match.route.endpoint.mounted is not None


async def answer_not_found(site: Site, request: Request[Any, Any], response: Response[Any]) -> None:
    """Answer 404: with the page that the project has for it, or with a phrase, as for an API and for the parts of a page."""
    if site.has_pages and not is_api_path(request.path) and _wants_page(request):
        document = await site.pages.error_document(404)
        answer_html(response.status(404).set_header("cache-control", NEVER_STORE), document)
    else:
        answer_unstored(response, 404, "Not Found")


def _wants_page(request: Request[Any, Any]) -> bool:
    """Tell whether whoever asks has use for a page. NEXTJS: not for an image or a script, nor below /_next/."""
    wanted = request.index.get(b"sec-fetch-dest", b"document")
    return wanted in (b"document", b"iframe", b"frame", b"empty") and not request.path.startswith(("/_next/", "/_slugline/"))


def find_page(site: Site, raw_path: bytes) -> tuple[PageRoute, Mapping[str, str | list[str]]] | None:
    """Find the page that answers a raw path, with its parameters; None for an API route, a file, or nothing at all."""
    try:
        match = site.table.match(read_path(raw_path).removesuffix("/") or "/")
    except BadRequest:
        return None
    page = site.pages.routes.get(match.route.source) if match is not None else None
    return (page, match.params) if match is not None and page is not None else None


def is_api_path(path: str) -> bool:
    """Tell whether a path is that of an API route."""
    return path == "/api" or path.startswith("/api/")


def answer_unstored(response: Response[Any], status: int, phrase: str) -> None:
    """Answer with a phrase that nobody is to store: a route may answer the path tomorrow."""
    response.status(status).set_header("cache-control", NEVER_STORE).end(phrase)


def answer_upgrade_required(response: Response[Any]) -> None:
    """Answer 426 where a route has a `websocket` function only (RFC 9110 section 15.5.22)."""
    response.status(426).send("This route speaks WebSocket.")
