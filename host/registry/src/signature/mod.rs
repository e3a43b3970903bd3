//! Signatures of plugins: by public key, verified without a network.
//!
//! Two forms are read, both of sigstore: the signature that cosign stores beside a package, and bundles (version 0.3), beside
//! a package or beside a file. Keys are ECDSA on P-256, as cosign makes them. A publisher is a name that the user gave to a
//! key: a signature counts only if the key of a publisher made it, and if it is about these bytes. Certificates and
//! transparency logs are not looked at.

mod bundle;
mod claim;
mod key;
mod simple;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use phasegate_process::Digest;
use phasegate_process::registry_reference::RegistryReference;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use self::bundle::BUNDLE;
use self::claim::Claim;
pub use self::key::{KeyError, NewKey, SigningKey};
use self::key::{PublicKey, read_public};
pub(crate) use self::simple::{SIGNATURE_KEY, SIMPLE_SIGNING};

/// The largest bundle beside a file.
const MAX_BUNDLE_BYTES: u64 = 256 << 10;

/// What the signatures of a plugin say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureState {
    /// There is no signature.
    NotSigned,
    /// The key of this publisher signed exactly this plugin.
    Verified(String),
    /// There are signatures, and none counts.
    Failed(String),
}

impl SignatureState {
    /// The publisher who signed the plugin.
    pub fn signer(&self) -> Option<&str> {
        match self {
            Self::Verified(name) => Some(name),
            Self::NotSigned | Self::Failed(_) => None,
        }
    }
}

impl SignatureState {
    /// Returns the JSON form: `state`, and `by` or `reason`.
    pub fn to_json(&self) -> Value {
        match self {
            Self::NotSigned => json!({ "state": "not signed" }),
            Self::Verified(by) => json!({ "state": "verified", "by": by }),
            Self::Failed(reason) => json!({ "state": "failed", "reason": reason }),
        }
    }

    /// Describes the state where it is not said that it is about a signature: `signature failed: …`.
    pub fn describe(&self) -> String {
        match self {
            Self::Failed(reason) => format!("signature failed: {reason}"),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for SignatureState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSigned => f.write_str("not signed"),
            Self::Verified(name) => write!(f, "verified by {name}"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
        }
    }
}

/// A signature as it was pulled.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StoredSignature {
    /// A payload of cosign, and its signature in base64.
    Simple { payload: String, signature: String },
    /// A bundle in JSON.
    Bundle { bundle: String },
}

/// The publishers that the user trusts, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publishers(BTreeMap<String, PublicKey>);

impl Publishers {
    /// Reads the public keys of publishers. Paths are relative to `folder`.
    pub fn read(files: &BTreeMap<String, PathBuf>, folder: &Path) -> Result<Self, KeyError> {
        let read = |(name, file): (&String, &PathBuf)| Ok((name.clone(), read_public(&folder.join(file))?));
        files.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Judges the signatures of the package of a reference by the bytes of its manifest.
    pub(crate) fn judge_package(
        &self,
        package: &RegistryReference,
        manifest: &[u8],
        signatures: &[StoredSignature],
    ) -> SignatureState {
        let digest = Digest::from_content(manifest);
        self.judge(signatures.iter().map(|signature| match signature {
            StoredSignature::Simple { payload, signature } => simple::parse(payload, signature, package, &digest),
            StoredSignature::Bundle { bundle } => bundle::parse(bundle, manifest),
        }))
    }

    /// Judges signatures: the first that the key of a publisher made and that is about the plugin counts.
    fn judge(&self, signatures: impl Iterator<Item = Result<Claim, String>>) -> SignatureState {
        let mut reason = None;
        for signature in signatures {
            match signature.and_then(|claim| self.signer_of(&claim)) {
                Ok(name) => return SignatureState::Verified(name),
                Err(why) => reason = reason.or(Some(why)),
            }
        }
        reason.map_or(SignatureState::NotSigned, SignatureState::Failed)
    }

    fn signer_of(&self, claim: &Claim) -> Result<String, String> {
        let signer = self.0.iter().find(|(_, key)| key.verifies(&claim.signed, &claim.signature));
        match (signer, claim.is_about_it) {
            (Some((name, _)), true) => Ok(name.clone()),
            (Some((name, _)), false) => Err(format!("the signature of {name} is about another plugin")),
            (None, _) if self.0.is_empty() => Err("it is signed, and no publisher is trusted".to_owned()),
            (None, _) => Err("it is signed, and by no publisher that is trusted".to_owned()),
        }
    }
}

/// Returns the path of the bundle of a component file.
pub fn bundle_path(file: &Path) -> PathBuf {
    file.with_added_extension("sigstore.json")
}

/// Judges the bundle beside a component file. `component` reads the bytes that it has to be about; it is called only if there
/// is a bundle.
pub fn verify_file<B: AsRef<[u8]>>(
    file: &Path,
    component: impl FnOnce() -> io::Result<B>,
    publishers: &Publishers,
) -> io::Result<SignatureState> {
    match phasegate_files::read_text(&bundle_path(file), MAX_BUNDLE_BYTES) {
        Ok(bundle) => Ok(publishers.judge(std::iter::once(bundle::parse(&bundle, component()?.as_ref())))),
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(SignatureState::NotSigned),
        Err(why) => Ok(SignatureState::Failed(format!("its bundle cannot be read: {why}"))),
    }
}

/// Returns a bundle with the signature of a component, as text.
pub fn sign_file(component: &[u8], key: &SigningKey) -> String {
    bundle::sign(component, key)
}

/// Returns the payload that says that a manifest is this package, and its signature in DER.
pub(crate) fn sign_manifest(key: &SigningKey, package: &RegistryReference, manifest: &Digest) -> (Vec<u8>, Vec<u8>) {
    let payload = simple::payload(package, manifest);
    let signature = key.sign(&payload);
    (payload, signature)
}

#[cfg(test)]
mod tests;
