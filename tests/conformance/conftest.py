"""The servers that answer the cases, each started once."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from behaviour.wire import wait_until
from servers import STARTERS, Server, is_open

HERE = Path(__file__).parent
MAIN = HERE / "projects" / "main"
UPSTREAM_PORT = 4399
"""Where the rewrites of the recorded projects lead; the recording has it in it."""

StartSite = Callable[[str, str], Server]


@pytest.fixture(scope="session")
def start_site() -> Iterator[StartSite]:
    """Start the project of an app on "granian" or "uvicorn", or give the one that runs."""
    running: dict[tuple[str, str], Server] = {}
    upstream: list[subprocess.Popen[bytes]] = []

    def start(server: str, app: str) -> Server:
        if app != "main" and not upstream:
            upstream.append(subprocess.Popen([sys.executable, str(HERE / "upstream.py"), str(UPSTREAM_PORT)]))
            wait_until(lambda: is_open(UPSTREAM_PORT), "the upstream listens")
        if (server, app) not in running:
            running[server, app] = STARTERS[server](HERE / "projects" / app)
        return running[server, app]

    yield start
    for site in running.values():
        site.stop()
        site.log_path.unlink()
    for process in upstream:
        process.kill()
        process.wait()


@pytest.fixture(scope="session", params=STARTERS)
def server(request: pytest.FixtureRequest, start_site: StartSite) -> Server:
    """The project `main` on each server."""
    return start_site(request.param, "main")
