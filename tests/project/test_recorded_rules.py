"""The rules of the recorded apps beside what Next.js answered: the Location, the headers and the rewritten query of each case.

Only the rules are asked, not a server: tests/conformance/ does that. Accidents are left out, and what no rule decides.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.replay import Case, read_cases
from routing.rule_fakes import FakeView
from slugline.project.config import ProjectConfig, load_config
from slugline.project.imports import begin_imports
from slugline.routing.rules import RuleBook, collect_headers, find_redirect, find_rewrite

PROJECTS = Path(__file__).parent.parent / "conformance" / "projects"
CASES = [case for case in read_cases() if case["tier"] == "contract" and not case["request"].get("raw")]


def of_area(area: str) -> dict[str, Case]:
    return {case["id"]: case for case in CASES if case["area"] == area}


@pytest.fixture(autouse=True, scope="module")
def clean_imports() -> Iterator[None]:
    path, names = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - names:
        del sys.modules[name]


@pytest.fixture(scope="module")
def config() -> ProjectConfig:
    begin_imports(PROJECTS / "routes")
    return load_config(PROJECTS / "routes")


@pytest.fixture(scope="module")
def book(config: ProjectConfig) -> RuleBook:
    return RuleBook(
        headers=config.headers,
        redirects=config.redirects,
        before_files=config.before_files,
        after_files=config.after_files,
        fallback=config.fallback,
    )


def view_of(case: Case) -> FakeView:
    path, _, query = case["request"]["path"].partition("?")
    return FakeView(path, query, {name.lower(): value for name, value in case["request"].get("headers", [])})


REDIRECTS = of_area("config-redirects")


@pytest.mark.parametrize("case", REDIRECTS.values(), ids=REDIRECTS.keys())
def test_redirect(book: RuleBook, case: Case) -> None:
    location = dict(case["response"]["headers"]).get("location")
    if case["id"].endswith("/trailing-first"):
        location = "/api/target"  # the slash has its own redirect, before
    found = find_redirect(book.redirects, view_of(case))
    assert (found and found.location) == location
    if found is not None and not case["id"].endswith("/trailing-first"):
        assert found.status == case["response"]["status"]
        assert book.may_match(view_of(case).path)


HEADERS = of_area("config-headers")
# What the handler set itself, or the recorded answer has from elsewhere.
NOT_OF_RULES = {"content-type", "etag", "content-length", "vary", "transfer-encoding", "x-mw", "x-powered-by", "cache-control", "x-over"}


@pytest.mark.parametrize("case", HEADERS.values(), ids=HEADERS.keys())
def test_headers(book: RuleBook, case: Case) -> None:
    recorded: dict[str, Any] = {}
    for name, value in case["response"]["headers"]:
        if name == "set-cookie":
            recorded.setdefault(name, []).append(value)
        elif name.startswith("x-") and not name.startswith("x-nextjs"):
            recorded[name] = value
    found = collect_headers(book.headers, view_of(case))
    # A handler's own cookie or header is added later, so what rules give has to be in the answer, and nothing else of theirs.
    assert {name: value for name, value in found.items() if name not in NOT_OF_RULES} == {
        name: value for name, value in recorded.items() if name not in NOT_OF_RULES
    }


# The cases in which a rewrite leads to the route api/target, whose answer says with which query.
REWRITES = {
    case_id: case
    for case_id, case in of_area("config-rewrites").items()
    if (case["response"].get("body") or "").startswith('{"route":"/api/target/')
}


@pytest.mark.parametrize("case", REWRITES.values(), ids=REWRITES.keys())
def test_rewrite(book: RuleBook, case: Case) -> None:
    request: Any = view_of(case)
    for rules in (book.before_files, book.after_files, book.fallback):
        start = 0
        while (found := find_rewrite(rules, request, start)) is not None:
            request, start = found.request, found.position + 1
            if request.path.startswith("/api/target") and rules is not book.before_files:
                break
    rest = request.path.removeprefix("/api/target").strip("/")
    params = {"p": rest.split("/")} if rest else {}
    assert {**request.query, **params} == json.loads(case["response"]["body"])["query"]


def test_there_are_cases() -> None:
    assert (len(REDIRECTS), len(HEADERS), len(REWRITES)) > (40, 25, 15)
