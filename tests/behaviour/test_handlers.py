"""`def` and `async def` handlers, method functions, context variables."""

import json

import pytest

from behaviour.sites import Site
from behaviour.wire import run_together


def test_async_handler_runs_on_the_loop(site: Site) -> None:
    threads = {json.loads(site.ask("/api/handlers/coroutine").body)["thread"] for _ in range(5)}
    assert len(threads) == 1


def test_plain_handler_runs_on_a_worker_thread(site: Site) -> None:
    loop = json.loads(site.ask("/api/handlers/coroutine").body)["thread"]
    assert json.loads(site.ask("/api/handlers/plain").body)["thread"] != loop


def test_coroutine_that_a_plain_function_gives_back_runs_on_the_loop(site: Site) -> None:
    loop = json.loads(site.ask("/api/handlers/coroutine").body)["thread"]
    answer = json.loads(site.ask("/api/handlers/decorated").body)
    assert (answer["user"], answer["thread"]) == ("ada", loop)
    assert answer["wrapped_in"] != loop


def test_coroutine_that_a_plain_function_gives_back_may_fail(site: Site) -> None:
    answer = site.ask("/api/handlers/decorated", "POST")
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    assert "a secret of the decorated handler" in site.log()


METHODS = [
    # path, method, status, x-by, allow, body
    ("some", "GET", 200, "GET", None, b'{"method":"GET"}'),
    ("some", "HEAD", 200, "GET", None, b""),
    ("some", "POST", 201, None, None, b'{"method":"POST"}'),
    ("some", "OPTIONS", 204, None, "GET, HEAD, OPTIONS, POST", b""),
    ("some", "DELETE", 405, None, "GET, HEAD, OPTIONS, POST", b"Method Not Allowed"),
    ("some", "PURGE", 405, None, "GET, HEAD, OPTIONS, POST", b"Method Not Allowed"),
    ("own", "HEAD", 200, "HEAD", None, b""),
    ("own", "OPTIONS", 200, "OPTIONS", None, b"options"),
    ("own", "POST", 405, None, "GET, HEAD, OPTIONS", b"Method Not Allowed"),
]


@pytest.mark.parametrize(("path", "method", "status", "by", "allow", "body"), METHODS)
def test_method_functions(site: Site, path: str, method: str, status: int, by: str | None, allow: str | None, body: bytes) -> None:
    answer = site.ask(f"/api/methods/{path}", method)
    assert (answer.status, answer.header("x-by"), answer.header("allow"), answer.body) == (status, by, allow, body)


def test_context_variables_reach_a_plain_handler_and_stay_in_their_request(site: Site) -> None:
    answers = run_together(8, lambda number: site.ask(f"/api/context/x?user=user-{number}"))
    assert [json.loads(answer.body)["user"] for answer in answers] == [f"user-{number}" for number in range(8)]


def test_cookies_are_parsed_when_they_are_asked_for(site: Site) -> None:
    answer = site.ask("/api/handlers/lazy", fields=[("Cookie", "a=1; b=2")])
    assert json.loads(answer.body) == {"before": False, "cookie": "1", "after": True}


def test_second_answer_is_an_error_in_the_log_and_the_first_stands(site: Site) -> None:
    answer = site.ask("/api/twice")
    assert (answer.status, answer.body) == (200, b'{"answer":1}')
    assert "AlreadyAnswered" in site.log()


@pytest.mark.parametrize("path", ["silent/nothing", "silent/plain"])
def test_handler_that_answers_nothing_gets_500_and_a_line_with_file_and_line(site: Site, path: str) -> None:
    answer = site.ask(f"/api/{path}")
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    assert f"pages/api/{path}.py, line 1, answered GET /api/{path} with nothing" in site.log()


@pytest.mark.parametrize("path", ["silent/late", "silent/late-thread"])
def test_answer_may_come_after_the_handler_has_returned(site: Site, path: str) -> None:
    assert site.ask(f"/api/{path}").body == b'{"late":true}'


def test_answer_that_never_comes_is_given_up(small_site: Site) -> None:
    assert small_site.ask("/api/silent/held").status == 500
