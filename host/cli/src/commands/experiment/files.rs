//! The out folder of an experiment: report, tables, and a folder for each run.

use std::path::Path;

use phasegate_process::experiment::Results;

use super::table;
use crate::exit::Failure;
use crate::paths;

/// The file by which a folder is known as one that an experiment wrote.
const RESULTS: &str = "results.json";

/// Refuses a folder that holds something else.
pub fn check(out: &Path) -> Result<(), Failure> {
    let shown = paths::display_path(out);
    match std::fs::read_dir(out) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(why) => {
            Err(Failure::usage(format!("{shown} cannot be used: {why}\nhint: choose another folder with --out")))
        }
        Ok(mut entries) => match entries.next().is_none() || out.join(RESULTS).is_file() || out.join("runs").is_dir() {
            true => Ok(()),
            false => Err(Failure::usage(format!(
                "{shown} holds something else, and nothing was started\nhint: choose another folder with --out"
            ))),
        },
    }
}

/// Writes what the experiment came to; what an earlier call wrote is replaced.
pub fn write(out: &Path, results: &Results) -> Result<(), Failure> {
    let files = [
        ("report.md", table::render_report(results)),
        ("results.csv", table::render_csv(results)),
        ("cells.csv", table::render_cells_csv(results)),
        (RESULTS, table::render_json(results)),
    ];
    let failed = |why: std::io::Error| {
        let hint = "make room and make it writable; the same command writes it again";
        Failure::infrastructure(format!("{} cannot be written: {why}\nhint: {hint}", paths::display_path(out)))
    };
    std::fs::create_dir_all(out).map_err(failed)?;
    files.iter().try_for_each(|(name, text)| std::fs::write(out.join(name), text)).map_err(failed)
}
