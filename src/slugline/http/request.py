"""What a handler reads: `req`."""

from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from typing import Any, Generic, Protocol

from typing_extensions import TypeVar

from slugline.callables import RunInThread
from slugline.errors import BodyTooLarge
from slugline.http.cookies import parse_cookie_header
from slugline.http.draft_cookies import (
    OFF,
    DraftCookies,
    Preview,
    PreviewSource,
    are_stale,
    find_draft_cookies,
    missing_cipher,
    read_preview,
)
from slugline.http.headers import Fields, Headers, index_fields
from slugline.http.multipart_form import UploadFile
from slugline.http.url import parse_query

__all__ = ["Body", "BodyStream", "Disconnection", "Host", "Query", "Request"]

Body = TypeVar("Body", default=Any)
Query = TypeVar("Query", default=dict[str, str | list[str]])


class BodyStream(Protocol):
    """The body as it arrives, in chunks of bytes: `for` in a `def` handler, `async for` in an `async def` one.

    Raises TruncatedBody when the upload is cut off, BodyTimeout when it stalls, BodyTooLarge over `streamLimit`.
    """

    @property
    def exhausted(self) -> bool: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def read(self) -> bytes: ...


class Disconnection(Protocol):
    """Whether the client has left: true or false; `await` it in an `async def` handler, `wait(seconds)` in a `def` one."""

    def __bool__(self) -> bool: ...
    def __await__(self) -> Generator[Any, None, None]: ...
    def stop(self) -> None: ...
    def wait(self, seconds: float | None = None) -> bool: ...


class Host(Protocol):
    """What answers a request: the running application behind `req` and `res`."""

    @property
    def run_in_thread(self) -> RunInThread: ...
    @property
    def preview_source(self) -> PreviewSource: ...

    def watch_disconnection(self, request: "Request[Any, Any]") -> Disconnection: ...
    def open_channel(self, response: Any) -> Any: ...
    async def revalidate(self, path: str, *, only_generated: bool) -> None: ...
    async def render_page(self, response: Any, path: str, form: Any, props: Mapping[str, Any]) -> None: ...


class Request(Generic[Body, Query]):
    """One HTTP request.

    `Request[Body, Query]` names the types of `body` and `query` for the type checker. A subclass declares what
    middleware adds (`class SignedIn(Request): user: User`); a handler annotated with it receives that class.
    """

    # Values that most requests never change live on the class: a request is made some ten thousand times a second.
    _query: dict[str, str | list[str]] | None = None
    _cookies: dict[str, str] | None = None
    _headers: Headers | None = None
    _preview: Preview | None = None
    _stream: BodyStream | None = None
    _disconnection: Disconnection | None = None
    _host: "Host | None" = None
    _api_route: Any = None
    _receive: Any = None
    _send: Any = None
    _form: Any = None
    _too_large: BodyTooLarge | None = None  # the form was, and its fields are those that came before the limit
    _socket: Any = None
    _channel: Any = None
    _unawaited: Any = None  # a middleware that the handler began to run and has not awaited
    _rewritten_query: Mapping[str, str | list[str]] | None = None  # the query that a rewrite has given it
    _rewritten_path: str | None = None  # and the path, below the base path
    _rewritten_query_string = ""  # and the query as text
    _outer: Any = None  # the fields that rules and middleware give to the answer, whoever makes it
    _fails_as_page = False  # whether an error now is one of the whole site, whatever the path
    _mount_prefix = ""  # what an outer application has taken off the path
    _base_path = ""  # what the project's own base path was
    _making = False  # whether a page is to be made, and not shown
    _revalidation: Any = None  # or to be made anew, and what becomes of that
    _given_up = False  # whether another answer goes out than the handler's
    _after: list[tuple[Callable[..., Any], tuple[Any, ...]]] | None = None

    route: str = ""
    """The pattern of the route that answers, such as "/api/post/[pid]"."""
    params: Mapping[str, str | list[str]]
    """The route parameters alone; `query` has them too."""
    body: Body = None  # type: ignore[assignment]
    """The parsed body, by Content-Type; None when nothing was sent or with the parser off."""
    raw_body: bytes | None = None
    """The bytes of the body as received; None when nothing was sent, for multipart forms, and with the parser off."""
    files: Mapping[str, UploadFile | list[UploadFile]]
    """Uploaded files of a multipart form, by field; closed when the response has gone."""

    def __init__(
        self,
        method: str,
        raw_path: bytes,
        query_string: bytes = b"",
        fields: Fields | None = None,
        scope: Mapping[str, Any] | None = None,
    ) -> None:
        self.method = method
        self.raw_path = raw_path
        self.query_string = query_string
        self.fields: Fields = fields if fields is not None else []
        self.index = index_fields(self.fields)
        self.scope: Mapping[str, Any] = scope if scope is not None else {}
        # SECURITY: not on the class: what middleware put into a shared dict, every later request would see.
        self.params = {}
        self.files = {}

    @property
    def path(self) -> str:
        """The path as sent, percent-encoding kept."""
        return self.raw_path.decode("latin-1")

    @property
    def url(self) -> str:
        """Path and query as sent."""
        if self.query_string:
            return f"{self.path}?{self.query_string.decode('latin-1')}"
        return self.path

    @property
    def headers(self) -> Headers:
        """The header fields, names in any case."""
        if self._headers is None:
            self._headers = Headers(self.fields, self.index)
        return self._headers

    @property
    def query(self) -> Query:
        """Query string and route parameters in one mapping; the parameter wins over a query key of the same name.

        A key given once is text, a repeated key a list, a catch-all parameter always a list.
        """
        query = self._query
        if query is None:
            if self._rewritten_query is not None:
                query = dict(self._rewritten_query)
            else:
                query = parse_query(self.query_string) if self.query_string else {}
            if self.params:
                query.update(self.params)
            self._query = query
        return query  # type: ignore[return-value]

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies sent, decoded; an empty mapping when there are none."""
        cookies = self._cookies
        if cookies is None:
            header = self.index.get(b"cookie")
            cookies = self._cookies = parse_cookie_header(header.decode("latin-1")) if header else {}
        return cookies

    @property
    def draft_mode(self) -> bool:
        """Whether this browser is shown drafts: it has the cookie that `res.set_draft_mode` or `res.set_preview_data` set."""
        return self._read_preview().on

    @property
    def preview(self) -> bool:
        """The same as `draft_mode`, under its older name."""
        return self.draft_mode

    @property
    def preview_data(self) -> Any:
        """What `res.set_preview_data` was given, as JSON carries it; {} in draft mode without data, None outside of it.

        Raises RuntimeError when there is data and the package `cryptography` that opens it is not installed.
        """
        preview = self._read_preview()
        if preview.sealed:
            raise missing_cipher()
        return preview.data

    def _read_preview(self) -> Preview:
        if self._preview is None:
            cookies = self._find_draft_cookies()
            if cookies is None or self._host is None:
                self._preview = OFF
            else:
                source = self._host.preview_source
                self._preview = read_preview(cookies, source.find_keys(), source.now_seconds())
        return self._preview

    def _has_stale_preview(self) -> bool:
        """Tell whether the answer is to clear the cookies of draft mode; what the handler did not read is not decrypted for that."""
        if self._preview is not None:
            return self._preview.stale
        cookies = self._find_draft_cookies()
        if cookies is None or self._host is None:
            return False
        source = self._host.preview_source
        return are_stale(cookies, source.find_keys(), source.now_seconds())

    def _find_draft_cookies(self) -> DraftCookies | None:
        header = self.index.get(b"cookie")
        return find_draft_cookies(header) if header is not None else None

    def _replace_fields(self, fields: Fields) -> None:
        """Take other header fields for those that the client sent, and forget what was read from them."""
        self.fields = fields
        self.index = index_fields(fields)
        self._headers = self._cookies = self._preview = None

    @property
    def http_version(self) -> str:
        """ "1.0", "1.1" or "2"."""
        version = str(self.scope.get("http_version", "1.1"))
        return "1.0" if version == "1" else version

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the peer; behind a proxy that is the proxy."""
        client = self.scope.get("client")
        return (str(client[0]), int(client[1])) if client else None

    @property
    def stream(self) -> BodyStream:
        """The body as it arrives; only for a route with `bodyParser: False`.

        Raises RuntimeError where the body parser is on, because it has read the body already.
        """
        if self._stream is None:
            raise RuntimeError(
                f"{self.route or 'This route'} has its body parser on, so `req.body` holds the body already. "
                'To read the stream yourself, set config = {"api": {"bodyParser": False}}.'
            )
        return self._stream

    @property
    def disconnected(self) -> Disconnection:
        """Tells whether the client has left; a handler is never stopped because of it."""
        return self._running_host.watch_disconnection(self)

    @property
    def _run_in_thread(self) -> RunInThread:
        return self._running_host.run_in_thread

    @property
    def _running_host(self) -> Host:
        if self._host is None:
            raise RuntimeError("This request did not come from a running application.")
        return self._host

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.url}>"
