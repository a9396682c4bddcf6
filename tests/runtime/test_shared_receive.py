"""One `receive`, two listeners: neither takes what is the other's, and neither waits for nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.errors import BodyTimeout
from slugline.runtime.shared_receive import HELD_BYTES, SharedReceive

LEFT = {"type": "http.disconnect"}


def part(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def serve(messages: list[dict[str, Any]]) -> Callable[[], Any]:
    """Make a `receive` that refuses to be asked twice at once, as servers cannot bear it."""
    asked = 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        assert asked == 0, "two receives at once"
        asked += 1
        try:
            await asyncio.sleep(0)
            if not messages:
                await asyncio.get_running_loop().create_future()
            return messages.pop(0)
        finally:
            asked -= 1

    return receive


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=6), st.lists(st.integers(0, 3), max_size=6), st.booleans())
def test_reader_gets_the_whole_body_whenever_the_watching_begins(chunks: list[bytes], pauses: list[int], watch_first: bool) -> None:
    async def run() -> None:
        shared = SharedReceive(serve([part(chunk, more=False) for chunk in chunks] + [LEFT]), 1.0)
        watcher = asyncio.create_task(shared.watch()) if watch_first else None
        read = []
        for number in range(len(chunks)):
            for _ in range(pauses[number] if number < len(pauses) else 0):
                await asyncio.sleep(0)
            if watcher is None and number == len(chunks) // 2:
                watcher = asyncio.create_task(shared.watch())
            read.append((await shared.read())["body"])
        assert watcher is not None
        assert read == chunks
        assert await asyncio.wait_for(watcher, 1) == LEFT
        assert await asyncio.wait_for(shared.read(), 1) == LEFT

    asyncio.run(run())


async def test_watcher_waits_for_a_reader_under_way() -> None:
    shared = SharedReceive(serve([part(b"1"), LEFT]), 1.0)
    reader = asyncio.create_task(shared.read())
    await asyncio.sleep(0)
    assert await asyncio.wait_for(shared.watch(), 1) == LEFT
    assert (await reader)["body"] == b"1"


async def test_reader_goes_on_when_the_watching_stops() -> None:
    messages = []
    shared = SharedReceive(serve(messages), 1.0)
    watcher = asyncio.create_task(shared.watch())
    reader = asyncio.create_task(shared.read())
    await asyncio.sleep(0.01)
    messages.append(part(b"1"))
    watcher.cancel()
    assert (await asyncio.wait_for(reader, 1))["body"] == b"1"


async def test_held_no_further_than_the_bound_while_somebody_reads() -> None:
    messages = [part(bytes(HELD_BYTES // 2)) for _ in range(10)] + [LEFT]
    shared = SharedReceive(serve(messages), 0.2)
    watcher = asyncio.create_task(shared.watch())
    await asyncio.sleep(0.05)
    assert len(messages) == 9, "two halves are held, the rest is the server's"
    for _ in range(10):
        await asyncio.sleep(0.05)  # slow, and still never given up on
        assert len((await shared.read())["body"]) == HELD_BYTES // 2
    assert await asyncio.wait_for(watcher, 1) == LEFT


async def test_body_that_nobody_reads_is_let_go_of() -> None:
    shared = SharedReceive(serve([part(bytes(HELD_BYTES)) for _ in range(10)] + [LEFT]), 0.05)
    assert await asyncio.wait_for(shared.watch(), 2) == LEFT
    with pytest.raises(BodyTimeout):
        await shared.read()
