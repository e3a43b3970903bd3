//! The virtual clock. Sleeping advances it and takes no real time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use phasegate_process::sync::lock;
use wasmtime_wasi::p2::Pollable;

/// First reading of the monotonic clock, in nanoseconds.
pub(crate) const MONOTONIC_START_NANOS: u64 = 1_000_000_000;
/// Step of the clock per reading, in nanoseconds.
pub(crate) const STEP_NANOS: u64 = 10_000;

/// The virtual clock, and the number of sleeps by wake-up time.
pub(crate) struct VirtualClock {
    now: AtomicU64,
    sleepers: Mutex<BTreeMap<u64, usize>>,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self { now: AtomicU64::new(MONOTONIC_START_NANOS), sleepers: Mutex::default() }
    }
}

impl VirtualClock {
    pub(crate) fn read(&self) -> u64 {
        self.now.fetch_add(STEP_NANOS, Ordering::Relaxed)
    }

    fn sleepers(&self) -> MutexGuard<'_, BTreeMap<u64, usize>> {
        lock(&self.sleepers)
    }
}

/// A sleep. Ready at once, unless another sleep of the same poll ends earlier or another pollable is ready.
pub(crate) struct Sleep {
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) when: u64,
}

#[async_trait::async_trait]
impl Pollable for Sleep {
    async fn ready(&mut self) {
        let pending = PendingSleep::new(&self.clock, self.when);
        loop {
            // Lets all pollables of the same poll register their sleep or become ready.
            yield_once().await;
            let first = self.clock.sleepers().first_key_value().map(|(when, _)| *when);
            if first.is_none_or(|first| self.when <= first) {
                break;
            }
        }
        drop(pending);
        self.clock.now.fetch_max(self.when, Ordering::Relaxed);
    }
}

/// A registered sleep, unregistered on drop.
struct PendingSleep<'a> {
    clock: &'a VirtualClock,
    when: u64,
}

impl<'a> PendingSleep<'a> {
    fn new(clock: &'a VirtualClock, when: u64) -> Self {
        *clock.sleepers().entry(when).or_default() += 1;
        Self { clock, when }
    }
}

impl Drop for PendingSleep<'_> {
    fn drop(&mut self) {
        let mut sleepers = self.clock.sleepers();
        if let Some(count) = sleepers.get_mut(&self.when) {
            *count -= 1;
            if *count == 0 {
                sleepers.remove(&self.when);
            }
        }
    }
}

async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if yielded {
            return std::task::Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
