"""Redirects, rewrites and headers: which rule a request meets, and what comes of it.

A rule's source, conditions and destination are compiled when the project is loaded (`project.config`); base path and all.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from msgspec import Struct

from slugline.errors import InvalidHeader
from slugline.http.field_checks import field_name, field_value
from slugline.http.url import parse_query, percent_encode, reserialise_query
from slugline.routing.conditions import Condition, RequestView, match_conditions
from slugline.routing.pattern_parts import canonical_text
from slugline.routing.rule_index import RuleIndex
from slugline.routing.source_pattern import Destination, SourcePattern, TextTemplate, encode_component

__all__ = [
    "FRAMING_FIELDS",
    "FoundRedirect",
    "HeaderRule",
    "MovedRequest",
    "RedirectRule",
    "RewriteRule",
    "Rewritten",
    "RuleBook",
    "collect_headers",
    "find_redirect",
    "find_rewrite",
    "index_rules",
]


class HeaderRule(Struct, frozen=True):
    """Headers for the answers to the requests that match; `headers` are pairs of a name and a value."""

    source: SourcePattern
    headers: tuple[tuple[TextTemplate, TextTemplate], ...]
    has: tuple[Condition, ...] = ()
    missing: tuple[Condition, ...] = ()


class RedirectRule(Struct, frozen=True):
    """A redirect of the requests that match; `status` is one of 301, 302, 303, 307 and 308."""

    source: SourcePattern
    destination: Destination
    status: int
    has: tuple[Condition, ...] = ()
    missing: tuple[Condition, ...] = ()


class RewriteRule(Struct, frozen=True):
    """Another path, or another server, for the requests that match; the client sees nothing of it."""

    source: SourcePattern
    destination: Destination
    has: tuple[Condition, ...] = ()
    missing: tuple[Condition, ...] = ()


FRAMING_FIELDS = frozenset({"content-length", "date"})
"""Fields that a rule cannot set: the first says where an answer ends, the second is the server's."""

_REPEATED_SLASH = re.compile("//+")

AnyRule = TypeVar("AnyRule", HeaderRule, RedirectRule, RewriteRule)


class FoundRedirect(Struct, frozen=True):
    """Where a request is sent to; `location` is fit for the field Location as it is."""

    status: int
    location: str


class MovedRequest:
    """A request with the path and query that a rewrite has given it; headers, cookies and host stay those of the client.

    `query` is what `req.query` has to be, before the parameters of the route come over it. `list_names` are the keys of it whose
    values are lists even if they hold one text: "/a/:path*" gives {"path": ["x"]} for "/a/x".
    """

    def __init__(self, request: RequestView, path: str, query_string: str, list_names: frozenset[str] = frozenset()) -> None:
        self.path = path
        self.query_string = query_string
        self.list_names = list_names
        self._request = request
        self._query: dict[str, str | list[str]] | None = None

    @property
    def query(self) -> Mapping[str, str | list[str]]:
        if self._query is None:
            query = parse_query(self.query_string)
            for name in self.list_names:
                value = query.get(name)
                if isinstance(value, str):
                    query[name] = [value]
            self._query = query
        return self._query

    @property
    def cookies(self) -> Mapping[str, str]:
        return self._request.cookies

    @property
    def host(self) -> str:
        return self._request.host

    def header(self, name: str) -> str | None:
        return self._request.header(name)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What a rewrite made of a request.

    `url` is the address on another server, or None; then `path` and `query_string` are the new ones. `position` is the number of
    the rule in its list, from 0: the search for the next goes on behind it.
    """

    position: int
    path: str
    query_string: str
    url: str | None = None
    request: MovedRequest = field(repr=False, kw_only=True)
    """The request as the next rule sees it, and the query as the handler does."""


def index_rules(rules: Iterable[AnyRule]) -> RuleIndex[AnyRule]:
    """Put rules into an index, in which those that a path cannot match cost nothing."""
    return RuleIndex(tuple(rules), _source_of)


def collect_headers(rules: RuleIndex[HeaderRule], request: RequestView) -> dict[str, str | list[str]]:
    """Give the headers of all rules that match, names in lower case: the later rule wins, and Set-Cookie is a list of all.

    A header whose name or value cannot be sent, because of what a parameter brought into it, is left out.
    """
    headers: dict[str, str | list[str]] = {}
    for _, rule in rules.find_candidates(request.path):
        matched = _match(rule, request)
        if matched is None:
            continue
        params, texts = matched
        values = {name: value if isinstance(value, str) else "/".join(value) for name, value in params.items()}
        values.update(texts)
        for name_template, value_template in rule.headers:
            _add_header(headers, name_template.fill(values), value_template.fill(values))
    return headers


def find_redirect(rules: RuleIndex[RedirectRule], request: RequestView, base_path: str = "") -> FoundRedirect | None:
    """Give the redirect of the first rule that matches, or None.

    The query of the request goes along; where the destination has a key too, that of the destination stands.
    Raises BadRequest when a value of the path cannot be put into the destination.
    """
    for _, rule in rules.find_candidates(request.path):
        matched = _match(rule, request)
        # NEXTJS: what lies below /_next is never redirected, however wide a source is.
        if matched is None or f"{request.path}/".startswith(f"{base_path}/_next/"):
            continue
        filled = rule.destination.fill_parts(_encode(*matched))
        if filled is None:
            continue
        query = _merge_query(request, filled.query) if filled.query else reserialise_query(request.query_string)
        location = f"{filled.origin}{filled.path}{f'?{query}' if query else ''}{f'#{filled.fragment}' if filled.fragment else ''}"
        return FoundRedirect(rule.status, location)
    return None


def find_rewrite(rules: RuleIndex[RewriteRule], request: RequestView, start: int = 0) -> Rewritten | None:
    """Give what the first rule from number `start` on that matches makes of the request, or None.

    To go on: `find_rewrite(rules, rewritten.request, rewritten.position + 1)`. The new query is the old one, over it the parameters
    (unless one of them stands in the destination's host or path), over those what the destination's query says.
    Raises BadRequest for a parameter that is malformed, or leads out of the destination's folder.
    """
    for position, rule in rules.find_candidates(request.path):
        matched = _match(rule, request) if position >= start else None
        if matched is None:
            continue
        params = _encode(*matched)
        destination = rule.destination
        filled = destination.fill_parts(params)
        if filled is None:
            continue
        added = filled.query
        written = {key for key, _ in added}
        lists = request.list_names if isinstance(request, MovedRequest) else frozenset()
        if not destination.place_names & params.keys():
            added += _as_pairs(params, written)
            lists = (lists - params.keys()) | {name for name, value in params.items() if isinstance(value, list)}
        lists -= written
        query = _merge_query(request, added) if added else request.query_string
        if destination.is_external:
            url = f"{filled.origin}{filled.path}{f'?{query}' if query else ''}"
            return Rewritten(position, filled.path, query, url, request=MovedRequest(request, filled.path, query, lists))
        # A value of the user's own regex may begin with a slash, and one of a header may hold escapes that a path needs not.
        path = _REPEATED_SLASH.sub("/", canonical_text(filled.path))
        return Rewritten(position, path, query, request=MovedRequest(request, path, query, lists))
    return None


class RuleBook:
    """All rules of a project; empty tuples for a project without any.

    Before anything else is asked of it, `may_match` says whether there is anything to ask.
    """

    def __init__(
        self,
        *,
        headers: Sequence[HeaderRule] = (),
        redirects: Sequence[RedirectRule] = (),
        before_files: Sequence[RewriteRule] = (),
        after_files: Sequence[RewriteRule] = (),
        fallback: Sequence[RewriteRule] = (),
    ) -> None:
        self.headers = index_rules(headers)
        self.redirects = index_rules(redirects)
        self.before_files = index_rules(before_files)
        self.after_files = index_rules(after_files)
        self.fallback = index_rules(fallback)
        everything: tuple[HeaderRule | RedirectRule | RewriteRule, ...] = (*headers, *redirects, *before_files, *after_files, *fallback)
        self._all = RuleIndex(everything, _source_of) if everything else None

    def may_match(self, path: str) -> bool:
        """Tell whether any rule may match a canonical path. If none may, neither headers nor redirects nor rewrites come of it."""
        return self._all is not None and self._all.may_match(path)


def _source_of(rule: HeaderRule | RedirectRule | RewriteRule) -> SourcePattern:
    return rule.source


def _match(rule: HeaderRule | RedirectRule | RewriteRule, request: RequestView) -> tuple[dict[str, str | list[str]], dict[str, str]] | None:
    """Give the parameters of the path, percent-encoded, and those of the conditions, as they are."""
    params = rule.source.match(request.path)
    if params is None:
        return None
    if not rule.has and not rule.missing:
        return params, {}
    texts = match_conditions(rule.has, rule.missing, request)
    return None if texts is None else (params, texts)


def _encode(params: dict[str, str | list[str]], texts: Mapping[str, str]) -> dict[str, str | list[str]]:
    # SECURITY: a header or cookie is not of the path: a slash in it stays one character of a segment.
    for name, text in texts.items():
        params[name] = percent_encode(text.encode("utf-8", "replace").decode())
    return params


def _as_pairs(params: Mapping[str, str | list[str]], taken: set[str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, f"{percent_encode(name)}={encode_component(each)}")
        for name, value in params.items()
        if name not in taken
        for each in ([value] if isinstance(value, str) else value)
    )


def _merge_query(request: RequestView, added: Sequence[tuple[str, str]]) -> str:
    """Write the request's query with pairs put over it: a key that both have keeps its place, and gets the new values."""
    merged = {
        name: [f"{percent_encode(name)}={percent_encode(value)}" for value in ([values] if isinstance(values, str) else values)]
        for name, values in request.query.items()
    }
    fresh: dict[str, list[str]] = {}
    for name, text in added:
        fresh.setdefault(name, []).append(text)
    merged.update(fresh)
    return "&".join(text for texts in merged.values() for text in texts)


def _add_header(headers: dict[str, str | list[str]], name: str, value: str) -> None:
    try:
        name, checked = field_name(name), field_value(name, _printable(value))
    except InvalidHeader:
        return
    if name in FRAMING_FIELDS:
        return
    earlier = headers.get(name)
    if name != "set-cookie":
        headers[name] = checked
    elif isinstance(earlier, list):
        earlier.append(str(checked))
    else:
        headers[name] = [str(checked)]


def _printable(value: str) -> str:
    """Percent-encode what a field cannot hold: a value from the query may have line breaks in it, or letters of any script."""
    if value.isascii() and value.isprintable():
        return value
    return "".join(each if " " <= each <= "~" else percent_encode(each) for each in value.encode("utf-8", "replace").decode())
