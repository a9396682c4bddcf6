"""Find out what a user's file defines."""

import inspect
import types
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from slugline.callables import is_async_callable
from slugline.errors import InstrumentationError, ProjectError, RouteModuleError
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.project.imports import import_file
from slugline.project.near_names import METHODS, find_meant, line_of, looks_like_handler, refuse_near_names, suggest_form
from slugline.project.route_config import RouteConfig, parse_route_config
from slugline.routing.segments import Static, split_segments
from slugline.schema.signature import UNTYPED, HandlerTypes, read_handler
from slugline.schema.validate import BodyDecoder, make_body_decoder, make_query_decoder

__all__ = [
    "METHODS",
    "Action",
    "Instrumentation",
    "RouteModule",
    "load_folder_middleware",
    "load_instrumentation",
    "load_route_module",
]

INSTRUMENTATION_WORDS = {
    "register": ("startup", "start", "on_startup", "on_start", "setup", "init", "initialize", "registre", "main", "lifespan"),
    "shutdown": ("stop", "on_shutdown", "on_stop", "teardown", "close", "cleanup", "unregister", "deregister"),
}


class Action(Struct, frozen=True):
    """A function `(req, res)` of a route file, with the classes that its annotations ask for, and what checks the types in them."""

    function: Callable[..., Any]
    request_class: type[Request[Any, Any]] = Request
    response_class: type[Response[Any]] = Response
    types: HandlerTypes = field(default_factory=HandlerTypes)
    body: BodyDecoder | None = None
    query: Callable[[Mapping[str, str | list[str]]], Any] | None = None


class RouteModule(Struct, frozen=True):
    """What a route file defines: one of `handler`, method functions and `app`; and perhaps `websocket`."""

    source: str
    config: RouteConfig
    handler: Action | None = None
    methods: Mapping[str, Action] = field(default_factory=dict)
    app: Any = None
    websocket: Callable[[Any], Awaitable[None]] | None = None
    middleware: tuple[Callable[..., Any], ...] = ()


class Instrumentation(Struct, frozen=True):
    """The functions of instrumentation.py, either of which may be missing."""

    register: Callable[[], Any] | None = None
    shutdown: Callable[[], Any] | None = None


def load_route_module(root: Path, source: str) -> RouteModule:
    """Import pages/api/….py and check what it defines.

    Raises RouteModuleError when it cannot be imported, defines nothing that answers, has a name that nearly is one of Slugline's
    (see near_names), or names a type that no request can fill; ConfigError for its `config`.
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
        raise RouteModuleError(f"{source} defines nothing that answers. {_suggest(module, source)}", files=[source])
    refuse_near_names(module, source)
    if app is not None and looks_like_handler(app):
        raise RouteModuleError(
            f"{source}: `app` takes (req, res), as a handler does, and an application takes other things. Name it `handler`.",
            files=[source],
        )
    config = parse_route_config(getattr(module, "config", {}), source)
    return RouteModule(
        source=source,
        config=config,
        handler=_action(handler, "handler", source, config) if handler is not None else None,
        methods={name: _action(function, name, source, config) for name, function in methods.items()},
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
        near = next((name for name in vars(module) if not name.startswith("_") and find_meant(name, ("middleware",))), None)
        cure = f"It has `{near}`: name it `middleware`." if near else "Give it a list: middleware = [my_function]."
        raise RouteModuleError(f"{source} defines no `middleware`. {cure}", files=[source])
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
            _check_instrumentation(module, found, source)
            return found
    return Instrumentation()


def _check_instrumentation(module: types.ModuleType, found: Instrumentation, source: str) -> None:
    for name, function in (("register", found.register), ("shutdown", found.shutdown)):
        if function is not None and not _accepts(function, 0):
            raise InstrumentationError(f"{source}: {name} takes no arguments: async def {name}().", files=[source])
    if found.register is not None or found.shutdown is not None:
        return
    for meant, words in INSTRUMENTATION_WORDS.items():
        for name, value in vars(module).items():
            if callable(value) and (name.lower() in words or find_meant(name, (meant,))):
                line = line_of(module, name)
                where = f" (line {line})" if line else ""
                raise InstrumentationError(
                    f"{source} defines neither `register` nor `shutdown`, so nothing in it would be called. "
                    f"It has `{name}`{where}: name it `{meant}`.",
                    files=[source],
                )
    raise InstrumentationError(
        f"{source} defines neither `register` nor `shutdown`, so nothing in it would be called. "
        "Define `async def register()`, which runs at start, or delete the file.",
        files=[source],
    )


def _suggest(module: types.ModuleType, source: str) -> str:
    form = suggest_form(module)
    if form is not None:
        return form
    folder, _, name = source.rpartition("/")
    if hasattr(module, "middleware") or find_meant(name.removesuffix(".py"), ("middleware",)):
        return f"If it is the middleware of its folder, name it {folder}/_middleware.py, with a list `middleware = [my_function]`."
    return "Define `def handler(req, res)`, or functions named GET, POST, …, or `app`; a helper's name begins with `_`."


def _action(function: Any, name: str, source: str, config: RouteConfig) -> Action:
    if not callable(function):
        raise RouteModuleError(f"{source}: `{name}` is {type(function).__name__}, not a function (req, res).", files=[source])
    if not _accepts(function, 2):
        raise RouteModuleError(f"{source}: `{name}` must take two arguments: def {name}(req, res).", files=[source])
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise RouteModuleError(f"{source}: `{name}` has `yield` in it. Give the generator to res.send(...) instead.", files=[source])
    said = read_handler(function, name, source)
    where = f"{source}, line {said.line}" if said.line else source
    body, query = None, None
    if said.body is not UNTYPED:
        if not config.body_parser:
            raise RouteModuleError(
                f"{where}: `{name}` names the type of its body, and `config` turns the body parser off, so that nothing would be checked. "
                "Take `bodyParser: False` out, or write Request without a type and read req.stream.",
                files=[source],
            )
        body = make_body_decoder(said.body, where)
    if said.query is not UNTYPED:
        parameters = (each for each in split_segments("/" + source.removesuffix(".py")) if not isinstance(each, Static))
        query = make_query_decoder(said.query, tuple(each.name for each in parameters), where)
    return Action(function, said.request_class, said.response_class, said, body, query)


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
