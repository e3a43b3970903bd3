//! The run loop: asks the state for the next action, executes it, and appends the events that result.
//!
//! A new, a resumed, a replayed and a forked run go through the same loop. It ends when the run is over, when it waits
//! for a person, when it is stopped, and with an error that leaves the run resumable.

pub(crate) mod acceptance;
pub(crate) mod admission;
pub(crate) mod agent;
pub(crate) mod agent_host;
pub(crate) mod branch;
pub(crate) mod calls;
pub(crate) mod changed_files;
pub(crate) mod context;
pub(crate) mod gate;
pub(crate) mod given_limits;
pub(crate) mod imported;
pub(crate) mod limit_hit;
pub(crate) mod log_tail;
pub(crate) mod model_calls;
pub(crate) mod outcome;
pub(crate) mod owned;
pub(crate) mod provider_call;
pub(crate) mod repository_files;
pub(crate) mod shared_prefix;
pub(crate) mod test_base;
pub(crate) mod test_run;
pub(crate) mod trial_run;

use std::sync::Arc;

use phasegate_broker::{Broker, BudgetConfig, OnUnknown, check_priced};
use phasegate_journal::Ownership;
use phasegate_process::state::{Action, State};
use phasegate_process::{AttemptId, Event, Recorded, RunId, RunStatus};
use tokio::sync::watch;
use tracing::Instrument;

use self::context::RunContext;
use self::outcome::{RunOutcome, StopCause, StopSignal};
use self::owned::OwnedRun;
use crate::budgets::RunBudgets;
use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::host::Host;
use crate::observer::Observer;
use crate::shared_budget::{ExperimentBudget, SharedBudget};
use crate::store::blobs::{now_ms, read_json};
use crate::store::fork_answers::ForkAnswers;
use crate::store::load::load_run_sharing;
use crate::store::replay_check::ReplayCheck;
use crate::store::writer::{JournalWriter, WriteTarget};

impl Host {
    /// Continues a run from the end of its journal until it is over, waits for a person, or is stopped. Owns the run
    /// meanwhile.
    pub async fn run(&self, run: &RunId, observer: Arc<dyn Observer>, stop: &StopSignal) -> Result<RunOutcome, Error> {
        let owned = self.journal().acquire(run).await?;
        let (state, events) = load_run_sharing(self.journal().as_ref(), run, self.pipelines())?;
        if let Some((status, reason)) = state.ended() {
            return Ok(RunOutcome::Finished(status, reason.to_owned()));
        }
        let pinned: RunSettings = read_json(self.journal().as_ref(), &state.created.settings)?;
        let mut settings = self.settings_to_continue(&state, &events, pinned)?;
        if self.budget_override().ask_again {
            settings.models.on_unknown = OnUnknown::AskAgain;
        }
        let broker = match self.is_offline() {
            true => None,
            false => self.broker_of(&state.pipeline, &settings).await?,
        };
        let under_way = self.history().resume(self.journal().as_ref(), &state, &events)?;
        self.execute(OwnedRun { owned, state, events, settings, broker, under_way }, observer, stop).await
    }

    /// Executes a run that was just created, like [`Host::run`], without reading it again.
    pub async fn run_created(
        &self,
        created: OwnedRun,
        observer: Arc<dyn Observer>,
        stop: &StopSignal,
    ) -> Result<RunOutcome, Error> {
        if self.is_offline() || !self.current_providers().is_empty() || self.budget_override().ask_again {
            // These change the settings of a run that is loaded.
            let run = created.id().clone();
            drop(created);
            return self.run(&run, observer, stop).await;
        }
        self.execute(created, observer, stop).await
    }

    async fn execute(
        &self,
        owned: OwnedRun,
        observer: Arc<dyn Observer>,
        stop: &StopSignal,
    ) -> Result<RunOutcome, Error> {
        let OwnedRun { owned, state, events, mut settings, broker, under_way } = owned;
        let run = state.created.run_id.clone();
        let given = self.give_limits(&run, &mut settings);
        let shared = self.join_shared_budget(&owned, &run, &events, &settings, broker.as_ref()).await?;
        let budgets = RunBudgets::new(&settings.budget, shared);
        budgets.restore(&events, self.journal().as_ref(), &settings.prices);
        let fork_answers = ForkAnswers::load(self.journal().as_ref(), &state, settings.reuse_answers_of_other_models)?;
        let target = WriteTarget::Journal(owned.fence());
        let writer = JournalWriter::new(Arc::clone(self.journal()), target, state, events, observer);
        let context = RunContext::new(self.clone(), writer, settings, broker, budgets, fork_answers)?;
        if !given.is_empty() {
            context.append(Event::BudgetChanged { limits: given, by: self.person() })?;
        }
        let cancel = self.journal().cancel_requests(&run)?;
        let ended = tokio::select! {
            biased;
            reason = stop.stopped() => Err(reason),
            by = cancelled(cancel) => Err(StopCause::Cancelled { by }),
            ended = context.drive().instrument(context.span.clone()) => Ok(ended),
        };
        self.journal().settle().await;
        let outcome = match ended {
            Ok(Ok(ended)) => context.durable().await.map(|()| ended),
            Ok(Err(error)) => {
                // The run can be resumed. The reason is recorded, unless the journal is what failed.
                let reason = error.describe();
                if context.append(Event::RunStopped { reason }).is_ok() {
                    let _ = context.durable().await;
                }
                Err(error)
            }
            Err(reason) => {
                context.append(Event::RunStopped { reason: reason.to_string() })?;
                context.durable().await?;
                Ok(RunOutcome::Stopped(reason))
            }
        };
        if outcome.is_ok() {
            under_way.update(self.journal().as_ref(), &context.state(), &context.events());
        }
        outcome
    }

    /// Returns the budget that a run of an experiment shares with the others. Fails if that has a limit in US dollars and the
    /// price of a model is not known. An imported run shares no budget: its experiment was paid elsewhere.
    async fn join_shared_budget(
        &self,
        owned: &Ownership,
        run: &RunId,
        events: &[Recorded],
        settings: &RunSettings,
        broker: Option<&Broker>,
    ) -> Result<Option<SharedBudget>, Error> {
        let journal = self.journal();
        let Some(cell) = &settings.cell else { return Ok(None) };
        if journal.imported(run)?.is_some() {
            return Ok(None);
        }
        let experiment = &cell.experiment;
        let limits = ExperimentBudget::new(journal, experiment).limits()?;
        if let (Some((BudgetConfig { usd, .. }, _)), Some(broker)) = (limits, broker) {
            check_priced(usd, broker, &settings.prices, &settings.providers)?;
        }
        let queue = self.shared_budgets().of(experiment);
        SharedBudget::join(journal, queue, experiment, (run, owned.fence()), events, settings).await.map(Some)
    }

    /// Runs the loop from this state and compares each event with the record. Writes nothing and calls no provider; the
    /// first difference is an error.
    pub(crate) async fn replay_segment(
        &self,
        start: State,
        check: Arc<ReplayCheck>,
        observer: Arc<dyn Observer>,
        stop: &StopSignal,
    ) -> Result<RunOutcome, Error> {
        let settings: RunSettings = read_json(self.journal().as_ref(), &start.created.settings)?;
        let budgets = RunBudgets::new(&settings.budget, None);
        let target = WriteTarget::Replay(check);
        let writer = JournalWriter::new(Arc::clone(self.journal()), target, start, Vec::new(), observer);
        let context = RunContext::new(self.clone(), writer, settings, None, budgets, ForkAnswers::default())?;
        tokio::select! {
            biased;
            reason = stop.stopped() => Ok(RunOutcome::Stopped(reason)),
            ended = context.drive().instrument(context.span.clone()) => ended,
        }
    }
}

/// Waits for a request to cancel the run and returns who made it.
async fn cancelled(mut requests: watch::Receiver<Option<String>>) -> String {
    match requests.wait_for(Option::is_some).await.ok().and_then(|by| by.clone()) {
        Some(by) => by,
        // The channel closes with the journal, which the run holds.
        None => std::future::pending().await,
    }
}

impl RunContext {
    /// Runs the loop until the run is over or waits for a person; in a replay, until the record ends.
    pub(crate) async fn drive(self: &Arc<Self>) -> Result<RunOutcome, Error> {
        loop {
            if self.replay_check().is_some_and(|check| check.is_complete()) {
                return Ok(RunOutcome::Stopped(StopCause::EndOfRecord));
            }
            let action = self.state().next();
            // A judgement and the start of an attempt wait for nothing: they are written with the events before them.
            if !matches!(action, Action::Judge(_) | Action::RunAgent(_)) {
                self.flush();
            }
            match action {
                Action::RunAgent(work) => agent::run_attempt(self, *work).await?,
                Action::RunSuite(work) => {
                    let (phase, attempt) = (&work.at.phase, work.at.attempt);
                    let span = tracing::info_span!(parent: &self.span, "test_run", %phase, attempt);
                    test_run::run_suite(self, *work).instrument(span).await?;
                }
                Action::Judge(work) => gate::judge(self, *work)?,
                Action::AskStrategy(at, _) if self.is_shared_beginning() => return self.stop_before_decision(at),
                Action::AskStrategy(at, failure) => gate::ask_strategy(self, at, *failure).await?,
                Action::AskPerson(at, question, about) => {
                    self.append(Event::ApprovalAsked { at, question, about })?;
                }
                Action::Wait(at) => {
                    let event = match self.replay_check() {
                        Some(check) => check.approval(),
                        None => self.state().renewed_question(now_ms()),
                    };
                    if let Some(event) = event {
                        self.append(event)?;
                        continue;
                    }
                    let question = self.state().waiting().map(|(_, _, question)| question.to_owned());
                    return Ok(RunOutcome::Waiting { at, question: question.unwrap_or_default() });
                }
                Action::RunAcceptance(code) => {
                    let span = tracing::info_span!(parent: &self.span, "acceptance_tests");
                    acceptance::run_acceptance_tests(self, code).instrument(span).await?;
                }
                Action::WriteBranch => branch::write_branch(self).await?,
                Action::Finish(status, reason) => {
                    self.host.journal().settle().await;
                    self.append(Event::RunFinished { status, reason })?;
                }
                Action::Over => {
                    let state = self.state();
                    let (status, reason) = state.ended().unwrap_or((RunStatus::Failed, "the run has no end"));
                    return Ok(RunOutcome::Finished(status, reason.to_owned()));
                }
            }
        }
    }

    /// Whether variants of an experiment go on from this run, each with its own strategy.
    fn is_shared_beginning(&self) -> bool {
        self.settings.cell.as_ref().is_some_and(|cell| cell.shared_beginning)
    }

    fn stop_before_decision(&self, at: AttemptId) -> Result<RunOutcome, Error> {
        let cause = StopCause::BeforeDecision { at };
        let reason = cause.to_string();
        // A run that is resumed here has nothing to add.
        if self.state().stopped.as_ref() != Some(&reason) {
            self.append(Event::RunStopped { reason })?;
        }
        Ok(RunOutcome::Stopped(cause))
    }
}

#[cfg(test)]
mod tests;
