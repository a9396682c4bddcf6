from pathlib import Path

from slugline.testing import TestClient


def test_hello() -> None:
    with TestClient(Path(__file__).parent) as client:
        assert client.get("/api/hello").json() == {"text": "Hello"}


def test_post() -> None:
    with TestClient(Path(__file__).parent) as client:
        assert client.post("/api/post/7", json={"title": "x"}).json() == {"post": "7", "body": {"title": "x"}}
