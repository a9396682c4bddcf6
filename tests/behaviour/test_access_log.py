"""The access log: off by default, one line a request, no line of the client's making."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from behaviour.sites import ServerSite
from behaviour.wire import wait_until
from servers import start_granian

PROJECT = Path(__file__).parent / "process_project"


@pytest.fixture(scope="module", params=["text", "json"])
def logging_site(request: pytest.FixtureRequest) -> Iterator[tuple[str, ServerSite]]:
    """A server that writes the access log in one form or the other."""
    server = start_granian(PROJECT, "--access-log", request.param)
    yield request.param, ServerSite("granian", server)
    server.stop()
    server.log_path.unlink()


def find_line(site: ServerSite, sign: str) -> str:
    return wait_until(lambda: next((line for line in site.log().splitlines() if sign in line), ""), f"a line with {sign}")


def test_off_by_default(server: ServerSite) -> None:
    server.ask("/api/hello?no-line-for-me")
    assert "no-line-for-me" not in server.log()


def test_line_for_a_request(logging_site: tuple[str, ServerSite]) -> None:
    form, site = logging_site
    site.ask("/api/worker?a=1", fields=[("X-Request-Id", "my-id-17")])
    line = find_line(site, "my-id-17")
    if form == "json":
        entry = json.loads(line)
        assert entry["milliseconds"] >= 0
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry["time"])
        del entry["milliseconds"], entry["time"]
        wanted = {"id": "my-id-17", "client": "127.0.0.1", "method": "GET", "path": "/api/worker?a=1", "status": 200}
        assert entry == {**wanted, "route": "pages/api/worker.py"}
    else:
        pattern = r'\S+Z 127\.0\.0\.1 "GET /api/worker\?a=1" 200 [\d.]+ms pages/api/worker\.py id=my-id-17'
        assert re.fullmatch(pattern, line)


def test_client_cannot_write_lines(logging_site: tuple[str, ServerSite]) -> None:
    form, site = logging_site
    for target in (
        "/api/x%0d%0aFAKE-1",
        b"/api/x\rFAKE-2",
        "/api/x\x0bFAKE-3",
        '/api/x"FAKE-4',
        "/api/x\x1b[31mFAKE-5",
        "/api/x\x85FAKE-6",
    ):
        site.wire.exchange(
            b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (target if isinstance(target, bytes) else target.encode("latin-1"))
        )
    site.ask("/api/worker", fields=[("X-Request-Id", 'bad"id FAKE-7')])
    site.ask("/api/worker?the-last")
    find_line(site, "the-last")
    log = site.log()
    assert not re.search(r"(?m)^\W*(\[31m)?FAKE", log)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", log)
    assert "FAKE-7" not in log
    assert (r"\x22FAKE-4" if form == "text" else r"\"FAKE-4") in log  # the quotation goes on


def test_request_id_is_made_when_none_is_sent(logging_site: tuple[str, ServerSite]) -> None:
    form, site = logging_site
    for number in range(2):
        site.ask(f"/api/worker?unnamed-{number}")
    pattern = r'"id": "([0-9a-f]{16})"' if form == "json" else r"id=([0-9a-f]{16})$"
    found = [re.search(pattern, find_line(site, f"unnamed-{number}")) for number in range(2)]
    assert all(found)
    assert found[0] != found[1]


def test_line_for_errors_and_streams(logging_site: tuple[str, ServerSite]) -> None:
    form, site = logging_site
    site.ask("/api/nowhere?missing")
    assert (" 404 " if form == "text" else '"status": 404') in find_line(site, "missing")
