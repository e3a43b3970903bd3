//! Model calls of one attempt, answered by the journal, by the run that this one forks, or by a provider.

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Instant;

use futures::poll;
use phasegate_broker::{Broker, Call, CallPath, Progress};
use phasegate_journal::Blob;
use phasegate_process::model::{self, Answer, Request, StopReason, Usage};
use phasegate_process::{Digest, Event};
use tokio::task::unconstrained;

use crate::error::Error;
use crate::observer::Activity;
use crate::output::diff::render_diff;
use crate::run::calls::Calls;
use crate::run::context::Models;
use crate::store::blobs::json_blob;
use crate::store::fork_answers::RecordedAnswer;

pub(crate) struct ModelCalls {
    calls: Arc<Calls>,
    /// Why a replay ends if the agent comes to need the answer to this call, which the record does not have.
    missing: Mutex<BTreeMap<u32, Error>>,
    /// How many calls of each label were made.
    labels: Mutex<BTreeMap<String, u32>>,
}

impl ModelCalls {
    pub(crate) fn new(calls: Arc<Calls>) -> Self {
        Self { calls, missing: Mutex::default(), labels: Mutex::default() }
    }

    /// Why a replay ends now that the agent needs the answer to this call, if the record does not have it.
    pub(crate) fn missing_answer(&self, call: u32) -> Option<Error> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).remove(&call)
    }

    fn next_occurrence(&self, label: &str) -> u32 {
        let mut labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        let count = labels.entry(label.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// Answers a call whose turn it is, and gives the turn on.
    pub(crate) async fn answer(&self, call: u32, request: Request) -> Result<Answer, Error> {
        let occurrence = self.next_occurrence(&request.label);
        let asked = json_blob(&request);
        if let Some(answer) = self.calls.recorded_answer(call, &asked)? {
            self.calls.end_turn(call);
            return self.calls.context.writer.json(&answer);
        }
        if !self.calls.grants.models.contains(&request.tier) {
            self.calls.end_turn(call);
            let tier = request.tier.as_str();
            let denied =
                self.calls.render_denied(&format!("a model of tier `{tier}`"), &format!("models = [\"{tier}\"]"));
            return Ok(Err(model::Error::Denied(denied)));
        }
        if let Some(known) = self.calls.context.fork_answers.find(&self.calls.at, call, &asked.digest) {
            return self.answer_from_fork(call, request.label, asked, known).await;
        }
        let Some(Models { broker, ledger }) = &self.calls.context.models else {
            return self.answer_without_record(call, request.label, &asked);
        };
        let worst = broker.worst_case(&request);
        let reserved = ledger.reserve(worst).await;
        let shared = match (self.calls.context.host.shared_budget(), &reserved) {
            (Some(shared_budget), Ok(_)) => Some(shared_budget.reserve(worst).await),
            _ => None,
        };
        // Queued in turn, since permits are given in the order in which they were asked for; unconstrained, since a task that
        // has done much is otherwise sent away without having been queued.
        let mut permit = pin!(unconstrained(Arc::clone(&self.calls.context.overlap).acquire_owned()));
        let at_once = poll!(&mut permit);
        self.calls.end_turn(call);
        let reservation = reserved.map_err(|shortage| self.no_answer_error(&request.label, &shortage.into()))?;
        let shared = shared
            .transpose()
            .map_err(|why| Error::SharedBudget(format!("{} ({}): {why}", self.calls.at, request.label)))?;
        // A closed semaphore would mean that the run is over, and with it this call.
        let permit = if let Poll::Ready(permit) = at_once { permit } else { permit.await };
        let Ok(_one) = permit else { return pending().await };
        let model = broker.model_for(request.tier).to_string();
        let (at, label, digest) = (self.calls.at.clone(), request.label.clone(), asked.digest.clone());
        let event = Event::ModelAsked { at, call, label, request: digest.clone(), model };
        self.calls.context.writer.append(vec![event], vec![asked])?;
        self.calls.context.writer.durable().await?;
        let began = Instant::now();
        let answer = self.call_provider(broker, call, occurrence, request.clone(), &digest).await;
        let elapsed_ms = began.elapsed().as_millis() as u64;
        let (usage, stop) = match &answer {
            Ok(response) => (response.usage, response.stop.clone()),
            Err(error @ (model::Error::Unavailable(_) | model::Error::Budget(_) | model::Error::Denied(_))) => {
                return Err(self.no_answer_error(&request.label, error));
            }
            Err(_) => (Usage::default(), StopReason::FAILED_CALL.to_owned()),
        };
        let blob = json_blob(&answer);
        let answered = Event::ModelAnswered {
            at: self.calls.at.clone(),
            call,
            answer: blob.digest.clone(),
            usage,
            stop,
            elapsed_ms,
            recorded: false,
        };
        self.calls.context.writer.append(vec![answered], vec![blob])?;
        reservation.commit(usage);
        shared.into_iter().for_each(|shared| shared.commit(usage));
        Ok(answer)
    }

    /// Answers with what the run that this one forks was answered; paid then, counted now.
    async fn answer_from_fork(
        &self,
        call: u32,
        label: String,
        request: Blob,
        known: &RecordedAnswer,
    ) -> Result<Answer, Error> {
        if let Some(models) = &self.calls.context.models {
            models.ledger.restore(known.usage);
        }
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
        self.calls.context.writer.append(vec![asked, answered], vec![request])?;
        self.calls.context.writer.json(&known.answer)
    }

    /// Nobody answers. In a replay the agent may have come back without having heard the answer; then so it does now.
    fn answer_without_record(&self, call: u32, label: String, request: &Blob) -> Result<Answer, Error> {
        let journal = self.calls.context.writer.journal();
        if self.calls.context.writer.replay_check().is_some() {
            self.calls.end_turn(call);
            let what = format!("call {call} ({label}) is asked, which has no answer in the record");
            let differs = Error::Differs {
                run: self.calls.context.writer.run().clone(),
                place: self.calls.at.to_string(),
                what: what.clone(),
                diff: render_diff(b"", &request.bytes).trim_end().to_owned(),
            };
            self.missing.lock().unwrap_or_else(PoisonError::into_inner).insert(call, differs);
            return Ok(Err(model::Error::Other(what)));
        }
        let before = self.calls.context.fork_answers.request_at(&self.calls.at, call);
        let before = before.map(|digest| journal.blob(digest)).transpose()?.flatten().unwrap_or_default();
        Err(Error::NoRecord {
            run: self.calls.context.writer.run().clone(),
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
        let run = self.calls.context.writer.run().clone();
        let label = request.label.clone();
        let path = CallPath {
            phase: self.calls.at.phase.to_string(),
            attempt: self.calls.at.attempt,
            number: call,
            occurrence,
        };
        let idempotency_key =
            Digest::from_content(format!("{run} {} {call} {digest}", self.calls.at).as_bytes()).short().to_owned();
        let observer = Arc::clone(self.calls.context.writer.observer());
        let show = move |progress: Progress| {
            let what = match progress {
                Progress::Requesting { attempt: 1 } => "asking".to_owned(),
                Progress::Requesting { attempt } => format!("asking, try {attempt}"),
                Progress::Receiving { characters } => format!("{characters} characters"),
                Progress::Retrying { after, reason, .. } => format!("again in {:.1} s: {reason}", after.as_secs_f32()),
            };
            observer.on_activity(&run, Some(&self.calls.at), Activity::Model { call, label: label.clone(), what });
        };
        broker.complete(Call { path, request, idempotency_key }, show).await
    }

    fn no_answer_error(&self, label: &str, error: &model::Error) -> Error {
        let raise = if matches!(error, model::Error::Budget(_)) { " --calls N` (or --tokens N, --usd N)" } else { "`" };
        let again = format!("phasegate resume {}{raise}", self.calls.context.writer.run());
        Error::NoAnswer(format!("{} ({label}): {error}\nhint: nothing is lost; go on with `{again}", self.calls.at))
    }
}
