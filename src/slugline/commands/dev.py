"""`slugline dev`: serve a project while it is being written."""

import asyncio
import io
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from slugline.dev.server import DevOptions, DevServer
from slugline.nextjs.app import BEHIND_NEXTJS, find_nextjs_app
from slugline.nextjs.supervise import mark_line
from slugline.runtime.listen import find_port, resolve_host

__all__ = ["DevOptions", "dev"]

LOCAL_NAMES = ("127.0.0.1", "0.0.0.0", "::1", "::", "localhost")
FIRST_PRIVATE_PORT = 3901
PORTS_TRIED = 20


def dev(directory: Path, options: DevOptions, *, fixed_port: bool, python_only: bool, announce: Callable[[str], None]) -> None:
    """Serve the project until SIGINT or SIGTERM, with `next dev` in front where the folder holds a Next.js app.

    `announce` gets the lines that say where. Without `fixed_port` the next free port is taken. Raises ServerError.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what handlers print stands beside the line of its request, also in a file
    root = directory.resolve()
    app = None if python_only else find_nextjs_app(root)
    address = resolve_host(options.host)
    port = find_port(address, options.port, tries=1 if fixed_port else PORTS_TRIED, as_localhost=address == "127.0.0.1")
    if port != options.port:
        announce(f"Port {options.port} is taken; using {port}.")
    if app is not None:
        private = find_port("127.0.0.1", FIRST_PRIVATE_PORT, tries=PORTS_TRIED)
        options_behind = replace(options, host="127.0.0.1", port=private, settings=replace(options.settings, **BEHIND_NEXTJS))
        server = DevServer(root, options_behind, mark_line("python", ""))
        # START: loaded where there is an app; a start without one does not pay for it.
        import_module("slugline.commands.with_nextjs").develop_with_nextjs(app, server, host=options.host, port=port, announce=announce)
        return
    server = DevServer(root, replace(options, port=port))
    name = "localhost" if options.host in LOCAL_NAMES else f"[{options.host}]" if ":" in options.host else options.host

    def say() -> None:
        count = len(server.project.files)
        announce(f"Slugline on http://{name}:{port}, {count} route{'' if count == 1 else 's'}. Save a file, and it is served.")

    asyncio.run(server.run(say))
