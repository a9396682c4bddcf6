"""Last touches on an answer: what HTTP says of its body, its length, its tag and its coding."""

import re
from collections.abc import Sequence
from typing import Any

from slugline.errors import InvalidHeader
from slugline.http.cache_control import NEVER_STORE
from slugline.http.compression import Coding, add_vary, choose_encoding, compress_whole, is_compressible, should_compress, transforms
from slugline.http.draft_cookies import clear_draft_cookies
from slugline.http.etag import is_fresh, make_etag, with_encoding
from slugline.http.request import Request
from slugline.http.response import JSON, Response

__all__ = ["BODILESS", "Fields", "finish_head", "finish_whole"]

Fields = list[tuple[bytes, bytes]]

BODILESS = frozenset({204, 205, 304})
# RFC 9110 section 8.6 and 15.3.6: no Content-Length with 204; 205 says 0; 304 would have to repeat the length of the 200.
BODY_FIELDS = frozenset({"content-type", "content-length", "content-encoding"})
_VARY = (b"vary", b"Accept-Encoding")
_JSON_TYPE = (b"content-type", JSON)
_SHARED = re.compile(r"s-maxage|public", re.IGNORECASE)


def finish_whole(request: Request[Any, Any], response: Response[Any], *, compress: bool) -> tuple[int, Fields, bytes]:
    """Turn a complete answer into status, header fields and body as they go out.

    ETag and 304 (SPEC of Next.js: strong tag, weak comparison, only GET and HEAD answered with 200), compression,
    HEAD, 204 and 304, Content-Length. Raises InvalidHeader when the handler set a Content-Length that is wrong.
    """
    # PERF: a request without cookies pays for this look-up alone; one with other cookies for a search in their bytes.
    if b"cookie" in request.index and request._has_stale_preview():
        _clear_stale_preview(request, response)
    if response._outer_cookies:
        _put_first(response, response._outer_cookies)
    status = response._status
    body = response._body
    fields: Fields = []
    etag: str | None
    plain_tag: str | None
    if response._fields is None and response._type is JSON and len(body) < 1024 and status not in BODILESS:
        # PERF: the answer of nearly every API route, spelled out: small JSON, nothing set by hand. The general way
        # below gives the same fields in the same order (tested against each other).
        etag = plain_tag = make_etag(body)
        fields = [_JSON_TYPE, (b"etag", etag.encode()), _VARY] if compress else [_JSON_TYPE, (b"etag", etag.encode())]
        if request.method != "HEAD" and b"if-none-match" not in request.index:
            fields.append((b"content-length", b"%d" % len(body)))
            return status, fields, body
    else:
        if status in BODILESS:
            return status, _bodiless_fields(response, status), b""
        declared = response.get_header("content-length")
        if declared is not None:
            _check_length(declared, len(body), request.method)
        content_type = _content_type(response, fields)
        etag = plain_tag = _own_tag(response) or (make_etag(body) if response._tagged else None)
        encoding = _encoding(request, response, content_type, len(body)) if compress and content_type else None
        if encoding is not None:
            if request.method != "HEAD":
                body = _compress(response, encoding, body)
            if etag is not None:
                etag = with_encoding(etag, encoding)
            fields.append((b"content-encoding", encoding.encode()))
        if etag is not None:
            fields.append((b"etag", etag.encode("latin-1")))
        _own_fields(response, fields, vary=compress and _varies(response, content_type))
    if etag is not None and status == 200 and b"if-none-match" in request.index and _is_not_modified(request, etag, plain_tag):
        return 304, [field for field in fields if field[0] != b"content-encoding"], b""
    if request.method == "HEAD" and not body and response.get_header("content-length") is not None:
        fields.append((b"content-length", str(response.get_header("content-length")).encode()))
    else:
        fields.append((b"content-length", b"%d" % len(body)))
    if request.method == "HEAD":
        return status, fields, b""
    return status, fields, body


def finish_head(
    request: Request[Any, Any], response: Response[Any], *, compress: bool, length: int | None
) -> tuple[int, Fields, Coding | None]:
    """Turn the head of an answer whose body follows in parts into status, fields, and the coding to apply (or None).

    `length` is the number of bytes that will follow, None when it is not known. No ETag but the handler's own.
    Raises InvalidHeader when the handler set a Content-Length that is no number.
    """
    if b"cookie" in request.index and request._has_stale_preview():
        _clear_stale_preview(request, response)
    if response._outer_cookies:
        _put_first(response, response._outer_cookies)
    status = response._status
    fields: Fields = []
    if status in BODILESS:
        return status, _bodiless_fields(response, status), None
    declared = response.get_header("content-length")
    if declared is not None and length is None:
        raise InvalidHeader(f"The handler set Content-Length {declared}, which is no number of bytes.")
    content_type = _content_type(response, fields)
    encoding = _encoding(request, response, content_type, length) if compress and content_type else None
    if encoding is not None:
        fields.append((b"content-encoding", encoding.encode()))
    elif length is not None:
        fields.append((b"content-length", b"%d" % length))
    _own_fields(response, fields, vary=compress and _varies(response, content_type))
    etag = _own_tag(response)
    if etag is not None:
        fields.append((b"etag", (etag if encoding is None else with_encoding(etag, encoding)).encode("latin-1")))
    return status, fields, encoding


def _compress(response: Response[Any], encoding: Coding, body: bytes) -> bytes:
    kept = response._encoded
    if kept is None:
        return compress_whole(encoding, body)
    compressed = kept.get(encoding)
    if compressed is None:
        compressed = kept[encoding] = compress_whole(encoding, body)
    return compressed


def _clear_stale_preview(request: Request[Any, Any], response: Response[Any]) -> None:
    """Have the browser drop cookies of draft mode that say nothing. NEXTJS: on every answer, whether the handler looked or not."""
    if request._host is None or "/" in response._cleared_drafts:
        return
    # Before the handler's own: it may have turned draft mode on anew.
    _put_first(response, clear_draft_cookies(secure=request._host.preview_source.secure))
    policy = _line(response.get_header("cache-control"))
    if policy is not None and _SHARED.search(policy):
        # SECURITY: from a shared cache it would end the draft mode of everybody else. NEXTJS: leaves it there.
        response._fields = {**(response._fields or {}), "cache-control": NEVER_STORE}


def _put_first(response: Response[Any], lines: Sequence[str]) -> None:
    """Put Set-Cookie lines before those that the answer has."""
    own = response.get_header("set-cookie")
    response._fields = {**(response._fields or {}), "set-cookie": [*lines, *([own] if isinstance(own, str) else own or [])]}


def _content_type(response: Response[Any], fields: Fields) -> str | None:
    """Write the Content-Type; give it back if it takes part in compression.

    NEXTJS: text sent without a type has none there, and so is neither compressed nor varied; it is named here all the same.
    """
    own = response.get_header("content-type")
    if own is not None:
        text = own if isinstance(own, str) else own[0]
        fields.append((b"content-type", text.encode("latin-1")))
        return text
    if response._outer_type is not None and not response._typed:
        fields.append((b"content-type", response._outer_type.encode("latin-1")))
        return response._outer_type
    if response._type is None:
        return None
    fields.append((b"content-type", response._type))
    return response._type.decode() if response._typed else None


def _own_fields(response: Response[Any], fields: Fields, *, vary: bool) -> None:
    """Write the fields that the handler set, adding to its Vary; its Content-Length is checked and written elsewhere."""
    own = response._fields or {}
    for name, value in own.items():
        if name in ("content-type", "content-length", "etag") or (name == "vary" and vary):
            continue
        if name == "content-encoding" and any(field == b"content-encoding" for field, _ in fields):
            continue  # the handler said "identity", and we encoded
        encoded = name.encode("latin-1")
        if isinstance(value, str):
            fields.append((encoded, value.encode("latin-1")))
        else:
            fields.extend((encoded, each.encode("latin-1")) for each in value)
    if vary:
        earlier = own.get("vary")
        text = ", ".join(earlier) if isinstance(earlier, list) else earlier
        fields.append((b"vary", add_vary(text, "Accept-Encoding").encode("latin-1")))


def _check_length(declared: str | list[str], length: int, method: str) -> None:
    if declared == str(length) or (method == "HEAD" and length == 0 and isinstance(declared, str) and declared.isdecimal()):
        return
    raise InvalidHeader(f"The handler set Content-Length {declared}, but its body has {length} bytes. Leave it out: it is computed.")


def _bodiless_fields(response: Response[Any], status: int) -> Fields:
    fields: Fields = [(b"content-length", b"0")] if status == 205 else []
    for name, value in (response._fields or {}).items():
        if name in BODY_FIELDS:
            continue
        encoded = name.encode("latin-1")
        fields.extend((encoded, each.encode("latin-1")) for each in ([value] if isinstance(value, str) else value))
    return fields


def _own_tag(response: Response[Any]) -> str | None:
    own = response.get_header("etag")
    return own if isinstance(own, str) or own is None else own[0]


def _encoding(request: Request[Any, Any], response: Response[Any], content_type: str, length: int | None) -> Coding | None:
    accepted = request.index.get(b"accept-encoding")
    # A part is a part of the body as it is: encoded by itself, it would pass for a part of the encoded body.
    if not accepted or request.method == "HEAD" or response.has_header("content-range"):
        return None
    if not should_compress(
        content_type,
        length,
        _line(response.get_header("cache-control")),
        _line(response.get_header("content-encoding")),
    ):
        return None
    return choose_encoding(accepted.decode("latin-1"))


def _varies(response: Response[Any], content_type: str | None) -> bool:
    """Tell whether the answer depends on Accept-Encoding: its type may be compressed, if not this time."""
    return content_type is not None and is_compressible(content_type) and transforms(_line(response.get_header("cache-control")))


def _line(value: str | list[str] | None) -> str | None:
    return ", ".join(value) if isinstance(value, list) else value


def _is_not_modified(request: Request[Any, Any], etag: str, plain_tag: str | None) -> bool:
    """Tell whether a 304 is right: GET or HEAD, and the client did not ask for an end-to-end reload (`no-cache`).

    The client may hold either coding of the same body, so either tag will do.
    """
    if request.method not in ("GET", "HEAD"):
        return False
    if b"no-cache" in request.index.get(b"cache-control", b"").lower():
        return False
    held = request.index[b"if-none-match"].decode("latin-1")
    return is_fresh(held, etag) or (plain_tag is not None and plain_tag != etag and is_fresh(held, plain_tag))
