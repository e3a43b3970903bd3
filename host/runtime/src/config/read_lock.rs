//! Reads `phasegate.lock`. Fails with [`ConfigFault`] if it is invalid, unreadable, or under the control of another account.

use std::sync::Arc;

use phasegate_process::lock::Lock;

use crate::config::file::Config;
use crate::config::search::check_lock_file;
use crate::error::config::ConfigFault;

/// The largest lock file that is read.
const MAX_LOCK_BYTES: u64 = 4 << 20;

/// Loads the lock file; an absent file is an empty lock.
pub fn load_lock(config: &Config) -> Result<Lock, ConfigFault> {
    read_lock(config).map(Arc::unwrap_or_clone)
}

/// Loads the lock file, as [`load_lock`] does, without a copy.
pub(super) fn read_lock(config: &Config) -> Result<Arc<Lock>, ConfigFault> {
    if config.lock.exists() {
        check_lock_file(&config.lock, &config.trusted)?;
    }
    match phasegate_files::read_text(&config.lock, MAX_LOCK_BYTES) {
        Ok(text) => Ok(config.known_lock.parse(text)?),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(Arc::default()),
        Err(why) => {
            let hint = "make it readable, or remove it and accept all plugins again";
            Err(ConfigFault::Io { file: config.lock.display().to_string(), reason: why.to_string(), hint })
        }
    }
}
