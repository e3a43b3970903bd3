#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::model::Tier;

fn pin(version: &str, asks: &[Tier], grants: &[Tier]) -> Pin {
    let grants_of = |tiers: &[Tier]| Grants { models: tiers.to_vec(), test_bench: Vec::new() };
    let digest = Digest::from_content(version.as_bytes());
    let (asks, grants) = (grants_of(asks), grants_of(grants));
    Pin { version: Some(version.to_owned()), digest, asks, grants, package: None, signer: None }
}

fn acceptance() -> Acceptance {
    Acceptance { by: "Ada \"the first\"".to_owned(), at: "Sun, 22 Nov 2026".to_owned(), in_words: true }
}

fn name() -> PluginName {
    "audit".parse().unwrap()
}

fn lock() -> Lock {
    let mut lock = Lock::default();
    lock.accept(name(), pin("1.2", &[Tier::Default], &[Tier::Default]), acceptance());
    lock
}

fn change(now: &Pin) -> String {
    match lock().check(&name(), now) {
        LockStatus::Changed(change) => change.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn parses_what_it_writes() {
    let text = lock().to_string();
    assert_eq!(Lock::parse(Source { file: "phasegate.lock", text: &text }).unwrap(), lock());
    assert!(text.contains("asks = { models = [\"default\"] }"), "{text}");
}

#[test]
fn escapes_language_names() {
    let forged = "x\"] }\ngrants = {}\n[plugins.other]\n\u{1b}[2J#";
    let asks = Grants { models: Vec::new(), test_bench: vec![forged.to_owned()] };
    let mut lock = lock();
    lock.accept("other".parse().unwrap(), Pin { asks: asks.clone(), grants: asks, ..pin("1", &[], &[]) }, acceptance());
    let text = lock.to_string();
    assert_eq!(Lock::parse(Source { file: "phasegate.lock", text: &text }).unwrap(), lock, "{text}");
}

#[test]
fn accepts_new_and_unchanged_plugins() {
    let known = pin("1.2", &[Tier::Default], &[Tier::Default]);
    assert_eq!(Lock::default().check(&name(), &known), LockStatus::New);
    assert_eq!(lock().check(&name(), &known), LockStatus::Accepted);
    assert_eq!(lock().check(&name(), &pin("1.2", &[Tier::Default], &[])), LockStatus::Accepted);
}

#[test]
fn changes_name_versions_and_wider_grants() {
    use Tier::{Deep, Default, Fast};
    let start = "plugin `audit` differs from what Ada \"the first\" accepted on Sun, 22 Nov 2026: ";
    let cases = [
        (pin("1.3", &[Default, Deep], &[Default, Deep]), "1.2 → 1.3, now asks for: models.deep"),
        (pin("1.3", &[Default, Deep], &[Default]), "1.2 → 1.3, now asks for: models.deep (and would get nothing more)"),
        (pin("1.3", &[Fast], &[Fast]), "1.2 → 1.3, now asks for: models.fast; no longer for: models.default"),
        (pin("1.3", &[Default], &[Default]), "1.2 → 1.3, it asks for no more than before"),
        (pin("1.2", &[Default], &[Default, Fast]), "would now get: models.fast"),
    ];
    for (now, expected) in cases {
        assert_eq!(change(&now).strip_prefix(start).unwrap(), expected);
    }
}

#[test]
fn changes_since_a_first_run_name_nobody() {
    let changed = change(&pin("1.3", &[Tier::Default], &[Tier::Default]));
    assert!(changed.contains(" accepted on "), "{changed}");
    let mut lock = Lock::default();
    let known = pin("1.2", &[Tier::Default], &[Tier::Default]);
    let first_run = Acceptance { by: "ann".to_owned(), at: "Sun".to_owned(), in_words: false };
    lock.accept(name(), known, first_run);
    let LockStatus::Changed(change) = lock.check(&name(), &pin("1.3", &[Tier::Default], &[Tier::Default])) else {
        panic!("unchanged")
    };
    let expected =
        "plugin `audit` differs from what its first run used on Sun: 1.2 → 1.3, it asks for no more than before";
    assert_eq!(change.to_string(), expected);
}

#[test]
fn rejects_files_of_newer_versions() {
    let refusal = Lock::parse(Source { file: "phasegate.lock", text: "version = 2\n" }).unwrap_err().to_string();
    assert!(refusal.starts_with("phasegate.lock:1: this is version 2 of the file, this phasegate reads version 1"));
}

fn packaged(signer: Option<&str>) -> Pin {
    let reference = "oci://ghcr.io/acme/audit:1.2".parse().unwrap();
    let package = Some(PinnedPackage { reference, manifest: Digest::from_content(b"manifest") });
    Pin { package, signer: signer.map(str::to_owned), ..pin("1.2", &[Tier::Default], &[Tier::Default]) }
}

#[test]
fn packages_and_signers_are_kept() {
    let mut lock = Lock::default();
    lock.accept(name(), packaged(Some("acme")), acceptance());
    let text = lock.to_string();
    assert_eq!(Lock::parse(Source { file: "phasegate.lock", text: &text }).unwrap(), lock);
    assert!(text.contains("from = \"oci://ghcr.io/acme/audit:1.2\"\nmanifest = \"sha256:"), "{text}");
    assert!(text.contains("\nsigner = \"acme\"\n"), "{text}");
}

#[test]
fn a_changed_signer_has_to_be_accepted() {
    let mut lock = Lock::default();
    lock.accept(name(), packaged(Some("acme")), acceptance());
    let end = |signer| match lock.check(&name(), &packaged(signer)) {
        LockStatus::Changed(change) => change.to_string(),
        other => format!("{other:?}"),
    };
    assert_eq!(end(Some("acme")), "Accepted");
    assert!(end(Some("other")).ends_with("; its signer changed: acme before, other now"), "{}", end(Some("other")));
    assert!(end(None).ends_with("; its signer changed: acme before, no trusted publisher now"), "{}", end(None));
    lock.accept(name(), packaged(None), acceptance());
    assert_eq!(lock.check(&name(), &packaged(Some("acme"))), LockStatus::Accepted);
}

#[test]
fn entries_with_half_a_package_are_rejected() {
    let mut lock = Lock::default();
    lock.accept(name(), packaged(None), acceptance());
    let text = lock.to_string().lines().filter(|line| !line.starts_with("manifest")).collect::<Vec<_>>().join("\n");
    let error = Lock::parse(Source { file: "phasegate.lock", text: &text }).unwrap_err();
    assert_eq!(error.message, "plugin `audit`: `from` and `manifest` belong together");
    assert_eq!(error.hint, "remove [plugins.audit], then run `phasegate plugin pull`");
}

#[test]
fn older_versions_are_more_than_another_version() {
    let with = |version: &str| pin(version, &[Tier::Default], &[Tier::Default]);
    let mut lock = Lock::default();
    lock.accept(name(), with("1.10.0"), acceptance());
    let check = |version: &str| match lock.check(&name(), &with(version)) {
        LockStatus::Changed(change) => (change.is_only_another_version(), change.to_string()),
        other => panic!("{other:?}"),
    };
    assert!(check("1.11.0").0 && check("next").0);
    let (is_only_another, text) = check("1.9.0");
    assert!(
        !is_only_another && text.contains("1.10.0 → 1.9.0, it is older than before, it asks for no more"),
        "{text}"
    );
}
