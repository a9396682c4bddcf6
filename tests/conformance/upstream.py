"""The server that external rewrites go to: it tells what it was asked. Run it with a port: `python upstream.py 4399`.

A path that begins with /legacy/status/NNN is answered with that status.
"""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_HEADERS = ("x-client", "proxy-authorization", "te")


class Echo(BaseHTTPRequestHandler):
    """Answers every request with 200 and what it was, as JSON."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Answer one request."""
        seen = {
            "upstream": True,
            "method": self.command,
            "path": self.path,
            "hostIsUpstream": self.headers.get("host", "").startswith("127.0.0.1:"),
            "forwardedHost": bool(self.headers.get("x-forwarded-host")),
            "body": self.read_body().decode("utf-8", "replace"),
        }
        if self.path.startswith("/up/h"):
            seen["hop"] = {name: self.headers.get(name) for name in HOP_HEADERS}
        text = json.dumps(seen).encode()
        status = re.match(r"/legacy/status/(\d+)", self.path)
        self.send_response(int(status[1]) if status else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("X-Upstream", "1")
        self.send_header("Set-Cookie", "up=1")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = answer  # noqa: N815 (the names of http.server)

    def read_body(self) -> bytes:
        """Read a body of a known length, or one in chunks."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            size = None
            while size != 0:
                size = int(self.rfile.readline().split(b";")[0], 16)
                body += self.rfile.read(size)
                self.rfile.readline()
        return body

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 (as in the base class)
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
