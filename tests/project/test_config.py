"""slugline.config.py: what it settles, and the message of each refusal."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from routing.rule_fakes import view
from slugline.errors import ConfigError
from slugline.project.config import CONFIG_FILE, ProjectConfig, load_config
from slugline.routing.rules import collect_headers, find_redirect, find_rewrite, index_rules


@pytest.fixture(autouse=True)
def clean_imports() -> Iterator[None]:
    path, names = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - names:
        del sys.modules[name]


def load(root: Path, text: str) -> ProjectConfig:
    (root / CONFIG_FILE).write_text(text, encoding="utf-8")
    return load_config(root)


def refusal(root: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(root, text)
    message = caught.value.message
    assert message.startswith(CONFIG_FILE)
    assert caught.value.files == (CONFIG_FILE,)
    return message


def test_a_project_without_the_file_gets_the_defaults(tmp_path: Path) -> None:
    assert load_config(tmp_path) == ProjectConfig()
    assert load(tmp_path, "") == ProjectConfig()


FLAGS = [
    ("trailing_slash = True", {"trailing_slash": True}),
    ("trailingSlash = True", {"trailing_slash": True}),
    ("config = {'trailingSlash': True}", {"trailing_slash": True}),
    ("def config():\n    return {'trailing_slash': True}", {"trailing_slash": True}),
    ("skipTrailingSlashRedirect = True\ncompress = False", {"skip_trailing_slash_redirect": True, "compress": False}),
    ("generate_etags = False\npowered_by_header = False", {"generate_etags": False}),
    ("base_path = '/docs'", {"base_path": "/docs"}),
    ("config = {'basePath': '/docs/v1.0'}\ncompress = False", {"base_path": "/docs/v1.0", "compress": False}),
    ("base_path = ''", {}),
    ("settings = {'threads': 4, 'bodyIdleSeconds': 1.5}", {"settings": {"threads": 4, "body_idle_seconds": 1.5}}),
    ("import os\nfrom pathlib import Path\nHERE = Path('.')\ndef helper(): ...\n_redirect = 1", {}),
]


@pytest.mark.parametrize(("text", "expected"), FLAGS)
def test_settings(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    assert load(tmp_path, text) == ProjectConfig(**expected)


RULE = '{"source": "/old/:id", "destination": "/new/:id", "permanent": True}'
FORMS = [
    f"redirects = [{RULE}]",
    f"redirects = ({RULE},)",
    f"def redirects():\n    return [{RULE}]",
    f"redirects = lambda: [{RULE}]",
    f"import asyncio\nasync def redirects():\n    await asyncio.sleep(0)\n    return [{RULE}]",
    f"config = {{'redirects': [{RULE}]}}",
    f"async def rules():\n    return [{RULE}]\nconfig = {{'redirects': rules}}",
]


@pytest.mark.parametrize("text", FORMS)
def test_rules_are_values_or_functions(tmp_path: Path, text: str) -> None:
    config = load(tmp_path, text)
    found = find_redirect(index_rules(config.redirects), view("/old/7"))
    assert found is not None
    assert (found.status, found.location) == (308, "/new/7")


async def test_an_async_function_runs_although_a_loop_runs_here(tmp_path: Path) -> None:
    assert asyncio.get_running_loop()
    assert len(load(tmp_path, FORMS[4]).redirects) == 1


def test_each_key_of_a_rule_is_read_in_both_spellings(tmp_path: Path) -> None:
    text = """
redirects = [
    {"source": "/a", "destination": "/b", "statusCode": 301},
    {"source": "/a", "destination": "/b", "status_code": 303, "permanent": True},
    {"source": "/a", "destination": "/b", "permanent": False},
    {"source": "/a", "destination": "/b", "permanent": False, "basePath": False, "statusCode": None, "has": None},
]
"""
    assert [rule.status for rule in load(tmp_path, text).redirects] == [301, 303, 307, 307]


def test_a_rule_without_locale_is_as_in_next_js(tmp_path: Path) -> None:
    text = """
redirects = [{"source": "/a", "destination": "/b", "permanent": True, "locale": False}]
rewrites = [{"source": "/a", "destination": "/b", "locale": False}]
headers = [{"source": "/a", "locale": False, "headers": [{"key": "x", "value": "y"}]}]
"""
    config = load(tmp_path, text)
    assert (len(config.redirects), len(config.after_files), len(config.headers)) == (1, 1, 1)


def test_rewrites_are_a_list_or_three(tmp_path: Path) -> None:
    (tmp_path / "list").mkdir()
    listed = load(tmp_path / "list", 'rewrites = [{"source": "/a", "destination": "/b"}]')
    assert (len(listed.before_files), len(listed.after_files), len(listed.fallback)) == (0, 1, 0)
    text = """
def rewrites():
    return {
        "beforeFiles": [{"source": "/a", "destination": "/b"}],
        "after_files": [{"source": "/a", "destination": "/b"}, {"source": "/c", "destination": "/d"}],
        "fallback": [{"source": "/:path*", "destination": "https://old.example/:path*"}],
    }
"""
    config = load(tmp_path, text)
    assert (len(config.before_files), len(config.after_files), len(config.fallback)) == (1, 2, 1)
    found = find_rewrite(index_rules(config.fallback), view("/x/y"))
    assert found is not None
    assert found.url == "https://old.example/x/y"


BASE = """
base_path = "/docs"
redirects = [
    {"source": "/old/:id", "destination": "/api/users/:id", "permanent": False},
    {"source": "/", "destination": "/about", "permanent": False, "has": [{"type": "query", "key": "go"}]},
    {"source": "/home", "destination": "/", "permanent": False},
    {"source": "/old-out", "destination": "/api/hello", "permanent": False, "basePath": False},
    {"source": "/old-ext", "destination": "https://example.com/x", "permanent": False},
]
rewrites = [
    {"source": "/rw/:id", "destination": "/api/users/:id"},
    {"source": "/rw-out", "destination": "http://127.0.0.1:4399/out", "base_path": False},
]
headers = [
    {"source": "/api/:path*", "headers": [{"key": "x-h", "value": "in"}]},
    {"source": "/outside/:path*", "basePath": False, "headers": [{"key": "x-h-out", "value": "out"}]},
]
"""


def test_the_base_path_is_put_before_sources_and_relative_destinations(tmp_path: Path) -> None:
    config = load(tmp_path, BASE)
    redirects = index_rules(config.redirects)
    locations = [
        (found := find_redirect(redirects, view(path))) and found.location
        for path in ("/docs/old/7", "/old/7", "/docs?go=1", "/docs/home", "/old-out", "/docs/old-out", "/docs/old-ext")
    ]
    assert locations == ["/docs/api/users/7", None, "/docs/about?go=1", "/docs", "/api/hello", None, "https://example.com/x"]
    rewrites = index_rules(config.after_files)
    inside, outside = find_rewrite(rewrites, view("/docs/rw/7")), find_rewrite(rewrites, view("/rw-out"))
    assert inside is not None
    assert outside is not None
    assert (inside.path, outside.url) == ("/docs/api/users/7", "http://127.0.0.1:4399/out")
    headers = index_rules(config.headers)
    assert collect_headers(headers, view("/docs/api/hello")) == {"x-h": "in"}
    assert collect_headers(headers, view("/outside/x")) == {"x-h-out": "out"}
    assert collect_headers(headers, view("/api/hello")) == {}


def redirects_of(**rule: object) -> str:
    first = {"source": "/a", "destination": "/b", "permanent": True}
    return f"redirects = [{first!r}, {rule!r}]"


GOOD = {"source": "/x", "destination": "/y", "permanent": True}
SOURCE_MISSING = {key: value for key, value in GOOD.items() if key != "source"}

# The text of the file, pieces of the message. After build-refusals.json; the ids of its cases in the comments.
BAD: list[tuple[str, list[str]]] = [
    # redirect-*
    (redirects_of(**{**GOOD, "source": "x"}), ["redirects[1].source (rule 2 of 2) is 'x'", "Write /x"]),
    (redirects_of(**{**GOOD, "source": "/x/("}), ["redirects[1].source (rule 2 of 2) is '/x/('", "character 4"]),
    (redirects_of(**{**GOOD, "source": 7}), ["redirects[1].source (rule 2 of 2) is 7", "a pattern such as"]),
    (redirects_of(**SOURCE_MISSING), ["redirects[1] (rule 2 of 2) has no source"]),
    (redirects_of(source="/x", destination="/y"), ["has neither permanent nor status_code", "True for 308"]),
    (redirects_of(source="/x", destination="/y", permanent=1), [".permanent (rule 2 of 2) is 1", "True or False"]),
    (redirects_of(source="/x", destination="/y", statusCode=200), [".statusCode (rule 2 of 2) is 200", "301, 302, 303, 307 or 308"]),
    (redirects_of(source="/x", permanent=True), ["has no destination"]),
    (
        redirects_of(**{**GOOD, "source": "/x/:a", "destination": "/y/:b"}),
        ["destination (rule 2 of 2) is '/y/:b'", ":b is in neither", "There is :a"],
    ),
    (redirects_of(**{**GOOD, "source": "/x/(.*)", "destination": "/y/:0"}), [":0 is in neither", "The source has no parameters"]),
    (redirects_of(**{**GOOD, "destination": "y"}), ["Write /y"]),
    (redirects_of(**{**GOOD, "destination": "//evil.example"}), ["two slashes"]),
    (redirects_of(**GOOD, foo=1), ["redirects[1].foo (rule 2 of 2) is an unknown key", "Allowed: source, destination"]),
    (redirects_of(source="/x", destnation="/y", permanent=True), ["redirects[1].destnation", "Did you mean destination?"]),
    (redirects_of(**GOOD, status_code=301, statusCode=301), ["has both status_code and statusCode"]),
    ("redirects = {}", ["redirects is {}", "a list of dicts"]),
    ("def redirects(): ...", ["redirects is None", "a list of dicts"]),
    ("redirects = 'x'", ["a list of dicts"]),
    ("redirects = [1]", ["redirects[0] (rule 1 of 1) is 1", "a dict with the keys source"]),
    ("def redirects():\n    return {}['x']", ["redirects() failed: KeyError: 'x' (line 2)"]),
    ("async def redirects():\n    raise SystemExit('no')", ["redirects() failed: SystemExit: no (line 2)"]),
    (redirects_of(**GOOD, has=[{"type": "header"}]), ["redirects[1].has[0] (rule 2 of 2) cannot be used: the type header has no key"]),
    (redirects_of(**GOOD, has=[{"type": "nope", "key": "x"}]), ["Allowed: header, query, cookie, host"]),
    (redirects_of(**GOOD, has=[{"key": "x"}]), ["has[0] (rule 2 of 2) has no type"]),
    (redirects_of(**GOOD, has={"type": "header", "key": "x"}), ["redirects[1].has (rule 2 of 2) is", "a list of"]),
    (redirects_of(**GOOD, missing=[{"type": "header", "key": "x", "value": "("}]), ["redirects[1].missing[0]", "cannot be read"]),
    (redirects_of(**GOOD, has=[{"type": "header", "key": 7}]), ["has[0].key (rule 2 of 2) is 7"]),
    # rewrite-*
    ("rewrites = [{'source': '/x', 'destination': '/y', 'basePath': False}]", ["rewrites[0].destination", "base_path: False", "http://"]),
    ("rewrites = [{'source': '/x', 'destination': 'ftp://y/z'}]", ["rewrites[0].destination (rule 1 of 1)", "http:// or https://"]),
    ("rewrites = [{'source': '/x', 'destination': '/y', 'permanent': True}]", ["rewrites[0].permanent", "unknown key"]),
    ("rewrites = {'before_file': []}", ["rewrites.before_file", "Did you mean before_files?"]),
    ("rewrites = {'fallback': [{'source': '/x'}]}", ["rewrites.fallback[0] (rule 1 of 1) has no destination"]),
    ("rewrites = 7", ["rewrites is 7", "before_files, after_files and fallback"]),
    # header-*
    ("headers = [{'source': '/x', 'headers': []}]", ["headers[0].headers (rule 1 of 1) is empty"]),
    ("headers = [{'source': '/x'}]", ["headers[0] (rule 1 of 1) has no headers"]),
    ("headers = [{'source': '/x', 'headers': [{'key': 'a'}]}]", ["headers[0].headers[0] (rule 1 of 1) has no value"]),
    ("headers = [{'source': '/x', 'headers': [{'key': 'a', 'value': 1}]}]", ["headers[0].headers[0].value (rule 1 of 1) is 1"]),
    ("headers = [{'source': '/x', 'headers': [{'key': 'a b', 'value': '1'}]}]", ["headers[0].headers[0]", "no header name"]),
    ("headers = [{'source': '/x', 'headers': [{'key': 'a', 'value': '1\\n2'}]}]", ["line break"]),
    ("headers = [{'source': '/x', 'headers': [{'key': 'Content-Length', 'value': '1'}]}]", ["the server sets itself"]),
    ("headers = [{'source': '/x', 'headers': [{'key': 'Connection', 'value': '1'}]}]", ["belongs to the connection"]),
    ("headers = [{'source': '/x', 'headers': {'a': '1'}}]", ['a list of {"key": "x-name"']),
    # A locale, of which only `False` says something that is so.
    (redirects_of(**GOOD, locale=True), ["redirects[1].locale (rule 2 of 2) is about Next.js's i18n"]),
    ("rewrites = [{'source': '/x', 'destination': '/y', 'locale': None}]", ["rewrites[0].locale"]),
    # What could never be forwarded to.
    ("rewrites = [{'source': '/x', 'destination': 'http://h:99999/'}]", ["rewrites[0].destination (rule 1 of 1)", "99999 is no port"]),
    ("rewrites = [{'source': '/x', 'destination': 'http://münchen.example/'}]", ["Write xn--mnchen-3ya.example"]),
    ("rewrites = [{'source': '/x', 'destination': 'http://a b/'}]", ["a b is no host"]),
    # basepath-*
    ("base_path = '/d/'", ["base_path is '/d/'", "Write '/d'"]),
    ("base_path = 'd'", ["Write '/d'"]),
    ("base_path = '/'", ['Write "" for none']),
    ("base_path = '/a:b'", ["letters, digits"]),
    ("base_path = '/a/../b'", ["begins with a dot"]),
    ("base_path = None", ["base_path is None"]),
    # keys
    ("trailing_slash = 'yes'", ["trailing_slash is 'yes'. Allowed: True or False"]),
    ("config = {'trailingSlash': 1}", ["config.trailingSlash is 1"]),
    ("config = []", ["config is []", "a dict with the keys base_path"]),
    ("config = {'trailing_slashes': True}", ["config.trailing_slashes is an unknown key. Did you mean trailing_slash?"]),
    ("config = {'compress': True}\ncompress = True", ["config.compress is also set as compress at the top"]),
    ("trailing_slash = True\ntrailingSlash = True", ["slugline.config.py: has both trailing_slash and trailingSlash"]),
    ("rewrite = []", ["rewrite (line 1) has no effect. Name it rewrites"]),
    ("\ndef redirect(): ...", ["redirect (line 2) has no effect. Name it redirects"]),
    ("TRAILING_SLASH = True", ["Name it trailing_slash"]),
    ("Config = {}", ["Name it config"]),
    ("configs = {}", ["Name it config"]),
    ("pageExtensions = ['py']", ["pageExtensions (line 1) belongs to Next.js", "Delete it"]),
    ("config = {'page_extensions': []}", ["config.page_extensions belongs to Next.js", "only .py files are routes"]),
    ("config = {'i18n': {}}", ["config.i18n belongs to Next.js"]),
    ("powered_by_header = True", ["X-Powered-By"]),
    ("settings = []", ["settings is []"]),
    ("settings = {'compress': False}", ["settings.compress", "beside settings"]),
    ("settings = {'max_waiting': 1, 'maxWaiting': 1}", ["two spellings"]),
    ("import nothing_of_that_name", ["cannot be imported", "line 1"]),
    ("redirects = [", ["cannot be imported: SyntaxError", "line 1"]),
]


@pytest.mark.parametrize(("text", "pieces"), BAD, ids=range(len(BAD)))
def test_what_is_wrong_is_refused_with_its_place_and_a_cure(tmp_path: Path, text: str, pieces: list[str]) -> None:
    message = refusal(tmp_path, text)
    assert [piece for piece in pieces if piece not in message] == [], message


def test_a_message_about_a_source_leaves_the_base_path_out(tmp_path: Path) -> None:
    message = refusal(tmp_path, "base_path = '/docs'\n" + redirects_of(**{**GOOD, "source": "/x/("}))
    assert "'/x/('" in message
    assert "character 4" in message


@pytest.mark.parametrize("name", ["slugline_config.py", "next.config.py"])
def test_a_file_with_another_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("compress = False\n")
    with pytest.raises(ConfigError, match=r"Name it slugline\.config\.py"):
        load_config(tmp_path)
