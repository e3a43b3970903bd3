//! Compares a replay with the recorded events.
//!
//! A replay runs agents, strategies and test runners again. Answers of models, decisions of people, measures and
//! attempts that hit a machine-dependent limit are taken from the record. Every event that the loop appends must equal
//! the recorded one, except for elapsed times; the first difference is an error that shows it. Calls that overlap may
//! have been recorded in another order, so they are found by attempt and number.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use phasegate_journal::{Blob, Journal};
use phasegate_process::repository::{RepositoryAnswer, RepositoryRequest, RunBranch};
use phasegate_process::state::CallState;
use phasegate_process::sync::lock;
use phasegate_process::{ArtifactRef, AttemptId, Digest, Event, Recorded, RunId};
use serde_json::Value;

use crate::error::Error;
use crate::output::diff::render_diff;
use crate::store::blobs::json_blob;

/// The recorded events of a run between two forks.
pub(crate) struct ReplayCheck {
    journal: Arc<dyn Journal>,
    run: RunId,
    /// Events whose order does not depend on how calls overlap.
    steps: Vec<Recorded>,
    position: Mutex<usize>,
    calls: BTreeMap<AttemptId, BTreeMap<u32, CallState>>,
    trials: BTreeMap<(AttemptId, u32), Event>,
    repository: BTreeMap<RepositoryRequest, RepositoryAnswer>,
    given: Mutex<Vec<String>>,
}

impl ReplayCheck {
    /// Creates the record of these events. The start of an attempt without an outcome is left out.
    pub(crate) fn new(journal: Arc<dyn Journal>, run: RunId, events: &[Recorded]) -> Self {
        let mut check = Self {
            journal,
            run,
            steps: Vec::new(),
            position: Mutex::default(),
            calls: BTreeMap::new(),
            trials: BTreeMap::new(),
            repository: BTreeMap::new(),
            given: Mutex::default(),
        };
        events.iter().for_each(|recorded| check.add(recorded));
        while check.steps.last().is_some_and(|last| is_start(&last.event)) {
            check.steps.pop();
        }
        check
    }

    fn add(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::RunCreated(_)
            | Event::RunForked(_)
            | Event::RunStopped { .. }
            | Event::BudgetChanged { .. }
            | Event::ProposalDecided { .. } => {}
            // Whether a request failed before it was answered depends on the provider.
            Event::ModelTried { .. } => {}
            // A file that an interrupted attempt read is recorded before the attempt that counts.
            Event::RepositoryRead { request, answer, failed, .. } => {
                let answer = RepositoryAnswer { content: answer.clone(), failed: *failed };
                self.repository.insert(request.clone(), answer);
            }
            Event::ModelAsked { at, call, label, request, .. } => {
                let asked = CallState::asked(request.clone(), label.clone());
                self.calls.entry(at.clone()).or_default().insert(*call, asked);
            }
            Event::ModelAnswered { at, call, answer, .. } => {
                let known = self.calls.get_mut(at).and_then(|calls| calls.get_mut(call));
                known.into_iter().for_each(|known| known.answer = Some(answer.clone()));
            }
            Event::TestsRan { at, call: Some(call), run, request, limit, .. } => {
                if let (Some(_), Some(request)) = (limit, request) {
                    let known = CallState::done(request.clone(), String::new(), run.clone());
                    self.calls.entry(at.clone()).or_default().insert(*call, known);
                }
                self.trials.insert((at.clone(), *call), recorded.event.clone());
            }
            _ => self.steps.push(recorded.clone()),
        }
    }

    /// Returns whether all recorded events have been compared.
    pub(crate) fn is_complete(&self) -> bool {
        self.position() >= self.steps.len()
    }

    /// Returns the number of events that were found equal.
    pub(crate) fn position(&self) -> usize {
        *lock(&self.position)
    }

    /// Returns descriptions of the events that were taken from the record without running them.
    pub(crate) fn given(&self) -> Vec<String> {
        lock(&self.given).clone()
    }

    /// Returns the answered calls of an attempt by number.
    pub(crate) fn calls(&self, at: &AttemptId) -> BTreeMap<u32, CallState> {
        let mut calls = self.calls.get(at).cloned().unwrap_or_default();
        calls.retain(|_, call| call.answer.is_some());
        calls
    }

    /// Returns the recorded answer to a request for the repository.
    pub(crate) fn repository_answer(&self, request: &RepositoryRequest) -> Option<RepositoryAnswer> {
        self.repository.get(request).cloned()
    }

    /// Returns all recorded answers of the repository.
    pub(crate) fn repository_answers(&self) -> BTreeMap<RepositoryRequest, RepositoryAnswer> {
        self.repository.clone()
    }

    /// Returns the recorded branch, if that is the next event.
    pub(crate) fn branch(&self) -> Option<RunBranch> {
        match self.next_step()?.event {
            Event::BranchWritten { branch } => Some(branch),
            _ => None,
        }
    }

    /// Returns the recorded result of the acceptance tests, if that is the next event and cannot be computed again: it hit a limit,
    /// or `obstacle` says why.
    pub(crate) fn acceptance(&self, obstacle: Option<&str>) -> Option<Event> {
        let event = self.next_step()?.event;
        let Event::AcceptanceTested { limit, .. } = &event else { return None };
        let what = match (limit, obstacle) {
            (Some(limit), _) => format!("`{}`, which {limit}", event.name()),
            (None, Some(why)) => format!("`{}`: {why}", event.name()),
            (None, None) => return None,
        };
        lock(&self.given).push(what);
        Some(event)
    }

    /// Returns the recorded `run_measures` of the attempt. They contain times, so they cannot be computed again.
    pub(crate) fn measures(&self, at: &AttemptId) -> Option<ArtifactRef> {
        match &self.next_step()?.event {
            Event::ArtifactStored { at: stored, artifact } if stored == at => Some(artifact.clone()),
            _ => None,
        }
    }

    /// Returns the decision of a person, or the question that was asked again because it had expired, if that is the next
    /// event. Both depend on what happened outside of the run.
    pub(crate) fn approval(&self) -> Option<Event> {
        let of_person = |event: &Event| matches!(event, Event::ApprovalGiven { .. } | Event::ApprovalAsked { .. });
        self.next_step().map(|due| due.event).filter(of_person)
    }

    /// Returns the recorded result of a trial run.
    pub(crate) fn trial(&self, at: &AttemptId, call: u32) -> Option<Digest> {
        match self.trials.get(&(at.clone(), call))? {
            Event::TestsRan { run, .. } => Some(run.clone()),
            _ => None,
        }
    }

    /// Returns the recorded events of this attempt up to the one of this kind, if that names a limit that was hit; none
    /// otherwise.
    pub(crate) fn taken_as_recorded(&self, at: &AttemptId, kind: fn(&Event) -> bool) -> Vec<Event> {
        let events = self.events_up_to(at, kind);
        let limit = match events.last() {
            Some(
                Event::PhaseFinished { limit, .. }
                | Event::TestsRan { limit, .. }
                | Event::BaselineRan { limit, .. }
                | Event::FeedbackDecided { limit, .. },
            ) => limit.clone(),
            _ => None,
        };
        let (Some(limit), Some(event)) = (limit, events.last()) else { return Vec::new() };
        let what = format!("`{}` of {at}, which {limit}", event.name());
        lock(&self.given).push(what);
        events
    }

    /// Returns the recorded events of this attempt up to the one of this kind, which cannot be computed again for this reason.
    pub(crate) fn given_because(&self, at: &AttemptId, kind: fn(&Event) -> bool, why: &str) -> Vec<Event> {
        let events = self.events_up_to(at, kind);
        let what = events.last().map(|event| format!("`{}` of {at}: {why}", event.name()));
        lock(&self.given).extend(what);
        events
    }

    fn events_up_to(&self, at: &AttemptId, kind: fn(&Event) -> bool) -> Vec<Event> {
        let ahead = self.steps.iter().skip(self.position()).map(|step| step.event.clone());
        let mut events: Vec<Event> = ahead.take_while(|event| event.attempt() == Some(at)).collect();
        let Some(place) = events.iter().position(kind) else { return Vec::new() };
        events.truncate(place + 1);
        events
    }

    /// Compares an event with the recorded one, and returns the recorded time in ms; none for trial runs, whose order
    /// is open.
    pub(crate) fn compare(&self, event: &Event, blobs: &[Blob]) -> Result<Option<u64>, Error> {
        if let Event::TestsRan { at, call: Some(call), .. } = event {
            // The agent returned before a trial run without a record had ended.
            return match self.trials.get(&(at.clone(), *call)) {
                Some(then) => self.check_same(None, then, event, blobs).map(|()| None),
                None => Ok(None),
            };
        }
        let Some(then) = self.next_step() else {
            return Err(self.difference(None, event, "the record ends before it", ""));
        };
        self.check_same(Some(then.number), &then.event, event, blobs)?;
        *lock(&self.position) += 1;
        Ok(Some(then.at_ms))
    }

    fn next_step(&self) -> Option<Recorded> {
        self.steps.get(self.position()).cloned()
    }

    fn check_same(&self, number: Option<u64>, then: &Event, now: &Event, blobs: &[Blob]) -> Result<(), Error> {
        let (then, now) = (comparable(then), comparable(now));
        if then == now {
            return Ok(());
        }
        let what = match (&then, &now) {
            (Event::ArtifactStored { artifact: before, .. }, Event::ArtifactStored { artifact, .. })
                if before.name == artifact.name =>
            {
                format!("artifact `{}` is another one", artifact.name)
            }
            _ if then.name() == now.name() => format!("`{}` says something else", now.name()),
            _ => format!("`{}` was recorded, and now comes `{}`", then.name(), now.name()),
        };
        Err(self.difference(number, &now, &what, &self.diff(&then, &now, blobs)))
    }

    /// Renders the difference of the first two blobs that differ, or of the events if none can be read.
    fn diff(&self, then: &Event, now: &Event, blobs: &[Blob]) -> String {
        let (before, after) = (json_blob(then).bytes, json_blob(now).bytes);
        let digests = |bytes: &[u8]| {
            let mut found = Vec::new();
            digests_in(&serde_json::from_slice(bytes).unwrap_or_default(), &mut found);
            found
        };
        let pairs = digests(&before).into_iter().zip(digests(&after));
        let differing = pairs.into_iter().find(|(before, after)| before != after);
        let texts = differing.and_then(|(before, after)| {
            let new = blobs.iter().find(|blob| blob.digest == after).map(|blob| blob.bytes.to_vec());
            Some((self.journal.blob(&before).ok()??, new.or(self.journal.blob(&after).ok()?)?))
        });
        match texts {
            Some((before, after)) => render_diff(&before, &after),
            None => render_diff(&before, &after),
        }
    }

    fn difference(&self, number: Option<u64>, event: &Event, what: &str, diff: &str) -> Error {
        let place = match (number, event.attempt()) {
            (Some(number), Some(at)) => format!("{at}, event {number}"),
            (None, Some(at)) => at.to_string(),
            (Some(number), None) => format!("event {number}"),
            (None, None) => "its end".to_owned(),
        };
        Error::Differs { run: self.run.clone(), place, what: what.to_owned(), diff: diff.trim_end().to_owned() }
    }
}

/// Returns whether an event belongs to the start of an attempt.
fn is_start(event: &Event) -> bool {
    matches!(event, Event::PhaseStarted { .. } | Event::ArtifactStored { .. })
}

/// Returns the event with elapsed times set to 0 and without a log, which older runs do not have.
fn comparable(event: &Event) -> Event {
    let mut event = event.clone();
    if let Event::TestsRan { elapsed_ms, .. }
    | Event::BaselineRan { elapsed_ms, .. }
    | Event::AcceptanceTested { elapsed_ms, .. }
    | Event::PhaseFinished { elapsed_ms, .. } = &mut event
    {
        *elapsed_ms = 0;
    }
    if let Event::PhaseFinished { log, .. } = &mut event {
        *log = None;
    }
    event
}

fn digests_in(value: &Value, found: &mut Vec<Digest>) {
    match value {
        Value::String(text) => found.extend(text.parse::<Digest>().ok()),
        Value::Array(items) => items.iter().for_each(|item| digests_in(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| digests_in(field, found)),
        _ => {}
    }
}
