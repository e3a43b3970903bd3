//! The output folder of an experiment: report, tables, and a folder for each run.

use std::path::Path;

use phasegate_files::Folder;
use phasegate_process::experiment::Results;

use super::{html, notes, table};
use crate::exit::Failure;
use crate::paths;

/// The file that marks the output folder of an experiment.
const RESULTS: &str = "results.json";

/// Rejects a folder with other content.
pub fn check(out: &Path) -> Result<(), Failure> {
    let shown = paths::display_path(out);
    match std::fs::read_dir(out) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(why) => {
            Err(Failure::usage(format!("{shown} cannot be used: {why}")).with_hint("choose another folder with --out"))
        }
        Ok(mut entries) => match entries.next().is_none() || out.join(RESULTS).is_file() || out.join("runs").is_dir() {
            true => Ok(()),
            false => {
                Err(Failure::usage(format!("{shown} is not the output folder of an experiment; nothing was started"))
                    .with_hint("choose another folder with --out"))
            }
        },
    }
}

/// Writes the results, and replaces those of an earlier call.
pub fn write(out: &Path, results: &Results) -> Result<(), Failure> {
    let prices = notes::render_prices(results);
    let methods: Vec<&str> = [table::NOTES, prices.trim()].into_iter().filter(|note| !note.is_empty()).collect();
    let files = [
        ("report.html", html::render(results, &methods)),
        ("report.md", table::render_report(results) + &notes::render_report(results)),
        ("results.csv", table::render_csv(results)),
        ("differences.csv", table::render_differences_csv(results)),
        ("gates.csv", table::render_gates_csv(results)),
        ("cells.csv", table::render_cells_csv(results)),
        (RESULTS, table::render_json(results)),
    ];
    let failed = |name: &str, why: std::io::Error| {
        Failure::infrastructure(format!("{} cannot be written: {why}", paths::display_path(&out.join(name)))).with_hint(
            match why.raw_os_error() {
                None => "move it away, then repeat the command",
                Some(_) => "free some space or make the folder writable, then repeat the command",
            },
        )
    };
    let folder = Folder::create(out).map_err(|why| failed("", why))?;
    files.iter().try_for_each(|(name, text)| folder.write(name, text.as_bytes()).map_err(|why| failed(name, why)))
}
