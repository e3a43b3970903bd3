//! The work of a run as changes to its base, for the branch.
//!
//! Guarantees: the changes and their digest depend on the journal only, so that a replay computes them without the repository.
//! Files that are equal to their base are no changes. Fails with [`OutputError`] if an artifact cannot be read.

use std::collections::{BTreeMap, BTreeSet};

use phasegate_journal::Journal;
use phasegate_process::state::State;
use phasegate_process::{AttemptId, Digest, Event, PhaseOutcome, Recorded};
use phasegate_repository::fit_text;

use crate::error::output::OutputError;
use crate::output::artifacts::ArtifactReader;
use crate::output::base_file::BaseFile;
use crate::output::files::RunFiles;

/// Changed files by path; `None` is a deleted one.
type Changes = BTreeMap<String, Option<String>>;

/// The changes of a run to its base.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Work(Changes);

/// The new content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StepContent {
    /// Text of the run.
    Text(String),
    /// The content of the base again.
    Base(Vec<u8>),
    /// None: the file is gone.
    Deleted,
}

/// The changes of one attempt to the work before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The attempt; `None` for the whole work.
    pub(crate) at: Option<AttemptId>,
    /// The changes by path.
    pub(crate) changes: BTreeMap<String, StepContent>,
}

impl Work {
    /// Reads the current work of a run.
    pub(crate) fn load(journal: &dyn Journal, state: &State) -> Result<Self, OutputError> {
        let artifacts = ArtifactReader { journal, state };
        let files = RunFiles::load(&artifacts)?;
        let written = files.code_and_tests().into_iter().map(|(path, text)| (path.to_owned(), Some(text.to_owned())));
        let mut changes: Changes = written.collect();
        changes.extend(files.deleted.into_iter().map(|path| (path, None)));
        let mut same = BTreeSet::new();
        for (path, new) in &changes {
            if is_same(artifacts.base_file(path)?.as_ref(), new.as_deref()) {
                same.insert(path.clone());
            }
        }
        changes.retain(|path, _| !same.contains(path));
        Ok(Self(changes))
    }

    /// Returns the digest over paths and contents.
    pub(crate) fn digest(&self) -> Digest {
        let content = |text: &Option<String>| text.as_ref().map(|text| Digest::from_content(text.as_bytes()));
        let list: Vec<_> = self.0.iter().map(|(path, text)| (path, content(text))).collect();
        // A list of texts always serializes.
        Digest::from_content(&serde_json::to_vec(&list).unwrap_or_default())
    }

    /// Returns the paths of files that are there afterwards, and of those that are gone.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&str, bool)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.is_some()))
    }

    /// Returns the whole work as one step; none if there is nothing to do.
    pub(crate) fn one_step(&self) -> Vec<Step> {
        let content = |text: &Option<String>| text.clone().map_or(StepContent::Deleted, StepContent::Text);
        let changes: BTreeMap<_, _> = self.0.iter().map(|(path, text)| (path.clone(), content(text))).collect();
        if changes.is_empty() { Vec::new() } else { vec![Step { at: None, changes }] }
    }
}

/// Returns the work as one step for each accepted attempt that changed it. Together the steps make the whole work.
pub(crate) fn steps_of_attempts(
    journal: &dyn Journal,
    state: &State,
    events: &[Recorded],
) -> Result<Vec<Step>, OutputError> {
    let mut then = state.clone();
    then.artifacts = state.created.inputs.iter().map(|input| (input.name.clone(), input.clone())).collect();
    let (mut before, mut steps) = (Work::default(), Vec::new());
    for recorded in events {
        match &recorded.event {
            Event::ArtifactStored { artifact, .. } => {
                then.artifacts.insert(artifact.name.clone(), artifact.clone());
            }
            Event::PhaseFinished { at, outcome: PhaseOutcome::Submitted { .. }, .. } => {
                let now = Work::load(journal, &then)?;
                let changes = changes_between(&ArtifactReader { journal, state: &then }, &before, &now)?;
                if !changes.is_empty() {
                    steps.push(Step { at: Some(at.clone()), changes });
                }
                before = now;
            }
            _ => {}
        }
    }
    Ok(steps)
}

fn changes_between(
    artifacts: &ArtifactReader<'_>,
    before: &Work,
    now: &Work,
) -> Result<BTreeMap<String, StepContent>, OutputError> {
    let mut changes = BTreeMap::new();
    for (path, new) in now.0.iter().filter(|(path, new)| before.0.get(*path) != Some(*new)) {
        changes.insert(path.clone(), new.clone().map_or(StepContent::Deleted, StepContent::Text));
    }
    for path in before.0.keys().filter(|path| !now.0.contains_key(*path)) {
        let content = match artifacts.base_file(path)? {
            None => StepContent::Deleted,
            Some(BaseFile::Read(bytes)) => StepContent::Base(bytes),
            Some(BaseFile::TooLarge) => {
                let reason = "the file of the repository is too large to be restored".to_owned();
                return Err(OutputError::Artifact { name: path.clone(), reason });
            }
        };
        changes.insert(path.clone(), content);
    }
    Ok(changes)
}

/// Whether a change leaves a file as it is. Line ends and the byte order mark of the base are kept, so they make no difference.
fn is_same(base: Option<&BaseFile>, new: Option<&str>) -> bool {
    match (base, new) {
        (None, None) => true,
        (Some(BaseFile::Read(base)), Some(new)) => {
            base == new.as_bytes() || fit_text(new, base).is_ok_and(|fitted| fitted == *base)
        }
        _ => false,
    }
}
