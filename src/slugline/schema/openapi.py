"""From the operations of a project to an OpenAPI 3.1 document.

Two things that OpenAPI has no word for, and how they are said:

- A catch-all `[...slug]` is a path parameter `{slug}`, with `x-slugline-catch-all: true` and a description: one segment in the document,
  one or more to the server. `[[...slug]]` gives two paths, with the parameter and without.
- Two files may answer templates that OpenAPI takes for one, `[pid].py` and `[...slug].py` beside each other. The first has its path, and
  the catch-all begins at its second segment: `/post/{slug}/{slug2}`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from types import NoneType
from typing import Any

from slugline.routing.segments import CatchAll, OptionalCatchAll, Param, Segment, Static, split_segments
from slugline.schema.fields import accepts_none, strip, union_members, without_none
from slugline.schema.json_schema import BINARY, REFERENCE, OperationSchemas, Schema
from slugline.schema.signature import METHODS, UNTYPED, Operation

__all__ = ["PROBLEM_SCHEMA", "make_openapi", "name_operation"]

PROBLEM_TYPE = "application/problem+json"
PROBLEM_SCHEMA: Schema = {
    "title": "ProblemDetails",
    "description": "What does not fit, place by place (RFC 9457).",
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"path": {"type": "string"}, "reason": {"type": "string"}},
                "required": ["path", "reason"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "errors"],
}


def make_openapi(
    operations: Iterable[Operation],
    *,
    title: str,
    version: str,
    description: str = "",
    base_path: str = "",
    trailing_slash: bool = False,
) -> dict[str, Any]:
    """Make the document, a dict that JSON can carry; the same operations in any order give the same one.

    `base_path` is what stands before every path, such as "/app"; with `trailing_slash` a path ends in a slash where the server wants
    one, so that nobody is sent from one to the other. Operations that say nothing of their types are in it all the same.
    """
    return _Document(sorted(operations, key=_order), trailing_slash=trailing_slash).make(title, version, description, base_path)


def name_operation(operation: Operation) -> str:
    """Give the operationId, so GET /api/post/[pid] is "getPostByPid"; unlike routes may give the same one."""
    words = [operation.method.lower()]
    words.extend(
        _capitalised(each.text) if isinstance(each, Static) else f"By{_capitalised(each.name)}" for each in _below_api(operation.route)
    )
    return "".join(words) if len(words) > 1 else f"{words[0]}Index"


class _Document:
    def __init__(self, operations: Sequence[Operation], *, trailing_slash: bool) -> None:
        self.operations = operations
        self.trailing_slash = trailing_slash
        self.schemas = OperationSchemas(operations)
        self.problem_name = _free_name("ProblemDetails", self.schemas.components)
        self.names: set[str] = set()
        self.shapes: dict[str, str] = {}

    def make(self, title: str, version: str, description: str, base_path: str) -> dict[str, Any]:
        paths: dict[str, dict[str, Any]] = {}
        for operation in self.operations:
            for path, parameters in self._paths_of(operation):
                paths.setdefault(self._end(path), {})[operation.method.lower()] = self._describe(operation, parameters)
        if any(operation.is_checked for operation in self.operations):
            self.schemas.components[self.problem_name] = PROBLEM_SCHEMA
        document: dict[str, Any] = {"openapi": "3.1.1", "info": {"title": title, "version": version}}
        if description:
            document["info"]["description"] = description
        if base_path:
            document["servers"] = [{"url": base_path}]
        document["paths"] = paths
        components = {name: self.schemas.components[name] for name in self.schemas.reach(paths)}
        if components:
            document["components"] = {"schemas": components}
        return document

    # Paths

    def _paths_of(self, operation: Operation) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Give each path under which an operation is in the document, with its path parameters."""
        query = self.schemas.query(operation).get("properties", {})
        parts: list[str] = []
        parameters: list[dict[str, Any]] = []
        for segment in split_segments(operation.route):
            if isinstance(segment, Static):
                parts.append(segment.text)
                continue
            if isinstance(segment, OptionalCatchAll):
                yield self._claim("/" + "/".join(parts), operation.route), list(parameters)
            parts.append(f"{{{segment.name}}}")
            parameters.append(_path_parameter(segment, query.get(segment.name)))
        path = "/" + "/".join(parts)
        number = 2
        while self.shapes.setdefault(_shape_of(path), operation.route) != operation.route:
            name = f"{operation.parameters[-1].name}{number}"
            path += f"/{{{name}}}"
            parameters.append(_path_parameter(CatchAll(name), None))
            number += 1
        yield path, parameters

    def _end(self, path: str) -> str:
        # A file name has no slash after it, and a parameter's value is not known here: one with a dot in it goes the other way.
        return f"{path}/" if self.trailing_slash and "." not in path.rpartition("/")[2] else path

    def _claim(self, path: str, route: str) -> str:
        self.shapes.setdefault(_shape_of(path), route)
        return path

    # Operations

    def _describe(self, operation: Operation, parameters: list[dict[str, Any]]) -> dict[str, Any]:
        described: dict[str, Any] = {"operationId": _free_name(name_operation(operation), self.names)}
        self.names.add(described["operationId"])
        tag = next((each.text for each in _below_api(operation.route) if isinstance(each, Static)), None)
        if tag:
            described["tags"] = [tag]
        if operation.summary:
            described["summary"] = operation.summary
        if operation.description:
            described["description"] = operation.description
        parameters = parameters + self._query_parameters(operation)
        if parameters:
            described["parameters"] = parameters
        if operation.body is not UNTYPED:
            schema = BINARY if strip(without_none(operation.body)) is bytes else self.schemas.body(operation)
            content = {each: {"schema": dict(schema)} for each in operation.content_types}
            described["requestBody"] = {"content": content, "required": not accepts_none(operation.body)}
        described["responses"] = self._responses(operation)
        return described

    def _query_parameters(self, operation: Operation) -> list[dict[str, Any]]:
        described = self.schemas.query(operation)
        names = {each.name for each in operation.parameters}
        parameters = []
        for name, schema in described.get("properties", {}).items():
            if name in names:
                continue
            parameter: dict[str, Any] = {"name": name, "in": "query", "required": name in described.get("required", []), "schema": schema}
            if "description" in schema:
                parameter["description"] = schema["description"]
            parameters.append(parameter)
        return parameters

    def _responses(self, operation: Operation) -> dict[str, Any]:
        responses = {str(status): self._response(status, type_) for status, type_ in operation.responses.items()}
        if operation.is_open or all(type_ is UNTYPED for type_ in operation.responses.values()):
            responses["default"] = {"description": "Another answer: the handler does not say what it gives."}
        if operation.is_checked:
            problem = responses.setdefault("400", {"description": "What was sent does not fit."})
            problem.setdefault("content", {})[PROBLEM_TYPE] = {"schema": {"$ref": f"{REFERENCE}{self.problem_name}"}}
        if operation.method == "HEAD":
            responses = {status: {"description": each["description"]} for status, each in responses.items()}
        return dict(sorted(responses.items()))

    def _response(self, status: int, type_: Any) -> dict[str, Any]:
        response: dict[str, Any] = {"description": _phrase(status)}
        if type_ is UNTYPED or (status in (204, 304) and strip(type_) in (None, NoneType)):
            return response
        schema = self.schemas.answer(type_)
        if strip(type_) is bytes:
            response["content"] = {"application/octet-stream": {"schema": dict(BINARY)}}
            return response
        response["content"] = {"application/json": {"schema": schema}}
        if any(strip(each) is str for each in union_members(type_)):  # what `res.send` makes of text
            response["content"]["text/plain"] = {"schema": {"type": "string"}}
        return response


def _path_parameter(segment: Param | CatchAll | OptionalCatchAll, schema: Schema | None) -> dict[str, Any]:
    parameter: dict[str, Any] = {"name": segment.name, "in": "path", "required": True}
    if isinstance(segment, Param):
        parameter["schema"] = schema or {"type": "string", "minLength": 1}
        return parameter
    parameter["schema"] = {"type": "string", "minLength": 1}
    parameter["description"] = "One segment or more, separated by `/`; a `/` inside of a segment is written %2F."
    parameter["x-slugline-catch-all"] = True
    return parameter


def _below_api(route: str) -> tuple[Segment, ...]:
    """Give the segments of a route but for the "api" that all of them begin with."""
    segments = split_segments(route)
    return segments[1:] if segments[:1] == (Static("api"),) else segments


def _order(operation: Operation) -> tuple[bool, str, int]:
    # Catch-alls last: it is they that give way when OpenAPI takes two templates for one.
    return any(each.catch_all for each in operation.parameters), operation.route, METHODS.index(operation.method)


def _shape_of(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _free_name(name: str, taken: Iterable[str]) -> str:
    used = set(taken)
    free, number = name, 2
    while free in used:
        free, number = f"{name}{number}", number + 1
    return free


def _capitalised(text: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", text))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"
