"""The HTML files of a project, as Jinja templates: escaped, strict about names, and put into `_app.html`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from slugline.errors import PageError

__all__ = ["Templates"]

APP_TEMPLATE = "_app.html"
# PERF: no part of it gives back what it took; many comments in a row would be tried in every grouping otherwise.
# A group is not repeated possessively: Python before 3.11.5 mistakes what is in it. These give back nothing that would match.
_WHOLE_DOCUMENT = re.compile(r"\s*+(?:<!--[^-]*+(?:-(?!->)[^-]*+)*-->\s*+)*<(?:!doctype|html)\b", re.IGNORECASE)


class _Strict(jinja2.Undefined):
    """A name that is not there: false in an `if`, an error where it would be shown or gone through."""

    __slots__ = ()
    __str__ = __html__ = __iter__ = __len__ = jinja2.Undefined._fail_with_undefined_error


class Templates:
    """Renders templates below a folder; blocking, for a worker thread, where any number may run at once.

    With `development`, a template that has changed on disk is read again.
    """

    def __init__(self, folder: Path, *, development: bool = False) -> None:
        self._folder = folder
        self._environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader(
                [
                    # SECURITY: Jinja refuses names that lead out of the folder.
                    jinja2.FileSystemLoader(folder, followlinks=True),
                    jinja2.PrefixLoader({"slugline": jinja2.PackageLoader("slugline", "templates")}),
                ]
            ),
            autoescape=True,
            undefined=_Strict,
            auto_reload=development,
            trim_blocks=True,
            lstrip_blocks=True,
            enable_async=False,
        )

    def check(self, name: str) -> None:
        """Compile a template. Raises PageError for one that is none."""
        self._load(name)

    def render(self, name: str, variables: Mapping[str, Any]) -> str:
        """Give the whole document of a page's template. Raises PageError with the template's file and line."""
        template = self._load(name)
        try:
            module = template.make_module(dict(variables))
        except PageError:
            raise
        except Exception as error:
            raise self._explain(error, name) from error
        # What the template sets at its top, `{% set title = "Home" %}`, is there for `_app.html`.
        exported = {key: value for key, value in vars(module).items() if not key.startswith("_")}
        return self.wrap(Markup(str(module)), {**variables, **exported})

    def wrap(self, content: str, variables: Mapping[str, Any]) -> str:
        """Put HTML into `_app.html`, as its variable `content`, unless it is a whole document or there is none.

        Raises PageError.
        """
        if _WHOLE_DOCUMENT.match(content):
            return str(content)
        try:
            app = self._environment.get_template(APP_TEMPLATE)
        except jinja2.TemplateNotFound as error:
            if error.name != APP_TEMPLATE:
                raise self._explain(error, APP_TEMPLATE) from error
            return str(content)
        except jinja2.TemplateError as error:
            raise self._explain(error, APP_TEMPLATE) from error
        try:
            return app.render({**variables, "content": Markup(content)})
        except Exception as error:
            raise self._explain(error, APP_TEMPLATE) from error

    def _load(self, name: str) -> jinja2.Template:
        try:
            return self._environment.get_template(name)
        except (jinja2.TemplateError, UnicodeDecodeError) as error:
            raise self._explain(error, name) from error

    def _explain(self, error: Exception, name: str) -> PageError:
        source, line = self._locate(error, name)
        where = f"{source}, line {line}" if line else source
        match error:
            case jinja2.TemplateNotFound():
                text = f"there is no template {error.name!r} in pages/. Check the name, which is written from pages/ on"
            case jinja2.TemplateSyntaxError():
                text = f"{error.message}".rstrip(".")
            case jinja2.UndefinedError():
                text = f"{error.message}. Give it in the page's props, or write {{{{ name or '' }}}} where it may be missing".replace(
                    "..", "."
                )
            case _:
                text = f"{type(error).__name__}: {error}".rstrip(".")
        explained = PageError(f"{where}: {text}.", files=[source])
        explained.line = line
        return explained

    def _locate(self, error: Exception, name: str) -> tuple[str, int | None]:
        """Give the template in which an error happened, and the line."""
        if isinstance(error, jinja2.TemplateSyntaxError):
            return self._name(error.name or name), error.lineno
        line, source = None, self._name(name)
        trace = error.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            template = trace.tb_frame.f_globals.get("__jinja_template__")
            if template is not None:
                # Python's own line is one of the program that Jinja made of the template.
                line, source = template.get_corresponding_lineno(trace.tb_lineno), self._name(file)
            elif file.endswith(".html"):  # Jinja has put the template's lines into the traceback
                line, source = trace.tb_lineno, self._name(file)
            trace = trace.tb_next
        return source, line

    def _name(self, name: str) -> str:
        path = Path(name)
        if path.is_absolute():
            return path.relative_to(self._folder.parent).as_posix() if path.is_relative_to(self._folder.parent) else path.name
        return f"{self._folder.name}/{name}"
