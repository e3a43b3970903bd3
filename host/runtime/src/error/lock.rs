//! Messages and hints about plugins that differ from `phasegate.lock`.

use phasegate_process::PluginName;
use phasegate_process::lock::{Change, LOCK_FILE, Pin};
use phasegate_registry::SignatureState;

/// One line a change.
pub(super) fn render_changes(changes: &[Change]) -> String {
    changes.iter().map(Change::to_string).collect::<Vec<_>>().join("\n")
}

/// One line a plugin that is not in the lock file.
pub(super) fn render_new(new: &[(PluginName, Pin)]) -> String {
    let lines: Vec<String> = new
        .iter()
        .map(|(plugin, pin)| {
            let version = pin.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
            let digest = &pin.digest;
            format!("plugin `{plugin}`{version}, {digest}, is not in {LOCK_FILE}, and this run is `locked`")
        })
        .collect();
    lines.join("\n")
}

/// One line a plugin whose signature is not verified.
pub(super) fn render_unverified(plugins: &[(PluginName, SignatureState)]) -> String {
    let lines: Vec<String> = plugins
        .iter()
        .map(|(plugin, state)| format!("plugin `{plugin}` may not be used: {}", state.describe()))
        .collect();
    lines.join("\n")
}

/// The hint where signatures are required.
pub(super) const HINT_FOR_UNVERIFIED: &str = "get it from a publisher of [trust.publishers] in your configuration, or add the \
     public key of its publisher there";

pub(super) fn hint_for_changes(changes: &[Change]) -> String {
    let accept = accept_commands(changes.iter().map(|change| &change.plugin));
    let key = match changes.iter().any(|change| change.lost_its_signer() && change.now.signer.is_none()) {
        true => "\nif you lack the publisher's public key, add it to [trust.publishers] in your configuration instead",
        false => "",
    };
    format!("review the changes; {accept}{key}")
}

pub(super) fn hint_for_new(new: &[(PluginName, Pin)]) -> String {
    let accept = accept_commands(new.iter().map(|(plugin, _)| plugin));
    format!("review it with `phasegate plugin inspect FILE`; {accept}")
}

fn accept_commands<'a>(plugins: impl Iterator<Item = &'a PluginName>) -> String {
    let commands: Vec<String> = plugins.map(|name| format!("`phasegate plugin accept {name}`")).collect();
    format!("{} agrees to it", commands.join(", "))
}
