//! Compilers: a limited number of processes, each of which is ended if it takes too much time or memory.
//!
//! A compilation cannot be cancelled inside a process, and a crash of the compiler would end that process. So the program
//! that runs plugins starts itself again to compile one (see [`process`]). Without a program in the settings, components are
//! compiled in this process, and only the limits in `shape` bound the work. Compilers run with low priority.

pub(crate) mod process;
mod threads;

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use phasegate_process::sync::lock;
use wasmtime::Engine;

use crate::compile::process::{CompileFailure, CompileLimits};
use crate::compile::threads::{STACK, lower_priority, on_all_cores};
use crate::settings::EngineSettings;

/// The compilers of one engine.
pub(crate) struct Compilers {
    permits: Permits,
    program: Option<PathBuf>,
    limits: CompileLimits,
}

struct Permits {
    free: Mutex<u32>,
    returned: Condvar,
}

/// The right to run one compiler, until this is dropped.
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

    /// Waits for a free compiler, at most as long as one compilation may take. Blocks the thread.
    pub(crate) fn acquire(&self) -> Option<CompilerPermit<'_>> {
        let Permits { free, returned } = &self.permits;
        let free = lock(free);
        let waited = returned.wait_timeout_while(free, self.limits.time, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(CompilerPermit(&self.permits))
    }

    /// Compiles a component to machine code for this engine with a stack of `stack` bytes.
    pub(crate) fn compile(&self, engine: &Engine, stack: u32, component: &[u8]) -> Result<Vec<u8>, CompileFailure> {
        match &self.program {
            Some(program) => process::compile(program, self.limits, stack, component),
            None => on_all_cores(|| engine.precompile_component(component))
                .map_err(|error| CompileFailure::Rejected(format!("{error:#}"))),
        }
    }
}

impl CompilerPermit<'_> {
    /// Runs `work` on a thread with a large stack and low priority. Fails if the thread cannot start or the work panics.
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
