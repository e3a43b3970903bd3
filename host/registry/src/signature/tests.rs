#![allow(clippy::unwrap_used)]
use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use phasegate_process::registry_reference::RegistryReference;
use serde_json::{Value, json};

use super::*;

/// A folder with a key pair for each name.
struct Keys(tempfile::TempDir);

impl Keys {
    fn new(names: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            let NewKey { private, public } = NewKey::generate().unwrap();
            fs::write(dir.path().join(format!("{name}.key")), private.as_bytes()).unwrap();
            fs::write(dir.path().join(format!("{name}.pub")), public).unwrap();
        }
        Self(dir)
    }

    fn signing(&self, name: &str) -> SigningKey {
        SigningKey::read(&self.0.path().join(format!("{name}.key")), || None).unwrap()
    }

    fn publishers(&self, names: &[&str]) -> Publishers {
        let files = names.iter().map(|name| ((*name).to_owned(), PathBuf::from(format!("{name}.pub"))));
        Publishers::read(&files.collect(), self.0.path()).unwrap()
    }

    fn read_fault(&self, name: &str, content: &str, password: Option<&str>) -> String {
        let file = self.0.path().join(name);
        fs::write(&file, content).unwrap();
        let error = SigningKey::read(&file, || password.map(str::to_owned)).unwrap_err().to_string();
        error.replace(&file.display().to_string(), name)
    }
}

fn package() -> RegistryReference {
    "oci://localhost/acme/audit:1".parse().unwrap()
}

fn simple(key: &SigningKey, manifest: &[u8]) -> StoredSignature {
    let (payload, signature) = sign_manifest(key, &package(), &Digest::from_content(manifest));
    let payload = String::from_utf8(payload).unwrap();
    StoredSignature::Simple { payload, signature: BASE64_STANDARD.encode(signature) }
}

/// A bundle whose envelope names `subject`.
fn envelope(key: &SigningKey, subject: &[u8]) -> StoredSignature {
    let hex = Digest::from_content(subject).as_str().trim_start_matches("sha256:").to_owned();
    let statement = json!({ "subject": [{ "digest": { "sha256": hex } }], "predicateType": "x" }).to_string();
    let signed = format!("DSSEv1 28 application/vnd.in-toto+json {} {statement}", statement.len());
    let envelope = json!({
        "payload": BASE64_STANDARD.encode(&statement),
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{ "sig": BASE64_STANDARD.encode(key.sign(signed.as_bytes())) }],
    });
    StoredSignature::Bundle { bundle: json!({ "mediaType": BUNDLE, "dsseEnvelope": envelope }).to_string() }
}

#[test]
fn verifies_each_form_of_a_signature() {
    let keys = Keys::new(&["acme", "other"]);
    let (key, publishers) = (keys.signing("acme"), keys.publishers(&["other", "acme"]));
    let bundle = StoredSignature::Bundle { bundle: sign_file(b"manifest", &key) };
    for signature in [simple(&key, b"manifest"), envelope(&key, b"manifest"), bundle] {
        assert_eq!(
            publishers.judge_package(&package(), b"manifest", &[signature]),
            SignatureState::Verified("acme".to_owned())
        );
    }
    assert_eq!(publishers.judge_package(&package(), b"manifest", &[]), SignatureState::NotSigned);
}

#[test]
fn signatures_of_other_keys_and_plugins_fail() {
    let keys = Keys::new(&["acme", "other"]);
    let (key, publishers) = (keys.signing("acme"), keys.publishers(&["acme"]));
    let judge = |publishers: &Publishers, signature| {
        publishers.judge_package(&package(), b"manifest", &[signature]).to_string()
    };
    let another = "failed: the signature of acme is about another plugin";
    let stranger = "failed: it is signed, and by no publisher that is trusted";
    assert_eq!(judge(&publishers, simple(&key, b"other")), another);
    assert_eq!(judge(&publishers, envelope(&key, b"other")), another);
    let of_other_bytes = StoredSignature::Bundle { bundle: sign_file(b"other", &key) };
    let changed = "failed: its bundle is about other bytes; the component was changed after it was signed";
    assert_eq!(judge(&publishers, of_other_bytes), changed);
    assert_eq!(judge(&publishers, simple(&keys.signing("other"), b"manifest")), stranger);
    let nobody = "failed: it is signed, and no publisher is trusted";
    assert_eq!(judge(&Publishers::default(), simple(&key, b"manifest")), nobody);
}

/// The registry put one plugin of a publisher, with its signature, in the place of another.
#[test]
fn signatures_of_other_repositories_do_not_count() {
    let keys = Keys::new(&["acme"]);
    let (signature, publishers) = (simple(&keys.signing("acme"), b"manifest"), keys.publishers(&["acme"]));
    let judge = |reference: &str| {
        let reference = reference.parse().unwrap();
        publishers.judge_package(&reference, b"manifest", std::slice::from_ref(&signature)).to_string()
    };
    assert_eq!(judge("oci://localhost/acme/audit:2"), "verified by acme");
    for other in ["oci://localhost/acme/audits:1", "oci://localhost/acme:1", "oci://mirror/acme/audit:1"] {
        assert_eq!(judge(other), "failed: the signature of acme is about another plugin");
    }
}

#[test]
fn a_changed_payload_does_not_verify() {
    let keys = Keys::new(&["acme"]);
    let StoredSignature::Simple { payload, signature } = simple(&keys.signing("acme"), b"manifest") else { return };
    let [from, to] = [b"manifest".as_slice(), b"other"].map(|bytes| Digest::from_content(bytes).to_string());
    let forged = StoredSignature::Simple { payload: payload.replace(&from, &to), signature };
    let state = keys.publishers(&["acme"]).judge_package(&package(), b"other", &[forged]).to_string();
    assert_eq!(state, "failed: it is signed, and by no publisher that is trusted");
}

#[test]
fn one_good_signature_among_bad_ones_counts() {
    let keys = Keys::new(&["acme", "other"]);
    let bad = StoredSignature::Bundle { bundle: "{}".to_owned() };
    let all = [bad, simple(&keys.signing("other"), b"manifest"), simple(&keys.signing("acme"), b"manifest")];
    let state = keys.publishers(&["acme"]).judge_package(&package(), b"manifest", &all);
    assert_eq!(state, SignatureState::Verified("acme".to_owned()));
}

#[test]
fn damaged_signatures_say_what_is_wrong() {
    let publishers = Keys::new(&["acme"]).publishers(&["acme"]);
    let of = |signature| publishers.judge_package(&package(), b"manifest", &[signature]).to_string();
    let bundle = |value: Value| StoredSignature::Bundle { bundle: value.to_string() };
    let simple = |payload: &str, signature: &str| StoredSignature::Simple {
        payload: payload.to_owned(),
        signature: signature.to_owned(),
    };
    assert_eq!(of(simple("{}", "%")), "failed: its signature is not base64");
    let invalid = of(simple("{}", ""));
    assert!(
        invalid.starts_with("failed: the payload of its signature is invalid: missing field `critical`"),
        "{invalid}"
    );
    let old = of(bundle(json!({ "mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1" })));
    assert!(
        old.starts_with("failed: its bundle is invalid: it is of type `application/vnd.dev.sigstore.bundle+json;"),
        "{old}"
    );
    let empty = of(bundle(json!({ "mediaType": BUNDLE })));
    assert_eq!(empty, "failed: its bundle is invalid: it has neither a signature nor an envelope, or both");
}

#[test]
fn bundles_beside_files_are_verified() {
    let keys = Keys::new(&["acme"]);
    let file = keys.0.path().join("audit.wasm");
    let publishers = keys.publishers(&["acme"]);
    let state = |content: &[u8]| verify_file(&file, || Ok(content.to_owned()), &publishers).unwrap().to_string();
    assert_eq!(state(b"component"), "not signed");
    fs::write(keys.0.path().join("audit.wasm.sigstore.json"), sign_file(b"component", &keys.signing("acme"))).unwrap();
    assert_eq!(state(b"component"), "verified by acme");
    let changed = "failed: its bundle is about other bytes; the component was changed after it was signed";
    assert_eq!(state(b"changed"), changed);
}

/// Encrypts a key as cosign does, with less work.
fn encrypt(private: &[u8], password: &str, n: u64) -> String {
    use crypto_secretbox::aead::{Aead, KeyInit};
    let mut key = [0; 32];
    let params = scrypt::Params::new(4, 8, 1, 32).unwrap();
    scrypt::scrypt(password.as_bytes(), b"salt", &params, &mut key).unwrap();
    let cipher = crypto_secretbox::XSalsa20Poly1305::new((&key).into());
    let ciphertext = cipher.encrypt((&[7; 24]).into(), private).unwrap();
    let content = json!({
        "kdf": { "name": "scrypt", "params": { "N": n, "r": 8, "p": 1 }, "salt": BASE64_STANDARD.encode("salt") },
        "cipher": { "name": "nacl/secretbox", "nonce": BASE64_STANDARD.encode([7; 24]) },
        "ciphertext": BASE64_STANDARD.encode(ciphertext),
    });
    pem::encode(&pem::Pem::new("ENCRYPTED SIGSTORE PRIVATE KEY", content.to_string()))
}

#[test]
fn encrypted_keys_need_their_password() {
    let keys = Keys::new(&["acme"]);
    let private = fs::read_to_string(keys.0.path().join("acme.key")).unwrap();
    let der = pem::parse(private).unwrap().into_contents();
    let encrypted = encrypt(&der, "secret", 16);
    let file = keys.0.path().join("acme.key");
    fs::write(&file, &encrypted).unwrap();
    let key = SigningKey::read(&file, || Some("secret".to_owned())).unwrap();
    let state = keys.publishers(&["acme"]).judge_package(&package(), b"manifest", &[simple(&key, b"manifest")]);
    assert_eq!(state, SignatureState::Verified("acme".to_owned()));
    let fault = |content: &str, password| keys.read_fault("e.key", content, password);
    assert_eq!(fault(&encrypted, Some("wrong")), "key e.key cannot be used: the password is wrong");
    assert_eq!(fault(&encrypted, None), "key e.key cannot be used: it is encrypted, and there is no password");
    let costly = encrypt(&der, "secret", 1 << 40);
    let expected = "key e.key cannot be used: its scrypt parameters are out of bounds: N 1099511627776, r 8, p 1";
    assert_eq!(fault(&costly, Some("secret")), expected);
}

#[test]
fn other_keys_are_rejected() {
    let keys = Keys::new(&["acme"]);
    let public = fs::read_to_string(keys.0.path().join("acme.pub")).unwrap();
    let fault = |content: &str| keys.read_fault("k.key", content, None);
    assert_eq!(fault(&public), "key k.key cannot be used: it holds `PUBLIC KEY`, not `PRIVATE KEY`");
    let other = pem::encode(&pem::Pem::new("PRIVATE KEY", b"rsa".as_slice()));
    assert_eq!(fault(&other), "key k.key cannot be used: it is not an ECDSA key on P-256");
    let missing = Publishers::read(&[("acme".to_owned(), PathBuf::from("none.pub"))].into(), Path::new("/keys"));
    let missing = missing.unwrap_err();
    assert_eq!(missing.to_string(), "key /keys/none.pub cannot be used: there is no such file or folder");
    let private = Publishers::read(&[("acme".to_owned(), PathBuf::from("acme.key"))].into(), keys.0.path());
    assert!(private.unwrap_err().to_string().ends_with("it holds `PRIVATE KEY`, not `PUBLIC KEY`"));
}

/// A bundle that sigstore's library for JavaScript made, with a statement about the bytes `manifest`.
#[test]
fn bundles_of_other_programs_are_verified() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/signature/vectors");
    let publishers = Publishers::read(&[("acme".to_owned(), PathBuf::from("publisher.pub"))].into(), &vectors).unwrap();
    let bundle = fs::read_to_string(vectors.join("statement.json")).unwrap();
    let judge = |bytes: &[u8]| {
        publishers.judge_package(&package(), bytes, &[StoredSignature::Bundle { bundle: bundle.clone() }])
    };
    assert_eq!(judge(b"manifest"), SignatureState::Verified("acme".to_owned()));
    let another = "the signature of acme is about another plugin".to_owned();
    assert_eq!(judge(b"another"), SignatureState::Failed(another));
}
