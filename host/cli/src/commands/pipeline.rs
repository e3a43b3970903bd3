//! `phasegate pipeline`: lists, shows and checks pipelines.

use std::path::PathBuf;

use phasegate_process::pipeline::{AllowedTests, ApprovalPolicy, Phase, STANDARD, TestAllowance, standard};
use phasegate_runtime::{BUNDLED, Config, ConfigFault, LoadedPipeline};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::paths::current_dir;
use crate::terminal::format::{count, one_line};
use crate::terminal::style::Paint;
use crate::terminal::table::{self, Column, Room};

/// Subcommands of `pipeline`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List the standard pipelines
    List,
    /// Show a pipeline with the configuration applied, as a run uses it
    Show {
        /// Standard pipeline or pipeline file
        #[arg(value_name = "NAME|FILE")]
        name: String,
        /// Print the source of a standard pipeline
        #[arg(long, conflicts_with = "config")]
        toml: bool,
        /// Configuration file [default: nearest phasegate.toml upwards]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Check a pipeline file
    Check {
        /// Pipeline file
        file: String,
        /// Configuration file [default: nearest phasegate.toml upwards]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Runs a subcommand of `pipeline`.
pub fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    let Context { printer, .. } = context;
    match command {
        Command::List => printer.print(&render_list(context.printer.paint())?),
        Command::Show { name, toml: true, .. } => {
            let text = standard(&name).ok_or_else(|| {
                let known = STANDARD.map(|(name, _)| name).join(", ");
                Failure::usage(format!("there is no standard pipeline `{name}`"))
                    .with_hint(format!("choose from {known}"))
            })?;
            printer.print(text);
        }
        Command::Show { name, config, .. } => {
            let (config, loaded) = load_pipeline(context, &name, config)?;
            printer.print(&render_pipeline(&config, &loaded, printer.paint()));
        }
        Command::Check { file, config } => {
            let pipeline = load_pipeline(context, &file, config)?.1.pipeline;
            let gates = pipeline.phases.iter().filter(|phase| phase.gate.is_some()).count();
            let (phases, gates) = (count(pipeline.phases.len() as u64, "phase"), count(gates as u64, "gate"));
            printer.print(&format!("{file} is valid: {phases}, {gates}\n"));
        }
    }
    Ok(Exit::Passed)
}

fn load_pipeline(context: &Context, name: &str, config: Option<PathBuf>) -> Result<(Config, LoadedPipeline), Failure> {
    let config = open::config(context, config.as_deref(), None)?;
    let loaded = config.load_pipeline(Some(name), None, &current_dir(), &BUNDLED).map_err(|fault| match fault {
        // No flag was given.
        ConfigFault::Flag { message, hint, .. } => Failure::usage(message).with_hint(hint),
        fault => fault.into(),
    })?;
    Ok((config, loaded))
}

const PHASES: [Column; 5] = [
    Column::new("phase", 0),
    Column::new("agent", 3),
    Column::new("produces", 2).with(Room::Lines(16)),
    Column::new("max retries", 4),
    Column::new("gate", 1).with(Room::Lines(16)),
];

const PLUGINS: [Column; 4] = [
    Column::new("plugin", 0),
    Column::new("source", 1),
    Column::new("models", 2),
    Column::new("test bench", 3).with(Room::Lines(12)),
];

fn render_list(paint: Paint) -> Result<String, Failure> {
    let rows: Result<Vec<_>, Failure> = STANDARD
        .iter()
        .map(|(name, text)| {
            let source = phasegate_process::source::Source { file: name, text };
            let pipeline =
                phasegate_process::pipeline::parse(source, &|path| Err(format!("there is no file `{path}`")));
            let pipeline = pipeline.map_err(|fault| Failure::from(fault).with_exit(Exit::Infrastructure))?;
            Ok(vec![(*name).to_owned(), pipeline.description])
        })
        .collect();
    Ok(table::render(&table::PAIRS, &rows?, paint.width()))
}

fn render_pipeline(config: &Config, loaded: &LoadedPipeline, paint: Paint) -> String {
    let pipeline = &loaded.pipeline;
    let mut text = format!("{}: {}\n", pipeline.name, one_line(&pipeline.description));
    text.push_str(&format!(
        "feedback strategy {}; at most {} gate attempts in total\n\n",
        pipeline.feedback.plugin, pipeline.max_total_attempts
    ));
    let rows: Vec<_> = pipeline.phases.iter().map(phase_row).collect();
    text.push_str(&table::render(&PHASES, &rows, paint.width()));
    text.push('\n');
    let mut rows = Vec::new();
    for name in pipeline.plugin_names() {
        let grants = pipeline.grants(name);
        let models: Vec<&str> = grants.models.iter().map(|tier| tier.as_str()).collect();
        let path = pipeline.plugins.get(name).and_then(|plugin| plugin.path.as_ref());
        let from = path.map(|path| config.describe_source(name, &loaded.dir.join(path), path));
        let or_none = |list: String| if list.is_empty() { "-".to_owned() } else { list };
        rows.push(vec![
            name.to_string(),
            from.unwrap_or_else(|| "bundled".to_owned()),
            or_none(models.join(", ")),
            or_none(grants.test_bench.join(", ")),
        ]);
    }
    text.push_str(&table::render(&PLUGINS, &rows, paint.width()));
    text
}

/// Describes the tests that fail a gate.
fn failing_tests(allow: TestAllowance) -> String {
    let allowed = [(allow.skipped, "skipped"), (allow.xfailed, "xfailed")];
    let allowed: Vec<String> = allowed
        .into_iter()
        .filter(|(tests, _)| *tests != AllowedTests::AtMost(0))
        .map(|(tests, outcome)| format!("{tests} {outcome}"))
        .collect();
    match allowed.is_empty() {
        true => "any test that does not pass".to_owned(),
        false => format!("any test that does not pass (allowed: {})", allowed.join(", ")),
    }
}

fn phase_row(phase: &Phase) -> Vec<String> {
    let mut makes: Vec<String> = phase.produces.iter().map(|produce| produce.name.to_string()).collect();
    let mut gate = String::new();
    if let Some(rules) = &phase.gate {
        makes.push(rules.report.to_string());
        let limits = phasegate_process::Severity::WORST_FIRST.into_iter();
        let limits =
            limits.filter_map(|severity| Some(format!("{} {}", rules.fails_at.get(&severity)?, severity.as_str())));
        let fails: Vec<String> = limits.chain(rules.tests.as_ref().map(|tests| failing_tests(tests.allow))).collect();
        let back: Vec<&str> = rules.may_revise.iter().map(|phase| phase.as_str()).collect();
        let asks = match rules.ask {
            ApprovalPolicy::Never => "never asks a person",
            ApprovalPolicy::OnExhausted => "asks a person when no attempt is left",
            ApprovalPolicy::OnFail => "asks a person at every failure",
            ApprovalPolicy::Always => "asks a person at every verdict",
        };
        gate = format!("fails at {}; may revise {}; {asks}", fails.join(" or "), back.join(", "));
    }
    vec![phase.name.to_string(), phase.agent.to_string(), makes.join(", "), phase.max_retries.to_string(), gate]
}
