//! The imports of an agent, for one attempt.
//!
//! Guarantees:
//! - Waiting calls are handled in the order in which the guest makes them: budgets are reserved and labels are counted
//!   in that order, however the futures of the calls wake.
//! - A request is durable before the provider receives it. An answer is handed to the journal before the guest receives
//!   it, and durable before anybody outside of the host does.
//! - A call that the journal answers is not made again.
//!
//! A failure that is not the agent's (no provider reachable, budget of the run exhausted, a journal that fails) stops
//! the run and leaves the attempt open: see [`AgentHost::failed`]. The guest never learns of it. Requests that are under way
//! meanwhile are finished and recorded first, so that they are not paid again.

use std::future::pending;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use phasegate_process::ArtifactRef;
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::limits::Limits;
use phasegate_process::model::{Answer, Request};
use phasegate_process::repository::{FileList, MatchList};
use phasegate_process::state::AgentWork;
use phasegate_process::sync::lock;
use phasegate_process::testing::{BenchError, File, Subject, TestRun};
use phasegate_sandbox::{ArtifactError, Capabilities, CpuMeter, LogLevel, Plugin};
use tokio::sync::Notify;
use tracing::Span;

use crate::error::Error;
use crate::observer::Activity;
use crate::run::admission;
use crate::run::calls::Calls;
use crate::run::context::RunContext;
use crate::run::limit_hit::LimitHit;
use crate::run::log_tail::LogTail;
use crate::run::model_calls::ModelCalls;
use crate::run::repository_files::{RepositoryFiles, path_of};
use crate::run::trial_run::TrialRuns;

pub(crate) struct AgentHost {
    calls: Arc<Calls>,
    models: ModelCalls,
    trials: TrialRuns,
    repository: RepositoryFiles,
    inputs: Vec<ArtifactRef>,
    failure: Mutex<Option<Error>>,
    failed: Notify,
    /// The limit that the attempt hit, in the plugin call or while its code is validated.
    pub(crate) hit: LimitHit,
    /// The end of the plugin's log.
    pub(crate) log: LogTail,
}

impl AgentHost {
    pub(crate) fn new(
        context: Arc<RunContext>,
        work: &AgentWork,
        plugin: &Plugin,
        limits: &Limits,
        span: Span,
    ) -> Self {
        let inputs: Vec<ArtifactRef> = work.inputs.iter().chain(&work.previous).cloned().collect();
        let repository = RepositoryFiles::new(Arc::clone(&context), work);
        let asks = plugin.inspection().manifest.as_ref().map(|manifest| manifest.asks.clone());
        let calls = Arc::new(Calls::new(context, work, asks, span));
        Self {
            repository,
            models: ModelCalls::new(Arc::clone(&calls), limits),
            trials: TrialRuns::new(Arc::clone(&calls), inputs.clone()),
            calls,
            inputs,
            failure: Mutex::default(),
            failed: Notify::new(),
            hit: LimitHit::new(&work.at),
            log: LogTail::default(),
        }
    }

    /// Waits for a failure that stops the run, and then for the requests under way; never returns without a failure.
    pub(crate) async fn failed(&self) -> Error {
        loop {
            self.failed.notified().await;
            self.calls.requests_ended().await;
            if let Some(error) = self.take_failure() {
                return error;
            }
        }
    }

    /// Returns the failure that stops the run, if there is one.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        lock(&self.failure).take()
    }

    /// Returns the result, or stops the run with its error.
    async fn or_fail<T>(&self, result: Result<T, Error>) -> T {
        match result {
            Ok(value) => value,
            Err(error) => self.fail(error).await,
        }
    }

    /// Stops the run with this error. Never returns, so that the guest gets no answer.
    async fn fail<T>(&self, error: Error) -> T {
        lock(&self.failure).get_or_insert(error);
        self.calls.stop_requests();
        self.failed.notify_one();
        pending().await
    }
}

#[async_trait]
impl Capabilities for AgentHost {
    async fn complete(&self, call: u32, request: Request) -> Result<Answer, BudgetExceeded> {
        self.calls.wait_turn(call).await;
        match self.models.answer(call, request).await {
            Ok(answer) => answer,
            Err(error) => self.fail(error).await,
        }
    }

    async fn run_tests(
        &self,
        call: u32,
        language: String,
        code: Subject,
        tests: Vec<File>,
    ) -> Result<TestRun, BenchError> {
        match self.trials.run_tests(call, language, code, tests).await {
            Ok(run) => run,
            Err(error) => self.fail(error).await,
        }
    }

    async fn call_rejected(&self, call: u32) {
        self.calls.wait_turn(call).await;
        self.calls.end_turn(call);
    }

    async fn before_answer(&self, call: u32) {
        if let Some(error) = self.models.missing_answer(call) {
            self.fail(error).await
        }
    }

    fn inputs(&self) -> Vec<ArtifactRef> {
        self.inputs.clone()
    }

    async fn read(&self, name: String) -> Result<Vec<u8>, ArtifactError> {
        let Some(input) = self.inputs.iter().find(|input| input.name.as_str() == name) else {
            return match path_of(&name) {
                Some(path) => self.or_fail(self.repository.read(path).await).await,
                None => Err(ArtifactError::Unknown(name)),
            };
        };
        match self.calls.context.blob(&input.digest) {
            Ok(bytes) => Ok(bytes),
            Err(error) => self.fail(error).await,
        }
    }

    async fn list_files(&self, folder: String) -> Result<FileList, ArtifactError> {
        self.or_fail(self.repository.list(&folder).await).await
    }

    async fn search_text(&self, text: String, folder: String) -> Result<MatchList, ArtifactError> {
        self.or_fail(self.repository.search(&text, &folder).await).await
    }

    async fn check(&self, kind: String, content: Vec<u8>, cpu: &CpuMeter) -> Result<(), Vec<String>> {
        let Ok(kind) = kind.parse() else {
            // Names of kinds are shorter; the text comes from the plugin and has no limit of its own.
            let shown: String = kind.chars().take(60).collect();
            return Err(vec![format!("there is no kind `{}`", shown.escape_debug())]);
        };
        match admission::check(&self.calls.context, &self.calls.at, &kind, &content, &self.hit, cpu).await {
            Ok(result) => result,
            Err(error) => self.fail(error).await,
        }
    }

    fn log(&self, level: LogLevel, line: String) {
        self.log.add(&line);
        self.calls.context.on_activity(&self.calls.at, Activity::Log { level, line });
    }

    fn progress(&self, what: String, fraction: Option<f32>) {
        self.calls.context.on_activity(&self.calls.at, Activity::Progress { what, fraction });
    }
}
