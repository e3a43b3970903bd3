//! The payload that cosign signs for a package: the digest of its manifest.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use phasegate_process::Digest;
use phasegate_process::registry_reference::RegistryReference;
use serde::Deserialize;
use serde_json::json;

use super::claim::Claim;

/// Type of the layer of a payload.
pub(crate) const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation with the signature of a payload.
pub(crate) const SIGNATURE_KEY: &str = "dev.cosignproject.cosign/signature";
/// The type of payloads of cosign.
const TYPE: &str = "cosign container image signature";

#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Identity {
    /// The repository, perhaps with a tag or a digest.
    #[serde(rename = "docker-reference")]
    reference: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    manifest: Digest,
}

/// Parses a payload with its signature in base64. The payload names the repository too, so that a registry cannot put one plugin
/// of a publisher in the place of another.
pub(super) fn parse(
    payload: &str,
    signature: &str,
    package: &RegistryReference,
    manifest: &Digest,
) -> Result<Claim, String> {
    let signature = BASE64_STANDARD.decode(signature).map_err(|_| "its signature is not base64".to_owned())?;
    let parsed: Payload =
        serde_json::from_str(payload).map_err(|why| format!("the payload of its signature is invalid: {why}"))?;
    let Critical { identity, image, kind } = parsed.critical;
    let name = name(package);
    let is_named =
        identity.reference.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']));
    let is_about_it = image.manifest == *manifest && kind == TYPE && is_named;
    Ok(Claim { signed: payload.as_bytes().to_owned(), signature, is_about_it })
}

fn name(package: &RegistryReference) -> String {
    format!("{}/{}", package.host(), package.repository())
}

/// Writes the payload for a manifest.
pub(super) fn payload(package: &RegistryReference, manifest: &Digest) -> Vec<u8> {
    let name = name(package);
    let payload = json!({
        "critical": {
            "identity": { "docker-reference": name },
            "image": { "docker-manifest-digest": manifest },
            "type": TYPE,
        },
        "optional": null,
    });
    payload.to_string().into_bytes()
}
