"""A route file's `config`, checked and turned into plain values when the file is loaded.

NEXTJS: the keys and defaults are those of `export const config` in an API route. There, an unknown key is ignored, `"abc"`
lifts the size limit and 0 means the default; here each stops the start, since nobody writes one on purpose.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import NoReturn

from msgspec import Struct

from slugline.errors import ConfigError
from slugline.http.sizes import parse_size

__all__ = ["RouteConfig", "is_known_key", "parse_route_config"]

DEFAULT_SIZE_LIMIT_BYTES = 1024 * 1024
DEFAULT_RESPONSE_LIMIT_BYTES = 4 * 1024 * 1024

LONGEST_SECONDS = 1e9  # 31 years; what is longer, infinity included, is no limit, which is written by leaving the key out

SIZE_FORM = 'a number of bytes or a text such as "500kb" or "2mb"'

CONFIG_KEYS = ("api", "maxDuration")
API_KEYS = ("bodyParser", "responseLimit", "externalResolver", "streamLimit")
BODY_PARSER_KEYS = ("sizeLimit", "refuseTooLarge")
NEXTJS_ONLY_KEYS = ("runtime", "regions", "preferredRegion")

HOME_OF_KEY = {
    **dict.fromkeys(CONFIG_KEYS, "config"),
    **dict.fromkeys(API_KEYS, "config.api"),
    **dict.fromkeys(BODY_PARSER_KEYS, "config.api.bodyParser"),
}


class RouteConfig(Struct, frozen=True):
    """What a route's `config` settles; the defaults are those of a file without one.

    With `refuse_too_large` off, a multipart form over the limit reaches the handler, cut off.
    `size_limit_text` and `stream_limit_text` are the limits as the file writes them, for the text of a 413.
    `stream_limit_bytes` counts with `body_parser` off; None is no limit. `response_limit_bytes` only leads to a warning.
    """

    body_parser: bool = True
    size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES
    size_limit_text: str = "1mb"
    refuse_too_large: bool = True
    stream_limit_bytes: int | None = None
    stream_limit_text: str = ""
    response_limit_bytes: int | None = DEFAULT_RESPONSE_LIMIT_BYTES
    external_resolver: bool = False
    max_duration_seconds: float | None = None


def parse_route_config(config: object, source: str) -> RouteConfig:
    """Check the `config` of the route file `source`, so {"api": {"bodyParser": False}} gives RouteConfig(body_parser=False).

    Every key may be written as in Next.js or in snake_case (`body_parser`), not both at once.
    Raises ConfigError with the file, the path of the key, what is allowed and, for a slip of the pen, the key that is meant.
    """
    top = _Section("config", config, CONFIG_KEYS, source)
    api = _Section(top.path_of("api"), top.get("api", {}), API_KEYS, source)
    body_parser, size_limit_bytes, size_limit_text, refuse_too_large = _read_body_parser(api)
    stream_limit_bytes, stream_limit_text = _read_stream_limit(api, body_parser)
    return RouteConfig(
        body_parser=body_parser,
        size_limit_bytes=size_limit_bytes,
        size_limit_text=size_limit_text,
        refuse_too_large=refuse_too_large,
        stream_limit_bytes=stream_limit_bytes,
        stream_limit_text=stream_limit_text,
        response_limit_bytes=_read_response_limit(api),
        external_resolver=_read_external_resolver(api),
        max_duration_seconds=_read_max_duration(top),
    )


def is_known_key(key: object) -> bool:
    """Tell whether a key, in either spelling, has a place anywhere in a route's `config`, or in that of Next.js."""
    return any(key in (known, _snake_case(known)) for known in (*HOME_OF_KEY, *NEXTJS_ONLY_KEYS))


class _Section:
    """One dict of the configuration: known keys in either spelling, and where each was written."""

    def __init__(self, path: str, value: object, keys: Sequence[str], source: str) -> None:
        self.path = path
        self.source = source
        if not isinstance(value, Mapping):
            self.refuse(path, value, f"a dict with the keys {_list_keys(keys)}")
        self.written: dict[str, object] = {}
        self.values: dict[str, object] = {}
        for written, item in value.items():
            self._add(written, item, keys)

    def _add(self, written: object, item: object, keys: Sequence[str]) -> None:
        key = next((key for key in keys if written in (key, _snake_case(key))), None)
        if key is None:
            self._refuse_unknown(written, keys)
        if key in self.written:
            raise ConfigError(
                f"{self.source}: {self.path} has both {self.written[key]} and {written}, which are one key. Delete one of the two.",
                files=(self.source,),
            )
        self.written[key] = written
        self.values[key] = item

    def get(self, key: str, default: object) -> object:
        return self.values.get(key, default)

    def path_of(self, key: str) -> str:
        return f"{self.path}.{self.written.get(key, key)}"

    def refuse(self, path: str, value: object, allowed: str) -> NoReturn:
        raise ConfigError(f"{self.source}: {path} is {value!r}. Allowed: {allowed}.", files=(self.source,))

    def _refuse_unknown(self, written: object, keys: Sequence[str]) -> NoReturn:
        path = f"{self.path}.{written}" if isinstance(written, str) else f"{self.path}[{written!r}]"
        raise ConfigError(f"{self.source}: {path} {_explain_unknown(str(written), keys)}", files=(self.source,))


def _explain_unknown(written: str, keys: Sequence[str]) -> str:
    if written in NEXTJS_ONLY_KEYS or written in map(_snake_case, NEXTJS_ONLY_KEYS):
        return "says where Next.js runs a route, and has no meaning here: every route runs in the server's own process. Delete it."
    spellings = {spelling: key for key in HOME_OF_KEY for spelling in (key, _snake_case(key))}
    if written in spellings:
        return f"is in the wrong place. Write it into {HOME_OF_KEY[spellings[written]]}."
    near = difflib.get_close_matches(written, [_snake_case(key) for key in keys] if "_" in written else keys, n=1)
    question = f" Did you mean {near[0]}?" if near else ""
    return f"is an unknown key.{question} Allowed: {_list_keys(keys)}."


def _read_body_parser(api: _Section) -> tuple[bool, int, str, bool]:
    value = api.get("bodyParser", True)
    path = api.path_of("bodyParser")
    if isinstance(value, bool):
        return value, DEFAULT_SIZE_LIMIT_BYTES, "1mb", True
    if not isinstance(value, Mapping):
        api.refuse(path, value, 'True, False or {"sizeLimit": "1mb"}')
    section = _Section(path, value, BODY_PARSER_KEYS, api.source)
    refuses = section.get("refuseTooLarge", True)
    if not isinstance(refuses, bool):
        section.refuse(section.path_of("refuseTooLarge"), refuses, "True or False")
    return True, *_read_size(section, "sizeLimit", section.get("sizeLimit", "1mb")), refuses


def _read_stream_limit(api: _Section, body_parser: bool) -> tuple[int | None, str]:
    value = api.get("streamLimit", False)
    if value is False:
        return None, ""
    if body_parser:
        path = api.path_of("streamLimit")
        raise ConfigError(
            f"{api.source}: {path} counts only with bodyParser: False, and this route parses its bodies. "
            'Write bodyParser: {"sizeLimit": …} instead.',
            files=(api.source,),
        )
    return _read_size(api, "streamLimit", value, "False (no limit)")


def _read_response_limit(api: _Section) -> int | None:
    value = api.get("responseLimit", True)
    if isinstance(value, bool):
        return DEFAULT_RESPONSE_LIMIT_BYTES if value else None
    return _read_size(api, "responseLimit", value, "False (no limit), True (4mb)")[0]


def _read_external_resolver(api: _Section) -> bool:
    value = api.get("externalResolver", False)
    if not isinstance(value, bool):
        api.refuse(api.path_of("externalResolver"), value, "True or False")
    return value


def _read_max_duration(top: _Section) -> float | None:
    if "maxDuration" not in top.values:
        return None
    value = top.values["maxDuration"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LONGEST_SECONDS:
        top.refuse(top.path_of("maxDuration"), value, "a number of seconds above 0, such as 10 or 2.5")
    return float(value)


def _read_size(section: _Section, key: str, value: object, more: str = "") -> tuple[int, str]:
    path = section.path_of(key)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        section.refuse(path, value, f"{SIZE_FORM}, {more}" if more else SIZE_FORM)
    try:
        return parse_size(value), _write_size(value)
    except ValueError as error:
        also = f" Allowed as well: {more}." if more else ""
        raise ConfigError(f"{section.source}: {path}: {error}{also}", files=(section.source,)) from None


def _write_size(value: float | str) -> str:
    # NEXTJS: a 413 quotes the limit as JavaScript writes it, where 1000.0 is 1000.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _snake_case(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


def _list_keys(keys: Sequence[str]) -> str:
    return ", ".join(keys)
