"""Which files Next.js answers with below /api."""

from pathlib import Path

import pytest

from slugline.errors import RouteConflict
from slugline.nextjs.app import NextApp
from slugline.nextjs.javascript_routes import scan_javascript_routes
from slugline.nextjs.site import collect_routes
from slugline.project.scan import scan_pages


def make_app(root: Path, files: list[str], extensions: tuple[str, ...] = ("tsx", "ts", "jsx", "js")) -> NextApp:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    folders = [next((each for each in (root / kind, root / "src" / kind) if each.is_dir()), None) for kind in ("pages", "app")]
    return NextApp(root, "16.4.6", ("next",), folders[0], folders[1], extensions, ".next", wraps_config=False)


# (file, pattern, or None for a file that answers nothing below /api)
FILES = [
    ("pages/api/hello.js", "/api/hello"),
    ("pages/api/hello.tsx", "/api/hello"),
    ("pages/api/index.ts", "/api"),
    ("pages/api.js", "/api"),
    ("pages/api/post/index.js", "/api/post"),
    ("pages/api/post/[pid].js", "/api/post/[pid]"),
    ("pages/api/[[...all]].js", "/api/[[...all]]"),
    ("pages/api/_private.js", "/api/_private"),
    ("pages/api/a.test.js", "/api/a.test"),
    ("pages/api/types.d.ts", None),
    ("pages/api/hello.py", None),
    ("pages/api/notes.md", None),
    ("pages/about.js", None),
    ("pages/apiary.js", None),
    ("pages/[...all].js", None),
    ("src/pages/api/hello.js", "/api/hello"),
    ("app/api/hello/route.ts", "/api/hello"),
    ("app/api/hello/page.tsx", "/api/hello"),
    ("app/(group)/api/[id]/route.js", "/api/[id]"),
    ("app/api/@slot/x/page.js", "/api/x"),
    ("app/api/_lib/route.js", None),
    ("app/api/%5Flib/route.js", "/api/_lib"),
    ("app/api/hello/helper.ts", None),
    ("app/hello/route.ts", None),
    ("src/app/api/[...all]/route.js", "/api/[...all]"),
    ("public/api/data.json", "/api/data.json"),
    ("public/data.json", None),
]


@pytest.mark.parametrize(("file", "pattern"), FILES)
def test_files(tmp_path: Path, file: str, pattern: str | None) -> None:
    routes = scan_javascript_routes(make_app(tmp_path, [file]))
    assert [(route.pattern, route.source) for route in routes] == ([] if pattern is None else [(pattern, file)])


def test_page_extensions_of_the_project(tmp_path: Path) -> None:
    app = make_app(tmp_path, ["pages/api/a.api.ts", "pages/api/b.ts", "pages/api/c.page.tsx"], ("page.tsx", "api.ts"))
    assert [route.pattern for route in scan_javascript_routes(app)] == ["/api/a", "/api/c"]


def test_a_project_of_both_languages(tmp_path: Path) -> None:
    app = make_app(tmp_path, ["pages/api/hello.py", "pages/api/[id].py", "pages/api/post.js", "app/api/x/route.js", "public/api/y.txt"])
    merged = collect_routes(app, scan_pages(tmp_path).routes)
    assert [(route.pattern, route.language) for route in merged] == [
        ("/api/hello", "python"),
        ("/api/post", "javascript"),
        ("/api/x", "javascript"),
        ("/api/y.txt", "javascript"),
        ("/api/[id]", "python"),
    ]


@pytest.mark.parametrize("other", ["pages/api/hello.ts", "app/api/hello/route.ts", "public/api/hello"])
def test_a_path_of_both_languages_names_both_files(tmp_path: Path, other: str) -> None:
    app = make_app(tmp_path, ["pages/api/hello.py", other])
    with pytest.raises(RouteConflict) as caught:
        collect_routes(app, scan_pages(tmp_path).routes)
    assert caught.value.files == ("pages/api/hello.py", other)
