"""The command line: what is printed, and where it ends."""

import socket
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from slugline.cli import main

HANDLER = "def handler(req, res): ...\n"


@pytest.fixture(autouse=True)
def clean_imports():
    path, names = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - names:
        if name.partition(".")[0] == "pages":
            del sys.modules[name]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, list(map(str, arguments)))


def make(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_command(run, option):
    result = run(option)
    assert result.exit_code == 0
    for command in ("build", "new", "routes", "start"):
        assert f"\n  {command} " in result.output
        assert run(command, option).exit_code == 0


def test_the_version(run):
    result = run("--version")
    assert result.exit_code == 0
    assert result.output.startswith("slugline, version ")


@pytest.mark.parametrize(
    ("files", "count"), [({"pages/api/a.py": HANDLER}, "1 route,"), ({"pages/api/a.py": HANDLER, "pages/api/b.py": HANDLER}, "2 routes,")]
)
def test_build_counts_what_is_right(run, tmp_path, files, count):
    make(tmp_path, files)
    result = run("build")
    assert result.exit_code == 0
    assert result.stdout == f"ok {count} nothing to complain about.\n"


WRONG = {
    "no project": ({}, "[project-not-found]"),
    "a bad name": ({"pages/api/[id.py": HANDLER}, "[route-name] pages/api/[id.py"),
    "a conflict": ({"pages/api/[a].py": HANDLER, "pages/api/[b].py": HANDLER}, "[route-conflict]"),
    "a file that fails": (
        {"pages/api/a.py": "\n1 / 0"},
        "[route-module] pages/api/a.py cannot be imported: ZeroDivisionError: division by zero (line 2)",
    ),
    "a wrong config": ({"pages/api/a.py": HANDLER + "config = {'x': 1}"}, "[config] pages/api/a.py"),
    "instrumentation": ({"pages/api/a.py": HANDLER, "instrumentation.py": "1 / 0"}, "[instrumentation] instrumentation.py"),
}


@pytest.mark.parametrize("command", ["build", "routes", "start"])
@pytest.mark.parametrize(("files", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_with_its_code_and_nothing_starts(run, tmp_path, command, files, message):
    make(tmp_path, files)
    result = run(command, tmp_path)
    assert result.exit_code == 1
    assert f"error {message}" in result.stderr
    assert "Traceback" not in result.output


def test_build_refuses_an_application_that_is_none(run, tmp_path):
    make(tmp_path, {"pages/api/[[...path]].py": "app = 5\n"})
    result = run("build")
    assert result.exit_code == 1
    assert "error [route-module]" in result.stderr
    assert "pages/api/[[...path]].py" in result.stderr


def test_routes_are_listed_in_matching_order(run, tmp_path):
    make(
        tmp_path,
        {
            "pages/api/post/[pid].py": "def GET(req, res): ...\ndef POST(req, res): ...\nasync def websocket(ws): ...\n",
            "pages/api/post/[...slug].py": "async def websocket(ws): ...\n",
            "pages/api/post/create.py": HANDLER,
            "pages/api/app/[[...path]].py": "async def app(scope, receive, send): ...\n",
        },
    )
    result = run("routes", tmp_path)
    assert result.exit_code == 0
    rows = [line.split("  ") for line in result.stdout.splitlines()]
    assert [[cell.strip() for cell in row if cell] for row in rows] == [
        ["/api/app/[[...path]]", "application", "pages/api/app/[[...path]].py"],
        ["/api/post/create", "any method", "pages/api/post/create.py"],
        ["/api/post/[pid]", "GET, POST + WebSocket", "pages/api/post/[pid].py"],
        ["/api/post/[...slug]", "WebSocket", "pages/api/post/[...slug].py"],
    ]
    # The columns stand in line.
    assert len({line.index("pages/") for line in result.stdout.splitlines()}) == 1


def test_no_routes_are_no_lines(run, tmp_path):
    (tmp_path / "pages").mkdir()
    result = run("routes")
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_new_project_is_complete_and_can_be_built(run, tmp_path):
    result = run("new", "shop")
    assert result.exit_code == 0
    made = {path.relative_to(tmp_path / "shop").as_posix() for path in (tmp_path / "shop").rglob("*") if path.is_file()}
    assert {"pages/api/hello.py", "pages/api/post/[pid].py", ".gitignore", "README.md"} <= made
    for path in made:
        assert f"  + {path}\n" in result.stdout
    assert "cd shop" in result.stdout
    assert run("build", "shop").exit_code == 0


def test_a_name_with_a_space_can_be_typed_as_it_is_shown(run):
    assert "cd 'my shop'\n" in run("new", "my shop").stdout


def test_an_empty_folder_can_become_a_project(run, tmp_path):
    (tmp_path / "shop").mkdir()
    assert run("new", "shop").exit_code == 0


@pytest.mark.parametrize("existing", ["folder", "file"])
def test_what_exists_is_never_overwritten(run, tmp_path, existing):
    make(tmp_path, {"shop/mine.txt" if existing == "folder" else "shop": "mine"})
    result = run("new", "shop")
    assert result.exit_code == 1
    assert f"shop exists already and is {'not empty' if existing == 'folder' else 'no folder'}" in result.stderr
    assert [path.read_text() for path in tmp_path.rglob("*") if path.is_file()] == ["mine"]


@pytest.mark.parametrize("template", ["nothing", "../starters/default", ""])
def test_a_template_that_is_none_is_refused_with_those_that_are(run, tmp_path, template):
    result = run("new", "shop", "--template", template)
    assert result.exit_code == 1
    assert "Choose one of: default" in result.stderr
    assert not (tmp_path / "shop").exists()


def test_start_refuses_a_port_that_is_taken(run, tmp_path):
    make(tmp_path, {"pages/api/a.py": HANDLER})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("start", tmp_path, "--port", port)
    assert result.exit_code == 1
    assert f"error [server] Port {port} on 127.0.0.1 cannot be had" in result.stderr
    assert "--port" in result.stderr


def test_start_refuses_an_address_that_is_not_its_own(run, tmp_path):
    make(tmp_path, {"pages/api/a.py": HANDLER})
    result = run("start", tmp_path, "--host", "192.0.2.1")  # of TEST-NET-1, which no machine has (RFC 5737)
    assert result.exit_code == 1
    assert "error [server] Port 3000 on 192.0.2.1 cannot be had" in result.stderr


USAGE = {
    "a port that is none": ["start", "--port", "0"],
    "a port too large": ["start", "--port", "70000"],
    "a word as port": ["start", "--port", "http"],
    "no workers": ["start", "--workers", "0"],
    "no threads": ["start", "--threads", "0"],
    "no requests": ["start", "--max-concurrent", "0"],
    "an unknown form of log": ["start", "--access-log", "xml"],
    "an unknown level": ["start", "--log-level", "loud"],
    "no time to stop": ["start", "--shutdown-seconds", "0"],
    "a folder that is missing": ["start", "nowhere"],
    "a folder to build that is missing": ["build", "nowhere"],
    "a command that is missing": ["serve"],
    "no name": ["new"],
    "an option that is missing": ["start", "--reload"],
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE)
def test_wrong_usage_ends_with_2(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


def test_the_port_may_come_from_the_environment(run, tmp_path, monkeypatch):
    make(tmp_path, {"pages/api/a.py": HANDLER})
    monkeypatch.setenv("PORT", "nonsense")
    assert "'nonsense' is not a valid integer" in run("start", tmp_path).stderr
