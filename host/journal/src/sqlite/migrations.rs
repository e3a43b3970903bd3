//! The versions of the file. Step N turns version N into version N+1. A released step never changes, so that every older
//! file can be read. All missing steps run in one transaction: a crash leaves the old file.
//!
//! | version | adds |
//! |---|---|
//! | 1 | runs, events and blobs |
//! | 2 | the chain of digests over the events, and forks |
//! | 3 | how many events of a run were imported |
//! | 4 | one row an append and smaller blobs, beside the tables of version 3, which stay as they are |
//! | 5 | budgets that several runs share |

use phasegate_process::Digest;
use rusqlite::{Connection, params};

use crate::chain::{End, StoredEvent};

/// The newest version that this build reads and writes.
pub(super) const VERSION: i64 = 5;

/// Migrates the tables from version `from` to version `to`, which is at most [`VERSION`].
pub(super) fn apply(connection: &Connection, from: i64, to: i64) -> rusqlite::Result<()> {
    let is_due = |step: i64| from < step && step <= to;
    if is_due(1) {
        connection.execute_batch(EVENTS_AND_BLOBS)?;
    }
    if is_due(2) {
        connection.execute_batch(CHAINS_AND_FORKS)?;
        add_chains(connection)?;
        connection.execute_batch("DROP TABLE events_of_version_1")?;
    }
    if is_due(3) {
        connection.execute_batch(IMPORTED_RUNS)?;
    }
    if is_due(4) {
        connection.execute_batch(APPENDS_AND_CONTENTS)?;
    }
    if is_due(5) {
        connection.execute_batch(SHARED_BUDGETS)?;
    }
    Ok(())
}

/// `runs.run_key` gives the order of creation and keeps the key of events small; a key is never used twice, so that events
/// of a removed run cannot appear in another one. `events` is clustered by run and number: loading a run reads adjacent
/// pages. Each event has its `format`, because builds of several versions may write to one run. `blobs` has row ids, which
/// keep the bytes out of the index over digests.
const EVENTS_AND_BLOBS: &str = "
    CREATE TABLE runs (
        run_key   INTEGER PRIMARY KEY AUTOINCREMENT,
        run       TEXT NOT NULL UNIQUE,
        fence     INTEGER NOT NULL,
        cancel_by TEXT
    ) STRICT;
    CREATE TABLE events (
        run_key INTEGER NOT NULL REFERENCES runs,
        number  INTEGER NOT NULL CHECK (number > 0),
        at_ms   INTEGER NOT NULL,
        format  INTEGER NOT NULL,
        name    TEXT NOT NULL,
        body    TEXT NOT NULL,
        PRIMARY KEY (run_key, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE blobs (
        blob_key INTEGER PRIMARY KEY,
        digest   TEXT NOT NULL UNIQUE,
        bytes    BLOB NOT NULL
    ) STRICT;
";

/// `events.chain` is the link of an event. The table is created anew: with a column that has a default, an older build that
/// still has the file open could write events without a link. `runs.last` and `runs.chain` are number and link of the run's
/// last event, own or shared: a lost end is found, and an append does not search for it. The first `shared` events of a
/// fork are those of `parent_key`; only later events have its own key.
const CHAINS_AND_FORKS: &str = "
    ALTER TABLE runs ADD COLUMN parent_key INTEGER REFERENCES runs;
    ALTER TABLE runs ADD COLUMN shared INTEGER;
    ALTER TABLE runs ADD COLUMN last INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN chain TEXT;
    CREATE INDEX forks ON runs (parent_key) WHERE parent_key IS NOT NULL;
    ALTER TABLE events RENAME TO events_of_version_1;
    CREATE TABLE events (
        run_key INTEGER NOT NULL REFERENCES runs,
        number  INTEGER NOT NULL CHECK (number > 0),
        at_ms   INTEGER NOT NULL,
        format  INTEGER NOT NULL,
        name    TEXT NOT NULL,
        body    TEXT NOT NULL,
        chain   TEXT NOT NULL,
        PRIMARY KEY (run_key, number)
    ) STRICT, WITHOUT ROWID;
";

/// `runs.imported` is the number of a run's first events that came from elsewhere, in an import or through the origin of a
/// fork; NULL for a run that was made here. An older build that still has the file open imports without this number.
const IMPORTED_RUNS: &str = "ALTER TABLE runs ADD COLUMN imported INTEGER";

/// Events and blobs are written to these two tables. Those of older versions stay where they are, so that migration takes no
/// time and a run that an older build still writes stays whole.
///
/// A row of `appends` holds `count` events with numbers from `first` on: `bodies` are their lines, and `chain` is the link of
/// the last one. `contents.digest` is the digest as bytes. `size` is a length before compression ([`super::packed`]). Both
/// tables have row ids: a row of some KB needs no page of its own, and rows that are written together lie together. The index
/// finds the newest imported runs among many others.
const APPENDS_AND_CONTENTS: &str = "
    CREATE TABLE appends (
        append_key INTEGER PRIMARY KEY,
        run_key    INTEGER NOT NULL REFERENCES runs,
        first      INTEGER NOT NULL CHECK (first > 0),
        count      INTEGER NOT NULL CHECK (count > 0),
        at_ms      INTEGER NOT NULL,
        format     INTEGER NOT NULL,
        size       INTEGER NOT NULL,
        bodies     BLOB NOT NULL,
        chain      BLOB NOT NULL,
        UNIQUE (run_key, first)
    ) STRICT;
    CREATE TABLE contents (
        content_key INTEGER PRIMARY KEY,
        digest      BLOB NOT NULL UNIQUE,
        size        INTEGER NOT NULL,
        bytes       BLOB NOT NULL
    ) STRICT;
    CREATE INDEX imported_runs ON runs (run_key) WHERE imported IS NOT NULL;
";

/// A limit that is NULL is no limit. Amounts of money are in billionths of a US dollar. A row of `charges` is written by the
/// owner of its run; all its numbers can be computed from the events of the run.
const SHARED_BUDGETS: &str = "
    CREATE TABLE budgets (
        name   TEXT PRIMARY KEY,
        source TEXT NOT NULL,
        calls  INTEGER,
        tokens INTEGER,
        nanos  INTEGER
    ) STRICT;
    CREATE TABLE charges (
        run_key         INTEGER PRIMARY KEY REFERENCES runs,
        budget          TEXT NOT NULL,
        calls           INTEGER NOT NULL,
        tokens          INTEGER NOT NULL,
        nanos           INTEGER NOT NULL,
        unpriced        INTEGER NOT NULL,
        reserved_calls  INTEGER NOT NULL,
        reserved_tokens INTEGER NOT NULL,
        reserved_nanos  INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX charges_of_budget ON charges (budget);
";

/// Gives one connection the tables of version 5 on an older file, without rows.
pub(super) const TABLES_OF_VERSION_5: &str = "
    CREATE TEMP VIEW budgets AS SELECT '' AS name, '' AS source, 0 AS calls, 0 AS tokens, 0 AS nanos WHERE 0;
    CREATE TEMP VIEW charges AS SELECT 0 AS run_key, '' AS budget, 0 AS calls, 0 AS tokens, 0 AS nanos, 0 AS unpriced,
        0 AS reserved_calls, 0 AS reserved_tokens, 0 AS reserved_nanos WHERE 0;
";

/// Gives one connection the tables of version 4 on an older file, without rows.
pub(super) const TABLES_OF_VERSION_4: &str = "
    CREATE TEMP VIEW appends AS SELECT 0 AS run_key, 0 AS first, 0 AS count, 0 AS at_ms, 0 AS format, 0 AS size,
        x'' AS bodies, x'' AS chain WHERE 0;
    CREATE TEMP VIEW contents AS SELECT x'' AS digest, 0 AS size, x'' AS bytes WHERE 0;
";

/// Gives one connection the columns of `runs` of version 2 on a file of version 1, so that it can be read without migration.
pub(super) const RUNS_OF_VERSION_1: &str = "
    CREATE TEMP VIEW runs AS SELECT
        run_key, run, fence, cancel_by, NULL AS parent_key, NULL AS shared,
        (SELECT coalesce(max(number), 0) FROM main.events WHERE events.run_key = runs.run_key) AS last, NULL AS chain
    FROM main.runs;
";

/// Copies the events and adds their links. A gap stays a gap, and the links after it do not match.
fn add_chains(connection: &Connection) -> rusqlite::Result<()> {
    let mut old = connection.prepare(
        "SELECT run_key, number, at_ms, format, name, body FROM events_of_version_1 ORDER BY run_key, number",
    )?;
    let mut insert = connection.prepare(
        "INSERT INTO events (run_key, number, at_ms, format, name, body, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut rows = old.query(())?;
    let (mut run_key, mut end) = (0, End::default());
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(0)? != run_key {
            update_end(connection, run_key, &end)?;
            (run_key, end) = (row.get(0)?, End::default());
        }
        end.number = row.get::<_, u64>(1)?.saturating_sub(1);
        let StoredEvent { number, at_ms, format, body, chain } = end.push(row.get(2)?, row.get(3)?, row.get(5)?);
        insert.execute(params![run_key, number, at_ms, format, row.get::<_, String>(4)?, body, chain.as_str()])?;
    }
    update_end(connection, run_key, &end)
}

/// Stores number and link of a run's last event with the run.
pub(super) fn update_end(connection: &Connection, run_key: i64, end: &End) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached("UPDATE runs SET last = ?2, chain = ?3 WHERE run_key = ?1")?;
    update.execute((run_key, end.number, end.chain.as_ref().map(Digest::as_str))).map(drop)
}
