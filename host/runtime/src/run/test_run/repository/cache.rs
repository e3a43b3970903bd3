//! Baselines of earlier runs, in the user's cache folder.
//!
//! An entry is found by everything that its result depends on: the tree, the runner, seed, limits, and the version of this
//! program. It starts with its own digest; an entry that is damaged, or that another account owns or can change, is ignored. The
//! folder belongs to the user and not to a project, so that a project cannot bring a baseline along. Failures only cost time.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use phasegate_files::{Access, create_private_folder, open_private, replace};
use phasegate_process::Digest;
use phasegate_process::gate::Baseline;
use phasegate_process::limits::Limits;

use crate::store::blobs::json_blob;

/// Version of the files. Increment when a run of the same tests gives something else.
const FORMAT: u32 = 1;
/// The most bytes of an entry.
const MAX_ENTRY_BYTES: u64 = 64 << 20;
/// The most entries, and the most bytes of all. The oldest are removed first.
const MAX_ENTRIES: usize = 200;
const MAX_BYTES: u64 = 256 << 20;

/// The place of one baseline.
pub(crate) struct BaselineCache {
    folder: PathBuf,
    path: PathBuf,
}

impl BaselineCache {
    /// Returns the place for this tree and runner; `None` if nothing is cached.
    pub(crate) fn open(folder: Option<&Path>, tree: &str, runner: &Digest, seed: u64, limits: &Limits) -> Option<Self> {
        let folder = folder?.to_owned();
        let key = json_blob(&(FORMAT, env!("CARGO_PKG_VERSION"), tree, runner, seed, limits)).digest;
        let path = folder.join(key.as_str().trim_start_matches("sha256:"));
        Some(Self { folder, path })
    }

    /// Returns the baseline, if the entry is there and valid.
    pub(crate) fn find(&self) -> Option<Baseline> {
        let file = open_private(&self.path, Access::Read).ok()?;
        let mut text = String::new();
        (&file).take(MAX_ENTRY_BYTES).read_to_string(&mut text).ok()?;
        let (sum, content) = text.split_once('\n')?;
        if Digest::from_content(content.as_bytes()).as_str() != sum {
            tracing::debug!(entry = %self.path.display(), "a baseline in the cache is damaged");
            return None;
        }
        let baseline = serde_json::from_str(content).ok()?;
        touch(&file);
        Some(baseline)
    }

    /// Stores a baseline.
    pub(crate) fn store(&self, baseline: &Baseline) {
        let stored = (|| {
            create_private_folder(&self.folder)?;
            let blob = json_blob(baseline);
            let mut bytes = format!("{}\n", blob.digest).into_bytes();
            bytes.extend(blob.bytes);
            if bytes.len() as u64 > MAX_ENTRY_BYTES {
                return Ok(());
            }
            replace(&self.path, &bytes, 0o600)?;
            self.evict()
        })();
        if let Err(error) = stored {
            let error: io::Error = error;
            tracing::debug!(folder = %self.folder.display(), %error, "a baseline could not be cached");
        }
    }

    fn evict(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // Another process may have removed it in the meantime.
            let Ok(found) = entry.metadata() else { continue };
            entries.push((found.modified().unwrap_or(SystemTime::UNIX_EPOCH), found.len(), entry.path()));
        }
        entries.sort();
        let (mut number, mut bytes) = (entries.len(), entries.iter().map(|(_, size, _)| size).sum::<u64>());
        for (_, size, path) in entries.into_iter().filter(|(_, _, path)| *path != self.path) {
            if number <= MAX_ENTRIES && bytes <= MAX_BYTES {
                break;
            }
            (number, bytes) = (number - 1, bytes - size);
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

/// Notes the use of an entry.
fn touch(file: &File) {
    let _ = file.set_modified(SystemTime::now());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn baseline() -> Baseline {
        let runner = Digest::from_content(b"runner");
        Baseline { language: "python".to_owned(), runner, tests: Vec::new(), not_run: Vec::new(), left_out: 7 }
    }

    fn open(dir: &Path, tree: &str, seed: u64) -> BaselineCache {
        BaselineCache::open(Some(dir), tree, &Digest::from_content(b"runner"), seed, &Limits::runner()).unwrap()
    }

    #[test]
    fn keeps_a_baseline_of_each_tree_and_seed() {
        let dir = tempfile::tempdir().unwrap();
        let cache = open(dir.path(), "tree", 1);
        assert_eq!(cache.find(), None);
        cache.store(&baseline());
        assert_eq!(cache.find(), Some(baseline()));
        assert_eq!(open(dir.path(), "tree", 2).find(), None);
        assert_eq!(open(dir.path(), "other", 1).find(), None);
        assert!(BaselineCache::open(None, "tree", &baseline().runner, 1, &Limits::runner()).is_none());
    }

    #[test]
    fn ignores_damaged_and_foreign_entries() {
        let dir = tempfile::tempdir().unwrap();
        let cache = open(dir.path(), "tree", 1);
        cache.store(&baseline());
        let content = fs::read_to_string(&cache.path).unwrap();
        fs::write(&cache.path, content.replace(":7", ":8")).unwrap();
        assert_eq!(cache.find(), None);
        fs::write(&cache.path, &content).unwrap();
        fs::set_permissions(&cache.path, Permissions::from_mode(0o666)).unwrap();
        assert_eq!(cache.find(), None);
        cache.store(&baseline());
        assert_eq!(cache.find(), Some(baseline()));
    }

    #[test]
    fn removes_the_oldest_entries() {
        let dir = tempfile::tempdir().unwrap();
        let old = open(dir.path(), "old", 1);
        old.store(&baseline());
        File::options().write(true).open(&old.path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        (0..MAX_ENTRIES).for_each(|n| open(dir.path(), &format!("tree {n}"), 1).store(&baseline()));
        assert_eq!(old.find(), None);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), MAX_ENTRIES);
    }
}
