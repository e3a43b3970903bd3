//! What the tables hold, read along the line of a run's origins.

use phasegate_process::{Digest, RunId};
use rusqlite::{Connection, OptionalExtension, Row, Rows};

use super::file::File;
use crate::chain::{End, Stored};
use crate::error::JournalError;

/// What may go wrong in a query.
pub(super) enum Fault {
    Sql(rusqlite::Error),
    Journal(JournalError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<JournalError> for Fault {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl Fault {
    /// In words.
    pub(super) fn told(self, file: &File) -> JournalError {
        match self {
            Self::Sql(error) => file.error(&error),
            Self::Journal(error) => error,
        }
    }
}

/// A run's row.
#[derive(Default)]
pub(super) struct Known {
    pub(super) key: i64,
    pub(super) fence: u64,
    pub(super) end: End,
}

pub(super) fn known(from: &Connection, run: &RunId) -> rusqlite::Result<Option<Known>> {
    let mut query = from.prepare_cached("SELECT run_key, fence, last, chain FROM runs WHERE run = ?1")?;
    let row = |row: &Row<'_>| {
        let chain = row.get::<_, Option<String>>(3)?.map(|text| digest(3, &text)).transpose()?;
        Ok(Known { key: row.get(0)?, fence: row.get(1)?, end: End { number: row.get(2)?, chain } })
    };
    query.query_row((run.as_str(),), row).optional()
}

/// The events of a run after `number`, oldest first, to the end that the run is known to have. Takes several queries, which
/// must see the same moment.
pub(super) fn stored_after(from: &Connection, run: &RunId, number: u64, file: &File) -> Result<Vec<Stored>, Fault> {
    let mut events = Vec::new();
    let Some(known) = known(from, run)? else { return Ok(events) };
    if file.is_unchained() {
        return chained_now(from, &known, number);
    }
    for stretch in line(from, known.key)? {
        read_stretch(from, run, number, &stretch, file, &mut events)?;
    }
    known.end.is_that_of(run, number, &events, &file.to_string())?;
    Ok(events)
}

/// The events of a file of version 1, with the links they will have once it is brought up.
fn chained_now(from: &Connection, run: &Known, after: u64) -> Result<Vec<Stored>, Fault> {
    let mut query =
        from.prepare_cached("SELECT number, at_ms, format, body FROM events WHERE run_key = ?1 ORDER BY number")?;
    let mut rows = query.query((run.key,))?;
    let (mut end, mut events) = (End::default(), Vec::new());
    while let Some(row) = rows.next()? {
        end.number = row.get::<_, u64>(0)?.saturating_sub(1);
        let event = end.go_on(row.get(1)?, row.get(2)?, row.get(3)?);
        if event.number > after {
            events.push(event);
        }
    }
    Ok(events)
}

/// Events under one key, up to a number.
struct Stretch {
    key: i64,
    upto: i64,
}

/// Where the events of a run are, from its first origin to itself.
fn line(from: &Connection, key: i64) -> rusqlite::Result<Vec<Stretch>> {
    // UNION and not UNION ALL: a damaged line that leads back to itself has an end, too.
    let mut query = from.prepare_cached(
        "WITH RECURSIVE line (key, parent, shared, upto) AS (
             SELECT run_key, parent_key, shared, 9223372036854775807 FROM runs WHERE run_key = ?1
             UNION
             SELECT run_key, parent_key, runs.shared, min(line.shared, upto) FROM line JOIN runs ON run_key = parent
         ) SELECT key, upto FROM line",
    )?;
    let rows = query.query_map((key,), |row| Ok(Stretch { key: row.get(0)?, upto: row.get(1)? }))?;
    let mut line = rows.collect::<Result<Vec<_>, _>>()?;
    line.reverse();
    Ok(line)
}

/// The link of an event of a run; `None` where the event is missing.
pub(super) fn link_at(from: &Connection, key: i64, number: u64) -> rusqlite::Result<Option<Digest>> {
    let mut query = from.prepare_cached("SELECT chain FROM events WHERE run_key = ?1 AND number = ?2")?;
    for stretch in line(from, key)? {
        let link = query.query_row((stretch.key, number), |row| digest(0, row.get_ref(0)?.as_str()?)).optional()?;
        if link.is_some() && i64::try_from(number).is_ok_and(|number| number <= stretch.upto) {
            return Ok(link);
        }
    }
    Ok(None)
}

fn read_stretch(
    from: &Connection,
    run: &RunId,
    after: u64,
    stretch: &Stretch,
    file: &File,
    events: &mut Vec<Stored>,
) -> Result<(), Fault> {
    let mut query = from.prepare_cached(
        "SELECT number, at_ms, format, body, chain FROM events
         WHERE run_key = ?1 AND number > ?2 AND number <= ?3 ORDER BY number",
    )?;
    let mut rows = query.query((stretch.key, after, stretch.upto))?;
    while let Some(row) = rows.next()? {
        events.push(stored(row, run, file)?);
    }
    Ok(())
}

fn stored(row: &Row<'_>, run: &RunId, file: &File) -> Result<Stored, Fault> {
    let number = row.get(0)?;
    let body = row.get_ref(3)?.as_str().map_err(|e| JournalError::DamagedEvent {
        run: run.clone(),
        number,
        place: file.to_string(),
        reason: e.to_string(),
    })?;
    let chain = row.get_ref(4)?.as_str().ok().and_then(|text| text.parse().ok());
    let chain = chain.ok_or_else(|| JournalError::broken(run, number, &file.to_string()))?;
    Ok(Stored { number, at_ms: row.get(1)?, format: row.get(2)?, body: body.to_owned(), chain })
}

/// A digest in a column.
pub(super) fn digest(column: usize, text: &str) -> rusqlite::Result<Digest> {
    let bad = |error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error));
    text.parse().map_err(bad)
}

/// The runs that have events, newest first.
pub(super) fn runs(from: &Connection, file: &File) -> Result<Vec<RunId>, Fault> {
    let mut query = from.prepare_cached("SELECT run FROM runs WHERE last > 0 ORDER BY run_key DESC")?;
    let mut rows = query.query(())?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push(run_id(row, file)?);
    }
    Ok(runs)
}

/// Every blob and its size.
pub(super) fn blob_sizes(from: &Connection) -> Result<Vec<(Digest, u64)>, Fault> {
    let mut query = from.prepare_cached("SELECT digest, length(bytes) FROM blobs ORDER BY digest")?;
    let sizes = query.query_map((), |row| Ok((digest(0, row.get_ref(0)?.as_str()?)?, row.get(1)?)))?;
    Ok(sizes.collect::<Result<_, _>>()?)
}

/// What the database finds wrong with the file.
pub(super) fn faults(from: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut query = from.prepare("PRAGMA integrity_check(100)")?;
    let lines = query.query_map((), |row| row.get::<_, String>(0))?;
    let mut faults: Vec<String> =
        lines.filter(|line| line.as_ref().is_ok_and(|line| line != "ok")).collect::<Result<_, _>>()?;
    let mut query = from.prepare("PRAGMA foreign_key_check")?;
    let orphans =
        query.query_map((), |row| Ok(format!("{} names a run that is not there", row.get::<_, String>(0)?)))?;
    faults.extend(orphans.collect::<Result<Vec<_>, _>>()?);
    Ok(faults)
}

/// The run that this one is a fork of, and how many events they share.
pub(super) fn origin(from: &Connection, run: &RunId, file: &File) -> Result<Option<(RunId, u64)>, Fault> {
    let mut query = from.prepare_cached(
        "SELECT origin.run, fork.shared FROM runs fork JOIN runs origin ON origin.run_key = fork.parent_key
         WHERE fork.run = ?1",
    )?;
    Ok(with_shared(query.query((run.as_str(),))?, file)?.pop())
}

/// The forks of a run, oldest first, and how many events they share.
pub(super) fn forks(from: &Connection, of: &RunId, file: &File) -> Result<Vec<(RunId, u64)>, Fault> {
    let mut query = from.prepare_cached(
        "SELECT run, shared FROM runs WHERE parent_key = (SELECT run_key FROM runs WHERE run = ?1) ORDER BY run_key",
    )?;
    with_shared(query.query((of.as_str(),))?, file)
}

fn with_shared(mut rows: Rows<'_>, file: &File) -> Result<Vec<(RunId, u64)>, Fault> {
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push((run_id(row, file)?, row.get(1)?));
    }
    Ok(runs)
}

/// The run named in the first column.
pub(super) fn run_id(row: &Row<'_>, file: &File) -> Result<RunId, Fault> {
    let text: String = row.get(0)?;
    text.parse().map_err(|bad: phasegate_process::InvalidName| file.damaged(&bad.to_string()).into())
}
