"""`has` and `missing`: what a rule asks of a request beside its path."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, get_args

from msgspec import Struct

from slugline.routing.bounded_regex import BoundedRegex, compile_bounded
from slugline.routing.pattern_parts import compile_regex, translate_regex
from slugline.routing.regex_tree import reckon

__all__ = ["Condition", "ConditionType", "RequestView", "compile_condition", "match_conditions"]

ConditionType = Literal["header", "query", "cookie", "host"]

_LETTERS = re.compile(r"[^A-Za-z]+")
_PORT = re.compile(r":\d*$")
_REPETITION = re.compile(r"[*+{]")


class RequestView(Protocol):
    """What rules see of a request: the request as the client sent it, with its path made canonical.

    `path` is percent-encoded and has the base path in it. `query` is that of the URL, without route parameters: text, or a list for
    a repeated key. `host` is the Host field as it was sent. They are properties so that each is parsed when a rule asks first.
    """

    @property
    def path(self) -> str: ...
    @property
    def query_string(self) -> str: ...
    @property
    def query(self) -> Mapping[str, str | list[str]]: ...
    @property
    def cookies(self) -> Mapping[str, str]: ...
    @property
    def host(self) -> str: ...
    def header(self, name: str) -> str | None:
        """Give the value of a header by its name in lower case, repeated fields joined with ", "."""
        ...


class Condition(Struct, frozen=True):
    """One item of `has` or `missing`; `names` are the parameters that it gives when it holds."""

    type: ConditionType
    key: str
    value: re.Pattern[str] | BoundedRegex | None
    names: tuple[str, ...]

    def match(self, request: RequestView) -> dict[str, str] | None:
        """Give the parameters, decoded, as {"val": "x"}, or None when the condition does not hold. An empty value never does."""
        found = self._find(request)
        if not found:
            return None
        if self.value is None:
            return dict.fromkeys(self.names, found)
        groups = _match_groups(self.value, found)
        if groups is not None and self.type == "host" and not self.value.groupindex:
            return {"host": found}
        return groups

    def _find(self, request: RequestView) -> str | None:
        match self.type:
            case "header":
                return request.header(self.key)
            case "cookie":
                return request.cookies.get(self.key)
            case "host":
                return _PORT.sub("", request.host).lower()
        value = request.query.get(self.key)
        return value[-1] if isinstance(value, list) else value


def compile_condition(type_: str, key: str | None = None, value: str | None = None) -> Condition:
    """Compile an item of `has` or `missing`, such as ("header", "x-need", "(?<val>.*)").

    Without a value, or with an empty one, it holds for any that is not empty, which becomes a parameter named after the letters of
    the key: "my-q" gives ":myq". A value is a regex for the whole text; its named groups become parameters, and for a host without
    any the host becomes ":host". Raises ValueError for an unknown type, a missing key, a host without a value, and a value that is
    no regex.
    """
    types = get_args(ConditionType)
    if type_ not in types:
        raise ValueError(f"type is {type_!r}. Allowed: {', '.join(types)}")
    kind: ConditionType = type_  # type: ignore[assignment]
    if kind == "host":
        if key is not None:
            raise ValueError("the type host has no key. Delete it")
        if not value:
            raise ValueError('the type host has no value. Write the host, such as "value": "app\\.example"')
    elif not key:
        raise ValueError(f"the type {kind} has no key. Write the name of the {'query key' if kind == 'query' else kind}")
    # NEXTJS: there an empty value is none.
    regex = _compile_value(value) if value else None
    if regex is None:
        letters = _LETTERS.sub("", key or "")
        names: tuple[str, ...] = (letters,) if letters else ()
    else:
        names = tuple(regex.groupindex) or (("host",) if kind == "host" else ())
    return Condition(kind, (key or "").lower() if kind == "header" else key or "", regex, names)


def _compile_value(value: str) -> re.Pattern[str] | BoundedRegex:
    regex = compile_regex(value)
    if not _REPETITION.search(value):
        return regex
    written = translate_regex(value)
    # SECURITY: a header is as much the client's to choose as the path is.
    return compile_bounded(written, reckon(written))


def _match_groups(regex: re.Pattern[str] | BoundedRegex, text: str) -> dict[str, str] | None:
    """Match a whole text, and give the named groups that took part."""
    if isinstance(regex, BoundedRegex):
        spans = regex.spans(text)
        return (
            None
            if spans is None
            else {name: text[span[0] : span[1]] for name, number in regex.groupindex.items() if (span := spans[number - 1]) is not None}
        )
    matched = regex.fullmatch(text)
    return None if matched is None else {name: group for name, group in matched.groupdict().items() if group is not None}


def match_conditions(has: Sequence[Condition], missing: Sequence[Condition], request: RequestView) -> dict[str, str] | None:
    """Give the parameters of all `has`, or None when one of them does not hold or one of `missing` does."""
    params: dict[str, str] = {}
    for condition in has:
        found = condition.match(request)
        if found is None:
            return None
        params.update(found)
    if any(condition.match(request) is not None for condition in missing):
        return None
    return params
