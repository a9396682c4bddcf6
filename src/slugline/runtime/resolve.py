"""What is to become of a request: the order of the steps, in one function.

How to think about it. The path is made canonical once, and rules, matchers, middleware, files and routes all see that one value: two
spellings of a path cannot get past a guard in one of them and reach the route in another. A rewrite makes a new path, which the steps
after it see. There is no header that skips a step.

NEXTJS: the same order. headers() → trailing slash → redirects() → middleware → beforeFiles → files and static routes → afterFiles →
dynamic routes → fallback → 404.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from slugline.errors import BadRequest
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.http.url import parse_query
from slugline.middleware.outcome import GoOn, Outcome, Rewrite
from slugline.project.config import ProjectConfig
from slugline.project.public import PublicFile
from slugline.project.root_middleware import RootMiddleware
from slugline.routing.conditions import RequestView
from slugline.routing.pattern_parts import canonical_text
from slugline.routing.request_path import collapse_slashes, find_end_redirect, is_ordinary, read_path, read_query
from slugline.routing.rule_index import RuleIndex
from slugline.routing.rules import MovedRequest, RewriteRule, RuleBook, collect_headers, find_redirect, find_rewrite
from slugline.routing.segments import Static
from slugline.routing.table import Match, RouteTable
from slugline.runtime.api_route import ApiRoute
from slugline.runtime.hand_over import mount_prefix
from slugline.runtime.public_files import PublicFiles
from slugline.runtime.run_root_middleware import RunRootMiddleware

__all__ = ["Decision", "Ended", "Forward", "Found", "FoundFile", "Gateway", "Missing", "Moved", "OuterFields", "resolve"]

# Of which paths it is remembered that no rule meets them: some 300 KB.
MOST_KNOWN = 2048
LONGEST_KNOWN_BYTES = 128


class OuterFields(Struct):
    """Header fields that rules and middleware give to whatever answers, which may replace them; its cookies come beside `cookies`."""

    headers: dict[str, str | list[str]] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)

    def put_on(self, response: Response[Any], *, has_own_type: bool) -> None:
        """Put the fields on an answer. With `has_own_type`, a Content-Type gives way to what `res.json()` and the like say."""
        headers = dict(self.headers)
        if has_own_type and "content-type" in headers:
            named = headers.pop("content-type")
            response._outer_type = named if isinstance(named, str) else named[0]
        response._fields = {**headers, **(response._fields or {})} or None
        response._outer_cookies = tuple(self.cookies)

    def add(self, headers: Mapping[str, str | list[str]], cookies: list[str]) -> None:
        """Take over what a middleware gave."""
        self.headers.update(headers)
        self.cookies += cookies

    def keep_only(self, outcome: Outcome) -> None:
        """Forget what rules gave. NEXTJS: where another server answers, its headers count, and those of the middleware."""
        self.headers, self.cookies = dict(outcome.headers), list(outcome.cookies)


class Moved(Struct, frozen=True):
    """The client is to ask elsewhere."""

    status: int
    location: str


class Ended(Struct, frozen=True):
    """The root middleware has answered."""

    outcome: Outcome


class Forward(Struct, frozen=True):
    """Another server answers."""

    url: str


class FoundFile(Struct, frozen=True):
    """A file of public/ answers."""

    file: PublicFile


class Found(Struct, frozen=True):
    """A route or a page answers; `query` and `query_string` are those of a rewrite, None when there was none."""

    match: Match[ApiRoute]
    path: str
    query: Mapping[str, str | list[str]] | None = None
    query_string: str | None = None

    def put_on(self, request: Request[Any, Any], base_path: str) -> None:
        """Show the request to whoever answers: without the base path, and with what a rewrite has made of path and query."""
        if base_path:
            request._base_path = base_path
            request.raw_path = _cut_base(request.raw_path, base_path)
        if self.query is not None and self.query_string is not None:
            request._rewritten_query, request._query = self.query, None
            request._rewritten_path = self.path
            request._rewritten_query_string = self.query_string


class Missing(Struct, frozen=True):
    """Nothing answers."""


Decision = Moved | Ended | Forward | FoundFile | Found | Missing


class Tables(Protocol):
    """What there is to answer with."""

    @property
    def table(self) -> RouteTable[ApiRoute]: ...
    @property
    def public(self) -> PublicFiles: ...


class Gateway:
    """The rules and the root middleware of a project, ready to be asked."""

    def __init__(self, config: ProjectConfig, middleware: RootMiddleware | None, run: RunRootMiddleware) -> None:
        self.config = config
        self.rules = RuleBook(
            headers=config.headers,
            redirects=config.redirects,
            before_files=config.before_files,
            after_files=config.after_files,
            fallback=config.fallback,
        )
        self.middleware = middleware
        self.run = run
        self._may_guard = middleware is not None or any((config.redirects, config.before_files, config.after_files, config.fallback))
        # PERF: 0.1 µs for a path that was asked for before, 1 µs for another. Nothing but the path has a part in it.
        self._known: dict[bytes, bool] = {}
        self._moves_paths = bool(config.base_path or config.trailing_slash or config.skip_trailing_slash_redirect)
        self.is_needed = (
            self._moves_paths
            or not config.generate_etags
            or middleware is not None
            or any((config.headers, config.redirects, config.before_files, config.after_files, config.fallback))
        )

    @property
    def leads_elsewhere(self) -> bool:
        """Whether a rule has another server answer."""
        config = self.config
        return any(rule.destination.is_external for rule in (*config.before_files, *config.after_files, *config.fallback))

    def leaves_alone(self, raw_path: bytes) -> bool:
        """Tell whether a request for a raw path meets no rule and no middleware, whatever else it is."""
        known = self._known.get(raw_path)
        if known is None:
            known = self._looks_alone(raw_path)
            if len(raw_path) <= LONGEST_KNOWN_BYTES:
                if len(self._known) >= MOST_KNOWN:
                    self._known.clear()
                self._known[raw_path] = known
        return known

    def _looks_alone(self, raw_path: bytes) -> bool:
        if self._moves_paths or not self.config.generate_etags or not is_ordinary(raw_path):
            return False
        path = raw_path.decode("ascii")
        if self.middleware is not None and self.middleware.matcher.may_match(path):
            return False
        return not self.rules.may_match(path)

    def is_ambiguous(self, match: Match[ApiRoute], path: str) -> bool:
        """Tell whether a mounted application would take a path for another one than rules and middleware have seen.

        SECURITY: it gets its path decoded, "/admin/x" for "/admin%2Fx", which no guard of "/admin/:path*" has met.
        What the route itself takes of the path is not its own: a parameter there may hold a slash.
        """
        if match.route.endpoint.mounted is None or not self._may_guard:
            return False
        return "%2F" in path[len(mount_prefix(path, match.route.pattern)) :]

    def strip_base(self, path: str) -> str | None:
        """Give a path without the base path; None for one outside of it."""
        base = self.config.base_path
        if not base:
            return path
        if path == base:
            return "/"
        return path[len(base) :] if path.startswith(f"{base}/") else None


class _View:
    """A request as rules see it, with its canonical path; a RequestView."""

    def __init__(self, request: Request[Any, Any], path: str) -> None:
        self.path = path
        self._request = request
        self._query: Mapping[str, str | list[str]] | None = None

    @property
    def query_string(self) -> str:
        return self._request.query_string.decode("latin-1")

    @property
    def query(self) -> Mapping[str, str | list[str]]:
        if self._query is None:
            self._query = parse_query(self._request.query_string)
        return self._query

    @property
    def cookies(self) -> Mapping[str, str]:
        return self._request.cookies

    @property
    def host(self) -> str:
        return self._request.index.get(b"host", b"").decode("latin-1")

    def header(self, name: str) -> str | None:
        return self._request.headers.get(name)


async def resolve(site: Tables, gateway: Gateway, request: Request[Any, Any], outer: OuterFields) -> Decision:
    """Take a request through the steps; what rules and middleware say of the answer's fields goes into `outer`.

    Raises BadRequest for a path that is none, or that cannot be decoded where a parameter takes it, and what middleware raises.
    """
    config, rules = gateway.config, gateway.rules
    sent = read_path(request.raw_path)
    # First, because in the canonical path a backslash is a character of a segment.
    location = collapse_slashes(sent, read_query(request.query_string))
    if location is not None:
        return Moved(308, location)
    path = canonical_text(sent)
    view: RequestView = _View(request, path)

    headers = collect_headers(rules.headers, view)
    if not config.skip_trailing_slash_redirect:
        location = find_end_redirect(path, view.query_string, trailing_slash=config.trailing_slash, base_path=config.base_path)
        if location is not None and not _belongs_to_mounted(site, gateway, path):
            return Moved(308, location)
    redirect = find_redirect(rules.redirects, view, config.base_path)
    if redirect is not None:
        return Moved(redirect.status, redirect.location)
    # NEXTJS: the cookies of a rule are sent beside those of the handler, as all others are.
    cookies = headers.pop("set-cookie", [])
    outer.add(headers, [cookies] if isinstance(cookies, str) else cookies)

    given: Outcome = GoOn()
    if gateway.middleware is not None and gateway.middleware.matcher.match(view):
        outcome = await gateway.run(gateway.middleware, request, path, config)
        outer.add(outcome.headers, outcome.cookies)
        given = outcome
        if not isinstance(outcome, GoOn):
            return Ended(outcome)
        if isinstance(outcome, Rewrite):
            moved = gateway.run.read_rewrite(outcome, request)
            if moved is None:
                outer.keep_only(outcome)
                return Forward(outcome.url)
            view = MovedRequest(view, canonical_text(moved[0]), moved[1])

    decision, view = _rewrite(site, gateway, rules.before_files, view, looks=None)
    decision = decision or _look_up(site, gateway, view, exact=True)
    if decision is None:
        decision, view = _rewrite(site, gateway, rules.after_files, view, looks=False)
    decision = decision or _look_up(site, gateway, view, exact=False)
    if decision is None:
        decision, view = _rewrite(site, gateway, rules.fallback, view, looks=False)
    if isinstance(decision, Forward):
        outer.keep_only(given)
    return decision or Missing()


def _rewrite(
    site: Tables, gateway: Gateway, rules: RuleIndex[RewriteRule], view: RequestView, *, looks: bool | None
) -> tuple[Decision | None, RequestView]:
    """Apply rewrites in their order. With `looks`, each new path is looked up, and the first that answers ends the search."""
    position = 0
    while (rewritten := find_rewrite(rules, view, position)) is not None:
        if rewritten.url is not None:
            return Forward(rewritten.url), view
        view, position = rewritten.request, rewritten.position + 1
        if looks is not None and (found := _look_up(site, gateway, view, exact=looks)) is not None:
            return found, view
    return None, view


def _look_up(site: Tables, gateway: Gateway, view: RequestView, *, exact: bool) -> Decision | None:
    """Find what answers a path: a file, a route without parameters, and unless `exact` one with them."""
    whole = gateway.strip_base(view.path)
    if whole is None:
        return None
    path = whole.removesuffix("/") or "/"
    file = site.public.find(path.encode("ascii"))
    if file is not None:
        return FoundFile(file)
    match = _match(site.table, path, exact=exact)
    if match is None or gateway.is_ambiguous(match, path):
        return None
    if match.route.endpoint.mounted is not None:
        path = whole
    return Found(match, path, view.query, view.query_string) if isinstance(view, MovedRequest) else Found(match, path)


def _belongs_to_mounted(site: Tables, gateway: Gateway, path: str) -> bool:
    """Tell whether a mounted application decides about the slash at the end: Django and Starlette redirect to theirs."""
    inner = gateway.strip_base(path)
    match = _match(site.table, inner.removesuffix("/") or "/", exact=False) if inner is not None else None
    return match is not None and match.route.endpoint.mounted is not None


def _match(table: RouteTable[ApiRoute], path: str, *, exact: bool) -> Match[ApiRoute] | None:
    try:
        match = table.match(path)
    except BadRequest:
        if exact:
            return None  # what cannot be decoded is the name of nothing
        raise
    if match is not None and exact and not all(isinstance(segment, Static) for segment in match.route.segments):
        return None
    return match


def _cut_base(raw_path: bytes, base_path: str) -> bytes:
    """Cut the base path off a raw path, in whatever spelling it was sent; a path outside of it stays as it is."""
    count = base_path.count("/")
    parts = raw_path.split(b"/")
    if canonical_text(b"/".join(parts[: count + 1]).decode("ascii")) != base_path:
        return raw_path
    return b"/" + b"/".join(parts[count + 1 :])
