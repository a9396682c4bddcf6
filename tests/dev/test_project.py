"""Loading again, in process: exactly what a save concerns, and nothing else."""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from slugline import keep
from slugline.dev.project import Changes, DevProject, Difference, build_table_leniently
from slugline.errors import ProjectError, ProjectNotFound, RouteModuleError, RouteNameError
from slugline.routing.segments import split_segments
from slugline.routing.table import Route
from user_modules import own_modules as clean_modules

# Each module notes that it was loaded: what a reload has loaded again is read from here.
NOTE = "import sys\nsys.loaded.append(__name__)\n"
HANDLER = NOTE + "def handler(req, res): pass\n"
OLD = 1_700_000_000


class Work:
    """A project on disk, and the DevProject that looks at it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.loaded: list[str] = []
        self.project = DevProject(root)

    def write(self, source: str, text: str, *, at: int | None = None) -> Path:
        """Write a file; `at` sets its time."""
        path = self.root / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if at is not None:
            os.utime(path, (at, at))
        return path

    def load(self) -> None:
        """Load the project for the first time."""
        self.project.load()
        self.project.learn_dependencies()
        self.loaded.clear()

    def tell(self, *sources: str, structure: bool = False, everything: bool = False) -> Difference:
        """Say that files have changed, and give the difference; `loaded` then has what was loaded for it."""
        self.loaded.clear()
        return self.project.reload(Changes(frozenset(self.root / source for source in sources), structure, everything))

    def save(self, source: str, text: str) -> Difference:
        """Write a file and tell of it."""
        is_new = not (self.root / source).exists()
        self.write(source, text)
        return self.tell(source, structure=is_new)

    def remove(self, source: str) -> Difference:
        """Delete a file and tell of it."""
        (self.root / source).unlink()
        return self.tell(source, structure=True)

    def value(self, source: str, name: str) -> Any:
        """Give a value of a route's module as it is served now."""
        loaded = self.project.routes[source]
        assert not isinstance(loaded, ProjectError), loaded
        assert loaded.module.handler is not None
        return loaded.module.handler.function.__globals__[name]

    def error(self, source: str) -> str:
        """Give what is wrong with a route's file."""
        loaded = self.project.routes[source]
        assert isinstance(loaded, ProjectError)
        return loaded.message


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    work = Work(tmp_path.resolve())
    monkeypatch.setattr(sys, "loaded", work.loaded, raising=False)
    with clean_modules():
        yield work


def routes_with_helper(work: Work, import_line: str = "import lib.db", *, helper: str = NOTE + "VALUE = 1\n") -> None:
    work.write("lib/db.py", helper)
    for name in ("a", "b"):
        work.write(f"pages/api/{name}.py", f"{import_line}\n{HANDLER}")
    for name in ("c", "d", "e"):
        work.write(f"pages/api/{name}.py", HANDLER)
    work.load()


def test_a_route_alone(work: Work) -> None:
    routes_with_helper(work)
    kept = work.project.routes["pages/api/b.py"]
    difference = work.save("pages/api/a.py", f"import lib.db\nX = 2\n{HANDLER}")
    assert work.loaded == ["pages.api.a"]
    assert difference.reloaded == ["pages/api/a.py"]
    assert work.value("pages/api/a.py", "X") == 2
    assert work.project.routes["pages/api/b.py"] is kept


# How a route may import lib/db.py, whose VALUE it then has under the name V.
WAYS = [
    "import lib.db\nV = lib.db.VALUE",
    "import lib.db as other\nV = other.VALUE",
    "from lib import db\nV = db.VALUE",
    "from lib.db import VALUE as V",
    "from lib.db import *\nV = VALUE",
    "from importlib import import_module\nV = import_module('lib.db').VALUE",
    "try:\n    from lib.db import VALUE as V\nexcept ImportError:\n    V = None",
    "V = __import__('lib.db').db.VALUE",
    "from ...lib.db import VALUE as V",
]


@pytest.mark.parametrize("way", WAYS)
def test_a_helper_of_two_routes(work: Work, way: str) -> None:
    if way.startswith("from ..."):
        way = way.replace("from ...lib", "from ._lib")
        work.write("pages/api/_lib/db.py", "")
    source = "pages/api/_lib/db.py" if "._lib" in way else "lib/db.py"
    routes_with_helper(work, way) if source == "lib/db.py" else None
    if source != "lib/db.py":
        work.write(source, NOTE + "VALUE = 1\n")
        routes_with_helper(work, way)
    module = source.removesuffix(".py").replace("/", ".")
    difference = work.save(source, NOTE + "VALUE = 22\n")
    assert sorted(work.loaded) == sorted([module, "pages.api.a", "pages.api.b"])
    assert difference.reloaded == ["pages/api/a.py", "pages/api/b.py"]
    assert [work.value(f"pages/api/{name}.py", "V") for name in "ab"] == [22, 22]


def test_through_others(work: Work) -> None:
    work.write("lib/users.py", NOTE + "from lib.db import VALUE\n")
    work.write("lib/mail.py", NOTE)
    routes_with_helper(work, "from lib.users import VALUE\nimport lib.mail")
    work.save("lib/db.py", NOTE + "VALUE = 3\n")
    assert sorted(work.loaded) == ["lib.db", "lib.users", "pages.api.a", "pages.api.b"]
    assert work.value("pages/api/a.py", "VALUE") == 3


def test_helpers_that_import_each_other(work: Work) -> None:
    work.write("lib/users.py", NOTE + "import lib.db\n")
    routes_with_helper(work, "import lib.db", helper=NOTE + "import lib.users\nVALUE = 1\n")
    work.save("lib/users.py", NOTE + "import lib.db\nX = 1\n")
    assert sorted(work.loaded) == ["lib.db", "lib.users", "pages.api.a", "pages.api.b"]


def test_a_package(work: Work) -> None:
    work.write("lib/__init__.py", NOTE + "NAME = 1\n")
    routes_with_helper(work, "import lib.db\nN = lib.NAME\ndef read(): return lib.db.VALUE")
    difference = work.save("lib/__init__.py", NOTE + "NAME = 2\n")
    assert difference.reloaded == ["pages/api/a.py", "pages/api/b.py"]
    assert work.value("pages/api/a.py", "N") == 2
    # A new package without its submodules would have no attribute `db`.
    assert work.value("pages/api/a.py", "read")() == 1
    assert sorted(work.loaded) == ["lib", "lib.db", "pages.api.a", "pages.api.b"]


def test_a_submodule_leaves_its_package_alone(work: Work) -> None:
    work.write("lib/__init__.py", NOTE)
    work.write("lib/mail.py", NOTE)
    work.write("pages/api/m.py", "import lib.mail\n" + HANDLER)
    routes_with_helper(work)
    work.save("lib/db.py", NOTE + "VALUE = 5\n")
    assert sorted(work.loaded) == ["lib.db", "pages.api.a", "pages.api.b"]
    assert sys.modules["lib"].db.VALUE == 5


def test_a_package_that_imports_its_submodule(work: Work) -> None:
    work.write("lib/__init__.py", NOTE + "from .db import VALUE\n")
    work.write("lib/mail.py", NOTE)
    routes_with_helper(work, "from lib import VALUE\nimport lib.mail\ndef mail(): return lib.mail")
    work.save("lib/db.py", NOTE + "VALUE = 7\n")
    assert work.value("pages/api/a.py", "VALUE") == 7
    assert work.value("pages/api/a.py", "mail")() is sys.modules["lib.mail"]


def test_a_route_that_another_route_imports(work: Work) -> None:
    work.write("pages/api/users.py", NOTE + "def find(): return 1\n" + HANDLER)
    work.write("pages/api/a.py", "from pages.api.users import find\n" + HANDLER)
    work.write("pages/api/b.py", HANDLER)
    work.load()
    work.save("pages/api/users.py", NOTE + "def find(): return 2\n" + HANDLER)
    assert work.value("pages/api/a.py", "find")() == 2
    assert sorted(set(work.loaded)) == ["pages.api.a", "pages.api.users"]


def test_a_helper_imported_inside_a_function(work: Work) -> None:
    routes_with_helper(work, "def read():\n    from lib.db import VALUE\n    return VALUE")
    assert work.value("pages/api/a.py", "read")() == 1
    work.save("lib/db.py", NOTE + "VALUE = 12\n")
    assert work.value("pages/api/a.py", "read")() == 12


def test_a_helper_that_nobody_imports(work: Work) -> None:
    routes_with_helper(work)
    work.write("lib/unused.py", NOTE)
    assert work.tell("lib/unused.py", structure=True) == Difference()
    assert work.loaded == []


def test_an_old_module_is_not_served_any_more_but_lives_while_it_is_held(work: Work) -> None:
    routes_with_helper(work)
    held = sys.modules["lib.db"]
    work.save("lib/db.py", NOTE + "VALUE = 2\n")
    assert (held.VALUE, sys.modules["lib.db"].VALUE) == (1, 2)


# Two saves with the same size within one second, which is all that Python's compiled files tell apart.


@pytest.mark.parametrize("is_first_compiled", [False, True])
def test_two_saves_within_one_second(work: Work, is_first_compiled: bool) -> None:
    routes_with_helper(work, "from lib.db import VALUE")
    if is_first_compiled:  # as by a handler that imports it, or by `slugline start`
        __import__("py_compile").compile(str(work.root / "lib/db.py"))
    for number in (2, 3, 4):
        work.write("lib/db.py", NOTE + f"VALUE = {number}\n", at=OLD)
        work.tell("lib/db.py")
        assert work.value("pages/api/a.py", "VALUE") == number


def test_two_saves_within_one_second_of_a_file_that_cannot_be_imported(work: Work) -> None:
    routes_with_helper(work, "from lib.db import VALUE")
    for text, value in (("VALUE = 1/0\n", None), ("VALUE = 1/1\n", 1.0), ("VALUE = 0/0\n", None), ("VALUE = 0/1\n", 0.0)):
        path = work.write("lib/db.py", text, at=OLD)
        work.tell("lib/db.py")
        if value is None:
            assert "ZeroDivisionError" in work.error("pages/api/a.py")
            __import__("py_compile").compile(str(path))
        else:
            assert work.value("pages/api/a.py", "VALUE") == value


# Broken and healed


BROKEN = [
    ("1 / 0\n", "ZeroDivisionError"),
    ("def (:\n", "SyntaxError"),
    ("import nowhere_at_all\n", "ModuleNotFoundError"),
    ("raise SystemExit(3)\n", "SystemExit"),
    ("raise BaseException('odd')\n", "BaseException"),
    ("x = '\0'\n", "null bytes"),
    ("", "VALUE"),
]


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_a_broken_helper_heals(work: Work, text: str, said: str) -> None:
    routes_with_helper(work, "from lib.db import VALUE")
    kept = work.project.routes["pages/api/c.py"]
    work.save("lib/db.py", text)
    assert said in work.error("pages/api/a.py")
    assert said in work.error("pages/api/b.py")
    assert "lib/db.py" in work.error("pages/api/a.py") or said == "VALUE"
    assert work.project.routes["pages/api/c.py"] is kept
    work.save("lib/db.py", NOTE + "VALUE = 9\n")
    assert [work.value(f"pages/api/{name}.py", "VALUE") for name in "ab"] == [9, 9]
    assert sorted(work.loaded) == ["lib.db", "pages.api.a", "pages.api.b"]
    assert work.project.routes["pages/api/c.py"] is kept


@pytest.mark.parametrize(("text", "said"), [*BROKEN[:-1], ("", "defines nothing that answers"), ("handler = 3", "not a function")])
def test_a_broken_route_heals(work: Work, text: str, said: str) -> None:
    routes_with_helper(work)
    work.save("pages/api/c.py", text)
    assert said in work.error("pages/api/c.py")
    work.save("pages/api/c.py", HANDLER)
    assert work.value("pages/api/c.py", "handler")
    assert work.loaded == ["pages.api.c"]


def test_a_broken_project_loads(work: Work) -> None:
    work.write("pages/api/a.py", "1 / 0")
    work.write("pages/api/b.py", HANDLER)
    work.load()
    assert "ZeroDivisionError" in work.error("pages/api/a.py")
    work.save("pages/api/a.py", HANDLER)
    assert work.value("pages/api/a.py", "handler")


def test_a_missing_helper_appears(work: Work) -> None:
    work.write("pages/api/a.py", "from lib.late import VALUE\n" + HANDLER)
    work.load()
    assert "lib" in work.error("pages/api/a.py")
    work.save("lib/late.py", "VALUE = 4\n")
    assert work.value("pages/api/a.py", "VALUE") == 4


def test_an_optional_helper_appears_and_goes(work: Work) -> None:
    work.write("pages/api/a.py", "try:\n    from lib.late import VALUE\nexcept ImportError:\n    VALUE = None\n" + HANDLER)
    work.load()
    assert work.value("pages/api/a.py", "VALUE") is None
    assert work.save("lib/late.py", "VALUE = 4\n").reloaded == ["pages/api/a.py"]
    assert work.value("pages/api/a.py", "VALUE") == 4
    work.remove("lib/late.py")
    assert work.value("pages/api/a.py", "VALUE") is None


def test_an_optional_helper_that_was_broken_heals(work: Work) -> None:
    work.write("lib/late.py", "1 / 0")
    work.write("pages/api/a.py", "try:\n    from lib.late import VALUE\nexcept Exception:\n    VALUE = None\n" + HANDLER)
    work.load()
    work.save("lib/late.py", "VALUE = 5\n")
    assert work.value("pages/api/a.py", "VALUE") == 5


def test_a_helper_that_goes(work: Work) -> None:
    routes_with_helper(work)
    work.remove("lib/db.py")
    assert "lib.db" in work.error("pages/api/a.py")
    work.save("lib/db.py", NOTE)
    assert work.value("pages/api/a.py", "lib").db is sys.modules["lib.db"]


def test_a_module_becomes_a_package(work: Work) -> None:
    routes_with_helper(work, "from lib.db import VALUE")
    (work.root / "lib/db.py").unlink()
    work.write("lib/db/__init__.py", NOTE + "VALUE = 6\n")
    work.tell("lib/db.py", "lib/db", "lib/db/__init__.py", structure=True)
    assert work.value("pages/api/a.py", "VALUE") == 6
    (work.root / "lib/db/__init__.py").unlink()
    shutil.rmtree(work.root / "lib/db")  # with what Python has compiled
    work.write("lib/db.py", "VALUE = 8\n")
    work.tell("lib/db", "lib/db.py", structure=True)
    assert work.value("pages/api/a.py", "VALUE") == 8


def test_a_folder_that_is_swapped_is_told_of_by_its_name(work: Work) -> None:
    routes_with_helper(work, "from lib.db import VALUE")
    (work.root / "lib").rename(work.root / "old")
    work.write("lib/db.py", NOTE + "VALUE = 10\n")
    assert work.tell("lib", "old", structure=True).reloaded == ["pages/api/a.py", "pages/api/b.py"]
    assert work.value("pages/api/a.py", "VALUE") == 10


def test_a_folder_of_routes_that_is_swapped(work: Work) -> None:
    routes_with_helper(work)
    (work.root / "pages/api").rename(work.root / "pages/old")
    work.write("pages/api/a.py", "X = 3\n" + HANDLER)
    difference = work.tell("pages/api", "pages/old", structure=True)
    assert difference.removed == [f"pages/api/{name}.py" for name in "bcde"]
    assert work.value("pages/api/a.py", "X") == 3


# New, renamed and deleted routes


def test_routes_come_and_go(work: Work) -> None:
    routes_with_helper(work)
    assert work.save("pages/api/new.py", HANDLER).added == ["pages/api/new.py"]
    assert work.loaded == ["pages.api.new"]
    (work.root / "pages/api/new.py").rename(work.root / "pages/api/other.py")
    difference = work.tell("pages/api/new.py", "pages/api/other.py", structure=True)
    assert (difference.added, difference.removed, difference.reloaded) == (["pages/api/other.py"], ["pages/api/new.py"], [])
    assert work.remove("pages/api/other.py").removed == ["pages/api/other.py"]
    assert "pages/api/other.py" not in work.project.routes
    assert work.loaded == []


def test_a_route_that_comes_back_has_its_new_text(work: Work) -> None:
    routes_with_helper(work)
    work.remove("pages/api/c.py")
    work.save("pages/api/c.py", "X = 2\n" + HANDLER)
    assert work.value("pages/api/c.py", "X") == 2


def test_pages_goes_and_comes_back(work: Work) -> None:
    routes_with_helper(work)
    (work.root / "pages").rename(work.root / "away")
    assert len(work.tell("pages", structure=True).removed) == 5
    assert isinstance(work.project.problems[0], ProjectNotFound)
    assert work.project.routes == {}
    (work.root / "away").rename(work.root / "pages")
    assert len(work.tell("pages", structure=True).added) == 5
    assert work.project.problems == []


def test_a_project_without_pages_starts(work: Work) -> None:
    work.load()
    assert isinstance(work.project.problems[0], ProjectNotFound)
    assert work.save("pages/api/a.py", HANDLER).added == ["pages/api/a.py"]
    assert work.project.problems == []


NAMES = ["pages/api/[a.py", "pages/api/a].py", "pages/api/[...x]/y.py", "pages/api/[]/z.py", "pages/api/[a]/[a].py"]


@pytest.mark.parametrize("source", NAMES)
def test_a_bad_name_and_its_healing(work: Work, source: str) -> None:
    routes_with_helper(work)
    difference = work.save(source, HANDLER)
    assert difference.added == []
    assert [type(problem) for problem in work.project.problems] == [RouteNameError]
    assert source in work.project.problems[0].message
    (work.root / source).rename(work.root / "pages/api/good.py")
    assert work.tell(source, "pages/api/good.py", structure=True).added == ["pages/api/good.py"]
    assert work.project.problems == []


def test_several_bad_names_are_all_told(work: Work) -> None:
    for source in NAMES:
        work.write(source, HANDLER)
    work.write("pages/api/good.py", HANDLER)
    work.load()
    assert len(work.project.problems) == len(NAMES)
    assert list(work.project.routes) == ["pages/api/good.py"]


def table_of(project: DevProject) -> tuple[set[str], int]:
    """Give the sources in service, and the number of conflicts; broken routes are marked by "!"."""
    routes = [Route(file.pattern, file.segments, file.source, file.source) for file in project.files.values()]
    table, conflicts = build_table_leniently(
        routes, lambda route, _: Route(route.pattern, route.segments, f"!{route.source}", route.source)
    )
    return {route.endpoint for route in table.ordered()}, len(conflicts)


CONFLICTS = [
    ["pages/api/[id].py", "pages/api/[pid].py"],
    ["pages/api/a.py", "pages/api/a/index.py"],
    ["pages/api/[...all].py", "pages/api/[[...rest]].py"],
    ["pages/api/post/[id]/x.py", "pages/api/post/[pid]/y.py"],
    ["pages/api.py", "pages/api/index.py"],
]


@pytest.mark.parametrize("sources", CONFLICTS)
def test_a_conflict_and_its_healing(work: Work, sources: Sequence[str]) -> None:
    work.write("pages/api/other.py", HANDLER)
    for source in sources:
        work.write(source, HANDLER)
    work.load()
    served, conflicts = table_of(work.project)
    assert conflicts == 1
    assert "pages/api/other.py" in served
    assert not served & set(sources), "neither of two files that answer the same may be served"
    work.remove(sources[1])
    assert table_of(work.project) == ({"pages/api/other.py", sources[0]}, 0)


def test_three_files_for_one_path(work: Work) -> None:
    for name in ("[a]", "[b]", "[c]"):
        work.write(f"pages/api/{name}.py", HANDLER)
    work.load()
    served, conflicts = table_of(work.project)
    assert conflicts == 2
    assert all(source.startswith("!") for source in served)


def test_no_conflict(work: Work) -> None:
    routes = [Route(pattern, split_segments(pattern), pattern, pattern) for pattern in ("/api/a", "/api/[b]", "/api/[...c]")]
    table, conflicts = build_table_leniently(routes, lambda route, _: route)
    assert len(table.ordered()) == 3
    assert conflicts == []


# Middleware

GUARD = NOTE + "def guard(req, res, next): next()\nmiddleware = [guard]\nNUMBER = {}\n"


def guards_of(work: Work, source: str) -> list[int]:
    loaded = work.project.routes[source]
    assert not isinstance(loaded, ProjectError), loaded
    return [function.__globals__["NUMBER"] for function in loaded.folder_middleware]


def test_folder_middleware_comes_changes_and_goes(work: Work) -> None:
    work.write("pages/api/a.py", HANDLER)
    work.write("pages/api/deep/b.py", HANDLER)
    work.load()
    assert work.save("pages/api/_middleware.py", GUARD.format(1)).added == ["pages/api/_middleware.py"]
    assert work.loaded == ["pages.api._middleware"]
    assert work.save("pages/api/deep/_middleware.py", GUARD.format(2)).added == ["pages/api/deep/_middleware.py"]
    assert (guards_of(work, "pages/api/a.py"), guards_of(work, "pages/api/deep/b.py")) == ([1], [1, 2])
    assert work.save("pages/api/_middleware.py", GUARD.format(3)).reloaded == ["pages/api/_middleware.py"]
    assert (guards_of(work, "pages/api/a.py"), guards_of(work, "pages/api/deep/b.py")) == ([3], [3, 2])
    assert work.remove("pages/api/_middleware.py").removed == ["pages/api/_middleware.py"]
    assert (guards_of(work, "pages/api/a.py"), guards_of(work, "pages/api/deep/b.py")) == ([], [2])


def test_broken_folder_middleware_closes_what_lies_below(work: Work) -> None:
    for source in ("pages/api/a.py", "pages/api/deep/b.py", "pages/api/deep/er/c.py"):
        work.write(source, HANDLER)
    work.write("pages/api/deep/_middleware.py", GUARD.format(1))
    work.load()
    for text in ("def guard(:", "1 / 0", "", "middleware = 3"):
        work.save("pages/api/deep/_middleware.py", text)
        assert guards_of(work, "pages/api/a.py") == []
        for source in ("pages/api/deep/b.py", "pages/api/deep/er/c.py"):
            assert "pages/api/deep/_middleware.py" in work.error(source)
    work.save("pages/api/deep/_middleware.py", GUARD.format(4))
    assert guards_of(work, "pages/api/deep/er/c.py") == [4]


def test_a_helper_of_folder_middleware(work: Work) -> None:
    work.write("lib/auth.py", "N = 1\n")
    work.write("pages/api/_middleware.py", "from lib.auth import N\n" + GUARD.format("N"))
    work.write("pages/api/a.py", HANDLER)
    work.load()
    assert work.save("lib/auth.py", "N = 2\n").reloaded == ["pages/api/_middleware.py"]
    assert guards_of(work, "pages/api/a.py") == [2]


# What stays


def test_third_party_modules_stay(work: Work, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "heavy_library.py").write_text(NOTE)
    monkeypatch.syspath_prepend(str(outside))
    installed = work.root / ".venv/lib/site-packages"
    work.write(".venv/lib/site-packages/installed_library.py", NOTE)
    monkeypatch.syspath_prepend(str(installed))
    text = "import heavy_library, installed_library\n" + HANDLER
    work.write("pages/api/a.py", text)
    work.load()
    before = sys.modules["heavy_library"], sys.modules["installed_library"]
    work.save("pages/api/a.py", text + "X = 1\n")
    work.tell(everything=True)
    work.tell(".venv/lib/site-packages/installed_library.py")
    assert (sys.modules["heavy_library"], sys.modules["installed_library"]) == before
    assert work.loaded == []
    for name in ("heavy_library", "installed_library"):
        del sys.modules[name]


def test_everything_loads_all_of_the_project(work: Work) -> None:
    work.write("instrumentation.py", NOTE + "def register(): pass\n")
    work.write("pages/api/_middleware.py", GUARD.format(1))
    routes_with_helper(work)
    difference = work.tell(everything=True)
    assert sorted(work.loaded) == sorted(["instrumentation", "lib.db", "pages.api._middleware", *(f"pages.api.{name}" for name in "abcde")])
    assert difference.instrumentation
    assert len(difference.reloaded) == 6
    del sys.modules["instrumentation"]


def test_instrumentation_is_loaded_when_it_or_its_helper_changes(work: Work) -> None:
    routes_with_helper(work)
    assert not work.project.instrumentation.register
    assert work.save("instrumentation.py", "import lib.db\ndef register(): pass\n").instrumentation
    first = work.project.instrumentation.register
    assert first is not None
    assert not work.save("pages/api/a.py", HANDLER).instrumentation
    assert work.project.instrumentation.register is first
    assert work.save("lib/db.py", "VALUE = 2\n").instrumentation
    assert work.project.instrumentation.register is not first
    assert work.save("instrumentation.py", "def (").instrumentation
    assert work.project.instrumentation_error is not None
    assert work.remove("instrumentation.py").instrumentation
    assert work.project.instrumentation.register is None
    assert work.project.instrumentation_error is None


def test_a_project_that_is_moved_tells_of_no_file_that_it_never_had(work: Work) -> None:
    routes_with_helper(work)
    assert not work.tell(".", structure=True).instrumentation
    assert not work.tell("src", structure=True).instrumentation


def test_what_cannot_be_used(work: Work) -> None:
    work.write("pages/api/_middleware.py", "def (")
    routes_with_helper(work)
    assert work.project.broken == {"pages/api/_middleware.py"}
    work.save("pages/api/_middleware.py", "middleware = []\n")
    work.save("pages/api/a.py", "def (")
    assert work.project.broken == {"pages/api/a.py"}
    work.remove("pages/api/a.py")
    work.save("slugline.config.py", "nothing_like_it = 1\ndef (")
    assert work.project.broken == {"slugline.config.py"}
    work.remove("slugline.config.py")
    assert work.project.broken == set()


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "GeneratorExit", "SystemExit(3)"])
def test_what_a_file_raises_ends_nothing(work: Work, error: str) -> None:
    routes_with_helper(work)
    work.write("pages/api/a.py", f"raise {error}\n")
    thread = threading.Thread(target=work.tell, args=["pages/api/a.py"])  # as in the server: there, Ctrl+C comes to the main thread
    thread.start()
    thread.join()
    assert error.partition("(")[0] in work.error("pages/api/a.py")


def test_compiled_files_of_libraries_are_written(
    work: Work, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "fresh_library.py").write_text("X = 1\n")
    monkeypatch.syspath_prepend(str(outside))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    work.write("pages/api/a.py", "import fresh_library\n" + HANDLER)
    work.load()
    del sys.modules["fresh_library"]
    # Without it, every start would compile a library anew that its installer has not compiled.
    assert (outside / "__pycache__").is_dir()


# keep()


def test_keep_survives(work: Work) -> None:
    text = "from slugline import keep\nmodel = keep('test-survives', lambda: object())\n" + HANDLER
    work.write("pages/api/a.py", text)
    work.load()
    model = work.value("pages/api/a.py", "model")
    work.save("pages/api/a.py", text + "X = 1\n")
    work.tell(everything=True)
    assert work.value("pages/api/a.py", "model") is model


def test_keep_keeps_nothing_of_what_failed() -> None:
    def fail() -> object:
        raise OSError("no model")

    with pytest.raises(OSError, match="no model"):
        keep("test-failed", fail)
    assert keep("test-failed", lambda: 3) == 3
    assert keep("test-failed", fail) == 3


def test_keep_keeps_none_too() -> None:
    made: list[None] = []
    for _ in range(2):
        assert keep("test-none", lambda: made.append(None)) is None
    assert len(made) == 1


def test_keep_refuses_a_coroutine() -> None:
    async def connect() -> int:
        return 1

    with pytest.raises(TypeError, match=r"keep\('test-coroutine', …\) was given an async function"):
        keep("test-coroutine", connect)


def test_keep_makes_once_whoever_asks_at_once() -> None:
    made: list[int] = []
    start = threading.Barrier(8)

    def make() -> object:
        made.append(1)
        time.sleep(0.05)  # long enough for the others to ask meanwhile
        return object()

    found = together(8, lambda: (start.wait(10), keep("test-threads", make))[1])
    assert len(made) == 1
    assert len({id(each) for each in found}) == 1


def test_keep_of_two_names_does_not_wait() -> None:
    meet = threading.Barrier(2)
    names = iter(["test-name-1", "test-name-2"])
    # Each factory waits until the other runs.
    assert together(2, lambda: keep(next(names), lambda: meet.wait(10) >= 0)) == [True, True]


def test_keep_within_keep() -> None:
    assert keep("test-outer", lambda: [keep("test-inner", lambda: 1)]) == [1]


def together(count: int, function: Callable[[], Any]) -> list[Any]:
    results: list[Any] = []
    threads = [threading.Thread(target=lambda: results.append(function())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(results) == count
    return results


# The disk changes while it is read


def test_a_route_that_goes_between_scan_and_import(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    routes_with_helper(work)
    (work.root / "pages/api/c.py").unlink()
    work.tell("pages/api/c.py")  # told as a change, before it is told that it went
    assert isinstance(work.project.routes["pages/api/c.py"], RouteModuleError)
    assert work.tell("pages/api/c.py", structure=True).removed == ["pages/api/c.py"]


def test_a_file_that_cannot_be_read(work: Work) -> None:
    routes_with_helper(work)
    path = work.root / "pages/api/c.py"
    path.unlink()
    path.mkdir()
    work.tell("pages/api/c.py", structure=True)
    path.rmdir()
    work.save("pages/api/c.py", HANDLER)
    assert work.value("pages/api/c.py", "handler")
