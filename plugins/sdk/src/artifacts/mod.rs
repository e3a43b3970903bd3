//! The standard artifacts as Rust types, matching their JSON Schemas. Parsing ignores unknown fields. The host validates
//! submitted artifacts; [`faults`] asks it to do so beforehand.

use serde::Serialize;

mod code;
mod design;
mod findings;
mod measures;
mod plan;
mod postmortem;
mod repository;
mod suite;

pub use code::{CodeFile, GeneratedCode};
pub use design::{ChecklistItem, Component, DesignSpecification};
pub use findings::{Check, Defect, Findings, FindingsReport, Issue, Location, Severity, Suggestion};
pub use measures::{DefectMeasure, FinishedRun, PhaseMeasures, RunMeasures, Totals};
pub use plan::{Estimate, Interval, ProjectPlan, Range, SemanticUnit, TaskRequirements};
pub use postmortem::{
    Accuracy, ApprovedNote, CostOfQuality, EstimationAccuracy, Pip, Pips, PostmortemReport, ProcessNotes,
    ProposedChange, RejectedNote, RootCause,
};
pub use repository::{Definition, MappedFile, RepositoryMap};
pub use suite::{Build, Coverage, Dropped, SourceFile, TestReport, TestResult, TestSuite, TestTotals};

/// Validates `value` as an artifact of this kind. Returns every fault; empty if the host would accept it.
pub fn faults<T: Serialize>(kind: &str, value: &T) -> Vec<String> {
    match serde_json::to_vec(value) {
        Ok(content) => crate::host::faults(kind, &content),
        Err(error) => vec![error.to_string()],
    }
}
