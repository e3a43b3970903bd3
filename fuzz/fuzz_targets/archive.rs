//! Files for `phasegate import`: unchanged, compressed, and with recomputed digests.
//!
//! A mutated archive no longer matches its digests, so the import would reject it early. Recomputing the digests, as a
//! forger does, reaches the code behind that check. Checks that no file panics or hangs; that a rejected file leaves nothing
//! in the journal; that an accepted run is listed, can be loaded, is imported only once and exported again as it came; and that its output
//! stays in one folder.
#![no_main]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::LazyLock;

use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;
use phasegate_journal::{Journal, MemoryJournal, StoredEvent, link};
use phasegate_process::Digest;
use phasegate_runtime::archive::{Head, export, import, read};
use phasegate_runtime::load_run;
use phasegate_runtime::output::write_out;

static OUT: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("phasegate-fuzz-{}", std::process::id())));

fuzz_target!(|bytes: &[u8]| {
    import_archive(bytes);
    import_archive(&compress(bytes));
    if let Some(forged) = recompute_digests(bytes) {
        import_archive(&compress(&forged));
    }
});

fn compress(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn import_archive(file: &[u8]) {
    let journal = MemoryJournal::new();
    let Ok(imported) = block_on(import(&journal, Cursor::new(file))) else {
        assert_eq!(
            (journal.runs().unwrap(), journal.blob_sizes().unwrap()),
            (vec![], vec![]),
            "the journal is not empty after a rejected import"
        );
        return;
    };
    assert_eq!(journal.runs().unwrap(), std::slice::from_ref(&imported.run));
    assert!(!block_on(import(&journal, Cursor::new(file))).unwrap().new);
    let (state, events) = load_run(&journal, &imported.run).unwrap();
    let mut exported = Vec::new();
    export(&journal, &imported.run, false, &mut exported).unwrap();
    assert_eq!(read(exported.as_slice()).unwrap().stored, read(file).unwrap().stored);
    let _ = write_out(&OUT.join("out"), &journal, &state, &events);
    let outside =
        fs::read_dir(&*OUT).into_iter().flatten().filter(|entry| entry.as_ref().unwrap().file_name() != "out");
    assert_eq!(outside.count(), 0);
    let _ = fs::remove_dir_all(&*OUT);
}

/// Returns the archive with digests that match its contents, or `None` if it has no readable header.
fn recompute_digests(text: &[u8]) -> Option<Vec<u8>> {
    let (title, rest) = line(text)?;
    let (head, mut rest) = line(rest)?;
    let mut head: Head = serde_json::from_slice(head).ok()?;
    let mut events: Vec<StoredEvent> = Vec::new();
    while let Some((event, after)) = line(rest)
        && let Ok(event) = serde_json::from_slice(event)
    {
        events.push(event);
        rest = after;
    }
    let mut blobs: Vec<u8> = Vec::new();
    for entry in &mut head.blobs {
        let (blob, after) = rest.split_at(rest.len().min(entry.size as usize));
        let digest = Digest::from_content(blob);
        for event in &mut events {
            event.body = event.body.replace(entry.digest.as_str(), digest.as_str());
        }
        (entry.digest, entry.size) = (digest, blob.len() as u64);
        blobs.extend(blob);
        rest = after;
    }
    head.events = events.len() as u64;
    let mut text = [title, b"\n", &serde_json::to_vec(&head).ok()?, b"\n"].concat();
    let mut before = None;
    for (number, event) in (1..).zip(&mut events) {
        event.number = number;
        event.chain = link(before.as_ref(), number, event.at_ms, event.format, &event.body);
        before = Some(event.chain.clone());
        text.extend(serde_json::to_vec(event).ok()?);
        text.push(b'\n');
    }
    text.extend(blobs);
    Some(text)
}

fn line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}
