//! The right to change `phasegate.lock`: one process at a time has it.
//!
//! It is a file lock on `phasegate.lock.new`, which holds the number of the process that has the right. The file of a killed
//! process is taken over. Nothing that this program did not make is opened: neither a link nor a file of another account.
//! Fails with [`ErrorCode::UnwritableOutput`], also if another process keeps the right for longer than [`MAX_WAIT`].

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use phasegate_files::{Access, open_private};

use crate::error::{Error, ErrorCode};

/// A process that has the right needs a few milliseconds.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// After this time, the log says which process is waited for.
const QUIET_WAIT: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(10);

/// The right to change a lock file, given back on drop.
pub(crate) struct WriteLock {
    path: PathBuf,
    _file: File,
}

impl WriteLock {
    /// Waits until this process has the right.
    pub(crate) fn take(target: &Path) -> Result<Self, Error> {
        Self::take_within(target, MAX_WAIT)
    }

    fn take_within(target: &Path, max: Duration) -> Result<Self, Error> {
        let path = target.with_added_extension("new");
        let unusable = |why: io::Error| {
            let reason = match why.kind() {
                ErrorKind::IsADirectory => "it is a folder, not a file".to_owned(),
                _ if why.raw_os_error().is_some() => return unwritable(target, &why),
                _ => why.to_string(),
            };
            let message = format!("{} cannot be used: {reason}", path.display());
            let hint = format!("remove {}, which this program did not make", path.display());
            Error::rejected(ErrorCode::UnwritableOutput, message, hint)
        };
        let (began, mut told) = (Instant::now(), false);
        loop {
            let mut file = open_private(&path, Access::Create).map_err(unusable)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => {
                    write_owner(&mut file).map_err(unusable)?;
                    return Ok(Self { path, _file: file });
                }
                // The previous holder removed the file that was opened here.
                Ok(()) => continue,
                Err(TryLockError::Error(why)) => return Err(unusable(why)),
                Err(TryLockError::WouldBlock) => {}
            }
            if began.elapsed() > max {
                let message = format!(
                    "{} cannot be written: {} has kept {} for {} s",
                    target.display(),
                    describe_owner(&mut file),
                    path.display(),
                    max.as_secs()
                );
                let hint = "end that process, then repeat the command";
                return Err(Error::rejected(ErrorCode::UnwritableOutput, message, hint));
            }
            if !told && began.elapsed() > QUIET_WAIT {
                told = true;
                tracing::warn!(target: "phasegate_wait", "waiting for {}, which writes {}", describe_owner(&mut file), target.display());
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Returns the error for a lock file that cannot be written.
pub(crate) fn unwritable(target: &Path, why: &io::Error) -> Error {
    let hint = "make the folder writable; accepted plugins are recorded there";
    Error::rejected(ErrorCode::UnwritableOutput, format!("{} cannot be written: {why}", target.display()), hint)
}

fn is_at(file: &File, path: &Path) -> bool {
    let inode = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(ours), Ok(there)) => inode(ours) == inode(there),
        _ => false,
    }
}

fn write_owner(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.write_all(std::process::id().to_string().as_bytes())
}

/// Names the process that has the right, for a message.
fn describe_owner(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(20).read_to_string(&mut text));
    match read.and_then(|_| text.parse::<u32>().map_err(|_| ErrorKind::InvalidData.into())) {
        Ok(process) => format!("process {process}"),
        Err(_) => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::symlink;

    use super::*;

    fn refusal(taken: Result<WriteLock, Error>, dir: &Path) -> String {
        taken.map(drop).unwrap_err().describe().replace(dir.to_str().unwrap(), "DIR")
    }

    #[test]
    fn names_the_process_that_holds_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("phasegate.lock");
        let held = WriteLock::take(&target).unwrap();
        let refused = refusal(WriteLock::take_within(&target, Duration::ZERO), dir.path());
        let process = std::process::id();
        assert_eq!(
            refused,
            format!(
                "DIR/phasegate.lock cannot be written: process {process} has kept DIR/phasegate.lock.new for 0 s\n\
                 hint: end that process, then repeat the command"
            )
        );
        drop(held);
        drop(WriteLock::take_within(&target, Duration::ZERO).unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn opens_no_links() {
        let dir = tempfile::tempdir().unwrap();
        let (target, kept) = (dir.path().join("phasegate.lock"), dir.path().join("kept"));
        let new = dir.path().join("phasegate.lock.new");
        std::fs::write(&kept, "kept").unwrap();
        let prepare: [(&str, &dyn Fn()); 3] = [
            ("it is a symbolic link", &|| symlink(&kept, &new).unwrap()),
            ("it has a second name (a hard link)", &|| std::fs::hard_link(&kept, &new).unwrap()),
            ("it is a symbolic link", &|| symlink(dir.path().join("missing"), &new).unwrap()),
        ];
        for (why, prepare) in prepare {
            prepare();
            let refused = refusal(WriteLock::take(&target), dir.path());
            let expected = format!(
                "DIR/phasegate.lock.new cannot be used: {why}\nhint: remove DIR/phasegate.lock.new, which this program did not make"
            );
            assert_eq!(refused, expected);
            std::fs::remove_file(&new).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), "kept");
        assert!(!dir.path().join("missing").exists());
    }
}
