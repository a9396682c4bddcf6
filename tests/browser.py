"""A headless Chromium, the one of the system; nothing is downloaded.

from browser import Browser, browser  # the second is a fixture

def test_form(browser: Browser) -> None:
    with browser.page(size=PHONE) as page:
        page.goto(url)
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import cast

import playwright.sync_api
import pytest
from playwright.sync_api import Page, ViewportSize

__all__ = ["DESKTOP", "PHONE", "Browser", "browser"]

DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)

PATIENCE_MILLISECONDS = 20_000
"""How long a page is waited for; only a failing test waits so long."""
# Chromium's own sandbox does not run as root; the rest keeps it from talking to anybody but the tests.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--disable-dev-shm-usage",
)


class Browser:
    """A running browser; each page is a new one, with cookies of its own."""

    def __init__(self, running: playwright.sync_api.Browser) -> None:
        self._running = running

    @contextlib.contextmanager
    def page(self, *, size: ViewportSize = DESKTOP, javascript: bool = True) -> Iterator[Page]:
        """Open an empty page for the length of the block, with a window of this size; without JavaScript if told."""
        context = self._running.new_context(
            viewport=size, java_script_enabled=javascript, is_mobile=size == PHONE, has_touch=size == PHONE, device_scale_factor=1
        )
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        try:
            yield context.new_page()
        finally:
            context.close()


# Once a module and not once for all: while it runs, this thread counts as one with a running event loop, and pytest-asyncio
# could start none of its own. A module with the browser therefore has no `async def` tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser, started once a module; skips where there is none, which in CI is a failure."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        reason = "Chromium is not installed: run scripts/install-system-tools.sh chromium, as `make test` does."
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with playwright.sync_api.sync_playwright() as started:
        running = started.chromium.launch(executable_path=cast("str", program), args=list(ARGUMENTS))
        try:
            yield Browser(running)
        finally:
            running.close()
