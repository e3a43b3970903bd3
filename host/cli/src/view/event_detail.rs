//! An event with all that belongs to it.

use phasegate_journal::Journal;
use phasegate_process::gate::SuiteRun;
use phasegate_process::model::Answer;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::testing::{BenchError, Outcome, TestCase, TestRun};
use phasegate_process::{ArtifactRef, AttemptId, Decided, Digest, Event, Issue, PhaseOutcome, Recorded, RunCreated};
use phasegate_runtime::read_json;

use crate::terminal::format::{count, figure, money, one_line, short, size, time};
use crate::terminal::style::Paint;
use crate::view::event::{decision, end_word, forked_words, said, verdict_word};

/// An event as a line, and lines of what belongs to it.
pub fn told(journal: &dyn Journal, recorded: &Recorded, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    match &recorded.event {
        Event::RunCreated(created) => lines.extend(creation(journal, created)),
        Event::RunForked(forked) => lines.push(forked_words(forked)),
        Event::PhaseStarted { at, inputs } => {
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            lines.push(if names.is_empty() {
                format!("{at} started")
            } else {
                format!("{at} started with {}", names.join(", "))
            });
        }
        Event::ModelAsked { at, call, label, model, request } => lines.push(format!(
            "{at} call {call} asks {} for {} (request {})",
            one_line(model),
            one_line(label),
            request.short()
        )),
        Event::ModelAnswered { at, call, answer, usage, stop, elapsed_ms, recorded } => {
            let from = if *recorded {
                "answered from the record".to_owned()
            } else {
                format!("answered in {}", time(*elapsed_ms))
            };
            let tokens = format!("{} tokens read, {} written", figure(usage.input_tokens), figure(usage.output_tokens));
            lines.push(format!("{at} call {call} {from}: {}, {tokens}, {}", one_line(stop), money(usage.usd)));
            let answer: Option<Answer> = if stop == "error" { read_json(journal, answer).ok() } else { None };
            lines.extend(answer.and_then(Result::err).map(|error| one_line(&error.to_string())));
        }
        Event::ArtifactStored { at, artifact } => lines.push(format!("{at} stored {}", described(artifact))),
        Event::TestsRan { at, call, run, elapsed_ms, limit, .. } => {
            let who = call.map_or("the host ran".to_owned(), |call| format!("call {call} tried"));
            let (all, more) = tests(journal, call.is_some(), run);
            lines.push(format!("{at} {who} {all} (in {})", time(*elapsed_ms)));
            lines.extend(more.into_iter().chain(limit_hit(limit.as_deref())));
        }
        Event::PhaseFinished { at, outcome, elapsed_ms, limit } => {
            let (words, more) = came_back(at, outcome, *elapsed_ms, paint);
            lines.push(format!("{at} {words}"));
            lines.extend(more.into_iter().chain(limit_hit(limit.as_deref())));
        }
        Event::GateJudged { at, verdict, reason, issues, dropped, report, .. } => {
            lines.push(format!("{at} {}: {}", verdict_word(*verdict, paint), one_line(reason)));
            lines.extend(issues.iter().map(issue));
            lines.extend(
                dropped.iter().map(|test| format!("given up {}: {}", one_line(&test.test), one_line(&test.reason))),
            );
            lines.extend(report.as_ref().map(|report| format!("report {}", described(report))));
        }
        Event::FeedbackDecided { at, decided, limit } => {
            lines.push(format!("{at} {}", one_line(&decision(decided))));
            if let Decided::Revise { rework } = decided {
                let words = |text: &str| short(text, INSTRUCTIONS);
                lines.extend(rework.iter().map(|it| format!("{}: {}", it.phase, words(&it.feedback.instructions))));
            }
            lines.extend(limit_hit(limit.as_deref()));
        }
        Event::ApprovalAsked { at, question, .. } => {
            lines.push(format!("{at} {}: {}", paint.yellow("waits for a person"), one_line(question)));
        }
        Event::ApprovalGiven { at, choice, by, reason, about } => {
            let about: Vec<&str> = about.iter().map(|digest| digest.short()).collect();
            lines.push(format!("{at} {} by {}{}", said(choice), one_line(by), words_of(reason)));
            lines.extend((!about.is_empty()).then(|| format!("about {}", about.join(", "))));
        }
        Event::RunStopped { reason } => lines.push(format!("{}: {}", paint.yellow("stopped"), one_line(reason))),
        Event::RunFinished { status, reason } => {
            lines.push(format!("{}: {}", end_word(*status, paint), one_line(reason)));
        }
        Event::ProposalDecided { id, approved, by, reason } => {
            let word = if *approved { "approved" } else { "rejected" };
            lines.push(format!("proposal {} {word} by {}{}", one_line(id), one_line(by), words_of(reason)));
        }
    }
    lines
}

fn creation(journal: &dyn Journal, created: &RunCreated) -> Vec<String> {
    let pipeline: Option<Pipeline> = read_json(journal, &created.pipeline).ok();
    let by = pipeline.map_or_else(
        || format!("pipeline {}", created.pipeline.short()),
        |pipeline| format!("pipeline {}, strategy {}", pipeline.name, pipeline.feedback.plugin),
    );
    let scripted = if created.scripted { ", answers scripted" } else { "" };
    let mut lines = vec![format!("created for task {}: {by}{scripted}", created.task_id)];
    lines.extend(created.inputs.iter().map(|input| format!("given {}", described(input))));
    lines
}

fn described(artifact: &ArtifactRef) -> String {
    let (name, kind) = (artifact.name.as_str(), artifact.kind.as_str());
    let kind = if name == kind { String::new() } else { format!("{kind}, ") };
    format!("{name} ({kind}{}, {})", size(artifact.size), artifact.digest.short())
}

/// How an agent came back, and every fault of what it handed in.
fn came_back(at: &AttemptId, outcome: &PhaseOutcome, elapsed_ms: u64, paint: Paint) -> (String, Vec<String>) {
    let (word, reason) = match outcome {
        PhaseOutcome::Submitted { findings, .. } => {
            let found = findings.as_ref().map_or(String::new(), |found| format!(", findings {}", found.short()));
            return (format!("done in {}{found}", time(elapsed_ms)), Vec::new());
        }
        PhaseOutcome::Invalid { faults } => ("could not be taken", count(faults.len() as u64, "fault")),
        PhaseOutcome::Failed { reason } => ("failed", one_line(reason)),
        PhaseOutcome::Crashed { reason } => ("crashed", one_line(reason)),
    };
    let faults = if let PhaseOutcome::Invalid { faults } = outcome { faults.as_slice() } else { &[] };
    let words = format!("{} after {}: {reason}", paint.yellow(word), time(elapsed_ms));
    let remedy = outcome.remedy(at).map(|remedy| format!("hint: {remedy}"));
    (words, faults.iter().map(|fault| one_line(fault)).chain(remedy).collect())
}

fn issue(issue: &Issue) -> String {
    let (id, phase, words) = (one_line(&issue.id), one_line(&issue.phase_injected), one_line(&issue.description));
    format!("{} {id} (from {phase}): {words}", issue.severity.as_str())
}

fn limit_hit(limit: Option<&str>) -> Option<String> {
    limit.map(|limit| format!("a limit was hit: {}", one_line(limit)))
}

fn words_of(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {}", one_line(reason)) }
}

/// How a run of tests ended, and the tests that did not pass.
fn tests(journal: &dyn Journal, trial: bool, run: &Digest) -> (String, Vec<String>) {
    let ran = match trial {
        true => {
            read_json::<Result<TestRun, BenchError>>(journal, run).map(|ran| ran.map_err(|error| error.to_string()))
        }
        false => read_json::<SuiteRun>(journal, run).map(|ran| match ran.no_runner {
            Some(why) => Err(why),
            None => Ok(TestRun { build_errors: ran.build_errors, tests: ran.tests }),
        }),
    };
    let ran = match ran {
        Ok(Ok(ran)) => ran,
        Ok(Err(why)) => return (format!("no test: {}", one_line(&why)), Vec::new()),
        Err(_) => return (format!("tests, result {}", run.short()), Vec::new()),
    };
    let number = |outcome| ran.tests.iter().filter(|test| test.outcome == outcome).count();
    let outcomes = [Outcome::Passed, Outcome::Failed, Outcome::Errored, Outcome::Skipped];
    let outcomes = outcomes.map(|outcome| (number(outcome), outcome.as_str()));
    let counts: Vec<String> = outcomes.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    let mut more: Vec<String> =
        ran.build_errors.iter().map(|error| format!("not loaded: {}", one_line(error))).collect();
    let failing: Vec<&TestCase> = ran.tests.iter().filter(|test| test.outcome != Outcome::Passed).collect();
    more.extend(failing.iter().take(TESTS).map(|test| {
        let words = words_of(&short(test.message.as_deref().unwrap_or_default(), INSTRUCTIONS));
        format!("{} {}{words}", test.outcome.as_str(), one_line(&test.name))
    }));
    let hidden = failing.len().saturating_sub(TESTS);
    more.extend((hidden > 0).then(|| format!("… and {hidden} more")));
    (format!("{}{counts}", count(ran.tests.len() as u64, "test")), more)
}

/// How many tests that did not pass are told by name.
const TESTS: usize = 10;

/// How long the words are that a phase is given to revise its work by.
const INSTRUCTIONS: usize = 240;
