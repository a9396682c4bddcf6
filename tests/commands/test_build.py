"""`slugline build` and what `slugline start` does about pages: made in advance, kept when the next build fails, made anew when old."""

import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from redis_server import run_redis
from servers import start_granian
from slugline.cli import main
from slugline.commands.build import build, must_build
from slugline.errors import PageError, RouteConflict, ServerError
from slugline.pages.build_file import FILE, read_build
from slugline.project.scan import scan_pages
from slugline.testing import TestClient
from user_modules import own_modules

PAGES = {
    "index.html": "home",
    "404.html": "nothing",
    "news.html": "news of {{ day }}",
    "news.py": "def get_static_props(context):\n    return {'props': {'day': 'Monday'}, 'revalidate': 60}\n",
    "post/[slug].html": "{{ slug }}",
    "post/[slug].py": (
        "def get_static_paths():\n    return {'paths': ['/post/a', '/post/b c'], 'fallback': 'blocking'}\n"
        "async def get_static_props(context):\n    return {'props': {'slug': context.params['slug']}}\n"
    ),
    "served.html": "served",
    "served.py": "def get_server_side_props(context):\n    return {'props': {}}\n",
    "api/hello.py": "def handler(req, res):\n    res.json({})\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    write(tmp_path, PAGES)
    with own_modules():
        yield tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / "pages" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "pages" / name).write_text(text)


def ask(root: Path, path: str) -> tuple[str, str | None]:
    """Give what a new process would answer, and whether it was kept."""
    with own_modules(), TestClient(root) as client:
        response = client.get(path)
        return response.text, response.headers.get("x-nextjs-cache")


def builds_of(root: Path) -> set[str]:
    return {path.name for path in (root / ".slugline/pages").iterdir()}


class TestBuild:
    def test_what_it_tells(self, project: Path) -> None:
        counts: list[int] = []
        report = build(project, progress=counts.append)
        assert [(page.path, page.kind, page.revalidate_seconds, page.size_bytes) for page in report.pages] == [
            ("/", "static", None, 4),
            ("/news", "prerendered", 60, 14),
            ("/post/[slug]", "on demand", None, 0),
            ("/post/a", "prerendered", None, 1),
            ("/post/b%20c", "prerendered", None, 3),
            ("/served", "server", None, 0),
        ]
        assert counts == [1, 2, 3, 4, 5, 6]
        assert [row.path for row in report.api_rows] == ["/api/hello"]

    def test_what_it_makes_is_served(self, project: Path) -> None:
        build(project)
        (project / "pages/news.py").write_text("def get_static_props(context):\n    raise AssertionError\n")
        assert ask(project, "/news") == ("news of Monday", "HIT")
        assert ask(project, "/post/b%20c") == ("b c", "HIT")
        assert ask(project, "/post/new") == ("new", "MISS")

    def test_a_project_without_pages_leaves_nothing(self, tmp_path: Path) -> None:
        write(tmp_path, {"api/hello.py": PAGES["api/hello.py"]})
        with own_modules():
            assert build(tmp_path).pages == []
        assert not (tmp_path / ".slugline").exists()

    def test_the_build_before_is_kept_for_who_still_serves_it(self, project: Path) -> None:
        ids = []
        for _ in range(3):
            build(project)
            made = read_build(project)
            assert made is not None
            ids.append(made.id)
        assert len(set(ids)) == 3
        assert builds_of(project) == set(ids[1:])

    def test_two_at_once(self, project: Path) -> None:
        """In two processes, as they would be: each is whole, and the last to end is served."""
        command = [sys.executable, "-m", "slugline", "build", str(project)]
        outcomes: list[int] = []
        threads = [
            threading.Thread(target=lambda: outcomes.append(subprocess.run(command, capture_output=True, check=False).returncode))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes == [0, 0]
        made = read_build(project)
        assert made is not None
        assert ask(project, "/news") == ("news of Monday", "HIT")


# what fails, the message
FAILING = {
    "an exception": (
        {"news.py": "def get_static_props(context):\n    raise ValueError('no news')\n"},
        "/news could not be made: ValueError: no news (pages/news.html)",
    ),
    "one of many": (
        {"post/[slug].py": PAGES["post/[slug].py"].replace("return {'props'", "assert context.params['slug'] == 'a'\n    return {'props'")},
        "/post/b%20c could not be made: AssertionError:  (pages/post/[slug].html)",
    ),
    "a template": (
        {"news.html": "\n{{ nothing }}"},
        "/news: pages/news.html, line 2: 'nothing' is undefined. Give it in the page's props,",
    ),
    "a static template": ({"index.html": "\n{{ nothing }}"}, "/: pages/index.html, line 2: 'nothing' is undefined."),
    "a template that cannot be read": ({"index.html": "{% if %}"}, "/: pages/index.html, line 1: Expected an expression"),
    "what was returned": (
        {"news.py": "def get_static_props(context):\n    return 7\n"},
        "/news: pages/news.py: get_static_props returned int,",
    ),
    "paths": (
        {"post/[slug].py": PAGES["post/[slug].py"].replace("'blocking'", "'yes'")},
        "/post/[slug]: pages/post/[slug].py: get_static_paths: fallback is 'yes'.",
    ),
    "paths that fail": (
        {"post/[slug].py": PAGES["post/[slug].py"].replace("'/post/a'", "1 / 0")},
        "/post/[slug] could not be made: ZeroDivisionError: division by zero",
    ),
    "paths that ask for the end": (
        {"post/[slug].py": PAGES["post/[slug].py"].replace("    return {'paths'", "    raise SystemExit(0)\n    return {'paths'")},
        "/post/[slug]: pages/post/[slug].py: get_static_paths asked for the end of the program (SystemExit: 0).",
    ),
    "data that ask for the end": (
        {"news.py": "import sys\ndef get_static_props(context):\n    sys.exit('no data')\n"},
        "/news: pages/news.py: get_static_props asked for the end of the program (SystemExit: no data).",
    ),
    "text that is none": (
        {"news.py": "def get_static_props(context):\n    return {'props': {'day': '\\ud800'}}\n"},
        "/news: The page holds a lone surrogate ('\\ud800', at 8), which UTF-8 lacks.",
    ),
    "a page in Python": ({"x.py": "def page(props):\n    raise ValueError('x')\n"}, "/x could not be made: ValueError: x (pages/x.py)"),
    "the page of an error": ({"404.html": "{{ nothing }}"}, "/404: pages/404.html, line 1: 'nothing' is undefined."),
    "the app": ({"_app.html": "\n\n{{ nothing }}"}, "/: pages/_app.html, line 3: 'nothing' is undefined."),
}


@pytest.mark.parametrize(("files", "message"), FAILING.values(), ids=FAILING)
def test_a_page_that_fails_stops_the_build(project: Path, files: dict[str, str], message: str) -> None:
    build(project)
    before = (project / FILE).read_text()
    write(project, files)
    with own_modules(), pytest.raises(PageError) as raised:
        build(project)
    assert raised.value.message.startswith(message)
    assert (project / FILE).read_text() == before
    for name in files.keys() - PAGES.keys():
        (project / "pages" / name).unlink()
    write(project, PAGES)
    assert ask(project, "/news") == ("news of Monday", "HIT")  # of the build before


def test_a_page_and_a_file_that_conflict(project: Path) -> None:
    write(project, {"post/[id].html": ""})
    with pytest.raises(RouteConflict) as raised:
        build(project)
    assert set(raised.value.files) == {"pages/post/[id].html", "pages/post/[slug].html"}


def test_a_folder_that_cannot_be_made(project: Path) -> None:
    (project / ".slugline").write_text("a file")
    with pytest.raises(ServerError, match=r"^The pages cannot be kept in .*/\.slugline/pages: .* make the folder writable\.$"):
        build(project)


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written takes no room until the disk is asked whether it has any."""

    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)


@pytest.mark.usefixtures("full_disk")
def test_a_disk_without_room(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ServerError, match=r"^/[a-z0-9/%]+ was made, and could not be kept\. What is wrong with the store of pages"):
        build(project)
    assert "Pages cannot be kept in " in caplog.text
    assert builds_of(project) == set()


@pytest.mark.usefixtures("full_disk")
def test_a_start_does_without_a_build_where_there_is_no_room(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    (project / FILE).parent.mkdir()
    (project / FILE).write_text("what an earlier start has made of other data")
    assert build(project, automatic=True).pages == []
    assert "pages: No space left on device. Make room there, or make the folder writable. Until then each is made when" in caplog.text
    assert not (project / FILE).exists()
    assert builds_of(project) == set()


def test_a_build_for_redis(project: Path, tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture) -> None:
    with run_redis(tmp_path_factory.mktemp("redis")) as server:
        (project / "slugline.config.py").write_text(f"settings = {{'page_store': {server.url!r}}}\n")
        build(project)
        assert ask(project, "/news") == ("news of Monday", "HIT")
        server.stop()
        with pytest.raises(ServerError, match="was made, and could not be kept"), own_modules():
            build(project)
        with own_modules():
            assert build(project, automatic=True).pages  # at a start, which a store that is away does not hinder
        assert "Redis, which keeps the pages, fails (" in caplog.text


def test_a_store_that_the_command_names(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with run_redis(tmp_path_factory.mktemp("redis")) as server:
        result = CliRunner().invoke(main, ["build", str(project), "--page-store", server.url])
        assert result.exit_code == 0, result.output
        (project / "slugline.config.py").write_text(f"settings = {{'page_store': {server.url!r}}}\n")
        assert ask(project, "/news") == ("news of Monday", "HIT")


def test_a_call_to_its_own_api(project: Path) -> None:
    write(
        project, {"news.py": "import socket\ndef get_static_props(context):\n    socket.create_connection(('127.0.0.1', 3000)).close()\n"}
    )
    with pytest.raises(PageError, match=r"^/news: pages/news.py asks its own API by HTTP while the page is made"):
        build(project)


def _must_build(root: Path) -> str | None:
    scan = scan_pages(root)
    return must_build(root, (*scan.page_files, *scan.error_pages))


class TestMustBuild:
    def test_what_is_to_be_done(self, project: Path) -> None:
        assert _must_build(project) == "build"
        build(project, automatic=True)
        assert _must_build(project) == "build"  # its data may be other ones today
        build(project)
        assert _must_build(project) is None
        write(project, {"new.html": ""})
        assert _must_build(project) == "old"

    @pytest.mark.parametrize(
        "files", [{"index.html": "", "served.html": "", "served.py": PAGES["served.py"]}, {"api/x.py": PAGES["api/hello.py"]}]
    )
    def test_nothing_to_make(self, tmp_path: Path, files: dict[str, str]) -> None:
        write(tmp_path, files)
        assert _must_build(tmp_path) is None

    def test_an_automatic_build_looks_whether_there_is_anything_to_make(self, tmp_path: Path) -> None:
        module = "# not get_static_props\n" + PAGES["served.py"]
        write(tmp_path, {"index.html": "", "served.html": "", "served.py": module})
        with own_modules():
            assert _must_build(tmp_path) == "build"
            assert build(tmp_path, automatic=True).pages == []
        assert not (tmp_path / ".slugline").exists()

    def test_a_folder_that_nobody_may_write_to(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # The tests may run as root, who may write to any.
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        assert _must_build(project) == "no folder"
        assert ask(project, "/news") == ("news of Monday", "MISS")
        assert not (project / ".slugline").exists()


class TestCommand:
    def test_the_table(self, project: Path) -> None:
        result = CliRunner().invoke(main, ["build", str(project)])
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines() == [
            "  /             static          0.0 kB",
            "  /news         prerendered     0.0 kB  again after 60 s",
            "  /post/[slug]  on demand",
            "  /post/a       prerendered     0.0 kB",
            "  /post/b%20c   prerendered     0.0 kB",
            "  /served       server",
            "  /api/hello    API",
            "ok 1 route and 6 pages, nothing to complain about.",
        ]

    def test_an_error(self, project: Path) -> None:
        write(project, {"index.html": "{{ nothing }}"})
        result = CliRunner().invoke(main, ["build", str(project)])
        assert result.exit_code == 1
        assert result.stderr.startswith("error [page] /: pages/index.html, line 1: 'nothing' is undefined.")
        assert "Traceback" not in result.output


def fetch(url: str) -> tuple[str, str | None]:
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode(), response.headers["x-nextjs-cache"]


class TestStart:
    def test_pages_that_nobody_has_built_are_made_at_each_start(self, project: Path) -> None:
        for day in ("Monday", "Tuesday"):
            write(project, {"news.py": PAGES["news.py"].replace("Monday", day)})
            server = start_granian(project, "--workers", "2")
            try:
                assert fetch(f"{server.base_url}/news") == (f"news of {day}", "HIT")
            finally:
                server.stop()
            assert json.loads((project / FILE).read_text())["automatic"] is True

    def test_a_build_that_is_old_is_served_with_a_warning(self, project: Path) -> None:
        build(project)
        write(project, {"news.py": PAGES["news.py"].replace("Monday", "Tuesday")})
        server = start_granian(project)
        try:
            assert fetch(f"{server.base_url}/news") == ("news of Monday", "HIT")
            assert "Files below pages/ have changed since the last `slugline build`, whose pages are served. Run it again." in server.log()
        finally:
            server.stop()

    def test_pages_that_cannot_be_made_stop_it(self, project: Path) -> None:
        write(project, {"news.py": "def get_static_props(context):\n    raise ValueError('no news')\n"})
        command = [sys.executable, "-m", "slugline", "start", str(project), "--port", "1"]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert result.returncode == 1
        lines = [line for line in result.stderr.splitlines() if line.startswith("error")]
        assert lines == [
            "error [page] /news could not be made: ValueError: no news (pages/news.html)",
            "error [server] The pages could not be made; what is wrong stands above.",
        ]

    def test_a_copy_serves_what_was_built_elsewhere(self, project: Path, tmp_path: Path) -> None:
        build(project)
        shutil.copytree(project, tmp_path / "copy", ignore=shutil.ignore_patterns("copy"))
        assert ask(tmp_path / "copy", "/news") == ("news of Monday", "HIT")
