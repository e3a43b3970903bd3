//! Settings of this strategy in the pipeline.

use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Number of unchanged returns after which an issue is raised; 0 turns raising off. Default: 2.
    pub raise_after: usize,
    /// All phases of the pipeline, in order. Default: the standard process.
    pub phases: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let standard = ["planning", "design", "design-review", "code", "code-review", "test", "postmortem"];
        Self { raise_after: 2, phases: standard.map(str::to_owned).to_vec() }
    }
}

impl Settings {
    /// Parses the settings' JSON. Empty text means the defaults.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_str(text).map_err(|error| {
            format!("invalid settings of feedback-phase-aware: {error}\nhint: set `raise_after` (a number) and `phases` (a list of names)")
        })
    }
}
