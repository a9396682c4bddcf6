"""The channel: what arrives is what was written, or the stream is cut; nobody waits for ever."""

import asyncio
import random
import threading
import zlib

import pytest

from slugline.errors import ClientDisconnected, ResponseError
from slugline.http.compression import Compressor
from slugline.runtime.channel import WINDOW_BYTES, Channel, StreamCut
from slugline.runtime.threads import Threads


class Client:
    """Reads what is sent, as slowly as it likes: `hold` stops it, `breathe` lets other tasks run at each send."""

    def __init__(self, breathe=0, fail_after=None):
        self.pieces = []
        self.ended = False
        self.breathe = breathe
        self.fail_after = fail_after
        self.hold = asyncio.Event()
        self.hold.set()

    async def send(self, message):
        assert message["type"] == "http.response.body"
        assert not self.ended
        await self.hold.wait()
        for _ in range(self.breathe):
            await asyncio.sleep(0)
        if self.fail_after is not None and len(self.pieces) >= self.fail_after:
            raise OSError("broken pipe")
        self.pieces.append(message["body"])
        self.ended = not message["more_body"]

    @property
    def body(self):
        return b"".join(self.pieces)


def make(**options):
    return Channel(asyncio.get_running_loop(), threading.get_ident(), **options)


async def until(condition):
    """Let everything else run until the condition holds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


@pytest.fixture
def threads():
    pool = Threads(2)
    yield pool
    pool.close()


async def test_chunks_arrive_in_order_and_the_body_ends():
    channel, client = make(), Client()
    sending = asyncio.ensure_future(channel.send_all(client.send))
    for chunk in (b"a", b"", b"b"):
        assert channel.write(chunk) is True
        await asyncio.sleep(0)
    assert not client.ended
    channel.write(b"c")
    channel.finish()
    await sending
    assert client.body == b"abc"
    assert client.ended
    assert channel.sending_since is None


async def test_every_chunk_is_on_its_way_at_once():
    channel, client = make(), Client()
    sending = asyncio.ensure_future(channel.send_all(client.send))
    for count in range(1, 4):
        channel.write(b"x")
        await until(lambda: len(client.body) == count)  # noqa: B023 (awaited in the same turn)
    channel.finish()
    await sending


async def test_what_has_gathered_goes_out_in_one_piece():
    channel, client = make(), Client()
    for _ in range(1000):
        channel.write(b"x" * 10)
    channel.finish()
    await channel.send_all(client.send)
    assert client.body == b"x" * 10_000
    assert len(client.pieces) == 2


async def test_an_empty_body_is_one_message():
    channel, client = make(), Client()
    channel.finish()
    await channel.send_all(client.send)
    assert client.pieces == [b""]
    assert client.ended


async def test_the_window_tells_and_holds_a_producer_on_the_loop():
    channel, client = make(window_bytes=10), Client()
    client.hold.clear()
    sending = asyncio.ensure_future(channel.send_all(client.send))
    assert channel.write(b"x" * 9) is True
    await channel.drain()  # there is room
    assert channel.write(b"x") is False
    assert channel.is_full
    waiting = [asyncio.ensure_future(channel.drain()) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not any(each.done() for each in waiting)
    assert channel.sending_since is not None
    client.hold.set()
    await asyncio.gather(*waiting)
    assert not channel.is_full
    channel.finish()
    await sending
    assert client.body == b"x" * 10


async def test_a_producer_on_a_thread_is_never_more_than_a_chunk_ahead_of_the_window(threads):
    channel, client = make(window_bytes=100), Client(breathe=2)
    ahead = []

    def produce():
        for _ in range(500):
            channel.write(b"x" * 7)
            ahead.append(channel._buffered)
        channel.finish()

    sending = asyncio.ensure_future(channel.send_all(client.send))
    await threads.run(produce)
    await sending
    assert client.body == b"x" * 3500
    assert client.ended
    assert max(ahead) < 100 + 7


def test_the_window_is_that_of_the_documentation():
    assert WINDOW_BYTES == 64 * 1024


# Giving up


@pytest.mark.parametrize("close_first", [False, True])
async def test_a_closed_channel_is_cut_and_never_ended(close_first):
    channel, client = make(), Client()
    reason = ClientDisconnected("left")
    if close_first:
        channel.close(reason)
    sending = asyncio.ensure_future(channel.send_all(client.send))
    if not close_first:
        channel.write(b"a")
        await until(lambda: client.body == b"a")
        channel.close(reason)
    with pytest.raises(StreamCut) as caught:
        await sending
    assert caught.value.__cause__ is reason
    assert not client.ended
    assert channel.is_closed
    for call in (lambda: channel.write(b"b"), lambda: channel.write(b"")):
        with pytest.raises(ClientDisconnected):
            call()
    with pytest.raises(ClientDisconnected):
        await channel.drain()
    channel.finish()
    channel.close(ValueError("later"))
    assert not client.ended


async def test_closing_after_the_end_was_said_still_cuts():
    channel, client = make(), Client()
    channel.write(b"a")
    channel.finish()
    channel.close(ValueError("the handler failed"))
    with pytest.raises(StreamCut):
        await channel.send_all(client.send)
    assert client.pieces == []


async def test_closing_lets_every_producer_go(threads):
    channel, client = make(window_bytes=1), Client()
    client.hold.clear()
    sending = asyncio.ensure_future(channel.send_all(client.send))
    channel.write(b"full")
    on_threads = [threads.run(channel.write, b"x") for _ in range(2)]
    on_loop = asyncio.ensure_future(channel.drain())
    await until(lambda: len(channel._room) == 1)
    assert not any(each.done() for each in on_threads)
    channel.close(ClientDisconnected("left"))
    for each in [*on_threads, on_loop]:
        with pytest.raises(ClientDisconnected):
            await each
    client.hold.set()
    with pytest.raises(StreamCut):
        await sending
    assert not client.ended


@pytest.mark.parametrize("cancel", [False, True])
async def test_when_sending_fails_every_producer_is_let_go(threads, cancel):
    channel, client = make(window_bytes=1), Client(fail_after=0)
    client.hold.clear()
    sending = asyncio.ensure_future(channel.send_all(client.send))
    channel.write(b"full")
    on_thread = threads.run(channel.write, b"x")
    on_loop = asyncio.ensure_future(channel.drain())
    await until(lambda: len(channel._room) == 1)
    if cancel:
        sending.cancel()
    else:
        client.hold.set()
    with pytest.raises(asyncio.CancelledError if cancel else OSError):
        await sending
    for each in (on_thread, on_loop):
        with pytest.raises(ClientDisconnected):
            await each
    assert not client.ended


async def test_an_early_end_is_an_end_and_the_producer_is_told():
    channel, client = make(), Client()
    channel.write(b"data: 1\n\n")
    channel.end_early()
    with pytest.raises(ClientDisconnected):
        channel.write(b"data: 2\n\n")
    await channel.send_all(client.send)
    assert client.body == b"data: 1\n\n"
    assert client.ended
    channel.end_early()


async def test_an_early_end_of_a_closed_channel_is_none():
    channel, client = make(), Client()
    channel.close(ValueError())
    channel.end_early()
    with pytest.raises(StreamCut):
        await channel.send_all(client.send)
    assert not client.ended


# A declared length


async def test_a_body_of_the_declared_length_is_whole():
    channel, client = make(length=3), Client()
    channel.write(b"ab")
    channel.write(b"c")
    with pytest.raises(ResponseError, match="More was written than the Content-Length of 3 bytes"):
        channel.write(b"d")
    channel.finish()  # the handler caught it; what was declared is there
    await channel.send_all(client.send)
    assert client.body == b"abc"
    assert client.ended


async def test_a_chunk_that_goes_beyond_is_not_sent_in_part():
    channel = make(length=3)
    with pytest.raises(ResponseError):
        channel.write(b"abcd")
    assert channel.write(b"abc")


@pytest.mark.parametrize("written", [b"", b"ab"])
async def test_a_body_that_is_too_short_is_cut(written):
    channel, client = make(length=3), Client()
    channel.write(written)
    channel.finish()
    with pytest.raises(StreamCut, match=f"ended {3 - len(written)} bytes before the Content-Length"):
        await channel.send_all(client.send)
    assert not client.ended


@pytest.mark.parametrize("length", [None, 5])
async def test_head_takes_everything_and_sends_nothing(length):
    channel, client = make(discard=True, length=length), Client()
    assert channel.discards
    for _ in range(5):
        assert channel.write(b"x") is True
    channel.finish()
    await channel.send_all(client.send)
    assert client.pieces == [b""]
    assert client.ended


async def test_a_compressed_stream_is_readable_as_it_comes():
    channel, client = make(compressor=Compressor("gzip")), Client()
    sending = asyncio.ensure_future(channel.send_all(client.send))
    reader = zlib.decompressobj(wbits=31)
    for number in range(5):
        chunk = b"line %d\n" % number
        channel.write(chunk)
        await until(lambda: client.pieces)
        assert reader.decompress(b"".join(client.pieces)) == chunk
        client.pieces.clear()
    channel.finish()
    await sending
    assert reader.decompress(client.body) == b""
    assert reader.eof


# Any order of events


async def play(seed, threads):
    """One random story: a producer on the loop or on a thread, a slow client, and perhaps a mishap."""
    chance = random.Random(seed)
    on_thread = chance.random() < 0.5
    mishap = chance.choice(["none", "none", "close", "send fails", "producer fails", "end early"])
    compressed = chance.random() < 0.3
    window = chance.choice([1, 10, 1000])
    chunks = [chance.randbytes(chance.choice([0, 1, 5, 50])) for _ in range(chance.randrange(30))]
    mishap_at = chance.randrange(len(chunks) + 1)
    channel = make(window_bytes=window, compressor=Compressor("gzip") if compressed else None)
    client = Client(breathe=chance.randrange(4), fail_after=mishap_at if mishap == "send fails" else None)
    loop = asyncio.get_running_loop()
    written = []

    def step(number, chunk):
        if number == mishap_at:
            if mishap == "producer fails":
                raise ValueError("the handler failed")
            # On a thread the loop does it when it comes to it, which may be late.
            if mishap == "close":
                loop.call_soon_threadsafe(channel.close, ClientDisconnected("left"))
            if mishap == "end early":
                loop.call_soon_threadsafe(channel.end_early)
        channel.write(chunk)
        written.append(chunk)

    def produce():
        for number, chunk in enumerate(chunks):
            step(number, chunk)
        channel.finish()

    async def produce_on_loop():
        for number, chunk in enumerate(chunks):
            step(number, chunk)
            if channel.is_full:
                await channel.drain()
            elif chance.random() < 0.3:
                await asyncio.sleep(0)
        channel.finish()

    sending = asyncio.ensure_future(channel.send_all(client.send))
    try:
        async with asyncio.timeout(10):
            await (threads.run(produce) if on_thread else produce_on_loop())
    except ClientDisconnected:
        channel.finish()  # as the application does when a handler ends so
    except ValueError as error:
        channel.close(error)
    outcome = (await asyncio.gather(sending, return_exceptions=True))[0]
    whole = b"".join(chunks)
    received = zlib.decompressobj(wbits=31).decompress(client.body) if compressed else client.body
    assert whole.startswith(received), "what arrives is what was written, in order"
    if client.ended:
        assert outcome is None
        assert received == b"".join(written)
        # Whole, unless the server ended it on purpose: never after an error.
        assert received == whole or mishap == "end early"
    else:
        assert isinstance(outcome, StreamCut | OSError)
        assert mishap in ("close", "send fails", "producer fails")
    assert channel._buffered <= 0 or outcome is not None
    return mishap, client.ended


async def test_any_order_of_events_gives_the_whole_body_or_a_cut(threads):
    endings = {await play(seed, threads) for seed in range(400)}
    assert endings >= {("none", True), ("close", False), ("send fails", False), ("producer fails", False), ("end early", True)}
    assert ("none", False) not in endings
