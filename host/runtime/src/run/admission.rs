//! Validation of a submission: it is accepted as a whole, or rejected with all of its faults.

use phasegate_journal::Blob;
use phasegate_process::artifact::Validator;
use phasegate_process::artifact::kinds;
use phasegate_process::gate::check_findings;
use phasegate_process::state::AgentWork;
use phasegate_process::{ArtifactRef, AttemptId, Findings, Kind, Submission};
use phasegate_sandbox::CpuMeter;

use crate::error::Error;
use crate::run::changed_files::ChangedFiles;
use crate::run::context::RunContext;
use crate::run::limit_hit::LimitHit;
use crate::run::test_run;
use crate::store::blobs::{artifact_of, json_blob};
use crate::text::truncate_text;

/// The most faults that an agent is told about at once.
const MAX_FAULTS: usize = 20;
/// The most bytes of findings as JSON. They are stored in events and state, and are passed to strategies and agents.
const MAX_FINDINGS_BYTES: usize = 1 << 20;
/// An accepted submission, ready for the journal.
pub(crate) struct Admission {
    /// The artifacts in the order in which the phase declares them.
    pub(crate) artifacts: Vec<ArtifactRef>,
    /// The contents of the artifacts.
    pub(crate) contents: Vec<Blob>,
    /// The findings as JSON; none where the phase has no gate.
    pub(crate) findings: Option<Blob>,
}

/// Compares a submission with what the phase produces. The inner error lists the faults, which the agent's next attempt
/// is told.
pub(crate) async fn admit(
    context: &RunContext,
    work: &AgentWork,
    submission: Submission,
    hit: &LimitHit,
) -> Result<Result<Admission, Vec<String>>, Error> {
    let mut faults = Vec::new();
    // The plugin has ended: this time is the host's own.
    let cpu = CpuMeter::default();
    let mut admission = Admission { artifacts: Vec::new(), contents: Vec::new(), findings: None };
    for produced in &work.phase.produces {
        let mut named = submission.artifacts.iter().filter(|artifact| artifact.name == produced.name.as_str());
        match (named.next(), named.next()) {
            (None, _) => faults.push(format!("artifact `{}` is missing", produced.name)),
            (_, Some(_)) => faults.push(format!("artifact `{}` is there twice", produced.name)),
            (Some(artifact), None) => {
                match check(context, &work.at, &produced.kind, &artifact.content, hit, &cpu).await? {
                    Err(found) => faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", produced.name))),
                    Ok(()) => {
                        let blob = Blob::new(artifact.content.clone());
                        admission.artifacts.push(artifact_of(&blob, produced.name.clone(), produced.kind.clone()));
                        admission.contents.push(blob);
                    }
                }
            }
        }
    }
    for artifact in &submission.artifacts {
        if !work.phase.produces.iter().any(|produced| produced.name.as_str() == artifact.name) {
            let name: String = artifact.name.chars().take(80).collect();
            faults.push(format!("artifact `{}` is not one that this phase produces", name.escape_debug()));
        }
    }
    match (&work.phase.gate, submission.findings) {
        (None, Some(_)) => faults.push("findings are submitted, but the phase is no gate".to_owned()),
        (Some(gate), None) if gate.tests.is_none() => faults.push("a gate's agent has to submit findings".to_owned()),
        (_, findings) => {
            let findings = findings.unwrap_or_default();
            let phases: Vec<_> = context.pipeline.phases.iter().map(|phase| phase.name.clone()).collect();
            let found = check_findings(&findings, &phases);
            admission.findings = work.phase.gate.as_ref().map(|_| json_blob::<Findings>(&findings));
            let size = admission.findings.as_ref().map_or(0, |blob| blob.bytes.len());
            if found.is_empty() && size > MAX_FINDINGS_BYTES {
                faults.push(format!("the findings have {size} bytes; at most {MAX_FINDINGS_BYTES} are taken"));
            }
            faults.extend(found);
        }
    }
    faults.truncate(MAX_FAULTS);
    faults.iter_mut().for_each(|fault| *fault = truncate_text(std::mem::take(fault)));
    Ok(if faults.is_empty() { Ok(admission) } else { Err(faults) })
}

/// Validates content as an artifact of this kind. Code must also parse if a runner serves its language; the runner's computing
/// time is added to `cpu`.
pub(crate) async fn check(
    context: &RunContext,
    at: &AttemptId,
    kind: &Kind,
    content: &[u8],
    hit: &LimitHit,
    cpu: &CpuMeter,
) -> Result<Result<(), Vec<String>>, Error> {
    let plan = context.current_artifact(kinds::PROJECT_PLAN)?;
    let task_id = context.state().created.task_id.clone();
    let has_files = matches!(kind.as_str(), kinds::GENERATED_CODE | kinds::TEST_SUITE);
    let changed = match has_files {
        true => Some(ChangedFiles::look_up(context, at, content).await?),
        false => None,
    };
    let paths = changed.as_ref().map_or_else(|| context.paths.clone(), |changed| changed.path_rules(&context.paths));
    let kinds = &context.pipeline.kinds;
    let validator = Validator { kinds, task_id: &task_id, plan: plan.as_ref(), paths: &paths };
    let faults = changed.map(|changed| changed.faults(context)).unwrap_or_default();
    match validator.validate(kind, content) {
        Err(faults) => Ok(Err(faults)),
        Ok(_) if !faults.is_empty() => Ok(Err(faults)),
        Ok(value) if kind.as_str() == kinds::GENERATED_CODE => test_run::check_build(context, &value, hit, cpu).await,
        Ok(_) => Ok(Ok(())),
    }
}
