//! What is printed about pulled plugins.

use phasegate_process::lock::PinnedPackage;
use serde_json::{Value, json};

use super::fetch::Fetched;
use super::record::Recorded;
use crate::terminal::printer::Printer;
use crate::terminal::table::{self, Column, Room};

/// The version of the JSON form.
const FORMAT: u32 = 1;

const COLUMNS: [Column; 5] = [
    Column::new("plugin", 0),
    Column::new("version", 1),
    Column::new("lock file", 2),
    Column::new("signature", 0).with(Room::Lines(20)),
    Column::new("from", 3),
];

/// Prints the plugins as a table or as JSON.
pub fn print(printer: &Printer, fetched: &[Fetched], recorded: &[Recorded], as_json: bool) {
    let both = || fetched.iter().zip(recorded);
    if as_json {
        let plugins: Vec<Value> = both().map(|(one, recorded)| describe(one, *recorded)).collect();
        printer.print_json_pretty(&json!({ "format": FORMAT, "plugins": plugins }));
        return;
    }
    let rows = both().map(|(one, recorded)| {
        vec![
            one.plugin.to_string(),
            one.pin.version.clone().unwrap_or_else(|| "-".to_owned()),
            recorded.as_str().to_owned(),
            one.signature.to_string(),
            one.pin.package.as_ref().map(|package| package.reference.to_string()).unwrap_or_default(),
        ]
    });
    printer.print(&table::render(&COLUMNS, &rows.collect::<Vec<_>>(), printer.paint().width()));
}

fn describe(one: &Fetched, recorded: Recorded) -> Value {
    let package = one.pin.package.as_ref();
    json!({
        "plugin": one.plugin,
        "version": one.pin.version,
        "reference": package.map(|package| package.reference.to_string()),
        "manifest": package.map(|PinnedPackage { manifest, .. }| manifest),
        "digest": one.pin.digest,
        "signature": one.signature.to_json(),
        "lock": recorded.as_str(),
    })
}
