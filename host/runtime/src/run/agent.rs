//! One attempt of an agent: assignment, plugin call, validation, and the event with the outcome.

use std::sync::Arc;
use std::time::Instant;

use phasegate_journal::Blob;
use phasegate_process::artifact::kinds;
use phasegate_process::measures::run_measures;
use phasegate_process::state::AgentWork;
use phasegate_process::{ArtifactRef, Assignment, Event, Expected, PhaseOutcome, artifact};
use serde_json::json;
use tracing::Instrument;

use crate::error::Error;
use crate::run::admission;
use crate::run::agent_host::AgentHost;
use crate::run::context::RunContext;
use crate::store::blobs::{artifact_of, json_blob, now_ms};
use crate::text::truncate_text;

/// Runs one attempt at a phase. An interrupted attempt starts again with its recorded answers, which are not paid
/// twice.
pub(crate) async fn run_attempt(context: &Arc<RunContext>, mut work: AgentWork) -> Result<(), Error> {
    if !work.started {
        record_start(context, &mut work)?;
    }
    if context.take_recorded(&work.at, |event| matches!(event, Event::PhaseFinished { .. }))? {
        return Ok(());
    }
    let plugin = context.plugin(&work.phase.agent).await?;
    let assignment = build_assignment(context, &work);
    let call = context.new_call(&plugin, format!("phase {}, attempt {}", work.at.phase, work.at.attempt));
    let (phase, number) = (&work.at.phase, work.at.attempt);
    let span = tracing::info_span!(parent: &context.span, "attempt", %phase, attempt = number, plugin = %plugin.name());
    let agent_host = Arc::new(AgentHost::new(Arc::clone(context), &work, &plugin, &call.limits, span.clone()));
    let began = Instant::now();
    let capabilities: Arc<AgentHost> = Arc::clone(&agent_host);
    let result = tokio::select! {
        biased;
        error = agent_host.failed() => return Err(error),
        result = plugin.run_agent(&assignment, capabilities, &call).instrument(span) => result,
    };
    // A limit that ended the plugin meanwhile is no fault of the plugin.
    if let Some(error) = agent_host.take_failure() {
        return Err(error);
    }
    let elapsed_ms = began.elapsed().as_millis() as u64;
    let (outcome, events, blobs) = match result {
        Err(error) => {
            (PhaseOutcome::Crashed { reason: truncate_text(agent_host.hit.record(error)) }, Vec::new(), Vec::new())
        }
        Ok(Err(failure)) => {
            (PhaseOutcome::Failed { reason: truncate_text(failure.to_string()) }, Vec::new(), Vec::new())
        }
        Ok(Ok(submission)) => match admission::admit(context, &work, submission, &agent_host.hit).await? {
            Err(faults) => (PhaseOutcome::Invalid { faults }, Vec::new(), Vec::new()),
            Ok(admission) => {
                let stored = admission.artifacts.iter().cloned();
                let events = stored.map(|artifact| Event::ArtifactStored { at: work.at.clone(), artifact }).collect();
                let outcome = PhaseOutcome::Submitted {
                    artifacts: admission.artifacts,
                    findings: admission.findings.as_ref().map(|blob| blob.digest.clone()),
                };
                let blobs = admission.contents.into_iter().chain(admission.findings).collect();
                (outcome, events, blobs)
            }
        },
    };
    let log = if matches!(outcome, PhaseOutcome::Submitted { .. }) { None } else { agent_host.log.text() };
    let limit = agent_host.hit.first();
    let finished = Event::PhaseFinished { at: work.at.clone(), outcome, elapsed_ms, limit, log };
    context.append_with_next(events.into_iter().chain([finished]).collect(), blobs)
}

/// Records the start of the attempt and its inputs. `run_measures` is computed now, if the phase reads it.
fn record_start(context: &RunContext, work: &mut AgentWork) -> Result<(), Error> {
    let mut events = Vec::new();
    let mut blobs = Vec::new();
    if work.phase.reads.iter().any(|read| read.matches(kinds::RUN_MEASURES)) {
        let (artifact, blob) = store_measures(context, work)?;
        work.inputs.retain(|input| input.name != artifact.name);
        work.inputs.push(artifact.clone());
        events.push(Event::ArtifactStored { at: work.at.clone(), artifact });
        blobs.extend(blob);
    }
    work.inputs.sort_by(|a, b| a.name.cmp(&b.name));
    events.push(Event::PhaseStarted { at: work.at.clone(), inputs: work.inputs.clone() });
    context.append_all(events, blobs)
}

fn store_measures(context: &RunContext, work: &AgentWork) -> Result<(ArtifactRef, Option<Blob>), Error> {
    if let Some(recorded) = context.replay_check().and_then(|check| check.measures(&work.at)) {
        return Ok((recorded, None));
    }
    let history = context.state().created.history.clone();
    let history: Vec<_> = context.json(&history)?;
    let blob = json_blob(&run_measures(&context.state(), &context.events(), &history, now_ms()));
    Ok((artifact_of(&blob, kinds::RUN_MEASURES.parse()?, kinds::RUN_MEASURES.parse()?), Some(blob)))
}

fn build_assignment(context: &RunContext, work: &AgentWork) -> Assignment {
    let expected = work.phase.produces.iter().map(|produced| Expected {
        name: produced.name.clone(),
        kind: produced.kind.clone(),
        schema: artifact::schema(&context.pipeline.kinds, &produced.kind).unwrap_or("{}").to_owned(),
    });
    let state = context.state();
    Assignment {
        run_id: state.root.clone(),
        task_id: state.created.task_id.clone(),
        phase: work.at.phase.clone(),
        attempt: work.at.attempt,
        inputs: work.inputs.clone(),
        expected: expected.collect(),
        previous: work.previous.clone(),
        feedback: work.feedback.clone(),
        environment: json!(*context.settings.environments),
        settings: work.phase.settings.clone(),
    }
}
