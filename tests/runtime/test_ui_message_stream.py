"""`res.ui_message_stream()` on a whole application, and on a running server as `useChat` of the npm package `ai` reads it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node import NPM, find_node
from servers import STARTERS, Server
from slugline.testing import TestClient
from user_modules import own_modules

CHAT = """
from slugline import ApiError, Request, Response

async def POST(req: Request, res: Response) -> None:
    question = req.body["messages"][-1]["parts"][0]["text"]
    with res.ui_message_stream() as stream:
        stream.start("m1")
        stream.reasoning("Hm.")
        for word in ("You ", "said: ", question):
            stream.text(word)
            await stream.drain()
        stream.tool_input_available("c1", "count", {"text": question})
        stream.tool_output_available("c1", {"letters": len(question)})
"""
BLOCKING = """
def POST(req, res):
    with res.ui_message_stream() as stream:
        for number in range(2000):
            stream.text("x" * 100)
"""
BROKEN = """
def POST(req, res):
    with res.ui_message_stream() as stream:
        stream.text("a")
        raise RuntimeError("the password is hunter2")
"""
LATE = """
from slugline.errors import AlreadyAnswered

def POST(req, res):
    stream = res.ui_message_stream()
    try:
        res.ui_message_stream()
    except AlreadyAnswered as error:
        stream.text(str(error))
    stream.finish()
"""
FILES = {"chat": CHAT, "blocking": BLOCKING, "broken": BROKEN, "late": LATE}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("chat")
    (root / "pages" / "api").mkdir(parents=True)
    for name, text in FILES.items():
        (root / "pages" / "api" / f"{name}.py").write_text(text)
    return root


@pytest.fixture
def client(project: Path) -> Iterator[TestClient]:
    with own_modules(), TestClient(project) as client:
        yield client


QUESTION = {"messages": [{"role": "user", "parts": [{"type": "text", "text": "Hello?"}]}]}


def test_head_and_chunks(client: TestClient) -> None:
    with client.stream("POST", "/api/chat", json=QUESTION, headers={"Accept-Encoding": "gzip"}) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["x-vercel-ai-ui-message-stream"] == "v1"
        assert stream.headers["cache-control"] == "no-cache, no-transform"
        assert "content-encoding" not in stream.headers
        events = [event.data for event in stream.events()]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    assert [chunk["type"] for chunk in chunks] == [
        "start",
        *("reasoning-start", "reasoning-delta", "reasoning-end"),
        *("text-start", "text-delta", "text-delta", "text-delta", "text-end"),
        *("tool-input-available", "tool-output-available"),
        "finish",
    ]


def test_a_second_stream_is_refused(client: TestClient) -> None:
    with client.stream("POST", "/api/late") as stream:
        text = " ".join(event.data for event in stream.events())
    assert "ui_message_stream() came after the first write" in text


@pytest.fixture(scope="module", params=STARTERS)
def server(request: pytest.FixtureRequest, project: Path) -> Iterator[Server]:
    running = STARTERS[request.param](project)
    yield running
    running.stop()
    running.log_path.unlink()


def read_by_package(url: str) -> Any:
    program = [find_node(), str(NPM / "read_ui_message_stream.mjs"), url]
    done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_the_package_reads_a_message(server: Server) -> None:
    read = read_by_package(f"{server.base_url}/api/chat")
    assert read["errors"] == []
    message = read["message"]
    assert message["id"] == "m1"
    assert [part["type"] for part in message["parts"]] == ["reasoning", "text", "tool-count"]
    assert message["parts"][1]["text"] == "You said: Hello?"
    assert message["parts"][2]["output"] == {"letters": 6}


def test_the_package_reads_what_a_thread_writes(server: Server) -> None:
    read = read_by_package(f"{server.base_url}/api/blocking")
    assert (read["errors"], len(read["message"]["parts"][0]["text"])) == ([], 200_000)


def test_the_package_sees_an_error_and_nothing_of_it(server: Server) -> None:
    read = read_by_package(f"{server.base_url}/api/broken")
    assert read["errors"] == ["Error: An error occurred."]
    assert "hunter2" not in json.dumps(read)
    assert "hunter2" in server.log()
