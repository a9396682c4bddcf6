"""Find out what the Python file of a page defines."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from slugline.errors import PageError
from slugline.project.imports import import_file
from slugline.project.near_names import find_meant, line_of
from slugline.project.scan import ERROR_PAGES, PageFile
from slugline.routing.segments import Static

__all__ = ["LoadedPage", "PageModule", "load_page_module"]

FUNCTIONS = ("get_static_props", "get_static_paths", "get_server_side_props", "page")
# How many arguments each takes: the context, nothing, the context, the props.
COUNTS = {"get_static_props": 1, "get_static_paths": 0, "get_server_side_props": 1, "page": 1}


class PageModule(Struct, frozen=True):
    """The functions of a page's Python file, each of which may be missing."""

    get_static_props: Callable[..., Any] | None = None
    get_static_paths: Callable[..., Any] | None = None
    get_server_side_props: Callable[..., Any] | None = None
    page: Callable[..., Any] | None = None


class LoadedPage(Struct, frozen=True):
    """A page file with what its Python file defines and the middleware of its folders, outermost first."""

    file: PageFile
    module: PageModule
    folder_middleware: tuple[Callable[..., Any], ...] = ()

    @property
    def pattern(self) -> str:
        """The pattern of its paths, "/post/[slug]"."""
        return self.file.pattern

    @property
    def is_dynamic(self) -> bool:
        """Whether the pattern has parameters."""
        return not all(isinstance(segment, Static) for segment in self.file.segments)


def load_page_module(root: Path, file: PageFile) -> PageModule:
    """Import the Python file of a page, if it has one, and check that its functions fit together.

    Raises PageError for functions that exclude or need each other, or that nearly have the right name; RouteModuleError when the
    file cannot be imported. NEXTJS: `next build` refuses the same combinations.
    """
    source = file.module
    if source is None:
        found = PageModule()
    else:
        module = import_file(root, source)
        functions = {name: getattr(module, name, None) for name in FUNCTIONS}
        for name, function in functions.items():
            if function is not None:
                _check_function(name, function, source)
            else:
                _refuse_near_name(module, name, source)
        found = PageModule(**functions)
        if file.template is None and found.page is None:
            html = source.removesuffix(".py") + ".html"
            raise PageError(f"{source} has data for a page, and there is no page: make {html}, or define `page(props)`.", files=[source])
        if file.template is not None and found.page is not None:
            raise PageError(f"{source} defines `page(props)`, and {file.source} is a page as well. Keep one of them.", files=[source])
    _check_combination(found, file)
    return found


def _check_combination(module: PageModule, file: PageFile) -> None:
    source = file.module or file.source
    is_dynamic = not all(isinstance(segment, Static) for segment in file.segments)
    if module.get_server_side_props is not None:
        if file.pattern in ERROR_PAGES:  # NEXTJS: refuses it too
            raise PageError(
                f"{source} defines get_server_side_props, and is the page of an error, which is made once at the start. "
                "Use get_static_props.",
                files=[source],
            )
        for name in ("get_static_props", "get_static_paths"):
            if getattr(module, name) is not None:
                raise PageError(
                    f"{source} defines get_server_side_props and {name}: a page is made for each request, or once. Keep one of them.",
                    files=[source],
                )
    elif module.get_static_paths is not None:
        if module.get_static_props is None:
            raise PageError(
                f"{source} defines get_static_paths without get_static_props. Define get_static_props(context), which gives the data of "
                "one of the paths.",
                files=[source],
            )
        if not is_dynamic:
            raise PageError(
                f"{source} defines get_static_paths, and {file.pattern} has no parameter. Delete it, or name the file [name].html.",
                files=[source],
            )
    elif module.get_static_props is not None and is_dynamic:
        raise PageError(
            f"{source} defines get_static_props for {file.pattern} without get_static_paths. Define get_static_paths(), which says "
            'which paths there are: return {"paths": [], "fallback": "blocking"} makes each when it is first asked for.',
            files=[source],
        )


def _check_function(name: str, function: object, source: str) -> None:
    arguments = {"get_static_paths": "", "page": "props"}.get(name, "context")
    if not callable(function):
        raise PageError(f"{source}: `{name}` is {type(function).__name__}, not a function ({arguments}).", files=[source])
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise PageError(f"{source}: `{name}` has `yield` in it. Return the value.", files=[source])
    try:
        inspect.signature(function).bind(*range(COUNTS[name]))
    except TypeError:
        count = "no argument" if not arguments else "one argument"
        raise PageError(f"{source}: `{name}` must take {count}: def {name}({arguments}).", files=[source]) from None
    except ValueError:  # a builtin without a signature: taken at its word
        pass


def _refuse_near_name(module: Any, name: str, source: str) -> None:
    if name == "page":
        return
    for written, value in list(vars(module).items()):
        if written in FUNCTIONS or written.startswith("_") or not callable(value) or getattr(value, "__module__", None) != module.__name__:
            continue
        if written.replace("_", "").lower() == name.replace("_", "") or find_meant(written, (name,)):
            line = line_of(module, written)
            place = f"{source}, line {line}" if line else source
            raise PageError(
                f"{place}: `{written}` has no effect. Name it `{name}`; if it is a helper, begin its name with `_`.", files=[source]
            )
