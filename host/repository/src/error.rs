//! The reasons why a repository, an object or a branch cannot be used.

use std::path::PathBuf;

use phasegate_files::{Distrust, quote};
use phasegate_process::hint::with_hint;

use crate::place::{DamagedObject, Outside};

/// A repository, a file of it or a branch that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The path is no repository.
    #[error("`{}` is not a git repository: {why}", path.display())]
    NotARepository {
        /// The path as given.
        path: PathBuf,
        /// What was found instead.
        why: String,
        /// The repository that contains the path.
        inside: Option<PathBuf>,
    },
    /// Another account owns a part of the repository.
    #[error("the repository `{}` is not used because of `{}`: {why}", path.display(), part.display())]
    Foreign {
        /// The repository.
        path: PathBuf,
        /// The file or folder of the other account.
        part: PathBuf,
        /// The owner.
        why: Distrust,
    },
    /// A part of the repository leads to files outside of it.
    #[error("the repository `{}` is not used: {outside}", path.display())]
    Outside {
        /// The repository.
        path: PathBuf,
        /// The part, and where it leads.
        outside: Outside,
    },
    /// The format of the repository, or a part that is damaged.
    #[error("the repository `{}` cannot be used: {why}", path.display())]
    Unusable {
        /// The repository.
        path: PathBuf,
        /// The reason.
        why: String,
        /// What to do.
        hint: Option<&'static str>,
    },
    /// The current branch has no commit.
    #[error("the branch `{branch}` of the repository `{}` has no commit yet", path.display())]
    Unborn {
        /// The repository.
        path: PathBuf,
        /// The short name of the branch.
        branch: String,
    },
    /// A revision names no commit.
    #[error("`{revision}` names no commit of the repository: {why}")]
    NoCommit {
        /// The revision as given.
        revision: String,
        /// The reason.
        why: String,
    },
    /// An object that is needed is absent or damaged.
    #[error("{0}")]
    Object(Box<DamagedObject>),
    /// The tree exceeds a limit.
    #[error("the tree `{tree}` is too large: {what}, at most {limit} allowed")]
    TooManyFiles {
        /// The tree.
        tree: String,
        /// As `more than 500000 files`.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// There is no file of this path.
    #[error("there is no file `{0}` in the repository")]
    NoFile(String),
    /// A file exceeds the limit of a read.
    #[error("`{path}` is too large: {size} bytes, at most {limit} allowed")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size, in bytes.
        size: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A path that is no regular file.
    #[error("`{path}` cannot be read: it is {kind}")]
    NotAFile {
        /// The path.
        path: String,
        /// With an article, as `a submodule`.
        kind: &'static str,
    },
    /// The text of a search is empty or has several lines.
    #[error("the text to search for must be one line of 1 to {max} bytes")]
    SearchText {
        /// The limit, in bytes.
        max: usize,
    },
    /// The uncommitted changes cannot be read.
    #[error("uncommitted changes cannot be included: {why}")]
    Uncommitted {
        /// The reason.
        why: String,
        /// What to do.
        hint: &'static str,
    },
    /// A file in another encoding would be written as UTF-8.
    #[error("`{path}` is not changed: {why}, and text would be written as UTF-8")]
    Encoding {
        /// The file.
        path: String,
        /// As `it is not text in UTF-8`.
        why: &'static str,
    },
    /// A change does not fit the tree that it is applied to.
    #[error("`{path}` cannot be {action}: {why}")]
    Change {
        /// The path of the change.
        path: String,
        /// As `written`.
        action: &'static str,
        /// The reason.
        why: String,
    },
    /// The name of a branch, an author or a message is invalid.
    #[error("the {what} `{value}` is invalid: {why}")]
    Invalid {
        /// As `branch`.
        what: &'static str,
        /// The value.
        value: String,
        /// The rule.
        why: String,
    },
    /// Another commit has the name of the branch.
    #[error("the branch `{name}` already exists at commit {found}; the result is {wanted}")]
    BranchExists {
        /// The name of the branch, without `refs/heads/`.
        name: String,
        /// The commit that the branch names.
        found: String,
        /// The commit that was to be the branch.
        wanted: String,
    },
    /// A branch whose name git cannot keep beside the wanted one.
    #[error("the branch `{name}` cannot be created beside the branch `{other}`")]
    BranchConflict {
        /// The name of the branch, without `refs/heads/`.
        name: String,
        /// The existing branch.
        other: String,
    },
    /// A file of the repository cannot be read or written.
    #[error("`{}` cannot be {action}: {why}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        action: &'static str,
        /// The system's error.
        why: std::io::Error,
    },
}

impl RepositoryError {
    /// Returns what to do, one hint per line.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotARepository { inside: Some(top), .. } => {
                format!("the repository that contains it is {}; name that one", quote(top))
            }
            Self::NotARepository { .. } => {
                "name the folder that contains `.git`, or a bare repository; `git init` makes one".to_owned()
            }
            Self::Foreign { path, .. } => format!(
                "clone it, and use the clone\nif you trust its owner, run `phasegate trust allow --folder {}`",
                quote(path)
            ),
            Self::Outside { path, outside } => outside.hint(path),
            Self::Unusable { hint, .. } => return hint.map(str::to_owned),
            Self::Unborn { .. } => "commit something first".to_owned(),
            Self::NoCommit { .. } => "name a branch, a tag or a commit; `git branch --all` lists branches".to_owned(),
            Self::Object(damaged) => damaged.hint().to_owned(),
            Self::TooManyFiles { .. } => "start from a smaller repository".to_owned(),
            Self::Uncommitted { hint, .. } => (*hint).to_owned(),
            Self::Encoding { .. } => "convert the file to UTF-8 and commit that first".to_owned(),
            Self::BranchExists { name, .. } | Self::BranchConflict { name, other: _ }
                if matches!(self, Self::BranchExists { .. }) =>
            {
                format!("rename the branch: `git branch --move {name} NEW-NAME`")
            }
            Self::BranchConflict { other, .. } => format!("rename the branch: `git branch --move {other} NEW-NAME`"),
            Self::Io { action: "written", .. } => {
                "make the repository writable for this account, and free space on its disk".to_owned()
            }
            _ => return None,
        };
        Some(hint)
    }

    /// Returns message and hints as the command line prints them, one line `hint: …` per hint.
    pub fn describe(&self) -> String {
        with_hint(self, self.hint())
    }

    /// Whether the request for a file is at fault, and not the repository: an agent may ask for something else.
    pub fn is_about_the_request(&self) -> bool {
        matches!(self, Self::NoFile(_) | Self::TooLarge { .. } | Self::NotAFile { .. } | Self::SearchText { .. })
    }
}
