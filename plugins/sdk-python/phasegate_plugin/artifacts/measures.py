"""Measurements of the host, an input of planning and postmortem. Unknown prices are null."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class PhaseMeasures:
    """Measurements of one phase, summed over its attempts."""

    phase: str
    gate: bool
    attempts: int
    calls: int
    input_tokens: int
    output_tokens: int
    usd: float | None = None
    elapsed_ms: int
    verdicts: list[str]
    """Of a gate, one per attempt."""


@dataclass(kw_only=True)
class Totals:
    """Sums over a run."""

    calls: int
    input_tokens: int
    output_tokens: int
    usd: float | None = None
    elapsed_ms: int


@dataclass(kw_only=True)
class DefectMeasure:
    """A defect that a gate found."""

    id: str
    gate: str
    attempt: int
    severity: str
    defect_type: str
    phase_injected: str
    description: str


@dataclass(kw_only=True)
class FinishedRun:
    run_id: str
    est_complexity: int
    tokens: int
    usd: float | None = None
    latency_ms: int


@dataclass(kw_only=True)
class RunMeasures:
    """Measurements of this run, and of the finished runs used for estimation, oldest first."""

    phases: list[PhaseMeasures]
    totals: Totals
    defects: list[DefectMeasure]
    finished_runs: list[FinishedRun]
