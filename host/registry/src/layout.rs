//! Manifests of packages, as the tools of the WebAssembly ecosystem write and read them.
//!
//! One layer of type `application/wasm`, and a configuration that describes the component. A package of several layers, an
//! index of platforms, and a container image are rejected.

use std::collections::BTreeMap;

use phasegate_process::Digest;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Type of a manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Type of a list of manifests.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Type of the configuration of a package.
const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// Types of a layer with a component: today's, and that of Spin.
const COMPONENT_LAYERS: [&str; 2] = ["application/wasm", "application/vnd.wasm.content.layer.v1+wasm"];

/// A manifest. Keys that Phasegate does not use are ignored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) config: Option<Descriptor>,
    #[serde(default)]
    pub(crate) layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// A list of manifests.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Index {
    #[serde(default)]
    pub(crate) manifests: Vec<Descriptor>,
}

/// Names a blob or a manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// What a package says about its component.
#[derive(Debug, Clone, Default)]
pub struct Described {
    /// The version of the plugin.
    pub version: Option<String>,
    /// A sentence about its purpose.
    pub purpose: Option<String>,
    /// The interfaces that the component imports.
    pub imports: Vec<String>,
    /// The interfaces that it exports.
    pub exports: Vec<String>,
}

impl Descriptor {
    pub(crate) fn new(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::from_content(bytes),
            size: bytes.len() as u64,
            artifact_type: None,
            annotations: BTreeMap::new(),
        }
    }
}

/// Returns the layer of the component. The error says which part of the manifest is wrong.
pub(crate) fn component_layer(manifest: &[u8]) -> Result<Descriptor, String> {
    let manifest: Manifest =
        serde_json::from_slice(manifest).map_err(|why| format!("its manifest is invalid: {why}"))?;
    match manifest.media_type.as_deref() {
        None | Some(MANIFEST) => {}
        Some(INDEX) => return Err("it is an index of several manifests".to_owned()),
        Some(other) => return Err(format!("its manifest is of type `{other}`")),
    }
    if manifest.schema_version != 2 {
        return Err(format!("its manifest has schema version {}, not 2", manifest.schema_version));
    }
    let Ok([layer]) = <[Descriptor; 1]>::try_from(manifest.layers.clone()) else {
        return Err(format!("its manifest has {} layers, not one", manifest.layers.len()));
    };
    match COMPONENT_LAYERS.contains(&layer.media_type.as_str()) {
        true => Ok(layer),
        false => Err(format!("its layer is of type `{}`, not `{}`", layer.media_type, COMPONENT_LAYERS[0])),
    }
}

/// Returns the configuration and the manifest of a package. The same component always has the same manifest.
pub(crate) fn package(component: &[u8], described: &Described) -> Result<(Vec<u8>, Vec<u8>), serde_json::Error> {
    let layer = Descriptor::new(COMPONENT_LAYERS[0], component);
    let config = json!({
        // Other tools require a time. A constant keeps the digest of the manifest that of its content.
        "created": "1970-01-01T00:00:00Z",
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [layer.digest],
        "component": { "exports": described.exports, "imports": described.imports, "target": null },
    });
    let config = serde_json::to_vec(&config)?;
    let annotation = |key: &str, value: &Option<String>| {
        value.as_ref().map(|value| (format!("org.opencontainers.image.{key}"), value.clone()))
    };
    let annotations = [annotation("version", &described.version), annotation("description", &described.purpose)];
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST.to_owned()),
        config: Some(Descriptor::new(WASM_CONFIG, &config)),
        layers: vec![layer],
        annotations: annotations.into_iter().flatten().collect(),
    };
    Ok((config, serde_json::to_vec(&manifest)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, from_slice};

    use super::*;

    /// A valid manifest after a change.
    fn fault(change: impl FnOnce(&mut Value)) -> String {
        let (_, manifest) = package(b"component", &Described::default()).unwrap();
        let mut manifest: Value = from_slice(&manifest).unwrap();
        change(&mut manifest);
        component_layer(manifest.to_string().as_bytes()).unwrap_err()
    }

    #[test]
    fn reads_the_packages_that_it_writes() {
        let described = Described { version: Some("1.2.0".to_owned()), ..Described::default() };
        let (config, manifest) = package(b"component", &described).unwrap();
        assert_eq!(component_layer(&manifest).unwrap().digest, Digest::from_content(b"component"));
        assert_eq!(package(b"component", &described).unwrap(), (config, manifest));
    }

    #[test]
    fn rejects_other_manifests() {
        let layer =
            |media_type: &str| json!({ "mediaType": media_type, "digest": Digest::from_content(b""), "size": 1 });
        let two = json!([layer("application/wasm"), layer("application/wasm")]);
        assert_eq!(fault(|manifest| manifest["layers"] = two), "its manifest has 2 layers, not one");
        assert_eq!(fault(|manifest| manifest["layers"] = json!([])), "its manifest has 0 layers, not one");
        let image = json!([layer("application/vnd.oci.image.layer.v1.tar+gzip")]);
        assert_eq!(
            fault(|manifest| manifest["layers"] = image),
            "its layer is of type `application/vnd.oci.image.layer.v1.tar+gzip`, not `application/wasm`"
        );
        assert_eq!(fault(|manifest| manifest["mediaType"] = json!(INDEX)), "it is an index of several manifests");
        let invalid = fault(|manifest| manifest["layers"][0]["digest"] = json!("sha1:12"));
        assert!(invalid.starts_with("its manifest is invalid: `sha1:12` is not a digest"), "{invalid}");
    }
}
