"""Names in a user's file that were meant for Slugline and miss by a letter: they would be ignored, and with them the guard they list.

How to think about false alarms. Everything in a route file that Slugline does not know is the user's own, so a name alone proves
little: `get`, `CONFIG` and `Handler` are good names for helpers. A name is taken for a slip only while the one it resembles is missing,
only if the file makes it itself (an import is somebody else's name), and only if its value is what belongs there.
"""

import ast
import difflib
import functools
import inspect
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from slugline.callables import is_async_callable
from slugline.errors import RouteModuleError
from slugline.project.route_config import is_known_key

__all__ = ["METHODS", "find_meant", "line_of", "looks_like_handler", "refuse_near_names", "suggest_form"]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

HANDLER_NAMES = ("main", "default", "handle", "index")
APP_NAMES = ("application", "asgi", "wsgi", "asgi_app", "wsgi_app")
REQUEST_NAMES = ("req", "request")
RESPONSE_NAMES = ("res", "response")

CLOSE = 0.85
"""How alike two names are (difflib's ratio) that nobody has chosen side by side: `handeler` has 0.93, `middlware` 0.95."""
CLOSE_METHOD = 0.6
"""The same for a function in capitals that takes (req, res): `GTE` has 0.67, and what else would it be?"""


def refuse_near_names(module: types.ModuleType, source: str) -> None:
    """Refuse a route file in which a name resembles one of Slugline's, so that `middlewares = [auth]` never goes unseen.

    Raises RouteModuleError with the file, the line and the name that is meant.
    """
    for written, meant in _near_names(module):
        where = line_of(module, written)
        place = f"{source}, line {where}" if where else source
        raise RouteModuleError(
            f"{place}: `{written}` has no effect. Name it `{meant}`; if it is a helper, begin its name with `_`.", files=[source]
        )


def suggest_form(module: types.ModuleType) -> str | None:
    """Give what a file without handler, methods and `app` seems to have instead: "It has `get` (line 3): name it GET."."""
    for name, value in _own_names(module):
        meant = _meant_form(name, value)
        if meant is not None:
            where = line_of(module, name)
            return f"It has `{name}`{f' (line {where})' if where else ''}: name it {meant if meant in METHODS else f'`{meant}`'}."
    return None


def find_meant(name: str, names: Sequence[str]) -> str | None:
    """Give the one of `names` that a name in another case, in the plural, with an underscore or with a slip of the pen is."""
    plain = _plain(name)
    for each in names:
        if plain in (each, f"{each}s"):
            return each
    # Words put around a name are no slip: `my_middleware`.
    return next((each for each in names if each not in plain and _likeness(plain, each) >= CLOSE), None)


def line_of(module: types.ModuleType, name: str) -> int | None:
    """Give the line in which a module first binds a name, or None."""
    return next((line for bound, line, _ in _bindings(module) if bound == name), None)


def looks_like_handler(function: object) -> bool:
    """Tell whether the first two parameters are called as those of a handler are: `req, res`, `request, response`."""
    try:
        names = [name.strip("_") for name in inspect.signature(function).parameters]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return len(names) >= 2 and names[0] in REQUEST_NAMES and names[1] in RESPONSE_NAMES


def _near_names(module: types.ModuleType) -> Iterator[tuple[str, str]]:
    known = vars(module)
    own = dict(_own_names(module))
    methods = [name for name in METHODS if name in known]
    is_whole = "handler" in known or "app" in known
    for name, value in own.items():
        if "middleware" not in known and not inspect.isclass(value) and find_meant(name, ("middleware",)):
            yield name, "middleware"
        elif "config" not in known and _is_config(name, value):
            yield name, "config"
        elif "websocket" not in known and is_async_callable(value) and find_meant(name, ("websocket",)):
            yield name, "websocket"
        elif not is_whole and not methods and not inspect.isclass(value) and _meant_form(name, value) == "app":
            yield name, "app"
        elif not is_whole and looks_like_handler(value):
            meant = _meant_form(name, value)
            if meant is not None and meant not in known and not (meant == "handler" and methods):
                yield name, meant


def _is_config(name: str, value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    if name == "Config":
        return True
    plain = _plain(name)
    if plain not in ("config", "configs") and ("config" in plain or _likeness(plain, "config") < 0.75):
        return False
    return any(is_known_key(key) and (key != "api" or isinstance(value[key], Mapping)) for key in value)


def _meant_form(name: str, value: object) -> str | None:
    """Give the name that a file's function or application seems to be meant to have."""
    if name.upper() in METHODS:
        return name.upper()
    if callable(value) and (_plain(name) in ("app", *APP_NAMES)):
        return "app"
    if _plain(name) in HANDLER_NAMES or find_meant(name, ("handler",)):
        return "handler"
    if name.isupper() and looks_like_handler(value):
        return next(iter(difflib.get_close_matches(name, METHODS, n=1, cutoff=CLOSE_METHOD)), None)
    return None


def _own_names(module: types.ModuleType) -> Iterator[tuple[str, Any]]:
    """Give the names that the file binds by itself, with their values; none that it imports, and none of ours or with `_`."""
    imported = None
    for name, value in list(vars(module).items()):
        if name.startswith("_") or isinstance(value, types.ModuleType) or name in ("handler", "app", "websocket", "config", "middleware"):
            continue
        if name in METHODS or not _resembles(name):  # PERF: most files need no second reading
            continue
        if imported is None:
            imported = {bound for bound, _, is_import in _bindings(module) if is_import}
        if name not in imported:
            yield name, value


@functools.lru_cache(maxsize=1024)  # PERF: files import the same few names; it took a third of the start of 10,000 routes
def _resembles(name: str) -> bool:
    plain = _plain(name)
    return (
        name.isupper()
        or plain.upper() in METHODS
        or plain in (*HANDLER_NAMES, *APP_NAMES, "app")
        or any(_likeness(plain, each) >= 0.75 for each in ("handler", "websocket", "config", "middleware"))
    )


def _bindings(module: types.ModuleType) -> Iterator[tuple[str, int, bool]]:
    """Give every name that the file binds at its top, with the line and whether an import does it."""
    try:
        tree = ast.parse(Path(str(module.__file__)).read_bytes())
    except (OSError, SyntaxError, ValueError):  # saved anew while it was being imported
        return
    waiting: list[ast.AST] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name.partition(".")[0], node.lineno, True) for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno, False
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno, False
        elif not isinstance(node, ast.Lambda):
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()
