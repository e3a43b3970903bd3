//! Replays a run: executes every agent, strategy and test run again on the recorded answers, without models, keys or network.
//!
//! Guarantees: nothing is recorded; every event that counts as equal was computed again, except those in
//! [`ReplayReport::given`]. A fork is replayed in segments, each with the plugins and settings that it pinned. Fails with
//! [`Error::Differs`] or [`Error::Diverged`] at the first difference, and if a blob or component is missing or damaged.

use std::sync::Arc;

use phasegate_process::state::State;
use phasegate_process::{Event, Recorded, RunId, RunStatus};

use crate::error::{Error, ErrorCode};
use crate::host::Host;
use crate::observer::Observer;
use crate::run::outcome::{RunOutcome, StopSignal};
use crate::store::load::fold_events;
use crate::store::load::load_run;
use crate::store::replay_check::ReplayCheck;

/// Result of [`Host::replay`].
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ReplayReport {
    /// The run that was replayed.
    pub run: RunId,
    /// Number of events that the replay computed equally.
    pub equal: usize,
    /// Results that were taken from the record, because they hit a limit that depends on the machine.
    pub given: Vec<String>,
    /// Status and reason of the end; `None` if the run has not ended.
    pub ended: Option<(RunStatus, String)>,
}

impl Host {
    /// Replays a run up to its last event.
    pub async fn replay(
        &self,
        run: &RunId,
        observer: Arc<dyn Observer>,
        stop: &StopSignal,
    ) -> Result<ReplayReport, Error> {
        let (state, events) = load_run(self.journal().as_ref(), run)?;
        let ended = state.ended().map(|(status, reason)| (status, reason.to_owned()));
        let mut replayed = ReplayReport { run: run.clone(), equal: 0, given: Vec::new(), ended };
        for (start, segment) in self.segments(run, &events)? {
            let check = Arc::new(ReplayCheck::new(Arc::clone(self.journal()), run.clone(), segment));
            let ended = self.replay_segment(start, Arc::clone(&check), Arc::clone(&observer), stop).await?;
            if let (RunOutcome::Stopped(why), false) = (ended, check.is_complete()) {
                let message = format!("the replay of run {run} was stopped: {why}");
                return Err(Error::rejected(ErrorCode::ReplayStopped, message, "repeat the command"));
            }
            replayed.equal += check.position();
            replayed.given.extend(check.given());
        }
        Ok(replayed)
    }

    /// Splits events at forks. Returns each segment with the state that it starts from.
    fn segments<'a>(&self, run: &RunId, events: &'a [Recorded]) -> Result<Vec<(State, &'a [Recorded])>, Error> {
        let is_fork = |event: &Recorded| matches!(event.event, Event::RunForked(_));
        let heads: Vec<usize> = (0..events.len()).filter(|n| *n == 0 || events.get(*n).is_some_and(is_fork)).collect();
        let ends = heads.iter().skip(1).copied().chain([events.len()]);
        let mut segments = Vec::new();
        for (head, end) in heads.iter().zip(ends) {
            let (before, segment) = (events.get(..=*head), events.get(*head + 1..end));
            let (Some(before), Some(segment)) = (before, segment) else { continue };
            segments.push((fold_events(self.journal().as_ref(), run, before)?, segment));
        }
        Ok(segments)
    }
}
