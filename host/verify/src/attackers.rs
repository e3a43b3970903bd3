//! The components of the attackers. `plugins/fixtures` builds them.

use std::collections::BTreeMap;

use phasegate_journal::Blob;
use phasegate_process::PluginName;
use phasegate_sandbox::with_manifest;

macro_rules! fixture {
    ($file:literal) => {
        include_bytes!(concat!("../../../plugins/dist/fixtures/", $file, ".wasm")).as_slice()
    };
}

/// The attackers that load; the others are rejected by the loader.
pub(crate) const LOADABLE: [&str; 6] =
    ["visitor", "visitor-blocking", "visitor-strategy", "visitor-runner", "liar", "early-spinner"];

/// Returns the component of an attacker by its name in `corpus/*.toml`.
pub(crate) fn component(name: &str) -> Option<Vec<u8>> {
    let agent = fixture!("agent");
    let bytes = match name {
        "visitor" => agent,
        "visitor-blocking" => fixture!("blocking"),
        "visitor-strategy" => fixture!("strategy"),
        "visitor-runner" => fixture!("runner"),
        "liar" => fixture!("hostile"),
        "early-spinner" => fixture!("hostile-start"),
        "old-contract" => fixture!("old-contract"),
        "ungranted" => fixture!("ungranted"),
        "nonsense" => b"#!/bin/sh\nrm -rf /\n",
        "truncated" => agent.get(..agent.len() / 2).unwrap_or_default(),
        "understated" => return with_manifest(agent, "name = \"modest\"\nversion = \"1\"\n").ok(),
        "core-module" => b"\0asm\x01\0\0\0",
        _ => return None,
    };
    Some(bytes.to_vec())
}

/// Returns the components of those plugins that are attackers.
pub(crate) fn embedded<'a>(plugins: impl IntoIterator<Item = &'a PluginName>) -> BTreeMap<PluginName, Blob> {
    let component = |name: &PluginName| Some((name.clone(), Blob::new(component(name.as_str())?)));
    plugins.into_iter().filter_map(component).collect()
}
