//! The pinned dependencies in which two runs differ, named by what a person swapped.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::digest::Digest;
use crate::event::RunCreated;
use crate::names::{ArtifactName, PhaseName, PluginName};
use crate::pipeline::{Phase, Pipeline};
use crate::state::State;

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
    /// The parts of a pipeline that differ, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
}

/// A pinned dependency of a run. Settings of the run as a whole are not compared, because they contain a seed of each run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "pinned", content = "name", rename_all = "snake_case")]
pub enum PinnedItem {
    /// The pipeline, in something other than its feedback strategy.
    Pipeline,
    /// The feedback strategy of the pipeline, by the name in the other run. The digests are those of the components.
    Strategy(PluginName),
    /// A component, by its name in the pipeline.
    Component(PluginName),
    /// An initial artifact.
    Input(ArtifactName),
}

/// Returns what differs in the pinned dependencies.
pub(super) fn pinned_changes(first: &State, other: &State) -> Vec<PinnedChange> {
    let (old, new) = (&first.created, &other.created);
    let inputs = |run: &RunCreated| -> BTreeMap<ArtifactName, Digest> {
        run.inputs.iter().map(|input| (input.name.clone(), input.digest.clone())).collect()
    };
    let mut swapped = changed_digests(&inputs(old), &inputs(new), PinnedItem::Input);
    let (strategy, replaced_by) = (&first.pipeline.feedback.plugin, &other.pipeline.feedback.plugin);
    let other_strategy = first.pipeline.feedback != other.pipeline.feedback;
    if other_strategy {
        swapped.push(PinnedChange {
            what: PinnedItem::Strategy(replaced_by.clone()),
            before: old.components.get(strategy).cloned(),
            after: new.components.get(replaced_by).cloned(),
            parts: Vec::new(),
        });
    }
    let parts = pipeline_parts(&first.pipeline, &other.pipeline);
    if old.pipeline != new.pipeline && (!parts.is_empty() || !other_strategy) {
        let (before, after) = (Some(old.pipeline.clone()), Some(new.pipeline.clone()));
        swapped.push(PinnedChange { what: PinnedItem::Pipeline, before, after, parts });
    }
    // The component of a strategy that was replaced is no further change.
    let is_strategy = |name: &PluginName| other_strategy && [strategy, replaced_by].contains(&name);
    let components = |run: &RunCreated| -> BTreeMap<PluginName, Digest> {
        let others = run.components.iter().filter(|(name, _)| !is_strategy(name));
        others.map(|(name, digest)| (name.clone(), digest.clone())).collect()
    };
    swapped.extend(changed_digests(&components(old), &components(new), PinnedItem::Component));
    swapped
}

/// Names the parts in which two pipelines differ, without the feedback strategy.
fn pipeline_parts(first: &Pipeline, other: &Pipeline) -> Vec<String> {
    let mut parts = Vec::new();
    let mut add = |differs: bool, part: &str| parts.extend(differs.then(|| part.to_owned()));
    add(first.name != other.name, "name");
    add(first.max_total_attempts != other.max_total_attempts, "max_total_attempts");
    let names = |pipeline: &Pipeline| pipeline.phases.iter().map(|phase| phase.name.clone()).collect::<Vec<_>>();
    let (old, new) = (names(first), names(other));
    let common = |names: &[PhaseName], others: &[PhaseName]| -> Vec<PhaseName> {
        names.iter().filter(|name| others.contains(name)).cloned().collect()
    };
    add(common(&old, &new) != common(&new, &old), "order of phases");
    for phase in &first.phases {
        match other.phase(&phase.name) {
            None => add(true, &format!("phase {} (removed)", phase.name)),
            Some(same) => phase_parts(phase, same).into_iter().for_each(|part| add(true, &part)),
        }
    }
    new.iter().filter(|name| !old.contains(name)).for_each(|name| add(true, &format!("phase {name} (added)")));
    let strategies = [&first.feedback.plugin, &other.feedback.plugin];
    let plugins: BTreeSet<&PluginName> = first.plugins.keys().chain(other.plugins.keys()).collect();
    for plugin in plugins.into_iter().filter(|name| first.feedback == other.feedback || !strategies.contains(name)) {
        add(first.plugins.get(plugin) != other.plugins.get(plugin), &format!("plugin {plugin}"));
    }
    add(first.runners != other.runners, "test runners");
    add(first.kinds != other.kinds, "kinds of artifacts");
    parts
}

fn phase_parts(first: &Phase, other: &Phase) -> Vec<String> {
    let name = &first.name;
    let rest = |phase: &Phase| Phase { agent: first.agent.clone(), settings: first.settings.clone(), ..phase.clone() };
    let parts = [
        (first.agent != other.agent, format!("agent of {name}")),
        (first.settings != other.settings, format!("settings of {name}")),
        (rest(first) != rest(other), format!("phase {name}")),
    ];
    parts.into_iter().filter(|(differs, _)| *differs).map(|(_, part)| part).collect()
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
            parts: Vec::new(),
        })
        .collect()
}
