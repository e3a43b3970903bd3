//! Errors before a plugin runs: creating the engine, inspecting a component, loading a plugin.

use phasegate_process::manifest::InvalidManifest;
use phasegate_process::pipeline::Grants;
use phasegate_process::{Digest, PluginName};

use crate::contract::Misfit;
use crate::shape::Excess;
use phasegate_process::hint::with_hint;

/// The engine cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The machine does not provide the address space or threads that the engine needs.
    #[error("the sandbox cannot start: {0}")]
    Start(String),
    /// The cache folder is not safe to use.
    #[error("the cache folder {folder} cannot be used: {reason}")]
    Cache {
        /// Path of the folder.
        folder: String,
        /// Why it is not safe.
        reason: String,
        /// What the operator can do.
        hint: &'static str,
    },
}

impl EngineError {
    /// Returns what the operator can do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Start(_) => "lower `max_instances` under `[sandbox]`; fewer instances need less address space",
            Self::Cache { hint, .. } => hint,
        };
        Some(hint.to_owned())
    }

    /// Returns message and hints as the command line prints them, one line `hint: …` per hint.
    pub fn describe(&self) -> String {
        with_hint(self, self.hint())
    }
}

/// Bytes that cannot be inspected as a plugin.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The bytes are not a component, for this reason.
    #[error("not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// The manifest is invalid, or contradicts the component.
    #[error("invalid manifest: {0}")]
    Manifest(#[from] InvalidManifest),
}

impl InspectError {
    /// Returns the line of the manifest that causes the error, with carets below the place.
    pub fn excerpt(&self) -> Option<&str> {
        match self {
            Self::Manifest(manifest) => manifest.excerpt.as_deref(),
            Self::NotAComponent(_) => None,
        }
    }

    /// Returns what the author of the plugin can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAComponent(_) => Some(
                "build the plugin as a component (with the plugin SDK, componentize-py or jco), not as a core module"
                    .to_owned(),
            ),
            Self::Manifest(manifest) => Some(manifest.hint.clone()),
        }
    }

    /// Returns message and hints as the command line prints them, one line `hint: …` per hint.
    pub fn describe(&self) -> String {
        with_hint(self, self.hint())
    }
}

/// A component that cannot be loaded as a plugin.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The component cannot be read.
    #[error("plugin `{plugin}` cannot be read: {reason}")]
    Read {
        /// The plugin.
        plugin: PluginName,
        /// Why.
        reason: String,
    },
    /// The component is not the pinned one.
    #[error("plugin `{plugin}` is not the pinned component: expected {expected}, found {found}")]
    Digest {
        /// The plugin.
        plugin: PluginName,
        /// Digest of the pinned component.
        expected: Digest,
        /// Digest of the component that was found.
        found: Digest,
    },
    /// The component is too large.
    #[error("plugin `{plugin}` is too large: {size} bytes, at most {limit} allowed")]
    TooLarge {
        /// The plugin.
        plugin: PluginName,
        /// Its size, in bytes.
        size: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A limit on the shape of components is exceeded.
    #[error("plugin `{plugin}` {excess}")]
    TooComplex {
        /// The plugin.
        plugin: PluginName,
        /// The exceeded limit.
        excess: Excess,
    },
    /// The compiler exceeded its time limit.
    #[error("plugin `{plugin}` was not compiled within {limit_ms} ms")]
    TooSlow {
        /// The plugin.
        plugin: PluginName,
        /// The limit, in milliseconds.
        limit_ms: u64,
    },
    /// The compiler crashed or could not start.
    #[error(
        "plugin `{plugin}` cannot be compiled: the compiler failed with a memory limit of {limit_bytes} bytes ({how})"
    )]
    CompilerDied {
        /// The plugin.
        plugin: PluginName,
        /// How the compiler ended, and the first line of its standard error.
        how: String,
        /// Its memory limit, in bytes.
        limit_bytes: u64,
    },
    /// All compilers stayed busy.
    #[error("plugin `{plugin}` cannot be compiled: all compilers ({compilers}) were busy for {limit_ms} ms")]
    NoCompiler {
        /// The plugin.
        plugin: PluginName,
        /// Number of compilers.
        compilers: u32,
        /// Time waited, in milliseconds.
        limit_ms: u64,
    },
    /// The component cannot be inspected.
    #[error("plugin `{plugin}`: {source}")]
    Inspect {
        /// The plugin.
        plugin: PluginName,
        /// Why.
        source: InspectError,
    },
    /// The component does not fit the contract.
    #[error("plugin `{plugin}` does not fit this host: {misfit}")]
    Misfit {
        /// The plugin.
        plugin: PluginName,
        /// Every difference.
        misfit: Box<Misfit>,
    },
    /// The component imports an interface that the operator did not grant.
    #[error("plugin `{plugin}` asks for {wanted}, which is not granted")]
    NotGranted {
        /// The plugin.
        plugin: PluginName,
        /// What it needs: `language models`.
        wanted: String,
        /// Grants that would be enough.
        grants: Grants,
    },
    /// The compiler rejected the component.
    #[error("plugin `{plugin}` cannot be compiled: {reason}")]
    Compile {
        /// The plugin.
        plugin: PluginName,
        /// Why.
        reason: String,
    },
}

impl LoadError {
    /// Returns the line of the manifest that causes the error, with carets below the place.
    pub fn excerpt(&self) -> Option<&str> {
        match self {
            Self::Inspect { source, .. } => source.excerpt(),
            _ => None,
        }
    }

    /// Returns what the operator or the author of the plugin can do; lines beyond the first are further hints.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Read { .. } => "check the path and the permissions of its file".to_owned(),
            Self::Digest { .. } => "restore the pinned component, or start a new run".to_owned(),
            Self::TooLarge { .. } => {
                "strip debug information, or raise `max_component_bytes` under `[sandbox]`".to_owned()
            }
            Self::TooComplex { excess, .. } => format!(
                "make the plugin smaller, or, if you trust it, raise `{}` under `[sandbox]`",
                excess.bound.setting()
            ),
            Self::TooSlow { .. } => "make the plugin smaller, or raise `max_compile_ms` under `[sandbox]`".to_owned(),
            Self::CompilerDied { .. } => {
                "make the plugin smaller, or, if you trust it and the compiler lacked memory, \
                                          raise `max_compile_memory_bytes` under `[sandbox]`"
                    .to_owned()
            }
            Self::NoCompiler { .. } => {
                "try again later, or raise `max_compilations` or `max_compile_ms` under `[sandbox]`".to_owned()
            }
            Self::Inspect { source, .. } => return source.hint(),
            Self::Misfit { misfit, .. } => return misfit.hint(),
            Self::NotGranted { plugin, grants, .. } => {
                format!("to grant it, set `grants = {grants}` under `[plugins.{plugin}]`")
            }
            Self::Compile { .. } => {
                "rebuild the plugin without WebAssembly proposals that this host does not support".to_owned()
            }
        };
        Some(hint)
    }

    /// Returns message and hints as the command line prints them, one line `hint: …` per hint.
    pub fn describe(&self) -> String {
        with_hint(self, self.hint())
    }
}
