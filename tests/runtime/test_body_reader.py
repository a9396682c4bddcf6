"""Reading a body: any split gives the same bytes, and what is short, slow or too large is said to be so."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.errors import BodyTimeout, BodyTooLarge, TruncatedBody
from slugline.runtime.body_reader import BodyReader
from slugline.runtime.settings import Settings
from slugline.runtime.threads import Threads

LEFT = {"type": "http.disconnect"}


class Server:
    """Gives the messages of a list, then nothing for ever; counts what was asked for."""

    def __init__(self, messages):
        self.messages = list(messages)
        self.given = 0

    async def receive(self):
        if self.given == len(self.messages):
            await asyncio.get_running_loop().create_future()
        self.given += 1
        return self.messages[self.given - 1]


def split(*chunks):
    return [{"type": "http.request", "body": chunk, "more_body": number < len(chunks)} for number, chunk in enumerate(chunks, 1)]


def make(server, *, declared=None, limit=None, settings=None, **options):
    return BodyReader(server.receive, settings or Settings(), declared_bytes=declared, limit_bytes=limit, limit_text="the limit", **options)


CHUNKS = st.lists(st.binary(max_size=6), min_size=1, max_size=8)


@given(CHUNKS, st.booleans())
def test_any_split_of_a_body_gives_the_same_bytes(chunks, declares):
    whole = b"".join(chunks)

    async def check():
        declared = len(whole) if declares else None
        assert await make(Server(split(*chunks)), declared=declared, limit=len(whole)).read() == whole
        reader = make(Server(split(*chunks)), declared=declared)
        assert [chunk async for chunk in reader] == [chunk for chunk in chunks if chunk]
        assert reader.exhausted
        assert await reader.read() == b""

    asyncio.run(check())


@given(CHUNKS, st.data())
def test_a_body_that_is_cut_off_anywhere_is_never_whole(chunks, data):
    messages = split(*chunks)
    cut = data.draw(st.integers(0, len(messages) - 1))

    async def check():
        reader = make(Server([*messages[:cut], LEFT]))
        with pytest.raises(TruncatedBody):
            await reader.read()
        assert reader.exhausted

    asyncio.run(check())


@given(CHUNKS, st.integers(-5, 5).filter(bool))
def test_a_body_of_another_length_than_declared_is_refused(chunks, difference):
    whole = b"".join(chunks)
    declared = len(whole) + difference
    ends = {len(b"".join(chunks[:number])) for number in range(1, len(chunks))}

    async def check():
        reader = make(Server(split(*chunks)), declared=declared)
        if declared in ends:  # the body is whole there, and what a server might say beyond is not asked for
            assert await reader.read() == whole[:declared]
            assert reader.exhausted
            return
        with pytest.raises(TruncatedBody):
            await reader.read()

    asyncio.run(check())


def test_the_end_of_a_body_that_is_whole_is_not_waited_for():
    server = Server([{"type": "http.request", "body": b"whole", "more_body": True}, {"type": "http.request"}])
    assert asyncio.run(make(server, declared=5).read()) == b"whole"
    assert server.given == 1


LIMITS = {
    # name: chunks, declared, limit, whether it is too large
    "exact": ([b"abc"], None, 3, False),
    "exact and declared": ([b"abc"], 3, 3, False),
    "exact in parts": ([b"a", b"b", b"c"], None, 3, False),
    "over": ([b"abcd"], None, 3, True),
    "over and declared": ([b"abcd"], 4, 3, True),
    "over in parts": ([b"ab", b"c", b"d", b"e"], None, 3, True),
    "over with the last": ([b"abc", b"d"], None, 3, True),
    "nothing allowed, nothing sent": ([b""], None, 0, False),
    "nothing allowed": ([b"a"], None, 0, True),
    "no limit": ([b"a" * 1000], 1000, None, False),
}


@pytest.mark.parametrize(("chunks", "declared", "limit", "too_large"), LIMITS.values(), ids=LIMITS)
async def test_the_limit_is_inclusive(chunks, declared, limit, too_large):
    server = Server(split(*chunks))
    reader = make(server, declared=declared, limit=limit)
    if not too_large:
        assert await reader.read() == b"".join(chunks)
        return
    with pytest.raises(BodyTooLarge) as caught:
        await reader.read()
    assert caught.value.phrase == "Body exceeded the limit limit"
    # The rest was read, so that the client, which sends before it reads, gets the answer.
    assert server.given == len(chunks)
    assert reader.exhausted


async def test_a_client_that_waits_for_leave_to_send_is_not_read():
    server = Server([])
    with pytest.raises(BodyTooLarge):
        await make(server, declared=10, limit=3, expects_continue=True).read()
    assert server.given == 0


async def test_a_client_that_leaves_while_the_rest_is_dropped_changes_nothing():
    with pytest.raises(BodyTooLarge):
        await make(Server([*split(b"abcd", b"")[:1], LEFT]), limit=3).read()


async def test_no_more_than_a_little_of_the_rest_is_read():
    piece = b"x" * (1024 * 1024)
    server = Server([{"type": "http.request", "body": piece, "more_body": True}] * 100)
    with pytest.raises(BodyTooLarge):
        await make(server, limit=3).read()
    assert server.given == 1 + Settings().discard_bytes // len(piece)


async def test_no_byte_beyond_the_limit_reaches_the_reader():
    reader = make(Server(split(b"ab", b"cd", b"ef")), limit=3)
    chunks = aiter(reader)
    assert await anext(chunks) == b"ab"
    with pytest.raises(BodyTooLarge):
        await anext(chunks)


# Clocks


SHORT = Settings(body_idle_seconds=0.02, body_total_seconds=60)
HASTY = Settings(body_idle_seconds=60, body_total_seconds=0.02)


@pytest.mark.parametrize("settings", [SHORT, HASTY], ids=["idle", "total"])
@pytest.mark.parametrize("chunks", [[], [b"a"], [b"a", b"b"]])
async def test_a_body_that_stalls_is_given_up(settings, chunks):
    # A byte allows a thousandth of a second more, so the total clock also ends.
    server = Server(split(*chunks, b"never")[:-1])
    async with asyncio.timeout(10):
        with pytest.raises(BodyTimeout):
            await make(server, settings=settings).read()
        assert asyncio.current_task().cancelling() == 0
    assert server.given == len(chunks)


async def test_a_body_that_trickles_is_given_up():
    loop = asyncio.get_running_loop()

    async def trickle():
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"", "more_body": True}

    async with asyncio.timeout(10):
        reader = BodyReader(trickle, HASTY, declared_bytes=None, limit_bytes=None)
        with pytest.raises(BodyTimeout):
            await reader.read()
    assert loop.is_running()


async def test_every_kibibyte_buys_a_second():
    pieces = 3
    arrived = 0
    clock_has_rung = asyncio.Event()

    async def receive():
        nonlocal arrived
        arrived += 1
        if arrived == pieces:  # far beyond the total, but what came has bought more
            asyncio.get_running_loop().call_later(0.06, clock_has_rung.set)
            await clock_has_rung.wait()
        return {"type": "http.request", "body": b"x" * 10240, "more_body": arrived < pieces}

    assert len(await BodyReader(receive, HASTY, declared_bytes=None, limit_bytes=None).read()) == pieces * 10240


async def test_the_readers_own_time_is_not_the_clients():
    reader = make(Server(split(b"a", b"b", b"c")), settings=Settings(body_idle_seconds=0.02, body_total_seconds=0.02))
    seen = []
    async for chunk in reader:
        seen.append(chunk)
        rung = asyncio.Event()
        asyncio.get_running_loop().call_later(0.04, rung.set)
        await rung.wait()
    assert seen == [b"a", b"b", b"c"]


async def test_a_cancellation_from_outside_is_no_time_out():
    task = asyncio.ensure_future(make(Server([])).read())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# From a thread


async def test_a_def_handler_iterates_on_its_thread():
    threads = Threads(1)
    reader = make(Server(split(b"a", b"", b"bc")))
    assert await threads.run(list, reader) == [b"a", b"bc"]
    with pytest.raises(TruncatedBody):
        await threads.run(list, make(Server([*split(b"a", b"b")[:1], LEFT])))
    with pytest.raises(BodyTooLarge):
        await threads.run(list, make(Server(split(b"a", b"b")), limit=1))
    threads.close()


def test_elsewhere_a_def_function_cannot_iterate():
    with pytest.raises(RuntimeError, match="inside a `def` handler"):
        list(make(Server([])))


# For a mounted application


async def test_messages_pass_as_they_are_and_after_the_body_there_is_no_clock():
    messages = [*split(b"a", b"b"), LEFT]
    reader = make(Server(messages), settings=SHORT)
    assert [await reader.receive_message(), await reader.receive_message()] == messages[:2]
    assert reader.exhausted
    assert await reader.receive_message() == LEFT


async def test_a_mounted_application_is_told_of_a_stall_too():
    reader = make(Server(split(b"a", b"b")[:1]), settings=SHORT)
    await reader.receive_message()
    async with asyncio.timeout(10):
        with pytest.raises(BodyTimeout):
            await reader.receive_message()
