"""Server-sent events: each on its way at once."""

from pathlib import Path

import pytest

from behaviour.sites import ServerSite, Site
from behaviour.wire import make_request


@pytest.mark.parametrize("style", ["plain", "coroutine"])
def test_events_arrive_one_by_one(server: ServerSite, tmp_path: Path, style: str) -> None:
    with server.wire.connect() as connection:
        connection.send(make_request(f"/api/events/{style}?gate={tmp_path}/", fields=[("Accept-Encoding", "gzip, deflate, br")]))
        head = connection.read_head()
        assert head.status == 200
        assert head.header("content-type") == "text/event-stream; charset=utf-8"
        assert head.header("content-encoding") is None
        assert "no-transform" in (head.header("cache-control") or "")
        assert connection.read_chunk() == b'event: count\nid: 1\nretry: 1000\ndata: {"number":1}\n\n'
        for number in (2, 3):
            (tmp_path / str(number)).touch()  # the handler makes the event only now
            assert connection.read_until(b"\n\n").endswith(b'data: {"number":%d}\n\n' % number)
        assert b": end\n" in connection.read_until(b"0\r\n\r\n")


@pytest.mark.parametrize("style", ["plain", "coroutine"])
def test_whole_event_stream(site: Site, tmp_path: Path, style: str) -> None:
    for number in (2, 3):
        (tmp_path / str(number)).touch()
    answer = site.ask(f"/api/events/{style}?gate={tmp_path}/", fields=[("Accept-Encoding", "gzip")])
    assert answer.whole
    assert answer.body.count(b"data: ") == 3
