import dataclasses
import datetime
from typing import Any, TypedDict

import msgspec
import pydantic
import pytest

from slugline.http.json_text import encode_json
from slugline.schema.check_response import make_response_check
from slugline.schema.signature import UNTYPED


class Item(msgspec.Struct, rename="camel"):
    item_id: int
    price: float
    made: datetime.datetime | None = None


@dataclasses.dataclass
class Point:
    x: int


class Row(TypedDict):
    items: list[Item]


class Model(pydantic.BaseModel):
    size: int


class Own:
    def __json__(self) -> object:
        return 5


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (Item, Item(1, 2.0, datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)), []),
        (Item, {"itemId": 1, "price": 2}, []),
        (Item, {"item_id": 1, "price": "2"}, [("itemId", "is missing"), ("price", "must be a number, not text")]),
        (Row, {"items": [Item(1, 2.0), {"itemId": 1}]}, [("items[1].price", "is missing")]),
        (list[int], [1, None], [("[1]", "must be a whole number, not null")]),
        (None, None, []),
        (None, 5, [("", "must be null, not a whole number")]),
        (str, "a", []),
        (Item | Point, Point(1), []),
        (Item | Point, {"itemId": 1, "price": None}, [("price", "must be a number, not null")]),
        (Model, Model(size=1), []),
        (Model, {"size": "x"}, [("size", "must be a whole number")]),
        (list[Model] | None, None, []),
        (Own, Own(), []),
        (Item | Own, {"a": 1}, []),
        (UNTYPED, {"a": 1}, []),
    ],
)
def test_faults(type_: Any, value: object, expected: list[tuple[str, str]]) -> None:
    check = make_response_check({200: type_, 404: Point})
    assert check is not None
    assert [(fault.path, fault.reason) for fault in check(200, encode_json(value))] == expected


def test_by_status() -> None:
    check = make_response_check({201: Point, 404: Item})
    assert check is not None
    assert check(201, b'{"x":1}') == ()
    assert [fault.path for fault in check(404, b'{"x":1}')] == ["itemId", "price"]
    assert check(500, b'{"error":"a"}') == ()
    (fault,) = check(200, b'{"x":1}')
    assert fault.reason.startswith("goes out with status 200, and the annotation of `res` declares 201, 404 only")


def test_nothing_declared_is_nothing_to_check() -> None:
    assert make_response_check({200: UNTYPED}) is None


class Hidden(pydantic.BaseModel):
    name: str
    password_hash: str = pydantic.Field(exclude=True)


class Told(pydantic.BaseModel):
    n: int

    @pydantic.field_serializer("n")
    def write(self, n: int) -> str:
        return f"number {n}"


@pytest.mark.parametrize(("type_", "text"), [(Hidden, b'{"name":"a"}'), (Told, b'{"n":"number 1"}'), (list[Told], b'[{"n":"x"}]')])
def test_a_model_that_writes_otherwise_than_it_reads_is_not_looked_at(type_: Any, text: bytes) -> None:
    check = make_response_check({200: type_})
    assert check is not None
    assert check(200, text) == ()
