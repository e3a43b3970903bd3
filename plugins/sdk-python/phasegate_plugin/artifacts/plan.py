"""The task and the plan."""

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class TaskRequirements:
    """The task, as written in the task file."""

    task_id: str
    project_id: str | None = field(default=None, metadata={"spare": True})
    description: str
    requirements: list[str] = field(default_factory=list)
    """In order; agents number them R1, R2, …."""
    context_files: list[str] = field(default_factory=list, metadata={"spare": True})
    constraints: list[str] = field(default_factory=list, metadata={"spare": True})
    language: str | None = field(default=None, metadata={"spare": True})
    """In lower case, for example `python`."""


@dataclass(kw_only=True)
class SemanticUnit:
    """One piece of behaviour that is designed, written and reviewed as a unit."""

    unit_id: str
    """`SU-` and three digits, unique in the plan."""
    description: str
    """The behaviour, with the requirements it covers."""
    dependencies: list[str]
    """Ids of the units whose result this unit needs."""
    api_interactions: int
    """0 to 10, as the three that follow."""
    data_transformations: int
    logical_branches: int
    code_entities_modified: int
    novelty: float
    """From 1.0 (routine) to 2.0 (new to the team)."""
    est_complexity: int
    """Computed from the counts and the novelty."""


@dataclass(kw_only=True)
class Range:
    low: float
    high: float


@dataclass(kw_only=True)
class Interval:
    """70 % prediction intervals of an estimate."""

    tokens: Range | None = field(default=None, metadata={"spare": True})
    usd: Range | None = field(default=None, metadata={"spare": True})
    latency_ms: Range | None = field(default=None, metadata={"spare": True})


@dataclass(kw_only=True)
class Estimate:
    """The estimated cost of the task."""

    tokens: float
    usd: float | None = field(default=None, metadata={"spare": True})
    latency_ms: float | None = field(default=None, metadata={"spare": True})
    basis: str
    """The method and the number of runs, as a sentence."""
    r_squared: float | None = field(default=None, metadata={"spare": True})
    interval: Interval | None = field(default=None, metadata={"spare": True})


@dataclass(kw_only=True)
class ProjectPlan:
    """The task divided into semantic units, in the order of work."""

    task_id: str
    semantic_units: list[SemanticUnit]
    total_est_complexity: int
    estimate: Estimate | None = field(default=None, metadata={"spare": True})
    """Absent with fewer than three finished runs."""
