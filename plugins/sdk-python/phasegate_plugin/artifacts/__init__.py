"""The standard artifacts as dataclasses, matching their JSON Schemas. The host validates submitted artifacts;
`faults` asks it to do so beforehand.
"""

import json
from typing import Any

from .. import host
from ..records import to_json
from ..types import Check, Findings, Issue, Location, Suggestion
from .measures import DefectMeasure, FinishedRun, PhaseMeasures, RunMeasures, Totals
from .plan import Estimate, Interval, ProjectPlan, Range, SemanticUnit, TaskRequirements
from .postmortem import (
    Accuracy,
    ApprovedNote,
    CostOfQuality,
    EstimationAccuracy,
    Pip,
    Pips,
    PostmortemReport,
    ProcessNotes,
    ProposedChange,
    RejectedNote,
    RootCause,
)
from .product import (
    ChecklistItem,
    CodeFile,
    Component,
    Coverage,
    DesignSpecification,
    Dropped,
    GeneratedCode,
    SourceFile,
    TestSuite,
)
from .reports import Build, FindingsReport, TestReport, TestResult, TestTotals
from .repository import Definition, MappedFile, RepositoryMap

__all__ = [
    "Accuracy",
    "ApprovedNote",
    "Build",
    "Check",
    "ChecklistItem",
    "CodeFile",
    "Component",
    "CostOfQuality",
    "Coverage",
    "DefectMeasure",
    "Definition",
    "DesignSpecification",
    "Dropped",
    "Estimate",
    "EstimationAccuracy",
    "Findings",
    "FindingsReport",
    "FinishedRun",
    "GeneratedCode",
    "Interval",
    "Issue",
    "Location",
    "MappedFile",
    "PhaseMeasures",
    "Pip",
    "Pips",
    "PostmortemReport",
    "ProcessNotes",
    "ProjectPlan",
    "ProposedChange",
    "Range",
    "RejectedNote",
    "RepositoryMap",
    "RootCause",
    "RunMeasures",
    "SemanticUnit",
    "SourceFile",
    "Suggestion",
    "TaskRequirements",
    "TestReport",
    "TestResult",
    "TestSuite",
    "TestTotals",
    "Totals",
    "faults",
]


def faults(kind: str, value: Any) -> list[str]:
    """Validates a value as an artifact of this kind. Returns every fault; empty if the host would accept it."""
    return host.current().check(kind, json.dumps(to_json(value), ensure_ascii=False).encode())
