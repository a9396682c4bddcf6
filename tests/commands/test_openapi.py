"""`slugline openapi`: valid for every example, read by the generators of clients, and true of the server."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from node import NPM, find_node
from servers import Server, start_granian
from slugline.cli import main
from slugline.commands.openapi import openapi
from user_modules import own_modules

WITHOUT_TYPES = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if (path / "pages").is_dir())


@pytest.fixture(autouse=True, scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("databases")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE", str(folder / "entries.sqlite3"))
        patch.setenv("DATABASE_URL", f"sqlite:///{folder}/guestbook.sqlite3")
        yield


@pytest.fixture(scope="module")
def documents(database: None) -> dict[str, dict[str, Any]]:
    found = {}
    for name in NAMES:
        with own_modules():
            found[name] = json.loads(openapi(EXAMPLES / name))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_document_of_every_example_is_valid(documents: dict[str, dict[str, Any]], name: str) -> None:
    validate(documents[name], cls=OpenAPIV31SpecValidator)
    assert documents[name]["openapi"].startswith("3.1")
    assert documents[name]["paths"]


def test_what_the_document_says(documents: dict[str, dict[str, Any]]) -> None:
    paths = documents["typed"]["paths"]
    assert set(paths) == {"/api/estimate", "/api/me", "/api/session", "/api/tasks", "/api/tasks/{id}"}
    assert set(paths["/api/tasks"]) == {"get", "post"}
    assert set(paths["/api/tasks"]["post"]["responses"]) == {"201", "400"}
    assert paths["/api/tasks"]["get"]["description"] == "The oldest come first."
    assert paths["/api/tasks/{id}"]["get"]["parameters"] == [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
    ]


def write_project(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


HELLO = {"pages/api/hello.py": "def GET(req, res):\n    'Say hello.'\n"}


def test_it_is_printed_or_written(tmp_path: Path) -> None:
    root = write_project(tmp_path, HELLO)
    with own_modules():
        printed = CliRunner().invoke(main, ["openapi", str(root)], catch_exceptions=False)
        assert json.loads(printed.output)["paths"]["/api/hello"]["get"]["summary"] == "Say hello."
        target = tmp_path / "openapi.json"
        written = CliRunner().invoke(main, ["openapi", str(root), "--output", str(target)], catch_exceptions=False)
    assert (written.output, target.read_text(encoding="utf-8")) == ("", printed.output)


@pytest.mark.parametrize(
    ("files", "title", "version"),
    [
        ({}, None, "0.0.0"),
        ({"pyproject.toml": '[project]\nname = "shop"\nversion = "1.2"\n'}, "shop", "1.2"),
        ({"package.json": '{"name": "front", "version": "3.0.0"}'}, "front", "3.0.0"),
        ({"pyproject.toml": '[project]\nname = "shop"\n', "package.json": '{"version": "3"}'}, "shop", "0.0.0"),
        ({"pyproject.toml": "[tool.x]\n", "package.json": '{"name": "front"}'}, "front", "0.0.0"),
        ({"pyproject.toml": "no toml =", "package.json": "[]"}, None, "0.0.0"),
        ({"pyproject.toml": 'project = "x"\n', "package.json": '{"name": 5}'}, None, "0.0.0"),
    ],
)
def test_name_and_version_are_those_of_the_project(tmp_path: Path, files: dict[str, str], title: str | None, version: str) -> None:
    root = write_project(tmp_path, HELLO | files)
    with own_modules():
        information = json.loads(openapi(root))["info"]
    assert (information["title"], information["version"]) == (title or tmp_path.name, version)


def test_a_base_path_is_the_server(tmp_path: Path) -> None:
    with own_modules():
        document = json.loads(openapi(write_project(tmp_path, {**HELLO, "slugline.config.py": "basePath = '/app'\n"})))
    assert document["servers"] == [{"url": "/app"}]


def test_a_project_that_is_wrong_says_so(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"pages/api/x.py": "from slugline import Request\ndef POST(req: Request[object], res): ...\n"})
    with own_modules():
        result = CliRunner().invoke(main, ["openapi", str(root)])
    assert result.exit_code == 1
    assert "pages/api/x.py, line 2" in result.output


# The generators of clients


def test_clients_are_generated_and_compile(documents: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    node = find_node()
    modules = NPM / "node_modules"
    (tmp_path / "node_modules").symlink_to(modules)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for name, document in documents.items():
        source = tmp_path / f"{name}.json"
        source.write_text(json.dumps(document))
        run([node, str(modules / "openapi-typescript/bin/cli.js"), str(source), "-o", str(tmp_path / f"{name}.types.ts")], tmp_path)
        heyapi = modules / "@hey-api/openapi-ts/bin/run.js"
        run([node, str(heyapi), "-i", str(source), "-o", str(tmp_path / f"{name}-client"), "--no-log-file", "--silent"], tmp_path)
    (tmp_path / "use.ts").write_text(USE)
    options = {
        "strict": True,
        "noEmit": True,
        "target": "es2022",
        "module": "esnext",
        "moduleResolution": "bundler",
        "lib": ["es2022", "dom", "dom.iterable"],
        "types": [],
        "skipLibCheck": False,
    }
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["*.ts", "*-client/**/*.ts"]}))
    done = subprocess.run(
        [node, str(modules / "typescript/bin/tsc"), "-p", ".", "--pretty", "false"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    errors = re.findall(r"^(\S+)\((\d+),\d+\): error", done.stdout, re.MULTILINE)
    wrong = [("use.ts", str(number)) for number, line in enumerate(USE.splitlines(), 1) if line.endswith("// error")]
    assert errors == wrong, done.stdout


USE = """
import type { components, paths } from "./typed.types";
import { postTasks } from "./typed-client";

type Task = components["schemas"]["Task"];
type Created = paths["/api/tasks"]["post"]["responses"][201]["content"]["application/json"];
export const task: Task = { id: 1, title: "a", priority: "low", due: null, tags: [], done: false, created: "x" } satisfies Created;
export const other: Task = { ...task, priority: "urgent" }; // error
export const asked = postTasks({ body: { title: "a" } });
export const wrong = postTasks({ body: { titel: "a" } }); // error
"""


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


# The server


@pytest.fixture(scope="module")
def server(database: None) -> Iterator[Server]:
    running = start_granian(EXAMPLES / "typed")
    yield running
    running.stop()
    running.log_path.unlink()


def compare(document: dict[str, Any], server: Server, folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Have schemathesis send what fits the document and what does not, and compare the answers with it."""
    source = folder / "document.json"
    source.write_text(json.dumps(document))
    program = "from schemathesis.cli import schemathesis; schemathesis(prog_name='schemathesis')"
    command = [sys.executable, "-c", program, "run", str(source), "--url", server.base_url, "--seed", "1", "--no-color", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)


def test_document_and_server_agree(documents: dict[str, dict[str, Any]], server: Server, tmp_path: Path) -> None:
    phases = "examples,coverage,fuzzing,stateful"
    done = compare(documents["typed"], server, tmp_path, "--max-examples", "30", "--checks", "all", "--phases", phases)
    assert done.returncode == 0, done.stdout + done.stderr
    generated = re.search(r"(\d+) generated", done.stdout)
    assert generated is not None, done.stdout
    assert int(generated[1]) > 200


@pytest.mark.parametrize("name", [name for name in NAMES if name != "typed"])
def test_document_and_server_agree_where_little_is_said(documents: dict[str, dict[str, Any]], tmp_path: Path, name: str) -> None:
    shutil.copy(WITHOUT_TYPES, tmp_path / "schemathesis.toml")
    server = start_granian(EXAMPLES / name)
    try:
        # Every check is on, but for what the file says. `--checks all` would go before the file.
        done = compare(documents[name], server, tmp_path, "--max-examples", "5", "--request-timeout", "5")
    finally:
        server.stop()
        server.log_path.unlink()
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_disagreement_would_be_found(documents: dict[str, dict[str, Any]], server: Server, tmp_path: Path) -> None:
    document = json.loads(json.dumps(documents["typed"]))
    document["components"]["schemas"]["Task"]["properties"]["id"]["type"] = "string"
    done = compare(document, server, tmp_path, "--max-examples", "5", "--include-path", "/api/tasks", "--phases", "fuzzing")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "is not of type" in done.stdout
