"""The contract's records as plain data. Enums are their names in lower case, for example severity `high`.

Variants are classes of their own, for example `Text` and `ToolCall` for the content of a message. Errors are
exceptions.
"""

from dataclasses import dataclass, field
from typing import Any


class Failure(Exception):
    """The work could not be done. The host shows the reason to people and, on retry, to the next attempt."""

    def __init__(self, reason: str, *, input: str | None = None):
        super().__init__(reason if input is None else f"input `{input}`: {reason}")
        self.reason = reason
        self.input = input

    @classmethod
    def bad_input(cls, name: str, reason: str) -> "Failure":
        """An input is unusable: its name and the reason."""
        return cls(reason, input=name)


class HostError(Exception):
    """An error of the contract: its kind and the host's words."""

    def __init__(self, kind: str, why: str):
        super().__init__(f"{kind}: {why}")
        self.kind = kind
        self.why = why


class ModelError(HostError):
    """`denied`, `budget`, `invalid`, `too_long`, `unavailable` or `other`."""


class ArtifactError(HostError):
    """`unknown`, `too_large` or `other`."""


class BenchError(HostError):
    """`no_runner`, `limit`, `invalid` or `other`."""


class BuildErrors(Exception):
    """The errors of code and tests that a runner cannot collect, as `path:line: message`."""

    def __init__(self, errors: list[str]):
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass
class ArtifactRef:
    name: str
    kind: str
    digest: str
    size: int


@dataclass
class Expected:
    """An artifact that the phase must produce."""

    name: str
    kind: str
    schema: str


@dataclass
class Location:
    path: str
    line: int | None = None


@dataclass(kw_only=True)
class Issue:
    """A defect that a gate found."""

    id: str
    severity: str
    """`low`, `medium`, `high` or `critical`."""
    category: str
    defect_type: str
    """One of the eight defect types of the process."""
    phase_injected: str
    """The phase whose work contains the fault."""
    description: str
    """At least 20 characters."""
    evidence: str
    """At least 10 characters."""
    impact: str
    recommendation: str | None = field(default=None, metadata={"spare": True})
    location: Location | None = field(default=None, metadata={"spare": True})


@dataclass(kw_only=True)
class Suggestion:
    """Advice beside an issue."""

    priority: str
    description: str
    issue_id: str | None = field(default=None, metadata={"spare": True})


@dataclass(kw_only=True)
class Check:
    """The answer to one checklist item."""

    item: str
    status: str
    """`pass`, `fail`, `warning` or `not_applicable`."""
    notes: str


@dataclass(kw_only=True)
class Findings:
    """The findings of a gate's agent. The host writes the report from them and computes the verdict."""

    issues: list[Issue] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list, metadata={"spare": True})


@dataclass
class FeedbackItem:
    source: str
    """The gate's name, `person:NAME`, or `host`."""
    about: list[str] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    instructions: str = ""


@dataclass
class Assignment:
    """What the host asks of one attempt. `environment` and `settings` are JSON objects as text; `Work` has them
    parsed.
    """

    run_id: str = "run-1"
    task_id: str = "TASK-001"
    phase: str = "phase"
    attempt: int = 1
    inputs: list[ArtifactRef] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    previous: list[ArtifactRef] = field(default_factory=list)
    feedback: list[FeedbackItem] = field(default_factory=list)
    environment: str = "{}"
    settings: str = "{}"


@dataclass
class Artifact:
    name: str
    content: bytes


@dataclass
class Submission:
    artifacts: list[Artifact] = field(default_factory=list)
    findings: Findings | None = None
    """Present only if the phase is a gate."""


@dataclass
class Text:
    text: str


@dataclass
class ToolCall:
    id: str
    name: str
    arguments: str


@dataclass
class ToolResult:
    id: str
    text: str
    is_error: bool


@dataclass
class Opaque:
    """A block of the provider, for example reasoning."""

    block: str


@dataclass
class Other:
    text: str


Content = Text | ToolCall | ToolResult | Opaque | Other


@dataclass
class Message:
    role: str
    """`system`, `user` or `assistant`."""
    content: list[Content]


@dataclass
class Tool:
    name: str
    description: str
    parameters: str
    """JSON Schema of the arguments."""


@dataclass
class Request:
    label: str
    tier: str
    messages: list[Message]
    tools: list[Tool]
    tool_choice: str
    answer_schema: str | None
    max_output_tokens: int
    temperature: float | None


@dataclass
class Usage:
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    usd: float | None


@dataclass
class Response:
    content: list[Content]
    stop: str
    """`end`, `max-tokens`, `tool-calls`, `refusal`, or the provider's own reason."""
    model: str
    usage: Usage


@dataclass
class RepositoryFile:
    path: str
    size: int
    kind: str
    """`text`, `binary`, `symlink`, `submodule` or `lfs`."""


@dataclass
class FileList:
    files: list[RepositoryFile]
    left_out: int


@dataclass
class TextMatch:
    path: str
    line: int
    text: str


@dataclass
class MatchList:
    matches: list[TextMatch]
    incomplete: bool


@dataclass
class File:
    path: str
    content: str


@dataclass(kw_only=True)
class TestCase:
    name: str
    outcome: str
    """`passed`, `failed`, `errored` or `skipped`."""
    message: str | None = None
    output: str = ""


@dataclass
class TestRun:
    build_errors: list[str] = field(default_factory=list)
    tests: list[TestCase] = field(default_factory=list)


@dataclass
class PastAttempt:
    issues: list[Issue]
    revised: list[str]


@dataclass(kw_only=True)
class GateFailure:
    """A failed gate, for a feedback strategy."""

    gate: str
    attempt: int = 1
    attempts_left: int = 1
    issues: list[Issue] = field(default_factory=list)
    person_words: str | None = None
    """The reason that a person gave for rejecting the work."""
    may_revise: list[str] = field(default_factory=list)
    """The phases that this gate may send back to, earliest first."""
    history: list[PastAttempt] = field(default_factory=list)
    """The failed attempts before this one, oldest first."""
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Revision:
    phase: str
    issue_ids: list[str]
    instructions: str


@dataclass
class Revise:
    revisions: list[Revision]


@dataclass
class AskAPerson:
    why: str


@dataclass
class GiveUp:
    why: str


Decision = Revise | AskAPerson | GiveUp
