"""From the operations of a project to one TypeScript module: its types, and a small client that calls `fetch` and needs no package.

    const post = await api.get("/api/post/[pid]", { params: { pid: 7 }, query: { draft: true } });

A route is written as its file is named, so that a path in the editor, in the terminal and in the browser is the same text. What a
route takes and gives is one table of types, `Routes`; the client is the same few lines for every project, and reads that table.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from slugline.schema.fields import accepts_none, strip, without_none
from slugline.schema.json_schema import REFERENCE, OperationSchemas, Schema
from slugline.schema.signature import FILE_METHODS, METHODS_WITHOUT_BODY, UNTYPED, Operation, PathParameter
from slugline.schema.typescript_client import CLIENT, CLIENT_NAMES

__all__ = ["FIRST_LINE", "make_typescript"]

FIRST_LINE = "// Written by Slugline from the route files. Changes are lost the next time; do not edit."
"""By which a file is known as one that may be written again."""
HEAD = f"""\
{FIRST_LINE}
/* eslint-disable */
"""

_WORDS = """
ArrayBuffer
Array Blob BodyInit Boolean Date Error FormData Headers HeadersInit JSON Number Object Omit Promise Record Request RequestInit Response
String Symbol TypeError URL URLSearchParams any bigint boolean never null number object string symbol undefined unknown void
await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements
import in instanceof interface let new package private protected public return static super switch this throw true try typeof var while
with yield
"""
RESERVED = frozenset({*CLIENT_NAMES, *_WORDS.split()})
"""Names that a type of the user's cannot have: those of the client, of the platform, which it would hide, and of the language."""

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def make_typescript(operations: Iterable[Operation], *, base_path: str = "", trailing_slash: bool = False) -> str:
    """Make the module; the same operations in any order give the same text, so that a file is only written when something changed.

    `base_path` is what stands before every route, such as "/app"; with `trailing_slash` each URL ends as a server with that setting
    wants it. HEAD, OPTIONS and TRACE are left out: `fetch` itself is for those.
    """
    called = [each for each in operations if each.method in FILE_METHODS]
    return _Module(sorted(called, key=lambda each: (each.route, FILE_METHODS.index(each.method)))).make(base_path, trailing_slash)


class _Module:
    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations
        self.schemas = OperationSchemas(operations)
        self.names = _make_names(self.schemas.components)

    def make(self, base_path: str, trailing_slash: bool) -> str:
        routes = self._routes()
        shown = self._shown_components()
        declared = sorted((self.names[name], self.schemas.components[name]) for name in shown)
        types = [self._declare(name, schema) for name, schema in declared]
        address = f"const basePath: string = {json.dumps(base_path)};\nconst trailingSlash: boolean = {json.dumps(trailing_slash)};\n"
        return "\n".join([HEAD, *types, routes, address, CLIENT])

    # Routes

    def _routes(self) -> str:
        lines = ["/** What each route takes and gives, by the name of its file. */", "export interface Routes {"]
        by_route: dict[str, list[Operation]] = {}
        for operation in self.operations:
            by_route.setdefault(operation.route, []).append(operation)
        for route, operations in by_route.items():
            lines.append(f"  {json.dumps(route)}: {{")
            for operation in operations:
                lines.extend(_comment("\n\n".join(filter(None, (operation.summary, operation.description))), "    "))
                lines.append(f"    {operation.method.lower()}: {{")
                lines.extend(f"      {each}" for each in self._members(operation))
                lines.append("    };")
            lines.append("  };")
        return "\n".join([*lines, "}", ""])

    def _members(self, operation: Operation) -> Iterator[str]:
        yield f"options: {self._options(operation)};"
        yield f"data: {self._answer({status: each for status, each in operation.responses.items() if 200 <= status <= 299})};"
        errors = {status: each for status, each in operation.responses.items() if status >= 400}
        if errors:
            yield f"errors: {{ {' '.join(f'{status}: {self._answer({status: each})};' for status, each in errors.items())} }};"

    def _options(self, operation: Operation) -> str:
        members = []
        if operation.parameters:
            mark = "?" if all(each.optional for each in operation.parameters) else ""
            members.append(f"params{mark}: {{ {' '.join(map(_write_parameter, operation.parameters))} }};")
        members.append("query?: { [key: string]: unknown };" if operation.query is UNTYPED else self._query(operation))
        if operation.body is UNTYPED:
            members += [] if operation.method in METHODS_WITHOUT_BODY else ["body?: unknown;"]
        else:
            mark = "?" if accepts_none(operation.body) else ""
            is_bytes = strip(without_none(operation.body)) is bytes
            members.append(f"body{mark}: {'Blob | ArrayBuffer' if is_bytes else self._write(self.schemas.body(operation))};")
        return f"{{ {' '.join(members)} }}"

    def _query(self, operation: Operation) -> str:
        described = self.schemas.query(operation)
        if "properties" not in described:
            return f"query?: {self._write(described)};"
        names = {each.name for each in operation.parameters}
        properties = {name: each for name, each in described["properties"].items() if name not in names}
        required = [name for name in described.get("required", []) if name in properties]
        written = self._write({"type": "object", "properties": properties, "required": required, "additionalProperties": False})
        return f"query{'' if required else '?'}: {written};"

    def _answer(self, responses: Mapping[int, Any]) -> str:
        if not responses:
            return "unknown"
        return _union(
            "undefined" if status in (204, 205) else "unknown" if type_ is UNTYPED else self._write_answer(type_)
            for status, type_ in responses.items()
        )

    def _write_answer(self, type_: Any) -> str:
        return "Blob" if strip(type_) is bytes else self._write(self.schemas.answer(type_))

    # Types

    def _shown_components(self) -> list[str]:
        """Give the components that the routes refer to; the query types are written out in the routes, and not by name."""
        roots: list[object] = []
        for operation in self.operations:
            if operation.body is not UNTYPED:
                roots.append(self.schemas.body(operation))
            roots.extend(self.schemas.answer(each) for each in operation.responses.values() if each is not UNTYPED)
            roots.append(self.schemas.query(operation))
        return self.schemas.reach(roots)

    def _declare(self, name: str, schema: Schema) -> str:
        lines = _comment(schema.get("description", ""), "")
        properties = schema.get("properties")
        if schema.get("type") == "object" and properties and not isinstance(schema.get("additionalProperties"), dict):
            lines.append(f"export interface {name} {{")
            required = schema.get("required", [])
            for key, each in properties.items():
                lines.extend(_comment(each.get("description", "") if isinstance(each, dict) else "", "  "))
                lines.append(f"  {_write_property(key, required=key in required)}: {self._write(each)};")
            lines.append("}")
        else:
            lines.append(f"export type {name} = {self._write(schema)};")
        return "\n".join([*lines, ""])

    def _write(self, schema: Any) -> str:
        """Write a schema as a type, in one line."""
        if not isinstance(schema, dict):
            return "never" if schema is False else "unknown"
        if "$ref" in schema:
            return self.names[schema["$ref"].removeprefix(REFERENCE)]
        if "const" in schema:
            return json.dumps(schema["const"])
        if "enum" in schema:
            return _union(json.dumps(each) for each in schema["enum"])
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return _union(self._write(each) for each in schema[key])
        if "allOf" in schema:
            return " & ".join(_parenthesised(self._write(each)) for each in schema["allOf"])
        kind = schema.get("type")
        if isinstance(kind, list):
            return _union(self._write({**schema, "type": each}) for each in kind)
        return self._write_kind(kind, schema)

    def _write_kind(self, kind: object, schema: Schema) -> str:
        if kind == "string":
            return "Blob" if schema.get("format") == "binary" else "string"
        if kind in ("integer", "number"):
            return "number"
        if kind in ("boolean", "null"):
            return str(kind)
        if kind == "array":
            return self._write_array(schema)
        if kind == "object" or "properties" in schema:
            return self._write_object(schema)
        return "unknown"

    def _write_array(self, schema: Schema) -> str:
        items = schema.get("items", {})
        if "prefixItems" not in schema:
            return f"{_parenthesised(self._write(items))}[]"
        fixed = [self._write(each) for each in schema["prefixItems"]]
        is_closed = items is False or schema.get("maxItems") == len(fixed)
        return f"[{', '.join(fixed if is_closed else [*fixed, f'...{_parenthesised(self._write(items))}[]'])}]"

    def _write_object(self, schema: Schema) -> str:
        required = schema.get("required", [])
        members = [
            f"{_write_property(key, required=key in required)}: {self._write(each)};" for key, each in schema.get("properties", {}).items()
        ]
        known = f"{{ {' '.join(members)} }}" if members else ""
        others = schema.get("additionalProperties", not members)
        if others is False:
            return known or "{ [key: string]: never }"
        if others is True:
            return known or "{ [key: string]: unknown }"
        index = f"{{ [key: string]: {self._write(others)} }}"
        return f"{known} & {index}" if known else index


def _make_names(components: Mapping[str, Schema]) -> dict[str, str]:
    """Give each component a name in TypeScript, its own where that is possible."""
    names: dict[str, str] = {}
    for component in sorted(components):
        name = (
            component
            if _IDENTIFIER.fullmatch(component)
            else "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", component))
        )
        if not name or name[0].isdigit():
            name = f"Type{name}"
        while name in RESERVED or name in names.values():
            name += "Data"
        names[component] = name
    return names


def _write_parameter(parameter: PathParameter) -> str:
    kind = "readonly (string | number)[]" if parameter.catch_all else "string | number"
    return f"{_write_property(parameter.name, required=not parameter.optional)}: {kind};"


def _write_property(key: str, *, required: bool) -> str:
    return (key if _IDENTIFIER.fullmatch(key) else json.dumps(key)) + ("" if required else "?")


def _union(types: Iterable[str]) -> str:
    different = list(dict.fromkeys(types))
    return "unknown" if "unknown" in different else " | ".join(map(_parenthesised_intersection, different)) or "never"


def _parenthesised_intersection(type_: str) -> str:
    return f"({type_})" if " & " in type_ and not type_.startswith("{") else type_


def _parenthesised(type_: str) -> str:
    return f"({type_})" if " | " in type_ or " & " in type_ else type_


def _comment(text: str, indent: str) -> list[str]:
    lines = text.replace("*/", "*\\/").strip().splitlines()
    if not lines:
        return []
    if len(lines) == 1:
        return [f"{indent}/** {lines[0]} */"]
    return [f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */"]
