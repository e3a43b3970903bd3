//! One way to lock a mutex in this crate.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whoever panicked while holding it left nothing half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
