"""Files and iterators on their way into a channel."""

import io
import mimetypes
import os
import stat
from collections.abc import AsyncIterator, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any, BinaryIO

from slugline.callables import RunInThread
from slugline.errors import InvalidHeader, ResponseError
from slugline.http.byte_range import RangeNotSatisfiable, parse_range
from slugline.http.finish import BODILESS
from slugline.http.request import Request
from slugline.http.response import BINARY, Response
from slugline.runtime.channel import Channel, StreamCut

__all__ = ["FilePart", "close_source", "feed_channel", "is_iterated", "open_file"]

# Large enough that the thread hop for each piece is small beside the copying.
PIECE_BYTES = 256 * 1024


class FilePart:
    """An open file, and the part of it that is sent."""

    def __init__(self, file: BinaryIO, start: int, length: int | None) -> None:
        self.file = file
        self.length = length
        """Bytes to send; None until the file ends."""
        if start:
            file.seek(start)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def is_iterated(source: Any) -> bool:
    """Tell whether `send` was given chunks rather than a path or a binary file.

    A file is an iterator too, of lines. One opened as text is taken as that: its size in bytes is not that of its text.
    """
    if isinstance(source, io.TextIOBase) or hasattr(source, "__anext__"):
        return True
    return hasattr(source, "__next__") and not hasattr(source, "read")


def open_file(request: Request[Any, Any], response: Response[Any], source: Any) -> FilePart:
    """Open what `send` was given, and set the fields that describe it; runs on a worker thread.

    A path, or a file object on disk, gets Content-Type by its name, Last-Modified, and byte ranges (RFC 9110 section 14).
    Raises ResponseError for a path that is no regular file, InvalidHeader for a Content-Length that is not the file's, PermissionError
    and the like.
    """
    if isinstance(source, os.PathLike):
        path = Path(source)
        if not path.is_file():  # before it is opened: opening a FIFO would wait for ever
            raise ResponseError(f"send() was given {str(path)!r}, which is no file.")
        file: BinaryIO = path.open("rb")
        start = 0
    else:
        file, path = source, Path(str(getattr(source, "name", "")))
        try:
            start = file.tell()
        except (OSError, AttributeError):
            return FilePart(file, 0, None)
    # The size of a file on disk is the size of what is read from it only for a plain binary file: not for gzip.open, not for text.
    if not isinstance(getattr(file, "raw", file), io.FileIO):
        return FilePart(file, 0, None)
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        return FilePart(file, 0, None)
    declared = response.get_header("content-length")
    if declared is not None and declared != str(status.st_size - start) and response._status not in BODILESS:
        file.close()
        raise InvalidHeader(
            f"The handler set Content-Length {declared}, but the file has {status.st_size - start} bytes. Leave it out: it is computed."
        )
    _describe(response, path, status)
    return _select_range(request, response, file, start, status.st_size - start)


def _describe(response: Response[Any], path: Path, status: os.stat_result) -> None:
    fields = response._fields = response._fields if response._fields is not None else {}
    guessed, coding = mimetypes.guess_type(path.name)
    if guessed is not None and coding is None:
        fields.setdefault("content-type", f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed)
    elif "content-type" not in fields:
        response._type = BINARY
    fields.setdefault("last-modified", formatdate(status.st_mtime, usegmt=True))
    fields.setdefault("accept-ranges", "bytes")


def _select_range(request: Request[Any, Any], response: Response[Any], file: BinaryIO, start: int, size: int) -> FilePart:
    header = request.index.get(b"range")
    # A range of an encoded or conditional answer would be a range of something else.
    if header is None or request.method != "GET" or response._status != 200 or b"if-range" in request.index:
        return FilePart(file, 0, size)
    fields = response._fields
    assert fields is not None  # _describe has made it
    try:
        chosen = parse_range(header.decode("latin-1"), size)
    except RangeNotSatisfiable:
        fields["content-range"] = f"bytes */{size}"
        response._status = 416
        return FilePart(file, 0, 0)
    if chosen is None:
        return FilePart(file, 0, size)
    fields["content-range"] = f"bytes {chosen.start}-{chosen.end_exclusive - 1}/{size}"
    response._status = 206
    return FilePart(file, start + chosen.start, chosen.end_exclusive - chosen.start)


async def feed_channel(source: Any, channel: Channel, run_in_thread: RunInThread) -> None:
    """Move everything from a file or an iterator into the channel, no faster than the client reads.

    Raises what the iterator raises; the source is closed in any case.
    """
    try:
        if channel.discards:
            return
        if isinstance(source, FilePart):
            await _feed_file(source, channel, run_in_thread)
        elif isinstance(source, AsyncIterator):
            async for chunk in source:
                channel.write(_to_bytes(chunk))
                if channel.is_full or channel.is_closed:
                    await channel.drain()
        else:
            # A blocking iterator has a thread while it produces, and none while the client catches up.
            while await run_in_thread(_pump, source, channel):
                await channel.drain()
    finally:
        await close_source(source, run_in_thread)


async def _feed_file(part: FilePart, channel: Channel, run_in_thread: RunInThread) -> None:
    left = part.length
    while left is None or left > 0:
        piece = await run_in_thread(part.file.read, PIECE_BYTES if left is None else min(PIECE_BYTES, left))
        if not piece:
            if left is not None:
                raise StreamCut(f"The file ended {left} bytes before its size; it was changed while it was sent.")
            return
        if left is not None:
            left -= len(piece)
        channel.write(_to_bytes(piece))
        await channel.drain()


def _pump(source: Iterator[Any], channel: Channel) -> bool:
    """Pull chunks until the window is full (true) or the iterator ends (false); runs on a worker thread."""
    for chunk in source:
        channel.write(_to_bytes(chunk))
        if channel.is_full:
            return True
    return False


async def close_source(source: Any, run_in_thread: RunInThread) -> None:
    """Close a file or an iterator that will not be read further."""
    if isinstance(source, AsyncIterator):
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()
        return
    close = getattr(source, "close", None)
    if close is not None:
        await run_in_thread(close)


def _to_bytes(chunk: Any) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, str):
        return chunk.encode()
    if isinstance(chunk, bytearray | memoryview):
        return bytes(chunk)
    raise ResponseError(f"The iterator gave {type(chunk).__name__}; chunks are text or bytes.")
