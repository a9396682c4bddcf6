"""`app = …`: FastAPI, Flask and Starlette, each under a file of its own."""

import json

import pytest
from websockets.sync.client import connect

from behaviour.sites import ServerSite, Site

APPS = ["fastapi", "flask", "starlette"]


@pytest.mark.parametrize("app", APPS)
def test_root(site: Site, app: str) -> None:
    found = json.loads(site.ask(f"/api/mounted/{app}").body)
    assert (found["app"], found["root_path"]) == (app, f"/api/mounted/{app}")


@pytest.mark.parametrize("app", ["fastapi", "starlette"])
def test_lifespan_has_run_once(site: Site, app: str) -> None:
    found = json.loads(site.ask(f"/api/mounted/{app}").body)
    assert (found["started"], found["pool"]) == (["started"], "from the lifespan")


@pytest.mark.parametrize("app", APPS)
def test_deeper_path_query_and_links(site: Site, app: str) -> None:
    found = json.loads(site.ask(f"/api/mounted/{app}/items/7?q=a%20b").body)
    assert found == {"item": 7, "q": "a b", "url": f"/api/mounted/{app}/items/7"}


@pytest.mark.parametrize("app", APPS)
def test_body(site: Site, app: str) -> None:
    value = {"name": "x" * 100_000}
    answer = site.ask(f"/api/mounted/{app}/items", "POST", [("Content-Type", "application/json")], json.dumps(value).encode())
    assert json.loads(answer.body) == {"created": value}


@pytest.mark.parametrize("app", APPS)
def test_not_found_is_the_applications(site: Site, app: str) -> None:
    assert site.ask(f"/api/mounted/{app}/nowhere").status == 404


@pytest.mark.parametrize("app", APPS)
def test_cut_off_upload_is_no_short_body(server: ServerSite, app: str) -> None:
    head = f"POST /api/mounted/{app}/items HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n"
    answer = server.wire.exchange(head.encode() + b'{"name":"x"}', half_close=True)
    assert answer is None or answer.status >= 400
    assert server.ask("/api/hello").status == 200


def test_websocket_of_starlette(server: ServerSite) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/api/mounted/starlette/talk") as socket:
        socket.send("hello")
        assert socket.recv(timeout=10) == "/api/mounted/starlette/talk: hello"
