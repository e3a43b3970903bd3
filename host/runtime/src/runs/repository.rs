//! The repository that a new run starts from: its commit is pinned, and its files are mapped.
//!
//! Guarantees: faults of the repository are found before anything is recorded. Nothing is written to the repository.

use std::num::NonZeroU32;
use std::path::PathBuf;

use phasegate_files::TrustedFolders;
use phasegate_journal::Blob;
use phasegate_process::repository::{CommitStyle, RepositoryBase, UncommittedChange, UncommittedFile};
use phasegate_repository::{
    MAX_READ_BYTES, MapCache, MapRequest, NewContent, Repository, RepositoryError, Sources, TreeFile, TreeFiles,
    map_repository, parse_author,
};

use crate::error::{Error, ErrorCode};
use crate::repository::{HeldOutPaths, HeldOutTests, RepositorySource, visible_files};
use crate::runs::context_files::exclusion_of;
use crate::store::blobs::json_blob;

/// The most paths that a note names.
const MAX_NAMED: usize = 10;

/// What the map of a repository is made for.
pub(crate) struct MapPurpose {
    /// The text of the task.
    pub(crate) task: String,
    /// The most tokens that the map may take.
    pub(crate) budget_tokens: NonZeroU32,
    /// The modules of the test runner for Python, where there is one.
    pub(crate) python_modules: Option<Vec<String>>,
    /// Where parsed definitions are kept.
    pub(crate) cache: Option<PathBuf>,
}

/// A repository as a run pins it.
pub(crate) struct PinnedRepository {
    /// The part of the first event.
    pub(crate) base: RepositoryBase,
    /// The contents of uncommitted files.
    pub(crate) blobs: Vec<Blob>,
    /// The artifact `repository_map`.
    pub(crate) map: Vec<u8>,
    /// Globs of the paths that agents do not see, because of acceptance tests.
    pub(crate) hidden: Vec<String>,
}

impl PinnedRepository {
    /// Opens a repository, pins its commit and maps its files. Fails if the repository cannot be used, if its revision is
    /// unknown, and if no author is known for the branch or another branch is in its way.
    pub(crate) fn pin(
        source: &RepositorySource,
        trusted: &TrustedFolders,
        branch: &str,
        purpose: &MapPurpose,
        tests: &HeldOutTests,
    ) -> Result<Self, Error> {
        let mut repository = Repository::open(&source.path, trusted)?;
        let found = repository.resolve(source.revision.as_deref())?;
        let author = match (&source.author, source.commits) {
            (_, CommitStyle::None) => None,
            (Some(author), _) => {
                let (name, mail) = parse_author(author).map_err(invalid_author)?;
                Some(format!("{name} <{mail}>"))
            }
            (None, _) => Some(repository.author().ok_or_else(unknown_author)?),
        };
        if source.commits != CommitStyle::None {
            repository.check_branch_name(branch).map_err(branch_in_the_way)?;
        }
        let mut files = repository.files(&found.tree)?;
        let mut notes = Vec::new();
        let (mut uncommitted, mut blobs) = (Vec::new(), Vec::new());
        if source.include_uncommitted {
            let changes = repository.uncommitted(&found, &files)?;
            let left_out = changes.left_out.iter().map(|file| format!("{} ({})", file.path, file.why)).collect();
            notes.extend(note("Uncommitted changes that are left out", left_out));
            let mut secrets = Vec::new();
            let mut overlaid = Vec::new();
            for change in changes.changes {
                let content = match change.content {
                    NewContent::Deleted => None,
                    NewContent::Bytes(bytes) => Some(bytes),
                    NewContent::Text(text) => Some(text.into_bytes()),
                };
                if let Some(why) = content.as_deref().and_then(|bytes| exclusion_of(&change.path, bytes)) {
                    secrets.push(format!("{} ({why})", change.path));
                    continue;
                }
                let pinned = match &content {
                    None => UncommittedChange::Deleted,
                    Some(bytes) => {
                        let blob = Blob::new(bytes.clone());
                        let (content, executable) = (blob.digest.clone(), change.executable.unwrap_or_default());
                        blobs.push(blob);
                        UncommittedChange::Written { content, executable }
                    }
                };
                uncommitted.push(UncommittedFile { path: change.path.clone(), change: pinned });
                overlaid.push((change.path, content.map(|bytes| (bytes, change.executable.unwrap_or_default()))));
            }
            notes.extend(note("Uncommitted files that are left out", secrets));
            files = repository.with_changes(&files, overlaid)?;
        }
        let base = RepositoryBase {
            path: text_of(&repository)?,
            commit: found.commit,
            tree: found.tree,
            reference: found.reference,
            uncommitted,
            commits: source.commits,
            author,
        };
        let hidden = tests.globs_in_repository(repository.top());
        let (visible, secrets) = visible_files(&files, &HeldOutPaths::new(&hidden)?);
        notes.extend(note("Files that look like secrets, which agents do not see", secrets));
        let skipped = files.skipped().iter().map(|file| format!("{} ({})", file.path, file.why)).collect();
        notes.extend(note("Files that are left out", skipped));
        let map = make_map(&repository, &visible, &base, notes, purpose);
        Ok(Self { base, blobs, map, hidden })
    }
}

fn make_map(
    repository: &Repository,
    visible: &TreeFiles,
    base: &RepositoryBase,
    mut notes: Vec<String>,
    purpose: &MapPurpose,
) -> Vec<u8> {
    let reader = repository.reader();
    let read = |file: &TreeFile| reader.read(file, MAX_READ_BYTES).ok();
    let sources = Sources { files: visible.files(), read: &read };
    let cache = purpose.cache.as_deref().map(|folder| MapCache { folder, repository: &base.path });
    let request = MapRequest {
        commit: &base.commit,
        tree: &base.tree,
        task: &purpose.task,
        budget_tokens: purpose.budget_tokens,
        python_modules: purpose.python_modules.as_deref(),
        cache,
    };
    let mut map = map_repository(&sources, &request);
    notes.extend(std::mem::take(&mut map.notes));
    map.notes = notes;
    json_blob(&map).bytes.into()
}

/// Renders a list of paths as one sentence; `None` without paths.
fn note(what: &str, mut paths: Vec<String>) -> Option<String> {
    let more = paths.len().saturating_sub(MAX_NAMED);
    paths.truncate(MAX_NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    (!paths.is_empty()).then(|| format!("{what}: {}{more}.", paths.join(", ")))
}

/// Returns the error of a run that does not start because its branch could not be written.
fn branch_in_the_way(error: RepositoryError) -> Error {
    match error.hint() {
        Some(hint) => Error::rejected(ErrorCode::RepositoryUnusable, error.to_string(), hint),
        None => error.into(),
    }
}

fn invalid_author(error: RepositoryError) -> Error {
    let hint = "give name and mail in quotes: --author 'Ann Lee <ann@example.org>'";
    Error::rejected(ErrorCode::RepositoryUnusable, error.to_string(), hint)
}

fn unknown_author() -> Error {
    let hint = "name one with --author 'Name <mail>', or set user.name and user.email with `git config --global`; included \
                files and the system's configuration are not read";
    Error::rejected(ErrorCode::RepositoryUnusable, "git's configuration names no author for the branch", hint)
}

/// Returns the path of a repository as text, as the first event has it.
fn text_of(repository: &Repository) -> Result<String, Error> {
    let path = repository.top();
    path.to_str().map(str::to_owned).ok_or_else(|| {
        let message = format!("the path `{}` is not UTF-8", path.display());
        Error::rejected(ErrorCode::RepositoryUnusable, message, "move the repository to another folder")
    })
}
