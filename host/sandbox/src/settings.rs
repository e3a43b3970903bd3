//! How the engine is set up: the operator's bounds on the whole host, `[sandbox]` in the configuration.

use std::path::PathBuf;

use serde::de::{Deserialize, Deserializer, Error};

/// How the engine is set up.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSettings {
    /// Where compiled components are kept; `None` keeps none.
    #[serde(skip)]
    pub cache_dir: Option<PathBuf>,
    /// The program that compiles, which calls [`serve_compilation`](crate::serve_compilation) when it is told to. Without
    /// one, components are compiled in this process, and nothing ends a compilation.
    #[serde(skip)]
    pub compiler: Option<PathBuf>,
    /// Agents that exist at once, most of them waiting. Further ones queue.
    #[serde(deserialize_with = "at_least_one")]
    pub max_instances: u32,
    /// Agents on top of WASI (interpreters) that exist at once.
    #[serde(deserialize_with = "at_least_one")]
    pub max_large_instances: u32,
    /// Test runs at once.
    #[serde(deserialize_with = "at_least_one")]
    pub max_test_runs: u32,
    /// Calls that may queue for an instance, per kind; beyond that a call fails at once.
    #[serde(deserialize_with = "at_least_one")]
    pub max_queued: u32,
    /// The largest component that is compiled.
    #[serde(deserialize_with = "at_least_one")]
    pub max_component_bytes: u64,
    /// The most functions of a component.
    #[serde(deserialize_with = "at_least_one")]
    pub max_functions: u64,
    /// The most code of a component, in bytes.
    #[serde(deserialize_with = "at_least_one")]
    pub max_code_bytes: u64,
    /// The longest function, in bytes.
    #[serde(deserialize_with = "at_least_one")]
    pub max_function_bytes: u64,
    /// The most variables times branches of a function, which is what the worst functions to compile are made of.
    #[serde(deserialize_with = "at_least_one")]
    pub max_function_weight: u64,
    /// Instances of what a component has inside, as the compiler lays them out.
    #[serde(deserialize_with = "at_least_one")]
    pub max_inner_instances: u64,
    /// How long a component may take to compile.
    #[serde(deserialize_with = "at_least_one")]
    pub max_compile_ms: u64,
    /// How much memory the compiler of a component may take.
    #[serde(deserialize_with = "at_least_one")]
    pub max_compile_memory_bytes: u64,
    /// Components that are compiled at once. Further ones wait.
    #[serde(deserialize_with = "at_least_one")]
    pub max_compilations: u32,
    /// How many bytes of compiled components are kept.
    #[serde(deserialize_with = "at_least_one")]
    pub max_cache_bytes: u64,
}

impl Default for EngineSettings {
    fn default() -> Self {
        let cores = cores() as u32;
        Self {
            cache_dir: None,
            compiler: None,
            max_instances: 1_000,
            max_large_instances: 100,
            max_test_runs: cores.max(2),
            max_queued: 10_000,
            max_component_bytes: 128 << 20,
            max_functions: 100_000,
            max_code_bytes: 32 << 20,
            max_function_bytes: 1 << 20,
            max_function_weight: 1_000_000,
            max_inner_instances: 1_000,
            max_compile_ms: 300_000,
            max_compile_memory_bytes: 2 << 30,
            max_compilations: cores.clamp(2, 8),
            max_cache_bytes: 1 << 30,
        }
    }
}

/// A bound of nothing at all would be a mistake.
fn at_least_one<'de, D, N>(deserializer: D) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: Deserialize<'de> + Default + PartialEq,
{
    match N::deserialize(deserializer)? {
        number if number == N::default() => Err(D::Error::custom("must be at least 1")),
        number => Ok(number),
    }
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}
