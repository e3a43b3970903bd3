//! What a component is, read from its bytes before anything of it runs: its world, the contract it was built for, what it
//! imports and exports, what the operator would have to grant, and in words whatever does not fit this host.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use phasegate_process::{Digest, PluginName};
use serde::{Deserialize, Serialize};
use wit_component::DecodedWasm;
use wit_parser::{Resolve, SourceMap, TypeDefKind, WorldItem, WorldKey};

use crate::error::{InspectError, LoadError};
use crate::wasi;

/// The contract that this host speaks.
pub const CONTRACT: &str = "0.1.0";
const PACKAGE: &str = "phasegate:plugin";

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
    const ALL: [Self; 4] = [Self::Agent, Self::AgentBlocking, Self::Feedback, Self::Runner];

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

    fn export(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::AgentBlocking => "agent-blocking",
            Self::Feedback => "feedback",
            Self::Runner => "runner",
        }
    }

    /// The interfaces of ours that it may import; interfaces of types alone are free.
    fn imports(self) -> &'static [&'static str] {
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
    /// Why this host would not take it; empty if it would.
    pub problems: Vec<String>,
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

/// Reads what a component is. Fails only if the bytes are no component; what does not fit is in `problems`.
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
    let imports = interfaces(&resolve, &world.imports);
    let exports = interfaces(&resolve, &world.exports);

    let contracts: BTreeSet<&str> = exports.iter().chain(&imports).filter_map(Interface::contract).collect();
    let contract = exports.iter().find_map(Interface::contract).or(contracts.first().copied()).map(str::to_owned);
    let sort = exports.iter().find_map(|export| {
        let name = export.ours()?;
        World::ALL.into_iter().find(|world| world.export() == name)
    });

    let mut problems = Vec::new();
    match (sort, contracts.iter().find(|version| **version != CONTRACT)) {
        (_, Some(version)) => problems.push(format!(
            "it was built for version {version} of the contract {PACKAGE}, and this host speaks {CONTRACT}\nhint: rebuild it against {CONTRACT}, or use the host that it was made for"
        )),
        (None, None) => problems.push(format!(
            "it exports {}, and a plugin exports one of agent, agent-blocking, feedback and runner of {PACKAGE}@{CONTRACT}\nhint: its author chooses one of the worlds in `wit/plugin.wit` and exports what that world says",
            list(&exports)
        )),
        (Some(sort), None) => {
            let host = host_contract()?;
            problems.extend(exports.iter().filter_map(|it| missing_functions(it, &host)));
            problems.extend(imports.iter().filter_map(|it| unknown_import(it, sort, &host)));
        }
    }

    let wants = imports.iter().filter_map(|import| match import.ours()? {
        "models" | "models-blocking" => Some(Want::Models),
        "test-bench" | "test-bench-blocking" => Some(Want::TestBench),
        _ => None,
    });
    Ok(Inspection {
        world: sort,
        contract,
        wants: wants.collect::<BTreeSet<_>>().into_iter().collect(),
        imports: imports.into_iter().map(|it| it.name).collect(),
        exports: exports.into_iter().map(|it| it.name).collect(),
        size: bytes.len() as u64,
        digest: Digest::of(bytes),
        problems,
    })
}

/// An import or export: `phasegate:plugin/log@0.1.0` and its functions.
struct Interface {
    name: String,
    functions: BTreeMap<String, String>,
}

impl Interface {
    /// Its name in our package, without version.
    fn ours(&self) -> Option<&str> {
        self.name.strip_prefix(PACKAGE)?.strip_prefix('/')?.split('@').next()
    }

    fn contract(&self) -> Option<&str> {
        self.ours()?;
        self.name.split('@').nth(1)
    }
}

fn interfaces<'a>(resolve: &Resolve, items: impl IntoIterator<Item = (&'a WorldKey, &'a WorldItem)>) -> Vec<Interface> {
    let mut found: Vec<Interface> = items
        .into_iter()
        .map(|(key, item)| {
            let name = resolve.name_world_key(key);
            let functions = match item {
                WorldItem::Interface { id, .. } => resolve.interfaces.get(*id).map(|interface| {
                    interface
                        .functions
                        .iter()
                        .map(|(name, function)| (name.clone(), signature(resolve, function)))
                        .collect()
                }),
                WorldItem::Function(_) | WorldItem::Type { .. } => None,
            };
            Interface { name, functions: functions.unwrap_or_default() }
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// A function's type, with every named type written out, so that two of them can be compared.
fn signature(resolve: &Resolve, function: &wit_parser::Function) -> String {
    let mut text = String::new();
    if function.kind.is_async() {
        text.push_str("async ");
    }
    text.push_str("func(");
    let params: Vec<String> =
        function.params.iter().map(|param| format!("{}: {}", param.name, type_text(resolve, &param.ty))).collect();
    text.push_str(&params.join(", "));
    text.push(')');
    if let Some(result) = &function.result {
        text.push_str(&format!(" -> {}", type_text(resolve, result)));
    }
    text
}

fn type_text(resolve: &Resolve, ty: &wit_parser::Type) -> String {
    use wit_parser::Type;
    let Type::Id(id) = ty else {
        return format!("{ty:?}").to_lowercase();
    };
    let Some(def) = resolve.types.get(*id) else {
        return "?".to_owned();
    };
    let text = |ty: &Type| type_text(resolve, ty);
    let maybe = |ty: &Option<Type>| ty.as_ref().map_or("_".to_owned(), text);
    match &def.kind {
        TypeDefKind::Type(ty) => text(ty),
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter().map(|field| format!("{}: {}", field.name, text(&field.ty)));
            format!("record {{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter().map(|case| match &case.ty {
                Some(ty) => format!("{}({})", case.name, text(ty)),
                None => case.name.clone(),
            });
            format!("variant {{ {} }}", cases.collect::<Vec<_>>().join(", "))
        }
        TypeDefKind::Enum(cases) => {
            let cases: Vec<&str> = cases.cases.iter().map(|case| case.name.as_str()).collect();
            format!("enum {{ {} }}", cases.join(", "))
        }
        TypeDefKind::List(ty) => format!("list<{}>", text(ty)),
        TypeDefKind::Option(ty) => format!("option<{}>", text(ty)),
        TypeDefKind::Result(result) => format!("result<{}, {}>", maybe(&result.ok), maybe(&result.err)),
        TypeDefKind::Tuple(tuple) => {
            format!("tuple<{}>", tuple.types.iter().map(text).collect::<Vec<_>>().join(", "))
        }
        other => format!("{other:?}"),
    }
}

fn missing_functions(export: &Interface, host: &BTreeMap<String, Interface>) -> Option<String> {
    let wanted = host.get(export.ours()?)?;
    let faults: Vec<String> = wanted
        .functions
        .iter()
        .filter_map(|(name, signature)| match export.functions.get(name) {
            None => Some(format!("its export {} lacks the function `{name}`", export.name)),
            Some(other) if other != signature => Some(format!(
                "its function `{name}` of {} is `{other}`, and this host calls `{signature}`",
                export.name
            )),
            Some(_) => None,
        })
        .collect();
    (!faults.is_empty()).then(|| format!("{}\nhint: rebuild it against the `wit/` of this host", faults.join("; ")))
}

fn unknown_import(import: &Interface, sort: World, host: &BTreeMap<String, Interface>) -> Option<String> {
    let Some(name) = import.ours() else {
        return unknown_elsewhere(import);
    };
    let offered = host.get(name)?;
    let allowed = offered.functions.is_empty() || sort.imports().contains(&name);
    if !allowed {
        return Some(format!(
            "it imports {}, which a {} is not given; it may import {}\nhint: remove what uses that import, or choose another world",
            import.name,
            sort.as_str(),
            list_names(sort.imports())
        ));
    }
    import.functions.iter().find_map(|(name, signature)| match offered.functions.get(name) {
        Some(known) if known == signature => None,
        Some(known) => Some(format!(
            "it imports `{name}` of {} as `{signature}`, and this host has `{known}`\nhint: rebuild it against the `wit/` of this host",
            import.name
        )),
        None => Some(format!(
            "it imports `{name}` of {}, which this host does not have\nhint: rebuild it against the `wit/` of this host",
            import.name
        )),
    })
}

fn unknown_elsewhere(import: &Interface) -> Option<String> {
    let (name, version) = import.name.split_once('@').unwrap_or((&import.name, ""));
    if wasi::INTERFACES.contains(&name) && version.starts_with("0.2.") {
        return None;
    }
    let hint = match name.strip_prefix("wasi:") {
        Some(_) => {
            "plugins get virtual clocks, randomness, standard streams and empty files of WASI 0.2, nothing else; remove what needs this import"
        }
        None => {
            "remove what needs this import; a plugin reaches the world through the interfaces of its world in `wit/` alone"
        }
    };
    Some(format!("it imports {}, which no plugin is granted\nhint: {hint}", import.name))
}

fn list(interfaces: &[Interface]) -> String {
    match interfaces {
        [] => "nothing".to_owned(),
        some => some.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", "),
    }
}

fn list_names(names: &[&str]) -> String {
    match names {
        [] => "nothing of ours".to_owned(),
        some => some.join(", "),
    }
}

/// The host's own contract, by interface name.
fn host_contract() -> Result<BTreeMap<String, Interface>, InspectError> {
    let mut sources = SourceMap::new();
    sources.push(Path::new("types.wit"), include_str!("../../../wit/types.wit"));
    sources.push(Path::new("models.wit"), include_str!("../../../wit/models.wit"));
    sources.push(Path::new("host.wit"), include_str!("../../../wit/host.wit"));
    sources.push(Path::new("plugin.wit"), include_str!("../../../wit/plugin.wit"));
    let broken =
        |error: &dyn std::fmt::Display| InspectError(format!("the host's own contract cannot be read: {error}"));
    let group = sources.parse().map_err(|(_, error)| broken(&error))?;
    let mut resolve = Resolve::default();
    resolve.push_group(group).map_err(|error| broken(&error))?;
    let named = resolve.interfaces.iter().filter_map(|(id, interface)| {
        let name = interface.name.clone()?;
        let functions = interface.functions.iter().map(|(name, f)| (name.clone(), signature(&resolve, f))).collect();
        Some((name, Interface { name: resolve.id_of(id).unwrap_or_default(), functions }))
    });
    Ok(named.collect())
}

fn first_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
