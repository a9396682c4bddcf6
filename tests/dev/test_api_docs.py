"""`/api/docs` of `slugline dev`: it needs no network, follows every save, and is for pages of this machine."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from playwright.sync_api import expect

import slugline
from behaviour.wire import wait_until
from browser import Browser, browser  # noqa: F401 (the fixture)
from dev.dev_process import DevProcess
from servers import start_granian

ITEMS = '''from dataclasses import dataclass
from slugline import Created, Request, Response

@dataclass
class Item:
    name: str
    count: int = 1

def POST(req: Request[Item], res: Response[Created[Item]]) -> None:
    """{}"""
    res.status(201).json(req.body)
'''
EVIL = (("Origin", "https://evil.example"),)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevProcess]:
    with DevProcess(tmp_path_factory.mktemp("dev"), {"pages/api/items.py": ITEMS.format("Add an item.")}, "--types") as process:
        yield process
        assert "Traceback" not in process.log()


def test_the_document_is_that_of_the_routes_as_they_are_now(dev: DevProcess) -> None:
    answer = dev.ask("/api/openapi.json")
    assert answer.status == 200
    document = json.loads(answer.body)
    validate(document, cls=OpenAPIV31SpecValidator)
    assert set(document["paths"]) == {"/api", "/api/items"}
    dev.save("pages/api/items.py", ITEMS.format("Add one more."))
    wait_until(
        lambda: dev.json("/api/openapi.json")["paths"]["/api/items"]["post"]["summary"] == "Add one more.", "the document follows the save"
    )


def test_a_broken_file_takes_only_itself_out(dev: DevProcess) -> None:
    dev.save("pages/api/broken.py", "def GET(:\n")
    dev.wait_for_status("/api/broken", 500)
    assert set(dev.json("/api/openapi.json")["paths"]) == {"/api", "/api/items"}
    (dev.root / "pages/api/broken.py").unlink()
    dev.wait_for_status("/api/broken", 404)


@pytest.mark.parametrize("path", ["/api/docs", "/api/openapi.json", "/api/docs/swagger-ui.css"])
def test_pages_of_others_are_refused(dev: DevProcess, path: str) -> None:
    assert dev.ask(path, host="evil.example").status == 403
    assert dev.ask(path, fields=EVIL).status == 403
    assert dev.ask(path).status == 200
    assert dev.ask(path, method="POST").status == 404


@pytest.mark.parametrize("path", ["/api/docs/x.js", "/api/docs/README.md", "/api/docs/..%2f__init__.py", "/api/docs/LICENSE", "/docs"])
def test_nothing_else_is_there(dev: DevProcess, path: str) -> None:
    assert dev.ask(path).status in (400, 404)


def test_the_page_asks_nobody_else_and_tries_a_route(browser: Browser, dev: DevProcess) -> None:  # noqa: F811
    with browser.page() as page:
        asked: list[str] = []
        problems: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"http://localhost:{dev.port}/api/docs")
        operation = page.locator("#operations-items-postItems")
        expect(operation).to_contain_text("/api/items")
        operation.locator(".opblock-summary").click()
        operation.locator("textarea.body-param__text").fill('{"name": "tea"}')
        operation.locator("button.execute").click()
        answer = operation.locator(".live-responses-table tbody tr.response")
        expect(answer).to_contain_text("201")
        expect(answer).to_contain_text('"count": 1')
        own = f"http://localhost:{dev.port}/"
        assert [url for url in asked if not url.startswith((own, "data:"))] == []
        assert f"{own}api/items" in asked
        assert problems == []


def test_the_client_is_written_on_every_save(dev: DevProcess) -> None:
    client = dev.root / "slugline-client.ts"
    dev.save("pages/api/items.py", ITEMS.replace("count", "number").format("Renamed."))
    wait_until(lambda: "number?: number;" in client.read_text(), "the client follows the save")
    assert "slugline-client.ts written" in dev.log()
    assert '"/api/items"' in client.read_text()


def test_routes_of_the_user_go_first(tmp_path: Path) -> None:
    files = {
        "pages/api/docs.py": "def GET(req, res):\n    res.json('mine')\n",
        "pages/api/[name].py": "def GET(req, res):\n    res.json(req.query['name'])\n",
    }
    with DevProcess(tmp_path, files) as dev:
        assert dev.json("/api/docs") == "mine"
        assert dev.json("/api/openapi.json") == "openapi.json"


def test_a_base_path(tmp_path: Path) -> None:
    with DevProcess(tmp_path, {"slugline.config.py": "basePath = '/app'\n"}) as dev:
        assert dev.ask("/api/docs").status == 404
        assert b'url: "/app/api/openapi.json"' in dev.ask("/app/api/docs").body
        assert dev.json("/app/api/openapi.json")["servers"] == [{"url": "/app"}]


def test_next_config_says_where_the_document_is(tmp_path: Path) -> None:
    # Slugline alone, as it stands behind Next.js, which takes the base path away before it hands a request on.
    with DevProcess(tmp_path, {"next.config.js": "module.exports = { basePath: '/app', trailingSlash: true }\n"}, "--python-only") as dev:
        assert b'url: "/app/api/openapi.json"' in dev.ask("/api/docs").body
        document = dev.json("/api/openapi.json")
        assert (document["servers"], list(document["paths"])) == ([{"url": "/app"}], ["/api/"])


def test_production_has_none(tmp_path: Path) -> None:
    (tmp_path / "pages/api").mkdir(parents=True)
    (tmp_path / "pages/api/hello.py").write_text("def GET(req, res):\n    res.json(1)\n")
    server = start_granian(tmp_path)
    try:
        dev = DevProcess.__new__(DevProcess)
        dev.port = int(server.base_url.rpartition(":")[2])
        assert [dev.ask(path).status for path in ("/api/docs", "/api/openapi.json", "/api/docs/swagger-ui.css")] == [404] * 3
    finally:
        server.stop()
        server.log_path.unlink()


FILES = {"LICENSE", "NOTICE", "README.md", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "swagger-ui.css"}


def test_the_files_come_with_their_licence() -> None:
    folder = Path(slugline.__file__).parent / "api_docs"
    assert {path.name for path in folder.iterdir()} == FILES
    assert "Apache License" in (folder / "LICENSE").read_text()
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert "sourceMappingURL=" not in (folder / name).read_text(encoding="utf-8")[-300:]


def test_the_wheel_holds_them(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    wheel = next(iter(WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])))
    with zipfile.ZipFile(wheel) as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist() if name.startswith("slugline/api_docs/")}
    assert names == FILES
