//! Where components come from: the standard ones are inside the binary, the others in files that the pipeline names.
//!
//! A run pins each by digest and keeps its bytes in the journal, so that a resumed run uses what it began with.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use phasegate_journal::{Blob, Journal};
use phasegate_process::manifest::Manifest;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::{Digest, PluginName};
use phasegate_sandbox::manifest;

use crate::error::Error;

/// The names that need no path.
pub const BUNDLED: [&str; 10] = [
    "planning",
    "design",
    "design-review",
    "code",
    "code-review",
    "test",
    "postmortem",
    "phase-aware",
    "nearest-phase",
    "runner-python",
];

/// More than the sandbox takes of any component: a small file may unpack to whatever its author likes.
const MOST_BYTES: u64 = 512 << 20;

/// What the Python runner offers to code; the component says the same, and a test holds them together.
const PYTHON_ENVIRONMENT: &str = include_str!("../../../../plugins/dist/runner-python.environment.json");

const DIST: &str = include_str!("../../../../plugins/dist/dist.toml");

macro_rules! dist {
    ($file:literal) => {
        include_bytes!(concat!("../../../../plugins/dist/", $file)).as_slice()
    };
}

/// A component of the binary, as it lies in `plugins/dist`.
fn bundled_file(name: &str) -> Option<(&'static str, &'static [u8])> {
    Some(match name {
        "planning" => ("planning.wasm", dist!("planning.wasm")),
        "design" => ("design.wasm", dist!("design.wasm")),
        "design-review" => ("design-review.wasm", dist!("design-review.wasm")),
        "code" => ("code.wasm", dist!("code.wasm")),
        "code-review" => ("code-review.wasm", dist!("code-review.wasm")),
        "test" => ("test.wasm", dist!("test.wasm")),
        "postmortem" => ("postmortem.wasm", dist!("postmortem.wasm")),
        "phase-aware" => ("feedback-phase-aware.wasm", dist!("feedback-phase-aware.wasm")),
        "nearest-phase" => ("feedback-nearest-phase.wasm", dist!("feedback-nearest-phase.wasm")),
        "runner-python" => ("runner-python.wasm.zst", dist!("runner-python.wasm.zst")),
        _ => return None,
    })
}

/// The digest of a bundled component, as `dist.toml` says, so that nothing large is hashed at each start.
pub fn bundled_digest(name: &str) -> Option<Digest> {
    let (file, _) = bundled_file(name)?;
    let dist: toml::Table = DIST.parse().ok()?;
    let tables = dist.get("component")?.as_array()?;
    let entry = tables.iter().find(|entry| {
        entry.get("file").and_then(toml::Value::as_str).is_some_and(|path| path.ends_with(&format!("dist/{file}")))
    })?;
    entry.get("digest")?.as_str()?.parse().ok()
}

/// The bytes of a bundled component.
fn bundled_bytes(name: &str) -> Option<io::Result<Vec<u8>>> {
    let (file, bytes) = bundled_file(name)?;
    Some(if file.ends_with(".zst") { zstd::decode_all(bytes) } else { Ok(bytes.to_vec()) })
}

/// The bundled component of this digest.
pub(crate) fn bundled_blob(digest: &Digest) -> Option<Blob> {
    let name = BUNDLED.iter().find(|name| bundled_digest(name).as_ref() == Some(digest))?;
    bundled_bytes(name)?.ok().map(Blob::new).filter(|blob| blob.digest == *digest)
}

/// What the plugin of this name says of itself, as far as its component can be read. Nothing of it runs.
pub(crate) fn manifest_of(pipeline: &Pipeline, name: &PluginName, dir: &Path) -> Option<Arc<Manifest>> {
    match Origin::of(pipeline, name, dir) {
        Origin::Bundled(name) => bundled_manifest(&name),
        Origin::File(file) => manifest(&read_component(&file).ok()?).ok().flatten().map(Arc::new),
    }
}

/// What a bundled component says of itself, read once a process.
fn bundled_manifest(name: &str) -> Option<Arc<Manifest>> {
    static KNOWN: OnceLock<BTreeMap<&str, Arc<Manifest>>> = OnceLock::new();
    let read = |name: &'static str| {
        let (_, bytes) = bundled_file(name).filter(|(file, _)| file.ends_with(".wasm"))?;
        Some((name, Arc::new(manifest(bytes).ok().flatten()?)))
    };
    KNOWN.get_or_init(|| BUNDLED.into_iter().filter_map(read).collect()).get(name).cloned()
}

/// What a bundled runner offers, without compiling it.
pub(crate) fn bundled_environment(name: &str) -> Option<serde_json::Value> {
    (name == "runner-python").then(|| serde_json::from_str(PYTHON_ENVIRONMENT).ok()).flatten()
}

/// Where a component comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Origin {
    /// The binary, under this name.
    Bundled(String),
    /// A file.
    File(PathBuf),
}

impl Origin {
    /// Where a pipeline says that its plugin comes from; relative paths are relative to `dir`.
    pub(crate) fn of(pipeline: &Pipeline, name: &PluginName, dir: &Path) -> Self {
        let path = pipeline.plugins.get(name).and_then(|plugin| plugin.path.as_ref());
        path.map_or_else(|| Self::Bundled(name.to_string()), |path| Self::File(dir.join(path)))
    }

    /// The file as a pipeline writes it; nothing for what is in the binary.
    pub(crate) fn path(&self) -> Option<String> {
        match self {
            Self::Bundled(_) => None,
            Self::File(file) => Some(file.display().to_string()),
        }
    }

    /// The component, as the plugin of this name.
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

/// The digest of every component that a pipeline needs. `embedded` are those that come with the pipeline itself.
pub(crate) fn digests(
    pipeline: &Pipeline,
    dir: &Path,
    embedded: &BTreeMap<PluginName, Blob>,
) -> Result<BTreeMap<PluginName, Digest>, Error> {
    let digest = |name: &PluginName| -> Result<Digest, Error> {
        if let Some(blob) = embedded.get(name) {
            return Ok(blob.digest.clone());
        }
        let origin = Origin::of(pipeline, name, dir);
        // The digest of what is in the binary is known, so that nothing large is unpacked to learn it.
        let known = match &origin {
            Origin::Bundled(name) => bundled_digest(name),
            Origin::File(_) => None,
        };
        known.map_or_else(|| Ok(origin.read(name)?.digest), Ok)
    };
    pipeline.plugin_names().into_iter().map(|name| Ok((name.clone(), digest(name)?))).collect()
}

/// Those of a pipeline's components that neither the journal has nor `known`.
pub(crate) fn missing(
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
            let (origin, plugin) = (Origin::of(pipeline, name, dir), name.clone());
            let blob = embedded.get(name).cloned().map_or_else(|| origin.read(name), Ok)?;
            if blob.digest != *digest {
                let (path, why) = (origin.path().unwrap_or_default(), "it was changed just now".to_owned());
                return Err(Error::PluginFile { plugin, path, why });
            }
            blobs.push(blob);
        }
    }
    Ok(blobs)
}

/// Whatever there is, unless it is more than that.
fn all_of(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::other(format!("it has more than {most} bytes, and no component has"))),
        false => Ok(bytes),
    }
}

/// A component's bytes, unpacked where the file ends in `.zst`.
pub fn read_component(path: &Path) -> io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    match path.extension().is_some_and(|extension| extension == "zst") {
        true => all_of(zstd::Decoder::new(file)?, MOST_BYTES),
        false => all_of(file, MOST_BYTES),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_without_end_is_refused() {
        assert_eq!(all_of(io::repeat(0).take(10), 10).unwrap().len(), 10);
        let why = all_of(io::repeat(0), 10).unwrap_err().to_string();
        assert_eq!(why, "it has more than 10 bytes, and no component has");
        let bomb = zstd::encode_all(io::repeat(0).take(1 << 20), 1).unwrap();
        assert!(all_of(zstd::Decoder::new(bomb.as_slice()).unwrap(), 1000).is_err());
    }
}
