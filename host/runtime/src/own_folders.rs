//! Lines in `.gitignore` for the folders that runs write, so that `git status` does not list them.
//!
//! Guarantees: only missing lines are appended; line endings and all that is there stay; a symbolic link, a file of another
//! account, and one that is not text in UTF-8 are left alone. What git ignores already, and what a line with `!` includes on
//! purpose, needs no line. A file that cannot be written is no failure: the folders are only untidy.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use phasegate_files::{Access, check_path, open_private};

const GITIGNORE: &str = ".gitignore";
const EXCLUDE: &str = ".git/info/exclude";

/// The largest ignore file, in bytes.
const MAX_BYTES: u64 = 256 << 10;

/// A folder that runs write.
#[derive(Debug, Clone)]
pub struct OwnFolder {
    /// The folder that it is in.
    pub parent: PathBuf,
    /// Its name.
    pub name: &'static str,
}

/// The file that gets the lines.
#[derive(Debug, Clone, Copy)]
pub enum IgnorePlace<'a> {
    /// The nearest `.gitignore`. A folder in a git work tree without one gets it.
    New,
    /// The nearest `.gitignore` that exists, else `.git/info/exclude`, which belongs to this checkout alone.
    Existing {
        /// Repositories that runs start from: their checkouts must not change, so their lines go to `.git/info/exclude`.
        untouched: &'a [PathBuf],
    },
}

/// Lines that were added to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoreLines {
    /// The file.
    pub file: PathBuf,
    /// The lines, such as `.phasegate/`.
    pub lines: Vec<String>,
}

/// Adds the lines that are missing, and returns them.
pub fn ignore_own_folders(folders: &[OwnFolder], place: IgnorePlace<'_>) -> Vec<IgnoreLines> {
    let mut added: Vec<IgnoreLines> = Vec::new();
    for OwnFolder { parent, name } in folders {
        let work_tree = work_tree(parent);
        let Some(file) = target(parent, work_tree, place) else { continue };
        if is_decided(parent, name, work_tree) {
            continue;
        }
        let line = format!("{name}/");
        match added.iter_mut().find(|known| known.file == file) {
            Some(known) => known.lines.push(line),
            None => added.push(IgnoreLines { file, lines: vec![line] }),
        }
    }
    added.retain(|IgnoreLines { file, lines }| match append(file, lines, place) {
        Ok(()) => true,
        Err(why) => {
            tracing::debug!("{} stays as it is: {why}", file.display());
            false
        }
    });
    added
}

/// Returns the top folder of the git work tree that a folder lies in. The search ends at a folder of another account.
fn work_tree(folder: &Path) -> Option<&Path> {
    let is_own = |folder: &&Path| matches!(check_path(folder), Ok(Ok(())));
    folder.ancestors().take_while(is_own).find(|folder| folder.join(".git").symlink_metadata().is_ok())
}

/// Returns the file that gets the line; `None` if git does not look at the folder and nobody wrote a `.gitignore` there.
fn target(folder: &Path, work_tree: Option<&Path>, place: IgnorePlace<'_>) -> Option<PathBuf> {
    let is_there = |folder: &Path| folder.join(GITIGNORE).symlink_metadata().is_ok();
    let Some(top) = work_tree else { return is_there(folder).then(|| folder.join(GITIGNORE)) };
    let nearest = folder.ancestors().take_while(|above| above.starts_with(top)).find(|above| is_there(above));
    // In a linked work tree, `.git` is a file and the exclusions are elsewhere.
    let exclude = || Some(top.join(EXCLUDE)).filter(|file| file.symlink_metadata().is_ok());
    match (place, nearest) {
        (IgnorePlace::Existing { untouched }, _)
            if untouched.iter().any(|repository| is_same_tree(top, repository)) =>
        {
            exclude()
        }
        (_, Some(nearest)) => Some(nearest.join(GITIGNORE)),
        (IgnorePlace::New, None) => Some(folder.join(GITIGNORE)),
        (IgnorePlace::Existing { .. }, None) => exclude(),
    }
}

/// Whether a repository, named by its work tree, its `.git` or a folder in it, is the one of this work tree.
fn is_same_tree(top: &Path, repository: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(top).is_some_and(|top| real(repository).is_some_and(|repository| repository.starts_with(top)))
}

/// Whether the ignore files that git reads say something about a folder already.
fn is_decided(parent: &Path, name: &str, work_tree: Option<&Path>) -> bool {
    let top = work_tree.unwrap_or(parent);
    let path = parent.join(name);
    let mut levels: Vec<Gitignore> =
        parent.ancestors().take_while(|above| above.starts_with(top)).map(|above| read(above, GITIGNORE)).collect();
    levels.push(read(top, EXCLUDE));
    let says = |rules: &Gitignore| !matches!(rules.matched_path_or_any_parents(&path, true), Match::None);
    levels.iter().any(says) || (work_tree.is_some() && says_by_user(&path, top))
}

/// Whether the user's own ignore file for all repositories has the folder.
fn says_by_user(path: &Path, top: &Path) -> bool {
    let (rules, _) = GitignoreBuilder::new(top).build_global();
    !matches!(rules.matched(path.strip_prefix(top).unwrap_or(path), true), Match::None)
}

/// Returns the rules of an ignore file; none if it cannot be read.
fn read(folder: &Path, name: &str) -> Gitignore {
    let mut builder = GitignoreBuilder::new(folder);
    let bytes = phasegate_files::read(&folder.join(name), MAX_BYTES).unwrap_or_default();
    for line in String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').lines() {
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

fn append(file: &Path, lines: &[String], place: IgnorePlace<'_>) -> std::io::Result<()> {
    if matches!(place, IgnorePlace::New) && file.symlink_metadata().is_err() {
        let mut new = OpenOptions::new().write(true).create_new(true).open(file)?;
        return new.write_all(lines.iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes());
    }
    let mut open = open_private(file, Access::Write)?;
    let mut text = String::new();
    (&open).take(MAX_BYTES).read_to_string(&mut text)?;
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut more = if text.is_empty() || text.ends_with('\n') { String::new() } else { end.to_owned() };
    lines.iter().for_each(|line| more.push_str(&format!("{line}{end}")));
    open.seek(SeekFrom::End(0))?;
    open.write_all(more.as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;

    const EXISTING: IgnorePlace<'_> = IgnorePlace::Existing { untouched: &[] };

    fn folders(parent: &Path) -> [OwnFolder; 2] {
        [".phasegate", "phasegate-out"].map(|name| OwnFolder { parent: parent.to_owned(), name })
    }

    /// Adds the lines to a `.gitignore` with this text, and returns it.
    fn after(text: &[u8]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(GITIGNORE);
        fs::write(&file, text).unwrap();
        ignore_own_folders(&folders(dir.path()), EXISTING);
        String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned()
    }

    #[test]
    fn appends_missing_lines_only() {
        let both = ".phasegate/\nphasegate-out/\n";
        assert_eq!(after(b""), both);
        assert_eq!(after(b"target/"), format!("target/\n{both}"));
        assert_eq!(after(b"a\r\nb"), "a\r\nb\r\n.phasegate/\r\nphasegate-out/\r\n");
        assert_eq!(after(b"/.phasegate\n"), "/.phasegate\nphasegate-out/\n");
        for decided in [both, "phasegate-*/\n.phase*\n", "*\n", "*\n!.phasegate/\n"] {
            assert_eq!(after(decided.as_bytes()), decided);
        }
        assert_eq!(after(b"\xff\xfea\0"), String::from_utf8_lossy(b"\xff\xfea\0"));
    }

    #[test]
    fn leaves_links_and_missing_files_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (file, target) = (dir.path().join(GITIGNORE), dir.path().join("target"));
        assert_eq!(ignore_own_folders(&folders(dir.path()), IgnorePlace::New), []);
        fs::write(&target, "a\n").unwrap();
        std::os::unix::fs::symlink(&target, &file).unwrap();
        assert_eq!(ignore_own_folders(&folders(dir.path()), EXISTING), []);
        assert_eq!(fs::read_to_string(target).unwrap(), "a\n");
    }

    #[test]
    fn chooses_the_nearest_file_of_a_tree() {
        let dir = tempfile::tempdir().unwrap();
        let (top, inner) = (dir.path(), dir.path().join("a/b"));
        fs::create_dir_all(top.join(".git/info")).unwrap();
        fs::create_dir_all(&inner).unwrap();
        fs::write(top.join(EXCLUDE), "# mine\n").unwrap();
        let place = |place| target(&inner, work_tree(&inner), place).unwrap();
        assert_eq!(place(EXISTING), top.join(EXCLUDE));
        assert_eq!(place(IgnorePlace::New), inner.join(GITIGNORE));
        fs::write(top.join("a/.gitignore"), "").unwrap();
        assert_eq!(place(EXISTING), top.join("a/.gitignore"));
        assert_eq!(place(IgnorePlace::New), top.join("a/.gitignore"));
        assert_eq!(place(IgnorePlace::Existing { untouched: &[top.to_owned()] }), top.join(EXCLUDE));
    }
}
