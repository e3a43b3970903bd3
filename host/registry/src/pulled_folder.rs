//! The packages of this machine: one folder for each manifest, `sha256-HEX`, with the component, the manifest and signatures.
//!
//! Guarantees: a folder appears as a whole, under the digest of its manifest; its record is read only if it belongs to this
//! account alone; the component is checked against its digest by those who read it. Runs read this folder and fetch nothing.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use phasegate_files::{Access, create_private_folder, open_private, replace};
use phasegate_process::Digest;
use phasegate_process::registry_reference::RegistryReference;
use serde::{Deserialize, Serialize};

use crate::error::RegistryError;
use crate::layout::component_layer;
use crate::registry::Package;
use crate::signature::{Publishers, SignatureState, StoredSignature};

const COMPONENT: &str = "plugin.wasm";
const RECORD: &str = "package.json";
/// The largest record of a package: its manifest and its signatures.
const MAX_RECORD_BYTES: u64 = 16 << 20;

/// The folder of pulled packages, which need not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledFolder(PathBuf);

/// A package of the folder.
#[derive(Debug, Clone)]
pub struct PulledPackage {
    /// The component file.
    pub component: PathBuf,
    /// The digest of the component, by the manifest.
    pub digest: Digest,
    record: Record,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    manifest: String,
    signatures: Vec<StoredSignature>,
}

impl PulledFolder {
    /// A folder that belongs to the program alone.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    fn folder_of(&self, manifest: &Digest) -> PathBuf {
        self.0.join(manifest.as_str().replace(':', "-"))
    }

    /// Keeps a package; replaces its signatures if it is there. Returns it as it is kept.
    pub fn keep(&self, package: &Package) -> Result<PulledPackage, RegistryError> {
        let folder = self.folder_of(&package.manifest);
        let storage = |source| RegistryError::Storage { path: folder.display().to_string(), writes: true, source };
        let manifest = String::from_utf8_lossy(&package.manifest_bytes).into_owned();
        let record = Record { manifest, signatures: package.signatures.clone() };
        let text = serde_json::to_vec(&record).map_err(|why| storage(io::Error::other(why)))?;
        create_private_folder(&self.0).and_then(|()| create_private_folder(&folder)).map_err(storage)?;
        let component = folder.join(COMPONENT);
        replace(&component, &package.component, 0o600).map_err(storage)?;
        // A package is there once its record is.
        replace(&folder.join(RECORD), &text, 0o600).map_err(storage)?;
        Ok(PulledPackage { component, digest: package.digest.clone(), record })
    }

    /// Returns the package with this manifest; `None` if it was not pulled to this machine. Fails if it is damaged.
    pub fn find(&self, manifest: &Digest) -> Result<Option<PulledPackage>, RegistryError> {
        let folder = self.folder_of(manifest);
        let path = folder.join(RECORD);
        let damaged = |source| RegistryError::Storage { path: path.display().to_string(), writes: false, source };
        let invalid = |why: &str| damaged(io::Error::new(io::ErrorKind::InvalidData, why));
        let file = match open_private(&path, Access::Read) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(damaged)?,
        };
        let mut text = String::new();
        file.take(MAX_RECORD_BYTES).read_to_string(&mut text).map_err(damaged)?;
        let record: Record = serde_json::from_str(&text).map_err(|why| invalid(&why.to_string()))?;
        if Digest::from_content(record.manifest.as_bytes()) != *manifest {
            return Err(invalid("its manifest does not match its digest"));
        }
        let layer = component_layer(record.manifest.as_bytes()).map_err(|why| invalid(&why))?;
        Ok(Some(PulledPackage { component: folder.join(COMPONENT), digest: layer.digest, record }))
    }

    /// Returns the manifest that a component file of this folder belongs to; `None` for a file elsewhere.
    pub fn manifest_of(&self, component: &Path) -> Option<Digest> {
        let folder = component.parent().filter(|folder| folder.parent() == Some(self.0.as_path()))?;
        folder.file_name()?.to_str()?.replacen('-', ":", 1).parse().ok()
    }
}

impl PulledPackage {
    /// Judges the signatures of the package of a reference, whose component has this digest.
    pub fn signature(
        &self,
        reference: &RegistryReference,
        component: &Digest,
        publishers: &Publishers,
    ) -> SignatureState {
        if *component != self.digest {
            return SignatureState::Failed("the component is not the one of its package".to_owned());
        }
        publishers.judge_package(reference, self.record.manifest.as_bytes(), &self.record.signatures)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::layout::{Described, package};

    fn pulled() -> Package {
        let (_, manifest_bytes) = package(b"component", &Described::default()).unwrap();
        Package {
            manifest: Digest::from_content(&manifest_bytes),
            digest: Digest::from_content(b"component"),
            component: b"component".to_vec(),
            manifest_bytes,
            signatures: Vec::new(),
        }
    }

    #[test]
    fn finds_what_it_keeps() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, package) = (PulledFolder::new(dir.path().join("pulled")), pulled());
        assert!(folder.find(&package.manifest).unwrap().is_none());
        let kept = folder.keep(&package).unwrap();
        let found = folder.find(&package.manifest).unwrap().unwrap();
        assert_eq!((&found.component, &found.digest), (&kept.component, &package.digest));
        assert_eq!(std::fs::read(&found.component).unwrap(), b"component");
        assert_eq!(folder.manifest_of(&found.component), Some(package.manifest));
        assert_eq!(folder.manifest_of(&dir.path().join("plugin.wasm")), None);
        let reference = "oci://localhost/acme/audit:1".parse().unwrap();
        let signature = |digest: &Digest| found.signature(&reference, digest, &Publishers::default()).to_string();
        assert_eq!(signature(&found.digest), "not signed");
        assert_eq!(signature(&Digest::from_content(b"")), "failed: the component is not the one of its package");
    }

    #[test]
    fn rejects_a_changed_manifest() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, package) = (PulledFolder::new(dir.path().to_owned()), pulled());
        let record = folder.keep(&package).unwrap().component.with_file_name(RECORD);
        let changed = std::fs::read_to_string(&record).unwrap().replace("wasip2", "wasip1").replace(":2,", ":2 ,");
        std::fs::write(&record, changed).unwrap();
        let error = folder.find(&package.manifest).unwrap_err().to_string();
        assert_eq!(error, format!("{} cannot be read: its manifest does not match its digest", record.display()));
    }
}
