"""What looks as if it answered, and does not."""

from pathlib import Path

import pytest

from slugline.project.discover import discover, log_warnings
from slugline.project.modules import RouteModule
from slugline.project.overlooked import find_narrow_application, find_overlooked
from slugline.project.route_config import RouteConfig
from slugline.project.scan import scan_pages
from slugline.routing.segments import split_segments
from slugline.routing.table import Route

HANDLER = "def handler(req, res): ...\n"
NONE = "There are no routes in pages/api/. "

# name: files with their texts, what is told
PROJECTS = {
    "a route": ({"pages/api/a.py": HANDLER}, []),
    "nothing": ({"pages/_x.py": ""}, [NONE + "Make pages/api/hello.py, which answers /api/hello."]),
    "nothing in src": (
        {"src/pages/_x.py": ""},
        ["There are no routes in src/pages/api/. Make src/pages/api/hello.py, which answers /api/hello."],
    ),
    "api/ was forgotten": (
        {"pages/hello.py": ""},
        [NONE + "pages/hello.py answers nothing, since routes lie in pages/api/. Move it there: pages/api/hello.py."],
    ),
    "in a folder": (
        {"pages/post/[pid].py": "", "pages/about.py": ""},
        [
            NONE + "pages/about.py and pages/post/[pid].py answer nothing, since routes lie in pages/api/. "
            "Move it there: pages/api/about.py."
        ],
    ),
    "in another case": (
        {"pages/API/hello.py": ""},
        [NONE + "pages/API/hello.py answers nothing, since routes lie in pages/api/. Move it there: pages/api/hello.py."],
    ),
    "api/ beside pages/": (
        {"pages/about.html": "", "api/hello.py": ""},
        [NONE + "api/hello.py answers nothing, since routes lie in pages/api/. Move it there: pages/api/hello.py."],
    ),
    "many": (
        {f"pages/{name}.py": "" for name in "abcdefgh"},
        [
            NONE + "pages/a.py, pages/b.py, pages/c.py, pages/d.py, pages/e.py and 3 more answer nothing, since routes lie in pages/api/. "
            "Move it there: pages/api/a.py."
        ],
    ),
    "one beside the others": (
        {"pages/api/a.py": HANDLER, "pages/hello.py": "async def GET(req, res): ...\n"},
        ["pages/hello.py answers nothing, since routes lie in pages/api/. Move it there: pages/api/hello.py."],
    ),
    "an application beside the others": (
        {"pages/api/a.py": HANDLER, "pages/shop.py": "from x import y\napp = y()\n"},
        ["pages/shop.py answers nothing, since routes lie in pages/api/. Move it there: pages/api/shop.py."],
    ),
    "pages alone": ({"pages/index.html": "", "pages/index.py": "def get_static_props(context): ...\n", "pages/db.py": "x = 1\n"}, []),
    "a page in Python": ({"pages/about.py": "def page(props): ...\n", "pages/404.py": "def page(props): ...\n"}, []),
    "a route file among pages": (
        {"pages/index.html": "", "pages/hello.py": HANDLER},
        [NONE + "pages/hello.py answers nothing, since routes lie in pages/api/. Move it there: pages/api/hello.py."],
    ),
    "helpers": ({"pages/api/a.py": HANDLER, "pages/db.py": "def connect(): ...\n", "pages/_x.py": HANDLER}, []),
    "tests and libraries": ({"pages/api/a.py": HANDLER, "pages/test_a.py": HANDLER, "pages/node_modules/x/a.py": HANDLER}, []),
    "a hidden src": (
        {"pages/api/a.py": HANDLER, "src/pages/api/b.py": HANDLER},
        ["src/pages/ is not looked at, since there is a pages/. Have one of the two."],
    ),
    "a src that alone has routes": (
        {"pages/about.html": "", "src/pages/api/b.py": HANDLER},
        [NONE + "src/pages/ is not looked at, since there is a pages/. Have one of the two."],
    ),
}


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(("files", "told"), PROJECTS.values(), ids=PROJECTS)
def test_what_is_told(tmp_path: Path, files: dict[str, str], told: list[str]) -> None:
    assert list(find_overlooked(scan_pages(write(tmp_path, files)))) == told


def test_a_link_that_leads_out(tmp_path: Path) -> None:
    write(tmp_path, {"project/pages/api/a.py": HANDLER, "shared/b.py": HANDLER})
    (tmp_path / "project" / "pages" / "api" / "shared").symlink_to(tmp_path / "shared")
    [told] = find_overlooked(scan_pages(tmp_path / "project"))
    assert told.startswith("pages/api/shared is a link that leads out of the project. It was not followed")


@pytest.mark.parametrize(
    ("source", "pattern", "cure"),
    [
        ("pages/api/shop.py", "/api/shop", "pages/api/shop/[[...path]].py"),
        ("pages/api/shop/index.py", "/api/shop", "pages/api/shop/[[...path]].py"),
        ("pages/api/[tenant].py", "/api/[tenant]", "pages/api/[tenant]/[[...path]].py"),
        ("pages/api.py", "/api", "pages/api/[[...path]].py"),
        ("pages/api/shop/[...path].py", "/api/shop/[...path]", None),
        ("pages/api/shop/[[...path]].py", "/api/shop/[[...path]]", None),
    ],
)
def test_an_application_wants_a_catch_all(source: str, pattern: str, cure: str | None) -> None:
    told = find_narrow_application(Route(pattern, split_segments(pattern), RouteModule(source, RouteConfig(), app=print), source))
    assert told is None if cure is None else (told is not None and told.endswith(f"Name the file {cure}."))


def test_a_handler_does_not() -> None:
    route = Route("/api/a", split_segments("/api/a"), RouteModule("pages/api/a.py", RouteConfig()), "pages/api/a.py")
    assert find_narrow_application(route) is None


def test_a_project_knows_its_warnings(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    project = discover(write(tmp_path, {"pages/api/a.py": "async def app(scope, receive, send): ...\n", "pages/b.py": HANDLER}))
    assert len(project.warnings) == 2
    assert caplog.messages == []
    log_warnings(project)
    assert tuple(caplog.messages) == project.warnings
