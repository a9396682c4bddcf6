"""The project `main` answers what Next.js answered, on each server.

A case of tier contract is compared as a whole. An accident is compared with what Python should answer: the case's own
check, or accidents.json where it has none. Where Slugline differs on purpose, differences.json says from what and why.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.replay import Answer, Case, Options, compare, compare_sensible, exchange, read_cases, run_case
from servers import Server

AREAS = {
    "routing", "slashes", "query", "methods", "request", "cookies", "body", "limits", "send", "json",
    "status", "redirect", "low", "errors", "hang", "stream", "etag", "compress", "cors", "preview", "pages", "preview-pages", "revalidate", "public",
}  # fmt: skip
HERE = Path(__file__).parent
CASES = {case["id"]: case for case in read_cases() if case["app"] == "main" and case["area"] in AREAS}
DIFFERENCES: dict[str, dict[str, Any]] = json.loads((HERE / "differences.json").read_text(encoding="utf-8"))
ACCIDENTS: dict[str, Any] = json.loads((HERE / "accidents.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_case(server: Server, case: Case) -> None:
    processes = server.process_ids()
    answer, places = run_case(server.base_url, case)
    assert find_problems(case, answer, places) == [], case.get("note")
    assert server.process_ids() == processes, "a worker died"


def test_still_answers(server: Server) -> None:
    assert exchange(server.base_url, {"path": "/api/hello"}).status == 200


def test_nothing_failed_unseen(server: Server) -> None:
    log = server.log()
    assert [phrase for phrase in ("never awaited", "never retrieved", "Exception in callback", "panicked") if phrase in log] == []


def find_problems(case: Case, answer: Answer, places: list[tuple[str, str]]) -> list[str]:
    check = find_check(case)
    return compare(case, answer, Options(), places) if check == "recorded" else compare_sensible(check, answer, places)


def find_check(case: Case) -> Any:
    """Give the description of the right answer, or "recorded" where that is the one of Next.js."""
    if case["id"] in DIFFERENCES:
        return DIFFERENCES[case["id"]]["expect"]
    if case["tier"] == "contract" or (case["tier"] == "framework" and case["id"] not in ACCIDENTS):
        return "recorded"
    return case["sensible"] if "sensible" in case else ACCIDENTS[case["id"]]


@pytest.mark.parametrize("case_id", DIFFERENCES)
def test_difference_has_a_case_and_a_reason(case_id: str) -> None:
    assert case_id in CASES
    assert DIFFERENCES[case_id]["reason"]
    assert DIFFERENCES[case_id]["expect"]


def test_accidents_without_a_check_are_settled() -> None:
    unchecked = {case_id for case_id, case in CASES.items() if case["tier"] == "accident" and "sensible" not in case}
    framework = {case_id for case_id, case in CASES.items() if case["tier"] == "framework"}
    assert ACCIDENTS.keys() - framework == unchecked - DIFFERENCES.keys()
    assert all(ACCIDENTS.values())
