"""What a test client gets back."""

import codecs
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from slugline.http.headers import Headers
from slugline.testing.cookie_jar import read_set_cookie
from slugline.testing.events import Event, EventParser

__all__ = ["ContentDecoder", "Response", "ResponseHead", "ResponseHeaders"]

_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)


class ResponseHeaders(Headers):
    """The headers of a response, by name in any case; `get_list` gives the lines of a repeated one, such as Set-Cookie."""

    __slots__ = ()

    def get_list(self, name: str) -> list[str]:
        """Give every value of the header, one by one."""
        return self.get_all(name)


class ResponseHead:
    """Status and headers; what a whole response and a stream have in common."""

    def __init__(self, status: int, headers: ResponseHeaders, url: str, history: "list[Response]") -> None:
        self.status_code = status
        self.headers = headers
        self.url = url
        self.history = history
        """The redirects that led here, first one first."""

    @property
    def status(self) -> int:
        """The status, by its short name."""
        return self.status_code

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that this response sets, decoded; a deleted one is an empty text."""
        read = (read_set_cookie(line) for line in self.headers.get_list("set-cookie"))
        return {cookie.name: unquote(cookie.raw_value) for cookie in read if cookie is not None}

    @property
    def is_redirect(self) -> bool:
        """Whether the response sends the client elsewhere."""
        return self.status_code in {301, 302, 303, 307, 308} and "location" in self.headers

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status_code} {self.url}>"


class Response(ResponseHead):
    """A whole response. `content` is the body without its gzip or deflate coding, `raw_content` the bytes as sent."""

    def __init__(self, status: int, headers: ResponseHeaders, url: str, history: "list[Response]", raw_content: bytes) -> None:
        super().__init__(status, headers, url, history)
        self.raw_content = raw_content

    @property
    def content(self) -> bytes:
        """The body, decoded by Content-Encoding."""
        return ContentDecoder(self.headers).feed(self.raw_content)

    @property
    def text(self) -> str:
        """The body as text, in the charset of Content-Type or UTF-8; what cannot be decoded is shown as U+FFFD."""
        found = _CHARSET.search(self.headers.get("content-type", ""))
        charset = found.group(1) if found else "utf-8"
        try:
            codecs.lookup(charset)
        except LookupError:
            charset = "utf-8"
        return self.content.decode(charset, "replace")

    def json(self) -> Any:
        """Read the body as JSON; raises ValueError when it is none."""
        return json.loads(self.content)

    def events(self) -> list[Event]:
        """Read the body as server-sent events."""
        return EventParser().feed(self.content)

    def iter_bytes(self) -> Iterator[bytes]:
        """Give the body as one chunk, for code that also takes streams."""
        if content := self.content:
            yield content


class ContentDecoder:
    """Takes off gzip or deflate, chunk by chunk; other codings pass as they are."""

    def __init__(self, headers: ResponseHeaders) -> None:
        coded = headers.get("content-encoding", "").lower() in {"gzip", "deflate"}
        # 32 + 15 bits: zlib finds out by itself whether the bytes are gzip or deflate.
        self._inflate = zlib.decompressobj(32 + zlib.MAX_WBITS) if coded else None

    def feed(self, chunk: bytes) -> bytes:
        """Give what can be decoded so far."""
        return self._inflate.decompress(chunk) if self._inflate and chunk else chunk
