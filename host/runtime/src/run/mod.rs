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

use self::context::{Driver, Models};
use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::host::{House, Raise};
use crate::observer::Watcher;
use crate::plugins::limits::set_limits;
use crate::store::blobs::read_json;
use crate::store::fork_answers::Past;
use crate::store::load::load;
use crate::store::replay_check::Record;
use crate::store::writer::{Pen, Writer};

/// How often a run looks whether somebody asked it to stop.
const CANCEL_POLL: Duration = Duration::from_millis(500);

/// Tells a run to stop; clones tell the same run.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<Option<String>>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Stop {
    /// Stop now; what was said so far is kept.
    pub fn stop(&self, why: impl Into<String>) {
        self.0.send_replace(Some(why.into()));
    }

    async fn stopped(&self) -> String {
        let mut news = self.0.subscribe();
        let why = news.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
        why.unwrap_or_else(|| "stopped".to_owned())
    }
}

/// Where a run came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
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

impl House {
    /// Carries a run on from where its journal ends, until it is over, waits for a person, or is stopped.
    pub async fn run(&self, run: &RunId, watcher: Arc<dyn Watcher>, stop: &Stop) -> Result<Ended, Error> {
        let owned = self.journal().acquire(run).await?;
        let (state, events) = load(self.journal().as_ref(), run)?;
        if let Some((status, reason)) = state.ended() {
            return Ok(Ended::Finished(status, reason.to_owned()));
        }
        let mut settings: RunSettings = read_json(self.journal().as_ref(), &state.created.settings)?;
        if self.raise().ask_again {
            settings.models.on_unknown = OnUnknown::AskAgain;
        }
        let models = match self.is_offline() {
            true => None,
            false => {
                Some(Models { broker: self.broker(&settings).await?, ledger: ledger(&settings, self.raise(), &events) })
            }
        };
        let past = Past::of(self.journal().as_ref(), &state)?;
        let pen = Pen::Journal(owned.fence());
        let driver = self.driver(state, events, settings, models, past, pen, watcher)?;
        let ended = tokio::select! {
            biased;
            why = stop.stopped() => Err(why),
            why = driver.cancelled() => Err(why),
            ended = driver.drive() => Ok(ended),
        };
        match ended {
            Ok(Ok(ended)) => driver.writer.durable().await.map(|()| ended),
            Ok(Err(error)) => {
                // The run can be resumed; that it stopped and why is worth a line, if the journal still takes one.
                let reason = error.to_string();
                if driver.writer.append_one(Event::RunStopped { reason }).is_ok() {
                    let _ = driver.writer.durable().await;
                }
                Err(error)
            }
            Err(why) => {
                driver.writer.append_one(Event::RunStopped { reason: why.clone() })?;
                driver.writer.durable().await?;
                Ok(Ended::Stopped(why))
            }
        }
    }

    /// The same loop over a record: nobody is asked, nothing is written, and every difference is an error.
    pub(crate) async fn drive_again(
        &self,
        start: State,
        record: Arc<Record>,
        watcher: Arc<dyn Watcher>,
        stop: &Stop,
    ) -> Result<Ended, Error> {
        let settings: RunSettings = read_json(self.journal().as_ref(), &start.created.settings)?;
        let pen = Pen::Replay(record);
        let driver = self.driver(start, Vec::new(), settings, None, Past::default(), pen, watcher)?;
        tokio::select! {
            biased;
            why = stop.stopped() => Ok(Ended::Stopped(why)),
            ended = driver.drive() => ended,
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one run, put together in one place")]
    fn driver(
        &self,
        state: State,
        events: Vec<Recorded>,
        settings: RunSettings,
        models: Option<Models>,
        past: Past,
        pen: Pen,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Arc<Driver>, Error> {
        let pipeline = Arc::clone(&state.pipeline);
        let limits = set_limits(&pipeline)?;
        let writer = Arc::new(Writer::new(Arc::clone(self.journal()), pen, state, events, watcher));
        let overlap = Arc::new(Semaphore::new(if self.overlap() { Semaphore::MAX_PERMITS } else { 1 }));
        let house = self.clone();
        let trial = Semaphore::new(1);
        let driver = Arc::new(Driver { house, writer, pipeline, settings, models, past, overlap, trial, limits });
        driver.warm_runners();
        Ok(driver)
    }
}

fn ledger(settings: &RunSettings, raise: Raise, events: &[Recorded]) -> Budget {
    let pinned = settings.budget;
    let ledger = Budget::new(&BudgetConfig {
        calls: raise.calls.or(pinned.calls),
        tokens: raise.tokens.or(pinned.tokens),
        usd: raise.usd.or(pinned.usd),
    });
    for recorded in events {
        if let Event::ModelAnswered { usage, .. } = &recorded.event {
            ledger.restore(*usage);
        }
    }
    ledger
}

impl Driver {
    /// Carries the run until it is over or has to wait; in a replay, until the record ends.
    pub(crate) async fn drive(self: &Arc<Self>) -> Result<Ended, Error> {
        loop {
            if self.writer.record().is_some_and(|record| record.is_over()) {
                return Ok(Ended::Stopped("the record ends here".to_owned()));
            }
            let action = self.writer.state().next();
            match action {
                Action::RunAgent(work) => agent::run(self, *work).await?,
                Action::RunSuite(work) => test_run::run(self, *work).await?,
                Action::Judge(work) => gate::judge(self, *work)?,
                Action::AskStrategy(at, failure) => gate::ask_strategy(self, at, *failure).await?,
                Action::AskPerson(at, question, about) => {
                    self.writer.append_one(Event::ApprovalAsked { at, question, about })?;
                }
                Action::Wait(at) => {
                    if let Some(given) = self.writer.record().and_then(|record| record.approval()) {
                        self.writer.append_one(given)?;
                        continue;
                    }
                    let question = self.writer.state().waiting().map(|(_, _, question)| question.to_owned());
                    return Ok(Ended::Waiting { at, question: question.unwrap_or_default() });
                }
                Action::Finish(status, reason) => self.writer.append_one(Event::RunFinished { status, reason })?,
                Action::Over => {
                    let state = self.writer.state();
                    let (status, reason) = state.ended().unwrap_or((RunStatus::Failed, "the run has no end"));
                    return Ok(Ended::Finished(status, reason.to_owned()));
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
