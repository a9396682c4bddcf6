"""The stream that the npm package `ai` reads: UI message stream v1, which `useChat` shows as a message that grows.

How to think about it. Each event is one chunk, a JSON object with a `type`. Text comes in three kinds of chunk (text-start, text-delta,
text-end) that share an id, reasoning likewise; a call of a tool has its own id and goes from its input to its output. The reader throws
for a delta whose block was never begun, so blocks are begun and ended here, and what cannot be read is refused where it is written.

The protocol: https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol. tests/http/test_ui_message_stream.py has the package itself read it.
"""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from slugline.errors import ResponseError
from slugline.http.json_text import encode_json

__all__ = ["UI_MESSAGE_STREAM_DONE", "UI_MESSAGE_STREAM_HEADERS", "ChunkWriter", "FinishReason", "UiMessageStream", "encode_chunk"]

UI_MESSAGE_STREAM_HEADERS = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache, no-transform",
    "x-vercel-ai-ui-message-stream": "v1",
    "x-accel-buffering": "no",
}
"""The header fields of the answer; `no-transform` keeps a proxy from holding events back to compress them."""

UI_MESSAGE_STREAM_DONE = b"data: [DONE]\n\n"
"""What comes after the last chunk."""

FinishReason = Literal["stop", "length", "content-filter", "tool-calls", "error", "other"]
FINISH_REASONS = frozenset({"stop", "length", "content-filter", "tool-calls", "error", "other"})

MASKED_ERROR = "An error occurred."
"""What the client sees of an exception: nothing of it, as with the package's own `onError`."""


class ChunkWriter(Protocol):
    """Where the stream is written: a Response after its head was settled."""

    @property
    def ended(self) -> bool: ...
    def write(self, chunk: bytes, /) -> bool: ...
    def end(self) -> None: ...
    async def drain(self) -> None: ...


def encode_chunk(chunk: Mapping[str, object]) -> bytes:
    """Write one chunk as an event, so {"type": "start"} gives b'data: {"type":"start"}\\n\\n'; entries that are None are left out.

    Raises ResponseError for a chunk without a type, NotSerialisable for what JSON cannot carry.
    """
    if not isinstance(chunk.get("type"), str):
        raise ResponseError(f"A chunk of a UI message stream has a text as its type, not {chunk.get('type')!r}.")
    return b"data: " + encode_json({key: value for key, value in chunk.items() if value is not None}) + b"\n\n"


class UiMessageStream:
    """One message of the assistant, written chunk by chunk; each is on its way when the method returns.

    `with res.ui_message_stream() as stream:` finishes it at the end of the block, and after an exception ends it with an error that
    says nothing of the exception. `text` and `reasoning` are all that most handlers need. Every method that writes gives back what
    `res.write` gives: false when the client reads more slowly than you write. Raises ResponseError for a wrong order of calls, and
    ClientDisconnected when the client has left.
    """

    def __init__(self, writer: ChunkWriter) -> None:
        self._writer = writer
        self._write: Callable[[bytes], bool] = writer.write
        self._started = False
        self._finished = False
        self._in_step = False
        self._open: tuple[str, str] | None = None  # the block that `text` or `reasoning` writes to: its kind and its id
        self._blocks: dict[str, set[str]] = {"text": set(), "reasoning": set()}
        self._tool_names: dict[str, str] = {}
        self._next_id = 0

    # The message

    def start(self, message_id: str | None = None, *, metadata: object = None) -> bool:
        """Begin the message, with the id that it is to have; the first chunk of any kind does so too, without one."""
        if self._started:
            raise ResponseError("The message has been started. Call start() before anything else, and once.")
        self._started = True
        return self._send({"type": "start", "messageId": message_id, "messageMetadata": metadata})

    def metadata(self, metadata: object) -> bool:
        """Add to the message's metadata, which the reader merges."""
        return self.chunk({"type": "message-metadata", "messageMetadata": metadata})

    def start_step(self) -> bool:
        """Begin a step: one call of the model, of several with tools in between."""
        self._in_step = True
        return self.chunk({"type": "start-step"})

    def finish_step(self) -> bool:
        """End the step, and the blocks that are open in it."""
        if not self._in_step:
            raise ResponseError("finish_step() came without start_step().")
        self._end_blocks()
        self._in_step = False
        return self.chunk({"type": "finish-step"})

    def finish(self, reason: FinishReason | None = None, *, metadata: object = None) -> None:
        """End what is open, the message and the answer. A second call does nothing."""
        if self._finished:
            return
        if reason is not None and reason not in FINISH_REASONS:
            raise ResponseError(f"The reason to finish is one of {', '.join(sorted(FINISH_REASONS))}, not {reason!r}.")
        self._end_blocks()
        if self._in_step:
            self.finish_step()
        self.chunk({"type": "finish", "finishReason": reason, "messageMetadata": metadata})
        self._close()

    def error(self, text: str = MASKED_ERROR) -> None:
        """End the message and the answer with an error; the client shows `text`, so put no secret into it."""
        self.chunk({"type": "error", "errorText": text})
        self._close()

    def abort(self, reason: str | None = None) -> None:
        """End the message as given up."""
        self.chunk({"type": "abort", "reason": reason})
        self._close()

    # Text and reasoning

    def text(self, delta: str) -> bool:
        """Add text; a block of text is begun when none is open, and an open block of reasoning ended."""
        return self._add("text", delta)

    def reasoning(self, delta: str) -> bool:
        """Add reasoning, in the same way."""
        return self._add("reasoning", delta)

    def text_start(self, id: str) -> bool:
        """Begin a block of text with an id of your own; several may be open at once."""
        return self._begin("text", id)

    def text_delta(self, id: str, delta: str) -> bool:
        """Add to the block of that id."""
        return self._continue("text", id, delta)

    def text_end(self, id: str) -> bool:
        """End the block of that id."""
        return self._end("text", id)

    def reasoning_start(self, id: str) -> bool:
        """Begin a block of reasoning with an id of your own."""
        return self._begin("reasoning", id)

    def reasoning_delta(self, id: str, delta: str) -> bool:
        """Add to the block of that id."""
        return self._continue("reasoning", id, delta)

    def reasoning_end(self, id: str) -> bool:
        """End the block of that id."""
        return self._end("reasoning", id)

    # Tools

    def tool_input_start(self, call_id: str, tool_name: str, *, dynamic: bool | None = None, title: str | None = None) -> bool:
        """Begin a call of a tool whose input comes in pieces. `dynamic` is for tools that the front end has no type for."""
        self._tool_names[call_id] = tool_name
        return self._part({"type": "tool-input-start", "toolCallId": call_id, "toolName": tool_name, "dynamic": dynamic, "title": title})

    def tool_input_delta(self, call_id: str, delta: str) -> bool:
        """Add a piece of the input's JSON, as the model writes it."""
        self._tool_name(call_id, "tool_input_delta")
        return self._part({"type": "tool-input-delta", "toolCallId": call_id, "inputTextDelta": delta})

    def tool_input_available(
        self, call_id: str, tool_name: str, value: object, *, dynamic: bool | None = None, title: str | None = None
    ) -> bool:
        """Give the whole input of a call; `tool_input_start` need not have come before."""
        self._tool_names[call_id] = tool_name
        return self._part(
            {"type": "tool-input-available", "toolCallId": call_id, "toolName": tool_name, "dynamic": dynamic, "title": title}, input=value
        )

    def tool_input_error(self, call_id: str, tool_name: str, value: object, text: str, *, dynamic: bool | None = None) -> bool:
        """Say that the input of a call does not fit the tool."""
        self._tool_names[call_id] = tool_name
        return self._part(
            {"type": "tool-input-error", "toolCallId": call_id, "toolName": tool_name, "errorText": text, "dynamic": dynamic}, input=value
        )

    def tool_output_available(self, call_id: str, output: object, *, preliminary: bool | None = None, dynamic: bool | None = None) -> bool:
        """Give the output of a call; a `preliminary` one is replaced by the next. The call may be of an earlier message."""
        return self._part(
            {"type": "tool-output-available", "toolCallId": call_id, "preliminary": preliminary, "dynamic": dynamic}, output=output
        )

    def tool_output_error(self, call_id: str, text: str, *, dynamic: bool | None = None) -> bool:
        """Say that the tool failed; `text` is shown."""
        return self._part({"type": "tool-output-error", "toolCallId": call_id, "errorText": text, "dynamic": dynamic})

    def tool_output_denied(self, call_id: str) -> bool:
        """Say that the user did not allow the call."""
        return self._part({"type": "tool-output-denied", "toolCallId": call_id})

    def tool_approval_request(self, call_id: str, approval_id: str) -> bool:
        """Ask the user to allow a call."""
        self._tool_name(call_id, "tool_approval_request")
        return self._part({"type": "tool-approval-request", "toolCallId": call_id, "approvalId": approval_id})

    # Other parts

    def source_url(self, url: str, *, id: str | None = None, title: str | None = None) -> bool:
        """Name a page that the answer is drawn from."""
        return self._part({"type": "source-url", "sourceId": id or self._make_id("source"), "url": url, "title": title})

    def source_document(self, title: str, media_type: str, *, id: str | None = None, filename: str | None = None) -> bool:
        """Name a document that the answer is drawn from."""
        source = id or self._make_id("source")
        return self._part({"type": "source-document", "sourceId": source, "mediaType": media_type, "title": title, "filename": filename})

    def file(self, url: str, media_type: str) -> bool:
        """Add a file by its URL, a `data:` URL among them."""
        return self._part({"type": "file", "url": url, "mediaType": media_type})

    def data(self, name: str, value: object, *, id: str | None = None, transient: bool | None = None) -> bool:
        """Add a part `data-<name>` of your own; one with the id of an earlier part replaces it, a `transient` one is not kept."""
        if not name or name.startswith("data-"):
            raise ResponseError(f"The name of a data part comes without `data-`: data('weather', …), not {name!r}.")
        return self._part({"type": f"data-{name}", "id": id, "transient": transient}, data=value)

    def chunk(self, chunk: Mapping[str, object]) -> bool:
        """Write any chunk as it is: a way to what has no method here."""
        if self._finished:
            raise ResponseError("The message is finished; nothing can be written to it any more.")
        if not self._started:
            self.start()
        return self._send(chunk)

    async def drain(self) -> None:
        """Wait until the client has read enough that more may be written."""
        await self._writer.drain()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._finished or self._writer.ended:
            return
        if kind is None:
            self.finish()
        elif issubclass(kind, Exception):
            self._end_after_exception()

    # Blocks

    def _add(self, kind: str, delta: str) -> bool:
        if self._open is None or self._open[0] != kind:
            self._end_open()
            name = self._make_id(kind)
            self._begin(kind, name)
            self._open = (kind, name)
        return self._continue(kind, self._open[1], delta)

    def _begin(self, kind: str, id: str) -> bool:
        if id in self._blocks[kind]:
            raise ResponseError(f"The block {id!r} of {kind} has been begun. End it first, or give the new one another id.")
        written = self.chunk({"type": f"{kind}-start", "id": id})
        self._blocks[kind].add(id)
        return written

    def _continue(self, kind: str, id: str, delta: str) -> bool:
        if id not in self._blocks[kind]:
            raise ResponseError(f"There is no open block {id!r} of {kind}. Call {kind}_start({id!r}) first.")
        if not isinstance(delta, str):
            raise ResponseError(f"A piece of {kind} is text, not {type(delta).__name__}.")
        return self.chunk({"type": f"{kind}-delta", "id": id, "delta": delta})

    def _end(self, kind: str, id: str) -> bool:
        if id not in self._blocks[kind]:
            raise ResponseError(f"There is no open block {id!r} of {kind} to end.")
        self._blocks[kind].remove(id)
        if self._open == (kind, id):
            self._open = None
        return self.chunk({"type": f"{kind}-end", "id": id})

    def _end_open(self) -> None:
        if self._open is not None:
            self._end(*self._open)

    def _end_blocks(self) -> None:
        for kind, ids in self._blocks.items():
            for each in sorted(ids):
                self._end(kind, each)

    # Writing

    def _part(self, chunk: dict[str, object], **values: object) -> bool:
        """Write a part that is no text. What follows belongs below it, so the open block ends; a value may be None, and stays."""
        self._end_open()
        return self.chunk({**chunk, **{name: _Null if value is None else value for name, value in values.items()}})

    def _send(self, chunk: Mapping[str, object]) -> bool:
        return self._write(encode_chunk(chunk))

    def _tool_name(self, call_id: str, method: str) -> str:
        if call_id not in self._tool_names:
            raise ResponseError(f"{method}({call_id!r}): no such call of a tool has been begun. Call tool_input_start first.")
        return self._tool_names[call_id]

    def _make_id(self, kind: str) -> str:
        self._next_id += 1
        return f"{kind}-{self._next_id}"

    def _close(self) -> None:
        self._finished = True
        self._write(UI_MESSAGE_STREAM_DONE)
        self._writer.end()

    def _end_after_exception(self) -> None:
        try:
            self.error()
        except Exception:  # noqa: BLE001 (the one that is on its way says more)
            self._finished = True


class _NullType:
    """A None that is written, as null, where None means that an entry is left out."""

    def __json__(self) -> None:
        return None


_Null: Any = _NullType()
