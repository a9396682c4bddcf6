"""Cross-origin resource sharing (WHATWG Fetch, section 3.3): which other origins may read what a route answers.

The options and the answers are those of the npm package `cors` 2.8.6, header for header and in the same order.
"""

import difflib
import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import Struct

from slugline.callables import is_async_callable
from slugline.errors import ConfigError, InvalidHeader
from slugline.http.compression import add_vary
from slugline.http.field_checks import field_value
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.middleware.chain import Middleware, Next

__all__ = ["Cors", "Origin", "OriginFunction"]

# As browsers write it (RFC 6454 section 6.2): small letters, no slash behind. Extensions and apps have schemes of their own.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.\-]*://[^\s/?#@,*A-Z]+")
_DEFAULT_PORT = re.compile(r"http://[^:]+:80|http://\[[^\]]+\]:80|https://[^:]+:443|https://\[[^\]]+\]:443")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")

FixedOrigin = str | bool | re.Pattern[str] | Sequence[str | re.Pattern[str]]
OriginFunction = Callable[[str | None, Any], FixedOrigin | Awaitable[FixedOrigin | None] | None]
"""`(origin, req)`, `def` or `async def`: gives any of the fixed forms; None turns CORS off as False does."""
Origin = FixedOrigin | OriginFunction

Fields = tuple[tuple[str, str], ...]


class Cors:
    """A middleware that says which other origins may use a route.

    `origin` is `"*"` (any), one origin as text (sent to everybody), True (whichever asks), False (off: no headers, and OPTIONS
    reaches the handler), a compiled pattern (found anywhere in the origin, so end it with `$`), a list of texts and
    patterns, or a function `(origin, req)` that gives one of these. `max_age` is in seconds. `methods`, `allowed_headers` and
    `exposed_headers` are lists, or text that is sent as it is; without `allowed_headers`, what the browser asks for is allowed.
    Every OPTIONS request counts as a preflight and is answered here, unless `preflight_continue` is on.

    Raises ConfigError for options that cannot work. What an origin function raises fails the request.
    """

    # NEXTJS: `origin: '*'` with `credentials: true` is sent by the npm package, and refused by every browser. Here it stops the start.

    def __init__(
        self,
        *,
        origin: Origin = "*",
        methods: Sequence[str] = ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"),
        allowed_headers: Sequence[str] | None = None,
        exposed_headers: Sequence[str] | None = None,
        credentials: bool = False,
        max_age: int | str | None = None,
        preflight_continue: bool = False,
        options_success_status: int = 204,
    ) -> None:
        self._credentials = _check_switch("credentials", credentials)
        self._preflight_continue = _check_switch("preflight_continue", preflight_continue)
        self._success_status = _check_success_status(options_success_status)
        self._function: Callable[..., Any] | None = None
        self._policy: _Policy | None = None
        if callable(origin):
            self._function = _check_function(origin)
        else:
            self._policy = _make_policy(origin, credentials=credentials)
            _check_origins(origin)
        self._function_is_async = self._function is not None and is_async_callable(self._function)
        # What `run_middleware` calls in a `def` handler: the same work without the event loop, where the options allow it.
        self.on_worker_thread: Middleware | None = None if self._function_is_async else self._call_on_worker_thread

        credentials_field = _field("Access-Control-Allow-Credentials", "true" if credentials else "")
        methods_field = _field("Access-Control-Allow-Methods", _check_methods(_join("methods", methods)))
        exposed_field = _field("Access-Control-Expose-Headers", _join("exposed_headers", exposed_headers))
        max_age_field = _field("Access-Control-Max-Age", _check_max_age(max_age))
        allowed_field = _field("Access-Control-Allow-Headers", _join("allowed_headers", allowed_headers))
        # An empty list allows no header; an empty text is as good as none, as in the npm package.
        self._reflects_headers = allowed_headers is None or allowed_headers == ""
        self._simple_fields: Fields = (*credentials_field, *exposed_field)
        self._fields_before_headers: Fields = (*credentials_field, *methods_field)
        self._fields_after_headers: Fields = (*allowed_field, *max_age_field, *exposed_field)

    async def __call__(self, req: Request[Any, Any], res: Response[Any], next: Next, /) -> None:
        policy = self._policy
        if self._function is not None:
            origin = req.headers.get("origin")
            if self._function_is_async:
                answer = await self._function(origin, req)
            else:
                answer = await req._run_in_thread(self._function, origin, req)
            policy = _make_policy(answer, credentials=self._credentials)
        self._apply(policy, req, res, next)

    def _call_on_worker_thread(self, req: Request[Any, Any], res: Response[Any], next: Next, /) -> None:
        policy = self._policy
        if self._function is not None:
            policy = _make_policy(self._function(req.headers.get("origin"), req), credentials=self._credentials)
        self._apply(policy, req, res, next)

    def _apply(self, policy: "_Policy | None", req: Request[Any, Any], res: Response[Any], next: Next) -> None:
        if policy is None:
            next()
            return
        allowed = policy.allow(req.headers.get("origin"))
        if allowed:
            res.set_header("Access-Control-Allow-Origin", allowed)
        if policy.varies:
            _vary(res, "Origin")
        if req.method != "OPTIONS":
            _set_fields(res, self._simple_fields)
            next()
            return
        _set_fields(res, self._fields_before_headers)
        if self._reflects_headers:
            _reflect_headers(req, res)
        _set_fields(res, self._fields_after_headers)
        if self._preflight_continue:
            next()
            return
        res.status_code = self._success_status
        # For a status other than 204, which says that there is no body by itself (RFC 9110 section 8.6).
        res.set_header("Content-Length", "0")
        res.end()


class _Policy(Struct, frozen=True):
    """Which origins are allowed: everybody is sent `fixed`, or each origin that matches is sent itself."""

    fixed: str | None = None
    everyone: bool = False
    exact: frozenset[str] = frozenset()
    patterns: tuple[re.Pattern[str], ...] = ()

    @property
    def varies(self) -> bool:
        """Whether a cache must keep answers to different origins apart."""
        return self.fixed != "*"

    def allow(self, origin: str | None) -> str | None:
        """Give the value of Access-Control-Allow-Origin, or None for an origin that is not allowed."""
        if self.fixed is not None:
            return self.fixed
        if not origin:
            return None
        if self.everyone or origin in self.exact or any(pattern.search(origin) for pattern in self.patterns):
            return origin
        return None


def _set_fields(res: Response[Any], fields: Fields) -> None:
    for name, value in fields:
        res.set_header(name, value)


def _reflect_headers(req: Request[Any, Any], res: Response[Any]) -> None:
    _vary(res, "Access-Control-Request-Headers")
    wanted = req.headers.get("access-control-request-headers")
    if wanted:
        res.set_header("Access-Control-Allow-Headers", wanted)


def _vary(res: Response[Any], token: str) -> None:
    existing = res.get_header("Vary")
    res.set_header("Vary", add_vary(", ".join(existing) if isinstance(existing, list) else existing, token))


# The options, checked


def _make_policy(origin: object, *, credentials: bool) -> _Policy | None:
    """Turn an `origin`, from the options or from an origin function, into a policy; None is CORS off."""
    if origin is None or origin is False or origin == "":
        return None
    if origin is True:
        return _Policy(everyone=True)
    if isinstance(origin, str):
        if origin == "*" and credentials:
            raise ConfigError(
                'Cors: credentials=True does not go with origin "*", which browsers refuse to combine (the answer would be unreadable). '
                'Name the origins, origin=["https://app.example"], or give True to allow whichever asks.'
            )
        return _Policy(fixed=_check_text("origin", origin))
    if isinstance(origin, Sequence) and not isinstance(origin, bytes | bytearray):
        return _make_list_policy(origin)
    return _make_list_policy([origin])


def _make_list_policy(entries: Sequence[object]) -> _Policy:
    exact: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    for entry in entries:
        if isinstance(entry, re.Pattern) and isinstance(entry.pattern, str):
            patterns.append(entry)
        elif entry == "*":
            raise ConfigError('Cors: "*" in a list of origins matches no origin. For any origin, write origin="*".')
        elif isinstance(entry, str) and entry:
            exact.add(_check_text("origin", entry))
        else:
            raise ConfigError(
                f"Cors: {entry!r} is no origin. Give text as \"https://app.example\", True, False, re.compile(r'\\.example$'), "
                "a list of texts and patterns, or a function (origin, req) that gives one of these."
            )
    return _Policy(exact=frozenset(exact), patterns=tuple(patterns))


def _check_function(function: Callable[..., Any]) -> Callable[..., Any]:
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        name = getattr(function, "__qualname__", type(function).__qualname__)
        raise ConfigError(f"Cors: {name}, given as origin, must take two arguments: (origin, req).") from None
    except ValueError:  # a builtin without a signature: taken at its word
        pass
    return function


def _check_origins(origin: object) -> None:
    """Refuse a text that no browser ever sends as its origin; what an origin function gives is taken as it is."""
    for text in [origin] if isinstance(origin, str) else origin if isinstance(origin, Sequence) else ():
        if isinstance(text, str) and text not in ("", "*", "null") and not _ORIGIN.fullmatch(text):
            raise ConfigError(f"Cors: {text!r} matches no origin. {_suggest_origin(text)}")
        if isinstance(text, str) and _DEFAULT_PORT.fullmatch(text):
            raise ConfigError(f"Cors: {text!r} matches no origin, since browsers leave the usual port out. Write {_strip_port(text)!r}.")


def _suggest_origin(text: str) -> str:
    if "," in text or " " in text.strip():
        return 'For several, give a list: origin=["https://a.example", "https://b.example"].'
    if "*" in text:
        pattern = re.escape(text.rstrip("/")).replace(r"\*", "[^.]+")
        return f'There are no wildcards in it. Give a pattern: re.compile(r"^{pattern}$").'
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        scheme, rest = "http" if re.match(r"localhost\b|127\.", text) else "https", text.strip().lstrip("/")
    host = re.split(r"[/?#]", rest)[0].rpartition("@")[2]
    meant = f"{scheme}://{host}".lower()
    if not _ORIGIN.fullmatch(meant):
        return 'An origin is scheme, host and perhaps a port, such as "https://app.example".'
    return f"An origin is scheme, host and perhaps a port, in small letters and with nothing behind: {meant!r}."


def _strip_port(text: str) -> str:
    return text.rpartition(":")[0]


def _check_methods(text: str) -> str:
    """Refuse a method that is nearly one of HTTP's, or no method at all; any other is allowed."""
    for method in filter(None, (each.strip() for each in text.split(","))):
        if method in _METHODS or method == "*":
            continue
        if not _TOKEN.fullmatch(method):
            raise ConfigError(f'Cors: {method!r} in methods is no method. Give a list: methods=["GET", "POST"].')
        near = difflib.get_close_matches(method.upper(), _METHODS, n=1, cutoff=0.66)
        if near:
            raise ConfigError(f"Cors: {method!r} in methods matches no request. Did you mean {near[0]!r}?")
    return text


def _check_text(option: str, text: str) -> str:
    try:
        field_value(option, text)
    except InvalidHeader:
        raise ConfigError(
            f"Cors: {option} cannot be sent in a header, it holds a line break, a control character or text outside Latin-1: {text!r}."
        ) from None
    return text


def _join(option: str, value: Sequence[str] | None) -> str:
    """Give a list as the header carries it, `GET,HEAD`; text stays as it is."""
    if value is None and option != "methods":
        return ""
    if isinstance(value, str):
        return _check_text(option, value)
    if not isinstance(value, Sequence) or not all(isinstance(each, str) for each in value):
        raise ConfigError(f'Cors: {option} is a list of texts or one text, such as ["X-One", "X-Two"] or "X-One,X-Two", not {value!r}.')
    return _check_text(option, ",".join(value))


def _check_max_age(value: object) -> str:
    if value is None or value == "":
        return ""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if is_number or (isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value)):
        return str(value)
    raise ConfigError(f"Cors: max_age is a whole number of seconds, such as 600, not {value!r}.")


def _check_switch(option: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ConfigError(f"Cors: {option} is True or False, not {value!r}.")


def _check_success_status(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 200 <= value <= 299:
        return int(value)
    raise ConfigError(
        f"Cors: options_success_status is a status from 200 to 299, with which alone browsers accept a preflight, not {value!r}."
    )


def _field(name: str, value: str) -> Fields:
    """Give the field as a tuple of one, or of none when there is nothing to send."""
    return ((name, value),) if value else ()
