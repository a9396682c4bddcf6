"""All routes of a Next.js app with Python in it, and the variables with which Next.js learns of them."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from slugline.nextjs.app import PACKAGE, NextApp
from slugline.nextjs.javascript_routes import scan_javascript_routes
from slugline.nextjs.precedence import SiteRoute, merge_routes, parse_pattern
from slugline.project.scan import RouteFile

__all__ = ["collect_routes", "make_environment"]

ADAPTER = PACKAGE / "adapter.cjs"
WRAPPER = PACKAGE / "with-slugline.cjs"


def collect_routes(app: NextApp, files: Iterable[RouteFile]) -> tuple[SiteRoute, ...]:
    """Merge a project's Python routes with what Next.js answers, in order of precedence.

    Raises RouteConflict for a path that both define.
    """
    python = [SiteRoute(file.pattern, file.segments, file.source, "python") for file in files]
    javascript = [
        SiteRoute(route.pattern, parse_pattern(route.pattern), route.source, "javascript") for route in scan_javascript_routes(app)
    ]
    return merge_routes([*python, *javascript])


def make_environment(
    app: NextApp,
    *,
    table: Path,
    facts: Path | None = None,
    origin: str = "",
    environment: Mapping[str, str] = os.environ,
    colours: bool = False,
) -> dict[str, str]:
    """Give the environment in which `next dev`, `next build` and `next start` hand Python's routes to Python.

    `table` is the file of `table_file.write_table`, `facts` the one of `table_file.read_facts`; `origin` is where Python
    listens, for the app's own code on the server. No file of the app is touched.
    """
    variables = dict(environment)
    # The name is that of our own adapter when `slugline` was started by a process that we had started.
    own_adapter = variables.pop("NEXT_ADAPTER_PATH", None)
    if own_adapter and own_adapter != str(ADAPTER):
        variables["SLUGLINE_NEXT_ADAPTER"] = own_adapter
    if not app.wraps_config:
        variables["NEXT_ADAPTER_PATH"] = str(ADAPTER)
    variables["SLUGLINE_WRAPPER"] = str(WRAPPER)
    variables["SLUGLINE_ROUTES"] = str(table)
    variables["SLUGLINE_PARENT"] = str(os.getpid())
    if origin:
        variables["SLUGLINE_ORIGIN"] = origin
    if facts is not None:
        variables["SLUGLINE_FACTS"] = str(facts)
    variables.setdefault("NEXT_TELEMETRY_DISABLED", "1")
    if colours and "NO_COLOR" not in variables:
        # Its output goes through a pipe, which Node.js takes for "no terminal".
        variables.setdefault("FORCE_COLOR", "1")
    return variables
