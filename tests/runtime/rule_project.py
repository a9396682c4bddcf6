"""Projects with rules and root middleware, asked in memory."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from slugline import Settings, create_app
from slugline.testing import TestClient
from user_modules import own_modules

__all__ = ["ECHO", "Open", "open_site"]

Open = Callable[..., contextlib.AbstractContextManager[TestClient]]

ECHO = """
def handler(req, res):
    res.json({"route": req.route, "params": req.params, "query": req.query, "url": req.url, "headers": dict(req.headers), "body": req.body})
"""


@contextlib.contextmanager
def open_site(root: Path, files: dict[str, str], settings: Settings | None = None, **options: object) -> Iterator[TestClient]:
    """Open a project of these files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    with own_modules(), TestClient(create_app(root, settings), **options) as client:  # type: ignore[arg-type]
        yield client
