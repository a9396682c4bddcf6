"""Why a value does not fit, in plain words: the messages of msgspec and pydantic put into one manner of speaking.

SECURITY: a reason never repeats what the client sent, since that may be a password in the wrong field. Both libraries do, here and
there ("Invalid enum value 'hunter2'"), so nothing of theirs goes out that is not understood here. The one exception is the text of an
error that the user's own code raises with `raise`; what `int("hunter2")` says in there is Python's.
"""

import ast
import dis
import enum
import re
import sys
import typing
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from slugline.schema.fields import strip, tag_of, union_members

__all__ = ["explain_model_error", "explain_msgspec_error", "explain_own_error", "join_path", "split_place"]

KINDS = {
    "int": "a whole number",
    "integer": "a whole number",
    "float": "a number",
    "decimal": "a decimal number",
    "str": "text",
    "string": "text",
    "bool": "true or false",
    "null": "null",
    "none": "null",
    "array": "an array",
    "list": "an array",
    "object": "an object",
    "dict": "an object",
    "bytes": "text in base64",
    "datetime": "a date and time",
    "date": "a date",
    "time": "a time",
    "duration": "a duration",
    "uuid": "a UUID",
    "UploadFile": "an uploaded file",
}
FOUND = {
    "int": "a whole number",
    "float": "a fraction",
    "str": "text",
    "bool": "true or false",
    "null": "null",
    "array": "an array",
    "object": "an object",
}
FIXED = {
    "Invalid UUID": "must be a UUID",
    "Invalid RFC3339 encoded datetime": "must be a date and time such as 2026-01-31T12:00:00Z",
    "Invalid RFC3339 encoded date": "must be a date such as 2026-01-31",
    "Invalid RFC3339 encoded time": "must be a time such as 12:00:00",
    "Invalid ISO8601 duration": "must be a duration such as P1DT2H",
    "Invalid base64 encoded string": "must be text in base64",
    "Invalid decimal string": "must be a decimal number",
    "Invalid epoch timestamp": "must be a time in seconds since 1970",
    "Timestamp is out of range": "is out of range",
    "Duration is out of range": "is out of range",
    "Integer value out of range": "is out of range",
    "Number out of range": "is out of range",
    "Expected `datetime` with a timezone component": "must have a time zone, as in 2026-01-31T12:00:00Z",
    "Expected `datetime` with no timezone component": "must have no time zone",
    "Expected `time` with a timezone component": "must have a time zone",
    "Expected `time` with no timezone component": "must have no time zone",
}
COMPARED = {">=": "must be {} or more", "<=": "must be {} or less", ">": "must be more than {}", "<": "must be less than {}"}
LENGTH_UNITS = {"str": "character", "bytes": "byte", "array": "item", "object": "entry"}

_PLACE = re.compile(r" - at `(?P<key>key` in `)?\$(?P<path>.*)`$", re.DOTALL)
_WRONG_KIND = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_LENGTH = re.compile(r"Expected `(\w+)` of length (>=|<=) (\d+)")
_EXACT_LENGTH = re.compile(r"Expected `array` of length (\d+)(?: to (\d+))?, got \d+")
_AT_LEAST_LENGTH = re.compile(r"Expected `array` of at least length (\d+), got \d+")
_COMPARISON = re.compile(r"Expected `\w+` (>=|<=|>|<) (\S+)")
_MULTIPLE = re.compile(r"Expected `\w+` that's a multiple of (\S+)")
_PATTERN = re.compile(r"Expected `str` matching regex (['\"].*['\"])", re.DOTALL)
_FIELD = re.compile(r"Object (missing required|contains unknown) field `(.*)`", re.DOTALL)

LONGEST_NAME = 100
"""Names of fields that clients make up are cut here."""


def join_path(path: str, inner: str) -> str:
    """Put the path of an inner value behind the one of the outer, so "items" and "[2].price" give "items[2].price"."""
    return f"{path}{inner}" if path else inner.removeprefix(".")


def field_path(name: str) -> str:
    """Give the step to a field: ".price", cut when it is longer than any real name."""
    return f".{name[:LONGEST_NAME]}{'…' if len(name) > LONGEST_NAME else ''}"


def split_place(message: str) -> tuple[str, str, bool]:
    """Take "… - at `$.a[0]`" off a message of msgspec: what is wrong, the path ".a[0]", and whether it is a key there."""
    match = _PLACE.search(message)
    if match is None:
        return message, "", False
    return message[: match.start()], match["path"], match["key"] is not None


def explain_msgspec_error(message: str, type_: Any, *, as_text: bool) -> tuple[str, str]:
    """Give the step to a field (mostly "") and a reason for a message of msgspec without its place.

    `type_` is the type that the value was to have, for the list of allowed values; `as_text` says that the value came as text, in a
    form or a query, where "not text" would help nobody.
    """
    if message in FIXED:
        return "", FIXED[message]
    if match := _FIELD.fullmatch(message):
        return field_path(match[2]), "is missing" if match[1] == "missing required" else "is not a known field"
    if match := _WRONG_KIND.fullmatch(message):
        return "", _explain_kind(match[1], match[2], as_text=as_text)
    if match := _LENGTH.fullmatch(message):
        return "", f"must have at {'least' if match[2] == '>=' else 'most'} {_count(int(match[3]), LENGTH_UNITS.get(match[1], 'item'))}"
    if match := _EXACT_LENGTH.fullmatch(message):
        return "", f"must have {f'{match[1]} to {match[2]} items' if match[2] else _count(int(match[1]), 'item')}"
    if match := _AT_LEAST_LENGTH.fullmatch(message):
        return "", f"must have at least {_count(int(match[1]), 'item')}"
    if match := _COMPARISON.fullmatch(message):
        return "", COMPARED[match[1]].format(match[2].removesuffix(".0"))
    if match := _MULTIPLE.fullmatch(message):
        return "", f"must be a multiple of {match[1]}"
    if match := _PATTERN.fullmatch(message):
        return "", f"must match the pattern {ast.literal_eval(match[1])}"
    return "", _explain_choice(type_)


def _explain_kind(expected: str, found: str, *, as_text: bool) -> str:
    wanted = " or ".join(KINDS.get(each, each) for each in expected.split(" | "))
    if as_text:
        return f"must be {wanted}, and only one" if found == "array" else f"must be {wanted}"
    return f"must be {wanted}, not {FOUND.get(found, found)}"


def _explain_choice(type_: Any) -> str:
    """Say what an enum or a Literal allows."""
    allowed: list[object] = []
    for member in union_members(type_):
        bare = strip(member)
        if typing.get_origin(bare) is typing.Literal:
            allowed.extend(typing.get_args(bare))
        elif isinstance(bare, type) and issubclass(bare, enum.Enum):
            allowed.extend(each.value for each in bare)
        elif (tag := tag_of(bare)) is not None:
            allowed.append(tag[1])
    return f"must be one of: {', '.join(map(str, allowed))}" if allowed else "is none of the values that are allowed"


def _count(number: int, unit: str) -> str:
    plural = {"entry": "entries"}.get(unit, f"{unit}s")
    return f"{number} {unit if number == 1 else plural}"


# Errors that other code than the two libraries raises

_RAISE = dis.opmap["RAISE_VARARGS"]
_LENGTHS = {"min_length": "must have a length of {} or more", "max_length": "must have a length of {} or less"}


def explain_own_error(error: BaseException) -> tuple[str, str]:
    """Give the step to a field (mostly "") and a reason for an error out of a validator or a `__post_init__`.

    That is the error's text where the user's own code raised it, and "does not fit" where Python or a package did.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "", "does not fit"
    if trace.tb_frame.f_globals.get("__name__") == "attr.validators":
        return _explain_attrs(trace.tb_frame.f_locals)
    return "", (str(error) if _is_users(trace) else "") or "does not fit"


def _is_users(trace: TracebackType) -> bool:
    # A C function, `int` say, has no frame of its own: the last one is then the caller's, at a call and not at a `raise`.
    code = trace.tb_frame.f_code
    root = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
    if code.co_code[trace.tb_lasti] != _RAISE or (root in sys.stdlib_module_names and root != "__main__"):
        return False
    return root == "slugline" or "site-packages" not in code.co_filename


def _explain_attrs(names: Mapping[str, Any]) -> tuple[str, str]:
    """Say what a validator of attrs wants, from the names in its frame; its own message has the value in it."""
    validator: Any = names.get("self")
    attribute: Any = names.get("attr")
    step = field_path(attribute.name) if hasattr(attribute, "name") else ""
    for name, reason in _LENGTHS.items():
        if hasattr(validator, name):
            return step, reason.format(getattr(validator, name))
    if hasattr(validator, "compare_op") and hasattr(validator, "bound"):
        return step, COMPARED.get(validator.compare_op, "does not fit").format(validator.bound)
    if hasattr(validator, "pattern"):
        return step, f"must match the pattern {validator.pattern.pattern}"
    if hasattr(validator, "options"):
        allowed = (each.value if isinstance(each, enum.Enum) else each for each in validator.options)
        return step, f"must be one of: {', '.join(map(str, allowed))}"
    return step, "does not fit"


# Pydantic: https://docs.pydantic.dev/latest/errors/validation_errors/

MODEL_ERRORS = {
    "missing": "is missing",
    "missing_argument": "is missing",
    "extra_forbidden": "is not a known field",
    "none_required": "must be null",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is out of range",
    "finite_number": "must be a finite number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "multiple_of": "must be a multiple of {multiple_of}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "bytes_too_short": "must have at least {min_length} bytes",
    "bytes_too_long": "must have at most {max_length} bytes",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "enum": "must be one of: {expected}",
    "literal_error": "must be one of: {expected}",
    "union_tag_invalid": "is none of the kinds that are allowed: {expected_tags}",
    "union_tag_not_found": "does not say of which kind it is",
    "json_invalid": "is not valid JSON",
    "recursion_loop": "is nested too deeply",
    "timezone_naive": "must have no time zone",
    "timezone_aware": "must have a time zone",
    "date_past": "must be in the past",
    "date_future": "must be in the future",
    "datetime_past": "must be in the past",
    "datetime_future": "must be in the future",
    "decimal_max_digits": "must have at most {max_digits} digits",
    "decimal_max_places": "must have at most {decimal_places} decimal places",
    "url_parsing": "must be a URL",
    "url_scheme": "must be a URL with one of the schemes {expected_schemes}",
    "url_too_long": "must be a URL of at most {max_length} characters",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dataclass_type": "must be an object",
    "mapping_type": "must be an object",
    "is_instance_of": "must be {class}",
}
_KIND_ERROR = re.compile(r"(int|float|string|bool|list|dict|decimal|uuid|date|datetime|time|bytes|tuple|set|frozen_set)_\w+")
_TIME_DELTA = re.compile(r"time_delta_\w+")
_MODEL_KINDS = {"tuple": "an array", "set": "an array", "frozen_set": "an array", "bytes": "bytes"}


def explain_model_error(error: Mapping[str, Any]) -> str:
    """Give the reason for one entry of pydantic's `ValidationError.errors()`."""
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        cause = context.get("error")
        return explain_own_error(cause)[1] if isinstance(cause, BaseException) else "does not fit"
    if kind in MODEL_ERRORS:
        try:
            return MODEL_ERRORS[kind].format_map(
                {
                    **context,
                    "class": KINDS.get(str(context.get("class")), "something else"),
                    "expected": str(context.get("expected")).replace("'", ""),
                }
            )
        except KeyError:
            return "does not fit"
    if _TIME_DELTA.fullmatch(kind):
        return "must be a duration such as P1DT2H"
    match = _KIND_ERROR.fullmatch(kind)
    if match is None:
        return "does not fit"
    return f"must be {_MODEL_KINDS.get(match[1]) or KINDS[match[1]]}"
