//! Finds the first difference between two runs.
//!
//! Events are compared by their logical position (phase, attempt, call number, artifact name), not by time: overlapping
//! calls, a stop and a resume, or a call that was asked again are not differences. Requests and answers are compared by their
//! content: see [`super::content`].
//! Measured time is not a difference either, because it differs in every run. Where an agent read measures with other
//! times, its requests and artifacts are skipped, and so are those of agents that read its artifacts. Runs with equal
//! measures, such as a run and its replay, are compared without this exception.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::{discriminant, take};

use serde::Serialize;

use super::content::{Blobs, is_same_answer, is_same_request};
use crate::artifact::kinds::RUN_MEASURES;
use crate::digest::Digest;
use crate::event::{Event, PhaseOutcome, Recorded};
use crate::names::{ArtifactName, AttemptId};
use crate::work::ArtifactRef;

/// The first difference between two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The kind of difference.
    pub differs: DifferenceKind,
    /// The event of the first run; `None` where it has no such event.
    pub before: Option<Recorded>,
    /// The event of the other run; `None` where it has no such event.
    pub after: Option<Recorded>,
}

/// The kind of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// A request to a model differs.
    Request,
    /// The content of the answer to the same request differs.
    Answer,
    /// A trial run of tests or its result differs.
    Trial,
    /// An artifact differs, or only one of the runs has it.
    Artifact,
    /// The outcome of an attempt differs: valid, invalid or failed, or the reason of a failure.
    Outcome,
    /// The findings of a gate differ, with the same verdict.
    Findings,
    /// The run of tests that a gate is judged by differs.
    Tests,
    /// The verdict of a gate differs.
    Verdict,
    /// The strategy's decision differs.
    Decision,
    /// A person's decision or its reason differs.
    Person,
    /// The end of the run differs.
    End,
    /// The runs continue with different steps.
    Way,
    /// One of the runs has not ended and has no further events.
    Further,
}

impl Difference {
    /// Returns the two blobs that differ, where the difference is in blobs of the same kind.
    pub fn blobs(&self) -> Option<(&Digest, &Digest)> {
        let (before, after) = (&self.before.as_ref()?.event, &self.after.as_ref()?.event);
        let (old, new) = (blob(before)?, blob(after)?);
        (discriminant(before) == discriminant(after) && old.0 == new.0 && old.1 != new.1).then_some((old.1, new.1))
    }
}

/// Returns the first difference between two runs; `None` where artifacts, verdicts and decisions are the same.
pub fn first_difference(before: &[Recorded], after: &[Recorded], blobs: Blobs<'_>) -> Option<Difference> {
    diverge(before, after, blobs).difference
}

/// Where two runs leave each other.
#[derive(Debug)]
pub(super) struct Divergence<'a> {
    /// The first difference.
    pub(super) difference: Option<Difference>,
    /// The events of each run from the first difference on, sorted by logical position.
    pub(super) rest: [Vec<&'a Recorded>; 2],
}

/// Finds the first difference and what follows it.
pub(super) fn diverge<'a>(before: &'a [Recorded], after: &'a [Recorded], blobs: Blobs<'_>) -> Divergence<'a> {
    let (sorted_old, sorted_new) = (sort_steps(before), sort_steps(after));
    let (mut old, mut new) = (sorted_old.as_slice(), sorted_new.as_slice());
    let difference = skip_equal(&mut old, &mut new, blobs);
    Divergence { difference, rest: [old.to_vec(), new.to_vec()] }
}

/// Leaves only what follows the last equal steps, and returns the difference that it begins with.
fn skip_equal(old: &mut &[&Recorded], new: &mut &[&Recorded], blobs: Blobs<'_>) -> Option<Difference> {
    let mut time_dependence = TimeDependence::default();
    while let ([a, old_rest @ ..], [b, new_rest @ ..]) = (*old, *new) {
        match compare_steps(a, b, blobs) {
            StepMatch::Same => {
                time_dependence.record(&a.event, &b.event);
                (*old, *new) = (old_rest, new_rest);
            }
            StepMatch::Differ(differs) if time_dependence.explains(differs, &a.event, &b.event) => {
                (*old, *new) = (old_rest, new_rest)
            }
            StepMatch::Differ(differs) => return Some(difference(differs, Some(*a), Some(*b))),
            StepMatch::OnlyOld if is_abandoned_call(a, old_rest) || time_dependence.applies => *old = old_rest,
            StepMatch::OnlyNew if is_abandoned_call(b, new_rest) || time_dependence.applies => *new = new_rest,
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

/// Tracks the differences that follow from other measured times.
#[derive(Debug, Default)]
struct TimeDependence {
    /// Whether this attempt reads other times, or artifacts that depend on them.
    applies: bool,
    /// Whether any time was measured yet. Before that, measures contain only figures of earlier runs, which do count as
    /// a difference.
    time_passed: bool,
    /// Calls of this attempt whose requests differ.
    asked_otherwise: BTreeSet<u32>,
    /// Artifacts that differ because of other times.
    artifacts: BTreeSet<ArtifactName>,
}

impl TimeDependence {
    /// Records two equal steps.
    fn record(&mut self, a: &Event, b: &Event) {
        match (a, b) {
            (Event::PhaseStarted { inputs, .. }, Event::PhaseStarted { inputs: others, .. }) => {
                let measures = |inputs: &'_ [ArtifactRef]| {
                    inputs.iter().find(|input| input.name.as_str() == RUN_MEASURES).map(|input| input.digest.clone())
                };
                let times = self.time_passed && measures(inputs) != measures(others);
                self.applies = times || inputs.iter().chain(others).any(|input| self.artifacts.contains(&input.name));
                self.asked_otherwise.clear();
            }
            (Event::PhaseFinished { .. }, _) => self.time_passed = true,
            _ => {}
        }
    }

    /// Whether other times explain this difference. Records artifacts and calls that it affects.
    fn explains(&mut self, differs: DifferenceKind, a: &Event, b: &Event) -> bool {
        let call_number = call_part(a).zip(call_part(b)).map(|((_, call, _), _)| call);
        match (differs, call_number) {
            _ if !self.applies => false,
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

/// Sorts events by logical position: within an attempt the calls by number, then the artifacts by name.
fn sort_steps(events: &[Recorded]) -> Vec<&Recorded> {
    let mut steps = Vec::new();
    let mut calls: BTreeMap<(u32, Part), &Recorded> = BTreeMap::new();
    let mut stored: BTreeMap<&ArtifactName, &Recorded> = BTreeMap::new();
    for recorded in events {
        match &recorded.event {
            // A call that was asked again counts once.
            Event::ModelAsked { call, .. } | Event::TestsRan { call: Some(call), .. } => {
                calls.insert((*call, Part::Question), recorded);
            }
            Event::ModelAnswered { call, .. } => {
                calls.insert((*call, Part::Answer), recorded);
            }
            // Measures themselves are not compared, only what follows from them.
            Event::ArtifactStored { artifact, .. } if artifact.name.as_str() == RUN_MEASURES => {}
            Event::ArtifactStored { artifact, .. } => {
                stored.insert(&artifact.name, recorded);
            }
            // The creation of a run is not a step; budgets and decisions on proposals do not affect it.
            Event::RunCreated(_)
            | Event::RunForked(_)
            | Event::RunStopped { .. }
            | Event::BudgetChanged { .. }
            | Event::ProposalDecided { .. } => {}
            // The reason of the end says it.
            Event::AcceptanceTested { .. } => {}
            // The names of branches contain the run.
            Event::BranchWritten { .. } => {}
            // A failed request only delays the answer. A file that is read twice is recorded once, so that an earlier attempt
            // decides where the event is.
            Event::ModelTried { .. } | Event::RepositoryRead { .. } => {}
            Event::PhaseStarted { .. }
            | Event::TestsRan { call: None, .. }
            | Event::BaselineRan { .. }
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

/// The parts of a call, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Question,
    Answer,
}

/// Returns the attempt, the call number and the part, where the event belongs to a call.
fn call_part(event: &Event) -> Option<(&AttemptId, u32, Part)> {
    match event {
        Event::ModelAsked { at, call, .. } | Event::TestsRan { at, call: Some(call), .. } => {
            Some((at, *call, Part::Question))
        }
        Event::ModelAnswered { at, call, .. } => Some((at, *call, Part::Answer)),
        _ => None,
    }
}

/// The result of comparing two steps.
enum StepMatch {
    Same,
    Differ(DifferenceKind),
    /// The old run has a part of a call that the new run does not have.
    OnlyOld,
    /// The new run has a part of a call that the old run does not have.
    OnlyNew,
}

fn compare_steps(old: &Recorded, new: &Recorded, blobs: Blobs<'_>) -> StepMatch {
    let (a, b) = (&old.event, &new.event);
    match (call_part(a), call_part(b)) {
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
    compare_content(a, b, blobs).map_or(StepMatch::Same, StepMatch::Differ)
}

/// Returns the kind of difference between steps of different kinds or attempts.
fn different_step(a: &Event, b: &Event) -> DifferenceKind {
    let same_attempt = a.attempt().is_some() && a.attempt() == b.attempt();
    let is_call = |event| call_part(event).is_some();
    let stores = |event: &Event| matches!(event, Event::ArtifactStored { .. });
    match () {
        () if same_attempt && is_call(a) && is_call(b) => DifferenceKind::Request,
        () if same_attempt && (stores(a) || stores(b)) => DifferenceKind::Artifact,
        () => DifferenceKind::Way,
    }
}

/// Returns the difference between two steps of the same position.
fn compare_content(a: &Event, b: &Event, blobs: Blobs<'_>) -> Option<DifferenceKind> {
    let (same, differs) = match (a, b) {
        (Event::ModelAsked { request, .. }, Event::ModelAsked { request: other, .. }) => {
            (is_same_request(blobs, request, other), DifferenceKind::Request)
        }
        (Event::ModelAnswered { answer, .. }, Event::ModelAnswered { answer: other, .. }) => {
            (is_same_answer(blobs, answer, other), DifferenceKind::Answer)
        }
        (
            Event::TestsRan { call: Some(_), run, request, .. },
            Event::TestsRan { call: Some(_), run: other, request: asked, .. },
        ) => ((run, request) == (other, asked), DifferenceKind::Trial),
        (Event::TestsRan { run, .. }, Event::TestsRan { run: other, .. })
        | (Event::BaselineRan { run, .. }, Event::BaselineRan { run: other, .. }) => {
            (run == other, DifferenceKind::Tests)
        }
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
        // The person and the time are not compared; the decision and its reason are.
        (
            Event::ApprovalGiven { choice, reason, .. },
            Event::ApprovalGiven { choice: other, reason: other_reason, .. },
        ) => ((choice, reason) == (other, other_reason), DifferenceKind::Person),
        (Event::RunFinished { status, reason }, Event::RunFinished { status: other, reason: why }) => {
            ((status, reason) == (other, why), DifferenceKind::End)
        }
        // Inputs and questions follow from what was compared before.
        _ => (true, DifferenceKind::Way),
    };
    (!same).then_some(differs)
}

/// Compares two outcomes; their artifacts were compared before.
fn compare_outcomes(outcome: &PhaseOutcome, other: &PhaseOutcome) -> (bool, DifferenceKind) {
    match (outcome, other) {
        (PhaseOutcome::Submitted { findings, .. }, PhaseOutcome::Submitted { findings: others, .. }) => {
            (findings == others, DifferenceKind::Findings)
        }
        (outcome, other) => (outcome == other, DifferenceKind::Outcome),
    }
}

/// Returns true if a call that only one run recorded can be ignored. The other run may have made the call without
/// recording it, because the guest did not wait for the answer or the call was denied. A step that follows an answer
/// was waited for.
fn is_abandoned_call(step: &Recorded, rest: &[&Recorded]) -> bool {
    match (call_part(&step.event), rest.first().and_then(|next| call_part(&next.event))) {
        (Some((_, _, Part::Answer)), _) => true,
        (Some((at, call, _)), Some((next_at, next_call, Part::Answer))) => (at, call) != (next_at, next_call),
        (Some(_), _) => !matches!(step.event, Event::TestsRan { .. }),
        (None, _) => false,
    }
}

/// Returns the blob that an event is about, with the artifact's name where there is one.
fn blob(event: &Event) -> Option<(Option<&ArtifactName>, &Digest)> {
    match event {
        Event::ModelAsked { request, .. } => Some((None, request)),
        Event::ModelAnswered { answer, .. } => Some((None, answer)),
        Event::ArtifactStored { artifact, .. } => Some((Some(&artifact.name), &artifact.digest)),
        Event::TestsRan { run, .. } | Event::BaselineRan { run, .. } => Some((None, run)),
        Event::PhaseFinished { outcome: PhaseOutcome::Submitted { findings, .. }, .. } => {
            Some((None, findings.as_ref()?))
        }
        Event::GateJudged { report, .. } => Some((None, &report.as_ref()?.digest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
