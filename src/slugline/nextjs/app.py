"""Is there a Next.js app in a folder, and how is it run?

What can be known without running the app's own configuration is read here. Only Next.js itself can evaluate a `next.config`,
so two of its settings are looked for in its text: `pageExtensions` and `distDir`, over which SLUGLINE_PAGE_EXTENSIONS and
SLUGLINE_DIST_DIR have the last word.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slugline.errors import ServerError

__all__ = ["BEHIND_NEXTJS", "NextApp", "find_nextjs_app"]

CONFIG_FILES = tuple(f"next.config.{extension}" for extension in ("js", "mjs", "ts", "mts"))
FIRST_WITH_ADAPTERS = (16, 2)
DEFAULT_PAGE_EXTENSIONS = ("tsx", "ts", "jsx", "js")
PACKAGE = Path(__file__).parent
REQUIRE = "  const withSlugline = process.env.SLUGLINE_WRAPPER ? require(process.env.SLUGLINE_WRAPPER) : (config) => config\n"
IMPORT = (
    "  const wrapper = process.env.SLUGLINE_WRAPPER && (await import(process.env.SLUGLINE_WRAPPER))\n"
    "  export default wrapper ? wrapper.default(nextConfig) : nextConfig"
)
BEHIND_NEXTJS: dict[str, Any] = {"discard_bytes": 1 << 40, "discard_seconds": 120.0, "untouched_events": True}
"""Settings for a server behind Next.js, which makes a 500 of a refusal that comes before it has handed on the whole body, and
compresses an event stream, and so holds it back, unless that is forbidden."""


@dataclass(frozen=True, slots=True)
class NextApp:
    """A Next.js app: where its routes lie, and how it is run.

    `command` runs Next.js and takes its arguments, such as "dev"; `pages` and `app` are None without that folder.
    `wraps_config` tells whether the app's `next.config` is wrapped by hand, as Next.js before 16.2 needs it.
    """

    root: Path
    version: str
    command: tuple[str, ...]
    pages: Path | None
    app: Path | None
    page_extensions: tuple[str, ...]
    dist: str
    wraps_config: bool

    @property
    def uses_src(self) -> bool:
        """Tell whether the routes lie under src/."""
        return any(folder is not None and folder.parent.name == "src" for folder in (self.pages, self.app))


def find_nextjs_app(root: Path, environment: Mapping[str, str] = os.environ) -> NextApp | None:
    """Find the Next.js app in a folder; None when there is none (no `next` in package.json, no next.config).

    Raises ServerError when there is one that cannot run: no Node.js, nothing installed, folders that Next.js does not take
    together, or a Next.js or a configuration that Slugline's adapter cannot be put into.
    """
    config = next((root / name for name in CONFIG_FILES if (root / name).is_file()), None)
    if config is None and not _depends_on_next(root / "package.json"):
        return None
    node = shutil.which("node", path=environment.get("PATH"))
    if node is None:
        raise ServerError(f"{root} is a Next.js app, and there is no `node` to run it. Install Node.js: https://nodejs.org.")
    package = _find_package(root)
    version = str(_read_json(package / "package.json").get("version", "0"))
    text = config.read_text(encoding="utf-8", errors="replace") if config is not None else ""
    name = config.name if config is not None else "next.config.js"
    wraps_config = "SLUGLINE_WRAPPER" in text
    _check_adapter_fits(version, name, text, wraps_config=wraps_config)
    pages, routes = _first_folder(root / "pages", root / "src" / "pages"), _first_folder(root / "app", root / "src" / "app")
    _check_folders(root, pages, routes)
    return NextApp(
        root=root,
        version=version,
        command=(node, str(package / "dist" / "bin" / "next")),
        pages=pages,
        app=routes,
        page_extensions=_page_extensions(text, environment),
        dist=environment.get("SLUGLINE_DIST_DIR") or _read_setting(text, r"""distDir['"]?\s*:\s*['"`]([^'"`$]+)['"`]""") or ".next",
        wraps_config=wraps_config,
    )


def _depends_on_next(package_json: Path) -> bool:
    if not package_json.is_file():
        return False
    package = _read_json(package_json)
    return any("next" in (package.get(kind) or {}) for kind in ("dependencies", "devDependencies", "peerDependencies"))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ServerError(f"{path} cannot be read: {error}.", files=(str(path),)) from error
    return value if isinstance(value, dict) else {}


def _find_package(root: Path) -> Path:
    # As Node.js looks for it: a workspace keeps its packages in a folder above.
    for folder in (root, *root.parents):
        package = folder / "node_modules" / "next"
        if (package / "package.json").is_file():
            return package
    raise ServerError(
        f"{root} is a Next.js app, and Next.js is not installed in it: there is no node_modules/next. Run `npm install` there, "
        "or what your package manager calls it.",
        files=(str(root),),
    )


def _check_adapter_fits(version: str, config_name: str, text: str, *, wraps_config: bool) -> None:
    if wraps_config:
        return
    if _version_numbers(version) < FIRST_WITH_ADAPTERS:
        raise ServerError(
            f"Next.js {version} takes no adapter, which came with 16.2. Upgrade it (npm install next@latest), "
            f"or let {config_name} end with these two lines:\n{_wrapper_lines(config_name, text)}",
            files=(config_name,),
        )
    if re.search(r"^[^/\n]*\badapterPath\b", text, re.MULTILINE):
        # It would be taken instead of the one that NEXT_ADAPTER_PATH names.
        raise ServerError(
            f"{config_name} sets adapterPath, so Next.js does not load Slugline's adapter. Give it in NEXT_ADAPTER_PATH instead, "
            f"and Slugline runs it too, or let {config_name} end with these two lines:\n{_wrapper_lines(config_name, text)}",
            files=(config_name,),
        )


def _wrapper_lines(config_name: str, text: str) -> str:
    exports = re.search(r"^\s*export default\b", text, re.MULTILINE) is not None
    # Next.js turns a TypeScript file into a CommonJS module, which knows no `await` at its top.
    if config_name.endswith((".mjs", ".mts")) or (exports and config_name.endswith(".js")):
        return IMPORT
    return REQUIRE + ("  export default withSlugline(nextConfig)" if exports else "  module.exports = withSlugline(nextConfig)")


def _check_folders(root: Path, pages: Path | None, app: Path | None) -> None:
    """Refuse what Next.js refuses a moment later, with a message that names neither folder nor cure."""
    if pages is None or app is None or pages.parent == app.parent:
        return
    found, other = (folder.relative_to(root).as_posix() for folder in (pages, app))
    place = (app.parent / "pages").relative_to(root).as_posix()
    raise ServerError(
        f"The folders {found}/ and {other}/ lie apart, and Next.js takes its routes from one place. Move {found}/ to {place}/.",
        files=(found, other),
    )


def _version_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _first_folder(*folders: Path) -> Path | None:
    # NEXTJS: a folder at the root hides the one under src/.
    return next((folder for folder in folders if folder.is_dir()), None)


def _page_extensions(text: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    given = environment.get("SLUGLINE_PAGE_EXTENSIONS")
    if given is not None:
        return tuple(name.strip().lstrip(".") for name in given.split(",") if name.strip())
    listed = _read_setting(text, r"""pageExtensions['"]?\s*:\s*\[([^\]]*)\]""")
    return tuple(re.findall(r"""['"`]([^'"`]+)['"`]""", listed or "")) or DEFAULT_PAGE_EXTENSIONS


def _read_setting(text: str, expression: str) -> str | None:
    found = re.search(r"^(?!\s*(?://|\*)).*?\b" + expression, text, re.MULTILINE)
    return found.group(1) if found else None
