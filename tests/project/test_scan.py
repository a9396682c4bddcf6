"""Projects are made in tmp_path: most of their files are empty, and only the names count."""

import os
import sys
from pathlib import Path

import pytest

from slugline.errors import ProjectNotFound, RouteConflict, RouteNameError
from slugline.project.scan import Scan, scan_pages
from slugline.routing.table import Route, build_table


def make_project(directory: Path, *files: str) -> Path:
    for file in files:
        path = directory / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return directory


def scan(directory: Path, *files: str) -> Scan:
    return scan_pages(make_project(directory, *files))


def patterns(found: Scan) -> dict[str, str]:
    return {route.source: route.pattern for route in found.routes}


FILES = {
    "pages/api/hello.py": "/api/hello",
    "pages/api/index.py": "/api",
    "pages/api.py": "/api",
    "pages/api/nested/index.py": "/api/nested",
    "pages/api/nested/deep/leaf.py": "/api/nested/deep/leaf",
    "pages/api/index/index.py": "/api/index",
    "pages/api/index/deep.py": "/api/index/deep",
    "pages/api/post/[pid].py": "/api/post/[pid]",
    "pages/api/post/[...slug].py": "/api/post/[...slug]",
    "pages/api/post/[[...slug]].py": "/api/post/[[...slug]]",
    "pages/api/post/[...slug]/index.py": "/api/post/[...slug]",
    "pages/api/[user]/posts/[id].py": "/api/[user]/posts/[id]",
    "pages/api/with.dot.py": "/api/with.dot",
    "pages/api/a.test.py": "/api/a.test",
    "pages/api/v1.0/[item].py": "/api/v1.0/[item]",
    "pages/api/folder.py/x.py": "/api/folder.py/x",
    "pages/api/with space.py": "/api/with space",
    "pages/api/ünï.py": "/api/ünï",
    "pages/api/test.py": "/api/test",
    "pages/api/tests/x.py": "/api/tests/x",
    "pages/api/test_folder/x.py": "/api/test_folder/x",
    "pages/api/UPPER.py": "/api/UPPER",
}

IGNORED = [
    "pages/api/__init__.py",
    "pages/api/__pycache__/hello.py",
    "pages/api/conftest.py",
    "pages/api/test_hello.py",
    "pages/api/_helpers.py",
    "pages/api/_lib/hello.py",
    "pages/api/.hidden.py",
    "pages/api/.git/hello.py",
    "pages/api/.py",
    "pages/api/notes.md",
    "pages/api/hello.pyc",
    "pages/api/hello.pyi",
    "pages/api/hello.ts",
    "pages/api/hello",
    "pages/api/deep/_middleware.py",
    "pages/about.py",
    "pages/api-conflict/x.py",
    "pages/api-conflict.py",
    "pages/API/hello.py",
    "hello.py",
    "api/hello.py",
]


@pytest.mark.parametrize(("file", "pattern"), FILES.items(), ids=FILES)
def test_a_file_has_a_pattern(tmp_path: Path, file: str, pattern: str) -> None:
    found = scan(tmp_path, file)
    assert patterns(found) == {file: pattern}
    assert found.routes[0].path == tmp_path / file


@pytest.mark.parametrize("file", IGNORED)
def test_what_is_no_route(tmp_path: Path, file: str) -> None:
    assert patterns(scan(tmp_path, "pages/api/real.py", file)) == {"pages/api/real.py": "/api/real"}


def test_segments_are_split(tmp_path: Path) -> None:
    assert [type(segment).__name__ for segment in scan(tmp_path, "pages/api/[...x].py").routes[0].segments] == ["Static", "CatchAll"]


def test_the_order_does_not_depend_on_the_disk(tmp_path: Path) -> None:
    files = [f"pages/api/{name}.py" for name in ("b", "a/z", "a/index", "c", "[id]", "B")]
    found = scan(tmp_path, *files)
    assert [route.source for route in found.routes] == [
        *("pages/api/B.py", "pages/api/[id].py", "pages/api/a/index.py", "pages/api/a/z.py", "pages/api/b.py", "pages/api/c.py")
    ]


class TestPagesFolder:
    def test_src_pages(self, tmp_path: Path) -> None:
        found = scan(tmp_path, "src/pages/api/a.py")
        assert patterns(found) == {"src/pages/api/a.py": "/api/a"}
        assert found.pages == tmp_path / "src" / "pages"

    def test_the_root_hides_src(self, tmp_path: Path) -> None:
        assert patterns(scan(tmp_path, "pages/api/a.py", "src/pages/api/a.py", "src/pages/api/b.py")) == {"pages/api/a.py": "/api/a"}

    def test_an_empty_one_at_the_root_hides_src(self, tmp_path: Path) -> None:
        (tmp_path / "pages").mkdir()
        assert scan(tmp_path, "src/pages/api/a.py").routes == ()

    def test_a_file_called_pages_hides_nothing(self, tmp_path: Path) -> None:
        assert patterns(scan(tmp_path, "pages", "src/pages/api/a.py")) == {"src/pages/api/a.py": "/api/a"}

    def test_neither(self, tmp_path: Path) -> None:
        with pytest.raises(ProjectNotFound) as raised:
            scan(tmp_path, "api/hello.py")
        assert str(raised.value).startswith(f"{tmp_path} holds no pages/ folder, nor src/pages/. ")
        assert "pages/api/hello.py" in str(raised.value)

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ProjectNotFound):
            scan_pages(tmp_path / "nowhere")

    def test_relative_to_where_we_are(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make_project(tmp_path, "pages/api/a.py", "pages/api/b/_middleware.py", "pages/api/b/c.py")
        monkeypatch.chdir(tmp_path)
        assert patterns(scan_pages(Path())) == {"pages/api/a.py": "/api/a", "pages/api/b/c.py": "/api/b/c"}


class TestMiddleware:
    def test_outermost_first(self, tmp_path: Path) -> None:
        found = scan(
            tmp_path,
            *("_middleware.py", "pages/_middleware.py", "pages/api/_middleware.py", "pages/api/a/b/_middleware.py"),
            *("pages/api/x.py", "pages/api/a/x.py", "pages/api/a/b/[id].py", "pages/api/a/b/c/x.py", "pages/api/other/x.py"),
        )
        above = ["pages/_middleware.py", "pages/api/_middleware.py"]
        assert {route.pattern: [file.source for file in route.middleware] for route in found.routes} == {
            "/api/x": above,
            "/api/a/x": above,
            "/api/a/b/[id]": [*above, "pages/api/a/b/_middleware.py"],
            "/api/a/b/c/x": [*above, "pages/api/a/b/_middleware.py"],
            "/api/other/x": above,
        }
        assert [file.source for file in found.middleware] == [*above, "pages/api/a/b/_middleware.py"]
        assert [file.path for file in found.middleware] == [tmp_path / file.source for file in found.middleware]

    def test_api_file_stands_beside_the_folder(self, tmp_path: Path) -> None:
        found = scan(tmp_path, "pages/_middleware.py", "pages/api.py", "pages/api/_middleware.py")
        assert [file.source for file in found.routes[0].middleware] == ["pages/_middleware.py"]

    def test_a_folder_of_that_name_is_none(self, tmp_path: Path) -> None:
        assert scan(tmp_path, "pages/api/_middleware.py/x.py", "pages/api/x.py").middleware == ()


# Names that `next build` refuses, or builds without ever matching them.
BAD_FILES = {
    "optional-single": "pages/api/[[id]].py",
    "triple-brackets": "pages/api/[[[x]]].py",
    "two-dots": "pages/api/[..x].py",
    "ellipsis-char": "pages/api/[…x].py",
    "empty-brackets": "pages/api/[].py",
    "unbalanced": "pages/api/[id.py",
    "space-in-catchall": "pages/api/[... x].py",
    "prefix-param": "pages/api/pre-[id].py",
    "suffix-param": "pages/api/[id].json.py",
    "dollar-param": "pages/api/$[id].py",
    "catchall-not-last": "pages/api/[...slug]/x.py",
    "same-slug-twice": "pages/api/[a]/[a].py",
    "slug-nonword-dup": "pages/api/[a-b]/[ab].py",
}


@pytest.mark.parametrize("file", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_name_is_refused_with_the_file(tmp_path: Path, file: str) -> None:
    with pytest.raises(RouteNameError) as raised:
        scan(tmp_path, file)
    assert str(raised.value).startswith(f"{file}: ")
    assert raised.value.files == (file,)


def test_a_bad_name_in_an_ignored_folder_is_nobodys_business(tmp_path: Path) -> None:
    assert scan(tmp_path, "pages/api/_drafts/[[id]].py").routes == ()


# Files of one project; the two that must be named.
CONFLICTS = {
    "dup-file-and-index": ("pages/api/foo.py", "pages/api/foo/index.py"),
    "api-js-and-index": ("pages/api.py", "pages/api/index.py"),
    "diff-slug-leaf": ("pages/api/[a].py", "pages/api/[b].py"),
    "diff-slug-same-level": ("pages/api/[a]/x.py", "pages/api/[b]/y.py"),
    "optional-and-index": ("pages/api/o/[[...s]].py", "pages/api/o/index.py"),
    "optional-and-file": ("pages/api/o.py", "pages/api/o/[[...s]].py"),
    "optional-and-required": ("pages/api/[...r].py", "pages/api/[[...s]].py"),
}


@pytest.mark.parametrize("files", CONFLICTS.values(), ids=CONFLICTS)
def test_a_conflict_names_both_files(tmp_path: Path, files: tuple[str, str]) -> None:
    found = scan(tmp_path, *files)
    with pytest.raises(RouteConflict) as raised:
        build_table(Route(route.pattern, route.segments, None, route.source) for route in found.routes)
    assert sorted(raised.value.files) == sorted(files)


def test_names_that_differ_by_case_alone(tmp_path: Path) -> None:
    found = scan(tmp_path, "pages/api/Foo.py", "pages/api/foo.py")
    assert [route.pattern for route in found.routes] == ["/api/Foo", "/api/foo"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse to make such a name")
@pytest.mark.parametrize("name", [b"pages/api/\xff.py", b"pages/api/\xff/x.py"])
def test_a_name_that_is_not_utf8(tmp_path: Path, name: bytes) -> None:
    with pytest.raises(RouteNameError, match="not UTF-8") as raised:
        scan(tmp_path, os.fsdecode(name))
    str(raised.value).encode("utf-8")


def test_other_files_may_have_any_name(tmp_path: Path) -> None:
    assert scan(tmp_path, "pages/api/[id.md", "pages/api/[[id]].ts").routes == ()


class TestLinks:
    def test_a_folder_of_the_project_is_followed(self, tmp_path: Path) -> None:
        make_project(tmp_path, "pages/api/v1/x.py", "shared/y.py")
        (tmp_path / "pages/api/v2").symlink_to("v1")
        (tmp_path / "pages/api/v3").symlink_to(tmp_path / "shared")
        found = scan_pages(tmp_path)
        assert patterns(found) == {"pages/api/v1/x.py": "/api/v1/x", "pages/api/v2/x.py": "/api/v2/x", "pages/api/v3/y.py": "/api/v3/y"}
        assert found.outside == ()

    def test_a_folder_outside_is_named_and_not_followed(self, tmp_path: Path) -> None:
        make_project(tmp_path, "elsewhere/x.py", "project/pages/api/y.py")
        (tmp_path / "project/pages/api/z").symlink_to(tmp_path / "elsewhere")
        found = scan_pages(tmp_path / "project")
        assert patterns(found) == {"pages/api/y.py": "/api/y"}
        assert found.outside == ("pages/api/z",)

    def test_loops_end(self, tmp_path: Path) -> None:
        make_project(tmp_path, "pages/api/a/x.py")
        (tmp_path / "pages/api/a/up").symlink_to("..")
        (tmp_path / "pages/api/self").symlink_to("self")
        (tmp_path / "pages/api/all").symlink_to(tmp_path)
        assert "/api/a/x" in patterns(scan_pages(tmp_path)).values()

    def test_a_linked_file_is_a_route(self, tmp_path: Path) -> None:
        make_project(tmp_path, "elsewhere.py", "project/pages/api/y.py")
        (tmp_path / "project/pages/api/z.py").symlink_to(tmp_path / "elsewhere.py")
        assert set(patterns(scan_pages(tmp_path / "project")).values()) == {"/api/y", "/api/z"}

    def test_a_link_to_nothing_is_none(self, tmp_path: Path) -> None:
        make_project(tmp_path, "pages/api/y.py")
        (tmp_path / "pages/api/z.py").symlink_to("nowhere")
        assert set(patterns(scan_pages(tmp_path)).values()) == {"/api/y"}

    def test_a_project_reached_through_a_link(self, tmp_path: Path) -> None:
        make_project(tmp_path, "real/pages/api/y.py")
        (tmp_path / "link").symlink_to("real")
        assert patterns(scan_pages(tmp_path / "link")) == {"pages/api/y.py": "/api/y"}


GUARDED = "middleware = []\n"
NEAR_MIDDLEWARE = {
    # file: text, the name that is meant
    "pages/_middlewares.py": (GUARDED, "pages/_middleware.py"),
    "pages/middleware.py": ("def middleware(req, res, next): ...\n", "pages/_middleware.py"),
    "pages/api/_Middlewares.py": ("middlewares: list = []\n", "pages/api/_middleware.py"),
    "pages/api/admin/_middelware.py": ("x = 1\nmiddleware = [x]\n", "pages/api/admin/_middleware.py"),
    "pages/api/admin/__middleware.py": ("async def middleware(req, res, next): ...\n", "pages/api/admin/_middleware.py"),
}


@pytest.mark.parametrize(("file", "text", "meant"), [(file, *row) for file, row in NEAR_MIDDLEWARE.items()], ids=NEAR_MIDDLEWARE)
def test_middleware_under_another_name_is_refused(tmp_path: Path, file: str, text: str, meant: str) -> None:
    make_project(tmp_path, file, "pages/api/x.py", "pages/api/admin/y.py")
    (tmp_path / file).write_text(text)
    with pytest.raises(RouteNameError, match=f"would never run: only _middleware.py does. Name it {meant};") as raised:
        scan_pages(tmp_path)
    assert raised.value.files == (file,)
    # A development server goes on with the rest, and leaves out what the guard was to stand before.
    refused: list[RouteNameError] = []
    found = scan_pages(tmp_path, refused)
    assert [error.files for error in refused] == [(file,)]
    assert [route.source for route in found.routes] == (["pages/api/x.py"] if "admin" in file else [])


@pytest.mark.parametrize(
    ("files", "text"),
    [
        (["pages/api/_middlewares.py"], "def auth(req, res, next): ...\n"),  # a helper
        (["pages/api/_middlewares.py", "pages/api/_middleware.py"], GUARDED),  # a helper of the real one
        (["pages/api/_middleware_parts.py"], GUARDED),
        (["pages/api/middleware.py"], GUARDED),  # a route; it is imported, and then has to answer
    ],
)
def test_helpers_of_middleware_are_left_alone(tmp_path: Path, files: list[str], text: str) -> None:
    make_project(tmp_path, *files, "pages/api/x.py")
    for file in files:
        (tmp_path / file).write_text(text)
    assert "/api/x" in patterns(scan_pages(tmp_path)).values()


# Pages


def pages_of(found: Scan) -> dict[str, tuple[str, str | None, str | None]]:
    """Give pattern, template and module of each page, by the file that messages name."""
    return {page.source: (page.pattern, page.template, page.module) for page in found.page_files}


PAGE_FILES = {
    "pages/index.html": "/",
    "pages/about.html": "/about",
    "pages/shop/index.html": "/shop",
    "pages/shop/new.html": "/shop/new",
    "pages/index/index.html": "/index",
    "pages/post/[slug].html": "/post/[slug]",
    "pages/docs/[...path].html": "/docs/[...path]",
    "pages/[[...path]].html": "/[[...path]]",
    "pages/[user]/posts/[id].html": "/[user]/posts/[id]",
    "pages/with.dot.html": "/with.dot",
    "pages/with space.html": "/with space",
    "pages/ünï.html": "/ünï",
    "pages/apis/x.html": "/apis/x",
    "pages/shop/api.html": "/shop/api",
    "pages/shop/api/x.html": "/shop/api/x",
    "pages/shop/404.html": "/shop/404",
    "pages/test_x.html": "/test_x",
}


@pytest.mark.parametrize(("file", "pattern"), PAGE_FILES.items(), ids=PAGE_FILES)
def test_a_template_is_a_page(tmp_path: Path, file: str, pattern: str) -> None:
    found = scan(tmp_path, file)
    assert pages_of(found) == {file: (pattern, file.removeprefix("pages/"), None)}
    assert found.routes == found.error_pages == ()


NO_PAGES = [
    "pages/_app.html",
    "pages/_part.html",
    "pages/_parts/x.html",
    "pages/.hidden.html",
    "pages/.git/x.html",
    "pages/about.htm",
    "pages/about.HTML",
    "pages/about.md",
    "pages/about",
    "pages/node_modules/x.html",
    "pages/api/x.html",
    "pages/helper.py",
    "pages/_helper.py",
    "pages/test_real.py",
    "pages/conftest.py",
    "pages/folder.html/notes.md",
    "about.html",
    "public/about.html",
]


@pytest.mark.parametrize("file", NO_PAGES)
def test_what_is_no_page(tmp_path: Path, file: str) -> None:
    assert pages_of(scan(tmp_path, "pages/real.html", file)) == {"pages/real.html": ("/real", "real.html", None)}


def test_a_module_beside_a_template_belongs_to_it(tmp_path: Path) -> None:
    found = scan(tmp_path, "pages/post/[slug].html", "pages/post/[slug].py", "pages/post/other.py")
    assert pages_of(found) == {"pages/post/[slug].html": ("/post/[slug]", "post/[slug].html", "pages/post/[slug].py")}


# the text of a lone Python file, whether it makes a page
LONE = {
    "page": ("def page(props): ...\n", True),
    "async page": ("x = 1\nasync  def page (props): ...\n", True),
    "assigned": ("page = make_page()\n", True),
    "annotated": ("page: object = make_page()\n", True),
    "props": ("def get_static_props(context): ...\n", True),
    "paths": ("def get_static_paths(): ...\n", True),
    "server": ("async def get_server_side_props(context): ...\n", True),
    "as in Next.js": ("def getStaticProps(context): ...\n", True),
    "nothing": ("", False),
    "a helper": ("def load(): ...\n", False),
    "another name": ("def page_of(x): ...\npages = 1\n", False),
    "inside": ("class A:\n    def page(self): ...\n", False),
    "called": ("page(1)\n", True),  # taken for one: it is refused when nothing of the kind is defined
    "a handler": ("def handler(req, res): ...\n", False),
}


@pytest.mark.parametrize(("text", "is_page"), LONE.values(), ids=LONE)
def test_a_lone_module(tmp_path: Path, text: str, is_page: bool) -> None:
    make_project(tmp_path, "pages/in/a.py")
    (tmp_path / "pages/in/a.py").write_text(text)
    assert pages_of(scan_pages(tmp_path)) == ({"pages/in/a.py": ("/in/a", None, "pages/in/a.py")} if is_page else {})


def test_pages_of_errors_stand_apart(tmp_path: Path) -> None:
    found = scan(tmp_path, "pages/404.html", "pages/404.py", "pages/500.html", "pages/403.html", "pages/_middleware.py")
    assert [(page.pattern, page.module) for page in found.error_pages] == [("/404", "pages/404.py"), ("/500", None)]
    assert list(pages_of(found)) == ["pages/403.html"]


def test_src_pages_has_pages(tmp_path: Path) -> None:
    found = scan(tmp_path, "src/pages/a.html", "src/pages/a.py")
    assert pages_of(found) == {"src/pages/a.html": ("/a", "a.html", "src/pages/a.py")}


def test_the_middleware_of_pages(tmp_path: Path) -> None:
    found = scan(tmp_path, "pages/_middleware.py", "pages/in/_middleware.py", "pages/in/a.html", "pages/b.html", "pages/api/c.py")
    assert {page.pattern: [file.source for file in page.middleware] for page in found.page_files} == {
        "/b": ["pages/_middleware.py"],
        "/in/a": ["pages/_middleware.py", "pages/in/_middleware.py"],
    }
    assert [file.source for file in found.middleware] == ["pages/_middleware.py", "pages/in/_middleware.py"]


def test_middleware_that_no_page_would_meet_is_refused(tmp_path: Path) -> None:
    make_project(tmp_path, "pages/in/a.html", "pages/in/_middlewares.py", "pages/b.html")
    (tmp_path / "pages/in/_middlewares.py").write_text(GUARDED)
    with pytest.raises(RouteNameError, match=r"Name it pages/in/_middleware\.py;"):
        scan_pages(tmp_path)
    refused: list[RouteNameError] = []
    assert list(pages_of(scan_pages(tmp_path, refused))) == ["pages/b.html"]
    assert len(refused) == 1


@pytest.mark.parametrize("file", [file.replace("pages/api/", "pages/").replace(".py", ".html") for file in BAD_FILES.values()])
def test_a_bad_name_of_a_page(tmp_path: Path, file: str) -> None:
    with pytest.raises(RouteNameError) as raised:
        scan(tmp_path, file)
    assert raised.value.message.startswith(f"{file}: ")
    refused: list[RouteNameError] = []
    assert list(pages_of(scan_pages(make_project(tmp_path, "pages/good.html"), refused))) == ["pages/good.html"]
    assert [error.files for error in refused] == [(file,)]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse to make such a name")
@pytest.mark.parametrize("name", [b"pages/\xff.html", b"pages/\xff/x.html"])
def test_a_page_whose_name_is_not_utf8(tmp_path: Path, name: bytes) -> None:
    with pytest.raises(RouteNameError, match="not UTF-8"):
        scan(tmp_path, os.fsdecode(name))


PAGE_CONFLICTS = {
    "file and index": ("pages/shop.html", "pages/shop/index.html"),
    "two names": ("pages/[a].html", "pages/[b].html"),
    "two names in folders": ("pages/[a]/x.html", "pages/[b]/y.html"),
    "optional and index": ("pages/o/[[...s]].html", "pages/o/index.html"),
    "catch-alls": ("pages/[...r].html", "pages/[[...s]].html"),
    "a page and a route": ("pages/[[...all]].html", "pages/index.html"),
}


@pytest.mark.parametrize("files", PAGE_CONFLICTS.values(), ids=PAGE_CONFLICTS)
def test_a_conflict_of_pages_names_both_files(tmp_path: Path, files: tuple[str, str]) -> None:
    found = scan(tmp_path, *files)
    with pytest.raises(RouteConflict) as raised:
        build_table(Route(page.pattern, page.segments, None, page.source) for page in found.page_files)
    assert sorted(raised.value.files) == sorted(files)


def test_a_page_and_a_route_for_the_same_path(tmp_path: Path) -> None:
    """A page beside `api/` cannot answer one of its paths; a name in brackets can stand for "api", and is then the lesser."""
    found = scan(tmp_path, "pages/[name]/index.html", "pages/api/index.py", "pages/[name]/[id].html", "pages/api/[pid].py")
    table = build_table(Route(each.pattern, each.segments, None, each.source) for each in (*found.routes, *found.page_files))
    for path, source in {"/api": "pages/api/index.py", "/api/7": "pages/api/[pid].py", "/x/7": "pages/[name]/[id].html"}.items():
        match = table.match(path)
        assert match is not None
        assert match.route.source == source


def test_api_html_is_a_page_at_the_place_of_a_route(tmp_path: Path) -> None:
    found = scan(tmp_path, "pages/api.html", "pages/api/index.py")
    with pytest.raises(RouteConflict) as raised:
        build_table(Route(each.pattern, each.segments, None, each.source) for each in (*found.routes, *found.page_files))
    assert set(raised.value.files) == {"pages/api.html", "pages/api/index.py"}


class TestLinkedPages:
    def test_a_folder_of_the_project_is_followed(self, tmp_path: Path) -> None:
        make_project(tmp_path, "shared/y.html", "pages/x.html")
        (tmp_path / "pages/more").symlink_to(tmp_path / "shared")
        assert pages_of(scan_pages(tmp_path)) == {
            "pages/x.html": ("/x", "x.html", None),
            "pages/more/y.html": ("/more/y", "more/y.html", None),
        }

    def test_a_folder_outside_is_named_and_not_followed(self, tmp_path: Path) -> None:
        make_project(tmp_path, "elsewhere/x.html", "project/pages/y.html")
        (tmp_path / "project/pages/z").symlink_to(tmp_path / "elsewhere")
        found = scan_pages(tmp_path / "project")
        assert list(pages_of(found)) == ["pages/y.html"]
        assert found.outside == ("pages/z",)

    def test_loops_end(self, tmp_path: Path) -> None:
        make_project(tmp_path, "pages/a/x.html")
        (tmp_path / "pages/a/up").symlink_to("..")
        (tmp_path / "pages/self").symlink_to("self")
        assert "/a/x" in {page.pattern for page in scan_pages(tmp_path).page_files}

    def test_a_link_to_nothing_is_none(self, tmp_path: Path) -> None:
        make_project(tmp_path, "pages/y.html")
        (tmp_path / "pages/z.html").symlink_to("nowhere")
        assert list(pages_of(scan_pages(tmp_path))) == ["pages/y.html"]
