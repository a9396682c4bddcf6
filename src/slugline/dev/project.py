"""A project that is being worked on: each file loaded by itself, and what cannot be loaded kept as an error."""

import contextlib
import functools
import importlib.util
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from slugline.dev.dependencies import Dependencies, find_dependents, possible_names
from slugline.errors import InstrumentationError, ProjectError, ProjectNotFound, RouteConflict
from slugline.project.config import CONFIG_FILE, ProjectConfig, load_config
from slugline.project.discover import LoadedRoute
from slugline.project.imports import begin_imports, forget_modules, own_modules
from slugline.project.modules import Instrumentation, load_folder_middleware, load_instrumentation, load_route_module
from slugline.project.page_modules import LoadedPage, PageModule, load_page_module
from slugline.project.root_middleware import MIDDLEWARE_FILE, RootMiddleware, load_root_middleware
from slugline.project.scan import PageFile, RouteFile, scan_pages
from slugline.routing.table import Route, RouteTable, build_table

__all__ = ["INSTRUMENTATION_FILES", "Changes", "DevProject", "Difference", "build_table_leniently"]

Loaded = TypeVar("Loaded")
Endpoint = TypeVar("Endpoint")

INSTRUMENTATION_FILES = ("instrumentation.py", "src/instrumentation.py")


@dataclass(frozen=True)
class Changes:
    """Files of the project that were saved, appeared or went away; `everything` stands for all of them, as after a change of `.env`."""

    paths: frozenset[Path] = frozenset()
    structure: bool = False
    """Whether a file appeared or went away."""
    everything: bool = False

    def concern(self, path: Path) -> bool:
        """Tell whether a file, or a folder that it lies in, was changed."""
        return path in self.paths or str(path).startswith(self._folders)

    @functools.cached_property
    def _folders(self) -> tuple[str, ...]:
        # A folder that is moved or taken away is told of by its own name alone.
        return tuple(f"{path}{os.sep}" for path in self.paths if path.suffix != ".py")


@dataclass(slots=True)
class Difference:
    """What a reload has changed, by the names of files."""

    reloaded: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    instrumentation: bool = False
    """Whether instrumentation.py was loaded again."""
    public: bool = False
    """Whether a file below public/ has come or gone."""


class DevProject:
    """The route files of a folder with what each defines, or why it cannot be used.

    Slow work (importing), for a worker thread; one call at a time.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.files: dict[str, RouteFile] = {}
        self.routes: dict[str, LoadedRoute | ProjectError] = {}
        """What each route file defines, by its name."""
        self.problems: list[ProjectError] = []
        """What is wrong beyond single files: names that no route can have, a missing pages/."""
        self.pages: dict[str, PageFile] = {}
        self.error_pages: dict[str, PageFile] = {}
        self.loaded_pages: dict[str, LoadedPage | ProjectError] = {}
        """What each page file defines, by its name; those of errors too."""
        self.pages_folder = self.root / "pages"
        self.config = ProjectConfig()
        self.root_middleware: RootMiddleware | None = None
        self.site_error: ProjectError | None = None
        """Why slugline.config.py or middleware.py cannot be used; nothing is answered meanwhile."""
        self._site_present: set[str] = set()
        self.instrumentation = Instrumentation()
        self.instrumentation_error: InstrumentationError | None = None
        self._hooks: str | None = None
        self._middleware: dict[str, tuple[Callable[..., Any], ...] | ProjectError] = {}
        self._modules: dict[str, Any] = {}
        self._page_modules: dict[str, PageModule | ProjectError] = {}
        self._dependencies = Dependencies(self.root)

    @property
    def broken(self) -> set[str]:
        """The files that were loaded and cannot be used."""
        found = {source for loaded in (self._modules, self._middleware, self._page_modules) for source in _failed(loaded)}
        return found | (self._site_present if self.site_error is not None else set())

    @property
    def instrumentation_file(self) -> str | None:
        """The name of the file with `register` and `shutdown`, if there is one now."""
        return next((source for source in INSTRUMENTATION_FILES if (self.root / source).is_file()), None)

    def load(self) -> None:
        """Load everything for the first time."""
        begin_imports(self.root)
        self._scan()
        self._load_site()
        self._load_files(set(self.files), set(self._middleware_files()), set(self._all_pages()))
        self._load_instrumentation()

    def learn_dependencies(self) -> None:
        """Read what each module imports, so that the first reload need not."""
        self._dependencies.of(own_modules(self.root))

    def reload(self, changes: Changes) -> Difference:
        """Load again what the changes concern, and nothing else."""
        modules = own_modules(self.root)
        affected = set(modules) if changes.everything else self._affected(modules, changes)
        places = {modules[name] for name in affected}
        difference = Difference()
        earlier, earlier_middleware = {**self.files, **self._all_pages()}, set(self._middleware)
        if changes.everything or self.problems or (changes.structure and self._have_names_changed(changes.paths)):
            self._scan()
        middleware_files = self._middleware_files()
        present = self.files.keys() | self._all_pages().keys()
        difference.added = sorted((present - earlier.keys()) | (middleware_files.keys() - earlier_middleware))
        difference.removed = sorted((earlier.keys() - present) | (earlier_middleware - middleware_files.keys()))
        difference.public = changes.structure and any(path.is_relative_to(self.root / "public") for path in changes.paths)

        def is_stale(source: str, path: Path, loaded: Mapping[str, object]) -> bool:
            # What failed may fail because of a file that it could not even import, so every save gives it another chance.
            failed = source not in loaded or isinstance(loaded[source], ProjectError)
            return failed or changes.everything or path in places or changes.concern(path)

        routes = {source for source, file in self.files.items() if is_stale(source, file.path, self._modules)}
        middleware = {source for source, path in middleware_files.items() if is_stale(source, path, self._middleware)}
        pages = {source for source, file in self._all_pages().items() if is_stale(source, self._module_path(file), self._page_modules)}
        site = {
            source
            for source in self._site_files()
            if is_stale(source, self.root / source, {source: self.site_error})
            or (self.root / source).is_file() != (source in self._site_present)
        }
        hooks = {self.root / source for source in (self._hooks, self.instrumentation_file) if source is not None}
        difference.instrumentation = bool(hooks) and (
            self.instrumentation_error is not None
            or changes.everything
            or self._hooks != self.instrumentation_file
            or any(path in places or changes.concern(path) for path in hooks)
        )
        self._drop(affected, changes.paths | places)
        begin_imports(self.root)
        if site:
            earlier_site = self._site_present
            self._load_site()
            difference.added = sorted({*difference.added, *(self._site_present - earlier_site)})
            difference.removed = sorted({*difference.removed, *(earlier_site - self._site_present)})
        self._load_files(routes, middleware, pages)
        templates = {path.relative_to(self.root).as_posix() for path in changes.paths if self._is_template(path)}
        reloaded = routes | middleware | pages | templates | (site & self._site_present)
        difference.reloaded = sorted(reloaded - set(difference.added) - set(difference.removed))
        if difference.instrumentation:
            self._load_instrumentation()
        return difference

    # What is affected

    def _have_names_changed(self, paths: Iterable[Path]) -> bool:
        """Tell whether a file has come or gone, and not been put in the place of an old one, as many editors save.

        PERF: a scan of 500 files takes as long as all the rest of a reload (12 ms).
        """
        known = {file.path for file in self.files.values()} | set(self._middleware_files().values())
        for page in self._all_pages().values():
            known.update(path for path in (self._module_path(page), self._template_path(page)) if path is not None)

        def has_changed(path: Path) -> bool:
            if path in known or path.exists():
                # A module beside pages/ has no name that counts.
                return path.exists() != (path in known) and (path.suffix != ".py" or "pages" in path.parts)
            return any(path in file.parents for file in known)

        return any(map(has_changed, paths))

    def _affected(self, modules: Mapping[str, Path], changes: Changes) -> set[str]:
        changed = {name for name, path in modules.items() if changes.concern(path)}
        # A file that is not loaded may be one that a module has looked for, and done without.
        changed.update(name for path in changes.paths for name in possible_names(self.root, path))
        return find_dependents(changed, self._dependencies.of(modules)) & modules.keys()

    def _drop(self, names: Iterable[str], paths: Iterable[Path]) -> None:
        for path in paths:
            # Python takes a compiled file for current when the source has the same size and second; saves come faster than that.
            if path.suffix == ".py":
                with contextlib.suppress(OSError):
                    os.unlink(importlib.util.cache_from_source(str(path)))
        forget_modules(names)
        importlib.invalidate_caches()

    # Loading

    def _scan(self) -> None:
        refused: list[Any] = []
        try:
            scan = scan_pages(self.root, refused)
        except ProjectNotFound as error:
            self.files, self.problems = {}, [error]
            self.pages, self.error_pages = {}, {}
            return
        self.files = {file.source: file for file in scan.routes}
        self.pages = {file.source: file for file in scan.page_files}
        self.error_pages = {file.source: file for file in scan.error_pages}
        self.pages_folder = scan.pages
        self.problems = refused

    def _middleware_files(self) -> dict[str, Path]:
        return {above.source: above.path for file in self._everything() for above in file.middleware}

    def _everything(self) -> list[RouteFile | PageFile]:
        return [*self.files.values(), *self._all_pages().values()]

    def _all_pages(self) -> dict[str, PageFile]:
        return {**self.pages, **self.error_pages}

    def _module_path(self, page: PageFile) -> Path:
        return self.root / (page.module or page.source)

    def _template_path(self, page: PageFile) -> Path | None:
        return self.pages_folder / page.template if page.template is not None else None

    def _is_template(self, path: Path) -> bool:
        return path.suffix == ".html" and path.is_relative_to(self.pages_folder) and path.is_file()

    def _site_files(self) -> tuple[str, ...]:
        beside = self.pages_folder.parent
        return (CONFIG_FILE, (beside / MIDDLEWARE_FILE).relative_to(self.root).as_posix())

    def _load_site(self) -> None:
        self._site_present = {source for source in self._site_files() if (self.root / source).is_file()}
        try:
            self.config = load_config(self.root)
            folder = self.pages_folder.relative_to(self.root).as_posix()
            self.root_middleware = load_root_middleware(self.root, folder, self.config.base_path)
            self.site_error = None
        except ProjectError as error:
            self.site_error = error

    def _load_files(self, routes: Iterable[str], middleware: Iterable[str], pages: Iterable[str]) -> None:
        for source in sorted(middleware):
            self._middleware[source] = _attempt(load_folder_middleware, self.root, source)
        for source in sorted(routes):
            self._modules[source] = _attempt(load_route_module, self.root, source)
        self._middleware = {source: self._middleware[source] for source in self._middleware_files()}
        all_pages = self._all_pages()
        for source in sorted(pages):
            self._page_modules[source] = _attempt(lambda root, source: load_page_module(root, all_pages[source]), self.root, source)
        self._modules = {source: self._modules[source] for source in self.files}
        self._page_modules = {source: self._page_modules[source] for source in all_pages}
        self.routes = {source: self._join(file) for source, file in self.files.items()}
        self.loaded_pages = {source: self._join_page(file) for source, file in all_pages.items()}

    def _join(self, file: RouteFile) -> LoadedRoute | ProjectError:
        module = self._modules[file.source]
        functions = self._functions_above(file)
        if isinstance(functions, ProjectError):
            return functions
        if isinstance(module, ProjectError):
            return module
        joined = LoadedRoute(file.pattern, module, functions)
        known = self.routes.get(file.source)
        # One and the same object says that nothing has changed: an application that the file mounts then lives on.
        is_same = isinstance(known, LoadedRoute) and known.module is module and known == joined
        return known if is_same and known is not None else joined

    def _functions_above(self, file: RouteFile | PageFile) -> tuple[Callable[..., Any], ...] | ProjectError:
        functions: list[Callable[..., Any]] = []
        for above in file.middleware:
            found = self._middleware[above.source]
            if isinstance(found, ProjectError):
                return found  # SECURITY: what a guard was to stand before must not be open while the guard is broken
            functions += found
        return tuple(functions)

    def _join_page(self, file: PageFile) -> LoadedPage | ProjectError:
        module = self._page_modules[file.source]
        functions = self._functions_above(file)
        if isinstance(functions, ProjectError):
            return functions
        return module if isinstance(module, ProjectError) else LoadedPage(file, module, functions)

    def _load_instrumentation(self) -> None:
        self._hooks = self.instrumentation_file
        try:
            self.instrumentation, self.instrumentation_error = load_instrumentation(self.root), None
        except InstrumentationError as error:
            self.instrumentation_error = error


def _failed(loaded: Mapping[str, object]) -> list[str]:
    return [source for source, value in loaded.items() if isinstance(value, ProjectError)]


def _attempt(load: Callable[[Path, str], Loaded], root: Path, source: str) -> Loaded | ProjectError:
    try:
        return load(root, source)
    except ProjectError as error:
        return error


def build_table_leniently(
    routes: Iterable[Route[Endpoint]], break_route: Callable[[Route[Endpoint], RouteConflict], Route[Endpoint]]
) -> tuple[RouteTable[Endpoint], list[RouteConflict]]:
    """Build a table in which two files that answer the same path are both out of service, and give the conflicts.

    `break_route` makes the route that answers in their place.
    """
    left = list(routes)
    conflicts: list[RouteConflict] = []
    while True:
        try:
            return build_table(left), conflicts
        except RouteConflict as conflict:
            conflicts.append(conflict)
            first, later = conflict.files
            left = [break_route(route, conflict) if route.source == first else route for route in left if route.source != later]
