"""JSON Schema (draft 2020-12, the one of OpenAPI 3.1) of the types of many operations, with the named ones in one set of components."""

import enum
import inspect
import math
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from typing_extensions import is_typeddict

from slugline.http.multipart_form import UploadFile
from slugline.schema.fields import find_fields, is_model, make_adapter, needs_adapter, strip, union_members, walk_types
from slugline.schema.signature import UNTYPED, Operation

__all__ = ["BINARY", "REFERENCE", "OperationSchemas", "Schema", "describe_types", "find_references"]

Schema = dict[str, Any]

REFERENCE = "#/components/schemas/"
BINARY: Schema = {"type": "string", "format": "binary"}
"""An uploaded file. OpenAPI 3.1 would also do with an empty schema; the generators of clients know this one."""


def describe_types(types: Sequence[Any], *, are_answers: bool) -> tuple[list[Schema], dict[str, Schema]]:
    """Give the schema of each type, in order, and the components that they refer to.

    In an answer every field is there that the type does not allow to leave out, one with a default too; a body may come without it.
    An answer may also be a union that nobody could decode. A class that neither library knows is {}, which is anything.
    """
    book = _Book(types, are_answers=are_answers)
    return [book.describe(each) for each in types], book.components


def find_references(value: object) -> Iterator[str]:
    """Give the names of the components that a part of a document refers to, again and again."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            reference = each.get("$ref")
            if isinstance(reference, str) and reference.startswith(REFERENCE):
                yield reference.removeprefix(REFERENCE)
            pending.extend(reversed(list(each.values())))
        elif isinstance(each, list):
            pending.extend(reversed(each))


class OperationSchemas:
    """The schemas of all types of some operations, and the components that they refer to."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        operations = list(operations)
        taken = [each for operation in operations for each in (operation.body, operation.query) if each is not UNTYPED]
        given = [each for operation in operations for each in operation.responses.values() if each is not UNTYPED]
        taken_schemas, taken_components = describe_types(taken, are_answers=False)
        given_schemas, given_components = describe_types(given, are_answers=True)
        renamed = _find_different(taken_components, given_components)
        self.components = given_components
        for name, schema in taken_components.items():
            self.components[renamed.get(name, name)] = _rename(schema, renamed)
        # By identity, for a type with a `Meta` in it need not be hashable; the operations keep the types alive.
        self._taken: dict[int, Schema] = dict(zip(map(id, taken), _rename(taken_schemas, renamed), strict=True))
        self._given: dict[int, Schema] = dict(zip(map(id, given), given_schemas, strict=True))

    def body(self, operation: Operation) -> Schema:
        """Give the schema of the body, which the operation must have."""
        return self._taken[id(operation.body)]

    def answer(self, type_: Any) -> Schema:
        """Give the schema of one of the types in `responses`."""
        return self._given[id(type_)]

    def query(self, operation: Operation) -> Schema:
        """Give the schema of the query with its properties at the top, and {} when there is none.

        A union has the properties of all of its members, and requires what all of them do.
        """
        if operation.query is UNTYPED:
            return {}
        schema = self._resolve(self._taken[id(operation.query)])
        members = [self._resolve(each) for each in schema.get("anyOf") or schema.get("oneOf") or ()]
        return _merge([each for each in members if "properties" in each]) if members else schema

    def reach(self, roots: object) -> list[str]:
        """Give the names of the components that some schemas refer to, directly or not, in alphabetical order."""
        found: set[str] = set()
        pending = list(find_references(roots))
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                pending.extend(find_references(self.components[name]))
        return sorted(found)

    def _resolve(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self.components[schema["$ref"].removeprefix(REFERENCE)]
        return schema


class _Book:
    def __init__(self, types: Sequence[Any], *, are_answers: bool) -> None:
        self.are_answers = are_answers
        self.components: dict[str, Schema] = {}
        self.model_schemas: dict[int, Schema] = {}
        parts = [part for each in types for part in self._parts(each)]
        # msgspec cannot describe a class with a default that JSON cannot hold, such as a model: it is described field by field.
        by_fields = [
            (each, fields)
            for each in parts
            if not needs_adapter(each) and not self._is_describable(each) and (fields := find_fields(each)) is not None
        ]
        parts += [field.type for _, fields in by_fields for field in fields]
        self._describe_models(parts)
        plain = [each for each in parts if not needs_adapter(each) and self._is_describable(each)]
        schemas, components = _with_msgspec(plain, self._describe_class)
        renamed = {name: f"{name}Data" for name in components if name in self.components}
        self.plain_schemas: dict[int, Schema] = dict(zip(map(id, plain), _rename(schemas, renamed), strict=True))
        for name, schema in components.items():
            self.components[renamed.get(name, name)] = _rename(schema, renamed)
        for each, fields in by_fields:
            self.plain_schemas[id(each)] = {
                "title": getattr(typing.get_origin(each) or each, "__name__", ""),
                "type": "object",
                "properties": {field.key: self.describe(field.type) for field in fields},
                "required": [field.key for field in fields if field.required or are_answers],
            }
        _describe_flags(self.components, plain)
        if are_answers:
            _require_defaults(self.components, plain)
        for schema in (*self.components.values(), *self.plain_schemas.values(), *self.model_schemas.values()):
            _clean(schema)

    def describe(self, type_: Any) -> Schema:
        schemas = [(self.model_schemas if needs_adapter(each) else self.plain_schemas).get(id(each), {}) for each in self._parts(type_)]
        return {"anyOf": schemas} if len(schemas) > 1 else schemas[0]

    def _parts(self, type_: Any) -> tuple[Any, ...]:
        if not self.are_answers or (needs_adapter(type_) and _describable(type_) is not None):
            return (type_,)
        return union_members(type_)

    def _describe_models(self, parts: Sequence[Any]) -> None:
        wanted: dict[int, Any] = {}
        for part in parts:
            # Models in the fields of a Struct have no adapter of their own yet.
            found = [part] if needs_adapter(part) else [each for each in walk_types(part) if is_model(each)]
            wanted.update((id(each), each) for each in found)
        mode = "serialization" if self.are_answers else "validation"
        adapters = [(key, mode, adapter) for key, each in wanted.items() if (adapter := _describable(each)) is not None]
        if adapters:
            schemas, shared = sys.modules["pydantic"].TypeAdapter.json_schemas(
                adapters, ref_template=f"{REFERENCE}{{model}}", schema_generator=_model_generator()
            )
            self.model_schemas = {key: schema for (key, _), schema in schemas.items()}
            self.components.update(shared.get("$defs", {}))

    def _describe_class(self, cls: type) -> Schema:
        if cls is UploadFile:
            return dict(BINARY)
        # A model that is not described yet: `_is_describable` asks for no more than that there is something.
        return self.model_schemas.get(id(cls)) or ({"type": "object"} if is_model(cls) and not self.model_schemas else {})

    def _is_describable(self, type_: Any) -> bool:
        try:
            _with_msgspec([type_], self._describe_class)
        except (TypeError, NameError, ValueError):
            return False
        return True


def _with_msgspec(types: Sequence[Any], describe_class: Any) -> tuple[list[Schema], dict[str, Schema]]:
    schemas, components = msgspec.json.schema_components(types, schema_hook=describe_class, ref_template=f"{REFERENCE}{{name}}")
    return list(schemas), components


def _describable(type_: Any) -> Any:
    """Give the adapter of a model, or None for one that pydantic itself cannot describe: with a class of the user's in it, say."""
    try:
        adapter = make_adapter(type_)
        adapter.json_schema(schema_generator=_model_generator())
    except Exception:  # noqa: BLE001 (pydantic's own errors, whose module must not be imported)
        return None
    return adapter


def _model_generator() -> Any:
    """Give pydantic's maker of schemas, made to know an uploaded file."""
    base = sys.modules["pydantic.json_schema"].GenerateJsonSchema

    def describe_instance(self: Any, schema: Any) -> Schema:
        described: Schema = dict(BINARY) if schema["cls"] is UploadFile else base.is_instance_schema(self, schema)
        return described

    return type("ModelGenerator", (base,), {"is_instance_schema": describe_instance})


def _require_defaults(components: Mapping[str, Schema], types: Iterable[Any]) -> None:
    """Make all fields required, but for those of a TypedDict or of a Struct that leaves out what is as by default, and for UNSET.

    Private fields of an attrs class are never written.
    """
    sparse = set()
    left_out: dict[str, set[str]] = {}
    for each in (each for type_ in types for each in walk_types(type_)):
        cls = typing.get_origin(each) or each
        if not isinstance(cls, type):
            continue
        if is_typeddict(cls) or (issubclass(cls, msgspec.Struct) and cls.__struct_config__.omit_defaults):
            sparse.add(cls.__name__)
        elif (fields := find_fields(each)) is not None:
            unset = {field.key for field in fields if any(strip(member) is msgspec.UnsetType for member in union_members(field.type))}
            private = {field.key for field in fields if field.key.startswith("_") and hasattr(cls, "__attrs_attrs__")}
            left_out.setdefault(cls.__name__, set()).update(unset)
            for key in private:
                _find_properties(components, cls.__name__).pop(key, None)
    for schema in components.values():
        # Of a generic class the title is "Page[Item]". A class of the same name as a sparse one is left alone with it.
        title = str(schema.get("title", "")).partition("[")[0]
        if "properties" in schema and title not in sparse:
            schema["required"] = [key for key in schema["properties"] if key not in left_out.get(title, ())]


def _describe_flags(components: dict[str, Schema], types: Iterable[Any]) -> None:
    """Make every IntFlag an integer: msgspec names its members alone, and takes and writes their combinations as well."""
    for cls in (each for type_ in types for each in walk_types(type_)):
        if isinstance(cls, type) and issubclass(cls, enum.IntFlag):
            for schema in components.values():
                if schema.get("title") == cls.__name__ and "enum" in schema:
                    del schema["enum"]
                    schema["type"] = "integer"


def _find_properties(components: Mapping[str, Schema], title: str) -> dict[str, Any]:
    found = (schema for schema in components.values() if schema.get("title") == title)
    properties: dict[str, Any] = next(found, {}).get("properties", {})
    return properties


def _clean(value: Any) -> None:
    """Take out, in place, the indentation of docstrings, and infinite defaults and limits, which JSON has no word for."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            for key in [
                key for key, part in each.items() if _is_infinite(part) or (key in ("default", "examples") and _holds_infinite(part))
            ]:
                del each[key]
            if isinstance(each.get("description"), str):
                each["description"] = inspect.cleandoc(each["description"])
            pending.extend(each.values())
        elif isinstance(each, list):
            pending.extend(each)


def _merge(members: Sequence[Schema]) -> Schema:
    found: dict[str, list[Schema]] = {}
    for member in members:
        for name, schema in member["properties"].items():
            alike = found.setdefault(name, [])
            if schema not in alike:
                alike.append(schema)
    required = [name for name in found if all(name in member.get("required", ()) for member in members)]
    return {"properties": {name: each[0] if len(each) == 1 else {"anyOf": each} for name, each in found.items()}, "required": required}


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _holds_infinite(value: Any) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return _is_infinite(value) or any(map(_holds_infinite, parts))


def _find_different(taken: Mapping[str, Schema], given: Mapping[str, Schema]) -> dict[str, str]:
    """Give names of their own to components that a body has and an answer has otherwise, and to those that refer to one of them."""
    different = {name for name, schema in taken.items() if name in given and given[name] != schema}
    while more := {name for name in taken.keys() & given.keys() - different if different & set(find_references(taken[name]))}:
        different |= more
    names: dict[str, str] = {}
    for name in sorted(different):
        free = f"{name}Input"
        while free in taken or free in given:
            free += "Data"
        names[name] = free
    return names


def _rename(value: Any, renamed: Mapping[str, str]) -> Any:
    """Give a copy in which the references to some components have their new names; those in the mapping of a discriminator too."""
    if isinstance(value, dict):
        return {key: _rename(each, renamed) for key, each in value.items()}
    if isinstance(value, list):
        return [_rename(each, renamed) for each in value]
    if isinstance(value, str) and value.startswith(REFERENCE):
        name = value.removeprefix(REFERENCE)
        return f"{REFERENCE}{renamed.get(name, name)}"
    return value
