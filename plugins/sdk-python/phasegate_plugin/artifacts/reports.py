"""The reports that the host writes about gates. Verdicts are `passed`, `passed_with_conditions`, `failed` or
`not_judged`.
"""

from dataclasses import dataclass, field

from ..types import Check, Issue, Suggestion
from .product import Dropped


@dataclass(kw_only=True)
class FindingsReport:
    task_id: str
    gate: str
    attempt: int
    verdict: str
    reason: str
    issues: list[Issue]
    suggestions: list[Suggestion]
    checks: list[Check]
    reviewers: list[str]
    about: list[str]
    """Digests of the artifacts that were judged."""


@dataclass(kw_only=True)
class Build:
    ok: bool
    errors: list[str]
    """As `path:line: message`."""


@dataclass(kw_only=True)
class TestResult:
    name: str
    outcome: str
    """`passed`, `failed`, `errored` or `skipped`."""
    message: str | None = field(default=None, metadata={"spare": True})
    output: str | None = field(default=None, metadata={"spare": True})


@dataclass(kw_only=True)
class TestTotals:
    passed: int
    failed: int
    errored: int
    skipped: int
    xfailed: int = field(default=0, metadata={"spare": True})


@dataclass(kw_only=True)
class TestReport:
    """The host's report of its run of the suite."""

    task_id: str
    gate: str
    attempt: int
    verdict: str
    reason: str
    code: str
    """Digest of the code that was tested."""
    build: Build
    tests: list[TestResult]
    totals: TestTotals
    dropped: list[Dropped]
    defects: list[Issue]
    suggestions: list[Suggestion] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    about: list[str] = field(default_factory=list)
