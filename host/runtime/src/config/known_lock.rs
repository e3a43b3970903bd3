//! The lock file as it was parsed last. The file is read each time that it is needed; only its text is not parsed again.

use std::sync::{Arc, Mutex};

use phasegate_process::lock::{LOCK_FILE, Lock};
use phasegate_process::source::{Source, SourceError};
use phasegate_process::sync::lock;

/// The text of the last call, and its content. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownLock(Arc<Mutex<Option<Parsed>>>);

#[derive(Debug)]
struct Parsed {
    text: String,
    lock: Arc<Lock>,
}

impl KnownLock {
    /// Parses the text of a lock file, unless it is the text of the last call.
    pub(crate) fn parse(&self, text: String) -> Result<Arc<Lock>, SourceError> {
        let mut known = lock(&self.0);
        if let Some(parsed) = known.as_ref().filter(|parsed| parsed.text == text) {
            return Ok(Arc::clone(&parsed.lock));
        }
        let lock = Arc::new(Lock::parse(Source { file: LOCK_FILE, text: &text })?);
        *known = Some(Parsed { text, lock: Arc::clone(&lock) });
        Ok(lock)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn parses_a_text_again_when_it_changed() {
        let known = KnownLock::default();
        let [first, again] = [(); 2].map(|()| known.parse("version = 1\n".to_owned()).unwrap());
        assert!(Arc::ptr_eq(&first, &again));
        let error = known.parse("version = 9\n".to_owned()).unwrap_err().to_string();
        assert!(error.contains("this is version 9 of the file"), "{error}");
    }
}
