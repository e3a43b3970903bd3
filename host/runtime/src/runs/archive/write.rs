//! Writing a run into a file.

use std::collections::BTreeSet;
use std::io::{self, Write};

use phasegate_journal::{Journal, StoredEvent};
use phasegate_process::{Digest, Event, Recorded, RunId};

use crate::error::Error;
use crate::error::archive::{ARCHIVE_FORMAT, MAX_BYTES};
use crate::runs::archive::format::{Entry, Head, TITLE, check_size};
use crate::store::blobs::read_blob;
use crate::store::load::load_run;

/// Enough to make text a tenth of its size, and quick.
const LEVEL: i32 = 9;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ExportedRun {
    /// The run.
    pub run: RunId,
    /// Its events, those it shares with others included.
    pub events: u64,
    /// Blobs.
    pub blobs: usize,
    /// Components that the run needs and that were not written.
    pub left_out: Vec<Digest>,
}

/// Writes a run, with its components if they are wished for. The run is read and checked whole first.
pub fn export(journal: &dyn Journal, run: &RunId, components: bool, to: impl Write) -> Result<ExportedRun, Error> {
    export_within(MAX_BYTES, journal, run, components, to)
}

pub(super) fn export_within(
    most: u64,
    journal: &dyn Journal,
    run: &RunId,
    components: bool,
    to: impl Write,
) -> Result<ExportedRun, Error> {
    let (state, events) = load_run(journal, run)?;
    let stored = journal.stored_after(run, 0)?;
    let (needed, left_out) = needed(&events, components);
    let (mut entries, mut blobs, mut size) = (Vec::new(), Vec::new(), 0);
    for digest in needed {
        let bytes = read_blob(journal, &digest)?;
        size += bytes.len() as u64;
        check_size(size, most)?;
        entries.push(Entry { digest, size: bytes.len() as u64 });
        blobs.push(bytes);
    }
    let head = Head {
        run: run.clone(),
        task: state.created.task_id.clone(),
        events: stored.len() as u64,
        blobs: entries,
        left_out: left_out.clone(),
    };
    let unwritable =
        |why: io::Error| Error::NotNow(format!("the export cannot be written: {why}\nhint: see whether there is room"));
    let lines = lines(&head, &stored).map_err(unwritable)?;
    check_size(size + lines.len() as u64, most)?;
    pack(&lines, &blobs, to).map_err(unwritable)?;
    Ok(ExportedRun { run: run.clone(), events: head.events, blobs: blobs.len(), left_out })
}

/// All that stands before the blobs.
fn lines(head: &Head, stored: &[StoredEvent]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    writeln!(lines, "{TITLE}{ARCHIVE_FORMAT}")?;
    writeln!(lines, "{}", serde_json::to_string(head)?)?;
    for event in stored {
        writeln!(lines, "{}", serde_json::to_string(event)?)?;
    }
    Ok(lines)
}

fn pack(lines: &[u8], blobs: &[Vec<u8>], to: impl Write) -> io::Result<()> {
    let mut to = zstd::Encoder::new(to, LEVEL)?;
    to.write_all(lines)?;
    for bytes in blobs {
        to.write_all(bytes)?;
    }
    to.finish()?.flush()
}

/// The blobs that go along, and the components that do not; each once, in the order of digests.
fn needed(events: &[Recorded], components: bool) -> (Vec<Digest>, Vec<Digest>) {
    let named: BTreeSet<Digest> = events.iter().flat_map(|event| event.event.blobs()).cloned().collect();
    let is_component = components_of(events);
    let (left_out, blobs) = named.into_iter().partition(|digest| !components && is_component.contains(digest));
    (blobs, left_out)
}

/// Every component that the run was ever made of.
pub(super) fn components_of(events: &[Recorded]) -> BTreeSet<Digest> {
    let created = events.iter().filter_map(|event| match &event.event {
        Event::RunCreated(created) => Some(created.as_ref()),
        Event::RunForked(forked) => Some(&forked.created),
        _ => None,
    });
    created.flat_map(|created| created.components.values().cloned()).collect()
}
