//! The database of a journal with events and blobs in the tables of version 3, uncompressed, so that tests can damage them.

use std::path::Path;

use phasegate_journal::{Journal, SqliteJournal, StoredEvent};
use phasegate_process::RunId;
use rusqlite::{Connection, params};

/// Opens the database of a state folder without the checks of the journal, and moves all events and blobs to the tables of
/// version 3, which every version reads. Leaves what cannot be read.
pub fn open_with_old_tables(state: &Path) -> Connection {
    let mut file = Connection::open(state.join("journal.db")).unwrap();
    let version: i64 = file.query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap_or_default();
    if version >= 4
        && let Ok(journal) = SqliteJournal::open_to_read(state)
    {
        move_rows(&mut file, &journal).unwrap();
    }
    file
}

fn move_rows(file: &mut Connection, journal: &SqliteJournal) -> rusqlite::Result<()> {
    let change = file.transaction()?;
    let runs = "SELECT run_key, run, min(first) FROM appends JOIN runs USING (run_key) GROUP BY run_key";
    let runs: Vec<(i64, String, u64)> = change
        .prepare(runs)?
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (key, run, first) in runs {
        let run: RunId = run.parse().unwrap();
        let Ok(events) = journal.stored_after(&run, first - 1) else { continue };
        for StoredEvent { number, at_ms, format, body, chain } in events {
            change.execute(
                "INSERT INTO events (run_key, number, at_ms, format, name, body, chain) VALUES (?1, ?2, ?3, ?4, '', ?5, ?6)",
                params![key, number, at_ms, format, body, chain.as_str()],
            )?;
        }
        change.execute("DELETE FROM appends WHERE run_key = ?1", (key,))?;
    }
    for (digest, _) in journal.blob_sizes().unwrap_or_default() {
        if let Ok(Some(bytes)) = journal.blob(&digest) {
            change.execute("INSERT OR IGNORE INTO blobs (digest, bytes) VALUES (?1, ?2)", (digest.as_str(), bytes))?;
            change.execute("DELETE FROM contents WHERE digest = ?1", (digest.to_bytes(),))?;
        }
    }
    change.commit()
}
