"""A handler that fails: a status and a plain phrase for the client, everything for the log, and the worker lives."""

import pytest

from behaviour.sites import Site, read_worker

UNEXPECTED = {
    # kind of exception: how the log names it
    "exception": "Exception: hidden-word-91c2",
    "value-error": "ValueError: hidden-word-91c2",
    "system-exit": "SystemExit: hidden-word-91c2",
    "system-exit-0": "SystemExit: 0",
    "keyboard-interrupt": "KeyboardInterrupt: hidden-word-91c2",
    "cancelled": "CancelledError: hidden-word-91c2",
    "memory": "MemoryError: hidden-word-91c2",
    "recursion": "RecursionError",
    "generator-exit": "GeneratorExit: hidden-word-91c2",
    "stop-iteration": "StopIteration",
    "stop-async-iteration": "StopAsyncIteration",
    "group": "ExceptionGroup: hidden-word-91c2 (2 sub-exceptions)",
    "base-group": "BaseExceptionGroup: hidden-word-91c2 (1 sub-exception)",
    "base": "BaseException: hidden-word-91c2",
    "mute": "Mute",
    "unprintable": "Unprintable",
    "os-error": "FileNotFoundError: [Errno 2] hidden-word-91c2",
    "timeout": "TimeoutError: hidden-word-91c2",
    "unicode": "UnicodeDecodeError",
    "invalid-header": "InvalidHeader: hidden-word-91c2",
}


@pytest.mark.parametrize("style", ["", "plain/"])
@pytest.mark.parametrize("kind", UNEXPECTED)
def test_unexpected_exception(site: Site, style: str, kind: str) -> None:
    worker = read_worker(site)["pid"]
    seen = len(site.log())
    answer = site.ask(f"/api/errors/{style}{kind}")
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    assert answer.header("x-handler") is None
    everything = answer.body + b"".join(f"{name}: {value}".encode() for name, value in answer.fields)
    assert not any(word in everything for word in (b"hidden", b"Traceback", b".py", b"/work"))
    log = site.log()[seen:]
    assert UNEXPECTED[kind] in log
    assert f"GET /api/errors/{style}{kind} failed (pages/api/errors/{style}[kind].py)" in log
    assert 'lib_errors.py", line' in log  # the traceback down to the line
    assert site.ask("/api/hello").status == 200
    assert read_worker(site)["pid"] == worker


EXPECTED = [
    ("api", 418, b'{"error":"a teapot"}', None),
    ("api-headers", 401, b'{"error":"who are you?"}', "Basic"),
    ("api-silent", 503, b'{"error":"Service Unavailable"}', None),
    ("bad-request", 400, b"not like this", None),
]


@pytest.mark.parametrize("style", ["", "plain/"])
@pytest.mark.parametrize(("kind", "status", "body", "challenge"), EXPECTED)
def test_exception_that_is_an_answer(site: Site, style: str, kind: str, status: int, body: bytes, challenge: str | None) -> None:
    seen = len(site.log())
    answer = site.ask(f"/api/errors/{style}{kind}")
    assert (answer.status, answer.body, answer.header("www-authenticate")) == (status, body, challenge)
    assert "failed" not in site.log()[seen:]


@pytest.mark.parametrize("style", ["", "plain/"])
def test_client_disconnected_raised_by_hand_has_no_answer_of_the_handlers(site: Site, style: str) -> None:
    assert site.ask(f"/api/errors/{style}client-disconnected").status == 500
