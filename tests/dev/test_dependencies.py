"""What a file imports, and who has to be loaded again with it."""

from pathlib import Path

import pytest

from slugline.dev.dependencies import Dependencies, find_dependents, imported_names

IMPORTS = [
    ("import lib", {"lib"}),
    ("import lib.db as db, os", {"lib", "lib.db", "os"}),
    ("from lib import db, users", {"lib", "lib.db", "lib.users"}),
    ("from lib.db import connect", {"lib", "lib.db", "lib.db.connect"}),
    ("from lib import *", {"lib", "lib.*"}),
    ("def f():\n    from lib import db", {"lib", "lib.db"}),
    ("if True:\n    import a\nelse:\n    import b", {"a", "b"}),
    ("from . import x", {"pages", "pages.api", "pages.api.x"}),
    ("from .x import y", {"pages", "pages.api", "pages.api.x", "pages.api.x.y"}),
    ("from .. import x", {"pages", "pages.x"}),
    ("from ....... import x", {"x"} | set()),
    ("import importlib\nimportlib.import_module('lib.db')", {"importlib", "lib", "lib.db"}),
    ("from importlib import import_module as i, import_module\nimport_module('lib')", {"importlib", "importlib.import_module", "lib"}),
    ("print('import lib')", set()),
    ("", set()),
]


@pytest.mark.parametrize(("text", "names"), IMPORTS)
def test_imported_names(text: str, names: set[str]) -> None:
    assert {name.lstrip(".") for name in imported_names(text, "pages.api.here")} - {""} == names


def test_relative_import_of_a_package() -> None:
    assert imported_names("from . import x", "lib", is_package=True) == {"lib", "lib.x"}


CHAIN = {
    "pages.a": frozenset({"lib", "lib.users"}),
    "pages.b": frozenset({"os"}),
    "lib.users": frozenset({"lib", "lib.db"}),
    "lib.db": frozenset({"lib", "lib.users"}),  # a circle
    "lib": frozenset[str](),
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"lib.db"}, {"lib.db", "lib.users", "pages.a"}),
        ({"lib"}, {"lib", "lib.db", "lib.users", "pages.a"}),
        ({"pages.b"}, {"pages.b"}),
        ({"unknown"}, {"unknown"}),
        (set(), set()),
    ],
)
def test_find_dependents(changed: set[str], expected: set[str]) -> None:
    assert find_dependents(changed, CHAIN) == expected


def test_a_broken_file_keeps_what_it_imported(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    dependencies = Dependencies(tmp_path)
    file.write_text("import lib")
    assert dependencies.of({"a": file}) == {"a": {"lib"}}
    file.write_text("import lib, (")
    assert dependencies.of({"a": file}) == {"a": {"lib"}}
    file.write_text("import other")
    assert dependencies.of({"a": file}) == {"a": {"other"}}
    file.unlink()
    assert dependencies.of({"a": file}) == {"a": {"other"}}
