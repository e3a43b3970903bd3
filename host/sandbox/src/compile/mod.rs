//! Compilers: few at once, and each a process of its own that is ended when it takes too long or too much memory.
//!
//! A compiler cannot be asked to stop, and what crashes it would crash whoever it is part of. So the program that runs
//! plugins starts itself anew to compile one, see [`process`]. Where no program is named, a component is compiled in this
//! process, with nothing but its shape to bound the work. All of it stands back behind what runs plugins.

pub(crate) mod process;
mod threads;

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use wasmtime::Engine;

use crate::compile::process::{Bounds, Failed};
use crate::compile::threads::{STACK, on_all_cores, stand_back};
use crate::mutex::lock;
use crate::settings::EngineSettings;

/// Who may compile.
pub(crate) struct Compilers {
    places: Places,
    program: Option<PathBuf>,
    bounds: Bounds,
}

struct Places {
    free: Mutex<u32>,
    left: Condvar,
}

/// A place among the compilers, held until this is dropped.
pub(crate) struct Place<'a>(&'a Places);

impl Compilers {
    pub(crate) fn new(settings: &EngineSettings) -> Self {
        let places = Places { free: Mutex::new(settings.max_compilations.max(1)), left: Condvar::new() };
        let bounds = Bounds {
            time: Duration::from_millis(settings.max_compile_ms),
            memory_bytes: settings.max_compile_memory_bytes,
        };
        Self { places, program: settings.compiler.clone(), bounds }
    }

    /// A place, if one is free before a compilation would have to be done.
    pub(crate) fn place(&self) -> Option<Place<'_>> {
        let Places { free, left } = &self.places;
        let free = lock(free);
        let waited = left.wait_timeout_while(free, self.bounds.time, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Place(&self.places))
    }

    /// Machine code for this engine, whose components may call as deep as `stack` bytes.
    pub(crate) fn compile(&self, engine: &Engine, stack: u32, component: &[u8]) -> Result<Vec<u8>, Failed> {
        match &self.program {
            Some(program) => process::compile(program, self.bounds, stack, component),
            None => on_all_cores(|| engine.precompile_component(component))
                .map_err(|error| Failed::Refused(format!("{error:#}"))),
        }
    }
}

impl Place<'_> {
    /// Does what belongs to a compilation on a thread of its own, which recurses deep. Fails in words where the machine gives
    /// no thread, or the work panics.
    pub(crate) fn work<T: Send>(self, work: impl FnOnce() -> T + Send) -> Result<T, String> {
        let thread = std::thread::Builder::new().name("phasegate-compile".to_owned()).stack_size(STACK);
        let work = || {
            stand_back();
            work()
        };
        std::thread::scope(|scope| {
            let started = thread.spawn_scoped(scope, work).map_err(|error| error.to_string())?;
            started.join().map_err(|_| "the compiler crashed".to_owned())
        })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.left.notify_one();
    }
}
