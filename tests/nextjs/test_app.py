"""Finding a Next.js app, and the reasons why one cannot run."""

import json
import os
from pathlib import Path

import pytest

from slugline.errors import ServerError
from slugline.nextjs.app import find_nextjs_app

NODE = {"PATH": ""}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which a program `node` is found."""
    programs = tmp_path / "programs"
    programs.mkdir()
    node = programs / "node"
    node.write_text("#!/bin/sh\n")
    node.chmod(0o755)
    return {"PATH": str(programs)}


def make_app(root: Path, *, version: str = "16.4.6", config: str | None = None, files: tuple[str, ...] = ("pages/index.js",)) -> Path:
    package = root / "node_modules" / "next"
    package.mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"name": "next", "version": version}))
    (root / "package.json").write_text(json.dumps({"dependencies": {"next": "^16"}}))
    if config is not None:
        (root / "next.config.mjs").write_text(config)
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


@pytest.mark.parametrize("package", [None, "{}", '{"dependencies": {"nextjs-tools": "1"}}', '{"devDependencies": null}'])
def test_a_folder_without_next(tmp_path: Path, package: str | None) -> None:
    if package is not None:
        (tmp_path / "package.json").write_text(package)
    assert find_nextjs_app(tmp_path) is None


def test_an_app_is_described(tmp_path: Path, environment: dict[str, str]) -> None:
    root = make_app(tmp_path / "site", files=("pages/index.js", "app/page.js"))
    app = find_nextjs_app(root, environment)
    assert app is not None
    assert (app.version, app.pages, app.app, app.uses_src) == ("16.4.6", root / "pages", root / "app", False)
    assert app.command == (os.path.join(environment["PATH"], "node"), str(root / "node_modules" / "next" / "dist" / "bin" / "next"))
    assert (app.page_extensions, app.dist, app.wraps_config) == (("tsx", "ts", "jsx", "js"), ".next", False)


def test_src_and_a_package_in_a_folder_above(tmp_path: Path, environment: dict[str, str]) -> None:
    root = make_app(tmp_path) / "apps" / "web"
    (root / "src" / "pages").mkdir(parents=True)
    (root / "next.config.ts").write_text("export default {}")
    app = find_nextjs_app(root, environment)
    assert app is not None
    assert (app.pages, app.app, app.uses_src) == (root / "src" / "pages", None, True)


@pytest.mark.parametrize(
    ("files", "cure"),
    [
        (("pages/api/hello.py", "src/app/page.js"), "Move pages/ to src/pages/."),
        (("src/pages/api/hello.py", "app/page.js"), "Move src/pages/ to pages/."),
        (("src/pages/api/hello.py", "src/app/page.js"), None),
    ],
)
def test_folders_that_next_does_not_take_together(
    tmp_path: Path, environment: dict[str, str], files: tuple[str, ...], cure: str | None
) -> None:
    root = make_app(tmp_path / "site", files=files)
    if cure is None:
        assert find_nextjs_app(root, environment) is not None
        return
    with pytest.raises(ServerError) as raised:
        find_nextjs_app(root, environment)
    assert raised.value.message.endswith(cure)


@pytest.mark.parametrize(
    ("config", "extensions", "dist"),
    [
        ("export default { pageExtensions: ['page.tsx', \"api.ts\"], distDir: 'out/next' }", ("page.tsx", "api.ts"), "out/next"),
        ("export default {\n  // distDir: 'old',\n  'pageExtensions': [\n    'ts',\n  ],\n}", ("ts",), ".next"),
        ("export default { distDir: process.env.DIST }", ("tsx", "ts", "jsx", "js"), ".next"),
    ],
)
def test_settings_in_the_text_of_the_configuration(
    tmp_path: Path, environment: dict[str, str], config: str, extensions: tuple[str, ...], dist: str
) -> None:
    app = find_nextjs_app(make_app(tmp_path / "site", config=config), environment)
    assert app is not None
    assert (app.page_extensions, app.dist) == (extensions, dist)


def test_page_extensions_from_the_environment(tmp_path: Path, environment: dict[str, str]) -> None:
    app = find_nextjs_app(make_app(tmp_path / "site"), environment | {"SLUGLINE_PAGE_EXTENSIONS": ".page.tsx, ts"})
    assert app is not None
    assert app.page_extensions == ("page.tsx", "ts")


def test_dist_dir_from_the_environment(tmp_path: Path, environment: dict[str, str]) -> None:
    app = find_nextjs_app(make_app(tmp_path / "site"), environment | {"SLUGLINE_DIST_DIR": "out/next"})
    assert app is not None
    assert app.dist == "out/next"


def test_no_node(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"there is no `node` to run it. Install Node.js"):
        find_nextjs_app(make_app(tmp_path / "site"), {"PATH": str(tmp_path)})


def test_nothing_installed(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "next.config.js").touch()
    with pytest.raises(ServerError, match=r"there is no node_modules/next\. Run `npm install`"):
        find_nextjs_app(tmp_path, environment)


@pytest.mark.parametrize("version", ["16.1.9", "15.5.4", "14.2.0-canary.1"])
def test_a_next_without_adapters(tmp_path: Path, environment: dict[str, str], version: str) -> None:
    with pytest.raises(ServerError) as caught:
        find_nextjs_app(make_app(tmp_path / "site", version=version, config="export default {}"), environment)
    assert f"Next.js {version} takes no adapter" in str(caught.value)
    assert "let next.config.mjs end with these two lines:\n  const wrapper = process.env.SLUGLINE_WRAPPER &&" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "ways"),
    [
        ("next.config.js", "module.exports = {}", ["? require(", "module.exports = withSlugline("]),
        ("next.config.js", "const nextConfig = {}\nexport default nextConfig", ["await import(", "export default wrapper ?"]),
        ("next.config.ts", "const nextConfig = {}\nexport default nextConfig", ["? require(", "export default withSlugline("]),
    ],
)
def test_the_two_lines_suit_the_file(tmp_path: Path, environment: dict[str, str], name: str, text: str, ways: list[str]) -> None:
    root = make_app(tmp_path / "site", version="15.5.4")
    (root / name).write_text(text)
    with pytest.raises(ServerError) as caught:
        find_nextjs_app(root, environment)
    assert all(way in str(caught.value) for way in ways)


@pytest.mark.parametrize("version", ["16.2.0", "16.10.1", "17.0.0-rc.1"])
def test_a_next_with_adapters(tmp_path: Path, environment: dict[str, str], version: str) -> None:
    assert find_nextjs_app(make_app(tmp_path / "site", version=version), environment) is not None


def test_an_adapter_in_the_configuration(tmp_path: Path, environment: dict[str, str]) -> None:
    config = "export default {\n  adapterPath: import.meta.resolve('./mine.mjs'),\n}"
    with pytest.raises(ServerError, match="sets adapterPath"):
        find_nextjs_app(make_app(tmp_path / "site", config=config), environment)
    commented = "// adapterPath is not set\nexport default {}"
    assert find_nextjs_app(make_app(tmp_path / "other", config=commented), environment) is not None


def test_a_wrapped_configuration_suits_every_version(tmp_path: Path, environment: dict[str, str]) -> None:
    config = "const withSlugline = process.env.SLUGLINE_WRAPPER ? require(process.env.SLUGLINE_WRAPPER) : (c) => c\n"
    app = find_nextjs_app(make_app(tmp_path / "site", version="15.5.4", config=config), environment)
    assert app is not None
    assert app.wraps_config


def test_a_broken_package_file(tmp_path: Path, environment: dict[str, str]) -> None:
    root = make_app(tmp_path / "site")
    (root / "package.json").write_text("{")
    with pytest.raises(ServerError, match=r"package.json cannot be read"):
        find_nextjs_app(root, environment)
