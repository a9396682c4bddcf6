"""The peers, each with the server and the settings that its own documentation names for production, one worker, no access log.

Starlette, Litestar, BlackSheep and Falcon run on uvicorn, which their documentation names first or alone; Flask and Falcon's WSGI flavour
on Gunicorn, with as many threads as Starlette's pool has, because its usual worker takes one request at a time; Quart on Hypercorn. Robyn
and Sanic bring their servers.
"""

import os
import shutil
import subprocess

from servers import FOLDER, UVICORN_SETTINGS, Program, ServerFailed

PYTHON = ("{python}", "-m")
ADDRESS = ("--host", "127.0.0.1", "--port", "{port}")
BIND = ("--bind", "127.0.0.1:{port}")
UVICORN = (*PYTHON, "uvicorn", *UVICORN_SETTINGS, *ADDRESS)
GUNICORN = (*PYTHON, "gunicorn", "--workers", "1", "--worker-class", "gthread", "--threads", "40", "--log-level", "warning", *BIND)

PACKAGES = FOLDER.parent / "tests" / "npm"
NEXT = PACKAGES / "node_modules" / "next" / "dist" / "bin" / "next"
# Next.js looks for its packages in the folders above a project, so the built copy lies below tests/npm, in a folder that git ignores.
NEXT_SITE = PACKAGES / "build" / "benchmark"
NEXT_ENVIRONMENT = {"NEXT_TELEMETRY_DISABLED": "1", "NODE_ENV": "production"}

# Not `async`: an `async def` view of Flask gets an event loop of its own for every request. Where most is async, its documentation advises
# Quart.
FLASK_TASKS = frozenset({"def", "dynamic", "json", "form", "upload", "stream", "etag", "idle", "blocking", "start", "memory"})
# All else is measured with Falcon's ASGI flavour.
FALCON_WSGI_TASKS = frozenset({"def", "blocking"})
# JavaScript has no handlers on threads. Node.js parses no multipart.
NODE_TASKS = frozenset({"async", "dynamic", "json", "form", "stream", "etag", "idle", "start", "memory"})
NEXT_TASKS = frozenset({"async", "dynamic", "json", "etag", "idle", "start", "memory"})


def build_next() -> None:
    """Build the Next.js application into a folder that git ignores; ServerFailed has what `next build` printed."""
    node = shutil.which("node")
    if node is None or not NEXT.is_file():
        raise ServerFailed("Next.js is not installed: run scripts/install-npm-packages.sh, which needs Node.js and npm.")
    shutil.rmtree(NEXT_SITE, ignore_errors=True)
    shutil.copytree(FOLDER / "programs" / "next", NEXT_SITE, ignore=shutil.ignore_patterns(".next", "node_modules"))
    build = subprocess.run(
        [node, str(NEXT), "build"],
        cwd=NEXT_SITE,
        env={**os.environ, **NEXT_ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if build.returncode:
        raise ServerFailed(f"next build failed in {NEXT_SITE}:\n{build.stdout[-2000:]}")


PEERS = [
    Program(
        "starlette",
        "Starlette, uvicorn",
        (*UVICORN, "programs.peers.starlette_app:app"),
        versions=("starlette", "msgspec", "uvicorn", "uvloop", "httptools"),
    ),
    Program(
        "litestar",
        "Litestar, uvicorn",
        (*UVICORN, "programs.peers.litestar_app:app"),
        versions=("litestar", "msgspec", "uvicorn", "uvloop", "httptools"),
    ),
    Program(
        "blacksheep",
        "BlackSheep, uvicorn",
        (*UVICORN, "programs.peers.blacksheep_app:app"),
        versions=("blacksheep", "pydantic", "uvicorn", "uvloop", "httptools"),
    ),
    Program(
        "falcon",
        "Falcon, uvicorn",
        (*UVICORN, "programs.peers.falcon_app:app"),
        versions=("falcon", "msgspec", "uvicorn", "uvloop", "httptools"),
    ),
    Program(
        "falcon-wsgi",
        "Falcon (WSGI), Gunicorn",
        (*GUNICORN, "programs.peers.falcon_wsgi_app:app"),
        tasks=FALCON_WSGI_TASKS,
        versions=("falcon", "msgspec", "gunicorn"),
    ),
    Program(
        "sanic",
        "Sanic",
        (*PYTHON, "sanic", "programs.peers.sanic_app:app", *ADDRESS, "--workers", "1", "--no-access-logs", "--no-motd"),
        versions=("sanic", "msgspec", "uvloop", "httptools"),
    ),
    Program(
        "robyn",
        "Robyn",
        # `--fast` is its documented mode for production: it quietens the log. Alone it would start more processes.
        (*PYTHON, "programs.peers.robyn_app", "{port}", "--fast", "--processes", "1", "--workers", "1"),
        # The largest upload that is measured, and its frame.
        {"ROBYN_MAX_PAYLOAD_SIZE": str(129 * 1024 * 1024)},
        versions=("robyn", "pydantic", "uvloop"),
    ),
    Program(
        "flask",
        "Flask, Gunicorn",
        (*GUNICORN, "programs.peers.flask_app:app"),
        tasks=FLASK_TASKS,
        versions=("flask", "werkzeug", "msgspec", "gunicorn"),
    ),
    Program(
        "quart",
        "Quart, Hypercorn",
        (
            *PYTHON,
            "hypercorn",
            "--workers",
            "1",
            "--worker-class",
            "uvloop",
            "--log-level",
            "warning",
            *BIND,
            "programs.peers.quart_app:app",
        ),
        versions=("quart", "msgspec", "hypercorn", "uvloop"),
    ),
    Program(
        "next",
        "Next.js (next start)",
        ("{node}", str(NEXT), "start", str(NEXT_SITE), "--hostname", "127.0.0.1", "--port", "{port}"),
        NEXT_ENVIRONMENT,
        tasks=NEXT_TASKS,
        prepare=build_next,
        versions=("npm:next", "node"),
    ),
    Program(
        "node",
        "Node.js (http)",
        ("{node}", "programs/node_server.js", "{port}"),
        {"NODE_ENV": "production"},
        tasks=NODE_TASKS,
        versions=("node",),
    ),
]
