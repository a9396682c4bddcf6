"""The paths of a dynamic page: what get_static_paths gives, and how parameters become a path and its key."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from msgspec import Struct

from slugline.errors import BadRequest, PageError
from slugline.routing.segments import CatchAll, OptionalCatchAll, Param, Segment, Static
from slugline.routing.table import Route, build_table

__all__ = ["Fallback", "Params", "StaticPaths", "make_path", "read_paths"]

Params = Mapping[str, str | list[str]]
Fallback = bool | Literal["blocking"]

KEYS = ("paths", "fallback")
# RFC 3986 section 3.3: what a segment may hold as it is, besides letters and digits.
PLAIN_CHARACTERS = "-._~!$&'()*+,;=:@"


class StaticPaths(Struct, frozen=True):
    """The parameters of the pages that are made in advance, and what becomes of other paths.

    `fallback` is False for 404, "blocking" to make the page at the first request, True to show the page without data meanwhile.
    """

    params: tuple[Params, ...]
    fallback: Fallback


def make_path(segments: Sequence[Segment], params: Params) -> str:
    """Give the one canonical path of a page, "/post/a%20b", which is its key wherever it is kept."""
    texts: list[str] = []
    for segment in segments:
        match segment:
            case Static(text):
                texts.append(text)
            case Param(name):
                texts.append(str(params[name]))
            case CatchAll(name) | OptionalCatchAll(name):
                texts.extend(params.get(name, ()))
    return "/" + "/".join(quote(text, safe=PLAIN_CHARACTERS) for text in texts)


def read_paths(value: object, segments: Sequence[Segment], pattern: str, where: str) -> StaticPaths:
    """Read what get_static_paths gave; `where` names the function for messages.

    Raises PageError. NEXTJS: a path is {"params": {...}} or its text, "/post/hello".
    """
    if not isinstance(value, Mapping) or set(value) - set(KEYS) or "paths" not in value or "fallback" not in value:
        raise PageError(f'{where} must return {{"paths": [...], "fallback": False}}, with these two keys.')
    fallback = value["fallback"]
    if not (isinstance(fallback, bool) or fallback == "blocking"):
        raise PageError(f'{where}: fallback is {fallback!r}. Allowed: False, True, "blocking".')
    given = value["paths"]
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise PageError(f"{where}: paths is {type(given).__name__}. Give a list.")
    found: dict[str, Params] = {}
    for place, each in enumerate(given):
        params = _read_path(each, segments, pattern, f"{where}: paths[{place}]")
        found.setdefault(make_path(segments, params), params)
    return StaticPaths(tuple(found.values()), fallback)


def _read_path(value: object, segments: Sequence[Segment], pattern: str, where: str) -> Params:
    if isinstance(value, str):
        return _match(value, segments, pattern, where)
    if not isinstance(value, Mapping) or not isinstance(value.get("params"), Mapping):
        raise PageError(f'{where} is {value!r}. Write {{"params": {{...}}}}, or the path as text.')
    given: Mapping[str, Any] = value["params"]
    names = {segment.name for segment in segments if not isinstance(segment, Static)}
    unknown = sorted(str(key) for key in given if key not in names)
    if unknown:
        raise PageError(f"{where} has the unknown parameter {unknown[0]!r}; {pattern} has {', '.join(sorted(names))}.")
    params: dict[str, str | list[str]] = {}
    for segment in segments:
        match segment:
            case Param(name):
                if not isinstance(given.get(name), str) or not given[name]:
                    raise PageError(f"{where}: the parameter {name} is {given.get(name)!r}. Give a text: str(...).")
                params[name] = given[name]
            case CatchAll(name) | OptionalCatchAll(name):
                texts = given.get(name) or []
                if isinstance(texts, str) or not isinstance(texts, Sequence) or not all(isinstance(text, str) and text for text in texts):
                    raise PageError(f'{where}: the parameter {name} is {given.get(name)!r}. Give a list of texts: ["a", "b"].')
                if not texts and isinstance(segment, CatchAll):
                    raise PageError(f"{where}: the parameter {name} is empty. Give one text or more, or name the file [[...{name}]].")
                if texts:
                    params[name] = list(texts)
            case Static():
                pass
    return params


def _match(path: str, segments: Sequence[Segment], pattern: str, where: str) -> Params:
    table = build_table([Route(pattern, tuple(segments), None, pattern)])
    plain = path.removesuffix("/") or "/"
    encoded = quote(plain, safe=f"/%{PLAIN_CHARACTERS}")
    try:
        match = table.match(encoded)
    except BadRequest:
        match = None
    if match is None:
        raise PageError(f"{where} is {path!r}, which {pattern} does not answer.")
    return match.params
