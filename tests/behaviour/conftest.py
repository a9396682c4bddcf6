"""The one place that names the adapters: a new platform is a name in ADAPTERS and a line in `open_site`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from behaviour.sites import SMALL, Notes, ServerSite, Site, open_site

SERVERS = ["granian", "uvicorn"]
ADAPTERS = ["memory", *SERVERS]

SIGNS_OF_TROUBLE = ("never awaited", "never retrieved", "Exception in callback", "panicked", "Task was destroyed", "ResourceWarning")

FindSite = Callable[..., Any]


@pytest.fixture(scope="session")
def find_site() -> Iterator[FindSite]:
    """Give the sample project behind an adapter; each is started once, when it is first asked for."""
    found: dict[tuple[str, bool], Site] = {}
    with ExitStack() as stack:

        def find(name: str, *, small: bool = False) -> Site:
            if (name, small) not in found:
                found[name, small] = stack.enter_context(open_site(name, settings=SMALL if small else None))
            return found[name, small]

        yield find
        for site in found.values():
            assert [phrase for phrase in SIGNS_OF_TROUBLE if phrase in site.log()] == []


@pytest.fixture(params=ADAPTERS)
def site(request: pytest.FixtureRequest, find_site: FindSite) -> Site:
    """The sample project behind each adapter."""
    running: Site = find_site(request.param)
    return running


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, find_site: FindSite) -> ServerSite:
    """The sample project on each real server, for what a client in memory cannot do."""
    running: ServerSite = find_site(request.param)
    return running


@pytest.fixture(params=ADAPTERS)
def small_site(request: pytest.FixtureRequest, find_site: FindSite) -> Site:
    """The sample project behind each adapter, with small clocks and caps."""
    running: Site = find_site(request.param, small=True)
    return running


@pytest.fixture(params=SERVERS)
def small_server(request: pytest.FixtureRequest, find_site: FindSite) -> ServerSite:
    """The sample project on each real server, with small clocks and caps."""
    running: ServerSite = find_site(request.param, small=True)
    return running


@pytest.fixture
def notes(request: pytest.FixtureRequest) -> Notes:
    """The notes of handlers for this test, on the site that it asks."""
    names = ("site", "server", "small_site", "small_server")
    return Notes(next(request.getfixturevalue(name) for name in names if name in request.fixturenames))
