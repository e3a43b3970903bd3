//! The summary of a run on one screen: gates, tests, artifacts, model calls, cost and time.

use std::collections::HashSet;

use phasegate_journal::Journal;
use phasegate_process::Recorded;
use phasegate_process::acceptance::Acceptance;
use phasegate_process::pipeline::Phase;
use phasegate_process::repository::RunBranch;
use phasegate_process::result::{GateResult, GateStatus, TaskResult, TaskStatus, Totals};
use phasegate_process::state::State;
use phasegate_runtime::output::cache_savings_usd;
use phasegate_runtime::read_json;
use serde_json::Value;

use crate::terminal::format::{compact_number, cost, count, duration, money, one_line};
use crate::terminal::style::Paint;
use crate::terminal::table::{self, Column, Room};
use crate::terminal::text::sanitize;
use crate::view::event::render_acceptance;
use crate::view::failed_requests::render_failed_requests;
use crate::view::standing::Standing;

/// Renders the summary; `out` is the output folder if it was written.
pub fn render_summary(
    journal: &dyn Journal,
    state: &State,
    events: &[Recorded],
    out: Option<&str>,
    paint: Paint,
) -> String {
    let result = TaskResult::from_events(state, events);
    let standing = Standing::new(journal, &result, events);
    // Why a pass is not accepted matters more than that every gate passed.
    let reason = match &result.acceptance {
        Acceptance::NotAccepted { reason } if result.status == TaskStatus::Passed => reason,
        _ => &result.reason,
    };
    let mut text = format!(
        "\n{} {}: {}\n",
        paint.bold(result.run_id.as_str()),
        render_status(standing, &result, paint),
        // A line of a plugin must not look like one of this program.
        sanitize(&standing.render_reason(reason)).replace('\n', "\n  ")
    );
    let hints = result.remedy.iter().flat_map(|remedy| remedy.lines());
    text.extend(hints.map(|hint| format!("{} {}\n", paint.cyan("hint:"), sanitize(hint))));
    if result.scripted {
        text.push_str(&format!("{}: the result says nothing about a model\n", paint.yellow("answers were scripted")));
    }
    text.push('\n');
    text.push_str(&table::render(&GATES, &gate_rows(&result, state, standing), paint.width()));
    text.push('\n');
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
    if let Some(tests) = render_tests(journal, state) {
        row("tests", tests);
    }
    if let Some(tested) = &state.acceptance {
        row("acceptance", render_acceptance(&tested.acceptance, tested.tests, tested.passed, paint));
    }
    if !result.dropped_tests.is_empty() {
        row("dropped", count(result.dropped_tests.len() as u64, "test"));
    }
    let names: Vec<&str> =
        result.artifacts.keys().map(|name| name.as_str()).filter(|name| !name.contains('/')).collect();
    row("artifacts", format!("{} ({})", result.artifacts.len(), names.join(", ")));
    let totals = &result.totals;
    row(
        "models",
        format!(
            "{}, {} input tokens{}, {} output tokens, {}",
            render_calls(totals),
            compact_number(totals.input_tokens),
            render_cached(totals, cache_savings_usd(journal, state, events)),
            compact_number(totals.output_tokens),
            cost(totals.usd, result.scripted, totals.asks_models)
        ),
    );
    if let Some(failed) = render_failed_requests(totals) {
        row("failed", failed);
    }
    if !result.maybe_billed.is_empty() {
        let open = count(result.maybe_billed.len() as u64, "call");
        row("unanswered", format!("{open}, may have been billed; `phasegate show` lists them"));
    }
    row("time", duration(totals.elapsed_ms));
    rows.extend(result.repository.iter().filter_map(|repository| {
        let branch = repository.branch.as_ref()?;
        Some(vec!["branch".to_owned(), render_branch(branch)])
    }));
    rows.extend(out.map(|out| vec!["out".to_owned(), out.to_owned()]));
    text.push_str(&table::render(&table::PAIRS, &rows, paint.width()));
    text
}

fn render_calls(totals: &Totals) -> String {
    match totals.recorded {
        0 => count(totals.calls, "call"),
        recorded => {
            format!("{} ({recorded} of them from the recording of its origin)", count(totals.calls, "call"))
        }
    }
}

/// Renders the tokens from providers' caches and what they saved, if that is known; empty without such tokens.
fn render_cached(totals: &Totals, saved: Option<f64>) -> String {
    let cached = compact_number(totals.cached_input_tokens);
    match (totals.cached_input_tokens, saved) {
        (0, _) => String::new(),
        (_, None) => format!(" ({cached} of them cached)"),
        (_, saved) => format!(" ({cached} of them cached, which saved {})", money(saved)),
    }
}

fn render_branch(branch: &RunBranch) -> String {
    match branch.commits.last() {
        None => "none, no file changed".to_owned(),
        Some(commit) => {
            format!("{} ({} at {})", branch.name, count(branch.commits.len() as u64, "commit"), commit.short())
        }
    }
}

/// Renders the standing in its colour. A pass whose code is not accepted says so.
fn render_status(standing: Standing, result: &TaskResult, paint: Paint) -> String {
    let word = standing.as_str();
    match standing {
        Standing::Recorded(TaskStatus::Passed) if matches!(result.acceptance, Acceptance::NotAccepted { .. }) => {
            paint.yellow("passed, not accepted")
        }
        Standing::Recorded(TaskStatus::Passed) => paint.green(word),
        Standing::Recorded(TaskStatus::Failed | TaskStatus::Aborted) => paint.red(word),
        _ => paint.yellow(word),
    }
}

const GATES: [Column; 4] = [
    Column::new("gate", 0),
    Column::new("status", 1),
    Column::new("attempts", 3),
    Column::new("last verdict", 2).with(Room::Lines(20)),
];

fn gate_rows(result: &TaskResult, state: &State, standing: Standing) -> Vec<Vec<String>> {
    // The gate at turn has no verdict yet, but it was reached.
    let begun = |phase: &&Phase| state.running().is_some() || state.attempt(&phase.name) > 1;
    let at_turn = state.phase().filter(begun).map(|phase| &phase.name);
    let row = |gate: &GateResult| match gate.standing {
        GateStatus::NotReached if at_turn == Some(&gate.gate) => gate_row(gate, standing.as_str()),
        known => gate_row(gate, &known.as_str().replace('_', " ")),
    };
    result.gates.iter().map(row).collect()
}

fn gate_row(gate: &GateResult, standing: &str) -> Vec<String> {
    let verdicts: Vec<&str> = gate.attempts.iter().map(|attempt| short_verdict(attempt.verdict.as_str())).collect();
    let attempts = match verdicts.len() {
        0 => "-".to_owned(),
        number => format!("{number} ({})", verdicts.join(", ")),
    };
    let last = gate.attempts.last().map(|attempt| one_line(&attempt.reason)).unwrap_or_default();
    vec![gate.gate.to_string(), standing.to_owned(), attempts, last]
}

/// Shortens the name of a verdict.
pub fn short_verdict(verdict: &str) -> &str {
    match verdict {
        "passed_with_conditions" => "conditional",
        "not_judged" => "not judged",
        other => other,
    }
}

/// Renders the totals of the newest test report.
fn render_tests(journal: &dyn Journal, state: &State) -> Option<String> {
    let gate =
        state.pipeline.phases.iter().filter_map(|phase| phase.gate.as_ref()).find(|gate| gate.tests.is_some())?;
    let report = state.artifacts.get(&gate.report)?;
    let report: Value = read_json(journal, &report.digest).ok()?;
    let total = |outcome: &str| report.get("totals")?.get(outcome)?.as_u64();
    let (passed, failed) = (total("passed")?, total("failed")?);
    let (errored, skipped) = (total("errored")?, total("skipped")?);
    let xfailed = total("xfailed").unwrap_or(0);
    let all = passed + failed + errored + skipped + xfailed;
    let rest = [(failed, "failed"), (errored, "errored"), (skipped, "skipped"), (xfailed, "failed as expected")];
    let rest: Vec<String> = rest.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let rest = if rest.is_empty() { String::new() } else { format!(" ({})", rest.join(", ")) };
    let names = report.get("tests")?.as_array()?.iter().filter_map(|test| test.get("name")?.as_str());
    let files: HashSet<&str> = names.map(|name| name.split_once("::").map_or(name, |(file, _)| file)).collect();
    Some(format!("{passed} of {all} passed in {}{rest}", count(files.len() as u64, "file")))
}
