//! The model calls of one attempt. An answer comes from the journal, from the run that this one forks, or from a
//! provider.

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Instant;

use futures::poll;
use phasegate_broker::{Broker, Call, CallError, CallPath, FailedRequest, FailureCost, Progress};
use phasegate_journal::Blob;
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::limits::Limits;
use phasegate_process::model::{self, Answer, Request, StopReason, Usage};
use phasegate_process::pipeline::Grants;
use phasegate_process::sync::lock;
use phasegate_process::{Digest, Event};
use tokio::task::unconstrained;
use tracing::Instrument;

use crate::budgets::{AttemptBudget, BudgetOwner, Exceeded, RequestReservation, ReserveError};
use crate::error::Error;
use crate::observer::Activity;
use crate::output::diff::render_diff;
use crate::run::calls::Calls;
use crate::run::provider_call::{CallEnd, ProviderCall, Resources};
use crate::run::shared_prefix::{SendTime, SharedPrefixes};
use crate::store::blobs::json_blob;
use crate::store::fork_answers::RecordedAnswer;

/// The source of the answer to a model call.
enum AnswerSource<'a> {
    /// The journal holds the answer in this blob.
    Journal(Digest),
    /// The plugin has no grant for the tier; the answer is an error.
    NotGranted,
    /// The run that this one forks has an answer to an equal request.
    Fork(&'a RecordedAnswer),
    /// A provider is called.
    Provider(&'a Broker),
    /// There is no recorded answer, and providers are not called.
    Nothing,
}

pub(crate) struct ModelCalls {
    calls: Arc<Calls>,
    budget: AttemptBudget,
    /// Errors by call number, for calls of a replay that have no recorded answer. The error counts only if the agent
    /// waits for the answer: in the recorded run the agent may have returned without it.
    missing: Mutex<BTreeMap<u32, Error>>,
    /// Number of calls so far by label.
    labels: Mutex<BTreeMap<String, u32>>,
    prefixes: SharedPrefixes,
}

impl ModelCalls {
    pub(crate) fn new(calls: Arc<Calls>, limits: &Limits) -> Self {
        Self {
            calls,
            budget: AttemptBudget::new(limits),
            missing: Mutex::default(),
            labels: Mutex::default(),
            prefixes: SharedPrefixes::default(),
        }
    }

    /// Returns the error that stops a replay when the agent receives the answer to this call, if the record has no
    /// answer to it.
    pub(crate) fn missing_answer(&self, call: u32) -> Option<Error> {
        lock(&self.missing).remove(&call)
    }

    fn next_occurrence(&self, label: &str) -> u32 {
        let mut labels = lock(&self.labels);
        let count = labels.entry(label.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// Answers a call whose turn it is, and ends its turn. The inner error ends the plugin call; the outer error stops
    /// the run.
    pub(crate) async fn answer(&self, call: u32, request: Request) -> Result<Result<Answer, BudgetExceeded>, Error> {
        let context = &self.calls.context;
        let request = context.settings.models.with_sampling(request);
        let asked = json_blob(&request);
        let request = Arc::new(request);
        let source = self.find_source(call, &request, &asked)?;
        let is_recorded = self.calls.recorded.contains_key(&call);
        let in_attempt = match self.budget.reserve(&request, is_recorded, &context.settings).await {
            Ok(reservation) => reservation,
            Err(budget) => {
                self.calls.end_turn(call);
                return Ok(Err(budget));
            }
        };
        let in_run = match &source {
            AnswerSource::Provider(broker) => match context.budgets.reserve(broker, &request).await {
                Ok(reservation) => Some(reservation),
                Err(error) => {
                    self.calls.end_turn(call);
                    return Err(match error {
                        ReserveError::Exceeded(exceeded) => self.budget_error(request.label.clone(), exceeded),
                        ReserveError::Failed(error) => error,
                    });
                }
            },
            _ => None,
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
                let is_asked = |asks: &Grants| asks.models.contains(&request.tier);
                let grant = format!("models = [\"{tier}\"]");
                Err(model::Error::Denied(self.calls.render_denied(&wanted, &grant, is_asked)))
            }
            AnswerSource::Fork(known) => self.answer_from_fork(call, request.label.clone(), asked, known)?,
            AnswerSource::Nothing => self.answer_without_record(call, request.label.clone(), &asked)?,
            AnswerSource::Provider(broker) => {
                let (label, model) = (request.label.as_str(), broker.model_for(request.tier).to_string());
                let span = tracing::info_span!(parent: &self.calls.span, "model_call", call, label, model);
                self.ask_provider(broker, call, occurrence, &request, asked, in_run).instrument(span).await?
            }
        };
        in_attempt.commit(answer.as_ref().map_or_else(|_| Usage::default(), |response| response.usage));
        Ok(Ok(answer))
    }

    /// Finds the source of the answer. Fails where the recorded call differs, see [`Calls::recorded_answer`].
    fn find_source(&self, call: u32, request: &Request, asked: &Blob) -> Result<AnswerSource<'_>, Error> {
        let Calls { context, at, grants, .. } = self.calls.as_ref();
        if let Some(answer) = self.calls.recorded_answer(call, asked)? {
            return Ok(AnswerSource::Journal(answer));
        }
        if !grants.models.contains(&request.tier) {
            return Ok(AnswerSource::NotGranted);
        }
        let model = context.settings.models.configured(request.tier).map(|(_, model)| model.to_string());
        if let Some(known) = model.and_then(|model| context.fork_answers.find(at, call, &asked.digest, &model)) {
            return Ok(AnswerSource::Fork(known));
        }
        Ok(context.broker.as_ref().map_or(AnswerSource::Nothing, AnswerSource::Provider))
    }

    /// Calls the provider. Each request is durable before it is sent, and the answer is recorded before it is returned. Never
    /// returns where the run is about to stop and no request is under way.
    async fn ask_provider(
        &self,
        broker: &Broker,
        call: u32,
        occurrence: u32,
        request: &Arc<Request>,
        asked: Blob,
        reservation: Option<RequestReservation>,
    ) -> Result<Answer, Error> {
        let Calls { context, at, .. } = self.calls.as_ref();
        // Polled once before the turn ends, so that permits are queued in the order of the calls. Unconstrained: tokio
        // would otherwise return pending without queueing when the task has used up its budget.
        let mut permit = pin!(unconstrained(Arc::clone(&context.overlap).acquire_owned()));
        let at_once = poll!(&mut permit);
        let time = self.send_time(broker, request);
        self.calls.end_turn(call);
        // The semaphore is closed only after the run, and the call with it, is over.
        let permit = if let Poll::Ready(permit) = at_once { permit } else { permit.await };
        let (Ok(permit), Some(reservation)) = (permit, reservation) else { return pending().await };
        let first = match time {
            SendTime::First(first) => Some(first),
            SendTime::Now => None,
            SendTime::After(earlier) => {
                let (label, progress) = (request.label.clone(), Progress::WaitingForCache);
                context.on_activity(at, Activity::Model { call, label, progress });
                earlier.answer_begins().await;
                None
            }
        };
        let began = Instant::now();
        let request_digest = asked.digest.clone();
        let resources = Resources { permit, reservation, first };
        let provider_call = ProviderCall::new(&self.calls, broker, call, request, asked, resources);
        let path = CallPath { phase: at.phase.to_string(), attempt: at.attempt, number: call, occurrence };
        let key = format!("{} {at} {call} {request_digest}", context.run());
        let idempotency_key = Digest::from_content(key.as_bytes()).short().to_owned();
        let measure = context.budgets.measure_of(&broker.model_for(request.tier).to_string());
        let made = Call { path, request: Arc::clone(request), idempotency_key, measure };
        let ended = broker.call(made, &provider_call).await;
        if matches!(ended, Err(CallError::Failed(_) | CallError::Ended(_))) {
            // Before a call that waits for this one is sent.
            self.calls.stop_requests();
        }
        let answer = match ended {
            Ok(response) => Ok(response),
            Err(CallError::Rejected(error)) => Err(error),
            Err(CallError::Failed(failed)) => return Err(self.no_answer_error(broker, request, &failed)),
            Err(CallError::Ended(CallEnd::Failed(error))) => return Err(error),
            Err(CallError::Ended(CallEnd::Exceeded(exceeded))) => {
                return Err(self.budget_error(request.label.clone(), exceeded));
            }
            Err(CallError::Ended(CallEnd::Stopping)) => return pending().await,
        };
        let (usage, stop) = match &answer {
            Ok(response) => (response.usage, response.stop.clone()),
            Err(_) => (Usage::default(), StopReason::FAILED_CALL.to_owned()),
        };
        let blob = json_blob(&answer);
        let answered = Event::ModelAnswered {
            at: at.clone(),
            call,
            answer: blob.digest.clone(),
            usage,
            stop,
            elapsed_ms: began.elapsed().as_millis() as u64,
            recorded: false,
        };
        context.append_all(vec![answered], vec![blob])?;
        if answer.is_ok() {
            provider_call.charge(usage);
        }
        Ok(answer)
    }

    /// Returns when a call is sent. Where calls do not overlap, each is sent when the one before it has ended.
    fn send_time(&self, broker: &Broker, request: &Request) -> SendTime<'_> {
        match self.calls.context.host.overlap() && broker.waits_for_cache(request.tier) {
            true => self.prefixes.enter(&broker.model_for(request.tier).to_string(), request),
            false => SendTime::Now,
        }
    }

    /// Records and returns the answer that the forked run received. It counts in the budget of this run as well.
    fn answer_from_fork(
        &self,
        call: u32,
        label: String,
        request: Blob,
        known: &RecordedAnswer,
    ) -> Result<Answer, Error> {
        self.calls.context.budgets.restore_answer(known.usage);
        self.calls.end_turn(call);
        let asked = Event::ModelAsked {
            at: self.calls.at.clone(),
            call,
            label,
            request: request.digest.clone(),
            model: known.model.clone(),
            bound: None,
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

    /// Handles a call without any answer: an error that stops an offline run; in a replay an answer that must not reach
    /// the agent, see [`ModelCalls::missing_answer`].
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

    fn no_answer_error(&self, broker: &Broker, request: &Request, failed: &FailedRequest) -> Error {
        let run = self.calls.context.run().clone();
        // An answer to a guest is one text, with the provider's hint in it.
        let text = failed.error.to_string();
        let (reason, hint) = match text.split_once("\nhint: ") {
            Some((reason, hint)) => (reason.to_owned(), Some(hint.to_owned())),
            None => (text, None),
        };
        let is_reached = failed.cost != FailureCost::Nothing && !matches!(failed.status, Some(401 | 403 | 404));
        let provider = broker.model_for(request.tier).provider();
        let moved = (!is_reached && !broker.is_scripted()).then(|| {
            format!(
                "if you change [providers.{provider}], continue with `phasegate resume {run} --provider {provider}`"
            )
        });
        // A server of this machine is more often stopped than moved.
        let is_stopped = provider == "ollama" && !is_reached && failed.status.is_none();
        let start = is_stopped.then(|| "start Ollama with `ollama serve`".to_owned());
        let hints: Vec<String> = start.into_iter().chain(hint).chain(moved).collect();
        Error::NoAnswer {
            run,
            at: self.calls.at.clone(),
            label: request.label.clone(),
            reason: reason.into(),
            hint: (!hints.is_empty()).then(|| hints.join("\n").into()),
            unreached: (!is_reached).then(|| provider.into()),
        }
    }

    fn budget_error(&self, label: String, Exceeded { owner, budget }: Exceeded) -> Error {
        let (run, at) = (self.calls.context.run().clone(), self.calls.at.clone());
        match owner {
            BudgetOwner::Run => Error::RunBudget { run, at, label, exceeded: budget },
            BudgetOwner::Shared { name, hint } => {
                Error::SharedBudget { at, label, owner: name, exceeded: Box::new(budget), hint }
            }
        }
    }
}
