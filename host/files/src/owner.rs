//! Whether another account owns or can change a file or folder.
//!
//! Root is trusted, because root can change everything anyway. A group may write if its number is the one of this account:
//! many systems give each account a group of its own and let it write by default.

use std::fmt;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The reason why a file or folder is not under the control of this account alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distrust {
    /// Another account owns it.
    OtherOwner {
        /// The number of that account.
        uid: u32,
    },
    /// Every account, or a group, may write to it.
    OthersMayWrite {
        /// The permission bits.
        mode: u32,
    },
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherOwner { uid } => write!(f, "it belongs to another user (uid {uid})"),
            Self::OthersMayWrite { mode } => write!(f, "other users may write to it (mode {mode:04o})"),
        }
    }
}

/// Checks owner and mode. `Err` says why another account could change the file or folder.
pub fn check_owner(metadata: &Metadata) -> Result<(), Distrust> {
    let own = rustix::process::geteuid().as_raw();
    let (uid, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    let group_may_write = mode & 0o020 != 0 && metadata.gid() != own && metadata.gid() != 0;
    match () {
        () if uid != own && uid != 0 => Err(Distrust::OtherOwner { uid }),
        () if mode & 0o002 != 0 || group_may_write => Err(Distrust::OthersMayWrite { mode }),
        () => Ok(()),
    }
}

/// Checks a path as [`check_owner`] does. A symbolic link counts with its target, and with its own owner.
pub fn check_path(path: &Path) -> io::Result<Result<(), Distrust>> {
    let link = std::fs::symlink_metadata(path)?;
    // Every link has mode 0777; only its owner says something.
    let own = rustix::process::geteuid().as_raw();
    if link.is_symlink() && link.uid() != own && link.uid() != 0 {
        return Ok(Err(Distrust::OtherOwner { uid: link.uid() }));
    }
    Ok(check_owner(&std::fs::metadata(path)?))
}
