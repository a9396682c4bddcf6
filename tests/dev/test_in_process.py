"""Parts of the development server that no saved file reaches: a name that is trusted later, and a reload that fails by itself."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.dev_process import write_files
from slugline.dev.project import Changes
from slugline.dev.server import DevOptions, DevServer
from slugline.runtime.asgi_types import Message
from user_modules import own_modules as clean_modules


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DevServer]:
    write_files(tmp_path, {"pages/api/a.py": "VALUE = 1\n\ndef handler(req, res):\n    res.json(VALUE)\n"})
    with clean_modules():
        yield DevServer(tmp_path, DevOptions())


async def ask(server: DevServer, path: str, host: str) -> tuple[int, bytes]:
    """Ask as Granian does, and give status and body."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", host.encode())],
        "http_version": "1.1",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    await server(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


async def test_the_name_of_a_server_in_front_is_trusted(server: DevServer) -> None:
    assert (await ask(server, "/_slugline/other", "dev.box:3000"))[0] == 403
    server.stand_behind("dev.box")
    assert (await ask(server, "/_slugline/other", "dev.box:3000"))[0] == 404
    assert (await ask(server, "/_slugline/other", "evil.example"))[0] == 403


async def test_a_reload_that_fails_is_not_the_last_one(server: DevServer, caplog: pytest.LogCaptureFixture) -> None:
    await server.app.start()
    server.project.load()
    await server.app.install()
    assert await ask(server, "/api/a", "localhost") == (200, b"1")

    def fail() -> None:
        raise OSError("no space left")

    server.on_reload = fail
    file = server.project.root / "pages/api/a.py"
    file.write_text(file.read_text().replace("1", "2"))
    with caplog.at_level(logging.ERROR, "slugline"):
        await server._reload_safely(Changes(frozenset([file])))
    assert "The next save loads all of them." in caplog.text
    server.on_reload = None
    file.write_text(file.read_text().replace("2", "3"))
    await server._reload_safely(Changes(frozenset([server.project.root / "lib/other.py"])))  # of another file, and yet
    assert await ask(server, "/api/a", "localhost") == (200, b"3")
    await server.app.stop()
