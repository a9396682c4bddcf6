"""`Cors` beside the npm package `cors` itself: the same options and requests, one Node process, every header compared in order."""

import itertools
import json
import re
import subprocess
from typing import Any

import pytest

from middleware.fakes import FakeRequest, FakeResponse, Pool
from node import NPM, find_node
from slugline.middleware import Cors

# JSON cannot carry a pattern or a function: {"regex": source}, {"gives": what the function gives}, {"error": what it fails with}.
ORIGINS: list[Any] = [
    None,  # the option is left out
    "*",
    "https://a.example",
    "",
    True,
    False,
    [],
    ["https://a.example", "https://b.example"],
    {"regex": r"\.example$"},
    {"regex": "^https://[ab]"},
    {"regex": "a"},
    ["https://a.example", {"regex": r"\.trusted\.example$"}],
    {"gives": True},
    {"gives": False},
    {"gives": None},
    {"gives": "https://b.example"},
    {"gives": "*"},
    {"gives": ["https://b.example", {"regex": "a"}]},
    {"error": "Not allowed by CORS"},
]

OPTIONS: list[dict[str, Any]] = [
    {},
    {"credentials": True},
    {"credentials": False, "methods": ["GET", "HEAD"]},
    {"methods": "GET, PUT", "max_age": 0},
    {"methods": [], "allowed_headers": []},
    {"methods": "", "allowed_headers": ""},
    {"allowed_headers": ["X-A", "Content-Type"], "max_age": 600},
    {"allowed_headers": "X-B,Authorization", "max_age": "86400"},
    {"exposed_headers": ["X-Total", "X-Page"], "max_age": ""},
    {"exposed_headers": "X-Only", "options_success_status": 200},
    {"exposed_headers": [], "preflight_continue": True},
    {"exposed_headers": "", "preflight_continue": False, "max_age": -1},
    {
        "credentials": True,
        "methods": ["GET"],
        "allowed_headers": ["X-A"],
        "exposed_headers": ["X-E"],
        "max_age": 60,
        "options_success_status": 204,
    },
]

REQUESTS: list[tuple[str, dict[str, str], Any]] = [
    ("GET", {}, None),
    ("GET", {"origin": "https://a.example"}, None),
    ("POST", {"origin": "https://B.example"}, None),
    ("HEAD", {"origin": "https://q.trusted.example"}, "Accept"),
    ("GET", {"origin": "null"}, "origin"),
    ("DELETE", {"origin": ""}, "*"),
    ("PATCH", {"origin": "https://a.example"}, "X-Origin"),
    ("OPTIONS", {}, None),
    ("OPTIONS", {"origin": "https://a.example"}, "Origin, Accept"),
    ("OPTIONS", {"origin": "https://a.example", "access-control-request-headers": "X-One, x-two"}, None),
    ("OPTIONS", {"origin": "https://evil.test", "access-control-request-headers": ""}, "access-control-request-headers"),
    ("OPTIONS", {"origin": "https://b.example", "access-control-request-method": "PUT"}, ["Accept", "Cookie"]),
]


def _cases() -> list[dict[str, Any]]:
    cases = []
    for origin, options, (method, headers, vary) in itertools.product(ORIGINS, OPTIONS, REQUESTS):
        if options.get("credentials") and origin in (None, "*", {"gives": "*"}):
            continue  # refused here, sent there
        given = options if origin is None else {"origin": origin, **options}
        cases.append({"options": given, "method": method, "headers": headers, "vary": vary})
    return cases


@pytest.fixture(scope="module")
def node() -> str:
    return find_node()


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _ask_npm(node: str, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    renamed = [case | {"options": {_camel_case(name): value for name, value in case["options"].items()}} for case in cases]
    outcome = subprocess.run(
        [node, "compare_cors.cjs"], cwd=NPM, input=json.dumps(renamed), capture_output=True, text=True, timeout=60, check=True
    )
    answers: list[dict[str, Any]] = json.loads(outcome.stdout)
    return answers


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "regex" in value:
        return re.compile(value["regex"])

    async def function(origin: str | None, req: Any) -> Any:
        if "error" in value:
            raise PermissionError(value["error"])
        return _decode(value["gives"])

    return function


async def _ask_ours(case: dict[str, Any], pool: Pool) -> dict[str, Any]:
    cors = Cors(**{name: _decode(value) for name, value in case["options"].items()})
    response = FakeResponse({} if case["vary"] is None else {"Vary": case["vary"]})
    calls: list[Any] = []
    error = None
    try:
        await cors(FakeRequest(case["method"], case["headers"], pool), response, lambda error=None: calls.append(error))
    except PermissionError as raised:
        error = str(raised)
    return {
        "status": response.status_code if response.ended else None,
        "went_on": calls == [None],
        "error": error,
        "headers": [list(field) for field in response.fields.items()],
    }


async def test_the_same_headers_in_the_same_order(node: str, pool: Pool):
    cases = _cases()
    assert len(cases) > 2000
    answers = _ask_npm(node, cases)
    different = []
    for case, theirs in zip(cases, answers, strict=True):
        ours = await _ask_ours(case, pool)
        if ours != theirs:
            different.append((case, ours, theirs))
    assert different == []
    # The comparison would be worth nothing if every case took the same way.
    assert {(answer["status"], answer["went_on"], answer["error"]) for answer in answers} == {
        (None, True, None),
        (204, False, None),
        (200, False, None),
        (None, False, "Not allowed by CORS"),
    }
