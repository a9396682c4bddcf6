"""Slugline's project as an ASGI application, for servers other than the one that `slugline start` brings."""

from pathlib import Path

from slugline import create_app

app = create_app(Path(__file__).parent.parent / "projects" / "hello")
