//! The files beside a task that agents may read.
//!
//! Paths and globs are relative to the task's folder and never leave it, not even through a symbolic link; `.git` and
//! `.phasegate` are not looked into. Each file comes once, sorted by path. Fails with [`ContextError`], which names the
//! pattern or the file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use phasegate_process::ArtifactName;
use phasegate_process::artifact::path_fault;
use phasegate_process::task::{ContextPattern, is_inside_folder};
use walkdir::{DirEntry, WalkDir};

use crate::error::context_files::{ContextError, MAX_FILE_BYTES};

/// The most files of one task.
pub const MAX_FILES: usize = 2_000;
/// All of them together, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;

/// Folders that hold no work of a person.
const SKIPPED: [&str; 2] = [".git", ".phasegate"];

/// A file that agents may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextFile {
    /// Relative to the task's folder, `/`-separated.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Whether it lies under the generated files when tests run.
    pub base: bool,
}

/// Reads every file that a pattern matches; one that several match comes once, as base if one of them says so.
pub fn gather_context_files(patterns: &[ContextPattern], folder: &Path) -> Result<Vec<ContextFile>, ContextError> {
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let root = folder.canonicalize().map_err(|why| unreadable(&folder.display().to_string(), &why))?;
    let mut chosen: BTreeMap<String, bool> = BTreeMap::new();
    let (globs, plain): (Vec<_>, Vec<_>) = patterns.iter().partition(|pattern| is_glob(&pattern.path));
    for pattern in plain {
        let path = named(pattern, &root, folder)?;
        *chosen.entry(path).or_default() |= pattern.base;
    }
    if !globs.is_empty() {
        match_globs(&globs, &root, folder, &mut chosen)?;
    }
    if chosen.len() > MAX_FILES {
        return Err(ContextError::TooMuch { what: format!("{} files, at most {MAX_FILES} are taken", chosen.len()) });
    }
    let mut total = 0;
    let mut files = Vec::new();
    for (path, base) in chosen {
        let bytes = read(&root, &path)?;
        total += bytes.len() as u64;
        if total > MAX_BYTES {
            return Err(ContextError::TooMuch { what: format!("more than {MAX_BYTES} bytes in all") });
        }
        files.push(ContextFile { path, bytes, base });
    }
    Ok(files)
}

fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}

/// A plain path; one that names a folder is told how to name what is in it.
fn named(pattern: &ContextPattern, root: &Path, folder: &Path) -> Result<String, ContextError> {
    let parts: Vec<_> = pattern.path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let path = parts.join("/");
    if !is_inside_folder(&pattern.path) || parts.iter().any(|part| SKIPPED.contains(part)) {
        return Err(ContextError::Leaves { path: pattern.path.clone() });
    }
    let hint = match root.join(&path) {
        file if file.is_file() => return Ok(path),
        file if file.is_dir() => "it is a folder; to name all that is in it, add `/**`",
        _ => "the path is relative to the task's file",
    };
    Err(ContextError::NoMatch { pattern: pattern.path.clone(), folder: folder.display().to_string(), hint })
}

fn match_globs(
    patterns: &[&ContextPattern],
    root: &Path,
    folder: &Path,
    chosen: &mut BTreeMap<String, bool>,
) -> Result<(), ContextError> {
    let mut matchers: Vec<(&ContextPattern, GlobMatcher, bool)> = Vec::new();
    for pattern in patterns {
        if !is_inside_folder(&pattern.path) {
            return Err(ContextError::Leaves { path: pattern.path.clone() });
        }
        let plain = pattern.path.strip_prefix("./").unwrap_or(&pattern.path);
        let glob = GlobBuilder::new(plain).literal_separator(true).build().map_err(|why| ContextError::BadPattern {
            pattern: pattern.path.clone(),
            reason: why.kind().to_string(),
        })?;
        matchers.push((pattern, glob.compile_matcher(), false));
    }
    let seen_by_people =
        |entry: &DirEntry| entry.depth() == 0 || !SKIPPED.iter().any(|name| entry.file_name() == *name);
    for entry in WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(seen_by_people) {
        let entry = entry.map_err(|why| {
            let path = why.path().map(|path| path.display().to_string()).unwrap_or_default();
            ContextError::Unreadable { path, reason: why.to_string() }
        })?;
        // A link to a folder is not walked; a link to a file is read where its target lies inside.
        if entry.file_type().is_dir() || entry.path().is_dir() {
            continue;
        }
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        for (pattern, matcher, found) in &mut matchers {
            if matcher.is_match(relative) {
                *found = true;
                *chosen.entry(slashed(relative)?).or_default() |= pattern.base;
            }
        }
        if chosen.len() > MAX_FILES {
            return Err(ContextError::TooMuch { what: format!("more than {MAX_FILES} files") });
        }
    }
    match matchers.iter().find(|(_, _, found)| !found) {
        None => Ok(()),
        Some((pattern, ..)) => Err(ContextError::NoMatch {
            pattern: pattern.path.clone(),
            folder: folder.display().to_string(),
            hint: "the pattern is relative to the task's file; `**` matches any number of folders",
        }),
    }
}

fn slashed(path: &Path) -> Result<String, ContextError> {
    let parts: Option<Vec<&str>> = path.components().map(|part| part.as_os_str().to_str()).collect();
    let bad = |reason: &str| ContextError::BadName { path: path.display().to_string(), reason: reason.to_owned() };
    parts.map(|parts| parts.join("/")).ok_or_else(|| bad("its name is not text in UTF-8"))
}

fn read(root: &Path, path: &str) -> Result<Vec<u8>, ContextError> {
    if let Some(reason) = path_fault(path) {
        return Err(ContextError::BadName { path: path.to_owned(), reason: reason.to_owned() });
    }
    if let Err(why) = format!("context/{path}").parse::<ArtifactName>() {
        let reason = why.to_string().lines().last().unwrap_or_default().replace("hint: ", "");
        return Err(ContextError::BadName { path: path.to_owned(), reason });
    }
    let file: PathBuf = root.join(path).canonicalize().map_err(|why| unreadable(path, &why))?;
    if !file.starts_with(root) {
        return Err(ContextError::Leaves { path: path.to_owned() });
    }
    let about = fs::metadata(&file).map_err(|why| unreadable(path, &why))?;
    if !about.is_file() {
        return Err(ContextError::BadName { path: path.to_owned(), reason: "it is no plain file".to_owned() });
    }
    if about.len() > MAX_FILE_BYTES {
        return Err(ContextError::TooLarge { path: path.to_owned(), size: about.len() });
    }
    fs::read(&file).map_err(|why| unreadable(path, &why))
}

fn unreadable(path: &str, why: &std::io::Error) -> ContextError {
    ContextError::Unreadable { path: path.to_owned(), reason: why.to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for path in ["src/a.py", "src/deep/b.py", "docs/x.md", ".git/config.py", ".phasegate/c.py", "src/.hidden.py"] {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, path.file_name().unwrap().to_str().unwrap()).unwrap();
        }
        dir
    }

    fn gathered(dir: &Path, patterns: &[(&str, bool)]) -> Result<Vec<(String, bool)>, String> {
        let patterns: Vec<_> =
            patterns.iter().map(|(path, base)| ContextPattern { path: (*path).to_owned(), base: *base }).collect();
        let files = gather_context_files(&patterns, dir).map_err(|error| error.to_string())?;
        Ok(files.into_iter().map(|file| (file.path, file.base)).collect())
    }

    #[test]
    fn files_come_once_and_sorted_and_base_wins() {
        let dir = folder();
        let found = gathered(dir.path(), &[("src/**/*.py", true), ("docs/x.md", false), ("src/a.py", false)]).unwrap();
        let expected = [("docs/x.md", false), ("src/.hidden.py", true), ("src/a.py", true), ("src/deep/b.py", true)];
        assert_eq!(found, expected.map(|(path, base)| (path.to_owned(), base)));
    }

    #[test]
    fn a_star_stays_in_its_folder_and_the_tools_own_folders_are_not_looked_into() {
        let dir = folder();
        let names = |pattern| gathered(dir.path(), &[(pattern, false)]).unwrap().len();
        assert_eq!((names("src/*.py"), names("**/*.py"), names("**")), (2, 3, 4));
        assert!(gathered(dir.path(), &[(".git/config.py", false)]).is_err());
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_said_with_where_it_was_looked_for() {
        let dir = folder();
        let place = dir.path().display();
        assert_eq!(
            gathered(dir.path(), &[("src/*.rs", false)]).unwrap_err(),
            format!(
                "context file `src/*.rs` is not there: nothing in {place} matches it\nhint: the pattern is relative to the \
                 task's file; `**` matches any number of folders"
            )
        );
        assert!(gathered(dir.path(), &[("src", false)]).unwrap_err().ends_with("add `/**`"));
        assert!(gathered(dir.path(), &[("nope.md", false)]).unwrap_err().ends_with("relative to the task's file"));
        assert!(
            gathered(dir.path(), &[("a[", false)]).unwrap_err().starts_with("context file `a[` is not a pattern: ")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leaves_the_folder_is_refused_and_one_that_stays_is_read() {
        use std::os::unix::fs::symlink;
        let dir = folder();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret.txt"), "s").unwrap();
        symlink(dir.path().join("src/a.py"), dir.path().join("docs/same.md")).unwrap();
        assert_eq!(gathered(dir.path(), &[("docs/*", false)]).unwrap().len(), 2);
        symlink(outside.path().join("secret.txt"), dir.path().join("docs/leak.md")).unwrap();
        let refusal =
            "context file `docs/leak.md` leaves the task's folder\nhint: copy what it points to into the folder";
        for pattern in ["docs/leak.md", "docs/*"] {
            assert_eq!(gathered(dir.path(), &[(pattern, false)]).unwrap_err(), refusal);
        }
        symlink(outside.path(), dir.path().join("linked")).unwrap();
        assert!(
            gathered(dir.path(), &[("linked/secret.txt", false)]).unwrap_err().contains("leaves the task's folder")
        );
        assert!(gathered(dir.path(), &[("linked/*", false)]).unwrap_err().contains("is not there"));
    }

    #[test]
    fn what_is_too_large_or_too_many_is_refused_with_the_bound() {
        let dir = tempfile::tempdir().unwrap();
        fs::File::create(dir.path().join("big.bin")).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
        let refusal = gathered(dir.path(), &[("big.bin", false)]).unwrap_err();
        assert!(
            refusal.starts_with("context file `big.bin` has 4194305 bytes, at most 4194304 are taken"),
            "{refusal}"
        );
        fs::remove_file(dir.path().join("big.bin")).unwrap();
        for number in 0..=MAX_FILES {
            fs::write(dir.path().join(format!("{number}.txt")), "").unwrap();
        }
        let refusal = gathered(dir.path(), &[("*.txt", false)]).unwrap_err();
        assert!(refusal.starts_with("the context files are too many: more than 2000 files"), "{refusal}");
    }

    #[test]
    fn no_pattern_means_no_file_and_no_look_at_the_disk() {
        assert_eq!(gather_context_files(&[], Path::new("/no/such/folder")), Ok(vec![]));
    }
}
