//! Reads the artifacts of a run from the journal, for the output folder.
//!
//! Fails with [`OutputError::Artifact`] if a blob is missing or not JSON.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use phasegate_journal::Journal;
use phasegate_process::artifact;
use phasegate_process::repository::{FILE_PREFIX, RepositoryRequest, RequestFailure};
use phasegate_process::state::State;
use phasegate_process::{ArtifactRef, Digest};
use phasegate_repository::fit_text;
use serde_json::Value;

use crate::error::output::OutputError;
use crate::output::base_file::BaseFile;
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

    /// Returns whether the run changes files that were there before.
    pub(crate) fn has_base(&self) -> bool {
        !self.state.created.base.is_empty() || self.state.created.repository.is_some()
    }

    /// Returns what is known of a file below the generated ones: a base file of the task, or a file of the repository. The
    /// host has read every file of the repository that the run replaces or deletes.
    pub(crate) fn base_file(&self, path: &str) -> Result<Option<BaseFile>, OutputError> {
        let of_task = self.state.created.base.iter().find(|name| path_of(name.as_str()) == path);
        if let Some(artifact) = of_task.and_then(|name| self.state.artifacts.get(name)) {
            return self.bytes(artifact.name.as_str(), &artifact.digest).map(|bytes| Some(BaseFile::Read(bytes)));
        }
        let request = RepositoryRequest::Read { path: path.to_owned() };
        let Some(answer) = self.state.repository.get(&request) else { return Ok(None) };
        let name = format!("{FILE_PREFIX}{path}");
        match answer.failed {
            false => self.bytes(&name, &answer.content).map(|bytes| Some(BaseFile::Read(bytes))),
            true => {
                let failure = self.json(&name, &answer.content)?;
                let is_large = matches!(serde_json::from_value(failure), Ok(RequestFailure::TooLarge(_)));
                Ok(is_large.then_some(BaseFile::TooLarge))
            }
        }
    }

    /// Returns the patch from the base files to `files`, without the `deleted` ones.
    pub(crate) fn patch(&self, files: &BTreeMap<&str, &str>, deleted: &BTreeSet<String>) -> Result<Patch, OutputError> {
        if !self.has_base() {
            return Ok(Patch::default());
        }
        let mut changes: BTreeMap<&str, (Option<BaseFile>, Option<Cow<'_, str>>)> = BTreeMap::new();
        for (path, new) in files {
            let base = self.base_file(path)?;
            let fitted = match &base {
                // As the branch has it.
                Some(BaseFile::Read(old)) if self.state.created.repository.is_some() => fit_text(new, old).ok(),
                _ => None,
            };
            let fitted = fitted.and_then(|bytes| String::from_utf8(bytes).ok()).map(Cow::Owned);
            changes.insert(*path, (base, Some(fitted.unwrap_or(Cow::Borrowed(*new)))));
        }
        for path in deleted {
            changes.insert(path, (self.base_file(path)?, None));
        }
        Ok(Patch::between(&changes))
    }
}

/// Returns the path of a base file from the name of its artifact.
fn path_of(name: &str) -> &str {
    name.strip_prefix("context/").unwrap_or(name)
}
