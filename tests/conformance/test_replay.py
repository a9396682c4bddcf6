"""The comparison finds what differs, and only that."""

import dataclasses
from typing import Any

import pytest

from conformance.replay import Answer, Case, Options, compare, compare_sensible, main
from servers import Server

CASE: Case = {
    "area": "json",
    "request": {"path": "/api/echo"},
    "response": {
        "outcome": "response",
        "status": 200,
        "headers": [
            ["content-type", "application/json; charset=utf-8"],
            ["etag", '"abc"'],
            ["vary", "Origin"],
            ["set-cookie", "a=1; Path=/; Secure"],
        ],
        "body": '{"n":1,"body":"","bodyType":"string","url":"/api/echo?a=+"}',
    },
}
SAME = Answer(
    status=200,
    headers=[
        ("Content-Type", "application/json;charset=UTF-8"),
        ("ETag", '"other"'),
        ("Vary", "origin, Accept-Encoding"),
        ("Set-Cookie", "a=1; secure; path=/"),
        ("Date", "today"),
    ],
    body=b'{"url": "/api/echo", "body": null, "bodyType": "null", "n": 1.0}',
)


def with_header(name: str, *values: str) -> Answer:
    kept = [(key, value) for key, value in SAME.headers if key != name]
    return dataclasses.replace(SAME, headers=kept + [(name, value) for value in values])


def test_same_to_a_client_is_no_problem() -> None:
    assert compare(CASE, SAME, Options(), []) == []


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (dataclasses.replace(SAME, status=201), "status: expected 200, got 201"),
        (dataclasses.replace(SAME, outcome="partial"), "outcome: expected response, got partial (status 200)"),
        (with_header("ETag"), "missing header etag"),
        (with_header("ETag", 'W/"abc"'), "header etag"),
        (with_header("Vary", "Accept-Encoding"), "missing header vary"),
        (with_header("Set-Cookie", "a=2; Path=/; Secure"), "header set-cookie"),
        (with_header("Set-Cookie", "a=1; Path=/; Secure", "b=2"), "header set-cookie"),
        (with_header("Content-Type", "text/json"), "header content-type"),
        (with_header("X-Other", "1"), "unexpected header x-other"),
        (dataclasses.replace(SAME, body=SAME.body.replace(b"1.0", b"true")), "json body"),
        (dataclasses.replace(SAME, body=SAME.body.replace(b"/api/echo", b"/api/other")), "json body"),
        (dataclasses.replace(SAME, body=b"<html>"), "body is not JSON"),
    ],
)
def test_differences_are_found(answer: Answer, problem: str) -> None:
    [found] = compare(CASE, answer, Options(), [])
    assert found.startswith(problem)


@pytest.mark.parametrize("option", ["vary", "dump"])
def test_options_take_a_tolerance_away(option: str) -> None:
    assert compare(CASE, SAME, dataclasses.replace(Options(), **{option: True}), []) != []


@pytest.mark.parametrize(
    ("check", "problems"),
    [
        ({"status": [200, 201], "headers": {"etag": "re:^W/", "x-none": None}, "body": "{}"}, []),
        ({"outcome": "any"}, []),
        ({"outcome": "timeout"}, ["outcome: expected timeout, got response"]),
        ({"status": 404}, ["status: expected one of [404], got 200"]),
        ({"headers": {"etag": None}}, ["header etag should be absent, got 'W/\"a\"'"]),
        ({"headers": {"etag": '"a"'}}, ["header etag: expected '\"a\"', got 'W/\"a\"'"]),
        ({"body_not": "{"}, ["body contains '{'"]),
        ({"json": {"a": 1}}, ['json: expected {"a": 1}, got {}']),
        ({"json_has": {"a": 1}}, ["json[a]: expected 1, got null"]),
    ],
)
def test_described_answers(check: dict[str, Any], problems: list[str]) -> None:
    answer = Answer(status=200, headers=[("ETag", 'W/"a"')], body=b"{}")
    assert compare_sensible(check, answer, []) == problems


def test_program(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([server.base_url, "--id", "routing/static", "-v"]) == 0
    assert "PASS contract  routing/static" in capsys.readouterr().out
    assert main([server.base_url, "--id", "routing/underscore-file"]) == 1
    assert "status: expected 200, got 404" in capsys.readouterr().out
