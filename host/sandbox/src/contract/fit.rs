//! Compares a component with the contract of this host: missing exports, different types, imports that the host does not
//! provide. Lists each difference, with hints for the operator and the author.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use wit_parser::{Interface, Resolve, WorldItem, WorldKey};

use crate::contract::compare::{Comparison, TypeDifference};
use crate::contract::wit::{CONTRACT, Contract, ContractError, PACKAGE};
use crate::wasi;
use crate::world::World;
use phasegate_process::hint::with_hint;

/// The most differences in a message.
const MAX_LISTED: usize = 20;

/// A difference between a component and the contract.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Difference {
    /// An export that the host needs is missing.
    Missing {
        /// The export: `export agent.run`.
        what: String,
    },
    /// A function has other types than in the contract.
    Differs {
        /// The function: `agent.run`.
        what: String,
        /// Path to the difference; empty for the function itself.
        place: String,
        /// The type in the contract of this host.
        here: String,
        /// The type in the component.
        there: String,
    },
    /// An import that the host does not provide.
    Extra {
        /// The import: `import acme:net/http@1.0.0`.
        what: String,
        /// Why the host does not provide it; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { what } => write!(f, "missing  {what}"),
            Self::Differs { what, place, here, there } => {
                let place = if place.is_empty() { String::new() } else { format!(" {place}:") };
                write!(f, "differs  {what}:{place} {here} here, {there} there")
            }
            Self::Extra { what, why } if why.is_empty() => write!(f, "extra    {what}"),
            Self::Extra { what, why } => write!(f, "extra    {what}: {why}"),
        }
    }
}

/// Why a component does not fit this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misfit {
    /// The reason, without its subject: `it was built for …`.
    pub because: String,
    /// Every difference.
    pub differences: Vec<Difference>,
    /// What the operator can do.
    pub operator: String,
    /// What the plugin's author can do.
    pub author: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.because)?;
        for difference in self.differences.iter().take(MAX_LISTED) {
            write!(f, "\n  {difference}")?;
        }
        match self.differences.len().saturating_sub(MAX_LISTED) {
            0 => Ok(()),
            more => write!(f, "\n  … and {more} more"),
        }
    }
}

impl Misfit {
    /// Returns what the operator can do, and on a second line what the author of the plugin can do.
    pub fn hint(&self) -> Option<String> {
        Some(format!("operator: {}\nauthor: {}", self.operator, self.author))
    }

    /// Returns message and hints as the command line prints them, one line `hint: …` per hint.
    pub fn describe(&self) -> String {
        with_hint(self, self.hint())
    }

    /// Wraps an error that only the linker found.
    pub(crate) fn from_linker(text: String) -> Self {
        Self {
            because: text,
            differences: Vec::new(),
            operator: format!("no grant or setting helps; use a build that fits {PACKAGE}@{CONTRACT}"),
            author: format!("build it against the `wit/` of {CONTRACT}"),
        }
    }
}

/// Imports or exports: name, and interface if it is one.
type Items<'a> = Vec<(String, Option<&'a Interface>)>;

/// Imports and exports of a component.
pub(crate) struct Component<'a> {
    resolve: &'a Resolve,
    pub(crate) imports: Items<'a>,
    pub(crate) exports: Items<'a>,
}

impl<'a> Component<'a> {
    pub(crate) fn new(resolve: &'a Resolve, world: &'a wit_parser::World) -> Self {
        let (imports, exports) = (items(resolve, world.imports.iter()), items(resolve, world.exports.iter()));
        Self { resolve, imports, exports }
    }

    /// Returns the world, by the exported interface.
    pub(crate) fn world(&self) -> Option<World> {
        self.exports.iter().find_map(|(name, _)| {
            let (name, _) = plugin_interface(name)?;
            World::ALL.into_iter().find(|world| world.exported_interface() == name)
        })
    }

    /// Returns the versions of the contract that it names, exports first.
    pub(crate) fn versions(&self) -> Vec<&str> {
        let all = self.exports.iter().chain(&self.imports).filter_map(|(name, _)| plugin_interface(name));
        let mut versions: Vec<&str> = all.map(|(_, version)| version).collect();
        let mut seen = BTreeSet::new();
        versions.retain(|version| seen.insert(*version));
        versions
    }
}

fn items<'a>(resolve: &'a Resolve, items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>) -> Items<'a> {
    let mut found: Items<'a> = items
        .map(|(key, item)| match item {
            WorldItem::Interface { id, .. } => (resolve.name_world_key(key), resolve.interfaces.get(*id)),
            WorldItem::Function(_) | WorldItem::Type { .. } => (resolve.name_world_key(key), None),
        })
        .collect();
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

/// Splits the name of an interface of the contract into name and version. `None` for other packages.
pub(crate) fn plugin_interface(name: &str) -> Option<(&str, &str)> {
    let name = name.strip_prefix(PACKAGE)?.strip_prefix('/')?;
    Some(name.split_once('@').unwrap_or((name, "")))
}

/// Compares a component with the contract of this host. Returns `None` if it fits.
pub(crate) fn check(component: &Component<'_>) -> Result<Option<Misfit>, ContractError> {
    let host = Contract::host()?;
    let world = component.world();
    let differences = differences(component, world, &host);
    let other = component.versions().into_iter().find(|version| *version != CONTRACT);
    let because = match (other, world) {
        (Some(version), _) => {
            let built = if version.is_empty() { " without a version".to_owned() } else { format!("@{version}") };
            let same = if differences.is_empty() { "; everything that it uses is the same in both" } else { "" };
            format!("it was built for {PACKAGE}{built}, this host implements {CONTRACT}{same}")
        }
        (None, None) => format!(
            "it exports {}, and a plugin exports one of agent, agent-blocking, feedback and runner of {PACKAGE}@{CONTRACT}",
            list_names(&component.exports)
        ),
        (None, Some(_)) if differences.is_empty() => return Ok(None),
        (None, Some(world)) => format!("it differs from world {} of {PACKAGE}@{CONTRACT}", world.as_str()),
    };
    let (operator, author) = (operator_hint(other), author_hint(other, world, &differences));
    Ok(Some(Misfit { because, differences, operator, author }))
}

fn differences(component: &Component<'_>, world: Option<World>, host: &Contract) -> Vec<Difference> {
    let mut comparison = Comparison::new(&host.resolve, component.resolve);
    let mut found = Vec::new();
    let required = world.map(|world| (world.exported_interface(), true));
    let optional = world.and_then(World::optional_export).map(|name| (name, false));
    for (name, needed) in required.into_iter().chain(optional) {
        let theirs = component.exports.iter().find(|(it, _)| plugin_interface(it).is_some_and(|(it, _)| it == name));
        if theirs.is_none() && !needed {
            continue;
        }
        let theirs = theirs.and_then(|(_, interface)| *interface);
        for (function, ours) in host.interface(name).into_iter().flat_map(|interface| &interface.functions) {
            let what = format!("{name}.{function}");
            match theirs.and_then(|interface| interface.functions.get(function)) {
                None => found.push(Difference::Missing { what: format!("export {what}") }),
                Some(theirs) => found.extend(differences_in(&what, comparison.functions(ours, theirs))),
            }
        }
    }
    for (import, theirs) in &component.imports {
        import_differences(import, *theirs, world, host, &mut comparison, &mut found);
    }
    found
}

fn import_differences(
    import: &str,
    theirs: Option<&Interface>,
    world: Option<World>,
    host: &Contract,
    comparison: &mut Comparison<'_>,
    found: &mut Vec<Difference>,
) {
    let extra = |what: &str, why: String| Difference::Extra { what: format!("import {what}"), why };
    let Some((name, _)) = plugin_interface(import) else {
        found.extend((!is_virtual(import)).then(|| extra(import, String::new())));
        return;
    };
    let (Some(ours), Some(theirs)) = (host.interface(name), theirs) else {
        found.push(extra(import, "this host has no such interface".to_owned()));
        return;
    };
    if let Some(world) = world.filter(|world| !ours.functions.is_empty() && !world.allowed_imports().contains(&name)) {
        let given = match world.allowed_imports() {
            [] => "nothing".to_owned(),
            some => some.join(", "),
        };
        found.push(extra(name, format!("{} is given {given}", world.as_str())));
        return;
    }
    for (function, theirs) in &theirs.functions {
        let what = format!("{name}.{function}");
        match ours.functions.get(function) {
            None => found.push(extra(&what, "this host has no such function".to_owned())),
            Some(ours) => found.extend(differences_in(&what, comparison.functions(ours, theirs))),
        }
    }
}

fn differences_in(what: &str, found: Vec<TypeDifference>) -> impl Iterator<Item = Difference> {
    let differs = |it: TypeDifference| Difference::Differs {
        what: what.to_owned(),
        place: it.place,
        here: it.ours,
        there: it.theirs,
    };
    found.into_iter().map(differs)
}

/// Returns whether an import is one of the virtual WASI interfaces, which need no grant.
fn is_virtual(import: &str) -> bool {
    let (name, version) = import.split_once('@').unwrap_or((import, ""));
    wasi::INTERFACES.contains(&name) && version.starts_with("0.2.")
}

fn operator_hint(other: Option<&str>) -> String {
    match other {
        Some(_) => format!("use a build for {PACKAGE}@{CONTRACT}, or the version of Phasegate that it was made for"),
        None => "no grant or setting helps; use a build that fits, or another plugin".to_owned(),
    }
}

fn author_hint(other: Option<&str>, world: Option<World>, differences: &[Difference]) -> String {
    let mut advice = Vec::new();
    let shape = |it: &Difference| !matches!(it, Difference::Extra { .. });
    match (other, world) {
        (None, None) => advice.push("export the interface of one of the worlds in `wit/plugin.wit`".to_owned()),
        (Some(_), _) => advice.push(format!("build it against the `wit/` of {CONTRACT}")),
        (None, Some(_)) if differences.iter().any(shape) => {
            advice.push(format!("build it against the released `wit/` of {CONTRACT}"));
        }
        (None, Some(_)) => {}
    }
    let extra = |prefix: &str| {
        differences.iter().any(|it| matches!(it, Difference::Extra { what, .. } if what.starts_with(prefix)))
    };
    if differences.iter().any(|it| !shape(it)) {
        advice.push("remove the extra imports".to_owned());
    }
    if extra("import wasi:") {
        advice.push(
            "of WASI 0.2 the host provides only virtual clocks, random numbers, standard streams and an empty file system"
                .to_owned(),
        );
    }
    advice.join("; ")
}

fn list_names(items: &Items<'_>) -> String {
    match items.as_slice() {
        [] => "nothing".to_owned(),
        some => some.iter().take(MAX_LISTED).map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "),
    }
}
