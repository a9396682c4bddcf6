"""How long a body of 1 KB takes from bytes to a checked value, beside FastAPI's way with an equal pydantic model.

    python benchmarks/decode.py [--check]

FastAPI (routing.py and _compat/v2.py) reads the text with `json.loads` and hands it to `TypeAdapter.validate_python`. Both ways are taken
in turns, and the ratio is formed within a round, so that a busy machine slows both alike. With `--check` the exit status is 1 when a good
body costs a third of FastAPI's way or more. Needs pydantic, which FastAPI brings.
"""

import argparse
import datetime
import json
import statistics
import sys
import timeit
import uuid
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any

import msgspec
import pydantic

from slugline.errors import InvalidInput
from slugline.schema.validate import make_body_decoder

ROUNDS = 15
CALLS = 1_000
TARGET = 1 / 3


class Kind(Enum):
    BOOK = "book"
    TOY = "toy"


class Line(msgspec.Struct):
    sku: Annotated[str, msgspec.Meta(min_length=3)]
    kind: Kind
    price: Annotated[float, msgspec.Meta(ge=0)]
    count: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    note: str | None = None


class Order(msgspec.Struct):
    order_id: uuid.UUID
    placed_at: datetime.datetime
    customer: str
    lines: list[Line]
    tags: list[str] = []


class LineModel(pydantic.BaseModel):
    sku: str = pydantic.Field(min_length=3)
    kind: Kind
    price: float = pydantic.Field(ge=0)
    count: int = pydantic.Field(default=1, ge=1, le=100)
    note: str | None = None


class OrderModel(pydantic.BaseModel):
    order_id: uuid.UUID
    placed_at: datetime.datetime
    customer: str
    lines: list[LineModel]
    tags: list[str] = []


def make_body(**changes: object) -> bytes:
    """Make an order of about 1 KB."""
    line = {"kind": "book", "price": 12.5, "count": 2, "note": "wrapped as a present"}
    lines = [{"sku": f"sku-{number}", **line} for number in range(10)]
    order = {
        "order_id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "placed_at": "2026-01-31T12:00:00Z",
        "customer": "Ada Lovelace",
        "lines": lines,
        "tags": ["first", "gift", "express"],
    }
    return json.dumps(order | changes, separators=(",", ":")).encode()


def make_fastapi_way() -> Callable[[bytes], Any]:
    """Give what FastAPI does with a body, without the rest of FastAPI."""
    validate = pydantic.TypeAdapter(OrderModel).validate_python

    def decode(body: bytes) -> Any:
        try:
            return validate(json.loads(body), from_attributes=True)
        except pydantic.ValidationError as error:
            return error.errors(include_url=False)

    return decode


def make_slugline_way() -> Callable[[bytes], Any]:
    """Give what Slugline does with a body."""
    decode_json = make_body_decoder(Order).decode_json

    def decode(body: bytes) -> Any:
        try:
            return decode_json(body)
        except InvalidInput as error:
            return error.problem

    return decode


def measure(ways: list[Callable[[bytes], Any]], body: bytes) -> list[list[float]]:
    """Give the time of one call of each way, in microseconds, round by round."""
    return [[timeit.timeit(lambda way=way: way(body), number=CALLS) / CALLS * 1e6 for way in ways] for _ in range(ROUNDS)]


def report(name: str, body: bytes) -> float:
    """Print one line of the table, and give the median ratio."""
    rounds = measure([make_slugline_way(), make_fastapi_way()], body)
    ratios = [ours / theirs for ours, theirs in rounds]
    ours, theirs = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(ratios)
    print(f"{name:<22}{len(body):>6} B{ours:>10.2f}{theirs:>10.2f}{ratio:>8.2f}  ({min(ratios):.2f} to {max(ratios):.2f})")
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure decoding and checking a body beside FastAPI's way.")
    parser.add_argument("--check", action="store_true", help="exit with status 1 when the target is missed")
    check = parser.parse_args().check
    print(f"{'body':<22}{'size':>8}{'Slugline':>10}{'FastAPI':>10}{'ratio':>8}    microseconds, median of {ROUNDS} rounds")
    ratio = report("good", make_body())
    report("one fault", make_body(customer=5))
    report("one fault in a line", make_body(lines=[json.loads(make_body())["lines"][0]] * 9 + [{"sku": "sku-9", "kind": "book"}]))
    report("faults in every line", make_body(lines=[{"sku": "a", "kind": "x", "price": -1}] * 10))
    print(f"target: a good body below {TARGET:.2f}: {'met' if ratio < TARGET else 'missed'}")
    return 1 if check and ratio >= TARGET else 0


if __name__ == "__main__":
    sys.exit(main())
