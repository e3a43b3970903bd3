//! Compares runs: verdicts of their gates, effort of their phases, totals, and where each run leaves the first one.
//!
//! A pure function of states, events and blobs. Unknown figures stay unknown. A difference names digests, whose content the
//! caller can look up. Cannot fail.

mod answer;
mod content;
mod difference;
mod own;
mod phases;
mod steps;
mod swapped;

use std::collections::BTreeSet;

use serde::Serialize;

pub use answer::{CostAfter, Outcome, PairAnswer, Reaction};
pub use content::Blobs;
pub use difference::{Difference, DifferenceKind, first_difference};
pub use phases::{PhaseFigures, PhaseRow};
pub use steps::{Step, StepStatus, Steps};
pub use swapped::{PinnedChange, PinnedItem};

use crate::acceptance::Acceptance;
use crate::charges::{ChargedCost, charges};
use crate::event::{Recorded, RequestCost, Verdict};
use crate::measures::efforts;
use crate::names::{PhaseName, PluginName, RunId, TaskId};
use crate::result::{GateResult, GateStatus, IssueCounts, TaskResult, TaskStatus, Totals};
use crate::state::State;
use difference::diverge;
use own::split_fork;
use phases::phase_rows;
use swapped::pinned_changes;

/// The comparison of two or more runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The figures of each run, in the given order.
    pub runs: Vec<RunFigures>,
    /// Every gate of any of the runs, in the order of their pipelines.
    pub gates: Vec<GateRow>,
    /// Every phase of any of the runs, gates included, in the order of their pipelines.
    pub phases: Vec<PhaseRow>,
    /// The attempts of the runs in the order in which they began.
    pub steps: Steps,
    /// The differences of every other run from the first.
    pub against_first: Vec<RunDifference>,
}

/// The figures of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunFigures {
    /// The run's id.
    pub run_id: RunId,
    /// The task's id.
    pub task_id: TaskId,
    /// The pipeline's name.
    pub pipeline: String,
    /// The plugin of the feedback strategy.
    pub strategy: PluginName,
    /// Whether model answers came from a script.
    pub scripted: bool,
    /// The run whose beginning it shares, where it is a fork.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fork_of: Option<RunId>,
    /// The status.
    pub status: TaskStatus,
    /// The reason of the status, in one sentence.
    pub reason: String,
    /// Whether the delivered code is accepted; left out where there are no acceptance tests.
    #[serde(flatten, skip_serializing_if = "Acceptance::is_not_tested")]
    pub acceptance: Acceptance,
    /// The models that answered, as `provider:model`, sorted.
    pub models: Vec<String>,
    /// The totals, with what a fork shares with its origin.
    pub totals: Totals,
    /// What the run itself used, where it is a fork: without the shared beginning, and without recorded answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<Totals>,
    /// What its origin paid for, where it is a fork. `own` and `shared` together are the totals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<Totals>,
    /// The number of calls without an answer, which may have been billed.
    pub maybe_billed: usize,
    /// The number of issues that an earlier gate could have found, each counted once: see [`GateFigures::escaped`].
    pub escaped: usize,
}

/// One gate in all of the runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateRow {
    /// The gate.
    pub gate: PhaseName,
    /// Its figures in the order of the runs; `None` where a run does not have the gate.
    pub runs: Vec<Option<GateFigures>>,
}

/// One gate in one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateFigures {
    /// As in [`GateResult::standing`].
    pub standing: GateStatus,
    /// The verdicts, oldest first.
    pub verdicts: Vec<Verdict>,
    /// The issues of all judgements, by severity.
    pub issues: IssueCounts,
    /// The number of issues that escaped this gate: a later gate of the same run found them, and they were injected in
    /// this phase or an earlier one. A later gate is reached only after this one was passed or overridden, so this gate
    /// could have found them. An issue from a phase that the pipeline does not have counts as injected at the gate that
    /// found it. Escaped issues reduce the gate's yield in the postmortem.
    pub escaped: usize,
    /// The totals of its agent and test runs, over all attempts.
    #[serde(rename = "took")]
    pub totals: Totals,
}

/// The differences of one run from the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunDifference {
    /// The id of the other run.
    pub run_id: RunId,
    /// Pinned dependencies that differ.
    pub swapped: Vec<PinnedChange>,
    /// The first difference; `None` where artifacts, verdicts and decisions are the same.
    pub first_difference: Option<Difference>,
    /// How the runs ended, until where they are the same, and what followed.
    pub answer: PairAnswer,
}

impl Comparison {
    /// Compares runs, each given with the events that were folded to its state. Requests and answers are the same only if
    /// their blobs are equal.
    pub fn new(runs: &[(&State, &[Recorded])]) -> Self {
        Self::with_blobs(runs, &|_| None)
    }

    /// The same, where requests and answers are compared by their content: usage, for instance, is no difference.
    pub fn with_blobs(runs: &[(&State, &[Recorded])], blobs: Blobs<'_>) -> Self {
        let results: Vec<_> = runs.iter().map(|(state, events)| TaskResult::from_events(state, events)).collect();
        let row = |gate: PhaseName| {
            let figures = runs.iter().zip(&results).map(|((state, events), result)| {
                let known = result.gates.iter().find(|known| known.gate == gate)?;
                Some(gate_figures(state, events, known))
            });
            GateRow { runs: figures.collect(), gate }
        };
        let (first, others) = runs.split_first().map_or((None, runs), |(first, others)| (Some(first), others));
        let pairs = first.into_iter().flat_map(|first| others.iter().map(move |other| (first, other)));
        let (mut against_first, mut shared) = (Vec::new(), Vec::new());
        for ((first, other), result) in pairs.zip(results.iter().skip(1)) {
            let divergence = diverge(first.1, other.1, blobs);
            let outcomes = [results.first().unwrap_or(result), result].map(Outcome::from_result);
            let answer = PairAnswer::new(outcomes, [first.1, other.1], &divergence);
            shared.push(answer.shared_steps);
            against_first.push(RunDifference {
                run_id: other.0.created.run_id.clone(),
                swapped: pinned_changes(first.0, other.0),
                first_difference: divergence.difference,
                answer,
            });
        }
        Self {
            gates: gate_names(&results).into_iter().map(row).collect(),
            phases: phase_rows(runs),
            steps: Steps::new(runs, shared.into_iter().min().unwrap_or(0)),
            against_first,
            runs: runs
                .iter()
                .zip(results)
                .map(|((state, events), result)| run_figures(state, events, result))
                .collect(),
        }
    }
}

fn run_figures(state: &State, events: &[Recorded], result: TaskResult) -> RunFigures {
    let (own, shared) = split_fork(events, |_| true).unzip();
    RunFigures {
        own,
        shared,
        run_id: result.run_id,
        task_id: result.task_id,
        pipeline: state.pipeline.name.clone(),
        strategy: state.pipeline.feedback.plugin.clone(),
        scripted: result.scripted,
        fork_of: result.forks.last().map(|fork| fork.origin.clone()),
        status: result.status,
        reason: result.reason,
        acceptance: result.acceptance,
        models: answering_models(events),
        totals: result.totals,
        maybe_billed: result.maybe_billed.len(),
        escaped: escaped(state),
    }
}

fn answering_models(events: &[Recorded]) -> Vec<String> {
    let answered =
        charges(events).into_iter().filter(|charge| matches!(charge.cost, ChargedCost::Of(RequestCost::Known(_))));
    answered.map(|charge| charge.model).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns the gates of all runs. A gate that earlier runs do not have comes after the gate that it follows in its own
/// pipeline.
fn gate_names(results: &[TaskResult]) -> Vec<PhaseName> {
    let mut names: Vec<PhaseName> = Vec::new();
    for result in results {
        let mut next = 0;
        for known in &result.gates {
            let place = names.iter().position(|name| *name == known.gate).unwrap_or_else(|| {
                names.insert(next, known.gate.clone());
                next
            });
            next = place + 1;
        }
    }
    names
}

fn gate_figures(state: &State, events: &[Recorded], known: &GateResult) -> GateFigures {
    let mut issues = IssueCounts::default();
    for attempt in &known.attempts {
        issues.critical += attempt.issues.critical;
        issues.high += attempt.issues.high;
        issues.medium += attempt.issues.medium;
        issues.low += attempt.issues.low;
    }
    GateFigures {
        standing: known.standing,
        verdicts: known.attempts.iter().map(|attempt| attempt.verdict).collect(),
        issues,
        escaped: escaped_from(state, &known.gate),
        totals: efforts(events).get(&known.gate).copied().unwrap_or_default().into(),
    }
}

/// See [`GateFigures::escaped`].
fn escaped_from(state: &State, gate: &PhaseName) -> usize {
    let Some(place) = state.pipeline.position(gate) else { return 0 };
    issue_spans(state).filter(|(injected, found)| *injected <= place && place < *found).count()
}

/// See [`RunFigures::escaped`].
fn escaped(state: &State) -> usize {
    let phases = &state.pipeline.phases;
    let gates: Vec<usize> =
        (0..).zip(phases).filter(|(_, phase)| phase.gate.is_some()).map(|(place, _)| place).collect();
    issue_spans(state).filter(|(injected, found)| gates.iter().any(|gate| injected <= gate && gate < found)).count()
}

/// Returns for every issue the index of the phase that injected it and of the gate that found it.
fn issue_spans(state: &State) -> impl Iterator<Item = (usize, usize)> {
    let gates =
        (0..).zip(&state.pipeline.phases).filter_map(|(place, phase)| Some((place, state.phases.get(&phase.name)?)));
    let judged = gates.flat_map(|(place, known)| known.judged.iter().map(move |judged| (place, judged)));
    judged.flat_map(|(found, judged)| {
        let came_in = |name: &str| state.pipeline.phases.iter().position(|phase| phase.name.as_str() == name);
        judged.issues.iter().map(move |issue| (came_in(&issue.phase_injected).unwrap_or(found), found))
    })
}

#[cfg(test)]
mod tests;
