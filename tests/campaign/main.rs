//! The fault campaign: the real binary is killed and runs out of space, its files are damaged, and the result is compared
//! with an undisturbed run. Every fault comes from outside the binary.
//!
//! - [`event_boundaries`]: cut at every event of the first task and of an eventful scenario; killed at every event of the
//!   scenario, with and without overlapping calls, and at every fifth of the first task.
//! - [`random_kills`]: 200 kills at random moments of several runs in one process; the server counts requests.
//! - [`unanswered_calls`]: killed while the model computes: which calls may be billed, and who decides to repeat them.
//! - [`owners`]: two processes on one run.
//! - [`disk_full`], [`damage`]: a full disk, a read-only folder, a journal that is truncated, overwritten or incomplete.
//! - [`pinned_files`]: a run continues with the files that it has pinned.
//! - [`run_resume`]: `run --resume` continues the run of a task.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod damage;
mod disk_full;
mod event_boundaries;
mod owners;
mod pinned_files;
mod random_kills;
mod record;
mod run_resume;
mod server;
mod unanswered_calls;

use phasegate_test::{Paths, Scenario};

const PATHS: Paths = Paths { binary: env!("CARGO_BIN_EXE_phasegate"), scratch: env!("CARGO_TARGET_TMPDIR") };

fn scenario(name: &str) -> Scenario {
    Scenario::new(PATHS, name)
}

/// Processes all cases, two at a time. The first that fails ends the work.
fn side_by_side<T>(cases: impl IntoIterator<Item = T, IntoIter: Send>, work: impl Fn(T) + Sync) {
    let left = std::sync::Mutex::new(cases.into_iter());
    let next = || left.lock().ok().and_then(|mut left| left.next());
    let worker = || {
        while let Some(case) = next() {
            work(case);
        }
    };
    std::thread::scope(|threads| {
        let other = threads.spawn(worker);
        worker();
        other.join().unwrap();
    });
}
