"""Does an answer fit `Response[Data]`? Asked in development, of the JSON that is about to go out.

The JSON is looked at and not the value, for the client sees the JSON: a dict may stand for a Struct, and a renamed field is compared by the
name that it is sent under.
"""

from collections.abc import Callable, Mapping
from typing import Any

from slugline.errors import InvalidInput, RouteModuleError, ValidationFault
from slugline.schema.fields import is_model, union_members, walk_types
from slugline.schema.signature import UNTYPED
from slugline.schema.validate import make_json_decoder

__all__ = ["make_response_check"]

ResponseCheck = Callable[[int, bytes], tuple[ValidationFault, ...]]


def make_response_check(responses: Mapping[int, Any]) -> ResponseCheck | None:
    """Make the check for the answers that an Operation declares, or None when it declares no type.

    The check takes the status and the JSON, as `res.json` has encoded it, and gives the faults: () for what fits, for a status of 300 and
    above that is not declared (an error's own form), and for types that cannot be checked. A 2xx that is not declared is one fault.
    """
    decoders = {status: _make_decoder(type_) for status, type_ in responses.items()}
    if all(type_ is UNTYPED for type_ in responses.values()):
        return None

    def check(status: int, text: bytes) -> tuple[ValidationFault, ...]:
        if status not in decoders:
            return () if status >= 300 else (ValidationFault("", _undeclared(status, responses)),)
        decode = decoders[status]
        if decode is None:
            return ()
        try:
            decode(text)
        except InvalidInput as error:
            return error.faults
        return ()

    return check


def _make_decoder(type_: Any) -> Callable[[bytes], Any] | None:
    if type_ is UNTYPED or any(_is_written_otherwise(each) for each in walk_types(type_)):
        return None
    try:
        return make_json_decoder(type_)
    except RouteModuleError:
        members = union_members(type_)
        # A class with `__json__`, say, can be written and not be read. A union of Structs without tags can be tried one by one.
        return _any_of([_make_decoder(each) for each in members]) if len(members) > 1 else None


def _is_written_otherwise(type_: Any) -> bool:
    """Tell whether a pydantic model writes other names or values than it reads: what goes out could not be read back by it."""
    if not is_model(type_) or not hasattr(type_, "model_fields"):
        return False
    fields = type_.model_fields.items()
    decorators = type_.__pydantic_decorators__
    if type_.model_computed_fields or decorators.field_serializers or decorators.model_serializers:
        return True
    return any(
        each.exclude or (each.serialization_alias or each.alias or name) != (each.validation_alias or each.alias or name)
        for name, each in fields
    )


def _any_of(decoders: list[Callable[[bytes], Any] | None]) -> Callable[[bytes], Any] | None:
    if None in decoders:
        return None

    def decode(text: bytes) -> Any:
        refused = []
        for each in decoders:
            try:
                return each(text) if each is not None else None
            except InvalidInput as error:
                refused.append(error)
        raise min(refused, key=lambda error: len(error.faults))  # the member that the answer resembles most

    return decode


def _undeclared(status: int, responses: Mapping[int, Any]) -> str:
    declared = ", ".join(map(str, sorted(responses)))
    return f"goes out with status {status}, and the annotation of `res` declares {declared} only: Response[Annotated[…, Status({status})]]"
