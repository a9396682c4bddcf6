"""From a folder to a project: what answers what."""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from slugline.project.config import ProjectConfig, load_config
from slugline.project.imports import begin_imports
from slugline.project.modules import (
    Instrumentation,
    RouteModule,
    load_folder_middleware,
    load_instrumentation,
    load_route_module,
)
from slugline.project.overlooked import find_narrow_application, find_overlooked
from slugline.project.page_modules import LoadedPage, load_page_module
from slugline.project.root_middleware import RootMiddleware, load_root_middleware
from slugline.project.scan import PageFile, Scan, scan_pages
from slugline.routing.table import Route, RouteTable, build_table

__all__ = ["LoadedPage", "LoadedRoute", "Project", "Survey", "discover", "load_page", "log_warnings", "survey_project"]

logger = logging.getLogger("slugline")


class LoadedRoute(Struct, frozen=True):
    """A route file, imported, with the middleware of the folders above it, outermost first."""

    pattern: str
    module: RouteModule
    folder_middleware: tuple[Callable[..., Any], ...]


class Project(Struct, frozen=True):
    """A folder with everything in it imported and checked."""

    root: Path
    table: RouteTable[LoadedRoute | LoadedPage]
    instrumentation: Instrumentation
    config: ProjectConfig = field(default_factory=ProjectConfig)
    root_middleware: RootMiddleware | None = None
    error_pages: tuple[LoadedPage, ...] = ()
    """The pages of the patterns "/404" and "/500"."""
    pages_folder: Path = Path()
    """pages/, where the templates are."""
    warnings: tuple[str, ...] = ()
    """What looks as if it answered and does not, in whole sentences."""

    @property
    def pages(self) -> list[LoadedPage]:
        """The pages, in matching order."""
        return [route.endpoint for route in self.table.ordered() if isinstance(route.endpoint, LoadedPage)]


class Survey(Struct, frozen=True):
    """What can be told of a project without importing its files, slugline.config.py apart."""

    root: Path
    config: ProjectConfig
    pages: tuple[PageFile, ...]
    """The files of all pages, error pages among them."""
    warnings: tuple[str, ...]
    """As in Project, but for what only an import shows."""


def survey_project(directory: str | os.PathLike[str]) -> Survey:
    """Look at the names of a project's files, and at its configuration. Raises ProjectError as `discover` does."""
    scan = _scan(Path(directory).resolve())
    return Survey(scan.directory, load_config(scan.directory), (*scan.page_files, *scan.error_pages), tuple(find_overlooked(scan)))


def _scan(root: Path) -> Scan:
    scan = scan_pages(root)
    build_table(
        Route(file.pattern, file.segments, None, file.source) for file in scan.routes
    )  # a conflict of names comes before any import
    begin_imports(root)
    return scan


def discover(directory: str | os.PathLike[str]) -> Project:
    """Scan a project's folder, import its files, and build the table of routes.

    Raises ProjectError (see slugline.errors) for the first thing that is wrong.
    """
    root = Path(directory).resolve()
    scan = _scan(root)
    config = load_config(root)
    root_middleware = load_root_middleware(root, scan.pages.relative_to(root).as_posix(), config.base_path)
    shared = {file.source: load_folder_middleware(root, file.source) for file in scan.middleware}
    routes: list[Route[LoadedRoute | LoadedPage]] = []
    warnings = list(find_overlooked(scan))
    for file in scan.routes:
        folder_middleware = tuple(function for above in file.middleware for function in shared[above.source])
        module = load_route_module(root, file.source)
        routes.append(Route(file.pattern, file.segments, LoadedRoute(file.pattern, module, folder_middleware), file.source))
        narrow = find_narrow_application(Route(file.pattern, file.segments, module, file.source))
        warnings += [narrow] if narrow else []
    routes.extend(Route(page.pattern, page.segments, load_page(root, page, shared), page.source) for page in scan.page_files)
    error_pages = tuple(load_page(root, page, shared) for page in scan.error_pages)
    return Project(root, build_table(routes), load_instrumentation(root), config, root_middleware, error_pages, scan.pages, tuple(warnings))


def load_page(root: Path, file: PageFile, shared: Mapping[str, tuple[Callable[..., Any], ...]]) -> LoadedPage:
    """Load a page with the middleware of its folders; `shared` has that of each file. Raises PageError and RouteModuleError."""
    folder_middleware = tuple(function for above in file.middleware for function in shared[above.source])
    return LoadedPage(file, load_page_module(root, file), folder_middleware)


def log_warnings(project: Project) -> None:
    """Tell what looks as if it answered and does not; for the commands, which do it once and not in each worker."""
    for warning in project.warnings:
        logger.warning("%s", warning)
