//! Why there is no engine, or a component is not taken as a plugin.

use phasegate_process::manifest::InvalidManifest;
use phasegate_process::pipeline::Grants;
use phasegate_process::{Digest, PluginName};

use crate::contract::Misfit;
use crate::hint::with_hint;
use crate::shape::Excess;

/// The engine could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The machine refuses what the engine needs.
    #[error("the sandbox cannot start: {0}")]
    Start(String),
    /// The folder for compiled components cannot be used.
    #[error("the folder for compiled plugins, {folder}, cannot be used: {reason}")]
    Cache {
        /// The folder.
        folder: String,
        /// Why.
        reason: String,
        /// What the operator can do.
        hint: &'static str,
    },
}

impl EngineError {
    /// Returns what the operator can do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Start(_) => "fewer plugin instances need less address space; lower `max_instances` under `[sandbox]`",
            Self::Cache { hint, .. } => hint,
        };
        Some(hint.to_owned())
    }

    /// Returns message and hints as the command line prints them, one line `hint: …` per hint.
    pub fn describe(&self) -> String {
        with_hint(self, self.hint())
    }
}

/// Bytes that cannot be told to be a plugin.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// They are not a component.
    #[error("this is not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// What it says of itself cannot be read, or is not so.
    #[error("what it says of itself cannot be used: {0}")]
    Manifest(#[from] InvalidManifest),
}

impl InspectError {
    /// Returns what the author of the plugin can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAComponent(_) => Some(
                "build the plugin as a component (with the plugin SDK, componentize-py or jco), not as a core module"
                    .to_owned(),
            ),
            // The message ends with its own hint.
            Self::Manifest(_) => None,
        }
    }

    /// Returns message and hints as the command line prints them, one line `hint: …` per hint.
    pub fn describe(&self) -> String {
        with_hint(self, self.hint())
    }
}

/// A component that is not taken as a plugin.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Its bytes could not be had.
    #[error("plugin `{plugin}` cannot be read: {reason}")]
    Read {
        /// The plugin.
        plugin: PluginName,
        /// Why.
        reason: String,
    },
    /// Its bytes are others than those asked for.
    #[error("plugin `{plugin}` is not the component that was pinned: expected {expected}, found {found}")]
    Digest {
        /// The plugin.
        plugin: PluginName,
        /// Asked for.
        expected: Digest,
        /// Found.
        found: Digest,
    },
    /// Too large to compile.
    #[error("plugin `{plugin}` has {size} bytes, and at most {limit} are taken")]
    TooLarge {
        /// The plugin.
        plugin: PluginName,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// There is more of it than is compiled.
    #[error("plugin `{plugin}` {excess}")]
    TooComplex {
        /// The plugin.
        plugin: PluginName,
        /// What there is too much of.
        excess: Excess,
    },
    /// The compiler takes too long.
    #[error("plugin `{plugin}` was not compiled after {limit_ms} ms")]
    TooSlow {
        /// The plugin.
        plugin: PluginName,
        /// The limit.
        limit_ms: u64,
    },
    /// The compiler came to no end of its own.
    #[error(
        "plugin `{plugin}` cannot be compiled: the compiler, which may take {limit_bytes} bytes of memory, failed ({how})"
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
        "plugin `{plugin}` could not be compiled: after {limit_ms} ms all compilers, {compilers}, are still at work on other plugins"
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
    #[error("plugin `{plugin}` asks for {wanted}, which is not granted")]
    NotGranted {
        /// The plugin.
        plugin: PluginName,
        /// What it asks for, in words.
        wanted: String,
        /// All that it needs.
        grants: Grants,
    },
    /// It imports what its manifest does not ask for.
    #[error("plugin `{plugin}` imports {wanted}, but its manifest does not ask for that")]
    NotAsked {
        /// The plugin.
        plugin: PluginName,
        /// What it imports, in words.
        wanted: String,
    },
    /// It does not compile.
    #[error("plugin `{plugin}` cannot be compiled: {reason}")]
    Compile {
        /// The plugin.
        plugin: PluginName,
        /// Why.
        reason: String,
    },
}

impl LoadError {
    /// Returns what the operator or the author of the plugin can do; lines beyond the first are further hints.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Read { .. } => "see that its file is there and may be read, or name another".to_owned(),
            Self::Digest { .. } => "put the pinned component back, or start a new run".to_owned(),
            Self::TooLarge { .. } => {
                "strip debug information, or raise `max_component_bytes` under `[sandbox]`".to_owned()
            }
            Self::TooComplex { excess, .. } => format!(
                "its author should make it smaller; if you trust it, raise `{}` under `[sandbox]`",
                excess.bound.setting()
            ),
            Self::TooSlow { .. } => "its author should make it smaller; if it is worth the wait, raise \
                                     `max_compile_ms` under `[sandbox]`"
                .to_owned(),
            Self::CompilerDied { .. } => "its author should make it smaller; if you trust it and memory is what \
                                          lacked, raise `max_compile_memory_bytes` under `[sandbox]`"
                .to_owned(),
            Self::NoCompiler { .. } => "try again later; if these are honest plugins, raise `max_compilations` or \
                                        `max_compile_ms` under `[sandbox]`"
                .to_owned(),
            Self::Inspect { source, .. } => return source.hint(),
            Self::Misfit { misfit, .. } => return misfit.hint(),
            Self::NotGranted { plugin, grants, .. } => {
                format!("if it may have that, set `grants = {grants}` under `[plugins.{plugin}]`")
            }
            Self::NotAsked { .. } => {
                "its author should add it to `[asks]` in plugin.toml, or leave the import out".to_owned()
            }
            Self::Compile { .. } => {
                "rebuild it; it may use a WebAssembly proposal that this host does not take".to_owned()
            }
        };
        Some(hint)
    }

    /// Returns message and hints as the command line prints them, one line `hint: …` per hint.
    pub fn describe(&self) -> String {
        with_hint(self, self.hint())
    }
}
