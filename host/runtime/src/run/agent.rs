//! An agent's turn: the assignment, the call, the door, and the event that says how it came back.

use std::sync::Arc;
use std::time::Instant;

use phasegate_journal::Blob;
use phasegate_process::artifact::kinds;
use phasegate_process::measures::run_measures;
use phasegate_process::state::AgentWork;
use phasegate_process::{ArtifactRef, Assignment, Event, Expected, PhaseOutcome, artifact};
use serde_json::json;

use crate::error::Error;
use crate::run::admission;
use crate::run::agent_host::Desk;
use crate::run::context::Driver;
use crate::store::blobs::{artifact_of, json_blob, now_ms};
use crate::text::bounded;

/// Does one attempt at a phase. An attempt that was interrupted goes on: what was answered is not asked again.
pub(crate) async fn run(driver: &Arc<Driver>, mut work: AgentWork) -> Result<(), Error> {
    if !work.started {
        start(driver, &mut work)?;
    }
    if driver.take_given(&work.at, |event| matches!(event, Event::PhaseFinished { .. }))? {
        return Ok(());
    }
    let plugin = driver.plugin(&work.phase.agent).await?;
    let assignment = assignment(driver, &work);
    let call = driver.call(&plugin, format!("phase {}, attempt {}", work.at.phase, work.at.attempt));
    let desk = Arc::new(Desk::new(Arc::clone(driver), &work, &call.limits));
    let began = Instant::now();
    let capabilities: Arc<Desk> = Arc::clone(&desk);
    let result = tokio::select! {
        biased;
        error = desk.failed() => return Err(error),
        result = plugin.run_agent(&assignment, capabilities, &call) => result,
    };
    let elapsed_ms = began.elapsed().as_millis() as u64;
    let (outcome, events, blobs) = match result {
        Err(error) => (PhaseOutcome::Crashed { reason: bounded(desk.hit.note(error)) }, Vec::new(), Vec::new()),
        Ok(Err(failure)) => (PhaseOutcome::Failed { reason: bounded(failure.to_string()) }, Vec::new(), Vec::new()),
        Ok(Ok(submission)) => match admission::admit(driver, &work, submission, &desk.hit).await? {
            Err(faults) => (PhaseOutcome::Invalid { faults }, Vec::new(), Vec::new()),
            Ok(admitted) => {
                let stored = admitted.artifacts.iter().cloned();
                let events = stored.map(|artifact| Event::ArtifactStored { at: work.at.clone(), artifact }).collect();
                let outcome = PhaseOutcome::Submitted {
                    artifacts: admitted.artifacts,
                    findings: admitted.findings.as_ref().map(|blob| blob.digest.clone()),
                };
                let blobs = admitted.contents.into_iter().chain(admitted.findings).collect();
                (outcome, events, blobs)
            }
        },
    };
    let finished = Event::PhaseFinished { at: work.at.clone(), outcome, elapsed_ms, limit: desk.hit.taken() };
    driver.writer.append(events.into_iter().chain([finished]).collect(), blobs)
}

/// Writes down that the agent is given its assignment, with the host's own inputs made fresh.
fn start(driver: &Driver, work: &mut AgentWork) -> Result<(), Error> {
    let mut events = Vec::new();
    let mut blobs = Vec::new();
    if work.phase.reads.iter().any(|read| read.matches(kinds::RUN_MEASURES)) {
        let (artifact, blob) = measures(driver, work)?;
        work.inputs.retain(|input| input.name != artifact.name);
        work.inputs.push(artifact.clone());
        events.push(Event::ArtifactStored { at: work.at.clone(), artifact });
        blobs.extend(blob);
    }
    work.inputs.sort_by(|a, b| a.name.cmp(&b.name));
    events.push(Event::PhaseStarted { at: work.at.clone(), inputs: work.inputs.clone() });
    driver.writer.append(events, blobs)
}

fn measures(driver: &Driver, work: &AgentWork) -> Result<(ArtifactRef, Option<Blob>), Error> {
    if let Some(recorded) = driver.writer.record().and_then(|record| record.measures(&work.at)) {
        return Ok((recorded, None));
    }
    let history = driver.writer.state().created.history.clone();
    let history: Vec<_> = driver.writer.json(&history)?;
    let blob = json_blob(&run_measures(&driver.writer.state(), &driver.writer.events(), &history, now_ms()));
    Ok((artifact_of(&blob, kinds::RUN_MEASURES.parse()?, kinds::RUN_MEASURES.parse()?), Some(blob)))
}

fn assignment(driver: &Driver, work: &AgentWork) -> Assignment {
    let expected = work.phase.produces.iter().map(|produced| Expected {
        name: produced.name.clone(),
        kind: produced.kind.clone(),
        schema: artifact::schema(&driver.pipeline.kinds, &produced.kind).unwrap_or("{}").to_owned(),
    });
    let state = driver.writer.state();
    Assignment {
        run_id: state.root.clone(),
        task_id: state.created.task_id.clone(),
        phase: work.at.phase.clone(),
        attempt: work.at.attempt,
        inputs: work.inputs.clone(),
        expected: expected.collect(),
        previous: work.previous.clone(),
        feedback: work.feedback.clone(),
        environment: json!(driver.settings.environments),
        settings: work.phase.settings.clone(),
    }
}
