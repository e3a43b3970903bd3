//! Sources of components: the binary for bundled plugins, files for the others.
//!
//! A run pins each component by digest, and the journal keeps its bytes, so that a resumed run uses the same components.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_journal::{Blob, Journal};
use phasegate_process::manifest::Manifest;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::{Digest, PluginName};
use phasegate_sandbox::manifest;

use crate::error::Error;
use crate::plugins::bundled::{bundled_bytes, bundled_digest, bundled_manifest};

/// Maximal size of a component. It bounds the memory that a compressed file can take, and is above the sandbox's own limit.
pub const MAX_COMPONENT_BYTES: u64 = 512 << 20;

/// Loads the manifest of a plugin; `None` if its component has none or is unreadable. Does not run the component.
pub(crate) fn load_manifest(pipeline: &Pipeline, name: &PluginName, dir: &Path) -> Option<Arc<Manifest>> {
    match ComponentSource::from_pipeline(pipeline, name, dir) {
        ComponentSource::Bundled(name) => bundled_manifest(&name),
        ComponentSource::File(file) => manifest(&read_component(&file).ok()?).ok().flatten().map(Arc::new),
    }
}

/// The source of a component.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ComponentSource {
    /// A bundled plugin, by its name in [`BUNDLED`](crate::plugins::bundled::BUNDLED).
    Bundled(String),
    /// A file, possibly compressed (`.zst`).
    File(PathBuf),
}

impl ComponentSource {
    /// Returns the source of a pipeline's plugin. `dir` is the base of relative paths.
    pub(crate) fn from_pipeline(pipeline: &Pipeline, name: &PluginName, dir: &Path) -> Self {
        let path = pipeline.plugins.get(name).and_then(|plugin| plugin.path.as_ref());
        path.map_or_else(|| Self::Bundled(name.to_string()), |path| Self::File(dir.join(path)))
    }

    /// Returns the value of `path` in a pipeline; `None` for bundled plugins.
    pub(crate) fn path(&self) -> Option<String> {
        match self {
            Self::Bundled(_) => None,
            Self::File(file) => Some(file.display().to_string()),
        }
    }

    /// Reads the component. Errors name `plugin`.
    pub(crate) fn read(&self, plugin: &PluginName) -> Result<Blob, Error> {
        let (path, bytes) = match self {
            Self::Bundled(name) => match bundled_bytes(name) {
                Some(bytes) => ("the bundled component".to_owned(), bytes),
                None => ("(no path)".to_owned(), Err(io::ErrorKind::NotFound.into())),
            },
            Self::File(file) => (file.display().to_string(), read_component(file)),
        };
        let unreadable = |why: io::Error| Error::PluginFile { plugin: plugin.clone(), path, why: why.to_string() };
        bytes.map(Blob::new).map_err(unreadable)
    }
}

/// Computes the digest of every component of a pipeline. Components in `embedded` replace those of pipeline and binary.
pub(crate) fn component_digests(
    pipeline: &Pipeline,
    dir: &Path,
    embedded: &BTreeMap<PluginName, Blob>,
) -> Result<BTreeMap<PluginName, Digest>, Error> {
    let digest = |name: &PluginName| -> Result<Digest, Error> {
        if let Some(blob) = embedded.get(name) {
            return Ok(blob.digest.clone());
        }
        let source = ComponentSource::from_pipeline(pipeline, name, dir);
        // The digests of bundled components are known without decompressing them.
        let known = match &source {
            ComponentSource::Bundled(name) => bundled_digest(name),
            ComponentSource::File(_) => None,
        };
        known.map_or_else(|| Ok(source.read(name)?.digest), Ok)
    };
    pipeline.plugin_names().into_iter().map(|name| Ok((name.clone(), digest(name)?))).collect()
}

/// Reads the components that are neither in the journal nor in `known`. Fails if a file no longer has its digest.
pub(crate) fn load_missing(
    pipeline: &Pipeline,
    dir: &Path,
    embedded: &BTreeMap<PluginName, Blob>,
    components: &BTreeMap<PluginName, Digest>,
    known: &[Blob],
    journal: &dyn Journal,
) -> Result<Vec<Blob>, Error> {
    let mut blobs = Vec::new();
    for (name, digest) in components {
        if !known.iter().any(|blob| blob.digest == *digest) && !journal.has_blob(digest)? {
            let (source, plugin) = (ComponentSource::from_pipeline(pipeline, name, dir), name.clone());
            let blob = embedded.get(name).cloned().map_or_else(|| source.read(name), Ok)?;
            if blob.digest != *digest {
                let (path, why) = (source.path().unwrap_or_default(), "it changed while it was read".to_owned());
                return Err(Error::PluginFile { plugin, path, why });
            }
            blobs.push(blob);
        }
    }
    Ok(blobs)
}

/// Reads to the end; fails above `max` bytes.
fn read_limited(from: impl Read, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(max + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > max {
        true => Err(io::Error::other(format!("it has more than {max} bytes, the limit of a component"))),
        false => Ok(bytes),
    }
}

/// Reads a component file, and decompresses it if its name ends in `.zst`.
pub fn read_component(path: &Path) -> io::Result<Vec<u8>> {
    let file = phasegate_files::open_input(path)?;
    match path.extension().is_some_and(|extension| extension == "zst") {
        true => read_limited(zstd::Decoder::new(file)?, MAX_COMPONENT_BYTES),
        false => read_limited(file, MAX_COMPONENT_BYTES),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rejects_components_above_the_size_limit() {
        assert_eq!(read_limited(io::repeat(0).take(10), 10).unwrap().len(), 10);
        let why = read_limited(io::repeat(0), 10).unwrap_err().to_string();
        assert_eq!(why, "it has more than 10 bytes, the limit of a component");
        let bomb = zstd::encode_all(io::repeat(0).take(1 << 20), 1).unwrap();
        assert!(read_limited(zstd::Decoder::new(bomb.as_slice()).unwrap(), 1000).is_err());
    }
}
