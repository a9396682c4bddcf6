"""The parts of a route pattern: "[pid]", "[...slug]", "[[...slug]]" and plain text.

Names are checked here, before any request: a name that Next.js refuses is refused, and so is one that it builds but that
no request can ever match, or none that its author has in mind.
"""

import re
from typing import NoReturn

from msgspec import Struct

from slugline.errors import RouteNameError

__all__ = ["CatchAll", "OptionalCatchAll", "Param", "Segment", "Static", "split_segments"]


class Static(Struct, frozen=True):
    """Plain text, compared with the decoded segment of a path."""

    text: str


class Param(Struct, frozen=True):
    """`[name]`: exactly one segment."""

    name: str


class CatchAll(Struct, frozen=True):
    """`[...name]`: one segment or more."""

    name: str


class OptionalCatchAll(Struct, frozen=True):
    """`[[...name]]`: any number of segments, none included."""

    name: str


# FastAPI's `{id}`, Flask's `<id>`, Express's `:id`, a glob's `*`, and Next.js's form with the wrong brackets.
_FOREIGN = re.compile(r"\{([^{}]*)\}|<([^<>]*)>|^:(.+)$|^(\*.*)$|^\((\.\.\..+)\)$")
_CONVERTERS = frozenset({"int", "float", "str", "string", "uuid", "path", "slug", "any"})

Segment = Static | Param | CatchAll | OptionalCatchAll


def split_segments(route: str, source: str = "") -> tuple[Segment, ...]:
    """Split a route pattern, so "/post/[...slug]" gives Static("post"), CatchAll("slug"); "/" gives nothing.

    `source` is the file to name in messages.
    Raises RouteNameError for a name that Next.js refuses (getSortedRoutes), or that could never match.
    """
    where = source or route
    texts = route.removeprefix("/").split("/") if route != "/" else []
    segments = tuple(_parse_segment(text, where) for text in texts)
    _check_catch_all_is_last(texts, segments, where)
    _check_names_differ(segments, where)
    return segments


def _parse_segment(text: str, where: str) -> Segment:
    if "[" not in text and "]" not in text:
        return _parse_static(text, where)
    if text.startswith("[[") and text.endswith("]]"):
        return _parse_optional(text, where)
    if text.startswith("[") and text.endswith("]"):
        return _parse_required(text, where)
    return _refuse_stray_brackets(text, where)


def _parse_static(text: str, where: str) -> Static:
    if not text:
        _refuse("//", where, "is an empty name", "Give every folder and file of the route a name")
    if any(character < " " or character == "\x7f" for character in text):
        _refuse(text, where, "has a control character", "Rename it")
    _refuse_foreign_form(text, where)
    return Static(text)


def _refuse_foreign_form(text: str, where: str) -> None:
    # NEXTJS: builds them, and serves the literal text.
    found = _FOREIGN.search(text)
    if found is None:
        return
    inner = next(group for group in found.groups() if group is not None)
    name, is_path = _foreign_name(inner)
    if found.group() != text:
        cure = f"A parameter is the whole name, in brackets: write [{name}], and take the text apart in the handler"
    elif is_path:
        cure = f"Write [...{name}] for one segment or more, [{name}] for one"
    else:
        cure = f"Write [{name}]"
    _refuse(text, where, "is plain text here, though it looks like a parameter", cure)


def _foreign_name(inner: str) -> tuple[str, bool]:
    """Give the name in `id`, `id:int`, `int:id`, `...slug` and `*slug`, and whether it is for several segments."""
    words = re.findall(r"[\w-]+", inner) or ["slug" if "*" in inner else "id"]
    is_path = "*" in inner or "..." in inner or (len(words) > 1 and "path" in words)
    return next((word for word in words if word not in _CONVERTERS), words[-1]), is_path


def _parse_optional(text: str, where: str) -> OptionalCatchAll:
    inner = text[2:-2]
    _check_inner(inner, text, where)
    if not inner.startswith("..."):
        # NEXTJS: "Optional route parameters are not yet supported".
        name = _clean(inner)
        _refuse(text, where, "is optional, and only a catch-all can be", f"Write [[...{name}]], or [{name}] and an index.py beside it")
    return OptionalCatchAll(_check_name(inner[3:], text, where))


def _parse_required(text: str, where: str) -> Param | CatchAll:
    inner = text[1:-1]
    _check_inner(inner, text, where)
    if inner.startswith("..."):
        return CatchAll(_check_name(inner[3:], text, where))
    return Param(_check_name(inner, text, where))


def _check_inner(inner: str, text: str, where: str) -> None:
    if "[" in inner or "]" in inner:
        _refuse_stray_brackets(text, where)
    if not inner.strip(". "):
        # NEXTJS: builds `[]`, and never matches it.
        _refuse(text, where, "names no parameter", "Write a name between the brackets, such as [id] or [...slug]")
    if "…" in inner:
        _refuse(text, where, "has the one character `…`", f"Write three dots: [...{_clean(inner)}]")
    if inner.startswith(".") and (not inner.startswith("...") or inner.startswith("....")):
        name = _clean(inner)
        _refuse(text, where, "begins with a wrong number of dots", f"Write [...{name}] for a catch-all, [{name}] for one segment")


def _check_name(name: str, text: str, where: str) -> str:
    # NEXTJS: every other character is allowed there as well ("weird-name"). It takes a space too; we do not, since such a
    # name is always a slip: `[... slug]` gives a parameter called " slug".
    if not name.isprintable() or any(character in ' \\"' for character in name):
        cure = text.replace(name, _clean(name))
        _refuse(text, where, "has a space or another character that a name cannot have", f"Write {cure}")
    if re.search(r"[:*?=]", name):
        _refuse_decorated(name, text, where)
    return name


def _refuse_decorated(name: str, text: str, where: str) -> NoReturn:
    """Refuse `[id:int]`, `[*slug]` and `[id?]`, whose parameter would be called "id:int"."""
    # NEXTJS: takes every such character as a part of the name.
    plain, is_path = _foreign_name(name)
    if is_path or text.startswith("[["):
        cure = f"Write {'[[' if text.startswith('[[') else '['}...{plain}{']]' if text.startswith('[[') else ']'}"
    elif "?" in name:
        cure = f"Write [[...{plain}]], or [{plain}] and an index.py beside it"
    else:
        cure = f"Write [{plain}]; it is text, which the handler converts"
    _refuse(text, where, "has a character that belongs to other frameworks' parameters", cure)


def _refuse_stray_brackets(text: str, where: str) -> NoReturn:
    name = _clean(text)
    if text.count("[") != text.count("]"):
        # NEXTJS: builds `[id`, and serves the literal text.
        _refuse(text, where, "has brackets that do not pair", f"Write [{name}]")
    if text.startswith("[[[") and text.endswith("]]]"):
        _refuse(text, where, "has too many brackets", f"Write [{name}], or [[...{name}]] for an optional catch-all")
    # NEXTJS: builds `pre-[id]` and `[id].json`, and matches them only against that very text.
    parameter = re.search(r"\[+(?:\.\.\.)?([^\[\]]+)\]", text)
    name = _clean(parameter.group(1)) if parameter else "id"
    _refuse(
        text,
        where,
        "has text around the brackets",
        f"A parameter is the whole name: write [{name}], and take the text apart in the handler",
    )


def _check_catch_all_is_last(texts: list[str], segments: tuple[Segment, ...], where: str) -> None:
    for text, segment in zip(texts[:-1], segments[:-1], strict=True):
        if isinstance(segment, CatchAll | OptionalCatchAll):
            _refuse(
                text,
                where,
                "is a catch-all and not the last part of its path",
                f"Write [{segment.name}] here, or end the path with {text}.py",
            )


def _check_names_differ(segments: tuple[Segment, ...], where: str) -> None:
    names = [segment.name for segment in segments if not isinstance(segment, Static)]
    seen: dict[str, str] = {}
    for name in names:
        # NEXTJS: removes /\W/, which in JavaScript is ASCII, so that [é] and [ü] clash there; a word is a word here.
        word = re.sub(r"\W", "", name) or name
        earlier = seen.get(word)
        if earlier == name:
            _refuse(f"[{name}]", where, "is on its path twice", "Rename one of the two")
        if earlier is not None:
            _refuse(f"[{name}]", where, f"differs from `[{earlier}]`, on the same path, only by punctuation", "Rename one of the two")
        seen[word] = name


def _clean(text: str) -> str:
    return re.sub(r"[^\w-]+", "", text) or "id"


def _refuse(text: str, where: str, what: str, cure: str) -> NoReturn:
    shown = text if text.isprintable() else ascii(text)[1:-1]
    raise RouteNameError(f"{where}: `{shown}` {what}. {cure}.", files=(where,))
