"""How the files of public/ are answered, from memory and from the disk."""

import asyncio
import errno
import os
import threading
import zlib
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

import pytest

from slugline.http.finish import finish_whole
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.runtime import public_files
from slugline.runtime.public_files import SMALL_BYTES, PublicFiles
from slugline.runtime.settings import Settings
from slugline.runtime.streaming import Load, Streaming
from slugline.runtime.threads import Threads

LONG_AFTER = 2**62
"""A clock by which every file was changed long ago."""
MODIFIED = 1_000_000_000
DATE = formatdate(MODIFIED, usegmt=True)
NEVER_STORE = "private, no-cache, no-store, max-age=0, must-revalidate"
LARGE = SMALL_BYTES + 1


@dataclass
class Answer:
    status: int
    fields: dict[str, str]
    body: bytes


class Site:
    """A project's public/ and what it takes to ask for a file of it."""

    files: PublicFiles

    def __init__(self, root: Path, threads: Threads) -> None:
        self.root = root
        self.threads = threads
        self.hops: list[str] = []

    def write(self, name, content, modified=MODIFIED):
        path = self.root / "public" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (modified, modified))
        return path

    def open(self, **options):
        self.files = PublicFiles(self.root, self.run_in_thread, **{"now_nanoseconds": lambda: LONG_AFTER, **options})
        return self

    async def run_in_thread(self, function, *arguments):
        self.hops.append(function.__name__)
        return await self.threads.run(function, *arguments)

    async def ask(self, path, method="GET", *, own=None, **sent):
        """Send a request; fields are given as if_none_match="…"."""
        names = [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()]
        request = Request(method, path.encode(), b"", names)
        response = Response(request)
        for name, value in (own or {}).items():
            response.set_header(name, value)
        file = self.files.find(request.raw_path)
        if file is None:
            return None
        await self.files.answer(request, response, file)
        if response._source is not None:
            return await self.stream(request, response)
        status, fields, body = finish_whole(request, response, compress=True)
        return Answer(status, {name.decode(): value.decode() for name, value in fields}, body)

    async def stream(self, request, response):
        messages = []

        async def send(message):
            messages.append(message)

        async def receive():
            await asyncio.get_running_loop().create_future()

        request._send, request._receive = send, receive
        streaming = Streaming(Settings(), Load(), self.threads.run)
        streaming.bind(asyncio.get_running_loop())
        source = response._source
        await streaming.send_source(request, response)
        await streaming.finish(response)
        assert source.closed
        head, *parts = messages
        fields = {name.decode(): value.decode() for name, value in head["headers"]}
        return Answer(head["status"], fields, b"".join(part["body"] for part in parts))


@pytest.fixture
def site(tmp_path):
    (tmp_path / "public").mkdir()
    threads = Threads(2)
    yield Site(tmp_path, threads)
    threads.close()


# Which file

FOUND = {
    "/with%20space.txt": "/with space.txt",
    "/%C3%BCn%C3%AF.txt": "/ünï.txt",
    "/%c3%bcn%c3%af.txt": "/ünï.txt",
    "/robots%2etxt": "/robots.txt",
    "/%72obots.txt": "/robots.txt",
    "/api/users/pub.txt": "/api/users/pub.txt",
    "/%61pi/users/pub.txt": "/api/users/pub.txt",
    "/100%25.txt": "/100%.txt",
    "/a[1].txt": "/a[1].txt",
    "/a%5B1].txt": "/a[1].txt",
    "/%2ewell-known/x": "/.well-known/x",
}
NOT_FOUND = [
    *("/", "/api", "/api/", "/robots.txt/", "//robots.txt", "/robots.txt%00", "/robots%2Etxt%00", "/ROBOTS.TXT", "/robots.txt%20"),
    *("robots.txt", "/api%2fusers/pub.txt", "/api%2Fusers%2Fpub.txt", "/%2frobots.txt", "%2Frobots.txt", "/api%5Cusers/pub.txt"),
    *("/api\\users\\pub.txt", "/./robots.txt", "/%2e/robots.txt", "/api/../robots.txt", "/api/%2e%2e/robots.txt", "/..%2frobots.txt"),
    *("/%2e%2e/secret.txt", "/../secret.txt", "/%25%32%65well-known/x", "/robots%252etxt", "/100%.txt", "/100%2.txt", "/%ff.txt"),
    *("/%c0%ae%c0%ae/secret.txt", "/%", "/.env", "/%2eenv", "/with space.txt\x00", "/with+space.txt", "/ünï.txt", "", "*"),
    *("/robots.txt?x", "/robots.txt%3Fx", "/robots.txt;x", "http://a/robots.txt"),
]


def make_named(site):
    for name in ("robots.txt", "with space.txt", "ünï.txt", "api/users/pub.txt", "100%.txt", "a[1].txt", ".well-known/x", ".env"):
        site.write(name, b"x")
    (site.root / "secret.txt").write_text("secret")
    return site.open()


@pytest.mark.parametrize(("raw", "path"), FOUND.items())
def test_a_path_is_decoded_once_and_looked_up(site, raw, path):
    file = make_named(site).files.find(raw.encode())
    assert file is not None
    assert file.path == path


@pytest.mark.parametrize("raw", NOT_FOUND)
def test_other_paths_find_nothing(site, raw):
    assert make_named(site).files.find(raw.encode("latin-1", "replace")) is None
    assert site.files.find(raw.encode()) is None


# The whole file


async def test_a_small_file_is_answered_as_next_does(site):
    site.write("robots.txt", b"robots\n")
    answer = await site.open().ask("/robots.txt")
    assert answer == Answer(
        200,
        {
            "content-type": "text/plain; charset=UTF-8",
            "etag": f'W/"7-{MODIFIED * 1000:x}"',
            "cache-control": "public, max-age=0",
            "accept-ranges": "bytes",
            "last-modified": DATE,
            "vary": "Accept-Encoding",
            "content-length": "7",
        },
        b"robots\n",
    )


async def test_a_large_file_has_the_same_fields(site):
    site.write("small.bin", b"x")
    site.write("large.bin", b"x" * LARGE)
    small, large = await site.open().ask("/small.bin"), await site.ask("/large.bin")
    assert large.body == b"x" * LARGE
    assert large.fields == {**small.fields, "etag": f'W/"{LARGE:x}-{MODIFIED * 1000:x}"', "content-length": str(LARGE)}


def test_the_tag_has_the_time_in_milliseconds_rounded(site):
    path = site.write("a.txt", b"x" * 17)
    for nanoseconds, milliseconds in ((1_500_499_999, 1500), (1_500_500_000, 1501), (1_795_383_251_500_000_000, 1_795_383_251_500)):
        os.utime(path, ns=(nanoseconds, nanoseconds))
        assert public_files._make_weak_tag(path.stat()) == f'W/"11-{milliseconds:x}"'


@pytest.mark.parametrize("size", [0, 1, 7, SMALL_BYTES, LARGE, 3 * SMALL_BYTES])
async def test_head_says_what_get_would(site, size):
    site.write("a.txt", b"x" * size)
    got, headed = await site.open().ask("/a.txt"), await site.ask("/a.txt", "HEAD")
    assert (headed.status, headed.body) == (200, b"")
    assert headed.fields == got.fields
    assert got.fields["content-length"] == str(size)
    assert got.body == b"x" * size


@pytest.mark.parametrize("size", [5, LARGE])
async def test_fields_that_were_set_before_stay(site, size):
    site.write("a.txt", b"x" * size)
    own = {"cache-control": "public, max-age=77", "x-file": "yes", "etag": '"mine"', "content-type": "text/x-mine"}
    answer = await site.open().ask("/a.txt", own=own)
    assert {name: answer.fields[name] for name in own} == own
    assert (await site.ask("/a.txt", own=own, if_none_match='"mine"')).status == 304


# Methods


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
async def test_files_are_only_read(site, method):
    site.write("a.txt", b"x")
    answer = await site.open().ask("/a.txt", method)
    assert (answer.status, answer.fields["allow"], answer.fields["cache-control"]) == (405, "GET, HEAD", NEVER_STORE)
    assert answer.body == b"Method Not Allowed"


async def test_options_is_answered_as_next_does(site):
    site.write("a.txt", b"x")
    answer = await site.open().ask("/a.txt", "OPTIONS")
    assert (answer.status, answer.fields["allow"], answer.fields["cache-control"]) == (400, "GET, HEAD", NEVER_STORE)


# Conditions

TAG = f'W/"5-{MODIFIED * 1000:x}"'
BEFORE, AFTER = formatdate(MODIFIED - 1, usegmt=True), formatdate(MODIFIED + 1, usegmt=True)

CONDITIONS = {
    # name: fields, status
    "the tag": ({"if_none_match": TAG}, 304),
    "the tag, as if it were strong": ({"if_none_match": TAG[2:]}, 304),
    "the tag in a list": ({"if_none_match": f'"a", {TAG}'}, 304),
    "any tag": ({"if_none_match": "*"}, 304),
    "another tag": ({"if_none_match": 'W/"5-0"'}, 200),
    "the date": ({"if_modified_since": DATE}, 304),
    "a later date": ({"if_modified_since": AFTER}, 304),
    "an earlier date": ({"if_modified_since": BEFORE}, 200),
    "another form of the date": ({"if_modified_since": "Sunday, 09-Sep-01 01:46:40 GMT"}, 304),
    "no date": ({"if_modified_since": "yesterday"}, 200),
    "nearly a date": ({"if_modified_since": "Sun, 99 Sep 99999999999 01:46:40 GMT"}, 200),
    "nothing of a date": ({"if_modified_since": ""}, 200),
    "another tag and the date": ({"if_none_match": '"a"', "if_modified_since": DATE}, 200),
    "the tag and an earlier date": ({"if_none_match": TAG, "if_modified_since": BEFORE}, 304),
    "a reload": ({"if_none_match": TAG, "cache_control": "no-cache"}, 200),
    "a reload by date": ({"if_modified_since": DATE, "cache_control": "no-cache"}, 200),
    "max-age=0": ({"if_none_match": TAG, "cache_control": "max-age=0"}, 304),
    "before a range": ({"if_none_match": TAG, "range": "bytes=0-1"}, 304),
    "before a range that cannot be": ({"if_none_match": TAG, "range": "bytes=99999999-"}, 304),
}


@pytest.mark.parametrize(("sent", "status"), CONDITIONS.values(), ids=CONDITIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("size", [5, LARGE])
async def test_what_the_client_holds_is_not_sent_again(site, sent, status, method, size):
    site.write("a.txt", b"x" * size)
    sent = {name: value.replace("5-", f"{size:x}-", 1) if name == "if_none_match" else value for name, value in sent.items()}
    answer = await site.open().ask("/a.txt", method, **sent)
    assert answer.status == status
    if status == 304:
        tag = TAG.replace("5-", f"{size:x}-", 1)
        assert answer.body == b""
        assert answer.fields == {"cache-control": "public, max-age=0", "accept-ranges": "bytes", "last-modified": DATE, "etag": tag}


PRECONDITIONS = {
    # name: fields, status
    "the tag": ({"if_match": TAG}, 200),
    "the tag in a list": ({"if_match": f'"a", {TAG}'}, 200),
    "any tag": ({"if_match": "*"}, 200),
    "another tag": ({"if_match": 'W/"5-0"'}, 412),
    "no tag": ({"if_match": ""}, 412),
    "the date": ({"if_unmodified_since": DATE}, 200),
    "a later date": ({"if_unmodified_since": AFTER}, 200),
    "an earlier date": ({"if_unmodified_since": BEFORE}, 412),
    "no date": ({"if_unmodified_since": "yesterday"}, 200),
    "the tag and an earlier date": ({"if_match": TAG, "if_unmodified_since": BEFORE}, 200),
    "another tag and a later date": ({"if_match": '"a"', "if_unmodified_since": AFTER}, 412),
    "before what the client holds": ({"if_match": '"a"', "if_none_match": "*"}, 412),
    "before a range": ({"if_unmodified_since": BEFORE, "range": "bytes=0-1"}, 412),
}


@pytest.mark.parametrize(("sent", "status"), PRECONDITIONS.values(), ids=PRECONDITIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("size", [5, LARGE])
async def test_a_file_that_has_changed_is_not_sent_for_the_old_one(site, sent, status, method, size):
    site.write("a.txt", b"x" * size)
    sent = {name: value.replace("5-", f"{size:x}-", 1) if name == "if_match" else value for name, value in sent.items()}
    answer = await site.open().ask("/a.txt", method, **sent)
    assert answer.status == status
    if status == 412:
        assert answer.fields["cache-control"] == NEVER_STORE
        assert answer.fields["content-type"] == "text/plain; charset=utf-8"
        assert answer.body == (b"Precondition Failed" if method == "GET" else b"")


# Ranges

RANGES = {
    # name: Range, status, start, end
    "the first": ("bytes=0-3", 206, 0, 4),
    "the middle": ("bytes=4-5", 206, 4, 6),
    "the last": ("bytes=-3", 206, -3, 0),
    "all": ("bytes=0-", 206, 0, 0),
    "several": ("bytes=0-1,3-4", 200, 0, 0),
    "another unit": ("lines=0-1", 200, 0, 0),
    "no range": ("bytes=x", 200, 0, 0),
}


@pytest.mark.parametrize(("header", "status", "start", "end"), RANGES.values(), ids=RANGES)
@pytest.mark.parametrize("size", [10, LARGE])
async def test_a_range(site, header, status, start, end, size):
    content = bytes(number % 251 for number in range(size))
    site.write("a.txt", content)
    answer = await site.open().ask("/a.txt", range=header)
    start, end = start % size, end or size
    assert (answer.status, answer.body) == (status, content[start:end])
    assert answer.fields["content-length"] == str(end - start)
    assert answer.fields.get("content-range") == (f"bytes {start}-{end - 1}/{size}" if status == 206 else None)
    assert answer.fields["etag"] == f'W/"{size:x}-{MODIFIED * 1000:x}"'


@pytest.mark.parametrize("header", ["bytes=99999999-", "bytes=-0"])
@pytest.mark.parametrize("size", [10, LARGE])
async def test_a_range_outside_is_416(site, header, size):
    site.write("a.bin", b"x" * size)
    answer = await site.open().ask("/a.bin", range=header)
    assert (answer.status, answer.fields["content-range"]) == (416, f"bytes */{size}")
    assert answer.fields["cache-control"] == NEVER_STORE
    assert answer.fields["last-modified"] == DATE
    assert answer.fields["etag"].startswith('"')
    assert answer.body == b"Range Not Satisfiable"


@pytest.mark.parametrize("size", [10, LARGE])
async def test_where_there_is_no_range(site, size):
    site.write("a.bin", b"x" * size)
    site.open()
    for answer in (await site.ask("/a.bin", range="bytes=0-1", if_range=DATE), await site.ask("/a.bin", "HEAD", range="bytes=0-1")):
        assert (answer.status, answer.fields["content-length"]) == (200, str(size))


@pytest.mark.parametrize("size", [2000, LARGE])
async def test_a_range_is_not_compressed(site, size):
    site.write("a.txt", b"x" * size)
    answer = await site.open().ask("/a.txt", range="bytes=0-1999", accept_encoding="gzip")
    assert (answer.status, answer.body) == (206, b"x" * 2000)
    assert "content-encoding" not in answer.fields


# Compression


@pytest.mark.parametrize(("coding", "bits"), [("gzip", 31), ("deflate", 15)])
@pytest.mark.parametrize("size", [1024, SMALL_BYTES, LARGE])
async def test_text_is_compressed(site, coding, bits, size):
    content = bytes(97 + number % 23 for number in range(size))
    site.write("a.css", content)
    site.open()
    for _ in range(2):
        answer = await site.ask("/a.css", accept_encoding=coding)
        assert zlib.decompress(answer.body, bits) == content
        assert (answer.fields["content-encoding"], answer.fields["vary"]) == (coding, "Accept-Encoding")
        assert answer.fields["etag"] == f'W/"{size:x}-{MODIFIED * 1000:x}"'
    assert (await site.ask("/a.css")).body == content


@pytest.mark.parametrize(("name", "size"), [("a.png", 5000), ("a.txt", 1023)])
async def test_what_does_not_gain_is_not_compressed(site, name, size):
    site.write(name, b"x" * size)
    answer = await site.open().ask(f"/{name}", accept_encoding="gzip")
    assert answer.body == b"x" * size


async def test_a_small_file_is_compressed_once(site):
    site.write("a.css", b"x" * 2000)
    bodies = [(await site.open().ask("/a.css", accept_encoding="gzip")).body]
    bodies += [(await site.ask("/a.css", accept_encoding="gzip")).body for _ in range(2)]
    assert bodies[1] is bodies[0] or bodies[1] is bodies[2]


# Files that change


async def test_a_small_file_is_read_once(site):
    site.write("a.txt", b"one")
    site.open()
    for _ in range(3):
        assert (await site.ask("/a.txt")).body == b"one"
    assert site.hops == ["_open_version"]


CHANGES = {
    "another size": (b"three", MODIFIED),
    "the same size and time": (b"two", MODIFIED),
    "another time": (b"two", MODIFIED + 5),
    "large": (b"x" * LARGE, MODIFIED),
    "empty": (b"", MODIFIED),
}


@pytest.mark.parametrize(("content", "modified"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("replaced", [True, False])
async def test_a_file_that_has_changed_is_sent_as_it_is_now(site, content, modified, replaced):
    path = site.write("a.txt", b"one")
    site.open()
    assert (await site.ask("/a.txt")).body == b"one"
    before = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == before:  # the file system's clock goes in steps
        if replaced:
            path.unlink()
        site.write("a.txt", content, modified)
    answer = await site.ask("/a.txt")
    assert answer.body == content
    assert parsedate_to_datetime(answer.fields["last-modified"]).timestamp() == modified
    assert answer.fields["etag"] == f'W/"{len(content):x}-{modified * 1000:x}"'


async def test_a_file_that_was_changed_just_now_is_read_again(site):
    path = site.write("a.txt", b"one")
    now = [path.stat().st_ctime_ns + 10]
    site.open(now_nanoseconds=lambda: now[0])
    await site.ask("/a.txt")
    await site.ask("/a.txt")
    assert len(site.hops) == 2
    now[0] += 10_000_000_000
    await site.ask("/a.txt")
    await site.ask("/a.txt")
    assert len(site.hops) == 3


@pytest.mark.parametrize("size", [5, LARGE])
async def test_a_file_that_has_gone_is_404_until_it_comes_back(site, size):
    path = site.write("sub/a.txt", b"x" * size)
    site.open()
    await site.ask("/sub/a.txt")
    path.unlink()
    answer = await site.ask("/sub/a.txt")
    assert (answer.status, answer.fields["cache-control"], answer.body) == (404, NEVER_STORE, b"Not Found")
    path.parent.rmdir()
    assert (await site.ask("/sub/a.txt")).status == 404
    site.write("sub/a.txt", b"back")
    assert (await site.ask("/sub/a.txt")).body == b"back"


async def test_a_folder_or_pipe_in_its_place_is_404(site):
    path = site.write("a.txt", b"x")
    site.open()
    path.unlink()
    path.mkdir()
    assert (await site.ask("/a.txt")).status == 404
    path.rmdir()
    os.mkfifo(path)
    assert (await site.ask("/a.txt")).status == 404


async def test_a_file_that_cannot_be_read_is_an_error(site, monkeypatch):
    site.write("a.txt", b"x")
    site.open()

    def refuse(folder, place):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(public_files, "_open_inside", refuse)
    with pytest.raises(PermissionError):
        await site.ask("/a.txt")


# Links that come after the start


@pytest.fixture(params=[True, False], ids=["by descriptors", "by paths"])
def opening(request, monkeypatch):
    """Both ways to open a file: that of Windows works elsewhere, too."""
    if not request.param:
        monkeypatch.setattr(os, "supports_dir_fd", set())


@pytest.mark.parametrize("size", [5, LARGE])
@pytest.mark.parametrize("asked_before", [True, False])
@pytest.mark.usefixtures("opening")
async def test_a_link_in_the_place_of_a_file_is_not_followed(site, size, asked_before):
    (site.root / "secret.txt").write_bytes(b"s" * size)
    path = site.write("a.txt", b"x" * size)
    site.open()
    if asked_before:
        assert (await site.ask("/a.txt")).status == 200
    path.unlink()
    path.symlink_to("../secret.txt")
    assert (await site.ask("/a.txt")).status == 404
    path.unlink()
    path.symlink_to(site.root / "secret.txt")
    assert (await site.ask("/a.txt", range="bytes=0-1")).status == 404


@pytest.mark.parametrize("place", ["sub", "sub/inner"])
@pytest.mark.usefixtures("opening")
async def test_a_link_in_the_place_of_a_folder_is_not_followed(site, place):
    site.write("sub/inner/a.txt", b"x")
    outside = site.root / "outside"
    (outside / "inner").mkdir(parents=True)
    for secret in (outside / "a.txt", outside / "inner" / "a.txt"):
        secret.write_text("secret")
    site.open()
    assert (await site.ask("/sub/inner/a.txt")).body == b"x"
    (site.root / "public" / place).rename(site.root / "moved")
    (site.root / "public" / place).symlink_to(outside)
    assert (await site.ask("/sub/inner/a.txt")).status == 404


@pytest.mark.usefixtures("opening")
async def test_the_folder_itself_does_not_become_a_link(site):
    site.write("a.txt", b"x")
    site.open()
    (site.root / "public").rename(site.root / "moved")
    (site.root / "secret").mkdir()
    (site.root / "secret" / "a.txt").write_text("secret")
    (site.root / "public").symlink_to("secret")
    assert (await site.ask("/a.txt")).status == 404


@pytest.mark.usefixtures("opening")
async def test_links_within_the_folder_are_served(site):
    site.write("v1/a.txt", b"x" * LARGE)
    (site.root / "public/latest").symlink_to("v1")
    assert (await site.open().ask("/latest/a.txt")).body == b"x" * LARGE


async def test_no_descriptor_is_left_open(site):
    """The lowest free number is given out next: it is the same again when everything was closed."""
    path = site.write("sub/inner/a.txt", b"x")
    site.write("gone/b.txt", b"x")
    site.write("large.bin", b"x" * LARGE)
    site.open()
    await site.ask("/large.bin")
    before = lowest_free_descriptor()
    (site.root / "public/gone/b.txt").unlink()
    path.unlink()
    path.mkdir()
    for name in ("/sub/inner/a.txt", "/gone/b.txt"):
        assert (await site.ask(name)).status == 404
    for sent in ({}, {"if_none_match": "*"}, {"range": "bytes=99999999-"}, {"range": "bytes=0-1"}):
        await site.ask("/large.bin", **sent)
    await site.ask("/large.bin", "HEAD")
    assert lowest_free_descriptor() == before


def lowest_free_descriptor():
    descriptor = os.open("/", os.O_RDONLY)
    os.close(descriptor)
    return descriptor


# Memory


async def test_memory_is_bounded(site):
    for number in range(10):
        site.write(f"{number}.bin", b"x" * 1000)
    site.open(memory_bytes=3000)
    for number in range(10):
        assert (await site.ask(f"/{number}.bin")).body == b"x" * 1000
    assert list(site.files._kept) == ["/7.bin", "/8.bin", "/9.bin"]
    assert site.files._kept_bytes == 3000


async def test_a_text_counts_twice_for_its_compressed_twins(site):
    for number in range(4):
        site.write(f"{number}.txt", b"x" * 1000)
    site.open(memory_bytes=4000)
    for number in range(4):
        await site.ask(f"/{number}.txt", accept_encoding="gzip")
    assert list(site.files._kept) == ["/2.txt", "/3.txt"]


async def test_no_memory_is_fine(site):
    site.write("a.txt", b"x")
    site.open(memory_bytes=0)
    assert (await site.ask("/a.txt")).body == b"x"
    assert site.files._kept == {}


async def test_a_large_file_is_not_kept(site):
    site.write("a.bin", b"x" * LARGE)
    await site.open().ask("/a.bin")
    assert site.files._kept == {}


# Development


async def test_files_that_come_and_go_are_found_by_a_new_scan(site):
    path = site.write("a.txt", b"a")
    site.open()
    await site.ask("/a.txt")
    assert not site.files.rescan()
    assert list(site.files._kept) == ["/a.txt"]
    site.write("b.py", b"")
    site.write("b.txt", b"b")
    assert await site.ask("/b.txt") is None
    path.unlink()
    assert site.files.rescan()
    assert (await site.ask("/b.txt")).body == b"b"
    assert await site.ask("/a.txt") is None
    assert [file.path for file in site.files.files] == ["/b.txt"]
    assert site.files.warnings[0].startswith("Not served: public/b.py.")
    assert list(site.files._kept) == ["/b.txt"]
    assert site.files._kept_bytes == 2


async def test_a_link_that_leads_elsewhere_now_is_found_by_a_new_scan(site):
    for version in ("v1", "v2"):
        site.write(f"{version}/a.txt", version.encode())
    link = site.root / "public/latest"
    link.symlink_to("v1")
    site.open()
    assert (await site.ask("/latest/a.txt")).body == b"v1"
    link.unlink()
    link.symlink_to("v2")
    assert site.files.rescan()
    assert (await site.ask("/latest/a.txt")).body == b"v2"


async def test_many_at_once_are_fine(site):
    site.write("a.txt", b"x" * 5000)
    site.write("b.bin", b"y" * LARGE)
    site.open()
    before = threading.active_count()
    answers = await asyncio.gather(*(site.ask(path) for path in ("/a.txt", "/b.bin") * 20))
    assert {len(answer.body) for answer in answers} == {5000, LARGE}
    assert site.files._kept_bytes == 10_000
    assert threading.active_count() <= before + 2
