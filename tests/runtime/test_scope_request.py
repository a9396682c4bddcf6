"""The request in a scope: the path that is left below an outer application, for HTTP and for WebSockets."""

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from slugline import create_app
from slugline.runtime.asgi_types import Message, Scope
from slugline.runtime.scope_request import read_scope
from slugline.testing import TestClient

HANDLER = "def handler(req, res):\n    res.json({'url': req.url, 'path': req.path, 'id': req.query['id']})\n"
SOCKET = "async def websocket(ws):\n    await ws.send_json([ws.path, ws.url, ws.request.path])\n"


async def receive() -> Message:
    raise AssertionError("nobody asks for the body")


async def send(message: Message) -> None:
    raise AssertionError("nobody answers")


def scope_of(**fields: Any) -> Scope:
    return {"type": "http", "path": "/", "query_string": b"", "headers": [], **fields}


PATHS = [
    pytest.param({"raw_path": b"/api/a%2Fb"}, b"/api/a%2Fb", "", id="as sent"),
    pytest.param({"path": "/api/ü x"}, b"/api/%C3%BC%20x", "", id="a server without the raw path"),
    pytest.param({"path": "/api/x", "raw_path": None}, b"/api/x", "", id="a server that says so"),
    pytest.param({"raw_path": b"/out/api/x", "root_path": "/out"}, b"/api/x", "/out", id="below an outer application"),
    pytest.param({"raw_path": b"/out/api/x", "root_path": "/out/"}, b"/api/x", "/out", id="a slash at the end of the prefix"),
    pytest.param({"raw_path": b"/out", "root_path": "/out"}, b"/", "/out", id="the prefix alone"),
    pytest.param({"raw_path": b"/out/", "root_path": "/out"}, b"/", "/out", id="the prefix and a slash"),
    pytest.param({"raw_path": b"/out//x", "root_path": "/out"}, b"//x", "/out", id="two slashes after the prefix"),
    pytest.param({"raw_path": b"/a/b/api", "root_path": "/a/b"}, b"/api", "/a/b", id="two parts"),
    pytest.param({"raw_path": b"/%6fut/api", "root_path": "/out"}, b"/api", "/%6fut", id="a prefix that was encoded"),
    pytest.param({"raw_path": b"/%C3%BC/api", "root_path": "/ü"}, b"/api", "/%C3%BC", id="a prefix that must be encoded"),
    pytest.param({"raw_path": b"/outer/api", "root_path": "/out"}, b"/outer/api", "", id="only the beginning of a name"),
    pytest.param({"raw_path": b"/api/x", "root_path": "/out"}, b"/api/x", "", id="a server that has cut it already"),
    pytest.param({"raw_path": b"/api/x", "root_path": "/"}, b"/api/x", "", id="a prefix that is none"),
    pytest.param({"raw_path": b"http://evil.example/api/x"}, b"/api/x", "", id="absolute form"),
    pytest.param({"raw_path": b"HTTPS://a:1"}, b"/", "", id="absolute form without a path"),
    pytest.param({"raw_path": b"http://a//b"}, b"//b", "", id="absolute form with two slashes"),
    pytest.param({"raw_path": b"ftp://a/b"}, b"ftp://a/b", "", id="another scheme"),
    pytest.param({"raw_path": b"*"}, b"*", "", id="the server as a whole"),
    pytest.param({"raw_path": b"api/x"}, b"api/x", "", id="no slash in front"),
]


@pytest.mark.parametrize(("fields", "path", "prefix"), PATHS)
def test_path(fields: dict[str, Any], path: bytes, prefix: str) -> None:
    request = read_scope(scope_of(**fields), "GET", receive, send)
    assert (request.raw_path, request._mount_prefix) == (path, prefix)


@pytest.fixture
def client(tmp_path: Path) -> Any:
    folder = tmp_path / "pages" / "api"
    folder.mkdir(parents=True)
    (folder / "[id].py").write_text(HANDLER)
    (folder / "socket.py").write_text(SOCKET)
    with TestClient(Starlette(routes=[Mount("/out", app=create_app(tmp_path))])) as client:
        yield client


def test_request_below_an_outer_application(client: TestClient) -> None:
    assert client.get("/out/api/7?a=1").json() == {"url": "/api/7?a=1", "path": "/api/7", "id": "7"}
    assert client.get("/%6fut/api/7/").headers["location"] == "/%6fut/api/7"


def test_socket_below_an_outer_application(client: TestClient) -> None:
    with client.websocket("/out/api/socket?a=1") as socket:
        assert socket.receive_json() == ["/api/socket", "/api/socket?a=1", "/api/socket"]
