"""Requests that are cancelled, cut or stalled at any point leave nothing behind."""

import asyncio
import gc
import logging
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slugline import Settings, create_app
from slugline.adapters.asgi import AsgiAdapter

ROUTES = {
    "plain": "async def handler(req, res):\n    res.json({})\n",
    "thread": "import time\ndef handler(req, res):\n    time.sleep(0.001)\n    res.json({})\n",
    "slow": "import asyncio\nasync def handler(req, res):\n    await asyncio.sleep(0.01)\n    res.json({})\n",
    "coroutine_chunks": (
        "import asyncio\nasync def chunks():\n    for _ in range(30):\n        yield 'x' * 5000\n        await asyncio.sleep(0)\n"
        "async def handler(req, res):\n    res.send(chunks())\n"
    ),
    "thread_chunks": "def handler(req, res):\n    res.send('x' * 5000 for _ in range(30))\n",
    "events": (
        "import asyncio\nasync def handler(req, res):\n    stream = res.event_stream()\n"
        "    for number in range(20):\n        stream.send(number)\n        await asyncio.sleep(0.001)\n"
    ),
    "thread_writes": "def handler(req, res):\n    for _ in range(30):\n        res.write('x' * 5000)\n    res.end()\n",
    "fails": "async def handler(req, res):\n    raise RuntimeError('x')\n",
    "fails_midway": "async def handler(req, res):\n    res.write('x')\n    raise RuntimeError('x')\n",
    "never_ends": "async def handler(req, res):\n    res.write('x')\n",
    "nothing": "async def handler(req, res): ...\n",
    "deadline": (
        "import asyncio\nconfig = {'maxDuration': 0.005}\nasync def handler(req, res):\n    await asyncio.sleep(0.02)\n    res.json({})\n"
    ),
    "watches": (
        "import asyncio\nasync def handler(req, res):\n    bool(req.disconnected)\n    await asyncio.sleep(0.002)\n    res.json({})\n"
    ),
    "form": "def handler(req, res):\n    res.json(list(req.files))\n",
    "stream": (
        "config = {'api': {'bodyParser': False}}\nasync def handler(req, res):\n"
        "    res.json(sum([len(chunk) async for chunk in req.stream]))\n"
    ),
    "thread_stream": (
        "config = {'api': {'bodyParser': False}}\ndef handler(req, res):\n    res.json(sum(len(chunk) for chunk in req.stream))\n"
    ),
}
FORM = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n' + b"z" * 400_000 + b"\r\n--b--\r\n"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[AsgiAdapter]:
    (tmp_path / "pages" / "api").mkdir(parents=True)
    for name, text in ROUTES.items():
        (tmp_path / "pages" / "api" / f"{name}.py").write_text(text)
    logging.disable(logging.CRITICAL)
    yield create_app(tmp_path, Settings(write_stall_seconds=0.2, body_idle_seconds=0.2, late_answer_seconds=0.5))
    logging.disable(logging.NOTSET)


class Peer:
    """A server with a client behind it, either of which may let the application down."""

    def __init__(self, name: str, chance: random.Random) -> None:
        body = FORM if name == "form" else b"q" * 50_000 if name in ("stream", "thread_stream") else b""
        self.messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": body[start : start + 20_000], "more_body": start + 20_000 < len(body)}
            for start in range(0, len(body) or 1, 20_000)
        ]
        if body and chance.random() < 0.3:
            del self.messages[chance.randrange(len(self.messages)) :]
            self.messages.append({"type": "http.disconnect"})
        self.left = asyncio.Event()
        self.sent = 0
        self.stalls = chance.random() < 0.05
        self.breaks = chance.random() < 0.05
        self.leaves = chance.random() < 0.2
        fields = [(b"host", b"x")]
        if body:
            content_type = b"multipart/form-data; boundary=b" if name == "form" else b"text/plain"
            fields += [(b"content-length", b"%d" % len(body)), (b"content-type", content_type)]
        path = f"/api/{name}"
        self.scope = {
            "type": "http",
            "method": "POST" if body else "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": fields,
            "http_version": "1.1",
            "root_path": "",
            "scheme": "http",
            "client": ("127.0.0.1", 1),
        }

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(0)
        if self.messages:
            return self.messages.pop(0)
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent += 1
        if self.sent > 2:
            if self.breaks:
                raise ConnectionError
            if self.stalls:
                await asyncio.sleep(60)
            if self.leaves:
                self.left.set()
        await asyncio.sleep(0)


async def ask(app: AsgiAdapter, name: str, chance: random.Random) -> None:
    peer = Peer(name, chance)
    task = asyncio.ensure_future(app(peer.scope, peer.receive, peer.send))  # type: ignore[arg-type]
    if chance.random() < 0.2:
        asyncio.get_running_loop().call_later(chance.random() * 0.01, task.cancel)
    done, _ = await asyncio.wait({task}, timeout=20)
    assert done, f"{name} hangs"
    if not task.cancelled():
        task.exception()
    peer.left.set()


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning"
)  # a file opened for a request that is cancelled in that moment is closed by the collector
async def test_nothing_is_left_behind(app: AsgiAdapter) -> None:
    chance = random.Random(7)
    names = list(ROUTES)
    await app.app.start()
    for _ in range(6):
        await asyncio.gather(*(ask(app, chance.choice(names), chance) for _ in range(100)))
    own = asyncio.current_task()
    for _ in range(400):
        if app.app.threads.outstanding == 0 and app.app.load.requests == 0 and asyncio.all_tasks() == {own}:
            break
        await asyncio.sleep(0.01)
    gc.collect()
    assert (app.app.load.requests, app.app.load.streams, app.app.threads.outstanding) == (0, 0, 0)
    assert asyncio.all_tasks() == {own}
    assert not app.app.streaming._event_channels
    await app.app.stop()
