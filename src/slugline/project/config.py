"""`slugline.config.py`: the settings and rules of a whole project, checked when it is loaded.

The file has the shape of next.config.js in Python: a name for each setting, or one dict `config` that holds them.

    trailing_slash = True

    def redirects():
        return [{"source": "/old/:id", "destination": "/new/:id", "permanent": True}]

NEXTJS: the keys are those of next.config.js that concern requests; each may be written as there, `trailingSlash`, or in snake_case.
There an unknown key is a warning; here it stops the start, as does a name that misses one by a letter.
"""

import asyncio
import difflib
import re
import threading
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from slugline.callables import is_async_callable
from slugline.errors import ConfigError, RouteModuleError
from slugline.project.imports import import_file
from slugline.project.near_names import line_of
from slugline.project.rule_tables import (
    Place,
    Table,
    read_header_rule,
    read_list,
    read_redirect_rule,
    read_rewrite_rule,
    snake_case,
)
from slugline.routing.rules import HeaderRule, RedirectRule, RewriteRule

__all__ = ["CONFIG_FILE", "ProjectConfig", "load_config"]

CONFIG_FILE = "slugline.config.py"

FLAGS = {"trailingSlash": False, "skipTrailingSlashRedirect": False, "compress": True, "generateEtags": True}
RULES = ("redirects", "rewrites", "headers")
KEYS = ("basePath", *FLAGS, *RULES, "settings", "poweredByHeader")
REWRITE_LISTS = ("beforeFiles", "afterFiles", "fallback")

# What next.config.js has and Slugline does not, with the reason where it is not that it is about React or the build.
NEXTJS_ONLY_KEYS = {
    "pageExtensions": "Here only .py files are routes, and .html files pages",
    "experimental": "Case always counts in sources, as with experimental.caseSensitiveRoutes",
    "env": "Write a .env file",
    "distDir": "The build lies in .slugline",
    "i18n": "",
    "images": "",
    "output": "",
    "reactStrictMode": "",
    "assetPrefix": "",
    "webpack": "",
    "turbopack": "",
    "typescript": "",
    "eslint": "",
    "crossOrigin": "",
    "serverRuntimeConfig": "",
    "publicRuntimeConfig": "",
    "transpilePackages": "",
    "httpAgentOptions": "",
    "generateBuildId": "",
    "cacheHandler": "",
    "logging": "",
}

OTHER_NAMES = ("slugline_config.py", "slugline-config.py", "sluglineconfig.py", "next.config.py", "next_config.py")

BASE_PATH = re.compile(r"(?:/[A-Za-z0-9_~\-][A-Za-z0-9._~\-]*)+")

CLOSE = 0.85
"""How alike a name at the top of the file and a key are (difflib's ratio) to be taken for a slip: `rewritess`, `trailing_slashes`."""


class ProjectConfig(Struct, frozen=True):
    """What `slugline.config.py` settles; the defaults are those of a project without one.

    The sources and destinations of the rules have the base path in them. `settings` are fields of `Settings`, in snake_case, which
    are checked where that is made.
    """

    base_path: str = ""
    trailing_slash: bool = False
    skip_trailing_slash_redirect: bool = False
    compress: bool = True
    generate_etags: bool = True
    redirects: tuple[RedirectRule, ...] = ()
    before_files: tuple[RewriteRule, ...] = ()
    after_files: tuple[RewriteRule, ...] = ()
    fallback: tuple[RewriteRule, ...] = ()
    headers: tuple[HeaderRule, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)


def load_config(root: Path) -> ProjectConfig:
    """Read the project's `slugline.config.py`; a project without one gets the defaults.

    `redirects`, `rewrites` and `headers` are values or functions without arguments, called once, now. An `async def` runs to its end
    on an event loop of its own in a thread of its own, so that it does not matter whether this thread has a loop.
    Raises ConfigError with the file, the path of the key, the number of the rule, the reason and what to write.
    """
    if not (root / CONFIG_FILE).is_file():
        _refuse_other_names(root)
        return ProjectConfig()
    try:
        module = import_file(root, CONFIG_FILE)
    except RouteModuleError as error:
        raise ConfigError(error.message, files=error.files) from error
    table = _read_table(module)
    base_path = _read_base_path(table)
    rewrites = _read_rewrites(table, base_path)
    flags = {snake_case(key): table.flag(key, default) for key, default in FLAGS.items()}
    _check_powered_by_header(table)
    return ProjectConfig(
        base_path=base_path,
        **flags,
        redirects=_read_rules(table, "redirects", lambda place, value: read_redirect_rule(place, value, base_path)),
        before_files=rewrites["beforeFiles"],
        after_files=rewrites["afterFiles"],
        fallback=rewrites["fallback"],
        headers=_read_rules(table, "headers", lambda place, value: read_header_rule(place, value, base_path)),
        settings=_read_settings(table),
    )


def _refuse_other_names(root: Path) -> None:
    for name in OTHER_NAMES:
        if (root / name).is_file():
            raise ConfigError(f"{name} is not read. Name it {CONFIG_FILE}.", files=(name,))


def _read_table(module: types.ModuleType) -> Table:
    """Put together what the file says at its top and what it says in `config`."""
    top = {name: value for name, value in vars(module).items() if any(name in (key, snake_case(key)) for key in KEYS)}
    _refuse_slips(module)
    # A `from lib import headers` is a module that happens to be called so, which read_list would not understand.
    top = {name: value for name, value in top.items() if not isinstance(value, types.ModuleType)}
    config = getattr(module, "config", None)
    if config is None:
        return Table(Place(CONFIG_FILE, ""), top, KEYS)
    config = _call_if_function(Place(CONFIG_FILE, "config"), config)
    if not isinstance(config, Mapping):
        Place(CONFIG_FILE, "config").refuse(config, f"a dict with the keys {', '.join(map(snake_case, KEYS))}")
    place = Place(CONFIG_FILE, "config")
    for written in config:
        _refuse_nextjs_key(place.under(str(written)), str(written))
    inner = Table(place, config, KEYS)
    outer = Table(Place(CONFIG_FILE, ""), top, KEYS)
    for key in inner.written:
        if key in outer.written:
            place.under(inner.written[key]).fail(f"is also set as {outer.written[key]} at the top of the file. Delete one of the two.")
    if not outer.written:
        return inner
    merged = Table(Place(CONFIG_FILE, ""), {**top, **config}, KEYS)
    merged.written.update({key: f"config.{written}" for key, written in inner.written.items()})
    return merged


def _refuse_slips(module: types.ModuleType) -> None:
    """Refuse a name at the top that is one of Next.js's other keys, or that misses a key by a letter while that is not there."""
    own = [name for name, value in vars(module).items() if not name.startswith("_") and not isinstance(value, types.ModuleType)]
    config = getattr(module, "config", None)
    known = {snake_case(name) for name in (*own, *(config if isinstance(config, Mapping) else ()))}
    names = [snake_case(key) for key in KEYS] + ["config"]
    for name in own:
        value = vars(module)[name]
        if getattr(value, "__module__", module.__name__) != module.__name__ or line_of(module, name) is None:
            continue  # imported
        place = Place(CONFIG_FILE, name, f"line {line_of(module, name)}")
        if name in NEXTJS_ONLY_KEYS and name != snake_case(name):
            _refuse_nextjs_key(place, name)
        plain = snake_case(name[:1].lower() + name[1:] if not name.isupper() else name.lower())
        if plain in names and name not in (plain, *KEYS):
            place.fail(f"has no effect. Name it {plain}; if it is a helper, begin its name with _.")
        near = next(iter(difflib.get_close_matches(plain, names, n=1, cutoff=CLOSE)), None)
        if near is not None and plain not in names and near not in known:
            place.fail(f"has no effect. Name it {near}; if it is a helper, begin its name with _.")


def _refuse_nextjs_key(place: Place, written: str) -> None:
    for key, reason in NEXTJS_ONLY_KEYS.items():
        if written in (key, snake_case(key)):
            why = f" {reason}." if reason else ""
            place.fail(f"belongs to Next.js, and has no meaning here.{why} Delete it.")


def _read_base_path(table: Table) -> str:
    value = table.values.get("basePath", "")
    place = table.place_of("basePath")
    form = 'a path such as "/docs", or "" for none'
    if not isinstance(value, str):
        place.refuse(value, form)
    if not value:
        return ""
    if value == "/":
        place.fail('is "/". Write "" for none, or a path such as "/docs".')
    if not value.startswith("/"):
        place.fail(f"is {value!r}, which does not begin with a slash. Write {f'/{value}'.rstrip('/')!r}.")
    if value.endswith("/"):
        place.fail(f"is {value!r}, which ends in a slash. Write {value.rstrip('/')!r}.")
    if not BASE_PATH.fullmatch(value):
        place.refuse(value, f"{form}, of letters, digits and the characters - . _ ~, no segment of which begins with a dot")
    return value


def _check_powered_by_header(table: Table) -> None:
    if table.flag("poweredByHeader", False):
        table.place_of("poweredByHeader").fail("is True, but no answer has an X-Powered-By. Delete it, or set the header in headers.")


def _read_settings(table: Table) -> dict[str, object]:
    value = table.values.get("settings", {})
    place = table.place_of("settings")
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        place.refuse(value, 'a dict of settings, such as {"threads": 40}')
    settings: dict[str, object] = {}
    for written, each in value.items():
        name = snake_case(written)
        if name in settings:
            place.fail(f"has {name} in two spellings. Delete one of the two.")
        if name == "compress":
            place.under(written).fail("is a key of the file itself. Write compress beside settings.")
        settings[name] = each
    return settings


def _read_rules(table: Table, key: str, read: Callable[[Place, object], Any]) -> tuple[Any, ...]:
    place = table.place_of(key)
    value = _call_if_function(place, table.values.get(key, ()))
    return read_list(place, value, read, f"dicts, or a function that returns one, such as {_sample(key)}")


def _sample(key: str) -> str:
    if key == "headers":
        return '{"source": "/api/:path*", "headers": [{"key": "x-name", "value": "text"}]}'
    return '{"source": "/old/:id", "destination": "/new/:id"' + (', "permanent": True}' if key == "redirects" else "}")


def _read_rewrites(table: Table, base_path: str) -> dict[str, tuple[RewriteRule, ...]]:
    """Read the rewrites; a list of them is what after_files is."""
    place = table.place_of("rewrites")
    value = _call_if_function(place, table.values.get("rewrites", ()))
    found: dict[str, tuple[RewriteRule, ...]] = dict.fromkeys(REWRITE_LISTS, ())

    def read(place: Place, value: object) -> RewriteRule:
        return read_rewrite_rule(place, value, base_path)

    form = f"dicts such as {_sample('rewrites')}"
    if isinstance(value, Mapping):
        lists = Table(place, value, REWRITE_LISTS)
        for key, each in lists.values.items():
            if each is not None:
                found[key] = read_list(lists.place_of(key), _call_if_function(lists.place_of(key), each), read, form)
    else:
        found["afterFiles"] = read_list(place, value, read, f"{form}, or a dict with before_files, after_files and fallback")
    return found


def _call_if_function(place: Place, value: object) -> object:
    if not callable(value):
        return value
    try:
        if not is_async_callable(value):
            return value()
        return _run_in_own_loop(value)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        line = next((frame.tb_lineno for frame in _frames(error) if frame.tb_frame.f_code.co_filename.endswith(CONFIG_FILE)), None)
        where = f" (line {line})" if line else ""
        raise ConfigError(
            f"{place.source}: {place.path}() failed: {type(error).__name__}: {error or 'no message'}{where}", files=(place.source,)
        ) from error


def _frames(error: BaseException) -> list[types.TracebackType]:
    """Give the traceback's frames, the innermost first."""
    frames, frame = [], error.__traceback__
    while frame is not None:
        frames.append(frame)
        frame = frame.tb_next
    return frames[::-1]


def _run_in_own_loop(function: Callable[[], Any]) -> object:
    """Run a coroutine function to its end in a new thread: `asyncio.run` refuses to run where a loop runs already."""
    outcome: list[tuple[object, BaseException | None]] = []

    def run() -> None:
        try:
            outcome.append((asyncio.run(function()), None))
        except BaseException as error:  # noqa: BLE001 (raised again where it is waited for)
            outcome.append((None, error))

    thread = threading.Thread(target=run, name="slugline-config", daemon=True)
    thread.start()
    thread.join()
    result, error = outcome[0]
    if error is not None:
        raise error
    return result
