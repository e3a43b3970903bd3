"""The artifacts of the design, code and test phases."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class Component:
    """One component of the design."""

    name: str
    semantic_unit_id: str
    responsibility: str
    """At least 10 characters."""
    interfaces: list[str]
    """Signatures that the component offers."""
    dependencies: list[str]
    """Names of the components it uses."""
    notes: str


@dataclass(kw_only=True)
class ChecklistItem:
    """A statement that the reviewer confirms or denies, and the severity if it is false."""

    item: str
    severity: str


@dataclass(kw_only=True)
class DesignSpecification:
    task_id: str = ""
    architecture_overview: str
    """At least 50 characters."""
    components: list[Component]
    """Every semantic unit of the plan has at least one."""
    api_contracts: list[dict[str, Any]]
    data_schemas: list[dict[str, Any]]
    technology_stack: dict[str, Any]
    assumptions: list[str]
    """Decisions where the requirements leave something open."""
    review_checklist: list[ChecklistItem]


@dataclass(kw_only=True)
class CodeFile:
    """One source file, complete."""

    path: str
    content: str
    purpose: str
    semantic_unit_id: str | None = field(default=None, metadata={"spare": True})
    """If the file implements exactly one."""


@dataclass(kw_only=True)
class GeneratedCode:
    """The product's source files."""

    files: list[CodeFile]
    language: str
    dependencies: list[str]
    """Modules outside the standard library."""
    setup: str | None = field(default=None, metadata={"spare": True})
    notes: str
    deleted: list[str] = field(default_factory=list, metadata={"spare": True})
    """Paths of files of the project that the change removes."""


@dataclass(kw_only=True)
class SourceFile:
    """One file of the suite, complete."""

    path: str
    content: str


@dataclass(kw_only=True)
class Coverage:
    """The tests of one requirement or semantic unit."""

    requirement: str
    tests: list[str]
    """Full test names, for example `tests/test_x.py::test_y`."""


@dataclass(kw_only=True)
class Dropped:
    """A test of an earlier attempt that was dropped."""

    test: str
    reason: str
    """At least 10 characters."""


@dataclass(kw_only=True)
class TestSuite:
    files: list[SourceFile]
    covers: list[Coverage]
    dropped: list[Dropped]
