//! The clock for computing time. A thread increments the epochs of all engines while any guest computes.
//!
//! A guest that waits does not count: while every guest waits, the thread sleeps without waking. It falls asleep only after
//! [`IDLE_TICKS`] without a computing guest, because to wake it is a system call, and guests compute for moments.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::Thread;
use std::time::Duration;

use phasegate_process::sync::lock;

/// Length of an epoch, the unit of computing time.
pub(crate) const TICK: Duration = Duration::from_millis(1);
/// Ticks without a computing guest after which the thread sleeps.
const IDLE_TICKS: u32 = 20;

/// Increments the epoch of its engines once per tick while a guest computes, and sleeps otherwise.
pub(crate) struct Ticker {
    clock: Arc<Clock>,
    thread: Thread,
}

#[derive(Default)]
struct Clock {
    engines: Mutex<Vec<wasmtime::Engine>>,
    /// Number of guests that compute now.
    computing: AtomicUsize,
    asleep: AtomicBool,
    ended: AtomicBool,
}

impl Ticker {
    pub(crate) fn start(engines: Vec<wasmtime::Engine>) -> io::Result<Arc<Self>> {
        let clock = Arc::new(Clock { engines: Mutex::new(engines), ..Clock::default() });
        let ticking = Arc::clone(&clock);
        let started = std::thread::Builder::new().name("phasegate-epochs".to_owned()).spawn(move || ticking.tick())?;
        Ok(Arc::new(Self { clock, thread: started.thread().clone() }))
    }

    /// Adds an engine whose epoch is incremented as well.
    pub(crate) fn add(&self, engine: wasmtime::Engine) {
        lock(&self.clock.engines).push(engine);
    }

    /// Ends the thread.
    pub(crate) fn stop(&self) {
        self.clock.ended.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }

    /// Marks a guest as computing until the result is dropped.
    pub(crate) fn computing(&self) -> Computing<'_> {
        self.clock.computing.fetch_add(1, Ordering::SeqCst);
        if self.clock.asleep.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Computing(&self.clock.computing)
    }
}

impl Clock {
    fn tick(&self) {
        let mut idle_ticks = 0;
        while !self.ended.load(Ordering::SeqCst) {
            if idle_ticks > IDLE_TICKS {
                self.sleep();
                idle_ticks = 0;
            }
            std::thread::sleep(TICK);
            idle_ticks = if self.is_idle() { idle_ticks + 1 } else { 0 };
            lock(&self.engines).iter().for_each(wasmtime::Engine::increment_epoch);
        }
    }

    /// Sleeps until a guest computes. A guest that starts meanwhile either sees that the thread sleeps, or is seen here.
    fn sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
        while self.is_idle() && !self.ended.load(Ordering::SeqCst) {
            std::thread::park();
        }
        self.asleep.store(false, Ordering::SeqCst);
    }

    fn is_idle(&self) -> bool {
        self.computing.load(Ordering::SeqCst) == 0
    }
}

/// A guest that computes, until this is dropped.
pub(crate) struct Computing<'a>(&'a AtomicUsize);

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::thread::sleep;

    use super::*;

    /// Returns how often the thread of the only ticker of this process has slept.
    fn sleeps() -> u64 {
        let tasks = || fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
        let is_ticker = |name: String| name.trim_end() == "phasegate-epoch";
        let find = || tasks().find(|task| fs::read_to_string(task.join("comm")).is_ok_and(is_ticker));
        // A new thread gives itself its name, of which the kernel keeps fifteen characters.
        let ticker = (0..100).find_map(|_| {
            sleep(TICK);
            find()
        });
        let status = fs::read_to_string(ticker.unwrap().join("status")).unwrap();
        let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        count.unwrap().trim().parse().unwrap()
    }

    #[test]
    fn wakes_only_while_a_guest_computes() {
        let ticker = Ticker::start(Vec::new()).unwrap();
        for _ in 0..2 {
            let computing = ticker.computing();
            let before = sleeps();
            let ticks = (0..100).any(|_| {
                sleep(Duration::from_millis(50));
                sleeps() > before + 5
            });
            assert!(ticks, "a guest computes and its time is not counted");
            drop(computing);
            let rests = (0..100).any(|_| {
                let before = sleeps();
                sleep(Duration::from_millis(100));
                sleeps() == before
            });
            assert!(rests, "no guest computes and the thread wakes");
        }
        ticker.stop();
    }
}
