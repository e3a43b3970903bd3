//! The authority that an imported run uses when it continues: its components, their grants and limits, and the decisions that
//! other people made elsewhere.

use std::collections::BTreeMap;
use std::fmt;

use phasegate_process::pipeline::{Grants, Pipeline};
use phasegate_process::{Digest, Event, PluginName, Recorded, RunId};
use serde_json::{Value, json};

/// What a person agrees to when an imported run continues. `Display` lists it in one sentence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct ImportedAuthority {
    /// The run.
    pub run: RunId,
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
        Self { run: run.clone(), plugins: components.iter().map(plugin).collect(), decisions: decisions.collect() }
    }

    /// Returns a short digest of everything that a person agrees to.
    pub fn digest(&self) -> String {
        let content = json!({ "run": self.run, "plugins": self.plugins, "decisions": self.decisions }).to_string();
        Digest::from_content(content.as_bytes()).short().to_owned()
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

    /// Returns one line for each component and each decision.
    pub fn lines(&self) -> Vec<String> {
        let plugins = self.plugins.iter().map(|(name, authority)| {
            let PluginAuthority { component, grants, limits } = authority;
            let grants = if *grants == Grants::default() { "no grants".to_owned() } else { format!("grants {grants}") };
            let limits =
                if limits.is_null() || *limits == json!({}) { String::new() } else { format!(", limits {limits}") };
            format!("plugin `{name}` ({}), {grants}{limits}", component.short())
        });
        plugins.chain(self.decisions.iter().map(|decision| format!("decided elsewhere: {decision}"))).collect()
    }
}

impl fmt::Display for ImportedAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (run, lines) = (&self.run, self.lines().join("; "));
        write!(f, "run {run} was imported and continues only after you agree to its components: {lines}")
    }
}
