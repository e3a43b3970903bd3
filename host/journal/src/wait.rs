//! Waits for locks of other processes. Each wait is short, or it is reported and ends.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

use phasegate_files::{Process, lock_holder};
use phasegate_process::sync::lock;

use crate::error::{JournalError, render_holder};

/// After this time, a note names the process that holds the lock.
const REPORTED_AFTER: Duration = Duration::from_secs(1);

/// The longest wait. Other processes hold these locks for milliseconds, except while they remove data from a large journal or
/// migrate it.
const LONGEST: Duration = Duration::from_secs(20);

/// The time between two attempts, at first and at most.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

type Report = Box<dyn Fn(&str) + Send + Sync>;

static REPORT: OnceLock<Report> = OnceLock::new();

/// Sets where this process reports that it waits for another one, as one line of text. Without it, and in later calls, the
/// reports go to the log.
pub fn report_waits(report: impl Fn(&str) + Send + Sync + 'static) {
    let _ = REPORT.set(Box::new(report));
}

/// How a file is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    Exclusive,
    Shared,
}

/// Locks a file of the state folder; waits while other processes have locked it.
pub(crate) fn lock_file(path: &Path, file: &File, share: Share) -> Result<(), JournalError> {
    lock_within(path, file, share, REPORTED_AFTER, LONGEST, &report)
}

fn report(text: &str) {
    match REPORT.get() {
        Some(report) => report(text),
        None => tracing::warn!("{text}"),
    }
}

fn lock_within(
    path: &Path,
    file: &File,
    share: Share,
    reported_after: Duration,
    longest: Duration,
    report: &dyn Fn(&str),
) -> Result<(), JournalError> {
    let began = Instant::now();
    let (mut pause, mut reported) = (SHORTEST_PAUSE, false);
    while !try_lock(path, file, share)? {
        let waited = began.elapsed();
        if waited >= longest {
            return Err(JournalError::Locked { file: path.display().to_string(), holder: holder(file), waited });
        }
        if waited >= reported_after && !reported {
            reported = true;
            report(&format!("waiting for {}, which has locked {}", render_holder(&holder(file)), path.display()));
        }
        sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Ok(())
}

/// The databases that this process has open: SQLite does not tell its callback which one is locked.
static DATABASES: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

thread_local! {
    /// When the wait of this thread began, and whether it was reported.
    static WAIT: Cell<(Option<Instant>, bool)> = const { Cell::new((None, false)) };
}

/// Lets [`wait_for_database`] name the process that has locked this database.
pub(crate) fn register_database(path: &Path) {
    lock(&DATABASES).insert(path.to_owned());
}

/// The busy handler of connections: waits a little, and returns whether to try again. `attempt` counts from 0 in each wait.
pub(crate) fn wait_for_database(attempt: i32) -> bool {
    let now = Instant::now();
    let (began, reported) = match (attempt, WAIT.get()) {
        (1.., (Some(began), reported)) => (began, reported),
        _ => (now, false),
    };
    let waited = now.duration_since(began);
    let reports = waited >= REPORTED_AFTER && !reported;
    if reports {
        let databases = lock(&DATABASES).clone();
        let held = databases.iter().find_map(|path| Some((path, database_holder(path)?)));
        let (path, holder) = match held {
            Some((path, holder)) => (Some(path), Some(holder)),
            None => (databases.first(), None),
        };
        let path = path.map_or_else(|| "the journal".to_owned(), |path| path.display().to_string());
        report(&format!("waiting for {}, which has locked {path}", render_holder(&holder)));
    }
    WAIT.set((Some(began), reported || reports));
    sleep(LONGEST_PAUSE.min(SHORTEST_PAUSE * 2_u32.saturating_pow(attempt.clamp(0, 10) as u32)));
    waited < LONGEST
}

/// Returns another process that has locked the database.
pub(crate) fn database_holder(path: &Path) -> Option<Process> {
    ["-shm", ""].iter().find_map(|suffix| {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        lock_holder(&std::fs::metadata(file).ok()?)
    })
}

/// Locks a file if no other process has locked it.
pub(crate) fn try_lock(path: &Path, file: &File, share: Share) -> Result<bool, JournalError> {
    let locked = match share {
        Share::Exclusive => file.try_lock(),
        Share::Shared => file.try_lock_shared(),
    };
    match locked {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => {
            Err(JournalError::Io { file: path.display().to_string(), reason: error.to_string() })
        }
    }
}

fn holder(file: &File) -> Option<Process> {
    lock_holder(&file.metadata().ok()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::process::{Command, Stdio};
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn wait_is_reported_and_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.lock");
        let file = File::create(&path).unwrap();
        let mut other = Command::new("flock");
        other.arg(&path).args(["sh", "-c", "echo; cat"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let Ok(mut other) = other.spawn() else { return eprintln!("not tested: there is no `flock`") };
        // The lock is taken when the shell has printed its line.
        std::io::Read::read_exact(other.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        let reports = Mutex::new(Vec::new());
        let note = |text: &str| reports.lock().unwrap().push(text.to_owned());
        let short = Duration::from_millis(60);
        let name = format!("process {} (flock)", other.id());
        for share in [Share::Exclusive, Share::Shared] {
            let error = lock_within(&path, &file, share, short, short * 3, &note).unwrap_err();
            assert_eq!(error.to_string(), format!("{} has been locked by {name} for 0 s", path.display()));
            assert_eq!(error.hint(), format!("wait until that process has finished, or end it: `kill {}`", other.id()));
        }
        let expected = format!("waiting for {name}, which has locked {}", path.display());
        assert_eq!(*reports.lock().unwrap(), [expected.clone(), expected], "each wait is reported once");
        drop(other.stdin.take());
        other.wait().unwrap();
        lock_within(&path, &file, Share::Exclusive, short, short, &note).unwrap();
        assert_eq!(reports.lock().unwrap().len(), 2);
    }
}
