//! The tables of the file must be exactly those that the migrations create.
//!
//! A file from elsewhere could contain triggers, views, generated columns, defaults or expressions in an index, which act when
//! it is read or written. The comparison covers type, name, table and SQL of every entry, so none of them gets that far. The
//! SQL of a table that was altered is what the bundled SQLite makes of it: a new release of SQLite that formats it otherwise
//! fails the tests with golden files.

use std::collections::HashSet;
use std::sync::OnceLock;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::migrations;

/// The longest name of an entry that an error shows, in characters.
const MAX_NAME: usize = 40;

/// An entry of `sqlite_schema`.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Entry {
    kind: String,
    name: String,
    table: String,
    /// `None` for an index that belongs to a constraint.
    sql: Option<String>,
}

/// The reason why a schema is not the one of a journal.
pub(super) enum SchemaFault {
    /// It cannot be read.
    Sql(rusqlite::Error),
    /// An entry is missing. The text says which one.
    Missing(String),
    /// An entry is one that no version creates. The text says which one.
    Foreign(String),
}

impl From<rusqlite::Error> for SchemaFault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// Checks the entries of a file of this version.
pub(super) fn check(connection: &Connection, version: i64) -> Result<(), SchemaFault> {
    let mut expected = entries_of(version)?;
    check_entries(connection, &mut expected)?;
    match expected.iter().next() {
        Some(missing) => Err(SchemaFault::Missing(format!("its {} {} is missing", missing.kind, missing.name))),
        None => Ok(()),
    }
}

fn check_entries(connection: &Connection, expected: &mut HashSet<Entry>) -> Result<(), SchemaFault> {
    let mut query = connection.prepare(ENTRIES)?;
    let mut rows = query.query(())?;
    while let Some(row) = rows.next()? {
        let entry = entry(row)?;
        if !expected.remove(&entry) {
            return Err(SchemaFault::Foreign(render_foreign(&entry, expected)));
        }
    }
    Ok(())
}

fn render_foreign(entry: &Entry, expected: &HashSet<Entry>) -> String {
    let changed = expected.iter().any(|other| (&other.kind, &other.name) == (&entry.kind, &entry.name));
    let name: String = entry.name.chars().take(MAX_NAME).flat_map(char::escape_debug).collect();
    let kind = match entry.kind.as_str() {
        kind @ ("table" | "index" | "view" | "trigger") => kind,
        _ => "entry",
    };
    let article = if matches!(kind, "index" | "entry") { "an" } else { "a" };
    match changed {
        true => format!("its {kind} `{name}` is not defined as phasegate defines it"),
        false => format!("it has {article} {kind} `{name}`, which phasegate did not create"),
    }
}

/// The entries of a new file of the newest version. Every connection is checked, and a process opens several.
static NEWEST: OnceLock<HashSet<Entry>> = OnceLock::new();

/// Returns the entries of a new file of a version.
fn entries_of(version: i64) -> rusqlite::Result<HashSet<Entry>> {
    if version != migrations::VERSION {
        return create_entries(version);
    }
    match NEWEST.get() {
        Some(entries) => Ok(entries.clone()),
        None => create_entries(version).map(|entries| NEWEST.get_or_init(|| entries).clone()),
    }
}

fn create_entries(version: i64) -> rusqlite::Result<HashSet<Entry>> {
    let model = Connection::open_in_memory()?;
    migrations::apply(&model, 0, version)?;
    let mut query = model.prepare(ENTRIES)?;
    query.query_map((), entry)?.collect()
}

const ENTRIES: &str = "SELECT type, name, tbl_name, sql FROM sqlite_schema";

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let text = |column| {
        Ok::<_, rusqlite::Error>(match row.get_ref(column)? {
            ValueRef::Null => None,
            ValueRef::Text(text) | ValueRef::Blob(text) => Some(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
        })
    };
    let named = |column| Ok::<_, rusqlite::Error>(text(column)?.unwrap_or_default());
    Ok(Entry { kind: named(0)?, name: named(1)?, table: named(2)?, sql: text(3)? })
}
