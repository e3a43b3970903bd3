//! Searches bytes, files and journals for the key, in every form that it may have.

use std::fs;
use std::path::{Path, PathBuf};

use phasegate_journal::{Journal, SqliteJournal};
use phasegate_process::{Digest, Event};
use phasegate_test::Scenario;

/// A key with characters that look different in URLs, in JSON and in base64.
pub const KEY: &str = "sk-canary+5f0c/9a1e=77zq";

/// The key as it is, in URLs, in JSON, and in base64 behind nothing, `key=` and `user:`.
pub const FORMS: [&str; 7] = [
    KEY,
    "sk-canary%2B5f0c%2F9a1e%3D77zq",
    "sk-canary%2b5f0c%2f9a1e%3d77zq",
    "sk-canary+5f0c\\/9a1e=77zq",
    "c2stY2FuYXJ5KzVmMGMvOWExZT03N3px",
    "a2V5PXNrLWNhbmFyeSs1ZjBjLzlhMWU9Nzd6cQ==",
    "dXNlcjpzay1jYW5hcnkrNWYwYy85YTFlPTc3enE=",
];

/// A piece of each form, so that half a key is found too.
const PIECES: [&str; 8] = [
    "sk-canary",
    "canary+5f0c",
    "9a1e=77zq",
    "9a1e%3D77zq",
    "9a1e%3d77zq",
    "Y2FuYXJ5KzVm",
    "NhbmFyeSs1Zj",
    "jYW5hcnkrNWY",
];

/// Panics if a piece of the key is in these bytes.
pub fn assert_keyless(what: &str, bytes: &[u8]) {
    if let Some((piece, at)) = PIECES.iter().find_map(|piece| Some((piece, position(bytes, piece.as_bytes())?))) {
        let around = &bytes[at.saturating_sub(300)..(at + 100).min(bytes.len())];
        panic!("`{piece}` is in {what}, at byte {at}: {}", String::from_utf8_lossy(around));
    }
}

fn position(bytes: &[u8], piece: &[u8]) -> Option<usize> {
    let (first, rest) = piece.split_first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first) {
        from += at + 1;
        if bytes[from..].starts_with(rest) {
            return Some(from - 1);
        }
    }
    None
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.flat_map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { vec![entry.path()] }).collect()
}

/// Searches everything that a scenario has left behind: state and output folder, lock file, exports, and the journal's
/// content.
pub fn search_files(scenario: &Scenario) {
    let files = files(&scenario.path(""));
    assert!(files.iter().any(|file| file.ends_with("journal.db")), "{files:?}");
    for file in files {
        let (name, bytes) = (file.display().to_string(), fs::read(&file).unwrap());
        assert_keyless(&name, name.as_bytes());
        assert_keyless(&name, &bytes);
        if name.ends_with(".phasegate") {
            assert_keyless(&name, &zstd::decode_all(bytes.as_slice()).unwrap());
        }
    }
    // SQLite splits long texts, so the search in its file may miss them.
    let journal = SqliteJournal::open_to_read(&scenario.path("state")).unwrap();
    for run in journal.runs().unwrap() {
        for recorded in journal.events(&run).unwrap() {
            assert_keyless("an event", serde_json::to_string(&recorded.event).unwrap().as_bytes());
            for digest in recorded.event.blobs() {
                match journal.blob(digest).unwrap() {
                    Some(bytes) => assert_keyless("a blob", &bytes),
                    None => assert!(is_component(&recorded.event, digest), "{digest} is missing"),
                }
            }
        }
    }
}

/// Whether the event pins a component of this digest. Those of bundled plugins are not in the journal.
fn is_component(event: &Event, digest: &Digest) -> bool {
    let created = match event {
        Event::RunCreated(created) => created,
        Event::RunForked(forked) => &forked.created,
        _ => return false,
    };
    created.components.values().any(|component| component == digest)
}

#[test]
fn search_finds_every_form_of_a_key() {
    for form in FORMS {
        let found = std::panic::catch_unwind(|| assert_keyless("a text", format!("so: {form}.").as_bytes()));
        assert!(found.is_err(), "{form}");
    }
    assert_keyless("a text", b"sk-another");
}
