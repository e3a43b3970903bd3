//! What a component is, read from its bytes before anything of it runs: its world, the contract it was built for, what it
//! imports and exports, what the operator would have to grant, and in words whatever does not fit this host.

use std::collections::BTreeSet;

use phasegate_process::{Digest, PluginName};
use serde::{Deserialize, Serialize};
use wit_component::DecodedWasm;

use crate::contract::{self, Component, ContractError, Misfit};
use crate::error::{InspectError, LoadError};

/// What sort of plugin a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// `agent-plugin`.
    Agent,
    /// `agent-plugin-blocking`.
    AgentBlocking,
    /// `feedback-plugin`.
    Feedback,
    /// `runner-plugin`.
    Runner,
}

impl World {
    pub(crate) const ALL: [Self; 4] = [Self::Agent, Self::AgentBlocking, Self::Feedback, Self::Runner];

    /// Its name in `wit/`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent-plugin",
            Self::AgentBlocking => "agent-plugin-blocking",
            Self::Feedback => "feedback-plugin",
            Self::Runner => "runner-plugin",
        }
    }

    /// For people: `an agent`.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Agent | Self::AgentBlocking => "an agent",
            Self::Feedback => "a feedback strategy",
            Self::Runner => "a test runner",
        }
    }

    pub(crate) fn export(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::AgentBlocking => "agent-blocking",
            Self::Feedback => "feedback",
            Self::Runner => "runner",
        }
    }

    /// The interfaces of ours that it may import; interfaces of types alone are free.
    pub(crate) fn imports(self) -> &'static [&'static str] {
        match self {
            Self::Agent => &["models", "artifacts", "test-bench", "log"],
            Self::AgentBlocking => &["models-blocking", "artifacts", "test-bench-blocking", "log"],
            Self::Feedback => &["log"],
            Self::Runner => &[],
        }
    }
}

/// Something that only the operator can grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Want {
    /// Language models.
    Models,
    /// Trial runs of tests.
    TestBench,
}

impl Want {
    fn words(self) -> &'static str {
        match self {
            Self::Models => "language models",
            Self::TestBench => "trial runs of tests",
        }
    }

    fn grant(self) -> &'static str {
        match self {
            Self::Models => "models = [\"default\"]",
            Self::TestBench => "test-bench = [\"python\"]",
        }
    }
}

/// What a component is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// Its world, if it is one of ours.
    pub world: Option<World>,
    /// The version of the contract it was built for, if it is one of ours.
    pub contract: Option<String>,
    /// The interfaces it imports.
    pub imports: Vec<String>,
    /// The interfaces it exports.
    pub exports: Vec<String>,
    /// What the operator would have to grant.
    pub wants: Vec<Want>,
    /// Bytes.
    pub size: u64,
    /// Its address.
    pub digest: Digest,
    /// Why this host would not take it, if it would not.
    #[serde(default)]
    pub misfit: Option<Misfit>,
}

impl Inspection {
    /// Whether all that it wants is granted.
    pub fn check_grants(&self, plugin: &PluginName, granted: &[Want]) -> Result<(), LoadError> {
        let missing: Vec<Want> = self.wants.iter().copied().filter(|want| !granted.contains(want)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let list = |part: fn(Want) -> &'static str, between: &str| {
            missing.iter().map(|want| part(*want)).collect::<Vec<_>>().join(between)
        };
        Err(LoadError::NotGranted {
            plugin: plugin.clone(),
            wanted: list(Want::words, " and "),
            hint: list(Want::grant, ", "),
        })
    }

    pub(crate) fn uses_wasi(&self) -> bool {
        self.imports.iter().any(|import| import.starts_with("wasi:"))
    }
}

/// Reads what a component is. Fails only if the bytes are no component; what does not fit is in `misfit`.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, InspectError> {
    // Eight bytes: the magic, the version, and 1 for a component where a core module has 0.
    if bytes.get(..8) != Some(b"\0asm\x0d\0\x01\0".as_slice()) {
        let what =
            if bytes.starts_with(b"\0asm\x01\0\0\0") { "it is a core module" } else { "it does not start as one" };
        return Err(InspectError(what.to_owned()));
    }
    let decoded = wit_component::decode(bytes).map_err(|error| InspectError(first_line(&error)))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(InspectError("it is a package of interfaces, nothing that runs".to_owned()));
    };
    let world = resolve.worlds.get(world).ok_or_else(|| InspectError("it has no world".to_owned()))?;
    let component = Component::of(&resolve, world);
    let misfit = contract::misfit(&component)
        .map_err(|ContractError(why)| InspectError(format!("the host's own contract cannot be read: {why}")))?;
    let wants = component.imports.iter().filter_map(|(import, _)| match contract::of_ours(import)?.0 {
        "models" | "models-blocking" => Some(Want::Models),
        "test-bench" | "test-bench-blocking" => Some(Want::TestBench),
        _ => None,
    });
    Ok(Inspection {
        world: component.sort(),
        contract: component.versions().first().copied().filter(|version| !version.is_empty()).map(str::to_owned),
        wants: wants.collect::<BTreeSet<_>>().into_iter().collect(),
        imports: component.imports.iter().map(|(name, _)| name.clone()).collect(),
        exports: component.exports.iter().map(|(name, _)| name.clone()).collect(),
        size: bytes.len() as u64,
        digest: Digest::of(bytes),
        misfit,
    })
}

fn first_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
