//! Whether an output folder is the one of a run.

use std::io;
use std::path::Path;

use phasegate_files::Folder;
use phasegate_process::RunId;
use serde::Deserialize;

/// The largest result that is read.
const MAX_RESULT_BYTES: u64 = 64 << 20;

/// The names that `write_out` gives to the result, if generated files do not take more of them.
const NAMES: [&str; 3] = ["result.json", "phasegate-result.json", "phasegate-phasegate-result.json"];

/// Holds the id of a run whose output is not written yet.
pub(crate) const CLAIM: &str = ".phasegate-run";

/// The part of a result that names its run.
#[derive(Deserialize)]
struct Result {
    run_id: RunId,
}

/// Marks a folder, which is created if necessary, as the output folder of a run. The mark is removed with the first output.
pub fn claim(dir: &Path, run: &RunId) -> io::Result<()> {
    Folder::create(dir)?.write(CLAIM, run.as_str().as_bytes())
}

/// Returns true if the folder holds the result of this run, or was claimed for it. Files behind links do not count.
pub fn belongs_to(dir: &Path, run: &RunId) -> bool {
    let Ok(folder) = Folder::open(dir) else { return false };
    if folder.read(CLAIM, 1 << 10).is_ok_and(|claim| claim == run.as_str().as_bytes()) {
        return true;
    }
    let is_own = |bytes: Vec<u8>| serde_json::from_slice::<Result>(&bytes).is_ok_and(|result| result.run_id == *run);
    NAMES.iter().any(|name| folder.read(name, MAX_RESULT_BYTES).is_ok_and(is_own))
}
