"""Nothing but what was made for clients reaches one: every attempt of `security_attempts`, on both servers, as raw bytes."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from behaviour.sites import ServerSite
from behaviour.wire import Answer, make_request
from security_attempts import ATTEMPTS
from servers import STARTERS

MARKER = "SECRET-MARKER-5d1e"
SECRETS = {
    ".env": f"TOKEN={MARKER}\n",
    ".env.local": f"OTHER_TOKEN={MARKER}\n",
    ".git/config": f"[core]\n# {MARKER}\n",
    ".slugline/notes.json": f'{{"note": "{MARKER}"}}\n',
    "notebook.py": f"# {MARKER}\n",
    "instrumentation.py": f"# {MARKER}\ndef register():\n    pass\n",
    "slugline.config.py": f"# {MARKER}\n",
    "pages/_middleware.py": f"# {MARKER}\nmiddleware = []\n",
    "pages/_layout.html": f"{{# {MARKER} #}}{{% block content %}}{{% endblock %}}\n",
    "pages/about.html": f"{{# {MARKER} #}}<h1>{{{{ title }}}}</h1>\n",
    "pages/about.py": f'# {MARKER}\ndef get_static_props(context):\n    return {{"props": {{"title": "About"}}}}\n',
    # The text stands in what Python compiles from it as well.
    "pages/api/hello.py": f'"""{MARKER}"""\ndef handler(req, res):\n    res.json("hello")\n',
    "pages/api/__pycache__/hello.cpython-311.pyc": MARKER,
    "pages/api/post/[...slug].py": f'# {MARKER}\ndef handler(req, res):\n    res.json("post")\n',
    "private/notes.txt": MARKER,
    "public/.env": MARKER,
    "public/.git/config": MARKER,
    "public/code.py": f"# {MARKER}\n",
}
LINKS = {"env.txt": "../.env", "private": "../private", "root": "/", "up": ".."}
KEYS = {"previewModeId": "0" * 32, "previewModeSigningKey": "1" * 64, "previewModeEncryptionKey": "2" * 64}

# What no answer may hold: the marker; Python and Jinja; the keys; a line of /etc/passwd; the environment of the process.
SIGNS = [MARKER, "def handler", "get_static_props", "{#", "{%", *KEYS.values(), "root:x:", "root:*:", "PATH="]
WAYS: list[tuple[str, list[tuple[str, str]]]] = [
    *(("GET", []), ("HEAD", []), ("POST", [])),
    *(("GET", [("Range", "bytes=0-200")]), ("GET", [("Accept", "text/html")])),
]
MOST_REDIRECTS = 5


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which everything is secret that is not made for clients."""
    root = tmp_path_factory.mktemp("private")
    files = {**SECRETS, ".slugline/preview.json": json.dumps(KEYS), "public/notes.txt": "public\n"}
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    for name, target in LINKS.items():
        (root / "public" / name).symlink_to(target)
    return root


@pytest.fixture(scope="module", params=list(STARTERS))
def server(request: pytest.FixtureRequest, project: Path) -> Iterator[ServerSite]:
    """The project on each real server."""
    running = STARTERS[request.param](project)
    try:
        yield ServerSite(request.param, running)
        assert "Traceback" not in running.log()
    finally:
        running.stop()
        running.log_path.unlink()


@pytest.mark.parametrize(("target", "why"), ATTEMPTS, ids=[target for target, _ in ATTEMPTS])
def test_an_attempt_gets_nothing(server: ServerSite, project: Path, target: str, why: str) -> None:
    raw = target.replace("{project}", str(project))
    for method, fields in (
        ("GET", []),
        ("HEAD", []),
        ("POST", []),
        ("GET", [("Range", "bytes=0-200")]),
        ("GET", [("Accept", "text/html")]),
    ):
        answer = follow(server, raw, method, fields)
        if answer is None:  # the server read it as no request at all, and closed
            continue
        shown = answer.head.decode("latin-1") + answer.body.decode("utf-8", "replace")
        assert [sign for sign in SIGNS if sign in shown] == [], why
        assert answer.status in (400, 404), f"{why}: {answer.status}"


def follow(server: ServerSite, target: str, method: str, fields: list[tuple[str, str]]) -> Answer | None:
    """Ask for a target, and for that which it redirects to, as a client would; a redirect never leads to another host."""
    for _ in range(MOST_REDIRECTS):
        answer = exchange(server, target, method, fields)
        if answer is None or not 300 <= answer.status < 400:
            return answer
        target = str(answer.header("location"))
        assert target.startswith("/"), target
        assert not target.startswith(("//", "/\\")), target
        assert urlsplit(target).netloc == ""
    raise AssertionError(f"{target} redirects on and on")


def exchange(server: ServerSite, target: str, method: str, fields: list[tuple[str, str]]) -> Answer | None:
    request = make_request(target, method, [*fields, ("Connection", "close")])
    if method != "HEAD":
        return server.wire.exchange(request)
    with server.wire.connect() as connection:
        connection.send(request)
        head = connection.read_answer(has_body=False)
        # uvicorn sends a body with its own refusals, to HEAD as well.
        return replace(head, body=connection.read_to_end())


def test_the_project_answers(server: ServerSite) -> None:
    """Else the table above would prove nothing."""
    assert server.ask("/api/hello").body == b'"hello"'
    assert server.ask("/api/post/a").body == b'"post"'


def test_every_secret_is_where_the_attempts_look_for_it(project: Path) -> None:
    assert all(MARKER.encode() in (project / name).read_bytes() for name in SECRETS)
    assert MARKER in (project / "public/env.txt").read_text()
    assert MARKER in (project / "public/up/notebook.py").read_text()
    assert os.path.exists(project / "public/root/etc/passwd")


def test_the_attempts_are_many_and_differ() -> None:
    targets = [target for target, _ in ATTEMPTS]
    assert len(targets) >= 40
    assert len(set(targets)) == len(targets)
