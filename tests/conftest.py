"""Rules for the whole suite."""

import os
import re
from collections.abc import Generator

import pytest

# What these show depends on Node.js, a browser, a database, a type checker or a recording, or is a search among many thousand
# examples, and not on the version of Python.
ONCE = re.compile(
    r"tests/(?:nextjs|typing|conformance|examples|security)/|tests/dev/test_(?:server|site)|tests/commands/test_(?:openapi|types)"
    r"|tests/schema/test_typescript|_(?:npm|browser)\.py"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what one Python is enough for: `-m "not once"` leaves it out."""
    for item in items:
        if ONCE.search(item.nodeid):
            item.add_marker("once")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing skips: what a test lacks there is a fault of the set-up."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped in CI: {report.longrepr}"
    return report
