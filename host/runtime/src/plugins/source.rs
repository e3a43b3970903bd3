//! Sources of components: the binary for bundled plugins, files for the others.
//!
//! A run pins each component by digest, and the journal keeps its bytes, so that a resumed run uses the same components.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_journal::{Blob, Journal};
use phasegate_process::manifest::Manifest;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::{Digest, PluginName};

use crate::error::Error;
use crate::plugins::bundled::{bundled_bytes, bundled_digest, bundled_manifest};
use crate::plugins::file::{file_digest, read_component};
use crate::plugins::manifests::manifest_of;

/// Loads the manifest of a plugin; `None` if its component has none or is unreadable. Does not run the component.
pub(crate) fn load_manifest(pipeline: &Pipeline, name: &PluginName, dir: &Path) -> Option<Arc<Manifest>> {
    match ComponentSource::from_pipeline(pipeline, name, dir) {
        ComponentSource::Bundled(name) => bundled_manifest(&name),
        ComponentSource::File(file) => manifest_of(&file_digest(&file).ok()?, || read_component(&file)).ok().flatten(),
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
        let bytes = match self {
            Self::Bundled(name) => bundled_bytes(name).unwrap_or_else(|| Err(io::ErrorKind::NotFound.into())),
            Self::File(file) => read_component(file),
        };
        bytes.map(Blob::new).map_err(|why| self.unreadable(plugin, &why))
    }

    /// Returns the digest of the component. Reads a file only if it may have changed. Errors name `plugin`.
    fn digest(&self, plugin: &PluginName) -> Result<Digest, Error> {
        let digest = match self {
            // Known without decompressing the component.
            Self::Bundled(name) => bundled_digest(name).ok_or_else(|| io::ErrorKind::NotFound.into()),
            Self::File(file) => file_digest(file),
        };
        digest.map_err(|why| self.unreadable(plugin, &why))
    }

    fn unreadable(&self, plugin: &PluginName, why: &io::Error) -> Error {
        let path = match self {
            Self::Bundled(name) if bundled_digest(name).is_some() => "the bundled component".to_owned(),
            Self::Bundled(_) => "(no path)".to_owned(),
            Self::File(file) => file.display().to_string(),
        };
        Error::PluginFile { plugin: plugin.clone(), path, why: why.to_string() }
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
        ComponentSource::from_pipeline(pipeline, name, dir).digest(name)
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
