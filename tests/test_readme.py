"""The documentation stays true: its programs load, its commands exist, its links lead somewhere."""

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest
from click.testing import CliRunner

from slugline.cli import main
from slugline.commands.build import build
from slugline.http.cache_control import NEVER_STORE
from slugline.pages.entry import cache_control, make_entry
from slugline.runtime.pages import Kind
from slugline.testing import TestClient
from test_architecture import LAYERS
from user_modules import own_modules

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/*/*.md"),
        *ROOT.glob("src/slugline/starters/*/*.md"),
    ]
)
SHARED = ("lib/", "instrumentation.py")


def name_of(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


def file_of(program: str) -> str | None:
    """Give the path that the first line of a program or template names: `# pages/api/hello.py`, `{# pages/about.html #}`."""
    found = re.match(r"# (\S+\.py)\n|\{# (\S+\.html) #\}\n", program)
    return (found[1] or found[2]) if found else None


def files_of(document: Path) -> list[tuple[str, str]]:
    found = [*blocks(document, "python"), *blocks(document, "html")]
    return [(path, program) for program in found if (path := file_of(program))]


def is_page(path: str) -> bool:
    return path.startswith("pages/") and not path.startswith("pages/api/") and not is_shared(path)


def is_shared(path: str) -> bool:
    return path.startswith(SHARED) or path.endswith("_middleware.py")


ROUTE_FILES = [
    pytest.param(document, path, program, id=f"{name_of(document)}:{path}")
    for document in DOCUMENTS
    for path, program in files_of(document)
    if path.startswith("pages/")
]
COMMANDS = [
    pytest.param(line.split("#")[0].strip(), id=f"{name_of(document)}: {line}")
    for document in DOCUMENTS
    for language in ("sh", "console")
    for block in blocks(document, language)
    for line in (line.strip().removeprefix("$ ") for line in block.splitlines())
    if line.startswith("slugline ")
]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    with own_modules():
        yield tmp_path


def write(project: Path, files: list[tuple[str, str]]) -> None:
    for path, program in files:
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(program)


def test_there_is_something_to_check() -> None:
    assert len(ROUTE_FILES) > 30
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize(("document", "path", "program"), ROUTE_FILES)
def test_route_files_load(project: Path, document: Path, path: str, program: str) -> None:
    files = files_of(document)
    # A page is written in several files; a route by itself must do.
    beside = [(other, text) for other, text in files if is_shared(other) or (is_page(path) and is_page(other))]
    write(project, [*beside, (path, program)])
    built = build(project)
    if is_page(path):
        names = {name for page in built.project.pages for name in (page.file.template, page.file.module)}
        assert path.startswith("pages/_") or {path, path.removeprefix("pages/")} & names
    elif not is_shared(path):
        assert [route.source for route in built.project.table.ordered()] == [path]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_programs_are_python(document: Path) -> None:
    for program in blocks(document, "python"):
        ast.parse(program)


def command_of(name: str) -> click.Command:
    command = main.get_command(click.Context(main), name)
    assert command is not None, f"there is no command {name}"
    return command


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_exist(line: str) -> None:
    _, *words = shlex.split(line)
    if words == ["--version"]:
        return
    command = command_of(words[0])
    # Parsed, and neither checked nor run: the folders that the documents name are the reader's.
    command.make_parser(click.Context(command, help_option_names=["-h", "--help"])).parse_args(words[1:])


def test_flags_of_start_are_documented() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text()
    table = {flag for row in re.findall(r"^\| (`-.*?) \|", text, re.MULTILINE) for flag in re.findall(r"`(-[\w-]+)", row)}
    shown = [each for each in command_of("start").params if isinstance(each, click.Option) and not each.hidden]
    flags = {flag for parameter in shown for flag in parameter.opts}
    assert table == flags


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{name_of(document)} links to {link}"
        if anchor:
            assert anchor in anchors_of(target), f"{name_of(document)} links to {link}"


def anchors_of(document: Path) -> set[str]:
    """Give the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# What the documents say that programs print and answer


def test_the_order_of_middleware_is_as_printed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = ROOT / "docs" / "middleware.md"
    order = ("pages/_middleware.py", "pages/api/shop/_middleware.py", "pages/api/shop/order.py")
    write(project, [(path, program) for path, program in files_of(document) if path in order])
    with TestClient(project) as client:
        assert client.get("/api/shop/order").json() == {"ok": True}
    assert capsys.readouterr().out in blocks(document, "text")


def test_mounted_applications_answer_as_told(project: Path) -> None:
    write(project, [(path, program) for path, program in files_of(ROOT / "docs" / "mounting.md") if path.startswith("pages/")])
    with TestClient(project) as client:
        assert client.get("/api/shop").json() == {"shop": "open"}
        assert client.get("/api/shop/items/7").json() == {"item": 7}
        assert client.get("/api/shop/docs").status_code == 200
        assert client.get("/api/files/notes.txt").text == "notes.txt"
        assert client.get("/api/blog").text == "Posts are at /api/blog/posts/7"
        assert client.get("/api/blog/posts/7").text == "Post 7"


def test_a_project_inside_another_application(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = ROOT / "docs" / "mounting.md"
    [program] = [program for path, program in files_of(document) if path == "server.py"]
    hello = next(program for path, program in files_of(ROOT / "README.md") if path == "pages/api/hello.py")
    write(project, [("path/to/project/pages/api/hello.py", hello)])
    monkeypatch.chdir(project)
    names: dict[str, object] = {}
    exec(compile(program, "server.py", "exec"), names)
    with TestClient(names["app"]) as client:  # type: ignore[arg-type]
        assert client.get("/backend/api/hello").json() == {"text": "Hello"}


def test_the_answers_of_the_guide_to_the_request(project: Path) -> None:
    files = [(path, program) for path, program in files_of(ROOT / "docs" / "request.md")]
    write(project, files)
    with TestClient(project) as client:
        assert client.get("/api/search?q=tea&tag=a&tag=b").json() == {"q": "tea", "tags": ["a", "b"]}
        assert client.get("/api/search?tag=a").json() == {"q": "", "tags": ["a"]}
        assert client.get("/api/profile").status_code == 401
        assert client.get("/api/profile", cookies={"user": "Ada"}).json() == {"name": "Ada"}
        assert client.post("/api/orders", json={"item": "tea", "count": 2}).json() == {"total": 5.0}
        assert client.post("/api/orders", json={}).status_code == 400


def test_the_answers_of_the_guide_to_the_response(project: Path) -> None:
    write(project, files_of(ROOT / "docs" / "response.md"))
    write(project, [("files/manual.pdf", "%PDF")])
    with TestClient(project) as client:
        report = client.get("/api/report").json()
        assert report["tags"] == ["tea"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", report["made"])
        assert client.get("/api/manual").content == b"%PDF"
        assert client.get("/api/manual").headers["content-type"] == "application/pdf"
        assert client.post("/api/form").status_code == 303
        missing = client.get("/api/post/8")
        assert (missing.status_code, missing.json()) == (404, {"error": "There is no such post."})
        assert client.post("/api/login").cookies == {"session": "abc"}
        assert client.delete("/api/login").status_code == 204
        assert client.post("/api/signup", json={"address": "ada@example.com"}).status_code == 202
        assert client.post("/api/signup").status_code == 400


def test_the_answers_of_the_guide_to_streaming(project: Path) -> None:
    write(project, files_of(ROOT / "docs" / "streaming.md"))
    with TestClient(project) as client:
        assert len(client.post("/api/checksum", content=iter([b"a", b"b"])).json()["sha256"]) == 64
        upload = client.post("/api/upload", files={"file": ("../a.txt", b"abc", "text/plain")})
        assert upload.json() == {"name": "a.txt", "type": "text/plain", "bytes": 3}
        assert client.get("/api/rows.csv").text.startswith("number,square\n0,0\n1,1\n")
        with client.stream("GET", "/api/count") as stream:
            assert next(stream.iter_bytes()) == b"0\n"
        with client.stream("GET", "/api/clock") as stream:
            assert next(stream.events()).event == "tick"
        question = {"messages": [{"role": "user", "parts": [{"type": "text", "text": "Hello there"}]}]}
        with client.stream("POST", "/api/chat", json=question) as stream:
            events = [event.data for event in stream.events()]
        assert "".join(json.loads(event).get("delta", "") for event in events[:-1]) == "You said: Hello there "


def test_the_answers_of_the_guide_to_typed_bodies(project: Path) -> None:
    files = files_of(ROOT / "docs" / "typed-bodies.md")
    write(project, [(path, program) for path, program in files if "_middleware" not in path])
    with TestClient(project) as client:
        made = client.post("/api/tasks", json={"title": "a"})
        assert (made.status_code, made.json()) == (201, {"id": 1, "title": "a", "urgent": False})
        assert client.post("/api/tasks", json={"title": ""}).json()["errors"] == [
            {"path": "title", "reason": "must have at least 1 character"}
        ]
        assert client.get("/api/lists/7?page=2").json() == [7, 2]
        assert client.get("/api/lists/x").json()["errors"] == [{"path": "id", "reason": "must be a whole number"}]
        assert client.post("/api/notes", json={}).status_code == 401
        assert client.post("/api/notes", json={"text": "b"}, cookies={"session": "Ada"}).json() == "Ada: b"
    with own_modules():
        write(project, [(path, program) for path, program in files if "_middleware" in path])
        with TestClient(project) as client:
            refused = client.post("/api/tasks", json={"title": "a", "colour": 1})
            assert (refused.status_code, refused.json()) == (422, {"wrong": {"colour": "is not a known field"}})


def test_the_chat_of_the_guide_to_websockets(project: Path) -> None:
    write(project, files_of(ROOT / "docs" / "websockets.md"))
    origin = {"Origin": "http://testserver"}
    with TestClient(project) as client:
        with client.websocket("/api/chat/tea", headers=origin) as ada, client.websocket("/api/chat/tea", headers=origin) as grace:
            ada.send("Hello")
            assert (ada.receive(), grace.receive()) == ("Hello", "Hello")
        with client.websocket("/api/echo") as ws:
            ws.send("Hello")
            assert ws.receive() == "Hello"


PAGES = ROOT / "docs" / "pages.md"


def test_the_pages_of_the_guide(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLISH_SECRET", "tea")
    write(project, files_of(PAGES))
    build(project)
    with own_modules(), TestClient(project) as client:
        about = client.get("/about").text
        assert about.startswith('<!doctype html>\n<html lang="en">')
        assert "<title>About us</title>" in about
        assert "<h1>About us</h1>\n<address>Tea Street 7</address>" in about
        home = client.get("/")
        assert '<li><a href="/post/tea">How to make tea</a></li>' in home.text
        assert "<title>Tea</title>" in home.text
        assert (home.headers["cache-control"], home.headers["x-nextjs-cache"]) == ("s-maxage=60, stale-while-revalidate=31535940", "HIT")
        post = client.get("/post/hello")
        assert "<title>Hello, all of you</title>" in post.text
        assert post.headers["x-nextjs-cache"] == "HIT"
        assert client.get("/post/other").status_code == 404
        hello = client.get("/hello?name=<Ada>")
        assert "<p>Hello &lt;Ada&gt;</p>" in hello.text
        assert hello.headers["cache-control"] == "private, max-age=10"
        assert "<p>How to make tea</p>" in client.get("/sitemap").text
        assert client.get("/api/posts/tea").json() == {"slug": "tea", "title": "How to make tea"}
        assert client.get("/api/posts/other").status_code == 404
        assert client.post("/api/publish").status_code == 401
        assert client.post("/api/publish", headers={"x-secret": "tea"}).json() == {"published": True}
        assert client.post("/api/sign", data={"name": "Ada"}).status_code == 303
        wrong = client.post("/api/sign", data={"name": ""})
        assert wrong.status_code == 422
        assert "<p>Name " in wrong.text
        assert "<p>Name " not in client.get("/sign").text


def test_the_guide_to_pages_shows_what_a_build_prints(project: Path) -> None:
    write(project, files_of(PAGES))
    [printed] = blocks(PAGES, "text")
    result = CliRunner().invoke(main, ["build", str(project)])
    assert result.stdout == printed


def test_the_guide_to_pages_has_every_kind_of_cache_control() -> None:
    rows = re.findall(r"^\| .* \| `([^`]+)`", section_of(PAGES, "Behind a CDN"), re.MULTILINE)
    entries = [make_entry("", now=0.0), make_entry("", revalidate_seconds=60, now=0.0)]
    assert rows == ["Cache-Control", *[cache_control(entry) for entry in entries], NEVER_STORE, "no-store"]


def test_the_guide_to_pages_has_every_kind_of_page() -> None:
    rows = re.findall(r"^\| (\w[^|]*\w) \|", section_of(PAGES, "Build and start"), re.MULTILINE)
    assert set(rows) == set(get_args(Kind))


def section_of(document: Path, title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", document.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


ROOT_MIDDLEWARE = ROOT / "docs" / "root-middleware.md"
ECHO = "def handler(req, res):\n    res.json({'url': req.url, 'query': req.query, 'user': req.headers.get('x-user')})\n"


@pytest.mark.parametrize("number", range(3))
def test_the_programs_of_the_guide_to_root_middleware(project: Path, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    programs = [program for path, program in files_of(ROOT_MIDDLEWARE) if path == "middleware.py"]
    assert len(programs) == 3
    write(project, [("middleware.py", programs[number]), ("pages/[[...path]].html", "page"), ("pages/api/[[...path]].py", ECHO)])
    write(project, [("pages/account/[[...path]].html", "account {{ user }}"), ("pages/account/[[...path]].py", ACCOUNT)])
    with TestClient(project) as client:
        if number == 0:
            assert client.get("/account/orders").headers["location"] == "/login?from=%2Faccount%2Forders"
            assert client.get("/account", headers={"x-user": "Grace"}, cookies={"session": "Ada"}).text == "account Ada"
        elif number == 1:
            assert client.get("/health").json() == {"ok": True}
            assert client.get("/v1/x?a=1").json()["query"] == {"a": "1", "version": "1", "path": ["x"]}
            seen = client.get("/api/x")
            assert (seen.headers["x-seen"], seen.cookies) == ("1", {"seen": "1"})
        else:
            assert client.get("/api/%61dmin/x").status_code == 401
            assert client.get("/api/admin/x", headers={"Authorization": "Bearer tea"}).headers["x-measured"] == "1"
    assert ("visited /api/x" in capsys.readouterr().out) == (number == 1)


ACCOUNT = "def get_server_side_props(context):\n    return {'props': {'user': context['req'].headers['x-user']}}\n"


def test_the_guide_to_root_middleware_has_the_steps_in_their_order() -> None:
    steps = re.findall(r"^\| \d+ \| (.*?) \|", section_of(ROOT_MIDDLEWARE, "The order of things"), re.MULTILINE)
    # The order itself is tested in tests/runtime/test_resolve.py.
    assert [step.split("`")[-2] if "`" in step else step for step in steps if "308" not in step] == [
        *("headers", "redirects", "root middleware", "before_files", "files, pages and routes without parameters"),
        *("after_files", "pages and routes with parameters", "fallback", "404"),
    ]


def test_the_rules_of_the_guide(project: Path) -> None:
    [config] = [program for path, program in files_of(ROOT / "docs" / "redirects-rewrites-headers.md") if path == "slugline.config.py"]
    write(project, [("slugline.config.py", config), ("pages/api/[[...path]].py", ECHO)])
    with TestClient(project) as client:
        assert (client.get("/old/7").status_code, client.get("/old/7").headers["location"]) == (308, "/new/7")
        assert client.get("/api/x").headers["x-frame-options"] == "DENY"


def test_the_tests_of_getting_started_pass(project: Path) -> None:
    files = dict(files_of(ROOT / "docs" / "getting-started.md"))
    write(project, list(files.items()))
    names: dict[str, object] = {"__file__": str(project / "test_tasks.py")}
    exec(compile(files["test_tasks.py"], "test_tasks.py", "exec"), names)
    names["test_tasks"]()  # type: ignore[operator]


def test_the_tests_of_the_guide_to_testing_pass(project: Path) -> None:
    hello = next(program for path, program in files_of(ROOT / "README.md") if path == "pages/api/hello.py")
    clock = next(program for path, program in files_of(ROOT / "docs" / "streaming.md") if path == "pages/api/clock.py")
    echo = next(program for path, program in files_of(ROOT / "docs" / "websockets.md") if path == "pages/api/echo.py")
    guide = ROOT / "docs" / "testing.md"
    [settings] = blocks(guide, "toml")
    routes = [("pages/api/hello.py", hello), ("pages/api/clock.py", clock), ("pages/api/echo.py", echo)]
    write(project, [*files_of(guide), *routes, ("pyproject.toml", settings)])
    # From elsewhere, as a test runner may be started.
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(project)],
        cwd=project.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert "4 passed" in result.stdout


def test_the_paths_of_the_guide_to_routing(project: Path) -> None:
    text = (ROOT / "docs" / "routing.md").read_text()
    rows = re.findall(r"^\| (`/api.+?) \| (\d{3})(?: to `(\S+?)`)?", text, re.MULTILINE)
    assert len(rows) >= 6
    post = [(path, program) for path, program in files_of(ROOT / "docs" / "routing.md") if path == "pages/api/post/[pid].py"]
    write(project, [*files_of(ROOT / "README.md")[:1], *post])
    with TestClient(project) as client:
        for paths, status, location in rows:
            for path in re.findall(r"`(/api\S*?)`", paths):
                response = client.get(path)
                assert (response.status_code, response.headers.get("location", "")) == (int(status), location), path


ANSWER = "def handler(req, res):\n    res.json({})\n"


@pytest.mark.parametrize(
    ("files", "path", "source"),
    [
        (["post/create", "post/[pid]", "post/[...slug]"], "/api/post/create", "post/create"),
        (["post/create", "post/[pid]", "post/[...slug]"], "/api/post/7", "post/[pid]"),
        (["post/create", "post/[pid]", "post/[...slug]"], "/api/post/7/comments", "post/[...slug]"),
        (["users/me", "users/[id]/posts"], "/api/users/me/posts", "users/[id]/posts"),
    ],
)
def test_which_file_answers(project: Path, files: list[str], path: str, source: str) -> None:
    write(project, [(f"pages/api/{name}.py", ANSWER) for name in files])
    match = build(project).project.table.match(path)
    assert match is not None
    assert match.route.source == f"pages/api/{source}.py"


@pytest.mark.parametrize(
    ("content", "headers", "status", "text"),
    [
        (b"{", {"Content-Type": "application/json"}, 400, "Invalid JSON"),
        (b'"\xff"', {"Content-Type": "application/json"}, 400, "Invalid body"),
        (b"x", {"Content-Type": "text/plain; charset=nosuch"}, 400, "Invalid body"),
        (b"x", {"Content-Type": "multipart/form-data"}, 400, "Invalid body"),
        (b"x" * 1_048_577, {"Content-Type": "text/plain"}, 413, "Body exceeded 1mb limit"),
        (b"x", {"Content-Type": "text/plain", "Content-Encoding": "gzip"}, 415, "Unsupported Content-Encoding"),
    ],
)
def test_bodies_that_are_refused(project: Path, content: bytes, headers: dict[str, str], status: int, text: str) -> None:
    write(project, [("pages/api/echo.py", ANSWER)])
    with TestClient(project) as client:
        response = client.post("/api/echo", content=content, headers=headers)
        assert (response.status_code, response.text) == (status, text)


@pytest.mark.parametrize(
    ("ending", "code"),
    [("return", 1000), ("raise RuntimeError", 1011), ("await ws.close(4001)", 4001)],
)
def test_how_a_socket_ends(project: Path, ending: str, code: int) -> None:
    write(project, [("pages/api/socket.py", f"async def websocket(ws):\n    await ws.accept()\n    {ending}\n")])
    with TestClient(project) as client, client.websocket("/api/socket") as ws:
        assert list(ws) == []
        assert ws.close_code == code


def test_the_layers_of_the_architecture_are_the_real_ones() -> None:
    [line] = [block for block in blocks(ROOT / "docs" / "architecture.md", "text") if "→" in block]
    assert [set(layer.strip().split(", ")) for layer in line.split("→")] == LAYERS


def test_the_files_that_the_architecture_names_are_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    package = ROOT / "src" / "slugline"
    paths = {path for path in re.findall(r"`([\w/]+(?:\.py|/))`", text) if "<" not in path}
    assert len(paths) > 20
    assert [path for path in sorted(paths) if not any((folder / path).exists() for folder in (package, ROOT, package / "commands"))] == []
    folders = "adapters|commands|http|middleware|project|routing|runtime|testing"
    modules = {tuple(name.split(".")[:2]) for name in re.findall(rf"`((?:{folders})\.\w+)[\w.]*`", text)}
    assert len(modules) > 10
    assert [name for name in sorted(modules) if not (package / name[0] / f"{name[1]}.py").is_file()] == []


def test_the_answers_of_the_guide_to_forms(project: Path) -> None:
    write(project, files_of(ROOT / "docs" / "forms.md"))
    with TestClient(project) as client:
        kept = client.post("/api/notes", data={"text": "tea <now>"})
        assert (kept.status_code, kept.headers["location"]) == (303, "/notes")
        assert "<li>tea &lt;now&gt;</li>" in client.get("/notes").text
        assert client.get("/api/notes").json() == {"notes": ["tea <now>"]}
        for text, fault in {"": "is missing", "coffee": "must be about tea"}.items():
            refused = client.post("/api/notes", data={"text": text})
            assert (refused.status_code, f"Note {fault}." in refused.text) == (422, True)
            assert f">\n{text}</textarea>" in refused.text
        assert client.post("/api/notes", data={"text": "tea"}, headers={"Origin": "https://evil.example"}).status_code == 403
        large = client.post("/api/picture", data={"text": "tea"}, files={"picture": ("a.png", b"x" * 7_000_000, "image/png")})
        assert (large.status_code, "Picture must not be larger than 5 MB." in large.text, ">\ntea</textarea>" in large.text) == (
            413,
            True,
            True,
        )
