//! Where the parts of a repository are.
//!
//! Guarantees: every part lies in the folder that was named, or in a git folder that names this folder in turn, as those of
//! linked working trees and submodules do; each belongs to this account or to root, or to a folder that the user trusts.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use phasegate_files::{Distrust, TrustedFolders, check_path};

use crate::config::GitConfig;
use crate::error::RepositoryError;
use crate::place::Outside;

/// The limit of files with one line, such as `.git` and `HEAD`, in bytes.
const MAX_LINE_BYTES: u64 = 8 << 10;

/// The folders of a repository, absolute and without symbolic links.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// The working tree, or the bare repository.
    pub(crate) top: PathBuf,
    /// The git folder of this working tree, with its `HEAD` and index.
    pub(crate) git_dir: PathBuf,
    /// The git folder with the objects and references.
    pub(crate) common_dir: PathBuf,
    /// Whether `top` is a bare repository.
    pub(crate) is_bare: bool,
}

impl Layout {
    /// Finds the parts of the repository at `path`, which is its top folder, its `.git` or a bare repository.
    pub(crate) fn find(path: &Path, trusted: &TrustedFolders) -> Result<Self, RepositoryError> {
        let none =
            |why: &str, inside| RepositoryError::NotARepository { path: path.to_owned(), why: why.to_owned(), inside };
        let top = std::fs::canonicalize(path).map_err(|_| none("there is no such folder", None))?;
        if !top.is_dir() {
            return Err(none("it is not a folder", None));
        }
        let top = match top.parent() {
            Some(parent) if top.ends_with(".git") && is_git_folder(&top) => parent.to_owned(),
            _ => top,
        };
        let layout = match std::fs::symlink_metadata(top.join(".git")) {
            Ok(found) if found.is_dir() => Self::plain(&top, &top.join(".git"), false),
            Ok(found) if found.is_file() => Self::linked(path, &top)?,
            Ok(found) => return Err(outside(&top, special(&top.join(".git"), found.file_type()))),
            Err(_) if is_git_folder(&top) => Self::plain(&top, &top, true),
            Err(_) => {
                let why = match odd_case(&top) {
                    Some(name) => format!("its folder `{name}` is not named `.git`"),
                    None => "it has no `.git`".to_owned(),
                };
                let inside = top.ancestors().skip(1).find(|folder| folder.join(".git").exists());
                return Err(none(&why, inside.map(Path::to_owned)));
            }
        };
        if !is_git_folder(&layout.git_dir) && layout.git_dir == layout.common_dir {
            return Err(none("its git folder lacks `HEAD`, `objects` or `refs`", None));
        }
        layout.check_owners(trusted)?;
        layout.check_common_folder()?;
        Ok(layout)
    }

    fn plain(top: &Path, git_dir: &Path, is_bare: bool) -> Self {
        Self { top: top.to_owned(), git_dir: git_dir.to_owned(), common_dir: git_dir.to_owned(), is_bare }
    }

    /// Follows a `.git` file, if what it names has this folder as its working tree.
    fn linked(given: &Path, top: &Path) -> Result<Self, RepositoryError> {
        let unreadable =
            |why: &str| RepositoryError::NotARepository { path: given.to_owned(), why: why.to_owned(), inside: None };
        let line = read_line(&top.join(".git")).ok_or_else(|| unreadable("its `.git` file cannot be read"))?;
        let named = line.strip_prefix("gitdir:").map(str::trim).filter(|named| !named.is_empty());
        let named = top.join(named.ok_or_else(|| unreadable("its `.git` file names no folder"))?);
        let git_dir = std::fs::canonicalize(&named)
            .map_err(|_| unreadable("the folder that its `.git` file names does not exist"))?;
        let strange = || outside(top, Outside::GitFile { target: git_dir.clone() });
        let Some(common) = read_line(&git_dir.join("commondir")) else {
            // A submodule, or a repository made with `--separate-git-dir`.
            let config = GitConfig::read(&git_dir.join("config")).map_err(|_| strange())?;
            let back = config.text("core.worktree").and_then(|tree| std::fs::canonicalize(git_dir.join(tree)).ok());
            return match back.as_deref() == Some(top) {
                true => Ok(Self::plain(top, &git_dir, false)),
                false => Err(strange()),
            };
        };
        let common_dir = std::fs::canonicalize(git_dir.join(common)).map_err(|_| strange())?;
        let back = read_line(&git_dir.join("gitdir")).map(|back| git_dir.join(back));
        let back = back.and_then(|back| std::fs::canonicalize(back).ok());
        let is_own = back.is_some_and(|back| back == top.join(".git"));
        match is_own && git_dir.parent() == Some(&common_dir.join("worktrees")) && is_git_folder(&common_dir) {
            true => Ok(Self { top: top.to_owned(), git_dir, common_dir, is_bare: false }),
            false => Err(strange()),
        }
    }

    /// Whether the working tree shares its objects with a main one.
    pub(crate) fn is_linked(&self) -> bool {
        self.git_dir != self.common_dir
    }

    fn check_owners(&self, trusted: &TrustedFolders) -> Result<(), RepositoryError> {
        let parts = [self.top.clone(), self.top.join(".git"), self.git_dir.clone(), self.common_dir.clone()];
        for part in parts.into_iter().filter(|part| !trusted.contain(part) && !trusted.contain(&self.top)) {
            if let Ok(Err(why @ Distrust::OtherOwner { .. })) = check_path(&part) {
                return Err(RepositoryError::Foreign { path: self.top.clone(), part, why });
            }
        }
        Ok(())
    }

    /// A git folder that is not of a linked working tree takes nothing from another one.
    fn check_common_folder(&self) -> Result<(), RepositoryError> {
        let part = self.common_dir.join("commondir");
        match std::fs::symlink_metadata(&part) {
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
            _ => Err(outside(&self.top, Outside::CommonFolder { part })),
        }
    }
}

fn is_git_folder(folder: &Path) -> bool {
    std::fs::symlink_metadata(folder.join("HEAD")).is_ok()
        && ["objects", "refs"].iter().all(|name| folder.join(name).is_dir())
}

/// Returns the name of a folder that is `.git` except for the case of its letters.
fn odd_case(top: &Path) -> Option<String> {
    let mut names = std::fs::read_dir(top).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.find(|name| name.eq_ignore_ascii_case(".git"))
}

/// Returns the line of a small regular file; `None` if it has several, because other readers take them for one path.
fn read_line(path: &Path) -> Option<String> {
    let text = phasegate_files::read_text(path, MAX_LINE_BYTES).ok()?;
    let line = text.trim_end_matches(['\r', '\n']);
    (!line.is_empty() && line.trim() == line && !line.contains(char::is_control)).then(|| line.to_owned())
}

pub(crate) fn outside(top: &Path, outside: Outside) -> RepositoryError {
    RepositoryError::Outside { path: top.to_owned(), outside }
}

/// Describes a part that is neither a regular file nor a folder.
pub(crate) fn special(part: &Path, kind: std::fs::FileType) -> Outside {
    use std::os::unix::fs::FileTypeExt;
    let kind = match () {
        () if kind.is_symlink() => "a symbolic link",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_dir() => "a folder, not a file",
        () if kind.is_file() => "a file, not a folder",
        () => "a device",
    };
    Outside::Special { part: part.to_owned(), kind }
}
