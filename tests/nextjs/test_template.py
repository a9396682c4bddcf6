"""What `slugline new --template nextjs` makes, in a real Next.js and a real browser."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from behaviour.wire import wait_until
from browser import DESKTOP, PHONE, Browser, browser  # noqa: F401 (the fixture)
from nextjs.run_command import Run, build, open_folder, running
from node import NPM, find_node
from slugline.commands.new import create_project

pytestmark = pytest.mark.timeout(170)

PAGE = "/"
FIRST_COUNT = 66


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


def make_project(folder: Path) -> Path:
    directory = Path(tempfile.mkdtemp(dir=folder)) / "app"
    create_project(directory, "nextjs")
    return directory


@pytest.fixture(scope="module")
def run(folder: Path) -> Iterator[Run]:
    with running(make_project(folder), "dev", first=PAGE) as run:
        yield run


def open_page(page: Page, run: Run) -> None:
    page.goto(f"http://localhost:{run.wire.port}{PAGE}")
    expect(page.locator("h1")).to_be_visible()


def count_of(page: Page) -> int:
    return int(page.locator("dl div", has_text="Guesses").locator("dd").inner_text().replace(",", ""))


def test_its_versions_are_those_that_are_tested(folder: Path) -> None:
    package = json.loads((make_project(folder) / "package.json").read_text())
    tested = json.loads((NPM / "package.json").read_text())["dependencies"]
    wanted = {**package["dependencies"], **package["devDependencies"]}
    assert wanted.items() <= tested.items()
    assert {"next", "react", "react-dom", "typescript"} <= wanted.keys()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_form(browser: Browser, run: Run, size: ViewportSize, javascript: bool, tmp_path: Path) -> None:  # noqa: F811
    with browser.page(size=size, javascript=javascript) as page:
        open_page(page, run)
        expect(page.locator("h2")).to_have_text("What everybody thinks")
        before = count_of(page)
        assert before >= FIRST_COUNT
        if javascript:
            wait_until(lambda: page.evaluate("Object.keys(document.querySelector('form')).length > 0"), "React has taken the page over")
        page.get_by_label("Your guess").fill("1,700")
        page.get_by_role("button", name="Guess").click()
        expect(page.locator("h2")).to_have_text("It is 1,665. You said 1,700: closer than the crowd.")
        assert count_of(page) == before + 1
        expect(page.get_by_text("you", exact=True)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        page.screenshot(path=tmp_path / "page.png", full_page=True)

        page.get_by_label("Your guess").fill("many")
        page.get_by_role("button", name="Guess again").click()
        expect(page.locator("#problem")).to_contain_text("whole number from 1 to 99,999")
        open_page(page, run)
        assert count_of(page) == before + 1
        expect(page.locator("h2")).to_contain_text("You said 1,700")  # from the cookie that Python has set


def test_a_save_is_answered_by_the_same_process(browser: Browser, run: Run) -> None:  # noqa: F811
    with browser.page() as page:
        open_page(page, run)
        tree = run.tree()
        source = run.directory / "lib" / "guesses.py"
        text = source.read_text()
        try:
            source.write_text(text.replace("FIRST_GUESSES = (\n", "FIRST_GUESSES = (\n    *[1000] * 1000,\n"))
            wait_until(lambda: b'"count":10' in run.ask("/api/guesses").body, "the new file answers")
            page.reload()
            assert count_of(page) >= 1000 + FIRST_COUNT
        finally:
            source.write_text(text)
        assert run.process.pid in tree
        assert run.process.poll() is None
        assert tree.keys() <= run.tree().keys(), "no process has been restarted"


def test_production_and_types(folder: Path) -> None:
    directory = make_project(folder)
    files = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    build(directory)
    command = [find_node(), str(NPM / "node_modules" / "typescript" / "bin" / "tsc"), "--noEmit"]
    checked = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    with running(directory, "start", first=PAGE) as run:
        assert b"How many steps" in run.ask(PAGE).body
        fields = [("Content-Type", "application/x-www-form-urlencoded")]
        assert run.ask("/api/guesses", "POST", fields, b"guess=1").header("location") == "/#crowd"
    assert {path: path.read_bytes() for path in files} == files
