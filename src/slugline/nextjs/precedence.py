"""One precedence over the routes of both languages, and the rules that make Next.js keep it.

How to think about it. All routes of a site, sorted, are one list in which the first that fits a path answers it; that is
what Next.js's own router does, segment by segment: text before `[x]` before `[...x]` before `[[...x]]`. Python's router and
Next.js's know only their own part of the list, and keep its order. So the one thing to decide is which of the two is asked:
Python, when a Python route fits and no JavaScript route before it does. A rule says just that, as a regular expression.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn
from urllib.parse import quote

from slugline.errors import RouteConflict
from slugline.routing.segments import CatchAll, OptionalCatchAll, Param, Segment, Static

__all__ = ["Language", "SiteRoute", "find_owner", "make_rules", "make_table", "merge_routes", "parse_pattern"]

Language = Literal["python", "javascript"]

LANGUAGE_NAMES = {"python": "Python", "javascript": "JavaScript"}
PLAIN_CHARACTERS = "-._~!$&'()*+,;=:@"
# Next.js refuses to start with a rule of more than 4096 characters, counted after basePath and locale came before it.
LONGEST_RULE = 3500


@dataclass(frozen=True, slots=True)
class SiteRoute:
    """A route of either language; `source` is its file, for messages."""

    pattern: str
    segments: tuple[Segment, ...]
    source: str
    language: Language

    @property
    def is_static(self) -> bool:
        """Tell whether the route answers one path only."""
        return all(isinstance(segment, Static) for segment in self.segments)


def parse_pattern(pattern: str) -> tuple[Segment, ...]:
    """Split a pattern as Next.js does, so "/api/[...slug]" gives Static("api"), CatchAll("slug").

    What is no whole parameter is plain text; `routing.segments` refuses such names in Python.
    """
    return tuple(_parse_segment(text) for text in pattern.strip("/").split("/"))


def merge_routes(routes: Iterable[SiteRoute]) -> tuple[SiteRoute, ...]:
    """Sort routes so that the first one that fits a path answers it.

    Raises RouteConflict, naming both files, for a path that both languages define. Within one language that is
    the business of its own router.
    """
    merged = tuple(sorted(routes, key=lambda route: (_rank(route.segments), route.source)))
    seen: dict[tuple[str, ...], SiteRoute] = {}
    for route in merged:
        for shape in _shapes(route.segments):
            earlier = seen.setdefault(shape, route)
            if earlier.language != route.language:
                _refuse(earlier, route)
    return merged


def find_owner(merged: Sequence[SiteRoute], path: str) -> Language | None:
    """Give the language that answers a raw path, in a list from `merge_routes`; None when neither does."""
    return next((route.language for route in merged if re.fullmatch(_owner_regex(route), path)), None)


def make_rules(merged: Sequence[SiteRoute]) -> dict[str, list[dict[str, str]]]:
    """Give the rules for Python's routes: "static" ones for before, "dynamic" ones for after Next.js looks for files.

    Each is a `source` and `destination` of a rewrite, and the `regex` that the source comes to, to be anchored:
    {"source": "/api/:path((?:hello))", "destination": "/api/:path", "regex": "/api/(?:hello)"}.
    A "dynamic" rule leaves the static routes of JavaScript alone only because Next.js has answered these before it.
    """
    python = [route for route in merged if route.language == "python"]
    static = [form for route in python if route.is_static for form in _forms(route)]
    dynamic = [form for route in python if not route.is_static for form in _guard(route, merged)]
    return {"static": _pack(static), "dynamic": _pack(dynamic)}


def make_table(merged: Sequence[SiteRoute], *, origin: str, secret: str) -> dict[str, Any]:
    """Give everything that `adapter.cjs` asks for, ready for JSON.

    `origin` is where Python listens, "http://127.0.0.1:3901". `secret` is a word that no client can know, of letters and digits.
    "owners" answers what `find_owner` does.
    """
    static = {_raw_path(route): route.language for route in reversed(merged) if route.is_static}
    dynamic = [{"regex": _owner_regex(route), "owner": route.language} for route in merged if not route.is_static]
    owners = {"static": static, "dynamic": dynamic}
    return {"version": 1, "origin": origin, "secret": secret, "rules": make_rules(merged), "owners": owners}


def _parse_segment(text: str) -> Segment:
    found = re.fullmatch(r"\[\[\.\.\.([^\[\]]+)\]\]|\[\.\.\.([^\[\]]+)\]|\[([^\[\]]+)\]", text)
    if found is None:
        return Static(text)
    optional, catch_all, name = found.groups()
    return OptionalCatchAll(optional) if optional else CatchAll(catch_all) if catch_all else Param(name)


def _rank(segments: Sequence[Segment]) -> tuple[tuple[int, str], ...]:
    # The route that ends at a place comes before all that go on there.
    kinds = {Static: 1, Param: 2, CatchAll: 3, OptionalCatchAll: 4}
    return (*((kinds[type(segment)], segment.text if isinstance(segment, Static) else "") for segment in segments), (0, ""))


def _shapes(segments: Sequence[Segment]) -> list[tuple[str, ...]]:
    """What a route has for itself alone: its pattern without names, and for an optional catch-all its root too."""
    *first, last = [segment.text if isinstance(segment, Static) else "[]" for segment in segments]
    match segments[-1]:
        case OptionalCatchAll():
            return [(*first, "[...]"), tuple(first)]
        case CatchAll():
            return [(*first, "[...]")]
        case _:
            return [(*first, last)]


def _refuse(earlier: SiteRoute, later: SiteRoute) -> NoReturn:
    first, second = sorted((earlier, later), key=lambda route: route.language, reverse=True)
    what = earlier.pattern if earlier.pattern == later.pattern else "the same paths"
    names = f"{LANGUAGE_NAMES[first.language]} and {LANGUAGE_NAMES[second.language]}"
    raise RouteConflict(
        f"{first.source} and {second.source} both answer {what}, in {names}. Delete or rename one of the two.",
        files=(first.source, second.source),
    )


def _raw_path(route: SiteRoute) -> str:
    return "/" + "/".join(_raw_text(segment, route.language) for segment in route.segments if isinstance(segment, Static))


def _raw_text(segment: Static, language: Language) -> str:
    # NEXTJS: compares text undecoded, so that its own files with such names are never reached; ours are.
    return quote(segment.text, safe=PLAIN_CHARACTERS) if language == "python" else segment.text


def _owner_regex(route: SiteRoute) -> str:
    return f"(?:{'|'.join('/' + form if form else '' for form in _relative_forms(route.segments, route.language))})"


def _forms(route: SiteRoute) -> list[str]:
    """The regular expressions of a route below "/api/"; "" stands for /api itself."""
    return _relative_forms(route.segments[1:], route.language)


def _relative_forms(segments: Sequence[Segment], language: Language) -> list[str]:
    parts = [_part(segment, language) for segment in segments]
    if not segments or not isinstance(segments[-1], OptionalCatchAll):
        return ["/".join(parts)]
    return ["/".join(parts[:-1]), "/".join(parts)]


def _part(segment: Segment, language: Language) -> str:
    match segment:
        case Static():
            # Both a regular expression of JavaScript and the pattern of a rewrite take a backslash before any punctuation.
            return re.sub(r"[^\w/]", r"\\\g<0>", _raw_text(segment, language), flags=re.ASCII)
        case Param():
            return "[^/]+"
        case _:
            # Not greedy: with `trailingSlash` the path has one more slash at its end, which is no part of it.
            return ".+?"


def _guard(route: SiteRoute, merged: Sequence[SiteRoute]) -> list[str]:
    """The forms of a Python route, each with what keeps it from paths that a JavaScript route before it fits."""
    before = merged[: merged.index(route)]
    rivals = [
        form
        for other in before
        if other.language == "javascript" and not other.is_static and _overlap(route.segments, other.segments)
        for form in _forms(other)
        if form
    ]
    guard = f"(?!(?:{'|'.join(rivals)})/?$)" if rivals else ""
    # Too long a guard is left out: Next.js would not start, and the adapter corrects each such request anyway.
    return [form if not form or len(guard) + len(form) > LONGEST_RULE else guard + form for form in _forms(route)]


def _overlap(first: Sequence[Segment], second: Sequence[Segment]) -> bool:
    """Tell whether some path fits both."""
    if _is_rest(first) or _is_rest(second):
        rest, other = (first, second) if _is_rest(first) else (second, first)
        return isinstance(rest[0], OptionalCatchAll) or bool(other)
    if not first or not second:
        return not first and not second
    same = not (isinstance(first[0], Static) and isinstance(second[0], Static)) or first[0] == second[0]
    return same and _overlap(first[1:], second[1:])


def _is_rest(segments: Sequence[Segment]) -> bool:
    return bool(segments) and isinstance(segments[0], CatchAll | OptionalCatchAll)


def _pack(forms: Sequence[str]) -> list[dict[str, str]]:
    """Put many forms into few rules: Next.js tries them one by one, and warns above a thousand."""
    rules = [{"source": "/api", "destination": "/api", "regex": "/api"}] if "" in forms else []
    packs: list[list[str]] = []
    for form in (form for form in forms if form):
        if not packs or sum(len(each) + 1 for each in packs[-1]) + len(form) > LONGEST_RULE:
            packs.append([])
        packs[-1].append(form)
    for pack in packs:
        alternatives = f"(?:{'|'.join(pack)})"
        rules.append({"source": f"/api/:path({alternatives})", "destination": "/api/:path", "regex": f"/api/{alternatives}"})
    return rules
