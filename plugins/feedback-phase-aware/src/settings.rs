//! What the pipeline may set for this strategy.

use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How often an issue must have come back unchanged before it is raised; 0 for never.
    pub raise_after: usize,
    /// All phases of the pipeline, in order.
    pub phases: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let standard = ["planning", "design", "design-review", "code", "code-review", "test", "postmortem"];
        Self { raise_after: 2, phases: standard.map(str::to_owned).to_vec() }
    }
}

impl Settings {
    /// From the pipeline's JSON; nothing means the defaults.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_str(text).map_err(|error| {
            format!("the settings of feedback-phase-aware cannot be used: {error}\nhint: it knows `raise_after` (a number) and `phases` (a list of names)")
        })
    }
}
