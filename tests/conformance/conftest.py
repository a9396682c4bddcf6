"""The servers that answer the cases, each started once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from servers import STARTERS, Server

MAIN = Path(__file__).parent / "projects" / "main"


@pytest.fixture(scope="session", params=STARTERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The project `main` on each server."""
    running = STARTERS[request.param](MAIN)
    yield running
    running.stop()
    running.log_path.unlink()
