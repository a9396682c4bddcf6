"""Slips that a user makes: each is told of, and none lets a request through that should not pass."""

import logging
from pathlib import Path

import pytest

from slugline.errors import MiddlewareError, ResponseError
from slugline.testing import TestClient
from user_modules import own_modules

UNAWAITED = """
from slugline import ApiError, run_middleware

async def handler(req, res):
    run_middleware(req, res, refuse)
    {answer}

def refuse(req, res, next):
    raise ApiError(401, "no")
"""


def write(root: Path, text: str, name: str = "x") -> Path:
    (root / "pages" / "api").mkdir(parents=True, exist_ok=True)
    (root / "pages" / "api" / f"{name}.py").write_text(text)
    return root


@pytest.fixture(autouse=True)
def clean_imports():
    with own_modules():
        yield


ANSWERS = {
    "json": "res.json({'secret': 42})",
    "send": "res.send('secret')",
    "file": "res.send(__import__('pathlib').Path(__file__))",
    "iterator": "res.send(iter(['secret']))",
    "nothing": "pass",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_middleware_that_was_not_awaited_lets_nothing_through(tmp_path: Path, caplog: pytest.LogCaptureFixture, answer: str) -> None:
    with TestClient(write(tmp_path, UNAWAITED.format(answer=answer))) as client:
        response = client.get("/api/x")
    assert (response.status_code, response.content) == (500, b"Internal Server Error")
    assert "was not awaited" in caplog.text
    assert "x.py, line 5" in caplog.text


def test_an_awaited_middleware_is_forgotten(tmp_path: Path) -> None:
    text = UNAWAITED.format(answer="res.json(1)").replace("run_middleware(req", "await run_middleware(req").replace("raise Api", "next() #")
    with TestClient(write(tmp_path, text)) as client:
        assert client.get("/api/x").json() == 1


STATUS = {
    "res.status = 404": "res.status",
    "res.statusCode = 404": "status_code",
    "res.after(print('x'))": "without calling it",
    "res.setHeader('a', 'b')": "set_header",
    "req.disconnected.wait(1)": "await req.disconnected",
}


@pytest.mark.parametrize("line", STATUS)
def test_the_log_says_what_to_write_instead(tmp_path: Path, caplog: pytest.LogCaptureFixture, line: str) -> None:
    with TestClient(write(tmp_path, f"async def handler(req, res):\n    {line}\n    res.json(1)\n")) as client:
        assert client.get("/api/x").status_code == 500
    assert STATUS[line] in caplog.text


def test_plain_iteration_of_a_body_in_a_coroutine(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = "config = {'api': {'bodyParser': False}}\nasync def handler(req, res):\n    for chunk in req.stream:\n        pass\n"
    with TestClient(write(tmp_path, text)) as client:
        assert client.post("/api/x", content=b"body").status_code == 500
    assert "async for chunk in req.stream" in caplog.text


def test_a_chunk_that_is_none_is_refused_before_the_head(tmp_path: Path) -> None:
    with TestClient(write(tmp_path, "def handler(req, res):\n    res.write({'a': 1})\n")) as client:
        assert client.get("/api/x").text == "Internal Server Error"


def test_events_end_with_their_handler_without_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with TestClient(write(tmp_path, "async def handler(req, res):\n    res.event_stream().send('hi')\n")) as client:
        assert client.get("/api/x").text == "data: hi\n\n"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


RAISING = {
    "async def handler(req, res):\n    1 / 0\n": ZeroDivisionError,
    "def handler(req, res):\n    res.json(object())\n": ResponseError,
    "def handler(req, res):\n    res.set_header('content-length', '5')\n    res.send('four')\n": ResponseError,
    UNAWAITED.format(answer="res.json(1)"): MiddlewareError,
}


@pytest.mark.parametrize(("text", "error"), RAISING.items())
def test_test_client_raises_what_the_handler_raised(tmp_path: Path, text: str, error: type[Exception]) -> None:
    with TestClient(write(tmp_path, text), raise_exceptions=True) as client, pytest.raises(error):
        client.get("/api/x")


@pytest.mark.parametrize("path", ["/backend/api/x/", "/backend//api/x", "/backend/api//x?a=1"])
def test_redirect_of_slashes_stays_below_the_mount(tmp_path: Path, path: str) -> None:
    with TestClient(write(tmp_path, "def handler(req, res):\n    res.json(1)\n")) as inner:

        async def outer(scope, receive, send):
            if scope["type"] == "http":
                scope = {**scope, "root_path": "/backend"}
            await inner.app(scope, receive, send)

        with TestClient(outer) as client:
            location = client.get(path).headers["location"]
            assert location.partition("?")[0] == "/backend/api/x"
            assert client.get(location).json() == 1
