"""Import a user's file, and forget it again."""

import hashlib
import importlib.util
import os
import re
import sys
import threading
import traceback
import types
from collections.abc import Iterable
from pathlib import Path

from slugline.errors import ConfigError, RouteModuleError

__all__ = ["begin_imports", "forget_modules", "import_file", "own_modules"]


def import_file(root: Path, source: str) -> types.ModuleType:
    """Import one file of the project under a name made from its path, "pages.api.post.[pid]" for pages/api/post/[pid].py.

    The project's folder is put first on sys.path, so that the file can import its neighbours: `from pages.api._db import
    connect`, `from lib.models import User`. Raises RouteModuleError, or ConfigError for one, with the cause chained; the message
    names the file and the line of the user's in which it happened, and from where that was imported.
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
        raise ConfigError(f"{_place_of(error, root, source)}: {error.message}", files=[source]) from error
    except BaseException as error:
        del sys.modules[name]
        # Ctrl+C reaches the main thread alone; on another one the file itself has raised it.
        if isinstance(error, KeyboardInterrupt | GeneratorExit) and threading.current_thread() is threading.main_thread():
            raise
        raise RouteModuleError(f"{source} cannot be imported: {_describe(error, root, source)}", files=[source]) from error
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
    # PERF: as text; with 500 routes, paths would take half of the time of a reload.
    inside, installed = f"{folder}{os.sep}", f"{os.sep}site-packages{os.sep}"
    return any(str(place).startswith(inside) and installed not in str(place) for place in places if place)


def _module_name(source: str) -> str:
    path = source.removesuffix(".py")
    parts = [part.replace(".", "_") for part in path.split("/")]
    # "a.b.py" must not be taken for "a_b.py", or pickle would find the classes of one in the other.
    if re.fullmatch(r"[\w\[\]/-]+", path.replace("[...", "[")):
        return ".".join(parts)
    return ".".join([*parts[:-1], hashlib.sha256(source.encode()).hexdigest()[:12]])


def _describe(error: BaseException, root: Path, source: str) -> str:
    """Say what went wrong and where: "NameError: … (line 3)", "KeyError: 'b' (lib/users.py, line 6, imported from line 4)"."""
    is_told = isinstance(error, SyntaxError) and _is_own(str(error.filename), root)
    text = error.msg if is_told and isinstance(error, SyntaxError) else str(error) or "no message"
    # Python writes whole paths into some of its messages, such as that of a circular import.
    text = text.replace(f"{root}{os.sep}", "")
    file, line, importing = _locate(error, root, source)
    if file == source:
        where = f"line {line}" if line else ""
    else:
        where = ", ".join([file, *([f"line {line}"] if line else []), *([importing] if importing else [])])
    kind = "SyntaxError" if _tells_of_nul(error) else type(error).__name__
    return f"{kind}: {text}" + (f" ({where})" if where else "")


def _place_of(error: BaseException, root: Path, source: str) -> str:
    """Give the beginning of a message: "pages/api/a.py, line 3", "lib/cors.py, line 2 (pages/api/a.py, imported from line 4)"."""
    file, line, importing = _locate(error, root, source)
    place = f"{file}, line {line}" if line else file
    return place if file == source else f"{place} ({source}, {importing})" if importing else f"{place} ({source})"


def _locate(error: BaseException, root: Path, source: str) -> tuple[str, int | None, str]:
    """Give the innermost file of the user's in which an error happened, the line there, and how the route's file led there."""
    frames = [(frame.filename, frame.lineno, frame.name) for frame in traceback.extract_tb(error.__traceback__)]
    importing = next((line for name, line, _ in reversed(frames) if name == str(root / source)), None)
    is_no_python = isinstance(error, SyntaxError) or _tells_of_nul(error)
    if is_no_python:
        frames += _syntax_frames(error, root / source, root)
    own = [(name, line, function) for name, line, function in frames if _is_own(name, root)]
    if not own:
        return source, None, ""
    name, line, _ = own[-1]
    file = Path(name).relative_to(root).as_posix()
    is_import = is_no_python or any(each == name and function == "<module>" for each, _, function in own)
    return file, line, f"{'imported' if is_import else 'called'} from line {importing}" if importing else ""


def _tells_of_nul(error: BaseException) -> bool:
    """Tell whether Python met a NUL byte in a file: with a ValueError before 3.11.4, with a SyntaxError since."""
    return isinstance(error, SyntaxError | ValueError) and str(error) == "source code string cannot contain null bytes"


def _syntax_frames(error: BaseException, path: Path, root: Path) -> list[tuple[str, int | None, str]]:
    """Give the place of the text that is no Python, which no frame shows, since it has not run."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno is not None:
        return [(error.filename, error.lineno, "<module>")]
    if not _tells_of_nul(error):
        return []
    # Of a NUL byte Python tells neither file nor line. It lies in what the innermost line imports, or in the route's file itself.
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_own(frame.filename, root)]
    paths = _imported_files(frames[-1].line or "", Path(frames[-1].filename), root) if frames else [path]
    for each in paths:
        if each.is_file() and b"\0" in (content := each.read_bytes()):
            return [(str(each), content.partition(b"\0")[0].count(b"\n") + 1, "<module>")]
    return []


def _imported_files(line: str, path: Path, root: Path) -> list[Path]:
    """Give the files of the project that a line such as "from lib import users" may read."""
    names = re.findall(r"\.*[\w.]+", line)
    if len(names) > 2:  # "from", the package, "import", what is imported
        names += [f"{names[1]}{each}" if names[1].endswith(".") else f"{names[1]}.{each}" for each in names[3:]]
    files = []
    for name in names:
        plain = name.lstrip(".")
        dots = len(name) - len(plain)
        place = (path.parents[dots - 1] if dots else root).joinpath(*plain.split("."))
        files += [place.with_name(f"{place.name}.py"), place / "__init__.py"]
    return files


def _is_own(name: str, root: Path) -> bool:
    return name.startswith(f"{root}{os.sep}") and not {"site-packages", "dist-packages"} & set(Path(name).parts)


def own_modules(root: Path) -> dict[str, Path]:
    """Give the modules that lie in the project and were imported for it, by name, with their files."""
    own = {}
    inside = f"{root}{os.sep}"
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        # PERF: the text is compared first; a project with numpy has thousands of modules.
        if isinstance(file, str) and file.startswith(inside) and name not in _Current.earlier and _lies_in(module, root):
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
