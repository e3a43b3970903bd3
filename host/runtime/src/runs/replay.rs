//! A run executed again from its record: every agent, strategy and test run, with no model, no key and no network.
//!
//! Promises: nothing is written; what is found equal was computed anew, but for what [`Replayed::given`] names. A run that
//! forks others is replayed stretch by stretch, each under what it pinned. Fails with [`Error::Differs`] or
//! [`Error::Diverged`] at the first difference, and where a blob or component of the run is missing or damaged.

use std::sync::Arc;

use phasegate_process::state::State;
use phasegate_process::{Event, Recorded, RunId, RunStatus};

use crate::error::Error;
use crate::host::House;
use crate::observer::Watcher;
use crate::run::{Ended, Stop};
use crate::store::load::fold;
use crate::store::load::load;
use crate::store::replay_check::Record;

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Replayed {
    /// The run.
    pub run: RunId,
    /// Events that were found equal.
    pub equal: usize,
    /// What was taken as given, because a limit was hit that is not hit alike everywhere.
    pub given: Vec<String>,
    /// How the run ended, if it did.
    pub ended: Option<(RunStatus, String)>,
}

impl House {
    /// Replays a run as far as its record goes.
    pub async fn replay(&self, run: &RunId, watcher: Arc<dyn Watcher>, stop: &Stop) -> Result<Replayed, Error> {
        let (state, events) = load(self.journal().as_ref(), run)?;
        let ended = state.ended().map(|(status, reason)| (status, reason.to_owned()));
        let mut replayed = Replayed { run: run.clone(), equal: 0, given: Vec::new(), ended };
        for (start, stretch) in self.stretches(run, &events)? {
            let record = Arc::new(Record::new(Arc::clone(self.journal()), run.clone(), stretch));
            let ended = self.drive_again(start, Arc::clone(&record), Arc::clone(&watcher), stop).await?;
            if let (Ended::Stopped(why), false) = (ended, record.is_over()) {
                return Err(Error::NotNow(format!("the replay of run {run} was stopped: {why}\nhint: start it again")));
            }
            replayed.equal += record.place();
            replayed.given.extend(record.given());
        }
        Ok(replayed)
    }

    /// The stretches between forks, each with the state that it starts from.
    fn stretches<'a>(&self, run: &RunId, events: &'a [Recorded]) -> Result<Vec<(State, &'a [Recorded])>, Error> {
        let is_fork = |event: &Recorded| matches!(event.event, Event::RunForked(_));
        let heads: Vec<usize> = (0..events.len()).filter(|n| *n == 0 || events.get(*n).is_some_and(is_fork)).collect();
        let ends = heads.iter().skip(1).copied().chain([events.len()]);
        let mut stretches = Vec::new();
        for (head, end) in heads.iter().zip(ends) {
            let (before, stretch) = (events.get(..=*head), events.get(*head + 1..end));
            let (Some(before), Some(stretch)) = (before, stretch) else { continue };
            stretches.push((fold(self.journal().as_ref(), run, before)?, stretch));
        }
        Ok(stretches)
    }
}
