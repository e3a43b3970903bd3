//! The clock for computing time. A thread increments the epochs of all engines while any guest runs.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use phasegate_process::sync::lock;

/// Length of an epoch, the unit of computing time.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// Increments the epoch of its engines once per tick while a guest runs, and sleeps otherwise.
pub(crate) struct Ticker {
    engines: Mutex<Vec<wasmtime::Engine>>,
    running: AtomicUsize,
    ended: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

impl Ticker {
    pub(crate) fn start(engines: Vec<wasmtime::Engine>) -> io::Result<Arc<Self>> {
        let ticker = Arc::new(Self {
            engines: Mutex::new(engines),
            running: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            lock: Mutex::new(()),
            wake: Condvar::new(),
        });
        let thread = Arc::clone(&ticker);
        std::thread::Builder::new().name("phasegate-epochs".to_owned()).spawn(move || thread.tick())?;
        Ok(ticker)
    }

    /// Adds an engine whose epoch is incremented as well.
    pub(crate) fn add(&self, engine: wasmtime::Engine) {
        lock(&self.engines).push(engine);
    }

    /// Ends the thread.
    pub(crate) fn stop(&self) {
        self.ended.store(true, Ordering::Release);
        let _guard = lock(&self.lock);
        self.wake.notify_one();
    }

    fn tick(&self) {
        while !self.ended.load(Ordering::Acquire) {
            if self.running.load(Ordering::Acquire) == 0 {
                let guard = lock(&self.lock);
                let idle =
                    |(): &mut ()| self.running.load(Ordering::Acquire) == 0 && !self.ended.load(Ordering::Acquire);
                drop(self.wake.wait_while(guard, idle));
                continue;
            }
            std::thread::sleep(TICK);
            lock(&self.engines).iter().for_each(wasmtime::Engine::increment_epoch);
        }
    }

    pub(crate) fn start_running(&self) -> Running<'_> {
        if self.running.fetch_add(1, Ordering::AcqRel) == 0 {
            let _guard = lock(&self.lock);
            self.wake.notify_one();
        }
        Running(self)
    }
}

pub(crate) struct Running<'a>(&'a Ticker);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}
