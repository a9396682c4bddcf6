import pytest
from results import Results, Spread
from targets import Verdict, count_reached, judge, write_number, write_spread

from benchmark_samples import make_results


def find(results: Results, promise: str, task: int = 1) -> Verdict:
    return next(verdict for verdict in judge(results) if verdict.task == task and promise in verdict.promise)


@pytest.mark.parametrize(
    ("ours", "word"),
    [(30.0, "reached"), (25.0, "reached"), (20.0, "**MISSED** by 20.0%"), (24.999, "**MISSED** by 0.1%")],
)
def test_a_ratio_that_should_be_large(ours: float, word: str):
    assert find(make_results({"slugline": ours, "fastapi": 10.0}), "FastAPI").word == word


@pytest.mark.parametrize(("ours", "word"), [(4.0, "reached"), (5.0, "reached"), (6.0, "**MISSED** by 20.0%")])
def test_a_ratio_that_should_be_small(ours: float, word: str):
    results = make_results({"slugline": ours, "fastapi": 10.0}, task="start", figure="start")
    assert find(results, "FastAPI", 11).word == word


@pytest.mark.parametrize(("ours", "word"), [(0.35, "reached"), (0.7, "reached"), (0.77, "**MISSED** by 10.0%")])
def test_a_figure_by_itself(ours: float, word: str):
    assert find(make_results({"slugline": ours}, task="blocking", figure="seconds"), "answered", 10).word == word


def test_the_nearest_peer_counts():
    verdict = find(make_results({"slugline": 30, "fastapi": 10, "swift": 40, "bare": 100, "next": 200}), "ahead")
    assert verdict.measured == "0.75 of Swift & Sons"
    assert verdict.word == "**MISSED** by 25.0%"


def test_the_nearest_peer_in_a_latency():
    verdict = find(make_results({"slugline": 3, "fastapi": 10, "swift": 4}, task="stream", figure="p99"), "99th", 7)
    assert verdict.measured == "0.75 of Swift & Sons"
    assert verdict.reached


def test_a_peer_that_failed_is_no_peer_to_be_ahead_of():
    results = make_results({"slugline": 30, "fastapi": 10, "swift": 40})
    results.errors = {"swift": {"async": "answered with 500"}}
    assert find(results, "ahead").measured == "3.00 of FastAPI, uvicorn"


def test_nothing_measured_is_not_reached():
    verdicts = judge(Results())
    assert {verdict.word for verdict in verdicts} == {"not measured"}
    assert not any(verdict.reached for verdict in verdicts)
    assert count_reached(verdicts) == (0, 0)
    assert {verdict.task for verdict in verdicts} == set(range(1, 15))


def test_what_is_measured_once_for_a_run():
    results = Results(files={"many_start": 2000.0, "match": 1.5}, reload={"slugline dev": {"p95": 80.0}})
    words = {verdict.promise: verdict.word for verdict in judge(results) if verdict.missed_by is not None}
    assert list(words.values()) == ["reached", "**MISSED** by 15.4%", "reached"]


@pytest.mark.parametrize(
    ("value", "text"), [(12345.6, "12,346"), (100, "100"), (99.94, "99.9"), (10, "10.0"), (1.234, "1.23"), (0, "0.00"), (-123.4, "-123")]
)
def test_numbers(value: float, text: str):
    assert write_number(value) == text


def test_spreads():
    assert write_spread(Spread(1, 0.5, 2), "MiB") == "1.00 MiB (0.50–2.00)"
    assert write_spread(Spread(1, 1, 1)) == "1.00"
    assert write_spread(None) == ""
