//! The doctor: what of a journal is whole, what is not, and which runs can be gone on with. Changes nothing.
//!
//! Every event is read and held against the chain, every run folded, every blob that a run names read and held against its
//! digest. What is wrong with one run does not keep it from looking at the others.

use std::collections::HashMap;

use phasegate_journal::Journal;
use phasegate_process::{Digest, Recorded, RunId};
use serde::Serialize;

use crate::error::Error;
use crate::store::load::load_run;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// What the storage itself says is wrong.
    pub storage: Vec<String>,
    /// Every run, newest first.
    pub runs: Vec<RunHealth>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunHealth {
    /// The run.
    pub run: RunId,
    /// What can be done with it.
    pub health: Health,
    /// What is wrong with it, in words.
    pub faults: Vec<String>,
}

/// What can be done with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It is over, and whole.
    Finished,
    /// It waits for a person, and is whole.
    Waiting,
    /// A process is at it.
    UnderWay,
    /// It can be resumed.
    Resumable,
    /// Its events are whole, and something that they name is not: it can be shown, and neither resumed nor replayed.
    Incomplete,
    /// It cannot be read.
    Unreadable,
}

impl Diagnosis {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.storage.is_empty() && self.runs.iter().all(|run| run.faults.is_empty())
    }
}

/// Looks at everything.
pub fn diagnose(journal: &dyn Journal) -> Result<Diagnosis, Error> {
    let storage = journal.check()?;
    let mut blobs = HashMap::new();
    let runs = journal.runs()?.into_iter().map(|run| examine(journal, run, &mut blobs)).collect();
    Ok(Diagnosis { storage, runs })
}

fn examine(journal: &dyn Journal, run: RunId, known: &mut HashMap<Digest, Option<String>>) -> RunHealth {
    let (state, events) = match load_run(journal, &run) {
        Ok(loaded) => loaded,
        Err(error) => return RunHealth { run, health: Health::Unreadable, faults: vec![first_line(&error)] },
    };
    let faults = faults(journal, &events, known);
    let health = match (faults.is_empty(), state.ended(), state.waiting()) {
        (false, ..) => Health::Incomplete,
        (_, Some(_), _) => Health::Finished,
        _ if matches!(journal.owner(&run), Ok(Some(_))) => Health::UnderWay,
        (_, _, Some(_)) => Health::Waiting,
        _ => Health::Resumable,
    };
    RunHealth { run, health, faults }
}

/// What is wrong with the blobs that these events name, each blob once.
fn faults(journal: &dyn Journal, events: &[Recorded], known: &mut HashMap<Digest, Option<String>>) -> Vec<String> {
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
