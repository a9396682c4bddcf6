"""Read the rules of `slugline.config.py`, and the matchers of `middleware.py`, from what their dicts say.

NEXTJS: the keys and the refusals are those of next.config.js; each key may be written as there or in snake_case.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, TypeVar

from msgspec import Struct

from slugline.errors import ConfigError, InvalidHeader
from slugline.http.field_checks import field_name, field_value
from slugline.routing.conditions import Condition, compile_condition
from slugline.routing.rules import FRAMING_FIELDS, HeaderRule, RedirectRule, RewriteRule
from slugline.routing.source_pattern import SourcePattern, TextTemplate, compile_destination, compile_source, compile_text

__all__ = [
    "Place",
    "Table",
    "check_locale",
    "compile_in_place",
    "explain_unknown",
    "read_conditions",
    "read_header_rule",
    "read_list",
    "read_redirect_rule",
    "read_rewrite_rule",
    "read_source",
    "snake_case",
]

Result = TypeVar("Result")

REDIRECT_STATUSES = (301, 302, 303, 307, 308)
REDIRECT_KEYS = ("source", "destination", "permanent", "statusCode", "basePath", "locale", "has", "missing")
REWRITE_KEYS = ("source", "destination", "basePath", "locale", "has", "missing")
HEADER_KEYS = ("source", "headers", "basePath", "locale", "has", "missing")
HEADER_ITEM_KEYS = ("key", "value")
CONDITION_KEYS = ("type", "key", "value")
CONDITION_FORM = '{"type": "header", "key": "x-name", "value": "a regex, or leave it out"}, with header, query, cookie or host'


class Place(Struct, frozen=True):
    """Where in a file a value stands, for messages: file, "redirects[2]", and what else helps to find it."""

    source: str
    path: str
    detail: str = ""

    def under(self, key: str | int) -> "Place":
        path = f"{self.path}[{key}]" if isinstance(key, int) else f"{self.path}.{key}" if self.path else key
        return Place(self.source, path, self.detail)

    def fail(self, text: str) -> NoReturn:
        """Raise ConfigError with the place before the text, as in "slugline.config.py: redirects[2].source (rule 3 of 4) text"."""
        detail = f" ({self.detail})" if self.detail else ""
        where = f"{self.path}{detail} ".lstrip()
        raise ConfigError(f"{self.source}: {where}{text}", files=(self.source,))

    def refuse(self, value: object, allowed: str) -> NoReturn:
        self.fail(f"is {shorten(value)}. Allowed: {allowed}.")


class Table:
    """One dict with known keys, each of which may be written in either spelling."""

    def __init__(self, place: Place, value: object, keys: Sequence[str], form: str | None = None) -> None:
        self.place = place
        if not isinstance(value, Mapping):
            place.refuse(value, form or f"a dict with the keys {', '.join(keys)}")
        self.written: dict[str, str] = {}
        self.values: dict[str, object] = {}
        for written, each in value.items():
            key = next((key for key in keys if written in (key, snake_case(key))), None)
            if key is None:
                place.under(str(written)).fail(explain_unknown(str(written), keys))
            if key in self.written:
                place.fail(f"has both {self.written[key]} and {written}, which are one key. Delete one of the two.")
            self.written[key] = written
            self.values[key] = each

    def place_of(self, key: str) -> Place:
        return self.place.under(self.written.get(key, key))

    def text(self, key: str, allowed: str) -> str:
        """Give a text that must be there."""
        if key not in self.values:
            self.place.fail(f"has no {snake_case(key)}. Write {allowed}.")
        value = self.values[key]
        if not isinstance(value, str):
            self.place_of(key).refuse(value, allowed)
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            self.place_of(key).refuse(value, "True or False")
        return value


def read_list(place: Place, value: object, read: Callable[[Place, object], Result], form: str) -> tuple[Result, ...]:
    """Read each item of a list, with its number in the messages."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Sequence):
        place.refuse(value, f"a list of {form}")
    count = len(value)
    return tuple(
        read(Place(place.source, f"{place.path}[{index}]", f"rule {index + 1} of {count}"), each) for index, each in enumerate(value)
    )


def read_redirect_rule(place: Place, value: object, base_path: str) -> RedirectRule:
    """Read {"source": "/old/:id", "destination": "/new/:id", "permanent": True}."""
    table = Table(place, value, REDIRECT_KEYS)
    source, has, missing = _read_match(table, base_path)
    destination_text = table.text("destination", "the path or URL to redirect to")
    status = _read_status(table)
    prefix = base_path if table.flag("basePath", True) else ""
    destination = _compile(
        table.place_of("destination"), destination_text, _with_base(destination_text, prefix), _names(source, has), compile_destination
    )
    return RedirectRule(source, destination, status, has, missing)


def _read_status(table: Table) -> int:
    # NEXTJS: a status code wins over `permanent`.
    if table.values.get("statusCode") is not None:
        status = table.values["statusCode"]
        if isinstance(status, bool) or not isinstance(status, int) or status not in REDIRECT_STATUSES:
            table.place_of("statusCode").refuse(status, "301, 302, 303, 307 or 308")
        return int(status)
    if "permanent" not in table.values:
        table.place.fail("has neither permanent nor status_code. Write permanent: True for 308, which browsers keep, or False for 307.")
    return 308 if table.flag("permanent", False) else 307


def read_rewrite_rule(place: Place, value: object, base_path: str) -> RewriteRule:
    """Read {"source": "/old/:id", "destination": "/new/:id"}; a destination on another server begins with http:// or https://."""
    table = Table(place, value, REWRITE_KEYS)
    source, has, missing = _read_match(table, base_path)
    text = table.text("destination", "a path, or a URL that begins with http:// or https://")
    place = table.place_of("destination")
    is_external = text.lower().startswith(("http://", "https://"))
    if not is_external and not text.startswith("/"):
        place.refuse(text, "a path that begins with a slash, or a URL that begins with http:// or https://")
    if not is_external and not table.flag("basePath", True):
        place.fail(
            f"is {shorten(text)}, but this rule has base_path: False, and outside the base path the project has nothing. "
            "Write a URL that begins with http:// or https://, or delete base_path from the rule."
        )
    destination = _compile(place, text, _with_base(text, base_path), _names(source, has), compile_destination)
    return RewriteRule(source, destination, has, missing)


def read_header_rule(place: Place, value: object, base_path: str) -> HeaderRule:
    """Read {"source": "/api/:path*", "headers": [{"key": "x-one", "value": "1"}]}."""
    table = Table(place, value, HEADER_KEYS)
    source, has, missing = _read_match(table, base_path)
    form = '{"key": "x-name", "value": "text"}'
    if "headers" not in table.values:
        place.fail(f"has no headers. Write headers: [{form}].")
    items = table.values["headers"]
    place = table.place_of("headers")
    if isinstance(items, str | Mapping) or not isinstance(items, Sequence):
        place.refuse(items, f"a list of {form}")
    if not items:
        place.fail(f"is empty. Write what to send, [{form}], or delete the rule.")
    names = _names(source, has)
    headers = tuple(_read_header(place.under(index), each, names) for index, each in enumerate(items))
    return HeaderRule(source, headers, has, missing)


def _read_header(place: Place, value: object, names: Sequence[str]) -> tuple[TextTemplate, TextTemplate]:
    table = Table(place, value, HEADER_ITEM_KEYS)
    key = table.text("key", "the name of the header")
    text = table.text("value", "the value of the header, as text")
    name_template, value_template = compile_text(key, names), compile_text(text, names)
    try:
        if not name_template.names and field_name(key) in FRAMING_FIELDS:
            table.place_of("key").fail(f"is {key!r}, which the server sets itself. Delete it.")
        for piece in value_template.pieces[::2]:
            field_value(key, piece)
    except InvalidHeader as error:
        place.fail(f"cannot be sent: {error}")
    return name_template, value_template


def _read_match(table: Table, base_path: str) -> tuple[SourcePattern, tuple[Condition, ...], tuple[Condition, ...]]:
    check_locale(table)
    prefix = base_path if table.flag("basePath", True) else ""
    return read_source(table, "source", prefix), *read_conditions(table)


def read_source(table: Table, key: str, base_path: str) -> SourcePattern:
    """Read the pattern of a rule or matcher."""
    text = table.text(key, 'a pattern such as "/blog/:slug"')
    return compile_in_place(table.place_of(key), text, base_path)


def compile_in_place(place: Place, text: str, base_path: str) -> SourcePattern:
    """Compile a pattern with its base path. Raises ConfigError that says where it stands."""
    return _compile(place, text, _with_base(text, base_path), (), lambda written, _: compile_source(written))


def check_locale(table: Table) -> None:
    """Refuse a locale. NEXTJS: `locale: false` says that a source is meant as it is written, which here every source is."""
    if table.values.get("locale", False) is not False:
        table.place_of("locale").fail("is about Next.js's i18n, and has no meaning here. Delete it.")


def read_conditions(table: Table) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """Read `has` and `missing`."""
    has, missing = (_read_conditions(table.place_of(key), table.values.get(key, ())) for key in ("has", "missing"))
    return has, missing


def _read_conditions(place: Place, value: object) -> tuple[Condition, ...]:
    if value is None:
        return ()
    if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
        place.refuse(value, f"a list of {CONDITION_FORM}")
    return tuple(_read_condition(place.under(index), each) for index, each in enumerate(value))


def _read_condition(place: Place, value: object) -> Condition:
    table = Table(place, value, CONDITION_KEYS, CONDITION_FORM)
    kind = table.text("type", "header, query, cookie or host")
    key, text = (None if table.values.get(each) is None else table.text(each, "text") for each in ("key", "value"))
    try:
        return compile_condition(kind, key, text)
    except ValueError as error:
        place.fail(f"cannot be used: {error}.")


def _compile(place: Place, text: str, whole: str, names: Sequence[str], compile_pattern: Callable[[str, Sequence[str]], Result]) -> Result:
    """Compile a pattern with its base path; of one that fails the message is about what the user wrote, without it."""
    try:
        compile_pattern(text, names)
        return compile_pattern(whole, names)
    except ValueError as error:
        place.fail(f"is {shorten(text)}, and {error}.")


def _names(source: SourcePattern, has: Sequence[Condition]) -> tuple[str, ...]:
    return (*source.names, *(name for condition in has for name in condition.names))


def _with_base(text: str, base_path: str) -> str:
    if not base_path or not text.startswith("/"):
        return text
    return base_path if text == "/" else base_path + text


def explain_unknown(written: str, keys: Sequence[str]) -> str:
    """Say that a key is unknown, which one it may be, and which there are."""
    shown = [snake_case(key) for key in keys]
    near = difflib.get_close_matches(snake_case(written), shown, n=1)
    question = f" Did you mean {near[0]}?" if near else ""
    return f"is an unknown key.{question} Allowed: {', '.join(shown)}."


def snake_case(key: str) -> str:
    """Write a key of Next.js as Python does, so "statusCode" gives "status_code"."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


def shorten(value: object) -> str:
    """Show a value in a message, at most some eighty characters of it."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
