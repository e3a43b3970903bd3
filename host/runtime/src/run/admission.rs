//! Validation of a submission: it is accepted as a whole, or rejected with all of its faults.

use phasegate_journal::Blob;
use phasegate_process::artifact::Validator;
use phasegate_process::artifact::kinds;
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
        let artifact = match submission.artifact(produced) {
            Ok(artifact) => artifact,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        match check(context, &work.at, &produced.kind, &artifact.content, hit, &cpu).await? {
            Err(found) => faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", produced.name))),
            Ok(()) => {
                let blob = Blob::new(artifact.content.clone());
                admission.artifacts.push(artifact_of(&blob, produced.name.clone(), produced.kind.clone()));
                admission.contents.push(blob);
            }
        }
    }
    faults.extend(submission.unexpected_artifacts(&work.phase));
    let phases: Vec<_> = context.pipeline.phases.iter().map(|phase| phase.name.clone()).collect();
    let found = submission.findings_faults(&work.phase, &phases);
    if work.phase.gate.is_some() && found.is_empty() {
        let blob = json_blob::<Findings>(&submission.findings.unwrap_or_default());
        let size = blob.bytes.len();
        if size > MAX_FINDINGS_BYTES {
            faults.push(format!("the findings have {size} bytes; at most {MAX_FINDINGS_BYTES} are taken"));
        }
        admission.findings = Some(blob);
    }
    faults.extend(found);
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
