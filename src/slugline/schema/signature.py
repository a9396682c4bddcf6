"""What a handler takes and answers, read from its annotations: an Operation.

How statuses are said: in the type itself, so that the type checker, the document and the check in development read one thing.

    def POST(req: Request[NewPost], res: Response[Created[Post] | NotFound[Problem]]) -> None: ...

`Created[Post]` is `Annotated[Post, Status(201)]`: to a type checker it is `Post`, so `res.status(201).json(post)` is right and anything
else is not. A type without a mark is the answer with 200; members with the same status are alternatives. A table beside the function
(`responses = {201: Post}`) was the other way; it would hold for the whole file, and nothing would tell when it no longer fits.
"""

import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, TypeVar, Union

import typing_extensions
from msgspec import Struct, field, structs

from slugline.errors import RouteModuleError
from slugline.http.multipart_form import UploadFile
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.routing.segments import CatchAll, OptionalCatchAll, Param, split_segments
from slugline.schema.fields import accepts_none, strip, union_members, walk_types, without_none

__all__ = [
    "UNTYPED",
    "Accepted",
    "Conflict",
    "Created",
    "Forbidden",
    "NoContent",
    "NotFound",
    "Operation",
    "PathParameter",
    "Status",
    "evaluate_annotation",
    "read_handler",
    "read_operations",
]

T = TypeVar("T")


class Status(Struct, frozen=True):
    """The status that an answer of a type goes with: `Response[Annotated[Post, Status(203)]]`."""

    code: int

    def __post_init__(self) -> None:
        if not isinstance(self.code, int) or not 200 <= self.code <= 599:
            raise ValueError(f"A status is a whole number from 200 to 599, not {self.code!r}.")


Created = Annotated[T, Status(201)]
Accepted = Annotated[T, Status(202)]
NoContent = Annotated[None, Status(204)]
Forbidden = Annotated[T, Status(403)]
NotFound = Annotated[T, Status(404)]
Conflict = Annotated[T, Status(409)]


class _Untyped:
    def __repr__(self) -> str:
        return "UNTYPED"


UNTYPED: Any = _Untyped()
"""In place of a type: the handler says nothing, or Any."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
"""All that OpenAPI 3.1 has a word for, in the order in which they are written."""
FILE_METHODS = METHODS[:5]
"""Those that a file names. HEAD and OPTIONS beside them are answered by themselves."""
METHODS_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_PLAIN_QUERY = dict[str, str | list[str]]


class PathParameter(Struct, frozen=True):
    """A parameter of the route's file name. A catch-all takes several segments; an optional one none at all as well."""

    name: str
    catch_all: bool = False
    optional: bool = False


class Operation(Struct, frozen=True):
    """One method of one route, with the types that its function declares.

    `responses` is by status and never empty; a type is UNTYPED where the function says nothing. `is_checked` tells whether there is
    something that a client may get wrong, if only a body that nobody asked for. `is_open` is for a method that the
    function does not mention while it mentions others: `responses` may not be all. `content_types` are those in which the body may come.
    `source` and `line` are the function's.
    """

    method: str
    route: str
    parameters: tuple[PathParameter, ...] = ()
    body: Any = UNTYPED
    query: Any = UNTYPED
    responses: Mapping[int, Any] = field(default_factory=lambda: {200: UNTYPED})
    is_checked: bool = False
    is_open: bool = False
    content_types: tuple[str, ...] = ("application/json",)
    summary: str = ""
    description: str = ""
    source: str = ""
    line: int = 0

    @property
    def where(self) -> str:
        """The place to name in messages: "pages/api/post.py, line 12"."""
        return f"{self.source}, line {self.line}" if self.line else self.source

    @property
    def is_typed(self) -> bool:
        """Whether the function says anything of what it takes or gives."""
        return self.is_checked or any(each is not UNTYPED for each in self.responses.values())


class HandlerTypes(Struct, frozen=True):
    """What the annotations of one function say: the classes of `req` and `res`, and the types in their brackets.

    `needs_body` is for a `handler` that cannot do without a body and never asks for `req.method`: a GET is not for it.
    """

    request_class: type[Request[Any, Any]] = Request
    response_class: type[Response[Any]] = Response
    body: Any = UNTYPED
    query: Any = UNTYPED
    responses: Mapping[int, Any] = field(default_factory=lambda: {200: UNTYPED})
    needs_body: bool = False
    line: int = 0


def read_operations(functions: Mapping[str, Callable[..., Any]], route: str, source: str) -> tuple[Operation, ...]:
    """Read the functions of a route file: {"GET": GET, "POST": POST}, or {"handler": handler} for the one that answers all methods.

    A `handler` answers every method, whatever it compares `req.method` with: so it does in Next.js. One that names methods and knows
    the status 405 is taken to refuse the others, and one that cannot do without a body refuses GET (`needs_body`). Of functions named
    by method, HEAD and OPTIONS are left out, which are answered without one too. Raises RouteModuleError as `read_handler` does.
    """
    operations: list[Operation] = []
    for name, function in functions.items():
        said = read_handler(function, name, source)
        summary, description = _split_docstring(inspect.getdoc(_plain(function)) if _has_own_docstring(function) else None)
        whole = Operation(
            method="",
            route=route,
            parameters=_parameters_of(route),
            body=said.body,
            query=said.query,
            responses=said.responses,
            is_checked=said.body is not UNTYPED or said.query is not UNTYPED,
            content_types=_content_types(said.body),
            summary=summary,
            description=description,
            source=source,
            line=said.line,
        )
        operations.extend(
            structs.replace(whole, method=method, body=UNTYPED if method in METHODS_WITHOUT_BODY else said.body, is_open=is_open)
            for method, is_open in _methods_of(name, function, said)
        )
    return tuple(operations)


def read_handler(function: Callable[..., Any], name: str, source: str) -> HandlerTypes:
    """Read the annotations of `(req, res)`: `Request[Body, Query]`, `Response[Data]`, and subclasses of both with or without brackets.

    Raises RouteModuleError for an annotation of `req` with brackets that cannot be evaluated: left unread, the body would go unchecked.
    """
    line = getattr(getattr(_plain(function), "__code__", None), "co_firstlineno", 0)
    try:
        parameters = list(inspect.signature(function).parameters.values())[:2]
    except (TypeError, ValueError):  # a builtin without a signature
        return HandlerTypes(line=line)
    where = f"{source}, line {line}" if line else source
    annotations = [_read_annotation(each, function, name, where, source, taken=index == 0) for index, each in enumerate(parameters)]
    request, response = (*annotations, None, None)[:2]
    request_class = _class_of(request, Request)
    response_class = _class_of(response, Response)
    body, query = _arguments(request, Request) or (UNTYPED, UNTYPED)
    (data,) = _arguments(response, Response) or (UNTYPED,)
    return HandlerTypes(
        request_class=request_class,
        response_class=response_class,
        body=_known(body),
        query=UNTYPED if query == _PLAIN_QUERY else _known(query),
        responses=_by_status(data),
        needs_body=name == "handler" and _known(body) is not UNTYPED and not accepts_none(body) and not _asks_method(function),
        line=line,
    )


def evaluate_annotation(annotation: Any, function: Any) -> Any:
    """Give what an annotation written as text names, with the names that the function itself sees. Raises what evaluating it raises."""
    if not isinstance(annotation, str):
        return annotation
    names = getattr(_plain(function), "__globals__", {})
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    return typing_extensions.get_type_hints(holder, names, {}, include_extras=True)["it"]


# Annotations


def _read_annotation(parameter: inspect.Parameter, function: Any, name: str, where: str, source: str, *, taken: bool) -> Any:
    try:
        return evaluate_annotation(parameter.annotation, function)
    except Exception as error:
        if not taken or "[" not in str(parameter.annotation):
            return None  # a name for the type checker alone: the handler gets a plain Request, and a Response of anything
        raise RouteModuleError(
            f"{where}: `{parameter.name}: {parameter.annotation}` of `{name}` cannot be read: {error}. "
            "Import its types at the top of the file, outside of `if TYPE_CHECKING`, so that what arrives can be checked.",
            files=[source],
        ) from error


def _plain(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    plain = inspect.unwrap(function)
    return plain if hasattr(plain, "__globals__") else vars(type(plain)).get("__call__", plain)


def _class_of(annotation: Any, base: type) -> Any:
    cls = typing.get_origin(annotation) or annotation
    if cls is Annotated:
        return _class_of(typing.get_args(annotation)[0], base)
    return cls if isinstance(cls, type) and issubclass(cls, base) else base


def _arguments(annotation: Any, base: type) -> tuple[Any, ...]:
    """Give what `base` is parametrised with, through its subclasses; () when nothing in the line of classes says."""
    if typing.get_origin(annotation) is Annotated:
        annotation = typing.get_args(annotation)[0]
    cls = typing.get_origin(annotation) or annotation
    if not isinstance(cls, type) or not issubclass(cls, base):
        return ()
    arguments = typing.get_args(annotation)
    if cls is base:
        return arguments
    given = dict(zip(getattr(cls, "__parameters__", ()), arguments, strict=False))
    for parent in cls.__dict__.get("__orig_bases__", cls.__bases__):
        found = _arguments(parent, base)
        if found:
            return tuple(_substitute(each, given) for each in found)
    return ()


def _substitute(type_: Any, given: Mapping[Any, Any]) -> Any:
    if isinstance(type_, TypeVar):
        return given.get(type_, UNTYPED)
    parameters = getattr(type_, "__parameters__", ())
    return type_[tuple(given.get(each, Any) for each in parameters)] if parameters and typing.get_origin(type_) is not None else type_


def _known(type_: Any) -> Any:
    return UNTYPED if type_ is Any or isinstance(type_, TypeVar) else type_


def _by_status(data: Any) -> Mapping[int, Any]:
    if _known(data) is UNTYPED:
        return {200: UNTYPED}
    found: dict[int, list[Any]] = {}
    for member, code in _with_status(data, 200):
        found.setdefault(code, []).append(member)
    return {code: _known(Union[tuple(members)]) for code, members in sorted(found.items())}  # noqa: UP007 (made of a list)


def _with_status(type_: Any, code: int) -> Iterator[tuple[Any, int]]:
    if typing.get_origin(type_) is Annotated:
        inner, *extra = typing.get_args(type_)
        marks = [each for each in extra if isinstance(each, Status)]
        if not marks:
            yield type_, code
            return
        others = tuple(each for each in extra if not isinstance(each, Status))
        yield from _with_status(Annotated[(inner, *others)] if others else inner, marks[-1].code)
        return
    members = union_members(type_)
    if len(members) > 1 and any(_has_mark(each) for each in members):
        for each in members:
            yield from _with_status(each, code)
    else:
        yield type_, code


def _has_mark(type_: Any) -> bool:
    if typing.get_origin(type_) is Annotated and any(isinstance(each, Status) for each in typing.get_args(type_)[1:]):
        return True
    members = union_members(type_)
    return len(members) > 1 and any(_has_mark(each) for each in members)


# What the file and the function say otherwise


def _asks_method(function: Any) -> bool:
    code = getattr(_plain(function), "__code__", None)
    return code is None or "method" in code.co_names


def _methods_of(name: str, function: Any, said: HandlerTypes) -> Iterable[tuple[str, bool]]:
    """Give the methods that a function answers, each with whether it may answer in a way that its types do not say."""
    if name != "handler":
        return [(name, False)] if name in FILE_METHODS else []
    if said.needs_body:
        return [(each, False) for each in METHODS if each not in METHODS_WITHOUT_BODY]
    code = getattr(_plain(function), "__code__", None)
    constants = set(_flat(code.co_consts)) if code is not None and "method" in code.co_names else set()
    named = [each for each in METHODS if each in constants]
    if named and code is not None and (405 in constants or "METHOD_NOT_ALLOWED" in code.co_names):
        return [(each, False) for each in named]
    return [(each, bool(named) and each not in named) for each in METHODS]


def _flat(constants: Iterable[Any]) -> Iterator[str | int]:
    """Give the texts and numbers among the constants of a function; `in ("GET", "POST")` is a tuple or a frozenset there."""
    for each in constants:
        if isinstance(each, str | int):
            yield each
        elif isinstance(each, tuple | frozenset):
            yield from _flat(each)


def _parameters_of(route: str) -> tuple[PathParameter, ...]:
    return tuple(
        PathParameter(each.name, catch_all=not isinstance(each, Param), optional=isinstance(each, OptionalCatchAll))
        for each in split_segments(route)
        if isinstance(each, Param | CatchAll | OptionalCatchAll)
    )


def _content_types(body: Any) -> tuple[str, ...]:
    if strip(without_none(body)) is bytes:
        return ("*/*",)
    has_file = body is not UNTYPED and any(each is UploadFile for each in walk_types(body))
    return ("multipart/form-data",) if has_file else ("application/json",)


def _has_own_docstring(function: Any) -> bool:
    return bool(getattr(_plain(function), "__doc__", None))


def _split_docstring(text: str | None) -> tuple[str, str]:
    """Give the first paragraph in one line, and what follows it."""
    first, _, rest = (text or "").strip().partition("\n\n")
    return " ".join(first.split()), rest.strip()
