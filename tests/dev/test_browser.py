"""What a developer sees in a browser while a project is broken, and how it goes away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from browser import DESKTOP, PHONE, Browser, browser  # noqa: F401 (the fixture)
from dev.dev_process import DevProcess

BROKEN = """import json
from lib.shop import find_price


def handler(req, res):
    name = req.query["name"]
    price = find_price(name)
    res.json({"name": name, "price": price})
"""
SHOP = """PRICES = {"tea": 2.5, "coffee": 3}


def find_price(name):
    return PRICES[name]  # a price for <b>every</b> name that the shop has, and for no other name that anybody may ask it for
"""
RIGHT = "def handler(req, res):\n    res.json({'price': 2.5})\n"


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevProcess]:
    files = {"pages/api/price.py": RIGHT, "lib/shop.py": SHOP}
    with DevProcess(tmp_path_factory.mktemp("dev"), files) as process:
        yield process


def open_overlay(page: Page, dev: DevProcess) -> None:
    """Break the route, ask for it, and wait for the page that tells of it."""
    dev.save("pages/api/price.py", BROKEN)
    dev.wait_for_status("/api/price?name=milk", 500)
    page.goto(f"http://localhost:{dev.port}/api/price?name=milk")
    expect(page.locator("[data-slugline-overlay] h1")).to_have_text("KeyError: 'milk'")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_overlay_shows_the_message_then_the_own_lines(
    browser: Browser,  # noqa: F811
    dev: DevProcess,
    size: ViewportSize,
    tmp_path: Path,
) -> None:
    with browser.page(size=size) as page:
        open_overlay(page, dev)
        page.screenshot(path=tmp_path / "overlay.png")
        expect(page.locator("h2").first).to_have_text("lib/shop.py, line 5, in find_price")
        expect(page.locator(".hit").first).to_contain_text("return PRICES[name]  # a price for <b>every</b> name")
        tops = [page.locator(name).first.bounding_box() for name in ("h1", "h2", "pre", "details")]
        assert [box["y"] for box in tops if box] == sorted(box["y"] for box in tops if box)
        assert len([box for box in tops if box]) == 4
        # All of it can be read: long lines scroll in their own box, and the page itself does not scroll sideways.
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        expect(page.locator("details li").first).to_be_hidden()
        page.locator("summary").click()
        expect(page.locator("details li").last).to_have_text("lib/shop.py, line 5, in find_price")


def test_the_page_reloads_by_itself_when_the_file_is_right(browser: Browser, dev: DevProcess) -> None:  # noqa: F811
    with browser.page() as page:
        open_overlay(page, dev)
        # Another error first: the page shows the newer one.
        dev.save("pages/api/price.py", "def handler(req, res):\n    res.json(\n")
        expect(page.locator("h1")).to_contain_text("'(' was never closed")
        dev.save("pages/api/price.py", RIGHT)
        expect(page.locator("body")).to_have_text('{"price":2.5}')
        assert page.locator("[data-slugline-overlay]").count() == 0


def test_the_overlay_is_complete_without_javascript(browser: Browser, dev: DevProcess) -> None:  # noqa: F811
    with browser.page(javascript=False) as page:
        open_overlay(page, dev)
        expect(page.locator(".hit").first).to_be_visible()


def test_a_foreign_page_cannot_read_the_events(browser: Browser, dev: DevProcess) -> None:  # noqa: F811
    listen = """url => new Promise(resolve => {
        const source = new EventSource(url);
        source.onopen = () => resolve("open");
        source.onerror = () => { source.close(); resolve("refused"); };
    })"""
    with browser.page() as page:
        page.goto(f"http://localhost:{dev.port}/api/price")
        assert page.evaluate(listen, "/_slugline/live") == "open"
        page.goto("about:blank")
        assert page.evaluate(listen, f"http://localhost:{dev.port}/_slugline/live") == "refused"
