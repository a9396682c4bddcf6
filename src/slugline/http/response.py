"""What a handler writes: `res`.

A response is written in one of two ways. *Whole*: `json`, `send`, `redirect` or `end` settle everything and nothing is
sent until the handler has returned. *In parts*: the first `write` sends the head, and every chunk follows at once.
"""

import functools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, Protocol, Self, overload

from typing_extensions import TypeVar

from slugline.callables import call_from_handler
from slugline.errors import AlreadyAnswered, InvalidRedirect, ResponseError
from slugline.http.compression import transforms
from slugline.http.cookies import format_set_cookie
from slugline.http.draft_cookies import IV_BYTES, SALT_BYTES, PreviewSource, clear_draft_cookies, make_draft_cookie, make_preview_cookies
from slugline.http.event_stream import encode_comment, encode_event
from slugline.http.field_checks import check_status, field_name, field_value
from slugline.http.json_text import encode_json
from slugline.http.request import Host, Request
from slugline.http.ui_message_stream import UI_MESSAGE_STREAM_HEADERS, UiMessageStream
from slugline.http.url import encode_location

__all__ = ["BINARY", "JSON", "TEXT", "Channel", "Data", "EventStream", "Response", "Stage"]

Data = TypeVar("Data", default=Any)

JSON = b"application/json; charset=utf-8"
TEXT = b"text/plain; charset=utf-8"
BINARY = b"application/octet-stream"
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})


class Stage:
    """How far a response has come: nothing written, head sent and body under way, or complete."""

    OPEN = 0
    STREAMING = 1
    ANSWERED = 2


class Channel(Protocol):
    """The way to the client for a response that is written in parts."""

    def write(self, chunk: bytes) -> bool: ...
    def finish(self) -> None: ...
    def close(self, reason: BaseException) -> None: ...
    async def drain(self) -> None: ...


def _refuse_status_code(response: "Response[Any]", code: int = 0) -> NoReturn:
    raise AttributeError("A Response has no 'statusCode'; in Python it is 'status_code', or call res.status(404).")


class Response(Generic[Data]):
    """One answer. `Response[Data]` names the type that `json` and `send` take, for the type checker.

    A second answer, a bad status, a header with a line break, a value that JSON cannot carry: each raises
    at the line that did it (AlreadyAnswered, InvalidStatus, InvalidHeader, NotSerialisable).
    """

    # Values that most answers never change live on the class, see Request.
    _stage = Stage.OPEN
    _status = 200
    _body: bytes = b""
    _type: bytes | None = None  # sent when the handler set no Content-Type
    _typed = False  # whether `_type` takes part in compression: JSON does, a text without a type does not
    _tagged = False  # whether the body gets an ETag: `send` and `json` only
    _source: Any = None  # a file or an iterator, for `send`
    _fields: dict[str, str | list[str]] | None = None
    _channel: Channel | None = None
    _outer_type: str | None = None  # the Content-Type that the project's rules name where the handler names none
    _outer_cookies: tuple[str, ...] = ()  # Set-Cookie lines of the project's rules and middleware, sent beside the handler's own
    _cleared_drafts: frozenset[str] = frozenset()  # the paths whose cookies of draft mode have been cleared
    _encoded: dict[str, bytes] | None = None  # the body in each coding, for a body that is sent many times
    _final: tuple[int, list[tuple[bytes, bytes]], bytes] | None = None  # status, fields and body as they go out
    _handed_over = False  # whether a mounted application has answered instead
    _settled: Callable[["Response[Any]"], None] | None = None

    def __init__(self, request: Request[Any, Any], host: Host | None = None) -> None:
        self._request = request
        self._host = host

    # Status

    def status(self, code: int) -> Self:
        """Set the status, a whole number from 200 to 599, and give the response back.

        Raises InvalidStatus, and AlreadyAnswered once the head has been sent.
        """
        if self._stage:
            raise self._too_late(f"status({code})")
        # PERF: 200 to 599 as an int is nearly always what is given; anything else is looked at closely.
        self._status = code if type(code) is int and 200 <= code <= 599 else check_status(code)
        return self

    @property
    def status_code(self) -> int:
        """The status; assigning checks it as `status` does."""
        return self._status

    @status_code.setter
    def status_code(self, code: int) -> None:
        self.status(code)

    # Header fields

    def set_header(self, name: str, value: str | int | list[str]) -> Self:
        """Set a field, replacing an earlier one of the same name in any case; a list gives one line each.

        Raises InvalidHeader for a bad name or value, and for fields of the connection (Transfer-Encoding and the like).
        """
        if self._stage:
            raise self._too_late(f"set_header({name!r})")
        if self._fields is None:
            self._fields = {}
        self._fields[field_name(name)] = field_value(name, value)
        return self

    def append_header(self, name: str, value: str | int | list[str]) -> Self:
        """Add a line to a field, keeping the lines that it has."""
        added = field_value(name, value)
        earlier = self.get_header(name)
        lines = [] if earlier is None else [earlier] if isinstance(earlier, str) else list(earlier)
        lines.extend([added] if isinstance(added, str) else added)
        return self.set_header(name, lines if len(lines) > 1 else lines[0])

    def get_header(self, name: str) -> str | list[str] | None:
        """Give the field as it was set, or None."""
        return self._fields.get(name.lower()) if self._fields else None

    def get_headers(self) -> dict[str, str | list[str]]:
        """Give a copy of all fields set so far, names in lower case."""
        return dict(self._fields or {})

    def has_header(self, name: str) -> bool:
        """Tell whether the field was set."""
        return self._fields is not None and name.lower() in self._fields

    def remove_header(self, name: str) -> Self:
        """Take a field back; no error when it was not set."""
        if self._stage:
            raise self._too_late(f"remove_header({name!r})")
        if self._fields is not None:
            self._fields.pop(name.lower(), None)
        return self

    def write_head(self, status: int, headers: Mapping[str, str | int | list[str]] | None = None) -> Self:
        """Set the status and several fields at once, as Node's `writeHead`; they are sent with the first chunk."""
        self.status(status)
        for name, value in (headers or {}).items():
            self.set_header(name, value)
        return self

    # Cookies

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
        """Add a Set-Cookie line; the value is percent-encoded.

        Raises InvalidHeader for a bad name or attribute, and for a cookie that browsers would drop
        (`SameSite=None` without `Secure`, a `__Host-` name with a domain).
        """
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
        return self.append_header("set-cookie", line)

    def delete_cookie(self, name: str, *, path: str | None = "/", domain: str | None = None, secure: bool = False) -> Self:
        """Tell the browser to drop a cookie; path and domain must be those it was set with."""
        return self.set_cookie(name, "", max_age_seconds=0, path=path, domain=domain, secure=secure or name.startswith("__"))

    # Draft mode

    def set_draft_mode(self, enable: bool = True) -> Self:
        """Show this browser drafts from now on, until it is closed, or no longer: `req.draft_mode` of its requests says so.

        SECURITY: check first that the visitor may see drafts, by a secret in the URL for instance.
        """
        if self._stage:
            raise self._too_late("set_draft_mode()")
        source = self._preview_source
        self._cleared_drafts = frozenset()
        return self.append_header("set-cookie", make_draft_cookie(source.make_keys(), enable=enable, secure=source.secure))

    def set_preview_data(self, data: Any, *, max_age: int | None = None, path: str | None = None) -> Self:
        """Turn draft mode on, with data that comes back as `req.preview_data`: what JSON can carry, about 600 characters of it.

        The browser keeps it for `max_age` seconds, or until it is closed, and sends it to `path` and below; it cannot read it.
        Raises ResponseError when the data is too large or the age no whole number from 0 up, NotSerialisable, InvalidHeader for a
        bad path, and RuntimeError without the package `cryptography` (`pip install "slugline[preview]"`).
        """
        if self._stage:
            raise self._too_late("set_preview_data()")
        source = self._preview_source
        lines = make_preview_cookies(
            source.make_keys(),
            data,
            now_seconds=source.now_seconds(),
            salt=source.random_bytes(SALT_BYTES),
            iv=source.random_bytes(IV_BYTES),
            secure=source.secure,
            max_age_seconds=max_age,
            path="/" if path is None else path,
        )
        self._cleared_drafts = frozenset()
        return self.append_header("set-cookie", lines)

    def clear_preview_data(self, *, path: str | None = None) -> Self:
        """End draft mode and drop its data; `path` must be the one that they were set with. A second call adds nothing."""
        if self._stage:
            raise self._too_late("clear_preview_data()")
        cleared = "/" if path is None else path
        if cleared in self._cleared_drafts:
            return self
        lines = clear_draft_cookies(secure=self._preview_source.secure, path=cleared)
        self._cleared_drafts |= {cleared}
        return self.append_header("set-cookie", lines)

    @property
    def _preview_source(self) -> PreviewSource:
        if self._host is None:
            raise ResponseError("This response does not belong to a running application, which would have the keys of draft mode.")
        return self._host.preview_source

    # Pages

    def revalidate(self, path: str, *, only_generated: bool = False) -> Awaitable[None]:
        """Make a page anew, now: "/blog/hello". `await` it in an `async def` handler; in a `def` one it is done when the call returns.

        The path is one that a client would ask for. With `only_generated`, a page that nobody has asked for yet is left alone.
        Raises ResponseError when there is no such page or it cannot be made; what was kept of it stays.
        """
        # NEXTJS: the text of the message, and that a path is checked no further.
        if not isinstance(path, str) or not path.startswith("/"):
            raise ResponseError(f"Invalid urlPath provided to revalidate(), must be a path e.g. /blog/post-1, received {path}")
        host = self._running_host
        return call_from_handler(
            self._request, "res.revalidate(…)", functools.partial(host.revalidate, only_generated=only_generated), path
        )

    def render(self, path: str, *, form: Any = None, **props: Any) -> Awaitable[None]:
        """Answer with a page of the project, "/sign", made for this request; `await` it in an `async def` handler.

        Its template sees `form` and `props` beside the page's own data. The status is 422 for a form that is not valid, unless one
        was set. Raises ResponseError when there is no such page, and what the page's functions raise.
        """
        if self._stage:
            raise self._too_late("render()")
        return call_from_handler(self._request, "res.render(…)", self._running_host.render_page, self, path, form, props)

    @property
    def _running_host(self) -> Host:
        if self._host is None:
            raise ResponseError("This response does not belong to a running application, which would have the pages.")
        return self._host

    # Whole answers

    def json(self, value: Data) -> None:
        """Answer with `value` as JSON, with an ETag.

        A Content-Type that the handler set is kept. Raises NotSerialisable for what JSON cannot carry.
        """
        if self._stage:
            raise self._too_late("json()")
        self._body = encode_json(value)
        self._type = JSON
        self._typed = self._tagged = True
        self._stage = Stage.ANSWERED
        if self._settled is not None:
            self._settled(self)

    def send(self, value: Data | object = None) -> None:
        """Answer with text, bytes, a file, an iterator of chunks, or anything else as JSON; None sends an empty body.

        Text without a Content-Type is sent as text/plain, bytes as application/octet-stream. A file is a path or
        a binary file object; it is sent with its length, type and date, and byte ranges are answered. An iterator
        (or async iterator) of str or bytes is sent chunk by chunk, as fast as the client reads.
        """
        if self._stage:
            raise self._too_late("send()")
        if value is None:
            self._finish()
        elif isinstance(value, str):
            self._finish(value.encode(), TEXT, tagged=True)
        elif isinstance(value, bytes | bytearray | memoryview):
            self._finish(bytes(value), BINARY, typed=True, tagged=True)
        elif isinstance(value, os.PathLike) or hasattr(value, "read") or isinstance(value, Iterator | AsyncIterator):
            self._source = value
            self._finish(b"", BINARY, typed=True)
        elif isinstance(value, Awaitable):
            raise ResponseError(f"send() was given {value!r}, which has to be awaited first: res.send(await …).")
        else:
            # NEXTJS: send() of an object replaces a Content-Type set earlier; json() keeps it.
            self._body = encode_json(value)
            self.remove_header("content-type")
            self._finish(self._body, JSON, typed=True, tagged=True)

    @overload
    def redirect(self, url: str, /) -> Self: ...
    @overload
    def redirect(self, status: int, url: str, /) -> Self: ...
    def redirect(self, status_or_url: int | str | None = None, url: str | None = None, /) -> Self:
        """Answer with a redirect: `redirect("/login")` is 307, `redirect(303, "/thanks")` another of 301, 302, 303, 307, 308.

        The URL may be relative or absolute; what is outside ASCII is percent-encoded. A redirect status set
        before by `status` is kept. Raises InvalidRedirect.
        """
        if self._stage:
            raise self._too_late("redirect()")
        if isinstance(status_or_url, str) and url is None:
            status, target = (self._status if self._status in REDIRECT_STATUSES else 307), status_or_url
        elif isinstance(status_or_url, int) and isinstance(url, str):
            status, target = status_or_url, url
        else:
            raise InvalidRedirect('Invalid redirect arguments: call res.redirect("/url") or res.redirect(307, "/url").')
        if status not in REDIRECT_STATUSES:
            raise InvalidRedirect(f"Invalid redirect arguments: status {status} is none of 301, 302, 303, 307, 308.")
        if not target:
            raise InvalidRedirect("Invalid redirect arguments: the URL is empty.")
        location = encode_location(target)
        self.set_header("location", location)
        self._status = int(status)
        self._finish(location.encode("ascii"), TEXT)
        return self

    def end(self, chunk: str | bytes | None = None) -> None:
        """Complete the answer, after a last chunk if one is given; without a `write` before it, that is the whole body.

        As low-level as in Node: no ETag.
        """
        if self._stage == Stage.ANSWERED:
            raise self._too_late("end()")
        if self._channel is None:
            self._finish(_to_bytes(chunk), None if chunk is None else TEXT if isinstance(chunk, str) else BINARY)
            return
        if chunk:
            self._channel.write(_to_bytes(chunk))
        self._stage = Stage.ANSWERED
        self._channel.finish()
        if self._settled is not None:
            self._settled(self)

    # Answers in parts

    def write(self, chunk: str | bytes) -> bool:
        """Send a chunk at once, the head before the first; false means that the client reads more slowly than you write.

        In a `def` handler a full buffer makes `write` wait; in an `async def` handler, `await res.drain()`.
        Raises ClientDisconnected when the client has left.
        """
        if self._stage == Stage.ANSWERED:
            raise self._too_late("write()")
        data = _to_bytes(chunk)
        return self._open_channel(TEXT if isinstance(chunk, str) else BINARY).write(data)

    async def drain(self) -> None:
        """Wait until the client has read enough that more may be written.

        Raises ClientDisconnected when it has left.
        """
        if self._channel is not None:
            await self._channel.drain()

    def event_stream(self) -> "EventStream":
        """Start a stream of server-sent events; each event is on its way when `send` returns.

        Never compressed, and marked `no-transform` so that a proxy in front does not hold events back either.
        """
        if self._stage:
            raise self._too_late("event_stream()")
        self.set_header("content-type", "text/event-stream; charset=utf-8")
        own = self.get_header("cache-control")
        text = "no-cache" if own is None else own if isinstance(own, str) else ", ".join(own)
        self.set_header("cache-control", f"{text}, no-transform" if transforms(text) else text)
        self.set_header("x-accel-buffering", "no")
        self._open_channel(TEXT)
        return EventStream(self)

    def ui_message_stream(self) -> UiMessageStream:
        """Start the message of an assistant, as `useChat` of the npm package `ai` reads it; use it in a `with` block."""
        if self._stage:
            raise self._too_late("ui_message_stream()")
        for name, value in UI_MESSAGE_STREAM_HEADERS.items():
            self.set_header(name, value)
        self._open_channel(TEXT)
        return UiMessageStream(self)

    # What became of it

    @property
    def headers_sent(self) -> bool:
        """Whether status and header fields can no longer be changed."""
        return self._stage != Stage.OPEN

    @property
    def ended(self) -> bool:
        """Whether the answer is complete."""
        return self._stage == Stage.ANSWERED

    def after(self, function: Callable[..., Any], /, *arguments: Any) -> Self:
        """Run `function(*arguments)` once the answer has gone; `def` on a worker thread, `async def` on the loop.

        Whatever the answer becomes: an error that follows does not undo it. An exception in it is logged. A stopping server
        waits for it as long as it waits for requests.
        """
        if not callable(function):
            raise ResponseError(
                f"res.after() takes a function, not {type(function).__name__}: write res.after(print, 'done'), without calling it."
            )
        request = self._request
        if request._after is None:
            request._after = []
        request._after.append((function, arguments))
        return self

    def _finish(self, body: bytes = b"", default_type: bytes | None = None, *, typed: bool = False, tagged: bool = False) -> None:
        self._body = body
        self._type = default_type
        self._typed = typed
        self._tagged = tagged
        self._stage = Stage.ANSWERED
        if self._settled is not None:
            self._settled(self)

    def _open_channel(self, default_type: bytes) -> Channel:
        if self._channel is None:
            if self._host is None:
                raise ResponseError("This response does not belong to a running application, so nothing can be written to it.")
            self._type = default_type
            channel: Channel = self._host.open_channel(self)  # may refuse, and then the head has not been sent
            self._stage = Stage.STREAMING
            self._channel = channel
        return self._channel

    def _too_late(self, call: str) -> AlreadyAnswered:
        if self._stage == Stage.STREAMING:
            return AlreadyAnswered(f"{call} came after the first write: the head has been sent. Set status and headers before writing.")
        return AlreadyAnswered(f"{call} came after the answer was complete; the first answer stands. Return after answering.")

    # Hidden from type checkers, for which a `__getattr__` would make every name a right one.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
            if snake != name and hasattr(type(self), snake):
                raise AttributeError(f"A Response has no {name!r}; in Python it is {snake!r}.")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        # NEXTJS: the name there. An assignment that is merely taken would send 200.
        statusCode = property(_refuse_status_code, _refuse_status_code)  # noqa: N815 (it is the name that is looked for)

    def __repr__(self) -> str:
        return f"<Response {self._status}{' ended' if self.ended else ''}>"


class EventStream:
    """A stream of server-sent events (WHATWG HTML, section 9.2)."""

    def __init__(self, response: Response[Any]) -> None:
        self._response = response

    def send(self, data: object, *, event: str | None = None, id: str | None = None, retry: int | None = None) -> bool:
        """Send one event; text as it is, anything else as JSON. `retry` is in milliseconds.

        Raises ClientDisconnected when the client has left.
        """
        return self._response.write(encode_event(data, event=event, id=id, retry_milliseconds=retry))

    def comment(self, text: str = "") -> bool:
        """Send a comment, which browsers ignore: it keeps an idle connection open."""
        return self._response.write(encode_comment(text))

    async def drain(self) -> None:
        """Wait until the client has read enough that more may be sent."""
        await self._response.drain()

    def close(self) -> None:
        """End the stream; returning from the handler does so too."""
        if not self._response.ended:
            self._response.end()


def _to_bytes(chunk: str | bytes | bytearray | memoryview | None) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    if chunk is None:
        return b""
    if isinstance(chunk, str):
        return chunk.encode()
    if isinstance(chunk, bytearray | memoryview):
        return bytes(chunk)
    raise ResponseError(f"A chunk is text or bytes, not {type(chunk).__name__}. For a value, use res.json().")
