import contextlib
import dataclasses
import datetime
import decimal
import enum
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Generic, Literal, NewType, NotRequired, TypedDict, TypeVar

import attrs
import msgspec
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slugline import UploadFile
from slugline.errors import InvalidInput, RequestError, RouteModuleError, ValidationFault
from slugline.http.media_type import parse_media_type
from slugline.http.url import parse_query
from slugline.schema.validate import make_body_decoder, make_query_decoder

T = TypeVar("T")
Meta = msgspec.Meta
Name = NewType("Name", str)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Item(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    price: Annotated[float, Meta(ge=0)]
    kind: Literal["a", "b"] = "a"


class Order(msgspec.Struct, rename="camel"):
    order_id: uuid.UUID
    items: list[Item]
    placed_at: datetime.datetime
    by_name: dict[str, Item] = {}
    note: str | None = None


class Tree(msgspec.Struct):
    children: "list[Tree]" = []
    value: int = 0


class Even(msgspec.Struct):
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError("has an odd number")


class Dated(msgspec.Struct):
    day: datetime.date
    count: int
    other: int = 0


class Cat(msgspec.Struct, tag="cat"):
    lives: int


class Dog(msgspec.Struct, tag="dog"):
    name: str


class Page(msgspec.Struct, Generic[T]):
    items: list[T]


@dataclasses.dataclass
class Point(Generic[T]):
    x: T
    y: int = 0


class Row(TypedDict, total=False):
    id: int
    tags: NotRequired[list[str]]


@attrs.define
class Address:
    street: str
    number: int = 1


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    size: int = pydantic.Field(ge=0)
    when: datetime.date | None = None
    kind: Literal["a", "b"] = "a"
    title: str = pydantic.Field(default="abc", min_length=3, alias="theTitle")

    @pydantic.field_validator("title")
    @classmethod
    def check_title(cls, value: str) -> str:
        if value == "bad":
            raise ValueError("is a bad title")
        return value


class Holder(msgspec.Struct):
    model: Model
    many: list[Model] = []


def faults_of(call: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as raised:
        call()
    return [(fault.path, fault.reason) for fault in raised.value.faults]


@pytest.mark.parametrize(
    ("type_", "text", "expected"),
    [
        (Item, '{"name":"a","price":1}', Item("a", 1)),
        (Point, '{"x":[1]}', Point([1])),
        (Point[int], '{"x":1,"y":2}', Point(1, 2)),
        (Row, '{"id":1,"tags":["a"]}', {"id": 1, "tags": ["a"]}),
        (Address, '{"street":"a"}', Address("a")),
        (Model, '{"size":1,"theTitle":"abcd"}', Model(size=1, theTitle="abcd")),
        (Holder, '{"model":{"size":1}}', Holder(Model(size=1))),
        (list[Model], '[{"size":1}]', [Model(size=1)]),
        (Model | None, "null", None),
        (Cat | Dog, '{"type":"dog","name":"a"}', Dog("a")),
        (list[int], "[1,2]", [1, 2]),
        (dict[uuid.UUID, int], '{"00000000-0000-0000-0000-000000000001":1}', {uuid.UUID(int=1): 1}),
        (tuple[int, str], '[1,"a"]', (1, "a")),
        (Colour, '"red"', Colour.RED),
        (decimal.Decimal, '"1.10"', decimal.Decimal("1.10")),
        (Name, '"a"', "a"),
        (int | None, "null", None),
        (dict, '{"a":[1]}', {"a": [1]}),
        (dict, "\ufeff{}", {}),
    ],
)
def test_a_good_body(type_: Any, text: str, expected: object) -> None:
    assert make_body_decoder(type_).decode(text.encode(), parse_media_type("application/json")) == expected


ORDER = {"orderId": str(uuid.UUID(int=5)), "items": [], "placedAt": "2026-01-31T12:00:00Z"}


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (Item, [], [("", "must be an object, not an array")]),
        (Item, {}, [("name", "is missing"), ("price", "is missing")]),
        (Item, {"name": None, "price": "1"}, [("name", "must be text, not null"), ("price", "must be a number, not text")]),
        (Item, {"name": "a", "price": -1, "kind": "c"}, [("price", "must be 0 or more"), ("kind", "must be one of: a, b")]),
        (Item, {"name": "a", "price": 1, "prize": 1}, [("prize", "is not a known field")]),
        (
            Order,
            {**ORDER, "items": [{"name": "a", "price": 1}, {"name": 5}], "byName": {"k": {"name": "a", "price": True}}, "note": 5},
            [
                ("items[1].name", "must be text, not a whole number"),
                ("items[1].price", "is missing"),
                ("byName.k.price", "must be a number, not true or false"),
                ("note", "must be text or null, not a whole number"),
            ],
        ),
        (
            Order,
            {"orderId": "x", "items": {}, "placedAt": "yesterday"},
            [
                ("orderId", "must be a UUID"),
                ("items", "must be an array, not an object"),
                ("placedAt", "must be a date and time such as 2026-01-31T12:00:00Z"),
            ],
        ),
        (Tree, {"children": [{"children": [{"value": "x"}]}]}, [("children[0].children[0].value", "must be a whole number, not text")]),
        (Even, {"number": 3}, [("", "has an odd number")]),
        (list[Even], [{"number": 2}, {"number": 3}], [("[1]", "has an odd number")]),
        (Cat | Dog, {"type": "cow"}, [("type", "must be one of: cat, dog")]),
        (Cat | Dog, {"lives": 1}, [("type", "is missing")]),
        (Cat | Dog, {"type": "cat", "lives": "9"}, [("lives", "must be a whole number, not text")]),
        (Page[Item], {"items": [{"name": "a"}]}, [("items[0].price", "is missing")]),
        (Point[int], {"x": "a", "y": "b"}, [("x", "must be a whole number, not text"), ("y", "must be a whole number, not text")]),
        (Row, {"id": "a", "tags": "b"}, [("id", "must be a whole number, not text"), ("tags", "must be an array, not text")]),
        (Address, {"number": "a"}, [("street", "is missing"), ("number", "must be a whole number, not text")]),
        (Colour, "green", [("", "must be one of: red, blue")]),
        (dict[int, int], {"a": 1}, [("", "has a key that must be a whole number, not text")]),
        (tuple[int, str], [1], [("", "must have 2 items")]),
        (Annotated[str, Meta(min_length=2)], "a", [("", "must have at least 2 characters")]),
        (Annotated[str, Meta(max_length=1)], "ab", [("", "must have at most 1 character")]),
        (Annotated[str, Meta(pattern="^a$")], "b", [("", "must match the pattern ^a$")]),
        (Annotated[str, Meta(pattern=r"it's \d")], "b", [("", r"must match the pattern it's \d")]),
        (Annotated[list[int], Meta(max_length=1)], [1, 2], [("", "must have at most 1 item")]),
        (Annotated[dict[str, int], Meta(min_length=1)], {}, [("", "must have at least 1 entry")]),
        (Annotated[int, Meta(gt=0)], 0, [("", "must be 1 or more")]),
        (Annotated[float, Meta(lt=1)], 1, [("", "must be less than 1")]),
        (Annotated[int, Meta(multiple_of=5)], 4, [("", "must be a multiple of 5")]),
        (Annotated[datetime.datetime, Meta(tz=True)], "2026-01-01T00:00:00", [("", "must have a time zone, as in 2026-01-31T12:00:00Z")]),
        (decimal.Decimal, "x", [("", "must be a decimal number")]),
        (bytes, "$", [("", "must be text in base64")]),
        (datetime.timedelta, "x", [("", "must be a duration such as P1DT2H")]),
        (int, 1.5, [("", "must be a whole number, not a fraction")]),
        (
            Model,
            {"size": "x", "when": "y", "kind": "c", "theTitle": "a", "more": 1},
            [
                ("size", "must be a whole number"),
                ("when", "must be a date"),
                ("kind", "must be one of: a or b"),
                ("theTitle", "must have at least 3 characters"),
                ("more", "is not a known field"),
            ],
        ),
        (Model, {"size": -1, "theTitle": "bad"}, [("size", "must be 0 or more"), ("theTitle", "is a bad title")]),
        (Model, [], [("", "must be an object")]),
        (list[Model], [{"size": 1}, {}], [("[1].size", "is missing")]),
        (
            Holder,
            {"model": {"size": "x", "kind": 1}, "many": [{"size": 1}, {}]},
            [("model.size", "must be a whole number"), ("model.kind", "must be one of: a or b"), ("many[1].size", "is missing")],
        ),
        (Holder, {"model": 5}, [("model", "must be an object")]),
    ],
)
def test_all_faults(type_: Any, value: object, expected: list[tuple[str, str]]) -> None:
    decoder = make_body_decoder(type_)
    assert faults_of(lambda: decoder.decode_json(json.dumps(value).encode())) == expected


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "is not valid JSON: it ends too early"),
        (b"{'a'}", "is not valid JSON: object keys must be strings (byte 1)"),
        (b'{"name":"\xff"}', "is not valid JSON: the text is not UTF-8"),
        (b'{"name":"a","price":1} x', "is not valid JSON: trailing characters (byte 24)"),
        (b'{"name":"a","price":1e400}', "has a number in it that is out of range"),
        (b'{"name":5,"price":1,}', "is not valid JSON: trailing comma in object (byte 20)"),
        (b'{"name":5,"price":' + b"[" * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_no_json(body: bytes, reason: str) -> None:
    assert faults_of(lambda: make_body_decoder(Item).decode_json(body)) == [("", reason)]


def test_what_is_nested_too_deeply() -> None:
    decoder = make_body_decoder(Tree)
    for depth in (10, 100, 300, 1_000, 100_000):
        assert faults_of(lambda body=b'{"children":[' * depth: decoder.decode_json(body))  # type: ignore[misc]
        whole = b'{"children":[' * depth + b'{"value":"x"}' + b"]}" * depth
        assert faults_of(lambda body=whole: decoder.decode_json(body))  # type: ignore[misc]


@pytest.mark.parametrize("body", [b"{", b"", b"[" * 100_000, b'{"size":\xff}', b"NaN"])
def test_what_is_no_json_for_a_model(body: bytes) -> None:
    assert faults_of(lambda: make_body_decoder(Model).decode_json(body))


@pytest.mark.parametrize(
    ("type_", "expected"), [(Item | None, None), (Model | None, None), (Any, None), (Row, {}), (Tree, Tree()), (dict[str, int], {})]
)
def test_an_empty_body(type_: Any, expected: object) -> None:
    assert make_body_decoder(type_).decode(b"", parse_media_type("application/json")) == expected


def test_an_empty_body_where_one_is_needed() -> None:
    assert faults_of(lambda: make_body_decoder(Item).decode_json(b"")) == [("name", "is missing"), ("price", "is missing")]


@pytest.mark.parametrize(
    ("type_", "media", "body", "expected"),
    [
        (Item, "application/vnd.api+json", b'{"name":"a","price":1}', Item("a", 1)),
        (Item, "application/json; charset=utf-16", '{"name":"é","price":1}'.encode("utf-16"), Item("é", 1)),
        (Item, "application/x-www-form-urlencoded", b"name=a+b&price=1.5", Item("a b", 1.5)),
        (Item | None, "application/x-www-form-urlencoded", b"", None),
        (Item | None, None, b"", None),
        (str, "text/plain", b"a\xc3\xa9", "aé"),
        (bytes, "image/png", b"\x89", b"\x89"),
    ],
)
def test_by_content_type(type_: Any, media: str | None, body: bytes, expected: object) -> None:
    assert make_body_decoder(type_).decode(body, parse_media_type(media)) == expected


@pytest.mark.parametrize(
    ("media", "body", "reason"),
    [
        # SECURITY: a form of another origin can send text/plain without a preflight.
        ("text/plain", b'{"name":"a","price":1}', "must be sent with Content-Type: application/json"),
        (None, b'{"name":"a","price":1}', "must be sent with Content-Type: application/json"),
        ("application/octet-stream", b"{}", "must be sent with Content-Type: application/json"),
        ("application/json; charset=utf-16", b"\xff", "is not in the charset that its Content-Type names"),
        ("application/json; charset=nope", b"{}", "is not in the charset that its Content-Type names"),
    ],
)
def test_by_content_type_refused(media: str | None, body: bytes, reason: str) -> None:
    assert faults_of(lambda: make_body_decoder(Item).decode(body, parse_media_type(media))) == [("", reason)]


def test_a_form_in_a_charset_that_nobody_knows_is_a_bad_request() -> None:
    with pytest.raises(RequestError) as raised:
        make_body_decoder(Item).decode(b"a=1", parse_media_type("application/x-www-form-urlencoded; charset=nope"))
    assert raised.value.status == 400


# Forms and queries


class Search(msgspec.Struct, forbid_unknown_fields=True):
    page: int = 1
    tag: list[str] = []
    ids: set[int] = set()
    pair: tuple[int, ...] = ()
    since: datetime.date | None = None
    limit: int | None = None
    text: str | None = None
    on: bool = False
    price: float = 0.0
    colour: Colour | None = None


class SearchModel(pydantic.BaseModel):
    page: int = 1
    tags: list[str] = pydantic.Field(default=[], alias="tag")
    on: bool = False
    limit: int | None = None


@pytest.mark.parametrize(
    ("type_", "query", "expected"),
    [
        (Search, "", Search()),
        (Search, "page=2&tag=a&ids=1&ids=2&pair=5", Search(2, ["a"], {1, 2}, (5,))),
        (Search, "tag=a&tag=b", Search(tag=["a", "b"])),
        (Search, "since=2026-01-31&limit=&text=&on=on", Search(since=datetime.date(2026, 1, 31), limit=None, text="", on=True)),
        (Search, "on=true&price=1e3&colour=red", Search(on=True, price=1000.0, colour=Colour.RED)),
        (Search, "on=0", Search(on=False)),
        (SearchModel, "page=2&tag=a&on=on&limit=", SearchModel(page=2, tag=["a"], on=True)),
        (Row, "id=1&tags=a", {"id": 1, "tags": ["a"]}),
        (Point[int], "x=1", Point(1)),
        (Address, "street=a&number=2", Address("a", 2)),
        (dict[str, int], "a=1&b=2", {"a": 1, "b": 2}),
        (dict[str, list[int]], "a=1&b=2&b=3", {"a": [1], "b": [2, 3]}),
    ],
)
def test_a_query(type_: Any, query: str, expected: object) -> None:
    assert make_query_decoder(type_)(parse_query(query)) == expected


@pytest.mark.parametrize(
    ("type_", "query", "expected"),
    [
        (Search, "page=x&since=1", [("page", "must be a whole number"), ("since", "must be a date such as 2026-01-31")]),
        (Search, "on=maybe", [("on", "must be true or false")]),
        (Search, "page=1&page=2", [("page", "must be a whole number, and only one")]),
        (Search, "ids=1&ids=x", [("ids[1]", "must be a whole number")]),
        (Search, "colour=green", [("colour", "must be one of: red, blue")]),
        (Search, "pages=1", [("pages", "is not a known field")]),
        (SearchModel, "page=x", [("page", "must be a whole number")]),
        (dict[str, int], "a=x", [("a", "must be a whole number")]),
        (list[int], "a=1", [("", "must be an array")]),
    ],
)
def test_a_bad_query(type_: Any, query: str, expected: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidInput) as raised:
        make_query_decoder(type_)(parse_query(query))
    assert raised.value.place == "query"
    assert [(fault.path, fault.reason) for fault in raised.value.faults] == expected


def test_route_parameters_that_the_type_does_not_name_are_left_out() -> None:
    class WithId(msgspec.Struct, forbid_unknown_fields=True):
        pid: int
        slug: list[str] = []

    query: Mapping[str, Any] = {"page": "2", "pid": "7"}
    assert make_query_decoder(Search, ("pid",))(query) == Search(page=2)
    assert make_query_decoder(WithId, ("pid", "slug", "user"))({"pid": "7", "slug": ["a"], "user": "b"}) == WithId(7, ["a"])


class Upload(msgspec.Struct):
    title: str
    picture: UploadFile
    others: list[UploadFile] = []
    copies: int = 1


class UploadModel(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    title: str
    picture: UploadFile


@pytest.fixture
def upload() -> Any:
    file = UploadFile("a.png", "image/png", {}, 1000)
    yield file
    file.close()


@pytest.mark.parametrize("type_", [Upload, UploadModel])
def test_uploaded_files(upload: UploadFile, type_: Any) -> None:
    form = make_body_decoder(type_).decode_form
    filled = form({"title": "a"}, {"picture": upload})
    assert filled.picture is upload
    assert faults_of(lambda: form({"title": "a", "picture": "secret"}, {})) == [("picture", "must be an uploaded file")]
    assert faults_of(lambda: form({"title": "a"}, {})) == [("picture", "is missing")]
    assert faults_of(lambda: form({}, {"title": upload, "picture": upload}))[0][0] == "title"


def test_several_uploaded_files(upload: UploadFile) -> None:
    form = make_body_decoder(Upload).decode_form
    assert form({"title": "a", "copies": "2"}, {"picture": upload, "others": upload}) == Upload("a", upload, [upload], 2)
    assert form({"title": "a"}, {"picture": upload, "others": [upload, upload]}).others == [upload, upload]
    (fault,) = faults_of(lambda: form({"title": "a"}, {"picture": [upload, upload]}))
    assert fault == ("picture", "must be an uploaded file")


# The answer


def test_the_answer_is_problem_details() -> None:
    error = InvalidInput([ValidationFault("items[2].price", "must be a number"), ValidationFault("", "is odd")])
    assert error.status == 400
    assert error.problem == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "The body does not fit what this route takes.",
        "errors": [{"path": "items[2].price", "reason": "must be a number"}, {"path": "", "reason": "is odd"}],
    }
    assert error.phrase == "The body does not fit: items[2].price must be a number; body is odd."


SECRET = "hunter2"


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Item, {"name": 5, "price": SECRET, "kind": SECRET}),
        (Order, {"orderId": SECRET, "items": SECRET, "placedAt": SECRET, "byName": [SECRET], "note": [SECRET]}),
        (Colour, SECRET),
        (Cat | Dog, {"type": SECRET}),
        (Literal[1, 2], SECRET),
        (Annotated[str, Meta(pattern="^a$")], SECRET),
        (decimal.Decimal, SECRET),
        (Model, {"size": SECRET, "when": SECRET, "kind": SECRET, "theTitle": [SECRET]}),
        (Holder, {"model": {"size": SECRET}, "many": SECRET}),
        (list[uuid.UUID], [SECRET]),
    ],
)
def test_no_value_is_repeated(type_: Any, value: object) -> None:
    with pytest.raises(InvalidInput) as raised:
        make_body_decoder(type_).decode_json(json.dumps(value).encode())
    assert SECRET not in str(raised.value)
    assert SECRET not in json.dumps(raised.value.problem)


@pytest.mark.parametrize(
    ("type_", "text", "expected"),
    [
        (int, "2.0", 2),
        (int, "1e3", 1000),
        (int, "-0.0", 0),
        (dict[str, list[int]], '{"a":[1,2.00]}', {"a": [1, 2]}),
        (float, "2.0", 2.0),
        (Dated, '{"day":"2026-01-31","count":3.0}', Dated(datetime.date(2026, 1, 31), 3)),
    ],
)
def test_a_whole_fraction_is_a_whole_number(type_: Any, text: str, expected: object) -> None:
    value = make_body_decoder(type_).decode_json(text.encode())
    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize("text", ["2.5", "1e-3", "9007199254740993.0", "1e300"])
def test_other_fractions_are_none(text: str) -> None:
    assert faults_of(lambda: make_body_decoder(int).decode_json(text.encode())) == [("", "must be a whole number, not a fraction")]
    mixed = f'{{"day":5,"count":3.0,"other":{text}}}'
    assert [path for path, _ in faults_of(lambda: make_body_decoder(Dated).decode_json(mixed.encode()))] == ["day", "other"]


@attrs.define
class Checked:
    length: str = attrs.field(default="abc", validator=attrs.validators.min_len(3))
    short: str = attrs.field(default="", validator=attrs.validators.max_len(3))
    digits: str = attrs.field(default="1", validator=attrs.validators.matches_re(r"\d+"))
    choice: str = attrs.field(default="x", validator=attrs.validators.in_(["x", Colour.RED]))
    number: Any = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.instance_of(int)))
    items: list[int] = attrs.field(factory=list, validator=attrs.validators.deep_iterable(attrs.validators.lt(5)))
    own: int = attrs.field(default=1)

    @own.validator
    def _refuse_negative(self, attribute: object, value: int) -> None:
        if value < 0:
            raise ValueError("must not be negative")


class Converted(msgspec.Struct):
    year: str

    def __post_init__(self) -> None:
        if self.year == "leap":
            raise ValueError("must not be a leap year")
        if self.year.startswith("time"):
            datetime.datetime.strptime(self.year, "%Y")
        int(self.year)


class ConvertedModel(pydantic.BaseModel):
    year: str
    month: int = 1

    @pydantic.field_validator("year")
    @classmethod
    def read(cls, value: str) -> str:
        return str(int(value))

    @pydantic.field_validator("month")
    @classmethod
    def compare(cls, value: int) -> int:
        if value > 12:
            raise AssertionError("must not be past December")
        return value


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (Checked, {"length": "q"}, [("length", "must have a length of 3 or more")]),
        (Checked, {"short": SECRET}, [("short", "must have a length of 3 or less")]),
        (Checked, {"digits": SECRET}, [("digits", r"must match the pattern \d+")]),
        (list[Checked], [{"choice": SECRET}], [("[0].choice", "must be one of: x, red")]),
        (Checked, {"number": SECRET}, [("number", "does not fit")]),
        (Checked, {"items": [77]}, [("items", "must be less than 5")]),
        (Checked, {"own": -1}, [("", "must not be negative")]),
        (Converted, {"year": "leap"}, [("", "must not be a leap year")]),
        (Converted, {"year": SECRET}, [("", "does not fit")]),
        (Converted, {"year": f"time {SECRET}"}, [("", "does not fit")]),
        (ConvertedModel, {"year": SECRET}, [("year", "does not fit")]),
        (ConvertedModel, {"year": "1", "month": 13}, [("month", "must not be past December")]),
        (Holder, {"model": {"size": SECRET}}, [("model.size", "must be a whole number")]),
    ],
)
def test_only_what_the_user_says_is_repeated(type_: Any, value: object, expected: list[tuple[str, str]]) -> None:
    assert faults_of(lambda: make_body_decoder(type_).decode_json(json.dumps(value).encode())) == expected


def test_a_discriminated_model_repeats_no_tag() -> None:
    class A(pydantic.BaseModel):
        kind: Literal["a"]

    class B(pydantic.BaseModel):
        kind: Literal["b"]

    decoder = make_body_decoder(Annotated[A | B, pydantic.Field(discriminator="kind")])
    assert decoder.decode_json(b'{"kind":"b"}') == B(kind="b")
    (fault,) = faults_of(lambda: decoder.decode_json(b'{"kind":"hunter2"}'))
    assert SECRET not in fault[1]


def test_there_is_a_bound_to_faults_and_to_names() -> None:
    many = faults_of(lambda: make_body_decoder(list[Item]).decode_json(json.dumps([{}] * 1000).encode()))
    assert len(many) == 50
    unknown = {"name": "a", "price": 1, "x" * 5000: 1}
    ((path, _),) = faults_of(lambda: make_body_decoder(Item).decode_json(json.dumps(unknown).encode()))
    assert len(path) == 101


# Types that cannot be


class Strange:
    pass


@pytest.mark.parametrize("type_", [Strange, list[Strange], Point[Strange], Item | Order, "Item", Callable[[], int]])
def test_a_type_that_json_cannot_fill(type_: Any) -> None:
    for make in (make_body_decoder, make_query_decoder):
        with pytest.raises(RouteModuleError) as raised:
            make(type_, where="pages/api/a.py, line 3")
        assert raised.value.message.startswith("pages/api/a.py, line 3: the type ")
        assert raised.value.files == ("pages/api/a.py",)


# Whatever is sent


class Everything(msgspec.Struct):
    order: Order
    tree: Tree
    pet: Cat | Dog
    point: Point[float]
    row: Row
    address: Address
    model: Model
    colour: Colour
    even: Even
    when: datetime.datetime | None = None
    lasts: datetime.timedelta | None = None
    amount: decimal.Decimal | None = None
    ids: dict[int, uuid.UUID] = {}
    data: bytes = b""
    pair: tuple[int, str] | None = None
    any: Any = None


GOOD = {
    "order": {**ORDER, "items": [{"name": "a", "price": 1.5}], "byName": {"a": {"name": "b", "price": 0, "kind": "b"}}},
    "tree": {"children": [{"value": 1}, {"children": [{"value": 2}]}]},
    "pet": {"type": "cat", "lives": 9},
    "point": {"x": 1.5},
    "row": {"id": 1, "tags": ["a"]},
    "address": {"street": "a"},
    "model": {"size": 1, "when": "2026-01-31", "theTitle": "abc"},
    "colour": "red",
    "even": {"number": 2},
    "when": "2026-01-31T12:00:00Z",
    "amount": "1.5",
    "ids": {"1": str(uuid.UUID(int=1))},
    "data": "YQ==",
    "pair": [1, "a"],
    "any": [None, {"a": 1}],
}
GOOD_TEXT = json.dumps(GOOD).encode()
DECODERS = [make_body_decoder(type_) for type_ in (Everything, Model, dict[int, list[Tree]])]
TEXTS = st.text(max_size=5) | st.sampled_from(["red", "cat", "2026-01-01", "1e999", "P1D", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "name", "price", "size", "1"]), inner, max_size=3),
    max_leaves=3,
)


def with_value_everywhere(value: Any, new: object) -> Iterator[Any]:
    """Give a copy of a value for each place in it, with another value at that place."""
    yield new
    if isinstance(value, dict | list):
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            for changed in with_value_everywhere(inner, new):
                copy: Any = value.copy()
                copy[key] = changed
                yield copy


PLACES = sum(1 for _ in with_value_everywhere(GOOD, None))


def decode_with_all(body: bytes) -> None:
    for decoder in DECODERS:
        with contextlib.suppress(InvalidInput):
            decoder.decode_json(body)


def test_the_good_body_is_good() -> None:
    DECODERS[0].decode_json(GOOD_TEXT)
    assert PLACES > 50


@settings(max_examples=5000 // PLACES + 1, deadline=None, suppress_health_check=list(HealthCheck))
@given(VALUES)
def test_a_body_with_another_value_somewhere(value: object) -> None:
    for changed in with_value_everywhere(GOOD, value):
        decode_with_all(json.dumps(changed).encode())


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 49), st.integers(0, 3), st.binary(max_size=3))
def test_a_body_with_other_bytes(first: int, length: int, new: bytes) -> None:
    for start in range(first, 50 * 16, 16):
        place = start % len(GOOD_TEXT)
        decode_with_all(GOOD_TEXT[:place] + new + GOOD_TEXT[place + length :])


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.sampled_from(["page", "tag", "ids", "pair", "since", "limit", "on", "price", "colour", "other"]),
        TEXTS | st.lists(TEXTS, max_size=3),
    )
)
def test_any_query(query: dict[str, Any]) -> None:
    for type_ in (Search, SearchModel, dict[str, int]):
        with contextlib.suppress(InvalidInput):
            make_query_decoder(type_)(query)


# Pydantic beside msgspec


class StrictDue(pydantic.BaseModel, strict=True):
    on: datetime.date
    count: int = 1
    ok: bool = False


class StructOfStrict(msgspec.Struct):
    due: StrictDue


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]


class Owner(pydantic.BaseModel):
    pet: Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]
    any_of: int | list[int] = 1
    counts: dict[int, int] = {}


class GenericOfModels(msgspec.Struct, Generic[T]):
    items: list[T]


class Floats(msgspec.Struct):
    f: float = 0.0
    many: list[float] = []
    either: float | str = ""


class FloatModel(pydantic.BaseModel):
    f: float


def json_of(type_: Any, text: str) -> Any:
    return make_body_decoder(type_).decode(text.encode(), parse_media_type("application/json"))


def form_of(type_: Any, text: str) -> Any:
    return make_body_decoder(type_).decode(text.encode(), parse_media_type("application/x-www-form-urlencoded"))


def test_a_strict_model_in_a_struct_reads_json() -> None:
    assert json_of(StructOfStrict, '{"due": {"on": "2026-01-31"}}').due.on == datetime.date(2026, 1, 31)
    with pytest.raises(InvalidInput) as caught:
        json_of(StructOfStrict, '{"due": {"on": "2026-01-31", "count": "1"}}')
    assert [fault.path for fault in caught.value.faults] == ["due.count"]


def test_a_strict_model_reads_forms() -> None:
    read = form_of(StrictDue, "on=2026-01-31&count=7&ok=on")
    assert (read.on, read.count, read.ok) == (datetime.date(2026, 1, 31), 7, True)
    assert make_query_decoder(StrictDue)({"on": "2026-01-31", "count": "7"}).count == 7
    with pytest.raises(InvalidInput) as caught:
        form_of(StrictDue, "on=2026-01-31&count=x")
    assert [fault.path for fault in caught.value.faults] == ["count"]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('{"pet": {"kind": "cat", "lives": "x"}}', ["pet.lives"]),
        ('{"pet": {"kind": "cat"}}', ["pet.lives"]),
        ('{"pet": {"kind": "cow"}}', ["pet"]),
        ('{"pet": {"kind": "dog"}, "any_of": "x"}', ["any_of", "any_of"]),
        ('{"pet": {"kind": "dog"}, "any_of": [1, "x"]}', ["any_of", "any_of[1]"]),
        ('{"pet": {"kind": "dog"}, "counts": {"k": 1}}', ["counts.k"]),
        ("{}", ["pet"]),
        ("[]", [""]),
    ],
)
def test_faults_of_a_model_are_where_they_are_in_the_body(text: str, paths: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        json_of(Owner, text)
    assert [fault.path for fault in caught.value.faults] == paths


def test_a_generic_struct_of_models() -> None:
    assert json_of(GenericOfModels[Dog], '{"items": [{"kind": "dog"}]}') == GenericOfModels([Dog(kind="dog")])
    with pytest.raises(InvalidInput) as caught:
        json_of(GenericOfModels[Dog], '{"items": [{"kind": "cow"}]}')
    assert [fault.path for fault in caught.value.faults] == ["items[0].kind"]


@pytest.mark.parametrize("text", ['{"f": NaN}', '{"f": Infinity}', '{"f": -Infinity}', '{"f": 1e999}', "[" * 100_000])
def test_a_model_takes_nothing_that_is_no_json(text: str) -> None:
    with pytest.raises(InvalidInput):
        json_of(FloatModel, text)


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-inf", "+Infinity", " nan "])
@pytest.mark.parametrize("type_", [Floats, FloatModel])
def test_a_form_holds_no_infinite_number(type_: Any, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        form_of(type_, f"f={value.replace('+', '%2B')}")
    assert [(fault.path, fault.reason) for fault in caught.value.faults] == [("f", "must be a number")]


def test_text_that_looks_like_an_infinite_number() -> None:
    with pytest.raises(InvalidInput):
        form_of(Floats, "many=1&many=inf")
    assert form_of(Floats, "many=1&either=nan").either == "nan"


# Fields that are not for a client


@dataclasses.dataclass
class Account:
    name: str
    is_admin: bool = dataclasses.field(init=False, default=False)


@attrs.define
class AttrsAccount:
    name: str
    is_admin: bool = attrs.field(init=False, default=False)


@pytest.mark.parametrize("type_", [Account, list[Account], AttrsAccount, GenericOfModels[Account]])
def test_a_field_that_init_does_not_take_stops_the_start(type_: Any) -> None:
    with pytest.raises(RouteModuleError, match="has the field `is_admin` with init=False"):
        make_body_decoder(type_, "pages/api/a.py, line 1")


# Unions and objects in forms


class OnlyA(msgspec.Struct, tag="a", tag_field="type"):
    ok: bool = False
    n: int | None = 5
    x: str = ""


class OnlyB(msgspec.Struct, tag="b", tag_field="type"):
    xs: list[int] = []
    x: int = 0


def test_the_members_of_a_union_read_forms_as_they_do_alone() -> None:
    assert form_of(OnlyA | OnlyB, "type=b&xs=1&x=2") == OnlyB([1], 2)
    assert form_of(OnlyA | OnlyB, "type=a&ok=on&n=&x=2") == OnlyA(True, None, "2")
    assert form_of(OnlyA | OnlyB | None, "type=b&xs=1") == OnlyB([1])


class WithObject(msgspec.Struct):
    meta: Even
    more: list[Even] = []
    counts: dict[str, int] = {}


class WithRaw(msgspec.Struct):
    n: int
    rest: msgspec.Raw


def test_a_whole_fraction_beside_a_raw_part() -> None:
    read = json_of(WithRaw, '{"n": 2.0, "rest": [1, 2.5]}')
    assert (read.n, bytes(read.rest)) == (2, b"[1,2.5]")


def test_an_object_in_a_form_is_json() -> None:
    assert form_of(WithObject, 'meta={"number": 2}&more={"number": 4}&counts={"a": 1}') == WithObject(Even(2), [Even(4)], {"a": 1})
    for text in ("meta={", 'meta={"number": 3}', "meta=x", "meta=[1]"):
        with pytest.raises(InvalidInput):
            form_of(WithObject, text)
