"""The steps of one request, in order."""

from collections.abc import Mapping
from typing import Any, Protocol

from slugline.errors import BadRequest
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.routing.request_path import find_slash_redirect, is_ordinary, read_path, read_query
from slugline.routing.table import RouteTable
from slugline.runtime.api_route import ApiRoute
from slugline.runtime.page_route import MAKE_PREFIX, NEVER_STORE, PageRoute, answer_html
from slugline.runtime.pages import Pages
from slugline.runtime.public_files import PublicFiles
from slugline.runtime.request_checks import check_request
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


async def answer(site: Site, request: Request[Any, Any], response: Response[Any]) -> None:
    """Check the request, find its route, run it.

    A path that is the name of a static route is canonical by itself, so the look-up comes before the looking closely.
    """
    check_request(request)
    raw_path = request.raw_path
    table = site.table
    route = table.static.get(raw_path)
    if route is None:
        if raw_path.startswith(_MAKE) and site.has_pages:
            await _make_page(site, request, response)
            return
        file = site.public.find(raw_path)
        if file is not None:
            await site.public.answer(request, response, file)
            return
        if is_ordinary(raw_path):
            match = table.match_ordinary(raw_path.decode("ascii"))
        elif raw_path == b"*" and request.method == "OPTIONS":
            response.status(204).set_header("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS").end()
            return
        else:
            try:
                path = read_path(raw_path)
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
        route = match.route
        request.params = match.params
    request.route = route.pattern
    request._api_route = endpoint = route.endpoint
    if endpoint.run is None:
        answer_upgrade_required(response)
        return
    await endpoint.run(request, response)


async def _make_page(site: Site, request: Request[Any, Any], response: Response[Any]) -> None:
    """Make the page that a fallback is shown for, as its script asks; its middleware sees a request for the page itself."""
    if request.method != "POST":
        response.status(405).set_header("allow", "POST").end("Method Not Allowed")
        return
    # SECURITY: another site's visitors must not make this one work.
    if not is_same_site(request):
        answer_unstored(response, 403, "Forbidden")
        return
    path = request.raw_path[len(_MAKE) - 1 :]
    found = find_page(site, path)
    if found is None:
        answer_unstored(response, 404, "Not Found")
        return
    page, request.params = found
    request.raw_path = path
    request.route = page.pattern
    request._api_route = making = page.making
    assert making is not None
    assert making.run is not None
    await making.run(request, response)


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
