"""What `next build` fixed: the table of routes, kept with the build, so that the two are copied and deleted together."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from slugline.errors import ServerError
from slugline.nextjs.app import NextApp
from slugline.nextjs.table_file import read_facts

__all__ = ["DEFAULT_PORT", "Build", "read_build", "record_build"]

DEFAULT_PORT = 3901
"""Where Python listens in production, on the loopback; `next build` writes it into its own files."""
TABLE_NAME = "slugline-routes.json"


@dataclass(frozen=True, slots=True)
class Build:
    """A build of Next.js that hands Python's routes to `origin`; `table` is the file for `site.make_environment`."""

    origin: str
    port: int
    table: Path


def record_build(app: NextApp, *, table: Path, facts: Path) -> Path:
    """Put the table with which `next build` ran beside what it made, and give its new place.

    Raises ServerError when Next.js wrote elsewhere than `read_build` will look.
    """
    found = read_facts(facts)
    if found is not None and os.path.normpath(found.dist) != os.path.normpath(app.dist):
        raise ServerError(
            f"Next.js wrote its build to {found.dist}, and `slugline start` would look for it in {app.dist}: the text of next.config "
            f"does not show its distDir. Set SLUGLINE_DIST_DIR={found.dist} for `slugline build` and `slugline start`, then build again."
        )
    place = app.root / app.dist / TABLE_NAME
    shutil.copyfile(table, place)
    return place


def read_build(app: NextApp) -> Build:
    """Find the build in a Next.js app.

    Raises ServerError when there is none, or one that was made by `next build` alone, which knows nothing of Python.
    """
    folder = app.root / app.dist
    table = folder / TABLE_NAME
    if not table.is_file():
        made = "was made by `next build` alone, without the Python routes" if (folder / "BUILD_ID").is_file() else "is not there"
        raise ServerError(f"The build in {folder} {made}. Run `slugline build`.", files=(str(folder),))
    try:
        origin = str(json.loads(table.read_text(encoding="utf-8"))["origin"])
        port = urlsplit(origin).port
    except (ValueError, KeyError, TypeError) as error:
        raise ServerError(f"{table} cannot be read ({error}). Run `slugline build`.", files=(str(table),)) from error
    return Build(origin, port or 80, table)
