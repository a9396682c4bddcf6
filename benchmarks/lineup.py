"""The programs that are compared: Slugline, the limit, FastAPI, and the peers of peers.py."""

import shutil

from peers import PEERS

from servers import GRANIAN_SETTINGS, UVICORN_SETTINGS, Program, start_command

ADDRESS = ("--host", "127.0.0.1", "--port", "{port}")
PYTHON = ("{python}", "-m")
# What `slugline start` does for its workers, so that the bare application is scheduled alike.
SCHEDULING = ("chrt", "--batch", "0") if shutil.which("chrt") else ()
# The bare application sends ready bytes: it has no form, upload or type to check.
BARE_TASKS = frozenset({"async", "def", "dynamic", "stream", "etag", "idle", "start", "memory"})

OWN = [
    Program(
        "slugline",
        "Slugline (slugline start)",
        start_command("projects/hello"),
        versions=("slugline", "granian", "msgspec"),
    ),
    Program(
        "slugline-uvicorn",
        "Slugline, uvicorn",
        (*PYTHON, "uvicorn", *UVICORN_SETTINGS, *ADDRESS, "programs.slugline_app:app"),
        versions=("slugline", "uvicorn"),
    ),
    Program(
        "bare",
        "bare ASGI, Granian",
        (*SCHEDULING, *PYTHON, "granian", *GRANIAN_SETTINGS, *ADDRESS, "programs.bare_asgi:app"),
        tasks=BARE_TASKS,
        versions=("granian",),
    ),
    Program(
        "bare-uvicorn",
        "bare ASGI, uvicorn",
        (*PYTHON, "uvicorn", *UVICORN_SETTINGS, *ADDRESS, "programs.bare_asgi:app"),
        tasks=BARE_TASKS,
        versions=("uvicorn", "uvloop", "httptools"),
    ),
    Program(
        "fastapi",
        "FastAPI, uvicorn",
        (*PYTHON, "uvicorn", *UVICORN_SETTINGS, *ADDRESS, "programs.fastapi_app:app"),
        versions=("fastapi", "starlette", "pydantic", "uvicorn"),
    ),
]
PROGRAMS = OWN + PEERS
