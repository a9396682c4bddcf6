"""From a folder to a project: what answers what, and the first thing that is wrong."""

import sys
from pathlib import Path

import pytest

from slugline.errors import ConfigError, InstrumentationError, ProjectNotFound, RouteConflict, RouteModuleError, RouteNameError
from slugline.project.discover import discover

HANDLER = "def handler(req, res): ...\n"


@pytest.fixture(autouse=True)
def clean_imports():
    path, names = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - names:
        if name.partition(".")[0] in ("pages", "src", "instrumentation"):
            del sys.modules[name]


def make(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def middleware(*names: str) -> str:
    return "".join(f"def {name}(req, res, next): ...\n" for name in names) + f"middleware = [{', '.join(names)}]\n"


def test_every_route_has_its_file_and_the_middleware_above_it(tmp_path):
    project = discover(
        make(
            tmp_path,
            {
                "pages/_middleware.py": middleware("top"),
                "pages/api/_middleware.py": middleware("api_one", "api_two"),
                "pages/api/index.py": HANDLER,
                "pages/api/admin/_middleware.py": middleware("admin"),
                "pages/api/admin/[id].py": HANDLER + middleware("own"),
                "pages/api/_helper.py": "1 / 0\n",
                "instrumentation.py": "def register(): ...\n",
            },
        )
    )
    assert project.root == tmp_path.resolve()
    found = {
        route.pattern: (
            route.source,
            [each.__name__ for each in route.endpoint.folder_middleware],
            [each.__name__ for each in route.endpoint.module.middleware],
        )
        for route in project.table.ordered()
    }
    assert found == {
        "/api": ("pages/api/index.py", ["top", "api_one", "api_two"], []),
        "/api/admin/[id]": ("pages/api/admin/[id].py", ["top", "api_one", "api_two", "admin"], ["own"]),
    }
    assert project.instrumentation.register is not None


def test_the_middleware_of_a_folder_is_imported_once(tmp_path):
    files = {"pages/api/_middleware.py": middleware("one"), "pages/api/a.py": HANDLER, "pages/api/b.py": HANDLER}
    routes = discover(make(tmp_path, files)).table.ordered()
    assert len(routes) == 2
    assert routes[0].endpoint.folder_middleware[0] is routes[1].endpoint.folder_middleware[0]


def test_a_relative_folder_and_src_pages_do_as_well(tmp_path, monkeypatch):
    make(tmp_path, {"src/pages/api/hello.py": HANDLER})
    monkeypatch.chdir(tmp_path)
    assert [route.source for route in discover(".").table.ordered()] == ["src/pages/api/hello.py"]


def test_an_empty_project_answers_nothing(tmp_path):
    (tmp_path / "pages").mkdir()
    assert discover(str(tmp_path)).table.ordered() == []


WRONG = {
    "no pages": ({"hello.py": HANDLER}, ProjectNotFound),
    "a bad name": ({"pages/api/[id.py": HANDLER}, RouteNameError),
    "two files of one path": ({"pages/api/a.py": HANDLER, "pages/api/a/index.py": HANDLER}, RouteConflict),
    "a conflict comes before any import": ({"pages/api/[a].py": "1 / 0", "pages/api/[b].py": "1 / 0"}, RouteConflict),
    "a file that fails": ({"pages/api/a.py": "1 / 0"}, RouteModuleError),
    "middleware that fails": ({"pages/api/a.py": HANDLER, "pages/api/_middleware.py": ""}, RouteModuleError),
    "a wrong config": ({"pages/api/a.py": HANDLER + "config = {'x': 1}"}, ConfigError),
    "instrumentation that fails": ({"pages/api/a.py": HANDLER, "instrumentation.py": "1 / 0"}, InstrumentationError),
}


@pytest.mark.parametrize(("files", "error"), WRONG.values(), ids=WRONG)
def test_the_first_thing_that_is_wrong_is_said(tmp_path, files, error):
    with pytest.raises(error):
        discover(make(tmp_path, files))
