"""The document: valid whatever the types are, and saying what they say."""

import enum
import itertools
import json
import math
import re
from typing import Any, Generic, TypeVar

import attrs
import msgspec
import pydantic
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from schema_samples import ROUTES, Filter, Point, sample_operations
from slugline import Request, Response
from slugline.schema.json_schema import describe_types
from slugline.schema.openapi import make_openapi, name_operation
from slugline.schema.signature import Operation, read_operations


def document_of(*routes: str, **options: Any) -> dict[str, Any]:
    document = make_openapi(sample_operations(*routes), title="Shop", version="1.0", **options)
    validate(document, cls=OpenAPIV31SpecValidator)
    assert json.loads(json.dumps(document)) == document
    return document


@pytest.mark.parametrize("route", ROUTES)
def test_each_route_alone_is_valid(route: str) -> None:
    document_of(route)


def test_all_routes_together_are_valid() -> None:
    document = document_of(description="All of it.", base_path="/app")
    assert document["openapi"] == "3.1.1"
    assert document["info"] == {"title": "Shop", "version": "1.0", "description": "All of it."}
    assert document["servers"] == [{"url": "/app"}]


def test_no_routes_are_valid() -> None:
    assert make_openapi([], title="Shop", version="1.0")["paths"] == {}
    validate(make_openapi([], title="Shop", version="1.0"), cls=OpenAPIV31SpecValidator)


def test_the_validator_finds_faults() -> None:
    document = document_of("/api/items/[pid]")
    del document["paths"]["/api/items/{pid}"]["get"]["parameters"]
    with pytest.raises(Exception, match="pid"):
        validate(document, cls=OpenAPIV31SpecValidator)


def test_every_reference_leads_somewhere_and_every_component_is_used() -> None:
    document = document_of()
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert referred == set(document["components"]["schemas"])


def test_the_same_operations_in_any_order_give_the_same_document() -> None:
    operations = sample_operations()
    first = json.dumps(make_openapi(operations, title="a", version="1"))
    assert json.dumps(make_openapi(reversed(operations), title="a", version="1")) == first


def test_operation_ids_are_unique() -> None:
    document = document_of()
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    assert {"getItems", "getGetItems", "getGetItems2", "getItemsByPid", "putItemsByPid", "getApi"} - set(ids) == {"getApi"}


@pytest.mark.parametrize(
    ("method", "route", "expected"),
    [
        ("GET", "/api", "getIndex"),
        ("GET", "/api/items", "getItems"),
        ("POST", "/api/items/[pid]", "postItemsByPid"),
        ("GET", "/api/[user]/posts/[...id]", "getByUserPostsById"),
        ("DELETE", "/api/two-words", "deleteTwoWords"),
    ],
)
def test_names_of_operations(method: str, route: str, expected: str) -> None:
    assert name_operation(Operation(method, route)) == expected


def test_docstrings_are_summary_and_description() -> None:
    operation = document_of("/api/items/[pid]")["paths"]["/api/items/{pid}"]["get"]
    assert operation["summary"] == "List the items."
    assert operation["description"] == "All of them, in `order`."
    assert operation["tags"] == ["items"]


def test_parameters() -> None:
    operation = document_of("/api/items/[pid]")["paths"]["/api/items/{pid}"]["get"]
    parameters = {(each["in"], each["name"]): each for each in operation["parameters"]}
    assert list(parameters) == [("path", "pid"), ("query", "page"), ("query", "tag")]
    assert parameters["path", "pid"] == {"name": "pid", "in": "path", "required": True, "schema": {"type": "integer"}}
    assert parameters["query", "tag"]["schema"] == {"type": "array", "items": {"type": "string"}}
    assert parameters["query", "page"]["description"] == "From 1."
    assert not parameters["query", "page"]["required"]


def test_a_catch_all_beside_a_parameter() -> None:
    paths = document_of("/api/items/[pid]", "/api/items/[...path]")["paths"]
    assert list(paths) == ["/api/items/{pid}", "/api/items/{path}/{path2}"]
    assert [each["name"] for each in paths["/api/items/{path}/{path2}"]["get"]["parameters"]] == ["path", "path2"]
    alone = document_of("/api/items/[...path]")["paths"]
    assert list(alone) == ["/api/items/{path}"]
    assert alone["/api/items/{path}"]["get"]["parameters"][0]["x-slugline-catch-all"] is True


def test_an_optional_catch_all_has_two_paths() -> None:
    paths = document_of("/api/docs/[[...slug]]")["paths"]
    assert list(paths) == ["/api/docs", "/api/docs/{slug}"]
    assert "parameters" not in paths["/api/docs"]["get"]


def test_bodies() -> None:
    paths = document_of("/api/items", "/api/docs/[[...slug]]", "/api/upload")["paths"]
    assert paths["/api/items"]["post"]["requestBody"] == {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ItemInput"}}},
        "required": True,
    }
    assert "requestBody" not in paths["/api/items"]["get"]
    assert paths["/api/docs"]["post"]["requestBody"]["required"] is False
    assert list(paths["/api/upload"]["post"]["requestBody"]["content"]) == ["multipart/form-data"]


def test_a_default_may_be_left_out_of_a_body_and_not_of_an_answer() -> None:
    schemas = document_of("/api/page", "/api/address", "/api/holder")["components"]["schemas"]
    assert schemas["AddressInput"]["required"] == ["street"]
    assert schemas["Address"]["required"] == ["street", "number"]
    assert "required" not in schemas["InnerInput"]
    assert schemas["Inner"]["required"] == ["size"]
    assert schemas["HolderInput"]["properties"]["model"] == {"$ref": "#/components/schemas/InnerInput"}
    assert schemas["Page_Point_"]["properties"]["items"]["items"] == {"$ref": "#/components/schemas/Point"}
    assert schemas["Item"]["required"] == ["name", "price", "colour", "tags", "parent"]


def test_what_refers_to_a_type_with_defaults_has_two_forms_too() -> None:
    class Basket(msgspec.Struct):
        points: list[Point]

    class Cart(msgspec.Struct):
        basket: Basket

    def POST(req: Request[Cart], res: Response[Cart]) -> None: ...

    document = make_openapi(read_operations({"POST": POST}, "/api", "a.py"), title="a", version="1")
    schemas = document["components"]["schemas"]
    assert {"Cart", "CartInput", "Basket", "BasketInput", "Point", "PointInput"} < set(schemas)
    assert schemas["CartInput"]["properties"]["basket"] == {"$ref": "#/components/schemas/BasketInput"}
    assert schemas["BasketInput"]["properties"]["points"]["items"] == {"$ref": "#/components/schemas/PointInput"}
    assert schemas["Basket"]["properties"]["points"]["items"] == {"$ref": "#/components/schemas/Point"}


def test_a_struct_that_omits_defaults_may_leave_them_out() -> None:
    class Sparse(msgspec.Struct, omit_defaults=True):
        a: int = 0

    def handler(req: Request, res: Response[Sparse]) -> None: ...

    document = make_openapi(read_operations({"handler": handler}, "/api", "a.py"), title="a", version="1")
    assert document["components"]["schemas"]["Sparse"]["required"] == []


def test_descriptions_have_no_indentation() -> None:
    assert document_of("/api/page")["components"]["schemas"]["Item"]["description"] == "Something to buy.\n\nIt has a price */ and a name."


def test_an_uploaded_file_is_binary() -> None:
    properties = document_of("/api/upload")["components"]["schemas"]["Upload"]["properties"]
    assert properties["picture"] == {"type": "string", "format": "binary"}


def test_bytes_may_be_of_any_type() -> None:
    body = document_of("/api/raw")["paths"]["/api/raw"]["post"]["requestBody"]
    assert body == {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}, "required": True}


T = TypeVar("T")


class Bought(pydantic.BaseModel):
    a: int


class Shown(msgspec.Struct, Generic[T]):
    items: list[T]


class Limits(msgspec.Struct):
    top: float = math.inf
    bottom: list[float] = msgspec.field(default_factory=lambda: [-math.inf])
    step: float = 1.0


class Sparse(msgspec.Struct):
    id: int
    more: int | msgspec.UnsetType = msgspec.UNSET


@attrs.define
class Private:
    a: int = 1
    _b: int = 2


class ByName(msgspec.Struct, tag="name", tag_field="by"):
    name: str
    page: int = 1


class ById(msgspec.Struct, tag="id", tag_field="by"):
    id: int
    page: str = ""


def test_a_union_as_query() -> None:
    def look(req: Request[Any, ByName | ById], res: Response) -> None: ...

    document = make_openapi(read_operations({"GET": look}, "/api/look", "pages/api/look.py"), title="Look", version="1")
    validate(document, cls=OpenAPIV31SpecValidator)
    parameters = {each["name"]: each for each in document["paths"]["/api/look"]["get"]["parameters"]}
    assert {name: each["required"] for name, each in parameters.items()} == {"by": True, "name": False, "id": False, "page": False}
    assert parameters["page"]["schema"] == {"anyOf": [{"type": "integer", "default": 1}, {"type": "string", "default": ""}]}


class WithModelDefault(msgspec.Struct):
    name: str
    bought: Bought = Bought(a=1)
    others: list[Bought] = []
    size: int = 3


class Rights(enum.IntFlag):
    READ = 1
    WRITE = 2


class WithFlag(msgspec.Struct):
    rights: Rights


def test_a_default_that_json_cannot_hold() -> None:
    for are_answers, required in ((False, ["name"]), (True, ["name", "bought", "others", "size"])):
        (schema,), components = describe_types([WithModelDefault], are_answers=are_answers)
        assert "Bought" in components
        assert (schema["title"], schema["required"]) == ("WithModelDefault", required)
        assert schema["properties"] == {
            "name": {"type": "string"},
            "bought": {"$ref": "#/components/schemas/Bought"},
            "others": {"type": "array", "items": {"$ref": "#/components/schemas/Bought"}},
            "size": {"type": "integer"},
        }


def test_combinations_of_a_flag_are_described() -> None:
    assert answered(WithFlag)[1]["Rights"] == {"title": "Rights", "type": "integer"}


def answered(type_: Any) -> tuple[Any, Any]:
    (schema,), components = describe_types([type_], are_answers=True)
    json.dumps([schema, components], allow_nan=False)
    return schema, components


@pytest.mark.parametrize("type_", [Shown[Bought], Limits | Bought, list[Limits | Bought], dict[str, Shown[Bought]]])
def test_models_among_other_types(type_: Any) -> None:
    answered(type_)


def test_a_generic_struct_of_models_is_described() -> None:
    _, components = answered(Shown[Bought])
    assert components["Shown_Bought_"]["properties"]["items"] == {"type": "array", "items": {"$ref": "#/components/schemas/Bought"}}


def test_no_infinite_number_is_in_the_document() -> None:
    _, components = answered(Limits)
    assert components["Limits"]["properties"] == {
        "top": {"type": "number"},
        "bottom": {"type": "array", "items": {"type": "number"}},
        "step": {"type": "number", "default": 1.0},
    }


def test_what_is_left_out_of_an_answer_is_not_required() -> None:
    assert answered(Sparse)[1]["Sparse"]["required"] == ["id"]
    private = answered(Private)[1]["Private"]
    assert list(private["properties"]) == private["required"] == ["a"]


def test_responses() -> None:
    document = document_of("/api/items/[pid]", "/api/items", "/api", "/api/raw", "/api/either")
    item = document["paths"]["/api/items/{pid}"]
    assert list(item["get"]["responses"]) == ["200", "400", "404"]
    assert item["delete"]["responses"] == {"204": {"description": "No Content"}}
    assert list(item["put"]["responses"]) == ["201", "400", "409"]
    assert list(item["put"]["responses"]["400"]["content"]) == ["application/problem+json"]
    untyped = document["paths"]["/api"]["get"]["responses"]
    assert (list(untyped), untyped["200"]) == (["200", "default"], {"description": "OK"})
    assert list(document["paths"]["/api/raw"]["post"]["responses"]["200"]["content"]) == ["application/octet-stream"]
    assert list(document["paths"]["/api/either"]["post"]["responses"]["200"]["content"]) == ["application/json", "text/plain"]


def test_a_handler_answers_every_method() -> None:
    def handler(req: Request[Any, Filter], res: Response[Point]) -> None:
        if req.method == "PUT":
            res.json(Point(1))

    document = make_openapi(read_operations({"handler": handler}, "/api", "a.py"), title="a", version="1")
    validate(document, cls=OpenAPIV31SpecValidator)
    item = document["paths"]["/api"]
    assert list(item) == ["get", "post", "put", "patch", "delete", "head", "options", "trace"]
    assert list(item["put"]["responses"]) == ["200", "400"]
    assert list(item["get"]["responses"]) == ["200", "400", "default"]
    assert item["head"]["responses"]["200"] == {"description": "OK"}
    assert "content" in item["get"]["responses"]["400"]
    assert "content" not in item["head"]["responses"]["400"]


def test_paths_end_in_a_slash_where_the_server_wants_one() -> None:
    routes = ["/api", "/api/map.xml", "/api/[pid]", "/api/notes/[[...slug]]", "/api/[...rest]"]
    operations = [each for route in routes for each in read_operations({"GET": ROUTES["/api"]["GET"]}, route, "a.py")]
    document = make_openapi(operations, title="a", version="1", base_path="/app", trailing_slash=True)
    validate(document, cls=OpenAPIV31SpecValidator)
    assert document["servers"] == [{"url": "/app"}]
    assert set(document["paths"]) == {
        *("/api/", "/api/map.xml", "/api/{pid}/", "/api/notes/", "/api/notes/{slug}/", "/api/{rest}/{rest2}/"),
    }


def test_a_type_of_the_users_named_as_ours_keeps_its_name() -> None:
    document = document_of("/api/items")
    schemas = document["components"]["schemas"]
    assert list(schemas["ProblemDetails"]["properties"]) == ["text"]
    assert "errors" in schemas["ProblemDetails2"]["properties"]
    response = document["paths"]["/api/items"]["post"]["responses"]["400"]
    assert response["content"]["application/problem+json"]["schema"]["$ref"].endswith("/ProblemDetails2")


def test_a_model_is_described_by_its_alias() -> None:
    schemas = document_of("/api/model")["components"]["schemas"]
    inputs = next(schema for name, schema in schemas.items() if name.startswith("Model"))
    assert "theTitle" in inputs["properties"]
    assert inputs["description"] == "A model of pydantic's."


def test_a_class_that_nobody_knows_is_anything() -> None:
    class Own: ...

    def handler(req: Request, res: Response[Own]) -> None: ...

    operations = read_operations({"handler": handler}, "/api/own", "own.py")
    document = make_openapi(operations, title="a", version="1")
    validate(document, cls=OpenAPIV31SpecValidator)
    assert document["paths"]["/api/own"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] == {}


def test_classes_of_one_name_in_two_files() -> None:
    first, second = ({"__name__": f"pages.api.[{name}]", "__annotations__": {}} for name in "ab")
    for names in (first, second):
        exec("import msgspec\nfrom slugline import Request, Response\nclass New(msgspec.Struct):\n    x: int\n"
             "def POST(req: Request[New], res: Response[New]): ...\n", names)  # fmt: skip
    operations = list(
        itertools.chain(
            read_operations({"POST": first["POST"]}, "/api/a", "a.py"), read_operations({"POST": second["POST"]}, "/api/b", "b.py")
        )
    )
    document = make_openapi(operations, title="a", version="1")
    validate(document, cls=OpenAPIV31SpecValidator)
    assert len([name for name in document["components"]["schemas"] if name.endswith("New")]) == 2
