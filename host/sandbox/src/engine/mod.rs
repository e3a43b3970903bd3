//! The engine: compiles, keeps and runs components, and bounds how many run at once.
//!
//! Two wasmtime engines of one configuration stand behind it. Small components (no WASI: agents and strategies in Rust)
//! live in a pool of slots that are there beforehand. Interpreters take a dozen core instances and megabytes each; their
//! memory is asked of the system when they start, which costs them less than a millisecond of the many they run, and
//! keeps them from eating the pool. Each kind of work has a queue of its own, so that a thousand agents that wait for
//! models never keep a test run or a strategy from starting.

mod config;
mod queues;
mod stack_variants;
mod ticker;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use phasegate_process::{Digest, PluginName};
use tokio::sync::{OwnedMutexGuard, Semaphore, SemaphorePermit};
use wasmtime::component::Component;

use crate::aot;
use crate::cache::Cache;
use crate::compile::Compilers;
use crate::compile::process::{self, Failed};
use crate::compiled::{Compiled, Exports};
use crate::contract::Misfit;
use crate::engine::config::{Side, config, deep, interpreters, pool, stack_of};
use crate::engine::queues::Queues;
use crate::engine::stack_variants::Depths;
use crate::engine::ticker::{Running, Ticker};
use crate::error::{CallErrorKind, EngineError, InspectError, LoadError};
use crate::inspect::{Inspection, inspect};
use crate::limits::Limits;
use crate::mutex::lock;
use crate::offload::Lane;
use crate::settings::{EngineSettings, cores};
use crate::shape::{self, Unfit};
use crate::world::World;

pub(crate) use crate::engine::ticker::TICK;

/// Components that are loaded at once: each may take one of the threads that all blocking work shares.
const LOADING: usize = 32;

/// Runs plugins. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    settings: EngineSettings,
    pooled: Side,
    on_demand: Side,
    cache: Option<Cache>,
    notice: Option<String>,
    compilers: Compilers,
    loaded: Mutex<HashMap<Digest, Arc<Slot>>>,
    turns: Mutex<HashMap<Digest, Arc<tokio::sync::Mutex<()>>>>,
    loading: Semaphore,
    queues: Queues,
    lane: Lane,
    ticker: Arc<Ticker>,
    depths: Arc<Depths>,
}

/// One component: locked while it is made, so that whoever else asks for it waits.
type Slot = Mutex<Option<Arc<Compiled>>>;

/// The right to load a component, see [`Engine::turn`].
pub struct Turn<'a> {
    _one: OwnedMutexGuard<()>,
    _few: Option<SemaphorePermit<'a>>,
}

impl Engine {
    /// Sets up the engine and its clock, which ends with the last clone.
    pub fn new(settings: EngineSettings) -> Result<Self, EngineError> {
        let start = |error: wasmtime::Error| EngineError::Start(format!("{error:#}"));
        let pooled = Side::new(config(pool(&settings))).map_err(start)?;
        let on_demand = Side::new(interpreters()).map_err(start)?;
        let (cache, notice) = match &settings.cache_dir {
            Some(folder) => Cache::open(folder, &[&pooled.engine, &on_demand.engine], settings.max_cache_bytes)?,
            None => (None, None),
        };
        let ticker = Ticker::start(vec![pooled.engine.clone(), on_demand.engine.clone()])
            .map_err(|error| EngineError::Start(error.to_string()))?;
        let depths = Arc::new(Depths::new(Arc::clone(&ticker)));
        let queues = Queues::new(&settings);
        let compilers = Compilers::new(&settings);
        let (loaded, turns, loading) = (Mutex::default(), Mutex::default(), Semaphore::new(LOADING));
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                pooled,
                on_demand,
                cache,
                notice,
                compilers,
                loaded,
                turns,
                loading,
                queues,
                lane: Lane::new(cores()),
                ticker,
                depths,
            }),
        })
    }

    /// Why compiled plugins are not kept, if they are to be and cannot.
    pub fn notice(&self) -> Option<&str> {
        self.inner.notice.as_deref()
    }

    /// Waits, without a thread, until nobody else loads this component and few load any. For callers on async threads: one
    /// who takes a turn before [`load`](Self::load) on a blocking thread holds up no other such thread.
    pub async fn turn(&self, digest: &Digest) -> Turn<'_> {
        let turn = Arc::clone(lock(&self.inner.turns).entry(digest.clone()).or_default());
        let one = turn.lock_owned().await;
        // Never closed.
        Turn { _one: one, _few: self.inner.loading.acquire().await.ok() }
    }

    /// A component that is ready to run, compiled if it must be; see [`load`](Self::load).
    pub(crate) fn compiled(
        &self,
        name: &PluginName,
        digest: &Digest,
        bytes: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<Arc<Compiled>, LoadError> {
        let slot = Arc::clone(lock(&self.inner.loaded).entry(digest.clone()).or_default());
        let mut slot = lock(&slot);
        let compiled = match slot.take().map(Ok).or_else(|| self.kept(name, digest)) {
            Some(compiled) => compiled?,
            None => self.made(name, digest, bytes)?,
        };
        *slot = Some(Arc::clone(&compiled));
        Ok(compiled)
    }

    /// The component as it was compiled before, if it was.
    fn kept(&self, name: &PluginName, digest: &Digest) -> Option<Result<Arc<Compiled>, LoadError>> {
        let kept = self.inner.cache.as_ref()?.find(digest).filter(|kept| kept.inspection.misfit.is_none())?;
        let (side, _) = self.inner.side(&kept.inspection);
        let component = kept.component(&side.engine)?;
        Some(self.ready(name, kept.inspection, &component))
    }

    fn made(
        &self,
        name: &PluginName,
        digest: &Digest,
        bytes: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<Arc<Compiled>, LoadError> {
        let plugin = || name.clone();
        let settings = &self.inner.settings;
        let place = self.inner.compilers.place().ok_or_else(|| LoadError::NoCompiler {
            plugin: plugin(),
            compilers: settings.max_compilations,
            limit_ms: settings.max_compile_ms,
        })?;
        let bytes = bytes().map_err(|error| LoadError::Read { plugin: plugin(), reason: error.to_string() })?;
        let made = place.work(|| self.inner.make(plugin(), digest, &bytes));
        let made = made.unwrap_or_else(|reason| Err(LoadError::Compile { plugin: plugin(), reason }));
        let (inspection, component) = made?;
        self.ready(name, inspection, &component)
    }

    fn ready(
        &self,
        name: &PluginName,
        inspection: Inspection,
        component: &Component,
    ) -> Result<Arc<Compiled>, LoadError> {
        let misfit = |error: wasmtime::Error| LoadError::Misfit {
            plugin: name.clone(),
            misfit: Box::new(Misfit::of_the_linker(format!("{error:#}"))),
        };
        let (side, pooled) = self.inner.side(&inspection);
        let pre = side.linker.instantiate_pre(component).map_err(misfit)?;
        let exports = Exports::of(&pre, inspection.world).map_err(misfit)?;
        Ok(Arc::new(Compiled { inspection, pre, exports, pooled, stack: stack_of(pooled) }))
    }

    /// Where guests compute that do so for long.
    pub(crate) fn lane(&self) -> &Lane {
        &self.inner.lane
    }

    /// Waits for a free instance of this kind, and keeps the clock ticking while it is held.
    pub(crate) async fn enter(&self, world: World, pooled: bool) -> Result<Entered<'_>, CallErrorKind> {
        let permit = self.inner.queues.enter(world, pooled, self.inner.settings.max_queued).await?;
        Ok(Entered { _permit: permit, _running: self.inner.ticker.running() })
    }

    /// The component, ready for calls within these limits.
    pub(crate) async fn as_deep(
        &self,
        compiled: &Arc<Compiled>,
        limits: &Limits,
    ) -> Result<Arc<Compiled>, CallErrorKind> {
        self.inner.depths.as_deep(compiled, limits).await
    }
}

impl Inner {
    /// All that may take long with bytes that nobody knows: reading, checking, compiling, keeping.
    fn make(&self, plugin: PluginName, digest: &Digest, bytes: &[u8]) -> Result<(Inspection, Component), LoadError> {
        let (size, limit) = (bytes.len() as u64, self.settings.max_component_bytes);
        if size > limit {
            return Err(LoadError::TooLarge { plugin, size, limit });
        }
        let found = Digest::from_content(bytes);
        if found != *digest {
            return Err(LoadError::Digest { plugin, expected: digest.clone(), found });
        }
        if let Err(unfit) = shape::check(bytes, &self.settings) {
            return Err(match unfit {
                Unfit::Excess(excess) => LoadError::TooComplex { plugin, excess },
                // What is no component at all has better words.
                Unfit::Unreadable(why) => {
                    let source = inspect(bytes).err().unwrap_or(InspectError::NotAComponent(why));
                    LoadError::Inspect { plugin, source }
                }
            });
        }
        let inspection = match inspect(bytes) {
            Ok(inspection) => inspection,
            Err(source) => return Err(LoadError::Inspect { plugin, source }),
        };
        if let Some(misfit) = inspection.misfit {
            return Err(LoadError::Misfit { plugin, misfit: Box::new(misfit) });
        }
        let (side, pooled) = self.side(&inspection);
        let code = match self.compilers.compile(&side.engine, stack_of(pooled), bytes) {
            Ok(code) => code,
            Err(why) => return Err(self.not_compiled(plugin, why)),
        };
        if let Some(cache) = &self.cache {
            cache.keep(&inspection, &code);
        }
        match aot::from_compiler(&side.engine, &code) {
            Ok(component) => Ok((inspection, component)),
            Err(error) => Err(LoadError::Compile { plugin, reason: format!("{error:#}") }),
        }
    }

    fn not_compiled(&self, plugin: PluginName, why: Failed) -> LoadError {
        match why {
            Failed::Refused(reason) => LoadError::Compile { plugin, reason },
            Failed::Late => LoadError::TooSlow { plugin, limit_ms: self.settings.max_compile_ms },
            Failed::Died(how) => {
                LoadError::CompilerDied { plugin, how, limit_bytes: self.settings.max_compile_memory_bytes }
            }
        }
    }

    fn side(&self, inspection: &Inspection) -> (&Side, bool) {
        let pooled = inspection.world != Some(World::Runner) && !inspection.uses_wasi();
        (if pooled { &self.pooled } else { &self.on_demand }, pooled)
    }
}

/// A place in the engine.
pub(crate) struct Entered<'a> {
    _permit: SemaphorePermit<'a>,
    _running: Running<'a>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.ticker.end();
    }
}

/// What the program in [`EngineSettings::compiler`] does when its first argument is
/// `compile-component`, with the two numbers behind it: how deep the component may call, and how much memory this process
/// may take, both in bytes. Reads standard input, writes standard output. Fails in words that belong on standard error,
/// and then the program is to end with 1.
pub fn serve_compilation(stack_bytes: u32, memory_bytes: u64) -> Result<(), String> {
    process::serve(&deep(stack_bytes as usize), memory_bytes)
}
