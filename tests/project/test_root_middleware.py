"""middleware.py beside pages/: where it lies, what it defines, and which requests it sees."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from routing.rule_fakes import FakeView, view
from slugline.errors import ConfigError, RouteModuleError
from slugline.project.root_middleware import RootMiddleware, load_root_middleware

FUNCTION = "def middleware(req): ...\n"


@pytest.fixture(autouse=True)
def clean_imports() -> Iterator[None]:
    # A project's `middleware` has the name of the folder of tests beside this one.
    path, modules = list(sys.path), dict(sys.modules)
    yield
    sys.path[:] = path
    for name in list(sys.modules):
        if sys.modules[name] is not modules.get(name):
            del sys.modules[name]
    sys.modules.update({name: module for name, module in modules.items() if name not in sys.modules})


def load(root: Path, text: str, **arguments: Any) -> RootMiddleware:
    (root / "middleware.py").write_text(text, encoding="utf-8")
    loaded = load_root_middleware(root, **arguments)
    assert loaded is not None
    return loaded


def test_a_project_without_the_file_has_none(tmp_path: Path) -> None:
    assert load_root_middleware(tmp_path) is None


def test_one_function_or_several_in_order(tmp_path: Path) -> None:
    assert [each.__name__ for each in load(tmp_path, FUNCTION).functions] == ["middleware"]


def test_several_functions_in_order(tmp_path: Path) -> None:
    loaded = load(tmp_path, "def one(req): ...\nasync def two(req): ...\nmiddleware = [one, two]\n")
    assert [each.__name__ for each in loaded.functions] == ["one", "two"]
    assert loaded.source == "middleware.py"


def test_it_lies_beside_the_pages(tmp_path: Path) -> None:
    (tmp_path / "src/pages").mkdir(parents=True)
    (tmp_path / "src/middleware.py").write_text(FUNCTION)
    loaded = load_root_middleware(tmp_path, "src/pages")
    assert loaded is not None
    assert loaded.source == "src/middleware.py"


MISPLACED = [
    ("pages", "src/middleware.py", "src/middleware.py is not read: the middleware of this project is middleware.py"),
    ("pages", "pages/middleware.py", "the middleware of this project is middleware.py"),
    ("src/pages", "middleware.py", "the middleware of this project is src/middleware.py"),
    ("pages", "proxy.py", "proxy.py is not read. Name it middleware.py"),
    ("src/pages", "src/proxy.py", "src/proxy.py is not read. Name it src/middleware.py"),
]


@pytest.mark.parametrize(("pages", "file", "message"), MISPLACED)
def test_a_file_in_the_wrong_place_is_refused(tmp_path: Path, pages: str, file: str, message: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FUNCTION)
    with pytest.raises(ConfigError) as caught:
        load_root_middleware(tmp_path, pages)
    assert message in caught.value.message


def test_a_module_of_that_name_that_defines_no_middleware_is_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/middleware.py").write_text("from lib import middleware\n")
    assert load_root_middleware(tmp_path, "pages") is None


def matcher(value: object) -> str:
    return f"{FUNCTION}config = {{'matcher': {value!r}}}\n"


BAD: list[tuple[str, list[str]]] = [
    # proxy-wrong-name, proxy-runtime, proxy-bad-matcher-*
    ("def proxy(req): ...\n", ["middleware.py, line 1: `proxy` has no effect. Name it `middleware`"]),
    ("import os\ndef middlware(req): ...\n", ["line 2: `middlware`"]),
    ("x = 1\n", ["defines no `middleware`"]),
    ("middleware = []\n", ["middleware is an empty list"]),
    ("middleware = [1]\n", ["middleware[0] is 1", "a function that takes (req)"]),
    ("class middleware: ...\n", ["a function that takes (req)"]),
    (f"{FUNCTION}config = {{'runtime': 'edge'}}\n", ["config.runtime", "Delete it"]),
    (f"{FUNCTION}config = {{'mathcer': '/a'}}\n", ["config.mathcer is an unknown key. Did you mean matcher?"]),
    (f"{FUNCTION}config = []\n", ["config is []"]),
    (f"{FUNCTION}matcher = '/a'\n", ["`matcher` has no effect", 'config = {"matcher": …}']),
    (f"{FUNCTION}confg = {{'matcher': '/a'}}\n", ["`confg` has no effect"]),
    (matcher("a"), ["config.matcher is 'a'", "Write /a"]),
    (matcher("/a/:"), ["config.matcher is '/a/:'", "no name"]),
    (matcher(["/a", "/((?i:a)*)"]), ["config.matcher[1] is '/((?i:a)*)'", "Write it without"]),
    (matcher(7), ["config.matcher is 7", "a list of them"]),
    (matcher([7]), ["config.matcher[0] is 7"]),
    (matcher([{"source": "a"}]), ["config.matcher[0].source is 'a'"]),
    (matcher([{"has": []}]), ["config.matcher[0] has no source"]),
    (matcher([{"source": "/a", "has": [{"type": "nope", "key": "x"}]}]), ["config.matcher[0].has[0]", "Allowed: header"]),
    (matcher([{"source": "/a", "locale": True}]), ["config.matcher[0].locale", "i18n"]),
    (matcher([{"source": "/a", "locale": None}]), ["config.matcher[0].locale", "i18n"]),
    (matcher([{"source": "/a", "missng": []}]), ["Did you mean missing?"]),
]


@pytest.mark.parametrize(("text", "pieces"), BAD, ids=range(len(BAD)))
def test_what_is_wrong_is_refused(tmp_path: Path, text: str, pieces: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert [piece for piece in pieces if piece not in caught.value.message] == [], caught.value.message


def test_a_file_that_cannot_be_imported_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(RouteModuleError, match=r"cannot be imported.*no request would be guarded"):
        load(tmp_path, "import nothing_of_that_name\n")


# The matcher, a request, whether the middleware sees it. After the corpus area proxy-matcher.
LIST = [
    "/api/m/exact",
    "/api/m/one/:id",
    "/api/m/neg/((?!skip).*)",
    "/api/m/two/:a-:b",
    {"source": "/api/m/has-header", "has": [{"type": "header", "key": "x-need"}]},
    {"source": "/api/m/both", "has": [{"type": "query", "key": "yes"}], "missing": [{"type": "query", "key": "no"}]},
    {"source": "/api/m/prefetch", "missing": [{"type": "header", "key": "purpose", "value": "prefetch"}]},
    "/guarded/:path*",
]
SEEN: list[tuple[object, FakeView, bool]] = [
    (LIST, view("/api/m/exact"), True),
    (LIST, view("/api/m/exact/"), True),
    (LIST, view("/api/m/exact/more"), False),
    (LIST, view("/api/m/exactly"), False),
    (LIST, view("/api/m/EXACT"), False),
    (LIST, view("/api/M/exact"), False),
    (LIST, view("/api/m/one/1"), True),
    (LIST, view("/api/m/one"), False),
    (LIST, view("/api/m/one/1/2"), False),
    (LIST, view("/api/m/neg/other"), True),
    (LIST, view("/api/m/neg/skipper"), False),
    (LIST, view("/api/m/neg/a/skip"), True),
    (LIST, view("/api/m/two/x-y"), True),
    (LIST, view("/api/m/has-header"), False),
    (LIST, view("/api/m/has-header", x_need="1"), True),
    (LIST, view("/api/m/both?yes=1"), True),
    (LIST, view("/api/m/both?yes=1&no=1"), False),
    (LIST, view("/api/m/prefetch", purpose="prefetch"), False),
    (LIST, view("/api/m/prefetch", purpose="other"), True),
    (LIST, view("/guarded"), True),
    (LIST, view("/guarded/a/b"), True),
    (LIST, view("/guardedx"), False),
    ("/about", view("/about"), True),
    ({"source": "/about"}, view("/about?x"), True),
    ({"source": "/about", "locale": False}, view("/about"), True),
    ([], view("/"), False),
    ("/", view("/"), True),
    ("/", view("/index"), True),
    ("/", view("/about"), False),
]


@pytest.mark.parametrize(("value", "request_", "expected"), SEEN)
def test_matcher(tmp_path: Path, value: object, request_: FakeView, expected: bool) -> None:
    assert load(tmp_path, matcher(value)).matcher.match(request_) is expected


def test_without_a_matcher_it_sees_everything(tmp_path: Path) -> None:
    for text in (FUNCTION, f"{FUNCTION}config = {{}}\n"):
        assert load(tmp_path, text).matcher.match(view("/_next/static/x.js"))


def test_the_base_path_is_put_before_the_matcher(tmp_path: Path) -> None:
    found = load(tmp_path, matcher(["/api/g/:path*", "/"]), base_path="/docs").matcher
    assert [found.match(view(path)) for path in ("/docs/api/g/x", "/api/g/x", "/docs", "/docs/index", "/")] == [
        True,
        False,
        True,
        True,
        False,
    ]
