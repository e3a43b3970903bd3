"""The generated bindings: conversion of their records to those of `types` and back, and the host behind the world's
imports.
"""

import importlib
import sys
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from componentize_py_types import Err

from . import types
from .types import (
    ArtifactError,
    BenchError,
    File,
    FileList,
    HostError,
    MatchList,
    ModelError,
    Opaque,
    Other,
    Request,
    Response,
    TestRun,
    Text,
    ToolCall,
    ToolResult,
)


def imported(name: str) -> Any:
    """Returns a module of the world; none if the world has it not. All must be imported here, before the snapshot."""
    try:
        return importlib.import_module(f"wit_world.{name}")
    except ImportError:
        return None


models = imported("imports.models_blocking")
artifacts = imported("imports.artifacts")
test_bench = imported("imports.test_bench_blocking")
logs = imported("imports.log")
model_types = imported("imports.model_types")
contract_types = imported("imports.types")
RECORDS = [model_types, contract_types, imported("imports.work"), imported("exports.feedback"), logs, artifacts]
# The members of records that are enums.
ENUMS = {"severity": "Severity", "role": "Role", "outcome": "Outcome"}
CONTENT = {Text: "Text", ToolCall: "ToolCall", ToolResult: "ToolResult", Opaque: "Opaque", Other: "Other"}


def generated_class(name: str) -> Any:
    return next(getattr(module, name) for module in RECORDS if hasattr(module, name))


def variant(kind: str, case: str, value: Any) -> Any:
    return generated_class(f"{kind}_{case}")(value)


def enum(kind: str, name: str) -> Any:
    members = generated_class(kind)
    try:
        return members[name.upper()]
    except KeyError:
        known = ", ".join(member.name.lower() for member in members)
        raise ValueError(f"`{name}` is no {kind.lower()}: it is one of {known}") from None


def generated(value: Any) -> Any:
    """Returns plain data as generated records."""
    if type(value) in CONTENT:
        return variant("Content", CONTENT[type(value)], content_value(value))
    if isinstance(value, list):
        return [generated(part) for part in value]
    return record(value) if is_dataclass(value) else value


def content_value(value: Any) -> Any:
    if isinstance(value, (ToolCall, ToolResult)):
        return record(value)
    return value.block if isinstance(value, Opaque) else value.text


def record(value: Any) -> Any:
    members = {}
    for member in fields(value):
        inner = getattr(value, member.name)
        members[member.name] = enum(ENUMS[member.name], inner) if member.name in ENUMS else generated(inner)
    return generated_class(type(value).__name__)(**members)


def plain(value: Any) -> Any:
    """Returns generated records as plain data."""
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, Enum):
        return value.name.lower()
    if not is_dataclass(value) or isinstance(value, type):
        return value
    return plain_record(value)


def plain_record(value: Any) -> Any:
    name = type(value).__name__
    if name.startswith("Content_"):
        inner = plain(value.value)
        return inner if is_dataclass(inner) else getattr(types, name.removeprefix("Content_"))(inner)
    return getattr(types, name)(**{member.name: plain(getattr(value, member.name)) for member in fields(value)})


def error_of(kind: type[HostError], value: Any) -> Any:
    """Returns an error variant, for example `Error_TooLong`, as an exception of kind `too_long`."""
    case = type(value).__name__.partition("_")[2]
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in case).removeprefix("_")
    return kind(name, value.value)


def error_variant(kind: str, error: HostError) -> Any:
    case = "".join(word.capitalize() for word in error.kind.split("_"))
    return variant(kind, case, error.why)


class WitHost:
    """The host behind the imports of the plugin's world."""

    def complete(self, request: Request) -> Response:
        return self._call(ModelError, lambda: needed(models, "models-blocking").complete(generated(request)))

    def complete_all(self, requests: list[Request]) -> list[Response | ModelError]:
        results = needed(models, "models-blocking").complete_all([generated(request) for request in requests])
        return [error_of(ModelError, part.value) if isinstance(part, Err) else plain(part.value) for part in results]

    def read(self, name: str) -> bytes:
        return self._call(ArtifactError, lambda: needed(artifacts, "artifacts").read(name))

    def list_files(self, folder: str) -> FileList:
        return self._call(ArtifactError, lambda: needed(artifacts, "artifacts").list_files(folder))

    def search_text(self, text: str, folder: str) -> MatchList:
        return self._call(ArtifactError, lambda: needed(artifacts, "artifacts").search_text(text, folder))

    def check(self, kind: str, content: bytes) -> list[str]:
        try:
            needed(artifacts, "artifacts").check(kind, content)
        except Err as error:
            return error.value
        return []

    def run_tests(self, language: str, code: str | list[File], tests: list[File]) -> TestRun:
        subject = ("Input", code) if isinstance(code, str) else ("Draft", generated(code))
        bench = needed(test_bench, "test-bench-blocking")
        return self._call(BenchError, lambda: bench.run_tests(language, variant("Subject", *subject), generated(tests)))

    def log(self, level: str, line: str) -> None:
        if logs:
            logs.write(enum("Level", level), line)
        else:
            print(line, file=sys.stderr if level in ("warn", "error") else sys.stdout, flush=True)

    def progress(self, what: str, fraction: float | None) -> None:
        if logs:
            logs.progress(what, fraction)

    def _call(self, kind: type[HostError], call: Any) -> Any:
        try:
            return plain(call())
        except Err as error:
            raise error_of(kind, error.value) from None


def needed(module: Any, name: str) -> Any:
    if module is None:
        raise RuntimeError(f"the plugin's world in `wit` does not import phasegate:plugin/{name}")
    return module
