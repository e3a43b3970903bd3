//! Why there is no engine, or a component is not taken as a plugin.

use phasegate_process::manifest::InvalidManifest;
use phasegate_process::pipeline::Grants;
use phasegate_process::{Digest, PluginName};

use crate::contract::Misfit;
use crate::shape::Excess;

/// The engine could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The machine refuses what the engine needs.
    #[error(
        "the sandbox cannot start: {0}\nhint: fewer plugin instances need less address space; lower `max_instances` under `[sandbox]`"
    )]
    Start(String),
    /// The folder for compiled components cannot be used.
    #[error("the folder for compiled plugins, {folder}, cannot be used: {reason}\nhint: {hint}")]
    Cache {
        /// The folder.
        folder: String,
        /// Why.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
}

/// Bytes that cannot be told to be a plugin.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// They are not a component.
    #[error(
        "this is not a WebAssembly component: {0}\nhint: build the plugin as a component (with the plugin SDK, componentize-py or jco), not as a core module"
    )]
    NotAComponent(String),
    /// What it says of itself cannot be read, or is not so.
    #[error("what it says of itself cannot be used: {0}")]
    Manifest(#[from] InvalidManifest),
}

/// A component that is not taken as a plugin.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Its bytes could not be had.
    #[error(
        "plugin `{plugin}` cannot be read: {reason}\nhint: see that its file is there and may be read, or name another"
    )]
    Read {
        /// The plugin.
        plugin: PluginName,
        /// Why.
        reason: String,
    },
    /// Its bytes are others than those asked for.
    #[error(
        "plugin `{plugin}` is not the component that was pinned: expected {expected}, found {found}\nhint: put the pinned component back, or start a new run"
    )]
    Digest {
        /// The plugin.
        plugin: PluginName,
        /// Asked for.
        expected: Digest,
        /// Found.
        found: Digest,
    },
    /// Too large to compile.
    #[error(
        "plugin `{plugin}` has {size} bytes, and at most {limit} are taken\nhint: strip debug information, or raise `max_component_bytes` under `[sandbox]`"
    )]
    TooLarge {
        /// The plugin.
        plugin: PluginName,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// There is more of it than is compiled.
    #[error(
        "plugin `{plugin}` {excess}\nhint: its author should make it smaller; if you trust it, raise `{setting}` under `[sandbox]`",
        setting = excess.bound.setting()
    )]
    TooComplex {
        /// The plugin.
        plugin: PluginName,
        /// What there is too much of.
        excess: Excess,
    },
    /// The compiler takes too long.
    #[error(
        "plugin `{plugin}` was not compiled after {limit_ms} ms\nhint: its author should make it smaller; if it is worth the wait, raise `max_compile_ms` under `[sandbox]`"
    )]
    TooSlow {
        /// The plugin.
        plugin: PluginName,
        /// The limit.
        limit_ms: u64,
    },
    /// The compiler came to no end of its own.
    #[error(
        "plugin `{plugin}` cannot be compiled: the compiler, which may take {limit_bytes} bytes of memory, failed ({how})\nhint: its author should make it smaller; if you trust it and memory is what lacked, raise `max_compile_memory_bytes` under `[sandbox]`"
    )]
    CompilerDied {
        /// The plugin.
        plugin: PluginName,
        /// How it ended, and its last words.
        how: String,
        /// The memory that it may take.
        limit_bytes: u64,
    },
    /// No compiler came free.
    #[error(
        "plugin `{plugin}` could not be compiled: after {limit_ms} ms all compilers, {compilers}, are still at work on other plugins\nhint: try again later; if these are honest plugins, raise `max_compilations` or `max_compile_ms` under `[sandbox]`"
    )]
    NoCompiler {
        /// The plugin.
        plugin: PluginName,
        /// How many there are.
        compilers: u32,
        /// How long it waited.
        limit_ms: u64,
    },
    /// It is not a component.
    #[error("plugin `{plugin}`: {source}")]
    Inspect {
        /// The plugin.
        plugin: PluginName,
        /// What is wrong.
        source: InspectError,
    },
    /// It does not fit the contract.
    #[error("plugin `{plugin}` does not fit this host: {misfit}")]
    Misfit {
        /// The plugin.
        plugin: PluginName,
        /// Every difference, and what to do.
        misfit: Box<Misfit>,
    },
    /// It asks for what the operator did not grant.
    #[error(
        "plugin `{plugin}` asks for {wanted}, which is not granted\nhint: if it may have that, set `grants = {grants}` under `[plugins.{plugin}]`"
    )]
    NotGranted {
        /// The plugin.
        plugin: PluginName,
        /// What it asks for, in words.
        wanted: String,
        /// All that it needs.
        grants: Grants,
    },
    /// It imports what its manifest does not ask for.
    #[error(
        "plugin `{plugin}` imports {wanted}, but its manifest does not ask for that\nhint: its author should add it to `[asks]` in plugin.toml, or leave the import out"
    )]
    NotAsked {
        /// The plugin.
        plugin: PluginName,
        /// What it imports, in words.
        wanted: String,
    },
    /// It does not compile.
    #[error(
        "plugin `{plugin}` cannot be compiled: {reason}\nhint: rebuild it; it may use a WebAssembly proposal that this host does not take"
    )]
    Compile {
        /// The plugin.
        plugin: PluginName,
        /// Why.
        reason: String,
    },
}
