//! Reads archives and imports their runs.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, BufRead, BufReader, Read};

use phasegate_journal::{Blob, Import, Imported, Journal, StoredEvent};
use phasegate_process::{Digest, EVENT_FORMAT, Event, Recorded, RunId};

use crate::error::Error;
use crate::error::archive::ArchiveError;
use crate::plugins::bundled::bundled_blob;
use crate::runs::archive::format::{ARCHIVE_FORMAT, Head, MAX_BYTES, TITLE, check_size};
use crate::runs::archive::write::components_of;

/// Maximal length of a line in bytes. Texts in events are limited far below.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// First bytes of every zstd stream.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// An unpacked archive, checked except for the chain of its events.
#[derive(Debug)]
pub struct Archive {
    /// The head.
    pub head: Head,
    /// Events as the journal stores them.
    pub stored: Vec<StoredEvent>,
    /// The same events, parsed.
    pub events: Vec<Recorded>,
    /// Blobs in the order of the head, checked against their digests.
    pub blobs: Vec<Blob>,
}

/// Result of [`import`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ImportedRun {
    /// The run that was imported.
    pub run: RunId,
    /// Number of its events.
    pub events: usize,
    /// Number of blobs in the archive.
    pub blobs: usize,
    /// False if the journal had the run already.
    pub new: bool,
    /// Components that are neither in the archive, nor in the journal, nor bundled. Without them the run can be shown, but
    /// neither resumed nor replayed.
    pub missing: Vec<Digest>,
}

/// Imports the run of an archive, or nothing. Adds bundled components that the archive does not contain.
pub async fn import(journal: &dyn Journal, from: impl Read) -> Result<ImportedRun, Error> {
    let Archive { head, stored, events, mut blobs } = read(from)?;
    let components = components_of(&events);
    let included: HashSet<&Digest> = head.blobs.iter().map(|entry| &entry.digest).collect();
    let mut missing = Vec::new();
    for digest in named_blobs(&events) {
        if included.contains(&digest) || journal.has_blob(&digest)? {
            continue;
        }
        match bundled_blob(&digest) {
            Some(blob) => blobs.push(blob),
            None if components.contains(&digest) => missing.push(digest),
            None => return Err(ArchiveError::Damaged(format!("it has no blob {digest}")).into()),
        }
    }
    let imported = journal.import(Import { run: head.run.clone(), events: stored, blobs }).await?;
    let new = imported == Imported::New;
    Ok(ImportedRun { run: head.run, events: events.len(), blobs: head.blobs.len(), new, missing })
}

fn named_blobs(events: &[Recorded]) -> BTreeSet<Digest> {
    events.iter().flat_map(|event| event.event.blobs()).cloned().collect()
}

/// Unpacks an archive and checks its digests. The journal checks the chain on import.
pub fn read(from: impl Read) -> Result<Archive, ArchiveError> {
    let mut packed = BufReader::new(from);
    if !packed.fill_buf().map_err(damaged)?.starts_with(&ZSTD) {
        return Err(ArchiveError::Foreign("it is not compressed with zstd".to_owned()));
    }
    let unpacked = zstd::Decoder::with_buffer(packed).map_err(damaged)?;
    let mut from = BufReader::new(unpacked.take(MAX_BYTES));
    check_title(&read_line(&mut from)?)?;
    let head: Head = parse_json("its head", &read_line(&mut from)?)?;
    check_size(head.blobs.iter().fold(0_u64, |sum, blob| sum.saturating_add(blob.size)), MAX_BYTES)?;
    let mut stored = Vec::new();
    let mut events = Vec::new();
    for number in 1..=head.events {
        let event: StoredEvent = parse_json(&format!("event {number}"), &read_line(&mut from)?)?;
        events.push(parse_event(&event)?);
        stored.push(event);
    }
    let mut blobs = Vec::new();
    for entry in &head.blobs {
        let mut bytes = Vec::new();
        from.by_ref().take(entry.size).read_to_end(&mut bytes).map_err(damaged)?;
        let blob = Blob::new(bytes);
        if blob.digest != entry.digest {
            return Err(ArchiveError::Damaged(format!("blob {} does not match its digest", entry.digest)));
        }
        blobs.push(blob);
    }
    match from.read(&mut [0]).map_err(damaged)? {
        0 => Ok(Archive { head, stored, events, blobs }),
        _ => Err(ArchiveError::Damaged("there are bytes after its last blob".to_owned())),
    }
}

fn check_title(title: &str) -> Result<(), ArchiveError> {
    let number = title.strip_prefix(TITLE).and_then(|number| number.parse::<u32>().ok());
    match number.ok_or_else(|| ArchiveError::Foreign("its first line is not the title of an export".to_owned()))? {
        1..=ARCHIVE_FORMAT => Ok(()),
        format => Err(ArchiveError::Newer { format, known: ARCHIVE_FORMAT }),
    }
}

fn parse_event(stored: &StoredEvent) -> Result<Recorded, ArchiveError> {
    let StoredEvent { number, at_ms, format, ref body, chain: _ } = *stored;
    if format > EVENT_FORMAT {
        let why =
            format!("event {number} has event format {format}, this phasegate reads formats up to {EVENT_FORMAT}");
        return Err(ArchiveError::Damaged(why));
    }
    let event: Event = parse_json(&format!("event {number}"), body)?;
    Ok(Recorded { number, at_ms, event })
}

fn read_line(from: &mut impl BufRead) -> Result<String, ArchiveError> {
    let mut text = String::new();
    from.take(MAX_LINE_BYTES).read_line(&mut text).map_err(damaged)?;
    match text.strip_suffix('\n') {
        Some(line) => Ok(line.to_owned()),
        None => Err(ArchiveError::Damaged("it is truncated".to_owned())),
    }
}

fn parse_json<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, ArchiveError> {
    serde_json::from_str(text).map_err(|why| ArchiveError::Damaged(format!("{what} cannot be read: {why}")))
}

fn damaged(why: io::Error) -> ArchiveError {
    ArchiveError::Damaged(why.to_string())
}
