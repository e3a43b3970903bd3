//! Gathers the context files of a task: files in the task's folder that agents may read.
//!
//! Guarantees: no path, glob or symbolic link leaves the folder; `.git` and `.phasegate` are skipped; each file is returned
//! once, sorted by path. Fails with [`ContextError`], which names the pattern or the file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use phasegate_process::ArtifactName;
use phasegate_process::artifact::path_fault;
use phasegate_process::task::{ContextPattern, is_inside_folder};
use walkdir::{DirEntry, WalkDir};

use crate::error::context_files::{ContextError, MAX_FILE_BYTES};

/// Maximal number of context files of a task.
pub const MAX_FILES: usize = 2_000;
/// Maximal size of all context files of a task, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;

/// Folders that are never searched.
const SKIPPED: [&str; 2] = [".git", ".phasegate"];

/// A context file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextFile {
    /// Path relative to the task's folder, separated by `/`.
    pub path: String,
    /// Content, unchanged; not necessarily text.
    pub bytes: Vec<u8>,
    /// Whether the file is part of the code base: test runs put it below the generated files.
    pub base: bool,
}

/// Reads every file that a pattern matches. A file that several patterns match is a base file if one of them says so.
pub fn gather_context_files(patterns: &[ContextPattern], folder: &Path) -> Result<Vec<ContextFile>, ContextError> {
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let root = folder.canonicalize().map_err(|why| unreadable(&folder.display().to_string(), &why))?;
    let mut chosen: BTreeMap<String, bool> = BTreeMap::new();
    let (globs, plain): (Vec<_>, Vec<_>) = patterns.iter().partition(|pattern| is_glob(&pattern.path));
    for pattern in plain {
        let path = resolve_path(pattern, &root, folder)?;
        *chosen.entry(path).or_default() |= pattern.base;
    }
    if !globs.is_empty() {
        match_globs(&globs, &root, folder, &mut chosen)?;
    }
    if chosen.len() > MAX_FILES {
        return Err(ContextError::TooMuch { what: format!("{} files, at most {MAX_FILES} are allowed", chosen.len()) });
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

/// Checks and normalises a path without wildcards. The error for a folder says how to name its files.
fn resolve_path(pattern: &ContextPattern, root: &Path, folder: &Path) -> Result<String, ContextError> {
    let parts: Vec<_> = pattern.path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let path = parts.join("/");
    if !is_inside_folder(&pattern.path) || parts.iter().any(|part| SKIPPED.contains(part)) {
        return Err(ContextError::Leaves { path: pattern.path.clone() });
    }
    let hint = match root.join(&path) {
        file if file.is_file() => return Ok(path),
        file if file.is_dir() => "it is a folder; add `/**` to include its files",
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
    let is_searched = |entry: &DirEntry| entry.depth() == 0 || !SKIPPED.iter().any(|name| entry.file_name() == *name);
    for entry in WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(is_searched) {
        let entry = entry.map_err(|why| {
            let path = why.path().map(|path| path.display().to_string()).unwrap_or_default();
            ContextError::Unreadable { path, reason: why.to_string() }
        })?;
        // Links to folders are not followed; a link to a file is read if its target is in the folder.
        if entry.file_type().is_dir() || entry.path().is_dir() {
            continue;
        }
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        for (pattern, matcher, found) in &mut matchers {
            if matcher.is_match(relative) {
                *found = true;
                *chosen.entry(slash_path(relative)?).or_default() |= pattern.base;
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

fn slash_path(path: &Path) -> Result<String, ContextError> {
    let parts: Option<Vec<&str>> = path.components().map(|part| part.as_os_str().to_str()).collect();
    let bad = |reason: &str| ContextError::BadName { path: path.display().to_string(), reason: reason.to_owned() };
    parts.map(|parts| parts.join("/")).ok_or_else(|| bad("its name is not UTF-8"))
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
    let metadata = fs::metadata(&file).map_err(|why| unreadable(path, &why))?;
    if !metadata.is_file() {
        return Err(ContextError::BadName { path: path.to_owned(), reason: "it is not a regular file".to_owned() });
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(ContextError::TooLarge { path: path.to_owned(), size: metadata.len() });
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
    use crate::error::Error;

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
        let files = gather_context_files(&patterns, dir).map_err(|error| Error::from(error).describe())?;
        Ok(files.into_iter().map(|file| (file.path, file.base)).collect())
    }

    #[test]
    fn returns_each_file_once_and_sorted() {
        let dir = folder();
        let found = gathered(dir.path(), &[("src/**/*.py", true), ("docs/x.md", false), ("src/a.py", false)]).unwrap();
        let expected = [("docs/x.md", false), ("src/.hidden.py", true), ("src/a.py", true), ("src/deep/b.py", true)];
        assert_eq!(found, expected.map(|(path, base)| (path.to_owned(), base)));
    }

    #[test]
    fn star_matches_one_level_and_skips_git() {
        let dir = folder();
        let names = |pattern| gathered(dir.path(), &[(pattern, false)]).unwrap().len();
        assert_eq!((names("src/*.py"), names("**/*.py"), names("**")), (2, 3, 4));
        assert!(gathered(dir.path(), &[(".git/config.py", false)]).is_err());
    }

    #[test]
    fn reports_pattern_and_folder_without_a_match() {
        let dir = folder();
        let place = dir.path().display();
        assert_eq!(
            gathered(dir.path(), &[("src/*.rs", false)]).unwrap_err(),
            format!(
                "context file `src/*.rs` is not there: nothing in {place} matches it\nhint: the pattern is relative to the \
                 task's file; `**` matches any number of folders"
            )
        );
        assert!(gathered(dir.path(), &[("src", false)]).unwrap_err().ends_with("add `/**` to include its files"));
        assert!(gathered(dir.path(), &[("nope.md", false)]).unwrap_err().ends_with("relative to the task's file"));
        assert!(
            gathered(dir.path(), &[("a[", false)]).unwrap_err().starts_with("context file `a[` is not a pattern: ")
        );
    }

    #[cfg(unix)]
    #[test]
    fn rejects_links_that_leave_the_folder() {
        use std::os::unix::fs::symlink;
        let dir = folder();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret.txt"), "s").unwrap();
        symlink(dir.path().join("src/a.py"), dir.path().join("docs/same.md")).unwrap();
        assert_eq!(gathered(dir.path(), &[("docs/*", false)]).unwrap().len(), 2);
        symlink(outside.path().join("secret.txt"), dir.path().join("docs/leak.md")).unwrap();
        let refusal = "context file `docs/leak.md` leaves the task's folder\nhint: copy the file that it points to into the folder";
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
    fn rejects_files_above_the_limits() {
        let dir = tempfile::tempdir().unwrap();
        fs::File::create(dir.path().join("big.bin")).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
        let refusal = gathered(dir.path(), &[("big.bin", false)]).unwrap_err();
        assert!(refusal.starts_with("context file `big.bin` has 4194305 bytes, the limit is 4194304"), "{refusal}");
        fs::remove_file(dir.path().join("big.bin")).unwrap();
        for number in 0..=MAX_FILES {
            fs::write(dir.path().join(format!("{number}.txt")), "").unwrap();
        }
        let refusal = gathered(dir.path(), &[("*.txt", false)]).unwrap_err();
        assert!(refusal.starts_with("too many context files: more than 2000 files"), "{refusal}");
    }

    #[test]
    fn does_not_read_the_folder_without_patterns() {
        assert_eq!(gather_context_files(&[], Path::new("/no/such/folder")), Ok(vec![]));
    }
}
