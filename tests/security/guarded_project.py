"""A small project with guards, on a real server, and another server that it forwards to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from behaviour.sites import ServerSite
from servers import STARTERS

__all__ = ["ALLOWED", "FILES", "Guarded", "Upstream", "open_guarded", "open_upstream", "write_files"]

ALLOWED = ("Authorization", "Bearer t0ken")

GUARD = """
from slugline.middleware import go_on, redirect, respond, rewrite

config = {"matcher": ["/api/guard/:path*", "/guarded/:path*", "/account", "/", "/private/:path*", "/api/app/admin/:path*", "/mw/:path*"]}


def middleware(req):
    url = req.next_url
    match url.path:
        case "/mw/on":
            return go_on(headers={"x-on": "1"})
        case "/mw/redirect":
            return redirect(url.replace(path="/api/open"))
        case "/mw/origin":
            return respond({"href": url.href})
        case "/mw/replaced":
            return rewrite("UPSTREAM/up/replaced", request_headers={**req.headers, "x-user": "7"})
    if req.headers.get("authorization") != "Bearer t0ken":
        return respond({"error": "unauthorized"}, status=401)
    return go_on(request_headers={**req.headers, "x-user": "7"})
"""
CONFIG = """
def redirects():
    return [
        {"source": "/go/:path*", "destination": "/:path*", "permanent": False},
        {"source": "/to/:host", "destination": "https://:host.example.com/", "permanent": False},
        {"source": "/moved", "destination": "/api/open", "permanent": False},
    ]

def rewrites():
    return {
        "before_files": [
            {"source": "/guarded/:path*", "destination": "/api/guard/:path*"},
            {"source": "/up/:path*", "destination": "UPSTREAM/up/:path*"},
        ]
    }
"""
HANDLER = """
def handler(req, res):
    res.json({"secret": SECRET, "params": req.params, "query": req.query, "user": req.headers.get("x-user")})
"""
ECHO_SOCKET = "async def websocket(ws):\n    async for message in ws:\n        await ws.send([ws.headers.get('x-user', ''), message][1])\n"
MOUNTED = """
import json

async def app(scope, receive, send):
    fields = {name.decode(): value.decode() for name, value in scope["headers"]}
    shown = {"secret": "/admin" in scope["path"], "path": scope["path"], "user": fields.get("x-user")}
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(shown).encode()})
"""
FILES = {
    "middleware.py": GUARD,
    "slugline.config.py": CONFIG,
    "pages/api/guard/[[...path]].py": HANDLER.replace("SECRET", "True"),
    "pages/api/guard/socket.py": ECHO_SOCKET,
    "pages/api/open.py": HANDLER.replace("SECRET", "False"),
    "pages/api/open_socket.py": ECHO_SOCKET,
    "pages/api/dyn/[id].py": HANDLER.replace("SECRET", "False"),
    "pages/api/app/[[...path]].py": MOUNTED,
    "pages/api/draft.py": "def handler(req, res):\n    res.set_draft_mode(True).json({})\n",
    "pages/api/revalidate.py": (
        "from slugline.errors import ResponseError\n\n"
        "async def handler(req, res):\n"
        "    try:\n        await res.revalidate('/post/first')\n        res.json({'made': True})\n"
        "    except ResponseError as error:\n        res.json({'made': str(error)})\n"
    ),
    "pages/index.html": "SECRET home",
    "pages/account.html": "SECRET account",
    "pages/ssr.html": "for {{ name }}",
    "pages/ssr.py": "def get_server_side_props(context):\n    return {'props': {'name': context.query.get('name', 'nobody')}}\n",
    "pages/post/[slug].html": "post {{ slug }}",
    "pages/post/[slug].py": (
        "def get_static_paths():\n    return {'paths': [], 'fallback': 'blocking'}\n\n"
        "def get_static_props(context):\n    return {'props': {'slug': context.params['slug']}, 'revalidate': 60}\n"
    ),
    "public/notes.txt": "notes",
    "public/private/notes.txt": "SECRET notes",
}


@dataclass
class Upstream:
    """Another server; `seen` are the requests that reached it: method, target, fields, body."""

    url: str
    seen: list[tuple[str, str, list[tuple[str, str]], bytes]] = field(default_factory=list)


@contextmanager
def open_upstream() -> Iterator[Upstream]:
    """Start a server that keeps what it is asked, and answers with its target."""
    upstream = Upstream("")

    class Keep(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __getattr__(self, name: str) -> object:
            if name.startswith("do_"):
                return self.keep
            raise AttributeError(name)

        def keep(self) -> None:
            body = self._read_body()
            upstream.seen.append((self.command, self.path, list(self.headers.items()), body))
            text = json.dumps({"upstream": self.path}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        def _read_body(self) -> bytes:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            size = None if self.headers.get("transfer-encoding", "").lower() == "chunked" else 0
            while size != 0:
                size = int(self.rfile.readline().split(b";")[0], 16)
                body += self.rfile.read(size)
                self.rfile.readline()
            return body

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 (as in the base class)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keep)
    upstream.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield upstream
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Guarded:
    """The project on a server, and the one that it forwards to."""

    site: ServerSite
    upstream: Upstream

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.site.port}"


def write_files(root: Path, files: dict[str, str], upstream_url: str = "") -> None:
    """Write a project down."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text.replace("UPSTREAM", upstream_url))


@contextmanager
def open_guarded(server_name: str, root: Path) -> Iterator[Guarded]:
    """Start the project on granian or uvicorn."""
    with open_upstream() as upstream:
        write_files(root, FILES, upstream.url)
        server = STARTERS[server_name](root)
        try:
            yield Guarded(ServerSite(server_name, server), upstream)
        finally:
            server.stop()
            server.log_path.unlink()
