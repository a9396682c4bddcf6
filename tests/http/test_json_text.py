"""Values as JSON text."""

import asyncio
import enum
import json
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from slugline.errors import NotSerialisable
from slugline.http.json_text import encode_json

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


class Colour(enum.Enum):
    RED = "red"


class Shout(str):
    __slots__ = ()

    def __str__(self) -> str:
        return self.upper()


class Count(int):
    pass


class Ratio(float):
    pass


class Moment(datetime):
    pass


class Day(date):
    pass


class Money:
    def __init__(self, cents: Any) -> None:
        self.cents = cents

    def __json__(self) -> object:
        return {"cents": self.cents}


class User(BaseModel):
    name: str
    born: date
    token: bytes = b"x"


class Point(msgspec.Struct, rename="camel"):
    x_axis: Any
    y_axis: Any = None


@dataclass
class Event:
    when: Any
    note: str | None = None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1, "b": "two", "c": None, "d": [True, False]}, '{"a":1,"b":"two","c":null,"d":[true,false]}'),
        ({}, "{}"),
        ([], "[]"),
        ("", '""'),
        (0, "0"),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        ((1, 2), "[1,2]"),
        ({"s": "héllo 世界 😀"}, '{"s":"héllo 世界 😀"}'),
        ({"s": "a\u2028b\u2029c\x01d"}, '{"s":"a\u2028b\u2029c\\u0001d"}'),
        ({"s": "<script>alert(1)</script> & \"q\" 's' /"}, '{"s":"<script>alert(1)</script> & \\"q\\" \'s\' /"}'),
        ({"b": 1, "a": 2}, '{"b":1,"a":2}'),
        ({1: "x", 1.5: "y"}, '{"1":"x","1.5":"y"}'),
        ({"n": 2**64}, '{"n":18446744073709551616}'),
        ([-(2**63) - 1, 10**400], f"[-9223372036854775809,1{'0' * 400}]"),
        ({"n": 2**70, "nothing": None}, '{"n":1180591620717411303424,"nothing":null}'),
        (Colour.RED, '"red"'),
        ({Colour.RED: 1}, '{"red":1}'),
        (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Decimal("1.50"), '"1.50"'),
        (frozenset({1}), "[1]"),
        (b"hi", '"aGk="'),
        (date(2020, 1, 2), '"2020-01-02"'),
        (timedelta(days=1), '"P1D"'),
        (Event("now"), '{"when":"now","note":null}'),
        (Point(1), '{"xAxis":1,"yAxis":null}'),
        (msgspec.Raw(b'{"as": "is"}'), '{"as": "is"}'),
    ],
)
def test_writes_a_value(value: object, text: str) -> None:
    assert encode_json(value) == text.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Money(5), '{"cents":5}'),
        ([Money(Money(None))], '[{"cents":{"cents":null}}]'),
        ({"user": User(name="é", born=date(2000, 1, 2))}, '{"user":{"name":"é","born":"2000-01-02","token":"x"}}'),
        ([Shout("quiet")], '["quiet"]'),
        ([Count(3)], "[3]"),
        ([Ratio(0.5)], "[0.5]"),
        ([Moment(1970, 1, 1, tzinfo=UTC)], '["1970-01-01T00:00:00.000Z"]'),
        ([Moment(1970, 1, 1)], '["1970-01-01T00:00:00"]'),
        ([Day(1970, 1, 1)], '["1970-01-01"]'),
    ],
)
def test_writes_what_msgspec_does_not_know(value: object, text: str) -> None:
    assert encode_json(value) == text.encode()


@given(VALUES)
def test_what_was_written_is_read_back(value: object) -> None:
    assert json.loads(encode_json(value)) == value


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (EPOCH, "1970-01-01T00:00:00.000Z"),
        (EPOCH.replace(microsecond=123_000), "1970-01-01T00:00:00.123Z"),
        (EPOCH.replace(microsecond=5_000), "1970-01-01T00:00:00.005Z"),
        (EPOCH.replace(microsecond=123_456), "1970-01-01T00:00:00.123Z"),
        (EPOCH.replace(microsecond=999_999), "1970-01-01T00:00:00.999Z"),
        (EPOCH.replace(microsecond=1), "1970-01-01T00:00:00.000Z"),
        (EPOCH.replace(tzinfo=timezone(timedelta(0), "London")), "1970-01-01T00:00:00.000Z"),
        (EPOCH.replace(year=33), "0033-01-01T00:00:00.000Z"),
        (EPOCH.replace(tzinfo=None), "1970-01-01T00:00:00"),
        (EPOCH.replace(tzinfo=timezone(timedelta(hours=2))), "1970-01-01T00:00:00+02:00"),
    ],
)
def test_a_moment_in_utc_is_written_as_by_javascript(moment: datetime, text: str) -> None:
    assert encode_json(moment) == f'"{text}"'.encode()
    assert encode_json({"a": moment}) == f'{{"a":"{text}"}}'.encode()


def test_moments_are_found_anywhere() -> None:
    text = b'"1970-01-01T00:00:00.000Z"'
    assert encode_json([[(EPOCH,)], {EPOCH}]) == b"[[[%b]],[%b]]" % (text, text)
    assert encode_json(((EPOCH, 1), (2, [EPOCH]))) == b"[[%b,1],[2,[%b]]]" % (text, text)
    assert encode_json(Event(EPOCH)) == b'{"when":%b,"note":null}' % text
    assert encode_json(Point(EPOCH, [Event(EPOCH)])) == b'{"xAxis":%b,"yAxis":[{"when":%b,"note":null}]}' % (text, text)
    assert (
        encode_json([Money(EPOCH), msgspec.Raw(b'{"raw":"2020-01-01T00:00:00Z"}')])
        == b'[{"cents":%b},{"raw":"2020-01-01T00:00:00Z"}]' % text
    )


def test_the_value_itself_is_not_changed() -> None:
    value = {"a": [EPOCH, (EPOCH,)], "b": {"c": EPOCH}}
    encode_json(value)
    assert value == {"a": [EPOCH, (EPOCH,)], "b": {"c": EPOCH}}


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.5Z", "JAZZ", 'say "Z"'])
def test_a_text_that_looks_like_a_moment_is_left_alone(text: str) -> None:
    assert encode_json(text) == json.dumps(text).encode()
    assert json.loads(encode_json({"text": text, "moment": EPOCH, text: 1})) == {
        "text": text,
        "moment": "1970-01-01T00:00:00.000Z",
        text: 1,
    }


def test_a_time_of_day_and_a_moment_as_key_are_left_alone() -> None:
    assert encode_json(time(1, 2, 3, tzinfo=UTC)) == b'"01:02:03Z"'
    assert encode_json({EPOCH: 1}) == b'{"1970-01-01T00:00:00Z":1}'


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("wrap", "path"),
    [
        (lambda number: number, "at $."),
        (lambda number: {"a": {"b": [0, number]}}, "at $.a.b[1]."),
        (lambda number: [None, (1, number)], "at $[1][1]."),
        (lambda number: {"n": number, "big": 2**70}, "at $.n."),
        (Event, "at $.when."),
        (lambda number: Point(0, number), "at $.yAxis."),
        (Money, "at $.cents."),
        (lambda number: [Ratio(number)], "at $[0]."),
        (lambda number: {"when": EPOCH, "n": number}, "at $.n."),
    ],
)
def test_refuses_floats_that_json_lacks(number: float, wrap: Any, path: str) -> None:
    with pytest.raises(NotSerialisable) as refusal:
        encode_json(wrap(number))
    assert path in str(refusal.value)
    assert str(number) in str(refusal.value)


@pytest.mark.parametrize(
    "value",
    [{"a": None, "b": 1.7976931348623157e308}, ["null", 0.5, None], [None, "\x7f\ufffd" * 9, -0.0], {"null": 1}, [None, 2**64, 1.5]],
)
def test_allows_every_other_float_beside_null(value: object) -> None:
    assert json.loads(encode_json(value)) == value


def circular_list() -> object:
    value: list[object] = []
    value.append({"self": value})
    return value


def nested(depth: int) -> object:
    value: object = None
    for _ in range(depth):
        value = [value]
    return value


class ReturnsItself:
    def __json__(self) -> object:
        return self


class Broken:
    def __json__(self) -> object:
        raise ValueError("the cents are gone")


class Plain:
    pass


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (circular_list(), "contains itself"),
        (nested(100_000), "nested too deeply"),
        (ReturnsItself(), "contains itself"),
        ("\ud800", "surrogate"),
        ({"s": "a\udfff"}, "surrogate"),
        ({"\ud800": 1}, "surrogate"),
        (len, "builtin_function_or_method"),
        ({"a": lambda: 1}, "function"),
        (Plain(), "Plain"),
        ([Plain()], "__json__"),
        (object(), "object"),
        (Plain, "The class Plain"),
        ([User], "The class User"),
        (1 + 2j, "complex"),
        (range(3), "list"),
        ((number for number in [1]), "generator"),
        (ValueError("x"), "ValueError"),
        ({None: 1}, "keys"),
        ({True: 1}, "keys"),
        ({(1, 2): 1}, "keys"),
        ({Plain(): 1}, "Plain"),
        ([10**5000], "4300"),
        (Broken(), "the cents are gone"),
    ],
)
def test_refuses_what_json_cannot_carry(value: object, says: str) -> None:
    with pytest.raises(NotSerialisable) as refusal:
        encode_json(value)
    assert says in str(refusal.value)
    assert len(str(refusal.value)) < 400


def test_a_value_nested_200_deep_is_fine() -> None:
    assert encode_json(nested(200)) == b"[" * 200 + b"null" + b"]" * 200


async def load_user() -> str:
    return "Ada"


@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"a": [value]}], ids=["alone", "inside"])
def test_what_was_not_awaited_says_so(wrap: Callable[[object], object]) -> None:
    with pytest.raises(NotSerialisable, match=r"^load_user has to be awaited first: write res\.json\(await …\)"):
        encode_json(wrap(load_user()))
    future = concurrent_future()
    with pytest.raises(NotSerialisable, match=r"^Future has to be awaited first"):
        encode_json(wrap(future))


def concurrent_future() -> object:
    loop = asyncio.new_event_loop()
    try:
        return loop.create_future()
    finally:
        loop.close()
