"""What a client sends, as a handler reads it: query, cookies, bodies by type, forms with files."""

import hashlib
import json
import threading

import pytest

from behaviour.sites import Notes, ServerSite, Site, read_worker
from slugline.http.multipart_form import encode_form

TYPES = [
    # content type, body, kind, value
    ("application/json", b'{"a": [1, "b"]}', "dict", {"a": [1, "b"]}),
    ("application/json; charset=utf-8", b"17", "int", 17),
    ("application/x-www-form-urlencoded", b"a=1&b=x+y&a=2", "dict", {"a": ["1", "2"], "b": "x y"}),
    ("text/plain", "wörd".encode(), "str", "wörd"),
    ("text/html", b"<p>", "str", "<p>"),
    ("application/octet-stream", b"\x00\xff", "bytes", "00ff"),
]


@pytest.mark.parametrize(("content_type", "body", "kind", "value"), TYPES)
def test_body_by_type(site: Site, content_type: str, body: bytes, kind: str, value: object) -> None:
    found = json.loads(site.ask("/api/echo", "POST", [("Content-Type", content_type)], body).body)
    assert (found["kind"], found["body"]) == (kind, value)
    assert found["raw"] == body.decode("latin-1")


def test_no_body(site: Site) -> None:
    found = json.loads(site.ask("/api/echo").body)
    assert (found["body"], found["raw"]) == (None, None)


def test_body_that_is_not_what_it_says(site: Site) -> None:
    answer = site.ask("/api/echo", "POST", [("Content-Type", "application/json")], b"{")
    assert (answer.status, answer.body) == (400, b"Invalid JSON")


def test_query_and_cookies(site: Site) -> None:
    fields = [("Cookie", "a=1; b=x%20y")]
    found = json.loads(site.ask("/api/echo?a=1&b=x%20y&a=2&c", fields=fields).body)
    assert found["query"] == {"a": ["1", "2"], "b": "x y", "c": ""}
    assert found["cookies"] == {"a": "1", "b": "x y"}
    assert found["url"] == "/api/echo?a=1&b=x%20y&a=2&c"


BOUNDARY = "boundary-of-the-form"
FORM = [("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")]


def test_form_with_fields_and_files(site: Site, notes: Notes) -> None:
    files = [("photo", "ä.png", b"\x89PNG" * 10, "image/png"), ("log", "a.txt", b"one", "text/plain"), ("log", "b.txt", b"", "text/plain")]
    body = encode_form([("title", "Hëllo"), ("tag", "a"), ("tag", "b")], files, BOUNDARY)
    found = json.loads(site.ask(f"/api/bodies/form?key={notes.key}", "POST", FORM, body).body)
    assert found["fields"] == {"title": "Hëllo", "tag": ["a", "b"]}
    assert [(file["name"], file["type"], file["bytes"]) for file in found["files"]] == [
        ("ä.png", "image/png", 40),
        ("a.txt", "text/plain", 3),
        ("b.txt", "text/plain", 0),
    ]
    assert found["names"] == ["photo", "log"]
    assert not found["raw"]
    notes.wait_for({"closed": [True, True, True]})


def test_large_file_goes_to_disk(server: ServerSite, notes: Notes) -> None:
    content = b"0123456789abcdef" * (40 * 65536)  # 40 MiB
    body = encode_form([], [("big", "big.bin", content, "application/octet-stream")], BOUNDARY)
    server.ask("/api/bodies/form", "POST", FORM, encode_form([], [("f", "f", b"x" * 500_000, "a/b")], BOUNDARY))
    before = read_worker(server)["resident_kib"]
    peaks: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            peaks.append(read_worker(server)["resident_kib"])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        found = json.loads(server.ask(f"/api/bodies/form?key={notes.key}", "POST", FORM, body).body)
    finally:
        done.set()
        watcher.join()
    assert found["files"][0]["bytes"] == len(content)
    assert found["files"][0]["digest"] == hashlib.sha256(content).hexdigest()
    assert max(peaks) - before < 20 * 1024, "the file was held in memory"
    notes.wait_for({"closed": [True]})


def part(disposition: str, content: bytes = b"x") -> bytes:
    return b"--%s\r\nContent-Disposition: %s\r\n\r\n%s\r\n" % (BOUNDARY.encode(), disposition.encode(), content)


END = b"--%s--\r\n" % BOUNDARY.encode()
BAD_FORMS = {
    "no end": (part('form-data; name="a"'), {400}),
    "nothing of a form": (b"hello", {400}),
    "empty": (b"\r\n", {400}),
    "too many fields": (b"".join(part(f'form-data; name="f{number}"') for number in range(1001)) + END, {400, 413}),
    "too many files": (b"".join(part(f'form-data; name="f{number}"; filename="f"') for number in range(101)) + END, {400, 413}),
    "a field that is too large": (part('form-data; name="a"', b"x" * (1024 * 1024 + 1)) + END, {400, 413}),
    "a part head that is too large": (part(f'form-data; name="{"a" * 10_000}"') + END, {400, 413}),
}


@pytest.mark.parametrize("case", BAD_FORMS)
def test_malformed_or_excessive_form_is_refused(site: Site, notes: Notes, case: str) -> None:
    body, statuses = BAD_FORMS[case]
    answer = site.ask(f"/api/bodies/form?key={notes.key}", "POST", FORM, body)
    assert answer.status in statuses
    assert notes.read() == []


def test_form_without_a_boundary_is_refused(site: Site) -> None:
    assert site.ask("/api/bodies/form", "POST", [("Content-Type", "multipart/form-data")], b"hello").status == 400


def test_form_that_is_cut_off_leaves_no_files_open(server: ServerSite, notes: Notes) -> None:
    before = read_worker(server)["open_files"]
    body = encode_form([], [("big", "big.bin", b"x" * 2_000_000, "a/b")], BOUNDARY)
    head = f"POST /api/bodies/form?key={notes.key} HTTP/1.1\r\nHost: localhost\r\n{FORM[0][0]}: {FORM[0][1]}\r\n"
    for _ in range(10):
        server.wire.exchange(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:-1000], half_close=True)
    assert notes.read() == []
    assert read_worker(server)["open_files"] <= before + 3
