//! The common beginning of runs that differ only in their feedback strategy.
//!
//! It is a run of its own, which stops before the first decision of the strategy. Each variant continues it in a fork that asks
//! its own strategy about the same judgement. Guarantees: the beginning does not change; a fork keeps everything that the
//! beginning pinned, apart from the strategy and the run's budget. A beginning that ends without a decision is the whole run of
//! every variant, and is not forked. Fails before an event is recorded.

use std::sync::Arc;

use phasegate_journal::{Fork, Journal};
use phasegate_process::state::{Action, State};
use phasegate_process::{EVENT_FORMAT, Event, Recorded, RunCreated, RunForked, RunId};

use crate::config::lock;
use crate::config::run_settings::RunSettings;
use crate::error::{Error, ErrorCode};
use crate::host::Host;
use crate::observer::Observer;
use crate::run::given_limits::recorded_budget;
use crate::runs::define::NewRun;
use crate::runs::prepare::PreparedRun;
use crate::store::blobs::{json_blob, now_ms, read_json};
use crate::store::load::fold_events;

/// How far the common beginning of several runs has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// There is no such run yet.
    NotStarted,
    /// It is under way, waits for a person, or stopped early.
    Open,
    /// The next step is the first decision of the strategy.
    AtDecision,
    /// It ended without a decision of the strategy.
    Ended,
}

impl Beginning {
    /// Returns how far this run has come.
    pub fn of(journal: &dyn Journal, run: &RunId) -> Result<Self, Error> {
        let events = journal.events(run)?;
        if events.is_empty() {
            return Ok(Self::NotStarted);
        }
        let state = fold_events(journal, run, before_decision(&events))?;
        Ok(match state.next() {
            Action::AskStrategy(..) => Self::AtDecision,
            Action::Over => Self::Ended,
            _ => Self::Open,
        })
    }
}

/// Returns the experiment whose variants continue this run; `None` if it is no common beginning, or has not come to the first
/// decision yet.
pub fn continuing_experiment(journal: &dyn Journal, state: &State) -> Option<String> {
    let Action::AskStrategy(..) = state.next() else { return None };
    let settings: RunSettings = read_json(journal, &state.created.settings).ok()?;
    settings.cell.filter(|cell| cell.shared_beginning).map(|cell| cell.experiment)
}

/// Returns the events before the first decision of the strategy, without notes about the run as a whole at their end.
fn before_decision(events: &[Recorded]) -> &[Recorded] {
    let decides = |recorded: &Recorded| matches!(recorded.event, Event::FeedbackDecided { .. });
    let end = events.iter().position(decides).unwrap_or(events.len());
    let before = events.get(..end).unwrap_or(events);
    let is_note = |recorded: &&Recorded| {
        matches!(recorded.event, Event::RunStopped { .. } | Event::BudgetChanged { .. } | Event::ProposalDecided { .. })
    };
    let notes = before.iter().rev().take_while(is_note).count();
    before.get(..before.len() - notes).unwrap_or(before)
}

impl Host {
    /// Creates `run`, which continues the common beginning with the strategy of `new`, without executing it.
    pub async fn continue_beginning(
        &self,
        run: &RunId,
        beginning: &RunId,
        new: NewRun<'_>,
        observer: &Arc<dyn Observer>,
    ) -> Result<(), Error> {
        let journal = Arc::clone(self.journal());
        let events = journal.events(beginning)?;
        let shared = before_decision(&events);
        let mut state = fold_events(journal.as_ref(), beginning, shared)?;
        let Action::AskStrategy(at, _) = state.next() else {
            let message = format!("run {beginning} is not before a decision of its strategy");
            return Err(Error::rejected(ErrorCode::CannotFork, message, format!("resume run {beginning} first")));
        };
        let prepared = self.prepare(&new, &self.report_compiling(observer, run)).await?;
        let PreparedRun { pinned, settings: own, first_named } = prepared;
        let mut settings: RunSettings = read_json(journal.as_ref(), &state.created.settings)?;
        settings.budget = recorded_budget(own.budget, &events, None);
        settings.cell = own.cell;
        let pinned_settings = json_blob(&settings);
        let created = RunCreated {
            format: EVENT_FORMAT,
            run_id: run.clone(),
            pipeline: pinned.blob.digest.clone(),
            settings: pinned_settings.digest.clone(),
            components: pinned.components.clone(),
            started_by: self.check_starter(&pinned.pipeline)?,
            ..(*state.created).clone()
        };
        let changes = match new.overrides {
            Some((overrides, _)) if !overrides.is_empty() => overrides.describe(),
            _ => vec![format!("feedback = {}", pinned.pipeline.feedback.plugin)],
        };
        let forked = RunForked { origin: beginning.clone(), at, at_decision: true, changes, created };
        let event = Event::RunForked(Box::new(forked));
        let (number, at_ms) = (shared.len() as u64, now_ms());
        let recorded = Recorded { number: number + 1, at_ms, event: event.clone() };
        state.apply_fork(&recorded, Arc::clone(&pinned.pipeline))?;
        lock::record_first_use(new.config, first_named, &self.person())?;
        let owned = journal.acquire(run).await?;
        let fork = Fork {
            run: run.clone(),
            fence: owned.fence(),
            origin: beginning.clone(),
            shared: number,
            at_ms,
            events: vec![event],
            blobs: vec![pinned.blob.clone(), pinned_settings],
        };
        let recorded = journal.fork(fork).await?;
        recorded.iter().for_each(|event| observer.on_event(run, event, &state));
        Ok(())
    }
}
