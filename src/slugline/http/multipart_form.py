"""multipart/form-data (RFC 7578), parsed as it arrives: fields as text, files spooled to disk.

The parsing is that of the library `multipart`; here are the limits, the fields' texts and the files. This is the one
place under http/ that may touch a disk: an upload that is larger than its part of memory has to go somewhere.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, cast

from msgspec import Struct
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser, parse_options_header

from slugline.errors import BadRequest, RequestError
from slugline.http.body import decode_text

__all__ = ["FormLimits", "MultipartForm", "UploadFile", "encode_form"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
COPY_BYTES = 256 * 1024

Fields = dict[str, str | list[str]]
Files = dict[str, "UploadFile | list[UploadFile]"]


class FormLimits(Struct, frozen=True):
    """What a form may hold; the size of the whole is the route's `sizeLimit`."""

    max_parts: int = 1000
    max_fields: int = 1000
    max_files: int = 100
    max_field_bytes: int = 1024 * 1024
    max_header_bytes: int = 8 * 1024
    spool_bytes: int = 256 * 1024
    """A file up to this size stays in memory; a larger one goes to a temporary file."""


class UploadFile:
    """An uploaded file: in memory while it is small, on disk above that; gone when the response has been sent.

    `filename` is the last part of the name that the client sent, without control characters: never a path. `raw_filename`
    is the name as sent. Neither is to be trusted as a place to write to.
    """

    def __init__(self, raw_filename: str, content_type: str, headers: Mapping[str, str], spool_bytes: int) -> None:
        self.raw_filename = raw_filename
        name = _CONTROL.sub("", re.split(r"[/\\]", raw_filename)[-1])
        self.filename = "" if name in (".", "..") else name
        self.content_type = content_type
        self.headers = headers
        self.size = 0
        """Bytes received."""
        # At least 1: to SpooledTemporaryFile 0 means no limit at all.
        spooled = tempfile.SpooledTemporaryFile(max_size=max(spool_bytes, 1))  # noqa: SIM115 (closed with the form)
        self.file = cast("BinaryIO", spooled)
        """The content as a binary file."""

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes from where the file stands; all the rest by default."""
        return self.file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a place in the file."""
        return self.file.seek(offset, whence)

    def save(self, path: Any) -> None:
        """Copy the whole content to a path."""
        self.file.seek(0)
        with open(path, "wb") as target:
            while piece := self.file.read(COPY_BYTES):
                target.write(piece)

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(0)
        while piece := self.file.read(COPY_BYTES):
            yield piece

    def close(self) -> None:
        """Drop the content, on disk too."""
        self.file.close()

    @property
    def closed(self) -> bool:
        """Whether the content has been dropped."""
        return self.file.closed

    def __repr__(self) -> str:
        return f"<UploadFile {self.filename!r} {self.content_type} {self.size} bytes>"


class MultipartForm:
    """A form under way: `feed` the body as it arrives, then `finish`.

    Both raise BadRequest for what is no form, and RequestError 413 for one over its limits; `close` in any case.
    """

    def __init__(self, boundary: str, limits: FormLimits | None = None) -> None:
        self._limits = limits or FormLimits()
        self._fields: list[tuple[str, bytes, str | None]] = []
        self._files: list[tuple[str, UploadFile]] = []
        self._segment: MultipartSegment | None = None
        self._field = bytearray()
        self._file: UploadFile | None = None
        try:
            self._parser = PushMultipartParser(
                boundary.encode("latin-1", "replace"),
                max_header_size=self._limits.max_header_bytes,
                max_segment_count=self._limits.max_parts,
                # Not strict: that refuses the line break after the last boundary when it comes in a chunk of its own.
                strict=False,
            )
        except MultipartError:
            raise BadRequest("Invalid body") from None

    def feed(self, *chunks: bytes) -> None:
        """Parse the next pieces of the body; an empty one is no end."""
        try:
            for chunk in chunks:
                if chunk and not self._parser.closed:
                    self._parse(chunk)
        except ParserLimitReached as error:
            # The library tells its limits apart by their texts alone.
            much = "too many parts" if "segment count" in str(error) else "a part with too many or too long headers"
            raise RequestError(413, f"Body has {much}") from None
        except MultipartError:
            raise BadRequest("Invalid body") from None

    def _parse(self, chunk: bytes) -> None:
        for event in self._parser.parse(chunk):
            if isinstance(event, MultipartSegment):
                self._begin(event)
            elif event is None:
                self._end()
            else:
                self._take(bytes(event))

    def finish(self) -> tuple[Fields, Files]:
        """Give fields and files by name, a list where a name came more than once."""
        try:
            self._parser.close()
        except MultipartError:
            raise BadRequest("Invalid body") from None
        files: dict[str, Any] = {}
        for name, file in self._files:
            file.file.seek(0)
            _add(files, name, file)
        return self.read_fields(), files

    def read_fields(self) -> Fields:
        """Give the fields that have come as a whole; also before the end, of a form that is read no further."""
        default = next((value.decode("ascii", "replace") for name, value, _ in self._fields if name == "_charset_"), None)
        fields: dict[str, Any] = {}
        for name, value, charset in self._fields:
            try:
                # A field that begins with U+FEFF keeps it (WHATWG URL section 5.1 and Fetch: "UTF-8 decode without BOM").
                _add(fields, name, decode_text(value, (charset or default or "utf-8").lower(), keep_mark=True))
            except UnicodeDecodeError:
                raise BadRequest("Invalid body") from None
        return fields

    def close(self) -> None:
        """Close every file."""
        for _, file in self._files:
            file.close()
        if self._file is not None:
            self._file.close()

    def _begin(self, segment: MultipartSegment) -> None:
        # The library refuses a bare line feed only when the header comes in pieces; the answer must not depend on that.
        if any("\n" in value for _, value in segment.headerlist):
            raise BadRequest("Invalid body")
        if not segment.name and "name" not in parse_options_header(segment.header("content-disposition", ""))[1]:
            raise BadRequest("Invalid body")  # RFC 7578 section 4.2: each part has a name
        self._segment = segment
        self._field = bytearray()
        self._file = None
        if segment.filename is None:
            if len(self._fields) >= self._limits.max_fields:
                raise RequestError(413, "Body has too many fields")
            return
        if len(self._files) >= self._limits.max_files:
            raise RequestError(413, "Body has too many files")
        headers = {name.lower(): value for name, value in segment.headerlist}
        content_type = segment.content_type or "application/octet-stream"
        self._file = UploadFile(segment.filename, content_type, headers, self._limits.spool_bytes)

    def _take(self, piece: bytes) -> None:
        if self._file is not None:
            self._file.file.write(piece)
            self._file.size += len(piece)
            return
        self._field += piece
        if len(self._field) > self._limits.max_field_bytes:
            raise RequestError(413, "Body has a field that is too long")

    def _end(self) -> None:
        assert self._segment is not None
        name = self._segment.name or ""
        if self._file is None:
            self._fields.append((name, bytes(self._field), self._segment.charset))
        elif self._file.raw_filename or self._file.size:
            self._files.append((name, self._file))
        else:
            self._file.close()  # a file input that was left empty
        self._file = None


def encode_form(
    fields: Iterable[tuple[str, str]],
    files: Iterable[tuple[str, str, bytes, str]],
    boundary: str,
) -> bytes:
    """Write a form as a browser does, from (name, value) and (name, filename, content, content type)."""
    parts = [_part(f'name="{_escape(name)}"', "", value.encode()) for name, value in fields]
    parts += [
        _part(f'name="{_escape(name)}"; filename="{_escape(filename)}"', f"\r\nContent-Type: {content_type}", content)
        for name, filename, content, content_type in files
    ]
    return b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary.encode() + b"--\r\n"


def _part(disposition: str, more: str, content: bytes) -> bytes:
    return f"Content-Disposition: form-data; {disposition}{more}\r\n\r\n".encode() + content


def _escape(name: str) -> str:
    """Escape as the WHATWG's multipart/form-data encoding does."""
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _add(values: dict[str, Any], name: str, value: Any) -> None:
    if name not in values:
        values[name] = value
    elif isinstance(values[name], list):
        values[name].append(value)
    else:
        values[name] = [values[name], value]
