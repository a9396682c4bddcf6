"""Every code of a ProjectError has a page in docs/errors/, every page has a code, and the messages quoted there are the real ones."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from slugline import errors
from slugline.commands.build import build
from slugline.commands.new import create_project
from slugline.commands.start import ServerOptions, start
from slugline.errors import ProjectError
from slugline.runtime.settings import Settings

PAGES = Path(__file__).parent.parent / "docs" / "errors"
HANDLER = "def handler(req, res):\n    res.json({})\n"
OLD = "'source': '/old/:id'"
FETCH_PROPS = "def get_static_props(context):\n    socket.create_connection(('127.0.0.1', 3000)).close()\n"

# Each project is refused with a message that its page quotes.
PROJECTS = [
    ("route-name", {"pages/api/user-[id].py": HANDLER}),
    ("route-name", {"pages/api/[...slug]/edit.py": HANDLER}),
    ("route-name", {"pages/api/[[id]].py": HANDLER}),
    ("route-name", {"pages/api/{id}.py": HANDLER}),
    ("route-name", {"pages/api/_middlewares.py": "middleware = []\n"}),
    ("route-conflict", {"pages/api/users.py": HANDLER, "pages/api/users/index.py": HANDLER}),
    ("route-conflict", {"pages/api/post/[id].py": HANDLER, "pages/api/post/[pid].py": HANDLER}),
    ("route-conflict", {"pages/api/post/index.py": HANDLER, "pages/api/post/[[...slug]].py": HANDLER}),
    ("route-module", {"pages/api/hello.py": "import nosuchmodule\n"}),
    ("route-module", {"pages/api/hello.py": "def get(req, res): ...\n"}),
    ("route-module", {"pages/api/hello.py": "\n\n\nimport lib.users\n", "lib/users.py": "\n\n\n\n\n{}['b']\n"}),
    ("route-module", {"pages/api/hello.py": f"middlewares = []\n{HANDLER}"}),
    ("route-module", {"pages/api/hello.py": f"{HANDLER}def GET(req, res): ...\n"}),
    ("route-module", {"pages/api/hello.py": "def handler(req): ...\n"}),
    ("page", {"pages/post/[slug].html": "", "pages/post/[slug].py": "def get_static_props(context): ...\n"}),
    ("page", {"pages/news.html": "", "pages/news.py": "def getStaticProps(context): ...\n"}),
    ("page", {"pages/news.py": "def get_static_props(context): ...\n"}),
    ("page", {"pages/news.html": "<h1>\n{{ titel }}"}),
    ("page", {"pages/news.html": "", "pages/news.py": "def get_static_props(context): return {'props': {}, 'revalidat': 60}\n"}),
    (
        "page",
        {
            "pages/post/[slug].html": "",
            "pages/post/[slug].py": "def get_static_paths(): return {'paths': ['/post/tea'], 'fallback': False}\n"
            "def get_static_props(context): return {}[context.params['slug']]\n",
        },
    ),
    ("page", {"pages/news.html": "", "pages/news.py": f"import socket\n{FETCH_PROPS}"}),
    ("config", {"pages/api/hello.py": f"config = {{'api': {{'bodyParse': False}}}}\n{HANDLER}"}),
    ("config", {"pages/api/hello.py": f"config = {{'bodyParser': False}}\n{HANDLER}"}),
    ("config", {"pages/api/hello.py": f"config = {{'maxDuration': '10s'}}\n{HANDLER}"}),
    ("config", {"pages/api/hello.py": f"from slugline.middleware import Cors\ncors = Cors(credentials=True)\n{HANDLER}"}),
    ("config", {"slugline.config.py": "config = {'trailingSlashes': True}\n", "pages/api/hello.py": HANDLER}),
    (
        "config",
        {"slugline.config.py": f"redirects = [{{{OLD}, 'destination': '/new/:ib', 'permanent': True}}]\n", "pages/api/hello.py": HANDLER},
    ),
    ("config", {"slugline.config.py": f"redirects = [{{{OLD}, 'destination': '/new'}}]\n", "pages/api/hello.py": HANDLER}),
    ("config", {"slugline.config.py": "settings = {'thread': 80}\n", "pages/api/hello.py": HANDLER}),
    ("config", {"slugline.config.py": "rewrite = []\n", "pages/api/hello.py": HANDLER}),
    ("config", {"middleware.py": "def proxy(req): ...\n", "pages/api/hello.py": HANDLER}),
    ("config", {"middleware.py": "def middleware(req): ...\nconfig = {'matcher': 'api/:path*'}\n", "pages/api/hello.py": HANDLER}),
    ("config", {"proxy.py": "def proxy(req): ...\n", "pages/api/hello.py": HANDLER}),
    ("instrumentation", {"instrumentation.py": "def register(app): ...\n", "pages/api/hello.py": HANDLER}),
    ("instrumentation", {"instrumentation.py": "import nosuch\n", "pages/api/hello.py": HANDLER}),
    ("instrumentation", {"instrumentation.py": "def startup(): ...\n", "pages/api/hello.py": HANDLER}),
    ("project-not-found", {"README.md": ""}),
]


def project_errors() -> Iterator[type[ProjectError]]:
    found = ProjectError.__subclasses__()
    while found:
        error = found.pop()
        yield error
        found.extend(error.__subclasses__())


def quoted_messages(code: str) -> list[str]:
    return re.findall(r"```text\n(.*?)\n```", (PAGES / f"{code}.md").read_text(), re.DOTALL)


def test_codes_and_pages_are_the_same() -> None:
    codes = [error.code for error in project_errors()]
    assert len(codes) == len(set(codes)), "two errors have the same code"
    assert {path.stem for path in PAGES.glob("*.md")} - {"README"} == set(codes)


def test_the_tree_of_errors_names_every_code() -> None:
    for error in project_errors():
        if error is not ProjectError:
            assert re.search(rf"{error.__name__} +{re.escape(error.code)}$", str(errors.__doc__), re.MULTILINE), error.__name__


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_says_what_why_and_how(page: Path) -> None:
    text = page.read_text()
    if page.stem == "README":
        assert all(f"]({other.name})" in text for other in PAGES.glob("*.md") if other != page)
        return
    assert text.startswith(f"# {page.stem}\n")
    assert quoted_messages(page.stem)
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## Why", "## Cure"]


@pytest.mark.parametrize(("code", "files"), PROJECTS)
def test_quoted_messages_are_the_real_ones(tmp_path: Path, code: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(ProjectError) as raised:
        build(tmp_path)
    assert raised.value.code == code
    assert raised.value.message.replace(str(tmp_path), "/srv/app") in quoted_messages(code)


def test_a_taken_port(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ProjectError) as raised:
            start(tmp_path, ServerOptions(port=port))
    assert raised.value.code == "server"
    assert raised.value.message.replace(str(port + 1), "3001").replace(str(port), "3000") in quoted_messages("server")


@pytest.mark.parametrize("host", ["192.0.2.1", "api.invalid"])
def test_an_address_that_cannot_be_had(tmp_path: Path, host: str) -> None:
    (tmp_path / "pages").mkdir()
    with pytest.raises(ProjectError) as raised:
        start(tmp_path, ServerOptions(host))
    assert raised.value.code == "server"
    # What the system says in the middle differs from one to the next.
    beginning, end = raised.value.message.split(": ")[0], raised.value.message.split(". ", 1)[1]
    assert any(message.startswith(beginning) and message.endswith(end) for message in quoted_messages("server"))


def test_settings_that_cannot_be_meant() -> None:
    with pytest.raises(ProjectError) as raised:
        Settings(threads=0)
    assert raised.value.code == "config"
    assert raised.value.message in quoted_messages("config")


def test_a_project_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "notes.txt").touch()
    (tmp_path / "notes.txt").touch()
    messages = []
    for name, template in (("new", "x"), ("app", "default"), ("notes.txt", "default"), ("/proc/app", "default")):
        with pytest.raises(ProjectError) as raised:
            create_project(Path(name), template)
        assert raised.value.code == "template"
        messages.append(raised.value.message)
    assert messages == quoted_messages("template")
