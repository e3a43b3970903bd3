//! What a component is, read from its bytes before anything of it runs: its world, the contract it was built for, what it
//! imports and exports, what the operator would have to grant, and in words whatever does not fit this host.

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
    fn description(self) -> &'static str {
        match self {
            Self::Models => "language models",
            Self::TestBench => "trial runs of tests",
        }
    }

    /// Whether some of it is granted.
    fn is_granted_in(self, grants: &Grants) -> bool {
        match self {
            Self::Models => !grants.models.is_empty(),
            Self::TestBench => !grants.test_bench.is_empty(),
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
    /// What it says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Manifest>,
    /// Bytes.
    pub size: u64,
    /// Its address.
    pub digest: Digest,
    /// Why this host would not take it, if it would not.
    #[serde(default)]
    pub misfit: Option<Misfit>,
}

impl Inspection {
    /// What it gets of what the operator grants: as much as it asks for and has an import for. A plugin without a manifest
    /// asks for whatever its imports are good for.
    pub fn effective_grants(&self, plugin: &PluginName, grants: &Grants) -> Result<Grants, LoadError> {
        let mut given = self.manifest.as_ref().map_or_else(|| grants.clone(), |manifest| manifest.granted(grants));
        if !self.wants.contains(&Want::Models) {
            given.models.clear();
        }
        if !self.wants.contains(&Want::TestBench) {
            given.test_bench.clear();
        }
        let asks = self.requested_grants();
        let plugin = plugin.clone();
        match (self.missing_grants(&asks), self.missing_grants(&given)) {
            (Some(wanted), _) => Err(LoadError::NotAsked { plugin, wanted }),
            (None, Some(wanted)) => Err(LoadError::NotGranted { plugin, wanted, grants: example_grants(asks) }),
            (None, None) => Ok(given),
        }
    }

    /// What it asks of the operator. Without a manifest that is known by its imports alone, and told by an example.
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

    /// In words, what it has an import for and nothing of in here.
    fn missing_grants(&self, grants: &Grants) -> Option<String> {
        let lacking = self.wants.iter().filter(|want| !want.is_granted_in(grants));
        Some(lacking.map(|want| want.description()).collect::<Vec<_>>().join(" and ")).filter(|text| !text.is_empty())
    }

    pub(crate) fn uses_wasi(&self) -> bool {
        self.imports.iter().any(|import| import.starts_with("wasi:"))
    }
}

/// As an operator would write it: a grant names its languages.
fn example_grants(mut asks: Grants) -> Grants {
    asks.test_bench.iter_mut().filter(|language| *language == "*").for_each(|any| "python".clone_into(any));
    asks
}

/// Reads what a component is. Fails only if the bytes are no component, or its manifest is none; what does not fit is in
/// `misfit`.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, InspectError> {
    // Eight bytes: the magic, the version, and 1 for a component where a core module has 0.
    if bytes.get(..8) != Some(b"\0asm\x0d\0\x01\0".as_slice()) {
        let what =
            if bytes.starts_with(b"\0asm\x01\0\0\0") { "it is a core module" } else { "it does not start as one" };
        return Err(InspectError::NotAComponent(what.to_owned()));
    }
    let decoded = decode(bytes).map_err(InspectError::NotAComponent)?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(InspectError::NotAComponent("it is a package of interfaces, nothing that runs".to_owned()));
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
        let text = format!("it names contract {named}, and its exports are of {real}\nhint: rebuild it from one SDK");
        return Err(InvalidManifest(text).into());
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

/// Its interfaces, as WIT. The library that reads them takes as much memory as a section claims to have bytes, whether they
/// are there or not, and panics on some components that are valid and hold what WIT cannot say.
fn decode(bytes: &[u8]) -> Result<DecodedWasm, String> {
    for payload in Parser::new(0).parse_all(bytes) {
        payload.map_err(|error| first_line(&error))?;
    }
    match catch_panic(|| wit_component::decode(bytes)) {
        Some(decoded) => decoded.map_err(|error| first_line(&error)),
        None => Err("its interfaces cannot be put in words of WIT".to_owned()),
    }
}

/// `None` where it panics, of which nobody else hears. Panics of other threads are told as ever.
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
