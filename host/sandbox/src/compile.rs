//! Compilers: few at once, on threads of their own, and waited for only so long.
//!
//! A compilation cannot be stopped. One that takes too long goes on without anybody who waits, keeps its place among those
//! that may be at work, and is there for whoever asks later. Its threads stand back behind those that run plugins.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The compiler recurses into what it compiles.
const STACK: usize = 16 << 20;
/// How far compilers stand back: they get a third of what a thread that runs plugins gets.
const NICE: i32 = 5;

/// Who may compile.
pub(crate) struct Compilers {
    places: Arc<Places>,
    patience: Duration,
}

struct Places {
    free: Mutex<u32>,
    left: Condvar,
}

/// A compilation that was started.
pub(crate) struct Started<T> {
    made: Receiver<T>,
    since: Instant,
}

/// What came of waiting.
pub(crate) enum Waited<T> {
    Made(T),
    /// It is still at work.
    Late(Started<T>),
    /// It panicked.
    Broken,
}

/// Why a compilation was not started.
pub(crate) enum NotStarted {
    /// All compilers are at work, and none was done in time.
    Busy,
    /// The machine gives no thread.
    NoThread(io::Error),
}

impl Compilers {
    pub(crate) fn new(places: u32, patience: Duration) -> Self {
        let places = Arc::new(Places { free: Mutex::new(places.max(1)), left: Condvar::new() });
        Self { places, patience }
    }

    /// Starts a compilation as soon as a compiler is free.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Started<T>, NotStarted> {
        let place = Places::take(&self.places, self.patience).ok_or(NotStarted::Busy)?;
        let (sender, made) = sync_channel(1);
        let compile = move || {
            let made = on_all_cores(work);
            drop(place);
            // Nobody may want it any more.
            let _ = sender.send(made);
        };
        let thread = std::thread::Builder::new().name("phasegate-compile".to_owned()).stack_size(STACK);
        thread.spawn(compile).map_err(NotStarted::NoThread)?;
        Ok(Started { made, since: Instant::now() })
    }

    /// Waits until it is done, or has taken as long as it may.
    pub(crate) fn wait<T>(&self, started: Started<T>) -> Waited<T> {
        let left = self.patience.saturating_sub(started.since.elapsed());
        match started.made.recv_timeout(left) {
            Ok(made) => Waited::Made(made),
            Err(RecvTimeoutError::Timeout) => Waited::Late(started),
            Err(RecvTimeoutError::Disconnected) => Waited::Broken,
        }
    }
}

/// With helpers of its own: shared ones could be held up by another compilation that never ends.
fn on_all_cores<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    // The helpers inherit it.
    stand_back();
    let name = |n| format!("phasegate-compile-{n}");
    let helpers = rayon::ThreadPoolBuilder::new().thread_name(name).stack_size(STACK).build();
    match helpers {
        Ok(helpers) => helpers.install(work),
        Err(_) => work(),
    }
}

fn stand_back() {
    // Elsewhere this would be said of the whole process.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
}

impl Places {
    fn take(places: &Arc<Self>, patience: Duration) -> Option<Place> {
        let free = places.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = places.left.wait_timeout_while(free, patience, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Place(Arc::clone(places)))
    }
}

/// A place among the compilers, held until this is dropped.
struct Place(Arc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.left.notify_one();
    }
}
