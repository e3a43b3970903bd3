//! Writes a run into an archive.

use std::collections::BTreeSet;
use std::io::{self, Write};

use phasegate_journal::{Journal, StoredEvent};
use phasegate_process::{Digest, Event, Recorded, RunCreated, RunId};

use crate::error::{Error, ErrorCode};
use crate::runs::archive::format::{ARCHIVE_FORMAT, Entry, Head, MAX_BYTES, TITLE, check_blobs, check_size};
use crate::store::blobs::read_blob;
use crate::store::load::load_run;

/// Compression level: text shrinks to about a tenth, and compression stays fast.
const LEVEL: i32 = 9;

/// Result of [`export`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ExportedRun {
    /// The run that was exported.
    pub run: RunId,
    /// Number of its events, including those shared with its origin.
    pub events: u64,
    /// Number of blobs in the archive.
    pub blobs: usize,
    /// Components that the run needs and that the archive does not contain.
    pub left_out: Vec<Digest>,
}

/// Writes an archive of a run. `components` includes its components. Reads and checks the whole run before the first byte is
/// written.
pub fn export(journal: &dyn Journal, run: &RunId, components: bool, to: impl Write) -> Result<ExportedRun, Error> {
    export_within(MAX_BYTES, journal, run, components, to)
}

pub(super) fn export_within(
    max: u64,
    journal: &dyn Journal,
    run: &RunId,
    components: bool,
    to: impl Write,
) -> Result<ExportedRun, Error> {
    let (state, events) = load_run(journal, run)?;
    let stored = journal.stored_after(run, 0)?;
    let (needed, left_out) = select_blobs(&events, components);
    let (mut entries, mut size) = (Vec::new(), 0);
    for digest in needed {
        let bytes = read_blob(journal, &digest)?.len() as u64;
        size += bytes;
        check_size(size, max)?;
        entries.push(Entry { digest, size: bytes });
    }
    check_blobs(&entries)?;
    let head = Head {
        run: run.clone(),
        task: state.created.task_id.clone(),
        events: stored.len() as u64,
        blobs: entries,
        left_out: left_out.clone(),
    };
    let unwritable = |why: io::Error| {
        let message = format!("the export cannot be written: {why}");
        Error::rejected(ErrorCode::UnwritableOutput, message, "check the free space")
    };
    let lines = render_lines(&head, &stored).map_err(unwritable)?;
    check_size(size + lines.len() as u64, max)?;
    let mut to = zstd::Encoder::new(to, LEVEL).map_err(unwritable)?;
    to.write_all(&lines).map_err(unwritable)?;
    for entry in &head.blobs {
        // Read a second time, so that memory holds one blob.
        to.write_all(&read_blob(journal, &entry.digest)?).map_err(unwritable)?;
    }
    to.finish().and_then(|mut to| to.flush()).map_err(unwritable)?;
    Ok(ExportedRun { run: run.clone(), events: head.events, blobs: head.blobs.len(), left_out })
}

/// Renders title, head and events: everything before the blobs.
fn render_lines(head: &Head, stored: &[StoredEvent]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    writeln!(lines, "{TITLE}{ARCHIVE_FORMAT}")?;
    writeln!(lines, "{}", serde_json::to_string(head)?)?;
    for event in stored {
        writeln!(lines, "{}", serde_json::to_string(event)?)?;
    }
    Ok(lines)
}

/// Returns the blobs to write and the components to leave out, each once, in the order of digests.
fn select_blobs(events: &[Recorded], components: bool) -> (Vec<Digest>, Vec<Digest>) {
    let named: BTreeSet<Digest> = events.iter().flat_map(|event| event.event.blobs()).cloned().collect();
    let is_component = components_of(events);
    let (left_out, blobs) = named.into_iter().partition(|digest| !components && is_component.contains(digest));
    (blobs, left_out)
}

/// Returns every component that the run or its origins pinned.
pub(super) fn components_of(events: &[Recorded]) -> BTreeSet<Digest> {
    created_by(events).flat_map(|created| created.components.values().cloned()).collect()
}

/// Returns what the run and its origins pinned when they were created.
pub(super) fn created_by(events: &[Recorded]) -> impl Iterator<Item = &RunCreated> {
    events.iter().filter_map(|event| match &event.event {
        Event::RunCreated(created) => Some(created.as_ref()),
        Event::RunForked(forked) => Some(&forked.created),
        _ => None,
    })
}
