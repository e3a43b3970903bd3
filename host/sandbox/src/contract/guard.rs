//! Checks that a contract still works for components that were built for its released version.
//!
//! Everything that a released component exports or calls must stay unchanged, down to enum cases. Additions that it does not
//! see are allowed: functions in imported interfaces, and new interfaces, types and worlds.

use std::collections::BTreeSet;

use wit_parser::{InterfaceId, Resolve, World, WorldItem, WorldKey};

use crate::contract::compare::{Comparison, TypeDifference};
use crate::contract::wit::{Contract, ContractError};

/// Describes every change from the released to the live contract that would break a released component. Files are given
/// as name and text. Fails if one of the contracts cannot be parsed.
pub fn breaking_changes(released: &[(&str, &str)], live: &[(&str, &str)]) -> Result<Vec<String>, ContractError> {
    let (released, live) = (Contract::parse(released)?, Contract::parse(live)?);
    let mut breaks = Vec::new();
    let (then, now) = (package(&released)?, package(&live)?);
    if then.name != now.name {
        breaks.push(format!("the package is {}, released as {}", now.name, then.name));
    }
    let by_guests: BTreeSet<String> = then
        .worlds
        .values()
        .filter_map(|id| released.resolve.worlds.get(*id))
        .flat_map(|world| interfaces(&released.resolve, world.exports.iter()))
        .collect();
    // In the comparison, `ours` is the live contract and `theirs` the released one.
    let mut comparison = Comparison::new(&live.resolve, &released.resolve);
    for (name, id) in &then.interfaces {
        match (released.resolve.interfaces.get(*id), live.interface(name)) {
            (Some(then), Some(now)) => {
                interface(name, then, now, by_guests.contains(name), &mut comparison, &mut breaks);
            }
            _ => breaks.push(format!("removed  interface {name}")),
        }
    }
    for (name, id) in &then.worlds {
        let live_world = now.worlds.get(name).and_then(|id| live.resolve.worlds.get(*id));
        match (released.resolve.worlds.get(*id), live_world) {
            (Some(then), Some(now)) => world((&released.resolve, then), (&live.resolve, now), &mut breaks),
            _ => breaks.push(format!("removed  world {name}")),
        }
    }
    Ok(breaks)
}

fn package(contract: &Contract) -> Result<&wit_parser::Package, ContractError> {
    contract.resolve.packages.get(contract.package).ok_or_else(|| ContractError("it has no package".to_owned()))
}

fn interface(
    name: &str,
    then: &wit_parser::Interface,
    now: &wit_parser::Interface,
    by_guests: bool,
    comparison: &mut Comparison<'_>,
    breaks: &mut Vec<String>,
) {
    for (ty, id) in &then.types {
        match now.types.get(ty) {
            Some(live) => {
                breaks.extend(comparison.named_types(*live, *id).iter().map(|it| changed(&format!("{name}.{ty}"), it)))
            }
            None => breaks.push(format!("removed  type {name}.{ty}")),
        }
    }
    for (function, then) in &then.functions {
        match now.functions.get(function) {
            Some(live) => breaks
                .extend(comparison.functions(live, then).iter().map(|it| changed(&format!("{name}.{function}"), it))),
            None => breaks.push(format!("removed  function {name}.{function}")),
        }
    }
    let added = now.functions.keys().filter(|function| by_guests && !then.functions.contains_key(*function));
    breaks
        .extend(added.map(|function| format!("added    function {name}.{function}, which no released component has")));
}

fn world((released, then): (&Resolve, &World), (live, now): (&Resolve, &World), breaks: &mut Vec<String>) {
    let lists = |world: &World, resolve: &Resolve| {
        (interfaces(resolve, world.imports.iter()), interfaces(resolve, world.exports.iter()))
    };
    let ((imports_then, exports_then), (imports_now, exports_now)) = (lists(then, released), lists(now, live));
    let name = &then.name;
    breaks.extend(imports_then.difference(&imports_now).map(|it| format!("removed  import {it} of world {name}")));
    breaks.extend(exports_then.difference(&exports_now).map(|it| format!("removed  export {it} of world {name}")));
    let added = exports_now.difference(&exports_then);
    breaks.extend(added.map(|it| format!("added    export {it} of world {name}, which no released component has")));
}

fn interfaces<'a>(resolve: &Resolve, items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>) -> BTreeSet<String> {
    let name = |id: &InterfaceId| resolve.interfaces.get(*id).and_then(|interface| interface.name.clone());
    items
        .map(|(key, item)| match item {
            WorldItem::Interface { id, .. } => name(id).unwrap_or_else(|| resolve.name_world_key(key)),
            WorldItem::Function(_) | WorldItem::Type { .. } => resolve.name_world_key(key),
        })
        .collect()
}

fn changed(what: &str, TypeDifference { place, ours, theirs }: &TypeDifference) -> String {
    let place = if place.is_empty() { String::new() } else { format!(" {place}:") };
    format!("changed  {what}:{place} {theirs} as released, {ours} now")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::contract::wit::HOST_FILES;

    /// Returns the breaking changes after replacing `from` with `to` in the host's contract.
    fn breaks(from: &str, to: &str) -> Vec<String> {
        assert_eq!(HOST_FILES.iter().filter(|(_, text)| text.contains(from)).count(), 1, "{from}");
        let texts = HOST_FILES.map(|(name, text)| (name, text.replace(from, to)));
        let live: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        breaking_changes(&HOST_FILES, &live).unwrap()
    }

    #[test]
    fn changed_enum_cases_break_released_components() {
        let added = breaks("high, critical }", "high, critical, fatal }");
        assert_eq!(added, ["changed  types.severity: enum `severity`, case `fatal`: absent as released, present now"]);
        let removed = breaks("errored, skipped", "errored");
        assert_eq!(
            removed,
            ["changed  types.outcome: enum `outcome`, case `skipped`: present as released, absent now"]
        );
        let variant = breaks("        give-up(string),", "        give-up(string), wait(u32),");
        assert_eq!(
            variant,
            ["changed  feedback.decision: variant `decision`, case `wait`: absent as released, u32 now"]
        );
    }

    #[test]
    fn changed_records_and_functions_break_released_components() {
        let removed = breaks("        evidence: string,\n", "");
        assert_eq!(removed, ["changed  types.issue: record `issue`, field `evidence`: string as released, absent now"]);
        let added = breaks("attempts-left: u32,", "attempts-left: u32, urgent: bool,");
        let text =
            "changed  feedback.gate-failure: record `gate-failure`, field `urgent`: absent as released, bool now";
        assert_eq!(added, [text]);
        let function = breaks("read: func(name: string)", "read: func(name: string, at: u64)");
        assert_eq!(function, ["changed  artifacts.read: parameters: (name) as released, (name, at) now"]);
    }

    #[test]
    fn removals_break_released_components() {
        let function = breaks("    progress: func(what: string, fraction: option<f32>);\n", "");
        assert_eq!(function, ["removed  function log.progress"]);
        let world = breaks("world runner-plugin {\n    export runner;\n}", "");
        assert_eq!(world, ["removed  world runner-plugin"]);
        let import = breaks("world feedback-plugin {\n    import log;", "world feedback-plugin {");
        assert_eq!(import, ["removed  import log of world feedback-plugin"]);
    }

    #[test]
    fn new_required_exports_break_released_components() {
        let function = breaks("    environment: func() -> string;", "environment: func() -> string; stop: func();");
        assert_eq!(function, ["added    function runner.stop, which no released component has"]);
        let world = "world runner-plugin {\n";
        let export = breaks(world, &format!("{world}    export feedback;\n"));
        assert_eq!(export, ["added    export feedback of world runner-plugin, which no released component has"]);
    }

    #[test]
    fn compatible_additions_are_allowed() {
        let end = "world runner-plugin {\n    export runner;\n}";
        let more =
            "interface auditor { audit: func() -> string; } world auditor-plugin { import log; export auditor; }";
        assert_eq!(breaks(end, &format!("{end} {more}")), [""; 0]);
        assert_eq!(breaks("    inputs: func()", "    size: func(name: string) -> u64;\n    inputs: func()"), [""; 0]);
        let import = "world feedback-plugin {\n    import log;\n    import artifacts;";
        assert_eq!(breaks("world feedback-plugin {\n    import log;", import), [""; 0]);
        assert_eq!(breaks("    enum severity", "    record fix { patch: string }\n    enum severity"), [""; 0]);
    }
}
