//! Checks a journal: the storage, the chain of every run, and every blob that a run names. Changes nothing.
//!
//! Every event is read and checked against its chain, every run is folded, and every blob is checked against its digest. A
//! fault of one run is reported and does not stop the check of the others. Fails only if the list of runs cannot be read.

use std::collections::HashMap;

use phasegate_journal::Journal;
use phasegate_process::{Digest, Recorded, RunId};
use serde::Serialize;

use crate::error::Error;
use crate::store::load::load_run_sharing;
use crate::store::pipelines::Pipelines;

/// Result of [`diagnose`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// Faults that the storage reports about itself.
    pub storage: Vec<String>,
    /// The health of every run, newest first.
    pub runs: Vec<RunHealth>,
}

/// State and faults of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunHealth {
    /// The run that was checked.
    pub run: RunId,
    /// Whether the run can be continued.
    pub health: Health,
    /// Faults in plain text; empty if the run is whole.
    pub faults: Vec<String>,
}

/// Whether a run is whole and can be continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Ended and whole.
    Finished,
    /// Waits for a decision of a person, and whole.
    Waiting,
    /// A process executes it.
    UnderWay,
    /// Stopped and whole: it can be resumed.
    Resumable,
    /// Its events are whole, but a blob is missing or damaged. It can be shown, but neither resumed nor replayed.
    Incomplete,
    /// Its events cannot be read or folded.
    Unreadable,
}

impl Diagnosis {
    /// Returns true if neither the storage nor a run has a fault.
    pub fn is_whole(&self) -> bool {
        self.storage.is_empty() && self.runs.iter().all(|run| run.faults.is_empty())
    }
}

/// Checks the storage and every run.
pub fn diagnose(journal: &dyn Journal) -> Result<Diagnosis, Error> {
    let storage = journal.check()?;
    let mut blobs = HashMap::new();
    let pipelines = Pipelines::default();
    let runs = journal.runs()?.into_iter().map(|run| examine(journal, run, &pipelines, &mut blobs)).collect();
    Ok(Diagnosis { storage, runs })
}

fn examine(
    journal: &dyn Journal,
    run: RunId,
    pipelines: &Pipelines,
    known: &mut HashMap<Digest, Option<String>>,
) -> RunHealth {
    let (state, events) = match load_run_sharing(journal, &run, pipelines) {
        Ok(loaded) => loaded,
        Err(error) => return RunHealth { run, health: Health::Unreadable, faults: vec![first_line(&error)] },
    };
    let faults = blob_faults(journal, &events, known);
    let health = match (faults.is_empty(), state.ended(), state.waiting()) {
        (false, ..) => Health::Incomplete,
        (_, Some(_), _) => Health::Finished,
        _ if matches!(journal.owner(&run), Ok(Some(_))) => Health::UnderWay,
        (_, _, Some(_)) => Health::Waiting,
        _ => Health::Resumable,
    };
    RunHealth { run, health, faults }
}

/// Returns the faults of the blobs that these events name. `known` caches the result for each blob.
fn blob_faults(journal: &dyn Journal, events: &[Recorded], known: &mut HashMap<Digest, Option<String>>) -> Vec<String> {
    let mut faults = Vec::new();
    for recorded in events {
        for digest in recorded.event.blobs() {
            let fault = known.entry(digest.clone()).or_insert_with(|| match journal.blob(digest) {
                Ok(Some(_)) => None,
                Ok(None) => Some(format!("blob {digest} is missing")),
                Err(error) => Some(first_line(&error)),
            });
            if let Some(fault) = fault
                && !faults.iter().any(|known: &String| known.ends_with(fault.as_str()))
            {
                faults.push(format!("event {}: {fault}", recorded.number));
            }
        }
    }
    faults
}

fn first_line(error: &impl ToString) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
