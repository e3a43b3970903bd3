"""The artifacts of the postmortem: report, improvement proposals, and decisions about earlier proposals."""

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class ProposedChange:
    """One change to the process."""

    target: str = ""
    """The phase whose instructions change."""
    change: str = ""
    """`add`, `modify` or `remove`."""
    current: str | None = field(default=None, metadata={"spare": True})
    """Current wording, for `modify` and `remove`."""
    proposed: str = ""
    rationale: str = ""


@dataclass(kw_only=True)
class ApprovedNote:
    """A proposal that a person approved."""

    run_id: str
    id: str
    proposed_changes: list[ProposedChange]
    decided_by: str


@dataclass(kw_only=True)
class RejectedNote:
    """A proposal that a person rejected."""

    run_id: str
    id: str
    analysis: str
    reason: str
    decided_by: str


@dataclass(kw_only=True)
class ProcessNotes:
    """People's decisions about earlier improvement proposals. Agents follow the approved ones and do not repeat the
    others.
    """

    approved: list[ApprovedNote] = field(default_factory=list)
    rejected: list[RejectedNote] = field(default_factory=list)


@dataclass(kw_only=True)
class Accuracy:
    """One quantity; unknown values are null."""

    planned: float | None = None
    actual: float | None = None
    variance_percent: float | None = None


@dataclass(kw_only=True)
class EstimationAccuracy:
    tokens: Accuracy
    usd: Accuracy
    latency_ms: Accuracy
    complexity: Accuracy


@dataclass(kw_only=True)
class CostOfQuality:
    """Appraisal: the first attempts of gates. Failure: everything after."""

    appraisal_tokens: float
    failure_tokens: float
    appraisal_usd: float | None = None
    failure_usd: float | None = None


@dataclass(kw_only=True)
class RootCause:
    """The defects of one type, and their share of the failure cost."""

    defect_type: str
    count: int
    tokens_to_fix: float
    usd_to_fix: float | None = None


@dataclass(kw_only=True)
class PostmortemReport:
    """Figures and summary of a run."""

    task_id: str
    estimation_accuracy: EstimationAccuracy
    defect_density: float | None = None
    defects_injected: dict[str, float]
    defects_removed: dict[str, float]
    phase_yield: dict[str, float | None]
    """For each gate, the share of the present defects that it found; null if none was present."""
    cost_of_quality: CostOfQuality
    root_causes: list[RootCause]
    """Most frequent first."""
    attempts_per_gate: dict[str, float]
    summary: str


@dataclass(kw_only=True)
class Pip:
    """A process improvement proposal. A person decides on it."""

    id: str
    analysis: str
    proposed_changes: list[ProposedChange]
    expected_impact: str
    status: str = "pending"
    decided_by: str | None = field(default=None, metadata={"spare": True})


@dataclass(kw_only=True)
class Pips:
    proposals: list[Pip]
