"""Draft mode of a whole project: a browser turns it on, reads, and turns it off; keys are looked for where the project lies."""

import json

import pytest

from slugline import Settings, create_app
from slugline.project.preview_keys import ENVIRONMENT_NAMES
from slugline.testing import TestClient
from user_modules import own_modules

ROUTES = {
    "enter": "def handler(req, res):\n    res.set_draft_mode().redirect('/')\n",
    "data": "async def handler(req, res):\n    res.set_preview_data(req.body or {'user': 'ann'}).json({'ok': True})\n",
    "leave": "def handler(req, res):\n    res.clear_preview_data().json({'ok': True})\n",
    "read": "def handler(req, res):\n    res.json([req.draft_mode, req.preview_data])\n",
    "loop": "async def handler(req, res):\n    res.json([req.draft_mode, req.preview_data])\n",
    "stream": "async def handler(req, res):\n    res.write('a')\n    res.end('b')\n",
    "lines": "def handler(req, res):\n    res.send(iter(['a', 'b']))\n",
    "fail": "def handler(req, res):\n    raise ValueError('no')\n",
    "unread": "def handler(req, res):\n    res.json({})\n",
}
KEYS = {"previewModeId": "a" * 32, "previewModeSigningKey": "b" * 64, "previewModeEncryptionKey": "c" * 64}


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ENVIRONMENT_NAMES:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pages" / "api").mkdir(parents=True)
    for name, text in ROUTES.items():
        (tmp_path / "pages" / "api" / f"{name}.py").write_text(text)
    with own_modules():
        yield tmp_path


def lines_of(response):
    return response.headers.get_list("set-cookie")


def test_a_visit(project):
    with TestClient(project) as client:
        assert client.get("/api/read").json() == [False, None]
        assert client.get("/api/enter").status_code == 307
        assert client.get("/api/read").json() == client.get("/api/loop").json() == [True, {}]
        client.post("/api/data", json={"user": "bob"})
        assert client.get("/api/read").json() == client.get("/api/loop").json() == [True, {"user": "bob"}]
        client.get("/api/leave")
        assert client.get("/api/read").json() == [False, None]
        assert list(client.cookies) == []


def test_another_process_of_the_project_takes_the_cookies(project):
    with TestClient(project) as first:
        first.get("/api/data")
        cookies = dict(first.cookies)
    with TestClient(project, cookies=cookies) as second:
        assert second.get("/api/read").json() == [True, {"user": "ann"}]


def test_the_keys_of_a_next_js_app_are_taken(project):
    (project / ".next").mkdir()
    (project / ".next" / "prerender-manifest.json").write_text(json.dumps({"version": 4, "preview": KEYS}))
    with TestClient(project) as client:
        client.get("/api/enter")
        assert client.cookies["__prerender_bypass"] == "a" * 32
        assert client.get("/api/read").json() == [True, {}]
    assert not (project / ".slugline").exists()


@pytest.mark.parametrize("path", ["/api/read", "/api/unread", "/api/stream", "/api/lines", "/api/fail", "/api/nothing"])
def test_wrong_cookies_are_cleared_on_every_answer_and_make_no_keys(project, path):
    with TestClient(project, cookies={"__prerender_bypass": "x", "__next_preview_data": "y", "other": "z"}) as client:
        names = [line.partition("=")[0] for line in lines_of(client.get(path))]
        assert names == ["__prerender_bypass", "__next_preview_data"]
        assert list(client.cookies) == ["other"]
        assert lines_of(client.get(path)) == []
    assert not (project / ".slugline").exists()


def test_no_keys_are_made_at_the_start(project):
    with TestClient(project) as client:
        assert client.get("/api/read", headers={"cookie": "a=1"}).json() == [False, None]
    assert not (project / ".slugline").exists()


@pytest.mark.parametrize(("development", "attributes"), [(False, "Secure; SameSite=None"), (True, "SameSite=Lax")])
def test_a_development_server_has_no_https(project, development, attributes):
    with TestClient(create_app(project, Settings(development=development))) as client:
        [line] = lines_of(client.get("/api/enter"))
        assert line.endswith(f"; Path=/; HttpOnly; {attributes}")
