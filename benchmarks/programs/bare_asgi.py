"""The least that an ASGI application can do: look up the path, send bytes that were ready at start.

BENCHMARK_ANSWERS names a JSON file, path → {"status", "headers": [[name, value]], "body"}, made from what Slugline answered,
so that both send the same bytes and the difference is Slugline's own work.
"""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Event = dict[str, Any]


def read_answers(file: Path) -> dict[str, tuple[Event, Event]]:
    """Read the two events of each path."""
    answers = json.loads(file.read_text())
    return {
        path: (start_event(answer), {"type": "http.response.body", "body": answer["body"].encode()}) for path, answer in answers.items()
    }


def start_event(answer: dict[str, Any]) -> Event:
    headers = [(name.encode(), value.encode()) for name, value in answer["headers"]]
    return {"type": "http.response.start", "status": answer["status"], "headers": headers}


ANSWERS = read_answers(Path(os.environ["BENCHMARK_ANSWERS"]))


async def app(scope: Event, receive: Callable[[], Awaitable[Event]], send: Callable[[Event], Awaitable[None]]) -> None:
    """Answer a known path."""
    if scope["type"] == "lifespan":
        await answer_lifespan(receive, send)
        return
    start, body = ANSWERS[scope["path"]]
    await send(start)
    await send(body)


async def answer_lifespan(receive: Callable[[], Awaitable[Event]], send: Callable[[Event], Awaitable[None]]) -> None:
    """Say that start and end went well."""
    while True:
        event = await receive()
        await send({"type": event["type"] + ".complete"})
        if event["type"] == "lifespan.shutdown":
            return
