"""Everything in here is right, and a type checker says so. It is checked, never run."""

from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, TypedDict, assert_type

from slugline import (
    Accepted,
    ApiError,
    Conflict,
    Created,
    EventStream,
    Forbidden,
    NoContent,
    NotFound,
    Request,
    Response,
    Settings,
    Status,
    UiMessageStream,
    WebSocket,
    create_app,
    run_middleware,
)
from slugline.middleware import Cors, Middleware, Next


class NewPost(TypedDict):
    title: str


class Filter(TypedDict):
    tag: str


class Message(TypedDict):
    text: str


class User:
    name: str


class SignedIn(Request):
    user: User


class SignedInPost(Request[NewPost]):
    user: User


class Page(Response[Message]):
    title: str


def plain(req: Request, res: Response) -> None:
    assert_type(req.query, dict[str, str | list[str]])
    assert_type(req.cookies, dict[str, str])
    assert_type(req.headers.get("accept"), str | None)
    assert_type(req.headers.get_all("accept"), list[str])
    assert_type(req.client, tuple[str, int] | None)
    assert_type(req.raw_body, bytes | None)
    assert_type(req.route, str)
    assert_type(req.disconnected.wait(1.0), bool)
    req.body["anything"].goes()
    res.json({"anything": object()})
    res.send(Path("file"))
    res.send()
    for chunk in req.stream:
        assert_type(chunk, bytes)


async def typed(req: Request[NewPost, Filter], res: Response[Message]) -> None:
    assert_type(req.body, NewPost)
    assert_type(req.body["title"], str)
    assert_type(req.query, Filter)
    assert_type(req.query["tag"], str)
    async for chunk in req.stream:
        assert_type(chunk, bytes)
    assert_type(await req.stream.read(), bytes)
    await req.disconnected
    res.json({"text": req.body["title"]})


def body_alone(req: Request[NewPost], res: Response[list[Message]]) -> None:
    assert_type(req.body, NewPost)
    assert_type(req.query, dict[str, str | list[str]])
    res.json([{"text": "a"}])


class Problem(TypedDict):
    error: str


def statuses(req: Request[NewPost], res: Response[Created[NewPost] | NotFound[Problem] | Annotated[int, Status(418)]]) -> None:
    res.status(201).json({"title": "a"})
    res.status(201).json(req.body)
    res.status(404).json({"error": "a"})
    res.status(418).json(5)


def no_content(req: Request, res: Response[NoContent]) -> None:
    res.status(204).end()
    res.status(204).json(None)


def accepted(req: Request, res: Response[Accepted[list[NewPost]] | Forbidden[Problem] | Conflict[Problem]]) -> None:
    res.status(202).json([{"title": "a"}])
    res.status(409).json({"error": "a"})


def typed_query(req: Request[Any, Filter], res: Response[Any]) -> None:
    assert_type(req.query, Filter)
    res.json(req.query["tag"])


async def assistant(req: Request, res: Response) -> None:
    with res.ui_message_stream() as stream:
        assert_type(stream, UiMessageStream)
        stream.start("m1")
        stream.reasoning("a")
        assert_type(stream.text("a"), bool)
        stream.finish("stop")


def subclasses(req: SignedInPost, res: Page) -> None:
    assert_type(req.user, User)
    assert_type(req.body, NewPost)
    # A chain keeps the subclass.
    assert_type(res.status(201).set_header("x-one", 5), Page)
    res.status(201).set_header("x-one", ["a", "b"]).set_cookie("a", "1").append_header("x-two", "b").json({"text": "a"})


def redirects(req: Request, res: Response) -> Response:
    if req.method == "GET":
        return res.redirect("/login")
    assert_type(res.redirect(HTTPStatus.SEE_OTHER, "/thanks"), Response)
    return res.redirect(303, "/thanks")


def cookies(req: Request, res: Response) -> None:
    res.set_cookie(
        "a",
        "1",
        max_age_seconds=60,
        expires=datetime(2030, 1, 1, tzinfo=UTC),
        path=None,
        domain="example.com",
        secure=True,
        http_only=True,
        same_site="strict",
        partitioned=True,
        priority="high",
    ).delete_cookie("b", path="/x", domain="example.com")
    res.set_cookie("a", "1", expires=None, same_site=None)


async def in_parts(req: Request, res: Response) -> None:
    assert_type(res.write("text"), bool)
    res.write(b"bytes")
    await res.drain()
    res.end()
    stream = res.event_stream()
    assert_type(stream, EventStream)
    stream.send({"a": 1}, event="x", id="1", retry=1000)
    await stream.drain()
    res.after(print, "done").after(in_parts, req, res)
    assert_type(res.status_code, int)
    res.status_code = 201


def plain_middleware(req: Request, res: Response, next: Next) -> None:
    next()


async def wrapping_middleware(req: SignedIn, res: Response, next: Next) -> None:
    req.user = User()
    await next()
    next(ValueError())


class MiddlewareObject:
    def __call__(self, req: Request, res: Response, next: Next) -> None: ...


middleware: list[Middleware] = [plain_middleware, wrapping_middleware, MiddlewareObject(), Cors()]

cors = Cors(
    origin=["https://example.com"],
    methods=["GET"],
    allowed_headers=["x-one"],
    exposed_headers=None,
    credentials=True,
    max_age=600,
    preflight_continue=False,
    options_success_status=200,
)
Cors(origin=True)
Cors(origin="https://example.com")


async def with_middleware(req: Request, res: Response) -> None:
    await run_middleware(req, res, cors)
    await run_middleware(req, res, plain_middleware)


def with_middleware_on_a_thread(req: SignedIn, res: Response) -> None:
    run_middleware(req, res, cors)
    run_middleware(req, res, wrapping_middleware)


async def websocket(ws: WebSocket) -> None:
    await ws.accept(subprotocol="chat", headers={"x-one": "a"})
    async for message in ws:
        assert_type(message, str | bytes)
        await ws.send(message)
    assert_type(await ws.receive_text(), str)
    assert_type(await ws.receive_bytes(), bytes)
    assert_type(ws.query, dict[str, str | list[str]])
    await ws.send_json({"a": 1})
    await ws.close(code=1000, reason="bye")


app = create_app(".", Settings(threads=4, access_log="json", compress=False))
create_app(Path())
create_app()


def failing() -> None:
    raise ApiError(403, "not yours", headers={"x-one": "a"})


def any_body(req: Request[Any], res: Response[Any]) -> None:
    assert_type(req.body, Any)
