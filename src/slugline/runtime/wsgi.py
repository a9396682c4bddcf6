"""WSGI applications behind ASGI: a2wsgi moves the bytes between event loop and threads; here is what it leaves open.

- Paths, query and repeated headers as PEP 3333 and CGI want them, from the raw bytes.
- `start_response` may be called again with exc_info, and may come late; the head goes out with the first bytes of the body.
- A client that leaves, an upload that is cut off and a cancelled request reach the application as an exception or as the end of its
  iteration. Left alone, its thread would wait for ever, and the next ten such requests would stop the application.
"""

import asyncio
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any

from a2wsgi import WSGIMiddleware

from slugline.errors import ClientDisconnected, ResponseError
from slugline.runtime.asgi_types import Message, Receive, Scope, Send

__all__ = ["WsgiBridge"]

Environ = dict[str, Any]
ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None]

_EXCHANGE = "slugline.wsgi"


class WsgiBridge:
    """A WSGI application as an ASGI one; `threads` is how many requests it answers at once."""

    def __init__(self, app: Callable[..., Iterable[bytes]], threads: int = 10) -> None:
        self._app = app
        self._middleware: Any = WSGIMiddleware(self._answer, workers=threads)  # type: ignore[arg-type,unused-ignore]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise ResponseError("A WSGI application has no lifespan.")
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})  # WSGI knows no WebSockets
            return
        exchange = _Exchange(scope, receive, send)
        # a2wsgi reads the query as ASCII, and fails on a client's other bytes; it gets none, and _complete_environ sets the real one.
        own_scope = {**scope, "query_string": b"", _EXCHANGE: exchange}
        work = asyncio.create_task(self._run(own_scope, exchange))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            # A thread cannot be cancelled. It is told at its next chunk, and its task lives until then.
            exchange.leave()
            _running.add(work)
            work.add_done_callback(_forget)
            raise
        except ClientDisconnected:
            if exchange.send_error is None:
                raise
        if exchange.send_error is not None:
            raise exchange.send_error

    async def _run(self, scope: Scope, exchange: "_Exchange") -> None:
        try:
            await self._middleware(scope, exchange.receive, exchange.send)
        except (SystemExit, KeyboardInterrupt) as error:
            # Left in a task, these would end the loop and so the worker.
            raise RuntimeError(f"The application raised {type(error).__name__}.") from error

    def close(self) -> None:
        """Let the threads end after the requests that they are answering."""
        self._middleware.executor.shutdown(wait=False)

    def _answer(self, environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
        """Call the application, in the thread: a generator starts when it is first asked."""
        exchange: _Exchange = environ["asgi.scope"][_EXCHANGE]
        _complete_environ(environ, exchange.scope)
        head = _Head(start_response)
        chunks = self._app(environ, head.start)
        try:
            for chunk in chunks:
                if exchange.ended:
                    return
                if chunk:
                    head.send()
                    yield chunk
            head.send()
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()


_running: set["asyncio.Task[None]"] = set()


def _forget(work: "asyncio.Task[None]") -> None:
    _running.discard(work)
    if not work.cancelled():
        work.exception()  # it was the answer to a request that nobody waits for


class _Exchange:
    """The two channels of one request, which never leave a thread waiting for a client that has gone."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.ended = False
        self.send_error: BaseException | None = None
        self._receive = receive
        self._send = send
        self._left = asyncio.Event()

    def leave(self) -> None:
        self.ended = True
        self._left.set()

    async def receive(self) -> Message:
        message = asyncio.ensure_future(self._receive())
        left = asyncio.ensure_future(self._left.wait())
        try:
            await asyncio.wait({message, left}, return_when=asyncio.FIRST_COMPLETED)
            if not message.done():
                raise ClientDisconnected("The request was ended before its body had arrived.")
            event = message.result()
        finally:
            left.cancel()
            message.cancel()
        if event["type"] == "http.disconnect":
            self.ended = True
            raise ClientDisconnected("The client left before the body had arrived.")
        return event

    async def send(self, message: Message) -> None:
        if self.ended:
            return
        try:
            await self._send(message)
        except BaseException as error:
            # The thread goes on handing over chunks: taking them, and raising afterwards, is what ends it.
            self.ended = True
            if isinstance(error, asyncio.CancelledError):
                raise
            self.send_error = error


class _Head:
    """Status and headers, kept until the first bytes of the body, so that an error page may still replace them (PEP 3333)."""

    def __init__(self, start_response: Callable[..., Any]) -> None:
        self._start_response = start_response
        self._head: tuple[str, list[tuple[str, str]]] | None = None
        self._write: Callable[[bytes], None] | None = None

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: ErrorInfo | None = None) -> Callable[[bytes], None]:
        """The `start_response` that the application calls."""
        if exc_info is not None and self._write is not None:
            raise exc_info[1].with_traceback(exc_info[2])
        if exc_info is None and self._head is not None:
            raise ResponseError("start_response was called twice; a second call needs exc_info (PEP 3333).")
        self._head = (status, headers)
        return self.write

    def write(self, chunk: bytes) -> None:
        """The `write` of old applications."""
        self.send()(chunk)

    def send(self) -> Callable[[bytes], None]:
        write = self._write
        if write is None:
            if self._head is None:
                raise ResponseError("The WSGI application sent a body without calling start_response.")
            status, headers = self._head
            # a2wsgi cuts the status at a space, which PEP 3333 asks for and some applications leave out.
            write = self._start_response(status if " " in status else f"{status} ", headers)
            self._write = write
        return write


def _complete_environ(environ: Environ, scope: Scope) -> None:
    """Set what must be exact: paths, query and headers as bytes in Latin-1 (PEP 3333), and a complete input stream."""
    prefix = _latin1(scope.get("root_path", "").encode("utf-8", "surrogateescape"))
    path = _latin1(scope["path"].encode("utf-8", "surrogateescape"))
    environ["asgi.scope"] = scope
    environ["SCRIPT_NAME"] = prefix
    environ["PATH_INFO"] = path.removeprefix(prefix)
    environ["QUERY_STRING"] = _latin1(scope["query_string"])
    environ["wsgi.input"] = io.BufferedReader(_Input(environ["wsgi.input"]))
    # Without it Werkzeug takes an upload that has no Content-Length, as chunked ones have, for an empty one.
    environ["wsgi.input_terminated"] = True
    environ["wsgi.errors"] = sys.stderr
    _set_headers(environ, scope)


def _set_headers(environ: Environ, scope: Scope) -> None:
    """Set the HTTP_ entries anew.

    SECURITY: `X_A` and `X-A` would be one entry, so that a client could forge what a proxy sets; names with `_` are left out.
    Cookies are joined with `; ` (RFC 9113 section 8.2.3), other fields with `,`.
    """
    for key in [key for key in environ if key.startswith("HTTP_")]:
        del environ[key]
    for name, value in scope["headers"]:
        if b"_" in name or name in {b"content-type", b"content-length"}:
            continue
        key = f"HTTP_{_latin1(name).upper().replace('-', '_')}"
        separator = "; " if name == b"cookie" else ","
        environ[key] = f"{environ[key]}{separator}{_latin1(value)}" if key in environ else _latin1(value)


def _latin1(data: bytes) -> str:
    return data.decode("latin-1")


class _Input(io.RawIOBase):
    """a2wsgi's body as a raw stream, which gives it the `readline`, `readlines` and iteration of every Python file."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data: bytes = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
