"""Answers with the files under public/: small ones from memory, large ones from the disk, piece by piece."""

import errno
import os
import stat
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate, mktime_tz, parsedate_tz
from pathlib import Path
from typing import Any, BinaryIO

from slugline.callables import RunInThread
from slugline.http.byte_range import Range, RangeNotSatisfiable, parse_range
from slugline.http.cache_control import NEVER_STORE
from slugline.http.compression import is_compressible
from slugline.http.etag import is_fresh
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.http.url import percent_decode
from slugline.project.public import PublicFile, PublicScan, scan_public

__all__ = ["PublicFiles"]

READ_METHODS = ("GET", "HEAD")
SMALL_BYTES = 64 * 1024
"""Files up to this are read as a whole; it is also what a thread reads in less time than the hop to it takes."""
MEMORY_BYTES = 16 * 1024 * 1024
"""How much memory of a process small files may take, their compressed twins included."""
# A file system's clock ticks some 100 to 250 times a second, and a file may change twice within a tick, which nothing shows.
SETTLED_NANOSECONDS = 1_000_000_000
# NEXTJS: what it sends with files.
REVALIDATE = "public, max-age=0"
# What opening says of a file that has gone, or in whose place there is a link now.
GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})

Identity = tuple[int, int, int, int, int]


class PublicFiles:
    """The files under public/ of a project, ready to be sent; the table is made at once. For one event loop.

    `run_in_thread` is for requests that have been admitted already. `warnings` are sentences about files that are not served.
    """

    def __init__(
        self,
        root: Path,
        run_in_thread: RunInThread,
        *,
        dotfiles: bool = False,
        python_files: bool = False,
        memory_bytes: int = MEMORY_BYTES,
        now_nanoseconds: Callable[[], int] = time.time_ns,
    ) -> None:
        self._root = root
        self._run_in_thread = run_in_thread
        self._dotfiles = dotfiles
        self._python_files = python_files
        self._memory_bytes = memory_bytes
        self._now_nanoseconds = now_nanoseconds
        self._kept: dict[str, _Version] = {}
        self._kept_bytes = 0
        self.scan = self._scan()
        self.is_empty = not self.scan.by_path
        """Whether there is no file at all, as in most projects of API routes alone."""

    @property
    def files(self) -> tuple[PublicFile, ...]:
        """All files, sorted by path."""
        return self.scan.files

    @property
    def warnings(self) -> tuple[str, ...]:
        """Whole sentences about what was left out."""
        return self.scan.warnings

    def rescan(self) -> bool:
        """Look at the folder again, as files have come or gone, and tell whether the table has changed; called on the loop.

        What is in a file needs no new table: it is looked at with every request.
        """
        earlier, self.scan = self.scan, self._scan()
        self.is_empty = not self.scan.by_path
        for path in list(self._kept):
            if self.scan.by_path.get(path) != earlier.by_path.get(path):
                self._forget(path)
        return self.scan.by_path != earlier.by_path

    def _scan(self) -> PublicScan:
        return scan_public(self._root, dotfiles=self._dotfiles, python_files=self._python_files)

    # Which file

    def find(self, raw_path: bytes) -> PublicFile | None:
        """Find the file for a raw path, b"/with%20space.txt" as well as b"/with%20space%2etxt"; None where there is none.

        The path is decoded once, and only looked up. An encoded slash separates nothing.
        """
        scan = self.scan
        file = scan.by_raw_path.get(raw_path)
        if file is not None or b"%" not in raw_path or not scan.by_path:
            return file
        try:
            text = raw_path.decode("ascii")
            if "%2f" in text.lower():
                return None
            return scan.by_path.get(percent_decode(text))
        except ValueError:  # no ASCII, a broken escape, no UTF-8
            return None

    # The answer

    async def answer(self, request: Request[Any, Any], response: Response[Any], file: PublicFile) -> None:
        """Answer with a file that `find` gave: 200, 206, 304, 404 when it has gone, 405, 412, 416.

        Fields that the response has already are kept. Raises OSError for a file that cannot be read.
        """
        if request.method not in READ_METHODS:
            _refuse_method(request, response)
            return
        version = self._kept.get(file.path)
        if version is None or not version.is_current():
            version = await self._run_in_thread(_open_version, self.scan.folder, file)
            if version is None:
                self._forget(file.path)
                _refuse(response, 404, "Not Found")
                return
            self._keep(file.path, version)
        if version.stream is None:
            self._answer_version(request, response, version)
            return
        try:
            self._answer_version(request, response, version)
        finally:
            if response._source is not version.stream:
                version.stream.close()

    def _answer_version(self, request: Request[Any, Any], response: Response[Any], version: "_Version") -> None:
        own = response._fields
        fields = response._fields = dict(version.fields) if own is None else {**version.fields, **own}
        if _has_changed(request, fields, version.modified_seconds):
            _refuse_version(response, 412, "Precondition Failed")
            return
        if _is_unchanged(request, fields, version.modified_seconds):
            response.status(304).end()
            return
        try:
            chosen = _choose_range(request, version.size)
        except RangeNotSatisfiable:
            response.set_header("content-range", f"bytes */{version.size}")
            _refuse_version(response, 416, "Range Not Satisfiable")
            return
        if version.stream is not None:
            if request.method == "HEAD":
                response.set_header("content-length", version.size).end()
            else:
                response.send(version.stream)  # which reads Range again
        elif chosen is not None:
            fields["content-range"] = f"bytes {chosen.start}-{chosen.end_exclusive - 1}/{version.size}"
            response.status(206).end(version.body[chosen.start : chosen.end_exclusive])
        else:
            response._encoded = version.encoded  # PERF: compressed once, not for each request
            response.end(version.body)

    # What is kept in memory

    def _keep(self, path: str, version: "_Version") -> None:
        """Keep a small file, unless it has changed just now: a second change might not show."""
        self._forget(path)
        if version.stream is None and self._now_nanoseconds() - version.changed_nanoseconds > SETTLED_NANOSECONDS:
            self._kept[path] = version
            self._kept_bytes += version.held_bytes
            self._make_room()

    def _forget(self, path: str) -> None:
        version = self._kept.pop(path, None)
        if version is not None:
            self._kept_bytes -= version.held_bytes

    def _make_room(self) -> None:
        while self._kept_bytes > self._memory_bytes:
            self._forget(next(iter(self._kept)))


class _Version:
    """A file as it was at one moment: a small one with its body, a large one open."""

    __slots__ = (
        "_identity",
        "_name",
        "body",
        "changed_nanoseconds",
        "encoded",
        "fields",
        "held_bytes",
        "modified_seconds",
        "size",
        "stream",
    )

    def __init__(self, name: str, file: PublicFile, status: os.stat_result, body: bytes, stream: BinaryIO | None) -> None:
        self.body = body
        self.stream = stream
        self.size = status.st_size if stream is not None else len(body)
        self.encoded: dict[str, bytes] = {}
        # The compressed twins of a text are, together, no larger than the text.
        self.held_bytes = len(body) * (2 if is_compressible(file.content_type) else 1)
        self.modified_seconds = int(status.st_mtime)
        self.changed_nanoseconds = status.st_ctime_ns  # which nobody can set, as they can the other
        self.fields: Mapping[str, str | list[str]] = {
            "content-type": file.content_type,
            "cache-control": REVALIDATE,
            "accept-ranges": "bytes",
            "last-modified": formatdate(status.st_mtime, usegmt=True),
            "etag": _make_weak_tag(status),
        }
        self._name = name
        self._identity = _identify(status)

    def is_current(self) -> bool:
        """Tell whether the file is still the same. A link that has come in its place leads to another one, which is not."""
        try:
            return _identify(os.stat(self._name)) == self._identity
        except OSError:
            return False


def _identify(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _make_weak_tag(status: os.stat_result) -> str:
    """Give the tag of a file. NEXTJS: size and time in milliseconds, so that both give one tag for one file."""
    return f'W/"{status.st_size:x}-{(status.st_mtime_ns + 500_000) // 1_000_000:x}"'


def _open_version(folder: Path, file: PublicFile) -> _Version | None:
    """Open a file, and read a small one; None when it has gone. Runs on a worker thread."""
    try:
        descriptor = _open_inside(folder, file.place)
    except OSError as error:
        if error.errno in GONE:
            return None
        raise
    try:
        status = os.fstat(descriptor)
        stream = open(descriptor, "rb") if stat.S_ISREG(status.st_mode) else None  # noqa: SIM115 (a large one stays open until it is sent)
    except BaseException:
        os.close(descriptor)
        raise
    if stream is None:
        os.close(descriptor)
        return None
    name = os.path.join(folder, *file.place)
    if status.st_size > SMALL_BYTES:
        return _Version(name, file, status, b"", stream)
    with stream:
        return _Version(name, file, status, stream.read(), None)


def _open_inside(folder: Path, place: tuple[str, ...]) -> int:
    """Open a file below a folder, going through no link: SECURITY: one may have come since the folder was walked.

    Raises OSError, ELOOP or ENOTDIR for a link.
    """
    if os.open not in os.supports_dir_fd:  # Windows
        return _open_resolved(os.path.join(folder, *place))
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        for name in place[:-1]:
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
            os.close(directory)
            directory = inner
        # Without O_NONBLOCK a FIFO would wait for its writer; a file does not care.
        return os.open(place[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    finally:
        os.close(directory)


def _open_resolved(path: str) -> int:
    """Open a file whose path holds no link, as nearly as a system allows that opens paths only. Raises OSError."""
    if os.path.realpath(path) != path:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))


def _choose_range(request: Request[Any, Any], size: int) -> Range | None:
    """Read the Range of a request for the whole; as `payloads.open_file` does for large files. Raises RangeNotSatisfiable."""
    header = request.index.get(b"range")
    if header is None or request.method != "GET" or b"if-range" in request.index:
        return None
    return parse_range(header.decode("latin-1"), size)


def _has_changed(request: Request[Any, Any], fields: Mapping[str, str | list[str]], modified_seconds: int) -> bool:
    """Tell whether the client wants the file only as it was (RFC 9110 section 13.2.2: If-Match goes before If-Unmodified-Since)."""
    index = request.index
    wanted, since = index.get(b"if-match"), index.get(b"if-unmodified-since")
    if wanted is not None:
        # NEXTJS: the comparison is weak. The tags of files are weak, so that with a strong one none would ever match.
        return not is_fresh(wanted.decode("latin-1"), _line(fields["etag"]) or "")
    moment = _read_date(since.decode("latin-1")) if since is not None else None
    return moment is not None and moment < modified_seconds


def _is_unchanged(request: Request[Any, Any], fields: Mapping[str, str | list[str]], modified_seconds: int) -> bool:
    """Tell whether the client holds the file as it is (RFC 9110 section 13.2.2: If-None-Match goes before If-Modified-Since)."""
    index = request.index
    held, since = index.get(b"if-none-match"), index.get(b"if-modified-since")
    if (held is None and since is None) or b"no-cache" in index.get(b"cache-control", b"").lower():
        return False
    if held is not None:
        return is_fresh(held.decode("latin-1"), _line(fields["etag"]) or "")
    text = (since or b"").decode("latin-1")
    if text == fields["last-modified"]:  # PERF: what a browser sends
        return True
    moment = _read_date(text)
    return moment is not None and moment >= modified_seconds


def _read_date(text: str) -> float | None:
    """Give the moment that a text names, in seconds; None for one that cannot be read, which names none."""
    try:
        parsed = parsedate_tz(text)
        return mktime_tz(parsed) if parsed is not None else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _refuse_method(request: Request[Any, Any], response: Response[Any]) -> None:
    response.set_header("allow", ", ".join(READ_METHODS))
    if request.method == "OPTIONS":  # NEXTJS: answers so
        _refuse(response, 400, "Bad Request")
    else:
        _refuse(response, 405, "Method Not Allowed")


def _refuse_version(response: Response[Any], status: int, phrase: str) -> None:
    """Refuse what was asked of a file that is there."""
    for name in ("content-type", "etag"):
        response.remove_header(name)
    # NEXTJS: a tag of the refusal goes with it.
    response.status(status).set_header("cache-control", NEVER_STORE).send(phrase)


def _refuse(response: Response[Any], status: int, phrase: str) -> None:
    response.status(status).set_header("cache-control", NEVER_STORE).end(phrase)


def _line(value: str | list[str] | None) -> str | None:
    return ", ".join(value) if isinstance(value, list) else value
