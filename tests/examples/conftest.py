"""Copies of examples that tests may build, change and kill, and the databases for them."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from postgresql_server import PostgresqlServer, run_postgresql

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    with run_postgresql() as server:
        yield server


@pytest.fixture(scope="module", params=DATABASES)
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Makes empty databases, and gives their URLs."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql").new_database
    return lambda: f"sqlite:///{tmp_path_factory.mktemp('database') / 'guestbook.sqlite3'}"


@pytest.fixture(scope="session")
def copy_guestbook(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    def copy() -> Path:
        folder = tmp_path_factory.mktemp("guestbook") / "app"
        shutil.copytree(EXAMPLES / "guestbook", folder, ignore=shutil.ignore_patterns("__pycache__", ".slugline", "data"))
        return folder

    return copy
