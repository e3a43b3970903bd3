//! The rules for what an agent submits, apart from the content of its artifacts. Pure; the texts of faults are visible to guests
//! and stored.

use crate::gate::check_findings;
use crate::names::PhaseName;
use crate::pipeline::{Phase, Produce};
use crate::work::{Submission, SubmittedArtifact};

impl Submission {
    /// Returns the artifact that a phase has to produce. Fails unless it is there once.
    pub fn artifact(&self, produced: &Produce) -> Result<&SubmittedArtifact, String> {
        let mut named = self.artifacts.iter().filter(|artifact| artifact.name == produced.name.as_str());
        match (named.next(), named.next()) {
            (None, _) => Err(format!("artifact `{}` is missing", produced.name)),
            (_, Some(_)) => Err(format!("artifact `{}` is there twice", produced.name)),
            (Some(artifact), None) => Ok(artifact),
        }
    }

    /// Returns a fault for each artifact that the phase does not produce.
    pub fn unexpected_artifacts(&self, phase: &Phase) -> Vec<String> {
        let is_unexpected = |artifact: &&SubmittedArtifact| {
            phase.produces.iter().all(|produced| produced.name.as_str() != artifact.name)
        };
        let fault = |artifact: &SubmittedArtifact| {
            let name: String = artifact.name.chars().take(80).collect();
            format!("artifact `{}` is not one that this phase produces", name.escape_debug())
        };
        self.artifacts.iter().filter(is_unexpected).map(fault).collect()
    }

    /// Returns every fault of the findings. `phases` are those of the pipeline.
    pub fn findings_faults(&self, phase: &Phase, phases: &[PhaseName]) -> Vec<String> {
        match (&phase.gate, &self.findings) {
            (None, Some(_)) => vec!["findings are submitted, but the phase is no gate".to_owned()],
            (Some(gate), None) if gate.tests.is_none() => vec!["a gate's agent has to submit findings".to_owned()],
            (_, None) => Vec::new(),
            (_, Some(findings)) => check_findings(findings, phases),
        }
    }
}
