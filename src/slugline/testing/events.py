"""Read server-sent events (the HTML standard, "Interpreting an event stream")."""

import codecs
import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Event", "EventParser"]


@dataclass(frozen=True)
class Event:
    """One event as a browser's EventSource gives it; `retry_milliseconds` if the stream has set it by then."""

    data: str
    event: str = "message"
    id: str = ""
    retry_milliseconds: int | None = None

    def json(self) -> Any:
        """Read the data as JSON."""
        return json.loads(self.data)


class EventParser:
    """Takes the bytes of a stream, cut anywhere, and gives the events that are complete."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8-sig")(errors="replace").decode
        self._rest = ""
        self._data: list[str] = []
        self._event = ""
        self._id = ""
        self._retry_milliseconds: int | None = None

    def feed(self, chunk: bytes) -> list[Event]:
        """Give the events that end in this chunk."""
        text = self._rest + self._decode(chunk)
        # A CR at the very end may be half of a CRLF: it waits for the next chunk.
        held = "\r" if text.endswith("\r") else ""
        lines = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = lines.pop() + held
        return [event for line in lines if (event := self._line(line)) is not None]

    def _line(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "data":
                self._data.append(value)
            case "event":
                self._event = value
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self._retry_milliseconds = int(value)
        return None

    def _dispatch(self) -> Event | None:
        """An event without data is none, but its id stays."""
        data, event = self._data, self._event
        self._data, self._event = [], ""
        if not data:
            return None
        return Event("\n".join(data), event or "message", self._id, self._retry_milliseconds)
