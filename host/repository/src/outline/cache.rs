//! Outlines on disk, so that a second run on the same repository parses only what has changed.
//!
//! One file for each repository, which starts with its own digest; outlines are found by blob id and grammar. A file is
//! replaced as a whole. A file that is damaged, of another version, too large, or not this account's is ignored, and the
//! outlines are made again. Outlines that were not used go first where the file would become too large; the oldest files go
//! where there are too many.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use phasegate_files::{Access, create_private_folder, open_private, replace};
use phasegate_process::Digest;
use serde::{Deserialize, Serialize};

use super::language::Grammar;
use super::types::Outline;

/// Version of the files. Increment when an outline of the same bytes changes.
const FORMAT: u32 = 1;
/// The largest file that is read, and what is written at most, as estimated.
const MAX_READ_BYTES: u64 = 24 << 20;
const MAX_WRITTEN_BYTES: usize = 12 << 20;
const MAX_FILES: usize = 24;
/// Temporary files that are older than this are leftovers.
const MAX_WRITING: Duration = Duration::from_secs(3_600);

/// The outlines of one repository.
#[derive(Debug)]
pub(crate) struct OutlineCache {
    path: PathBuf,
    known: BTreeMap<String, Arc<Outline>>,
    used: BTreeSet<String>,
    is_changed: bool,
}

#[derive(Deserialize)]
struct Stored {
    format: u32,
    outlines: BTreeMap<String, Outline>,
}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    outlines: BTreeMap<&'a str, &'a Outline>,
}

impl OutlineCache {
    /// Opens the cache of a repository in a folder. `repository` is its path.
    pub(crate) fn open(folder: &Path, repository: &str) -> Self {
        let name = Digest::from_content(repository.as_bytes());
        let path = folder.join(format!("{}.json", name.short()));
        let known = load(&path).unwrap_or_default();
        Self { path, known, used: BTreeSet::new(), is_changed: false }
    }

    pub(super) fn find(&mut self, blob: &str, grammar: Grammar) -> Option<Arc<Outline>> {
        let key = key(blob, grammar);
        let found = self.known.get(&key).cloned();
        if found.is_some() {
            self.used.insert(key);
        }
        found
    }

    pub(super) fn put(&mut self, blob: &str, grammar: Grammar, outline: Arc<Outline>) {
        let key = key(blob, grammar);
        self.used.insert(key.clone());
        self.known.insert(key, outline);
        self.is_changed = true;
    }

    /// Writes the file if there are new outlines. A failure is only logged.
    pub(crate) fn save(&self) {
        if !self.is_changed {
            return;
        }
        if let Err(error) = self.write() {
            tracing::debug!(file = %self.path.display(), %error, "the outlines of a repository are not kept");
        }
    }

    fn write(&self) -> io::Result<()> {
        let Some(folder) = self.path.parent() else { return Ok(()) };
        create_private_folder(folder)?;
        let (used, unused): (Vec<_>, Vec<_>) = self.known.iter().partition(|(key, _)| self.used.contains(*key));
        let mut bytes = 0;
        let fitting = used.into_iter().chain(unused).take_while(|(key, outline)| {
            bytes += key.len() + size(outline);
            bytes <= MAX_WRITTEN_BYTES
        });
        let outlines = fitting.map(|(key, outline)| (key.as_str(), outline.as_ref())).collect();
        let text = serde_json::to_string(&Written { format: FORMAT, outlines })?;
        let sum = Digest::from_content(text.as_bytes());
        replace(&self.path, format!("{sum}\n{text}").as_bytes(), 0o600)?;
        remove_oldest(folder)
    }
}

fn load(path: &Path) -> Option<BTreeMap<String, Arc<Outline>>> {
    let file = open_private(path, Access::Read).ok()?;
    let mut text = String::new();
    file.take(MAX_READ_BYTES).read_to_string(&mut text).ok()?;
    let (sum, text) = text.split_once('\n')?;
    if Digest::from_content(text.as_bytes()).as_str() != sum {
        return None;
    }
    let stored: Stored = serde_json::from_str(text).ok()?;
    let outlines = stored.outlines.into_iter().map(|(key, outline)| (key, Arc::new(outline)));
    (stored.format == FORMAT).then(|| outlines.collect())
}

/// Removes leftovers of writers that were killed, and the files beyond [`MAX_FILES`] that were written first.
fn remove_oldest(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        // Another process may have removed it in the meantime.
        let Ok(modified) = entry.metadata().and_then(|meta| meta.modified()) else { continue };
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_old = SystemTime::now().duration_since(modified).is_ok_and(|age| age > MAX_WRITING);
        if name.ends_with(".json") {
            files.push((modified, entry.path()));
        } else if name.contains(".json.new-") && is_old {
            fs::remove_file(entry.path())?;
        }
    }
    files.sort();
    let excess = files.len().saturating_sub(MAX_FILES);
    files.iter().take(excess).try_for_each(|(_, path)| fs::remove_file(path))
}

fn key(blob: &str, grammar: Grammar) -> String {
    format!("{blob}.{}", grammar.name())
}

/// About the bytes of an outline in the file.
fn size(outline: &Outline) -> usize {
    let definitions = outline.definitions.iter().map(|it| it.name.len() + 50);
    let imports = outline.imports.iter().map(|it| it.module.len() + 30);
    definitions.chain(imports).sum::<usize>() + outline.identifiers.len() + 50
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn outline(identifiers: &str) -> Arc<Outline> {
        Arc::new(Outline { identifiers: identifiers.to_owned(), ..Outline::default() })
    }

    #[test]
    fn keeps_outlines_and_ignores_damaged_files() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("repositories");
        let mut cache = OutlineCache::open(&folder, "/a");
        cache.put("1f", Grammar::Python, outline("one"));
        cache.save();
        let found = |repository: &str| OutlineCache::open(&folder, repository).find("1f", Grammar::Python);
        assert_eq!(found("/a"), Some(outline("one")));
        assert_eq!(found("/b"), None);
        let path = cache.path;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("one", "two")).unwrap();
        assert_eq!(found("/a"), None);
        fs::write(&path, &text).unwrap();
        assert!(found("/a").is_some());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(found("/a"), None);
    }

    #[test]
    fn unused_outlines_and_old_files_go_first() {
        let dir = tempfile::tempdir().unwrap();
        let large = "x".repeat(MAX_WRITTEN_BYTES / 2);
        let mut cache = OutlineCache::open(dir.path(), "/a");
        cache.put("1f", Grammar::Python, outline(&large));
        cache.save();
        let mut cache = OutlineCache::open(dir.path(), "/a");
        cache.put("2f", Grammar::Python, outline(&large));
        cache.save();
        let mut cache = OutlineCache::open(dir.path(), "/a");
        assert_eq!(["1f", "2f"].map(|id| cache.find(id, Grammar::Python).is_some()), [false, true]);
        for number in 0..MAX_FILES + 3 {
            let mut cache = OutlineCache::open(dir.path(), &number.to_string());
            cache.put("1f", Grammar::Python, outline("one"));
            cache.save();
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), MAX_FILES);
    }
}
