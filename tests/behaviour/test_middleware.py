"""`_middleware.py` of folders, `middleware = [...]` of a file, and `run_middleware`."""

import json

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from behaviour.sites import Notes, ServerSite, Site


def test_outermost_first_and_back_out(site: Site, notes: Notes) -> None:
    answer = site.ask(f"/api/guarded/inner/route?word=right&key={notes.key}")
    assert json.loads(answer.body) == {"word": "right"}
    assert notes.read() == ["outer in", "inner", "own in", "handler", "own out", "outer out"]


def test_folder_middleware_guards_everything_below(site: Site, notes: Notes) -> None:
    answer = site.ask(f"/api/guarded/inner/route?word=wrong&key={notes.key}")
    assert (answer.status, answer.body) == (403, b'{"error":"wrong word"}')
    assert notes.read() == ["outer in"]


ANSWERS = [
    # kind, status, body, notes
    ("pass", 200, b'{"answered":"by the handler"}', ["handler"]),
    ("wrap", 200, b'{"answered":"by the handler"}', ["handler", "after the handler"]),
    ("error", 500, b"Internal Server Error", []),
    ("raise", 500, b"Internal Server Error", []),
    ("catch", 422, b'{"caught":"caught me"}', ["handler"]),
    ("twice", 200, b'{"answered":"by the handler"}', ["handler"]),
    ("answer", 401, b'{"answered":"by the middleware"}', []),
    ("neither", 500, b"Internal Server Error", []),
]


@pytest.mark.parametrize(("kind", "status", "body", "noted"), ANSWERS)
def test_middleware_of_a_file(site: Site, notes: Notes, kind: str, status: int, body: bytes, noted: list[str]) -> None:
    seen = len(site.log())
    answer = site.ask(f"/api/middleware/{kind}?key={notes.key}")
    assert (answer.status, answer.body) == (status, body)
    assert notes.read() == noted
    logged = {"error": "PermissionError", "raise": "PermissionError", "twice": "second time", "neither": "without calling next()"}
    log = site.log()[seen:]
    assert logged.get(kind, "") in log
    assert kind in logged or "failed" not in log


@pytest.mark.parametrize("style", ["plain", "coroutine"])
@pytest.mark.parametrize("of", ["plain", "coroutine"])
@pytest.mark.parametrize(
    ("kind", "status", "body", "noted"),
    [
        ("pass", 200, b'{"seen":"seen"}', ["went on"]),
        ("error", 500, b'{"caught":"from the middleware"}', []),
        ("answer", 401, b'{"answered":"by the middleware"}', []),
    ],
)
def test_run_middleware(site: Site, notes: Notes, style: str, of: str, kind: str, status: int, body: bytes, noted: list[str]) -> None:
    answer = site.ask(f"/api/middleware/{style}/{kind}?of={of}&key={notes.key}")
    assert (answer.status, answer.body, notes.read()) == (status, body, noted)


def test_middleware_guards_a_websocket(server: ServerSite) -> None:
    url = f"ws://127.0.0.1:{server.port}/api/guarded/socket"
    with connect(f"{url}?word=right") as socket:
        assert socket.recv(timeout=10) == "word: right"
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{url}?word=wrong").close()
    assert refused.value.response.status_code == 403
