"""The example of rules and a guard: who is let in, and where the others are sent."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from slugline.testing import TestClient
from user_modules import own_modules

RULES = Path(__file__).parent.parent.parent / "examples" / "rules"


@pytest.fixture
def client() -> Iterator[TestClient]:
    with own_modules(), TestClient(RULES) as client:
        yield client


def sign_in(client: TestClient) -> None:
    answer = client.post("/api/login", data={"name": "Ada"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")


def test_strangers_are_sent_to_the_form(client: TestClient) -> None:
    answer = client.get("/account")
    assert (answer.status_code, answer.headers["location"]) == (307, "/login?from=%2Faccount")
    assert "Sign in" in client.get(answer.headers["location"]).text


@pytest.mark.parametrize("path", ["/api/account/orders/7", "/v1/orders/7", "/api/%61ccount/orders/7", "/v1/orders%2F7"])
def test_strangers_get_nothing_of_the_api(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"x-user": "Ada", "Cookie": "session=416461.0000"})
    assert (answer.status_code, answer.json()) == (401, {"error": "Sign in first."})


def test_who_is_signed_in_is_let_in(client: TestClient) -> None:
    sign_in(client)
    assert "<h1>Ada</h1>" in client.get("/account", headers={"x-user": "Grace"}).text
    for path in ("/api/account/orders/7", "/v1/orders/7"):
        assert client.get(path).json() == {"order": "7", "of": "Ada"}
    assert client.get("/login").headers["location"] == "/account"
    client.post("/api/logout")
    assert client.get("/account").status_code == 307


def test_rules(client: TestClient) -> None:
    assert (client.get("/home").status_code, client.get("/home").headers["location"]) == (308, "/")
    for path in ("/", "/nothing", "/api/nothing"):
        assert client.get(path).headers["x-frame-options"] == "DENY"
    assert client.get("/api/nothing").json() == {"error": "There is no /api/nothing."}
    assert client.get("/api/account/orders/7").headers["cache-control"] == "no-store"


def test_visits_are_counted_afterwards(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "visits")
    client.get("/account")
    client.get("/")
    client.__exit__(None, None, None)  # which waits for what runs in the background
    assert [record.getMessage() for record in caplog.records if record.name == "visits"] == ["GET /account"]
    client.__enter__()
