//! The repository of a run, for its test runs: read once when they need it first.
//!
//! A replay without the repository takes the results of test runs from the record.

use std::sync::Arc;

use phasegate_process::repository::RepositoryBase;
use phasegate_process::{AttemptId, Digest, Event};
use phasegate_repository::{FileReader, PytestSettings, Sources, TreeFile};

use crate::error::Error;
use crate::repository::{BaseTree, blocking};
use crate::run::context::RunContext;
use crate::run::test_run::repository::TestBase;
use crate::run::test_run::repository::select::{Listed, MAX_FILE_BYTES};
use crate::store::blobs::json_blob;

impl RunContext {
    /// Returns whether the run starts from a repository.
    pub(crate) fn has_repository(&self) -> bool {
        self.state().created.repository.is_some()
    }

    /// Returns the files of the repository as test runs see them; `None` if the run has none. Fails if it cannot be read.
    pub(crate) async fn test_base(&self) -> Result<Option<Arc<TestBase>>, Error> {
        let Some(base) = self.state().created.repository.clone() else { return Ok(None) };
        let load = || async {
            let tree = self.base_tree().await?;
            let hidden = self.state().created.acceptance.as_ref().map(|tests| tests.hidden.clone()).unwrap_or_default();
            blocking(move || load(&base, &hidden, &tree)).await.map(Arc::new)
        };
        self.test_base.get_or_try_init(load).await.cloned().map(Some)
    }

    /// Returns whether this is a replay whose repository cannot be read.
    pub(crate) async fn lacks_repository(&self) -> bool {
        self.has_repository() && self.replay_check().is_some() && self.test_base().await.is_err()
    }

    /// In a replay without the repository, appends the recorded events of this attempt up to the one of this kind. Returns
    /// whether it did.
    pub(crate) async fn take_without_repository(
        &self,
        at: &AttemptId,
        kind: fn(&Event) -> bool,
    ) -> Result<bool, Error> {
        let Some(check) = self.replay_check() else { return Ok(false) };
        if !self.lacks_repository().await {
            return Ok(false);
        }
        let given = check.given_because(at, kind, "the repository cannot be read here");
        let taken = !given.is_empty();
        if taken {
            self.append_all(given, Vec::new())?;
        }
        Ok(taken)
    }

    /// Returns the recorded result of a trial run, in a replay without the repository.
    pub(crate) async fn trial_without_repository(&self, at: &AttemptId, call: u32) -> Option<Digest> {
        let recorded = self.replay_check()?.trial(at, call)?;
        self.lacks_repository().await.then_some(recorded)
    }
}

/// Reads the files of the tree that agents see; the others may be secrets.
fn load(base: &RepositoryBase, hidden: &[String], tree: &BaseTree) -> Result<TestBase, Error> {
    let reader: FileReader = tree.repository().reader();
    let files = tree.visible();
    let read = |file: &TreeFile| reader.read(file, MAX_FILE_BYTES).ok();
    let settings = PytestSettings::read(&Sources { files: files.files(), read: &read });
    let paths = files.files().iter().filter(|file| file.is_regular()).map(|file| file.path.as_str());
    let mut tests: Vec<String> = settings.test_files(paths).into_iter().map(str::to_owned).collect();
    tests.sort();
    let listed = files.files().iter().map(|file| Listed {
        path: file.path.clone(),
        size: file.size,
        readable: file.is_regular(),
    });
    let uncommitted = json_blob(&base.uncommitted).digest;
    let identity = match hidden.is_empty() {
        true => format!("{} {uncommitted}", base.tree),
        false => format!("{} {uncommitted} without {}", base.tree, json_blob(&hidden).digest),
    };
    TestBase::load(identity, listed.collect(), &tests, |listed| match files.get(&listed.path) {
        Some(file) => Ok(reader.read(file, MAX_FILE_BYTES)?),
        None => Ok(Vec::new()),
    })
}
