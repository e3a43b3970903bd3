//! Reads archives, one blob at a time.

use std::io::Read;

use phasegate_journal::{Blob, MAX_EVENT_BYTES, RunSize, StoredEvent};
use phasegate_process::EVENT_FORMAT;

use crate::error::archive::ArchiveError;
use crate::runs::archive::format::{ARCHIVE_FORMAT, Head, MAX_BYTES, MAX_HEAD_BYTES, TITLE, check_blobs, check_size};
use crate::runs::archive::unpack::Unpacked;

/// The most bytes of the line of an event: its body, in which each quotation mark is escaped, and the rest.
const MAX_LINE_BYTES: u64 = 2 * MAX_EVENT_BYTES as u64 + 1024;

/// Head and events of an archive, and its blobs as far as they were not read yet.
pub(super) struct ArchiveReader<R: Read> {
    /// The head.
    pub(super) head: Head,
    /// Events as the journal stores them, within the bounds of the journal. Their chain is not checked.
    pub(super) stored: Vec<StoredEvent>,
    from: Unpacked<R>,
    next: usize,
}

impl<R: Read> ArchiveReader<R> {
    /// Reads head and events.
    pub(super) fn open(from: R) -> Result<Self, ArchiveError> {
        let mut from = Unpacked::new(from)?;
        check_title(&from.line("its first line", 100).map_err(as_foreign)?)?;
        let head: Head = parse_json("its head", &from.line("its head", MAX_HEAD_BYTES)?)?;
        check_size(head.blobs.iter().fold(0_u64, |sum, blob| sum.saturating_add(blob.size)), MAX_BYTES)?;
        check_blobs(&head.blobs)?;
        let mut stored = Vec::new();
        let mut size = RunSize::default();
        for number in 1..=head.events {
            let what = format!("event {number}");
            let event: StoredEvent = parse_json(&what, &from.line(&what, MAX_LINE_BYTES)?)?;
            check_format(&event)?;
            let over = |reason| ArchiveError::OverLimit(format!("{what} is too large: {reason}, which is the limit"));
            size.add(&event.body).map_err(over)?;
            stored.push(event);
        }
        Ok(Self { head, stored, from, next: 0 })
    }

    /// Returns the next blob, checked against its digest; `None` after the last one, where the file must end.
    pub(super) fn next_blob(&mut self) -> Result<Option<Blob>, ArchiveError> {
        let Some(entry) = self.head.blobs.get(self.next) else {
            return self.from.end().map(|()| None);
        };
        self.next += 1;
        let blob = Blob::new(self.from.bytes(entry.size)?);
        match blob.digest == entry.digest {
            true => Ok(Some(blob)),
            false => Err(ArchiveError::Damaged(format!("blob {} does not match its digest", entry.digest))),
        }
    }
}

/// Head and events of an archive.
#[derive(Debug)]
pub struct Archive {
    /// The head.
    pub head: Head,
    /// Events as the journal stores them.
    pub stored: Vec<StoredEvent>,
}

/// Reads a whole archive and checks its bounds and the digests of its blobs, but not the chain of its events.
pub fn read(from: impl Read) -> Result<Archive, ArchiveError> {
    let mut reader = ArchiveReader::open(from)?;
    while reader.next_blob()?.is_some() {}
    Ok(Archive { head: reader.head, stored: reader.stored })
}

fn check_title(title: &str) -> Result<(), ArchiveError> {
    let number = title.strip_prefix(TITLE).and_then(|number| number.parse::<u32>().ok());
    match number.ok_or_else(foreign)? {
        1..=ARCHIVE_FORMAT => Ok(()),
        format => Err(ArchiveError::Newer { format, known: ARCHIVE_FORMAT }),
    }
}

/// A first line that is too long is not a title.
fn as_foreign(error: ArchiveError) -> ArchiveError {
    match error {
        ArchiveError::OverLimit(_) => foreign(),
        other => other,
    }
}

fn foreign() -> ArchiveError {
    ArchiveError::Foreign("its first line is not the title of an export".to_owned())
}

fn check_format(event: &StoredEvent) -> Result<(), ArchiveError> {
    let StoredEvent { number, format, .. } = event;
    match *format > EVENT_FORMAT {
        true => Err(ArchiveError::Damaged(format!(
            "event {number} has event format {format}, this phasegate reads formats up to {EVENT_FORMAT}"
        ))),
        false => Ok(()),
    }
}

fn parse_json<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, ArchiveError> {
    serde_json::from_str(text).map_err(|why| ArchiveError::Damaged(format!("{what} cannot be read: {why}")))
}
