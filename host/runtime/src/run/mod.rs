//! The loop: ask the state for the next action, do it, append what happened.

pub(crate) mod admission;
pub(crate) mod agent;
pub(crate) mod agent_host;
pub(crate) mod calls;
pub(crate) mod context;
pub(crate) mod gate;
pub(crate) mod limit_hit;
pub(crate) mod model_calls;
pub(crate) mod test_run;
pub(crate) mod trial_run;

use std::sync::Arc;
use std::time::Duration;

use phasegate_broker::{Budget, BudgetConfig, OnUnknown};
use phasegate_process::state::{Action, State};
use phasegate_process::{AttemptId, Event, Recorded, RunId, RunStatus};
use tokio::sync::{Semaphore, watch};

use self::context::{Models, RunContext};
use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::host::{BudgetOverride, Host};
use crate::observer::Observer;
use crate::plugins::limits::plugin_limits;
use crate::store::blobs::read_json;
use crate::store::fork_answers::ForkAnswers;
use crate::store::load::load_run;
use crate::store::replay_check::ReplayCheck;
use crate::store::writer::{JournalWriter, WriteTarget};

/// How often a run looks whether somebody asked it to stop.
const CANCEL_POLL: Duration = Duration::from_millis(500);

/// Tells a run to stop; clones tell the same run.
#[derive(Debug, Clone)]
pub struct StopSignal(Arc<watch::Sender<Option<String>>>);

impl Default for StopSignal {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl StopSignal {
    /// Stop now; what was said so far is kept.
    pub fn stop(&self, why: impl Into<String>) {
        self.0.send_replace(Some(why.into()));
    }

    async fn stopped(&self) -> String {
        let mut stopped = self.0.subscribe();
        let why = stopped.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
        why.unwrap_or_else(|| "stopped".to_owned())
    }
}

/// Where a run came to.
#[derive(Debug, Clone, PartialEq)]
pub enum RunOutcome {
    /// It is over.
    Finished(RunStatus, String),
    /// It needs a person.
    Waiting {
        /// The judgement it is about.
        at: AttemptId,
        /// What the person is asked.
        question: String,
    },
    /// It was told to stop and can be resumed.
    Stopped(String),
}

impl Host {
    /// Carries a run on from where its journal ends, until it is over, waits for a person, or is stopped.
    pub async fn run(&self, run: &RunId, observer: Arc<dyn Observer>, stop: &StopSignal) -> Result<RunOutcome, Error> {
        let owned = self.journal().acquire(run).await?;
        let (state, events) = load_run(self.journal().as_ref(), run)?;
        if let Some((status, reason)) = state.ended() {
            return Ok(RunOutcome::Finished(status, reason.to_owned()));
        }
        let mut settings: RunSettings = read_json(self.journal().as_ref(), &state.created.settings)?;
        if self.budget_override().ask_again {
            settings.models.on_unknown = OnUnknown::AskAgain;
        }
        let models = match self.is_offline() {
            true => None,
            false => Some(Models {
                broker: self.broker(&settings).await?,
                ledger: run_ledger(&settings, self.budget_override(), &events),
            }),
        };
        let fork_answers = ForkAnswers::load(self.journal().as_ref(), &state)?;
        let target = WriteTarget::Journal(owned.fence());
        let context = self.new_context(state, events, settings, models, fork_answers, target, observer)?;
        let ended = tokio::select! {
            biased;
            why = stop.stopped() => Err(why),
            why = context.cancelled() => Err(why),
            ended = context.drive() => Ok(ended),
        };
        match ended {
            Ok(Ok(ended)) => context.writer.durable().await.map(|()| ended),
            Ok(Err(error)) => {
                // The run can be resumed; that it stopped and why is worth a line, if the journal still takes one.
                let reason = error.to_string();
                if context.writer.append_one(Event::RunStopped { reason }).is_ok() {
                    let _ = context.writer.durable().await;
                }
                Err(error)
            }
            Err(why) => {
                context.writer.append_one(Event::RunStopped { reason: why.clone() })?;
                context.writer.durable().await?;
                Ok(RunOutcome::Stopped(why))
            }
        }
    }

    /// The same loop over a record: nobody is asked, nothing is written, and every difference is an error.
    pub(crate) async fn replay_segment(
        &self,
        start: State,
        check: Arc<ReplayCheck>,
        observer: Arc<dyn Observer>,
        stop: &StopSignal,
    ) -> Result<RunOutcome, Error> {
        let settings: RunSettings = read_json(self.journal().as_ref(), &start.created.settings)?;
        let target = WriteTarget::Replay(check);
        let context = self.new_context(start, Vec::new(), settings, None, ForkAnswers::default(), target, observer)?;
        tokio::select! {
            biased;
            why = stop.stopped() => Ok(RunOutcome::Stopped(why)),
            ended = context.drive() => ended,
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one run, put together in one place")]
    fn new_context(
        &self,
        state: State,
        events: Vec<Recorded>,
        settings: RunSettings,
        models: Option<Models>,
        fork_answers: ForkAnswers,
        target: WriteTarget,
        observer: Arc<dyn Observer>,
    ) -> Result<Arc<RunContext>, Error> {
        let pipeline = Arc::clone(&state.pipeline);
        let limits = plugin_limits(&pipeline)?;
        let writer = Arc::new(JournalWriter::new(Arc::clone(self.journal()), target, state, events, observer));
        let overlap = Arc::new(Semaphore::new(if self.overlap() { Semaphore::MAX_PERMITS } else { 1 }));
        let host = self.clone();
        let trial = Semaphore::new(1);
        let context =
            Arc::new(RunContext { host, writer, pipeline, settings, models, fork_answers, overlap, trial, limits });
        context.preload_runners();
        Ok(context)
    }
}

fn run_ledger(settings: &RunSettings, budget_override: BudgetOverride, events: &[Recorded]) -> Budget {
    let pinned = settings.budget;
    let ledger = Budget::new(&BudgetConfig {
        calls: budget_override.calls.or(pinned.calls),
        tokens: budget_override.tokens.or(pinned.tokens),
        usd: budget_override.usd.or(pinned.usd),
    });
    for recorded in events {
        if let Event::ModelAnswered { usage, .. } = &recorded.event {
            ledger.restore(*usage);
        }
    }
    ledger
}

impl RunContext {
    /// Carries the run until it is over or has to wait; in a replay, until the record ends.
    pub(crate) async fn drive(self: &Arc<Self>) -> Result<RunOutcome, Error> {
        loop {
            if self.writer.replay_check().is_some_and(|check| check.is_complete()) {
                return Ok(RunOutcome::Stopped("the record ends here".to_owned()));
            }
            let action = self.writer.state().next();
            match action {
                Action::RunAgent(work) => agent::run_attempt(self, *work).await?,
                Action::RunSuite(work) => test_run::run_suite(self, *work).await?,
                Action::Judge(work) => gate::judge(self, *work)?,
                Action::AskStrategy(at, failure) => gate::ask_strategy(self, at, *failure).await?,
                Action::AskPerson(at, question, about) => {
                    self.writer.append_one(Event::ApprovalAsked { at, question, about })?;
                }
                Action::Wait(at) => {
                    if let Some(given) = self.writer.replay_check().and_then(|check| check.approval()) {
                        self.writer.append_one(given)?;
                        continue;
                    }
                    let question = self.writer.state().waiting().map(|(_, _, question)| question.to_owned());
                    return Ok(RunOutcome::Waiting { at, question: question.unwrap_or_default() });
                }
                Action::Finish(status, reason) => self.writer.append_one(Event::RunFinished { status, reason })?,
                Action::Over => {
                    let state = self.writer.state();
                    let (status, reason) = state.ended().unwrap_or((RunStatus::Failed, "the run has no end"));
                    return Ok(RunOutcome::Finished(status, reason.to_owned()));
                }
            }
        }
    }

    /// Waits until somebody asks for the run to be stopped, and says who.
    pub(crate) async fn cancelled(&self) -> String {
        loop {
            tokio::time::sleep(CANCEL_POLL).await;
            if let Ok(Some(by)) = self.writer.journal().cancel_request(self.writer.run()) {
                return format!("cancelled by {by}");
            }
        }
    }
}
