//! Compiled components on disk, so that a plugin is compiled once per machine.
//!
//! Three files for a component: what it is (JSON), its machine code, and the machine code's digest. The name of the code
//! holds the component's digest and the engine's own compatibility hash. Files appear whole, by renaming; what is damaged
//! or missing is made anew; a folder that others may write is refused.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use phasegate_process::Digest;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::contract::CONTRACT;
use crate::error::EngineError;
use crate::inspect::Inspection;

/// The folder.
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Makes the folder if it is not there, and refuses one that somebody else could write into.
    pub(crate) fn open(folder: &Path) -> Result<Self, EngineError> {
        let unusable = |reason: String, hint| EngineError::Cache { folder: folder.display().to_string(), reason, hint };
        let failed = |error: std::io::Error| unusable(error.to_string(), "choose a folder that you may write into");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let cache = Self { folder: folder.to_owned() };
        let probe = cache.temporary();
        fs::write(&probe, b"").map_err(failed)?;
        let me = fs::metadata(&probe).map(|meta| meta.uid());
        let _ = fs::remove_file(&probe);
        let meta = fs::metadata(folder).map_err(failed)?;
        if me.map_err(failed)? != meta.uid() {
            return Err(unusable("it belongs to somebody else".to_owned(), "choose a folder of your own"));
        }
        if meta.permissions().mode() & 0o022 != 0 {
            return Err(unusable(
                "others may write into it".to_owned(),
                "take that right away: chmod 700 on the folder",
            ));
        }
        Ok(cache)
    }

    /// What the component of this digest is, if it was seen before.
    pub(crate) fn inspection(&self, digest: &Digest) -> Option<Inspection> {
        let bytes = fs::read(self.sheet(digest)).ok()?;
        serde_json::from_slice(&bytes).ok().filter(|sheet: &Inspection| sheet.digest == *digest)
    }

    /// Its machine code for this engine, if it is there and whole.
    #[allow(unsafe_code)]
    pub(crate) fn component(&self, digest: &Digest, engine: &Engine) -> Option<Component> {
        let path = self.code(digest, engine);
        let sum = fs::read_to_string(path.with_extension("sum")).ok()?;
        let code = fs::read(&path).ok()?;
        if Digest::of(&code).as_str() != sum {
            tracing::warn!(plugin = digest.short(), "a compiled plugin is damaged and is compiled anew");
            return None;
        }
        drop(code);
        // SAFETY: `deserialize_file` wants bytes that this very function of wasmtime wrote, and that stay as they are. The
        // folder is ours alone (checked when it was opened), the file was renamed into place whole and is never written
        // again, its digest was just compared, and wasmtime itself refuses code of another version or configuration.
        // Who can still forge both files runs as this user already.
        let component = unsafe { Component::deserialize_file(engine, &path) };
        component
            .map_err(|error| tracing::warn!(plugin = digest.short(), %error, "a compiled plugin is not taken"))
            .ok()
    }

    /// Keeps a component. Failing to keep it costs time later, nothing else.
    pub(crate) fn keep(&self, inspection: &Inspection, engine: &Engine, component: &Component) {
        let kept = (|| {
            let path = self.code(&inspection.digest, engine);
            let code = component.serialize().map_err(std::io::Error::other)?;
            self.place(&path.with_extension("sum"), Digest::of(&code).as_str().as_bytes())?;
            self.place(&path, &code)?;
            self.place(&self.sheet(&inspection.digest), &serde_json::to_vec(inspection)?)
        })();
        if let Err(error) = kept {
            tracing::warn!(folder = %self.folder.display(), %error, "a compiled plugin could not be kept");
        }
    }

    fn place(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let temporary = self.temporary();
        let written = fs::File::create(&temporary).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        let placed = written.and_then(|()| fs::rename(&temporary, path));
        if placed.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        placed
    }

    fn temporary(&self) -> PathBuf {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.folder.join(format!("new-{}-{number}", std::process::id()))
    }

    fn sheet(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}-contract-{CONTRACT}-{SHEET_FORMAT}.json", hex(digest)))
    }

    fn code(&self, digest: &Digest, engine: &Engine) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        self.folder.join(format!("{}-{:016x}.code", hex(digest), hasher.finish()))
    }
}

/// Changes whenever what `inspect` says of the same bytes changes.
const SHEET_FORMAT: u32 = 3;

fn hex(digest: &Digest) -> &str {
    digest.as_str().trim_start_matches("sha256:")
}
