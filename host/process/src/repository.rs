//! The git repository that a run starts from, and what agents ask of it.
//!
//! Only data: `host/repository` reads objects. A request of an agent is recorded with its answer, so that resuming, replaying
//! and forking a run need the repository only for requests that were never answered.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The name that agents put before a path to read a file of the repository.
pub const FILE_PREFIX: &str = "repository/";

/// An error: the text is not a git object id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a git object id")]
pub struct InvalidGitId(String);

/// The id of a git object: 40 (SHA-1) or 64 (SHA-256) lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GitId(String);

impl GitId {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ten hex digits, for display.
    pub fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

impl FromStr for GitId {
    type Err = InvalidGitId;

    fn from_str(text: &str) -> Result<Self, InvalidGitId> {
        let is_hex = text.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c));
        match matches!(text.len(), 40 | 64) && is_hex {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidGitId(text.chars().take(100).collect())),
        }
    }
}

impl TryFrom<String> for GitId {
    // serde keeps only the text of an error.
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|error: InvalidGitId| error.to_string())
    }
}

impl From<GitId> for String {
    fn from(id: GitId) -> Self {
        id.0
    }
}

impl fmt::Display for GitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The repository that a run starts from, pinned when the run is created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryBase {
    /// The absolute path of the folder that objects are read from.
    pub path: String,
    /// The commit that the run starts from.
    pub commit: GitId,
    /// The tree of the commit.
    pub tree: GitId,
    /// The full name of the reference that named the commit; `None` for a detached head, an id, and other revisions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<String>,
    /// Changes that were not committed and belong to the base, sorted by path.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub uncommitted: Vec<UncommittedFile>,
    /// How many commits the branch of the run gets.
    #[serde(default)]
    pub commits: CommitStyle,
    /// `Name <mail>` of the commits' author; `None` for the one that git's configuration names.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub author: Option<String>,
}

/// How many commits the branch of a run gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitStyle {
    /// One for the delivered work.
    #[default]
    One,
    /// One for each accepted attempt that changed files.
    Attempts,
    /// None: the run gets no branch, as a run of an experiment.
    None,
}

/// The branch of a run that passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunBranch {
    /// The name without `refs/heads/`.
    pub name: String,
    /// The commits, the oldest first; none if the run changed no file, and then there is no branch.
    pub commits: Vec<GitId>,
    /// The tree of the last commit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tree: Option<GitId>,
    /// The digest over the paths and contents of the work. A replay computes it without the repository.
    pub work: Digest,
}

/// A change in the working tree that was not committed when the run was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UncommittedFile {
    /// Relative to the top of the repository.
    pub path: String,
    /// The change.
    pub change: UncommittedChange,
}

/// What happened to a file that was not committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UncommittedChange {
    /// It is new or has another content.
    Written {
        /// The blob of the content.
        content: Digest,
        /// Whether it may be executed.
        executable: bool,
    },
    /// It is gone.
    Deleted,
}

/// What an agent asks of the repository. Paths and folders are relative to its top; an empty folder is the top.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepositoryRequest {
    /// The content of a file.
    Read {
        /// The file.
        path: String,
    },
    /// The files below a folder: a [`FileList`].
    List {
        /// The folder.
        folder: String,
    },
    /// The lines of text files below a folder that contain a text: a [`MatchList`].
    Search {
        /// The text, compared without regard to case.
        text: String,
        /// The folder.
        folder: String,
    },
}

impl fmt::Display for RepositoryRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |folder: &str| if folder.is_empty() { "the repository".to_owned() } else { format!("`{folder}`") };
        match self {
            Self::Read { path } => write!(f, "read `{path}`"),
            Self::List { folder } => write!(f, "listed {}", place(folder)),
            Self::Search { text, folder } => write!(f, "searched {} for `{text}`", place(folder)),
        }
    }
}

/// The recorded answer to a [`RepositoryRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryAnswer {
    /// The blob: bytes of a file, JSON of a list, or JSON of a [`RequestFailure`].
    pub content: Digest,
    /// Whether the blob is a [`RequestFailure`].
    pub failed: bool,
}

/// Why the repository has no answer to a request of an agent. Agents read the texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum RequestFailure {
    /// There is no such file.
    #[error("{0}")]
    Unknown(String),
    /// The path is a folder, a symbolic link, a submodule or a pointer of Git LFS, or lies below a file.
    #[error("{0}")]
    NotAFile(String),
    /// The file exceeds the limit of one answer.
    #[error("{0}")]
    TooLarge(String),
}

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryFile {
    /// Relative to the top of the repository.
    pub path: String,
    /// Bytes; 0 for a submodule.
    pub size: u64,
    /// The kind.
    pub kind: FileKind,
}

/// The kind of a file of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Text, in UTF-8.
    Text,
    /// Any other content.
    Binary,
    /// A symbolic link, which is never followed.
    Symlink,
    /// The commit of another repository.
    Submodule,
    /// A pointer of Git LFS in place of the content.
    Lfs,
}

impl FileKind {
    /// Returns the name that agents see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Symlink => "symlink",
            Self::Submodule => "submodule",
            Self::Lfs => "lfs",
        }
    }
}

/// Files of a folder, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileList {
    /// The first files.
    pub files: Vec<RepositoryFile>,
    /// The number of files that are left out because of the limit.
    pub left_out: u64,
}

/// A line of a text file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextMatch {
    /// The file.
    pub path: String,
    /// From 1.
    pub line: u32,
    /// The line, cut to the limit.
    pub text: String,
}

/// The result of a search, sorted by path and line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchList {
    /// The first lines.
    pub matches: Vec<TextMatch>,
    /// Whether the search stopped at its limit.
    pub incomplete: bool,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_lower_case_hex() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(id.parse::<GitId>().unwrap().short(), "0123456789");
        assert!(format!("{id}{}", "0".repeat(24)).parse::<GitId>().is_ok());
        for text in ["", "HEAD", &id[1..], &id.to_uppercase(), &format!("{id}0")] {
            assert!(text.parse::<GitId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_base_without_options_stays_short() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let stored = json!({"path": "/src", "commit": id, "tree": id});
        let base: RepositoryBase = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(base.commits, CommitStyle::One);
        assert_eq!(
            serde_json::to_value(base).unwrap(),
            json!({"path": "/src", "commit": id, "tree": id, "commits": "one"})
        );
    }
}
