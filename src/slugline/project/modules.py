"""Import a user's file, and find out what it defines."""

import functools
import hashlib
import importlib.util
import inspect
import re
import sys
import types
import typing
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slugline.callables import is_async_callable
from slugline.errors import ConfigError, InstrumentationError, ProjectError, RouteModuleError
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.project.route_config import RouteConfig, parse_route_config

__all__ = [
    "METHODS",
    "Action",
    "Instrumentation",
    "RouteModule",
    "begin_imports",
    "load_folder_middleware",
    "load_instrumentation",
    "load_route_module",
]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Action:
    """A function `(req, res)` of a route file, with the classes that its annotations ask for."""

    function: Callable[..., Any]
    request_class: type[Request[Any, Any]] = Request
    response_class: type[Response[Any]] = Response


@dataclass(frozen=True, slots=True)
class RouteModule:
    """What a route file defines: one of `handler`, method functions and `app`; and perhaps `websocket`."""

    source: str
    config: RouteConfig
    handler: Action | None = None
    methods: Mapping[str, Action] = field(default_factory=dict)
    app: Any = None
    websocket: Callable[[Any], Awaitable[None]] | None = None
    middleware: tuple[Callable[..., Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Instrumentation:
    """The functions of instrumentation.py, either of which may be missing."""

    register: Callable[[], Any] | None = None
    shutdown: Callable[[], Any] | None = None


def load_route_module(root: Path, source: str) -> RouteModule:
    """Import pages/api/….py and check what it defines.

    Raises RouteModuleError when it cannot be imported or defines nothing that answers, ConfigError for its `config`.
    """
    module = import_file(root, source)
    handler = getattr(module, "handler", None)
    methods = {name: function for name in METHODS if (function := getattr(module, name, None)) is not None}
    app = getattr(module, "app", None)
    websocket = getattr(module, "websocket", None)
    forms = [name for name, found in (("handler", handler is not None), ("/".join(methods), methods), ("app", app is not None)) if found]
    if len(forms) > 1:
        raise RouteModuleError(f"{source} defines {' and '.join(forms)}. Keep one of them.", files=[source])
    if not forms and websocket is None:
        raise RouteModuleError(f"{source} defines nothing that answers.{_suggest_form(module)}", files=[source])
    return RouteModule(
        source=source,
        config=parse_route_config(getattr(module, "config", {}), source),
        handler=_action(handler, "handler", source) if handler is not None else None,
        methods={name: _action(function, name, source) for name, function in methods.items()},
        app=app,
        websocket=_websocket(websocket, source) if websocket is not None else None,
        middleware=_middleware(getattr(module, "middleware", []), source),
    )


def load_folder_middleware(root: Path, source: str) -> tuple[Callable[..., Any], ...]:
    """Import a `_middleware.py` and give its list `middleware`.

    Raises RouteModuleError when it defines none.
    """
    module = import_file(root, source)
    if not hasattr(module, "middleware"):
        raise RouteModuleError(f"{source} defines no `middleware`. Give it a list: middleware = [my_function].", files=[source])
    return _middleware(module.middleware, source)


def load_instrumentation(root: Path) -> Instrumentation:
    """Import instrumentation.py of the project, or of its `src`, if there is one.

    Raises InstrumentationError.
    """
    for source in ("instrumentation.py", "src/instrumentation.py"):
        if (root / source).is_file():
            try:
                module = import_file(root, source)
            except ProjectError as error:
                raise InstrumentationError(error.message, files=[source]) from error
            found = Instrumentation(getattr(module, "register", None), getattr(module, "shutdown", None))
            for name, function in (("register", found.register), ("shutdown", found.shutdown)):
                if function is not None and not _accepts(function, 0):
                    raise InstrumentationError(f"{source}: {name} takes no arguments: async def {name}().", files=[source])
            return found
    return Instrumentation()


def import_file(root: Path, source: str) -> types.ModuleType:
    """Import one file of the project under a name made from its path, "pages.api.post.[pid]" for pages/api/post/[pid].py.

    The project's folder is put first on sys.path, so that the file can import its neighbours: `from pages.api._db import
    connect`, `from lib.models import User`. Raises RouteModuleError with the cause chained; ConfigError passes.
    """
    path = root / source
    _put_on_path(root)
    name = _module_name(source)
    imported = sys.modules.get(name)
    if imported is not None and name not in _Current.at_start and getattr(imported, "__file__", None) == str(path):
        return imported  # a neighbour has imported it just now: one module, one connection
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RouteModuleError(f"{source} cannot be imported as Python.", files=[source])
    module = importlib.util.module_from_spec(spec)
    module.__package__ = name.rpartition(".")[0]
    # Registered before it runs: dataclasses, pickle and get_type_hints look modules up by name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except ConfigError as error:
        del sys.modules[name]
        raise ConfigError(f"{source}: {error.message}", files=[source]) from error
    except (KeyboardInterrupt, GeneratorExit):
        del sys.modules[name]
        raise
    except BaseException as error:
        del sys.modules[name]
        raise RouteModuleError(f"{source} cannot be imported: {_describe(error, path)}", files=[source]) from error
    return module


class _Current:
    """The project that imports now, and the modules that were there before it."""

    folder = ""
    earlier: frozenset[str] = frozenset()
    at_start: frozenset[str] = frozenset()
    """The modules that were there before its files were last loaded; these are loaded again."""


def begin_imports(root: Path) -> None:
    """Say that the files of a project are about to be loaded, all of them."""
    _put_on_path(root)
    _Current.at_start = frozenset(sys.modules)


def _put_on_path(root: Path) -> None:
    folder = str(root)
    if sys.path[:1] != [folder]:
        if folder in sys.path:
            sys.path.remove(folder)
        sys.path.insert(0, folder)
    if _Current.folder == folder:
        return
    # The `pages` and `lib` of another project in this process (tests) must not answer for this one's. Only then: a route file that
    # puts something on sys.path must not make the next one import its neighbours, and their connections, a second time.
    if _Current.folder in sys.path:
        sys.path.remove(_Current.folder)
    for name, module in list(sys.modules.items()):
        if name not in _Current.earlier and _Current.folder and _lies_in(module, Path(_Current.folder)):
            del sys.modules[name]
    _Current.folder = folder
    _Current.earlier = frozenset(sys.modules)
    importlib.invalidate_caches()


def _lies_in(module: object, folder: Path) -> bool:
    """Tell whether a module, or a package without a file of its own, is the project's: in its folder, and not installed there."""
    places = [getattr(module, "__file__", None)] if getattr(module, "__file__", None) else list(getattr(module, "__path__", []))
    return any(folder in Path(place).parents and "site-packages" not in Path(place).parts for place in places if place)


def _module_name(source: str) -> str:
    path = source.removesuffix(".py")
    parts = [part.replace(".", "_") for part in path.split("/")]
    # "a.b.py" must not be taken for "a_b.py", or pickle would find the classes of one in the other.
    if re.fullmatch(r"[\w\[\]/-]+", path.replace("[...", "[")):
        return ".".join(parts)
    return ".".join([*parts[:-1], hashlib.sha256(source.encode()).hexdigest()[:12]])


def _describe(error: BaseException, path: Path) -> str:
    """Say what went wrong and in which line of the user's file: `NameError: … (line 3)`."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} (line {error.lineno})"
    line = None
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == str(path):
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    text = str(error) or "no message"
    return f"{type(error).__name__}: {text}" + (f" (line {line})" if line is not None else "")


def _suggest_form(module: types.ModuleType) -> str:
    names = {name for name in vars(module) if not name.startswith("_")}
    for name in ("get", "post", "put", "patch", "delete", "head", "options"):
        if name in names:
            return f" It has `{name}`: name it {name.upper()}."
    for name in ("main", "default", "Handler", "handle", "index"):
        if name in names:
            return f" It has `{name}`: name it `handler`."
    return " Define `def handler(req, res)`, or functions named GET, POST, …, or `app`; a helper's name begins with `_`."


def _action(function: Any, name: str, source: str) -> Action:
    if not callable(function):
        raise RouteModuleError(f"{source}: `{name}` is {type(function).__name__}, not a function (req, res).", files=[source])
    if not _accepts(function, 2):
        raise RouteModuleError(f"{source}: `{name}` must take two arguments: def {name}(req, res).", files=[source])
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise RouteModuleError(f"{source}: `{name}` has `yield` in it. Give the generator to res.send(...) instead.", files=[source])
    return Action(function, *_annotated_classes(function))


def _websocket(function: Any, source: str) -> Callable[[Any], Awaitable[None]]:
    if not is_async_callable(function):
        raise RouteModuleError(f"{source}: `websocket` must be `async def websocket(ws)`.", files=[source])
    if not _accepts(function, 1):
        raise RouteModuleError(f"{source}: `websocket` must take one argument: async def websocket(ws).", files=[source])
    checked: Callable[[Any], Awaitable[None]] = function
    return checked


def _middleware(value: Any, source: str) -> tuple[Callable[..., Any], ...]:
    if callable(value):
        value = [value]
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise RouteModuleError(f"{source}: `middleware` must be a list of functions (req, res, next).", files=[source])
    for each in value:
        if isinstance(each, type) or not callable(each):
            raise RouteModuleError(f"{source}: `middleware` holds {each!r}, which is no function (req, res, next).", files=[source])
        if not _accepts(each, 3):
            name = getattr(each, "__name__", repr(each))
            raise RouteModuleError(f"{source}: the middleware {name} must take three arguments: (req, res, next).", files=[source])
    return tuple(value)


def _accepts(function: Callable[..., Any], count: int) -> bool:
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # a builtin without a signature: taken at its word
        return True
    return True


def _annotated_classes(function: Callable[..., Any]) -> tuple[type[Request[Any, Any]], type[Response[Any]]]:
    """Find the subclasses of Request and Response in the annotations of the first two parameters."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return Request, Response
    classes: list[type] = []
    for parameter, base in zip(parameters[:2], (Request, Response), strict=False):
        annotation = _evaluate(parameter.annotation, function)
        annotation = typing.get_origin(annotation) or annotation
        classes.append(annotation if isinstance(annotation, type) and issubclass(annotation, base) else base)
    while len(classes) < 2:
        classes.append((Request, Response)[len(classes)])
    return classes[0], classes[1]


def _evaluate(annotation: Any, function: Any) -> Any:
    """Give what an annotation written as text names; one parameter at a time, so that one unknown name spoils no other."""
    if not isinstance(annotation, str):
        return annotation
    while isinstance(function, functools.partial):
        function = function.func
    plain = inspect.unwrap(function)
    if not hasattr(plain, "__globals__"):  # an object, which is called through its class
        plain = type(plain).__call__
    names = getattr(plain, "__globals__", {})
    try:
        return typing.get_type_hints(types.SimpleNamespace(__annotations__={"it": annotation}), names, {})["it"]
    except Exception:  # noqa: BLE001 (names imported for the type checker alone, or no expression at all)
        return None
