//! Parses the file of an experiment.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::ops::Range;
use std::path::{Path, PathBuf};

use phasegate_broker::{BudgetConfig, Sampling, Temperature};
use phasegate_process::PhaseName;
use phasegate_process::file_schema::file_schema;
use phasegate_process::source::{Reference, ShapeError, Source, SourceError, parse, to_json};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use phasegate_runtime::{ConfigFault, OverrideTarget, Overrides, TaskSource, unreadable_file};

use crate::share_until::ShareUntil;
use crate::tasks::{self, folder_of};

/// The most repetitions of an experiment; a larger number is likely a typing error.
const MAX_REPETITIONS: u32 = 1_000;

/// An experiment as its file defines it.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Name of the experiment. All runs of experiments with this name share the budget.
    pub name: String,
    /// The tasks without duplicates.
    pub tasks: Vec<TaskSource>,
    /// Number of runs of each task with each variant.
    pub repetitions: NonZeroU32,
    /// Budget of all runs together; unlimited where the file says nothing.
    pub budget: BudgetConfig,
    /// Whether gates may ask a person. Else a gate without attempts left has failed.
    pub ask: bool,
    /// Temperature of all runs, and seed of the first repetition.
    pub sampling: Sampling,
    /// How far the runs of all variants are one run; `None` if each run is on its own.
    pub share_until: Option<ShareUntil>,
    /// The variants in the order of the file, at least one.
    pub variants: Vec<Variant>,
    /// The variant that the others are compared with; the first one if the file names none.
    pub baseline: Option<String>,
    /// Path of the file as the user wrote it.
    pub file: String,
    /// Folder of the file, absolute. Paths in the file are relative to it.
    pub dir: PathBuf,
    pub(crate) text: String,
}

/// A variant: overrides of the configured pipeline.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Name of the variant, unique in the file.
    pub name: String,
    /// The overrides of agents, strategy and settings.
    pub overrides: Overrides,
    /// The pipeline to use instead of the configured one.
    pub(crate) pipeline: Option<Spanned<String>>,
    /// Locations of the overrides in the file.
    spans: Vec<(OverrideTarget, Range<usize>)>,
    span: Range<usize>,
}

impl Variant {
    /// Returns the location of an override in the file.
    pub(crate) fn span_of(&self, at: &OverrideTarget) -> Range<usize> {
        self.spans.iter().find(|(known, _)| known == at).map_or(self.span.clone(), |(_, span)| span.clone())
    }

    /// Returns the only override of an agent, or of the strategy; all overrides if there is not exactly one.
    pub(crate) fn component_target(&self, agent: bool) -> OverrideTarget {
        let mut of_kind = self.spans.iter().map(|(at, _)| at).filter(|at| match at {
            OverrideTarget::Agent(_) => agent,
            OverrideTarget::Feedback => !agent,
            _ => false,
        });
        match (of_kind.next(), of_kind.next()) {
            (Some(at), None) => at.clone(),
            _ => OverrideTarget::All,
        }
    }

    /// Returns the first override of anything but the strategy.
    pub(crate) fn beyond_strategy(&self) -> Option<Range<usize>> {
        let is_other = |at: &OverrideTarget| match at {
            OverrideTarget::Feedback => false,
            OverrideTarget::Set(key) => key != "feedback" && !key.starts_with("feedback."),
            _ => true,
        };
        let pipeline = self.pipeline.as_ref().map(Spanned::span);
        pipeline.or_else(|| self.spans.iter().find(|(at, _)| is_other(at)).map(|(_, span)| span.clone()))
    }

    /// Returns the location of the whole variant.
    pub(crate) fn whole(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Returns the first override of models or providers.
    pub(crate) fn models_target(&self) -> Option<OverrideTarget> {
        let about = |at: &&OverrideTarget| match at {
            OverrideTarget::Set(key) => key.starts_with("models") || key.starts_with("providers"),
            _ => false,
        };
        self.spans.iter().map(|(at, _)| at).find(about).cloned()
    }
}

/// An experiment of Phasegate: tasks in several variants, repeated, within one budget.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "Experiment")]
#[serde(deny_unknown_fields)]
struct Raw {
    /// The name. Runs of one name share its budget.
    #[schemars(with = "String", extend("pattern" = NAME))]
    name: Spanned<String>,
    /// Task files or globs, relative to this file.
    #[schemars(with = "Vec<String>", length(min = 1))]
    tasks: Spanned<Vec<Spanned<String>>>,
    /// The runs of each task in each variant. Default: 1.
    #[schemars(with = "Option<NonZeroU32>", range(max = MAX_REPETITIONS))]
    repetitions: Option<Spanned<NonZeroU32>>,
    /// The limits of all runs together; one that is not given does not apply.
    #[schemars(with = "Option<BudgetConfig>", transform = remove_defaults)]
    budget: Option<BTreeMap<Spanned<String>, toml::Value>>,
    /// `first-decision`: variants share each run up to the first decision of their strategies.
    #[schemars(with = "Option<String>", extend("enum" = [ShareUntil::FIRST_DECISION]))]
    share_until: Option<Spanned<String>>,
    /// The temperature of all requests.
    temperature: Option<Temperature>,
    /// The seed of the first repetition.
    seed: Option<u64>,
    /// The variant that the others are compared with. Default: the first one.
    #[schemars(with = "Option<String>")]
    baseline: Option<Spanned<String>>,
    /// Whether gates may ask a person.
    #[serde(default)]
    ask: bool,
    /// The variants, at least one.
    #[serde(default)]
    #[schemars(with = "Vec<RawVariant>")]
    variant: Vec<Spanned<RawVariant>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawVariant {
    /// The name of the variant.
    #[schemars(with = "String", extend("pattern" = NAME))]
    name: Spanned<String>,
    /// The feedback strategy: `phase-aware`, `nearest-phase`, or a component file.
    #[schemars(with = "Option<String>")]
    feedback: Option<Spanned<String>>,
    /// The pipeline: the name of a standard one, or a file.
    #[schemars(with = "Option<String>")]
    pipeline: Option<Spanned<String>>,
    /// The components of agents, by their phases.
    #[serde(default)]
    #[schemars(with = "BTreeMap<PhaseName, String>")]
    agent: BTreeMap<Spanned<String>, String>,
    /// Values in place of those of the configuration, by keys with dots.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    set: BTreeMap<Spanned<String>, toml::Value>,
}

/// What [`parse_name`] accepts.
const NAME: &str = "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$";

/// Removes the defaults of a run's budget from the schema of an experiment's.
fn remove_defaults(schema: &mut schemars::Schema) {
    let limits = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut).into_iter().flatten();
    for limit in limits.filter_map(|(_, limit)| limit.as_object_mut()) {
        limit.remove("default");
        if let Some(serde_json::Value::String(text)) = limit.get_mut("description")
            && let Some((meaning, _)) = text.split_once(" Default: ")
        {
            *text = meaning.to_owned();
        }
    }
}

/// Returns the JSON Schema of an experiment file.
pub fn experiment_schema() -> serde_json::Value {
    file_schema::<Raw>()
}

impl Experiment {
    /// Parses the file and all tasks that it names. Fails with file, line and a hint.
    pub fn read(file: &Path) -> Result<Self, ConfigFault> {
        let name = file.display().to_string();
        let text = phasegate_files::read_text(file, phasegate_files::MAX_TEXT_BYTES)
            .map_err(|why| unreadable_file(&name, &why, "name an experiment file; docs/experiments.md shows one"))?;
        let source = Source { file: &name, text: &text };
        let raw: Raw = parse(source, &Reference::EXPERIMENT)?;
        let dir = folder_of(file);
        let budget = budget(source, raw.budget.unwrap_or_default())?;
        let variants = variants(source, raw.variant)?;
        let mut experiment = Self {
            name: parse_name(source, "an experiment", &raw.name)?,
            tasks: tasks::load_tasks(source, &raw.tasks, dir)?,
            repetitions: repetitions(source, raw.repetitions)?,
            budget,
            ask: raw.ask,
            sampling: Sampling { temperature: raw.temperature, seed: raw.seed },
            share_until: raw.share_until.map(|given| ShareUntil::parse(source, &given)).transpose()?,
            baseline: raw.baseline.map(|name| baseline(source, &name, &variants)).transpose()?,
            variants,
            file: String::new(),
            dir: std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()),
            text: String::new(),
        };
        (experiment.file, experiment.text) = (name, text);
        Ok(experiment)
    }
}

fn parse_name(source: Source<'_>, owner: &str, name: &Spanned<String>) -> Result<String, SourceError> {
    let text = name.get_ref();
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    if (1..=40).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('-') && !text.ends_with('-') {
        return Ok(text.clone());
    }
    let hint = "1 to 40 characters of a-z, 0-9 and -; it becomes part of the runs' names";
    Err(source.error(name.span(), format!("`{}` cannot be the name of {owner}", text.escape_debug()), hint))
}

fn repetitions(source: Source<'_>, given: Option<Spanned<NonZeroU32>>) -> Result<NonZeroU32, SourceError> {
    match given {
        None => Ok(NonZeroU32::MIN),
        Some(number) if number.get_ref().get() > MAX_REPETITIONS => {
            let message = format!("{} repetitions are too many", number.get_ref());
            Err(source.error(number.span(), message, format!("at most {MAX_REPETITIONS}")))
        }
        Some(number) => Ok(*number.get_ref()),
    }
}

/// Parses `[budget]`. Unlike in a configuration, a missing limit is unlimited: each run has a budget of its own as
/// well.
fn budget(source: Source<'_>, given: BTreeMap<Spanned<String>, toml::Value>) -> Result<BudgetConfig, SourceError> {
    let mut budget = BudgetConfig { tokens: None, usd: None, calls: None };
    for (key, value) in given {
        let one = toml::Table::from_iter([(key.get_ref().clone(), value)]);
        let read = BudgetConfig::deserialize(one).map_err(|error| {
            let shape = ShapeError::from_message(error.message());
            let message = shape.about(&format!("budget.{}", key.get_ref()), "budget");
            source.error(key.span(), message, "the limits are tokens, usd and calls\nsee docs/experiments.md")
        })?;
        match key.get_ref().as_str() {
            "tokens" => budget.tokens = read.tokens,
            "usd" => budget.usd = read.usd,
            _ => budget.calls = read.calls,
        }
    }
    Ok(budget)
}

/// Checks that the baseline is one of the variants.
fn baseline(source: Source<'_>, name: &Spanned<String>, variants: &[Variant]) -> Result<String, SourceError> {
    let names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
    match names.contains(&name.get_ref().as_str()) {
        true => Ok(name.get_ref().clone()),
        false => {
            let message = format!("the baseline `{}` is no variant", name.get_ref().escape_debug());
            Err(source.error(name.span(), message, format!("choose from {}", names.join(", "))))
        }
    }
}

fn variants(source: Source<'_>, given: Vec<Spanned<RawVariant>>) -> Result<Vec<Variant>, SourceError> {
    if given.is_empty() {
        let hint = "add `[[variant]]` with a `name`, once for each way that is to be compared";
        return Err(source.error_at_top("there is no variant", hint));
    }
    let mut names = BTreeSet::new();
    let mut variants = Vec::new();
    for raw in given {
        let span = raw.span();
        let raw = raw.into_inner();
        let name = parse_name(source, "a variant", &raw.name)?;
        if !names.insert(name.clone()) {
            return Err(source.error(raw.name.span(), format!("variant `{name}` is there twice"), "rename one"));
        }
        variants.push(variant(source, name, span, raw)?);
    }
    Ok(variants)
}

fn variant(source: Source<'_>, name: String, span: Range<usize>, raw: RawVariant) -> Result<Variant, SourceError> {
    let mut spans = Vec::new();
    let mut overrides = Overrides::default();
    for (phase, component) in raw.agent {
        let parsed: PhaseName = source.parse_name(&phase)?;
        spans.push((OverrideTarget::Agent(parsed.clone()), phase.span()));
        overrides.agents.insert(parsed, component);
    }
    if let Some(feedback) = raw.feedback {
        spans.push((OverrideTarget::Feedback, feedback.span()));
        overrides.feedback = Some(feedback.into_inner());
    }
    for (key, value) in raw.set {
        spans.push((OverrideTarget::Set(key.get_ref().clone()), key.span()));
        overrides.set.push((key.into_inner(), to_json(value)));
    }
    Ok(Variant { name, overrides, pipeline: raw.pipeline, spans, span })
}
