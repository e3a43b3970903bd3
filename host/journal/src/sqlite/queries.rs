//! Queries on the tables. The events of a fork are read from the fork and from each of its origins.

use std::collections::BTreeMap;

use phasegate_process::{Digest, RunId};
use rusqlite::{Connection, OptionalExtension, Row, Rows};

use super::appends::{link_of_end, read_appends};
use super::file::DatabaseFile;
use super::packed::unpack;
use super::query_error::QueryError;
use crate::bounds::{MAX_EVENT_BYTES, MAX_RUN_BYTES, too_large, too_long};
use crate::chain::{End, StoredEvent};
use crate::error::JournalError;

/// A row of `runs`.
#[derive(Default)]
pub(super) struct RunRow {
    pub(super) key: i64,
    pub(super) fence: u64,
    pub(super) end: End,
}

pub(super) fn find_run(connection: &Connection, run: &RunId) -> rusqlite::Result<Option<RunRow>> {
    let mut query = connection.prepare_cached("SELECT run_key, fence, last, chain FROM runs WHERE run = ?1")?;
    let row = |row: &Row<'_>| {
        let chain = row.get::<_, Option<String>>(3)?.map(|text| digest(3, &text)).transpose()?;
        Ok(RunRow { key: row.get(0)?, fence: row.get(1)?, end: End { number: row.get(2)?, chain } })
    };
    query.query_row((run.as_str(),), row).optional()
}

/// Returns the events of a run after `number`, oldest first, and checks that they end where the run ends. Needs a
/// transaction: its several queries must see the same state.
pub(super) fn stored_after(
    connection: &Connection,
    run: &RunId,
    number: u64,
    file: &DatabaseFile,
) -> Result<Vec<StoredEvent>, QueryError> {
    let mut events = Vec::new();
    let Some(known) = find_run(connection, run)? else { return Ok(events) };
    if file.has_no_chain() {
        return stored_version_1(connection, run, &known, number);
    }
    let segments = segments(connection, known.key)?;
    // The links of a row begin with the link before it. Where that one is not stored, reading begins with event 1.
    let (from, mut end) = match first_of_row(connection, &segments, number)? {
        1 => (number, End::default()),
        first => match link_of(connection, &segments, first - 1)? {
            Some(chain) => (number, End { number: first - 1, chain: Some(chain) }),
            None => (0, End::default()),
        },
    };
    let mut bytes = 0;
    for segment in &segments {
        let mut more = Vec::new();
        read_segment(connection, run, from, segment, file, (&mut more, &mut bytes))?;
        let rows = read_appends(connection, (run, segment.key), (from, segment.upto), (&end, &more), file, &mut bytes)?;
        more.extend(rows);
        if !more.is_sorted_by_key(|event| event.number) {
            more.sort_by_key(|event| event.number);
        }
        end = more.last().map_or(end, End::at);
        events.extend(more);
    }
    events.retain(|event| event.number > number);
    known.end.check_end(run, number, &events, &file.to_string())?;
    Ok(events)
}

/// Returns the number of the first event in the row that contains the event after `number`.
fn first_of_row(connection: &Connection, segments: &[Segment], number: u64) -> rusqlite::Result<u64> {
    let mut query = connection.prepare_cached("SELECT max(first) FROM appends WHERE run_key = ?1 AND first <= ?2")?;
    let due = number.saturating_add(1);
    let mut first = None;
    for segment in segments {
        let due = due.min(u64::try_from(segment.upto).unwrap_or(u64::MAX));
        first = first.max(query.query_row((segment.key, due), |row| row.get::<_, Option<u64>>(0))?);
    }
    Ok(first.unwrap_or(due).max(1))
}

/// Returns the events of a file of version 1, with the links that migration will give them.
fn stored_version_1(
    connection: &Connection,
    run: &RunId,
    known: &RunRow,
    after: u64,
) -> Result<Vec<StoredEvent>, QueryError> {
    let mut query = connection.prepare_cached(
        "SELECT number, at_ms, format, CASE WHEN octet_length(body) <= ?2 THEN body END FROM events
         WHERE run_key = ?1 ORDER BY number",
    )?;
    let mut rows = query.query((known.key, MAX_EVENT_BYTES as i64))?;
    let (mut end, mut events, mut bytes) = (End::default(), Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let number = row.get::<_, u64>(0)?;
        end.number = number.saturating_sub(1);
        let event = end.push(row.get(1)?, row.get(2)?, bounded_body(row, run, number, &mut bytes)?.to_owned());
        if event.number > after {
            events.push(event);
        }
    }
    Ok(events)
}

/// The events of one key up to a number.
struct Segment {
    key: i64,
    upto: i64,
}

/// Returns where the events of a run are stored, from its first origin to the run itself.
fn segments(connection: &Connection, key: i64) -> rusqlite::Result<Vec<Segment>> {
    // UNION rather than UNION ALL ends the recursion also in a damaged file with a cycle.
    let mut query = connection.prepare_cached(
        "WITH RECURSIVE line (key, parent, shared, upto) AS (
             SELECT run_key, parent_key, shared, 9223372036854775807 FROM runs WHERE run_key = ?1
             UNION
             SELECT run_key, parent_key, runs.shared, min(line.shared, upto) FROM line JOIN runs ON run_key = parent
         ) SELECT key, upto FROM line",
    )?;
    let rows = query.query_map((key,), |row| Ok(Segment { key: row.get(0)?, upto: row.get(1)? }))?;
    let mut segments = rows.collect::<Result<Vec<_>, _>>()?;
    segments.reverse();
    Ok(segments)
}

/// Returns the link of an event of a run; `None` where the event is missing.
pub(super) fn link_at(
    connection: &Connection,
    run: &RunId,
    key: i64,
    number: u64,
    file: &DatabaseFile,
) -> Result<Option<Digest>, QueryError> {
    if let Some(link) = link_of(connection, &segments(connection, key)?, number)? {
        return Ok(Some(link));
    }
    let rest = stored_after(connection, run, number.saturating_sub(1), file)?;
    Ok(rest.into_iter().next().filter(|event| event.number == number).map(|event| event.chain))
}

/// Returns the link of an event if it is stored: that of the last event of a row.
fn link_of(connection: &Connection, segments: &[Segment], number: u64) -> rusqlite::Result<Option<Digest>> {
    let mut query = connection.prepare_cached("SELECT chain FROM events WHERE run_key = ?1 AND number = ?2")?;
    for segment in segments.iter().filter(|it| i64::try_from(number).is_ok_and(|number| number <= it.upto)) {
        let link = query.query_row((segment.key, number), |row| digest(0, row.get_ref(0)?.as_str()?)).optional()?;
        let link = link.map_or_else(|| link_of_end(connection, segment.key, number), |link| Ok(Some(link)))?;
        if link.is_some() {
            return Ok(link);
        }
    }
    Ok(None)
}

fn read_segment(
    connection: &Connection,
    run: &RunId,
    after: u64,
    segment: &Segment,
    file: &DatabaseFile,
    (events, bytes): (&mut Vec<StoredEvent>, &mut usize),
) -> Result<(), QueryError> {
    // A body above the limit is not read at all.
    let mut query = connection.prepare_cached(
        "SELECT number, at_ms, format, CASE WHEN octet_length(body) <= ?4 THEN body END, chain FROM events
         WHERE run_key = ?1 AND number > ?2 AND number <= ?3 ORDER BY number",
    )?;
    let mut rows = query.query((segment.key, after, segment.upto, MAX_EVENT_BYTES as i64))?;
    while let Some(row) = rows.next()? {
        events.push(stored_event(row, run, file, bytes)?);
    }
    Ok(())
}

/// Returns the body in the fourth column, `NULL` for one above the limit, and adds its size to that of the run.
fn bounded_body<'a>(row: &'a Row<'_>, run: &RunId, number: u64, bytes: &mut usize) -> Result<&'a str, QueryError> {
    let Some(body) = row.get_ref(3)?.as_str_or_null().map_err(rusqlite::Error::from)? else {
        return Err(too_large(run, number, too_long()).into());
    };
    *bytes += body.len();
    match *bytes > MAX_RUN_BYTES {
        true => {
            let reason = format!("with it the run has more than {MAX_RUN_BYTES} bytes of events");
            Err(too_large(run, number, reason).into())
        }
        false => Ok(body),
    }
}

fn stored_event(row: &Row<'_>, run: &RunId, file: &DatabaseFile, bytes: &mut usize) -> Result<StoredEvent, QueryError> {
    let number = row.get(0)?;
    let body = bounded_body(row, run, number, bytes).map_err(|error| match error {
        QueryError::Sql(error) => QueryError::Journal(JournalError::DamagedEvent {
            run: run.clone(),
            number,
            location: file.to_string(),
            reason: error.to_string(),
        }),
        other => other,
    })?;
    let chain = row.get_ref(4)?.as_str().ok().and_then(|text| text.parse().ok());
    let chain = chain.ok_or_else(|| JournalError::broken(run, number, &file.to_string()))?;
    Ok(StoredEvent { number, at_ms: row.get(1)?, format: row.get(2)?, body: body.to_owned(), chain })
}

/// Parses a digest in a column.
pub(super) fn digest(column: usize, text: &str) -> rusqlite::Result<Digest> {
    let bad = |error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error));
    text.parse().map_err(bad)
}

/// Returns who asked that the run stop since it was last acquired.
pub(super) fn cancel_request(connection: &Connection, run: &RunId) -> rusqlite::Result<Option<String>> {
    let mut query = connection.prepare_cached("SELECT cancel_by FROM runs WHERE run = ?1")?;
    Ok(query.query_row((run.as_str(),), |row| row.get(0)).optional()?.flatten())
}

/// Returns how many events at the beginning of the run were imported.
pub(super) fn imported(connection: &Connection, run: &RunId, file: &DatabaseFile) -> rusqlite::Result<Option<u64>> {
    if !file.records_imports() {
        return Ok(None);
    }
    let mut query = connection.prepare_cached("SELECT imported FROM runs WHERE run = ?1")?;
    Ok(query.query_row((run.as_str(),), |row| row.get(0)).optional()?.flatten())
}

/// Returns the runs that have events, newest first.
pub(super) fn runs(connection: &Connection, file: &DatabaseFile) -> Result<Vec<RunId>, QueryError> {
    let mut query = connection.prepare_cached("SELECT run FROM runs WHERE last > 0 ORDER BY run_key DESC")?;
    let mut rows = query.query(())?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        // One name that no run can have does not hide the other runs; `integrity_faults` reports it.
        runs.extend(run_id(row, file).ok());
    }
    Ok(runs)
}

/// Returns the newest runs that have events, at most `count`, each with the number of its last event.
pub(super) fn newest(
    connection: &Connection,
    made_here: bool,
    count: usize,
    file: &DatabaseFile,
) -> Result<Vec<(RunId, u64)>, QueryError> {
    let mut query = connection.prepare_cached(match (made_here, file.records_imports()) {
        (true, true) => "SELECT run, last FROM runs WHERE last > 0 AND imported IS NULL ORDER BY run_key DESC LIMIT ?1",
        (true, false) => "SELECT run, last FROM runs WHERE last > 0 ORDER BY run_key DESC LIMIT ?1",
        (false, true) => {
            "SELECT run, last FROM runs WHERE last > 0 AND imported IS NOT NULL ORDER BY run_key DESC LIMIT ?1"
        }
        (false, false) => return Ok(Vec::new()),
    })?;
    let mut rows = query.query((i64::try_from(count).unwrap_or(i64::MAX),))?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        if let Ok(run) = run_id(row, file) {
            runs.push((run, row.get(1)?));
        }
    }
    Ok(runs)
}

/// Returns the number of the last event of a run; `None` for a run without events.
pub(super) fn last_number(connection: &Connection, run: &RunId) -> rusqlite::Result<Option<u64>> {
    let mut query = connection.prepare_cached("SELECT last FROM runs WHERE run = ?1 AND last > 0")?;
    query.query_row((run.as_str(),), |row| row.get(0)).optional()
}

/// Returns all blobs with their sizes in bytes.
pub(super) fn blob_sizes(connection: &Connection) -> Result<Vec<(Digest, u64)>, QueryError> {
    let mut query = connection.prepare_cached("SELECT digest, length(bytes) FROM blobs")?;
    let sizes = query.query_map((), |row| Ok((digest(0, row.get_ref(0)?.as_str()?)?, row.get(1)?)))?;
    let mut all = sizes.collect::<Result<BTreeMap<_, _>, _>>()?;
    let mut query = connection.prepare_cached("SELECT digest, size FROM contents")?;
    let sizes = query.query_map((), |row| Ok((Digest::from_bytes(row.get(0)?), row.get(1)?)))?;
    all.extend(sizes.collect::<Result<Vec<_>, _>>()?);
    Ok(all.into_iter().collect())
}

/// Returns the bytes of a blob, not checked against its digest; `None` if it is not stored.
pub(super) fn blob(
    connection: &Connection,
    digest: &Digest,
    file: &DatabaseFile,
) -> Result<Option<Vec<u8>>, QueryError> {
    let mut query = connection.prepare_cached("SELECT size, bytes FROM contents WHERE digest = ?1")?;
    let mut rows = query.query((digest.to_bytes(),))?;
    if let Some(row) = rows.next()? {
        let stored = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
        let damaged = || JournalError::DamagedBlob { digest: digest.clone(), location: file.to_string() };
        return Ok(Some(unpack(stored, row.get(0)?).ok_or_else(damaged)?));
    }
    let mut query = connection.prepare_cached("SELECT bytes FROM blobs WHERE digest = ?1")?;
    Ok(query.query_row((digest.as_str(),), |row| row.get(0)).optional()?)
}

pub(super) fn has_blob(connection: &Connection, digest: &Digest) -> rusqlite::Result<bool> {
    Ok(connection.prepare_cached("SELECT 1 FROM contents WHERE digest = ?1")?.exists((digest.to_bytes(),))?
        || connection.prepare_cached("SELECT 1 FROM blobs WHERE digest = ?1")?.exists((digest.as_str(),))?)
}

/// Returns the faults that the database finds in the file.
pub(super) fn integrity_faults(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut query = connection.prepare("PRAGMA integrity_check(100)")?;
    let lines = query.query_map((), |row| row.get::<_, String>(0))?;
    let mut faults: Vec<String> =
        lines.filter(|line| line.as_ref().is_ok_and(|line| line != "ok")).collect::<Result<_, _>>()?;
    let mut query = connection.prepare("PRAGMA foreign_key_check")?;
    let orphans =
        query.query_map((), |row| Ok(format!("{} names a run that is not there", row.get::<_, String>(0)?)))?;
    faults.extend(orphans.collect::<Result<Vec<_>, _>>()?);
    let mut query = connection.prepare("SELECT run FROM runs")?;
    let names = query.query_map((), |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let bad = names.iter().filter_map(|name| name.parse::<RunId>().err());
    faults.extend(bad.map(|bad| format!("the name of a run is invalid: {bad}")));
    Ok(faults)
}

/// Returns the run that this one is a fork of, and how many events they share.
pub(super) fn origin(
    connection: &Connection,
    run: &RunId,
    file: &DatabaseFile,
) -> Result<Option<(RunId, u64)>, QueryError> {
    let mut query = connection.prepare_cached(
        "SELECT origin.run, fork.shared FROM runs fork JOIN runs origin ON origin.run_key = fork.parent_key
         WHERE fork.run = ?1",
    )?;
    Ok(fork_rows(query.query((run.as_str(),))?, file)?.pop())
}

/// Returns the forks of a run, oldest first, and how many events they share.
pub(super) fn forks(connection: &Connection, of: &RunId, file: &DatabaseFile) -> Result<Vec<(RunId, u64)>, QueryError> {
    let mut query = connection.prepare_cached(
        "SELECT run, shared FROM runs WHERE parent_key = (SELECT run_key FROM runs WHERE run = ?1) ORDER BY run_key",
    )?;
    fork_rows(query.query((of.as_str(),))?, file)
}

fn fork_rows(mut rows: Rows<'_>, file: &DatabaseFile) -> Result<Vec<(RunId, u64)>, QueryError> {
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push((run_id(row, file)?, row.get(1)?));
    }
    Ok(runs)
}

/// Parses the name of a run in the first column.
pub(super) fn run_id(row: &Row<'_>, file: &DatabaseFile) -> Result<RunId, QueryError> {
    let text: String = row.get(0)?;
    text.parse().map_err(|bad: phasegate_process::InvalidName| file.damaged(&bad.to_string()).into())
}
