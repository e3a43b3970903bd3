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

use crate::compile::process::{CompileFailure, CompileLimits};
use crate::compile::threads::{STACK, lower_priority, on_all_cores};
use crate::mutex::lock;
use crate::settings::EngineSettings;

/// Who may compile.
pub(crate) struct Compilers {
    permits: Permits,
    program: Option<PathBuf>,
    limits: CompileLimits,
}

struct Permits {
    free: Mutex<u32>,
    returned: Condvar,
}

/// A place among the compilers, held until this is dropped.
pub(crate) struct CompilerPermit<'a>(&'a Permits);

impl Compilers {
    pub(crate) fn new(settings: &EngineSettings) -> Self {
        let permits = Permits { free: Mutex::new(settings.max_compilations.max(1)), returned: Condvar::new() };
        let limits = CompileLimits {
            time: Duration::from_millis(settings.max_compile_ms),
            memory_bytes: settings.max_compile_memory_bytes,
        };
        Self { permits, program: settings.compiler.clone(), limits }
    }

    /// A place, if one is free before a compilation would have to be done.
    pub(crate) fn acquire(&self) -> Option<CompilerPermit<'_>> {
        let Permits { free, returned } = &self.permits;
        let free = lock(free);
        let waited = returned.wait_timeout_while(free, self.limits.time, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(CompilerPermit(&self.permits))
    }

    /// Machine code for this engine, whose components may call as deep as `stack` bytes.
    pub(crate) fn compile(&self, engine: &Engine, stack: u32, component: &[u8]) -> Result<Vec<u8>, CompileFailure> {
        match &self.program {
            Some(program) => process::compile(program, self.limits, stack, component),
            None => on_all_cores(|| engine.precompile_component(component))
                .map_err(|error| CompileFailure::Rejected(format!("{error:#}"))),
        }
    }
}

impl CompilerPermit<'_> {
    /// Does what belongs to a compilation on a thread of its own, which recurses deep. Fails in words where the machine gives
    /// no thread, or the work panics.
    pub(crate) fn run<T: Send>(self, work: impl FnOnce() -> T + Send) -> Result<T, String> {
        let thread = std::thread::Builder::new().name("phasegate-compile".to_owned()).stack_size(STACK);
        let work = || {
            lower_priority();
            work()
        };
        std::thread::scope(|scope| {
            let started = thread.spawn_scoped(scope, work).map_err(|error| error.to_string())?;
            started.join().map_err(|_| "the compiler crashed".to_owned())
        })
    }
}

impl Drop for CompilerPermit<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.returned.notify_one();
    }
}
