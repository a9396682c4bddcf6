from report import write_report, write_table
from results import Results

from benchmark_samples import make_results

RATES = {"slugline": 30_000.0, "bare": 40_000.0, "fastapi": 10_000.0}


def find_lines(report: str, heading: str) -> list[str]:
    return report.partition(f"## {heading}\n")[2].partition("\n## ")[0].strip().splitlines()


def test_the_table_of_a_task_has_the_best_first():
    lines = find_lines(write_report(make_results(RATES, RATES | {"slugline": 32_000.0})), "1. Hello, `async def`")
    assert lines == [
        "|                               | requests/s |       min–max |       × Slugline | p99, ms |",
        "| ----------------------------- | ---------: | ------------: | ---------------: | ------: |",
        "| bare ASGI, Granian            |     40,000 | 40,000–40,000 | 1.29 (1.25–1.33) |         |",
        "| **Slugline (slugline start)** |     31,000 | 30,000–32,000 |             1.00 |         |",
        "| FastAPI, uvicorn              |     10,000 | 10,000–10,000 | 0.32 (0.31–0.33) |         |",
    ]


def test_less_is_better_where_time_counts():
    results = make_results({"slugline": 300.0, "fastapi": 900.0, "swift": 200.0}, task="start", figure="start")
    rows = find_lines(write_report(results), "1. Hello, `async def`")[4:]
    assert [row.split("|")[1].strip() for row in rows] == ["Swift & Sons", "**Slugline (slugline start)**", "FastAPI, uvicorn"]


def test_a_failure_is_told_and_left_out_of_the_table():
    results = make_results(RATES)
    results.errors = {"fastapi": {"async": "answered with 500\n`a|b`"}}
    report = write_report(results)
    assert not any("FastAPI" in line for line in find_lines(report, "1. Hello, `async def`"))
    assert "| FastAPI, uvicorn | 1. Hello, `async def` | `answered with 500 a/b` |" in report


def test_the_machine_and_the_versions_are_told():
    report = write_report(make_results(RATES))
    assert "- processor: a slow one" in report
    assert "fastapi 0.165.0" in report
    assert "2 of 3 measured targets reached" in report


def test_tasks_that_are_measured_once():
    files = {"few_start": 200.0, "many_start": 2000.0, "few_memory": 30.0, "many_memory": 90.0, "match": 1.1}
    reload = {"slugline dev": {"p50": 20.0, "p95": 30.0, "max": 40.0, "start": 300.0}}
    report = write_report(Results(tasks={"files": "13. Files", "reload": "14. Save"}, files=files, reload=reload))
    assert "| start to first answer, ms |            200 |  2,000 |" in find_lines(report, "13. Files")
    assert find_lines(report, "14. Save")[-1].split("|")[1:3] == [" slugline dev ", "                    20.0 "]


def test_an_empty_run_is_a_report():
    assert write_report(Results()).startswith("# Results\n")


def test_a_table_without_rows():
    assert write_table(["a", "program"], []) == "| a   | program |\n| --- | ------: |"
