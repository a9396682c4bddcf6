"""AsyncTestClient: the test client for `async def` tests, and what the plain one is made of."""

import contextlib
import logging
import os
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from slugline.adapters.asgi import AsgiAdapter, create_app
from slugline.http.url import encode_location
from slugline.runtime.asgi_types import AsgiApp
from slugline.runtime.mounted_lifespan import MountedLifespan
from slugline.testing.cookie_jar import CookieJar
from slugline.testing.exchange import HttpExchange
from slugline.testing.outgoing import NO_JSON, Content, Files, Outgoing, Pairs, build_request, build_scope
from slugline.testing.response import Response, ResponseHead
from slugline.testing.stream import AsyncStream
from slugline.testing.websocket import AsyncWebSocketSession

__all__ = ["AsyncTestClient"]

_logger = logging.getLogger("slugline.testing")

_MAX_REDIRECTS = 20


class AsyncTestClient:
    """Asks a project (its directory) or an ASGI application, in memory.

    `async with AsyncTestClient(directory) as client: response = await client.get("/api/hello")`. Entering starts the application's
    lifespan, leaving ends it.

    `raise_exceptions` raises what the application raised, where a server would answer 500 and log it. `timeout_seconds` is how long
    the application may stay silent before TimeoutError. `headers` and `cookies` go with every request; cookies that responses set
    are kept. `client` is the address that the application sees.
    """

    __test__ = False  # pytest collects classes by the name Test…

    def __init__(
        self,
        app: str | os.PathLike[str] | AsgiApp,
        *,
        base_url: str = "http://testserver",
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
        raise_exceptions: bool = False,
        follow_redirects: bool = False,
        timeout_seconds: float | None = 30.0,
        client: tuple[str, int] = ("testclient", 50000),
    ) -> None:
        self.app: AsgiApp = create_app(Path(app)) if isinstance(app, str | os.PathLike) else app
        if isinstance(self.app, AsgiAdapter):
            self.app.app.raise_exceptions = raise_exceptions
        self.base_url = base_url
        self.headers = dict(headers or {})
        self.cookies = CookieJar()
        for name, value in (cookies or {}).items():
            self.cookies.set(name, value)
        self._raise_exceptions = raise_exceptions
        self._follow_redirects = follow_redirects
        self._timeout_seconds = timeout_seconds
        self._client = client
        self._lifespan = MountedLifespan(self.app, _logger, name="The application")

    async def __aenter__(self) -> Self:
        await self._lifespan.startup()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        await self._lifespan.shutdown()

    async def get(self, url: str, **options: Any) -> Response:
        """Send GET; takes the options of `request`, as all of these do."""
        return await self.request("GET", url, **options)

    async def head(self, url: str, **options: Any) -> Response:
        """Send HEAD."""
        return await self.request("HEAD", url, **options)

    async def options(self, url: str, **options: Any) -> Response:
        """Send OPTIONS."""
        return await self.request("OPTIONS", url, **options)

    async def post(self, url: str, **options: Any) -> Response:
        """Send POST."""
        return await self.request("POST", url, **options)

    async def put(self, url: str, **options: Any) -> Response:
        """Send PUT."""
        return await self.request("PUT", url, **options)

    async def patch(self, url: str, **options: Any) -> Response:
        """Send PATCH."""
        return await self.request("PATCH", url, **options)

    async def delete(self, url: str, **options: Any) -> Response:
        """Send DELETE."""
        return await self.request("DELETE", url, **options)

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Pairs | None = None,
        headers: Pairs | None = None,
        cookies: Mapping[str, str] | None = None,
        json: object = NO_JSON,
        data: Pairs | str | bytes | None = None,
        files: Files | None = None,
        content: Content | None = None,
        follow_redirects: bool | None = None,
    ) -> Response:
        """Send a request and give the whole response, when the application is done with it.

        The body is one of `json` (any value), `data` (a dictionary as a urlencoded form, or text or bytes as they are), `files`
        (`{"name": (filename, bytes, content_type)}`, with `data` for the other fields) and `content` (bytes, or an iterator of bytes for
        a chunked upload). `url` goes as written: `/a%2Fb` and `//a` arrive so. A Content-Length in `headers` that is larger than the
        body makes an upload that is cut off.
        """
        async with self.stream(
            method,
            url,
            params=params,
            headers=headers,
            cookies=cookies,
            json=json,
            data=data,
            files=files,
            content=content,
            follow_redirects=follow_redirects,
        ) as stream:
            return await stream.read()

    @contextlib.asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        params: Pairs | None = None,
        headers: Pairs | None = None,
        cookies: Mapping[str, str] | None = None,
        json: object = NO_JSON,
        data: Pairs | str | bytes | None = None,
        files: Files | None = None,
        content: Content | None = None,
        follow_redirects: bool | None = None,
    ) -> AsyncIterator[AsyncStream]:
        """Send a request and give the response as soon as its headers are there; leaving the block disconnects the client."""
        request = build_request(
            method, url, self.base_url, params=params, headers=self._merge(headers), json=json, data=data, files=files, content=content
        )
        follow = self._follow_redirects if follow_redirects is None else follow_redirects
        history: list[Response] = []
        while True:
            exchange = self._exchange(request, cookies or {})
            try:
                await exchange.start()
                stream = AsyncStream(exchange, request.url, list(history))
                self._keep_cookies(stream, request)
                following = _redirected(request, stream) if follow else None
                if following is None:
                    yield stream
                    return
                history.append(await stream.read())
            finally:
                await exchange.leave()
            if len(history) > _MAX_REDIRECTS:
                raise RuntimeError(f"More than {_MAX_REDIRECTS} redirects; the last one went to {following.url}.")
            request = following

    def websocket(
        self,
        url: str,
        *,
        subprotocols: Sequence[str] = (),
        params: Pairs | None = None,
        headers: Pairs | None = None,
        cookies: Mapping[str, str] | None = None,
    ) -> AsyncWebSocketSession:
        """Open a WebSocket: `async with client.websocket("/api/chat") as ws`. Raises WebSocketRejected on entering if refused."""
        request = build_request("GET", url, self.base_url, params=params, headers=self._merge(headers))
        request = replace(request, scheme="wss" if request.scheme in {"https", "wss"} else "ws")
        request = self._with_cookies(request, cookies or {})
        for name, value in _handshake_fields(subprotocols):
            request = request.with_field(name, value)
        scope = build_scope(request, "websocket", self._client, self._lifespan.state)
        scope["subprotocols"] = list(subprotocols)
        scope["extensions"] = {"websocket.http.response": {}}
        return AsyncWebSocketSession(self.app, scope, raise_exceptions=self._raise_exceptions, timeout_seconds=self._timeout_seconds)

    def _exchange(self, request: Outgoing, cookies: Mapping[str, str]) -> HttpExchange:
        request = self._with_cookies(request, cookies)
        scope = build_scope(request, "http", self._client, self._lifespan.state)
        scope["method"] = request.method
        return HttpExchange(self.app, scope, request, raise_exceptions=self._raise_exceptions, timeout_seconds=self._timeout_seconds)

    def _merge(self, headers: Pairs | None) -> list[tuple[str, Any]]:
        """The client's own headers, then the request's; a name in both is the request's."""
        given = list(headers.items() if isinstance(headers, Mapping) else headers or ())
        names = {name.lower() for name, _ in given}
        return [(name, value) for name, value in self.headers.items() if name.lower() not in names] + given

    def _with_cookies(self, request: Outgoing, cookies: Mapping[str, str]) -> Outgoing:
        if request.has_given_cookies:
            return request
        header = self.cookies.header_for(request.path, cookies)
        return request.with_field(b"cookie", header.encode("latin-1")) if header else request

    def _keep_cookies(self, response: ResponseHead, request: Outgoing) -> None:
        host = urlsplit(f"//{request.host}").hostname or ""
        for line in response.headers.get_list("set-cookie"):
            self.cookies.keep(line, host=host, request_path=request.path)


def _redirected(request: Outgoing, response: ResponseHead) -> Outgoing | None:
    """Give the request that a redirect asks for; None for no redirect, and for one to another host, which is not here to be asked.

    303 becomes GET, as do 301 and 302 after POST; 307 and 308 are sent again as they were (RFC 9110 section 15.4).
    """
    if not response.is_redirect:
        return None
    target = urlsplit(urljoin(request.url, encode_location(response.headers["location"])))
    if target.netloc != request.host:
        return None
    moved = replace(request, scheme=target.scheme, raw_path=(target.path or "/").encode("ascii"), query_string=target.query.encode("ascii"))
    becomes_get = (response.status_code == 303 and request.method != "HEAD") or (
        response.status_code in {301, 302} and request.method == "POST"
    )
    if becomes_get:
        fields = [pair for pair in request.fields if pair[0] not in {b"content-type", b"content-length", b"transfer-encoding"}]
        return replace(moved, method="GET", fields=fields, content=b"")
    if not isinstance(request.content, bytes | AsyncIterable | list | tuple):
        raise RuntimeError("The application redirects an upload whose content is an iterator, which can be read only once.")
    return moved


def _handshake_fields(subprotocols: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """The fields of a WebSocket handshake (RFC 6455 section 4.1); the key is that section's sample."""
    fields = [
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    if subprotocols:
        fields.append((b"sec-websocket-protocol", ", ".join(subprotocols).encode("latin-1")))
    return fields
