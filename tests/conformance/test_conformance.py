"""The recorded projects answer what Next.js answered, on each server.

A case of tier contract is compared as a whole. An accident is compared with what Python should answer: the case's own
check, or accidents.json where it has none. Where Slugline differs on purpose, differences.json says from what and why.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.conftest import StartSite
from conformance.replay import Answer, Case, Options, compare, compare_sensible, exchange, read_cases, run_case
from servers import STARTERS

# `edge` is another runtime, and of `dev` the recording has what React's own error page shows.
APPS = ("main", "routes", "base", "slash", "both", "flags", "allmw")
HERE = Path(__file__).parent
CASES = {case["id"]: case for case in read_cases() if case["app"] in APPS}
DIFFERENCES: dict[str, dict[str, Any]] = json.loads((HERE / "differences.json").read_text(encoding="utf-8"))
ACCIDENTS: dict[str, Any] = json.loads((HERE / "accidents.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("name", STARTERS)
def test_case(start_site: StartSite, name: str, case: Case) -> None:
    server = start_site(name, case["app"])
    processes = server.process_ids()
    answer, places = run_case(server.base_url, case)
    assert find_problems(case, answer, places) == [], case.get("note")
    assert server.process_ids() == processes, "a worker died"


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("name", STARTERS)
def test_nothing_failed_unseen(start_site: StartSite, name: str, app: str) -> None:
    server = start_site(name, app)
    assert exchange(server.base_url, {"path": "/robots.txt"}).status in (200, 308, 404)
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
