//! What a run, or a fork of one, is created with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ArtifactName, ArtifactRef, AttemptId, Digest, PluginName, RunId, TaskId};

/// All that a run depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunCreated {
    /// [`crate::EVENT_FORMAT`] of the build that created it.
    pub format: u32,
    /// The run.
    pub run_id: RunId,
    /// The task.
    pub task_id: TaskId,
    /// The resolved pipeline, a blob of JSON.
    pub pipeline: Digest,
    /// What the run starts with: requirements, context files, process notes.
    pub inputs: Vec<ArtifactRef>,
    /// The context files that lie under the generated ones when tests run, by artifact name.
    pub base: Vec<ArtifactName>,
    /// Components by the names the pipeline calls them, runners as `runner-LANGUAGE`.
    pub components: BTreeMap<PluginName, Digest>,
    /// The run's own configuration without keys, a blob of JSON.
    pub settings: Digest,
    /// Figures of finished runs for estimation, a blob of JSON.
    pub history: Digest,
    /// Whether answers come from a script.
    pub scripted: bool,
}

/// A run that shares the beginning of another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunForked {
    /// The run whose beginning is shared.
    pub origin: RunId,
    /// The attempt that comes next: the first that is not shared.
    #[serde(flatten)]
    pub at: AttemptId,
    /// What was swapped, in words.
    pub changes: Vec<String>,
    /// What the run depends on from here on.
    pub created: RunCreated,
}
