"""A file whose import never ends holds nothing up but itself."""

import sys
import threading
from pathlib import Path

import pytest

from slugline.dev import loading
from slugline.dev.loading import find_own_line, run_on_own_thread

FILE = "def wait(event):\n    event.wait(30)\n"


async def test_what_a_function_gives_and_raises() -> None:
    assert await run_on_own_thread(lambda: 5, lambda thread: None) == 5
    with pytest.raises(ZeroDivisionError):
        await run_on_own_thread(lambda: 1 / 0, lambda thread: None)
    with pytest.raises(SystemExit):
        await run_on_own_thread(lambda: sys.exit(3), lambda thread: None)


async def test_a_slow_one_is_told_of_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "SLOW_SECONDS", 0.05)
    path = tmp_path / "pages/api/model.py"
    path.parent.mkdir(parents=True)
    path.write_text(FILE)
    names: dict[str, object] = {}
    exec(compile(FILE, str(path), "exec"), names)
    event = threading.Event()
    places: list[str | None] = []

    def tell(thread: int) -> None:
        places.append(find_own_line(thread, tmp_path))
        event.set()

    await run_on_own_thread(lambda: names["wait"](event), tell)  # type: ignore[operator]
    assert places == ["pages/api/model.py, line 2"]


def test_a_thread_that_is_elsewhere_has_no_line(tmp_path: Path) -> None:
    assert find_own_line(threading.get_ident(), tmp_path) is None
    assert find_own_line(0, tmp_path) is None
