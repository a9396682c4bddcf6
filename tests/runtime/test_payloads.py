"""Files and iterators on their way to the client: what is said of them, and that they are sent whole and closed."""

import asyncio
import bz2
import gzip
import io
import os
import tempfile
import threading
from email.utils import parsedate_to_datetime

import pytest

from slugline.errors import ClientDisconnected, InvalidHeader, ResponseError
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.runtime.channel import Channel, StreamCut
from slugline.runtime.payloads import PIECE_BYTES, FilePart, feed_channel, open_file
from slugline.runtime.threads import Threads


@pytest.fixture
def threads():
    pool = Threads(2)
    yield pool
    pool.close()


def opened(source, *, method="GET", sent=(), before=lambda response: None):
    request = Request(method, b"/api/x", b"", list(sent))
    response = Response(request)
    before(response)
    return open_file(request, response, source), response


async def arrive(source, threads, *, window_bytes=64 * 1024, discard=False):
    """Feed a channel and read it to its end; gives the bytes, and whether they ended as a whole body does."""
    channel = Channel(asyncio.get_running_loop(), threading.get_ident(), window_bytes=window_bytes, discard=discard)
    pieces = []

    async def send(message):
        await asyncio.sleep(0)
        pieces.append(message)

    sending = asyncio.ensure_future(channel.send_all(send))
    try:
        await feed_channel(source, channel, threads.run)
        channel.finish()
        await sending
    except BaseException as error:
        channel.close(error)
        await asyncio.gather(sending, return_exceptions=True)
        assert not any(not piece["more_body"] for piece in pieces)
        raise
    return b"".join(piece["body"] for piece in pieces)


# Opening


TYPES = {
    "a.txt": "text/plain; charset=utf-8",
    "a.html": "text/html; charset=utf-8",
    "a.json": "application/json",
    "a.png": "image/png",
    "a.pdf": "application/pdf",
    "a.txt.gz": None,
    "a.nosuchtype": None,
    "plain": None,
}


@pytest.mark.parametrize(("name", "content_type"), TYPES.items())
@pytest.mark.parametrize("as_path", [True, False])
def test_a_file_is_described_by_its_name_and_size(tmp_path, name, content_type, as_path):
    path = tmp_path / name
    path.write_bytes(b"hello")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    part, response = opened(path if as_path else path.open("rb"))
    assert part.length == 5
    assert part.file.read() == b"hello"
    part.close()
    assert response.get_header("content-type") == content_type
    assert parsedate_to_datetime(response.get_header("last-modified")).timestamp() == 1_000_000_000
    assert response.get_header("accept-ranges") == "bytes"
    assert response.status_code == 200


def test_what_the_handler_has_set_stands(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"hello")
    part, response = opened(path, before=lambda res: res.write_head(201, {"Content-Type": "text/x", "Last-Modified": "never"}))
    part.close()
    assert (response.get_header("content-type"), response.get_header("last-modified"), response.status_code) == ("text/x", "never", 201)


@pytest.mark.parametrize(("declared", "status"), [("5", 200), (5, 200), ("999", 204)])
def test_a_length_that_the_handler_has_set_rightly(tmp_path, declared, status):
    path = tmp_path / "a.txt"
    path.write_bytes(b"12345")
    part, _ = opened(path, before=lambda response: response.status(status).set_header("Content-Length", declared))
    assert part.length == 5
    part.close()


@pytest.mark.parametrize("declared", ["4", "6", ["5", "5"]])
@pytest.mark.parametrize("as_path", [True, False])
def test_a_length_that_is_not_the_files_is_refused(tmp_path, declared, as_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"12345")
    with pytest.raises(InvalidHeader, match="the file has 5 bytes"):
        opened(path if as_path else path.open("rb"), before=lambda response: response.append_header("Content-Length", declared))


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "fifo"):
        with pytest.raises(ResponseError, match="which is no file"):
            opened(path)


def test_a_file_object_is_sent_from_where_it_stands(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"0123456789")
    file = path.open("rb")
    file.seek(4)
    part, _ = opened(file)
    assert (part.length, part.file.read()) == (6, b"456789")
    part.close()


# Files whose size on disk is not the size of what is read from them


def gzipped(folder):
    with gzip.open(folder / "a", "wb") as file:
        file.write(b"hello" * 1000)
    return gzip.open(folder / "a")


def bzipped(folder):
    with bz2.open(folder / "a", "wb") as file:
        file.write(b"hello" * 1000)
    return bz2.open(folder / "a")


def text(folder):
    (folder / "a").write_text("hé" * 1000, encoding="utf-8")
    return (folder / "a").open(encoding="utf-8")


def spooled(folder):
    file = tempfile.SpooledTemporaryFile()  # noqa: SIM115 (closed by what is tested)
    file.write(b"hello" * 1000)
    file.seek(0)
    return file


SOURCES = {
    "gzip": (gzipped, b"hello" * 1000),
    "bzip2": (bzipped, b"hello" * 1000),
    "text": (text, "hé".encode() * 1000),
    "a spooled file": (spooled, b"hello" * 1000),
    "memory": (lambda folder: io.BytesIO(b"hello"), b"hello"),
    "text in memory": (lambda folder: io.StringIO("hé"), "hé".encode()),
    "several pieces": (lambda folder: io.BytesIO(b"x" * (2 * PIECE_BYTES + 5)), b"x" * (2 * PIECE_BYTES + 5)),
}


@pytest.mark.parametrize(("make", "expected"), SOURCES.values(), ids=SOURCES)
async def test_anything_that_can_be_read_is_sent_to_its_end_and_closed(tmp_path, threads, make, expected):
    source = make(tmp_path)
    part, _ = opened(source)
    assert part.length is None
    assert await arrive(part, threads) == expected
    assert source.closed


async def test_a_pipe_is_sent_to_its_end(threads):
    reader, writer = os.pipe()
    os.write(writer, b"hello")
    os.close(writer)
    part, _ = opened(os.fdopen(reader, "rb"))
    assert part.length is None
    assert await arrive(part, threads) == b"hello"


async def test_a_temporary_file_has_a_length(threads):
    file = tempfile.NamedTemporaryFile()  # noqa: SIM115 (closed by what is tested)
    file.write(b"hello")
    file.seek(0)
    part, _ = opened(file)
    assert part.length == 5
    assert await arrive(part, threads) == b"hello"
    assert file.closed


async def test_only_the_part_is_sent(tmp_path, threads):
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    assert await arrive(FilePart(path.open("rb"), 2, 5), threads) == b"23456"
    assert await arrive(FilePart(path.open("rb"), 2, 0), threads) == b""


async def test_a_file_that_shrinks_while_it_is_sent_is_cut(tmp_path, threads):
    path = tmp_path / "a"
    path.write_bytes(b"hello")
    file = path.open("rb")
    with pytest.raises(StreamCut, match="ended 5 bytes before its size"):
        await arrive(FilePart(file, 0, 10), threads)
    assert file.closed


# Iterators


def plain(ended, chunks, error=None):
    try:
        yield from chunks
        if error is not None:
            raise error
    finally:
        ended.append(True)


async def asynchronous(ended, chunks, error=None):
    try:
        for chunk in chunks:
            await asyncio.sleep(0)
            yield chunk
        if error is not None:
            raise error
    finally:
        ended.append(True)


KINDS = pytest.mark.parametrize("kind", [plain, asynchronous])
CHUNKS = ["hé", b"a", bytearray(b"b"), memoryview(b"c"), "", b""]


@KINDS
@pytest.mark.parametrize("window_bytes", [1, 64 * 1024])
async def test_an_iterator_of_text_and_bytes_is_sent_in_order(threads, kind, window_bytes):
    ended = []
    assert await arrive(kind(ended, CHUNKS * 50), threads, window_bytes=window_bytes) == "héabc".encode() * 50
    assert ended == [True]


@KINDS
async def test_an_iterator_that_fails_is_cut_with_its_error(threads, kind):
    ended = []
    with pytest.raises(ValueError, match="midway"):
        await arrive(kind(ended, CHUNKS, ValueError("midway")), threads)
    assert ended == [True]


@KINDS
async def test_what_is_no_chunk_is_refused(threads, kind):
    ended = []
    with pytest.raises(ResponseError, match="The iterator gave int; chunks are text or bytes"):
        await arrive(kind(ended, ["a", 5, "b"]), threads)
    assert ended == [True]


@KINDS
async def test_an_answer_to_head_closes_without_asking(threads, kind):
    ended = []
    source = kind(ended, [5])
    assert await arrive(source, threads, discard=True) == b""
    if kind is plain:
        with pytest.raises(StopIteration):
            next(source)
    else:
        with pytest.raises(StopAsyncIteration):
            await anext(source)


@KINDS
async def test_when_the_client_leaves_the_iterator_is_closed(threads, kind):
    ended = []
    channel = Channel(asyncio.get_running_loop(), threading.get_ident(), window_bytes=1)
    feeding = asyncio.ensure_future(feed_channel(kind(ended, ["x"] * 1000), channel, threads.run))
    async with asyncio.timeout(10):
        while not channel.is_full:
            await asyncio.sleep(0)
        channel.close(ClientDisconnected("left"))
        with pytest.raises(ClientDisconnected):
            await feeding
    assert ended == [True]


async def test_iterators_that_cannot_be_closed_are_fine(threads):
    assert await arrive(iter(["a", "b"]), threads) == b"ab"
    assert await arrive(map(str, range(3)), threads) == b"012"


async def test_a_blocking_iterator_runs_on_a_thread(threads):
    names = (threading.current_thread().name for _ in range(1))
    assert (await arrive(names, threads)).startswith(b"slugline-")


# Ranges


RANGES = {
    # name: Range, status, what is sent, Content-Range
    "first": ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
    "middle": ("bytes=4-5", 206, b"45", "bytes 4-5/10"),
    "to the end": ("bytes=7-", 206, b"789", "bytes 7-9/10"),
    "the last": ("bytes=-2", 206, b"89", "bytes 8-9/10"),
    "beyond the end": ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
    "all": ("bytes=0-", 206, b"0123456789", "bytes 0-9/10"),
    "outside": ("bytes=10-", 416, b"", "bytes */10"),
    "several": ("bytes=0-1,3-4", 200, b"0123456789", None),
    "another unit": ("lines=0-1", 200, b"0123456789", None),
    "no range": ("bytes=x", 200, b"0123456789", None),
}


@pytest.mark.parametrize(("header", "status", "expected", "content_range"), RANGES.values(), ids=RANGES)
async def test_a_range_of_a_file(tmp_path, threads, header, status, expected, content_range):
    path = tmp_path / "a.bin"
    path.write_bytes(b"0123456789")
    part, response = opened(path, sent=[(b"range", header.encode())])
    assert part.length == len(expected)
    assert await arrive(part, threads) == expected
    assert response.status_code == status
    assert response.get_header("content-range") == content_range


NO_RANGES = {
    "not with another method": {"method": "POST"},
    "not with HEAD": {"method": "HEAD"},
    "not with a condition": {"sent": [(b"range", b"bytes=0-3"), (b"if-range", b'"1"')]},
    "not with another status": {"before": lambda response: response.status(201)},
}


@pytest.mark.parametrize("options", NO_RANGES.values(), ids=NO_RANGES)
def test_where_there_is_no_range(tmp_path, options):
    path = tmp_path / "a.bin"
    path.write_bytes(b"0123456789")
    part, response = opened(path, **{"sent": [(b"range", b"bytes=0-3")], **options})
    part.close()
    assert part.length == 10
    assert response.get_header("content-range") is None


async def test_a_range_of_a_file_object_counts_from_where_it_stands(tmp_path, threads):
    path = tmp_path / "a.bin"
    path.write_bytes(b"head0123456789")
    file = path.open("rb")
    file.seek(4)
    part, response = opened(file, sent=[(b"range", b"bytes=2-4")])
    assert await arrive(part, threads) == b"234"
    assert response.get_header("content-range") == "bytes 2-4/10"
