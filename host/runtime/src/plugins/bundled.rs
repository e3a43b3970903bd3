//! The components that are part of the binary. `cargo xtask` builds them into `plugins/dist`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, LazyLock, OnceLock};

use phasegate_journal::Blob;
use phasegate_process::Digest;
use phasegate_process::manifest::Manifest;

use crate::plugins::manifests::manifest_of;

/// Names of the bundled plugins. A pipeline uses them without `path`.
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

/// The environment that the Python test runner describes, known without compiling it. A test compares it with the component.
const PYTHON_ENVIRONMENT: &str = include_str!("../../../../plugins/dist/runner-python.environment.json");

/// Compression level of components in the folder that journals share.
const PACKED_LEVEL: i32 = 3;

const DIST: &str = include_str!("../../../../plugins/dist/dist.toml");

macro_rules! dist {
    ($file:literal) => {
        include_bytes!(concat!("../../../../plugins/dist/", $file)).as_slice()
    };
}

/// Returns the file name in `plugins/dist` and the bytes of that file, which may be compressed.
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

/// Returns the digest of a bundled component from `dist.toml`, without hashing the component.
pub fn bundled_digest(name: &str) -> Option<Digest> {
    static DIGESTS: LazyLock<BTreeMap<&str, Digest>> = LazyLock::new(|| {
        let dist: toml::Table = DIST.parse().unwrap_or_default();
        let entries = dist.get("component").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
        BUNDLED.into_iter().filter_map(|name| Some((name, find_digest(entries, bundled_file(name)?.0)?))).collect()
    });
    DIGESTS.get(name).cloned()
}

/// Returns the digest of a file in `plugins/dist` from the entries of `dist.toml`.
fn find_digest(entries: &[toml::Value], file: &str) -> Option<Digest> {
    let end = format!("dist/{file}");
    let of =
        |entry: &toml::Value| entry.get("file").and_then(toml::Value::as_str).is_some_and(|path| path.ends_with(&end));
    let entry = entries.iter().find(|entry| of(entry))?;
    entry.get("digest")?.as_str()?.parse().ok()
}

/// Returns the uncompressed bytes of a bundled component.
pub(crate) fn bundled_bytes(name: &str) -> Option<io::Result<Vec<u8>>> {
    let (file, bytes) = bundled_file(name)?;
    Some(if file.ends_with(".zst") { zstd::decode_all(bytes) } else { Ok(bytes.to_vec()) })
}

/// Returns the name of the bundled component with this digest.
pub(crate) fn bundled_name(digest: &Digest) -> Option<&'static str> {
    static NAMES: OnceLock<BTreeMap<Digest, &str>> = OnceLock::new();
    let names = || BUNDLED.into_iter().filter_map(|name| Some((bundled_digest(name)?, name))).collect();
    NAMES.get_or_init(names).get(digest).copied()
}

/// Whether a bundled component has this digest.
pub(crate) fn is_bundled(digest: &Digest) -> bool {
    bundled_name(digest).is_some()
}

/// Returns the bundled component with this digest.
pub(crate) fn bundled_blob(digest: &Digest) -> Option<Blob> {
    bundled_bytes(bundled_name(digest)?)?.ok().map(Blob::new).filter(|blob| blob.digest == *digest)
}

/// Returns the bundled component with this digest, compressed with zstd.
pub(crate) fn bundled_packed(digest: &Digest) -> Option<io::Result<Cow<'static, [u8]>>> {
    let (file, bytes) = bundled_file(bundled_name(digest)?)?;
    Some(match file.ends_with(".zst") {
        true => Ok(bytes.into()),
        false => zstd::encode_all(bytes, PACKED_LEVEL).map(Cow::from),
    })
}

/// Returns the manifest of a bundled component; `None` for compressed ones.
pub(crate) fn bundled_manifest(name: &str) -> Option<Arc<Manifest>> {
    let (_, bytes) = bundled_file(name).filter(|(file, _)| file.ends_with(".wasm"))?;
    manifest_of(&bundled_digest(name)?, || Ok::<_, Infallible>(bytes)).unwrap_or_default()
}

/// Returns the environment of a bundled test runner without compiling it.
pub(crate) fn bundled_environment(name: &str) -> Option<serde_json::Value> {
    (name == "runner-python").then(|| serde_json::from_str(PYTHON_ENVIRONMENT).ok()).flatten()
}
