//! Compiled components on disk, so that a plugin is compiled once per machine.
//!
//! Each component has two files: its machine code (`.code`), and its inspection with the digest of the code (`.sheet`), which
//! starts with its own digest. File names contain the component's digest and a key of everything that determines the machine
//! code, so that another version of the host uses other files. Files are written under a temporary name and renamed. A file
//! that is damaged, incomplete or writable by other accounts is ignored, and the component is compiled again. The least
//! recently used components are removed first.
//!
//! The digest of the code is compared when the code is loaded for the first time, and again whenever the file has changed
//! since: its sheet notes the version of the file, which every write changes. Damage of the medium itself is not detected
//! afterwards.
//!
//! A folder that other accounts can write to is rejected. Without a writable folder the host works, but compiles again.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use phasegate_files::{Access, Distrust, check_owner, open_private};
use phasegate_process::Digest;
use serde::{Deserialize, Serialize};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::aot;
use crate::contract::CONTRACT;
use crate::error::EngineError;
use crate::inspect::Inspection;

/// Version of the files. Increment when `inspect` returns something else for the same bytes, or when the files change.
const FORMAT: u32 = 4;
/// The largest `.sheet` file that is read.
const MAX_INFO_BYTES: u64 = 4 << 20;
/// Components that were not used for this long are removed.
const MAX_UNUSED: Duration = Duration::from_secs(90 * 24 * 3600);
/// Temporary files that are older than this are leftovers and are removed.
const MAX_WRITING: Duration = Duration::from_secs(3600);
/// Precision of the time of last use: the modification time is updated only if it is older.
const USE_PRECISION: Duration = Duration::from_secs(24 * 3600);

/// Precision of the time of the last change, of the file systems in use.
const CHANGE_PRECISION: Duration = Duration::from_secs(2);

/// The cache folder.
pub(crate) struct Cache {
    folder: PathBuf,
    owner: u32,
    /// Hash of everything that determines the machine code, other than the component.
    key: String,
    /// The most bytes that the folder may hold.
    max_bytes: u64,
    writable: bool,
}

/// Contents of a `.sheet` file.
#[derive(Serialize, Deserialize)]
struct EntryInfo {
    inspection: Inspection,
    code: Digest,
    /// The version of the code file whose digest was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verified: Option<FileVersion>,
}

/// A compiled component in the cache. Its code is not loaded yet.
pub(crate) struct CachedComponent<'a> {
    info: EntryInfo,
    cache: &'a Cache,
}

impl Cache {
    /// Opens the folder and creates it if necessary. Returns a notice if compiled components cannot be stored. Fails if
    /// another account could write to the folder.
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
            Err(error) => return Ok((None, Some(format!("compiled plugins are not cached: {shown}: {error}")))),
        };
        let owner = rustix::process::geteuid().as_raw();
        if let Some((reason, hint)) = unsafe_ownership(&meta, owner) {
            return Err(EngineError::Cache { folder: shown.to_string(), reason: reason.to_owned(), hint });
        }
        // An account that can write to one of the two folders above can replace this one.
        for above in folder.ancestors().skip(1).take(2) {
            if let Some(reason) = fs::metadata(above).ok().and_then(|meta| replaceable(&meta)) {
                let reason = format!("it is in {}, and {reason}", above.display());
                let hint = "set XDG_CACHE_HOME to a folder of your own";
                return Err(EngineError::Cache { folder: shown.to_string(), reason, hint });
            }
        }
        let mut cache = Self { folder, owner, key: key(engines), max_bytes, writable: true };
        let probe = cache.temporary_path();
        let probed = fs::write(&probe, b"written").and_then(|()| fs::remove_file(&probe));
        let notice = probed.err().map(|error| {
            cache.writable = false;
            format!("compiled plugins are not cached: cannot write to {shown}: {error}")
        });
        Ok((Some(cache), notice))
    }

    /// Returns whether components can be stored.
    pub(crate) fn is_writable(&self) -> bool {
        self.writable
    }

    /// Returns the component with this digest if it was compiled before and its files are valid.
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
        let info: EntryInfo = serde_json::from_str(info).ok()?;
        if info.inspection.digest != *digest {
            return None;
        }
        Self::touch(&file);
        Some(CachedComponent { info, cache: self })
    }

    /// Stores a component's machine code. A failure is only logged: the component is compiled again later.
    pub(crate) fn store(&self, inspection: &Inspection, code: &[u8]) {
        if !self.writable {
            return;
        }
        let digest = &inspection.digest;
        let stored = (|| {
            self.write_atomically(&self.path(digest, "code"), &[code])?;
            let (inspection, code) = (inspection.clone(), Digest::from_content(code));
            self.write_info(&EntryInfo { inspection, code, verified: None })?;
            self.evict(digest)
        })();
        if let Err(error) = stored {
            tracing::warn!(folder = %self.folder.display(), %error, "a compiled plugin could not be kept");
        }
    }

    /// Notes which version of the code file was verified. If that fails, the code is verified again later.
    fn note_verified(&self, info: &EntryInfo) {
        if self.writable && info.verified.is_some() {
            let _ = self.write_info(info);
        }
    }

    fn write_info(&self, info: &EntryInfo) -> io::Result<()> {
        let path = self.path(&info.inspection.digest, "sheet");
        let info = serde_json::to_string(info)?;
        let sum = Digest::from_content(info.as_bytes());
        self.write_atomically(&path, &[sum.as_str().as_bytes(), b"\n", info.as_bytes()])
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

    /// Opens a file if it is a regular file with one name, not a link, and only this user can write to it.
    fn open_own(&self, path: &Path) -> Option<File> {
        let file = open_private(path, Access::Read).ok()?;
        let opened = file.metadata().ok()?;
        unsafe_ownership(&opened, self.owner).is_none().then_some(file)
    }

    /// Updates the time of last use, if the recorded time is older than [`USE_PRECISION`].
    fn touch(info: &File) {
        let noted = info.metadata().and_then(|meta| meta.modified());
        if noted.is_ok_and(|noted| age(noted) > USE_PRECISION) {
            let _ = info.set_modified(SystemTime::now());
        }
    }

    /// Removes temporary files that were left behind, unused components, and then the least recently used components until
    /// the rest fits. Keeps `newest`.
    fn evict(&self, newest: &Digest) -> io::Result<()> {
        let mut entries: HashMap<String, Entry> = HashMap::new();
        for file in fs::read_dir(&self.folder)? {
            let file = file?;
            // Another process may have removed it in the meantime.
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
    /// Returns the properties of the component.
    pub(crate) fn inspection(&self) -> &Inspection {
        &self.info.inspection
    }

    /// Loads its machine code for this engine, if the code is valid.
    pub(crate) fn load(mut self, engine: &Engine) -> Option<(Inspection, Component)> {
        let digest = self.info.inspection.digest.clone();
        let mut file = self.cache.open_own(&self.cache.path(&digest, "code"))?;
        let version = FileVersion::of(&file.metadata().ok()?);
        if version.is_none() || version != self.info.verified {
            let mut code = Vec::new();
            file.read_to_end(&mut code).ok()?;
            if Digest::from_content(&code) != self.info.code {
                tracing::debug!(plugin = digest.short(), "a compiled plugin is damaged and is compiled anew");
                return None;
            }
            self.info.verified = version;
            self.cache.note_verified(&self.info);
        }
        let component = aot::from_cache_file(engine, &mut file)
            .map_err(|error| tracing::debug!(plugin = digest.short(), %error, "a compiled plugin is not taken"))
            .ok()?;
        Some((self.info.inspection, component))
    }
}

/// Identity and version of a file: every change of its content changes it, also one that restores the modification time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct FileVersion {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds of the last change, which only the system sets.
    changed: (i64, i64),
}

impl FileVersion {
    /// Returns `None` if the file changed just now: another change could have the same time.
    fn of(meta: &Metadata) -> Option<Self> {
        let changed = Duration::new(meta.ctime().try_into().ok()?, meta.ctime_nsec().try_into().ok()?);
        (age(SystemTime::UNIX_EPOCH + changed) > CHANGE_PRECISION).then(|| Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.len(),
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }
}

/// The files of one component, with the time of last use.
struct Entry {
    used: SystemTime,
    bytes: u64,
    files: Vec<PathBuf>,
}

/// Returns why another account could have written the file or folder, and a hint.
fn unsafe_ownership(meta: &Metadata, owner: u32) -> Option<(&'static str, &'static str)> {
    if meta.uid() != owner {
        return Some(("it belongs to another user", "set XDG_CACHE_HOME to a folder of your own"));
    }
    (meta.permissions().mode() & 0o022 != 0).then_some(("other users can write to it", "run `chmod 700` on the folder"))
}

/// Returns why another account could replace what is in the folder. In a sticky folder, it cannot.
fn replaceable(meta: &Metadata) -> Option<&'static str> {
    match check_owner(meta) {
        Err(Distrust::OtherOwner { .. }) => Some("that folder belongs to another user"),
        Err(Distrust::OthersMayWrite { mode }) if mode & 0o1000 == 0 => Some("other users can write to that folder"),
        _ => None,
    }
}

/// Returns a hash of everything in these engines and this host that determines the machine code of a component.
fn key(engines: &[&Engine]) -> String {
    let mut hashed = RecordingHasher(format!("contract {CONTRACT} format {FORMAT}").into_bytes());
    engines.iter().for_each(|engine| engine.precompile_compatibility_hash().hash(&mut hashed));
    hex(&Digest::from_content(&hashed.0)).chars().take(16).collect()
}

/// A hasher that records its input, because the standard hasher may differ between builds.
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
