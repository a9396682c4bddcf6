"""The client: compiled by the real `tsc --strict`, right programs and wrong ones, and run in Node against a server."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypedDict

import msgspec
import pytest

from node import NPM, find_node
from schema_samples import ROUTES, sample_operations
from slugline import Request, Response
from slugline.schema.signature import read_operations
from slugline.schema.typescript import RESERVED, make_typescript

COMPILER = {
    "strict": True,
    "target": "es2022",
    "module": "esnext",
    "moduleResolution": "bundler",
    "lib": ["es2022", "dom", "dom.iterable"],
    "types": [],
    # What the strictest projects add.
    "exactOptionalPropertyTypes": True,
    "noUncheckedIndexedAccess": True,
    "noImplicitReturns": True,
    "noUnusedLocals": True,
    "noPropertyAccessFromIndexSignature": True,
    "verbatimModuleSyntax": True,
    "isolatedModules": True,
}

RIGHT = """
import { api, ApiError, createClient, type Item, type Routes, type StoredItem } from "./api.js";

export async function right(): Promise<void> {
  const items: StoredItem[] = await api.get("/api/items/[pid]", { params: { pid: 7 }, query: { tag: ["a"], page: 2 } });
  const first = items[0];
  if (first !== undefined) {
    const id: number = first.itemId;
    const when: string | null = first.createdAt;
    const parent: Item | null = first.parent;
    console.log(id, when, parent?.tags.length);
  }
  const added: StoredItem = await api.post("/api/items", { body: { name: "a", price: 1.5, colour: "red" } });
  const gone: undefined = await api.delete("/api/items/[pid]", { params: { pid: "7" } });
  await api.get("/api/docs/[[...slug]]");
  await api.get("/api/docs/[[...slug]]", { params: { slug: ["a", 1] }, signal: new AbortController().signal });
  await api.post("/api/docs/[[...slug]]", { body: null });
  await api.post("/api/upload", { body: { title: "a", picture: new Blob(["x"]) } });
  await api.post("/api/raw", { body: new ArrayBuffer(8) });
  const pet = await api.patch("/api/[user]/posts/[id]", { params: { user: "a", id: 1 }, body: { type: "cat", lives: 9 } });
  console.log(pet.type === "cat" ? pet.lives : pet.name, added.name, gone);
  const whatever: unknown = await api.get("/api");
  const missing: Routes["/api/items/[pid]"]["get"]["errors"][404] = { error: "a" };
  const other = createClient({ baseUrl: "https://example.org", headers: async () => ({ authorization: "a" }), fetch });
  await other.get("/api", { headers: { "x-a": "b" }, cache: "no-store" });
  try {
    await other.get("/api");
  } catch (error) {
    if (error instanceof ApiError) console.log(error.status, error.problem?.errors[0]?.path, error.data, whatever, missing);
  }
}
"""

WRONG = """
import { api } from "./api.js";

export async function wrong(): Promise<void> {
  await api.get("/api/nothing"); // error
  await api.put("/api/items"); // error
  await api.get("/api/items/[pid]"); // error
  await api.get("/api/items/[pid]", {}); // error
  await api.get("/api/items/[pid]", { params: {} }); // error
  await api.get("/api/items/[pid]", { params: { id: 7 } }); // error
  await api.get("/api/items/[pid]", { params: { pid: 7 }, query: { pages: 2 } }); // error
  await api.get("/api/items/[pid]", { params: { pid: 7 }, query: { page: "2" } }); // error
  await api.get("/api/items/[...path]", { params: { path: "a" } }); // error
  await api.post("/api/items", { body: { name: "a" } }); // error
  await api.post("/api/items", { body: { name: "a", price: "1" } }); // error
  await api.post("/api/items", {
    body: {
      name: "a",
      price: 1,
      colour: "green", // error
    },
  });
  await api.post("/api/items", {
    body: {
      name: "a",
      price: 1,
      prise: 1, // error
    },
  });
  await api.post("/api/items"); // error
  await api.get("/api/items", { body: { name: "a", price: 1 } }); // error
  await api.post("/api/upload", { body: { title: "a", picture: "x" } }); // error
  await api.post("/api/raw", { body: "YQ==" }); // error
  await api.patch("/api/[user]/posts/[id]", { params: { user: "a", id: 1 }, body: { type: "cat", name: "x" } }); // error
  const items = await api.get("/api/items/[pid]", { params: { pid: 7 } });
  items.name; // error
  items[0]?.nam; // error
  const id: string = (await api.post("/api/items", { body: { name: "a", price: 1 } })).itemId; // error
  (await api.get("/api")).text; // error
  console.log(id);
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "package.json").write_text('{"type": "module"}')
    return tmp_path


def compile_files(folder: Path, files: dict[str, str], **options: Any) -> list[tuple[str, int, str]]:
    """Compile; give each error as file, line and message."""
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": COMPILER | options, "files": list(files)}))
    compiler = NPM / "node_modules" / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [find_node(), str(compiler), "-p", ".", "--pretty", "false"], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    errors = re.findall(r"^(\S+)\((\d+),\d+\): error (.*)$", done.stdout, re.MULTILINE)
    assert bool(errors) == bool(done.returncode), done.stdout + done.stderr
    return [(name, int(line), message) for name, line, message in errors]


def test_right_and_wrong_programs(folder: Path) -> None:
    files = {"api.ts": make_typescript(sample_operations()), "right.ts": RIGHT, "wrong.ts": WRONG}
    errors = compile_files(folder, files, noEmit=True)
    marked = {number for number, line in enumerate(WRONG.splitlines(), 1) if line.endswith("// error")}
    assert [each for each in errors if each[0] != "wrong.ts"] == []
    assert {line for _, line, _ in errors} == marked


def test_each_route_alone_compiles(folder: Path) -> None:
    files = {f"api{number}.ts": make_typescript(sample_operations(route)) for number, route in enumerate(ROUTES)}
    assert compile_files(folder, {**files, "none.ts": make_typescript([])}, noEmit=True) == []


def test_the_same_operations_in_any_order_give_the_same_text() -> None:
    operations = sample_operations()
    assert make_typescript(reversed(operations)) == make_typescript(operations)


def test_types_with_names_of_the_client_and_of_the_platform_compile(folder: Path) -> None:
    names = sorted(name for name in RESERVED if name.isidentifier() and name not in ("None", "True", "False"))
    fields = [(f"f{index}", msgspec.defstruct(name, [("x", int)])) for index, name in enumerate(names)]
    every = msgspec.defstruct("Every", fields)

    def handler(req: Request, res: Response) -> None: ...

    handler.__annotations__ = {"req": Request[every], "res": Response[every]}  # type: ignore[valid-type]
    text = make_typescript(read_operations({"handler": handler}, "/api", "a.py"))
    assert compile_files(folder, {"api.ts": text}, noEmit=True) == []


def test_text_of_the_users_does_not_end_a_comment(folder: Path) -> None:
    class Odd(TypedDict):
        """Ends */ here: export const broken = ;"""

        a: int

    def POST(req: Request[Odd], res: Response) -> None:
        """Ends */ here: export const broken = ;"""

    text = make_typescript(read_operations({"POST": POST}, '/api/a"b`c$d', "a.py"))
    assert compile_files(folder, {"api.ts": text}, noEmit=True) == []


# The client at work

PROGRAM = """
import { api, ApiError, createClient } from "./api.js";

const [, , baseUrl = ""] = process.argv;
const client = createClient({ baseUrl, headers: { "x-from": "client" } });
const out: Record<string, unknown> = {};
out["item"] = await client.get("/api/items/[pid]", {
  params: { pid: "a/b ü" },
  query: { tag: ["x", "y&z"], page: 2 },
  headers: { "x-own": "1" },
});
out["post"] = await client.post("/api/items", { body: { name: "ü", price: 1 } });
out["deep"] = await client.get("/api/items/[...path]", { params: { path: ["a/b", "c"] } });
out["shallow"] = await client.get("/api/docs/[[...slug]]");
out["upload"] = await client.post("/api/upload", {
  body: { title: "T", picture: new Blob(["abc"]), others: [new Blob(["d"]), new Blob(["e"])] },
});
out["raw"] = await client.post("/api/raw", { body: new Blob(["{as it is"], { type: "text/x-own" }) });
out["gone"] = (await client.delete("/api/items/[pid]", { params: { pid: 204 } })) ?? "nothing";
out["text"] = await client.get("/api/plain");
const refuse = async (name: string, call: Promise<unknown>) => {
  try {
    out[name] = await call;
  } catch (error) {
    out[name] =
      error instanceof ApiError
        ? { status: error.status, message: error.message, problem: error.problem ?? null, data: error.data }
        : String(error);
  }
};
await refuse("problem", client.post("/api/address", { body: { street: "" } }));
await refuse("teapot", client.get("/api/get-items"));
await refuse("dots", client.get("/api/items/[pid]", { params: { pid: ".." } }));
await refuse("empty", client.get("/api/items/[pid]", { params: { pid: "" } }));
await refuse("none", client.get("/api/items/[...path]", { params: { path: [] } }));
await refuse("page", typeof api.get === "function" ? Promise.resolve("function") : Promise.resolve("none"));
console.log(JSON.stringify(out));
"""

PROBLEM = {
    "type": "about:blank",
    "title": "Bad Request",
    "status": 400,
    "detail": "The body does not fit.",
    "errors": [{"path": "a", "reason": "b"}],
}


class Handler(BaseHTTPRequestHandler):
    """Tells what it was asked, or answers by path."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/api/address":
            self.reply(400, json.dumps(PROBLEM), "application/problem+json")
        elif self.path == "/api/get-items":
            self.reply(418, "short and stout", "text/plain")
        elif self.path == "/api/plain":
            self.reply(200, "just text", "text/plain; charset=utf-8")
        elif self.path.endswith("/204"):
            self.reply(204, "", None)
        else:
            kind = self.headers.get("content-type") or ""
            headers = {name: self.headers.get(name) for name in ("x-from", "x-own", "content-type") if self.headers.get(name)}
            content: object = body.decode()
            if kind.startswith("multipart/"):
                headers["content-type"] = kind.partition(";")[0]
                content = parts_of(kind, body)
            self.reply(
                200, json.dumps({"method": self.command, "path": self.path, "headers": headers, "body": content}), "application/json"
            )

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 (the names that the server looks for)

    def reply(self, status: int, text: str, kind: str | None) -> None:
        self.send_response(status)
        if kind is not None:
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments: Any) -> None: ...


def parts_of(kind: str, body: bytes) -> list[list[str]]:
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + body)
    parts: list[EmailMessage] = list(message.iter_parts())  # type: ignore[attr-defined]
    return [[str(each.get_param("name", header="content-disposition")), each.get_payload(decode=True).decode()] for each in parts]  # type: ignore[union-attr]


@pytest.fixture
def server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_client_calls_the_server(folder: Path, server: str) -> None:
    declared = "declare const process: { argv: string[] };\n"
    files = {"api.ts": make_typescript(sample_operations()), "program.ts": declared + PROGRAM}
    assert compile_files(folder, files, noUnusedLocals=False) == []
    done = subprocess.run([find_node(), "program.js", server], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    shutil.rmtree(folder)
    assert out["item"] == {
        "method": "GET",
        "path": "/api/items/a%2Fb%20%C3%BC?tag=x&tag=y%26z&page=2",
        "headers": {"x-from": "client", "x-own": "1"},
        "body": "",
    }
    assert out["post"]["headers"]["content-type"] == "application/json"
    assert json.loads(out["post"]["body"]) == {"name": "ü", "price": 1}
    assert out["deep"]["path"] == "/api/items/a%2Fb/c"
    assert out["shallow"]["path"] == "/api/docs"
    assert out["upload"]["headers"]["content-type"] == "multipart/form-data"
    assert out["upload"]["body"] == [["title", "T"], ["picture", "abc"], ["others", "d"], ["others", "e"]]
    assert (out["raw"]["headers"]["content-type"], out["raw"]["body"]) == ("text/x-own", "{as it is")
    assert out["gone"] == "nothing"
    assert out["text"] == "just text"
    assert out["problem"] == {"status": 400, "message": "400 The body does not fit.", "problem": PROBLEM, "data": PROBLEM}
    assert out["teapot"] == {"status": 418, "message": "418 I'm a Teapot", "problem": None, "data": "short and stout"}
    assert ".." in out["dots"]
    assert "cannot be" in out["empty"]
    assert "needs the parameter path" in out["none"]
    assert out["page"] == "function"
