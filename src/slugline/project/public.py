"""The files under public/, which are sent as they are.

How to think about it. The folder is walked once, and what comes out is a table from paths to files. A request is looked up in
the table, and its path never becomes the name of a file: what the walk has left out cannot be asked for, in whatever spelling.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from msgspec import Struct

from slugline.errors import RouteConflict

__all__ = ["PublicFile", "PublicScan", "check_public_conflicts", "scan_public"]

FOLDER = "public"
WELL_KNOWN = ".well-known"  # RFC 8615: the one name with a dot at its start that is meant for clients
NAMED = 5
"""How many files a warning names; the rest is a number."""
# What a linked public/ must not lead into, or show: the project's own files.
PRIVATE_FOLDERS = ("pages", "src", ".slugline", ".git")
PYTHON_SUFFIXES = frozenset({".py", ".pyc", ".pyo", ".pyd", ".pyi", ".pyw"})
# RFC 3986 section 3.3: what a segment of a path may hold as it is, besides letters and digits.
PLAIN_CHARACTERS = "-._~!$&'()*+,;=:@"
# What browsers send as it is, all the same.
LOOSE_CHARACTERS = PLAIN_CHARACTERS + '"<>[]^`{|}'

OCTETS = "application/octet-stream"
# NEXTJS: the types that it sends, whatever the machine's own tables say (Python's `mimetypes` would read those).
_SUFFIXES_BY_TYPE = {
    "application/epub+zip": "epub",
    "application/geo+json": "geojson",
    "application/gpx+xml": "gpx",
    "application/gzip": "gz",
    "application/java-archive": "jar",
    "application/javascript": "js mjs",
    "application/json": "json map",
    "application/json5": "json5",
    "application/ld+json": "jsonld",
    "application/manifest+json": "webmanifest",
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/pgp-signature": "asc sig",
    "application/postscript": "ai eps ps",
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    "application/rtf": "rtf",
    "application/vnd.android.package-archive": "apk",
    "application/vnd.apple.mpegurl": "m3u8",
    "application/dash+xml": "mpd",
    "application/vnd.google-earth.kml+xml": "kml",
    "application/vnd.google-earth.kmz": "kmz",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-fontobject": "eot",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/wasm": "wasm",
    "application/x-7z-compressed": "7z",
    "application/x-bzip2": "bz2",
    "application/x-rar-compressed": "rar",
    "application/x-sh": "sh",
    "application/x-sql": "sql",
    "application/x-subrip": "srt",
    "application/x-tar": "tar",
    "application/x-x509-ca-cert": "crt pem",
    "application/x-xz": "xz",
    "application/xhtml+xml": "xhtml",
    "application/xml": "xml xsl",
    "application/zip": "zip",
    "audio/midi": "mid",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "oga ogg",
    "audio/wav": "wav",
    "audio/webm": "weba",
    "audio/x-aac": "aac",
    "audio/x-flac": "flac",
    "font/collection": "ttc",
    "font/otf": "otf",
    "font/ttf": "ttf",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "image/apng": "apng",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/jpeg": "jpeg jpg",
    "image/jxl": "jxl",
    "image/png": "png",
    "image/svg+xml": "svg svgz",
    "image/tiff": "tif tiff",
    "image/webp": "webp",
    "image/x-icns": "icns",
    "image/x-icon": "ico",
    "model/gltf+json": "gltf",
    "model/gltf-binary": "glb",
    "text/cache-manifest": "appcache manifest",
    "text/calendar": "ics",
    "text/css": "css",
    "text/csv": "csv",
    "text/html": "htm html",
    "text/jsx": "jsx",
    "text/markdown": "markdown md",
    "text/plain": "conf ini log text txt",
    "text/tab-separated-values": "tsv",
    "text/vcard": "vcard",
    "text/vtt": "vtt",
    "text/x-vcard": "vcf",
    "text/yaml": "yaml yml",
    "video/mp2t": "ts",
    "video/mp4": "mp4",
    "video/ogg": "ogv",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-m4v": "m4v",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
}
_TYPES = {suffix: media_type for media_type, suffixes in _SUFFIXES_BY_TYPE.items() for suffix in suffixes.split()}


class PublicFile(Struct, frozen=True):
    """One file: public/with space.txt has the path "/with space.txt".

    `source` is its name from the project on, for messages. `place` has the names that lead to it from the folder on, links
    resolved: ("with space.txt",).
    """

    path: str
    source: str
    place: tuple[str, ...]
    content_type: str


class PublicScan(Struct, frozen=True):
    """What lies under public/: the folder itself, links resolved, and its files by path and by the spellings of it in a URL.

    `warnings` are whole sentences about what was left out, and would otherwise be looked for.
    """

    folder: Path
    by_path: Mapping[str, PublicFile]
    by_raw_path: Mapping[bytes, PublicFile]
    warnings: tuple[str, ...]

    @property
    def files(self) -> tuple[PublicFile, ...]:
        """All files, sorted by path."""
        return tuple(self.by_path.values())


def scan_public(root: Path, *, dotfiles: bool = False, python_files: bool = False) -> PublicScan:
    """Find the files in public/ of the project in `root`; without that folder there are none.

    Left out: names that begin with a dot (but for .well-known/) unless `dotfiles`, Python files unless `python_files`, links that
    lead out of public/, and what no URL or no client could name. Never raises for what it finds.
    """
    walk = _Walk(root, root / FOLDER, dotfiles, python_files)
    if walk.is_folder():
        walk.visit(walk.folder, (), (), frozenset())
    files = sorted(walk.found, key=lambda file: file.path)
    spellings = (LOOSE_CHARACTERS, PLAIN_CHARACTERS)
    by_raw_path = {quote(file.path, safe="/" + safe).encode("ascii"): file for safe in spellings for file in files}
    by_path = {file.path: file for file in files}
    return PublicScan(walk.real, MappingProxyType(by_path), MappingProxyType(by_raw_path), tuple(walk.warn()))


def check_public_conflicts(files: Iterable[PublicFile], static_patterns: Mapping[str, str]) -> None:
    """Refuse a file that has the path of a route without parameters; `static_patterns` gives each pattern's file, for the message.

    Raises RouteConflict, naming both.
    """
    for file in files:
        source = static_patterns.get(file.path)
        if source is not None:
            raise RouteConflict(f"{file.source} and {source} both answer {file.path}. Rename one of the two.", files=(file.source, source))


def find_content_type(name: str) -> str:
    """Give the Content-Type for the name of a file, so "a.TXT" gives "text/plain; charset=UTF-8"; octets where the suffix is unknown."""
    media_type = _TYPES.get(os.path.splitext(name)[1].lower()[1:], OCTETS)
    # NEXTJS: names the charset of text, and of what application/javascript and application/json begin.
    if media_type.startswith(("text/", "application/javascript", "application/json")):
        return f"{media_type}; charset=UTF-8"
    return media_type


@dataclass(slots=True)
class _Walk:
    root: Path
    folder: Path
    dotfiles: bool
    python_files: bool
    real: Path = field(init=False)
    found: list[PublicFile] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    """What was left out, by the reason."""

    def __post_init__(self) -> None:
        self.real = _resolve(self.folder) or self.folder

    def is_folder(self) -> bool:
        if not self.real.is_dir():
            if self.folder.is_symlink() or self.folder.exists():
                self.leave_out(FOLDER, "is no folder")
            elif (self.root / "src" / FOLDER).is_dir():
                self.leave_out(f"src/{FOLDER}", "is not looked at: public/ lies beside pages/ or src/, in the project's folder")
            return False
        if self.folder.is_symlink() and _holds_source(self.real, self.root.resolve()):
            self.leave_out(FOLDER, "is a link to the project's own files, which no client is to have")
            return False
        return True

    def visit(self, folder: str | Path, place: tuple[str, ...], names: tuple[str, ...], above: frozenset[tuple[str, ...]]) -> None:
        """Find the files in a folder and below; `place` has the names that lead to it from public/ on, links resolved."""
        if place in above:  # a link to a folder that it lies in
            return
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            self.leave_out("/".join((FOLDER, *names)), f"cannot be read ({error.strerror})")
            return
        for entry in entries:
            if not entry.name.startswith(".") or self.dotfiles or (names, entry.name) == ((), WELL_KNOWN):
                self.visit_entry(entry, place, (*names, entry.name), above | {place})

    def visit_entry(
        self, entry: "os.DirEntry[str]", folder: tuple[str, ...], names: tuple[str, ...], above: frozenset[tuple[str, ...]]
    ) -> None:
        source = "/".join((FOLDER, *names))
        place: tuple[str, ...] = (*folder, entry.name)
        if not _is_nameable(entry.name):
            self.leave_out(source, "has a name that is not sent (a control character, a backslash, or no UTF-8): rename it")
            return
        if entry.is_symlink():  # PERF: nothing else has to be resolved, which takes longer than all the rest
            real = _resolve(Path(entry.path))
            if real is None:
                self.leave_out(source, "is a link to nothing")
                return
            if not real.is_relative_to(self.real):  # SECURITY: whatever lies there was not meant to be public
                self.leave_out(source, "is a link that leads out of public/: copy what it links to")
                return
            place = real.relative_to(self.real).parts
        if entry.is_dir():
            if entry.name != "__pycache__" or self.python_files:
                self.visit(entry.path, place, names, above)
        elif not entry.is_file():
            self.leave_out(source, "is no regular file")
        elif not self.python_files and (_is_python(entry.name) or _is_python(place[-1])):
            self.leave_out(source, "is Python source, which is not sent: a route belongs into pages/api/")
        else:
            self.found.append(PublicFile("/" + "/".join(names), source, place, find_content_type(entry.name)))

    def leave_out(self, source: str, reason: str) -> None:
        self.left_out.setdefault(reason, []).append(source)

    def warn(self) -> Iterator[str]:
        for reason, sources in self.left_out.items():
            shown = ", ".join(_printable(source) for source in sources[:NAMED])
            more = f" and {len(sources) - NAMED} more" if len(sources) > NAMED else ""
            yield f"Not served: {shown}{more}. {'It' if len(sources) == 1 else 'Each'} {reason}."


def _resolve(path: Path) -> Path | None:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError):  # nothing there, or links in a circle
        return None


def _holds_source(folder: Path, root: Path) -> bool:
    private = [root, *((root / name).resolve() for name in PRIVATE_FOLDERS)]
    return any(each.is_relative_to(folder) for each in private) or any(folder.is_relative_to(each) for each in private[1:])


def _is_nameable(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\\" not in name and not any(character < " " or "\x7f" <= character < "\xa0" for character in name)


def _is_python(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in PYTHON_SUFFIXES


def _printable(source: str) -> str:
    return source if source.isprintable() else ascii(source)[1:-1]
