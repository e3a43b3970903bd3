//! Damaged, foreign and oversized archives are rejected.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::Cursor;

use phasegate_journal::{MemoryJournal, StoredEvent, link};
use phasegate_process::Digest;

use super::write::export_within;
use super::{Entry, Head, export, import, read};
use crate::error::Error;

fn packed(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 1).unwrap()
}

/// Returns the parts of a small archive without faults.
fn parts() -> (Head, Vec<StoredEvent>, Vec<u8>) {
    let body = r#"{"event":"run_stopped","reason":"enough"}"#;
    let event = StoredEvent { number: 1, at_ms: 5, format: 2, body: body.to_owned(), chain: link(None, 1, 5, 2, body) };
    let blob = b"words".to_vec();
    let head = Head {
        run: "run-a".parse().unwrap(),
        task: "TASK-1".parse().unwrap(),
        events: 1,
        blobs: vec![Entry { digest: Digest::from_content(&blob), size: 5 }],
        left_out: vec![],
    };
    (head, vec![event], blob)
}

fn file(title: &str, head: &Head, events: &[StoredEvent], blobs: &[u8]) -> Vec<u8> {
    let mut text = format!("{title}\n{}\n", serde_json::to_string(head).unwrap()).into_bytes();
    for event in events {
        text.extend(format!("{}\n", serde_json::to_string(event).unwrap()).bytes());
    }
    text.extend(blobs);
    packed(&text)
}

fn refusal(file: &[u8]) -> String {
    read(file).map_err(Error::from).unwrap_err().describe()
}

#[tokio::test]
async fn does_not_write_archives_above_the_size_limit() {
    let (here, golden) =
        (MemoryJournal::new(), include_bytes!("../../../../../tests/golden/export-1.phasegate").as_slice());
    let run = import(&here, Cursor::new(golden)).await.unwrap().run;
    let mut file = Vec::new();
    export(&here, &run, false, &mut file).unwrap();
    let unpacked = zstd::decode_all(file.as_slice()).unwrap().len() as u64;
    export_within(unpacked + 1, &here, &run, false, &mut Vec::new()).unwrap();
    for max in [unpacked, 100] {
        let mut nothing = Vec::new();
        let refused = export_within(max, &here, &run, false, &mut nothing).unwrap_err().describe();
        assert!(refused.ends_with(" bytes, which is the limit\nhint: export the run without components"), "{refused}");
        assert!(nothing.is_empty());
    }
}

const DAMAGED: &str = "\nhint: nothing was imported; export the run again where it is whole";

#[test]
fn reads_what_export_wrote() {
    let (head, events, blobs) = parts();
    let archive = read(file("phasegate export 1", &head, &events, &blobs).as_slice()).unwrap();
    assert_eq!((archive.head, archive.stored), (head, events));
}

#[test]
fn rejects_foreign_files_and_newer_formats() {
    let (head, events, blobs) = parts();
    assert!(refusal(b"PK\x03\x04 and so on").starts_with("it is not an export of phasegate: "));
    let other = refusal(&packed(b"something else\n"));
    assert_eq!(
        other,
        "it is not an export of phasegate: its first line is not the title of an export\nhint: give a file that `export` has written"
    );
    assert_eq!(
        refusal(&file("phasegate export 2", &head, &events, &blobs)),
        "it has export format 2, this phasegate reads formats up to 1\nhint: use the newer phasegate that wrote it"
    );
}

#[test]
fn rejects_truncated_and_changed_files() {
    let (head, events, blobs) = parts();
    let title = "phasegate export 1";
    let whole = file(title, &head, &events, &blobs);
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_err(), "taken with {length} of {} bytes", whole.len());
    }
    let digest = &head.blobs[0].digest;
    let other = format!("it is damaged: blob {digest} does not match its digest{DAMAGED}");
    assert_eq!(refusal(&file(title, &head, &events, b"sword")), other);
    assert_eq!(refusal(&file(title, &head, &events, b"wor")), other);
    assert_eq!(
        refusal(&file(title, &head, &events, b"words and more")),
        format!("it is damaged: there are bytes after its last blob{DAMAGED}")
    );
    let newer = StoredEvent { format: 9, ..events[0].clone() };
    assert_eq!(
        refusal(&file(title, &head, &[newer], &blobs)),
        format!("it is damaged: event 1 has event format 9, this phasegate reads formats up to 2{DAMAGED}")
    );
    let none = refusal(&file(title, &head, &[], &blobs));
    assert_eq!(none, format!("it is damaged: it is truncated{DAMAGED}"));
}

#[test]
fn rejects_oversized_blobs_before_reading_them() {
    let (mut head, events, blobs) = parts();
    head.blobs[0].size = u64::MAX;
    let refused = refusal(&file("phasegate export 1", &head, &events, &blobs));
    assert!(refused.starts_with("it unpacks to more than 2147483648 bytes"), "{refused}");
}
