//! The fault campaign: the real binary, killed, starved and robbed, and what came of it held against a run that nothing
//! happened to. Every fault comes from outside; the binary knows nothing of this.
//!
//! - [`boundaries`]: cut at every event of the first task, and of an eventful scenario; killed for real at every event of
//!   the scenario, overlapping or not, and at every fifth of the first task.
//! - [`instants`]: 200 kills at random moments of several runs in one process, questions counted where they are heard.
//! - [`unknown`]: killed while the model thinks: what may have been billed, and who decides to ask again.
//! - [`owners`]: two processes on one run.
//! - [`room`], [`damage`]: a full disk, a folder that cannot be written, a journal that is cut, overwritten or robbed.
//! - [`pins`]: a run goes on with what it began with, whatever became of the files; and `run --resume`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs, dead_code)]

#[path = "campaign/boundaries.rs"]
mod boundaries;
#[path = "campaign/damage.rs"]
mod damage;
#[path = "scenarios/harness.rs"]
mod harness;
#[path = "campaign/instants.rs"]
mod instants;
#[path = "campaign/owners.rs"]
mod owners;
#[path = "campaign/pins.rs"]
mod pins;
#[path = "campaign/record.rs"]
mod record;
#[path = "campaign/room.rs"]
mod room;
#[path = "campaign/server.rs"]
mod server;
#[path = "campaign/unknown.rs"]
mod unknown;

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
