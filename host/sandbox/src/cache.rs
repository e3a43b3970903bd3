//! Compiled components on disk, so that a plugin is compiled once per machine.
//!
//! Two files for a component: its machine code, and a sheet that says what it is and what digest the code has, under a
//! digest of its own. Their name holds the component's digest and all that decides what it is compiled to, so that another
//! version of the host looks elsewhere. Files appear whole, by renaming. What is damaged, cut, empty or not ours alone is
//! made anew; what was used longest ago gives way. A folder that others may write into is refused; one that cannot be
//! written costs time, nothing else.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use phasegate_process::Digest;
use serde::{Deserialize, Serialize};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::aot;
use crate::contract::CONTRACT;
use crate::error::EngineError;
use crate::inspect::Inspection;

/// Changes whenever what `inspect` says of the same bytes changes, or how it is kept.
const FORMAT: u32 = 4;
/// The most that is read of a sheet.
const MAX_INFO_BYTES: u64 = 4 << 20;
/// What nobody used for so long is removed.
const MAX_UNUSED: Duration = Duration::from_secs(90 * 24 * 3600);
/// A file that is being written for so long was left behind.
const MAX_WRITING: Duration = Duration::from_secs(3600);
/// How exactly it is known when something was used last.
const USE_PRECISION: Duration = Duration::from_secs(24 * 3600);

/// The folder.
pub(crate) struct Cache {
    folder: PathBuf,
    owner: u32,
    /// What decides how a component is compiled, beside itself.
    key: String,
    /// How many bytes it may have.
    max_bytes: u64,
    writable: bool,
}

/// What is known of a component that was compiled before.
#[derive(Serialize, Deserialize)]
struct EntryInfo {
    inspection: Inspection,
    code: Digest,
}

/// A compiled component, as it was found.
pub(crate) struct CachedComponent<'a> {
    pub(crate) inspection: Inspection,
    code: Digest,
    cache: &'a Cache,
}

impl Cache {
    /// Makes the folder if it is not there, and refuses one that somebody else could write into. The second is a notice:
    /// why nothing is kept.
    pub(crate) fn open(
        folder: &Path,
        engines: &[&Engine],
        max_bytes: u64,
    ) -> Result<(Option<Self>, Option<String>), EngineError> {
        let shown = folder.display();
        let created = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        let found = created.and_then(|()| Ok((fs::canonicalize(folder)?, fs::metadata(folder)?)));
        let (folder, meta) = match found {
            Ok(found) => found,
            Err(error) => return Ok((None, Some(format!("compiled plugins are not kept: {shown}: {error}")))),
        };
        let owner = rustix::process::geteuid().as_raw();
        if let Some((reason, hint)) = unsafe_ownership(&meta, owner) {
            return Err(EngineError::Cache { folder: shown.to_string(), reason: reason.to_owned(), hint });
        }
        let mut cache = Self { folder, owner, key: key(engines), max_bytes, writable: true };
        let probe = cache.temporary_path();
        let probed = fs::write(&probe, b"written").and_then(|()| fs::remove_file(&probe));
        let notice = probed.err().map(|error| {
            cache.writable = false;
            format!("compiled plugins are not kept: nothing can be written into {shown}: {error}")
        });
        Ok((Some(cache), notice))
    }

    /// What the component of this digest is, if it was compiled before.
    pub(crate) fn find(&self, digest: &Digest) -> Option<CachedComponent<'_>> {
        let path = self.path(digest, "sheet");
        let file = self.open_own(&path)?;
        let mut text = String::new();
        (&file).take(MAX_INFO_BYTES).read_to_string(&mut text).ok()?;
        let (sum, info) = text.split_once('\n')?;
        if Digest::from_content(info.as_bytes()).as_str() != sum {
            tracing::debug!(plugin = digest.short(), "the sheet of a compiled plugin is damaged, it is compiled anew");
            return None;
        }
        let EntryInfo { inspection, code } = serde_json::from_str(info).ok()?;
        if inspection.digest != *digest {
            return None;
        }
        self.touch(&path, &file);
        Some(CachedComponent { inspection, code, cache: self })
    }

    /// Keeps a component's machine code. Failing to keep it costs time later, nothing else.
    pub(crate) fn store(&self, inspection: &Inspection, code: &[u8]) {
        if !self.writable {
            return;
        }
        let stored = (|| {
            self.write_atomically(&self.path(&inspection.digest, "code"), &[code])?;
            let info = EntryInfo { inspection: inspection.clone(), code: Digest::from_content(code) };
            let info = serde_json::to_string(&info)?;
            let sum = Digest::from_content(info.as_bytes());
            self.write_atomically(
                &self.path(&inspection.digest, "sheet"),
                &[sum.as_str().as_bytes(), b"\n", info.as_bytes()],
            )?;
            self.evict(&inspection.digest)
        })();
        if let Err(error) = stored {
            tracing::warn!(folder = %self.folder.display(), %error, "a compiled plugin could not be kept");
        }
    }

    fn write_atomically(&self, path: &Path, bytes: &[&[u8]]) -> io::Result<()> {
        let temporary = self.temporary_path();
        let written = File::create_new(&temporary).and_then(|mut file| {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            bytes.iter().try_for_each(|part| file.write_all(part))?;
            file.sync_all()
        });
        let placed = written.and_then(|()| fs::rename(&temporary, path));
        if placed.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        placed
    }

    /// A file that is ours alone, and no link to one.
    fn open_own(&self, path: &Path) -> Option<File> {
        let named = fs::symlink_metadata(path).ok()?;
        let file = File::open(path).ok()?;
        let opened = file.metadata().ok()?;
        let same = (named.dev(), named.ino()) == (opened.dev(), opened.ino());
        (same && opened.is_file() && unsafe_ownership(&opened, self.owner).is_none()).then_some(file)
    }

    /// Notes that it was used, if the last note is old.
    fn touch(&self, path: &Path, info: &File) {
        let noted = info.metadata().and_then(|meta| meta.modified());
        if noted.is_ok_and(|noted| age(noted) > USE_PRECISION) {
            let _ = File::options().write(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
        }
    }

    /// Removes what was left behind, what nobody used for long, and then what was used longest ago, until the rest fits.
    fn evict(&self, newest: &Digest) -> io::Result<()> {
        let mut entries: HashMap<String, Entry> = HashMap::new();
        for file in fs::read_dir(&self.folder)? {
            let file = file?;
            // Another process may just have removed it.
            let Ok(meta) = file.metadata() else { continue };
            let (path, modified) = (file.path(), meta.modified()?);
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with("new-") && age(modified) > MAX_WRITING {
                fs::remove_file(&path)?;
            }
            if is_entry_name(name) {
                let entry =
                    entries.entry(name.to_owned()).or_insert(Entry { used: modified, bytes: 0, files: Vec::new() });
                entry.used = entry.used.max(modified);
                entry.bytes += meta.len();
                entry.files.push(path);
            }
        }
        let mut bytes: u64 = entries.values().map(|entry| entry.bytes).sum();
        entries.remove(&self.name(newest));
        let mut oldest_first: Vec<Entry> = entries.into_values().collect();
        oldest_first.sort_by_key(|entry| entry.used);
        for entry in oldest_first {
            if bytes <= self.max_bytes && age(entry.used) <= MAX_UNUSED {
                break;
            }
            bytes -= entry.bytes;
            entry.files.iter().try_for_each(fs::remove_file)?;
        }
        Ok(())
    }

    fn temporary_path(&self) -> PathBuf {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.folder.join(format!("new-{}-{number}", std::process::id()))
    }

    fn path(&self, digest: &Digest, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name(digest)))
    }

    fn name(&self, digest: &Digest) -> String {
        format!("{}-{}", hex(digest), self.key)
    }
}

impl CachedComponent<'_> {
    /// Its machine code for this engine, if it is there and whole.
    pub(crate) fn component(&self, engine: &Engine) -> Option<Component> {
        let digest = &self.inspection.digest;
        let path = self.cache.path(digest, "code");
        let mut code = Vec::new();
        self.cache.open_own(&path)?.read_to_end(&mut code).ok()?;
        if Digest::from_content(&code) != self.code {
            tracing::debug!(plugin = digest.short(), "a compiled plugin is damaged and is compiled anew");
            return None;
        }
        drop(code);
        aot::from_cache_file(engine, &path)
            .map_err(|error| tracing::debug!(plugin = digest.short(), %error, "a compiled plugin is not taken"))
            .ok()
    }
}

/// The files of one component.
struct Entry {
    used: SystemTime,
    bytes: u64,
    files: Vec<PathBuf>,
}

/// Why what is there could have been written by somebody else, and what to do.
fn unsafe_ownership(meta: &Metadata, owner: u32) -> Option<(&'static str, &'static str)> {
    if meta.uid() != owner {
        return Some(("it belongs to somebody else", "choose a folder of your own with XDG_CACHE_HOME"));
    }
    (meta.permissions().mode() & 0o022 != 0)
        .then_some(("others may write into it", "take that right away: chmod 700 on the folder"))
}

/// Everything of these engines and of this host that decides what a component is compiled to.
fn key(engines: &[&Engine]) -> String {
    let mut hashed = RecordingHasher(format!("contract {CONTRACT} format {FORMAT}").into_bytes());
    engines.iter().for_each(|engine| engine.precompile_compatibility_hash().hash(&mut hashed));
    hex(&Digest::from_content(&hashed.0)).chars().take(16).collect()
}

/// Takes down what is hashed, so that the same is the same in every build.
struct RecordingHasher(Vec<u8>);

impl Hasher for RecordingHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn hex(digest: &Digest) -> &str {
    digest.as_str().trim_start_matches("sha256:")
}

fn is_entry_name(name: &str) -> bool {
    name.len() > 64 && name.bytes().take(64).all(|byte| byte.is_ascii_hexdigit())
}

fn age(time: SystemTime) -> Duration {
    SystemTime::now().duration_since(time).unwrap_or_default()
}
