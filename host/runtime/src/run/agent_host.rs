//! The desk of one attempt: what its agent may ask of the host, and the host's side of it.
//!
//! Promises: waiting calls are taken in the order the guest asked, whatever order their futures wake in: budget is reserved
//! in that order, and a call's occurrence among those of its label is counted in it. A question is durable before the
//! provider hears it; an answer is on its way to the disk before the guest hears it, and durable before anybody outside does.
//! What the journal answers already is not asked again. What no attempt can take the blame for (no model reachable, budget
//! used up, a journal that fails) ends the run's turn, not the attempt: see [`Desk::failed`].

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Instant;

use async_trait::async_trait;
use futures::poll;
use phasegate_broker::{Broker, Call, CallPath, OnUnknown, Progress};
use phasegate_journal::Blob;
use phasegate_process::model::{self, Answer, Request, Usage};
use phasegate_process::pipeline::Grants;
use phasegate_process::state::{AgentWork, CallState};
use phasegate_process::testing::{BenchError, File, Subject, TestRun};
use phasegate_process::{ArtifactRef, AttemptId, Digest, Event, PluginName, artifact};
use phasegate_sandbox::{ArtifactError, Capabilities, Limits, LogLevel, Overdrawn};
use tokio::sync::{Notify, watch};
use tokio::task::unconstrained;

use crate::budgets::Allowance;
use crate::error::Error;
use crate::observer::Seen;
use crate::output::diff::diff_of;
use crate::run::admission;
use crate::run::context::{Driver, Models};
use crate::run::limit_hit::LimitHit;
use crate::run::test_run;
use crate::store::fork_answers::Known;
use crate::store::writer::json_blob;

/// The files to be tested, with the digest of the artifact they are from.
type Tested = (Vec<File>, Option<Digest>);

pub(crate) struct Desk {
    driver: Arc<Driver>,
    at: AttemptId,
    plugin: PluginName,
    grants: Grants,
    allowance: Allowance,
    inputs: Vec<ArtifactRef>,
    /// Calls of this attempt that the journal knows already.
    recorded: BTreeMap<u32, CallState>,
    /// The number of the call whose turn it is.
    turn: watch::Sender<u32>,
    /// Why a replay ends if the agent comes to need the answer to this call, which the record does not have.
    unheard: Mutex<BTreeMap<u32, Error>>,
    /// How many calls of each label were made.
    labels: Mutex<BTreeMap<String, u32>>,
    failure: Mutex<Option<Error>>,
    failed: Notify,
    /// A limit that the attempt hit, here or where code is looked at for it.
    pub(crate) hit: LimitHit,
}

impl Desk {
    pub(crate) fn new(driver: Arc<Driver>, work: &AgentWork, limits: &Limits) -> Self {
        let recorded = match driver.writer.record() {
            Some(record) => record.calls(&work.at),
            None => driver.writer.state().running().map(|(_, calls)| calls.clone()).unwrap_or_default(),
        };
        let grants = driver.pipeline.grants(&work.phase.agent);
        Self {
            driver,
            at: work.at.clone(),
            plugin: work.phase.agent.clone(),
            grants,
            allowance: Allowance::new(limits),
            inputs: work.inputs.iter().chain(&work.previous).cloned().collect(),
            recorded,
            turn: watch::Sender::new(1),
            unheard: Mutex::default(),
            labels: Mutex::default(),
            failure: Mutex::default(),
            failed: Notify::new(),
            hit: LimitHit::none(&work.at),
        }
    }

    /// Waits for what ends the run's turn; for ever, if all goes well.
    pub(crate) async fn failed(&self) -> Error {
        loop {
            self.failed.notified().await;
            if let Some(error) = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return error;
            }
        }
    }

    /// Gives up the run's turn; the guest never hears of it.
    async fn give_up<T>(&self, error: Error) -> T {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.failed.notify_one();
        pending().await
    }

    async fn my_turn(&self, call: u32) {
        // The sender lives as long as the desk, so waiting cannot fail.
        let _ = self.turn.subscribe().wait_for(|turn| *turn >= call).await;
    }

    fn next_turn(&self, call: u32) {
        self.turn.send_modify(|turn| *turn = (*turn).max(call + 1));
    }

    /// The recorded side of a call: its answer if there is one; an error if the guest now asks something else.
    fn recall(&self, call: u32, request: &Blob) -> Result<Option<Digest>, Error> {
        let Some(known) = self.recorded.get(&call) else { return Ok(None) };
        if known.request != request.digest {
            let before = self.driver.writer.journal().blob(&known.request).ok().flatten();
            let diff =
                before.map(|before| format!("\n{}", diff_of(&before, &request.bytes).trim_end())).unwrap_or_default();
            return Err(Error::Diverged {
                run: self.driver.writer.run().clone(),
                at: self.at.to_string(),
                call,
                diff: format!("{} then, {} now{diff}", known.request, request.digest),
            });
        }
        if known.answer.is_none() && self.driver.settings.models.on_unknown == OnUnknown::Stop {
            return Err(Error::Unknown {
                run: self.driver.writer.run().clone(),
                at: self.at.to_string(),
                call,
                label: known.label.clone(),
            });
        }
        Ok(known.answer.clone())
    }

    fn occurrence(&self, label: &str) -> u32 {
        let mut labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        let count = labels.entry(label.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// Answers a call whose turn it is, and gives the turn on.
    async fn ask(&self, call: u32, request: Request) -> Result<Answer, Error> {
        let occurrence = self.occurrence(&request.label);
        let asked = json_blob(&request);
        if let Some(answer) = self.recall(call, &asked)? {
            self.next_turn(call);
            return self.driver.writer.json(&answer);
        }
        if !self.grants.models.contains(&request.tier) {
            self.next_turn(call);
            let tier = request.tier.as_str();
            let denied = self.denied(&format!("a model of tier `{tier}`"), &format!("models = [\"{tier}\"]"));
            return Ok(Err(model::Error::Denied(denied)));
        }
        if let Some(known) = self.driver.past.answer(&self.at, call, &asked.digest) {
            return self.recollect(call, request.label, asked, known).await;
        }
        let Some(Models { broker, ledger }) = &self.driver.models else {
            return self.unanswered(call, request.label, &asked);
        };
        let worst = broker.worst_case(&request);
        let reserved = ledger.reserve_in_turn(worst).await;
        let shared = match (self.driver.house.purse(), &reserved) {
            (Some(purse), Ok(_)) => Some(purse.reserve(worst).await),
            _ => None,
        };
        // Queued in turn, since permits are given in the order in which they were asked for; unconstrained, since a task that
        // has done much is otherwise sent away without having been queued.
        let mut permit = pin!(unconstrained(Arc::clone(&self.driver.overlap).acquire_owned()));
        let at_once = poll!(&mut permit);
        self.next_turn(call);
        let reservation = reserved.map_err(|shortage| self.no_answer(&request.label, &shortage.into()))?;
        let shared =
            shared.transpose().map_err(|why| Error::Purse(format!("{} ({}): {why}", self.at, request.label)))?;
        // A closed semaphore would mean that the run is over, and with it this call.
        let permit = if let Poll::Ready(permit) = at_once { permit } else { permit.await };
        let Ok(_one) = permit else { return pending().await };
        let model = broker.model_for(request.tier).to_string();
        let (at, label, digest) = (self.at.clone(), request.label.clone(), asked.digest.clone());
        let event = Event::ModelAsked { at, call, label, request: digest.clone(), model };
        self.driver.writer.append(vec![event], vec![asked])?;
        self.driver.writer.durable().await?;
        let began = Instant::now();
        let answer = self.provider(broker, call, occurrence, request.clone(), &digest).await;
        let elapsed_ms = began.elapsed().as_millis() as u64;
        let (usage, stop) = match &answer {
            Ok(response) => (response.usage, response.stop.clone()),
            Err(error @ (model::Error::Unavailable(_) | model::Error::Budget(_) | model::Error::Denied(_))) => {
                return Err(self.no_answer(&request.label, error));
            }
            Err(_) => (Usage::default(), "error".to_owned()),
        };
        let blob = json_blob(&answer);
        let answered = Event::ModelAnswered {
            at: self.at.clone(),
            call,
            answer: blob.digest.clone(),
            usage,
            stop,
            elapsed_ms,
            recorded: false,
        };
        self.driver.writer.append(vec![answered], vec![blob])?;
        reservation.commit(usage);
        shared.into_iter().for_each(|shared| shared.commit(usage));
        Ok(answer)
    }

    /// Answers with what the run that this one forks was answered; paid then, counted now.
    async fn recollect(&self, call: u32, label: String, request: Blob, known: &Known) -> Result<Answer, Error> {
        if let Some(models) = &self.driver.models {
            models.ledger.restore(known.usage);
        }
        self.next_turn(call);
        let asked = Event::ModelAsked {
            at: self.at.clone(),
            call,
            label,
            request: request.digest.clone(),
            model: known.model.clone(),
        };
        let answered = Event::ModelAnswered {
            at: self.at.clone(),
            call,
            answer: known.answer.clone(),
            usage: known.usage,
            stop: known.stop.clone(),
            elapsed_ms: 0,
            recorded: true,
        };
        self.driver.writer.append(vec![asked, answered], vec![request])?;
        self.driver.writer.json(&known.answer)
    }

    /// Nobody answers. In a replay the agent may have come back without having heard the answer; then so it does now.
    fn unanswered(&self, call: u32, label: String, request: &Blob) -> Result<Answer, Error> {
        let journal = self.driver.writer.journal();
        if self.driver.writer.record().is_some() {
            self.next_turn(call);
            let what = format!("call {call} ({label}) is asked, which has no answer in the record");
            let differs = Error::Differs {
                run: self.driver.writer.run().clone(),
                place: self.at.to_string(),
                what: what.clone(),
                diff: diff_of(b"", &request.bytes).trim_end().to_owned(),
            };
            self.unheard.lock().unwrap_or_else(PoisonError::into_inner).insert(call, differs);
            return Ok(Err(model::Error::Other(what)));
        }
        let before = self.driver.past.request(&self.at, call);
        let before = before.map(|digest| journal.blob(digest)).transpose()?.flatten().unwrap_or_default();
        Err(Error::NoRecord {
            run: self.driver.writer.run().clone(),
            at: self.at.to_string(),
            call,
            label,
            request: diff_of(&before, &request.bytes).trim_end().to_owned(),
        })
    }

    async fn provider(&self, broker: &Broker, call: u32, occurrence: u32, request: Request, digest: &Digest) -> Answer {
        let run = self.driver.writer.run().clone();
        let label = request.label.clone();
        let path = CallPath { phase: self.at.phase.to_string(), attempt: self.at.attempt, number: call, occurrence };
        let idempotency_key = Digest::of(format!("{run} {} {call} {digest}", self.at).as_bytes()).short().to_owned();
        let watcher = Arc::clone(self.driver.writer.watcher());
        let show = move |progress: Progress| {
            let what = match progress {
                Progress::Asking { attempt: 1 } => "asking".to_owned(),
                Progress::Asking { attempt } => format!("asking, try {attempt}"),
                Progress::Receiving { characters } => format!("{characters} characters"),
                Progress::Retrying { after, why, .. } => format!("again in {:.1} s: {why}", after.as_secs_f32()),
            };
            watcher.seen(&run, Some(&self.at), Seen::Model { call, label: label.clone(), what });
        };
        broker.complete(Call { path, request, idempotency_key }, show).await
    }

    fn no_answer(&self, label: &str, error: &model::Error) -> Error {
        let raise = if matches!(error, model::Error::Budget(_)) { " --calls N` (or --tokens N, --usd N)" } else { "`" };
        let again = format!("phasegate resume {}{raise}", self.driver.writer.run());
        Error::NoAnswer(format!("{} ({label}): {error}\nhint: nothing is lost; go on with `{again}", self.at))
    }

    fn denied(&self, wanted: &str, grant: &str) -> String {
        let Self { plugin, at, .. } = self;
        format!(
            "plugin `{plugin}` (phase {}, attempt {}) asked for {wanted}, which is not granted\nhint: if it may have that, \
             set `grants = {{ {grant} }}` under `[plugins.{plugin}]`",
            at.phase, at.attempt
        )
    }

    async fn try_tests(
        &self,
        call: u32,
        language: String,
        code: Subject,
        tests: Vec<File>,
    ) -> Result<Result<TestRun, BenchError>, Error> {
        self.my_turn(call).await;
        let request = json_blob(&(&language, &code, &tests));
        let recalled = self.recall(call, &request);
        self.next_turn(call);
        if let Some(run) = recalled? {
            return self.driver.writer.json(&run);
        }
        if !self.grants.test_bench.contains(&language) {
            let shown: String = language.chars().take(40).collect();
            let shown = shown.escape_debug();
            let why = self.denied(&format!("test runs in `{shown}`"), &format!("test-bench = [\"{shown}\"]"));
            return Ok(Err(BenchError::NoRunner(why)));
        }
        let began = Instant::now();
        let (code, digest) = match self.subject(code)? {
            Ok(subject) => subject,
            Err(error) => return Ok(Err(error)),
        };
        let hit = LimitHit::none(&self.at);
        let run = test_run::bench(&self.driver, &language, &code, &tests, &hit).await?;
        let blob = json_blob(&run);
        let ran = Event::TestsRan {
            at: self.at.clone(),
            call: Some(call),
            run: blob.digest.clone(),
            code: digest,
            request: Some(request.digest),
            elapsed_ms: began.elapsed().as_millis() as u64,
            limit: hit.taken(),
        };
        self.driver.writer.append(vec![ran], vec![blob])?;
        Ok(run)
    }

    /// What is to be tested.
    fn subject(&self, subject: Subject) -> Result<Result<Tested, BenchError>, Error> {
        let name = match subject {
            Subject::Draft(files) => {
                let bad = files.iter().find_map(|file| Some((file.path.clone(), artifact::path_fault(&file.path)?)));
                return Ok(match bad {
                    Some((path, why)) => Err(BenchError::Invalid(format!("path \"{}\": {why}", path.escape_debug()))),
                    None => Ok((files, None)),
                });
            }
            Subject::Input(name) => name,
        };
        let known =
            self.inputs.iter().find(|input| input.name.as_str() == name && input.kind.as_str() == "generated_code");
        let Some(known) = known else {
            return Ok(Err(BenchError::Invalid(format!("no input of kind generated_code is called `{name}`"))));
        };
        let code: test_run::Code = self.driver.writer.json(&known.digest)?;
        Ok(Ok((code.files, Some(known.digest.clone()))))
    }
}

#[async_trait]
impl Capabilities for Desk {
    async fn complete(&self, call: u32, request: Request) -> Result<Answer, Overdrawn> {
        self.my_turn(call).await;
        let known = self.recorded.contains_key(&call);
        let allowed = match self.allowance.let_through(&request, &self.driver.settings, known).await {
            Ok(allowed) => allowed,
            Err(overdrawn) => {
                self.next_turn(call);
                return Err(overdrawn);
            }
        };
        let answer = match self.ask(call, request).await {
            Ok(answer) => answer,
            Err(error) => self.give_up(error).await,
        };
        if let Ok(response) = &answer {
            allowed.reservation.commit(response.usage);
        }
        Ok(answer)
    }

    async fn run_tests(
        &self,
        call: u32,
        language: String,
        code: Subject,
        tests: Vec<File>,
    ) -> Result<TestRun, BenchError> {
        match self.try_tests(call, language, code, tests).await {
            Ok(run) => run,
            Err(error) => self.give_up(error).await,
        }
    }

    async fn refused(&self, call: u32) {
        self.my_turn(call).await;
        self.next_turn(call);
    }

    async fn hears(&self, call: u32) {
        let unanswered = self.unheard.lock().unwrap_or_else(PoisonError::into_inner).remove(&call);
        if let Some(error) = unanswered {
            self.give_up(error).await
        }
    }

    fn inputs(&self) -> Vec<ArtifactRef> {
        self.inputs.clone()
    }

    async fn read(&self, name: String) -> Result<Vec<u8>, ArtifactError> {
        let Some(input) = self.inputs.iter().find(|input| input.name.as_str() == name) else {
            return Err(ArtifactError::Unknown(name));
        };
        match self.driver.writer.blob(&input.digest) {
            Ok(bytes) => Ok(bytes),
            Err(error) => self.give_up(error).await,
        }
    }

    async fn check(&self, kind: String, content: Vec<u8>) -> Result<(), Vec<String>> {
        let Ok(kind) = kind.parse() else {
            // No kind has a longer name; a plugin may make this one as long as it likes.
            let shown: String = kind.chars().take(60).collect();
            return Err(vec![format!("there is no kind `{}`", shown.escape_debug())]);
        };
        match admission::check(&self.driver, &kind, &content, &self.hit).await {
            Ok(result) => result,
            Err(error) => self.give_up(error).await,
        }
    }

    fn log(&self, level: LogLevel, line: String) {
        let level = match level {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        };
        self.driver.writer.watcher().seen(self.driver.writer.run(), Some(&self.at), Seen::Log { level, line });
    }

    fn progress(&self, what: String, fraction: Option<f32>) {
        self.driver.writer.watcher().seen(self.driver.writer.run(), Some(&self.at), Seen::Progress { what, fraction });
    }
}
