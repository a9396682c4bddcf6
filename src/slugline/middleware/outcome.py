"""What the root middleware of a project returns: go on, rewrite, redirect or answer.

    from slugline.middleware import go_on, redirect

    def middleware(req):
        if "sid" not in req.cookies:
            return redirect(req.next_url.join("/login"))
        return go_on(headers={"x-seen": "1"})

NEXTJS: the results of NextResponse. Its `next()` is called `go_on()`, since `next` is a word of Python's; nothing returned is the same.
"""

import re
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from msgspec import Struct, structs

from slugline.errors import InvalidHeader, InvalidRedirect, InvalidStatus, MiddlewareError
from slugline.http.cookies import format_set_cookie
from slugline.http.field_checks import check_status, field_name, field_value
from slugline.http.json_text import encode_json
from slugline.http.url import encode_location, parse_query

__all__ = [
    "Answer",
    "GoOn",
    "Outcome",
    "Redirect",
    "RequestURL",
    "Rewrite",
    "combine",
    "go_on",
    "read_outcome",
    "redirect",
    "respond",
    "rewrite",
]

HeaderValue = str | int | Sequence[str]
REDIRECT_STATUSES: Final = (301, 302, 303, 307, 308)
BODILESS_STATUSES: Final = frozenset({204, 205, 304})
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_ABSOLUTE = re.compile(r"https?://[^/?#\s@\\]+(?:[/?#]|$)", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*://", re.IGNORECASE)
# What the connection needs stays with it: of a replaced set of request headers these are never the middleware's.
_FRAMING = frozenset({"content-length", "transfer-encoding"})


class RequestURL(Struct, frozen=True):
    """The URL of a request: `str(url)` is the whole of it.

    `origin` is the server's own, such as "http://127.0.0.1:3000", never what the Host field says. `path` is canonical and
    percent-encoded, without the base path. With `trailing_slash` a path gets a slash at its end when it is written.
    NEXTJS: that is so where the project's paths have one, and the request's own path had.
    """

    origin: str
    path: str
    query_string: str = ""
    base_path: str = ""
    fragment: str = ""
    trailing_slash: bool = False

    @property
    def query(self) -> dict[str, str | list[str]]:
        """The query as `req.query` has it, without route parameters."""
        return parse_query(self.query_string)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The pairs of the query, in their order."""
        return parse_qsl(self.query_string, keep_blank_values=True)

    @property
    def search(self) -> str:
        """The query written anew, with its question mark, as JavaScript writes URLSearchParams: "?a=1&b=x+y"; "" for none."""
        return f"?{urlencode(self.pairs, safe='*-._')}" if self.pairs else ""

    @property
    def full_path(self) -> str:
        """Base path and path, as the browser knows it."""
        path = self.path
        if self.trailing_slash and not path.endswith("/"):
            path += "/"
        if self.base_path and path == "/" and not self.trailing_slash:
            return self.base_path
        return self.base_path + path

    @property
    def href(self) -> str:
        """The whole URL."""
        query = f"?{self.query_string}" if self.query_string else ""
        return f"{self.origin}{self.full_path}{query}{f'#{self.fragment}' if self.fragment else ''}"

    def replace(self, *, path: str | None = None, query: Mapping[str, str | Sequence[str]] | str | None = None, fragment: str = "") -> Self:
        """Give the URL with another path or query on the same site, base path kept; `query={}` leaves it out.

        Raises InvalidRedirect for a path that does not begin with one slash.
        """
        new = self.path if path is None else path
        if not new.startswith("/") or new.startswith(("//", "/\\")):
            raise InvalidRedirect(f"{new!r} is no path of this site. Begin it with one slash.")
        if query is None:
            query_string = self.query_string
        else:
            query_string = query.removeprefix("?") if isinstance(query, str) else urlencode(dict(query), doseq=True)
        return structs.replace(self, path=encode_location(new), query_string=query_string, fragment=fragment)

    def join(self, reference: str) -> str:
        """Give the URL that a reference means here, as a browser sees it: "/login" is without the base path.

        A reference to another site gives that one; to stay on this one for sure, use `replace`.
        """
        return urljoin(self.href, encode_location(reference))

    def __str__(self) -> str:
        return self.href


class Outcome:
    """What all four results have: headers and cookies of the response, whoever answers in the end."""

    ends = False
    """Whether the client is answered with this, and nothing after it runs."""

    def __init__(self, headers: Mapping[str, HeaderValue] | None = None) -> None:
        self.headers: dict[str, str | list[str]] = {}
        """Names in lower case; a list is one line each."""
        self.cookies: list[str] = []
        """Set-Cookie lines."""
        self.background: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        """Functions to run when the answer has gone, with their arguments."""
        for name, value in _pairs(headers):
            self.set_header(name, value)

    def set_header(self, name: str, value: HeaderValue) -> Self:
        """Set a header of the response. A header that the handler sets wins. Raises InvalidHeader."""
        key, checked = field_name(name), field_value(name, value)
        if key == "set-cookie":
            self.cookies += [checked] if isinstance(checked, str) else checked
        else:
            self.headers[key] = checked
        return self

    def append_header(self, name: str, value: str) -> Self:
        """Add to a header of the response, behind ", "; a Set-Cookie gets a line of its own. Raises InvalidHeader."""
        key = field_name(name)
        earlier = self.headers.get(key)
        if key == "set-cookie" or earlier is None:
            return self.set_header(name, value)
        joined = earlier if isinstance(earlier, str) else ", ".join(earlier)
        return self.set_header(name, f"{joined}, {value}")

    def set_cookie(
        self,
        name: str,
        value: str,
        *,
        max_age_seconds: int | None = None,
        expires: datetime | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        http_only: bool = False,
        same_site: Literal["lax", "strict", "none"] | None = None,
        partitioned: bool = False,
        priority: Literal["low", "medium", "high"] | None = None,
    ) -> Self:
        """Add a cookie to the response, as `res.set_cookie` does; a cookie that the handler sets comes beside it."""
        line = format_set_cookie(
            name,
            value,
            max_age_seconds=max_age_seconds,
            expires=expires,
            path=path,
            domain=domain,
            secure=secure,
            http_only=http_only,
            same_site=same_site,
            partitioned=partitioned,
            priority=priority,
        )
        self.cookies.append(line)
        return self

    def delete_cookie(self, name: str, *, path: str | None = "/", domain: str | None = None, secure: bool = False) -> Self:
        """Tell the browser to drop a cookie; path and domain must be those it was set with."""
        return self.set_cookie(name, "", expires=EPOCH, path=path, domain=domain, secure=secure or name.startswith("__"))

    def after(self, function: Callable[..., Any], *arguments: Any) -> Self:
        """Run a function when the answer has gone, as `res.after` does: `return go_on().after(count, req.path)`."""
        if not callable(function):
            raise TypeError(f"after was given {function!r}. Give it a function, and its arguments behind it.")
        self.background.append((function, arguments))
        return self

    def __repr__(self) -> str:
        shown = {name: value for name, value in vars(self).items() if value}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


class GoOn(Outcome):
    """Go on to rewrites, files and routes. `request_headers` is the whole set that they see, or None for that of the client."""

    def __init__(self, request_headers: Mapping[str, HeaderValue] | None = None, headers: Mapping[str, HeaderValue] | None = None) -> None:
        super().__init__(headers)
        self.request_headers = None if request_headers is None else _check_request_headers(request_headers)


class Rewrite(GoOn):
    """Go on with another URL: `url` is absolute."""

    def __init__(
        self,
        url: str,
        request_headers: Mapping[str, HeaderValue] | None = None,
        headers: Mapping[str, HeaderValue] | None = None,
    ) -> None:
        super().__init__(request_headers, headers)
        self.url = url


class Redirect(Outcome):
    """Send the client to `url`, which is absolute."""

    ends = True

    def __init__(self, url: str, status: int, headers: Mapping[str, HeaderValue] | None = None) -> None:
        super().__init__(headers)
        self.url = url
        self.status = status

    def location(self, origin: str) -> str:
        """Give the Location field: on the server's own origin it is relative, as in Next.js."""
        rest = self.url[len(origin) :]
        if self.url.startswith(origin) and rest[:1] in ("", "/", "?", "#") and not rest.startswith("//"):
            return rest if rest.startswith("/") else f"/{rest}"
        return self.url


class Answer(Outcome):
    """Answer with a body: bytes, or what gives it in chunks."""

    ends = True

    def __init__(
        self,
        body: bytes | Iterable[bytes | str] | AsyncIterable[bytes | str],
        status: int,
        headers: Mapping[str, HeaderValue] | None = None,
    ) -> None:
        super().__init__(headers)
        self.body = body
        self.status = status


def go_on(*, request_headers: Mapping[str, HeaderValue] | None = None, headers: Mapping[str, HeaderValue] | None = None) -> GoOn:
    """Go on: `return go_on(request_headers={**req.headers, "x-user": "7"}, headers={"x-seen": "1"})`.

    `request_headers` **replace** all headers of the request for what comes after, so copy `req.headers` first. `headers` go
    onto the response. Raises InvalidHeader for a name or value that cannot be sent.
    """
    return GoOn(request_headers, headers)


def rewrite(
    url: str | RequestURL,
    *,
    request_headers: Mapping[str, HeaderValue] | None = None,
    headers: Mapping[str, HeaderValue] | None = None,
) -> Rewrite:
    """Go on with another URL, of which the client sees nothing: `return rewrite(req.next_url.replace(path="/api/other"))`.

    Its path and query replace those of the request. A URL of another server is asked there, and its answer passed on.
    Raises InvalidRedirect for a URL that is not absolute, InvalidHeader.
    """
    return Rewrite(_absolute("rewrite", url, external=_ABSOLUTE), request_headers, headers)


def redirect(url: str | RequestURL, status: int = 307, *, headers: Mapping[str, HeaderValue] | None = None) -> Redirect:
    """Send the client elsewhere: `return redirect(req.next_url.join("/login"))`; the status is 301, 302, 303, 307 or 308.

    Raises InvalidRedirect for a URL that is not absolute, InvalidStatus, InvalidHeader.
    """
    if isinstance(url, int):
        raise InvalidRedirect(f"redirect takes the URL first: redirect({status!r}, {url}).")
    if isinstance(status, bool) or status not in REDIRECT_STATUSES:
        raise InvalidStatus(f"redirect was given the status {status!r}. Allowed: 301, 302, 303, 307, 308.")
    return Redirect(_absolute("redirect", url, external=_SCHEME), int(status), headers)


def respond(body: Any = None, status: int = 200, *, headers: Mapping[str, HeaderValue] | None = None) -> Answer:
    """Answer the client: `return respond({"error": "unauthorized"}, status=401)`.

    Text is sent as text/plain, bytes as they are, an iterator or async iterator in chunks, nothing as an empty body, and any
    other value as JSON. A Content-Type in `headers` stands. Raises InvalidStatus, InvalidHeader, and NotSerialisable.
    """
    checked = check_status(status)
    payload: bytes | Iterable[bytes | str] | AsyncIterable[bytes | str]
    media_type = None
    if body is None:
        payload = b""
    elif isinstance(body, str):
        payload, media_type = body.encode("utf-8", "replace"), "text/plain;charset=UTF-8"
    elif isinstance(body, bytes | bytearray | memoryview):
        payload = bytes(body)
    elif isinstance(body, AsyncIterable | Iterator):
        payload = body
    else:
        payload, media_type = encode_json(body), "application/json"
    if checked in BODILESS_STATUSES and payload != b"":
        raise InvalidStatus(f"A {checked} has no body. Call respond(status={checked}), or choose another status.")
    answer = Answer(payload, checked, headers)
    if media_type is not None:
        answer.headers.setdefault("content-type", media_type)
    return answer


def read_outcome(value: object, function_name: str = "middleware") -> Outcome:
    """Give what a middleware function returned as an Outcome; nothing is going on.

    Raises MiddlewareError for anything else.
    """
    if value is None:
        return GoOn()
    if isinstance(value, Outcome):
        return value
    raise MiddlewareError(
        f"{function_name} returned {type(value).__name__}. Return go_on(), rewrite(url), redirect(url), respond(body), or nothing, "
        "all from slugline.middleware."
    )


def combine(earlier: Outcome, later: Outcome) -> Outcome:
    """Give two outcomes, of functions that ran one after the other, as one.

    Headers and request headers of the later win, cookies come together, and a rewrite stays when the later one only goes on.
    SECURITY: so a rewrite by one function does not keep the next, which may be the guard, from running.
    """
    if isinstance(earlier, Rewrite) and type(later) is GoOn:
        combined: Outcome = Rewrite(earlier.url)
    elif isinstance(later, Rewrite):
        combined = Rewrite(later.url)
    elif isinstance(later, GoOn):
        combined = GoOn()
    elif isinstance(later, Redirect):
        combined = Redirect(later.url, later.status)
    elif isinstance(later, Answer):
        combined = Answer(later.body, later.status)
    else:
        return later
    combined.headers = {**earlier.headers, **later.headers}
    combined.cookies = [*earlier.cookies, *later.cookies]
    combined.background = [*earlier.background, *later.background]
    if isinstance(combined, GoOn) and isinstance(earlier, GoOn) and isinstance(later, GoOn):
        combined.request_headers = earlier.request_headers if later.request_headers is None else later.request_headers
    return combined


def _absolute(function: str, url: object, external: re.Pattern[str]) -> str:
    if not isinstance(url, str | RequestURL):
        raise InvalidRedirect(f"{function} was given {url!r}. Give it a URL, such as req.next_url.join('/login').")
    text = encode_location(str(url))
    if external.match(text) and urlsplit(text).netloc:
        return text
    if text.startswith("/") and not text.startswith("//"):
        raise InvalidRedirect(
            f"{function}({text!r}) has no host, and middleware takes whole URLs. Write {function}(req.next_url.join({text!r})), "
            f"or {function}(req.next_url.replace(path={text!r})) to keep the base path and the query."
        )
    raise InvalidRedirect(f"{function}({text!r}) is no whole URL: begin it with https://host, or use req.next_url.join.")


def _check_request_headers(headers: Mapping[str, HeaderValue]) -> dict[str, str | list[str]]:
    checked: dict[str, str | list[str]] = {}
    for name, value in _pairs(headers):
        key = name.lower() if isinstance(name, str) else name
        if key in _FRAMING or _belongs_to_connection(key):
            continue
        checked[field_name(name)] = field_value(name, value)
    return checked


def _belongs_to_connection(name: object) -> bool:
    # `{**req.headers}` holds what the client sent about the connection, which is neither the middleware's fault nor its business.
    return name in ("connection", "keep-alive", "proxy-connection", "upgrade", "te", "trailer")


def _pairs(headers: Mapping[str, HeaderValue] | None) -> list[tuple[str, HeaderValue]]:
    if headers is None:
        return []
    if not isinstance(headers, Mapping):
        raise InvalidHeader(f'headers is {headers!r}. Give a mapping: {{"x-name": "text"}}.')
    return list(headers.items())
