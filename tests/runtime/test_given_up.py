"""What a handler does after its request was answered by something else reaches nobody, and harms nothing."""

import asyncio
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slugline import Settings, create_app
from slugline.adapters.asgi import AsgiAdapter
from slugline.errors import ClientDisconnected, SluglineError
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.runtime.threads import Threads

ROUTES = {
    "exits_after": "import sys\nasync def handler(req, res):\n    res.after(sys.exit, 1)\n    res.json(1)\n",
    "exits_in_middleware": (
        "import sys\nfrom slugline import run_middleware\nasync def leave(req, res, next):\n    sys.exit(1)\n"
        "def handler(req, res):\n    run_middleware(req, res, leave)\n"
    ),
    "exits_in_wsgi": "import sys\ndef app(environ, start_response):\n    sys.exit(3)\n",
    "writes_late": (
        "import asyncio, sys\nasync def handler(req, res):\n    async def later():\n        await asyncio.sleep(0.01)\n"
        "        try:\n            res.write('SECOND')\n        except BaseException as error:\n            sys.late_errors.append(error)\n"
        "    sys.late_task = asyncio.ensure_future(later())\n    raise ValueError\n"
    ),
    "looks_first": (
        "import asyncio\nconfig = {'api': {'bodyParser': False}}\nasync def handler(req, res):\n    bool(req.disconnected)\n"
        "    await asyncio.sleep(0.01)\n    res.json(sum([len(chunk) async for chunk in req.stream]))\n"
    ),
}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[AsgiAdapter]:
    (tmp_path / "pages" / "api").mkdir(parents=True)
    for name, text in ROUTES.items():
        (tmp_path / "pages" / "api" / f"{name}.py").write_text(text)
    logging.disable(logging.CRITICAL)
    yield create_app(tmp_path, Settings())
    logging.disable(logging.NOTSET)


async def ask(app: AsgiAdapter, name: str, chunks: list[bytes] | None = None) -> list[dict[str, Any]]:
    incoming = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks or []]
    incoming.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        if incoming:
            return incoming.pop(0)
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    fields = [(b"host", b"x")] + ([(b"transfer-encoding", b"chunked")] if chunks else [])
    path = f"/api/{name}"
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST" if chunks else "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": fields,
        "http_version": "1.1",
        "root_path": "",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)
    return sent


@pytest.mark.parametrize(("name", "status"), [("exits_after", 200), ("exits_in_middleware", 500), ("exits_in_wsgi", 500)])
async def test_an_exit_ends_nothing_but_itself(app: AsgiAdapter, name: str, status: int) -> None:
    await app.app.start()
    sent = await ask(app, name)
    assert sent[0]["status"] == status
    await asyncio.sleep(0.05)  # an exit that got into a task would end this loop here
    assert (await ask(app, "exits_after"))[0]["status"] == 200
    await app.app.stop()


async def test_an_answer_after_an_exception_is_refused(app: AsgiAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[BaseException] = []
    monkeypatch.setattr(sys, "late_errors", errors, raising=False)
    await app.app.start()
    sent = await ask(app, "writes_late")
    await sys.late_task  # type: ignore[attr-defined]
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 500
    assert [isinstance(error, SluglineError) for error in errors] == [True]
    assert (app.app.load.requests, app.app.load.streams) == (0, 0)
    await app.app.stop()


async def test_looking_for_the_client_takes_nothing_of_the_body(app: AsgiAdapter) -> None:
    await app.app.start()
    sent = await ask(app, "looks_first", [b"12345", b"67890", b"abcde"])
    assert (sent[0]["status"], sent[1]["body"]) == (200, b"15")
    await app.app.stop()


async def test_a_job_that_nobody_waits_for_is_not_begun() -> None:
    threads = Threads(1)
    ran: list[int] = []
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()

    first = threads.run(wait)
    second = threads.run(ran.append, 2)
    third = threads.run(ran.append, 3)
    second.cancel()
    gate.set()
    await asyncio.gather(first, third)
    assert ran == [3]
    threads.close()


async def test_a_head_that_comes_too_late_by_a_moment_is_not_sent(app: AsgiAdapter) -> None:
    """The handler's thread opens its answer, and before the loop hears of it, the request is given up."""
    await app.app.start()
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    request: Request[Any, Any] = Request("GET", b"/api/x")
    request._send = send
    channels: list[Any] = []
    thread = threading.Thread(target=lambda: channels.append(app.app.open_channel(Response(request, app.app))))
    thread.start()
    thread.join()  # the loop stands still meanwhile
    request._given_up = True
    await asyncio.sleep(0.01)
    with pytest.raises(ClientDisconnected):
        channels[0].write(b"x")
    assert (sent, app.app.load.requests, app.app.load.streams) == ([], 0, 0)
    await app.app.stop()
