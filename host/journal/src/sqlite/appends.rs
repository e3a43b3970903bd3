//! Rows of the table `appends`: events that were written together, which differ in nothing but their numbers and bodies.
//!
//! A row holds the bodies line by line, compressed, and the link of its last event. The links of the others are computed.

use bytes::Bytes;
use phasegate_process::{Digest, RunId};
use rusqlite::{Connection, Row, params};

use super::file::DatabaseFile;
use super::packed::{Packed, unpack};
use super::query_error::QueryError;
use crate::bounds::{MAX_EVENT_BYTES, MAX_RUN_BYTES, too_large, too_long};
use crate::chain::{End, StoredEvent};
use crate::error::JournalError;

/// Events to write as one row. Their numbers and links are known when they are written.
pub(super) struct NewRow {
    at_ms: u64,
    format: u32,
    bodies: Vec<String>,
    packed: Packed,
}

impl NewRow {
    /// Divides events, given as time, format and body, into as few rows as possible.
    pub(super) fn all(events: impl IntoIterator<Item = (u64, u32, String)>) -> Vec<Self> {
        let (mut rows, mut bodies, mut shared, mut bytes) = (Vec::new(), Vec::new(), (0, 0), 0);
        for (at_ms, format, body) in events {
            // A body that is more than a line has a row of its own.
            let is_line = !body.contains('\n');
            let joins = is_line && shared == (at_ms, format) && bytes + body.len() < MAX_EVENT_BYTES;
            if !joins {
                rows.extend(Self::new(shared, std::mem::take(&mut bodies)));
                bytes = 0;
            }
            bytes += if is_line { body.len() + 1 } else { MAX_EVENT_BYTES };
            shared = (at_ms, format);
            bodies.push(body);
        }
        rows.extend(Self::new(shared, bodies));
        rows
    }

    /// Returns `None` where there are no events.
    fn new((at_ms, format): (u64, u32), bodies: Vec<String>) -> Option<Self> {
        let packed = Packed::new(Bytes::from(bodies.join("\n")));
        (!bodies.is_empty()).then_some(Self { at_ms, format, bodies, packed })
    }

    /// Returns the bytes that it takes in the file.
    pub(super) fn bytes(&self) -> usize {
        self.packed.bytes.len()
    }

    /// Writes the row behind the end of a run, and moves the end.
    pub(super) fn insert(&self, connection: &Connection, run_key: i64, end: &mut End) -> rusqlite::Result<()> {
        let first = end.number + 1;
        for body in &self.bodies {
            end.advance(self.at_ms, self.format, body);
        }
        let mut insert = connection.prepare_cached(
            "INSERT INTO appends (run_key, first, count, at_ms, format, size, bodies, chain)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        let chain = end.chain.as_ref().map(Digest::to_bytes);
        insert
            .execute(params![
                run_key,
                first,
                self.bodies.len(),
                self.at_ms,
                self.format,
                self.packed.size,
                &*self.packed.bytes,
                chain
            ])
            .map(drop)
    }
}

/// Reads the events of rows of one key up to number `upto`, from the row on that contains the event after `after`.
///
/// `before` is the last event of the run's earlier keys, or the one before that row; `others` are the events of this key that
/// have rows of their own. Where the event before a row is missing, the row's links are not those of a run, except the last.
pub(super) fn read_appends(
    connection: &Connection,
    (run, key): (&RunId, i64),
    (after, upto): (u64, i64),
    (before, others): (&End, &[StoredEvent]),
    file: &DatabaseFile,
    bytes: &mut usize,
) -> Result<Vec<StoredEvent>, QueryError> {
    let mut query = connection.prepare_cached(
        "SELECT first, count, at_ms, format, size, CASE WHEN octet_length(bodies) <= ?4 THEN bodies END, chain
         FROM appends WHERE run_key = ?1 AND first <= ?3
             AND first >= coalesce((SELECT max(first) FROM appends WHERE run_key = ?1 AND first <= ?2), 0)
         ORDER BY first",
    )?;
    let mut rows = query.query((key, after.saturating_add(1), upto, MAX_EVENT_BYTES as i64))?;
    let (mut end, mut events) = (before.clone(), Vec::new());
    while let Some(row) = rows.next()? {
        let first: u64 = row.get(0)?;
        if end.number + 1 != first {
            let number = first.saturating_sub(1);
            let found = others.binary_search_by_key(&number, |event| event.number).ok().and_then(|at| others.get(at));
            end = found.map_or(End { number, chain: None }, End::at);
        }
        read_row(row, run, &mut end, file, bytes, &mut events)?;
    }
    let wanted = |event: &StoredEvent| event.number > after && i64::try_from(event.number).is_ok_and(|it| it <= upto);
    events.retain(wanted);
    Ok(events)
}

fn read_row(
    row: &Row<'_>,
    run: &RunId,
    end: &mut End,
    file: &DatabaseFile,
    bytes: &mut usize,
    events: &mut Vec<StoredEvent>,
) -> Result<(), QueryError> {
    let (first, count, at_ms, format, size) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
    let bodies = row.get_ref(5)?.as_bytes_or_null().map_err(rusqlite::Error::from)?;
    let Some(bodies) = bodies.filter(|_| size <= MAX_EVENT_BYTES) else {
        return Err(too_large(run, first, too_long()).into());
    };
    *bytes = bytes.saturating_add(size);
    if *bytes > MAX_RUN_BYTES {
        let reason = format!("with it the run has more than {MAX_RUN_BYTES} bytes of events");
        return Err(too_large(run, first, reason).into());
    }
    let broken = || JournalError::broken(run, first, &file.to_string());
    let text = unpack(bodies, size).and_then(|text| String::from_utf8(text).ok()).ok_or_else(broken)?;
    match count {
        1_u64 => events.push(end.push(at_ms, format, text)),
        _ => events.extend(text.split('\n').map(|body| end.push(at_ms, format, body.to_owned()))),
    }
    let chain = row.get(6).map(Digest::from_bytes).map_err(|_| broken())?;
    match events.last_mut() {
        Some(last) if last.number == first.saturating_add(count).saturating_sub(1) => {
            end.chain = Some(chain.clone());
            last.chain = chain;
            Ok(())
        }
        _ => Err(broken().into()),
    }
}

/// Returns the link of the last event of a row; `None` where no row of the key ends with this event.
pub(super) fn link_of_end(connection: &Connection, key: i64, number: u64) -> rusqlite::Result<Option<Digest>> {
    let mut query = connection.prepare_cached(
        "SELECT chain FROM appends
         WHERE run_key = ?1 AND first = (SELECT max(first) FROM appends WHERE run_key = ?1 AND first <= ?2)
             AND first + count - 1 = ?2",
    )?;
    let mut rows = query.query((key, number))?;
    rows.next()?.map(|row| row.get::<_, [u8; 32]>(0).map(Digest::from_bytes)).transpose()
}
