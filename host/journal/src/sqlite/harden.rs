//! Settings of every connection against a file that somebody else prepared, and the limits of a query.
//!
//! The schema is checked as well ([`super::schema`]), but the pages of the file may still lie: one page may be a part of a
//! table many times over, and a value may seem larger than the file. What a query costs is therefore limited in proportion to
//! the size of the file.

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;

/// The steps of SQLite's virtual machine that any query may take, and those it may take for each byte of the file. The
/// costliest query, the integrity check, takes less than one step for a byte.
const STEPS: u64 = 1_000_000;
const STEPS_PER_BYTE: u64 = 4;

/// How often the steps are counted.
const INTERVAL: u64 = 10_000;

/// Bytes of a value that are allowed whatever the size of the file.
const MIN_LENGTH: u64 = 1 << 20;

/// SQLite's own limit for the bytes of a value.
pub(super) const MAX_LENGTH: u64 = 1_000_000_000;

/// Turns off what no journal uses. `to_rescue` is for a damaged file: SQLite opens a truncated one only if the schema counts
/// as writable, which excludes the protection of the schema.
pub(super) fn harden(connection: &Connection, to_rescue: bool) -> rusqlite::Result<()> {
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, !to_rescue),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        // Views of the connection itself still work.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ] {
        connection.set_db_config(setting, on)?;
    }
    connection.pragma_update(None, "cell_size_check", true)?;
    // With mapped memory, a file that shrinks ends the process.
    connection.pragma_update_and_check(None, "mmap_size", 0, |_| Ok(()))?;
    if to_rescue {
        connection.pragma_update(None, "writable_schema", true)?;
    }
    Ok(())
}

/// Limits the next queries, together, for a file of this size. Exceeding the steps interrupts the query.
pub(super) fn limit_work(connection: &Connection, bytes: u64) -> rusqlite::Result<()> {
    let length = bytes.clamp(MIN_LENGTH, MAX_LENGTH);
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(length).unwrap_or(i32::MAX))?;
    let mut left = max_steps(bytes) / INTERVAL;
    let interval = i32::try_from(INTERVAL).unwrap_or(i32::MAX);
    connection.progress_handler(
        interval,
        Some(move || {
            left = left.saturating_sub(1);
            left == 0
        }),
    );
    Ok(())
}

/// Returns the number of steps that queries on a file of this size may take.
pub(super) fn max_steps(bytes: u64) -> u64 {
    STEPS.saturating_add(bytes.saturating_mul(STEPS_PER_BYTE))
}
