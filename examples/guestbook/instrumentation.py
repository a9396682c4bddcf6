"""Runs when a worker starts and when it stops."""

from lib.database import engine, migrate


def register() -> None:
    migrate()


def shutdown() -> None:
    engine.dispose()
