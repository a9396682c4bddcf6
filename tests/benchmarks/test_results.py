from hypothesis import given
from hypothesis import strategies as st
from results import Figures, Results, Spread, read_results, spread_of

from benchmark_samples import make_results

names = st.text(max_size=5)
figures = st.dictionaries(names, st.floats(allow_nan=False), max_size=3)
rounds_of_a_run = st.dictionaries(names, st.dictionaries(names, figures, max_size=2), max_size=2)


def test_a_ratio_is_formed_within_a_round():
    # The machine was ten times as fast in the second round: the ratio of the medians would be 2.
    results = make_results({"slugline": 20, "fastapi": 10}, {"slugline": 300, "fastapi": 100}, {"slugline": 20, "fastapi": 5})
    assert results.compare(("async", "slugline", "rate"), ("async", "fastapi", "rate")) == Spread(3.0, 2.0, 4.0)


def test_a_round_without_one_of_the_two_does_not_count():
    results = make_results({"slugline": 20, "fastapi": 10}, {"slugline": 300}, {"fastapi": 5})
    assert results.compare(("async", "slugline", "rate"), ("async", "fastapi", "rate")) == Spread(2.0, 2.0, 2.0)


def test_nothing_to_compare():
    assert make_results({"slugline": 20}).compare(("async", "slugline", "rate"), ("async", "fastapi", "rate")) is None


def test_a_zero_is_not_divided_by():
    assert make_results({"slugline": 20, "fastapi": 0}).compare(("async", "slugline", "rate"), ("async", "fastapi", "rate")) is None


def test_a_task_that_failed_once_has_no_figures():
    results = make_results({"slugline": 20, "fastapi": 10})
    results.errors = {"fastapi": {"async": "answered with 500"}}
    assert results.find("async", "fastapi", "rate") == []
    assert results.find("async", "slugline", "rate") == [20]


def test_spread():
    assert spread_of([3, 1, 2, 10]) == Spread(2.5, 1, 10)
    assert spread_of([]) is None


@given(
    rounds=st.lists(st.dictionaries(st.text(max_size=5), st.dictionaries(st.text(max_size=5), figures, max_size=2), max_size=2)),
    files=figures,
)
def test_what_was_written_is_read_again(tmp_path_factory, rounds: list[dict[str, dict[str, Figures]]], files: Figures):
    results = Results(machine={"a": "ü"}, programs=make_results().programs, tasks={"async": "1."}, rounds=rounds, files=files)
    file = tmp_path_factory.mktemp("results") / "results.json"
    file.write_text(results.to_json())
    assert read_results(file) == results
