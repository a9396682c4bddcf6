"""Handlers of every kind, and the operations that they are: for the tests of the document and of the client."""

import dataclasses
import datetime
import decimal
import enum
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Generic, Literal, NotRequired, TypedDict, TypeVar

import attrs
import msgspec
import pydantic

from slugline import Request, Response, UploadFile
from slugline.schema.signature import Created, NoContent, NotFound, Operation, Status, read_operations

__all__ = ["ROUTES", "Filter", "Point", "sample_operations"]

T = TypeVar("T")


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Item(msgspec.Struct):
    """Something to buy.

    It has a price */ and a name.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, description="As on the label.")]
    price: Annotated[float, msgspec.Meta(ge=0)]
    colour: Colour = Colour.RED
    tags: list[str] = []
    parent: "Item | None" = None


class StoredItem(Item, rename="camel"):
    item_id: int = 0
    created_at: datetime.datetime | None = None


class Missing(msgspec.Struct):
    error: str


class Cat(msgspec.Struct, tag="cat"):
    lives: int


class Dog(msgspec.Struct, tag="dog"):
    name: str


class Page(msgspec.Struct, Generic[T]):
    items: list[T]
    next: str | None = None


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Filter(TypedDict):
    tag: NotRequired[list[str]]
    page: NotRequired[Annotated[int, msgspec.Meta(ge=1, description="From 1.")]]
    pid: int


@attrs.define
class Address:
    street: str
    number: int = 1


class Model(pydantic.BaseModel):
    """A model of pydantic's."""

    title: str = pydantic.Field(min_length=1, alias="theTitle")
    when: datetime.date | None = None
    inner: "Inner"


class Inner(pydantic.BaseModel):
    size: int = 5


class Holder(msgspec.Struct):
    model: Inner
    more: dict[str, Inner] = {}


class Upload(msgspec.Struct):
    title: str
    picture: UploadFile
    others: list[UploadFile] = []


class Response_(msgspec.Struct, rename={"class_": "class"}):  # noqa: N801 (a name that TypeScript's own may clash with)
    class_: Literal["a", 1] | None
    pair: tuple[int, str]
    many: tuple[int, ...]
    ids: dict[uuid.UUID, decimal.Decimal]
    data: bytes = b""
    anything: Any = None
    odd_name: int = msgspec.field(default=1, name="odd-name")


Response_.__name__ = Response_.__qualname__ = "Response"


class ProblemDetails(msgspec.Struct):
    text: str


def get_items(req: Request[Any, Filter], res: Response[list[StoredItem] | NotFound[Missing]]) -> None:
    """List the items.

    All of them, in `order`.
    """


def add_item(req: Request[Item], res: Response[Created[StoredItem] | Annotated[ProblemDetails, Status(409)]]) -> None:
    """Add an item."""


def remove_item(req: Request, res: Response[NoContent]) -> None: ...
def move(req: Request[Point | None], res: Response[Point]) -> None: ...
def pet(req: Request[Cat | Dog], res: Response[Cat | Dog]) -> None: ...
def either(req: Request[list[int]], res: Response[Point | Item | str]) -> None: ...
def model(req: Request[Model], res: Response[Model]) -> None: ...
def models(req: Request[list[Inner]], res: Response[dict[str, Inner]]) -> None: ...
def holder(req: Request[Holder], res: Response[Holder]) -> None: ...
def upload(req: Request[Upload], res: Response[Created[None]]) -> None: ...
def address(req: Request[Address], res: Response[Address]) -> None: ...
def page(req: Request[Page[Point]], res: Response[Page[Item]]) -> None: ...
def odd(req: Request[Response_], res: Response[Response_]) -> None: ...
def raw(req: Request[bytes], res: Response[bytes]) -> None: ...
def untyped(req: Request, res: Response) -> None: ...
def plain(req: Any, res: Any) -> None: ...


ROUTES: dict[str, dict[str, Callable[..., Any]]] = {
    "/api": {"GET": untyped},
    "/api/plain": {"handler": plain},
    "/api/items": {"GET": add_item, "POST": add_item},
    "/api/items/[pid]": {"GET": get_items, "PUT": add_item, "DELETE": remove_item},
    "/api/items/[...path]": {"GET": untyped},
    "/api/docs/[[...slug]]": {"GET": untyped, "POST": move},
    "/api/[user]/posts/[id]": {"PATCH": pet},
    "/api/either": {"POST": either},
    "/api/model": {"POST": model},
    "/api/models": {"PUT": models},
    "/api/holder": {"POST": holder},
    "/api/upload": {"POST": upload},
    "/api/address": {"POST": address},
    "/api/page": {"POST": page},
    "/api/odd": {"POST": odd},
    "/api/raw": {"POST": raw},
    "/api/get-items": {"GET": untyped},
    "/api/getItems": {"GET": untyped},
    "/api/ünï/a b": {"GET": untyped},
}


def sample_operations(*routes: str) -> list[Operation]:
    """Give the operations of some of the routes, of all by default."""
    chosen = {route: ROUTES[route] for route in routes} if routes else ROUTES
    return [each for route, functions in chosen.items() for each in read_operations(functions, route, f"pages{route}.py")]
