"""The path of a request, before any route is looked for: refuse it, redirect it, or take it as it is.

Every layer sees the one path that comes out of here.
"""

import re

from slugline.errors import BadRequest
from slugline.http.url import reserialise_query

__all__ = ["collapse_slashes", "find_end_redirect", "find_slash_redirect", "is_ordinary", "read_path", "read_query"]

# PERF: nothing of a match is ever given back, which a regular expression with `*+` and `++` needs no notes for.
_ORDINARY = re.compile(rb"(?:/[A-Za-z0-9_~$&'()*+,;=:@\-][A-Za-z0-9_.~$&'()*+,;=:@\-]*+)++")
_DOT_SEGMENT = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?=/|$)", re.IGNORECASE)
_REPEATED_SLASH = re.compile(r"[/\\]+")


def is_ordinary(raw_path: bytes) -> bool:
    """Tell whether a raw path is canonical at first sight: letters, digits and the like, nothing encoded, no dot at the start
    of a segment, no empty segment."""
    return _ORDINARY.fullmatch(raw_path) is not None


def read_path(raw_path: bytes) -> str:
    """Check the raw path of a request, and give it as text, percent-encoding kept.

    Raises BadRequest for what is no path (RFC 9112 section 3.2), for bytes that a URL cannot hold, for an encoded NUL, and
    for dot segments, however they are written: a client resolves those before it sends (RFC 3986 section 5.2.4).
    """
    if not raw_path.startswith(b"/") or any(byte <= 0x20 or byte >= 0x7F for byte in raw_path):
        raise BadRequest
    path = raw_path.decode("ascii")
    if "%00" in path or _DOT_SEGMENT.search(path.replace("\\", "/")):
        raise BadRequest
    return path


def read_query(raw_query: bytes) -> str:
    """Check the raw query string where it goes back into a header, and give it as text.

    Raises BadRequest for bytes that a URL cannot hold.
    """
    if any(byte <= 0x20 or byte >= 0x7F for byte in raw_query):
        raise BadRequest
    return raw_query.decode("ascii")


def find_slash_redirect(path: str, query: str) -> str | None:
    """Give the URL that a path with repeated slashes, backslashes or a slash at its end redirects to, or None.

    NEXTJS: runs of slashes collapse first, with the query kept as it was sent; the slash at the end goes in a hop of its
    own, with the query written anew.
    """
    return collapse_slashes(path, query) or find_end_redirect(path, query)


def collapse_slashes(path: str, query: str) -> str | None:
    """Give the URL without repeated slashes and backslashes; None for one that has none."""
    if "//" in path or "\\" in path:
        collapsed = _REPEATED_SLASH.sub("/", path)
        return f"{collapsed}?{query}" if query else collapsed
    return None


def find_end_redirect(path: str, query: str, *, trailing_slash: bool = False, base_path: str = "") -> str | None:
    """Give the URL that a path redirects to for the sake of the slash at its end; None where it has the end that it should have.

    NEXTJS: without `trailing_slash` no path but "/" ends in one. With it, every path does whose last segment has no dot, those of
    API routes too, and what lies below /.well-known/, which is at the root of a host only (RFC 8615), is left alone.
    """
    ends = path.endswith("/")
    if trailing_slash:
        if path.startswith("/.well-known/"):
            return None
        last = path.rstrip("/").rpartition("/")[2]
        # The last segment is decoded for this: "a%2Eb" is the same name as "a.b".
        # The base path is a folder, whatever its name is.
        wanted = "." not in last or path == "/" or path.rstrip("/") == base_path
    else:
        wanted = path == "/"
    if ends == wanted:
        return None
    moved = f"{path}/" if wanted else path.rstrip("/")
    rest = reserialise_query(query)
    return f"{moved}?{rest}" if rest else moved
