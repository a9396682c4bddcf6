"""Importing route files: what they may define, what is refused, and what they can import."""

import dataclasses
import inspect
import pickle
import sys
import typing
from pathlib import Path

import pytest

from slugline.errors import ConfigError, InstrumentationError, RouteModuleError
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.project.imports import begin_imports
from slugline.project.modules import METHODS, load_folder_middleware, load_instrumentation, load_route_module

FILE = "pages/api/x.py"
HANDLER = "def handler(req, res): ...\n"


@pytest.fixture(autouse=True)
def clean_imports():
    """Leave neither paths nor modules of the tests' projects behind."""
    path, names = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - names:
        if name.partition(".")[0] in ("pages", "src", "lib", "instrumentation", "vendored"):
            del sys.modules[name]


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def load(root: Path, text: str, source: str = FILE, **others: str):
    return load_route_module(write(root, {source: text, **others}), source)


# What a file may define


FORMS = {
    "handler": HANDLER,
    "async handler": "async def handler(req, res): ...\n",
    "an object": "class Handler:\n    def __call__(self, req, res): ...\nhandler = Handler()\n",
    "a partial": "import functools\ndef answer(what, req, res): ...\nhandler = functools.partial(answer, 1)\n",
    "more arguments with defaults": "def handler(req, res, *, deep=True): ...\n",
    "any arguments": "def handler(*arguments): ...\n",
    "a lambda": "handler = lambda req, res: None\n",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_handler_is_anything_that_takes_two_arguments(tmp_path, text):
    module = load(tmp_path, text)
    assert module.source == FILE
    assert callable(module.handler.function)
    assert (module.handler.request_class, module.handler.response_class) == (Request, Response)
    assert (module.methods, module.app, module.websocket, module.middleware) == ({}, None, None, ())


@pytest.mark.parametrize("method", METHODS)
def test_functions_named_by_method(tmp_path, method):
    module = load(tmp_path, f"async def {method}(req, res): ...\n")
    assert list(module.methods) == [method]
    assert module.handler is None


def test_methods_come_in_their_usual_order(tmp_path):
    assert list(load(tmp_path, "def POST(req, res): ...\ndef GET(req, res): ...\n").methods) == ["GET", "POST"]


def test_an_application_and_a_socket(tmp_path):
    module = load(tmp_path, "app = object()\nasync def websocket(ws): ...\n")
    assert module.app is not None
    assert module.websocket.__name__ == "websocket"
    assert load(tmp_path, "async def websocket(ws): ...\n").handler is None


def test_config_and_middleware_are_read(tmp_path):
    text = 'config = {"api": {"bodyParser": {"sizeLimit": "2mb"}}}\ndef one(req, res, next): ...\nmiddleware = [one]\n' + HANDLER
    module = load(tmp_path, text)
    assert module.config.size_limit_bytes == 2 * 1024 * 1024
    assert [each.__name__ for each in module.middleware] == ["one"]
    assert load(tmp_path, "def one(req, res, next): ...\nmiddleware = one\n" + HANDLER).middleware[0].__name__ == "one"


# What is refused


REFUSED = {
    # name: text of the file, parts of the message
    "nothing": ("", ["defines nothing that answers", "Define `def handler(req, res)`", "begins with `_`"]),
    "a small get": ("def get(req, res): ...", ["It has `get` (line 1): name it GET."]),
    "a small delete": ("def delete(req, res): ...", ["It has `delete` (line 1): name it DELETE."]),
    "main": ("def main(req, res): ...", ["It has `main` (line 1): name it `handler`."]),
    "default": ("default = 5", ["It has `default` (line 1): name it `handler`."]),
    "a slip in handler": ("\ndef handeler(req, res): ...", ["It has `handeler` (line 2): name it `handler`."]),
    "a class": ("class Handler: ...", ["It has `Handler` (line 1): name it `handler`."]),
    "an application by another name": ("def application(environ, start_response): ...", ["It has `application` (line 1): name it `app`."]),
    "a handler called app": ("def app(req, res): ...", ["`app` takes (req, res), as a handler does", "Name it `handler`."]),
    "a handler called app, in long words": ("async def app(request, response): ...", ["as a handler does"]),
    "middleware alone": ("middleware = []", ["If it is the middleware of its folder, name it pages/api/_middleware.py"]),
    "handler is None": ("handler = None", ["defines nothing that answers"]),
    "handler and methods": (
        HANDLER + "def GET(req, res): ...\ndef POST(req, res): ...",
        ["defines handler and GET/POST. Keep one of them."],
    ),
    "handler and app": (HANDLER + "app = object()", ["defines handler and app"]),
    "all three": (HANDLER + "app = object()\ndef GET(req, res): ...", ["defines handler and GET and app"]),
    "a text": ("handler = 'x'", ["`handler` is str, not a function (req, res)"]),
    "a number as a method": ("GET = 5", ["`GET` is int, not a function"]),
    "no arguments": ("def handler(): ...", ["`handler` must take two arguments: def handler(req, res)."]),
    "one argument": ("def GET(req): ...", ["`GET` must take two arguments: def GET(req, res)."]),
    "three arguments": ("def handler(req, res, next): ...", ["`handler` must take two arguments"]),
    "keywords alone": ("def handler(*, req, res): ...", ["`handler` must take two arguments"]),
    "a generator": ("def handler(req, res):\n    yield 1", ["`handler` has `yield` in it", "res.send(...)"]),
    "an async generator": ("async def handler(req, res):\n    yield 1", ["has `yield` in it"]),
    "a def socket": ("def websocket(ws): ...", ["`websocket` must be `async def websocket(ws)`"]),
    "a socket without an argument": ("async def websocket(): ...", ["`websocket` must take one argument"]),
    "a socket that is none": ("websocket = 5", ["`websocket` must be `async def"]),
    "middleware that is none": (HANDLER + "middleware = 5", ["`middleware` must be a list of functions (req, res, next)"]),
    "middleware as text": (HANDLER + "middleware = 'cors'", ["`middleware` must be a list"]),
    "middleware as a set": (HANDLER + "middleware = {print}", ["`middleware` must be a list"]),
    "no function in middleware": (HANDLER + "middleware = [5]", ["`middleware` holds 5, which is no function"]),
    "a class in middleware": (HANDLER + "class Cors: ...\nmiddleware = [Cors]", ["which is no function (req, res, next)", "Cors"]),
    "middleware of two arguments": (
        HANDLER + "def one(req, res): ...\nmiddleware = [one]",
        ["the middleware one must take three arguments"],
    ),
    "a name that is not known": (
        "import os\n\nundefined_name\n" + HANDLER,
        ["cannot be imported: NameError: ", "undefined_name", "(line 3)"],
    ),
    "a failing call": ("def fail():\n    raise ValueError('no database')\n\nfail()\n", ["ValueError: no database (line 2)"]),
    "an error without words": ("raise ValueError", ["ValueError: no message (line 1)"]),
    "a module that is missing": (
        "import no_such_module_anywhere\n",
        ["ModuleNotFoundError: No module named 'no_such_module_anywhere' (line 1)"],
    ),
    "no Python": ("def handler(req, res):\n    return (\n", ["SyntaxError: ", "(line 2)"]),
    "wrong indentation": ("def handler(req, res):\nreturn 5\n", ["IndentationError: ", "(line 2)"]),
    "exit": ("import sys\nsys.exit(3)\n", ["SystemExit: 3 (line 2)"]),
    "a null byte": ("x = 1\ny = 2\0", ["cannot be imported: ", "null bytes (line 2)"]),
    "text that is evaluated": ("import ast\nast.literal_eval('(')\n", ["SyntaxError: ", "<unknown>, line 1", "(line 2)"]),
}


@pytest.mark.parametrize(("text", "parts"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_and_what_it_says(tmp_path, text, parts):
    before = set(sys.modules)
    with pytest.raises(RouteModuleError) as caught:
        load(tmp_path, text)
    error = caught.value
    assert error.code == "route-module"
    assert error.files == (FILE,)
    assert error.message.startswith(FILE)
    for part in parts:
        assert part in error.message
    if "cannot be imported" in error.message:
        assert error.__cause__ is not None
        assert "pages.api.x" not in set(sys.modules) - before


NAMES_ROUTE = "\n\nfrom lib.users import names\n" + HANDLER
IN_HELPERS = {
    # name: helpers, what the message says after "cannot be imported: "
    "an exception": ({"lib/users.py": "names = {}\n\nnames['b']\n"}, "KeyError: 'b' (lib/users.py, line 3, imported from line 3)"),
    "no Python": ({"lib/users.py": "def names(:\n"}, "SyntaxError: invalid syntax (lib/users.py, line 1, imported from line 3)"),
    "a null byte": (
        {"lib/users.py": "names = 1\nx = '\0'\n"},
        "SyntaxError: source code string cannot contain null bytes (lib/users.py, line 2, imported from line 3)",
    ),
    "a null byte in a neighbour of a helper": (
        {"lib/users.py": "from . import _deep\n", "lib/_deep.py": "\0"},
        "cannot contain null bytes (lib/_deep.py, line 1, imported from line 3)",
    ),
    "a module that is missing": (
        {"lib/users.py": "import no_such_module_anywhere\n"},
        "ModuleNotFoundError: No module named 'no_such_module_anywhere' (lib/users.py, line 1, imported from line 3)",
    ),
    "the helper itself is missing": ({"lib/__init__.py": ""}, "ModuleNotFoundError: No module named 'lib.users' (line 3)"),
    "a helper of a helper": (
        {"lib/users.py": "import lib.deep\n", "lib/deep.py": "\n1 / 0\n"},
        "ZeroDivisionError: division by zero (lib/deep.py, line 2, imported from line 3)",
    ),
    "a circle": (
        {"lib/users.py": "from lib.deep import one\nnames = 1\n", "lib/deep.py": "\nfrom lib.users import names\none = 1\n"},
        "(most likely due to a circular import) (lib/users.py) (lib/deep.py, line 2, imported from line 3)",
    ),
    "an error of a library": (
        {"lib/users.py": "import json\njson.loads('{')\n"},
        "(lib/users.py, line 2, imported from line 3)",
    ),
}


@pytest.mark.parametrize(("helpers", "message"), IN_HELPERS.values(), ids=IN_HELPERS)
def test_an_error_in_a_helper_names_its_file_and_its_line(tmp_path, helpers, message):
    with pytest.raises(RouteModuleError) as caught:
        load(tmp_path, NAMES_ROUTE, **helpers)
    assert caught.value.message.startswith(f"{FILE} cannot be imported: ")
    assert caught.value.message.endswith(message)
    assert str(tmp_path) not in caught.value.message


def test_a_helper_that_fails_when_it_is_called_says_from_where(tmp_path):
    with pytest.raises(RouteModuleError, match=r"ZeroDivisionError: .* \(lib/users.py, line 2, called from line 2\)"):
        load(tmp_path, "from lib.users import names\nnames()\n", **{"lib/users.py": "def names():\n    return 1 / 0\n"})


def test_an_interrupt_stays_one(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        load(tmp_path, "raise KeyboardInterrupt")
    assert "pages.api.x" not in sys.modules


CONFIG_ERRORS = {
    "an unknown key": ('config = {"api": {"bodyParsr": False}}\n' + HANDLER, [FILE, "bodyParsr", "bodyParser"]),
    "a bad value": ('config = {"api": {"bodyParser": {"sizeLimit": "1m"}}}\n' + HANDLER, [FILE, "config.api.bodyParser.sizeLimit"]),
    "no dict": ("config = 5\n" + HANDLER, [FILE]),
    "raised by what it makes": (
        "from slugline.middleware import Cors\ncors = Cors(max_age='soon')\n" + HANDLER,
        [f"{FILE}, line 2: Cors: max_age"],
    ),
}


@pytest.mark.parametrize(("text", "parts"), CONFIG_ERRORS.values(), ids=CONFIG_ERRORS)
def test_errors_of_configuration_name_the_file(tmp_path, text, parts):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert caught.value.code == "config"
    for part in parts:
        assert part in caught.value.message


def test_an_error_of_configuration_in_a_helper_names_it(tmp_path):
    cors = "from slugline.middleware import Cors\n\ncors = Cors(max_age='soon')\n"
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "\nfrom lib.cors import cors\n" + HANDLER, **{"lib/cors.py": cors})
    assert caught.value.message.startswith(f"lib/cors.py, line 3 ({FILE}, imported from line 2): Cors: max_age")
    assert caught.value.files == (FILE,)


# Names that nearly are Slugline's

GUARD = "def auth(req, res, next): ...\n"
GET = "def GET(req, res): ...\n"
SOCKET = "async def websocket(ws): ...\n"
NEAR = {
    # name: text of the file, line, what is written, what is meant
    "a plural": (GUARD + "middlewares = [auth]\n" + HANDLER, 2, "middlewares", "middleware"),
    "another case": (HANDLER + GUARD + "Middleware = [auth]\n", 3, "Middleware", "middleware"),
    "capitals": (GUARD + "MIDDLEWARE = [auth]\n" + GET, 2, "MIDDLEWARE", "middleware"),
    "an underscore": (GUARD + "middle_ware = [auth]\n" + GET, 2, "middle_ware", "middleware"),
    "a slip": (GUARD + "middelware = [auth]\n" + GET, 2, "middelware", "middleware"),
    "a letter too few, with an annotation": (GUARD + "middlware: list = [auth]\n" + GET, 2, "middlware", "middleware"),
    "a guard under a condition": (GUARD + "if True:\n    middlewares = [auth]\n" + GET, 3, "middlewares", "middleware"),
    "beside an application": (GUARD + "middlewares = [auth]\nasync def app(scope, receive, send): ...\n", 2, "middlewares", "middleware"),
    "beside a socket": (GUARD + "middlewares = [auth]\n" + SOCKET, 2, "middlewares", "middleware"),
    "a configuration": (HANDLER + "Config = {'api': {'bodyParser': False}}\n", 2, "Config", "config"),
    "a configuration of any kind": (HANDLER + "Config = {}\n", 2, "Config", "config"),
    "a configuration in capitals": (HANDLER + "CONFIG = {'maxDuration': 5}\n", 2, "CONFIG", "config"),
    "a configuration with a slip": (HANDLER + "confg = {'max_duration': 5}\n", 2, "confg", "config"),
    "configurations": (HANDLER + "configs = {'api': {}}\n", 2, "configs", "config"),
    "a method in small letters": (GET + "def post(req, res): ...\n", 2, "post", "POST"),
    "a method with a capital": (GET + "async def Put(request, response): ...\n", 2, "Put", "PUT"),
    "a method with a slip": (GET + "def DELTE(req, res): ...\n", 2, "DELTE", "DELETE"),
    "a method with letters in another order": ("def GTE(req, res): ...\ndef POST(req, res): ...\n", 1, "GTE", "GET"),
    "a decorated method": (GET + "def same(f): return f\n@same\ndef patch(_req, _res): ...\n", 4, "patch", "PATCH"),
    "a socket": (HANDLER + "async def webSocket(ws): ...\n", 2, "webSocket", "websocket"),
    "a socket with a slip": (HANDLER + "async def websockt(ws): ...\n", 2, "websockt", "websocket"),
    "a handler beside a socket": (SOCKET + "def handeler(req, res): ...\n", 2, "handeler", "handler"),
    "a method beside a socket": (SOCKET + "def get(req, res): ...\n", 2, "get", "GET"),
    "an application beside a socket": (SOCKET + "App = print\n", 2, "App", "app"),
}


@pytest.mark.parametrize(("text", "line", "written", "meant"), NEAR.values(), ids=NEAR)
def test_a_name_that_nearly_is_ours_is_refused(tmp_path, text, line, written, meant):
    with pytest.raises(RouteModuleError) as caught:
        load(tmp_path, text)
    assert caught.value.message == (
        f"{FILE}, line {line}: `{written}` has no effect. Name it `{meant}`; if it is a helper, begin its name with `_`."
    )
    assert caught.value.files == (FILE,)


HELPERS = {
    "a helper for a method beside a handler": HANDLER + "def get(req, res): ...\ndef POST_it(req, res): ...\n",
    "a helper that takes something else": GET + "def post(url, json): ...\ndef delete(key): ...\n",
    "the views of an application": "async def app(scope, receive, send): ...\ndef post(number): ...\n",
    "a list from which the middleware is made": GUARD + "middlewares = [auth]\nmiddleware = [*middlewares, auth]\n" + HANDLER,
    "a middleware with a name of its own": "def my_middleware(req, res, next): ...\ndef middleware1(req, res, next): ...\n" + HANDLER,
    "a class": "class Middleware: ...\nclass Config: ...\nclass Handler: ...\nclass App: ...\nclass WebSocket: ...\n" + HANDLER,
    "imports": "from slugline.middleware import Middleware\nfrom slugline import WebSocket\nimport collections as Config\n" + HANDLER,
    "names that begin with _": GUARD + "_middlewares = [auth]\n_Config = {}\n" + HANDLER,
    "constants": "CONFIG = {'model': 'small'}\nconfigs = {'a': {}}\nPOSTS = {}\nconfig_map = {'api': {}}\nGETTER = 1\n" + GET,
    "an address": "CONFIG = {'api': 'https://api.example'}\n" + GET,
    "a function that opens a socket": "async def open_websocket(url): ...\ndef websockets(): ...\n" + HANDLER,
    "a second handler": GET + "def Handler(req, res): ...\ndef main(req, res): ...\n",
    "another method": GET + "def QUERY(req, res): ...\ndef TRACE(req, res): ...\n",
    "our own": "config = {}\nmiddleware = []\n" + SOCKET + GET,
}


@pytest.mark.parametrize("text", HELPERS.values(), ids=HELPERS)
def test_a_helper_may_have_any_name(tmp_path, text):
    assert load(tmp_path, text).source == FILE


# Annotations


HEAD = """
from slugline import Request, Response
class SignedIn(Request):
    user: str
class Page(Response): ...
"""
ANNOTATIONS = {
    # name: text before, the parameters, the classes that are given
    "none": ("", "req, res", ("Request", "Response")),
    "plain": ("", "req: Request, res: Response", ("Request", "Response")),
    "subclasses": ("", "req: SignedIn, res: Page", ("SignedIn", "Page")),
    "one alone": ("", "req: SignedIn, res", ("SignedIn", "Response")),
    "with parameters": ("", "req: Request[dict], res: Response[int]", ("Request", "Response")),
    "texts": ("", "req: 'SignedIn', res: 'Page'", ("SignedIn", "Page")),
    "text with parameters": ("", "req: 'Request[dict[str, int]]', res: 'Page'", ("Request", "Page")),
    "futures": ("from __future__ import annotations\n", "req: SignedIn, res: Page", ("SignedIn", "Page")),
    "something else": ("", "req: int, res: dict", ("Request", "Response")),
    "the wrong way round": ("", "req: Page, res: SignedIn", ("Request", "Response")),
    "a union": ("", "req: SignedIn | None, res: Page", ("Request", "Page")),
    "for the type checker alone": (
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from elsewhere import User\n",
        "req: SignedIn, res: Response[User]",
        ("SignedIn", "Response"),
    ),
    "both for the type checker alone": ("from __future__ import annotations\n", "req: Unknown, res: Unknown", ("Request", "Response")),
    "no expression": ("", "req: 'not a type', res: '('", ("Request", "Response")),
}


@pytest.mark.parametrize(("before", "parameters", "names"), ANNOTATIONS.values(), ids=ANNOTATIONS)
@pytest.mark.parametrize("kind", ["def handler", "async def GET"])
def test_annotations_choose_the_classes(tmp_path, before, parameters, names, kind):
    module = load(tmp_path, f"{before}{HEAD}\n{kind}({parameters}): ...\n")
    action = module.handler or module.methods["GET"]
    assert (action.request_class.__name__, action.response_class.__name__) == names
    assert issubclass(action.request_class, Request)


def test_an_unknown_return_type_spoils_nothing(tmp_path):
    text = f"from __future__ import annotations\n{HEAD}\ndef handler(req: SignedIn, res: Page) -> Unknown: ...\n"
    assert load(tmp_path, text).handler.request_class.__name__ == "SignedIn"


def test_a_decorated_handler_is_read_through_its_decorator(tmp_path):
    text = f"""from __future__ import annotations
{HEAD}
import functools
def decorate(function):
    @functools.wraps(function)
    def inner(*arguments): return function(*arguments)
    return inner
@decorate
def handler(req: SignedIn, res: Page): ...
"""
    assert load(tmp_path, text).handler.request_class.__name__ == "SignedIn"


def test_an_object_and_a_method_are_read_too(tmp_path):
    text = f"from __future__ import annotations\n{HEAD}\nclass Answer:\n    def __call__(self, req: SignedIn, res: Page): ...\n"
    assert load(tmp_path, text + "handler = Answer()\n").handler.request_class.__name__ == "SignedIn"
    assert load(tmp_path, text + "handler = Answer().__call__\n").handler.response_class.__name__ == "Page"


# Imports


def test_neighbours_and_libraries_of_the_project_can_be_imported(tmp_path):
    module = load(
        tmp_path,
        "from pages.api._db import connect\nfrom lib.models import User\nfrom ._db import connect as near\n"
        "handler = lambda req, res: (connect, User, near)\n",
        **{"pages/api/_db.py": "def connect(): ...\n", "lib/models.py": "class User: ...\n"},
    )
    connect, user, near = module.handler.function(None, None)
    assert connect is near
    assert connect.__module__ == "pages.api._db"
    assert user.__module__ == "lib.models"


NAMES = [
    "pages/api/[pid].py",
    "pages/api/[...slug].py",
    "pages/api/[[...slug]].py",
    "pages/api/v1.0/[item].py",
    "pages/api/a.b.py",
    "pages/api/with space.py",
    "pages/api/ünï.py",
    "pages/api/[user]/posts/[id].py",
    "pages/api/a-b.py",
    "pages/api/paren(x).py",
    "pages/api/$city.py",
    "pages/api/1.py",
    "pages/api/class.py",
]


@pytest.mark.parametrize("source", NAMES)
def test_any_name_of_a_route_can_be_imported(tmp_path, source):
    text = """
import dataclasses, enum, typing
@dataclasses.dataclass
class Point:
    x: "int"
    link: "typing.Optional[Point]" = None
class Kind(enum.Enum):
    ONE = 1
def handler(req, res): return Point(1, Point(2)), Kind.ONE
"""
    module = load(tmp_path, text, source)
    value = module.handler.function(None, None)
    assert pickle.loads(pickle.dumps(value)) == value
    point = type(value[0])
    assert typing.get_type_hints(point) == {"x": int, "link": point | None}
    assert dataclasses.asdict(value[0]) == {"x": 1, "link": {"x": 2, "link": None}}
    assert sys.modules[point.__module__].__file__ == str(tmp_path / source)
    assert "def handler" in inspect.getsource(module.handler.function)


def test_no_two_files_have_one_name(tmp_path):
    sources = [*NAMES, "pages/api/a_b.py", "pages/api/v1_0/[item].py", "pages/api/[slug].py", "pages/api/[[slug]].py"]
    modules = [load(tmp_path, HANDLER, source).handler.function.__module__ for source in sources]
    assert len(set(modules)) == len(sources)


def test_neighbours_of_a_folder_with_brackets_can_be_imported(tmp_path):
    files = {"pages/api/[user]/_who.py": "NAME = 'ann'\n"}
    module = load(tmp_path, "from ._who import NAME\nhandler = lambda req, res: NAME\n", "pages/api/[user]/index.py", **files)
    assert module.handler.function(None, None) == "ann"


def test_two_projects_do_not_see_each_others_helpers(tmp_path):
    text = "from pages._helpers import NAME\nhandler = lambda req, res: NAME\n"
    for name in ("one", "two", "one"):
        root = write(tmp_path / name, {FILE: text, "pages/_helpers.py": f"NAME = {name!r}\n"})
        assert load_route_module(root, FILE).handler.function(None, None) == name


def test_a_helper_is_imported_once_whatever_a_file_does_to_the_path(tmp_path):
    write(tmp_path, {"pages/_pool.py": "POOL = object()\n", "vendor/vendored.py": "", "pages/api/a.py": "", "pages/api/b.py": ""})
    text = "import sys\nfrom pages._pool import POOL\nsys.path.insert(0, {folder!r})\nhandler = lambda req, res: POOL\n"
    pools = [
        load(tmp_path, text.format(folder=str(tmp_path / "vendor")), source).handler.function(None, None)
        for source in ("pages/api/a.py", "pages/api/b.py")
    ]
    assert pools[0] is pools[1]


def test_a_file_is_read_again_when_it_is_loaded_again(tmp_path):
    for number in (1, 22):
        begin_imports(tmp_path)
        assert load(tmp_path, f"handler = lambda req, res: {number}\n").handler.function(None, None) == number


# Files that are no routes


def test_the_middleware_of_a_folder(tmp_path):
    source = "pages/api/_middleware.py"
    root = write(tmp_path, {source: "def one(req, res, next): ...\ndef two(req, res, next): ...\nmiddleware = [one, two]\n"})
    assert [each.__name__ for each in load_folder_middleware(root, source)] == ["one", "two"]
    write(root, {source: "middleware = []\n"})
    begin_imports(root)
    assert load_folder_middleware(root, source) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "defines no `middleware`. Give it a list"),
        ("middlewares = []\n", "defines no `middleware`. It has `middlewares`: name it `middleware`."),
        ("middleware = 5\n", "must be a list"),
        ("1 / 0\n", "ZeroDivisionError"),
    ],
)
def test_a_middleware_file_without_a_list_is_refused(tmp_path, text, message):
    source = "pages/api/_middleware.py"
    with pytest.raises(RouteModuleError, match=message) as caught:
        load_folder_middleware(write(tmp_path, {source: text}), source)
    assert caught.value.files == (source,)


@pytest.mark.parametrize("place", ["instrumentation.py", "src/instrumentation.py"])
def test_instrumentation_is_found_in_both_places(tmp_path, place):
    root = write(tmp_path, {place: "async def register(): ...\ndef shutdown(): ...\n"})
    found = load_instrumentation(root)
    assert (found.register.__name__, found.shutdown.__name__) == ("register", "shutdown")


def test_instrumentation_may_be_missing_or_half(tmp_path):
    assert load_instrumentation(tmp_path).register is None
    found = load_instrumentation(write(tmp_path, {"instrumentation.py": "def register(): ...\n"}))
    assert found.register is not None
    assert found.shutdown is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0\n", r"instrumentation.py cannot be imported: ZeroDivisionError.*line 1"),
        ("def register(app): ...\n", "register takes no arguments"),
        ("def shutdown(app): ...\n", "shutdown takes no arguments"),
        ("register = 5\n", "register"),
        ("", "defines neither `register` nor `shutdown`.*Define `async def register"),
        ("\ndef registre(): ...\n", r"It has `registre` \(line 2\): name it `register`"),
        ("async def startup(): ...\n", r"It has `startup` \(line 1\): name it `register`"),
        ("async def on_shutdown(): ...\n", r"It has `on_shutdown` \(line 1\): name it `shutdown`"),
        ("def Shutdown(): ...\n", r"It has `Shutdown` \(line 1\): name it `shutdown`"),
    ],
)
def test_instrumentation_that_cannot_run_is_refused(tmp_path, text, message):
    with pytest.raises(InstrumentationError, match=message) as caught:
        load_instrumentation(write(tmp_path, {"instrumentation.py": text}))
    assert caught.value.code == "instrumentation"
    assert caught.value.files == ("instrumentation.py",)


def test_a_route_that_another_imports_is_loaded_once(tmp_path):
    counting = "import sys\nsys.modules['counter_of_loads'].append(__name__)\ndef handler(req, res): ...\n"
    root = write(
        tmp_path, {"pages/api/b.py": counting, "pages/api/a.py": "from pages.api.b import handler as inner\ndef handler(req, res): ...\n"}
    )
    loads = sys.modules["counter_of_loads"] = []
    try:
        begin_imports(root)
        load_route_module(root, "pages/api/a.py")
        load_route_module(root, "pages/api/b.py")
        assert loads == ["pages.api.b"]
    finally:
        del sys.modules["counter_of_loads"]


def test_two_projects_do_not_share_a_package(tmp_path):
    for name in ("one", "two"):
        root = write(
            tmp_path / name,
            {"lib/m.py": f"NAME = {name!r}\n", "pages/api/h.py": "from lib.m import NAME\ndef handler(req, res): return NAME\n"},
        )
        begin_imports(root)
        assert load_route_module(root, "pages/api/h.py").handler.function(None, None) == name
    assert str(tmp_path / "one") not in sys.path
