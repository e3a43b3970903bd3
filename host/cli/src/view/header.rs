//! The header of a run: task, pipeline, models, budget and maximal cost. Printed before the first model call.
//!
//! A new run has a header in two parts: what files say is printed at once, the rest when the run is created.

use phasegate_broker::{Broker, BudgetConfig, LIST_PRICES_OF, ModelId, ProviderAccess, access, list_price};
use phasegate_journal::Journal;
use phasegate_process::artifact::kinds;
use phasegate_process::measures::ExpectedEffort;
use phasegate_process::model::Tier;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::state::State;
use phasegate_process::task::Task;
use phasegate_process::{PluginName, RunId};
use phasegate_runtime::{RunSettings, load_run, read_json};
use serde_json::Value;

use crate::exit::Failure;
use crate::paths::display_path;
use crate::terminal::format::{compact_number, count, money, one_line, truncate};
use crate::terminal::style::Paint;
use crate::terminal::width::{wrap, wrap_lines};

/// The most characters of a description.
const MAX_DESCRIPTION: usize = 90;
/// The most characters of a note about the repository.
const MAX_NOTE: usize = 400;

/// Parts of the header that are not in the journal.
pub struct HeaderPaths<'a> {
    /// The state folder.
    pub state: &'a str,
    /// The output folder.
    pub out: &'a str,
    /// Whether [`render_beginning`] was printed, so that only the rest is wanted.
    pub begun: bool,
    /// What the run will probably take, if earlier runs say so.
    pub expected: Option<ExpectedEffort>,
}

/// Renders the part of the header that is known before a run is created; `config` describes the configuration.
pub fn render_beginning(task: &Task, pipeline: &Pipeline, config: String, paint: Paint) -> String {
    let task = format!("{}: {}", task.id, truncate(&task.description, MAX_DESCRIPTION));
    render_rows(&[("task", task), ("pipeline", render_pipeline(pipeline)), ("config", config)], paint)
}

fn render_pipeline(pipeline: &Pipeline) -> String {
    let phases: Vec<&str> = pipeline.phases.iter().map(|phase| phase.name.as_str()).collect();
    format!("{}: {}", pipeline.name, phases.join(" → "))
}

fn render_rows(rows: &[(&str, String)], paint: Paint) -> String {
    let line = |(name, value): &(&str, String)| {
        format!("{} {}\n", paint.dim(&format!("{name:<9}")), continue_below(value, paint))
    };
    rows.iter().map(line).collect()
}

/// Renders the header from the state in the journal and the settings that apply.
pub fn render_header(
    journal: &dyn Journal,
    run: &RunId,
    settings: &RunSettings,
    paths: &HeaderPaths<'_>,
    paint: Paint,
) -> Result<String, Failure> {
    let (state, _) = load_run(journal, run)?;
    let mut rows = vec![("run", paint.bold(run.as_str()))];
    if !paths.begun {
        rows.push(("task", render_task(journal, &state)));
        rows.push(("pipeline", render_pipeline(&state.pipeline)));
    }
    rows.extend(render_repository(journal, &state));
    rows.extend(render_signers(&state, settings).map(|line| ("plugins", line)));
    if state.pipeline.may_ask_models() {
        rows.extend(render_models(settings).into_iter().map(|line| ("models", line)));
        let expected = paths.expected.filter(|expected| expected.calls.most > 0);
        rows.extend(expected.map(|expected| ("expected", render_expected(&expected, &state.pipeline.name))));
        rows.push(("budget", render_budget(settings)));
        rows.push(("max cost", render_worst_case(settings)));
    } else {
        rows.push(("models", "none, no agent of this pipeline may ask one".to_owned()));
    }
    rows.push(("state", paths.state.to_owned()));
    rows.push(("out", paths.out.to_owned()));
    let mut text = render_rows(&rows, paint);
    if state.created.scripted {
        // Repeated for each run, the advice would be noise.
        let advises = paths.begun && journal.runs().is_ok_and(|runs| runs.len() <= 1);
        text.push_str(&render_scripted_notice(settings, advises, paint));
    }
    text.push('\n');
    Ok(text)
}

/// The columns of a name and the space behind it.
const NAME: usize = 10;
/// The least columns of a value.
const LEAST: usize = 20;

/// Wraps a value at a terminal, below its beginning. A value with colours is left as it is.
fn continue_below(value: &str, paint: Paint) -> String {
    match paint.width() {
        Some(width) if !value.contains('\x1b') => {
            wrap(value, width.saturating_sub(NAME).max(LEAST)).join(&format!("\n{}", " ".repeat(NAME)))
        }
        _ => value.to_owned(),
    }
}

/// Renders the task id and the beginning of the description.
pub fn render_task(journal: &dyn Journal, state: &State) -> String {
    let requirements = state.created.inputs.iter().find(|input| input.name.as_str() == kinds::TASK_REQUIREMENTS);
    let value: Value = requirements.and_then(|input| read_json(journal, &input.digest).ok()).unwrap_or_default();
    let description = value.get("description").and_then(Value::as_str).unwrap_or_default();
    format!("{}: {}", state.created.task_id, truncate(description, MAX_DESCRIPTION))
}

/// Names the plugins that do not come with this program, and who signed them; `None` if nobody signed one.
pub fn render_signers(state: &State, settings: &RunSettings) -> Option<String> {
    let pipeline = &state.pipeline;
    let is_from_file = |name: &&PluginName| pipeline.plugins.get(*name).is_some_and(|plugin| plugin.path.is_some());
    let describe = |name: &PluginName| match settings.signers.get(name) {
        Some(signer) => format!("{name} (verified by {})", one_line(signer)),
        None => format!("{name} (no verified signature)"),
    };
    let names = pipeline.plugin_names().into_iter().filter(is_from_file);
    (!settings.signers.is_empty()).then(|| names.map(describe).collect::<Vec<_>>().join(", "))
}

/// Renders the repository that the run starts from, and the notes of its map.
fn render_repository(journal: &dyn Journal, state: &State) -> Vec<(&'static str, String)> {
    let Some(base) = &state.created.repository else { return Vec::new() };
    let place = base.reference.as_deref().map(|name| name.trim_start_matches("refs/heads/"));
    let place = place.map(|name| format!(" ({})", one_line(name))).unwrap_or_default();
    let uncommitted = match base.uncommitted.len() as u64 {
        0 => String::new(),
        number => format!(", with {}", count(number, "uncommitted change")),
    };
    let mut rows = vec![("repo", format!("{} at {}{}{uncommitted}", base.path, base.commit.short(), place))];
    let map = state.created.inputs.iter().find(|input| input.name.as_str() == kinds::REPOSITORY_MAP);
    let map: Value = map.and_then(|input| read_json(journal, &input.digest).ok()).unwrap_or_default();
    let notes = map.get("notes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    rows.extend(notes.map(|note| ("note", truncate(note, MAX_NOTE))));
    rows
}

fn configured_tiers(settings: &RunSettings) -> Vec<(Tier, &ModelId)> {
    let tiers = [Tier::Fast, Tier::Default, Tier::Deep];
    tiers.into_iter().filter_map(|tier| Some((tier, settings.models.configured(tier)?.1))).collect()
}

fn render_models(settings: &RunSettings) -> Vec<String> {
    let mut lines: Vec<(Vec<&str>, &ModelId)> = Vec::new();
    for (tier, model) in configured_tiers(settings) {
        match lines.iter_mut().find(|(_, known)| *known == model) {
            Some((names, _)) => names.push(tier.as_str()),
            None => lines.push((vec![tier.as_str()], model)),
        }
    }
    let line = |(names, model): (Vec<&str>, &ModelId)| {
        format!("{} = {model}{}", names.join(", "), render_access(model.provider(), settings))
    };
    let sampling = settings.models.sampling();
    lines.into_iter().map(line).chain((!sampling.is_default()).then(|| sampling.to_string())).collect()
}

/// Renders a note for each provider that gets no seed.
pub fn render_without_seed(broker: &Broker) -> Vec<String> {
    let providers = broker.providers_without_seed();
    providers.iter().map(|name| format!("{name} gets no seed: its answers vary between equal runs")).collect()
}

/// Renders the address of a provider and the place of its key; empty for a script.
fn render_access(provider: &str, settings: &RunSettings) -> String {
    let found = access(provider, &settings.providers, &settings.base_dir).ok().flatten();
    let key = |access: &ProviderAccess| access.key.as_ref().map(|key| format!(" (key: {key})")).unwrap_or_default();
    found.map(|access| format!(" → {}{}", access.address, key(&access))).unwrap_or_default()
}

/// Returns the models that are asked and not scripted.
fn asked_models(settings: &RunSettings) -> Vec<&ModelId> {
    let mut asked: Vec<&ModelId> =
        configured_tiers(settings).into_iter().map(|(_, model)| model).filter(|id| !id.is_scripted()).collect();
    asked.sort_unstable();
    asked.dedup();
    asked
}

/// Returns the asked models without a price, separated by commas; empty if there are none.
fn render_unpriced(settings: &RunSettings) -> String {
    let unpriced = asked_models(settings).into_iter().filter(|id| settings.prices.get(id).is_none());
    unpriced.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Renders what a run of this pipeline will probably take.
fn render_expected(expected: &ExpectedEffort, pipeline: &str) -> String {
    let ExpectedEffort { runs, calls, tokens, usd, .. } = expected;
    let cost = usd.filter(|usd| usd.most > 0.0).map_or(String::new(), |usd| format!(", {}", money(Some(usd.median))));
    let median = format!("{}, {} tokens{cost}", count(calls.median, "call"), compact_number(tokens.median));
    match runs {
        1 => format!("{median}, as the one earlier run of {pipeline}"),
        runs => format!(
            "{median}: the median of {runs} earlier runs of {pipeline} ({} to {} calls, {} to {} tokens)",
            calls.least,
            calls.most,
            compact_number(tokens.least),
            compact_number(tokens.most)
        ),
    }
}

/// Renders the limits of the run. A limit in US dollars that is not in force is said to be so.
fn render_budget(settings: &RunSettings) -> String {
    let unpriced = render_unpriced(settings);
    match settings.budget.usd.filter(|_| !unpriced.is_empty()) {
        None => settings.budget.to_string(),
        Some(usd) => {
            let limits = BudgetConfig { usd: None, ..settings.budget };
            format!("{limits}; the limit of {usd:.2} USD is not in force for {unpriced}")
        }
    }
}

/// Renders the maximal cost that the budget and the prices allow.
fn render_worst_case(settings: &RunSettings) -> String {
    let asked = asked_models(settings);
    if asked.is_empty() {
        return "none, answers are scripted".to_owned();
    }
    let unpriced = render_unpriced(settings);
    if !unpriced.is_empty() {
        return format!("unknown, [prices] has no price for {unpriced}");
    }
    let costs = asked.iter().filter_map(|id| settings.prices.get(id)).map(|price| {
        let all = |input, output| price.max_cost_usd(input, output);
        settings.budget.tokens.map_or(f64::INFINITY, |tokens| all(tokens, 0).max(all(0, tokens)))
    });
    let by_tokens = costs.fold(0.0, f64::max);
    let usd = settings.budget.usd.map_or(by_tokens, |usd| usd.min(by_tokens));
    let is_listed = |id: &&ModelId| settings.prices.get(id) == list_price(id, &settings.providers);
    let listed = match by_tokens > 0.0 && asked.iter().any(is_listed) {
        true => format!(", by list prices of {LIST_PRICES_OF}; [prices] takes precedence"),
        false => String::new(),
    };
    match usd.is_finite() {
        true => format!("{}{listed}", money(Some(usd))),
        false => {
            format!("{}; no cost limit", settings.budget.calls.map_or("no limit".to_owned(), |n| count(n, "call")))
        }
    }
}

fn render_scripted_notice(settings: &RunSettings, advises: bool, paint: Paint) -> String {
    let scripts = configured_tiers(settings).into_iter().map(|(_, model)| model).filter(|id| id.is_scripted());
    let here = |file: &str| display_path(&settings.base_dir.join(file));
    let mut files: Vec<String> = scripts.map(|id| here(id.model())).collect();
    files.dedup();
    let mut notice = format!("\n{} ({}): no model is asked.\n", paint.yellow("answers are scripted"), files.join(", "));
    if advises {
        notice.push_str(&format!(
            "To use a model, set under [models] in {}: default = \"anthropic:MODEL\" (with ANTHROPIC_API_KEY),\n\
             \"openai:MODEL\" (with OPENAI_API_KEY) or \"ollama:MODEL\".\n",
            here("phasegate.toml")
        ));
    }
    wrap_lines(&notice, paint.width())
}
