//! `phasegate plugin check`: whether this host takes a plugin, seen by taking it. What `inspect` says of it, and then one
//! dry call within limits: sample inputs, a model that answers by script, no tests run, nothing recorded.
//!
//! A failure that the plugin says in words is an answer. What does not load, crashes, meets a limit, or answers what has
//! no meaning ends with exit code 1.

mod dry_host;
mod samples;

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_process::feedback::GateFailure;
use phasegate_process::testing::File;
use phasegate_process::{Assignment, Decided, Failure as Said, PhaseName, PluginName, Submission, decide};
use phasegate_sandbox::{Call, CallError, Engine, Inspection, Limits, Plugin, World, inspect};
use serde_json::{Value, json};

use super::inspect::{read, told};
use crate::exit::{Exit, Failure};
use crate::open;
use crate::terminal::format::{count, short, table};
use crate::terminal::style::Paint;
use crate::terminal::text::{clean, say};
use dry_host::{Desk, Diary};
use samples::Samples;

/// How long a dry call of an agent may take.
const WALL_MS: NonZeroU64 = match NonZeroU64::new(60_000) {
    Some(ms) => ms,
    None => NonZeroU64::MIN,
};
/// How much is told of one thing that a plugin says.
const MOST: usize = 400;

/// What is to be checked.
#[derive(clap::Args)]
pub struct Args {
    /// The component, plain or packed as .zst
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Of an agent: the phase of the standard process that it is called as
    #[arg(long, value_name = "PHASE", default_value = "planning")]
    phase: PhaseName,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// One call and what came of it.
#[derive(serde::Serialize)]
struct Step {
    call: String,
    happened: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

/// Does it.
pub async fn go(args: Args, state: &Path) -> Result<Exit, Failure> {
    let name = args.file.display().to_string();
    let samples = Arc::new(Samples::new()?);
    samples.phase(&args.phase)?;
    let bytes = read(&args.file)?;
    let inspection = inspect(&bytes).map_err(|why| Failure::of_a_check(format!("{name}: {why}")))?;
    let steps = match inspection.misfit {
        Some(_) => Vec::new(),
        None => {
            let plugin = load(plugin_name(&args.file)?, bytes, &inspection, state).await?;
            as_it_asks(&plugin)?;
            dry_calls(&plugin, samples, &args.phase).await?
        }
    };
    let held = inspection.misfit.is_none() && steps.iter().all(|step| step.fault.is_none());
    if args.json {
        let report = json!({ "file": name, "inspection": inspection, "dry_calls": steps, "held": held });
        say(&format!("{}\n", serde_json::to_string_pretty(&report).unwrap_or_default()));
    } else {
        say(&report(&name, &inspection, &steps, Paint::stdout()));
    }
    Ok(if held { Exit::Passed } else { Exit::Failed })
}

/// Whether it could be granted what it imports, by an operator who grants all that it asks for.
fn as_it_asks(plugin: &Plugin) -> Result<(), Failure> {
    let asks = plugin.inspection().asks();
    let given = plugin.inspection().granted(plugin.name(), &asks);
    given.map(drop).map_err(|why| Failure::of_a_check(why.to_string()))
}

fn plugin_name(file: &Path) -> Result<PluginName, Failure> {
    let stem = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
    let name = stem.and_then(|stem| stem.parse().ok()).map_or_else(|| "plugin".parse(), Ok);
    name.map_err(|bad| Failure::infrastructure(format!("{bad}")))
}

async fn load(name: PluginName, bytes: Vec<u8>, inspection: &Inspection, state: &Path) -> Result<Plugin, Failure> {
    let digest = inspection.digest.clone();
    let settings = open::engine(state, open::sandbox(None))?;
    let loaded = tokio::task::spawn_blocking(move || {
        let engine = Engine::new(settings).map_err(|why| Failure::infrastructure(why.to_string()))?;
        engine.load(&name, &digest, || Ok(bytes)).map_err(|why| Failure::of_a_check(why.to_string()))
    });
    loaded.await.map_err(|gone| Failure::infrastructure(format!("compiling broke off: {gone}")))?
}

async fn dry_calls(plugin: &Plugin, samples: Arc<Samples>, phase: &PhaseName) -> Result<Vec<Step>, Failure> {
    Ok(match plugin.world() {
        World::Agent | World::AgentBlocking => vec![agent(plugin, samples, phase).await?],
        World::Feedback => vec![strategy(plugin, &samples).await?],
        World::Runner => runner(plugin).await,
    })
}

async fn agent(plugin: &Plugin, samples: Arc<Samples>, phase: &PhaseName) -> Result<Step, Failure> {
    let named = |bad| Failure::infrastructure(format!("{bad}"));
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
    let diary = Diary::default();
    let desk = Arc::new(Desk::new(Arc::clone(&samples), &assignment, diary.clone()));
    let call = call("a dry call", Limits { wall_ms: WALL_MS, ..plugin.usual_limits() }, &diary);
    let ended = plugin.run_agent(&assignment, desk, &call).await;
    let mut step = step(format!("agent.run as phase `{}`", phase.name), &diary, ended.as_ref().err());
    match ended {
        Err(_) => {}
        Ok(Err(failure)) => step.happened.push(failed(&failure)),
        Ok(Ok(submission)) => step.happened.extend(handed_in(&submission, &assignment, &samples)),
    }
    Ok(step)
}

fn failed(failure: &Said) -> String {
    format!("says that it cannot do this, which is an answer: {}", short(&failure.to_string(), MOST))
}

fn handed_in(submission: &Submission, assignment: &Assignment, samples: &Samples) -> Vec<String> {
    let mut happened = Vec::new();
    for artifact in &submission.artifacts {
        let (name, size) = (short(&artifact.name, 80), count(artifact.content.len() as u64, "byte"));
        let expected = assignment.expected.iter().find(|expected| expected.name.as_str() == artifact.name);
        let door = match expected.map(|expected| samples.check(expected.kind.as_str(), &artifact.content)) {
            None => format!("the phase `{}` does not produce it", assignment.phase),
            Some(Ok(())) => "it would be taken".to_owned(),
            Some(Err(faults)) => format!("it would not be taken: {}", short(&faults.join("; "), MOST)),
        };
        happened.push(format!("hands in `{name}`, {size}: {door}"));
    }
    if let Some(findings) = &submission.findings {
        let issues = count(findings.issues.len() as u64, "issue");
        happened.push(format!("hands in findings: {issues}, {}", count(findings.checks.len() as u64, "check")));
    }
    if happened.is_empty() {
        happened.push("hands in nothing".to_owned());
    }
    happened
}

async fn strategy(plugin: &Plugin, samples: &Samples) -> Result<Step, Failure> {
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
    let diary = Diary::default();
    let ended = plugin.decide(&failure, &call("a dry call", plugin.usual_limits(), &diary)).await;
    let mut step = step("feedback.decide for a design review that failed".to_owned(), &diary, ended.as_ref().err());
    if let Ok(decision) = ended {
        match decide::check(&failure, &[], decision) {
            Decided::Revise { rework } => step.happened.extend(
                rework
                    .iter()
                    .map(|it| format!("sends work back to `{}`: {}", it.phase, short(&it.feedback.instructions, MOST))),
            ),
            Decided::AskAPerson { reason } => step.happened.push(format!("asks a person: {}", short(&reason, MOST))),
            Decided::GiveUp { reason } => step.happened.push(format!("gives up: {}", short(&reason, MOST))),
            Decided::Refused { reason } => step.fault = Some(format!("its decision would be refused: {reason}")),
        }
    }
    Ok(step)
}

async fn runner(plugin: &Plugin) -> Vec<Step> {
    let diary = Diary::default();
    let call = call("a dry call", plugin.usual_limits(), &diary);
    let offers = plugin.environment(&call).await;
    let mut first = step("runner.environment".to_owned(), &diary, offers.as_ref().err());
    let Ok(offers) = offers else { return vec![first] };
    let language = offers.get("language").and_then(Value::as_str).unwrap_or_default().to_owned();
    let modules = offers.get("modules").and_then(Value::as_array).map_or(0, Vec::len);
    first.happened.push(format!("offers {}, {}", named(&language), count(modules as u64, "module")));
    let mut steps = vec![first, collected("runner.collect of nothing", plugin, &[], &call, &diary).await];
    // A test is only known for a language that is known.
    if language == "python" {
        let content = "def test_sums():\n    assert 1 + 1 == 2\n".to_owned();
        let tests = [File { path: "test_check.py".to_owned(), content }];
        steps.push(collected("runner.collect of one test", plugin, &tests, &call, &diary).await);
        let run = plugin.run_tests(&[], &tests, "test_check.py", &call).await;
        let mut last = step("runner.run-tests of one test".to_owned(), &diary, run.as_ref().err());
        match run {
            Err(_) => {}
            Ok(Err(why)) => last.happened.push(format!("says that it cannot: {}", short(&why.to_string(), MOST))),
            Ok(Ok(run)) => {
                let ends = run.tests.iter().map(|test| format!("{} {}", short(&test.name, 80), test.outcome.as_str()));
                last.happened.extend(ends.chain(run.build_errors.iter().map(|error| short(error, MOST))).take(20));
            }
        }
        steps.push(last);
    }
    steps
}

fn named(language: &str) -> String {
    if language.is_empty() { "no language".to_owned() } else { format!("language {}", short(language, 40)) }
}

async fn collected(what: &str, plugin: &Plugin, tests: &[File], call: &Call, diary: &Diary) -> Step {
    let found = plugin.collect(&[], tests, call).await;
    let mut step = step(what.to_owned(), diary, found.as_ref().err());
    match found {
        Err(_) => {}
        Ok(Ok(names)) => step.happened.push(format!("finds {}", count(names.len() as u64, "test"))),
        Ok(Err(errors)) => {
            step.happened.push(format!("says what keeps it from being built: {}", short(&errors.join("; "), MOST)));
        }
    }
    step
}

fn call(doing: &str, limits: Limits, diary: &Diary) -> Call {
    Call { doing: doing.to_owned(), seed: 0, limits, log: Some(diary.sink()) }
}

fn step(call: String, diary: &Diary, error: Option<&CallError>) -> Step {
    Step { call, happened: diary.take(), fault: error.map(CallError::to_string) }
}

fn report(name: &str, inspection: &Inspection, steps: &[Step], paint: Paint) -> String {
    let mut text = told(name, inspection, paint);
    if steps.is_empty() {
        return text;
    }
    text.push_str("\ndry call: everything is granted, inputs are samples, models are scripted, nothing is recorded\n");
    for step in steps {
        let lines = step.happened.iter().map(|line| vec![format!("    {line}")]);
        let rows: Vec<_> = std::iter::once(vec![format!("  {}", step.call)]).chain(lines).collect();
        text.push_str(&table(&rows));
        if let Some(fault) = &step.fault {
            let words = clean(fault).replace('\n', "\n    ");
            text.push_str(&format!("    {} {words}\n", paint.red("fault:")));
        }
    }
    text
}
