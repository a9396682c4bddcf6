"""Import a user's file, and forget it again."""

import hashlib
import importlib.util
import re
import sys
import types
from collections.abc import Iterable
from pathlib import Path

from slugline.errors import ConfigError, RouteModuleError

__all__ = ["begin_imports", "forget_modules", "import_file", "own_modules"]


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


def own_modules(root: Path) -> dict[str, Path]:
    """Give the modules that lie in the project and were imported for it, by name, with their files."""
    own = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name not in _Current.earlier and file and _lies_in(module, root):
            own[name] = Path(file)
    return own


def forget_modules(names: Iterable[str]) -> None:
    """Have modules imported again the next time; what holds on to the old ones keeps them."""
    for name in names:
        module = sys.modules.pop(name, None)
        parent, _, last = name.rpartition(".")
        # `from lib import users` asks the package first, which would give the old one.
        package = sys.modules.get(parent)
        if package is not None and module is not None and vars(package).get(last) is module:
            delattr(package, last)
