"""The stream as bytes, and as the npm package `ai` reads it."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from node import NPM, find_node
from slugline.errors import NotSerialisable, ResponseError
from slugline.http.ui_message_stream import UI_MESSAGE_STREAM_DONE, UI_MESSAGE_STREAM_HEADERS, UiMessageStream, encode_chunk

Write = Callable[[UiMessageStream], Any]


class Writer:
    """Takes what a Response would send."""

    def __init__(self) -> None:
        self.sent = b""
        self.ended = False

    def write(self, chunk: bytes) -> bool:
        assert not self.ended, "written after the end"
        self.sent += chunk
        return True

    def end(self) -> None:
        assert not self.ended, "ended twice"
        self.ended = True

    async def drain(self) -> None: ...


def chunks_of(sent: bytes) -> list[Any]:
    events = sent.decode().split("\n\n")
    assert events.pop() == ""
    assert all(event.startswith("data: ") and "\n" not in event for event in events)
    return [event if event == "data: [DONE]" else json.loads(event.removeprefix("data: ")) for event in events]


def written(write: Write) -> list[Any]:
    writer = Writer()
    write(UiMessageStream(writer))
    return chunks_of(writer.sent)


START = {"type": "start"}


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        ({"type": "start"}, b'data: {"type":"start"}\n\n'),
        ({"type": "start", "messageId": None}, b'data: {"type":"start"}\n\n'),
        (
            {"type": "text-delta", "id": "1", "delta": "a\nb\u2028\r"},
            'data: {"type":"text-delta","id":"1","delta":"a\\nb\u2028\\r"}\n\n'.encode(),
        ),
    ],
)
def test_a_chunk_is_one_line(chunk: dict[str, object], expected: bytes) -> None:
    assert encode_chunk(chunk) == expected


@pytest.mark.parametrize("chunk", [{}, {"type": None}, {"type": 5}, {"id": "a"}])
def test_a_chunk_has_a_type(chunk: dict[str, object]) -> None:
    with pytest.raises(ResponseError, match="type"):
        encode_chunk(chunk)


def test_what_json_cannot_carry_is_refused() -> None:
    with pytest.raises(NotSerialisable):
        encode_chunk({"type": "data-x", "data": float("nan")})


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        pytest.param(
            lambda s: s.start("m1", metadata={"a": 1}), [{"type": "start", "messageId": "m1", "messageMetadata": {"a": 1}}], id="start"
        ),
        pytest.param(lambda s: s.start_step(), [START, {"type": "start-step"}], id="any chunk starts the message"),
        pytest.param(
            lambda s: (s.text("a"), s.text("b")),
            [
                START,
                {"type": "text-start", "id": "text-1"},
                {"type": "text-delta", "id": "text-1", "delta": "a"},
                {"type": "text-delta", "id": "text-1", "delta": "b"},
            ],
            id="text begins one block",
        ),
        pytest.param(
            lambda s: (s.reasoning("a"), s.text("b")),
            [
                START,
                {"type": "reasoning-start", "id": "reasoning-1"},
                {"type": "reasoning-delta", "id": "reasoning-1", "delta": "a"},
                {"type": "reasoning-end", "id": "reasoning-1"},
                {"type": "text-start", "id": "text-2"},
                {"type": "text-delta", "id": "text-2", "delta": "b"},
            ],
            id="text ends reasoning",
        ),
        pytest.param(
            lambda s: s.tool_output_available("c", None),
            [START, {"type": "tool-output-available", "toolCallId": "c", "output": None}],
            id="an output may be null",
        ),
        pytest.param(
            lambda s: (s.text("a"), s.file("/a", "text/plain"), s.text("b")),
            [
                START,
                {"type": "text-start", "id": "text-1"},
                {"type": "text-delta", "id": "text-1", "delta": "a"},
                {"type": "text-end", "id": "text-1"},
                {"type": "file", "url": "/a", "mediaType": "text/plain"},
                {"type": "text-start", "id": "text-2"},
                {"type": "text-delta", "id": "text-2", "delta": "b"},
            ],
            id="another part ends text",
        ),
        pytest.param(lambda s: s.error(), [START, {"type": "error", "errorText": "An error occurred."}, "data: [DONE]"], id="error ends"),
        pytest.param(lambda s: s.abort("stop"), [START, {"type": "abort", "reason": "stop"}, "data: [DONE]"], id="abort ends"),
        pytest.param(
            lambda s: (s.start_step(), s.text_start("b"), s.finish("stop"), s.finish()),
            [
                START,
                {"type": "start-step"},
                {"type": "text-start", "id": "b"},
                {"type": "text-end", "id": "b"},
                {"type": "finish-step"},
                {"type": "finish", "finishReason": "stop"},
                "data: [DONE]",
            ],
            id="finish ends what is open, once",
        ),
    ],
)
def test_chunks(write: Write, expected: list[Any]) -> None:
    assert written(write) == expected


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda s: (s.start(), s.start()), "has been started"),
        (lambda s: (s.text("a"), s.start()), "has been started"),
        (lambda s: s.text_delta("x", "a"), "text_start"),
        (lambda s: s.text_end("x"), "no open block"),
        (lambda s: (s.text_start("x"), s.text_start("x")), "has been begun"),
        (lambda s: (s.text_start("x"), s.reasoning_delta("x", "a")), "reasoning_start"),
        (lambda s: s.text(5), "is text, not int"),
        (lambda s: s.tool_input_delta("c", "{"), "tool_input_start"),
        (lambda s: s.tool_approval_request("c", "a"), "tool_input_start"),
        (lambda s: s.finish_step(), "start_step"),
        (lambda s: s.finish("done"), "reason to finish"),
        (lambda s: s.data("data-x", 1), "without `data-`"),
        (lambda s: (s.finish(), s.text("a")), "is finished"),
        (lambda s: (s.error(), s.finish_step()), "start_step"),
    ],
)
def test_a_wrong_order_is_refused(write: Write, message: str) -> None:
    with pytest.raises(ResponseError, match=message):
        written(write)


def test_with_finishes() -> None:
    writer = Writer()
    with UiMessageStream(writer) as stream:
        stream.text("a")
    assert chunks_of(writer.sent)[-3:] == [{"type": "text-end", "id": "text-1"}, {"type": "finish"}, "data: [DONE]"]
    assert writer.ended


def write_and_fail(writer: Writer) -> None:
    with UiMessageStream(writer) as stream:
        stream.text("a")
        raise RuntimeError("the password is hunter2")


def test_with_tells_nothing_of_an_exception() -> None:
    writer = Writer()
    with pytest.raises(RuntimeError):
        write_and_fail(writer)
    assert chunks_of(writer.sent)[-2:] == [{"type": "error", "errorText": "An error occurred."}, "data: [DONE]"]
    assert b"hunter2" not in writer.sent
    assert writer.ended


def test_with_leaves_alone_what_is_finished() -> None:
    writer = Writer()
    with UiMessageStream(writer) as stream:
        stream.finish()
    assert writer.sent.count(UI_MESSAGE_STREAM_DONE) == 1


# As the npm package reads it


@contextmanager
def served(body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            for name, value in UI_MESSAGE_STREAM_HEADERS.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/chat"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def read_by_package(body: bytes) -> Any:
    with served(body) as url:
        program = [find_node(), str(NPM / "read_ui_message_stream.mjs"), url]
        done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def everything(stream: UiMessageStream) -> None:
    stream.start("m1", metadata={"model": "a"})
    stream.start_step()
    stream.reasoning("Let me ")
    stream.reasoning("think.")
    stream.text("It is ")
    stream.text("sunny ☀ in Köln.\n\ndata: [DONE]")
    stream.tool_input_start("c1", "weather")
    stream.tool_input_delta("c1", '{"city":')
    stream.tool_input_delta("c1", '"Köln"}')
    stream.tool_input_available("c1", "weather", {"city": "Köln"})
    stream.tool_output_available("c1", {"celsius": 20}, preliminary=True)
    stream.tool_output_available("c1", {"celsius": 21})
    stream.tool_input_available("c2", "search", {"q": "x"}, dynamic=True, title="Search")
    stream.tool_output_error("c2", "no network", dynamic=True)
    stream.tool_input_error("c3", "weather", {"town": 1}, "no city")
    stream.tool_input_available("c4", "delete", {})
    stream.tool_approval_request("c4", "a4")
    stream.tool_output_denied("c4")
    stream.tool_input_available("c5", "ping", None)
    stream.tool_output_available("c5", None)
    stream.finish_step()
    stream.start_step()
    stream.text("Sources:")
    stream.source_url("https://a.example/", title="A")
    stream.source_document("Report", "application/pdf", id="d1", filename="r.pdf")
    stream.file("data:text/plain;base64,YQ==", "text/plain")
    stream.data("weather", {"city": "Köln", "status": "loading"}, id="w1")
    stream.data("weather", {"city": "Köln", "status": "done"}, id="w1")
    stream.data("note", None)
    stream.data("toast", "hi", transient=True)
    stream.text_start("own")
    stream.reasoning_start("own")
    stream.text_delta("own", "a")
    stream.reasoning_delta("own", "b")
    stream.text_end("own")
    stream.reasoning_end("own")
    stream.metadata({"tokens": 7})
    stream.finish("stop", metadata={"cost": 1})


def test_the_package_reads_everything() -> None:
    writer = Writer()
    everything(UiMessageStream(writer))
    read = read_by_package(writer.sent)
    assert read["errors"] == []
    assert len(read["chunks"]) == len(chunks_of(writer.sent)) - 1
    message = read["message"]
    assert (message["id"], message["role"]) == ("m1", "assistant")
    assert message["metadata"] == {"model": "a", "tokens": 7, "cost": 1}
    parts = message["parts"]
    assert [part["type"] for part in parts] == [
        "step-start",
        "reasoning",
        "text",
        "tool-weather",
        "dynamic-tool",
        "tool-weather",
        "tool-delete",
        "tool-ping",
        "step-start",
        "text",
        "source-url",
        "source-document",
        "file",
        "data-weather",
        "data-note",
        "text",
        "reasoning",
    ]
    assert (parts[1]["text"], parts[1]["state"]) == ("Let me think.", "done")
    assert (parts[2]["text"], parts[2]["state"]) == ("It is sunny ☀ in Köln.\n\ndata: [DONE]", "done")
    assert (parts[3]["state"], parts[3]["input"], parts[3]["output"]) == ("output-available", {"city": "Köln"}, {"celsius": 21})
    assert (parts[4]["state"], parts[4]["toolName"], parts[4]["errorText"]) == ("output-error", "search", "no network")
    assert (parts[5]["state"], parts[5]["errorText"]) == ("output-error", "no city")
    assert parts[6]["state"] == "output-denied"
    assert (parts[7]["state"], parts[7]["output"]) == ("output-available", None)
    assert parts[13]["data"] == {"city": "Köln", "status": "done"}
    assert (parts[15]["text"], parts[16]["text"]) == ("a", "b")


def test_the_package_sees_an_error() -> None:
    writer = Writer()
    with pytest.raises(RuntimeError):
        write_and_fail(writer)
    read = read_by_package(writer.sent)
    assert read["errors"] == ["Error: An error occurred."]
    assert read["message"]["parts"][0]["text"] == "a"


def test_the_package_refuses_what_we_refuse() -> None:
    chunk = encode_chunk({"type": "text-delta", "id": "x", "delta": "a"})
    assert "x" in read_by_package(encode_chunk(START) + chunk + UI_MESSAGE_STREAM_DONE)["errors"][0]
