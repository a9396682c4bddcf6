"""What a request must be before anything looks at it; no server below us checks all of it."""

import re
from functools import lru_cache
from typing import Any

from slugline.errors import BadRequest, RequestError
from slugline.http.request import Request

__all__ = ["check_request"]

# The methods that Node.js reads; anything else is refused by its parser, and here.
METHODS = frozenset(
    {
        *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"),
        *("ACL", "BIND", "CHECKOUT", "COPY", "LINK", "LOCK", "M-SEARCH", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MOVE", "NOTIFY"),
        *("PROPFIND", "PROPPATCH", "PURGE", "QUERY", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE"),
        *("UNBIND", "UNLINK", "UNLOCK", "UNSUBSCRIBE"),
    }
)
# A name in the DNS has 253 characters at most; more would only fill the cache below.
MAX_HOST_BYTES = 512
# RFC 9110 section 7.2 and RFC 3986 section 3.2.2: a name, an IPv4 address or a bracketed IPv6 address, and perhaps a port.
_HOST = re.compile(rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=%]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")


def check_request(request: Request[Any, Any]) -> None:
    """Refuse a request that no handler should see.

    Raises BadRequest for a method that is none, CONNECT among them; for HTTP/1.1 without exactly one valid Host; for
    framing that two readers could read in two ways (RFC 9112 section 6.3). RequestError 501 for codings other than chunked.
    """
    index = request.index
    if request.method not in METHODS:
        raise BadRequest
    host = index.get(b"host")
    if host is None:
        if request.scope.get("http_version") == "1.1":
            raise BadRequest
    elif (len(host) > MAX_HOST_BYTES or not _is_host(host)) and not (host == b"" and request.http_version == "1.0"):
        raise BadRequest
    if not request.query_string.isascii():
        raise BadRequest  # RFC 3986 section 2: a URI is ASCII
    coding = index.get(b"transfer-encoding")
    if coding is not None:
        if coding.lower() != b"chunked":
            raise RequestError(501, "Not Implemented")
        if b"content-length" in index:
            raise BadRequest


@lru_cache(maxsize=1024)
def _is_host(host: bytes) -> bool:
    # Repeated Host fields arrive joined by ", ", whose space is in no host.
    return _HOST.fullmatch(host) is not None
