//! The standard artifacts as Rust types, as their JSON Schemas have them. Reading is lenient about unknown fields; the host
//! judges what is submitted, and [`faults`] asks it beforehand.

use serde::Serialize;

mod code;
mod design;
mod findings;
mod measures;
mod plan;
mod postmortem;
mod tests;

pub use code::{CodeFile, GeneratedCode};
pub use design::{ChecklistItem, Component, DesignSpecification};
pub use findings::{Check, Defect, Findings, FindingsReport, Issue, Location, Severity, Suggestion};
pub use measures::{DefectMeasure, FinishedRun, PhaseMeasures, RunMeasures, Totals};
pub use plan::{Estimate, Interval, ProjectPlan, Range, SemanticUnit, TaskRequirements};
pub use postmortem::{
    Accuracy, ApprovedNote, CostOfQuality, EstimationAccuracy, Pip, Pips, PostmortemReport, ProcessNotes,
    ProposedChange, RejectedNote, RootCause,
};
pub use tests::{Build, Coverage, Dropped, SourceFile, TestReport, TestResult, TestSuite, TestTotals};

/// Every reason why the host would not take `value` as an artifact of this kind.
pub fn faults<T: Serialize>(kind: &str, value: &T) -> Vec<String> {
    match serde_json::to_vec(value) {
        Ok(content) => crate::host::faults(kind, &content),
        Err(error) => vec![error.to_string()],
    }
}
