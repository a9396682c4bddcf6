"""The TypeScript client as a file of the project."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from slugline.errors import ConfigError
from slugline.project.front_end import Address
from slugline.schema.signature import Operation
from slugline.schema.typescript import FIRST_LINE, make_typescript

__all__ = ["CLIENT_FILE", "find_client", "is_ours", "write_client"]

CLIENT_FILE = "slugline-client.ts"


def find_client(pages_folder: Path) -> Path:
    """Give the place of the client: beside pages/, which in a Next.js app is where `@/slugline-client` is looked for."""
    return pages_folder.parent / CLIENT_FILE


def is_ours(path: Path) -> bool:
    """Tell whether a file was written by Slugline, by its first line."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline().rstrip("\r\n") == FIRST_LINE
    except OSError:
        return False


def write_client(path: Path, operations: Iterable[Operation], address: Address) -> bool:
    """Write the client, in one step, and tell whether it was another before: what watches the file need not look for nothing.

    Raises ConfigError for a file that somebody else has written, and for a place that cannot be written to.
    """
    text = make_typescript(operations, base_path=address.base_path, trailing_slash=address.trailing_slash)
    try:
        if path.exists():
            if not is_ours(path):
                raise ConfigError(
                    f"{path} was not written by Slugline, so it is left alone. Give another place with --output, or move the file.",
                    files=[path.name],
                )
            if path.read_text(encoding="utf-8") == text:
                return False
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text)
    except OSError as error:
        raise ConfigError(f"The client cannot be written to {path}: {error.strerror}.", files=[path.name]) from error
    return True


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(name, 0o644 if not path.exists() else path.stat().st_mode & 0o777)  # a temporary file is its owner's alone
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
