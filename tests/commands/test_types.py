"""`slugline types` and the client that it writes: compiled by `tsc --strict`, and called from Node against the running server."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from node import NPM, find_node
from servers import Server, start_granian
from slugline.cli import main
from slugline.commands.openapi import openapi
from slugline.commands.types import types
from slugline.dev.client_types import write_types
from slugline.dev.project import Changes, DevProject
from slugline.errors import ConfigError
from slugline.project.client_file import CLIENT_FILE
from user_modules import own_modules

TYPED = Path(__file__).parents[2] / "examples" / "typed"
HELLO = "from slugline import Request, Response\ndef GET(req: Request, res: Response[{}]) -> None: ...\n"


@pytest.fixture(autouse=True)
def modules() -> Iterator[None]:
    with own_modules():
        yield


def make_project(root: Path, folder: str = "pages") -> Path:
    path = root / folder / "api" / "hello.py"
    path.parent.mkdir(parents=True)
    path.write_text(HELLO.format("int"))
    return root


# The command


@pytest.mark.parametrize(("folder", "place"), [("pages", CLIENT_FILE), ("src/pages", f"src/{CLIENT_FILE}")])
def test_the_client_lies_beside_pages(tmp_path: Path, folder: str, place: str) -> None:
    result = CliRunner().invoke(main, ["types", str(make_project(tmp_path, folder))], catch_exceptions=False)
    assert result.output == f"{tmp_path / place}\n"
    assert '"/api/hello"' in (tmp_path / place).read_text()
    assert (tmp_path / place).stat().st_mode & 0o777 == 0o644
    again = CliRunner().invoke(main, ["types", str(tmp_path)], catch_exceptions=False)
    assert again.output == f"{tmp_path / place} is up to date\n"


def test_another_place(tmp_path: Path) -> None:
    target = tmp_path / "web" / "lib" / "api.ts"
    assert types(make_project(tmp_path), target) == (target, True)
    assert not (tmp_path / CLIENT_FILE).exists()
    assert [path.name for path in target.parent.iterdir()] == ["api.ts"]


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    mine = make_project(tmp_path) / CLIENT_FILE
    mine.write_text("export const mine = 1;\n")
    with pytest.raises(ConfigError, match="was not written by Slugline"):
        types(tmp_path)
    result = CliRunner().invoke(main, ["types", str(tmp_path)])
    assert (result.exit_code, mine.read_text()) == (1, "export const mine = 1;\n")


def test_a_client_of_ours_is_written_again(tmp_path: Path) -> None:
    path, _ = types(make_project(tmp_path))
    # Of another size: Python takes what it has compiled for current when a file has the size and the second that it had.
    (tmp_path / "pages/api/hello.py").write_text(HELLO.format("str") + "\n")
    with own_modules():
        assert types(tmp_path) == (path, True)
    assert "data: string;" in path.read_text()


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (make_project(tmp_path) / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        types(tmp_path, tmp_path / "file" / "api.ts")


SLASHES = """
import { createClient } from "./slugline-client.js";

const asked: string[] = [];
const api = createClient({
  baseUrl: process.argv[2] as string,
  fetch: (input, init) => {
    asked.push(new URL(input as string).pathname);
    return fetch(input, { ...init, redirect: "error" });
  },
});
const index: string = await api.get("/api");
const post: string = await api.get("/api/post/[pid]", { params: { pid: 7 }, query: { a: "b/" } });
const file: string = await api.get("/api/post/[pid]", { params: { pid: "a.b" } });
const notes: string = await api.get("/api/notes/[[...slug]]");
const deep: string = await api.get("/api/notes/[[...slug]]", { params: { slug: ["a", "b"] } });
console.log(JSON.stringify([asked, [index, post, file, notes, deep]]));
"""
PATHS = ["/api", "/api/post/7", "/api/post/a.b", "/api/notes", "/api/notes/a/b"]
ENDS = ["/", "/", "", "/", "/"]


@pytest.mark.parametrize(
    ("config", "base_path", "ends"),
    [
        ("", "", [""] * 5),
        ("basePath = '/app'\n", "/app", [""] * 5),
        ("trailing_slash = True\n", "", ENDS),
        ("basePath = '/app'\ntrailing_slash = True\n", "/app", ENDS),
    ],
    ids=["neither", "a base path", "slashes", "both"],
)
def test_no_redirect_is_paid_for(tmp_path: Path, config: str, base_path: str, ends: list[str]) -> None:
    routes = {"index.py", "post/[pid].py", "notes/[[...slug]].py"}
    for name in routes:
        path = tmp_path / "pages" / "api" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "from slugline import Request, Response\ndef GET(req: Request, res: Response[str]) -> None:\n    res.json(req.path)\n"
        )
    (tmp_path / "slugline.config.py").write_text(config)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "slashes.ts").write_text(SLASHES)
    types(tmp_path)
    with own_modules():
        document = json.loads(openapi(tmp_path))
    assert document.get("servers", []) == ([{"url": base_path}] if base_path else [])
    end = ends[0]
    assert set(document["paths"]) == {f"/api{end}", f"/api/notes{end}", f"/api/notes/{{slug}}{end}", f"/api/post/{{pid}}{end}"}
    assert compile_strictly(tmp_path, CLIENT_FILE, "slashes.ts") == []
    running = start_granian(tmp_path)
    try:
        done = subprocess.run(
            [find_node(), str(tmp_path / "out" / "slashes.js"), running.base_url], capture_output=True, text=True, check=False, timeout=60
        )
    finally:
        running.stop()
        running.log_path.unlink()
    assert done.returncode == 0, done.stderr
    asked, answers = json.loads(done.stdout)
    assert asked == [f"{base_path}{path}{end}" for path, end in zip(PATHS, ends, strict=True)]
    assert len(answers) == 5


# While a project is being worked on


def saved(project: DevProject, path: Path, text: str) -> None:
    path.write_text(text)
    project.reload(Changes(frozenset({path})))


def test_development_writes_on_every_save(tmp_path: Path) -> None:
    project = DevProject(make_project(tmp_path))
    project.load()
    client, route = tmp_path / CLIENT_FILE, tmp_path / "pages/api/hello.py"
    assert write_types(project, asked=False) is None
    assert not client.exists()
    assert write_types(project) == client
    assert write_types(project) is None
    saved(project, route, HELLO.format("str"))
    assert write_types(project, asked=False) is None
    assert write_types(project) == client
    assert "data: string;" in client.read_text()
    saved(project, route, "def GET(req, res):\n    broken =\n")
    assert write_types(project) is None
    assert "data: string;" in client.read_text()
    saved(project, route, HELLO.format("bool"))
    assert write_types(project) == client
    assert "data: boolean;" in client.read_text()
    saved(project, route, UNTYPED)
    assert write_types(project) == client
    assert "data: unknown;" in client.read_text()


UNTYPED = "def GET(req, res): ...\n"


def test_development_writes_none_that_nobody_would_use(tmp_path: Path) -> None:
    (make_project(tmp_path) / "pages/api/hello.py").write_text(UNTYPED)
    project = DevProject(tmp_path)
    project.load()
    assert write_types(project) is None
    (tmp_path / "tsconfig.json").write_text("{}")
    assert write_types(project) == tmp_path / CLIENT_FILE


def test_development_writes_none_without_a_route(tmp_path: Path) -> None:
    (tmp_path / "tsconfig.json").write_text("{}")
    project = DevProject(tmp_path)
    project.load()
    assert write_types(project) is None
    assert not (tmp_path / CLIENT_FILE).exists()


def test_development_leaves_alone_what_is_not_ours(tmp_path: Path) -> None:
    mine = make_project(tmp_path) / CLIENT_FILE
    mine.write_text("export const mine = 1;\n")
    project = DevProject(tmp_path)
    project.load()
    assert write_types(project) is None
    with pytest.raises(ConfigError):
        write_types(project, asked=True)
    assert mine.read_text() == "export const mine = 1;\n"


# From Node

RIGHT = """
import { ApiError, createClient, type Task, type User } from "./slugline-client.js";

const seen: unknown[] = [];
let cookie = "";
const api = createClient({
  baseUrl: process.argv[2] as string,
  headers: () => ({ cookie }),
  fetch: async (input, init) => {
    const response = await fetch(input, init);
    for (const line of response.headers.getSetCookie()) cookie = line.split(";")[0] as string;
    return response;
  },
});

const task: Task = await api.post("/api/tasks", { body: { title: "Write", priority: "high", due: "2030-01-02", tags: ["a"] } });
const title: string = task.title;
const due: string | null = task.due;
seen.push(title, due, task.done, task.priority, new Date(task.created).getTime() > 0);
const changed: Task = await api.patch("/api/tasks/[id]", { params: { id: task.id }, body: { done: true } });
const found: Task[] = await api.get("/api/tasks", { query: { done: true, priority: "high", limit: 5 } });
seen.push(changed.done, found.length, (await api.get("/api/tasks/[id]", { params: { id: task.id } })).title);
const gone: undefined = await api.delete("/api/tasks/[id]", { params: { id: task.id } });
seen.push(gone === undefined);
const hours: number = (await api.post("/api/estimate", { body: { bestHours: 2, riskHours: 3 } })).likelyHours;
seen.push(hours);
const user: User = await api.post("/api/session", { body: { name: "Ada", password: "engine" } });
seen.push(user.name, (await api.get("/api/me")).name);
try {
  await api.get("/api/tasks/[id]", { params: { id: task.id } });
} catch (error) {
  if (error instanceof ApiError) seen.push(error.status, error.data, error.problem === undefined);
}
try {
  await api.post("/api/tasks", { body: { title: "", due: "tomorrow" } });
} catch (error) {
  if (error instanceof ApiError) seen.push(error.status, error.problem?.errors.map((each) => each.path));
}
console.log(JSON.stringify(seen));
"""

WRONG = """
import { api } from "./slugline-client.js";

await api.post("/api/tasks", { body: { titel: "a" } }); // error
await api.post("/api/tasks", { body: { title: 5 } }); // error
await api.post("/api/tasks", { body: { title: "a", priority: "urgent" } }); // error
await api.post("/api/tasks"); // error
await api.get("/api/task"); // error
await api.put("/api/tasks", { body: { title: "a" } }); // error
await api.get("/api/tasks", { query: { limit: "5" } }); // error
await api.get("/api/tasks/[id]"); // error
(await api.get("/api/tasks/[id]", { params: { id: 1 } })).titel; // error
const done: string = (await api.get("/api/tasks/[id]", { params: { id: 1 } })).done; // error
(await api.get("/api/tasks")).title; // error
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = start_granian(TYPED)
    yield running
    running.stop()
    running.log_path.unlink()


def compile_strictly(folder: Path, *names: str) -> list[tuple[str, int]]:
    options = {
        "strict": True,
        "noEmitOnError": True,
        "outDir": "out",
        "target": "es2022",
        "module": "nodenext",
        "lib": ["es2023", "dom", "dom.iterable"],
        "types": ["node"],
        "typeRoots": [str(NPM / "node_modules" / "@types")],
    }
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": list(names)}))
    compiler = NPM / "node_modules" / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [find_node(), str(compiler), "-p", ".", "--pretty", "false"], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    errors = re.findall(r"^(\S+)\((\d+),\d+\): error ", done.stdout, re.MULTILINE)
    assert bool(errors) == bool(done.returncode), done.stdout + done.stderr
    return [(name, int(line)) for name, line in errors]


def test_the_client_is_called_from_node(server: Server, tmp_path: Path) -> None:
    types(TYPED, tmp_path / "slugline-client.ts")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "right.ts").write_text(RIGHT)
    (tmp_path / "wrong.ts").write_text(WRONG)
    assert compile_strictly(tmp_path, "slugline-client.ts", "right.ts") == []
    command = [find_node(), str(tmp_path / "out" / "right.js"), server.base_url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        *("Write", "2030-01-02", False, "high", True),
        *(True, 1, "Write"),
        True,
        3.5,
        *("Ada", "Ada"),
        *(404, {"error": "There is no such task."}, True),
        *(400, ["title", "due"]),
    ]
    marked = [("wrong.ts", number) for number, line in enumerate(WRONG.splitlines(), 1) if line.endswith("// error")]
    assert compile_strictly(tmp_path, "slugline-client.ts", "wrong.ts") == marked
