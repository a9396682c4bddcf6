"""`maxDuration`: the client is told, the connection goes on."""

from pathlib import Path

import pytest

from behaviour.sites import Notes, ServerSite, Site


@pytest.mark.parametrize("style", ["plain", "coroutine"])
def test_handler_that_takes_too_long(server: ServerSite, notes: Notes, tmp_path: Path, style: str) -> None:
    gate = tmp_path / "gate"
    with server.wire.connect() as connection:
        answer = connection.ask(f"/api/deadlines/{style}?key={notes.key}&gate={gate}")
        assert (answer.status, answer.body) == (504, b"Gateway Timeout")
        assert connection.ask("/api/hello").body == b'{"text":"Hello"}'
        gate.touch()
        if style == "coroutine":
            notes.wait_for("cancelled")
        else:
            notes.wait_for("ended")
        assert connection.ask("/api/hello").body == b'{"text":"Hello"}'  # the late answer went nowhere
    assert f"pages/api/deadlines/{style}.py" in server.log()
    assert "HandlerTimeout" in server.log()


def test_handler_in_time(site: Site) -> None:
    assert site.ask("/api/deadlines/quick").body == b'{"quick":true}'


def test_coroutine_that_takes_too_long_is_cancelled(site: Site, notes: Notes) -> None:
    assert site.ask(f"/api/deadlines/coroutine?key={notes.key}").status == 504
    notes.wait_for("cancelled")
