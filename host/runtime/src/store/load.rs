//! Loads the state of a run from the journal. Fails where the journal fails, and where an event cannot follow those
//! before it.

use std::sync::Arc;

use phasegate_journal::Journal;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::state::State;
use phasegate_process::{Event, Recorded, RunCreated, RunId};

use crate::error::Error;
use crate::store::blobs::read_json;
use crate::store::pipelines::Pipelines;

/// A run that a command about several runs left out, because it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct UnreadableRun {
    /// The run.
    pub run: RunId,
    /// Why it cannot be read, in one line.
    pub reason: String,
}

impl UnreadableRun {
    pub(crate) fn new(run: &RunId, error: &Error) -> Self {
        let reason = error.to_string().lines().next().unwrap_or_default().to_owned();
        Self { run: run.clone(), reason }
    }
}

/// Loads the state and all events of a run. Fails with [`Error::NoRun`] if it has none.
pub fn load_run(journal: &dyn Journal, run: &RunId) -> Result<(State, Vec<Recorded>), Error> {
    load_run_sharing(journal, run, &Pipelines::default())
}

/// Loads a run like [`load_run`], and takes its pipeline from `pipelines` if another run has the same one.
pub fn load_run_sharing(
    journal: &dyn Journal,
    run: &RunId,
    pipelines: &Pipelines,
) -> Result<(State, Vec<Recorded>), Error> {
    let events = journal.events(run)?;
    let state = fold_with(run, &events, &|created| pipelines.load(journal, &created.pipeline))?;
    Ok((state, events))
}

/// Folds the first events of a run into a state.
pub(crate) fn fold_events(journal: &dyn Journal, run: &RunId, events: &[Recorded]) -> Result<State, Error> {
    fold_with(run, events, &|created| read_json(journal, &created.pipeline).map(Arc::new))
}

/// Folds events into a state. `pipeline` reads the pipeline of the run or of a fork.
pub(crate) fn fold_with(
    run: &RunId,
    events: &[Recorded],
    pipeline: &dyn Fn(&RunCreated) -> Result<Arc<Pipeline>, Error>,
) -> Result<State, Error> {
    let Some(Event::RunCreated(created)) = events.first().map(|first| &first.event) else {
        return Err(Error::NoRun(run.to_string()));
    };
    let mut state = State::new((**created).clone(), pipeline(created)?);
    for event in events.iter().skip(1) {
        match &event.event {
            Event::RunForked(forked) => state.apply_fork(event, pipeline(&forked.created)?)?,
            _ => state.apply(event)?,
        }
    }
    Ok(state)
}
