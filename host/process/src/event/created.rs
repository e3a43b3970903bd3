//! The dependencies that are pinned when a run or a fork is created.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::acceptance::AcceptanceTests;
use crate::digest::Digest;
use crate::names::{ArtifactName, AttemptId, PersonName, PluginName, RunId, TaskId};
use crate::repository::RepositoryBase;
use crate::work::ArtifactRef;

/// Everything that a run depends on, by digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunCreated {
    /// [`crate::EVENT_FORMAT`] of the build that created it.
    pub format: u32,
    /// The run's id.
    pub run_id: RunId,
    /// The task's id.
    pub task_id: TaskId,
    /// The resolved pipeline, a blob of JSON.
    pub pipeline: Digest,
    /// The initial artifacts: requirements, context files, process notes.
    pub inputs: Vec<ArtifactRef>,
    /// The names of the context files that lie under the generated files when tests run.
    pub base: Vec<ArtifactName>,
    /// Components by their names in the pipeline; test runners as `runner-LANGUAGE`.
    pub components: BTreeMap<PluginName, Digest>,
    /// The run's configuration without API keys, a blob of JSON.
    pub settings: Digest,
    /// Figures of finished runs, from which agents estimate; a blob of JSON.
    pub history: Digest,
    /// Whether model answers come from a script.
    pub scripted: bool,
    /// The person who started the run or the fork; `None` where the name is unknown, and in older runs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started_by: Option<PersonName>,
    /// The git repository that the run starts from, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub repository: Option<RepositoryBase>,
    /// The tests of the task that no agent sees, where there are any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub acceptance: Option<AcceptanceTests>,
}

/// A run that shares the beginning of another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunForked {
    /// The run whose beginning is shared.
    pub origin: RunId,
    /// The first attempt that is not shared; the run continues with it.
    #[serde(flatten)]
    pub at: AttemptId,
    /// Whether the attempt is shared as well, with its judgement: the run continues with the strategy's decision about it.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub at_decision: bool,
    /// What was replaced, one line each.
    pub changes: Vec<String>,
    /// Everything that the run depends on from here on.
    pub created: RunCreated,
}

impl RunForked {
    /// Returns where the run leaves its origin, for people: `test#2`, or `the decision after test#2`.
    pub fn place(&self) -> String {
        render_place(&self.at, self.at_decision)
    }
}

/// Renders the place of a fork for people.
pub(crate) fn render_place(at: &AttemptId, at_decision: bool) -> String {
    if at_decision { format!("the decision after {at}") } else { at.to_string() }
}
