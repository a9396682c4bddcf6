"""register() and shutdown() of instrumentation.py: what they raise is told, whatever it is, and ends no worker by itself."""

import logging
import re
from pathlib import Path

import pytest

from slugline.errors import RouteModuleError
from slugline.testing import TestClient
from user_modules import own_modules

RAISED = {
    "an error": ("raise ValueError('no database')", "ValueError: no database"),
    "an end": ("raise SystemExit('no database')", "SystemExit: no database"),
    "an interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
}


def write(root: Path, instrumentation: str) -> None:
    (root / "pages/api").mkdir(parents=True)
    (root / "pages/api/hello.py").write_text("def handler(req, res):\n    res.json({})\n")
    (root / "instrumentation.py").write_text(instrumentation)


@pytest.mark.parametrize("define", ["def", "async def"])
@pytest.mark.parametrize(("statement", "said"), RAISED.values(), ids=RAISED)
class TestWhatIsRaised:
    def test_by_register_stops_the_start(self, tmp_path: Path, define: str, statement: str, said: str) -> None:
        write(tmp_path, f"{define} register():\n    {statement}\n")
        expected = re.escape(f"register() of instrumentation.py failed: {said}")
        with own_modules(), pytest.raises(RouteModuleError, match=expected), TestClient(tmp_path):
            raise AssertionError("It started.")

    def test_by_shutdown_is_logged(self, tmp_path: Path, caplog: pytest.LogCaptureFixture, define: str, statement: str, said: str) -> None:
        write(tmp_path, f"{define} shutdown():\n    {statement}\n")
        with own_modules(), caplog.at_level(logging.ERROR), TestClient(tmp_path) as client:
            assert client.get("/api/hello").status_code == 200
        assert "shutdown() of instrumentation.py failed." in caplog.text
        assert said in caplog.text
