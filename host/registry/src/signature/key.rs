//! Keys: ECDSA on P-256 with SHA-256, in PEM.
//!
//! A private key is the one that cosign writes, encrypted with a password, or PKCS#8 without encryption, as openssl writes it.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use crypto_secretbox::aead::{Aead, KeyInit};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use pem::Pem;
use phasegate_files::MAX_TEXT_BYTES;
use phasegate_process::Digest;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use scrypt::Params;
use serde::Deserialize;
use zeroize::Zeroizing;

/// What precedes the point of a key on P-256 in the DER form of a public key (RFC 5480).
const P256_PREFIX: [u8; 26] = *b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
/// The names of keys that cosign encrypts, today's and the older one.
const ENCRYPTED: [&str; 2] = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"];
/// The most work that a key file may ask for: eight times what cosign asks for.
const MAX_SCRYPT_N: u64 = 1 << 18;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("key {file} cannot be used: {reason}")]
pub struct KeyError {
    file: String,
    reason: String,
    hint: &'static str,
}

impl KeyError {
    /// What to do about it, in the imperative.
    pub fn hint(&self) -> &'static str {
        self.hint
    }
}

/// The public key of a publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Whether this key made a signature (in DER) of these bytes.
    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0).verify(signed, signature).is_ok()
    }
}

/// Reads a public key.
pub(super) fn read_public(file: &Path) -> Result<PublicKey, KeyError> {
    let name = file.display().to_string();
    let hint =
        "give the public key: NAME.pub of `phasegate plugin keygen`, cosign.pub, or that of `openssl pkey -pubout`";
    let fault = |reason: String| KeyError { file: name.clone(), reason, hint };
    let text =
        phasegate_files::read_text(file, MAX_TEXT_BYTES).map_err(|why| fault(phasegate_files::describe(&why)))?;
    let pem = pem::parse(&text).map_err(|why| fault(why.to_string()))?;
    if pem.tag() != "PUBLIC KEY" {
        return Err(fault(format!("it holds `{}`, not `PUBLIC KEY`", pem.tag())));
    }
    match pem.contents().strip_prefix(&P256_PREFIX) {
        Some(point) => Ok(PublicKey(point.to_owned())),
        None => Err(fault("it is not an ECDSA key on P-256".to_owned())),
    }
}

/// A private key. Its content is not shown.
pub struct SigningKey(EcdsaKeyPair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

/// A new key pair, in PEM.
pub struct NewKey {
    /// The private key, without encryption.
    pub private: Zeroizing<String>,
    /// The public key.
    pub public: String,
}

impl NewKey {
    /// Makes a key pair. `None` without a source of randomness.
    pub fn generate() -> Option<Self> {
        let (algorithm, random) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).ok()?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).ok()?;
        let public = [&P256_PREFIX, pair.public_key().as_ref()].concat();
        let private = Zeroizing::new(pem::encode(&Pem::new("PRIVATE KEY", pkcs8.as_ref())));
        Some(Self { private, public: pem::encode(&Pem::new("PUBLIC KEY", public)) })
    }
}

/// An encrypted key of cosign.
#[derive(Deserialize)]
struct Encrypted {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Deserialize)]
struct Kdf {
    name: String,
    params: KdfParams,
    salt: String,
}

#[derive(Deserialize)]
struct KdfParams {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

impl SigningKey {
    /// Reads a private key. `password` is asked for if the key is encrypted.
    pub fn read(file: &Path, password: impl FnOnce() -> Option<String>) -> Result<Self, KeyError> {
        let name = file.display().to_string();
        let fault = |reason: String, hint| KeyError { file: name.clone(), reason, hint };
        let form = "give a key of `phasegate plugin keygen`, of `cosign generate-key-pair`, or of `openssl genpkey -algorithm EC -pkeyopt \
             ec_paramgen_curve:P-256`";
        let text = phasegate_files::read_text(file, MAX_TEXT_BYTES)
            .map_err(|why| fault(phasegate_files::describe(&why), form))?;
        let text = Zeroizing::new(text);
        let pem = pem::parse(text.as_bytes()).map_err(|why| fault(why.to_string(), form))?;
        let der = match pem.tag() {
            "PRIVATE KEY" => Zeroizing::new(pem.contents().to_owned()),
            kind if ENCRYPTED.contains(&kind) => {
                let password = password().map(Zeroizing::new).ok_or_else(|| {
                    fault("it is encrypted, and there is no password".to_owned(), "set COSIGN_PASSWORD")
                })?;
                decrypt(pem.contents(), password.as_bytes())
                    .map_err(|reason| fault(reason, "check the password in COSIGN_PASSWORD, and the file"))?
            }
            kind => return Err(fault(format!("it holds `{kind}`, not `PRIVATE KEY`"), form)),
        };
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der, &SystemRandom::new())
            .map(Self)
            .map_err(|_| fault("it is not an ECDSA key on P-256".to_owned(), form))
    }

    /// Signs these bytes. Returns the signature in DER.
    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        // Fails only without a source of randomness; an empty signature verifies nowhere.
        self.0.sign(&SystemRandom::new(), bytes).map(|signature| signature.as_ref().to_owned()).unwrap_or_default()
    }

    /// Identifies the key as cosign does: the digest of its public key, in base64.
    pub(super) fn hint(&self) -> String {
        let der = [&P256_PREFIX, self.0.public_key().as_ref()].concat();
        BASE64_STANDARD.encode(Digest::from_content(&der).to_bytes())
    }
}

/// Decrypts a key of cosign.
fn decrypt(text: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
    let parsed: Encrypted = serde_json::from_slice(text).map_err(|why| format!("its content is invalid: {why}"))?;
    let Encrypted { kdf, cipher, ciphertext } = parsed;
    if kdf.name != "scrypt" || cipher.name != "nacl/secretbox" {
        return Err(format!("it is encrypted with {} and {}, which is not known", kdf.name, cipher.name));
    }
    let decode = |text: &str| BASE64_STANDARD.decode(text).map_err(|why| format!("its content is invalid: {why}"));
    let KdfParams { n, r, p } = kdf.params;
    if !n.is_power_of_two() || n > MAX_SCRYPT_N || r > 16 || p > 4 {
        return Err(format!("its scrypt parameters are out of bounds: N {n}, r {r}, p {p}"));
    }
    let log_n = n.trailing_zeros() as u8;
    let params = Params::new(log_n, r, p, Params::RECOMMENDED_LEN).map_err(|why| why.to_string())?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(password, &decode(&kdf.salt)?, &params, key.as_mut()).map_err(|why| why.to_string())?;
    let nonce: [u8; 24] = decode(&cipher.nonce)?.try_into().map_err(|_| "its nonce has another size".to_owned())?;
    let opened = XSalsa20Poly1305::new(Key::from_slice(key.as_ref()))
        .decrypt(Nonce::from_slice(&nonce), decode(&ciphertext)?.as_slice());
    opened.map(Zeroizing::new).map_err(|_| "the password is wrong".to_owned())
}
