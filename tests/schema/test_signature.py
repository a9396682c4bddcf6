import functools
import inspect
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypedDict, TypeVar

import msgspec
import pytest

from slugline import Request, Response, UploadFile
from slugline.errors import RouteModuleError
from slugline.schema.signature import (
    METHODS,
    UNTYPED,
    Accepted,
    Created,
    HandlerTypes,
    NoContent,
    NotFound,
    PathParameter,
    Status,
    evaluate_annotation,
    read_handler,
    read_operations,
)

if TYPE_CHECKING:
    from decimal import Decimal

B = TypeVar("B")
D = TypeVar("D")


class Post(msgspec.Struct):
    title: str


class Problem(msgspec.Struct):
    error: str


class Filter(TypedDict):
    page: int


class SignedIn(Request):
    user: str


class SignedInWithPost(Request[Post, Filter]):
    user: str


class SignedInWith(Request[B]):
    user: str


class FilteredWith(SignedInWith[B], Generic[B]):
    pass


class Swapped(Request[list[B], Filter], Generic[D, B]):
    pass


class Envelope(Response[dict[str, D]], Generic[D]):
    pass


class OnlyPosts(Response[Post]):
    pass


def read(function: Callable[..., Any]) -> HandlerTypes:
    return read_handler(function, "POST", "pages/api/a.py")


@pytest.mark.parametrize(
    ("annotation", "cls", "body", "query"),
    [
        (Request, Request, UNTYPED, UNTYPED),
        (Request[Any, Any], Request, UNTYPED, UNTYPED),
        (Request[Post], Request, Post, UNTYPED),
        (Request[Post, Filter], Request, Post, Filter),
        (Request[Any, Filter], Request, UNTYPED, Filter),
        (Request[Post | None], Request, Post | None, UNTYPED),
        (SignedIn, SignedIn, UNTYPED, UNTYPED),
        (SignedInWithPost, SignedInWithPost, Post, Filter),
        (SignedInWith, SignedInWith, UNTYPED, UNTYPED),
        (SignedInWith[Post], SignedInWith, Post, UNTYPED),
        (FilteredWith[Post], FilteredWith, Post, UNTYPED),
        (Swapped[int, Post], Swapped, list[Post], Filter),
        (Annotated[Request[Post], "a note"], Request, Post, UNTYPED),
        ("Request[Post, Filter]", Request, Post, Filter),
        ("SignedIn", SignedIn, UNTYPED, UNTYPED),
        ("Annotated[SignedInWith[Post], 1]", SignedInWith, Post, UNTYPED),
        ("NoSuchName", Request, UNTYPED, UNTYPED),
        (inspect.Parameter.empty, Request, UNTYPED, UNTYPED),
        (dict, Request, UNTYPED, UNTYPED),
    ],
)
def test_requests(annotation: Any, cls: type, body: Any, query: Any) -> None:
    def POST(req, res): ...  # type: ignore[no-untyped-def]

    if annotation is not inspect.Parameter.empty:
        POST.__annotations__["req"] = annotation
    said = read(POST)
    assert (said.request_class, said.body, said.query) == (cls, body, query)


@pytest.mark.parametrize(
    ("annotation", "cls", "responses"),
    [
        (Response, Response, {200: UNTYPED}),
        (Response[Any], Response, {200: UNTYPED}),
        (Response[Post], Response, {200: Post}),
        (Response[None], Response, {200: type(None)}),
        (Response[Post | Problem], Response, {200: Post | Problem}),
        (Response[Created[Post]], Response, {201: Post}),
        (Response[Created[Any]], Response, {201: UNTYPED}),
        (Response[Created[Post] | NotFound[Problem]], Response, {201: Post, 404: Problem}),
        (Response[Post | NotFound[Problem] | None], Response, {200: Post | None, 404: Problem}),
        (Response[Created[Post | None]], Response, {201: Post | None}),
        (Response[NotFound[Post] | NotFound[Problem]], Response, {404: Post | Problem}),
        (Response[Accepted[Post] | NoContent], Response, {202: Post, 204: type(None)}),
        (Response[Annotated[Post, "a", Status(418)]], Response, {418: Annotated[Post, "a"]}),
        (Response[Annotated[int, msgspec.Meta(ge=0)]], Response, {200: Annotated[int, msgspec.Meta(ge=0)]}),
        (OnlyPosts, OnlyPosts, {200: Post}),
        (Envelope[Post], Envelope, {200: dict[str, Post]}),
        (Envelope, Envelope, {200: dict[str, Any]}),
        ("Response[Created[Post] | NotFound[Problem]]", Response, {201: Post, 404: Problem}),
    ],
)
def test_responses(annotation: Any, cls: type, responses: dict[int, Any]) -> None:
    def POST(req, res): ...  # type: ignore[no-untyped-def]

    POST.__annotations__["res"] = annotation
    said = read(POST)
    assert said.response_class is cls
    assert dict(said.responses) == responses
    assert list(said.responses) == sorted(said.responses)


@pytest.mark.parametrize("code", [0, 199, 600, "201", None])
def test_a_status_is_one(code: Any) -> None:
    with pytest.raises(ValueError, match="status"):
        Status(code)


def test_functions_of_all_kinds() -> None:
    async def coroutine(req: Request[Post], res: Response) -> None: ...

    @functools.wraps(coroutine)
    def wrapped(*arguments: Any) -> Any: ...

    class Callee:
        def __call__(self, req: "Request[Post]", res: Response) -> None: ...

    def three(req: Request[Post], res: Response, extra: int = 0) -> None: ...

    for function in (coroutine, wrapped, Callee(), functools.partial(three, extra=1)):
        assert read(function).body is Post


def test_what_cannot_be_read_is_refused_when_a_check_hangs_on_it() -> None:
    def POST(req: "Request[list[Decimal]]", res: Response) -> None: ...

    with pytest.raises(RouteModuleError) as raised:
        read(POST)
    message = raised.value.message
    assert message.startswith(f"pages/api/a.py, line {POST.__code__.co_firstlineno}: `req: Request[list[Decimal]]` of `POST`")
    assert "'Decimal' is not defined" in message
    assert "TYPE_CHECKING" in message
    assert raised.value.files == ("pages/api/a.py",)


def test_evaluate_annotation_raises_what_python_raises() -> None:
    with pytest.raises(NameError):
        evaluate_annotation("NoSuchName", read)
    assert evaluate_annotation("Post", read) is Post
    assert evaluate_annotation(Post, read) is Post


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("/api", ()),
        ("/api/post/[pid]", (PathParameter("pid"),)),
        ("/api/[a]/[...b]", (PathParameter("a"), PathParameter("b", catch_all=True))),
        ("/api/[[...b]]", (PathParameter("b", catch_all=True, optional=True),)),
    ],
)
def test_parameters(route: str, expected: tuple[PathParameter, ...]) -> None:
    def GET(req: Request, res: Response) -> None: ...

    (operation,) = read_operations({"GET": GET}, route, "a.py")
    assert operation.parameters == expected
    assert operation.route == route


def plain(req: Any, res: Any) -> None: ...
def with_body(req: Request[Post], res: Any) -> None: ...


def compares(req: Request[Post], res: Any) -> None:
    if req.method == "PUT" or req.method in ("GET", "DELETE"):
        print("PATCH it")


def matches(req: Any, res: Any) -> None:
    match req.method:
        case "POST":
            print("POST")


def mentions(req: Any, res: Any) -> None:
    print("POST")


def refuses(req: Any, res: Any) -> None:
    if req.method not in ("GET", "DELETE"):
        res.status(405).end()


def refuses_by_name(req: Any, res: Any) -> None:
    match req.method:
        case "PUT":
            print("put")
        case _:
            res.status(HTTPStatus.METHOD_NOT_ALLOWED).end()


def refuses_something_else(req: Any, res: Any) -> None:
    res.status(405).end()


@pytest.mark.parametrize(
    ("function", "methods", "is_open"),
    [
        (plain, METHODS, []),
        (with_body, METHODS[1:5], []),
        (compares, METHODS, ["POST", "PATCH", "HEAD", "OPTIONS", "TRACE"]),
        (matches, METHODS, ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]),
        (mentions, METHODS, []),
        (refuses, ["GET", "DELETE"], []),
        (refuses_by_name, ["PUT"], []),
        (refuses_something_else, METHODS, []),
    ],
)
def test_methods_of_a_handler(function: Any, methods: Sequence[str], is_open: list[str]) -> None:
    operations = read_operations({"handler": function}, "/api", "a.py")
    assert [each.method for each in operations] == list(methods)
    assert [each.method for each in operations if each.is_open] == is_open


def test_methods_by_name() -> None:
    names = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
    operations = read_operations(dict.fromkeys(names, with_body), "/api", "a.py")
    assert [each.method for each in operations] == names[:5]
    assert [each.body for each in operations] == [UNTYPED, Post, Post, Post, Post]


def test_docstrings() -> None:
    def GET(req: Any, res: Any) -> None:
        """List the posts,
        newest first.

        With `page`:

        - one
          - two
        """

    (operation,) = read_operations({"GET": GET}, "/api", "a.py")
    assert operation.summary == "List the posts, newest first."
    assert operation.description == "With `page`:\n\n- one\n  - two"
    assert operation.where == f"a.py, line {GET.__code__.co_firstlineno}"
    assert read_operations({"GET": plain}, "/api", "a.py")[0].summary == ""


def test_an_uploaded_file_makes_it_a_form() -> None:
    class Upload(msgspec.Struct):
        file: UploadFile | None = None

    def POST(req: Request[Upload], res: Response) -> None: ...

    (operation,) = read_operations({"POST": POST}, "/api", "a.py")
    assert operation.content_types == ("multipart/form-data",)
    assert operation.is_checked
