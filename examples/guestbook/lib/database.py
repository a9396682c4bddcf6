"""The database: a file of SQLite in data/, or what DATABASE_URL names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session, sessionmaker

from slugline import keep

PROJECT = Path(__file__).parent.parent
# Any number will do, as long as nobody else in this database locks the same one.
MIGRATION_LOCK = 7_301_114


def read_url(url: str) -> URL:
    """Give the address of the database; "" stands for the file in data/."""
    if not url:
        return URL.create("sqlite", database=str(PROJECT / "data" / "guestbook.sqlite3"))
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):  # what hosting services write
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def make_engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        # A connection is tried before it is used: the database may have been started anew since.
        return create_engine(url, pool_pre_ping=True)
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    # SQLite lets one connection write at a time; the others wait that long for their turn.
    engine = create_engine(url, connect_args={"timeout": 30})

    # Python begins a transaction for some statements and not for others, a CREATE TABLE among them. Here each begins in one place.
    @event.listens_for(engine, "connect")
    def leave_transactions_alone(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


address = read_url(os.environ.get("DATABASE_URL", ""))
# `keep`: `slugline dev` loads this file again on every save, and the connections stay.
engine = keep(f"engine of {address}", lambda: make_engine(address))
open_session: sessionmaker[Session] = sessionmaker(engine)


@contextmanager
def locked_transaction() -> Iterator[Connection]:
    """Open a transaction that one process has at a time: several workers start at once, and one of them changes the tables."""
    with engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATION_LOCK})
        yield connection


def migrate() -> None:
    """Bring the tables up to date, as `alembic upgrade head` does."""
    config = Config()
    config.set_main_option("script_location", str(PROJECT / "migrations").replace("%", "%%"))
    with locked_transaction() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
