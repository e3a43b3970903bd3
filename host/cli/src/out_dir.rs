//! The output folder of each run: which one it is, and whether it may be written.
//!
//! A folder that a person typed may be new, empty, or hold the result of the run; `--force` allows any other. The folder that
//! the state folder remembers, and the default one, may have been prepared by others: they must lie in the project, and no
//! flag allows their content.

use std::fs::{File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};

use phasegate_files::{Access, create_private_folder, lock_holder, open_private, replace};
use phasegate_process::RunId;
use phasegate_runtime::output::{self, OutputError};
use phasegate_runtime::{Error, ErrorCode};

use crate::exit::{Exit, Failure};
use crate::paths::{current_dir, display_path, is_within, real_path};
use crate::view::owner::render_owner;

/// The name of the folder in which default output folders are.
pub const OUT: &str = "phasegate-out";
/// The largest file that names an output folder.
const MAX_PATH_BYTES: u64 = 8 << 10;

/// Saves the output folder of a run, so that `resume` finds it. The file is replaced atomically; a failure is only logged.
pub fn save_out_dir(state: &Path, run: &RunId, out: &Path) {
    let folder = state.join("out");
    let file = folder.join(run.as_str());
    let written =
        create_private_folder(&folder).and_then(|()| replace(&file, out.display().to_string().as_bytes(), 0o600));
    if let Err(why) = written {
        tracing::warn!("{} cannot be written: {why}", file.display());
    }
}

/// Marks the output folder of a new run as its own if it lies outside of the project, where `resume` writes into no other
/// folder. A failure is only logged.
pub fn claim_out_dir(state: &Path, run: &RunId, out: &Path) {
    if is_within_project(state, out) {
        return;
    }
    if let Err(why) = output::claim(out, run) {
        tracing::warn!("{} cannot be written: {why}", out.display());
    }
}

/// Returns the saved output folder of a run, else the default.
pub fn out_dir(state: &Path, run: &RunId) -> PathBuf {
    let saved = open_private(&state.join("out").join(run.as_str()), Access::Read).and_then(|file| {
        let mut text = String::new();
        file.take(MAX_PATH_BYTES).read_to_string(&mut text).map(|_| text)
    });
    match saved {
        Ok(out) if !out.is_empty() => current_dir().join(out),
        _ => default_out_dir(run),
    }
}

/// Returns the default output folder of a run.
pub fn default_out_dir(run: &RunId) -> PathBuf {
    default_parent().join(run.as_str())
}

/// Returns the folder in which default output folders are.
pub fn default_parent() -> PathBuf {
    current_dir().join(OUT)
}

/// Rejects a typed output folder that is not empty, unless `force` is set, or that shares a place with the state folder.
pub fn check_out_dir(state: &Path, out: &Path, force: bool) -> Result<(), Failure> {
    check_apart(state, out)?;
    output::check_out(out, force).map_err(|error| match error {
        OutputError::NotEmpty { .. } => {
            Failure::usage(format!("output folder `{}` is not empty; nothing was started", display_path(out)))
                .with_hint("choose another folder with --out, or overwrite it with --force")
        }
        _ => unwritable(error),
    })
}

/// Keeps other processes from an output folder until it is dropped. It is a lock of the operating system and leaves no file.
#[derive(Debug)]
pub struct OutLock {
    /// Holds the lock.
    _folder: File,
    /// Folders that were created for this, the innermost first, to be removed if they stay empty.
    created: Vec<PathBuf>,
}

impl Drop for OutLock {
    fn drop(&mut self) {
        // Fails if something is in it.
        let _ = self.created.iter().try_for_each(std::fs::remove_dir);
    }
}

/// Locks the typed output folder of a new run, and checks it again: another process may have written it meanwhile.
pub fn lock_out_dir(state: &Path, out: &Path, force: bool) -> Result<OutLock, Failure> {
    let lock = try_lock(out)?;
    check_out_dir(state, out, force).map(|()| lock)
}

/// Locks an output folder, and creates it if there is none. Fails if another process has locked it. Where the file system has no
/// locks, every process may go on.
pub fn try_lock(out: &Path) -> Result<OutLock, Failure> {
    try_lock_or_holder(out)?.map_err(|holder| {
        let owner = render_owner(holder, 0);
        let message = format!("output folder `{}` is in use by {owner}; nothing was started", display_path(out));
        Failure::usage(message)
            .with_code(ErrorCode::InvalidOutFolder)
            .with_hint("wait until that process ends, or choose another folder with --out")
    })
}

/// The same, with the process that has locked the folder as the inner error; 0 if it is unknown.
pub fn try_lock_or_holder(out: &Path) -> Result<Result<OutLock, u32>, Failure> {
    let unusable = |why: std::io::Error| {
        let reason = phasegate_files::describe(&why);
        Failure::from(Error::from(OutputError::Io { path: display_path(out), reason })).with_exit(Exit::Usage)
    };
    let created: Vec<PathBuf> = out.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect();
    std::fs::create_dir_all(out).map_err(unusable)?;
    let folder = File::open(out).map_err(unusable)?;
    if let Err(TryLockError::WouldBlock) = folder.try_lock() {
        let holder = folder.metadata().ok().and_then(|metadata| lock_holder(&metadata));
        return Ok(Err(holder.map_or(0, |process| process.pid)));
    }
    Ok(Ok(OutLock { _folder: folder, created }))
}

/// Rejects an output folder that lies in the state folder or contains it, unless it is the project with its own `.phasegate`.
pub fn check_apart(state: &Path, out: &Path) -> Result<(), Failure> {
    let (real_state, real_out) = (real_path(state), real_path(out));
    let is_project = real_state.parent() == Some(&real_out) && real_state.ends_with(".phasegate");
    let relation = match () {
        () if real_out == real_state => "is",
        () if real_out.starts_with(&real_state) => "lies in",
        () if real_state.starts_with(&real_out) && !is_project => "contains",
        () => return Ok(()),
    };
    let (out, state) = (display_path(out), display_path(state));
    Err(Failure::usage(format!("output folder `{out}` {relation} the state folder `{state}`; nothing was started"))
        .with_code(ErrorCode::InvalidOutFolder)
        .with_hint("choose another folder with --out or --state"))
}

/// Tries to write to an output folder that was checked, and leaves nothing behind. Called before a run pays for anything.
pub fn try_out_dir(out: &Path) -> Result<(), Failure> {
    output::try_out(out).map_err(unwritable)
}

/// A folder that cannot be written, found before anything was started.
fn unwritable(error: OutputError) -> Failure {
    match error {
        OutputError::Io { path, reason } => {
            let path = display_path(Path::new(&path));
            Failure::usage(format!("output folder `{path}` cannot be written: {reason}; nothing was started"))
                .with_code(ErrorCode::UnwritableOutput)
                .with_hint("make it writable, or choose another folder with --out")
        }
        error => Failure::from(Error::from(error)).with_exit(Exit::Usage),
    }
}

/// Rejects a default output folder of a new run that a symbolic link in the project leads out of it.
pub fn check_default_out_dir(out: &Path) -> Result<(), Failure> {
    check_no_special_folder(&current_dir().join(".phasegate"), out)?;
    match is_within(out, &current_dir()) {
        true => Ok(()),
        false => Err(untrusted(out, "leads out of the current folder through a symbolic link")),
    }
}

/// Rejects a folder of an experiment's output that a symbolic link leads out of it, or that has content of others.
pub fn check_run_of_experiment(state: &Path, run: &RunId, experiment: &Path, out: &Path) -> Result<(), Failure> {
    match !experiment.exists() || is_within(out, experiment) {
        true => check_resumed_out_dir(state, run, Some(out), false),
        false => Err(untrusted(out, "leads out of the experiment's folder through a symbolic link")),
    }
}

/// Checks the output folder of a run that is resumed, before anything else happens. `typed` is the folder of `--out`.
pub fn check_resumed_out_dir(state: &Path, run: &RunId, typed: Option<&Path>, force: bool) -> Result<(), Failure> {
    let remembered = out_dir(state, run);
    let out = typed.unwrap_or(&remembered);
    if typed.is_none() {
        check_no_special_folder(state, out)?;
    }
    if output::belongs_to(out, run) {
        return Ok(());
    }
    if let Some(out) = typed {
        return check_out_dir(state, out, force);
    }
    if let Err(error) = output::check_out(out, false) {
        return Err(match error {
            OutputError::NotEmpty { .. } => untrusted(out, &format!("has content, but no result of run {run}")),
            _ => Failure::from(Error::from(error)).with_exit(Exit::Usage),
        });
    }
    match is_within_project(state, out) {
        true => Ok(()),
        false => Err(untrusted(out, "lies outside of the project, and only the state folder names it")),
    }
}

/// Rejects a folder that a person did not type and that other programs act on: the project itself, a folder above it, and
/// folders of version control and of this program.
fn check_no_special_folder(state: &Path, out: &Path) -> Result<(), Failure> {
    let real = real_path(out);
    let is_special = |name: &std::ffi::OsStr| {
        let name = name.to_string_lossy().to_lowercase();
        [".git", ".hg", ".svn", ".jj", ".bzr", "cvs", "_darcs", ".phasegate"].contains(&name.as_str())
    };
    let projects = [Some(current_dir()), state.parent().map(Path::to_owned)];
    let contains_project = |project: &PathBuf| project.canonicalize().is_ok_and(|project| project.starts_with(&real));
    match () {
        () if real.iter().any(is_special) => Err(untrusted(out, "is a folder of version control or of phasegate")),
        () if projects.iter().flatten().any(contains_project) => Err(untrusted(out, "is the project's own folder")),
        () => Ok(()),
    }
}

fn untrusted(out: &Path, why: &str) -> Failure {
    Failure::usage(format!("output folder `{}` {why}; nothing was started", display_path(out)))
        .with_code(ErrorCode::InvalidOutFolder)
        .with_hint("choose a folder with --out DIR, and add --force to overwrite what is in it")
}

/// Returns true if the path lies in the current folder, or in the one that the state folder is in.
fn is_within_project(state: &Path, out: &Path) -> bool {
    is_within(out, &current_dir()) || state.parent().is_some_and(|project| is_within(out, project))
}
