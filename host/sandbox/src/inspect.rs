//! Reads from the bytes of a component, before any of its code runs: its world, the contract it was built for, its imports and
//! exports, the grants it needs, its manifest, and every difference from the contract of this host.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic;
use std::sync::Once;

use phasegate_process::manifest::{InvalidManifest, Manifest};
use phasegate_process::model::Tier;
use phasegate_process::pipeline::Grants;
use phasegate_process::{Digest, PluginName};
use serde::{Deserialize, Serialize};
use wasmparser::Parser;
use wit_component::DecodedWasm;

use crate::contract::{self, Component, ContractError, Misfit};
use crate::error::{InspectError, LoadError};
use crate::manifest::manifest;
use crate::world::World;

/// A capability that the operator must grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Want {
    /// Language models.
    Models,
    /// Trial runs of tests.
    TestBench,
}

impl Want {
    fn description(self) -> &'static str {
        match self {
            Self::Models => "language models",
            Self::TestBench => "trial runs of tests",
        }
    }

    /// Returns whether the grants contain any of it.
    fn is_granted_in(self, grants: &Grants) -> bool {
        match self {
            Self::Models => !grants.models.is_empty(),
            Self::TestBench => !grants.test_bench.is_empty(),
        }
    }
}

/// Properties of a component. The cache and `plugin inspect --json` store them, so field names do not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// Its world; `None` if it exports none of the contract's interfaces.
    pub world: Option<World>,
    /// The version of the contract that its interfaces name.
    pub contract: Option<String>,
    /// Names of the imported interfaces, sorted.
    pub imports: Vec<String>,
    /// Names of the exported interfaces, sorted.
    pub exports: Vec<String>,
    /// Capabilities that its imports need a grant for.
    pub wants: Vec<Want>,
    /// Its manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Manifest>,
    /// Its size, in bytes.
    pub size: u64,
    /// Its digest.
    pub digest: Digest,
    /// Why this host cannot run it; `None` if it fits.
    #[serde(default)]
    pub misfit: Option<Misfit>,
}

impl Inspection {
    /// Returns the part of the operator's grants that the plugin receives: what its manifest asks for and its imports can
    /// use. Without a manifest, its imports decide. Some toolchains import every interface of a world, so an import that the
    /// manifest does not ask for is no fault: calls of it are answered as not granted. Fails if something that is imported and
    /// asked for has no grant.
    pub fn effective_grants(&self, plugin: &PluginName, grants: &Grants) -> Result<Grants, LoadError> {
        let mut given = self.manifest.as_ref().map_or_else(|| grants.clone(), |manifest| manifest.granted(grants));
        if !self.wants.contains(&Want::Models) {
            given.models.clear();
        }
        if !self.wants.contains(&Want::TestBench) {
            given.test_bench.clear();
        }
        let asks = self.requested_grants();
        let lacking = self.wants.iter().filter(|want| want.is_granted_in(&asks) && !want.is_granted_in(&given));
        let wanted = lacking.map(|want| want.description()).collect::<Vec<_>>().join(" and ");
        if wanted.is_empty() {
            return Ok(given);
        }
        Err(LoadError::NotGranted { plugin: plugin.clone(), wanted, grants: example_grants(asks) })
    }

    /// Returns the grants that its manifest asks for. Without a manifest, returns examples for its imports.
    pub fn requested_grants(&self) -> Grants {
        if let Some(manifest) = &self.manifest {
            return manifest.asks.clone();
        }
        let mut asks = Grants::default();
        for want in &self.wants {
            match want {
                Want::Models => asks.models = vec![Tier::Default],
                Want::TestBench => asks.test_bench = vec!["python".to_owned()],
            }
        }
        asks
    }

    pub(crate) fn uses_wasi(&self) -> bool {
        self.imports.iter().any(|import| import.starts_with("wasi:"))
    }
}

/// Returns the grants as an operator would write them, with a language instead of `*`.
fn example_grants(mut asks: Grants) -> Grants {
    asks.test_bench.iter_mut().filter(|language| *language == "*").for_each(|any| "python".clone_into(any));
    asks
}

/// Inspects a component. Fails only if the bytes are not a component or its manifest is invalid; differences from the
/// contract are in [`Inspection::misfit`].
pub fn inspect(bytes: &[u8]) -> Result<Inspection, InspectError> {
    // Magic number, version, and layer: 1 for a component, 0 for a core module.
    if bytes.get(..8) != Some(b"\0asm\x0d\0\x01\0".as_slice()) {
        let what = if bytes.starts_with(b"\0asm\x01\0\0\0") {
            "it is a core module"
        } else {
            "it does not start with the header of a component"
        };
        return Err(InspectError::NotAComponent(what.to_owned()));
    }
    let decoded = decode(bytes).map_err(InspectError::NotAComponent)?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(InspectError::NotAComponent("it is a package of WIT interfaces without code".to_owned()));
    };
    let world = resolve.worlds.get(world).ok_or_else(|| InspectError::NotAComponent("it has no world".to_owned()))?;
    let component = Component::new(&resolve, world);
    let misfit = contract::check(&component).map_err(|ContractError(why)| {
        InspectError::NotAComponent(format!("the host's own contract cannot be read: {why}"))
    })?;
    let wants = component.imports.iter().filter_map(|(import, _)| match contract::plugin_interface(import)?.0 {
        "models" | "models-blocking" => Some(Want::Models),
        "test-bench" | "test-bench-blocking" => Some(Want::TestBench),
        _ => None,
    });
    let contract = component.versions().first().copied().filter(|version| !version.is_empty()).map(str::to_owned);
    let manifest = manifest(bytes)?;
    if let (Some(real), Some(named)) = (&contract, manifest.as_ref().and_then(|manifest| manifest.contract.as_ref()))
        && real != named
    {
        let message = format!("it names contract {named}, but the exports are of {real}");
        return Err(InvalidManifest::new(message, "rebuild the plugin with one version of the SDK").into());
    }
    Ok(Inspection {
        world: component.world(),
        contract,
        manifest,
        wants: wants.collect::<BTreeSet<_>>().into_iter().collect(),
        imports: component.imports.iter().map(|(name, _)| name.clone()).collect(),
        exports: component.exports.iter().map(|(name, _)| name.clone()).collect(),
        size: bytes.len() as u64,
        digest: Digest::from_content(bytes),
        misfit,
    })
}

/// Decodes the interfaces of a component. The decoder allocates as much memory as a section claims to need, so the bytes are
/// parsed before. It panics on some valid components that WIT cannot express.
fn decode(bytes: &[u8]) -> Result<DecodedWasm, String> {
    for payload in Parser::new(0).parse_all(bytes) {
        payload.map_err(|error| first_line(&error))?;
    }
    match catch_panic(|| wit_component::decode(bytes)) {
        Some(decoded) => decoded.map_err(|error| first_line(&error)),
        None => Err("its interfaces cannot be expressed in WIT".to_owned()),
    }
}

/// Returns `None` if `work` panics, without a message from the panic hook. Panics of other threads are reported as usual.
fn catch_panic<T>(work: impl FnOnce() -> T + panic::UnwindSafe) -> Option<T> {
    thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                previous(panic)
            }
        }));
    });
    QUIET.set(true);
    let result = panic::catch_unwind(work);
    QUIET.set(false);
    result.ok()
}

fn first_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
