"""The tables of the guestbook go up and down, and are what its classes say, with SQLite and with PostgreSQL."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy

PROCESSES = 3


class Guestbook:
    """A copy of the example and an empty database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sqlalchemy.NullPool)
        self._environment = {**os.environ, "DATABASE_URL": url}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
        return output

    def alembic(self, *commands: str) -> str:
        """Run commands of Alembic in one process, which is most of the time that they take."""
        lines = [f"alembic.config.main(argv={command.split()})" for command in commands]
        return self.run("-c", "\n".join(["import alembic.config", *lines]))

    def tables(self) -> set[str]:
        return set(sqlalchemy.inspect(self.engine).get_table_names()) - {"sqlite_sequence"}

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        with self.engine.begin() as connection:
            result = connection.execute(sqlalchemy.text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []


@pytest.fixture
def guestbook(copy_guestbook: Callable[[], Path], new_database: Callable[[], str]) -> Guestbook:
    return Guestbook(copy_guestbook(), new_database())


def test_up_and_down_and_up_again(guestbook: Guestbook) -> None:
    printed = guestbook.alembic("upgrade head --sql", "upgrade head", "check")
    assert "CREATE TABLE pictures" in printed
    assert guestbook.tables() == {"alembic_version", "entries", "pictures"}
    # The classes and the tables say the same.
    assert "No new upgrade operations detected" in printed
    guestbook.alembic("downgrade base", "upgrade head", "downgrade base")
    assert guestbook.tables() == {"alembic_version"}


def test_entries_of_an_older_version_stay(guestbook: Guestbook) -> None:
    guestbook.alembic("upgrade 0001")
    assert guestbook.tables() == {"alembic_version", "entries"}
    guestbook.execute("INSERT INTO entries (name, message, signed_at) VALUES ('Ada', 'early', '2026-01-01 00:00:00')")
    listed = "from lib.database import migrate; from lib.guestbook import list_entries; migrate(); print(list_entries())"
    assert "name='Ada', message='early'" in guestbook.run("-c", listed)


def test_several_processes_start_at_once(guestbook: Guestbook) -> None:
    program = "from lib.database import migrate; print('ready', flush=True); input(); migrate()"
    running = [guestbook.start("-c", program) for _ in range(PROCESSES)]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0] * PROCESSES, outputs
    assert guestbook.execute("SELECT version_num FROM alembic_version") == [("0002",)]


def test_a_migration_that_fails_leaves_no_half_of_it(guestbook: Guestbook) -> None:
    versions = guestbook.folder / "migrations" / "versions"
    text = (versions / "0002_pictures.py").read_text().replace('"0002"', '"0003"').replace('"0001"', '"0002"')
    broken = text.replace('"pictures"', '"drawings"').replace("def downgrade", "    raise OSError\n\n\ndef downgrade")
    (versions / "0003_broken.py").write_text(broken)
    process = guestbook.start("-m", "alembic", "upgrade", "head")
    assert "OSError" in process.communicate(timeout=60)[0]
    assert guestbook.tables() == set()
