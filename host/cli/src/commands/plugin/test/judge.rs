//! Calls the plugin as a case says, and lists what differs from what the case expects.

use std::collections::BTreeMap;
use std::sync::Arc;

use phasegate_process::pipeline::Pipeline;
use phasegate_process::source::to_json;
use phasegate_process::testing::{BenchError, TestRun};
use phasegate_process::{FeedbackOutcome, Findings, Submission};
use phasegate_runtime::ErrorCode;
use phasegate_sandbox::{Inspection, Plugin, World};
use serde_json::{Value, json};

use super::super::dry_run::agent::{AgentCall, find_faults, run_agent};
use super::super::dry_run::call::{describe_error, new_call};
use super::super::dry_run::load::{add_settings, read_answers};
use super::super::dry_run::log::CallLog;
use super::super::dry_run::samples::Samples;
use super::super::dry_run::strategy::{run_strategy, sample_failure};
use super::case::{Case, Expect};
use super::compare::{compare, compare_part};
use crate::exit::Failure;

/// What a case found.
pub struct Judged {
    /// Each difference from what is expected.
    pub faults: Vec<String>,
    /// Calls and log of the plugin, for people.
    pub happened: Vec<String>,
}

/// Calls the plugin once. Fails if the case itself cannot be used.
pub async fn judge_case(
    plugin: &Plugin,
    inspection: &Inspection,
    pipeline: Option<&Pipeline>,
    case: &Case,
) -> Result<Judged, Failure> {
    let mut samples = Samples::new(pipeline.cloned(), inspection.manifest.as_ref())?;
    for (name, value) in &case.input.inputs {
        samples.replace(name, value.clone()).map_err(|why| unusable(case, &format!("inputs.{name}: {why}")))?;
    }
    match plugin.world() {
        World::Agent | World::AgentBlocking => judge_agent(plugin, inspection, samples, case).await,
        World::Feedback => judge_strategy(plugin, &samples, case).await,
        World::Runner => Ok(judge_runner(plugin, case).await),
    }
}

async fn judge_agent(
    plugin: &Plugin,
    inspection: &Inspection,
    samples: Samples,
    case: &Case,
) -> Result<Judged, Failure> {
    let input = &case.input;
    let phase = samples
        .phase(input.phase.as_ref())
        .cloned()
        .map_err(|why| unusable(case, why.message().trim_start_matches("--phase: ")))?;
    let place = format!("{}: settings", case.name);
    let settings = add_settings(&phase.settings, input.settings.clone(), inspection, &place)?;
    let answers = input.answers.as_deref().map(read_answers).transpose();
    let answers = answers.map_err(|why| unusable(case, &format!("answers: {}", why.message())))?.map(Arc::new);
    let call = AgentCall { phase, attempt: input.attempt, settings, answers };
    let samples = Arc::new(samples);
    let run = run_agent(plugin, Arc::clone(&samples), &call).await?;
    let mut faults = Vec::new();
    if let Some(expected) = &case.expect.requests {
        compare("requests", &json!(expected), &json!(run.labels), &mut faults);
    }
    match (&run.ended, &case.expect.failure) {
        (Err(error), _) => faults.push(describe_error(error)),
        (Ok(Err(failure)), Some(expected)) => compare_part("failure", expected, &failure.to_string(), &mut faults),
        (Ok(Err(failure)), None) => faults.push(format!("it reports a failure: {failure}")),
        (Ok(Ok(_)), Some(expected)) => faults.push(format!("failure: expected `{expected}`, it submits its work")),
        (Ok(Ok(submission)), None) => {
            let rejected = find_faults(submission, &call.phase, &samples);
            faults.extend(rejected.into_iter().map(|fault| format!("a run would reject what it submits: {fault}")));
            compare_submission(submission, &case.expect, &mut faults);
        }
    }
    Ok(Judged { faults, happened: run.happened })
}

fn compare_submission(submission: &Submission, expect: &Expect, faults: &mut Vec<String>) {
    for (name, expected) in &expect.artifacts {
        let place = format!("artifacts.{name}");
        let Some(artifact) = submission.artifacts.iter().find(|artifact| artifact.name == *name) else {
            faults.push(format!("{place}: expected, it is missing"));
            continue;
        };
        let text = String::from_utf8_lossy(&artifact.content);
        let actual = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()));
        compare(&place, &to_json(expected.clone()), &actual, faults);
    }
    if let Some(expected) = &expect.issues {
        let expected = expected.iter().cloned().map(to_json).collect();
        let issues = submission.findings.as_ref().map(|Findings { issues, .. }| json!(issues));
        compare("issues", &Value::Array(expected), &issues.unwrap_or_else(|| json!([])), faults);
    }
}

async fn judge_strategy(plugin: &Plugin, samples: &Samples, case: &Case) -> Result<Judged, Failure> {
    let mut fields = case.input.failure.clone();
    if !case.input.settings.is_empty() {
        fields.insert("settings".to_owned(), Value::Object(case.input.settings.clone()));
    }
    let failure = sample_failure(samples, &fields).map_err(|why| unusable(case, why.message()))?;
    let run = run_strategy(plugin, &failure).await;
    let mut faults = Vec::new();
    match &run.ended {
        Err(error) => faults.push(describe_error(error)),
        Ok(decided) => compare_decision(decided, &case.expect, &mut faults),
    }
    Ok(Judged { faults, happened: run.happened })
}

fn compare_decision(decided: &FeedbackOutcome, expect: &Expect, faults: &mut Vec<String>) {
    let words = match decided {
        FeedbackOutcome::Revise { rework } => {
            let phases: Vec<&str> = rework.iter().map(|it| it.phase.as_str()).collect();
            format!("it sends back {}", phases.join(", "))
        }
        FeedbackOutcome::AskAPerson { reason } => format!("it asks a person: {reason}"),
        FeedbackOutcome::GiveUp { reason } => format!("it gives up: {reason}"),
        FeedbackOutcome::Refused { reason } => format!("a run would reject its decision: {reason}"),
    };
    match (decided, &expect.revise, &expect.ask_a_person, &expect.give_up) {
        (FeedbackOutcome::Revise { rework }, Some(expected), ..) => {
            let phases: Vec<&str> = rework.iter().map(|it| it.phase.as_str()).collect();
            compare("revise", &json!(expected), &json!(phases), faults);
        }
        (FeedbackOutcome::AskAPerson { reason }, _, Some(expected), _) => {
            compare_part("ask_a_person", expected, reason, faults);
        }
        (FeedbackOutcome::GiveUp { reason }, _, _, Some(expected)) => compare_part("give_up", expected, reason, faults),
        (FeedbackOutcome::Refused { .. }, ..) => faults.push(words),
        (_, None, None, None) => {}
        _ => faults.push(format!("decision: expected another one, {words}")),
    }
}

async fn judge_runner(plugin: &Plugin, case: &Case) -> Judged {
    let log = CallLog::default();
    let call = new_call("dry run", plugin.usual_limits(), &log);
    let (code, tests) = (&case.input.code, &case.input.tests);
    let mut faults = Vec::new();
    match plugin.collect(code, tests, &call).await {
        Err(error) => faults.push(describe_error(&error)),
        Ok(Err(errors)) => match &case.expect.errors {
            None => faults.extend(errors.iter().map(|error| format!("errors: {error}"))),
            Some(expected) if expected.len() != errors.len() => {
                faults.push(format!("errors: expected {}, there are {}", expected.len(), errors.join("; ")));
            }
            Some(expected) => {
                for (expected, actual) in expected.iter().zip(&errors) {
                    compare_part("errors", expected, actual, &mut faults);
                }
            }
        },
        Ok(Ok(names)) => {
            if let Some(expected) = &case.expect.errors {
                faults.push(format!("errors: expected {}, there are none", expected.join("; ")));
            }
            let mut outcomes = BTreeMap::new();
            for file in tests.iter().filter(|file| names.iter().any(|name| name.split("::").next() == Some(&file.path)))
            {
                match plugin.run_tests(code, tests, &file.path, &call).await {
                    Err(error) => faults.push(describe_error(&error)),
                    Ok(ran) => add_outcomes(ran, &file.path, &mut outcomes, &mut faults),
                }
            }
            if let Some(expected) = &case.expect.outcomes {
                compare("outcomes", &json!(expected), &json!(outcomes), &mut faults);
                let more = outcomes.keys().filter(|name| !expected.contains_key(*name));
                faults.extend(more.map(|name| format!("outcomes.{name}: not expected")));
            }
        }
    }
    Judged { faults, happened: log.take() }
}

fn add_outcomes(
    ran: Result<TestRun, BenchError>,
    path: &str,
    outcomes: &mut BTreeMap<String, String>,
    faults: &mut Vec<String>,
) {
    match ran {
        Err(why) => faults.push(format!("{path}: {why}")),
        Ok(run) => {
            faults.extend(run.build_errors.iter().map(|error| format!("{path}: {error}")));
            outcomes.extend(run.tests.into_iter().map(|test| (test.name, test.outcome.as_str().to_owned())));
        }
    }
}

/// The error about a case that no call can be made of.
fn unusable(case: &Case, why: &str) -> Failure {
    Failure::usage(format!("{}: {why}", case.name))
        .with_code(ErrorCode::InvalidFile)
        .with_hint("see docs/plugins/README.md#cases")
}
