//! Loads the state of a run from the journal. Fails where the journal fails, and where an event cannot follow those
//! before it.

use phasegate_journal::Journal;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::state::State;
use phasegate_process::{Event, Recorded, RunId};

use crate::error::Error;
use crate::store::blobs::read_json;

/// Loads the state and all events of a run. Fails with [`Error::NoRun`] if it has none.
pub fn load_run(journal: &dyn Journal, run: &RunId) -> Result<(State, Vec<Recorded>), Error> {
    let events = journal.events(run)?;
    Ok((fold_events(journal, run, &events)?, events))
}

/// Folds the first events of a run into a state.
pub(crate) fn fold_events(journal: &dyn Journal, run: &RunId, events: &[Recorded]) -> Result<State, Error> {
    let Some(Event::RunCreated(created)) = events.first().map(|first| &first.event) else {
        return Err(Error::NoRun(run.to_string()));
    };
    let pipeline: Pipeline = read_json(journal, &created.pipeline)?;
    let mut state = State::new((**created).clone(), pipeline);
    for event in events.iter().skip(1) {
        fold_event(journal, &mut state, event)?;
    }
    Ok(state)
}

/// Folds one event; that of a fork brings another pipeline.
fn fold_event(journal: &dyn Journal, state: &mut State, event: &Recorded) -> Result<(), Error> {
    match &event.event {
        Event::RunForked(forked) => state.apply_fork(event, read_json(journal, &forked.created.pipeline)?)?,
        _ => state.apply(event)?,
    }
    Ok(())
}
