//! Manifests of components by digest, read once per process.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use phasegate_process::Digest;
use phasegate_process::manifest::Manifest;
use phasegate_process::sync::lock;
use phasegate_sandbox::manifest;

/// The most manifests that are remembered.
const MAX_KNOWN: usize = 1_000;

/// The manifest of a component; `None` if it has none or is unreadable.
pub(crate) type FoundManifest = Option<Arc<Manifest>>;

static KNOWN: LazyLock<Mutex<HashMap<Digest, FoundManifest>>> = LazyLock::new(Mutex::default);

/// Returns the manifest of the component with this digest. `bytes` is called if the manifest is not known yet.
pub(crate) fn manifest_of<B: AsRef<[u8]>, E>(
    digest: &Digest,
    bytes: impl FnOnce() -> Result<B, E>,
) -> Result<FoundManifest, E> {
    if let Some(found) = lock(&KNOWN).get(digest) {
        return Ok(found.clone());
    }
    let found = manifest(bytes()?.as_ref()).ok().flatten().map(Arc::new);
    let mut known = lock(&KNOWN);
    if known.len() >= MAX_KNOWN {
        known.clear();
    }
    known.insert(digest.clone(), found.clone());
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn manifests_are_read_once_by_digest() {
        let digest = Digest::from_content(b"with a manifest");
        let component = b"\0asm\x0d\0\x01\0";
        let component = phasegate_sandbox::with_manifest(component, "name = \"x\"\nversion = \"1.0.0\"\n").unwrap();
        let first = manifest_of(&digest, || Ok::<_, ()>(component)).unwrap().unwrap();
        assert_eq!(first.version, "1.0.0");
        assert!(Arc::ptr_eq(&first, &manifest_of(&digest, || Err::<Vec<u8>, _>(())).unwrap().unwrap()));
    }
}
