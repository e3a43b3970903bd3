//! The virtual clock, and sleeping, which takes no time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use wasmtime_wasi::p2::Pollable;

use crate::mutex::lock;

/// The monotonic clock's first reading.
pub(crate) const START: u64 = 1_000_000_000;
/// How far each reading moves the clocks, in nanoseconds.
pub(crate) const STEP: u64 = 10_000;

/// The virtual clock, and who sleeps until when.
pub(crate) struct Time {
    now: AtomicU64,
    alarms: Mutex<BTreeMap<u64, usize>>,
}

impl Default for Time {
    fn default() -> Self {
        Self { now: AtomicU64::new(START), alarms: Mutex::default() }
    }
}

impl Time {
    pub(crate) fn read(&self) -> u64 {
        self.now.fetch_add(STEP, Ordering::Relaxed)
    }

    fn alarms(&self) -> MutexGuard<'_, BTreeMap<u64, usize>> {
        lock(&self.alarms)
    }
}

/// A sleep. Ready at once, unless somebody in the same poll wakes earlier or is ready without sleeping.
pub(crate) struct Alarm {
    pub(crate) time: Arc<Time>,
    pub(crate) when: u64,
}

#[async_trait::async_trait]
impl Pollable for Alarm {
    async fn ready(&mut self) {
        let set = Set::new(&self.time, self.when);
        loop {
            // Once round, so that whoever is ready or sleeps in the same poll has shown itself.
            yield_once().await;
            let first = self.time.alarms().first_key_value().map(|(when, _)| *when);
            if first.is_none_or(|first| self.when <= first) {
                break;
            }
        }
        drop(set);
        self.time.now.fetch_max(self.when, Ordering::Relaxed);
    }
}

/// An alarm that is set; unset when dropped.
struct Set<'a> {
    time: &'a Time,
    when: u64,
}

impl<'a> Set<'a> {
    fn new(time: &'a Time, when: u64) -> Self {
        *time.alarms().entry(when).or_default() += 1;
        Self { time, when }
    }
}

impl Drop for Set<'_> {
    fn drop(&mut self) {
        let mut alarms = self.time.alarms();
        if let Some(count) = alarms.get_mut(&self.when) {
            *count -= 1;
            if *count == 0 {
                alarms.remove(&self.when);
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
