//! The components inside the binary, as they lie in `plugins/dist`.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, OnceLock};

use phasegate_journal::Blob;
use phasegate_process::Digest;
use phasegate_process::manifest::Manifest;
use phasegate_sandbox::manifest;

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
pub(crate) fn bundled_bytes(name: &str) -> Option<io::Result<Vec<u8>>> {
    let (file, bytes) = bundled_file(name)?;
    Some(if file.ends_with(".zst") { zstd::decode_all(bytes) } else { Ok(bytes.to_vec()) })
}

/// The bundled component of this digest.
pub(crate) fn bundled_blob(digest: &Digest) -> Option<Blob> {
    let name = BUNDLED.iter().find(|name| bundled_digest(name).as_ref() == Some(digest))?;
    bundled_bytes(name)?.ok().map(Blob::new).filter(|blob| blob.digest == *digest)
}

/// What a bundled component says of itself, read once a process.
pub(crate) fn bundled_manifest(name: &str) -> Option<Arc<Manifest>> {
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
