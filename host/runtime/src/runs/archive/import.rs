//! Imports the run of an archive.
//!
//! The file is read twice: the first time it is checked, down to the state of the run; the second time its blobs go to the
//! journal, and at last the events. Memory holds the events and one batch of blobs.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{Read, Seek};
use std::sync::Arc;

use phasegate_journal::{Blob, Import, Imported, Journal, JournalError, StoredEvent, check_import};
use phasegate_process::pipeline::Pipeline;
use phasegate_process::{Digest, Recorded, RunId};

use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::error::archive::ArchiveError;
use crate::plugins::bundled::bundled_blob;
use crate::runs::archive::format::Head;
use crate::runs::archive::read::ArchiveReader;
use crate::runs::archive::write::{components_of, created_by};
use crate::store::blobs::{parse_json, read_blob};
use crate::store::load::fold_with;

/// The bytes of blobs that are handed to the journal at once.
const BATCH_BYTES: usize = 16 << 20;

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
///
/// A run whose events do not follow each other, or whose pipeline or settings cannot be read, is rejected.
pub async fn import(journal: &dyn Journal, mut from: impl Read + Seek) -> Result<ImportedRun, Error> {
    let Checked { head, stored, named, bundled, missing } = check(journal, &mut from)?;
    let run = head.run.clone();
    let import = |stored, blobs| journal.import(Import { run: run.clone(), events: stored, blobs });
    if journal.stored_after(&run, 0).is_ok_and(|here| !here.is_empty() && here != stored) {
        // The journal says where the two differ; no blob is stored before.
        import(stored.clone(), Vec::new()).await?;
    }
    from.rewind().map_err(|why| ArchiveError::Damaged(why.to_string()))?;
    let mut again = ArchiveReader::open(from)?;
    if again.head != head || again.stored != stored {
        return Err(ArchiveError::Damaged("it was changed while it was read".to_owned()).into());
    }
    let (mut batch, mut bytes) = (bundled, 0);
    while let Some(blob) = again.next_blob()? {
        if !named.contains(&blob.digest) {
            continue;
        }
        bytes += blob.bytes.len();
        batch.push(blob);
        if bytes >= BATCH_BYTES {
            journal.put_blobs(std::mem::take(&mut batch)).await?;
            bytes = 0;
        }
    }
    let (events, blobs) = (stored.len(), head.blobs.len());
    drop(again);
    let new = import(stored, batch).await? == Imported::New;
    Ok(ImportedRun { run, events, blobs, new, missing })
}

/// What the first reading found.
struct Checked {
    head: Head,
    stored: Vec<StoredEvent>,
    /// The blobs that events name. Others are not stored.
    named: BTreeSet<Digest>,
    /// Components that the archive does not contain and this program does.
    bundled: Vec<Blob>,
    missing: Vec<Digest>,
}

fn check(journal: &dyn Journal, from: impl Read) -> Result<Checked, Error> {
    let mut reader = ArchiveReader::open(from)?;
    if reader.head.run.as_str().starts_with('-') {
        // Commands, also those in hints, would take it for a flag.
        let what = format!("its run id `{}` begins with `-`", reader.head.run);
        return Err(ArchiveError::Damaged(what).into());
    }
    let events = check_import(&reader.head.run, &reader.stored)?;
    let needed: BTreeSet<&Digest> = created_by(&events).flat_map(|made| [&made.pipeline, &made.settings]).collect();
    let mut pinned: BTreeMap<Digest, Vec<u8>> = BTreeMap::new();
    while let Some(blob) = reader.next_blob()? {
        if needed.contains(&blob.digest) {
            pinned.insert(blob.digest, blob.bytes.into());
        }
    }
    let named: BTreeSet<Digest> = events.iter().flat_map(|event| event.event.blobs()).cloned().collect();
    let (bundled, missing) = find_missing(journal, &reader.head, &named, &components_of(&events))?;
    check_run(journal, &reader.head.run, &events, &pinned)?;
    Ok(Checked { head: reader.head, stored: reader.stored, named, bundled, missing })
}

/// Returns the components that the archive does not contain: those that are bundled, and those that are nowhere.
fn find_missing(
    journal: &dyn Journal,
    head: &Head,
    named: &BTreeSet<Digest>,
    components: &BTreeSet<Digest>,
) -> Result<(Vec<Blob>, Vec<Digest>), Error> {
    let included: HashSet<&Digest> = head.blobs.iter().map(|entry| &entry.digest).collect();
    let (mut bundled, mut missing) = (Vec::new(), Vec::new());
    for digest in named {
        if included.contains(digest) || journal.has_blob(digest)? {
            continue;
        }
        match bundled_blob(digest) {
            Some(blob) => bundled.push(blob),
            None if components.contains(digest) => missing.push(digest.clone()),
            None => return Err(ArchiveError::Damaged(format!("it has no blob {digest}")).into()),
        }
    }
    Ok((bundled, missing))
}

/// Checks that the run can be loaded: its events fold, and pipelines and settings can be read.
fn check_run(
    journal: &dyn Journal,
    run: &RunId,
    events: &[Recorded],
    pinned: &BTreeMap<Digest, Vec<u8>>,
) -> Result<(), Error> {
    let bytes = |digest: &Digest| pinned.get(digest).map_or_else(|| read_blob(journal, digest), |it| Ok(it.clone()));
    let pipeline = |digest: &Digest| parse_json::<Pipeline>(journal, digest, &bytes(digest)?);
    fold_with(run, events, &|created| {
        pipeline(&created.pipeline).map(Arc::new).map_err(|error| unreadable(error, "pipeline"))
    })
    .map_err(|error| match error {
        Error::Fold(why) => ArchiveError::Damaged(why.to_string()).into(),
        other => other,
    })?;
    created_by(events).try_for_each(|created| {
        let settings = parse_json::<RunSettings>(journal, &created.settings, &bytes(&created.settings)?);
        settings.map(drop).map_err(|error| unreadable(error, "settings"))
    })
}

fn unreadable(error: Error, what: &str) -> Error {
    match error {
        Error::BadBlob { digest, why, .. } => {
            ArchiveError::Damaged(format!("its {what}, blob {digest}, cannot be read: {why}")).into()
        }
        Error::Journal(why @ JournalError::DamagedBlob { .. }) => ArchiveError::Damaged(why.to_string()).into(),
        other => other,
    }
}
