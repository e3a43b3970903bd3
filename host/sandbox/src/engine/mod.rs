//! The engine: compiles, keeps and runs components, and bounds how many run at once.
//!
//! Two wasmtime engines of one configuration stand behind it. Small components (no WASI: agents and strategies in Rust)
//! live in a pool of slots that are there beforehand. Interpreters take a dozen core instances and megabytes each; their
//! memory is asked of the system when they start, which costs them less than a millisecond of the many they run, and
//! keeps them from eating the pool. Each kind of work has a queue of its own, so that a thousand agents that wait for
//! models never keep a test run or a strategy from starting.

mod stack_variants;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use phasegate_process::{Digest, PluginName};
use tokio::sync::{OwnedMutexGuard, Semaphore, SemaphorePermit};
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::aot;
use crate::cache::Cache;
use crate::compile::Compilers;
use crate::compile::process::Failed;
use crate::contract::Misfit;
use crate::engine::stack_variants::Depths;
use crate::error::{CallErrorKind, EngineError, InspectError, LoadError};
use crate::inspect::{Inspection, World, inspect};
use crate::offload::Lane;
use crate::plugin::{Exports, Plugin};
use crate::settings::{EngineSettings, cores};
use crate::shape::{self, Unfit};
use crate::state::State;
use crate::{imports, wasi};

/// The length of a tick of computing time.
pub(crate) const TICK: Duration = Duration::from_millis(1);
/// Strategies are short and pure; so many at once are plenty.
const STRATEGIES: u32 = 32;
/// The most table elements of a component that goes into the pool.
pub(crate) const POOLED_TABLE: u64 = 20_000;

/// How deep an interpreter may call, in bytes; taken from the system as it is used.
const INTERPRETER_STACK: usize = 64 << 20;
/// How deep any other plugin may call, in bytes.
const STACK: usize = 512 << 10;
/// What the host's own functions may take of a stack beside it.
const HOST_STACK: usize = 2 << 20;

/// Components that are loaded at once: each may take one of the threads that all blocking work shares.
const LOADING: usize = 32;

/// How deep a component usually may call, in bytes.
fn stack_of(pooled: bool) -> u32 {
    (if pooled { STACK } else { INTERPRETER_STACK }) as u32
}

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
    depths: Depths,
}

/// One component: locked while it is made, so that whoever else asks for it waits.
type Slot = Mutex<Option<Arc<Compiled>>>;

/// The right to load a component, see [`Engine::turn`].
pub struct Turn<'a> {
    _one: OwnedMutexGuard<()>,
    _few: Option<SemaphorePermit<'a>>,
}

/// An engine, and what it links.
pub(crate) struct Side {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) linker: Linker<State>,
}

/// A component that is ready to be instantiated.
pub(crate) struct Compiled {
    pub(crate) inspection: Inspection,
    pub(crate) pre: InstancePre<State>,
    pub(crate) exports: Exports,
    pub(crate) pooled: bool,
    /// How deep it may call, in bytes.
    pub(crate) stack: u32,
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
                depths: Depths::default(),
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

    /// Makes a component ready to run, compiling it if it must. Blocks; each digest is compiled once, however many ask.
    /// `bytes` is asked only for a component that was not compiled on this machine before.
    pub fn load(
        &self,
        name: &PluginName,
        digest: &Digest,
        bytes: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<Plugin, LoadError> {
        let slot = Arc::clone(lock(&self.inner.loaded).entry(digest.clone()).or_default());
        let mut slot = lock(&slot);
        let compiled = match slot.take().map(Ok).or_else(|| self.kept(name, digest)) {
            Some(compiled) => compiled?,
            None => self.made(name, digest, bytes)?,
        };
        *slot = Some(Arc::clone(&compiled));
        Ok(Plugin::new(name.clone(), self.clone(), compiled))
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

    pub(crate) fn depths(&self) -> &Depths {
        &self.inner.depths
    }

    /// Keeps the clock of another engine as well.
    pub(crate) fn also_tick(&self, engine: wasmtime::Engine) {
        lock(&self.inner.ticker.engines).push(engine);
    }
}

impl Inner {
    /// All that may take long with bytes that nobody knows: reading, checking, compiling, keeping.
    fn make(&self, plugin: PluginName, digest: &Digest, bytes: &[u8]) -> Result<(Inspection, Component), LoadError> {
        let (size, limit) = (bytes.len() as u64, self.settings.max_component_bytes);
        if size > limit {
            return Err(LoadError::TooLarge { plugin, size, limit });
        }
        let found = Digest::of(bytes);
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

impl Side {
    pub(crate) fn new(config: Config) -> wasmtime::Result<Self> {
        let engine = wasmtime::Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        imports::link(&mut linker)?;
        wasi::link(&mut linker)?;
        Ok(Self { engine, linker })
    }
}

/// The one configuration for compiling and running.
fn config(strategy: InstanceAllocationStrategy) -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.wasm_component_model_async(true);
    config.epoch_interruption(true);
    config.max_wasm_stack(STACK);
    config.memory_init_cow(true);
    config.wasm_backtrace_max_frames(None);
    // The same answers give the same bits on every machine.
    config.relaxed_simd_deterministic(true);
    config.cranelift_nan_canonicalization(true);
    config.allocation_strategy(strategy);
    config
}

/// An interpreter watches the part of its stack that lies in its own memory, and turns recursion without end into an error
/// of its language. The machine's part must be deep enough for that to come first.
fn interpreters() -> Config {
    deep(INTERPRETER_STACK)
}

/// For components that may call as deep as this; their memory is asked of the system.
pub(crate) fn deep(stack: usize) -> Config {
    let mut config = config(InstanceAllocationStrategy::OnDemand);
    config.max_wasm_stack(stack);
    config.async_stack_size(stack + HOST_STACK);
    config
}

fn pool(settings: &EngineSettings) -> InstanceAllocationStrategy {
    let places = settings.max_instances.saturating_add(STRATEGIES);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(places);
    pool.total_stacks(places);
    pool.total_memories(places);
    // A component of one module has two tables: its own and that of the adapters around it. One in another language,
    // its virtual WASI inside, has a dozen core instances.
    pool.total_tables(places.saturating_mul(3));
    pool.total_core_instances(places.saturating_mul(16));
    pool.table_elements(POOLED_TABLE as usize);
    InstanceAllocationStrategy::Pooling(pool)
}

/// Who may start, by kind of work.
struct Queues {
    agents: Queue,
    large_agents: Queue,
    strategies: Queue,
    runners: Queue,
}

struct Queue {
    free: Semaphore,
    waiting: AtomicU32,
}

impl Queues {
    fn new(settings: &EngineSettings) -> Self {
        Self {
            agents: Queue::new(settings.max_instances),
            large_agents: Queue::new(settings.max_large_instances),
            strategies: Queue::new(STRATEGIES),
            runners: Queue::new(settings.max_test_runs),
        }
    }

    async fn enter(&self, world: World, pooled: bool, most: u32) -> Result<SemaphorePermit<'_>, CallErrorKind> {
        let queue = match world {
            World::Agent | World::AgentBlocking if pooled => &self.agents,
            World::Agent | World::AgentBlocking => &self.large_agents,
            World::Feedback => &self.strategies,
            World::Runner => &self.runners,
        };
        queue.enter(most).await
    }
}

impl Queue {
    fn new(places: u32) -> Self {
        Self { free: Semaphore::new(places.max(1) as usize), waiting: AtomicU32::new(0) }
    }

    async fn enter(&self, most: u32) -> Result<SemaphorePermit<'_>, CallErrorKind> {
        if let Ok(permit) = self.free.try_acquire() {
            return Ok(permit);
        }
        let queued = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Leave(&self.waiting);
        if queued >= most {
            return Err(CallErrorKind::Busy { queued });
        }
        self.free.acquire().await.map_err(|error| CallErrorKind::Host(error.to_string()))
    }
}

struct Leave<'a>(&'a AtomicU32);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A place in the engine.
pub(crate) struct Entered<'a> {
    _permit: SemaphorePermit<'a>,
    _running: Running<'a>,
}

/// Moves the epoch on, a tick at a time, while anything runs; asleep otherwise.
struct Ticker {
    engines: Mutex<Vec<wasmtime::Engine>>,
    running: AtomicUsize,
    ended: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

impl Ticker {
    fn start(engines: Vec<wasmtime::Engine>) -> io::Result<Arc<Self>> {
        let ticker = Arc::new(Self {
            engines: Mutex::new(engines),
            running: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            lock: Mutex::new(()),
            wake: Condvar::new(),
        });
        let it = Arc::clone(&ticker);
        std::thread::Builder::new().name("phasegate-epochs".to_owned()).spawn(move || it.tick())?;
        Ok(ticker)
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

    fn running(&self) -> Running<'_> {
        if self.running.fetch_add(1, Ordering::AcqRel) == 0 {
            let _guard = lock(&self.lock);
            self.wake.notify_one();
        }
        Running(self)
    }
}

struct Running<'a>(&'a Ticker);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.ticker.ended.store(true, Ordering::Release);
        let _guard = lock(&self.ticker.lock);
        self.ticker.wake.notify_one();
    }
}

/// Whoever panicked while holding it left nothing half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
