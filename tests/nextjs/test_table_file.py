"""The files between Slugline and its adapter, and the table that stays with a build."""

import json
import threading
from pathlib import Path

import pytest

from slugline.errors import ServerError
from slugline.nextjs.app import NextApp
from slugline.nextjs.build import read_build, record_build
from slugline.nextjs.table_file import ConfigFacts, make_work_folder, read_facts, write_table


def make_app(root: Path, dist: str = ".next") -> NextApp:
    return NextApp(root, "16.4.6", ("next",), None, None, ("js",), dist, wraps_config=False)


def test_the_work_folder_is_ignored_by_git(tmp_path: Path) -> None:
    folder = make_work_folder(tmp_path)
    assert (folder / ".gitignore").read_text() == "*\n"
    (folder / ".gitignore").write_text("mine")
    assert make_work_folder(tmp_path) == folder
    assert (folder / ".gitignore").read_text() == "mine"


def test_a_reader_never_sees_half_a_table(tmp_path: Path) -> None:
    path = tmp_path / "routes.json"
    tables = [{"number": number, "padding": "x" * 100_000} for number in range(2)]
    write_table(path, tables[0])
    done = threading.Event()

    def write() -> None:
        for number in range(100):
            write_table(path, tables[number % 2])
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        assert json.loads(path.read_text()) in tables
    thread.join()
    assert [each.name for each in tmp_path.iterdir()] == ["routes.json"]


def test_what_json_cannot_carry_leaves_the_old_table(tmp_path: Path) -> None:
    path = tmp_path / "routes.json"
    write_table(path, {"a": 1})
    with pytest.raises(TypeError):
        write_table(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("text", [None, "", '{"basePath": "/do'])
def test_facts_that_are_not_there_yet(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "facts.json"
    if text is not None:
        path.write_text(text)
    assert read_facts(path) is None


def test_facts(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    path.write_text('{"phase": "x", "basePath": "/docs", "distDir": "out", "pageExtensions": ["ts"], "trailingSlash": true}')
    assert read_facts(path) == ConfigFacts("/docs", "out", ("ts",))


def test_a_build_keeps_its_table(tmp_path: Path) -> None:
    app = make_app(tmp_path, "out")
    (tmp_path / "out").mkdir()
    table, facts = tmp_path / "table.json", tmp_path / "facts.json"
    write_table(table, {"origin": "http://127.0.0.1:3901"})
    facts.write_text('{"distDir": "out"}')
    place = record_build(app, table=table, facts=facts)
    build = read_build(app)
    assert (build.origin, build.port, build.table) == ("http://127.0.0.1:3901", 3901, place)


def test_no_build(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"is not there. Run `slugline build`."):
        read_build(make_app(tmp_path))


def test_a_build_without_python(tmp_path: Path) -> None:
    (tmp_path / ".next").mkdir()
    (tmp_path / ".next" / "BUILD_ID").write_text("abc")
    with pytest.raises(ServerError, match=r"was made by `next build` alone, without the Python routes. Run `slugline build`."):
        read_build(make_app(tmp_path))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"origin": "http://127.0.0.1:x"}'])
def test_a_broken_table(tmp_path: Path, text: str) -> None:
    (tmp_path / ".next").mkdir()
    (tmp_path / ".next" / "slugline-routes.json").write_text(text)
    with pytest.raises(ServerError, match="cannot be read"):
        read_build(make_app(tmp_path))


def test_a_build_where_the_start_would_not_look(tmp_path: Path) -> None:
    table, facts = tmp_path / "table.json", tmp_path / "facts.json"
    facts.write_text('{"distDir": "out/next"}')
    with pytest.raises(ServerError, match=r"Next\.js wrote its build to out/next, .* in \.next: .*Set SLUGLINE_DIST_DIR=out/next"):
        record_build(make_app(tmp_path), table=table, facts=facts)
