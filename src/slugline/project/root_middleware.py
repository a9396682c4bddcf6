"""`middleware.py` beside pages/, or in src/ beside src/pages/: functions that see a request before any route does.

    config = {"matcher": ["/api/:path*", {"source": "/about", "has": [{"type": "cookie", "key": "sid"}]}]}

    def middleware(req): ...

NEXTJS: the file proxy.js, formerly middleware.js, and its `matcher`. Matchers, rules and routes all see the one canonical path, and
case counts everywhere; there is no second spelling of a path, and no header, with which a request gets past.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from msgspec import Struct

from slugline.errors import ConfigError, RouteModuleError
from slugline.project.imports import import_file
from slugline.project.near_names import find_meant, line_of
from slugline.project.rule_tables import Place, Table, check_locale, compile_in_place, read_conditions, read_source
from slugline.routing.conditions import Condition, RequestView, match_conditions
from slugline.routing.rule_index import RuleIndex
from slugline.routing.source_pattern import SourcePattern, compile_source

__all__ = ["MIDDLEWARE_FILE", "Matcher", "MatcherRule", "RootMiddleware", "load_root_middleware"]

MIDDLEWARE_FILE = "middleware.py"
OTHER_NAMES = ("proxy.py", "middlewares.py", "Middleware.py")
OTHER_FUNCTIONS = ("proxy", "default", "handler", "main")
MATCHER_KEYS = ("source", "has", "missing", "locale")
MATCHER_FORM = 'a pattern such as "/api/:path*", a list of them, or dicts {"source": "/api/:path*", "has": […], "missing": […]}'


class MatcherRule(Struct, frozen=True):
    """One alternative of a matcher."""

    source: SourcePattern
    has: tuple[Condition, ...] = ()
    missing: tuple[Condition, ...] = ()


class Matcher:
    """Which requests the middleware sees; without rules given, all of them."""

    def __init__(self, rules: Sequence[MatcherRule] | None = None) -> None:
        self.rules = None if rules is None else tuple(rules)
        self._index = None if rules is None else RuleIndex(self.rules or (), _source_of)

    def may_match(self, path: str) -> bool:
        """Tell whether any alternative may match a canonical path; quicker than `match`."""
        return self._index is None or self._index.may_match(path)

    def match(self, request: RequestView) -> bool:
        """Tell whether one of the alternatives matches the request's canonical path, base path and all."""
        if self._index is None:
            return True
        return any(
            rule.source.match(request.path) is not None and match_conditions(rule.has, rule.missing, request) is not None
            for _, rule in self._index.find_candidates(request.path)
        )


class RootMiddleware(Struct, frozen=True):
    """The functions of a project's `middleware.py`, in the order in which they run, and for which requests.

    `source` is the file, relative to the project. Each takes (req).
    """

    source: str
    functions: tuple[Callable[..., Any], ...]
    matcher: Matcher


def load_root_middleware(root: Path, pages_folder: str = "pages", base_path: str = "") -> RootMiddleware | None:
    """Load the `middleware.py` beside the pages folder, "pages" or "src/pages"; None when there is none.

    Raises ConfigError with the file, the key and what to write for a matcher that is wrong, a file in the wrong place or with
    another name, and a function with another name; RouteModuleError for a file that cannot be imported.
    """
    beside = Path(pages_folder).parent.as_posix()
    source = MIDDLEWARE_FILE if beside == "." else f"{beside}/{MIDDLEWARE_FILE}"
    _refuse_misplaced(root, pages_folder, source)
    if not (root / source).is_file():
        return None
    try:
        module = import_file(root, source)
    except RouteModuleError as error:
        raise RouteModuleError(f"{error.message} Without it no request would be guarded.", files=error.files) from error
    functions = _read_functions(module, source)
    return RootMiddleware(source, functions, _read_matcher(module, source, base_path))


def _refuse_misplaced(root: Path, pages_folder: str, source: str) -> None:
    folder = str(Path(source).parent)
    prefix = "" if folder == "." else f"{folder}/"
    for name in OTHER_NAMES:
        # By the list of names, since a disk that takes capital letters for small ones has Middleware.py as well.
        if name in _names_in(root / folder) and (root / folder / name).is_file():
            raise ConfigError(
                f"{prefix}{name} is not read. Name it {source}; if it is a module of yours, give it another name.", files=(name,)
            )
    for place in {f"{pages_folder}/{MIDDLEWARE_FILE}", MIDDLEWARE_FILE, f"src/{MIDDLEWARE_FILE}"} - {source}:
        if (root / place).is_file() and _defines_middleware(root / place):
            raise ConfigError(f"{place} is not read: the middleware of this project is {source}. Move it there.", files=(place,))


def _names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def _defines_middleware(path: Path) -> bool:
    text = path.read_text(encoding="utf-8", errors="replace")
    return any(line.startswith(("def middleware(", "async def middleware(", "middleware =", "middleware:")) for line in text.splitlines())


def _read_functions(module: types.ModuleType, source: str) -> tuple[Callable[..., Any], ...]:
    value = getattr(module, "middleware", None)
    if value is None:
        _refuse_without_function(module, source)
    place = Place(source, "middleware")
    functions = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not functions:
        place.fail("is an empty list. Write the functions that see the requests, or delete the file.")
    for index, function in enumerate(functions):
        if not callable(function) or isinstance(function, type):
            (place.under(index) if isinstance(value, list | tuple) else place).refuse(
                function, "a function that takes (req), or a list of them"
            )
    return functions


def _refuse_without_function(module: types.ModuleType, source: str) -> NoReturn:
    own = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
    near = next((name for name in own if name in OTHER_FUNCTIONS or find_meant(name, ("middleware",))), None)
    if near is not None:
        line = line_of(module, near)
        where = f", line {line}" if line else ""
        raise ConfigError(f"{source}{where}: `{near}` has no effect. Name it `middleware`.", files=(source,))
    raise ConfigError(f"{source} defines no `middleware`. Write def middleware(req), or delete the file.", files=(source,))


def _read_matcher(module: types.ModuleType, source: str, base_path: str) -> Matcher:
    config = getattr(module, "config", None)
    if config is None:
        for name, value in vars(module).items():
            # A guard that was meant for two paths and runs for all is seen at once, the other way round is not; both are refused.
            if name == "matcher" or (isinstance(value, Mapping) and "matcher" in value and not name.startswith("_")):
                written = 'config = {"matcher": …}'
                raise ConfigError(f"{source}: `{name}` has no effect. Write {written}.", files=(source,))
        return Matcher()
    place = Place(source, "config")
    if isinstance(config, Mapping):
        for key in config:
            if key in ("runtime", "regions", "preferredRegion", "preferred_region", "unstable_allowDynamic"):
                place.under(key).fail(
                    "says where Next.js runs the file, and has no meaning here: it runs in the server's process. Delete it."
                )
    table = Table(place, config, ("matcher",))
    if "matcher" not in table.values:
        return Matcher()
    value = table.values["matcher"]
    place = table.place_of("matcher")
    if isinstance(value, str | Mapping):
        return Matcher(_read_rules(place, value, base_path))
    if not isinstance(value, Sequence) or isinstance(value, bytes):
        place.refuse(value, MATCHER_FORM)
    return Matcher([rule for index, each in enumerate(value) for rule in _read_rules(place.under(index), each, base_path)])


def _read_rules(place: Place, value: object, base_path: str) -> list[MatcherRule]:
    rule = _read_rule(place, value, base_path)
    if rule.source.text not in (base_path, "/"):
        return [rule]
    # NEXTJS: there "/index" is another name of the page "/", so a matcher for the one includes the other.
    return [rule, MatcherRule(compile_source(f"{base_path}/index"), rule.has, rule.missing)]


def _read_rule(place: Place, value: object, base_path: str) -> MatcherRule:
    if isinstance(value, str):
        return MatcherRule(compile_in_place(place, value, base_path))
    if not isinstance(value, Mapping):
        place.refuse(value, MATCHER_FORM)
    table = Table(place, value, MATCHER_KEYS)
    check_locale(table)
    has, missing = read_conditions(table)
    return MatcherRule(read_source(table, "source", base_path), has, missing)


def _source_of(rule: MatcherRule) -> SourcePattern:
    return rule.source
