"""Serve a project with settings of one's own: `python serve.py granian|uvicorn DIRECTORY PORT '{"threads": 4}'`."""

import json
import sys
from pathlib import Path

import uvicorn

from slugline.adapters.asgi import create_app
from slugline.commands.start import ServerOptions, start
from slugline.runtime.settings import Settings


def main(server: str, directory: str, port: str, settings_text: str) -> None:
    """Run until a signal comes."""
    settings = Settings(**json.loads(settings_text))
    if server == "granian":
        start(Path(directory), ServerOptions(port=int(port), settings=settings))
    else:
        uvicorn.run(create_app(directory, settings), port=int(port), http="httptools", log_level="warning", lifespan="on")


if __name__ == "__main__":
    main(*sys.argv[1:])
