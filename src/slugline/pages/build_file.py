"""What a build has found out about a project's pages: written by `slugline build`, read by `slugline start`."""

import contextlib
import fcntl
import hashlib
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from slugline.pages.paths import StaticPaths

__all__ = [
    "Build",
    "fingerprint",
    "forget_build",
    "new_build_id",
    "one_build_at_a_time",
    "pages_folder",
    "read_build",
    "remove_other_builds",
    "write_build",
]

logger = logging.getLogger("slugline")

FORMAT = 1
FILE = ".slugline/build.json"
PAGES = ".slugline/pages"
LOCK = ".slugline/build.lock"


class Build(msgspec.Struct, frozen=True):
    """One build: its id, which names the folder of its pages, and the paths of each pattern.

    `sources` is the fingerprint of the files that the pages were made of. `automatic` says that `slugline start` made it, which
    does so anew each time.
    """

    id: str
    sources: str
    automatic: bool
    paths: dict[str, StaticPaths]
    format: int = FORMAT


def new_build_id() -> str:
    """Give an id that no build has had."""
    return secrets.token_hex(8)


def pages_folder(root: Path, build_id: str) -> Path:
    """Give the folder of a build's pages."""
    return root / PAGES / build_id


def read_build(root: Path) -> Build | None:
    """Read the last build of a project; None without one, and with a warning when it cannot be read or was made by another version."""
    path = root / FILE
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        advice = "Have the user who starts the server run `slugline build`, or own what it writes."
        logger.warning("%s is not used, since it cannot be read: %s. %s", path, error.strerror or error, advice)
        return None
    try:
        build = msgspec.json.decode(content, type=Build)
    except (msgspec.DecodeError, UnicodeDecodeError):
        build = None
    if build is None or build.format != FORMAT or not (root / PAGES / build.id).is_dir():
        logger.warning("%s cannot be used, since another version of Slugline made it, or a part is missing. Run `slugline build`.", FILE)
        return None
    return build


@contextlib.contextmanager
def one_build_at_a_time(root: Path) -> Iterator[None]:
    """Wait until no other process builds the project, and keep others from it: each deletes the pages that nobody serves.

    Raises OSError where nothing can be written. The lock ends with its process.
    """
    path = root / LOCK
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_build(root: Path, build: Build) -> None:
    """Write a build's file; whoever reads it sees the old one or the new one."""
    path = root / FILE
    path.parent.mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError), (path.parent / ".gitignore").open("x", encoding="utf-8") as file:
        file.write("*\n")
    descriptor, name = tempfile.mkstemp(prefix=".build-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as written:
            written.write(msgspec.json.format(msgspec.json.encode(build)))
            written.flush()
            os.fsync(written.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def forget_build(root: Path) -> None:
    """Let nobody serve the last build from now on; raises nothing."""
    with contextlib.suppress(OSError):
        (root / FILE).unlink()


def remove_other_builds(root: Path, kept: Mapping[str, object]) -> None:
    """Delete the pages of builds that nobody serves any more; those of `kept` stay."""
    folder = root / PAGES
    for each in folder.iterdir() if folder.is_dir() else ():
        if each.name not in kept:
            shutil.rmtree(each, ignore_errors=True)


def fingerprint(root: Path) -> str:
    """Give a text that is another one when a file below pages/ is."""
    digest = hashlib.blake2b(digest_size=12)
    for path in _sources(root):
        name, content = path.relative_to(root).as_posix().encode("utf-8", "surrogateescape"), path.read_bytes()
        # The length keeps the end of one file apart from the beginning of the next.
        digest.update(b"%s\0%d\0" % (name, len(content)))
        digest.update(content)
    return digest.hexdigest()


def _sources(root: Path) -> Iterator[Path]:
    for folder in (root / "pages", root / "src" / "pages"):
        if folder.is_dir():
            yield from sorted(path for path in folder.rglob("*") if path.suffix in (".html", ".py") and path.is_file())
            return
