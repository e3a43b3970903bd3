//! The engine: loads, caches and runs components, and limits how many run at once.
//!
//! It uses two wasmtime engines. Components without WASI (agents and feedback strategies in Rust) use a pool of preallocated
//! slots. Components with WASI and test runners are interpreters with a dozen core instances and many megabytes; their memory
//! is allocated when they start, which takes less than a millisecond and leaves the pool to the others. Each kind of work has
//! its own queue, so that agents that wait for models never delay a test run or a feedback strategy.

mod config;
mod queues;
mod stack_variants;
mod ticker;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use phasegate_process::limits::Limits;
use phasegate_process::sync::lock;
use phasegate_process::{Digest, PluginName};
use tokio::sync::{OwnedMutexGuard, Semaphore, SemaphorePermit};
use wasmtime::component::Component;

use crate::aot;
use crate::cache::Cache;
use crate::compile::Compilers;
use crate::compile::process::{self, CompileFailure};
use crate::compiled::{Compiled, Exports};
use crate::contract::Misfit;
use crate::engine::config::{LinkedEngine, config, config_with_stack, default_stack, interpreter_config, pooling};
use crate::engine::queues::Queues;
use crate::engine::stack_variants::EngineVariants;
use crate::engine::ticker::Ticker;
use crate::error::{CallErrorKind, EngineError, InspectError, LoadError};
use crate::inspect::{Inspection, inspect};
use crate::offload::Offload;
use crate::settings::{EngineSettings, cores};
use crate::shape::{self, Unfit};
use crate::world::World;

pub(crate) use crate::engine::ticker::{Computing, TICK};

/// The most components that load at once. Each may occupy a thread of the pool that all blocking work shares.
const MAX_LOADING: usize = 32;

/// Loads and runs plugins. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    settings: EngineSettings,
    pooled: LinkedEngine,
    on_demand: LinkedEngine,
    cache: Option<Cache>,
    notice: Option<String>,
    compilers: Compilers,
    loaded: Mutex<HashMap<Digest, Arc<Slot>>>,
    load_locks: Mutex<HashMap<Digest, Arc<tokio::sync::Mutex<()>>>>,
    loading: Semaphore,
    queues: Queues,
    offload: Offload,
    ticker: Arc<Ticker>,
    variants: Arc<EngineVariants>,
}

/// A loaded component. Locked while it loads, so that concurrent loads of it wait.
type Slot = Mutex<Option<Arc<Compiled>>>;

/// The right to load a component without blocking other loads, see [`Engine::load_permit`].
pub struct LoadPermit<'a> {
    _component: OwnedMutexGuard<()>,
    _loading: Option<SemaphorePermit<'a>>,
}

impl Engine {
    /// Creates the engine and starts its clock thread, which ends with the last clone.
    pub fn new(settings: EngineSettings) -> Result<Self, EngineError> {
        let start = |error: wasmtime::Error| EngineError::Start(format!("{error:#}"));
        let pooled = LinkedEngine::new(config(pooling(&settings))).map_err(start)?;
        let on_demand = LinkedEngine::new(interpreter_config()).map_err(start)?;
        let (cache, notice) = match &settings.cache_dir {
            Some(folder) => Cache::open(folder, &[&pooled.engine, &on_demand.engine], settings.max_cache_bytes)?,
            None => (None, None),
        };
        let ticker = Ticker::start(vec![pooled.engine.clone(), on_demand.engine.clone()])
            .map_err(|error| EngineError::Start(error.to_string()))?;
        let variants = Arc::new(EngineVariants::new(Arc::clone(&ticker)));
        let queues = Queues::new(&settings);
        let compilers = Compilers::new(&settings);
        let (loaded, load_locks, loading) = (Mutex::default(), Mutex::default(), Semaphore::new(MAX_LOADING));
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                pooled,
                on_demand,
                cache,
                notice,
                compilers,
                loaded,
                load_locks,
                loading,
                queues,
                offload: Offload::new(cores()),
                ticker,
                variants,
            }),
        })
    }

    /// Returns why compiled plugins cannot be cached, if a cache folder is configured but not usable.
    pub fn cache_notice(&self) -> Option<&str> {
        self.inner.notice.as_deref()
    }

    /// Returns the folder of the cache; `None` if nothing is cached.
    pub fn cache_dir(&self) -> Option<&Path> {
        self.inner.settings.cache_dir.as_deref()
    }

    /// Returns whether a component that is compiled now is in the cache for later processes.
    pub fn keeps_compiled(&self) -> bool {
        self.inner.cache.as_ref().is_some_and(Cache::is_writable)
    }

    /// Waits until no other caller loads this component and fewer than 32 components load. Async callers take
    /// a permit before they call [`load`](Self::load) on a blocking thread, so that loads do not occupy blocking threads
    /// while they wait for each other.
    pub async fn load_permit(&self, digest: &Digest) -> LoadPermit<'_> {
        let load_lock = Arc::clone(lock(&self.inner.load_locks).entry(digest.clone()).or_default());
        let component = load_lock.lock_owned().await;
        // The semaphore is never closed, so this is always `Some`.
        LoadPermit { _component: component, _loading: self.inner.loading.acquire().await.ok() }
    }

    /// Returns a component that is ready to run; see [`load`](Self::load).
    pub(crate) fn load_compiled(
        &self,
        name: &PluginName,
        digest: &Digest,
        bytes: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<Arc<Compiled>, LoadError> {
        let slot = Arc::clone(lock(&self.inner.loaded).entry(digest.clone()).or_default());
        let mut slot = lock(&slot);
        let compiled = match slot.take().map(Ok).or_else(|| self.load_cached(name, digest)) {
            Some(compiled) => compiled?,
            None => self.compile(name, digest, bytes)?,
        };
        *slot = Some(Arc::clone(&compiled));
        Ok(compiled)
    }

    /// Returns the properties of a component that was compiled on this machine before and fits this host, if the cache has
    /// it. Reads a small file.
    pub fn find_inspection(&self, digest: &Digest) -> Option<Inspection> {
        let cached = self.inner.cache.as_ref()?.find(digest)?;
        Some(cached.inspection()).filter(|inspection| inspection.misfit.is_none()).cloned()
    }

    /// Checks the bytes of a component without compiling them. Fails as [`load`](Self::load) does before it compiles.
    pub fn inspect(&self, name: &PluginName, digest: &Digest, bytes: &[u8]) -> Result<Inspection, LoadError> {
        self.inner.inspect(name, digest, bytes)
    }

    /// Loads the component from the cache, if it is there.
    fn load_cached(&self, name: &PluginName, digest: &Digest) -> Option<Result<Arc<Compiled>, LoadError>> {
        let cached = self.inner.cache.as_ref()?.find(digest).filter(|cached| cached.inspection().misfit.is_none())?;
        let (linked, _) = self.inner.linked_engine(cached.inspection());
        let (inspection, component) = cached.load(&linked.engine)?;
        Some(self.inner.link(name, inspection, &component).map(Arc::new))
    }

    fn compile(
        &self,
        name: &PluginName,
        digest: &Digest,
        bytes: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<Arc<Compiled>, LoadError> {
        let plugin = || name.clone();
        let settings = &self.inner.settings;
        let permit = self.inner.compilers.acquire().ok_or_else(|| LoadError::NoCompiler {
            plugin: plugin(),
            compilers: settings.max_compilations,
            limit_ms: settings.max_compile_ms,
        })?;
        let bytes = bytes().map_err(|error| LoadError::Read { plugin: plugin(), reason: error.to_string() })?;
        let compiled = permit.run(|| self.inner.inspect_and_compile(name, digest, &bytes));
        let compiled = compiled.unwrap_or_else(|reason| Err(LoadError::Compile { plugin: plugin(), reason }));
        compiled.map(Arc::new)
    }

    /// Returns the permits for guests that compute for long.
    pub(crate) fn offload(&self) -> &Offload {
        &self.inner.offload
    }

    /// Waits for a free slot for this kind of work, which is free again when the permit is dropped. Fails if too many calls
    /// wait already.
    pub(crate) async fn enter(&self, world: World, pooled: bool) -> Result<SemaphorePermit<'_>, CallErrorKind> {
        self.inner.queues.enter(world, pooled, self.inner.settings.max_queued).await
    }

    /// Marks a guest as computing until the result is dropped. Its computing time is counted only meanwhile.
    pub(crate) fn computing(&self) -> Computing<'_> {
        self.inner.ticker.computing()
    }

    /// Returns the component in an engine that can apply these limits.
    pub(crate) async fn variant_for(
        &self,
        compiled: &Arc<Compiled>,
        limits: &Limits,
    ) -> Result<Arc<Compiled>, CallErrorKind> {
        self.inner.variants.variant_for(compiled, limits).await
    }
}

impl Inner {
    /// Checks, compiles, links and caches unknown bytes. May take long.
    fn inspect_and_compile(&self, name: &PluginName, digest: &Digest, bytes: &[u8]) -> Result<Compiled, LoadError> {
        let inspection = self.inspect(name, digest, bytes)?;
        let (linked, pooled) = self.linked_engine(&inspection);
        let code = match self.compilers.compile(&linked.engine, default_stack(pooled), bytes) {
            Ok(code) => code,
            Err(failure) => return Err(self.compile_error(name.clone(), failure)),
        };
        let component = aot::from_compiler(&linked.engine, &code)
            .map_err(|error| LoadError::Compile { plugin: name.clone(), reason: format!("{error:#}") })?;
        let compiled = self.link(name, inspection, &component)?;
        if let Some(cache) = &self.cache {
            cache.store(&compiled.inspection, &code);
        }
        Ok(compiled)
    }

    /// Returns the properties of unknown bytes, if a component of these bytes may be compiled and fits this host.
    fn inspect(&self, name: &PluginName, digest: &Digest, bytes: &[u8]) -> Result<Inspection, LoadError> {
        let plugin = || name.clone();
        let (size, limit) = (bytes.len() as u64, self.settings.max_component_bytes);
        if size > limit {
            return Err(LoadError::TooLarge { plugin: plugin(), size, limit });
        }
        let found = Digest::from_content(bytes);
        if found != *digest {
            return Err(LoadError::Digest { plugin: plugin(), expected: digest.clone(), found });
        }
        if let Err(unfit) = shape::check(bytes, &self.settings) {
            return Err(match unfit {
                Unfit::Excess(excess) => LoadError::TooComplex { plugin: plugin(), excess },
                // `inspect` has a better message for bytes that are no component.
                Unfit::Unreadable(failure) => {
                    let source = inspect(bytes).err().unwrap_or(InspectError::NotAComponent(failure));
                    LoadError::Inspect { plugin: plugin(), source }
                }
            });
        }
        let inspection = inspect(bytes).map_err(|source| LoadError::Inspect { plugin: plugin(), source })?;
        match inspection.misfit {
            Some(misfit) => Err(LoadError::Misfit { plugin: plugin(), misfit: Box::new(misfit) }),
            None => Ok(inspection),
        }
    }

    fn link(&self, name: &PluginName, inspection: Inspection, component: &Component) -> Result<Compiled, LoadError> {
        let misfit = |error: wasmtime::Error| LoadError::Misfit {
            plugin: name.clone(),
            misfit: Box::new(Misfit::from_linker(format!("{error:#}"))),
        };
        let (linked, pooled) = self.linked_engine(&inspection);
        let pre = linked.linker.instantiate_pre(component).map_err(misfit)?;
        let exports = Exports::find(&pre, inspection.world).map_err(misfit)?;
        Ok(Compiled { inspection, pre, exports, pooled, stack: default_stack(pooled) })
    }

    fn compile_error(&self, plugin: PluginName, failure: CompileFailure) -> LoadError {
        match failure {
            CompileFailure::Rejected(reason) => LoadError::Compile { plugin, reason },
            CompileFailure::TimedOut => LoadError::TooSlow { plugin, limit_ms: self.settings.max_compile_ms },
            CompileFailure::Died(how) => {
                LoadError::CompilerDied { plugin, how, limit_bytes: self.settings.max_compile_memory_bytes }
            }
        }
    }

    fn linked_engine(&self, inspection: &Inspection) -> (&LinkedEngine, bool) {
        let pooled = inspection.world != Some(World::Runner) && !inspection.uses_wasi();
        (if pooled { &self.pooled } else { &self.on_demand }, pooled)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.ticker.stop();
    }
}

/// Compiles one component: reads it from standard input and writes machine code to standard output.
///
/// The program in [`EngineSettings::compiler`] calls this for its subcommand `compile-component`, whose arguments are the
/// stack of the component and the memory of this process, both in bytes. On an error, the program must write it to standard
/// error and exit with 1.
pub fn serve_compilation(stack_bytes: u32, memory_bytes: u64) -> Result<(), String> {
    process::serve(&config_with_stack(stack_bytes as usize), memory_bytes)
}
