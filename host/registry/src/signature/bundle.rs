//! Bundles of sigstore, version 0.3: a signature of bytes, or of a statement that names their digest.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use phasegate_process::Digest;
use serde::Deserialize;
use serde_json::json;

use super::claim::Claim;
use super::key::SigningKey;

/// The type of a bundle.
pub(crate) const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The type of a statement in a bundle.
const STATEMENT: &str = "application/vnd.in-toto+json";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    message_signature: Option<MessageSignature>,
    dsse_envelope: Option<Envelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageSignature {
    message_digest: Option<MessageDigest>,
    signature: String,
}

#[derive(Deserialize)]
struct MessageDigest {
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
struct EnvelopeSignature {
    sig: String,
}

#[derive(Deserialize)]
struct Statement {
    subject: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    digest: SubjectDigest,
}

#[derive(Deserialize)]
struct SubjectDigest {
    #[serde(default)]
    sha256: String,
}

/// Parses a bundle that has to be about `bytes`.
pub(super) fn parse(bundle: &str, bytes: &[u8]) -> Result<Claim, String> {
    let invalid = |why: &dyn std::fmt::Display| format!("its bundle is invalid: {why}");
    let parsed: Bundle = serde_json::from_str(bundle).map_err(|why| invalid(&why))?;
    if parsed.media_type != BUNDLE {
        return Err(invalid(&format!("it is of type `{}`, not `{BUNDLE}`", parsed.media_type)));
    }
    let decode = |text: &str| BASE64_STANDARD.decode(text).map_err(|why| invalid(&why));
    match (parsed.message_signature, parsed.dsse_envelope) {
        // The signature is one of these bytes, or it does not verify.
        (Some(message), None) => {
            // Only for a better message: the signature counts, not what the bundle says about itself.
            let digest = BASE64_STANDARD.encode(Digest::from_content(bytes).to_bytes());
            if message.message_digest.is_some_and(|known| known.digest != digest) {
                return Err("its bundle is about other bytes; the component was changed after it was signed".to_owned());
            }
            Ok(Claim { signed: bytes.to_owned(), signature: decode(&message.signature)?, is_about_it: true })
        }
        (None, Some(envelope)) => {
            let payload = decode(&envelope.payload)?;
            let [signature] = envelope.signatures.as_slice() else {
                return Err(invalid(&"its envelope has more or fewer signatures than one"));
            };
            if envelope.payload_type != STATEMENT {
                return Err(invalid(&format!("its payload is of type `{}`", envelope.payload_type)));
            }
            let statement: Statement = serde_json::from_slice(&payload).map_err(|why| invalid(&why))?;
            let digest = Digest::from_content(bytes);
            let hex = digest.as_str().trim_start_matches("sha256:");
            let is_about_it = statement.subject.iter().any(|subject| subject.digest.sha256 == hex);
            let signed = encode_envelope(&envelope.payload_type, &payload);
            Ok(Claim { signed, signature: decode(&signature.sig)?, is_about_it })
        }
        _ => Err(invalid(&"it has neither a signature nor an envelope, or both")),
    }
}

/// The bytes that are signed of an envelope, by the specification of DSSE.
fn encode_envelope(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Writes a bundle with the signature of these bytes.
pub(super) fn sign(bytes: &[u8], key: &SigningKey) -> String {
    let digest = Digest::from_content(bytes).to_bytes();
    let bundle = json!({
        "mediaType": BUNDLE,
        "verificationMaterial": { "publicKey": { "hint": key.hint() } },
        "messageSignature": {
            "messageDigest": { "algorithm": "SHA2_256", "digest": BASE64_STANDARD.encode(digest) },
            "signature": BASE64_STANDARD.encode(key.sign(bytes)),
        },
    });
    format!("{bundle:#}\n")
}
