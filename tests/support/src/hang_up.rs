//! Child processes that obey SIGHUP, also where the tests were started with `nohup`.

use std::fs;
use std::sync::Once;

use tokio::signal::unix::{SignalKind, signal};

/// The bit of SIGHUP in a mask of `/proc`.
const HANG_UP: u64 = 1;

/// Lets later child processes handle SIGHUP as usual. A child inherits that a signal is ignored; a handler becomes the usual
/// action in it.
pub fn obey_hang_ups() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
        if mask.is_some_and(|mask| mask & HANG_UP != 0) {
            // On a thread of its own, because the caller may be a task. The handler stays when its stream is dropped.
            let handled = std::thread::spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async { drop(signal(SignalKind::hangup()).unwrap()) });
            });
            handled.join().unwrap();
        }
    });
}
