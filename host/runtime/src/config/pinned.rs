//! Pipelines as runs pin them: checked against their components, and written as JSON.
//!
//! The result depends on the pipeline and the digests of its components alone, so that runs of one process share it. All its
//! components are in the journal.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use phasegate_journal::Blob;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::sync::lock;
use phasegate_process::{Digest, PluginName};

use crate::config::run_settings::Environments;

/// The most pipelines that are remembered.
const MAX_KNOWN: usize = 16;

/// A pipeline that can be pinned.
pub(crate) struct PinnedPipeline {
    /// The pipeline before its grants were reduced to those that its plugins ask for.
    pub(crate) given: Arc<Pipeline>,
    /// Digest of every component.
    pub(crate) components: BTreeMap<PluginName, Digest>,
    /// The pipeline of the run.
    pub(crate) pipeline: Arc<Pipeline>,
    /// The pipeline of the run in JSON.
    pub(crate) blob: Blob,
    /// What the test runners describe.
    pub(crate) environments: Arc<Environments>,
}

/// The pipelines of the runs that were created last.
#[derive(Default)]
pub(crate) struct PinnedPipelines(Mutex<VecDeque<Arc<PinnedPipeline>>>);

impl PinnedPipelines {
    /// Returns the pipeline that was pinned for this one with these components.
    pub(crate) fn find(
        &self,
        given: &Arc<Pipeline>,
        components: &BTreeMap<PluginName, Digest>,
    ) -> Option<Arc<PinnedPipeline>> {
        let known = lock(&self.0).clone();
        let is_equal = |one: &Arc<Pipeline>| Arc::ptr_eq(one, given) || one == given;
        known.into_iter().find(|pinned| pinned.components == *components && is_equal(&pinned.given))
    }

    /// Remembers a pipeline in place of the oldest one.
    pub(crate) fn insert(&self, pinned: Arc<PinnedPipeline>) {
        let mut known = lock(&self.0);
        known.truncate(MAX_KNOWN - 1);
        known.push_front(pinned);
    }
}
