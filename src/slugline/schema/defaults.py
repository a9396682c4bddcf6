"""Defaults of dataclasses, as attributes of each object.

msgspec leaves a field that was not sent to the default on the class, and when it writes the object it looks at the object alone: what came
without a field would go out without it, and the document says that it is there.
"""

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

import msgspec

from slugline.schema.fields import walk_types

__all__ = ["fill_defaults", "needs_defaults"]


def needs_defaults(type_: Any) -> bool:
    """Tell whether a value of the type may hold a dataclass that lacks attributes: one with defaults and without `slots`."""
    return any(_has_class_defaults(typing.get_origin(each) or each) for each in walk_types(type_))


def fill_defaults(value: Any) -> Any:
    """Give every dataclass inside of a decoded value the defaults that it lacks; gives the value itself back."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, Mapping):
            pending.extend(each.values())
        elif isinstance(each, list | tuple | set | frozenset):
            pending.extend(each)
        elif isinstance(each, msgspec.Struct):
            pending.extend(getattr(each, name) for name in each.__struct_fields__)
        elif dataclasses.is_dataclass(each):
            if hasattr(each, "__dict__"):
                for field in dataclasses.fields(each):
                    if field.default is not dataclasses.MISSING:
                        vars(each).setdefault(field.name, field.default)
            pending.extend(getattr(each, field.name, None) for field in dataclasses.fields(each))
    return value


def _has_class_defaults(cls: Any) -> bool:
    return (
        isinstance(cls, type)
        and dataclasses.is_dataclass(cls)
        and "__dict__" in dir(cls)
        and any(field.default is not dataclasses.MISSING for field in dataclasses.fields(cls))
    )
