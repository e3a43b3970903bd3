//! Parts of errors that say where a repository leads outside of itself, and which object is damaged.

use std::fmt;
use std::path::{Path, PathBuf};

use phasegate_files::quote;

/// A part of a repository that leads to files outside of it, or could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    /// A symbolic link, a device or a pipe where git keeps a file or folder.
    Special {
        /// The part.
        part: PathBuf,
        /// As `a symbolic link`.
        kind: &'static str,
    },
    /// A `.git` file that names a repository which does not name this folder.
    GitFile {
        /// What the file names.
        target: PathBuf,
    },
    /// A `commondir` file where none belongs.
    CommonFolder {
        /// The file.
        part: PathBuf,
    },
    /// Objects of another repository.
    Alternates {
        /// The folder of objects.
        target: PathBuf,
    },
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Special { part, kind } => write!(f, "`{}` is {kind}", part.display()),
            Self::GitFile { target } => {
                write!(f, "its `.git` file names `{}`, which does not name this folder", target.display())
            }
            Self::CommonFolder { part } => write!(f, "`{}` names another repository", part.display()),
            Self::Alternates { target } => {
                write!(f, "it takes objects from `{}` (objects/info/alternates)", target.display())
            }
        }
    }
}

impl Outside {
    /// Returns what to do about the repository at `path`.
    pub(crate) fn hint(&self, path: &Path) -> String {
        match self {
            Self::Special { .. } => "clone it with `git clone --no-hardlinks`, and use the clone".to_owned(),
            Self::GitFile { target } if target.parent().is_some_and(|parent| parent.ends_with("worktrees")) => {
                "run `git worktree repair` in the main working tree, or name that".to_owned()
            }
            Self::GitFile { target } => format!("if it is yours, name {} itself", quote(target)),
            Self::CommonFolder { .. } => "use the working tree that belongs to it".to_owned(),
            Self::Alternates { .. } => {
                let path = quote(path);
                format!(
                    "copy the objects with `git -C {path} repack -a -d`, then remove `objects/info/alternates` from its \
                     git folder"
                )
            }
        }
    }
}

/// An object that is needed and cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedObject {
    /// What the object is for, as `the file `src/a.py``.
    pub what: String,
    /// The id.
    pub id: String,
    /// The fault.
    pub fault: ObjectFault,
}

/// The fault of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectFault {
    /// It is absent.
    Missing,
    /// It is absent, and the repository is a partial clone.
    NotFetched,
    /// It is absent, and the repository is a shallow clone.
    BehindShallow,
    /// Its content does not match its id, or cannot be decoded.
    Corrupt(String),
}

impl fmt::Display for DamagedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, id, fault } = self;
        match fault {
            ObjectFault::Missing => write!(f, "object {id} ({what}) is missing in the repository"),
            ObjectFault::NotFetched => {
                write!(f, "object {id} ({what}) is missing: the repository is a partial clone, and nothing is fetched")
            }
            ObjectFault::BehindShallow => {
                write!(f, "object {id} ({what}) is missing: the repository is a shallow clone")
            }
            ObjectFault::Corrupt(why) => write!(f, "object {id} ({what}) is damaged: {why}"),
        }
    }
}

impl DamagedObject {
    /// Returns what to do.
    pub(crate) fn hint(&self) -> &'static str {
        match self.fault {
            ObjectFault::Missing => "run `git fsck` there; `git fetch` may bring the object back",
            ObjectFault::NotFetched => "fetch all objects there: `git fetch --refetch --no-filter`",
            ObjectFault::BehindShallow => "fetch the history there: `git fetch --unshallow`",
            ObjectFault::Corrupt(_) => "run `git fsck` there, and clone the repository again",
        }
    }
}
