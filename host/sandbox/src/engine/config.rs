//! The configuration of the wasmtime engines, and engines with their linker.

use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::engine::queues::max_strategies;
use crate::settings::EngineSettings;
use crate::state::State;
use crate::{imports, wasi};

/// The most table elements of a component in the pool.
pub(crate) const MAX_POOLED_TABLE_ELEMENTS: u64 = 20_000;

/// Bytes of memory that a free slot of the pool keeps. wasmtime restores their content before the next call has the slot; to
/// give pages back to the system and to get others costs more than most calls.
const KEPT_MEMORY: usize = 256 << 10;
/// Bytes of each table that a free slot keeps, restored likewise.
const KEPT_TABLE: usize = 8 << 10;

/// Default stack of an interpreter, in bytes. The system provides its pages as they are used.
const INTERPRETER_STACK: usize = 64 << 20;
/// Default stack of any other plugin, in bytes.
const STACK: usize = 512 << 10;
/// Additional stack for the host's own functions, in bytes.
const HOST_STACK: usize = 2 << 20;

/// Returns the default stack of a component, in bytes.
pub(crate) fn default_stack(pooled: bool) -> u32 {
    (if pooled { STACK } else { INTERPRETER_STACK }) as u32
}

/// A wasmtime engine and a linker with all interfaces of the contract and WASI.
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

/// Returns the configuration for compiling and running.
pub(crate) fn config(strategy: InstanceAllocationStrategy) -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.wasm_component_model_async(true);
    config.epoch_interruption(true);
    config.max_wasm_stack(STACK);
    config.memory_init_cow(true);
    config.wasm_backtrace_max_frames(None);
    // The same answers give the same result on every machine.
    config.relaxed_simd_deterministic(true);
    config.cranelift_nan_canonicalization(true);
    config.allocation_strategy(strategy);
    config
}

/// Returns the configuration for interpreters. An interpreter watches the stack in its own linear memory and turns endless
/// recursion into an error of its language; the native stack must be large enough that this happens first.
pub(crate) fn interpreter_config() -> Config {
    config_with_stack(INTERPRETER_STACK)
}

/// Returns the configuration for components with this stack, whose memory is allocated when they start.
pub(crate) fn config_with_stack(stack: usize) -> Config {
    let mut config = config(InstanceAllocationStrategy::OnDemand);
    config.max_wasm_stack(stack);
    config.async_stack_size(stack + HOST_STACK);
    config
}

pub(crate) fn pooling(settings: &EngineSettings) -> InstanceAllocationStrategy {
    let slots = settings.max_instances.saturating_add(max_strategies(settings));
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots);
    pool.total_stacks(slots);
    pool.total_memories(slots);
    // A component with one module has two tables: its own and that of its adapters. A component in another language that
    // contains its own virtual WASI has a dozen core instances.
    pool.total_tables(slots.saturating_mul(3));
    pool.total_core_instances(slots.saturating_mul(16));
    pool.table_elements(MAX_POOLED_TABLE_ELEMENTS as usize);
    pool.table_keep_resident(KEPT_TABLE);
    // Without this kernel feature, wasmtime would write every page instead of those that a guest has written.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes);
        pool.linear_memory_keep_resident(KEPT_MEMORY);
    }
    InstanceAllocationStrategy::Pooling(pool)
}
