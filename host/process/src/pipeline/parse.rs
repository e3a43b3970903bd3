//! Parses TOML into a pipeline: follows `extends`, inserts or changes phases, and fills in defaults.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde_json::json;
use toml::Spanned;

use super::attempts::DEFAULT_RETRIES;
use super::raw::{RawGate, RawPhase, RawPipeline, RawPlugin, RawTestGate};
use super::{
    ApprovalKeys, Gate, Phase, Pipeline, PluginUse, Produce, Read, SettingLocations, SettingsOwner, Strategy,
    TestAllowance, TestGate, standard,
};
use crate::names::{Kind, PluginName};
use crate::registry_reference::RegistryReference;
use crate::source::{self, Reference, Source, SourceError, did_you_mean, to_json};

/// The longest chain of `extends`.
const MAX_DEPTH: usize = 8;

/// Reads a file that a pipeline names (`extends`, `schema`), relative to that pipeline. Fails with a message without a
/// hint.
pub type Files<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// Parses a pipeline and the pipelines that it extends. [`super::check()`] validates the result as a whole.
pub fn parse(source: Source<'_>, files: Files<'_>) -> Result<Pipeline, SourceError> {
    parse_with_locations(source, files).map(|(pipeline, _)| pipeline)
}

/// Parses like [`parse()`], and also returns the locations of the plugins' settings in the files.
pub fn parse_with_locations(source: Source<'_>, files: Files<'_>) -> Result<(Pipeline, SettingLocations), SourceError> {
    let mut locations = SettingLocations::default();
    let chain = Chain { above: None, path: source.file.rsplit('/').next().unwrap_or_default().to_owned() };
    let pipeline = parse_at(source, files, &chain, &mut locations)?;
    Ok((pipeline, locations))
}

fn parse_at(
    source: Source<'_>,
    files: Files<'_>,
    chain: &Chain<'_>,
    locations: &mut SettingLocations,
) -> Result<Pipeline, SourceError> {
    let raw: RawPipeline = source::parse(source, &Reference::PIPELINE)?;
    let mut pipeline = match &raw.extends {
        Some(base) => parse_base(source, base, files, chain, locations)?,
        None => new_pipeline(source, &raw)?,
    };
    if let Some(name) = raw.name {
        pipeline.name = name;
    }
    if let Some(description) = raw.description {
        pipeline.description = description;
    }
    if let Some(limit) = raw.max_total_attempts {
        pipeline.max_total_attempts = limit;
    }
    if let Some(feedback) = raw.feedback {
        let settings = locations.insert(source, SettingsOwner::Strategy, &feedback.settings.unwrap_or_default());
        pipeline.feedback = Strategy { plugin: source.parse_name(&feedback.strategy)?, settings };
    }
    check_twice(source, &raw.phase)?;
    for phase in raw.phase {
        add_phase(source, &mut pipeline, phase, locations)?;
    }
    for (key, plugin) in raw.plugins {
        add_plugin(&mut pipeline, source.parse_name(&key)?, plugin);
    }
    for (language, runner) in raw.runners {
        pipeline.runners.insert(language, source.parse_name(&runner)?);
    }
    for kind in raw.kind {
        let key: Kind = source.parse_name(&kind.name)?;
        let schema = files(kind.schema.get_ref())
            .map_err(|why| source.error(kind.schema.span(), why, "the path is relative to this file"))?;
        pipeline.kinds.insert(key, schema.into());
    }
    Ok(pipeline)
}

/// Rejects a file that has two tables for one phase: the second would change the first.
fn check_twice(source: Source<'_>, phases: &[Spanned<RawPhase>]) -> Result<(), SourceError> {
    let mut seen = BTreeMap::new();
    for name in phases.iter().map(|phase| &phase.get_ref().name) {
        if let Some(first) = seen.insert(name.get_ref(), name.span()) {
            let line = source.line_of(first.start);
            let message = format!("phase `{}` is already in line {line} of this file", name.get_ref());
            return Err(source.error(name.span(), message, "rename one of the two, or write all keys into one table"));
        }
    }
    Ok(())
}

fn new_pipeline(source: Source<'_>, raw: &RawPipeline) -> Result<Pipeline, SourceError> {
    let missing = |what: &str, hint: &str| source.error_at_top(format!("`{what}` is missing"), hint);
    if raw.phase.is_empty() {
        return Err(missing("phase", "add at least one `[[phase]]`"));
    }
    let feedback = raw.feedback.as_ref();
    let feedback = feedback.ok_or_else(|| missing("feedback", "add `[feedback]` with `strategy = \"phase-aware\"`"))?;
    Ok(Pipeline {
        name: raw.name.clone().ok_or_else(|| missing("name", "add `name = \"…\"`, or `extends = \"tsp\"`"))?,
        description: String::new(),
        max_total_attempts: NonZeroU32::MIN.saturating_add(14),
        feedback: Strategy { plugin: source.parse_name(&feedback.strategy)?, settings: json!({}) },
        phases: Vec::new(),
        plugins: BTreeMap::new(),
        runners: BTreeMap::new(),
        kinds: BTreeMap::new(),
    })
}

/// The files from the first one to the one that is parsed, each with its path from the folder of the first.
struct Chain<'a> {
    above: Option<&'a Chain<'a>>,
    path: String,
}

impl Chain<'_> {
    fn paths(&self) -> Vec<&str> {
        let mut paths = self.above.map(Chain::paths).unwrap_or_default();
        paths.push(&self.path);
        paths
    }

    /// Returns the path of a file that the last file names.
    fn path_of(&self, file: &str) -> String {
        let mut parts: Vec<&str> = self.path.split('/').collect();
        parts.pop();
        for part in file.split('/') {
            match part {
                "." => {}
                ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        parts.join("/")
    }
}

fn parse_base(
    source: Source<'_>,
    base: &Spanned<String>,
    files: Files<'_>,
    chain: &Chain<'_>,
    locations: &mut SettingLocations,
) -> Result<Pipeline, SourceError> {
    let file = base.get_ref();
    let known: Vec<_> = super::STANDARD.iter().map(|(name, _)| *name).collect();
    let below = Chain { above: Some(chain), path: chain.path_of(file) };
    if let Some(text) = standard(file) {
        return parse_at(Source { file, text }, files, &below, locations);
    }
    if !file.ends_with(".toml") {
        let message = format!("there is no standard pipeline `{file}`");
        return Err(source.error(base.span(), message, did_you_mean(file, &known)));
    }
    let paths = chain.paths();
    if let Some(first) = paths.iter().position(|path| *path == below.path) {
        let circle: Vec<&str> = paths.iter().skip(first).copied().chain([below.path.as_str()]).collect();
        let message = format!("`extends` goes in a circle: {}", circle.join(" → "));
        return Err(source.error(base.span(), message, "let one of them extend no other, or a standard pipeline"));
    }
    if paths.len() > MAX_DEPTH {
        let message = format!("the chain of `extends` is longer than {MAX_DEPTH} pipelines: {}", paths.join(" → "));
        return Err(source.error(base.span(), message, "let one of them extend no other"));
    }
    let text = files(file).map_err(|why| source.error(base.span(), why, "the path is relative to this file"))?;
    let folder = file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let beside = |path: &str| files(&format!("{folder}{path}"));
    let mut pipeline = parse_at(Source { file, text: &text }, &beside, &below, locations)?;
    for path in pipeline.plugins.values_mut().filter_map(|plugin| plugin.path.as_mut()) {
        if !path.starts_with('/') && !RegistryReference::is_meant(path) {
            path.insert_str(0, &folder);
        }
    }
    Ok(pipeline)
}

fn add_phase(
    source: Source<'_>,
    pipeline: &mut Pipeline,
    raw: Spanned<RawPhase>,
    locations: &mut SettingLocations,
) -> Result<(), SourceError> {
    let span = raw.span();
    let raw = raw.into_inner();
    let phase_name = source.parse_name(&raw.name)?;
    let existing = pipeline.position(&phase_name);
    let at = match (&raw.after, existing) {
        (Some(_), Some(_)) => {
            let message = format!("phase `{phase_name}` is already in the pipeline");
            return Err(source.error(span, message, "leave `after` out to change it, or choose another name"));
        }
        (Some(after), None) => {
            let known: Vec<_> = pipeline.phases.iter().map(|phase| phase.name.as_str()).collect();
            let place = known.iter().position(|name| name == after.get_ref()).ok_or_else(|| {
                let message = format!("there is no phase `{}`", after.get_ref());
                source.error(after.span(), message, did_you_mean(after.get_ref(), &known))
            })?;
            place + 1
        }
        (None, _) => pipeline.phases.len(),
    };
    match existing.and_then(|place| pipeline.phases.get_mut(place)) {
        Some(phase) => change_phase(source, phase, raw, locations),
        None => {
            let Some(agent) = &raw.agent else {
                let hint = "add `agent = \"NAME\"`, the plugin that does its work";
                return Err(source.error(span, format!("phase `{phase_name}` has no agent"), hint));
            };
            let mut phase = Phase {
                name: phase_name,
                agent: source.parse_name(agent)?,
                reads: Vec::new(),
                produces: Vec::new(),
                settings: json!({}),
                max_retries: DEFAULT_RETRIES,
                gate: None,
            };
            change_phase(source, &mut phase, raw, locations)?;
            pipeline.phases.insert(at, phase);
            Ok(())
        }
    }
}

fn change_phase(
    source: Source<'_>,
    phase: &mut Phase,
    raw: RawPhase,
    locations: &mut SettingLocations,
) -> Result<(), SourceError> {
    if let Some(agent) = &raw.agent {
        phase.agent = source.parse_name(agent)?;
    }
    if let Some(reads) = raw.reads {
        phase.reads = reads.iter().map(|text| parse_read(text)).collect();
    }
    if let Some(produces) = raw.produces {
        let produced = produces
            .iter()
            .map(|raw| Ok(Produce { name: source.parse_name(&raw.name)?, kind: source.parse_name(&raw.kind)? }));
        phase.produces = produced.collect::<Result<_, SourceError>>()?;
    }
    if let Some(settings) = raw.settings {
        phase.settings = locations.insert(source, SettingsOwner::Phase(phase.name.clone()), &settings);
    }
    if let Some(limit) = raw.max_retries {
        phase.max_retries = limit;
    }
    if let Some(gate) = raw.gate {
        phase.gate = Some(merge_gate(source, phase, gate)?);
    }
    Ok(())
}

fn merge_gate(source: Source<'_>, phase: &Phase, raw: RawGate) -> Result<Gate, SourceError> {
    let base = phase.gate.clone();
    let report = match (&raw.report, &base) {
        (Some(report), _) => source.parse_name(report)?,
        (None, Some(base)) => base.report.clone(),
        (None, None) => {
            let hint = "add `report = \"NAME\"` to `[phase.gate]`: the host writes its report under that name";
            return Err(source.error_at_top(format!("gate `{}` has no report", phase.name), hint));
        }
    };
    let base_tests = base.as_ref().and_then(|base| base.tests.clone());
    let tests = merge_tests(source, phase, raw.tests, raw.allow, base_tests)?;
    let may_revise = match raw.may_revise {
        Some(names) => names.iter().map(|text| source.parse_name(text)).collect::<Result<_, _>>()?,
        None => base.as_ref().map(|base| base.may_revise.clone()).unwrap_or_default(),
    };
    let keys = ApprovalKeys {
        ask: raw.ask,
        approvers: raw.approvers,
        forbid_self_approval: raw.forbid_self_approval,
        expires_after: raw.expires_after,
    };
    let (mut ask, mut approval) = base.as_ref().map(|base| (base.ask, base.approval.clone())).unwrap_or_default();
    keys.apply_to(&mut ask, &mut approval);
    Ok(Gate {
        report,
        fails_at: raw.fails_at.or(base.as_ref().map(|base| base.fails_at.clone())).unwrap_or_default(),
        tests,
        may_revise,
        ask,
        approval,
    })
}

fn merge_tests(
    source: Source<'_>,
    phase: &Phase,
    raw: Option<RawTestGate>,
    allow: Option<Spanned<TestAllowance>>,
    base: Option<TestGate>,
) -> Result<Option<TestGate>, SourceError> {
    let inherited = base.as_ref().map(|base| base.allow).unwrap_or_default();
    let mut tests = match raw {
        Some(raw) => Some(TestGate {
            code: source.parse_name(&raw.code)?,
            suite: source.parse_name(&raw.suite)?,
            allow: inherited,
        }),
        None => base,
    };
    match (allow, &mut tests) {
        (Some(allow), Some(tests)) => tests.allow = allow.into_inner(),
        (Some(allow), None) => {
            let message = format!("gate `{}` allows skipped tests, but is judged by no tests", phase.name);
            let hint = "remove `allow`, or add `tests = { code = …, suite = … }`";
            return Err(source.error(allow.span(), message, hint));
        }
        (None, _) => {}
    }
    Ok(tests)
}

fn add_plugin(pipeline: &mut Pipeline, name: PluginName, raw: RawPlugin) {
    let plugin =
        pipeline.plugins.entry(name).or_insert_with(|| PluginUse { limits: json!({}), ..PluginUse::default() });
    if raw.path.is_some() {
        plugin.path = raw.path;
    }
    if let Some(grants) = raw.grants {
        plugin.grants = grants;
    }
    if let Some(limits) = raw.limits {
        plugin.limits = to_json(limits.into());
    }
}

fn parse_read(text: &str) -> Read {
    match text.strip_suffix('?') {
        Some(name) => Read { name: name.to_owned(), optional: true },
        None => Read { name: text.to_owned(), optional: text.ends_with("/*") },
    }
}
