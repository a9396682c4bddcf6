"""The least that an ASGI application can do: look up the path, send bytes that were ready at start.

BENCHMARK_ANSWERS names a JSON file, path → {"status", "headers": [[name, value]], "body"}, made from what Slugline answered,
so that both send the same bytes and the difference is Slugline's own work. The path "304" is what it answered to a tag that it had given.
"""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Event = dict[str, Any]
Send = Callable[[Event], Awaitable[None]]

STREAM = "/api/stream"


def read_answers(file: Path) -> dict[str, tuple[Event, Event]]:
    """Read the two events of each path."""
    answers = json.loads(file.read_text())
    return {
        path: (start_event(answer), {"type": "http.response.body", "body": answer["body"].encode("latin-1")})
        for path, answer in answers.items()
    }


def start_event(answer: dict[str, Any]) -> Event:
    """Make the event that begins an answer."""
    headers = [(name.encode(), value.encode()) for name, value in answer["headers"]]
    return {"type": "http.response.start", "status": answer["status"], "headers": headers}


ANSWERS = read_answers(Path(os.environ["BENCHMARK_ANSWERS"]))


async def app(scope: Event, receive: Callable[[], Awaitable[Event]], send: Send) -> None:
    """Answer a known path."""
    if scope["type"] == "lifespan":
        await answer_lifespan(receive, send)
        return
    path = scope["path"]
    if path == STREAM:
        await answer_stream(send)
        return
    if path == "/api/etag" and any(name == b"if-none-match" for name, _ in scope["headers"]):
        path = "304"
    start, body = ANSWERS[path]
    await send(start)
    await send(body)


async def answer_stream(send: Send) -> None:
    """Send every chunk by itself, as soon as the one before has been taken."""
    await send(ANSWERS[STREAM][0])
    for number in range(10_000):
        await send({"type": "http.response.body", "body": b"chunk %05d\n" % number, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def answer_lifespan(receive: Callable[[], Awaitable[Event]], send: Send) -> None:
    """Say that start and end went well."""
    while True:
        event = await receive()
        await send({"type": event["type"] + ".complete"})
        if event["type"] == "lifespan.shutdown":
            return
