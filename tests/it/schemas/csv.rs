//! The columns that `docs/schemas/csv.md` lists.

use std::collections::BTreeSet;
use std::fs;

use phasegate_test::repository;

/// The columns in the table of a file.
pub fn documented_columns(file: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("docs/schemas/csv.md")).unwrap();
    let (_, section) = text.split_once(&format!("\n## {file}\n")).unwrap();
    let rows = section.split("\n## ").next().unwrap().lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.flat_map(|row| row.split(" | ").next().unwrap().split(", "));
    names.map(|name| name.trim_matches('`').to_owned()).collect()
}

/// The columns of a file.
pub fn columns(csv: &str) -> BTreeSet<String> {
    csv.lines().next().unwrap().split(',').map(str::to_owned).collect()
}
