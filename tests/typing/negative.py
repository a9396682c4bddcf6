"""Every line with the mark is wrong, and a type checker says so there and nowhere else. It is checked, never run."""
# ruff: noqa: B018

from typing import Annotated, Any, TypedDict

from slugline import ApiError, Created, NoContent, NotFound, Request, Response, Settings, Status, WebSocket, create_app, run_middleware
from slugline.middleware import Cors, Middleware, Next


class NewPost(TypedDict):
    title: str


class Filter(TypedDict):
    tag: str


class Message(TypedDict):
    text: str


class SignedIn(Request):
    user: str


def typed(req: Request[NewPost, Filter], res: Response[Message]) -> None:
    req.body["name"]  # error
    req.body.title  # error
    req.query["page"]  # error
    res.json({"txt": "a"})  # error
    res.json("a")  # error
    res.json(5)  # error
    res.status(200).json([])  # error


class Problem(TypedDict):
    error: str


def statuses(req: Request[NewPost], res: Response[Created[NewPost] | NotFound[Problem] | Annotated[int, Status(418)]]) -> None:
    res.status(201).json({"titel": "a"})  # error
    res.status(404).json({"title": 5})  # error
    res.json("a")  # error
    res.json(None)  # error
    req.body["error"]  # error


def many(req: Request, res: Response[Created[list[NewPost]]]) -> None:
    res.status(201).json({"title": "a"})  # error


def no_content(req: Request, res: Response[NoContent]) -> None:
    res.status(204).json(5)  # error


def typed_query(req: Request[Any, Filter], res: Response) -> None:
    req.query["pid"]  # error
    req.query.tag  # error


def assistant(req: Request, res: Response) -> None:
    stream = res.ui_message_stream()
    stream.text(5)  # error
    stream.finish("done")  # error
    stream.send({"a": 1})  # error


Status()  # error
Status("404")  # error


def plain(req: Request, res: Response) -> None:
    number: int = req.query["a"]  # error
    text: str = req.query["a"]  # error
    missing: str = req.headers.get("a")  # error
    req.headers["a"] = "b"  # error
    length: int = req.raw_body  # error
    req.cookies.missing  # error
    req.path = "/x"  # error
    print(number, text, missing, length)


def calls(req: Request, res: Response) -> None:
    res.status("200")  # error
    res.status()  # error
    res.status_code = "200"  # error
    res.set_header("a")  # error
    res.set_header("a", 1.5)  # error
    res.set_header("a", None)  # error
    res.set_header(5, "a")  # error
    res.json()  # error
    res.json({}).status(200)  # error
    res.write({"a": 1})  # error
    res.write(5)  # error
    res.end(["a"])  # error
    res.after("not a function")  # error
    res.unknown()  # error


def redirects(req: Request, res: Response) -> None:
    res.redirect()  # error
    res.redirect(307)  # error
    res.redirect(None)  # error
    res.redirect("/x", 307)  # error
    res.redirect("301", "/x")  # error
    res.redirect(307, None)  # error
    res.redirect(url="/x")  # error


def cookies(req: Request, res: Response) -> None:
    res.set_cookie("a")  # error
    res.set_cookie("a", 5)  # error
    res.set_cookie("a", "1", max_age=60)  # error
    res.set_cookie("a", "1", max_age_seconds="60")  # error
    res.set_cookie("a", "1", same_site="Lax")  # error
    res.set_cookie("a", "1", same_site=False)  # error
    res.set_cookie("a", "1", priority="urgent")  # error
    res.set_cookie("a", "1", expires="tomorrow")  # error
    res.set_cookie("a", "1", httponly=True)  # error
    res.delete_cookie("a", "/")  # error


def subclass(req: SignedIn, res: Response) -> None:
    req.user.name  # error
    req.account  # error


def too_few(req: Request, res: Response) -> None: ...


def signed_in(req: SignedIn, res: Response, next: Next) -> None:
    next(ValueError(), 5)  # error
    next.done()  # error


first: Middleware = too_few  # error
second: Middleware = 5  # error
third: Middleware = "cors"  # error


async def with_middleware(req: Request, res: Response) -> None:
    await run_middleware(req, res)  # error
    await run_middleware(req, res, too_few)  # error
    await run_middleware(res, req, Cors())  # error
    await run_middleware(req, res, signed_in)  # error


Cors("https://example.com")  # error
Cors(origins=["https://example.com"])  # error
Cors(origin=5)  # error
Cors(credentials="yes")  # error
Cors(methods=5)  # error
Cors(max_age=1.5)  # error
Cors(options_success_status="200")  # error


async def websocket(ws: WebSocket) -> None:
    await ws.send(5)  # error
    await ws.send_text(b"a")  # error
    await ws.send_bytes("a")  # error
    await ws.close("1000")  # error
    await ws.accept("chat", ["x-one"])  # error
    text: str = await ws.receive()  # error
    for _message in ws:  # error
        print(text)


create_app(5)  # error
create_app(".", {"threads": 4})  # error
Settings(thread=4)  # error
Settings(threads="4")  # error
Settings().threads = 5  # error
ApiError("403")  # error
ApiError()  # error
ApiError(403, "x", {"x-one": "a"})  # error
