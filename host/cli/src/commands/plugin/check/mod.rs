//! `phasegate plugin check`: inspects a plugin, loads it and calls it once in a dry run: sample inputs, scripted answers, no
//! test runs, nothing recorded.
//!
//! A failure that the plugin reports is a valid answer. A plugin that does not load, crashes, exceeds a limit or returns an
//! invalid answer ends with exit code 1.

mod dry_host;
mod samples;

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_process::feedback::GateFailure;
use phasegate_process::limits::Limits;
use phasegate_process::testing::File;
use phasegate_process::{
    Assignment, Failure as AgentFailure, FeedbackOutcome, InvalidName, PhaseName, PluginName, Submission, feedback,
};
use phasegate_runtime::Error;
use phasegate_sandbox::{Call, CallError, CpuMeter, Engine, Inspection, Plugin, TestProgress, World, inspect};
use serde_json::{Value, json};

use super::inspect::{read_bytes, render_inspection};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::terminal::format::{count, table, truncate};
use crate::terminal::style::Paint;
use crate::terminal::text::sanitize;
use dry_host::{CallLog, DryHost};
use samples::Samples;

/// The version of the JSON form.
const FORMAT: u32 = 1;
/// Wall clock limit of an agent in a dry run.
const WALL_MS: NonZeroU64 = match NonZeroU64::new(60_000) {
    Some(ms) => ms,
    None => NonZeroU64::MIN,
};
/// Maximal length of a text from the plugin in characters.
const MAX_TEXT: usize = 400;

/// Arguments of `plugin check`.
#[derive(clap::Args)]
pub struct Args {
    /// Component file, plain or compressed as .zst
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Phase of the standard process in which an agent is called
    #[arg(long, value_name = "PHASE", default_value = "planning")]
    phase: PhaseName,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A call of the plugin and its outcome.
#[derive(serde::Serialize)]
struct DryCall {
    call: String,
    happened: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

/// Checks the plugin.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let name = args.file.display().to_string();
    let samples = Arc::new(Samples::new()?);
    samples.phase(&args.phase)?;
    let bytes = read_bytes(&args.file)?;
    let inspection =
        inspect(&bytes).map_err(|why| Failure::check_failed(format!("{name}: {why}")).with_hints(why.hint()))?;
    let steps = match inspection.misfit {
        Some(_) => Vec::new(),
        None => {
            let plugin = load(plugin_name(&args.file)?, bytes, &inspection, context).await?;
            check_grants(&plugin)?;
            dry_calls(&plugin, samples, &args.phase).await?
        }
    };
    let held = inspection.misfit.is_none() && steps.iter().all(|step| step.fault.is_none());
    if args.json {
        let report =
            json!({ "format": FORMAT, "file": name, "inspection": inspection, "dry_calls": steps, "held": held });
        printer.print_json_pretty(&report);
    } else {
        printer.print(&render_report(&name, &inspection, &steps, printer.paint()));
    }
    Ok(if held { Exit::Passed } else { Exit::Failed })
}

/// Checks that the requested grants cover every import.
fn check_grants(plugin: &Plugin) -> Result<(), Failure> {
    let asks = plugin.inspection().requested_grants();
    let given = plugin.inspection().effective_grants(plugin.name(), &asks);
    given.map(drop).map_err(|why| Failure::check_failed(why.to_string()).with_hints(why.hint()))
}

fn plugin_name(file: &Path) -> Result<PluginName, Failure> {
    let stem = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
    let name = stem.and_then(|stem| stem.parse().ok()).map_or_else(|| "plugin".parse(), Ok);
    name.map_err(|bad: InvalidName| Failure::infrastructure(bad.to_string()))
}

async fn load(name: PluginName, bytes: Vec<u8>, inspection: &Inspection, context: &Context) -> Result<Plugin, Failure> {
    let digest = inspection.digest.clone();
    let settings = open::sandbox(context, &open::config_if_readable(context, None)?)?;
    let loaded = tokio::task::spawn_blocking(move || {
        let engine = Engine::new(settings).map_err(|why| Failure::from(Error::from(why)))?;
        engine
            .load(&name, &digest, || Ok(bytes))
            .map_err(|why| Failure::check_failed(why.to_string()).with_hints(why.hint()))
    });
    loaded.await.map_err(|gone| Failure::infrastructure(format!("the compilation was interrupted: {gone}")))?
}

async fn dry_calls(plugin: &Plugin, samples: Arc<Samples>, phase: &PhaseName) -> Result<Vec<DryCall>, Failure> {
    Ok(match plugin.world() {
        World::Agent | World::AgentBlocking => vec![call_agent(plugin, samples, phase).await?],
        World::Feedback => vec![call_strategy(plugin, &samples).await?],
        World::Runner => call_runner(plugin).await,
    })
}

async fn call_agent(plugin: &Plugin, samples: Arc<Samples>, phase: &PhaseName) -> Result<DryCall, Failure> {
    let named = |bad: InvalidName| Failure::infrastructure(bad.to_string());
    let phase = samples.phase(phase)?;
    let assignment = Assignment {
        run_id: "check".parse().map_err(named)?,
        task_id: samples.task_id().clone(),
        phase: phase.name.clone(),
        attempt: 1,
        inputs: samples.inputs(phase),
        expected: samples.expected(phase),
        previous: Vec::new(),
        feedback: Vec::new(),
        environment: json!({ "language": "python", "modules": [], "test_frameworks": [], "notes": [] }),
        settings: json!({}),
    };
    let log = CallLog::default();
    let dry_host = Arc::new(DryHost::new(Arc::clone(&samples), &assignment, log.clone()));
    let call = new_call("dry run", Limits { wall_ms: WALL_MS, ..plugin.usual_limits() }, &log);
    let ended = plugin.run_agent(&assignment, dry_host, &call).await;
    let mut step = finish_call(format!("agent.run as phase `{}`", phase.name), &log, ended.as_ref().err());
    match ended {
        Err(_) => {}
        Ok(Err(failure)) => step.happened.push(render_agent_failure(&failure)),
        Ok(Ok(submission)) => step.happened.extend(render_submission(&submission, &assignment, &samples)),
    }
    Ok(step)
}

fn render_agent_failure(failure: &AgentFailure) -> String {
    format!("reports a failure, which is a valid answer: {}", truncate(&failure.to_string(), MAX_TEXT))
}

fn render_submission(submission: &Submission, assignment: &Assignment, samples: &Samples) -> Vec<String> {
    let mut happened = Vec::new();
    for artifact in &submission.artifacts {
        let (name, size) = (truncate(&artifact.name, 80), count(artifact.content.len() as u64, "byte"));
        let expected = assignment.expected.iter().find(|expected| expected.name.as_str() == artifact.name);
        let verdict = match expected.map(|expected| samples.check(expected.kind.as_str(), &artifact.content)) {
            None => format!("phase `{}` does not produce it", assignment.phase),
            Some(Ok(())) => "valid".to_owned(),
            Some(Err(faults)) => format!("invalid: {}", truncate(&faults.join("; "), MAX_TEXT)),
        };
        happened.push(format!("submits `{name}`, {size}: {verdict}"));
    }
    if let Some(findings) = &submission.findings {
        let issues = count(findings.issues.len() as u64, "issue");
        happened.push(format!("submits findings: {issues}, {}", count(findings.checks.len() as u64, "check")));
    }
    if happened.is_empty() {
        happened.push("submits nothing".to_owned());
    }
    happened
}

async fn call_strategy(plugin: &Plugin, samples: &Samples) -> Result<DryCall, Failure> {
    let may_revise: Vec<&PhaseName> = samples.phases().take(2).collect();
    let failure = json!({
        "gate": "design-review", "attempt": 1, "attempts_left": 2, "person_words": null, "history": [], "settings": {},
        "may_revise": may_revise,
        "issues": [{
            "id": "I-1", "severity": "high", "category": "quality", "defect_type": "conventional_code_bug",
            "phase_injected": "design", "description": "A sample: the design does not say what an empty text means.",
            "evidence": "nothing in the overview", "impact": "two readers build two things"
        }],
    });
    let failure: GateFailure =
        serde_json::from_value(failure).map_err(|why| Failure::infrastructure(why.to_string()))?;
    let log = CallLog::default();
    let ended = plugin.decide(&failure, &new_call("dry run", plugin.usual_limits(), &log)).await;
    let mut step = finish_call("feedback.decide on a failed design review".to_owned(), &log, ended.as_ref().err());
    if let Ok(decision) = ended {
        match feedback::check_decision(&failure, &[], decision) {
            FeedbackOutcome::Revise { rework } => step.happened.extend(rework.iter().map(|it| {
                format!("sends work back to `{}`: {}", it.phase, truncate(&it.feedback.instructions, MAX_TEXT))
            })),
            FeedbackOutcome::AskAPerson { reason } => {
                step.happened.push(format!("asks for a decision: {}", truncate(&reason, MAX_TEXT)))
            }
            FeedbackOutcome::GiveUp { reason } => {
                step.happened.push(format!("gives up: {}", truncate(&reason, MAX_TEXT)))
            }
            FeedbackOutcome::Refused { reason } => {
                step.fault = Some(format!("its decision would be rejected: {reason}"))
            }
        }
    }
    Ok(step)
}

async fn call_runner(plugin: &Plugin) -> Vec<DryCall> {
    let log = CallLog::default();
    let call = new_call("dry run", plugin.usual_limits(), &log);
    let offers = plugin.environment(&call).await;
    let mut first = finish_call("runner.environment".to_owned(), &log, offers.as_ref().err());
    let Ok(offers) = offers else { return vec![first] };
    let language = offers.get("language").and_then(Value::as_str).unwrap_or_default().to_owned();
    let modules = offers.get("modules").and_then(Value::as_array).map_or(0, Vec::len);
    first.happened.push(format!("offers {}, {}", render_language(&language), count(modules as u64, "module")));
    let mut steps = vec![first, call_collect("runner.collect without tests", plugin, &[], &call, &log).await];
    // There is a sample test for Python only.
    if language == "python" {
        let content = "def test_sums():\n    assert 1 + 1 == 2\n".to_owned();
        let tests = [File { path: "test_check.py".to_owned(), content }];
        steps.push(call_collect("runner.collect of one test", plugin, &tests, &call, &log).await);
        let run = plugin.run_tests(&[], &tests, "test_check.py", &call).await;
        let mut last = finish_call("runner.run-tests of one test".to_owned(), &log, run.as_ref().err());
        match run {
            Err(_) => {}
            Ok(Err(why)) => last.happened.push(format!("reports a failure: {}", truncate(&why.to_string(), MAX_TEXT))),
            Ok(Ok(run)) => {
                let ends =
                    run.tests.iter().map(|test| format!("{} {}", truncate(&test.name, 80), test.outcome.as_str()));
                last.happened
                    .extend(ends.chain(run.build_errors.iter().map(|error| truncate(error, MAX_TEXT))).take(20));
            }
        }
        steps.push(last);
    }
    steps
}

fn render_language(language: &str) -> String {
    if language.is_empty() { "no language".to_owned() } else { format!("language {}", truncate(language, 40)) }
}

async fn call_collect(what: &str, plugin: &Plugin, tests: &[File], call: &Call, log: &CallLog) -> DryCall {
    let found = plugin.collect(&[], tests, call).await;
    let mut step = finish_call(what.to_owned(), log, found.as_ref().err());
    match found {
        Err(_) => {}
        Ok(Ok(names)) => step.happened.push(format!("finds {}", count(names.len() as u64, "test"))),
        Ok(Err(errors)) => {
            step.happened.push(format!("reports build errors: {}", truncate(&errors.join("; "), MAX_TEXT)));
        }
    }
    step
}

fn new_call(doing: &str, limits: Limits, log: &CallLog) -> Call {
    Call {
        doing: doing.to_owned(),
        seed: 0,
        limits,
        cpu: CpuMeter::default(),
        log: Some(log.sink()),
        progress: TestProgress::default(),
    }
}

fn finish_call(call: String, log: &CallLog, error: Option<&CallError>) -> DryCall {
    DryCall { call, happened: log.take(), fault: error.map(CallError::recorded_text) }
}

fn render_report(name: &str, inspection: &Inspection, steps: &[DryCall], paint: Paint) -> String {
    let mut text = render_inspection(name, inspection, paint);
    if steps.is_empty() {
        return text;
    }
    text.push_str("\ndry run: all grants, sample inputs, scripted answers, nothing recorded\n");
    for step in steps {
        let lines = step.happened.iter().map(|line| vec![format!("    {line}")]);
        let rows: Vec<_> = std::iter::once(vec![format!("  {}", step.call)]).chain(lines).collect();
        text.push_str(&table(&rows));
        if let Some(fault) = &step.fault {
            let message = sanitize(fault).replace('\n', "\n    ");
            text.push_str(&format!("    {} {message}\n", paint.red("fault:")));
        }
    }
    text
}
