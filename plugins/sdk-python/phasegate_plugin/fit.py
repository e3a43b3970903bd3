"""Chooses, among the JSON values of an answer, the one that fits its schema and the caller's check.

Exactly one distinct value must fit. A value without the shape that the schema asks for is unwrapped: a list, an
object with one member, a tool call written as text, JSON text in a string. Faults are worded so that a model can
correct its answer.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .answer import find_values
from .json_text import JsonFault, compact, load, position
from .texts import trim

MAX_DEPTH = 4
MAX_SHOWN = 80
# Members that hold the arguments of a tool call.
ARGUMENTS = ("arguments", "parameters", "input", "function")


class Unfit(Exception):
    """No single value fits."""

    def __init__(self, faults: list[str]):
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass
class Shape:
    """What a schema says about the outermost value. Without a schema it is an object."""

    kind: str = "object"
    members: list[str] = field(default_factory=list)
    required: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, schema: str | None) -> "Shape":
        try:
            value = load(schema or "{}")
        except JsonFault:
            return cls()
        if not isinstance(value, dict):
            return cls()
        properties, required = value.get("properties"), value.get("required")
        return cls(
            kind="array" if value.get("type") == "array" else "object",
            members=list(properties) if isinstance(properties, dict) else [],
            required=required if isinstance(required, list) else [],
        )

    def read(self, text: str) -> Any:
        """Raises a `ValueError` if the value has another shape."""
        if text.startswith("[") and self.kind == "object":
            raise ValueError("the answer is a list; it must be one JSON object")
        value = load(text)
        if isinstance(value, dict):
            self._check_object(value, text)
        return value

    def _check_object(self, value: dict, text: str) -> None:
        if self.members and not any(member in value for member in self.members):
            raise ValueError(f"the object has none of the members `{'`, `'.join(self.members)}`")
        if self.kind == "array":
            raise ValueError("invalid type: map, expected a sequence at line 1 column 0")
        for name in self.required:
            if name not in value:
                line, column = position(text)
                raise ValueError(f"missing field `{name}` at line {line} column {column}")


def choose(answer: str, shape: Shape, check: Callable[[Any], list[str] | None] | None) -> Any:
    """Returns the one value of the answer that has the shape and in which `check` finds no fault, or raises `Unfit`."""
    found = find_values(answer)
    choice = Choice(shape, check)
    choice.try_all(found.values)
    # Values in the reasoning are drafts: they count only if nothing outside of it has the shape.
    if not choice.fitting and choice.refused is None:
        choice.try_all(found.reasoning)
    return choice.result(lambda: describe_absence(answer, found.fault))


class Choice:
    def __init__(self, shape: Shape, check: Callable[[Any], list[str] | None] | None):
        self.shape, self.check = shape, check
        # Distinct values that fit, by a text that is the same for equal values.
        self.fitting: dict[str, Any] = {}
        # What the check found in the last value that has the shape.
        self.refused: list[str] | None = None
        # Why the last value does not have the shape.
        self.misshapen: str | None = None

    def try_all(self, texts: list[str], depth: int = 0) -> None:
        for text in texts:
            try:
                value = self.shape.read(text)
            except ValueError as why:
                self.misshapen = str(why)
                if depth < MAX_DEPTH:
                    self.try_all(unwrapped(text), depth + 1)
                continue
            self.judge(value)

    def judge(self, value: Any) -> None:
        faults = self.check(value) if self.check else None
        if faults:
            self.refused = list(faults)
        else:
            self.fitting.setdefault(json.dumps(value, sort_keys=True), value)

    def result(self, describe_absence: Callable[[], str]) -> Any:
        values = list(self.fitting.values())
        if len(values) == 1:
            return values[0]
        if values:
            raise Unfit([describe_several(values)])
        raise Unfit(self.refused or [self.misshapen or describe_absence()])


def unwrapped(text: str) -> list[str]:
    """Returns what a value may be wrapped around: the elements of a list, the only member of an object, or a tool
    call's arguments.
    """
    try:
        value = load(text)
    except JsonFault:
        return []
    inner: list[Any] = []
    if isinstance(value, list):
        inner = value
    elif len(value) == 1:
        inner = list(value.values())
    elif "name" in value or "type" in value:
        inner = [value[name] for name in ARGUMENTS if name in value]
    texts: list[str] = []
    for part in inner:
        if isinstance(part, str):
            texts += find_values(part).values
        elif isinstance(part, (dict, list)):
            texts.append(compact(part))
    return texts


def describe_several(values: list[Any]) -> str:
    first, last = (start_of(compact(value)) for value in (values[0], values[-1]))
    return (
        f"the answer contains {len(values)} different JSON values that could be meant, among them `{first}` and "
        f"`{last}`; give exactly one"
    )


def describe_absence(answer: str, fault: str | None) -> str:
    if fault:
        return f"the answer is not valid JSON: {fault}"
    answer = trim(answer)
    return f"the answer contains no JSON; it begins with `{start_of(answer)}`" if answer else "the answer is empty"


def start_of(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
