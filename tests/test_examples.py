"""The examples answer what the article says, point by point."""

import hashlib
import hmac
import http.client
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from servers import Server, start_granian
from slugline.commands.build import build
from slugline.testing import TestClient
from user_modules import own_modules

EXAMPLES = Path(__file__).parent.parent / "examples"
ARTICLE = EXAMPLES / "article"

ADA = {"Authorization": "Bearer token-of-ada"}
GRACE = {"Authorization": "Bearer token-of-grace"}


@pytest.fixture(autouse=True, scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("guestbook") / "entries.sqlite3"
    with pytest.MonkeyPatch.context() as patch, own_modules():
        patch.setenv("DATABASE", str(path))
        patch.setenv("DATABASE_URL", f"sqlite:///{path.with_name('guestbook.sqlite3')}")
        yield path


@pytest.fixture(scope="module")
def client(database: Path) -> Iterator[TestClient]:
    with TestClient(ARTICLE) as client:
        yield client


@pytest.fixture(scope="module")
def server(database: Path) -> Iterator[Server]:
    running = start_granian(ARTICLE)
    yield running
    running.stop()
    running.log_path.unlink()


@pytest.mark.parametrize("example", sorted(path for path in EXAMPLES.iterdir() if path.is_dir()), ids=lambda path: path.name)
def test_example_builds(example: Path) -> None:
    assert build(example).project.table.ordered()


# The rows of the article


def test_row_1_a_file_is_an_endpoint(client: TestClient) -> None:
    response = client.get("/api/hello")
    assert (response.status_code, response.json()) == (200, {"text": "Hello"})


@pytest.mark.parametrize(
    ("kind", "content_type", "content"),
    [
        ("text", "text/plain; charset=utf-8", b"Hello"),
        ("json", "application/json; charset=utf-8", b'{"text":"Hello"}'),
        ("bytes", "application/octet-stream", b"\x00\x01\x02"),
        ("html", "text/html; charset=utf-8", b"<h1>Hello</h1>"),
        ("chunks", "application/octet-stream", b"line 0\nline 1\nline 2\n"),
    ],
)
def test_row_2_send(client: TestClient, kind: str, content_type: str, content: bytes) -> None:
    response = client.get(f"/api/send/{kind}")
    assert (response.status_code, response.headers["content-type"], response.content) == (200, content_type, content)


@pytest.mark.parametrize(("path", "status"), [("/api/old", 307), ("/api/moved", 301)])
def test_row_2_redirect(client: TestClient, path: str, status: int) -> None:
    response = client.get(path)
    assert (response.status_code, response.headers["location"]) == (status, "/api/hello")


def test_row_3_a_handler_tells_methods_apart(client: TestClient) -> None:
    assert client.get("/api/user").json() == {"name": "Ada"}
    response = client.post("/api/user", json={"name": "Grace"})
    assert (response.status_code, response.json()) == (201, {"created": {"name": "Grace"}})


def test_row_3_functions_named_by_method(client: TestClient) -> None:
    assert client.get("/api/tasks/3").json() == {"id": "3", "done": False}
    assert client.put("/api/tasks/3", json={"done": True}).json() == {"id": "3", "saved": {"done": True}}
    assert (client.delete("/api/tasks/3").status_code, client.delete("/api/tasks/3").content) == (204, b"")
    refused = client.post("/api/tasks/3")
    assert refused.status_code == 405
    assert {"GET", "PUT", "DELETE"} <= {method.strip() for method in refused.headers["allow"].split(",")}


def test_row_4_dynamic_route(client: TestClient) -> None:
    assert client.get("/api/post/7").text == "Post: 7"
    assert client.get("/api/post/a%2Fb").text == "Post: a/b"


def test_row_5_catch_all(client: TestClient) -> None:
    assert client.get("/api/articles/a").json() == {"slug": ["a"]}
    assert client.get("/api/articles/a/b").json() == {"slug": ["a", "b"]}
    assert client.get("/api/post/a/b/c").text == "Post: a, b, c"
    assert client.get("/api/post").status_code == 404


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/articles", {"all": "articles"}),
        ("/api/articles/a", {"slug": ["a"]}),
        ("/api/stories", {"all": "stories"}),
        ("/api/stories/a/b", {"slug": ["a", "b"]}),
        ("/api/notes", {"slug": []}),
        ("/api/notes/a", {"slug": ["a"]}),
        ("/api/notes/a/b", {"slug": ["a", "b"]}),
    ],
)
def test_row_6_root_of_a_catch_all(client: TestClient, path: str, answer: object) -> None:
    assert client.get(path).json() == answer


def test_row_8_a_form_is_saved_to_a_database(client: TestClient, database: Path) -> None:
    signed = client.post("/api/guestbook", data={"name": "Ada", "message": "<Hello> it's me'); DROP TABLE entries; --"})
    assert (signed.status_code, signed.headers["location"]) == (303, "/api/guestbook")
    page = client.get("/api/guestbook")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<form method=" in page.text
    assert "&lt;Hello&gt; it&#x27;s me" in page.text
    with sqlite3.connect(database) as connection:
        saved = connection.execute("SELECT name, message FROM entries").fetchall()
    connection.close()
    assert ("Ada", "<Hello> it's me'); DROP TABLE entries; --") in saved


@pytest.mark.parametrize("form", [{"name": "Ada"}, {"name": " ", "message": "x"}, {"name": "x" * 81, "message": "x"}])
def test_row_8_a_form_that_lacks_something_is_refused(client: TestClient, form: dict[str, str]) -> None:
    assert client.post("/api/guestbook", data=form).status_code == 400


def test_row_8_many_may_sign_at_once(client: TestClient) -> None:
    def sign(number: int) -> None:
        statuses.append(client.post("/api/guestbook", data={"name": f"visitor {number}", "message": "at once"}).status_code)

    statuses: list[int] = []
    threads = [threading.Thread(target=sign, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [303] * 8
    entries = client.get("/api/admin/entries", headers=ADA).json()["entries"]
    assert {entry["name"] for entry in entries} >= {f"visitor {number}" for number in range(8)}


@pytest.mark.parametrize(
    "path",
    [
        "/api/hello.py",
        "/pages/api/hello.py",
        "/api/%2e%2e/lib/guestbook.py",
        "/lib/guestbook.py",
        "/api/post/..%2fhello.py",
        "/README.md",
    ],
)
def test_row_9_no_source_is_served(client: TestClient, path: str) -> None:
    response = client.get(path)
    # `[pid].py` takes any one segment, and gives it back as the text that it is.
    assert response.status_code in (400, 404) or response.text == "Post: ../hello.py"
    assert "import" not in response.text


def test_row_10_folders_are_dynamic_too(client: TestClient) -> None:
    assert client.get("/api/users/ada/posts/7").json() == {"user": "ada", "id": "7"}


def test_row_11_cookies_query_and_body_are_read(client: TestClient) -> None:
    response = client.post("/api/request?x=1&x=2&y=3", json={"a": [1]}, cookies={"theme": "dark"})
    assert response.json()["query"] == {"x": ["1", "2"], "y": "3"}
    assert response.json()["body"] == {"a": [1]}
    assert response.json()["cookies"]["theme"] == "dark"


def test_row_11_a_cookie_comes_back() -> None:
    with TestClient(ARTICLE) as client:
        assert [client.get("/api/visits").json()["visits"] for _ in range(3)] == [1, 2, 3]


def test_row_12_size_limit(client: TestClient) -> None:
    assert client.post("/api/limited", data=b"x" * 1024 * 1024).json() == {"received": 1024 * 1024}
    refused = client.post("/api/limited", data=b"x" * (1024 * 1024 + 1))
    assert (refused.status_code, refused.text) == (413, "Body exceeded 1mb limit")


def test_row_13_the_body_as_a_stream(client: TestClient) -> None:
    pieces = [b"x" * 1000, b"\n" * 1000, b"y" * 2_000_000]
    expected = {"bytes": 2_002_000, "sha256": hashlib.sha256(b"".join(pieces)).hexdigest()}
    assert client.post("/api/checksum", content=iter(pieces)).json() == expected
    assert client.post("/api/lines", content=iter(pieces)).json() == {"lines": 1000}


def test_row_13_an_upload(client: TestClient) -> None:
    response = client.post("/api/upload", files={"file": ("notes.txt", b"one\ntwo\n", "text/plain")}, data={"title": "Notes"})
    assert response.json() == {
        "fields": {"title": "Notes"},
        "files": [{"field": "file", "filename": "notes.txt", "bytes": 8, "sha256": hashlib.sha256(b"one\ntwo\n").hexdigest()}],
    }


def test_row_14_cors(client: TestClient) -> None:
    response = client.get("/api/cors", headers={"Origin": "https://example.com"})
    assert (response.json(), response.headers["access-control-allow-origin"]) == ({"message": "Hello Everyone!"}, "*")
    preflight = client.options("/api/cors", headers={"Origin": "https://example.com", "Access-Control-Request-Method": "GET"})
    assert (preflight.status_code, preflight.headers["access-control-allow-methods"]) == (204, "GET,HEAD")


def test_row_14_an_error_of_a_middleware_reaches_the_handler(client: TestClient) -> None:
    assert client.get("/api/quota").json() == {"message": "There is some left."}
    refused = client.get("/api/quota?used=100")
    assert (refused.status_code, refused.json()) == (429, {"error": "Come back tomorrow."})


def test_row_14_an_error_that_nobody_expects_is_a_plain_500(client: TestClient) -> None:
    response = client.get("/api/broken")
    assert (response.status_code, response.text) == (500, "Internal Server Error")


def test_row_15_typed_request_and_response(client: TestClient) -> None:
    assert client.post("/api/typed", json={"item": "tea", "count": 2}).json() == {"item": "tea", "total": 5.0}


def test_row_15_a_middleware_extends_the_request(client: TestClient) -> None:
    refused = client.get("/api/profile")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert client.get("/api/profile", headers=ADA).json() == {"name": "Ada"}


# And what goes with it


def test_middleware_of_a_folder(client: TestClient) -> None:
    statuses = [client.get("/api/admin/entries", headers=headers).status_code for headers in ({}, GRACE, ADA)]
    assert statuses == [401, 403, 200]


def test_webhook(client: TestClient) -> None:
    body = b'{"paid":  true}'
    signature = hmac.new(b"change-me", body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Signature": signature}
    assert client.post("/api/webhook", content=body, headers=headers).json() == {"accepted": {"paid": True}}
    assert client.post("/api/webhook", content=body + b" ", headers=headers).status_code == 401


def test_server_sent_events(client: TestClient) -> None:
    with client.stream("GET", "/api/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert [(event.event, event.id, event.json()) for event in stream.events()] == [
            ("count", str(number), {"number": number}) for number in range(3)
        ]


def test_websocket(client: TestClient) -> None:
    with client.websocket("/api/echo") as ws:
        ws.send("Hello")
        assert ws.receive() == "Hello"
        ws.send(b"\x00")
        assert ws.receive() == b"\x00"


# On a real server


def ask(server: Server, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_the_urls_that_make_demo_prints_answer(server: Server) -> None:
    makefile = (EXAMPLES.parent / "Makefile").read_text()
    paths = [line.split("$(PORT)")[1].rstrip('"\n') for line in makefile.splitlines() if "http://localhost:$(PORT)/" in line]
    assert len(paths) >= 3
    assert {path: ask(server, "GET", path)[0] for path in paths} == dict.fromkeys(paths, 200)


def test_the_form_on_a_server(server: Server) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert ask(server, "POST", "/api/guestbook", b"name=Lin&message=Hello+from+a+socket", form)[0] == 303
    assert b"<b>Lin</b>: Hello from a socket" in ask(server, "GET", "/api/guestbook")[1]


def test_a_stream_on_a_server(server: Server) -> None:
    status, answer = ask(server, "POST", "/api/checksum", b"x" * 3_000_000)
    assert (status, json.loads(answer)["bytes"]) == (200, 3_000_000)
    assert ask(server, "GET", "/api/events")[1].count(b"event: count\n") == 3


def test_row_14_the_log_of_the_server_has_what_the_client_does_not_see(server: Server) -> None:
    assert ask(server, "GET", "/api/broken") == (500, b"Internal Server Error")
    assert "ConnectionError: The database at 10.0.0.7 does not answer." in server.log()


def test_helpers_work_without_a_server(database: Path) -> None:
    program = "from lib.guestbook import add_entry, list_entries; add_entry('Script', 'No server'); print(list_entries()[0].name)"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ARTICLE, capture_output=True, text=True, check=True)
    assert ran.stdout == "Script\n"


# A typed API


@pytest.fixture(scope="module")
def typed() -> Iterator[TestClient]:
    with own_modules(), TestClient(EXAMPLES / "typed") as client:
        yield client


def test_tasks_are_made_changed_and_removed(typed: TestClient) -> None:
    made = typed.post("/api/tasks", json={"title": "Write", "due": "2030-01-02"})
    task = made.json()
    assert (made.status_code, task["priority"], task["done"]) == (201, "normal", False)
    url = f"/api/tasks/{task['id']}"
    assert typed.patch(url, json={"done": True}).json() == {**task, "done": True}
    assert typed.get("/api/tasks?done=true&limit=5").json() == [{**task, "done": True}]
    assert [typed.delete(url).status_code, typed.delete(url).status_code, typed.get(url).status_code] == [204, 404, 404]


@pytest.mark.parametrize(
    ("method", "url", "body", "paths"),
    [
        ("POST", "/api/tasks", {"title": "", "due": "tomorrow", "colour": 1}, {"title", "due", "colour"}),
        ("PATCH", "/api/tasks/1", {"done": "yes"}, {"done"}),
        ("GET", "/api/tasks/x", None, {"id"}),
        ("GET", "/api/tasks?limit=0", None, {"limit"}),
        ("POST", "/api/estimate", {"bestHours": -1}, {"bestHours"}),
    ],
)
def test_what_does_not_fit_is_told(typed: TestClient, method: str, url: str, body: object, paths: set[str]) -> None:
    response = typed.request(method, url, json=body) if body is not None else typed.request(method, url)
    assert response.status_code == 400
    assert {fault["path"] for fault in response.json()["errors"]} == paths


def test_a_session_knows_its_user() -> None:
    with own_modules(), TestClient(EXAMPLES / "typed") as client:
        assert client.get("/api/me").status_code == 401
        assert client.post("/api/session", json={"name": "Ada", "password": "x"}).status_code == 401
        assert client.post("/api/session", json={"name": "Ada", "password": "engine"}).json() == {"name": "Ada"}
        assert client.get("/api/me").json() == {"name": "Ada"}
        assert client.delete("/api/session").status_code == 204
        assert client.get("/api/me").status_code == 401
        assert client.get("/api/me", cookies={"session": "Ada.é"}).status_code == 401


# Other frameworks under file routes


@pytest.fixture(scope="module")
def mounted() -> Iterator[TestClient]:
    with own_modules(), TestClient(EXAMPLES / "mounted") as client:
        yield client


@pytest.mark.parametrize(
    ("method", "url", "body", "expected"),
    [
        ("GET", "/api/hello", None, {"from": "Slugline"}),
        ("GET", "/api/fastapi", None, {"from": "FastAPI"}),
        ("GET", "/api/fastapi/items/7?detail=true", None, {"item": 7, "detail": True, "url": "/api/fastapi/items/7"}),
        ("GET", "/api/flask", None, {"from": "Flask"}),
        ("POST", "/api/flask/echo/ada%20l", {"a": 1}, {"name": "ada l", "body": {"a": 1}, "url": "/api/flask/echo/ada%20l"}),
        ("GET", "/api/starlette", None, {"from": "Starlette", "root": "/api/starlette"}),
    ],
)
def test_a_mounted_application(mounted: TestClient, method: str, url: str, body: object, expected: object) -> None:
    response = mounted.request(method, url, json=body) if body is not None else mounted.request(method, url)
    assert (response.status_code, response.json()) == (200, expected)


def test_what_fastapi_says_of_itself_has_the_prefix(mounted: TestClient) -> None:
    assert mounted.get("/api/fastapi/items/x").status_code == 422
    assert "/api/fastapi/openapi.json" in mounted.get("/api/fastapi/docs").text


def test_a_socket_of_starlette(mounted: TestClient) -> None:
    with mounted.websocket("/api/starlette/shout") as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "HELLO"
