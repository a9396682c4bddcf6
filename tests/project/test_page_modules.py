"""The Python file of a page: what it may define, and what is refused with the file and the cure."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slugline.errors import PageError, RouteModuleError
from slugline.project.discover import discover
from slugline.project.imports import begin_imports
from slugline.project.page_modules import PageModule, load_page_module
from slugline.project.scan import scan_pages
from user_modules import own_modules

PROPS = "def get_static_props(context): return {'props': {}}\n"
PATHS = "def get_static_paths(): return {'paths': [], 'fallback': False}\n"
SERVER = "async def get_server_side_props(context): return {'props': {}}\n"
PAGE = "def page(props): return ''\n"


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    with own_modules():
        yield tmp_path


def load(root: Path, name: str, module: str | None, *, template: bool = True) -> PageModule:
    (root / "pages").mkdir()
    if template:
        (root / "pages" / f"{name}.html").touch()
    if module is not None:
        (root / "pages" / f"{name}.py").write_text(module)
    begin_imports(root)
    scan = scan_pages(root)
    [file] = [*scan.page_files, *scan.error_pages]
    return load_page_module(root, file)


# name of the file, its text, whether there is a template, the functions that are found
LOADED: dict[str, tuple[str, str | None, bool, set[str]]] = {
    "no file": ("a", None, True, set()),
    "nothing in it": ("a", "x = 1\n", True, set()),
    "props": ("a", PROPS, True, {"get_static_props"}),
    "props and paths": ("[a]", PROPS + PATHS, True, {"get_static_props", "get_static_paths"}),
    "server": ("a", SERVER, True, {"get_server_side_props"}),
    "server of a dynamic page": ("[a]", SERVER, True, {"get_server_side_props"}),
    "a page": ("a", PAGE, False, {"page"}),
    "a dynamic page without data": ("[a]", PAGE, False, {"page"}),
    "a page with data": ("a", PAGE + PROPS, False, {"page", "get_static_props"}),
    "a page of an error": ("404", PROPS, True, {"get_static_props"}),
    "an object that can be called": (
        "a",
        "class Get:\n    def __call__(self, context): ...\nget_static_props = Get()\n",
        True,
        {"get_static_props"},
    ),
    "a partial": ("a", "from functools import partial\nget_static_props = partial(dict)\n", True, {"get_static_props"}),
    "more arguments, with defaults": ("a", "def get_static_props(context, depth=1, *rest, **more): ...\n", True, {"get_static_props"}),
    "imported": ("a", "from operator import itemgetter\nget_static_props = itemgetter('x')\n", True, {"get_static_props"}),
    "a helper of one's own": ("a", PROPS + "def _get_server_side_prop(x): ...\ndef props(): ...\n", True, {"get_static_props"}),
}


@pytest.mark.parametrize(("name", "module", "template", "names"), LOADED.values(), ids=LOADED)
def test_loaded(root: Path, name: str, module: str | None, template: bool, names: set[str]) -> None:
    found = load(root, name, module, template=template)
    assert {each for each in PageModule.__slots__ if getattr(found, each) is not None} == names  # type: ignore[attr-defined]


NO_PATHS = (
    "pages/[a].py defines get_static_props for /[a] without get_static_paths. Define get_static_paths(), which says "
    'which paths there are: return {"paths": [], "fallback": "blocking"} makes each when it is first asked for.'
)
BOTH = "defines get_server_side_props and {}: a page is made for each request, or once. Keep one of them."
NO_EFFECT = "has no effect. Name it `{}`; if it is a helper, begin its name with `_`."
REFUSED: dict[str, tuple[str, str, bool, str]] = {
    "data and no page": (
        "a",
        PROPS,
        False,
        "pages/a.py has data for a page, and there is no page: make pages/a.html, or define `page(props)`.",
    ),
    "two pages": ("a", PAGE, True, "pages/a.py defines `page(props)`, and pages/a.html is a page as well. Keep one of them."),
    "once and each time": ("a", PROPS + SERVER, True, "pages/a.py " + BOTH.format("get_static_props")),
    "paths and each time": ("[a]", PATHS + SERVER, True, "pages/[a].py " + BOTH.format("get_static_paths")),
    "paths without props": (
        "[a]",
        PATHS,
        True,
        (
            "pages/[a].py defines get_static_paths without get_static_props. Define get_static_props(context), which gives the data of "
            "one of the paths."
        ),
    ),
    "paths of one page": (
        "a",
        PROPS + PATHS,
        True,
        "pages/a.py defines get_static_paths, and /a has no parameter. Delete it, or name the file [name].html.",
    ),
    "props without paths": ("[a]", PROPS, True, NO_PATHS),
    "an error for each request": (
        "404",
        SERVER,
        True,
        "pages/404.py defines get_server_side_props, and is the page of an error, which is made once at the start. Use get_static_props.",
    ),
    "no function": ("a", "get_static_props = {'props': {}}\n", True, "pages/a.py: `get_static_props` is dict, not a function (context)."),
    "a generator": (
        "a",
        "def get_static_props(context): yield {}\n",
        True,
        "pages/a.py: `get_static_props` has `yield` in it. Return the value.",
    ),
    "an async generator": (
        "a",
        "async def get_server_side_props(context): yield {}\n",
        True,
        "pages/a.py: `get_server_side_props` has `yield` in it. Return the value.",
    ),
    "no argument": (
        "a",
        "def get_static_props(): ...\n",
        True,
        "pages/a.py: `get_static_props` must take one argument: def get_static_props(context).",
    ),
    "two arguments": ("a", "def page(props, more): ...\n", False, "pages/a.py: `page` must take one argument: def page(props)."),
    "an argument too many": (
        "[a]",
        PROPS + "def get_static_paths(context): ...\n",
        True,
        "pages/[a].py: `get_static_paths` must take no argument: def get_static_paths().",
    ),
    "as in Next.js": (
        "a",
        "\ndef getStaticProps(context): ...\n",
        True,
        "pages/a.py, line 2: `getStaticProps` " + NO_EFFECT.format("get_static_props"),
    ),
    "run together": (
        "a",
        "def getstaticprops(context): ...\n",
        True,
        "pages/a.py, line 1: `getstaticprops` " + NO_EFFECT.format("get_static_props"),
    ),
    "a letter": (
        "a",
        "def get_static_prop(context): ...\n",
        True,
        "pages/a.py, line 1: `get_static_prop` " + NO_EFFECT.format("get_static_props"),
    ),
    "serverside": (
        "a",
        "def get_serverside_props(context): ...\n",
        True,
        "pages/a.py, line 1: `get_serverside_props` " + NO_EFFECT.format("get_server_side_props"),
    ),
}


@pytest.mark.parametrize(("name", "module", "template", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(root: Path, name: str, module: str, template: bool, message: str) -> None:
    with pytest.raises(PageError) as raised:
        load(root, name, module, template=template)
    assert raised.value.message == message
    assert raised.value.files == (f"pages/{name}.py",)


def test_a_file_that_cannot_be_imported(root: Path) -> None:
    with pytest.raises(RouteModuleError, match=r"^pages/a\.py"):
        load(root, "a", "import nosuchmodule\n")


def test_a_name_that_was_imported_is_no_slip(root: Path) -> None:
    (root / "lib").mkdir()
    (root / "lib/data.py").write_text("def get_static_prop(context): ...\n")
    assert load(root, "a", "from lib.data import get_static_prop\n") == PageModule()


def test_a_project_has_its_pages_with_their_middleware(root: Path) -> None:
    files = {
        "pages/_middleware.py": "def outer(req, res, next): next()\nmiddleware = [outer]\n",
        "pages/in/_middleware.py": "def inner(req, res, next): next()\nmiddleware = [inner]\n",
        "pages/in/[a].html": "",
        "pages/index.html": "",
        "pages/404.html": "",
        "pages/api/x.py": "def handler(req, res): ...\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    project = discover(root)
    assert [(page.pattern, page.is_dynamic, [each.__name__ for each in page.folder_middleware]) for page in project.pages] == [
        ("/", False, ["outer"]),
        ("/in/[a]", True, ["outer", "inner"]),
    ]
    assert [page.pattern for page in project.error_pages] == ["/404"]
    assert [route.pattern for route in project.table.ordered()] == ["/", "/api/x", "/in/[a]"]
