"""Reads dataclasses from JSON and writes them as JSON. Reading ignores unknown members."""

import types
import typing
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

from .json_text import compact

T = TypeVar("T")


def read(kind: type[T], value: Any) -> T:
    """Returns a parsed JSON value as a dataclass, for example `read(ProjectPlan, {…})`. A `ValueError` says what is
    wrong.
    """
    return read_as(kind, value, "")


def read_as(kind: Any, value: Any, path: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if is_dataclass(kind):
        return read_record(kind, value, path)
    if origin in (typing.Union, types.UnionType):
        inner = next(argument for argument in arguments if argument is not type(None))
        return None if value is None else read_as(inner, value, path)
    if origin is list:
        expect(isinstance(value, list), value, "a list", path)
        return [read_as(arguments[0], part, f"{path}[{at}]") for at, part in enumerate(value)]
    if origin is dict:
        expect(isinstance(value, dict), value, "an object", path)
        return {name: read_as(arguments[1], part, join(path, name)) for name, part in value.items()}
    if kind is str:
        expect(isinstance(value, str), value, "a string", path)
    elif kind is bool:
        expect(isinstance(value, bool), value, "a boolean", path)
    elif kind is int:
        expect(isinstance(value, int) and not isinstance(value, bool), value, "an integer", path)
    elif kind is float:
        expect(isinstance(value, (int, float)) and not isinstance(value, bool), value, "a number", path)
    return value


def read_record(kind: Any, value: Any, path: str) -> Any:
    expect(isinstance(value, dict), value, f"an object with the members of {kind.__name__}", path)
    hints = hints_of(kind)
    found = {}
    for member in fields(kind):
        if member.name in value:
            found[member.name] = read_as(hints[member.name], value[member.name], join(path, member.name))
        elif is_required(member):
            raise ValueError(f"{path + ': ' if path else ''}missing field `{member.name}`")
    return kind(**found)


def to_json(value: Any) -> Any:
    """Returns dataclasses as JSON values. Optional members without a value are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        members = {member.name: getattr(value, member.name) for member in fields(value) if not is_spared(member, value)}
        return {name: to_json(part) for name, part in members.items()}
    if isinstance(value, dict):
        return {name: to_json(part) for name, part in value.items()}
    return [to_json(part) for part in value] if isinstance(value, (list, tuple)) else value


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def is_required(member: Field) -> bool:
    return member.default is MISSING and member.default_factory is MISSING


def is_spared(member: Field, value: Any) -> bool:
    return bool(member.metadata.get("spare")) and getattr(value, member.name) in (None, [], 0)


def join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def expect(is_right: bool, value: Any, wanted: str, path: str) -> None:
    if not is_right:
        raise ValueError(f"{path + ': ' if path else ''}invalid type: {describe(value)}, expected {wanted}")


def describe(value: Any) -> str:
    if isinstance(value, dict):
        return "map"
    if isinstance(value, list):
        return "sequence"
    names = {bool: "boolean", int: "integer", float: "floating point", str: "string"}
    if type(value) not in names:
        return "null"
    text = compact(value)
    return f"{names[type(value)]} {text}" if isinstance(value, str) else f"{names[type(value)]} `{text}`"
