"""From what a client sent to a value of the handler's type, or to every fault that can be told.

How to think about it: a good body costs one call of msgspec's decoder, which parses and checks in one step. Only a bad one is looked at
closely (faults.py), since msgspec stops at the first fault.
"""

import math
import re
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from slugline.errors import BadRequest, InvalidInput, RouteModuleError, ValidationFault
from slugline.http.body import decode_text
from slugline.http.media_type import MediaType
from slugline.http.multipart_form import UploadFile
from slugline.http.url import parse_query
from slugline.schema.defaults import fill_defaults, needs_defaults
from slugline.schema.faults import FaultFinder, convert_unknown, convert_unknown_json, faults_of_model_error, validate_texts
from slugline.schema.fields import (
    accepts_none,
    find_fields,
    find_uninitialised,
    is_model,
    item_type,
    make_adapter,
    strip,
    union_members,
    value_type,
    walk_types,
    without_none,
)
from slugline.schema.reasons import split_place

__all__ = ["BodyDecoder", "ValidationFault", "make_body_decoder", "make_json_decoder", "make_query_decoder"]

JSON_TYPES = frozenset({"application/json", "application/ld+json"})
MOST_EXACT = 2**53
"""From here on a float in JSON may stand for several whole numbers."""
FORM_TYPE = "application/x-www-form-urlencoded"

_NOT_FINITE = frozenset({"nan", "snan", "inf", "infinity"})
_WHOLE_FRACTION = re.compile(rb"\d(?:\.0+(?!\d)|[eE])")

Text = str | list[str]


class BodyDecoder(Struct, frozen=True):
    """What turns a body into a value of the handler's type; each raises InvalidInput with all faults.

    `decode(raw, media)` takes a body as received, of any type but multipart; `decode_form(fields, files)` what a multipart form held;
    `decode_json(raw)` JSON in UTF-8.
    """

    decode: Callable[[bytes, MediaType], Any]
    decode_form: Callable[[Mapping[str, Text], Mapping[str, UploadFile | list[UploadFile]]], Any]
    decode_json: Callable[[bytes], Any]
    takes_bytes: bool = False
    """Whether `decode` gives the body as it came, whatever its type is."""


def make_body_decoder(type_: Any, where: str = "") -> BodyDecoder:
    """Make the decoder for a body type: Struct, dataclass, TypedDict, attrs class, pydantic model, list[int], `A | B` and so on.

    An empty body is None where the type takes None, and {} otherwise. A form is coerced: "7" is a number where the type says so, one
    value is a list of one, "on" is true and "" is None. `where` begins the message of the RouteModuleError that is raised for a type
    that JSON cannot fill.
    """
    shape = _make_shape(type_, where)
    takes_bytes = strip(without_none(type_)) is bytes
    expected = "multipart/form-data" if any(each is UploadFile for each in walk_types(type_)) else "application/json"

    def decode_json(raw: bytes) -> Any:
        if not raw:
            if shape.optional:
                return None
            raw = b"{}"
        return shape.from_json(raw)

    def decode_form(fields: Mapping[str, Text], files: Mapping[str, UploadFile | list[UploadFile]]) -> Any:
        if shape.optional and not fields and not files:
            return None
        return shape.from_text({**fields, **files}, "body")

    def decode(raw: bytes, media: MediaType) -> Any:
        if takes_bytes:
            return raw if raw or not shape.optional else None
        # SECURITY: JSON must say that it is. As text/plain, a page of another origin could send it without being asked (CORS preflight).
        if media.type_ in JSON_TYPES or media.type_.endswith("+json"):
            return decode_json(_as_utf_8(raw, media.charset))
        if media.type_ == FORM_TYPE:
            return decode_form(parse_query(decode_text(raw, media.charset, errors="replace")), {})
        if not raw and shape.optional:
            return None
        if strip(type_) is str and media.type_.startswith("text/"):
            return decode_text(raw, media.charset, errors="replace")
        raise InvalidInput([ValidationFault("", f"must be sent with Content-Type: {expected}")])

    return BodyDecoder(decode, decode_form, decode_json, takes_bytes)


def make_query_decoder(type_: Any, parameters: tuple[str, ...] = (), where: str = "") -> Callable[[Mapping[str, Text]], Any]:
    """Make the decoder for a query type; it takes `parse_query`'s dict with the route parameters in it, and raises InvalidInput.

    Route parameters (`parameters`) that the type does not name are left out, so that a type which refuses unknown fields can be used
    on any route. Coercion as for forms. Raises RouteModuleError for a type that a query cannot fill.
    """
    shape = _make_shape(type_, where)
    ignored = frozenset(parameters) - shape.fields.keys() if shape.fields else frozenset()

    def decode_query(query: Mapping[str, Text]) -> Any:
        kept = {key: value for key, value in query.items() if key not in ignored} if ignored else query
        return shape.from_text(kept, "query")

    return decode_query


def make_json_decoder(type_: Any) -> Callable[[bytes], Any]:
    """Make a function from JSON to a value of the type; it raises InvalidInput. Raises RouteModuleError as `make_body_decoder` does."""
    return _make_shape(type_, "").from_json


# The shape of a type: what is settled when the route is loaded


class _TextField(Struct, frozen=True):
    """How text is read for one field of a form or a query."""

    many: bool
    optional: bool
    flag: bool
    number: bool
    """Whether it may be a number that is not whole, and cannot be text."""
    object: bool
    """Whether it is an object, which a form holds as JSON (OpenAPI 3.1, section 4.8.15.1)."""


class _Shape(Struct, frozen=True):
    from_json: Callable[[bytes], Any]
    from_text: Callable[[Mapping[str, Any], str], Any]
    optional: bool
    fields: Mapping[str, _TextField]


def _make_shape(type_: Any, where: str) -> _Shape:
    fields = _text_fields(type_)
    others = value_type(without_none(type_))
    other_field = None if others is None else _text_field(others)
    try:
        adapter = make_adapter(type_)
        if adapter is None:
            _refuse_unknown_classes(type_)
            from_json, from_plain = _with_msgspec(type_)
        else:
            from_json, from_plain = _with_adapter(adapter)
    except (TypeError, ValueError, NameError, RuntimeError) as error:
        message = f"{where + ': ' if where else ''}the type {_name_of(type_)} cannot be checked: {error}"
        raise RouteModuleError(message, files=[where.partition(",")[0]] if where else ()) from error

    def from_text(values: Mapping[str, Any], place: str) -> Any:
        return from_plain({key: _read_text(value, fields.get(key, other_field)) for key, value in values.items()}, place)

    return _Shape(from_json, from_text, accepts_none(type_), fields)


def _refuse_unknown_classes(type_: Any) -> None:
    """msgspec takes any class, and finds out with the first request that JSON has no such thing."""
    for each in walk_types(type_):
        name = find_uninitialised(each)
        if name is not None:  # SECURITY: msgspec would fill it as any other
            raise TypeError(f"{_name_of(each)} has the field `{name}` with init=False, and JSON would fill it. Leave it to another class.")
        if each not in (UploadFile, msgspec.UnsetType) and not is_model(typing.get_origin(each) or each):
            info = msgspec.inspect.type_info(each)
            if isinstance(info, msgspec.inspect.CustomType):
                raise TypeError(
                    f"{_name_of(each)} is none of the kinds that JSON can fill. "
                    "Make it a msgspec.Struct, a dataclass, a TypedDict, an attrs class or a pydantic model."
                )


def _with_msgspec(type_: Any) -> tuple[Callable[[bytes], Any], Callable[[Mapping[str, Any], str], Any]]:
    decode = msgspec.json.Decoder(type_, dec_hook=convert_unknown_json).decode
    lacks_defaults = needs_defaults(type_)
    decode_plain = msgspec.json.Decoder(float_hook=_read_fraction).decode
    json_faults, text_faults = FaultFinder(type_, strict=True), FaultFinder(type_, strict=False)

    def from_json(raw: bytes) -> Any:
        try:
            value = decode(raw)
            return fill_defaults(value) if lacks_defaults else value
        except msgspec.ValidationError as error:
            first = error
        except (msgspec.DecodeError, UnicodeError) as error:
            raise _not_json(error) from None
        except RecursionError:
            raise InvalidInput([ValidationFault("", "is nested too deeply")]) from None
        try:
            value = decode_plain(raw)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise _not_json(error) from None
        except RecursionError:
            raise InvalidInput([ValidationFault("", "is nested too deeply")]) from None
        if _WHOLE_FRACTION.search(raw):
            try:
                filled = decode(msgspec.json.encode(value))  # and not `convert`, which cannot make a msgspec.Raw
                return fill_defaults(filled) if lacks_defaults else filled
            except msgspec.ValidationError as error:
                first = error
        raise InvalidInput(json_faults.find(value, first)) from None

    def from_plain(values: Mapping[str, Any], place: str) -> Any:
        try:
            value = msgspec.convert(values, type_, strict=False, str_keys=True, dec_hook=convert_unknown)
            return fill_defaults(value) if lacks_defaults else value
        except msgspec.ValidationError as error:
            raise InvalidInput(text_faults.find(values, error), place) from None

    return from_json, from_plain


def _read_fraction(text: str) -> float | int:
    """Give 2 for "2.0": to JSON Schema, and so to the OpenAPI document, that is an integer; msgspec refuses it where an int is wanted."""
    number = float(text)
    if math.isinf(number):
        raise msgspec.DecodeError("Number out of range")
    return int(number) if number.is_integer() and abs(number) < MOST_EXACT else number


def _with_adapter(adapter: Any) -> tuple[Callable[[bytes], Any], Callable[[Mapping[str, Any], str], Any]]:
    validate_json = adapter.validator.validate_json

    def from_json(raw: bytes) -> Any:
        try:
            value = msgspec.json.decode(raw)  # pydantic takes NaN and Infinity, which no answer could hold
        except (msgspec.DecodeError, UnicodeError) as error:
            raise _not_json(error) from None
        except RecursionError:
            raise InvalidInput([ValidationFault("", "is nested too deeply")]) from None
        try:
            return validate_json(raw)
        except ValueError as error:
            if not hasattr(error, "errors"):
                raise
            raise InvalidInput(faults_of_model_error(error, value)) from None

    def from_plain(values: Mapping[str, Any], place: str) -> Any:
        try:
            return validate_texts(adapter.validator, values)
        except ValueError as error:
            if not hasattr(error, "errors"):
                raise
            raise InvalidInput(faults_of_model_error(error, values), place) from None

    return from_json, from_plain


def _not_json(error: Exception) -> InvalidInput:
    # msgspec says where, as in "JSON is malformed: invalid character (byte 5)", and never what.
    said = split_place(str(error))[0] if isinstance(error, msgspec.DecodeError) else "the text is not UTF-8"
    if said.endswith("out of range"):  # it is JSON, of a number that no float holds
        return InvalidInput([ValidationFault("", "has a number in it that is out of range")])
    detail = said.removeprefix("JSON is malformed: ").replace("Input data was truncated", "it ends too early")
    return InvalidInput([ValidationFault("", f"is not valid JSON: {detail}")])


def _as_utf_8(raw: bytes, charset: str | None) -> bytes:
    if charset is None or charset in ("utf-8", "utf8"):
        return raw.removeprefix(b"\xef\xbb\xbf")
    try:
        return decode_text(raw, charset).encode()
    except (UnicodeError, BadRequest):
        raise InvalidInput([ValidationFault("", "is not in the charset that its Content-Type names")]) from None


# Forms and queries


def _text_fields(type_: Any) -> dict[str, _TextField]:
    """Give the fields of an object, or those of all members of a union that read the field alike."""
    found: dict[str, _TextField] = {}
    unlike = set()
    for member in union_members(type_):
        for each in find_fields(member) or ():
            field = _text_field(each.type)
            if found.setdefault(each.key, field) != field:
                unlike.add(each.key)
    return {key: field for key, field in found.items() if key not in unlike}


def _text_field(type_: Any) -> _TextField:
    plain = without_none(type_)
    parts = [strip(each) for each in walk_types(plain)]
    is_text = any(each in (str, bytes) or each is Any for each in parts)
    whole = item_type(plain) if item_type(plain) is not None else plain
    return _TextField(
        many=item_type(plain) is not None or (typing.get_origin(strip(plain)) or strip(plain)) is tuple,
        optional=accepts_none(type_) and not is_text,
        flag=strip(plain) is bool,
        number=(float in parts or Decimal in parts) and not is_text,
        object=find_fields(without_none(whole)) is not None or value_type(whole) is not None,
    )


def _read_text(value: Any, field: _TextField | None) -> Any:
    if field is None:
        return value
    if field.object:
        value = [_read_object(each) for each in value] if isinstance(value, list) else _read_object(value)
    if field.number:
        value = [_read_number(each) for each in value] if isinstance(value, list) else _read_number(value)
    if field.many:
        return value if isinstance(value, list) else [value]
    if value == "" and field.optional:
        return None  # an empty input of an HTML form
    if field.flag and value == "on":
        return True  # a checkbox without a value of its own (WHATWG HTML, section 4.10.5.1.15)
    return value


def _read_object(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value


def _read_number(value: Any) -> Any:
    """Give what is no number in JSON as a text that is none, so that it is refused like any other."""
    return "not finite" if isinstance(value, str) and value.strip().lstrip("+-").lower() in _NOT_FINITE else value


def _name_of(type_: Any) -> str:
    return getattr(type_, "__qualname__", None) or str(type_)
