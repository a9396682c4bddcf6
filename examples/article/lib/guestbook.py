"""The guestbook: helper functions that any route, or a script, can call."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

DEFAULT_DATABASE = Path(__file__).parent.parent / "data" / "guestbook.sqlite3"


@dataclass(frozen=True)
class Entry:
    id: int
    name: str
    message: str


def add_entry(name: str, message: str) -> Entry:
    with open_database() as database:
        # The values travel beside the SQL and never become a part of it.
        cursor = database.execute("INSERT INTO entries (name, message) VALUES (?, ?)", (name, message))
        return Entry(int(cursor.lastrowid or 0), name, message)


def list_entries() -> list[Entry]:
    with open_database() as database:
        rows = database.execute("SELECT id, name, message FROM entries ORDER BY id DESC LIMIT 100")
        return [Entry(*row) for row in rows]


@contextmanager
def open_database() -> Iterator[sqlite3.Connection]:
    """Open the database for one piece of work, which is saved when the block ends well.

    Handlers run on several threads, and each call has a connection of its own; SQLite lets one of them write at a time,
    and the others wait.
    """
    path = Path(os.environ.get("DATABASE", DEFAULT_DATABASE))
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=10)) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, name TEXT NOT NULL, message TEXT NOT NULL)")
        yield database
