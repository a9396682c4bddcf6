"""The patterns of redirects, rewrites, headers and matchers: `source` matches a path, `destination` makes a URL.

How to think about it. Everything here stands in the canonical form of a path, percent-encoded: the path that is matched, the values
that come out of it, and the values that go into a destination. So nothing is decoded on the way, and an encoded slash or question
mark in a value never becomes one that means something.

NEXTJS: the dialect is the part of path-to-regexp 6 that next.config.js uses; its parser is in `pattern_parts`. There a source matches
letters of any case while a matcher does not; here, case always counts.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from slugline.errors import BadRequest
from slugline.http.url import encode_location, parse_query, percent_decode, percent_encode
from slugline.routing.bounded_match import find_spans
from slugline.routing.bounded_regex import BoundedRegex, compile_bounded
from slugline.routing.pattern_parts import SEGMENT, Param, Part, compile_regex, parse_parts, translate_regex
from slugline.routing.regex_tree import Cost, end_of_class, reckon

__all__ = ["Destination", "Filled", "Params", "SourcePattern", "TextTemplate", "compile_destination", "compile_source", "compile_text"]

Params = Mapping[str, str | list[str]]

MOST_OPTIONAL = 4
"""How many parts of a source may be left out before a regex, which tries 2 ** n ways, is not used any more."""

MOST_PORT = 65535

CHEAP: Cost = (0, 1)

_TEXT_PARAM = re.compile(r":([A-Za-z0-9_]+)([?*+]?)")
_IPV6 = re.compile(r"\[[0-9A-Fa-f:.]+\]")
_HOST_TEXT = re.compile(r"[A-Za-z0-9._\-]*")
_ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#]*)")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_ONE_LABEL = re.compile(_LABEL)
_LABELS = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_DOT_SEGMENT = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?=/|$)", re.IGNORECASE)
_DOT_SEGMENT_ELSEWHERE = re.compile(r"(?:^|/|\\|%2f|%5c)(?:\.|%2e){1,2}(?=/|\\|%2f|%5c|$)", re.IGNORECASE)
"""A dot segment to a server that decodes a path before it resolves it, as many do."""


@dataclass(frozen=True, slots=True)
class SourcePattern:
    """A compiled `source`; `names` are its parameters, in order.

    `leading` are the segments that every matching path begins with, as far as they are known: None stands for any segment. They are
    all of it when `is_whole`. An index can tell from them that a path does not match.
    """

    text: str
    names: tuple[str, ...]
    leading: tuple[str | None, ...]
    is_whole: bool
    parts: tuple[Part, ...] = field(repr=False)
    _captures: tuple[Param, ...] = field(repr=False)
    _regex: re.Pattern[str] | BoundedRegex | None = field(repr=False)
    """None where `find_spans` is quicker than a BoundedRegex."""

    def match(self, path: str) -> dict[str, str | list[str]] | None:
        """Match a canonical path, so "/a/:id/:rest*" and "/a/7/x/y" give {"id": "7", "rest": ["x", "y"]}; None if it does not match.

        The values are not decoded. A parameter that is absent has no key, one without a name never has. One slash at the end
        of the path is left out of account.
        """
        regex = self._regex
        if regex is None:
            spans = find_spans(self.parts, path)
        elif isinstance(regex, BoundedRegex):
            spans = regex.spans(path)
        else:
            found = regex.fullmatch(path)
            spans = [found.span(group) for group in range(1, regex.groups + 1)] if found is not None else None
        if spans is None:
            return None
        params: dict[str, str | list[str]] = {}
        for param, span in zip(self._captures, spans, strict=True):
            if param.name is not None and span is not None and span[0] >= 0:
                value = path[span[0] : span[1]]
                # As in JavaScript, where an optional group that matches nothing has not taken part.
                if value or not param.is_optional or param.separator:
                    params[param.name] = value.split(param.separator) if param.repeats else value
        return params


def compile_source(text: str) -> SourcePattern:
    """Compile a `source` or a matcher, such as "/blog/:slug", "/files/:path*" or "/old/:id(\\d+){.html}?".

    Matching takes time that grows with the length of the path, whatever the user's own regexes are. Raises ValueError for a text
    that is no pattern, and for a regex with a part for which that cannot be promised; the message says what to write.
    """
    if not text.startswith("/"):
        raise ValueError(f"it does not begin with a slash. Write /{text}")
    parts = tuple(parse_parts(text))
    captures = tuple(part for part in parts if isinstance(part, Param) and not part.is_text)
    names = tuple(param.name for param in captures if param.name is not None)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"the parameter :{twice} is used twice. Give each a name of its own")
    leading, is_whole = _leading_segments(parts)
    has_own = any(isinstance(part, Param) and part.regex for part in parts)
    regex: re.Pattern[str] | BoundedRegex | None = None
    if has_own or _is_safe_as_regex(parts):
        regex = compile_bounded("".join(_write(part) for part in parts) + "/?", _reckon(parts) if has_own else CHEAP)
    return SourcePattern(text, names, leading, is_whole, parts, captures, regex)


def _is_safe_as_regex(parts: tuple[Part, ...]) -> bool:
    """Tell whether a regex takes linear time: it has one way only to share a path among the parts, or few.

    One repetition is fine if a slash, which no other part holds, begins each of its elements.
    """
    flexible = [part for part in parts if isinstance(part, Param) and part.modifier]
    repeated = [part for part in flexible if part.repeats]
    if len(repeated) > 1 or len(flexible) - len(repeated) > MOST_OPTIONAL:
        return False
    if not repeated:
        return True
    return (
        repeated[0].prefix.startswith("/")
        and repeated[0].regex != ""
        and not any(_may_match_slash(part.regex) for part in parts if isinstance(part, Param) and part.regex)
    )


def _reckon(parts: tuple[Part, ...]) -> Cost | None:
    """Tell what a source may cost `re`: a user's own regexes may try more ways than one, and together they multiply."""
    if not _is_safe_as_regex(parts):
        return None
    repetitions, ways = 0, 1
    for index, part in enumerate(parts):
        if isinstance(part, str) or part.is_text:
            continue
        cost = reckon(translate_regex(part.regex)) if part.regex else (1, 1)
        if cost is None or (part.repeats and cost[1] > 1):
            return None  # the ways of each repetition multiply with those of the others
        # Between two slashes, of which it can take none, a single repetition has one way only.
        repetitions += 0 if cost[0] <= 1 and _is_between_slashes(parts, index) else cost[0]
        ways *= cost[1] * (2 if part.is_optional else 1)
    return repetitions, ways


def _is_between_slashes(parts: tuple[Part, ...], index: int) -> bool:
    part = parts[index]
    if isinstance(part, str) or part.prefix != "/" or part.suffix or _may_match_slash(part.regex):
        return False
    for following in parts[index + 1 :]:
        if isinstance(following, str):
            return following.startswith("/")
        if not following.prefix.startswith("/"):
            return False
        if not following.is_optional:
            break
    return True


def _may_match_slash(regex: str | None) -> bool:
    """Tell whether a regex may match a text with a slash; True where that is not plain to see."""
    text = regex or ""
    position = 0
    while position < len(text):
        found = text[position]
        if found == "\\":
            if text[position + 1 : position + 2] in "/DWSsxucpP0123456789":
                return True
            position += 2
        elif found == "[":
            end = end_of_class(text, position)
            if compile_regex(text[position:end]).fullmatch("/"):
                return True
            position = end
        elif re.match(r"\(\?<?[=!]", text[position : position + 4]):
            position = _end_of_group(text, position)  # looks, and takes nothing
        elif found in "./":
            return True
        else:
            position += 1
    return False


def _end_of_group(text: str, position: int) -> int:
    depth = 0
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] == "[":
            position = end_of_class(text, position)
            continue
        depth += (text[position] == "(") - (text[position] == ")")
        position += 1
        if depth == 0:
            break
    return position


def _write(part: Part) -> str:
    """Write a part as a regex, in which each parameter is one group; the choices are tried in path-to-regexp's order."""
    if isinstance(part, str):
        return re.escape(part)
    prefix, suffix = re.escape(part.prefix), re.escape(part.suffix)
    if part.is_text:
        return f"(?:{prefix}{suffix}){part.modifier}"
    element = _write_element(part)
    if part.repeats:
        again = "?" if part.modifier == "*" else ""
        return f"(?:{prefix}({element}(?:{suffix}{prefix}{element})*){suffix}){again}"
    if prefix or suffix:
        return f"(?:{prefix}({element}){suffix}){part.modifier}"
    return f"({element}){part.modifier}"


def _write_element(part: Param) -> str:
    if part.regex is not None:
        return f"(?:{translate_regex(part.regex)})"
    if part.forbidden:
        return f"(?:(?:(?!{re.escape(part.forbidden)}){SEGMENT})+?)"
    return f"(?:{SEGMENT}+?)"


def _leading_segments(parts: tuple[Part, ...]) -> tuple[tuple[str | None, ...], bool]:
    """Give the segments that a path must begin with, and whether there are no others."""
    segments: list[str | None] = [""]
    for part in parts:
        if isinstance(part, str):
            first, *more = part.split("/")
            _extend(segments, first)
            segments += more
        elif part.modifier or part.is_text or "/" in part.prefix[1:] + part.suffix or not _is_one_segment(part.regex):
            # From here on anything may come. Of the segment that stands before it only what a slash ends is known.
            is_complete = part.prefix.startswith("/") and not part.is_text
            return tuple(segments[1:] if is_complete else segments[1:-1]), False
        else:
            if part.prefix.startswith("/"):
                segments.append("")
            segments[-1] = None
    if segments[-1] == "":
        segments.pop()
    return tuple(segments[1:]), True


def _is_one_segment(regex: str | None) -> bool:
    return not regex or (not _may_match_slash(regex) and not compile_regex(regex).fullmatch(""))


def _extend(segments: list[str | None], text: str) -> None:
    if segments[-1] is not None:
        segments[-1] += text


class TextTemplate(Struct, frozen=True):
    """Text in which ":name" stands for a parameter, and everything else for itself."""

    pieces: tuple[str, ...]
    """Literal texts and names in turn, a text first and last."""

    @property
    def names(self) -> tuple[str, ...]:
        return self.pieces[1::2]

    def fill(self, params: Mapping[str, str]) -> str:
        """Put the values in; a parameter that is absent leaves nothing."""
        pieces = self.pieces
        if len(pieces) == 1:
            return pieces[0]
        return "".join(params.get(piece, "") if index % 2 else piece for index, piece in enumerate(pieces))


def compile_text(text: str, known_names: Collection[str]) -> TextTemplate:
    """Compile the key or value of a header, so "v=:id" gives a template; a name that is not known, and a lone `:`, are text.

    A modifier right behind a name, as in ":path*", belongs to it.
    """
    pieces, end = [""], 0
    for found in _TEXT_PARAM.finditer(text):
        if found[1] in known_names:
            pieces[-1] += text[end : found.start()]
            pieces += found[1], ""
            end = found.end()
    pieces[-1] += text[end:]
    return TextTemplate(tuple(pieces))


class Filled(Struct, frozen=True):
    """A destination with its values: everything percent-encoded, `query` as pairs of a decoded key and "key=value"."""

    origin: str
    path: str
    query: tuple[tuple[str, str], ...]
    fragment: str

    def __str__(self) -> str:
        query = "&".join(text for _, text in self.query)
        return f"{self.origin}{self.path}{f'?{query}' if query else ''}{f'#{self.fragment}' if self.fragment else ''}"


class Destination(Struct, frozen=True):
    """A compiled `destination`: a path, or a URL on another host, with a query and a fragment.

    `names` are the parameters used anywhere in it, `place_names` those in its host and path.
    """

    text: str
    names: frozenset[str]
    place_names: frozenset[str]
    is_external: bool
    _scheme: str
    _host: TextTemplate
    _port: str
    _path: tuple[Part, ...]
    _query: tuple[tuple[str, TextTemplate], ...]
    _fragment: TextTemplate

    def fill(self, params: Params) -> str | None:
        """Give the URL, so "/b/:id?x=:q" with {"id": "7", "q": "a%20b"} gives "/b/7?x=a%20b".

        The values are percent-encoded, as they stand in a path. The rest is as for `fill_parts`.
        """
        filled = self.fill_parts(params)
        return None if filled is None else str(filled)

    def fill_parts(self, params: Params) -> Filled | None:
        """Give the URL in parts; None when a value that goes into the host is no part of a host name.

        Raises BadRequest when a value makes a dot segment of the path, or holds a malformed escape where it has to be decoded.
        """
        origin = self._fill_host(params)
        if origin is None:
            return None
        path = self._fill_path(params)
        query = tuple((key, self._fill_value(key, template, params)) for key, template in self._query)
        texts = {name: value if isinstance(value, str) else "/".join(value) for name, value in params.items()}
        return Filled(origin, path, query, self._fragment.fill(texts))

    def _fill_host(self, params: Params) -> str | None:
        if not self.is_external:
            return ""
        pieces = list(self._host.pieces)
        for index in range(1, len(pieces), 2):
            value = params.get(pieces[index], "")
            # SECURITY: a value never changes whose host it is. Dots may stand in it only where more of the name follows, or where
            # it is all of the name, as with `has` of the type host.
            is_open = pieces[index + 1].startswith(".") or (len(pieces) == 3 and not pieces[0] + pieces[2])
            allowed = _LABELS if is_open else _ONE_LABEL
            if not isinstance(value, str) or len(value) > 253 or not allowed.fullmatch(value):
                return None
            pieces[index] = value
        return f"{self._scheme}://{''.join(pieces)}{self._port}"

    def _fill_path(self, params: Params) -> str:
        path = "".join(_fill_part(part, params) for part in self._path)
        if not self._path or (len(self._path) == 1 and isinstance(self._path[0], str)):
            return path
        if (_DOT_SEGMENT_ELSEWHERE if self.is_external else _DOT_SEGMENT).search(path):
            # SECURITY: "/x-:name" captures "..", which must not lead "/files/:name" out of /files, nor "..%2Fx" out of that elsewhere.
            raise BadRequest
        # SECURITY: "//host" at the beginning is another site.
        return f"/{path.lstrip('/')}"

    def _fill_value(self, key: str, template: TextTemplate, params: Params) -> str:
        values = {each: encode_component(params[each]) for each in template.names if each in params}
        return f"{percent_encode(key)}={template.fill(values)}"


def encode_component(value: str | list[str]) -> str:
    """Write a value from a path as a value of a query: "a+b%20c" gives "a%2Bb%20c", and a list is joined with slashes.

    Raises BadRequest for a malformed escape.
    """
    try:
        return percent_encode(percent_decode(value)) if isinstance(value, str) else percent_encode("/".join(map(percent_decode, value)))
    except ValueError:
        raise BadRequest from None


def _fill_part(part: Part, params: Params) -> str:
    if isinstance(part, str):
        return part
    if part.is_text:
        return "" if part.modifier in ("?", "*") else part.prefix + part.suffix
    value = params.get(part.name or "")
    if not value:
        return ""
    if isinstance(value, list):
        value = (part.separator if part.repeats else "/").join(value)
    return f"{part.prefix}{value}{part.suffix}"


def compile_destination(text: str, known_names: Collection[str]) -> Destination:
    """Compile a `destination`: "/b/:id?x=:q#:part", or "https://:sub.example.com/:path*".

    A modifier and a regex behind a parameter of the path are allowed, as in the source. In the query, text like ":x" that is no
    known name stays as it is, unless it is a whole value. Raises ValueError for one that does not begin with "/" or a scheme and
    "://", and for a parameter that is not among `known_names`.
    """
    place, query, fragment = _split_destination(text)
    scheme, host, port, path = _split_origin(place, text)
    host_template = _compile_host(host, known_names)
    parts = tuple(parse_parts(path))
    for part in parts:
        if isinstance(part, Param) and not part.is_text:
            if part.name is None:
                raise ValueError(f"({part.regex}) has no name, so it has no value. Write \\( for the character itself")
            if part.name not in known_names:
                raise _unknown(part.name, known_names)
    pairs = tuple(_compile_pair(pair, known_names) for pair in query.split("&") if pair)
    fragment_template = compile_text(encode_location(fragment), known_names)
    in_place = {part.name for part in parts if isinstance(part, Param) and part.name is not None} | set(host_template.names)
    names = in_place | {name for _, template in pairs for name in template.names} | set(fragment_template.names)
    return Destination(
        text, frozenset(names), frozenset(in_place), bool(scheme), scheme, host_template, port, parts, pairs, fragment_template
    )


def _split_destination(text: str) -> tuple[str, str, str]:
    """Split off the query and the fragment; a ? behind a parameter that ends there is its modifier."""
    place, _, fragment = text.partition("#")
    depth = 0
    for index, character in enumerate(place):
        if index and place[index - 1] == "\\":
            continue
        depth += (character == "(") - (character == ")")
        if character == "?" and depth <= 0:
            is_modifier = re.search(r"(?::[A-Za-z0-9_]+|\)|\})$", place[:index]) and place[index + 1 : index + 2] in ("", "/", "?")
            if not is_modifier:
                return place[:index], place[index + 1 :], fragment
    return place, "", fragment


def _split_origin(place: str, text: str) -> tuple[str, str, str, str]:
    found = _ORIGIN.match(place)
    if found is None:
        if not place.startswith("/"):
            raise ValueError(f"it begins neither with a slash nor with a scheme and ://. Write /{text}, or https://…")
        if re.match(r"/[/\\]", place):
            raise ValueError("it begins with two slashes, which browsers take for another site. Write one slash, or https://…")
        return "", "", "", place
    scheme, authority = found.groups()
    host, _, port = authority.rpartition(":") if re.search(r":\d+$", authority) else (authority, "", "")
    if not host or "@" in authority:
        raise ValueError("there is no host behind ://, or a name and password. Write https://host/path")
    if port and int(port) > MOST_PORT:
        raise ValueError(f"{port} is no port. The largest is {MOST_PORT}")
    return scheme.lower(), host, f":{port}" if port else "", place[found.end() :] or "/"


def _compile_host(host: str, known_names: Collection[str]) -> TextTemplate:
    if _IPV6.fullmatch(host):
        return TextTemplate((host,))
    unknown = next((found[1] for found in _TEXT_PARAM.finditer(host) if found[1] not in known_names), None)
    if unknown is not None:
        raise _unknown(unknown, known_names)
    template = compile_text(host, known_names)
    if not host.isascii():
        try:
            plain = host.encode("idna").decode()
        except UnicodeError:
            raise ValueError(f"the host {host} is not in ASCII, and is no name that could be written so") from None
        raise ValueError(f"the host {host} is not in ASCII. Write {plain}")
    if not all(_HOST_TEXT.fullmatch(piece) for piece in template.pieces[::2]):
        raise ValueError(f"{host} is no host. It has letters, digits, hyphens and dots, or is an IPv6 address in brackets")
    return template


def _compile_pair(pair: str, known_names: Collection[str]) -> tuple[str, TextTemplate]:
    key_text, _, value = pair.partition("=")
    whole = _TEXT_PARAM.fullmatch(value)
    if whole is not None and whole[1] not in known_names and not whole[1].isdigit():
        raise _unknown(whole[1], known_names, "%3A")
    key = next(iter(parse_query(key_text)), "")
    return key, compile_text(encode_location(value), known_names)


def _unknown(name: str, known_names: Collection[str], escape: str = "\\:") -> ValueError:
    known = ", ".join(f":{each}" for each in known_names)
    has = f"There is {known}" if known else "The source has no parameters"
    return ValueError(f":{name} is in neither the source nor `has`. {has}; for a plain colon write {escape}")
