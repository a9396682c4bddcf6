"""The body of a request: bytes and media type in, a Python value out."""

import re
from encodings.aliases import aliases

import msgspec

from slugline.errors import BadRequest
from slugline.http.media_type import MediaType
from slugline.http.url import parse_query

__all__ = ["decode_text", "parse_body"]

_JSON_TYPES = frozenset({"application/json", "application/ld+json"})
_FORM_TYPE = "application/x-www-form-urlencoded"

# NEXTJS: these are decoded to text there, which destroys them; here they stay bytes.
_BINARY_PREFIXES = (
    "image/",
    "audio/",
    "video/",
    "font/",
    "application/grpc",
    "application/vnd.apache.arrow",
    "application/vnd.apache.parquet",
    "application/vnd.ms-",
    "application/vnd.oasis.opendocument",
    "application/vnd.openxmlformats-",
)
_BINARY_TYPES = frozenset(
    f"application/{subtype}"
    for subtype in (
        *("octet-stream", "pdf", "msword", "wasm", "java-archive", "x-sqlite3", "vnd.sqlite3"),
        *("zip", "gzip", "zstd", "x-gzip", "x-tar", "x-bzip", "x-bzip2", "x-xz", "x-7z-compressed", "x-zip-compressed", "vnd.rar"),
        *("protobuf", "x-protobuf", "vnd.google.protobuf", "msgpack", "x-msgpack", "vnd.msgpack", "cbor", "avro"),
    )
)
_BINARY_SUFFIXES = ("+zip", "+gzip", "+cbor", "+protobuf", "+msgpack")
_TEXT_SUFFIXES = ("+json", "+xml")  # image/svg+xml is text

_UTF_8 = frozenset({None, "utf-8", "utf8"})
_BOM = b"\xef\xbb\xbf"
# SECURITY: a fixed list. Python remembers every codec name that it failed to find, so names from clients would fill the memory;
# and "zip" would inflate, "punycode" take quadratic time.
_NO_CHARSETS = {"base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "mbcs"}
_CODECS = {name.lower(): codec for alias, codec in aliases.items() if codec not in _NO_CHARSETS for name in (alias, codec)}
_SEPARATORS = re.compile(r"[^a-z0-9.]+")

_decode_json = msgspec.json.Decoder().decode


def parse_body(body: bytes, media: MediaType) -> object:
    """Read a body by its media type: JSON gives its value, a form a dict, a binary type the bytes, anything else text.

    An empty body is {} as JSON and as a form. Raises BadRequest("Invalid JSON") for what is not strict JSON (RFC 8259), and
    BadRequest("Invalid body") for an unknown charset and for JSON that is not in its charset. Multipart forms are not read here.
    """
    if media.type_ in _JSON_TYPES:
        return _parse_json(body, media.charset)
    if media.type_ == _FORM_TYPE:
        return _parse_form(body, media.charset)
    if _is_binary(media.type_):
        return body
    return decode_text(body, media.charset, errors="replace")


def _is_binary(media_type: str) -> bool:
    if media_type.endswith(_TEXT_SUFFIXES):
        return False
    return media_type in _BINARY_TYPES or media_type.startswith(_BINARY_PREFIXES) or media_type.endswith(_BINARY_SUFFIXES)


def _parse_json(body: bytes, charset: str | None) -> object:
    # NEXTJS: invalid UTF-8 becomes U+FFFD there, and a number beyond a double loses digits; here the one is refused, the other exact.
    try:
        text = body.removeprefix(_BOM) if charset in _UTF_8 else decode_text(body, charset, errors="strict")
        return _decode_json(text) if text else {}
    except UnicodeError:
        raise BadRequest("Invalid body") from None
    except (msgspec.DecodeError, RecursionError):  # the second: thousands of brackets
        raise BadRequest("Invalid JSON") from None


def _parse_form(body: bytes, charset: str | None) -> dict[str, str | list[str]]:
    # NEXTJS: the charset is that of the text; an escape is always UTF-8 (WHATWG URL section 5.1).
    if charset in _UTF_8:
        return parse_query(body.removeprefix(_BOM))
    return parse_query(decode_text(body, charset, errors="replace"))


def decode_text(body: bytes, charset: str | None, errors: str = "strict", *, keep_mark: bool = False) -> str:
    """Decode by the name of a charset, UTF-8 by default, without a byte order mark unless it is to be kept.

    Raises BadRequest for an unknown charset, and UnicodeDecodeError, with strict errors, for bytes that are not in it.
    """
    if charset in _UTF_8:
        return (body if keep_mark else body.removeprefix(_BOM)).decode("utf-8", errors)
    codec = _CODECS.get(_SEPARATORS.sub("_", charset or ""))
    if codec is None:
        raise BadRequest("Invalid body")
    try:
        text = body.decode(codec, errors)
        return text if keep_mark else text.removeprefix("\ufeff")
    except LookupError:  # listed, but not part of this Python
        raise BadRequest("Invalid body") from None
