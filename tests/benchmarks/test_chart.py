from xml.etree import ElementTree

from chart import WIDTH, draw_chart
from results import Results

from benchmark_samples import make_results

SVG = "{http://www.w3.org/2000/svg}"
RATES = {"slugline": 30_000.0, "bare": 40_000.0, "fastapi": 10_000.0, "swift": 15_000.0}


def find_bars(results: Results) -> dict[str, float]:
    """Give the length of each program's bar in a chart of one task."""
    panel = next(ElementTree.fromstring(draw_chart(results)).iter(f"{SVG}g"))
    names = [text.text or "" for text in panel.iter(f"{SVG}text") if text.get("text-anchor") == "end"]
    lengths = [float(bar.get("width", "")) for bar in panel.iter(f"{SVG}rect")]
    return dict(zip(names, lengths, strict=True))


def test_a_bar_is_as_long_as_the_ratio():
    bars = find_bars(make_results(RATES))
    assert list(bars) == ["bare ASGI, Granian", "Slugline (slugline start)", "Swift & Sons", "FastAPI, uvicorn"]
    lengths = list(bars.values())
    assert [round(length / lengths[1], 2) for length in lengths] == [1.33, 1.0, 0.5, 0.33]


def test_one_slow_program_does_not_make_points_of_the_others():
    bars = find_bars(make_results({"slugline": 1, "fastapi": 2, "swift": 1000}, task="start", figure="start"))
    assert bars["Swift & Sons"] / bars["FastAPI, uvicorn"] == 4
    assert max(bars.values()) < WIDTH


def test_what_failed_has_no_bar():
    results = make_results(RATES)
    results.errors = {"swift": {"async": "answered with 500"}}
    assert "Swift & Sons" not in find_bars(results)


def test_a_task_without_slugline_has_no_panel():
    assert "<g " not in draw_chart(make_results({"fastapi": 1.0}))


def test_an_empty_run_is_a_picture():
    assert ElementTree.fromstring(draw_chart(Results())).tag == f"{SVG}svg"
