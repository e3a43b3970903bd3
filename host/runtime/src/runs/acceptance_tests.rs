//! The acceptance tests of a task: files in its folder that no agent reads.
//!
//! Guarantees: what [`gather_context_files`] says about paths and links; a file that is reached by two names is held out
//! under both. Fails with [`AcceptanceError`], which names the pattern or the file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use phasegate_process::task::{ContextPattern, Task};
use phasegate_process::testing::File;

use crate::error::acceptance::AcceptanceError;
use crate::error::context_files::ContextError;
use crate::runs::context_files::{ContextFile, ContextFiles, ReservedPaths, gather_context_files};

/// Reads the acceptance tests of a task, sorted by path. Fails if a pattern matches no file.
pub(crate) fn gather_acceptance_tests(
    task: &Task,
    folder: &Path,
    reserved: &ReservedPaths,
) -> Result<Vec<File>, AcceptanceError> {
    let found = gather(task, folder, reserved).map_err(AcceptanceError::File)?;
    let text = |file: ContextFile| match String::from_utf8(file.bytes) {
        Ok(content) => Ok(File { path: file.path, content }),
        Err(_) => Err(AcceptanceError::NotText { path: file.path }),
    };
    found.files.into_iter().map(text).collect()
}

fn gather(task: &Task, folder: &Path, reserved: &ReservedPaths) -> Result<ContextFiles, ContextError> {
    let pattern = |path: &String| {
        let pattern = ContextPattern { path: path.clone(), base: false, allow: true };
        // A glob leaves out what it always leaves out.
        ContextPattern { allow: !pattern.is_glob(), ..pattern }
    };
    gather_context_files(&task.acceptance.iter().map(pattern).collect::<Vec<_>>(), folder, reserved)
}

/// Takes the acceptance tests of a task out of its context files. Fails if the task names one of them as a context file by its path.
pub(crate) fn without_acceptance_tests(
    mut context: ContextFiles,
    task: &Task,
    folder: &Path,
    reserved: &ReservedPaths,
) -> Result<ContextFiles, ContextError> {
    if task.acceptance.is_empty() || context.files.is_empty() {
        return Ok(context);
    }
    // Faults of the tests are reported where they are read for the run.
    let Ok(tests) = gather(task, folder, reserved) else { return Ok(context) };
    let real = |path: &str| folder.join(path).canonicalize().ok();
    let held_out: BTreeSet<PathBuf> = tests.files.iter().filter_map(|file| real(&file.path)).collect();
    let is_held_out = |path: &str| real(path).is_some_and(|path| held_out.contains(&path));
    if let Some(named) = task.context_files.iter().find(|pattern| !pattern.is_glob() && is_held_out(&pattern.path)) {
        return Err(ContextError::HeldOut { path: named.path.clone() });
    }
    context.hold_out(is_held_out);
    Ok(context)
}
