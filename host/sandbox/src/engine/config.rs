//! The configuration of the wasmtime engines, and what they link.

use wasmtime::component::Linker;
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::engine::queues::MAX_STRATEGIES;
use crate::settings::EngineSettings;
use crate::state::State;
use crate::{imports, wasi};

/// The most table elements of a component that goes into the pool.
pub(crate) const MAX_POOLED_TABLE_ELEMENTS: u64 = 20_000;

/// How deep an interpreter may call, in bytes; taken from the system as it is used.
const INTERPRETER_STACK: usize = 64 << 20;
/// How deep any other plugin may call, in bytes.
const STACK: usize = 512 << 10;
/// What the host's own functions may take of a stack beside it.
const HOST_STACK: usize = 2 << 20;

/// How deep a component usually may call, in bytes.
pub(crate) fn default_stack(pooled: bool) -> u32 {
    (if pooled { STACK } else { INTERPRETER_STACK }) as u32
}

/// An engine, and what it links.
pub(crate) struct LinkedEngine {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) linker: Linker<State>,
}

impl LinkedEngine {
    pub(crate) fn new(config: Config) -> wasmtime::Result<Self> {
        let engine = wasmtime::Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        imports::link(&mut linker)?;
        wasi::link(&mut linker)?;
        Ok(Self { engine, linker })
    }
}

/// The one configuration for compiling and running.
pub(crate) fn config(strategy: InstanceAllocationStrategy) -> Config {
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
pub(crate) fn interpreter_config() -> Config {
    config_with_stack(INTERPRETER_STACK)
}

/// For components that may call as deep as this; their memory is asked of the system.
pub(crate) fn config_with_stack(stack: usize) -> Config {
    let mut config = config(InstanceAllocationStrategy::OnDemand);
    config.max_wasm_stack(stack);
    config.async_stack_size(stack + HOST_STACK);
    config
}

pub(crate) fn pooling(settings: &EngineSettings) -> InstanceAllocationStrategy {
    let slots = settings.max_instances.saturating_add(MAX_STRATEGIES);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots);
    pool.total_stacks(slots);
    pool.total_memories(slots);
    // A component of one module has two tables: its own and that of the adapters around it. One in another language,
    // its virtual WASI inside, has a dozen core instances.
    pool.total_tables(slots.saturating_mul(3));
    pool.total_core_instances(slots.saturating_mul(16));
    pool.table_elements(MAX_POOLED_TABLE_ELEMENTS as usize);
    InstanceAllocationStrategy::Pooling(pool)
}
