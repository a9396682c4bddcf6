"""What `slugline new` makes runs as it is."""

import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import slugline
from servers import start_granian
from slugline.cli import main
from slugline.commands.new import EXAMPLES, create_project, templates
from user_modules import own_modules

STARTERS = Path(slugline.__file__).parent / "starters"


def run(*arguments: str) -> Result:
    with own_modules():
        return CliRunner().invoke(main, list(arguments))


@pytest.fixture(params=templates())
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    directory = tmp_path / "app"
    made = run("new", str(directory), "--template", request.param)
    assert made.exit_code == 0, made.output
    return directory


def test_every_folder_is_a_template() -> None:
    assert "default" in templates()
    folders = {path.name for path in STARTERS.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert templates() == sorted({*folders, *EXAMPLES})


def test_all_files_are_copied(project: Path) -> None:
    names = {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}
    assert {".gitignore", "README.md", "requirements.txt", "test_api.py"} <= names
    assert any(name.startswith("pages/api/") and name.endswith(".py") for name in names)
    assert "gitignore" not in names
    assert not any("__pycache__" in name for name in names)


def test_a_new_project_builds(project: Path) -> None:
    built = run("build", "--python-only", str(project))  # nobody has run `npm install`
    assert (built.exit_code, built.output.splitlines()[-1].split()[0]) == (0, "ok")


def test_the_readme_lists_the_routes(project: Path) -> None:
    routes = run("routes", str(project))
    assert routes.exit_code == 0
    sources = {line.split()[-1] for line in routes.output.splitlines() if line.startswith("/api")}
    table = re.findall(r"^\| `(pages/[^`]+)` \| `(/api[^`]*)` \|$", (project / "README.md").read_text(), re.MULTILINE)
    assert {source for source, _ in table} == sources


def test_the_tests_of_a_new_project_pass(project: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestDeprecationWarning"]
    ran = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"[1-9]\d* passed", ran.stdout)


def test_the_address_that_new_prints_is_answered(tmp_path: Path) -> None:
    made = run("new", str(tmp_path / "app"))
    path = re.search(r"http://localhost:3000(/\S+)", made.output)
    assert path is not None
    server = start_granian(tmp_path / "app")
    try:
        with urllib.request.urlopen(server.base_url + path[1], timeout=10) as response:
            assert response.read() == b'{"text":"Hello"}'
    finally:
        server.stop()
        server.log_path.unlink()


@pytest.mark.parametrize(
    ("template", "steps"),
    [
        ("default", ["slugline dev", "open http://localhost:3000/api/hello"]),
        ("nextjs", ["npm install", "slugline dev", "open http://localhost:3000"]),
    ],
)
def test_new_prints_what_to_do_now(tmp_path: Path, template: str, steps: list[str]) -> None:
    made = run("new", str(tmp_path / "app"), "--template", template)
    assert [line.strip() for line in made.output.partition("Now:\n")[2].splitlines()] == [f"cd {tmp_path / 'app'}", *steps]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    refused = run("new", str(tmp_path))
    assert refused.exit_code == 1
    assert "[template]" in refused.output
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    assert "pages/api/hello.py" in create_project(tmp_path)


def test_an_unknown_template_is_refused(tmp_path: Path) -> None:
    refused = run("new", str(tmp_path / "app"), "--template", "nosuch")
    assert refused.exit_code == 1
    assert "Choose one of: default" in refused.output
    assert not (tmp_path / "app").exists()
