//! Model calls of one attempt, answered by the journal, by the run that this one forks, or by a provider.

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Instant;

use futures::poll;
use phasegate_broker::{Broker, Call, CallPath, Progress};
use phasegate_journal::Blob;
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::limits::Limits;
use phasegate_process::model::{self, Answer, Request, StopReason, Usage};
use phasegate_process::sync::lock;
use phasegate_process::{Digest, Event};
use tokio::task::unconstrained;
use tracing::Instrument;

use crate::budgets::{AttemptBudget, BudgetOwner, Budgets, Exceeded};
use crate::error::Error;
use crate::observer::Activity;
use crate::output::diff::render_diff;
use crate::run::calls::Calls;
use crate::store::blobs::json_blob;
use crate::store::fork_answers::RecordedAnswer;

/// What answers a model call.
enum AnswerSource<'a> {
    /// The journal, with this blob.
    Journal(Digest),
    /// Nothing: the plugin may not ask this tier.
    NotGranted,
    /// The run that this one forks.
    Fork(&'a RecordedAnswer),
    /// A provider.
    Provider(&'a Broker),
    /// Nothing: no record has it, and no model is asked.
    Nothing,
}

pub(crate) struct ModelCalls {
    calls: Arc<Calls>,
    budget: AttemptBudget,
    /// Why a replay ends if the agent comes to need the answer to this call, which the record does not have.
    missing: Mutex<BTreeMap<u32, Error>>,
    /// How many calls of each label were made.
    labels: Mutex<BTreeMap<String, u32>>,
}

impl ModelCalls {
    pub(crate) fn new(calls: Arc<Calls>, limits: &Limits) -> Self {
        Self { calls, budget: AttemptBudget::new(limits), missing: Mutex::default(), labels: Mutex::default() }
    }

    /// Why a replay ends now that the agent needs the answer to this call, if the record does not have it.
    pub(crate) fn missing_answer(&self, call: u32) -> Option<Error> {
        lock(&self.missing).remove(&call)
    }

    fn next_occurrence(&self, label: &str) -> u32 {
        let mut labels = lock(&self.labels);
        let count = labels.entry(label.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// Answers a call whose turn it is, and ends its turn. The inner error ends the call of the plugin; the outer one stops
    /// the run.
    pub(crate) async fn answer(&self, call: u32, request: Request) -> Result<Result<Answer, BudgetExceeded>, Error> {
        let Calls { context, at, .. } = self.calls.as_ref();
        let asked = json_blob(&request);
        let source = self.find_source(call, &request, &asked)?;
        let run_cost = match &source {
            AnswerSource::Provider(broker) => Some(broker.worst_case(&request)),
            _ => None,
        };
        let budgets = Budgets { attempt: &self.budget, run: &context.budgets, settings: &context.settings };
        let is_recorded = self.calls.recorded.contains_key(&call);
        let reservations = match budgets.reserve(&request, is_recorded, run_cost).await {
            Ok(reservations) => reservations,
            Err(Exceeded { owner, budget }) => {
                self.calls.end_turn(call);
                let (at, label) = (at.clone(), request.label);
                return match owner {
                    BudgetOwner::PluginCall => Ok(Err(budget)),
                    BudgetOwner::Run => {
                        let run = context.run().clone();
                        Err(Error::RunBudget { run, at, label, exceeded: budget })
                    }
                    BudgetOwner::Shared { name, hint } => {
                        Err(Error::SharedBudget { at, label, owner: name, exceeded: budget, hint })
                    }
                };
            }
        };
        let occurrence = self.next_occurrence(&request.label);
        let answer: Answer = match source {
            AnswerSource::Journal(answer) => {
                self.calls.end_turn(call);
                context.json(&answer)?
            }
            AnswerSource::NotGranted => {
                self.calls.end_turn(call);
                let tier = request.tier.as_str();
                let wanted = format!("a model of tier `{tier}`");
                Err(model::Error::Denied(self.calls.render_denied(&wanted, &format!("models = [\"{tier}\"]"))))
            }
            AnswerSource::Fork(known) => self.answer_from_fork(call, request.label, asked, known)?,
            AnswerSource::Nothing => self.answer_without_record(call, request.label, &asked)?,
            AnswerSource::Provider(broker) => {
                let model = broker.model_for(request.tier).to_string();
                let label = request.label.as_str();
                let span = tracing::info_span!(parent: &self.calls.span, "model_call", call, label, model);
                self.ask_provider(broker, model, call, occurrence, request, asked).instrument(span).await?
            }
        };
        reservations.commit(answer.as_ref().map_or_else(|_| Usage::default(), |response| response.usage));
        Ok(Ok(answer))
    }

    /// Finds what answers a call.
    fn find_source(&self, call: u32, request: &Request, asked: &Blob) -> Result<AnswerSource<'_>, Error> {
        let Calls { context, at, grants, .. } = self.calls.as_ref();
        if let Some(answer) = self.calls.recorded_answer(call, asked)? {
            return Ok(AnswerSource::Journal(answer));
        }
        if !grants.models.contains(&request.tier) {
            return Ok(AnswerSource::NotGranted);
        }
        if let Some(known) = context.fork_answers.find(at, call, &asked.digest) {
            return Ok(AnswerSource::Fork(known));
        }
        Ok(context.broker.as_ref().map_or(AnswerSource::Nothing, AnswerSource::Provider))
    }

    /// Asks the provider in turn. The question is durable before the provider hears of it.
    async fn ask_provider(
        &self,
        broker: &Broker,
        model: String,
        call: u32,
        occurrence: u32,
        request: Request,
        asked: Blob,
    ) -> Result<Answer, Error> {
        let Calls { context, at, .. } = self.calls.as_ref();
        // Queued in turn, since permits are given in the order in which they were asked for; unconstrained, since a task that
        // has done much is otherwise sent away without having been queued.
        let mut permit = pin!(unconstrained(Arc::clone(&context.overlap).acquire_owned()));
        let at_once = poll!(&mut permit);
        self.calls.end_turn(call);
        // A closed semaphore would mean that the run is over, and with it this call.
        let permit = if let Poll::Ready(permit) = at_once { permit } else { permit.await };
        let Ok(_permit) = permit else { return pending().await };
        let (label, digest) = (request.label.clone(), asked.digest.clone());
        let event = Event::ModelAsked { at: at.clone(), call, label: label.clone(), request: digest.clone(), model };
        context.append_all(vec![event], vec![asked])?;
        context.durable().await?;
        let began = Instant::now();
        let answer = self.call_provider(broker, call, occurrence, request, &digest).await;
        let elapsed_ms = began.elapsed().as_millis() as u64;
        let (usage, stop) = match &answer {
            Ok(response) => (response.usage, response.stop.clone()),
            Err(error @ (model::Error::Unavailable(_) | model::Error::Budget(_) | model::Error::Denied(_))) => {
                return Err(self.no_answer_error(&label, error));
            }
            Err(_) => (Usage::default(), StopReason::FAILED_CALL.to_owned()),
        };
        let blob = json_blob(&answer);
        let answered = Event::ModelAnswered {
            at: at.clone(),
            call,
            answer: blob.digest.clone(),
            usage,
            stop,
            elapsed_ms,
            recorded: false,
        };
        context.append_all(vec![answered], vec![blob])?;
        Ok(answer)
    }

    /// Answers with what the run that this one forks was answered; paid then, counted now.
    fn answer_from_fork(
        &self,
        call: u32,
        label: String,
        request: Blob,
        known: &RecordedAnswer,
    ) -> Result<Answer, Error> {
        self.calls.context.budgets.restore(known.usage);
        self.calls.end_turn(call);
        let asked = Event::ModelAsked {
            at: self.calls.at.clone(),
            call,
            label,
            request: request.digest.clone(),
            model: known.model.clone(),
        };
        let answered = Event::ModelAnswered {
            at: self.calls.at.clone(),
            call,
            answer: known.answer.clone(),
            usage: known.usage,
            stop: known.stop.clone(),
            elapsed_ms: 0,
            recorded: true,
        };
        self.calls.context.append_all(vec![asked, answered], vec![request])?;
        self.calls.context.json(&known.answer)
    }

    /// Nobody answers. In a replay the agent may have come back without having heard the answer; then so it does now.
    fn answer_without_record(&self, call: u32, label: String, request: &Blob) -> Result<Answer, Error> {
        let journal = self.calls.context.host.journal();
        if self.calls.context.replay_check().is_some() {
            self.calls.end_turn(call);
            let what = format!("call {call} ({label}) is asked, which has no answer in the record");
            let differs = Error::Differs {
                run: self.calls.context.run().clone(),
                place: self.calls.at.to_string(),
                what: what.clone(),
                diff: render_diff(b"", &request.bytes).trim_end().to_owned(),
            };
            lock(&self.missing).insert(call, differs);
            return Ok(Err(model::Error::Other(what)));
        }
        let before = self.calls.context.fork_answers.request_at(&self.calls.at, call);
        let before = before.map(|digest| journal.blob(digest)).transpose()?.flatten().unwrap_or_default();
        Err(Error::NoRecord {
            run: self.calls.context.run().clone(),
            at: self.calls.at.to_string(),
            call,
            label,
            request: render_diff(&before, &request.bytes).trim_end().to_owned(),
        })
    }

    async fn call_provider(
        &self,
        broker: &Broker,
        call: u32,
        occurrence: u32,
        request: Request,
        digest: &Digest,
    ) -> Answer {
        let run = self.calls.context.run();
        let label = request.label.clone();
        let path = CallPath {
            phase: self.calls.at.phase.to_string(),
            attempt: self.calls.at.attempt,
            number: call,
            occurrence,
        };
        let idempotency_key =
            Digest::from_content(format!("{run} {} {call} {digest}", self.calls.at).as_bytes()).short().to_owned();
        let show = move |progress: Progress| {
            let what = match progress {
                Progress::Requesting { attempt: 1 } => "asking".to_owned(),
                Progress::Requesting { attempt } => format!("asking, try {attempt}"),
                Progress::Receiving { characters } => format!("{characters} characters"),
                Progress::Retrying { after, reason, .. } => format!("again in {:.1} s: {reason}", after.as_secs_f32()),
            };
            self.calls.context.on_activity(&self.calls.at, Activity::Model { call, label: label.clone(), what });
        };
        broker.complete(Call { path, request, idempotency_key }, show).await
    }

    fn no_answer_error(&self, label: &str, error: &model::Error) -> Error {
        let again = format!("phasegate resume {}", self.calls.context.run());
        Error::NoAnswer(format!("{} ({label}): {error}\nhint: nothing is lost; go on with `{again}`", self.calls.at))
    }
}
