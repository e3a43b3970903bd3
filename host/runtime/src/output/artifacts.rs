//! Reads the artifacts of a run from the journal, for the output folder.
//!
//! Fails with [`OutputError::Artifact`] if a blob is missing or not JSON.

use std::collections::BTreeMap;

use phasegate_journal::Journal;
use phasegate_process::artifact;
use phasegate_process::state::State;
use phasegate_process::{ArtifactRef, Digest};
use serde_json::Value;

use crate::error::output::OutputError;
use crate::output::patch::Patch;

/// Reads current artifacts of a run.
pub(crate) struct ArtifactReader<'a> {
    pub(crate) journal: &'a dyn Journal,
    pub(crate) state: &'a State,
}

impl ArtifactReader<'_> {
    pub(crate) fn bytes(&self, name: &str, digest: &Digest) -> Result<Vec<u8>, OutputError> {
        let missing = || OutputError::Artifact {
            name: name.to_owned(),
            reason: format!("there is no blob {digest} in {}", self.journal.location()),
        };
        self.journal.blob(digest)?.ok_or_else(missing)
    }

    pub(crate) fn json(&self, name: &str, digest: &Digest) -> Result<Value, OutputError> {
        let bytes = self.bytes(name, digest)?;
        serde_json::from_slice(&bytes)
            .map_err(|why| OutputError::Artifact { name: name.to_owned(), reason: format!("it is not JSON: {why}") })
    }

    /// Returns the current artifact of a name as JSON; `None` if there is none.
    pub(crate) fn current(&self, name: &str) -> Result<Option<Value>, OutputError> {
        let current = self.state.artifacts.values().find(|artifact| artifact.name.as_str() == name);
        current.map(|artifact| self.json(name, &artifact.digest)).transpose()
    }

    /// Returns true if the kind of the artifact has a schema.
    pub(crate) fn is_json(&self, artifact: &ArtifactRef) -> bool {
        artifact::schema(&self.state.pipeline.kinds, &artifact.kind).is_some()
    }

    /// Returns the paths of the base files.
    pub(crate) fn base_paths(&self) -> impl Iterator<Item = &str> {
        self.state.created.base.iter().map(|name| path_of(name.as_str()))
    }

    /// Returns the patch from the base files to `files`.
    pub(crate) fn patch(&self, files: &BTreeMap<&str, &str>) -> Result<Patch, OutputError> {
        let mut base = BTreeMap::new();
        for name in &self.state.created.base {
            let path = path_of(name.as_str());
            if let Some(artifact) = self.state.artifacts.get(name).filter(|_| files.contains_key(path)) {
                base.insert(path, self.bytes(name.as_str(), &artifact.digest)?);
            }
        }
        Ok(match self.state.created.base.is_empty() {
            true => Patch::default(),
            false => Patch::between(&base, files),
        })
    }
}

/// Returns the path of a base file from the name of its artifact.
fn path_of(name: &str) -> &str {
    name.strip_prefix("context/").unwrap_or(name)
}
