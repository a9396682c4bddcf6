from collections.abc import Iterator
from pathlib import Path

import pytest

from slugline.testing import TestClient


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Path(__file__).parent) as client:
        yield client


def test_hello(client: TestClient) -> None:
    assert client.get("/api/hello").json() == {"text": "Hello"}


def test_post(client: TestClient) -> None:
    assert client.get("/api/post/7").json() == {"post": "7"}
    response = client.post("/api/post/7", json={"title": "First"})
    assert response.status_code == 201
    assert response.json() == {"post": "7", "body": {"title": "First"}}
