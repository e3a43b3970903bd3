//! Events with their details, as `phasegate log` prints them.

use phasegate_journal::Journal;
use phasegate_process::acceptance::AcceptanceRun;
use phasegate_process::gate::{Baseline, RepositoryTests, SuiteRun};
use phasegate_process::hint::split_hint;
use phasegate_process::model::{Answer, StopReason};
use phasegate_process::pipeline::Pipeline;
use phasegate_process::state::question_in_words;
use phasegate_process::testing::{BenchError, Outcome, TestCase, TestRun};
use phasegate_process::{
    ArtifactRef, AttemptId, Digest, Event, FeedbackOutcome, Issue, PhaseOutcome, Recorded, RequestCost, RunCreated,
};
use phasegate_runtime::read_json;

use crate::terminal::format::{byte_size, compact_number, count, duration, indent, money, one_line, truncate};
use crate::terminal::style::Paint;
use crate::view::event::{
    render_acceptance, render_baseline, render_branch, render_choice, render_decision, render_fork, render_run_status,
    render_verdict,
};

/// Renders an event as a line, and its details as further lines. Blobs that are gone are left out.
pub fn render_event(journal: &dyn Journal, recorded: &Recorded, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    match &recorded.event {
        Event::RunCreated(created) => lines.extend(render_created(journal, created)),
        Event::RunForked(forked) => lines.push(render_fork(forked)),
        Event::PhaseStarted { at, inputs } => {
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            lines.push(if names.is_empty() {
                format!("{at} started")
            } else {
                format!("{at} started with {}", names.join(", "))
            });
        }
        Event::ModelAsked { at, call, label, model, request, .. } => lines.push(format!(
            "{at} call {call} asks {} for {} (request {})",
            one_line(model),
            one_line(label),
            request.short()
        )),
        Event::ModelTried { at, call, request_number, error, cost, elapsed_ms, .. } => {
            let (after, cost) = (duration(*elapsed_ms), render_request_cost(cost));
            lines.push(format!("{at} call {call} request {request_number} failed after {after}, {cost}"));
            lines.push(one_line(&error.to_string()));
        }
        Event::ModelAnswered { at, call, answer, usage, stop, elapsed_ms, recorded } => {
            let from = if *recorded {
                "answered from the recording".to_owned()
            } else {
                format!("answered in {}", duration(*elapsed_ms))
            };
            let tokens = format!(
                "{} input tokens, {} output tokens",
                compact_number(usage.input_tokens),
                compact_number(usage.output_tokens)
            );
            lines.push(format!("{at} call {call} {from}: {}, {tokens}, {}", one_line(stop), money(usage.usd)));
            let answer: Option<Answer> =
                if stop == StopReason::FAILED_CALL { read_json(journal, answer).ok() } else { None };
            lines.extend(answer.and_then(Result::err).map(|error| one_line(&error.to_string())));
        }
        Event::ArtifactStored { at, artifact } => lines.push(format!("{at} stored {}", render_artifact(artifact))),
        Event::RepositoryRead { at, request, answer, failed } => {
            let what = if *failed { "not found" } else { "answer" };
            lines.push(format!("{at} {} ({what} {})", one_line(&request.to_string()), answer.short()));
        }
        Event::TestsRan { at, call, run, elapsed_ms, limit, .. } => {
            let subject = call.map_or("the host ran".to_owned(), |call| format!("call {call} ran"));
            let (all, more) = render_tests(journal, call.is_some(), run);
            lines.push(format!("{at} {subject} {all} (in {})", duration(*elapsed_ms)));
            lines.extend(more.into_iter().chain(render_limit(limit.as_deref())));
        }
        Event::BaselineRan { at, run, tests, passed, elapsed_ms, limit } => {
            lines.push(format!("{at} {} (in {})", render_baseline(*tests, *passed), duration(*elapsed_ms)));
            lines.extend(render_baseline_details(journal, run).into_iter().chain(render_limit(limit.as_deref())));
        }
        Event::PhaseFinished { at, outcome, elapsed_ms, limit, log } => {
            let (line, more) = render_outcome(at, outcome, *elapsed_ms, paint);
            lines.push(format!("{at} {line}"));
            lines.extend(more.into_iter().chain(render_limit(limit.as_deref())));
            lines.extend(log.iter().flat_map(|log| log.lines()).map(|line| format!("log: {}", one_line(line))));
        }
        Event::GateJudged { at, verdict, reason, issues, dropped, report, .. } => {
            lines.push(format!("{at} {}: {}", render_verdict(*verdict, paint), one_line(reason)));
            lines.extend(issues.iter().map(render_issue));
            lines.extend(
                dropped.iter().map(|test| format!("dropped {}: {}", one_line(&test.test), one_line(&test.reason))),
            );
            lines.extend(report.as_ref().map(|report| format!("report {}", render_artifact(report))));
        }
        Event::FeedbackDecided { at, decided, limit } => {
            lines.push(format!("{at} {}", one_line(&render_decision(decided))));
            if let FeedbackOutcome::Revise { rework } = decided {
                let short = |text: &str| truncate(text, MAX_INSTRUCTIONS);
                lines.extend(rework.iter().map(|it| format!("{}: {}", it.phase, short(&it.feedback.instructions))));
            }
            lines.extend(render_limit(limit.as_deref()));
        }
        Event::ApprovalAsked { at, question, .. } => {
            lines.push(format!(
                "{at} {}: {}",
                paint.yellow("waits for a decision"),
                one_line(&question_in_words(question))
            ));
        }
        Event::ApprovalGiven { at, choice, by, reason, about } => {
            let about: Vec<&str> = about.iter().map(|digest| digest.short()).collect();
            lines.push(format!("{at} {} by {}{}", render_choice(choice), one_line(by), render_reason(reason)));
            lines.extend((!about.is_empty()).then(|| format!("about {}", about.join(", "))));
        }
        Event::RunStopped { reason } => {
            let (message, hint) = split_hint(reason);
            lines.push(format!("{}: {}", paint.yellow("stopped"), one_line(message)));
            lines.extend(hint.iter().flat_map(|hint| hint.lines()).map(|line| format!("hint: {}", one_line(line))));
        }
        Event::BudgetChanged { limits, by } => {
            lines.push(format!("budget changed to {limits} by {}", one_line(by)));
        }
        Event::AcceptanceTested { run, acceptance, tests, passed, elapsed_ms, limit } => {
            let result = render_acceptance(acceptance, *tests, *passed, paint);
            lines.push(format!("{result} (in {})", duration(*elapsed_ms)));
            lines.extend(render_failed_acceptance(journal, run).into_iter().chain(render_limit(limit.as_deref())));
        }
        Event::BranchWritten { branch } => {
            lines.push(one_line(&render_branch(branch)));
            lines.extend(branch.commits.iter().map(|commit| format!("commit {commit}")));
        }
        Event::RunFinished { status, reason } => {
            lines.push(format!("{}: {}", render_run_status(*status, paint), one_line(reason)));
        }
        Event::ProposalDecided { id, approved, by, reason } => {
            let word = if *approved { "approved" } else { "rejected" };
            lines.push(format!("proposal {} {word} by {}{}", one_line(id), one_line(by), render_reason(reason)));
        }
    }
    lines
}

fn render_request_cost(cost: &RequestCost) -> String {
    let tokens = |tokens: u64| count(tokens, "token");
    match cost {
        RequestCost::Nothing => "cost nothing".to_owned(),
        RequestCost::Known(usage) => {
            let all = usage.input_tokens.saturating_add(usage.output_tokens);
            format!("{}, {}", tokens(all), money(usage.usd))
        }
        RequestCost::Unknown(most) => {
            let usd = most.usd.map_or(String::new(), |usd| format!(", {}", money(Some(usd))));
            format!("cost unknown, at most {}{usd}", tokens(most.tokens))
        }
    }
}

fn render_created(journal: &dyn Journal, created: &RunCreated) -> Vec<String> {
    let pipeline: Option<Pipeline> = read_json(journal, &created.pipeline).ok();
    let by = pipeline.map_or_else(
        || format!("pipeline {}", created.pipeline.short()),
        |pipeline| format!("pipeline {}, strategy {}", pipeline.name, pipeline.feedback.plugin),
    );
    let scripted = if created.scripted { ", answers scripted" } else { "" };
    let mut lines = vec![format!("created for task {}: {by}{scripted}", created.task_id)];
    lines.extend(created.inputs.iter().map(|input| format!("input {}", render_artifact(input))));
    let tests = created.acceptance.iter().flat_map(|tests| &tests.files);
    lines.extend(tests.map(|test| format!("acceptance test {} ({})", test.path, test.content.short())));
    lines
}

fn render_artifact(artifact: &ArtifactRef) -> String {
    let (name, kind) = (artifact.name.as_str(), artifact.kind.as_str());
    let kind = if name == kind { String::new() } else { format!("{kind}, ") };
    format!("{name} ({kind}{}, {})", byte_size(artifact.size), artifact.digest.short())
}

/// Renders the outcome of an attempt, and every fault of what it submitted.
fn render_outcome(at: &AttemptId, outcome: &PhaseOutcome, elapsed_ms: u64, paint: Paint) -> (String, Vec<String>) {
    let (word, reason) = match outcome {
        PhaseOutcome::Submitted { findings, .. } => {
            let found = findings.as_ref().map_or(String::new(), |found| format!(", findings {}", found.short()));
            return (format!("done in {}{found}", duration(elapsed_ms)), Vec::new());
        }
        PhaseOutcome::Invalid { faults } => ("invalid output", count(faults.len() as u64, "fault")),
        PhaseOutcome::Failed { reason } => ("failed", one_line(reason)),
        PhaseOutcome::Crashed { reason } => ("crashed", one_line(reason)),
    };
    let faults = if let PhaseOutcome::Invalid { faults } = outcome { faults.as_slice() } else { &[] };
    let line = format!("{} after {}: {reason}", paint.yellow(word), duration(elapsed_ms));
    let remedy = outcome.hint(at).map(|remedy| format!("hint: {remedy}"));
    (line, faults.iter().map(|fault| one_line(fault)).chain(remedy).collect())
}

fn render_issue(issue: &Issue) -> String {
    let (id, phase, description) = (one_line(&issue.id), one_line(&issue.phase_injected), one_line(&issue.description));
    format!("{} {id} (from {phase}): {description}", issue.severity.as_str())
}

fn render_limit(limit: Option<&str>) -> Option<String> {
    limit.map(|limit| format!("limit exceeded: {}", one_line(limit)))
}

fn render_reason(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {}", one_line(reason)) }
}

/// Renders the acceptance tests that did not pass.
fn render_failed_acceptance(journal: &dyn Journal, run: &Digest) -> Vec<String> {
    let Ok(run) = read_json::<AcceptanceRun>(journal, run) else { return Vec::new() };
    let errors = run.build_errors.iter().map(|error| format!("does not load: {}", one_line(error)));
    errors.chain(list_not_passed(&run.tests)).collect()
}

/// Renders the totals of a test run, and the tests that did not pass.
fn render_tests(journal: &dyn Journal, trial: bool, run: &Digest) -> (String, Vec<String>) {
    let mut repository = RepositoryTests::default();
    let ran = match trial {
        true => {
            read_json::<Result<TestRun, BenchError>>(journal, run).map(|ran| ran.map_err(|error| error.to_string()))
        }
        false => read_json::<SuiteRun>(journal, run).map(|ran| {
            repository = ran.repository;
            match ran.no_runner {
                Some(why) => Err(why),
                None => Ok(TestRun { build_errors: ran.build_errors, tests: ran.tests }),
            }
        }),
    };
    let ran = match ran {
        Ok(Ok(ran)) => ran,
        Ok(Err(why)) => return (format!("no tests: {}", one_line(&why)), Vec::new()),
        Err(_) => return (format!("tests, result {}", run.short()), Vec::new()),
    };
    let number = |outcome| ran.tests.iter().filter(|test| test.outcome == outcome).count();
    let outcomes = [Outcome::Passed, Outcome::Failed, Outcome::Errored, Outcome::Skipped];
    let outcomes = outcomes.map(|outcome| (number(outcome), outcome.as_str()));
    let counts: Vec<String> = outcomes.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    let mut more: Vec<String> =
        ran.build_errors.iter().map(|error| format!("does not load: {}", one_line(error))).collect();
    more.extend(list_not_passed(&ran.tests));
    more.extend(list_at_most(&repository.regressed, |test| format!("regressed {}", render_test(test))));
    more.extend(list_at_most(&repository.still_failing, |test| format!("still failing {}", one_line(test))));
    more.extend(list_at_most(&repository.fixed, |test| format!("fixed {}", one_line(test))));
    (format!("{}{counts}", count(ran.tests.len() as u64, "test")), more)
}

/// Lists the tests of a baseline that did not pass, and its files that did not run.
fn render_baseline_details(journal: &dyn Journal, run: &Digest) -> Vec<String> {
    let Ok(baseline) = read_json::<Baseline>(journal, run) else { return Vec::new() };
    let mut lines = list_not_passed(&baseline.tests);
    let files = list_at_most(&baseline.not_run, |file| {
        format!("did not run {}{}", one_line(&file.path), render_reason(&truncate(&file.reason, MAX_INSTRUCTIONS)))
    });
    lines.extend(files);
    let left_out = count(baseline.left_out, "file");
    lines.extend((baseline.left_out > 0).then(|| format!("tests do not see {left_out}: too large, or no UTF-8 text")));
    lines
}

fn list_not_passed(tests: &[TestCase]) -> Vec<String> {
    let failing: Vec<&TestCase> = tests.iter().filter(|test| test.outcome != Outcome::Passed).collect();
    list_at_most(&failing, |test| format!("{} {}", test.outcome.as_str(), render_test(test)))
}

/// Renders a test with its message; one of several lines, such as a traceback, keeps them.
fn render_test(test: &TestCase) -> String {
    let (name, message) = (one_line(&test.name), test.message.as_deref().unwrap_or_default().trim_end());
    match message.contains('\n') {
        true => format!("{name}:\n{}", indent(message, 2, MAX_LINES)),
        false => format!("{name}{}", render_reason(&truncate(message, MAX_INSTRUCTIONS))),
    }
}

/// Renders the first items, and the number of the others.
fn list_at_most<T>(items: &[T], render: impl Fn(&T) -> String) -> Vec<String> {
    let hidden = items.len().saturating_sub(MAX_TESTS);
    let more = (hidden > 0).then(|| format!("… and {hidden} more"));
    items.iter().take(MAX_TESTS).map(render).chain(more).collect()
}

/// Maximal number of lines of a test's message.
const MAX_LINES: usize = 12;

/// Maximal number of tests that are listed by name.
const MAX_TESTS: usize = 10;

/// Maximal length of instructions and test messages in characters.
const MAX_INSTRUCTIONS: usize = 240;
