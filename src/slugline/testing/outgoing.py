"""Turn the arguments of a test client's call into a request as a server would receive it."""

import asyncio
import itertools
import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode, urlsplit

import msgspec

from slugline.runtime.asgi_types import Scope

__all__ = ["NO_JSON", "Content", "Files", "Outgoing", "Pairs", "build_request", "build_scope", "iterate_content"]

Pairs = Mapping[str, Any] | Sequence[tuple[str, Any]]
Content = str | bytes | Iterable[bytes] | AsyncIterable[bytes]
FilePart = bytes | tuple[str, bytes] | tuple[str, bytes, str]
Files = Mapping[str, FilePart | Sequence[FilePart]]

NO_JSON: Final = object()
"""Stands for "no `json` argument", because `json=None` sends null."""

_ABSOLUTE = re.compile(r"[a-z]+://", re.IGNORECASE)
# Everything printable stays as the test wrote it, so that a test can send what a browser would not: `%2F`, `//`, dots, quotes.
_SENT_AS_WRITTEN = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


@dataclass(frozen=True)
class Outgoing:
    """A request on its way: path and query as sent, headers in lower case."""

    method: str
    scheme: str
    host: str
    raw_path: bytes
    query_string: bytes
    fields: list[tuple[bytes, bytes]]
    content: bytes | Iterable[bytes] | AsyncIterable[bytes] = b""
    has_given_cookies: bool = field(default=False)

    @property
    def path(self) -> str:
        """The path as a server decodes it."""
        return unquote(self.raw_path.decode("latin-1"))

    @property
    def url(self) -> str:
        """The whole URL."""
        query = f"?{self.query_string.decode('latin-1')}" if self.query_string else ""
        return f"{self.scheme}://{self.host}{self.raw_path.decode('latin-1')}{query}"

    @property
    def truncated(self) -> bool:
        """Whether the request declares more bytes than it has, as an upload does that is cut off."""
        declared = dict(self.fields).get(b"content-length", b"")
        return declared.isdigit() and isinstance(self.content, bytes) and int(declared) > len(self.content)

    def with_field(self, name: bytes, value: bytes) -> "Outgoing":
        """Give the same request with one more header."""
        return replace(self, fields=[*self.fields, (name, value)])


def build_request(
    method: str,
    url: str,
    base_url: str,
    *,
    params: Pairs | None = None,
    headers: Pairs | None = None,
    json: object = NO_JSON,
    data: Pairs | str | bytes | None = None,
    files: Files | None = None,
    content: Content | None = None,
) -> Outgoing:
    """Build the request; `headers` replace what would be sent by itself, such as Host, Content-Type and Content-Length.

    Raises TypeError for more than one kind of body.
    """
    scheme, host, raw_path, query = _split_url(url, base_url)
    if params:
        query = "&".join(part for part in (query, urlencode(params, doseq=True)) if part)
    body, content_type = _encode_body(json, data, files, content)
    given = [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in _pairs(headers)]
    own = _own_fields(method.upper(), host, body, content_type)
    names = {name for name, _ in given}
    fields = [pair for pair in own if pair[0] not in names] + given
    return Outgoing(
        method.upper(), scheme, host, raw_path, query.encode("latin-1"), fields, b"" if body is None else body, b"cookie" in names
    )


def build_scope(request: Outgoing, kind: str, client: tuple[str, int], state: Mapping[str, Any]) -> Scope:
    """Give the ASGI scope of a request, as Granian and uvicorn give it."""
    address = urlsplit(f"//{request.host}")
    default_port = 443 if request.scheme in {"https", "wss"} else 80
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.raw_path,
        "query_string": request.query_string,
        "root_path": "",
        "headers": request.fields,
        "client": client,
        "server": (address.hostname or "testserver", address.port or default_port),
        "extensions": {},
        "state": dict(state),
    }


async def iterate_content(content: bytes | Iterable[bytes] | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Give the chunks of a body. A plain iterator runs on a thread, so that one that waits does not stop the application."""
    if isinstance(content, bytes):
        yield content
    elif isinstance(content, AsyncIterable):
        async for chunk in content:
            yield chunk
    else:
        iterator = iter(content)
        while chunks := await asyncio.to_thread(_next_chunk, iterator):
            yield chunks[0]


def _next_chunk(chunks: Iterator[bytes]) -> list[bytes]:
    """Give the next chunk in a list, or an empty list at the end: StopIteration cannot cross a future."""
    return list(itertools.islice(chunks, 1))


def _split_url(url: str, base_url: str) -> tuple[str, str, bytes, str]:
    """Give scheme, host, raw path and query. Not urljoin, which would tidy up the dots and slashes that a test is about."""
    if not _ABSOLUTE.match(url):
        url = base_url.rstrip("/") + (url if url.startswith(("/", "?")) else f"/{url}")
    scheme, _, rest = url.partition("://")
    rest = rest.partition("#")[0]
    host = re.split(r"[/?]", rest, maxsplit=1)[0]
    path, _, query = rest[len(host) :].partition("?")
    return scheme.lower(), host, (quote(path, safe=_SENT_AS_WRITTEN) or "/").encode("ascii"), quote(query, safe=_SENT_AS_WRITTEN)


def _pairs(values: Pairs | None) -> Iterator[tuple[str, Any]]:
    if isinstance(values, Mapping):
        for name, value in values.items():
            for each in value if isinstance(value, list | tuple) else [value]:
                yield name, each
    else:
        yield from values or ()


def _own_fields(
    method: str, host: str, body: bytes | Iterable[bytes] | AsyncIterable[bytes] | None, content_type: str
) -> list[tuple[bytes, bytes]]:
    fields = [(b"host", host.encode("latin-1")), (b"accept", b"*/*"), (b"user-agent", b"slugline-testclient")]
    if content_type:
        fields.append((b"content-type", content_type.encode("latin-1")))
    if isinstance(body, bytes):
        fields.append((b"content-length", str(len(body)).encode("ascii")))
    elif body is not None:
        fields.append((b"transfer-encoding", b"chunked"))
    elif method in {"POST", "PUT", "PATCH"}:
        fields.append((b"content-length", b"0"))  # as browsers send it
    return fields


def _encode_body(
    json: object, data: Pairs | str | bytes | None, files: Files | None, content: Content | None
) -> tuple[bytes | Iterable[bytes] | AsyncIterable[bytes] | None, str]:
    """Give the body and its content type; None for no body."""
    kinds = [name for name, given in (("json", json is not NO_JSON), ("data", data is not None), ("content", content is not None)) if given]
    if len(kinds) > 1 or (files is not None and kinds not in ([], ["data"])):
        raise TypeError(f"A request has one body, but these were given: {', '.join([*kinds, *(['files'] if files is not None else [])])}.")
    if json is not NO_JSON:
        return msgspec.json.encode(json), "application/json"
    if files is not None:
        if isinstance(data, str | bytes):
            raise TypeError("Beside `files`, `data` is the dictionary of the form's other fields.")
        return _encode_multipart(data or {}, files)
    if data is not None and not isinstance(data, str | bytes):
        return urlencode(data, doseq=True).encode("ascii"), "application/x-www-form-urlencoded"
    raw = data if data is not None else content
    return raw.encode("utf-8") if isinstance(raw, str) else raw, ""


def _encode_multipart(data: Pairs, files: Files) -> tuple[bytes, str]:
    """Encode a form with files as browsers do (RFC 7578, and the HTML standard for quotes and line breaks in names)."""
    boundary = secrets.token_hex(16)
    parts = [_part(boundary, f'name="{_escape(name)}"', str(value).encode("utf-8")) for name, value in _pairs(data)]
    for name, given in files.items():
        for file in given if isinstance(given, list) else [given]:
            filename, content, content_type = _file(name, file)
            disposition = f'name="{_escape(name)}"; filename="{_escape(filename)}"\r\nContent-Type: {content_type}'
            parts.append(_part(boundary, disposition, content))
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _part(boundary: str, disposition: str, content: bytes) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + content + b"\r\n"


def _file(name: str, file: Any) -> tuple[str, bytes, str]:
    if isinstance(file, bytes):
        return name, file, "application/octet-stream"
    filename, content, *content_type = file
    return filename, content, content_type[0] if content_type else "application/octet-stream"


def _escape(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
