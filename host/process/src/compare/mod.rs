//! Compares runs: verdicts of their gates, totals, and the first difference of each run from the first one.
//!
//! A pure function of states and events. Unknown figures stay unknown. No blob is read: a difference names digests,
//! whose content the caller can look up. Cannot fail.

mod difference;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use difference::{Difference, DifferenceKind, first_difference};

use crate::charges::{ChargedCost, charges};
use crate::digest::Digest;
use crate::event::{Recorded, RequestCost, RunCreated, Verdict};
use crate::measures::efforts;
use crate::names::{ArtifactName, PhaseName, PluginName, RunId, TaskId};
use crate::result::{GateResult, GateStatus, IssueCounts, TaskResult, TaskStatus, Totals};
use crate::state::State;

/// The comparison of two or more runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The figures of each run, in the given order.
    pub runs: Vec<RunFigures>,
    /// Every gate of any of the runs, in the order of their pipelines.
    pub gates: Vec<GateRow>,
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
    /// The status.
    pub status: TaskStatus,
    /// The reason of the status, in one sentence.
    pub reason: String,
    /// The models that answered, as `provider:model`, sorted.
    pub models: Vec<String>,
    /// The totals.
    pub totals: Totals,
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
}

/// A pinned dependency that differs between two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PinnedChange {
    /// The dependency.
    #[serde(flatten)]
    pub what: PinnedItem,
    /// Its digest in the first run, where that has one.
    pub before: Option<Digest>,
    /// Its digest in the other run, where that has one.
    pub after: Option<Digest>,
}

/// A pinned dependency of a run. Settings are not compared, because they contain a seed of each run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "pinned", content = "name", rename_all = "snake_case")]
pub enum PinnedItem {
    /// The pipeline.
    Pipeline,
    /// A component, by its name in the pipeline.
    Component(PluginName),
    /// An initial artifact.
    Input(ArtifactName),
}

impl Comparison {
    /// Compares runs, each given with the events that were folded to its state.
    pub fn new(runs: &[(&State, &[Recorded])]) -> Self {
        let results: Vec<_> = runs.iter().map(|(state, events)| TaskResult::from_events(state, events)).collect();
        let row = |gate: PhaseName| {
            let figures = runs.iter().zip(&results).map(|((state, events), result)| {
                let known = result.gates.iter().find(|known| known.gate == gate)?;
                Some(gate_figures(state, events, known))
            });
            GateRow { runs: figures.collect(), gate }
        };
        let (first, others) = runs.split_first().map_or((None, runs), |(first, others)| (Some(first), others));
        let against = first.into_iter().flat_map(|first| others.iter().map(|other| compare_pair(first, other)));
        Self {
            gates: gate_names(&results).into_iter().map(row).collect(),
            against_first: against.collect(),
            runs: runs
                .iter()
                .zip(results)
                .map(|((state, events), result)| run_figures(state, events, result))
                .collect(),
        }
    }
}

fn run_figures(state: &State, events: &[Recorded], result: TaskResult) -> RunFigures {
    RunFigures {
        run_id: result.run_id,
        task_id: result.task_id,
        pipeline: state.pipeline.name.clone(),
        strategy: state.pipeline.feedback.plugin.clone(),
        scripted: result.scripted,
        status: result.status,
        reason: result.reason,
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

fn compare_pair(first: &(&State, &[Recorded]), other: &(&State, &[Recorded])) -> RunDifference {
    RunDifference {
        run_id: other.0.created.run_id.clone(),
        swapped: pinned_changes(first.0, other.0),
        first_difference: first_difference(first.1, other.1),
    }
}

fn pinned_changes(first: &State, other: &State) -> Vec<PinnedChange> {
    let (first, other) = (&first.created, &other.created);
    let pipeline = |run: &RunCreated| BTreeMap::from([((), run.pipeline.clone())]);
    let inputs = |run: &RunCreated| -> BTreeMap<ArtifactName, Digest> {
        run.inputs.iter().map(|input| (input.name.clone(), input.digest.clone())).collect()
    };
    let mut swapped = changed_digests(&inputs(first), &inputs(other), PinnedItem::Input);
    swapped.extend(changed_digests(&pipeline(first), &pipeline(other), |()| PinnedItem::Pipeline));
    swapped.extend(changed_digests(&first.components, &other.components, PinnedItem::Component));
    swapped
}

fn changed_digests<K: Ord + Clone>(
    first: &BTreeMap<K, Digest>,
    other: &BTreeMap<K, Digest>,
    what: impl Fn(K) -> PinnedItem,
) -> Vec<PinnedChange> {
    let names: BTreeSet<&K> = first.keys().chain(other.keys()).collect();
    let both = names.into_iter().map(|name| (name, first.get(name), other.get(name)));
    let changed = both.filter(|(_, before, after)| before != after);
    changed
        .map(|(name, before, after)| PinnedChange {
            what: what(name.clone()),
            before: before.cloned(),
            after: after.cloned(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
