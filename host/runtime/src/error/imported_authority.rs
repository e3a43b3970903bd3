//! The authority that an imported run uses when it continues: its components, their grants and limits, and the decisions that
//! other people made elsewhere.

use std::collections::BTreeMap;
use std::fmt;

use phasegate_process::pipeline::{Grants, Pipeline};
use phasegate_process::{Digest, Event, PluginName, Recorded, RunId};
use serde_json::{Value, json};

use super::not_trusted::agreement_digest;

/// The most names of components without grants that are shown.
const MAX_NAMES: usize = 20;

/// What a person agrees to when an imported run continues. `Display` lists it in one sentence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct ImportedAuthority {
    /// The run.
    pub run: RunId,
    models: Vec<String>,
    plugins: BTreeMap<PluginName, PluginAuthority>,
    decisions: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize)]
struct PluginAuthority {
    component: Digest,
    grants: Grants,
    limits: Value,
}

impl ImportedAuthority {
    /// Collects the authority of a run. `components` are those that the run pins now; `imported` are the events that came
    /// from elsewhere.
    pub(crate) fn new(
        run: &RunId,
        pipeline: &Pipeline,
        components: &BTreeMap<PluginName, Digest>,
        models: Vec<String>,
        imported: &[Recorded],
    ) -> Self {
        let plugin = |(name, component): (&PluginName, &Digest)| {
            let limits = pipeline.plugins.get(name).map(|used| used.limits.clone()).unwrap_or_default();
            let authority = PluginAuthority { component: component.clone(), grants: pipeline.grants(name), limits };
            (name.clone(), authority)
        };
        let decisions = imported.iter().filter_map(|recorded| match &recorded.event {
            Event::ApprovalGiven { at, choice, by, .. } => Some(format!("{} of {at} by {by}", choice.as_str())),
            _ => None,
        });
        Self {
            run: run.clone(),
            models,
            plugins: components.iter().map(plugin).collect(),
            decisions: decisions.collect(),
        }
    }

    /// Returns a short digest of everything that a person agrees to.
    pub fn digest(&self) -> String {
        let Self { run, models, plugins, decisions } = self;
        agreement_digest(&json!({ "run": run, "models": models, "plugins": plugins, "decisions": decisions }))
    }

    /// Returns the command that agrees to exactly this.
    pub fn allow_command(&self) -> String {
        format!("phasegate trust allow --run {} --digest {}", self.run, self.digest())
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> String {
        let command = self.allow_command();
        format!("if you trust them, run `{command}`; providers, prices and budget are then those of your configuration")
    }

    /// Returns one line for the models, each decision, and each component with a grant or a limit, and one for the other
    /// components.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("models {}", self.models.join(", "))];
        lines.extend(self.decisions.iter().map(|decision| format!("decided elsewhere: {decision}")));
        let mut others = Vec::new();
        for (name, PluginAuthority { component, grants, limits }) in &self.plugins {
            let has_limits = !limits.is_null() && *limits != json!({});
            if *grants == Grants::default() && !has_limits {
                others.push(name.as_str());
                continue;
            }
            let limits = if has_limits { format!(", limits {limits}") } else { String::new() };
            lines.push(format!("plugin `{name}` ({}), grants {grants}{limits}", component.short()));
        }
        if !others.is_empty() {
            let shown: Vec<&str> = others.iter().copied().take(MAX_NAMES).collect();
            let more = if others.len() > MAX_NAMES { ", …" } else { "" };
            lines.push(format!("{} without grants: {}{more}", others.len(), shown.join(", ")));
        }
        lines
    }
}

impl fmt::Display for ImportedAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (run, lines) = (&self.run, self.lines().join("; "));
        write!(f, "run {run} was imported and continues only after you agree to its components: {lines}")
    }
}
