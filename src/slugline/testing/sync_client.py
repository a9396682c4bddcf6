"""TestClient: the test client for plain `def` tests."""

import contextlib
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from slugline.errors import WebSocketClosed
from slugline.runtime.asgi_types import AsgiApp
from slugline.testing.client import AsyncTestClient
from slugline.testing.cookie_jar import CookieJar
from slugline.testing.events import Event
from slugline.testing.loop_thread import LoopThread
from slugline.testing.outgoing import NO_JSON, Content, Files, Pairs
from slugline.testing.response import Response, ResponseHead, ResponseHeaders
from slugline.testing.stream import AsyncStream
from slugline.testing.websocket import AsyncWebSocketSession

__all__ = ["Stream", "TestClient", "WebSocketSession"]

Item = TypeVar("Item")


class TestClient:
    """Asks a project (its directory) or an ASGI application, in memory.

    `with TestClient(directory) as client: response = client.get("/api/hello")`. The application runs on an event loop of its own, on
    another thread. Options and methods are those of AsyncTestClient, without `await`.
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
        self._thread = LoopThread()
        self._client = AsyncTestClient(
            app,
            base_url=base_url,
            headers=headers,
            cookies=cookies,
            raise_exceptions=raise_exceptions,
            follow_redirects=follow_redirects,
            timeout_seconds=timeout_seconds,
            client=client,
        )

    @property
    def app(self) -> AsgiApp:
        """The application that is asked."""
        return self._client.app

    @property
    def cookies(self) -> CookieJar:
        """The cookies that go with every request."""
        return self._client.cookies

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with every request."""
        return self._client.headers

    def __enter__(self) -> Self:
        self._thread = LoopThread()
        self._thread.start()
        try:
            self._thread.call(self._client.__aenter__())
        except BaseException:
            self._thread.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        try:
            self._thread.call(self._client.__aexit__(kind, error, traceback))
        finally:
            self._thread.stop()

    def get(self, url: str, **options: Any) -> Response:
        """Send GET; takes the options of `request`, as all of these do."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Any) -> Response:
        """Send HEAD."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Any) -> Response:
        """Send OPTIONS."""
        return self.request("OPTIONS", url, **options)

    def post(self, url: str, **options: Any) -> Response:
        """Send POST."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> Response:
        """Send PUT."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Any) -> Response:
        """Send PATCH."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> Response:
        """Send DELETE."""
        return self.request("DELETE", url, **options)

    def request(
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
        """Send a request and give the whole response, when the application is done with it; see AsyncTestClient.request."""
        return self._thread.call(
            self._client.request(
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
            )
        )

    @contextlib.contextmanager
    def stream(self, method: str, url: str, **options: Any) -> Iterator["Stream"]:
        """Send a request and give the response as soon as its headers are there; leaving the block disconnects the client."""
        context = self._client.stream(method, url, **options)
        stream = self._thread.call(_enter(context))
        try:
            yield Stream(stream, self._thread)
        finally:
            self._thread.call(_leave(context))

    @contextlib.contextmanager
    def websocket(
        self,
        url: str,
        *,
        subprotocols: Sequence[str] = (),
        params: Pairs | None = None,
        headers: Pairs | None = None,
        cookies: Mapping[str, str] | None = None,
    ) -> Iterator["WebSocketSession"]:
        """Open a WebSocket: `with client.websocket("/api/chat") as ws`. Raises WebSocketRejected on entering if refused."""
        session = self._client.websocket(url, subprotocols=subprotocols, params=params, headers=headers, cookies=cookies)
        self._thread.call(session.__aenter__())
        try:
            yield WebSocketSession(session, self._thread)
        except BaseException as error:
            self._thread.call(session.__aexit__(type(error), error, None))
            raise
        else:
            self._thread.call(session.__aexit__(None, None, None))


class Stream(ResponseHead):
    """Status and headers are there; the body comes as the application sends it, once."""

    def __init__(self, stream: AsyncStream, thread: LoopThread) -> None:
        super().__init__(stream.status_code, stream.headers, stream.url, stream.history)
        self._stream = stream
        self._thread = thread

    def iter_raw(self) -> Iterator[bytes]:
        """Give the chunks as sent."""
        return self._iterate(self._stream.iter_raw())

    def iter_bytes(self) -> Iterator[bytes]:
        """Give the chunks without gzip or deflate. Raises IncompleteResponse where the application broke off."""
        return self._iterate(self._stream.iter_bytes())

    def events(self) -> Iterator[Event]:
        """Give server-sent events as they come."""
        return self._iterate(self._stream.events())

    def read(self) -> Response:
        """Read what is left, wait until the application is done, and give the whole response."""
        return self._thread.call(self._stream.read())

    def _iterate(self, items: AsyncIterator[Item]) -> Iterator[Item]:
        while True:
            found = self._thread.call(_next(items))
            if not found:
                return
            yield found[0]


class WebSocketSession:
    """An open WebSocket. Receiving raises WebSocketClosed (with `code` and `reason`) when the application has closed it.

    `for message in ws` gives str and bytes until the socket is closed.
    """

    def __init__(self, session: AsyncWebSocketSession, thread: LoopThread) -> None:
        self._session = session
        self._thread = thread

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the application chose."""
        return self._session.subprotocol

    @property
    def headers(self) -> ResponseHeaders:
        """The headers of the accepting response."""
        return self._session.headers

    @property
    def close_code(self) -> int | None:
        """The code that the socket was closed with, by either side; None while it is open."""
        return self._session.close_code

    @property
    def close_reason(self) -> str:
        """The reason that came with the code."""
        return self._session.close_reason

    def send(self, message: str | bytes) -> None:
        """Send text as a text message, bytes as a binary one."""
        self._thread.call(self._session.send(message))

    def send_text(self, text: str) -> None:
        """Send a text message."""
        self._thread.call(self._session.send_text(text))

    def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        self._thread.call(self._session.send_bytes(data))

    def send_json(self, value: object) -> None:
        """Send a value as JSON, in a text message."""
        self._thread.call(self._session.send_json(value))

    def receive(self) -> str | bytes:
        """Wait for the next message; raises WebSocketClosed, or TimeoutError when the application stays silent."""
        return self._thread.call(self._session.receive())

    def receive_text(self) -> str:
        """Wait for a text message; raises TypeError for a binary one."""
        return self._thread.call(self._session.receive_text())

    def receive_bytes(self) -> bytes:
        """Wait for a binary message; raises TypeError for a text one."""
        return self._thread.call(self._session.receive_bytes())

    def receive_json(self) -> Any:
        """Wait for a message and read it as JSON."""
        return self._thread.call(self._session.receive_json())

    def __iter__(self) -> Iterator[str | bytes]:
        while True:
            try:
                yield self.receive()
            except WebSocketClosed:
                return

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the socket from this side; the application receives the code."""
        self._thread.call(self._session.close(code, reason))


async def _enter(context: contextlib.AbstractAsyncContextManager[AsyncStream]) -> AsyncStream:
    return await context.__aenter__()


async def _leave(context: contextlib.AbstractAsyncContextManager[AsyncStream]) -> None:
    await context.__aexit__(None, None, None)


async def _next(items: AsyncIterator[Item]) -> list[Item]:
    """Give the next item in a list, or an empty list at the end: StopIteration cannot cross a future."""
    async for item in items:
        return [item]
    return []
