"""`res.after`: what runs once the answer has gone."""

from pathlib import Path

import pytest

from behaviour.sites import Notes, ServerSite, Site
from behaviour.wire import wait_until


@pytest.mark.parametrize("style", ["plain", "coroutine"])
def test_runs_when_the_client_has_the_whole_answer(server: ServerSite, notes: Notes, tmp_path: Path, style: str) -> None:
    gate = tmp_path / "gate"
    with server.wire.connect() as connection:
        answer = connection.ask(f"/api/after/{style}?key={notes.key}&gate={gate}")
        assert (answer.body, answer.whole) == (b'{"answered":true}', True)
        assert notes.wait_for("started") == ["started"]
        assert connection.ask("/api/hello").status == 200  # the connection does not wait for it
        gate.touch()
        assert notes.wait_for("done") == ["started", "done"]


def test_runs_after_the_last_chunk_of_a_stream(site: Site, notes: Notes) -> None:
    assert site.ask(f"/api/after/stream?key={notes.key}").whole
    assert notes.wait_for("after") == ["streamed", "after"]


def test_failure_is_logged_and_the_next_function_runs(site: Site, notes: Notes) -> None:
    assert site.ask(f"/api/after/failing?key={notes.key}").status == 200
    notes.wait_for("next one ran")
    wait_until(lambda: "RuntimeError: the afterthought failed" in site.log(), "the failure in the log")


def test_runs_for_an_answer_that_an_error_replaced(site: Site, notes: Notes) -> None:
    """NEXTJS: `after` runs also when an error is thrown."""
    assert site.ask(f"/api/after/error?key={notes.key}").status == 500
    notes.wait_for("after an error")
