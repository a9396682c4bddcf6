from collections.abc import Iterator
from pathlib import Path

import pytest

from slugline.testing import TestClient


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("DATABASE", str(tmp_path / "guesses.sqlite3"))
    with TestClient(Path(__file__).parent) as client:
        yield client


def test_a_guess_counts(client: TestClient) -> None:
    before = client.get("/api/guesses").json()
    assert before["answer"] is None
    after = client.post("/api/guesses", content=b"guess=1%2C700", headers=FORM | JSON).json()
    assert after["crowd"]["count"] == before["crowd"]["count"] + 1
    assert (after["guess"], after["answer"]) == (1700, 1665)


def test_a_browser_without_javascript_is_sent_back_to_the_page(client: TestClient) -> None:
    response = client.post("/api/guesses", content=b"guess=12", headers=FORM)
    assert (response.status_code, response.headers["location"]) == (303, "/#crowd")
    assert client.get("/api/guesses").json()["guess"] == 12


@pytest.mark.parametrize("guess", ["", "0", "many", "1.5", "-3", "100000", "\u0663"])
def test_what_is_no_guess_is_refused(client: TestClient, guess: str) -> None:
    response = client.post("/api/guesses", json={"guess": guess}, headers=JSON)
    assert (response.status_code, response.json()) == (400, {"error": "Give a whole number from 1 to 99,999."})
    assert client.post("/api/guesses", json={"guess": guess}).headers["location"] == "/?problem=number"


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Accept": "application/json"}
