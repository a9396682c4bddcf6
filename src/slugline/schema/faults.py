"""All faults of a value that was refused, found field by field.

How to think about it: msgspec stops at the first fault, and checks nothing partly. So the value is walked beside its type, down to the
leaves, and each leaf is converted alone. What a type is made of is found out once, at its first fault, and kept in a tree of `_Node`s. A
client can send a bad body again and again: the walk ends after so many values and so many faults, and the first fault, which msgspec
names, is told in any case.
"""

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from slugline.errors import ValidationFault
from slugline.http.multipart_form import UploadFile
from slugline.schema.fields import (
    accepts_none,
    find_fields,
    forbids_unknown,
    is_model,
    item_type,
    strip,
    tag_of,
    union_members,
    value_type,
    without_none,
)
from slugline.schema.reasons import explain_model_error, explain_msgspec_error, explain_own_error, field_path, join_path, split_place

__all__ = ["MOST_FAULTS", "FaultFinder", "convert_unknown", "convert_unknown_json", "faults_of_model_error", "validate_texts"]

MOST_FAULTS = 50
"""Faults in one answer: enough for any form, and a bound for a list of a million wrong items."""

MOST_VISITS = 5_000
"""Values that are looked at one by one, a few microseconds each. Of a larger body the first fault is told, and those found so far."""

PLAIN_TYPES = frozenset({str, int, bool})


class FaultFinder:
    """Finds the faults of values of one type; `strict` is false for forms and queries, where everything is text."""

    def __init__(self, type_: Any, *, strict: bool) -> None:
        self._type = type_
        self._strict = strict
        self._nodes: dict[Any, _Node] = {}

    def find(self, value: Any, error: msgspec.ValidationError) -> list[ValidationFault]:
        """Give all faults of a plain value (dicts, lists, text, numbers) that msgspec refused with `error`."""
        first = _faults_of_error(error, self._type, "", strict=self._strict)
        search = _Search(self._strict, self._node)
        try:
            search.look(value, self._node(self._type), "")
        except RecursionError:
            return first
        found = search.faults
        if not found:  # no field is to blame: a `__post_init__` raised, or a list is too long
            return first
        if not search.is_complete and first[0] not in found:
            return [*first, *found][:MOST_FAULTS]
        return found

    def _node(self, type_: Any) -> "_Node":
        try:
            node = self._nodes.get(type_)
        except TypeError:  # not hashable: a `Meta` with a list of examples
            return _Node(type_)
        if node is None:
            node = self._nodes[type_] = _Node(type_)
        return node


class _Node:
    """What the walk has to know of a type, found out once."""

    def __init__(self, type_: Any) -> None:
        plain = without_none(type_)
        bare = strip(plain)
        model = is_model(typing.get_origin(bare) or bare)
        self.type = type_
        self.takes_none = accepts_none(type_)
        self.is_anything = strip(type_) is Any or strip(type_) is msgspec.Raw
        # `Annotated[int, …]` is more than an int, and `bool` is a subclass of it: exact and bare types only.
        self.plain_type = plain if isinstance(plain, type) and plain in PLAIN_TYPES else None
        fields = None if model else find_fields(plain)
        self.fields = None if fields is None else tuple((each.key, field_path(each.key), each.type, each.required) for each in fields)
        self.values = None if model or fields is not None else value_type(plain)
        self.items = item_type(plain)
        self.known: frozenset[str] | None = None
        if fields is not None and forbids_unknown(plain):
            tag = tag_of(plain)
            self.known = frozenset({each.key for each in fields} | ({tag[0]} if tag else set()))


@dataclass
class _Search:
    strict: bool
    node_of: Any

    def __post_init__(self) -> None:
        self.faults: list[ValidationFault] = []
        self.visits = 0
        self.is_in_items = False

    @property
    def is_complete(self) -> bool:
        return self.visits < MOST_VISITS and len(self.faults) < MOST_FAULTS

    def look(self, value: Any, node: _Node, path: str) -> None:
        self.visits += 1
        if (value is None and node.takes_none) or type(value) is node.plain_type or not self.is_complete:
            return
        if isinstance(value, dict) and node.fields is not None:
            self._look_at_fields(value, node.fields, path)
            if node.known is not None:
                self._look_for_unknown(value, node.known, path)
        elif isinstance(value, dict) and node.values is not None:
            self._look_at_values(value, self.node_of(node.values), path)
        elif isinstance(value, list) and node.items is not None:
            self._look_at_items(value, self.node_of(node.items), path)
        elif not node.is_anything:
            self._look_at_leaf(value, node, path)

    def _look_at_fields(self, value: dict[str, Any], fields: tuple[tuple[str, str, Any, bool], ...], path: str) -> None:
        for key, step, type_, required in fields:
            if key in value:
                self.look(value[key], self.node_of(type_), join_path(path, step))
            elif required:
                self._add(ValidationFault(join_path(path, step), "is missing"))

    def _look_for_unknown(self, value: dict[str, Any], known: frozenset[str], path: str) -> None:
        for key in value:
            if key not in known:
                self._add(ValidationFault(join_path(path, field_path(key)), "is not a known field"))

    def _look_at_values(self, value: Mapping[str, Any], node: _Node, path: str) -> None:
        for key, each in value.items():
            if not self.is_complete:
                break
            self.look(each, node, join_path(path, field_path(str(key))))

    def _look_at_items(self, value: list[Any], node: _Node, path: str) -> None:
        # PERF: an item that fits is passed over as a whole, in a thirtieth of the time. Not in lists inside of lists, whose innermost
        # items would be converted once for each list around them.
        passes_over = node.fields is not None and not self.is_in_items
        for index, each in enumerate(value):
            if not self.is_complete:
                break
            if passes_over and self._fits(each, node):
                continue
            outer, self.is_in_items = self.is_in_items, True
            self.look(each, node, f"{path}[{index}]")
            self.is_in_items = outer

    def _fits(self, value: Any, node: _Node) -> bool:
        try:
            msgspec.convert(
                value, node.type, strict=self.strict, str_keys=True, dec_hook=convert_unknown_json if self.strict else convert_unknown
            )
        except (msgspec.ValidationError, TypeError):
            return False
        return True

    def _look_at_leaf(self, value: Any, node: _Node, path: str) -> None:
        try:
            msgspec.convert(
                value, node.type, strict=self.strict, str_keys=True, dec_hook=convert_unknown_json if self.strict else convert_unknown
            )
        except msgspec.ValidationError as error:
            for fault in _faults_of_error(error, node.type, path, strict=self.strict):
                self._add(fault)
        except TypeError:  # a part that is no type of msgspec's by itself; the first fault tells of it
            return

    def _add(self, fault: ValidationFault) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)


def _faults_of_error(error: msgspec.ValidationError, type_: Any, path: str, *, strict: bool) -> list[ValidationFault]:
    """Give the fault, or for a pydantic model inside the faults, of one error of msgspec."""
    message, inner, is_key = split_place(str(error))
    path = join_path(path, inner)
    cause = error.__cause__
    if isinstance(cause, _ModelRefused):
        return [ValidationFault(join_path(path, f".{fault.path}") if fault.path else path, fault.reason) for fault in cause.faults]
    if cause is not None:  # the user's own code, in `__post_init__`; it knows best
        step, reason = explain_own_error(cause)
        return [ValidationFault(join_path(path, step), reason)]
    step, reason = explain_msgspec_error(message, type_ if not inner or inner.endswith(_tag_step(type_)) else None, as_text=not strict)
    return [ValidationFault(join_path(path, step), f"has a key that {reason}" if is_key else reason)]


def _tag_step(type_: Any) -> str:
    """Give the step to the field that tells the members of a union of Structs apart, or what no path ends with."""
    tag = next((tag for each in union_members(type_) if (tag := tag_of(each)) is not None), None)
    return f".{tag[0]}" if tag else "\0"


# What msgspec does not know


def faults_of_model_error(error: Any, value: Any) -> list[ValidationFault]:
    """Give the faults of a pydantic ValidationError that `value` has raised."""
    faults = []
    for each in error.errors(include_url=False, include_input=False)[:MOST_FAULTS]:
        path = _find_path(each["loc"], value, is_missing=each["type"] == "missing")
        faults.append(ValidationFault(path.removeprefix("."), explain_model_error(each)))
    return faults


def _find_path(location: Sequence[str | int], value: Any, *, is_missing: bool) -> str:
    """Give the place of a fault in what was sent; pydantic names the members of unions that it has tried in between, and more."""
    path = ""
    for number, step in enumerate(location, 1):
        value, is_there = _step_into(value, step)
        if not is_there and not (is_missing and number == len(location)):
            continue
        path += f"[{step}]" if isinstance(step, int) else field_path(str(step))
    return path


def _step_into(value: Any, step: str | int) -> tuple[Any, bool]:
    if isinstance(value, Mapping) and step in value:
        return value[step], True
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step], True
    return value, False


def convert_unknown(type_: Any, value: Any) -> Any:
    """Fill a type that msgspec does not know: an uploaded file, or a pydantic model in a field of a Struct or a dataclass."""
    if type_ is UploadFile:
        if isinstance(value, UploadFile):
            return value
        raise ValueError("must be an uploaded file")
    return _fill_model(validate_texts, type_, value)


def convert_unknown_json(type_: Any, value: Any) -> Any:
    """Do the same for what stood in JSON, where a strict model takes text for a date."""
    if type_ is UploadFile:
        return convert_unknown(type_, value)
    return _fill_model(_validate_json_value, type_, value)


def _fill_model(validate: Callable[[Any, Any], Any], type_: Any, value: Any) -> Any:
    try:
        return validate(type_.__pydantic_validator__, value)
    except ValueError as error:
        if not hasattr(error, "errors"):
            raise
        raise _ModelRefused(faults_of_model_error(error, value)) from None


def _validate_json_value(validator: Any, value: Any) -> Any:
    return validator.validate_json(msgspec.json.encode(value))


def validate_texts(validator: Any, values: Any) -> Any:
    """Have pydantic check what a form or a query held, where a strict model takes text for a number."""
    try:
        return validator.validate_python(values)
    except ValueError as error:
        texts = _as_texts(values)
        if texts is None or not hasattr(error, "errors"):
            raise
        try:
            return validator.validate_strings(texts)
        except ValueError as other:
            if hasattr(other, "errors") and other.error_count() < error.error_count():  # type: ignore[attr-defined]
                raise other from None  # it blames only what no text can be
        raise


def _as_texts(values: Any) -> Any:
    """Give a value with text for all leaves; None where that cannot be done, as with a file."""
    if isinstance(values, bool):
        return "true" if values else "false"
    if isinstance(values, str):
        return values
    if isinstance(values, Mapping):
        texts = {key: _as_texts(each) for key, each in values.items()}
        return None if None in texts.values() else texts
    if isinstance(values, list):
        items = [_as_texts(each) for each in values]
        return None if None in items else items
    return None


class _ModelRefused(ValueError):
    def __init__(self, faults: list[ValidationFault]) -> None:
        super().__init__("does not fit")
        self.faults = faults
