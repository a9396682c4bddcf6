"""What renders the templates of a folder, loaded for those projects that have pages."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

__all__ = ["TemplateRenderer", "open_templates"]


class TemplateRenderer(Protocol):
    """Renders templates; blocking, for a worker thread. `templates.Templates` is the one there is."""

    def render(self, name: str, variables: Mapping[str, Any]) -> str:
        """Give the whole document of a page's template. Raises PageError."""
        ...

    def wrap(self, content: str, variables: Mapping[str, Any]) -> str:
        """Put HTML into `_app.html`. Raises PageError."""
        ...


def open_templates(folder: Path, *, development: bool) -> TemplateRenderer:
    """Give the templates below a folder; with `development`, one that has changed on disk is read again."""
    # START: Jinja takes a tenth of the start of a project, and one of API routes alone has no use for it.
    templates: TemplateRenderer = import_module("slugline.pages.templates").Templates(folder, development=development)
    return templates
