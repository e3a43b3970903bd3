//! The dry call of an agent: as one phase of a pipeline, with sample inputs and scripted answers.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;

use phasegate_broker::ScriptedAnswers;
use phasegate_process::limits::Limits;
use phasegate_process::pipeline::Phase;
use phasegate_process::{Assignment, Failure as AgentFailure, InvalidName, Submission};
use phasegate_sandbox::{CallError, Plugin};
use serde_json::{Value, json};

use super::call::{DryCall, MAX_TEXT, finish_call, new_call};
use super::host::DryHost;
use super::log::CallLog;
use super::samples::Samples;
use crate::exit::Failure;
use crate::terminal::format::{count, truncate};

/// Wall clock limit of an agent in a dry run.
const WALL_MS: NonZeroU64 = match NonZeroU64::new(60_000) {
    Some(ms) => ms,
    None => NonZeroU64::MIN,
};

/// How an agent is called.
pub struct AgentCall {
    pub phase: Phase,
    pub attempt: NonZeroU32,
    /// A JSON object.
    pub settings: Value,
    /// The answers of its models; `None` for answers made from schemas.
    pub answers: Option<Arc<ScriptedAnswers>>,
}

/// What an agent did and returned.
pub struct AgentRun {
    /// What was called, for people.
    pub call: String,
    /// Its calls and its log, for people.
    pub happened: Vec<String>,
    /// The labels of its model calls, in order.
    pub labels: Vec<String>,
    pub ended: Result<Result<Submission, AgentFailure>, CallError>,
}

/// Calls the agent once.
pub async fn run_agent(plugin: &Plugin, samples: Arc<Samples>, call: &AgentCall) -> Result<AgentRun, Failure> {
    let named = |bad: InvalidName| Failure::infrastructure(bad.to_string());
    let AgentCall { phase, attempt, settings, answers } = call;
    let is_first = *attempt == NonZeroU32::MIN;
    let assignment = Assignment {
        run_id: "check".parse().map_err(named)?,
        task_id: samples.task_id().clone(),
        phase: phase.name.clone(),
        attempt: attempt.get(),
        inputs: samples.inputs(phase),
        expected: samples.expected(phase),
        previous: if is_first { Vec::new() } else { samples.previous(phase) },
        feedback: if is_first { Vec::new() } else { vec![samples.feedback(phase)?] },
        environment: json!({ "language": "python", "modules": [], "test_frameworks": [], "notes": [] }),
        settings: settings.clone(),
    };
    let log = CallLog::default();
    let dry_host = Arc::new(DryHost::new(samples, &assignment, answers.clone(), log.clone()));
    let limits = Limits { wall_ms: WALL_MS, ..plugin.usual_limits() };
    let ended = plugin.run_agent(&assignment, Arc::clone(&dry_host) as _, &new_call("dry run", limits, &log)).await;
    let number = if is_first { String::new() } else { format!(", attempt {attempt}") };
    let call = format!("agent.run as phase `{}`{number}", phase.name);
    Ok(AgentRun { call, happened: log.take(), labels: dry_host.labels(), ended })
}

/// Judges the submission by the rules of a run. A failure that the agent reports is a fault: with answers that fit the phase, an
/// agent has work to submit.
pub fn judge_run(run: AgentRun, call: &AgentCall, samples: &Samples) -> DryCall {
    let AgentRun { call: name, happened, labels, ended } = run;
    let mut step = finish_call(name, happened, ended.as_ref().err());
    match ended {
        Err(_) => {}
        Ok(Err(failure)) => {
            let hint = match call.answers.is_some() || labels.is_empty() {
                true => "",
                false => "\nhint: its answers were made from schemas; give others with --answers FILE",
            };
            step.fault = Some(format!("it reports a failure: {}{hint}", truncate(&failure.to_string(), MAX_TEXT)));
        }
        Ok(Ok(submission)) => {
            step.happened.extend(render_submission(&submission, &call.phase, samples));
            let faults = find_faults(&submission, &call.phase, samples);
            if !faults.is_empty() {
                let faults = truncate(&faults.join("; "), MAX_TEXT);
                step.fault = Some(format!("a run would reject what it submits: {faults}"));
            }
        }
    }
    step
}

fn render_submission(submission: &Submission, phase: &Phase, samples: &Samples) -> Vec<String> {
    let artifacts = submission.artifacts.iter().map(|artifact| {
        let (name, size) = (truncate(&artifact.name, 80), count(artifact.content.len() as u64, "byte"));
        let produced = phase.produces.iter().find(|produced| produced.name.as_str() == artifact.name);
        let verdict = match produced.map(|produced| samples.check(produced.kind.as_str(), &artifact.content)) {
            None => "not expected",
            Some(Ok(())) => "valid",
            Some(Err(_)) => "invalid",
        };
        format!("submits `{name}`, {size}: {verdict}")
    });
    let findings = submission.findings.iter().map(|findings| {
        let issues = count(findings.issues.len() as u64, "issue");
        format!("submits findings: {issues}, {}", count(findings.checks.len() as u64, "check"))
    });
    let all: Vec<String> = artifacts.chain(findings).collect();
    if all.is_empty() { vec!["submits nothing".to_owned()] } else { all }
}

/// Returns every reason for which a run would reject the submission.
pub fn find_faults(submission: &Submission, phase: &Phase, samples: &Samples) -> Vec<String> {
    let of_artifacts = phase.produces.iter().flat_map(|produced| match submission.artifact(produced) {
        Err(fault) => vec![fault],
        Ok(artifact) => {
            let faults = samples.check(produced.kind.as_str(), &artifact.content).err().unwrap_or_default();
            faults.into_iter().map(|fault| format!("{}: {fault}", produced.name)).collect()
        }
    });
    let phases: Vec<_> = samples.phases().cloned().collect();
    of_artifacts
        .chain(submission.unexpected_artifacts(phase))
        .chain(submission.findings_faults(phase, &phases))
        .collect()
}
