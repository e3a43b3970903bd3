//! Where two runs first went different ways.
//!
//! Events are held against each other by their logical places (phase, attempt, call number, artifact's name), never by
//! when they happened: calls may overlap, a run may have stopped and gone on, a call may have been asked again, and still be
//! the same run. Nor is measured time a difference, which is other in every run: where an agent read the host's measures
//! and they hold other times, what it asked for and made of them is passed over, and so is what others made of that. Two
//! runs with the same measures, such as a run and its replay, are held against each other without any of this.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::{discriminant, take};

use serde::Serialize;

use crate::artifact::kinds::RUN_MEASURES;
use crate::{ArtifactName, ArtifactRef, AttemptId, Digest, Event, PhaseOutcome, Recorded};

/// The first thing that is not the same in two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// What sort of thing.
    pub differs: DifferenceKind,
    /// What happened in the one run; nothing where it has no such thing.
    pub before: Option<Recorded>,
    /// What happened in the other.
    pub after: Option<Recorded>,
}

/// What sort of thing differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// A model is asked something else.
    Request,
    /// A model answers the same request otherwise.
    Answer,
    /// An agent tries other tests, or they end otherwise.
    Trial,
    /// An artifact is another one, or only one of the runs has it.
    Artifact,
    /// An agent came back otherwise: what it handed in was taken or not, or it failed with other words.
    Outcome,
    /// A gate's agent or the gate found something else; the verdict may be the same.
    Findings,
    /// The run of tests that counts ended otherwise.
    Tests,
    /// A gate was judged otherwise.
    Verdict,
    /// The strategy decided otherwise.
    Decision,
    /// A person decided otherwise, or with other words.
    Person,
    /// The run ended otherwise.
    End,
    /// Something else came next.
    Way,
    /// One of them is not over and has come no further.
    Further,
}

impl Difference {
    /// The blobs that differ, where that is what differs and both have one.
    pub fn blobs(&self) -> Option<(&Digest, &Digest)> {
        let (before, after) = (&self.before.as_ref()?.event, &self.after.as_ref()?.event);
        let (old, new) = (blob(before)?, blob(after)?);
        (discriminant(before) == discriminant(after) && old.0 == new.0 && old.1 != new.1).then_some((old.1, new.1))
    }
}

/// The first difference between two runs; nothing where artifacts, verdicts and decisions are the same.
pub fn first_difference(before: &[Recorded], after: &[Recorded]) -> Option<Difference> {
    let (old, new) = (sort_steps(before), sort_steps(after));
    let (mut old, mut new) = (old.as_slice(), new.as_slice());
    let mut time_dependence = TimeDependence::default();
    while let ([a, old_rest @ ..], [b, new_rest @ ..]) = (old, new) {
        match compare_steps(a, b) {
            StepMatch::Same => {
                time_dependence.record(&a.event, &b.event);
                (old, new) = (old_rest, new_rest);
            }
            StepMatch::Differ(differs) if time_dependence.explains(differs, &a.event, &b.event) => {
                (old, new) = (old_rest, new_rest)
            }
            StepMatch::Differ(differs) => return Some(difference(differs, Some(*a), Some(*b))),
            StepMatch::OnlyOld if is_abandoned_call(a, old_rest) || time_dependence.here => old = old_rest,
            StepMatch::OnlyNew if is_abandoned_call(b, new_rest) || time_dependence.here => new = new_rest,
            StepMatch::OnlyOld | StepMatch::OnlyNew => {
                return Some(difference(DifferenceKind::Way, Some(*a), Some(*b)));
            }
        }
    }
    match (old.first(), new.first()) {
        (None, None) => None,
        (a, b) => Some(difference(DifferenceKind::Further, a.copied(), b.copied())),
    }
}

/// What follows from other measured times.
#[derive(Debug, Default)]
struct TimeDependence {
    /// Whether this attempt reads other times, or what was made of them.
    here: bool,
    /// Whether any time was measured yet: before, measures hold the figures of other runs, and these do matter.
    time_passed: bool,
    /// Calls of this attempt that asked otherwise.
    asked_otherwise: BTreeSet<u32>,
    /// Artifacts that are other because of other times.
    artifacts: BTreeSet<ArtifactName>,
}

impl TimeDependence {
    /// Two steps that are the same.
    fn record(&mut self, a: &Event, b: &Event) {
        match (a, b) {
            (Event::PhaseStarted { inputs, .. }, Event::PhaseStarted { inputs: others, .. }) => {
                let measures = |inputs: &'_ [ArtifactRef]| {
                    inputs.iter().find(|input| input.name.as_str() == RUN_MEASURES).map(|input| input.digest.clone())
                };
                let times = self.time_passed && measures(inputs) != measures(others);
                self.here = times || inputs.iter().chain(others).any(|input| self.artifacts.contains(&input.name));
                self.asked_otherwise.clear();
            }
            (Event::PhaseFinished { .. }, _) => self.time_passed = true,
            _ => {}
        }
    }

    /// Whether other times explain this.
    fn explains(&mut self, differs: DifferenceKind, a: &Event, b: &Event) -> bool {
        let of_one_call = call_of(a).zip(call_of(b)).map(|((_, call, _), _)| call);
        match (differs, of_one_call) {
            _ if !self.here => false,
            (DifferenceKind::Request | DifferenceKind::Trial, Some(call)) => {
                self.asked_otherwise.insert(call);
                true
            }
            (DifferenceKind::Answer, Some(call)) => self.asked_otherwise.contains(&call),
            (DifferenceKind::Artifact, _) => match (a, b) {
                (Event::ArtifactStored { artifact, .. }, Event::ArtifactStored { artifact: other, .. })
                    if artifact.name == other.name =>
                {
                    self.artifacts.insert(artifact.name.clone());
                    true
                }
                _ => false,
            },
            _ => false,
        }
    }
}

fn difference(differs: DifferenceKind, before: Option<&Recorded>, after: Option<&Recorded>) -> Difference {
    Difference { differs, before: before.cloned(), after: after.cloned() }
}

/// The events by their logical places: of an attempt the calls by their numbers, then the artifacts by their names.
fn sort_steps(events: &[Recorded]) -> Vec<&Recorded> {
    let mut steps = Vec::new();
    let mut calls: BTreeMap<(u32, Part), &Recorded> = BTreeMap::new();
    let mut stored: BTreeMap<&ArtifactName, &Recorded> = BTreeMap::new();
    for recorded in events {
        match &recorded.event {
            // Asked again, a call is asked once.
            Event::ModelAsked { call, .. } | Event::TestsRan { call: Some(call), .. } => {
                calls.insert((*call, Part::Question), recorded);
            }
            Event::ModelAnswered { call, .. } => {
                calls.insert((*call, Part::Answer), recorded);
            }
            // What follows from measures is compared, and they themselves are not.
            Event::ArtifactStored { artifact, .. } if artifact.name.as_str() == RUN_MEASURES => {}
            Event::ArtifactStored { artifact, .. } => {
                stored.insert(&artifact.name, recorded);
            }
            // How a run began is no step of it, and proposals are decided beside it.
            Event::RunCreated(_) | Event::RunForked(_) | Event::RunStopped { .. } | Event::ProposalDecided { .. } => {}
            Event::PhaseStarted { .. }
            | Event::TestsRan { call: None, .. }
            | Event::PhaseFinished { .. }
            | Event::GateJudged { .. }
            | Event::FeedbackDecided { .. }
            | Event::ApprovalAsked { .. }
            | Event::ApprovalGiven { .. }
            | Event::RunFinished { .. } => {
                steps.extend(take(&mut calls).into_values().chain(take(&mut stored).into_values()));
                steps.push(recorded);
            }
        }
    }
    steps.extend(calls.into_values().chain(stored.into_values()));
    steps
}

/// A call's answer comes after its question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Question,
    Answer,
}

/// The part of a call that this is.
fn call_of(event: &Event) -> Option<(&AttemptId, u32, Part)> {
    match event {
        Event::ModelAsked { at, call, .. } | Event::TestsRan { at, call: Some(call), .. } => {
            Some((at, *call, Part::Question))
        }
        Event::ModelAnswered { at, call, .. } => Some((at, *call, Part::Answer)),
        _ => None,
    }
}

/// How two steps stand to each other.
enum StepMatch {
    Same,
    Differ(DifferenceKind),
    /// A part of a call that the new run does not have.
    OnlyOld,
    /// A part of a call that the old run does not have.
    OnlyNew,
}

fn compare_steps(old: &Recorded, new: &Recorded) -> StepMatch {
    let (a, b) = (&old.event, &new.event);
    match (call_of(a), call_of(b)) {
        (Some((at, call, part)), Some((also_at, other, other_part))) if at == also_at => {
            match (call, part).cmp(&(other, other_part)) {
                std::cmp::Ordering::Less => return StepMatch::OnlyOld,
                std::cmp::Ordering::Greater => return StepMatch::OnlyNew,
                std::cmp::Ordering::Equal => {}
            }
        }
        (Some((at, ..)), None) if b.attempt() == Some(at) => return StepMatch::OnlyOld,
        (None, Some((at, ..))) if a.attempt() == Some(at) => return StepMatch::OnlyNew,
        _ => {}
    }
    if discriminant(a) != discriminant(b) || a.attempt() != b.attempt() {
        return StepMatch::Differ(different_step(a, b));
    }
    compare_content(a, b).map_or(StepMatch::Same, StepMatch::Differ)
}

/// Two steps that are not the same sort of step, or not of the same attempt.
fn different_step(a: &Event, b: &Event) -> DifferenceKind {
    let same_attempt = a.attempt().is_some() && a.attempt() == b.attempt();
    let is_call = |event| call_of(event).is_some();
    let stores = |event: &Event| matches!(event, Event::ArtifactStored { .. });
    match () {
        () if same_attempt && is_call(a) && is_call(b) => DifferenceKind::Request,
        () if same_attempt && (stores(a) || stores(b)) => DifferenceKind::Artifact,
        () => DifferenceKind::Way,
    }
}

/// What differs in two steps of one place.
fn compare_content(a: &Event, b: &Event) -> Option<DifferenceKind> {
    let (same, differs) = match (a, b) {
        (Event::ModelAsked { request, .. }, Event::ModelAsked { request: other, .. }) => {
            (request == other, DifferenceKind::Request)
        }
        (Event::ModelAnswered { answer, .. }, Event::ModelAnswered { answer: other, .. }) => {
            (answer == other, DifferenceKind::Answer)
        }
        (
            Event::TestsRan { call: Some(_), run, request, .. },
            Event::TestsRan { call: Some(_), run: other, request: asked, .. },
        ) => ((run, request) == (other, asked), DifferenceKind::Trial),
        (Event::TestsRan { run, .. }, Event::TestsRan { run: other, .. }) => (run == other, DifferenceKind::Tests),
        (Event::ArtifactStored { artifact, .. }, Event::ArtifactStored { artifact: other, .. }) => {
            (artifact == other, DifferenceKind::Artifact)
        }
        (Event::PhaseFinished { outcome, .. }, Event::PhaseFinished { outcome: other, .. }) => {
            compare_outcomes(outcome, other)
        }
        (
            Event::GateJudged { verdict, reason, issues, dropped, .. },
            Event::GateJudged { verdict: other, reason: why, issues: found, dropped: given_up, .. },
        ) => match verdict == other {
            true => ((reason, issues, dropped) == (why, found, given_up), DifferenceKind::Findings),
            false => (false, DifferenceKind::Verdict),
        },
        (Event::FeedbackDecided { decided, .. }, Event::FeedbackDecided { decided: other, .. }) => {
            (decided == other, DifferenceKind::Decision)
        }
        // Who decided and when is no difference; what and with which words is.
        (Event::ApprovalGiven { choice, reason, .. }, Event::ApprovalGiven { choice: other, reason: words, .. }) => {
            ((choice, reason) == (other, words), DifferenceKind::Person)
        }
        (Event::RunFinished { status, reason }, Event::RunFinished { status: other, reason: why }) => {
            ((status, reason) == (other, why), DifferenceKind::End)
        }
        // A phase reads what was compared before, and a person is asked about it.
        _ => (true, DifferenceKind::Way),
    };
    (!same).then_some(differs)
}

/// The artifacts of both were compared before.
fn compare_outcomes(outcome: &PhaseOutcome, other: &PhaseOutcome) -> (bool, DifferenceKind) {
    match (outcome, other) {
        (PhaseOutcome::Submitted { findings, .. }, PhaseOutcome::Submitted { findings: others, .. }) => {
            (findings == others, DifferenceKind::Findings)
        }
        (outcome, other) => (outcome == other, DifferenceKind::Outcome),
    }
}

/// Whether a call that the other run does not have says nothing: the other may have it and not have written it down,
/// because nobody waited for its answer, or have been refused it. What comes after an answer was waited for.
fn is_abandoned_call(step: &Recorded, rest: &[&Recorded]) -> bool {
    match (call_of(&step.event), rest.first().and_then(|next| call_of(&next.event))) {
        (Some((_, _, Part::Answer)), _) => true,
        (Some((at, call, _)), Some((next_at, next_call, Part::Answer))) => (at, call) != (next_at, next_call),
        (Some(_), _) => !matches!(step.event, Event::TestsRan { .. }),
        (None, _) => false,
    }
}

/// The blob that an event is about, and what the blob is called where one event may be about several.
fn blob(event: &Event) -> Option<(Option<&ArtifactName>, &Digest)> {
    match event {
        Event::ModelAsked { request, .. } => Some((None, request)),
        Event::ModelAnswered { answer, .. } => Some((None, answer)),
        Event::ArtifactStored { artifact, .. } => Some((Some(&artifact.name), &artifact.digest)),
        Event::TestsRan { run, .. } => Some((None, run)),
        Event::PhaseFinished { outcome: PhaseOutcome::Submitted { findings, .. }, .. } => {
            Some((None, findings.as_ref()?))
        }
        Event::GateJudged { report, .. } => Some((None, &report.as_ref()?.digest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
