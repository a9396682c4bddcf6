"""What a type is made of: the fields of a Struct, dataclass, TypedDict, attrs class or pydantic model, by one description.

Libraries that may be missing are never imported: a class of theirs brings its library along in `sys.modules`.
"""

import dataclasses
import sys
import types
import typing
from collections import abc
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union

import msgspec
import typing_extensions
from msgspec import Struct

__all__ = [
    "Field",
    "accepts_none",
    "find_fields",
    "find_uninitialised",
    "forbids_unknown",
    "is_model",
    "item_type",
    "make_adapter",
    "needs_adapter",
    "strip",
    "tag_of",
    "union_members",
    "value_type",
    "walk_types",
    "without_none",
]

LIST_TYPES = frozenset({list, set, frozenset, abc.Sequence, abc.MutableSequence, abc.Collection, abc.Set, abc.MutableSet})
DICT_TYPES = frozenset({dict, abc.Mapping, abc.MutableMapping})
_QUALIFIER_NAMES = ("Required", "NotRequired", "ReadOnly")
_MODULES = (typing, typing_extensions)  # in which the same thing may be another object, by the version of Python
_QUALIFIERS = {getattr(module, name, None) for module in _MODULES for name in _QUALIFIER_NAMES} - {None}
_ALIASES = (typing_extensions.TypeAliasType, getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType))


class Field(Struct, frozen=True):
    """One field: its name in Python, its key in JSON, its type with everything `Annotated`, and whether it must be there."""

    name: str
    key: str
    type: Any
    required: bool


def strip(type_: Any) -> Any:
    """Take off what does not change the shape of a value: `Annotated`, aliases, NewType, Required and the like."""
    while True:
        origin = typing.get_origin(type_)
        if origin is Annotated or origin in _QUALIFIERS:
            type_ = typing.get_args(type_)[0]
        elif isinstance(type_, _ALIASES):
            type_ = type_.__value__
        elif isinstance(type_, typing.NewType):
            type_ = type_.__supertype__
        else:
            return type_


def accepts_none(type_: Any) -> bool:
    """Tell whether None is among the values of the type; Any takes everything."""
    bare = strip(type_)
    return bare is None or bare is types.NoneType or bare is Any or any(accepts_none(each) for each in _members(bare))


def without_none(type_: Any) -> Any:
    """Give T for `T | None` and every other type as it is."""
    members = _members(strip(type_))
    others = [each for each in members if strip(each) is not types.NoneType]
    return without_none(others[0]) if len(others) == 1 and len(members) > 1 else type_


def item_type(type_: Any) -> Any:
    """Give the type of the items of a list or a set, Any when it is not said, and None for what is neither."""
    bare = strip(type_)
    origin = typing.get_origin(bare) or bare
    arguments = typing.get_args(bare)
    if origin is tuple:
        return arguments[0] if len(arguments) == 2 and arguments[1] is Ellipsis else Any if not arguments else None
    return (arguments[0] if arguments else Any) if _is_in(origin, LIST_TYPES) else None


def value_type(type_: Any) -> Any:
    """Give the type of the values of a mapping, Any when it is not said, and None for what is no mapping."""
    bare = strip(type_)
    arguments = typing.get_args(bare)
    return (arguments[1] if arguments else Any) if _is_in(typing.get_origin(bare) or bare, DICT_TYPES) else None


def find_fields(type_: Any) -> tuple[Field, ...] | None:
    """Give the fields of a type that is an object with named fields in JSON, or None for any other type."""
    bare = strip(type_)
    cls = typing.get_origin(bare) or bare
    if not isinstance(cls, type):
        return None
    try:
        if is_model(cls):
            return tuple(_model_fields(cls)) if hasattr(cls, "model_fields") else None
        if issubclass(cls, msgspec.Struct):
            return None if cls.__struct_config__.array_like else tuple(_struct_fields(bare))
        if typing_extensions.is_typeddict(cls):
            return tuple(Field(name, name, _unqualified(hint), name in cls.__required_keys__) for name, hint in _hints(bare))  # type: ignore[attr-defined]
        if dataclasses.is_dataclass(cls):
            return tuple(_dataclass_fields(cls, dict(_hints(bare))))
        if hasattr(cls, "__attrs_attrs__"):
            return tuple(_attrs_fields(cls, dict(_hints(bare))))
    except NameError:  # an annotation that names what only a type checker sees
        return None
    return None


def find_uninitialised(type_: Any) -> str | None:
    """Give the name of a field that `__init__` of a dataclass or an attrs class does not take, if there is one."""
    cls = typing.get_origin(strip(type_)) or strip(type_)
    if not isinstance(cls, type) or is_model(cls):
        return None
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else getattr(cls, "__attrs_attrs__", ())
    return next((each.name for each in fields if not each.init), None)


def forbids_unknown(type_: Any) -> bool:
    """Tell whether the type refuses fields that it does not know; only a Struct can say so to msgspec."""
    cls = typing.get_origin(strip(type_)) or strip(type_)
    return isinstance(cls, type) and issubclass(cls, msgspec.Struct) and bool(cls.__struct_config__.forbid_unknown_fields)


def tag_of(type_: Any) -> tuple[str, Any] | None:
    """Give the field and the value by which a tagged Struct is told from others."""
    cls = typing.get_origin(strip(type_)) or strip(type_)
    if not isinstance(cls, type) or not issubclass(cls, msgspec.Struct) or cls.__struct_config__.tag_field is None:
        return None
    return cls.__struct_config__.tag_field, cls.__struct_config__.tag


def _inner_types(type_: Any) -> Iterator[Any]:
    """Give the types directly inside a type: members of a union, items, values, fields."""
    bare = strip(type_)
    arguments = typing.get_args(bare)
    if typing.get_origin(bare) is not typing.Literal:
        for each in arguments:
            if each is not Ellipsis and not isinstance(each, list):
                yield each
    for field in find_fields(bare) or ():
        yield field.type


def walk_types(type_: Any) -> Iterator[Any]:
    """Give a type and all types inside of it, each once, without `Annotated` and aliases."""
    pending: list[Any] = [type_]
    seen: list[Any] = []
    while pending:
        bare = strip(pending.pop())
        if any(bare is each or bare == each for each in seen):
            continue
        seen.append(bare)
        yield bare
        pending.extend(_inner_types(bare))


# Pydantic


def is_model(type_: Any) -> bool:
    """Tell whether a class is a pydantic model or a pydantic dataclass."""
    return isinstance(type_, type) and hasattr(type_, "__pydantic_validator__")


def needs_adapter(type_: Any) -> bool:
    """Tell whether a type is pydantic's to check: a model, or a list, dict or union of models.

    A Struct or a dataclass with a model in one of its fields is msgspec's, as is a generic one of models; see validate.py.
    """
    bare = strip(type_)
    cls = typing.get_origin(bare) or bare
    if is_model(cls):
        return True
    return find_fields(bare) is None and any(needs_adapter(each) for each in typing.get_args(bare))


def make_adapter(type_: Any) -> Any:
    """Give pydantic's TypeAdapter for a type that needs one, and None for any other."""
    return sys.modules["pydantic"].TypeAdapter(type_) if needs_adapter(type_) else None


# Fields, by library


def _model_fields(cls: Any) -> Iterator[Field]:
    for name, info in cls.model_fields.items():
        alias = info.validation_alias if isinstance(info.validation_alias, str) else info.alias
        yield Field(name, alias or name, info.annotation, info.is_required())


def _struct_fields(type_: Any) -> Iterator[Field]:
    for each in msgspec.structs.fields(type_):
        yield Field(each.name, each.encode_name, each.type, each.required)


def _dataclass_fields(cls: Any, hints: Mapping[str, Any]) -> Iterator[Field]:
    for each in dataclasses.fields(cls):
        if each.init:
            required = each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
            yield Field(each.name, each.name, hints[each.name], required)


def _attrs_fields(cls: Any, hints: Mapping[str, Any]) -> Iterator[Field]:
    for each in cls.__attrs_attrs__:
        if each.init:
            yield Field(each.name, each.name, hints.get(each.name, Any), each.default is sys.modules["attr"].NOTHING)


def _hints(type_: Any) -> Iterator[tuple[str, Any]]:
    """Give the annotations of a class, with the arguments of a generic one in their places."""
    cls = typing.get_origin(type_) or type_
    given = dict(zip(getattr(cls, "__parameters__", ()), typing.get_args(type_), strict=False))
    for name, hint in typing_extensions.get_type_hints(cls, include_extras=True).items():
        yield name, _substitute(hint, given)


def _unqualified(hint: Any) -> Any:
    while typing.get_origin(hint) in _QUALIFIERS:
        hint = typing.get_args(hint)[0]
    return hint


def _substitute(hint: Any, given: Mapping[Any, Any]) -> Any:
    if not given:
        return hint
    if isinstance(hint, typing.TypeVar):
        return given.get(hint, hint)
    parameters = getattr(hint, "__parameters__", ())
    return hint[tuple(given.get(each, each) for each in parameters)] if parameters and typing.get_origin(hint) is not None else hint


def _members(type_: Any) -> tuple[Any, ...]:
    return typing.get_args(type_) if typing.get_origin(type_) in (Union, types.UnionType) else ()


def _is_in(origin: Any, classes: frozenset[type]) -> bool:
    return isinstance(origin, type) and origin in classes


def union_members(type_: Any) -> tuple[Any, ...]:
    """Give the members of a union, and the type alone for any other."""
    return _members(strip(type_)) or (type_,)
