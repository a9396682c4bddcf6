"""What the adapter makes of a `next.config`, asked without Next.js; `test_nextjs.py` asks with it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from slugline.nextjs.app import NextApp
from slugline.nextjs.precedence import SiteRoute, make_table, merge_routes, parse_pattern
from slugline.nextjs.site import ADAPTER, make_environment
from slugline.nextjs.table_file import write_table

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")

SCRIPT = Path(__file__).parent / "configure.cjs"
DEVELOPMENT, BUILD, SERVER = "phase-development-server", "phase-production-build", "phase-production-server"
PYTHON = ["/api/hello", "/api/post/[pid]"]
STATIC = "/api/:path((?:hello))"
DYNAMIC = "/api/:path((?:post/[^/]+))"
LIVE = ["/api", "/api/:path(.+?)"]
ERROR_PAGES = "/_slugline/:path(.+?)"
API_DOCS = ["/api/docs", "/api/docs/:path(.+?)", "/api/openapi.json"]


def make_app(root: Path, *, wraps_config: bool = False) -> NextApp:
    return NextApp(root, "16.4.6", ("next",), None, None, ("js",), ".next", wraps_config=wraps_config)


def configure(root: Path, config: str, *, phase: str = DEVELOPMENT, through: str = "adapter", **variables: str) -> dict[str, Any]:
    table = root / "table.json"
    routes = merge_routes(SiteRoute(pattern, parse_pattern(pattern), pattern, "python") for pattern in PYTHON)
    write_table(table, make_table(routes, origin="http://127.0.0.1:3901", secret="abc"))
    environment = make_environment(make_app(root), table=table, facts=root / "facts.json", environment={**os.environ, **variables})
    question = json.dumps({"config": config, "phase": phase, "through": through})
    (root / "node_modules" / "next").mkdir(parents=True, exist_ok=True)
    (root / "node_modules" / "next" / "package.json").write_text('{"version": "15.5.4"}')
    done = subprocess.run(
        ["node", str(SCRIPT)], input=question, capture_output=True, text=True, timeout=60, check=False, env=environment, cwd=root
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def sources(rules: list[dict[str, Any]]) -> list[str]:
    return [rule["source"] for rule in rules]


USER_REWRITES = [
    ("{}", [], [], []),
    ("{ rewrites: () => [{ source: '/a', destination: '/b' }] }", [], ["/a"], []),
    ("{ rewrites: async () => ({ beforeFiles: [{ source: '/a', destination: '/b' }] }) }", ["/a"], [], []),
    (
        "{ rewrites: () => ({ fallback: [{ source: '/c', destination: '/d' }], afterFiles: [{ source: '/a', destination: '/b' }] }) }",
        [],
        ["/a"],
        ["/c"],
    ),
]


@pytest.mark.parametrize(("config", "before", "after", "fallback"), USER_REWRITES)
def test_rules_come_after_the_users_own(tmp_path: Path, config: str, before: list[str], after: list[str], fallback: list[str]) -> None:
    found = configure(tmp_path, config)
    assert found["untouched"]
    rewrites = found["rewrites"]
    assert sources(rewrites["beforeFiles"]) == [*before, STATIC, *LIVE, ERROR_PAGES]
    assert sources(rewrites["afterFiles"]) == [*after, STATIC, DYNAMIC, *LIVE]
    assert sources(rewrites["fallback"]) == [*fallback, STATIC, DYNAMIC, *API_DOCS]
    assert rewrites["beforeFiles"][len(before)] == {
        "source": STATIC,
        "destination": "http://127.0.0.1:\t3901/api/:path",
        "missing": [{"type": "header", "key": "x-slugline-owner", "value": "abc-none"}],
    }


@pytest.mark.parametrize("phase", [BUILD, SERVER])
def test_a_build_has_nothing_in_has(tmp_path: Path, phase: str) -> None:
    rewrites = configure(tmp_path, "{}", phase=phase)["rewrites"]
    assert sources(rewrites["beforeFiles"]) == [STATIC]
    assert not any("has" in rule for rules in rewrites.values() for rule in rules)


def test_the_rest_of_the_configuration_stays(tmp_path: Path) -> None:
    config = (
        "{ basePath: '/docs', experimental: { proxyTimeout: 99999999, other: 1, proxyClientMaxBodySize: 10485760 }, reactStrictMode: true }"
    )
    found = configure(tmp_path, config)
    assert (found["basePath"], found["reactStrictMode"]) == ("/docs", True)
    assert found["experimental"] == {"proxyTimeout": 99999999, "other": 1, "proxyClientMaxBodySize": 2**50}
    assert found["untouched"]
    assert json.loads((tmp_path / "facts.json").read_text()) == {"phase": DEVELOPMENT, "basePath": "/docs"}


def test_time_and_size_are_raised(tmp_path: Path) -> None:
    assert configure(tmp_path, "{ experimental: { proxyTimeout: 30000 } }")["experimental"] == {
        "proxyTimeout": 24 * 60 * 60 * 1000,
        "proxyClientMaxBodySize": 2**50,
    }


def test_locales(tmp_path: Path) -> None:
    i18n = "{ locales: ['en-US', 'de'], defaultLocale: 'en-US', domains: [{ domain: 'x.de', defaultLocale: 'de' }] }"
    rules = configure(tmp_path, f"{{ i18n: {i18n} }}")["rewrites"]["beforeFiles"]
    assert rules[0]["source"] == f"/:nextInternalLocale(en\\-US|de){STATIC}"
    assert all(rule["locale"] is False for rule in rules)


@pytest.mark.parametrize("kind", ["module", "commonjs"])
def test_the_users_own_adapter_goes_first(tmp_path: Path, kind: str) -> None:
    own = tmp_path / ("own.mjs" if kind == "module" else "own.cjs")
    export = "export default" if kind == "module" else "module.exports ="
    own.write_text(f"{export} {{ name: 'own', modifyConfig: (config) => ({{ ...config, basePath: '/own' }}) }}")
    found = configure(tmp_path, "{ adapterPath: 'ours' }", NEXT_ADAPTER_PATH=str(own))
    assert (found["basePath"], found["adapterPath"]) == ("/own", str(own))
    assert sources(found["rewrites"]["beforeFiles"]) == [STATIC, *LIVE, ERROR_PAGES]


def test_without_one_next_knows_of_no_adapter(tmp_path: Path) -> None:
    assert "adapterPath" not in configure(tmp_path, "{ adapterPath: 'ours' }")


@pytest.mark.parametrize("config", ["{ basePath: '/docs' }", "() => ({ basePath: '/docs' })", "async (phase) => ({ basePath: '/docs' })"])
def test_the_wrapper(tmp_path: Path, config: str) -> None:
    found = configure(tmp_path, config, through="wrapper")
    assert found["basePath"] == "/docs"
    assert found["experimental"] == {"proxyTimeout": 24 * 60 * 60 * 1000, "middlewareClientMaxBodySize": 2**50}
    assert sources(found["rewrites"]["beforeFiles"]) == [STATIC, *LIVE, ERROR_PAGES]
    # A Next.js that takes an adapter as well has each rule once.
    assert found["same"]


def test_the_environment(tmp_path: Path) -> None:
    app, table = make_app(tmp_path), tmp_path / "table.json"
    found = make_environment(app, table=table, environment={"PATH": "/bin"}, colours=True)
    assert found["NEXT_ADAPTER_PATH"] == str(ADAPTER)
    assert (found["SLUGLINE_ROUTES"], found["NEXT_TELEMETRY_DISABLED"], found["FORCE_COLOR"]) == (str(table), "1", "1")
    assert "SLUGLINE_NEXT_ADAPTER" not in found
    assert "SLUGLINE_ORIGIN" not in found
    assert make_environment(app, table=table, origin="http://127.0.0.1:3901", environment={})["SLUGLINE_ORIGIN"] == "http://127.0.0.1:3901"
    again = make_environment(app, table=table, environment={**found, "NEXT_TELEMETRY_DISABLED": "0", "NO_COLOR": "1"}, colours=False)
    assert (again["NEXT_TELEMETRY_DISABLED"], "SLUGLINE_NEXT_ADAPTER" in again) == ("0", False)
    assert "NEXT_ADAPTER_PATH" not in make_environment(make_app(tmp_path, wraps_config=True), table=table, environment={})
