"""`res.revalidate(path)`: the page of a path made anew, whichever page that is.

A path leads to a page as a client's request would, through the base path and the rewrites of the project. What is no kept page is asked
for by a request of our own, without a network: one that the project's middleware sees, and that has no client and no cookies.
"""

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any, Protocol

from msgspec import Struct

from slugline.errors import ResponseError
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.http.url import encode_location
from slugline.pages.store import PageNotKept
from slugline.project.discover import Project
from slugline.routing.request_path import find_end_redirect
from slugline.runtime.pipeline import Site, find_page

__all__ = ["Revalidation", "revalidate"]

OWN_FIELDS = [(b"host", b"localhost")]
DEEPEST = 16
"""A route that revalidates itself would do so for ever."""

_depth = contextvars.ContextVar("revalidation_depth", default=0)


class Revalidation(Struct):
    """What a request for a revalidation asks of the page that it comes to, and what became of that: a status, None without one."""

    only_generated: bool
    status: int | None = None


class RevalidatingSite(Site, Protocol):
    """The running application."""

    @property
    def project(self) -> Project: ...
    async def respond(self, request: Request[Any, Any]) -> Response[Any]: ...
    def clean_up(self, request: Request[Any, Any]) -> None: ...


async def revalidate(site: RevalidatingSite, path: str, *, only_generated: bool = False) -> None:
    """Make the page of a path anew. Raises ResponseError."""
    try:
        status = await _revalidate(site, path, only_generated)
    except PageNotKept as error:
        raise ResponseError(f"Failed to revalidate {path}: {error}.") from None
    if status != 200:
        raise ResponseError(f"Failed to revalidate {path}: Invalid response {status}")


async def _revalidate(site: RevalidatingSite, path: str, only_generated: bool) -> int:
    raw_path, _, query = encode_location(path).encode("ascii").partition(b"?")
    config = site.project.config
    base_path = config.base_path.encode("ascii")
    # NEXTJS: the path may have the base path, or leave it out.
    inner = raw_path[len(base_path) :] or b"/" if raw_path == base_path or raw_path.startswith(base_path + b"/") else raw_path
    found = find_page(site, inner)
    if found is not None and found[0].kind == "generated":
        return await site.pages.revalidate(*found, only_generated=only_generated)
    if only_generated and site.gateway is None:
        return 200  # nothing is kept of anything else
    whole = (base_path + inner if inner != b"/" else base_path or inner).decode("ascii")
    # A slash at its end is as little of importance as in the page's own path.
    whole = find_end_redirect(whole, "", trailing_slash=config.trailing_slash, base_path=config.base_path) or whole
    revalidation = Revalidation(only_generated)
    status = await _ask(site, path, whole.encode("ascii"), query, revalidation)
    if revalidation.status is not None:  # a rewrite has led to a page that is kept
        return revalidation.status
    # NEXTJS: anything else counts as done when it answers 200.
    return 200 if only_generated else status


async def _ask(site: RevalidatingSite, path: str, raw_path: bytes, query: bytes, revalidation: Revalidation) -> int:
    request: Request[Any, Any] = Request("HEAD", raw_path, query, OWN_FIELDS)
    request._receive = _receive_nothing
    request._revalidation = revalidation
    with _counting(path):
        response = await site.respond(request)
    site.clean_up(request)
    return response._status if response._final is None else response._final[0]


@contextlib.contextmanager
def _counting(path: str) -> Iterator[None]:
    """Count how deep a revalidation is in others, tasks and threads between them. Raises ResponseError when it cannot end."""
    depth = _depth.get()
    if depth >= DEEPEST:
        raise ResponseError(f"Failed to revalidate {path}: what answers it revalidates it again, {DEEPEST} times over.")
    token = _depth.set(depth + 1)
    try:
        yield
    finally:
        _depth.reset(token)


async def _receive_nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}
