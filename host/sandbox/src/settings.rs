//! Settings of the engine: the operator's limits for the whole host, `[sandbox]` in the configuration.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, Error};

/// Settings of the engine. Limits must be at least 1.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = tidy_limits)]
pub struct EngineSettings {
    /// The folder for compiled components; `None` stores none.
    #[serde(skip)]
    pub cache_dir: Option<PathBuf>,
    /// The program that compiles: for its subcommand `compile-component` it must call
    /// [`serve_compilation`](crate::serve_compilation). With `None`, components are compiled in this process, without limits
    /// on time and memory.
    #[serde(skip)]
    pub compiler: Option<PathBuf>,
    /// Agents at once, most of which wait for models. More agents queue. Default 1,000.
    #[serde(deserialize_with = "at_least_one")]
    pub max_instances: u32,
    /// Agents with WASI (interpreters) at once. Default 100.
    #[serde(deserialize_with = "at_least_one")]
    pub max_large_instances: u32,
    /// Test runs at once. Default: the number of cores, at least 2.
    #[serde(deserialize_with = "at_least_one")]
    pub max_test_runs: u32,
    /// Calls that may wait for an instance, per kind of work; further calls fail. Default 10,000.
    #[serde(deserialize_with = "at_least_one")]
    pub max_queued: u32,
    /// The largest component, in bytes. Default 128 MiB.
    #[serde(deserialize_with = "at_least_one")]
    pub max_component_bytes: u64,
    /// The most functions of a component. Default 100,000.
    #[serde(deserialize_with = "at_least_one")]
    pub max_functions: u64,
    /// The most code of a component, in bytes. Default 32 MiB.
    #[serde(deserialize_with = "at_least_one")]
    pub max_code_bytes: u64,
    /// The longest function, in bytes. Default 1 MiB.
    #[serde(deserialize_with = "at_least_one")]
    pub max_function_bytes: u64,
    /// The highest weight of a function: its variables times its branches, which predicts the time to compile it.
    /// Default 1,000,000.
    #[serde(deserialize_with = "at_least_one")]
    pub max_function_weight: u64,
    /// The most instances inside a component, as the compiler lays them out. Default 1,000.
    #[serde(deserialize_with = "at_least_one")]
    pub max_inner_instances: u64,
    /// The longest compilation, in milliseconds. Default 300,000.
    #[serde(deserialize_with = "at_least_one")]
    pub max_compile_ms: u64,
    /// The most memory of a compiler process, in bytes. Default 2 GiB.
    #[serde(deserialize_with = "at_least_one")]
    pub max_compile_memory_bytes: u64,
    /// Compilations at once; more wait. Default: the number of cores, from 2 to 8.
    #[serde(deserialize_with = "at_least_one")]
    pub max_compilations: u32,
    /// The most bytes of compiled components in the cache folder. Default 1 GiB.
    #[serde(deserialize_with = "at_least_one")]
    pub max_cache_bytes: u64,
}

/// Adds the least value to the schema of each limit, and removes defaults, some of which depend on this machine.
fn tidy_limits(schema: &mut schemars::Schema) {
    let limits = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut).into_iter().flatten();
    for limit in limits.filter_map(|(_, limit)| limit.as_object_mut()) {
        limit.insert("minimum".to_owned(), 1.into());
        limit.remove("default");
    }
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

impl EngineSettings {
    /// Returns each limit with its key in `[sandbox]`, always in the same order.
    pub fn limits(&self) -> [(&'static str, u64); 14] {
        [
            ("max_instances", u64::from(self.max_instances)),
            ("max_large_instances", u64::from(self.max_large_instances)),
            ("max_test_runs", u64::from(self.max_test_runs)),
            ("max_queued", u64::from(self.max_queued)),
            ("max_component_bytes", self.max_component_bytes),
            ("max_functions", self.max_functions),
            ("max_code_bytes", self.max_code_bytes),
            ("max_function_bytes", self.max_function_bytes),
            ("max_function_weight", self.max_function_weight),
            ("max_inner_instances", self.max_inner_instances),
            ("max_compile_ms", self.max_compile_ms),
            ("max_compile_memory_bytes", self.max_compile_memory_bytes),
            ("max_compilations", u64::from(self.max_compilations)),
            ("max_cache_bytes", self.max_cache_bytes),
        ]
    }

    /// Takes over each limit of `other` whose key `replaced` accepts.
    pub fn with_limits_of(mut self, other: &Self, replaced: impl Fn(&str) -> bool) -> Self {
        macro_rules! take {
            ($($limit:ident),*) => { $(if replaced(stringify!($limit)) { self.$limit = other.$limit; })* };
        }
        take!(
            max_instances,
            max_large_instances,
            max_test_runs,
            max_queued,
            max_component_bytes,
            max_functions,
            max_code_bytes,
            max_function_bytes,
            max_function_weight,
            max_inner_instances,
            max_compile_ms,
            max_compile_memory_bytes,
            max_compilations,
            max_cache_bytes
        );
        self
    }
}

/// Deserializes a limit and rejects 0, which would block all work.
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
