//! Locks on files between processes. A wait for another process is short, or it is reported and ends.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::holder::{Process, lock_holder};

/// After this time, a report names the process that holds the lock.
const REPORTED_AFTER: Duration = Duration::from_secs(1);

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
pub enum Share {
    /// For this process alone.
    Exclusive,
    /// Together with other processes that lock it in this way.
    Shared,
}

/// The reason why a file could not be locked.
#[derive(Debug)]
pub enum LockFault {
    /// The system's error.
    Io(io::Error),
    /// Another process kept the lock for the longest wait.
    Held {
        /// The process, where the system tells it.
        holder: Option<Process>,
        /// The time of the wait.
        waited: Duration,
    },
}

/// Locks the file at `path`. Waits for other processes, at most `longest`.
pub fn lock_file(path: &Path, file: &File, share: Share, longest: Duration) -> Result<(), LockFault> {
    lock_within(path, file, share, REPORTED_AFTER, longest, &report)
}

/// Locks a file if no other process has locked it.
pub fn try_lock(file: &File, share: Share) -> io::Result<bool> {
    let locked = match share {
        Share::Exclusive => file.try_lock(),
        Share::Shared => file.try_lock_shared(),
    };
    match locked {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Names the process that holds a lock, for a message.
pub fn render_holder(holder: &Option<Process>) -> String {
    holder.as_ref().map_or("another process".to_owned(), Process::to_string)
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
) -> Result<(), LockFault> {
    let began = Instant::now();
    let (mut pause, mut reported) = (SHORTEST_PAUSE, false);
    while !try_lock(file, share).map_err(LockFault::Io)? {
        let waited = began.elapsed();
        if waited >= longest {
            return Err(LockFault::Held { holder: holder(file), waited });
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

fn holder(file: &File) -> Option<Process> {
    lock_holder(&file.metadata().ok()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
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
            let LockFault::Held { holder, waited } =
                lock_within(&path, &file, share, short, short * 3, &note).unwrap_err()
            else {
                panic!("the file could not be locked for another reason")
            };
            assert_eq!((holder.map(|holder| holder.to_string()), waited.as_secs()), (Some(name.clone()), 0));
        }
        let expected = format!("waiting for {name}, which has locked {}", path.display());
        assert_eq!(*reports.lock().unwrap(), [expected.clone(), expected], "each wait is reported once");
        drop(other.stdin.take());
        other.wait().unwrap();
        lock_within(&path, &file, Share::Exclusive, short, short, &note).unwrap();
        assert_eq!(reports.lock().unwrap().len(), 2);
    }
}
