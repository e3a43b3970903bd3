//! Whether an output folder is the one of a run.

use std::io;
use std::path::Path;

use phasegate_files::Folder;
use phasegate_process::RunId;
use phasegate_process::result::TaskStatus;
use serde::Deserialize;

/// The largest result that is read.
const MAX_RESULT_BYTES: u64 = 64 << 20;

/// The names that `write_out` gives to the result, if generated files do not take more of them.
const NAMES: [&str; 3] = ["result.json", "phasegate-result.json", "phasegate-phasegate-result.json"];

/// Holds the id of a run whose output is not written yet.
pub(crate) const CLAIM: &str = ".phasegate-run";

/// The part of a result that says what the folder has.
#[derive(Deserialize)]
struct KnownResult {
    run_id: RunId,
    #[serde(default)]
    status: String,
    /// Every file; results of earlier versions do not list them.
    #[serde(default)]
    files: Vec<String>,
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
    read_result(&folder, run).is_some()
}

/// Returns true if the folder holds the result of this run after its end.
pub fn has_final_result(dir: &Path, run: &RunId) -> bool {
    let ended = [TaskStatus::Passed, TaskStatus::Failed, TaskStatus::Aborted];
    let result = Folder::open(dir).ok().and_then(|folder| read_result(&folder, run));
    result.is_some_and(|result| ended.iter().any(|status| status.as_str() == result.status))
}

/// Returns the files that an earlier call wrote for this run.
pub(super) fn earlier_files(folder: &Folder, run: &RunId) -> Vec<String> {
    read_result(folder, run).map(|result| result.files).unwrap_or_default()
}

fn read_result(folder: &Folder, run: &RunId) -> Option<KnownResult> {
    let results = NAMES.iter().filter_map(|name| folder.read(name, MAX_RESULT_BYTES).ok());
    let mut results = results.filter_map(|bytes| serde_json::from_slice::<KnownResult>(&bytes).ok());
    results.find(|result| result.run_id == *run)
}
