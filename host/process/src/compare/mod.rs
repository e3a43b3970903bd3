//! Runs side by side: what their gates said, what they took, and where each first went another way than the first of them.
//!
//! A pure function of states and events, for people and programs alike. What is not known stays unknown. Nothing is read
//! from blobs: a difference names the digests, and whoever has the journal shows what lies behind them. Cannot fail.

mod difference;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use difference::{Difference, DifferenceKind, first_difference};

use crate::measures::efforts;
use crate::result::{GateResult, IssueCounts, TaskResult, TaskStatus, Totals};
use crate::state::State;
use crate::{ArtifactName, Digest, PhaseName, PluginName, Recorded, RunCreated, RunId, TaskId, Verdict};

/// Two runs or more, side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Each run as a whole, in the order asked.
    pub runs: Vec<RunFigures>,
    /// Every gate that one of them has, in the order of their pipelines.
    pub gates: Vec<GateRow>,
    /// Every other run against the first.
    pub against_first: Vec<RunDifference>,
}

/// One run as a whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunFigures {
    /// The run.
    pub run_id: RunId,
    /// Its task.
    pub task_id: TaskId,
    /// Its pipeline's name.
    pub pipeline: String,
    /// Who decided after failed gates.
    pub strategy: PluginName,
    /// Whether answers came from a script and not from a model.
    pub scripted: bool,
    /// Where it stands.
    pub status: TaskStatus,
    /// Why, in one sentence.
    pub reason: String,
    /// What it took.
    pub totals: Totals,
    /// Calls that were asked and never heard of again.
    pub maybe_billed: usize,
    /// Issues that some gate could have found before the one that did, each counted once: see [`GateFigures::escaped`].
    pub escaped: usize,
}

/// One gate in all of the runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateRow {
    /// The gate.
    pub gate: PhaseName,
    /// In the order of the runs; nothing where a run has no such gate.
    pub runs: Vec<Option<GateFigures>>,
}

/// One gate in one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateFigures {
    /// As in [`GateResult::standing`].
    pub standing: &'static str,
    /// How every judgement ended, oldest first.
    pub verdicts: Vec<Verdict>,
    /// What all judgements found, by severity.
    pub issues: IssueCounts,
    /// What it let through: issues that a later gate of the same run found, and that were injected in this phase or in one
    /// before it. A later gate is reached only once this one was passed or overridden, so each of them was there to be
    /// found here. An issue from a phase that the pipeline does not have counts as injected where it was found, and has
    /// escaped nobody. It is what keeps a gate's yield, as the postmortem counts it, below one.
    pub escaped: usize,
    /// What its own agent and test runs took, over all attempts.
    pub took: Totals,
}

/// One run against the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunDifference {
    /// The run that is not the first.
    pub run_id: RunId,
    /// What was other from the start.
    pub swapped: Vec<PinnedChange>,
    /// Where they first went different ways; nothing where artifacts, verdicts and decisions are the same.
    pub first_difference: Option<Difference>,
}

/// Something that two runs were created with, and that is not the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PinnedChange {
    /// What it is.
    #[serde(flatten)]
    pub what: PinnedItem,
    /// In the first run, where it has one.
    pub before: Option<Digest>,
    /// In the other run.
    pub after: Option<Digest>,
}

/// What a run is created with. Its settings are not among it: they hold a seed of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "pinned", content = "name", rename_all = "snake_case")]
pub enum PinnedItem {
    /// The pipeline.
    Pipeline,
    /// A component, by the name the pipeline calls it.
    Component(PluginName),
    /// Something that the run started with.
    Input(ArtifactName),
}

impl Comparison {
    /// These runs, in this order.
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
            runs: runs.iter().zip(results).map(|((state, _), result)| run_figures(state, result)).collect(),
        }
    }
}

fn run_figures(state: &State, result: TaskResult) -> RunFigures {
    RunFigures {
        run_id: result.run_id,
        task_id: result.task_id,
        pipeline: state.pipeline.name.clone(),
        strategy: state.pipeline.feedback.plugin.clone(),
        scripted: result.scripted,
        status: result.status,
        reason: result.reason,
        totals: result.totals,
        maybe_billed: result.maybe_billed.len(),
        escaped: escaped(state),
    }
}

/// The gates of all runs. One that the runs before do not have stands behind the gate it follows in its own pipeline.
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
        took: efforts(events).get(&known.gate).copied().unwrap_or_default().into(),
    }
}

/// See [`GateFigures::escaped`].
fn escaped_from(state: &State, gate: &PhaseName) -> usize {
    let Some(place) = state.pipeline.position(gate) else { return 0 };
    spans(state).filter(|(injected, found)| *injected <= place && place < *found).count()
}

/// See [`RunFigures::escaped`].
fn escaped(state: &State) -> usize {
    let phases = &state.pipeline.phases;
    let gates: Vec<usize> =
        (0..).zip(phases).filter(|(_, phase)| phase.gate.is_some()).map(|(place, _)| place).collect();
    spans(state).filter(|(injected, found)| gates.iter().any(|gate| injected <= gate && gate < found)).count()
}

/// Of every issue of every judgement, the places of the phase it came in at and of the gate that found it.
fn spans(state: &State) -> impl Iterator<Item = (usize, usize)> {
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
        swapped: swapped(first.0, other.0),
        first_difference: first_difference(first.1, other.1),
    }
}

fn swapped(first: &State, other: &State) -> Vec<PinnedChange> {
    let (first, other) = (&first.created, &other.created);
    let pipeline = |run: &RunCreated| BTreeMap::from([((), run.pipeline.clone())]);
    let inputs = |run: &RunCreated| -> BTreeMap<ArtifactName, Digest> {
        run.inputs.iter().map(|input| (input.name.clone(), input.digest.clone())).collect()
    };
    let mut swapped = differing(&inputs(first), &inputs(other), PinnedItem::Input);
    swapped.extend(differing(&pipeline(first), &pipeline(other), |()| PinnedItem::Pipeline));
    swapped.extend(differing(&first.components, &other.components, PinnedItem::Component));
    swapped
}

fn differing<K: Ord + Clone>(
    first: &BTreeMap<K, Digest>,
    other: &BTreeMap<K, Digest>,
    what: impl Fn(K) -> PinnedItem,
) -> Vec<PinnedChange> {
    let names: BTreeSet<&K> = first.keys().chain(other.keys()).collect();
    let both = names.into_iter().map(|name| (name, first.get(name), other.get(name)));
    let differing = both.filter(|(_, before, after)| before != after);
    differing
        .map(|(name, before, after)| PinnedChange {
            what: what(name.clone()),
            before: before.cloned(),
            after: after.cloned(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
