"""The TypeScript client in a real Next.js app: `slugline dev` writes it on every save, where a page can import it."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from behaviour.wire import wait_until
from dev.dev_process import write_files
from nextjs.run_command import Run, open_folder, running
from node import NPM, find_node

pytestmark = pytest.mark.timeout(150)

TASKS = """\
from dataclasses import dataclass
from slugline import Created, Request, Response

@dataclass
class NewTask:
    title: str

@dataclass
class Task:
    id: int
    {field}: str

def POST(req: Request[NewTask], res: Response[Created[Task]]) -> None:
    res.status(201).json(Task(7, f"{{req.body.title}} {{req.path}}"))
"""

PAGE = """\
import type { GetServerSideProps } from "next";
import { createClient, type Task } from "@/slugline-client";

export const getServerSideProps: GetServerSideProps<{ task: Task }> = async ({ req }) => {
  const api = createClient({
    baseUrl: `http://127.0.0.1:${req.socket.localPort}`,
    // With a redirect to the path with the slash, or without it, there would be no data.
    fetch: (input, init) => fetch(input, { ...init, redirect: "manual" }),
  });
  return { props: { task: await api.post("/api/tasks", { body: { title: "Write" } }) } };
};

export default function Home({ task }: { task: Task }) {
  return <p id="task">{`${task.id} ${task.title}`}</p>;
}
"""

CONFIG = "export default { basePath: '/app', trailingSlash: true };\n"


def compile_page(directory: Path) -> list[str]:
    """Have `tsc --strict` look at the app, and give the files with errors."""
    compiler = NPM / "node_modules" / "typescript" / "bin" / "tsc"
    command = [find_node(), str(compiler), "-p", ".", "--noEmit", "--incremental", "false", "--pretty", "false"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=120)
    return re.findall(r"^(\S+)\(\d+,\d+\): error ", done.stdout, re.MULTILINE)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


def open_app(folder: Path, source: str, config: str) -> Path:
    options = {
        "strict": True,
        "target": "ES2022",
        "lib": ["dom", "dom.iterable", "esnext"],
        "module": "esnext",
        "moduleResolution": "bundler",
        "jsx": "react-jsx",
        "noEmit": True,
        "skipLibCheck": True,
        "esModuleInterop": True,
        "resolveJsonModule": True,
        "isolatedModules": True,
        "allowJs": True,
        "incremental": True,
        # As create-next-app writes it.
        "paths": {"@/*": [f"./{source}*"]},
    }
    files = {
        "package.json": json.dumps({"name": "shop", "private": True, "dependencies": {"next": "*"}}),
        "tsconfig.json": json.dumps({"compilerOptions": options, "include": ["**/*.ts", "**/*.tsx"], "exclude": ["node_modules"]}),
        "next.config.mjs": config,
        f"{source}pages/index.tsx": PAGE,
        f"{source}pages/api/tasks.py": TASKS.format(field="title"),
    }
    write_files(folder, files)
    return folder


def page_says(run: Run, path: str, text: str) -> bool:
    answer = run.ask(path)
    return answer.status == 200 and text in answer.body.decode()


@pytest.mark.parametrize(
    ("source", "config", "prefix", "slash"),
    [("", "export default {};\n", "", ""), ("src/", CONFIG, "/app", "/")],
    ids=["pages", "src/pages below a base path, with slashes"],
)
def test_a_page_imports_the_client_and_calls_python(folder: Path, source: str, config: str, prefix: str, slash: str) -> None:
    directory = open_app(folder, source, config)
    client = directory / source / "slugline-client.ts"
    route = directory / source / "pages/api/tasks.py"
    with running(directory, "dev", first=f"{prefix}/") as run:
        assert client.is_file(), run.log()
        assert page_says(run, f"{prefix}/", "7 Write /api/tasks"), run.log()
        assert compile_page(directory) == []
        docs = run.ask(f"{prefix}/api/docs{slash}")
        assert (docs.status, f'url: "{prefix}/api/openapi.json"' in docs.body.decode()) == (200, True)
        assert run.ask(f"{prefix}/api/docs/swagger-ui.css").status == 200
        assert list(json.loads(run.ask(f"{prefix}/api/openapi.json").body)["paths"]) == [f"/api/tasks{slash}"]

        route.write_text(TASKS.format(field="name"))
        wait_until(lambda: "name: string" in client.read_text(), "the client follows the save")
        assert compile_page(directory) == [f"{source}pages/index.tsx"]

        route.write_text(TASKS.format(field="title"))
        wait_until(lambda: "title: string;\n}" in client.read_text(), "and the next one")
        assert compile_page(directory) == []
    assert f'basePath: string = "{prefix}"' in client.read_text()
    assert f"trailingSlash: boolean = {'true' if slash else 'false'}" in client.read_text()
