//! The fault campaign: the real binary, killed, starved and robbed, and what came of it held against a run that nothing
//! happened to. Every fault comes from outside; the binary knows nothing of this.
//!
//! - [`event_boundaries`]: cut at every event of the first task, and of an eventful scenario; killed for real at every event of
//!   the scenario, overlapping or not, and at every fifth of the first task.
//! - [`random_kills`]: 200 kills at random moments of several runs in one process, questions counted where they are heard.
//! - [`unanswered_calls`]: killed while the model thinks: what may have been billed, and who decides to ask again.
//! - [`owners`]: two processes on one run.
//! - [`disk_full`], [`damage`]: a full disk, a folder that cannot be written, a journal that is cut, overwritten or robbed.
//! - [`pinned_files`]: a run goes on with what it began with, whatever became of the files; and `run --resume`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod damage;
mod disk_full;
mod event_boundaries;
mod owners;
mod pinned_files;
mod random_kills;
mod record;
mod server;
mod unanswered_calls;

use phasegate_test::{Paths, Scenario};

const PATHS: Paths = Paths { binary: env!("CARGO_BIN_EXE_phasegate"), scratch: env!("CARGO_TARGET_TMPDIR") };

fn scenario(name: &str) -> Scenario {
    Scenario::new(PATHS, name)
}

/// Does all of the work, two pieces at a time; the first that fails ends it.
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
