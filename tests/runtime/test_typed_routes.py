"""Bodies and queries of a type, on a whole application: what arrives, what is refused, and what development warns of."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from slugline import Settings, create_app
from slugline.errors import RouteModuleError
from slugline.project.discover import discover
from slugline.testing import TestClient
from user_modules import own_modules

HEAD = """
import dataclasses
import datetime
from typing import Annotated, Any, TypedDict
import attrs
import msgspec
import pydantic
from slugline import Accepted, ApiError, Created, NoContent, NotFound, Request, Response, Status, UploadFile, run_middleware
from slugline.middleware import Cors

class Item(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    price: float
    tags: list[str] = []

class Strict(msgspec.Struct, forbid_unknown_fields=True):
    a: int = 0

@dataclasses.dataclass
class Page:
    pid: int
    size: int = 10

@dataclasses.dataclass(frozen=True)
class Line:
    text: str
    count: int = 1
    inner: 'Line | None' = None
    marks: list[str] = dataclasses.field(default_factory=list)

class Entry(TypedDict):
    text: str

@attrs.define
class Address:
    street: str

class Model(pydantic.BaseModel):
    title: str = pydantic.Field(alias="theTitle")

class Written(pydantic.BaseModel):
    title: str = pydantic.Field(serialization_alias="theTitle")

class Upload(msgspec.Struct):
    title: str
    copies: int
    picture: UploadFile
"""

FILES = {
    "needy": "async def handler(req: Request[Item], res): await run_middleware(req, res, Cors()); res.json(req.body.name)",
    "items": "def POST(req: Request[Item], res: Response[Created[Item]]): res.status(201).json(req.body)",
    "items_async": "async def POST(req: Request[Item], res): res.json([type(req.body).__name__, req.raw_body.decode()])",
    "optional": "def POST(req: Request[Item | None], res): res.json({'body': req.body})",
    "strict": "def POST(req: Request[Strict], res): res.json(req.body)",
    "numbers": "def POST(req: Request[list[int]], res): res.json(sum(req.body))",
    "entry": "def POST(req: Request[Entry], res): res.json(req.body)",
    "address": "def POST(req: Request[Address], res): res.json(type(req.body).__name__)",
    "line": "def POST(req: Request[list[Line]], res): res.json(req.body)",
    "model": "def POST(req: Request[Model], res): res.json(req.body)",
    "upload": "def POST(req: Request[Upload], res): res.json([req.body.title, req.body.copies, req.body.picture.read().decode()])",
    "raw": "def POST(req: Request[bytes], res): res.send(req.body)",
    "[pid]/page": "def GET(req: Request[Any, Page], res): res.json([type(req.query).__name__, req.query.pid, req.query.size])",
    "any": "def handler(req: Request[Item], res): res.json({'body': req.body, 'by': req.method})",
    "untyped": "def POST(req, res): res.json({'body': req.body, 'query': req.query})",
    "guarded": (
        "def guard(req, res, next):\n"
        "    if req.query.get('key') != 'k': raise ApiError(401, 'no')\n"
        "    next()\n"
        "middleware = [guard]\n"
        "def POST(req: Request[Item, Page_], res): res.json([req.body.name, req.query.n])\n"
        "class Page_(msgspec.Struct):\n    n: int\n    key: str\n"
        "POST.__annotations__['req'] = Request[Item, Page_]\n"
    ),
    "caught": (
        "from slugline.errors import InvalidInput\n"
        "async def catch(req, res, next):\n"
        "    try: await next()\n"
        "    except InvalidInput as error: res.status(422).json([fault.path for fault in error.faults])\n"
        "middleware = [catch]\n"
        "def POST(req: Request[Item], res): res.json(1)\n"
    ),
}


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / "pages" / "api" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{'from __future__ import annotations' if name == 'guarded' else ''}{HEAD}\n{text}\n")
    return root


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with own_modules(), TestClient(write(tmp_path_factory.mktemp("typed"), FILES)) as client:
        yield client


def faults(response: Any) -> dict[str, str]:
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert {key: problem[key] for key in ("type", "title", "status")} == {"type": "about:blank", "title": "Bad Request", "status": 400}
    return {each["path"]: each["reason"] for each in problem["errors"]}


# Bodies


@pytest.mark.parametrize(
    ("route", "body", "expected"),
    [
        ("items_async", {"name": "a", "price": 1}, ["Item", '{"name":"a","price":1}']),
        ("optional", {"name": "a", "price": 1}, {"body": {"name": "a", "price": 1.0, "tags": []}}),
        ("strict", {}, {"a": 0}),
        ("numbers", [1, 2], 3),
        ("entry", {"text": "a", "more": 1}, {"text": "a"}),
        ("address", {"street": "a"}, "Address"),
        ("model", {"theTitle": "a"}, {"theTitle": "a"}),
        (
            "line",
            [{"text": "a", "inner": {"text": "b", "count": 2}}],
            [{"text": "a", "count": 1, "inner": {"text": "b", "count": 2, "inner": None, "marks": []}, "marks": []}],
        ),
        ("any", {"name": "a", "price": 1}, {"body": {"name": "a", "price": 1.0, "tags": []}, "by": "POST"}),
    ],
)
def test_a_body_that_fits(client: TestClient, route: str, body: object, expected: object) -> None:
    response = client.post(f"/api/{route}", content=json.dumps(body, separators=(",", ":")), headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()) == (200, expected)


def test_the_status_of_the_handler_stays(client: TestClient) -> None:
    assert client.post("/api/items", json={"name": "a", "price": 1}).status_code == 201


@pytest.mark.parametrize(
    ("route", "body", "expected"),
    [
        ("items", {"name": "", "price": "x", "tags": [1]}, {"name", "price", "tags[0]"}),
        ("items", [], {""}),
        ("strict", {"b": 1}, {"b"}),
        ("numbers", [1, "a", None], {"[1]", "[2]"}),
        ("entry", {}, {"text"}),
        ("model", {"title": "a"}, {"theTitle"}),
        ("any", {"price": 1}, {"name"}),
    ],
)
def test_every_fault_is_told(client: TestClient, route: str, body: object, expected: set[str]) -> None:
    assert set(faults(client.post(f"/api/{route}", json=body))) == expected


@pytest.mark.parametrize(
    ("content", "headers", "reason"),
    [
        (b"", {}, "is missing"),
        (b"{", {"Content-Type": "application/json"}, "is not valid JSON"),
        (b'{"name": "a", "price": 1}', {"Content-Type": "text/plain"}, "must be sent with Content-Type: application/json"),
        (b'{"name": "a", "price": 1}', {}, "must be sent with Content-Type: application/json"),
        (b"\xff", {"Content-Type": "application/json"}, "not valid JSON"),
        (b"[" * 100_000, {"Content-Type": "application/json"}, "nested too deeply"),
    ],
)
def test_what_is_no_body(client: TestClient, content: bytes, headers: dict[str, str], reason: str) -> None:
    assert reason in faults(client.post("/api/items", content=content, headers=headers))[""]


def test_an_empty_body_with_a_type_lacks_its_fields(client: TestClient) -> None:
    response = client.post("/api/items", content=b"", headers={"Content-Type": "application/json"})
    assert faults(response) == {"name": "is missing", "price": "is missing"}


def test_an_optional_body_may_be_missing(client: TestClient) -> None:
    assert client.post("/api/optional").json() == {"body": None}


def test_a_handler_for_all_methods_asks_for_a_body_where_there_is_one(client: TestClient) -> None:
    assert client.get("/api/any").json() == {"body": None, "by": "GET"}
    assert client.request("OPTIONS", "/api/any").status_code == 200
    assert faults(client.post("/api/any")) == {"": "is missing"}
    assert faults(client.request("DELETE", "/api/any")) == {"": "is missing"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "TRACE"])
def test_a_handler_that_needs_a_body_and_never_asks_for_the_method_has_no_answer_to_a_get(client: TestClient, method: str) -> None:
    refused = client.request(method, "/api/needy")
    assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, OPTIONS, PATCH, POST, PUT")
    assert client.put("/api/needy", json={"name": "a", "price": 1}).json() == "a"
    assert client.put("/api/needy").status_code == 400


def test_cors_in_such_a_handler_answers_its_preflight(client: TestClient) -> None:
    fields = {"Origin": "https://front.example", "Access-Control-Request-Method": "POST"}
    assert client.request("OPTIONS", "/api/needy", headers=fields).status_code == 204


def test_a_secret_is_not_given_back(client: TestClient) -> None:
    response = client.post("/api/items", json={"name": 5, "price": "hunter2", "tags": {"hunter2": 1}})
    assert response.status_code == 400
    assert "hunter2" not in response.text


def test_other_limits_come_first(client: TestClient) -> None:
    assert client.post("/api/items", content=b" " * 1_100_000, headers={"Content-Type": "application/json"}).status_code == 413
    assert client.post("/api/items", content=b"{}", headers={"Content-Encoding": "gzip"}).status_code == 415


# Forms


def test_a_form_is_read_by_the_same_types(client: TestClient) -> None:
    assert client.post("/api/items", data={"name": "a", "price": "1.5", "tags": "x"}).json() == {"name": "a", "price": 1.5, "tags": ["x"]}
    assert set(faults(client.post("/api/items", data={"name": "a", "price": "x"}))) == {"price"}


def test_an_upload(client: TestClient) -> None:
    files = {"picture": ("a.txt", b"hello", "text/plain")}
    assert client.post("/api/upload", data={"title": "t", "copies": "2"}, files=files).json() == ["t", 2, "hello"]
    assert faults(client.post("/api/upload", data={"title": "t", "copies": "two"}, files=files)) == {"copies": "must be a whole number"}
    missing = faults(client.post("/api/upload", data={"title": "t", "copies": "2"}))
    assert missing == {"picture": "is missing"}
    assert "multipart/form-data" in faults(client.post("/api/upload", content=b"x", headers={"Content-Type": "text/plain"}))[""]


def test_bytes_are_taken_as_they_are(client: TestClient) -> None:
    assert client.post("/api/raw", content=b"\x00\xff", headers={"Content-Type": "image/png"}).content == b"\x00\xff"
    for media in ("application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        assert client.post("/api/raw", content=b'{"a": 1', headers={"Content-Type": media}).content == b'{"a": 1', media


# Queries


def test_a_query_with_the_parameters_of_the_route(client: TestClient) -> None:
    assert client.get("/api/7/page?size=5").json() == ["Page", 7, 5]
    assert client.get("/api/7/page").json() == ["Page", 7, 10]
    response = client.get("/api/x/page?size=y")
    assert faults(response) == {"pid": "must be a whole number", "size": "must be a whole number"}
    assert response.json()["detail"] == "The query does not fit what this route takes."


# Middleware


def test_middleware_comes_before_the_check(client: TestClient) -> None:
    assert client.post("/api/guarded", json={"name": 5}).status_code == 401
    assert set(faults(client.post("/api/guarded?key=k&n=1", json={"name": 5}))) == {"name", "price"}
    assert set(faults(client.post("/api/guarded?key=k&n=x", json={"name": "a", "price": 1}))) == {"n"}
    assert client.post("/api/guarded?key=k&n=1", json={"name": "a", "price": 1}).json() == ["a", 1]


def test_middleware_may_answer_for_the_fault(client: TestClient) -> None:
    response = client.post("/api/caught", json={"name": "a"})
    assert (response.status_code, response.json()) == (422, ["price"])


def test_a_route_without_types_is_as_it_was(client: TestClient) -> None:
    assert client.post("/api/untyped?a=1", json={"x": 1}).json() == {"body": {"x": 1}, "query": {"a": "1"}}
    refused = client.post("/api/untyped", content=b"{", headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.text) == (400, "Invalid JSON")


# At the start


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("class Own: ...\ndef POST(req: Request[Own], res): ...", ["line 38", "Own cannot be checked"]),
        ("class Own: ...\ndef GET(req: Request[Any, Own], res): ...", ["line 38", "Own cannot be checked"]),
        ("def POST(req: 'Request[Unknown]', res): ...", ["line 37", "`req: Request[Unknown]` of `POST` cannot be read"]),
        ("config = {'api': {'bodyParser': False}}\ndef POST(req: Request[Item], res): ...", ["line 38", "body parser off"]),
    ],
)
def test_a_type_that_cannot_be_checked_stops_the_start(tmp_path: Path, text: str, parts: list[str]) -> None:
    with own_modules(), pytest.raises(RouteModuleError) as raised:
        discover(write(tmp_path, {"x": text}))
    offset = HEAD.count("\n") - 35
    for part in parts:
        found = f"line {int(part.removeprefix('line ')) + offset}" if part.startswith("line ") else part
        assert found in raised.value.message
    assert raised.value.message.startswith("pages/api/x.py")
    assert raised.value.files == ("pages/api/x.py",)


# In development

ANSWERS: dict[str, tuple[str, str | None]] = {
    # name: the function, what the warning holds (None for no warning)
    "fits": ("def GET(req, res: Response[Item]): res.json(Item('a', 1.0))", None),
    "a dict fits": ("def GET(req, res: Response[Item]): res.json({'name': 'a', 'price': 1})", None),
    "a field": ("def GET(req, res: Response[list[Item]]): res.json([{'name': 'a', 'price': 'x'}])", "[0].price must be a number"),
    "async": ("async def GET(req, res: Response[Item]): res.json({'name': 'a'})", "price is missing"),
    "sent": ("def GET(req, res: Response[Item]): res.send({'name': 'a'})", "price is missing"),
    "text": ("def GET(req, res: Response[Item]): res.send('a')", "the answer must be an object"),
    "text fits": ("def GET(req, res: Response[str]): res.send('a')", None),
    "nothing": ("def GET(req, res: Response[Item]): res.end()", "the answer must be an object"),
    "no content": ("def GET(req, res: Response[NoContent]): res.status(204).end()", None),
    "a status": ("def GET(req, res: Response[Created[Item]]): res.json(Item('a', 1.0))", "goes out with status 200"),
    "by status": (
        "def GET(req, res: Response[Item | NotFound[Entry]]): res.status(404).json({'name': 'a', 'price': 1})",
        "with 404 and what does not fit",
    ),
    "an error of its own": ("def GET(req, res: Response[Item]): res.status(418).json(5)", None),
    "a redirect": ("def GET(req, res: Response[Item]): res.redirect('/x')", None),
    "raised": ("def GET(req, res: Response[Item]): raise ApiError(404)", None),
    "html": ("def GET(req, res: Response[Item]): res.set_header('content-type', 'text/html').send('<p>')", None),
    "in parts": ("def GET(req, res: Response[Item]): res.write('a'); res.end()", None),
    "untyped": ("def GET(req, res): res.json(5)", None),
    "other names": ("def GET(req, res: Response[list[Written]]): res.json([Written(title='a')])", None),
    "by alias": ("def GET(req, res: Response[Model]): res.json(Model(theTitle='a'))", None),
}


@pytest.mark.parametrize(("text", "warning"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_does_not_fit_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, warning: str | None) -> None:
    root = write(tmp_path, {"x/[id]": text})
    caplog.set_level(logging.WARNING, "slugline")
    with own_modules(), TestClient(create_app(root, Settings(development=True))) as client:
        client.get("/api/x/7", follow_redirects=False)
    found = [record.message for record in caplog.records if "does not fit" in record.message]
    if warning is None:
        assert found == []
    else:
        assert len(found) == 1
        line = HEAD.count("\n") + 2
        assert found[0].startswith(f"pages/api/x/[id].py, line {line}, answered GET /api/x/[id] with")
        assert warning in found[0]


def test_production_does_not_look(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = write(tmp_path, {"x": ANSWERS["async"][0]})
    with own_modules(), TestClient(root) as client:
        assert client.get("/api/x").status_code == 200
    assert caplog.records == []


# Bodies that nobody has thought of

VALID = b'{"name": "a", "price": 1.5, "tags": ["x", "y"], "more": {"deep": [1, 2.5e3, null, true, "\\u00e9"]}}'
MUTATIONS: dict[str, Callable[[bytes, int, bytes], bytes]] = {
    "cut": lambda body, at, piece: body[:at],
    "insert": lambda body, at, piece: body[:at] + piece + body[at:],
    "replace": lambda body, at, piece: body[:at] + piece + body[at + len(piece) :],
    "repeat": lambda body, at, piece: body[:at] + body[at:] * 2,
    "remove": lambda body, at, piece: body[:at] + body[at + 1 + len(piece) :],
}
PIECES = st.one_of(
    st.binary(min_size=1, max_size=4),
    st.sampled_from(
        [b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"1e999", b"-", b"\\ud800", b"\xed\xa0\x80", b"99999999999999999999", b"NaN"]
    ),
)
CONTENT_TYPES = [
    "application/json",
    "application/json; charset=utf-16",
    "application/json; charset=latin-1",
    "application/x-www-form-urlencoded",
    "application/problem+json",
    "multipart/form-data; boundary=x",
    "text/plain",
    "x",
    "",
]
BODIES_A_ROUND = 25


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    body = VALID
    for name in draw(st.lists(st.sampled_from(sorted(MUTATIONS)), max_size=4)):
        body = MUTATIONS[name](body, draw(st.integers(0, len(body))), draw(PIECES))
    kind = CONTENT_TYPES[0] if draw(st.integers(0, 3)) else draw(st.sampled_from(CONTENT_TYPES))
    return kind, body


def test_ten_thousand_mutated_bodies_never_give_a_500(client: TestClient) -> None:
    routes = ("items", "optional", "model", "entry", "numbers", "strict", "upload", "any")
    statuses: dict[int, int] = {}

    @seed(7)
    @settings(
        max_examples=10_000 // BODIES_A_ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(mutated(), min_size=BODIES_A_ROUND, max_size=BODIES_A_ROUND))
    def send(bodies: list[tuple[str, bytes]]) -> None:
        for index, (kind, body) in enumerate(bodies):
            response = client.post(f"/api/{routes[index % len(routes)]}", content=body, headers={"Content-Type": kind} if kind else {})
            assert response.status_code < 500, (kind, body)
            statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
            if response.status_code == 400 and response.headers["content-type"] == "application/problem+json":
                assert response.json()["errors"]

    send()
    assert sum(statuses.values()) >= 10_000
    assert statuses[400] > 1000
    assert statuses[200] + statuses[201] > 100
