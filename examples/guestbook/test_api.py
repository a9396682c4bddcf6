from collections.abc import Iterator
from pathlib import Path

import pytest

from slugline.testing import TestClient


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    # Before anything of the project is imported: lib/database.py looks at it then.
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'guestbook.sqlite3'}")
    with TestClient(Path(__file__).parent) as client:
        yield client


def test_signing(client: TestClient) -> None:
    assert "Nobody has been here yet." in client.get("/").text
    signed = client.post("/api/sign", data={"name": "Ada", "message": "Hello <b>all</b>"})
    assert (signed.status_code, signed.headers["location"]) == (303, "/#entry-1")
    assert "Hello &lt;b&gt;all&lt;/b&gt;" in client.get("/").text
    assert [entry["name"] for entry in client.get("/api/entries").json()["entries"]] == ["Ada"]

    faulty = client.post("/api/sign", data={"name": "", "message": "typed already"})
    assert faulty.status_code == 422
    assert "Your name is missing." in faulty.text
    assert "typed already</textarea>" in faulty.text

    foreign = client.post("/api/sign", data={"name": "Eve", "message": "Hi"}, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
