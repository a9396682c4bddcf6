"""Running a project's root middleware: what its functions see, and what becomes of what they return."""

import asyncio
import json
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from slugline.callables import Done, RunInThread, call_from_handler, make_awaitable
from slugline.errors import BodyTooLarge, MiddlewareError
from slugline.http.cookies import parse_cookie_header
from slugline.http.request import Request
from slugline.http.response import TEXT, Response
from slugline.middleware.outcome import Answer, GoOn, Outcome, Redirect, RequestURL, Rewrite, combine, read_outcome
from slugline.project.config import ProjectConfig
from slugline.project.root_middleware import RootMiddleware
from slugline.runtime.asgi_types import Message
from slugline.runtime.body_reader import BodyReader
from slugline.runtime.settings import Settings

__all__ = ["MiddlewareRequest", "RunRootMiddleware", "answer_outcome"]

# NEXTJS: `experimental.proxyClientMaxBodySize`, what a middleware may read of a body.
MOST_BODY_BYTES = 10 * 1024 * 1024
MOST_BODY_TEXT = "10mb"
FRAMING_FIELDS = (b"content-length", b"transfer-encoding", b"expect")


# A handshake is an HTTP request, and so is where it is sent on to.
_SCHEMES_OF_SOCKETS = {"ws": "http", "wss": "https"}


class MiddlewareRequest(Request[Any, Any]):
    """A request as root middleware sees it: no route has been found, and the body has not been read.

    SECURITY: its `path` and `url` are canonical, unlike those of a handler: a check of the text must not miss "/%61dmin".
    """

    next_url: RequestURL
    """The URL that was asked for, canonical, to be changed and given to `rewrite` and `redirect`."""
    _body: "_Body"

    def read(self) -> Any:
        """Give the body as bytes, up to 10 MB; whoever answers gets all of it too. `await` it in an `async def` function.

        Raises BodyTooLarge, TruncatedBody and BodyTimeout.
        """
        return self._call("req.read()", self._read_once)

    def text(self) -> Any:
        """Give the body as text in UTF-8. `await` it in an `async def` function."""
        return self._call("req.text()", self._read_text)

    def json(self) -> Any:
        """Give the body as JSON. `await` it in an `async def` function. Raises ValueError for a body that is none."""
        return self._call("req.json()", self._read_json)

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies sent, decoded."""
        # NEXTJS: of two cookies with one name the last wins here, unlike in an API route.
        if self._cookies is None:
            self._cookies = {}
            for piece in self.index.get(b"cookie", b"").decode("latin-1").split(";"):
                self._cookies.update(parse_cookie_header(piece))
        return self._cookies

    def after(self, function: Callable[..., Any], /, *arguments: Any) -> None:
        """Run `function(*arguments)` once the answer has gone, as `res.after` does."""
        if not callable(function):
            raise MiddlewareError(f"req.after() takes a function, not {type(function).__name__}.")
        if self._after is None:
            self._after = []
        self._after.append((function, arguments))

    def _call(self, shown: str, function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Give the value itself to a `def` function, which cannot await it."""
        result = call_from_handler(self, shown, function)
        return result.value if isinstance(result, Done) else result

    async def _read_once(self) -> bytes:
        return await self._body.read()

    async def _read_text(self) -> str:
        return (await self._body.read()).decode("utf-8", "replace")

    async def _read_json(self) -> Any:
        return json.loads(await self._body.read())


class RunRootMiddleware:
    """Runs the functions of a `middleware.py`; `def` functions on worker threads."""

    def __init__(self, run_in_thread: RunInThread, settings: Settings) -> None:
        self._run_in_thread = run_in_thread
        self._settings = settings
        self._calls: dict[Callable[..., Any], Callable[..., Awaitable[Any]]] = {}

    async def __call__(self, middleware: RootMiddleware, request: Request[Any, Any], path: str, config: ProjectConfig) -> Outcome:
        """Run the functions in their order until one answers, and give their results as one; request headers are changed at once.

        Raises what a function raises, and MiddlewareError for what it returns.
        """
        seen = self._make_request(request, path, config)
        combined: Outcome = GoOn()
        for function in middleware.functions:
            call = self._calls.get(function)
            if call is None:
                call = self._calls[function] = make_awaitable(function, self._run_in_thread)
            value = await call(seen)
            if seen._unawaited is not None:
                raise MiddlewareError(seen._unawaited.explain())
            name = getattr(function, "__name__", "middleware")
            combined = combine(combined, read_outcome(value, f"{middleware.source}: {name}"))
            if combined.ends:
                break
            if isinstance(combined, GoOn) and combined.request_headers is not None:
                _replace_fields(seen, combined.request_headers)
                _replace_fields(request, combined.request_headers)
        for function, arguments in combined.background:
            seen.after(function, *arguments)
        if seen._after:
            request._after = [*(request._after or ()), *seen._after]
        return combined

    def read_rewrite(self, outcome: Rewrite, request: Request[Any, Any]) -> tuple[str, str] | None:
        """Give path and query of a rewrite within the site; None for another server."""
        parts = urlsplit(outcome.url)
        if f"{parts.scheme}://{parts.netloc}" != own_origin(request):
            return None
        return parts.path or "/", parts.query

    def _make_request(self, request: Request[Any, Any], path: str, config: ProjectConfig) -> MiddlewareRequest:
        base = config.base_path
        inner = path[len(base) :] or "/" if base and (path == base or path.startswith(f"{base}/")) else path
        seen = MiddlewareRequest(request.method, inner.encode("ascii"), request.query_string, list(request.fields), request.scope)
        seen._host = request._host
        seen.next_url = RequestURL(
            own_origin(request),
            inner,
            request.query_string.decode("latin-1"),
            base if inner is not path else "",
            trailing_slash=config.trailing_slash and inner.endswith("/"),
        )
        seen._body = _Body(request, self._settings)
        return seen


def answer_outcome(request: Request[Any, Any], response: Response[Any], outcome: Outcome) -> None:
    """Answer with what a middleware returned, a redirect or a body; its headers are on the response already."""
    if isinstance(outcome, Redirect):
        location = outcome.location(own_origin(request))
        if location.startswith("/"):
            location = request._mount_prefix + location
        response.status(outcome.status).set_header("location", location)
        response._finish(location.encode("ascii"), TEXT)
        return
    assert isinstance(outcome, Answer)
    response.status(outcome.status)
    if isinstance(outcome.body, bytes):
        response._finish(outcome.body, typed=response.has_header("content-type"))
    else:
        response.send(aiter(outcome.body) if isinstance(outcome.body, AsyncIterable) else iter(outcome.body))
        response._type = None  # NEXTJS: names no type that was not given


class _Body:
    """The body of a request, read once for the middleware and given again to whoever answers."""

    def __init__(self, request: Request[Any, Any], settings: Settings) -> None:
        self._request = request
        self._settings = settings
        self._reading: asyncio.Task[bytes] | None = None

    async def read(self) -> bytes:
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read())
        return await asyncio.shield(self._reading)

    async def _read(self) -> bytes:
        request = self._request
        index = request.index
        if b"transfer-encoding" not in index and index.get(b"content-length", b"0") == b"0":
            return b""
        declared = index.get(b"content-length")
        size = int(declared) if declared is not None and declared.isdigit() else None
        if size is not None and size > MOST_BODY_BYTES:
            raise BodyTooLarge(MOST_BODY_TEXT)
        reader = BodyReader(
            request._receive,
            self._settings,
            declared_bytes=size,
            limit_bytes=MOST_BODY_BYTES,
            limit_text=MOST_BODY_TEXT,
            expects_continue=b"expect" in index,
        )
        try:
            body = await reader.read()
        except Exception as error:
            # A middleware may catch this. Whoever answers must not take what is left of the body for all of it.
            request._receive = _fail(error)
            raise
        request._receive = _replay(body, request._receive)
        return body


def _fail(error: BaseException) -> Callable[[], Awaitable[Message]]:
    async def receive() -> Message:
        raise error

    return receive


def _replay(body: bytes, receive: Callable[[], Awaitable[Message]]) -> Callable[[], Awaitable[Message]]:
    """Give a `receive` that gives the body once more, and then what the server says; the end of the body was not waited for."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        message = await receive()
        return message if message["type"] == "http.disconnect" else await receive()

    return receive_again


def _replace_fields(request: Request[Any, Any], headers: dict[str, str | list[str]]) -> None:
    """Put other header fields in the place of those that the client sent; what frames the body stays."""
    framing = [field for field in request.fields if field[0] in FRAMING_FIELDS]
    given = [
        (name.encode("latin-1"), line.encode("latin-1"))
        for name, value in headers.items()
        if name.encode("latin-1") not in FRAMING_FIELDS
        for line in ([value] if isinstance(value, str) else value)
    ]
    request._replace_fields([*framing, *given])


def own_origin(request: Request[Any, Any]) -> str:
    """Give the server's own origin, "http://127.0.0.1:3000".

    SECURITY: from the connection, never from the Host field, which the client chooses.
    """
    host, port = request.scope.get("server") or ("localhost", 3000)
    if not port:
        host = "localhost"  # a socket in the file system has a path in the place of a host
    shown = f"[{host}]" if ":" in host else host
    scheme = request.scope.get("scheme", "http")
    return f"{_SCHEMES_OF_SOCKETS.get(scheme, scheme)}://{shown}{f':{port}' if port else ''}"
