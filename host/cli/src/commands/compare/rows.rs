//! The rows of a comparison: a block for each phase, and the totals.

use phasegate_process::compare::{Comparison, GateFigures, PhaseFigures, PhaseRow, RunFigures};
use phasegate_process::result::{IssueCounts, Totals};

use crate::terminal::columns::Row;
use crate::terminal::format::{compact_number, cost, count, duration, money};
use crate::view::failed_requests::render_failed_requests;
use crate::view::summary::short_verdict;

/// Returns the rows of every phase, gates with their verdicts.
pub fn phase_rows(comparison: &Comparison) -> Vec<Row> {
    comparison.phases.iter().flat_map(|row| rows_of_phase(comparison, row)).collect()
}

fn rows_of_phase(comparison: &Comparison, row: &PhaseRow) -> Vec<Row> {
    let mut rows = vec![Row::head(row.phase.as_str())];
    match comparison.gates.iter().find(|gate| gate.gate == row.phase) {
        Some(gate) => {
            let line = |name: &str, cell: &dyn Fn(&GateFigures) -> String| {
                Row::line(name, gate.runs.iter().map(|gate| gate.as_ref().map_or_else(none, cell)).collect())
            };
            rows.extend([
                line("verdicts", &render_verdicts),
                line("issues", &|gate| render_issue_counts(gate.issues)),
                line("escaped", &|gate| gate.escaped.to_string()),
            ]);
        }
        None => {
            let cells = row.runs.iter().map(|phase| phase.map_or_else(none, |phase| phase.attempts.to_string()));
            rows.push(Row::line("attempts", cells.collect()));
        }
    }
    let line = |name: &str, cell: &dyn Fn(&PhaseFigures, &RunFigures) -> String| {
        let cells = row.runs.iter().zip(&comparison.runs);
        let cells = cells.map(|(phase, run)| phase.as_ref().map_or_else(none, |phase| cell(phase, run)));
        Row::line(name, cells.collect())
    };
    rows.extend([
        line("tokens", &|phase, _| compact_number(phase.totals.input_tokens + phase.totals.output_tokens)),
        line("cost", &|phase, run| render_cost(&phase.totals, phase.shared.as_ref(), phase.own.as_ref(), run.scripted)),
        line("time", &|phase, _| duration(phase.totals.elapsed_ms)),
    ]);
    rows
}

/// The cell of a run that does not have the phase.
fn none() -> String {
    "-".to_owned()
}

/// Renders what a run paid, and apart from it what a fork shares with its origin.
fn render_cost(totals: &Totals, shared: Option<&Totals>, own: Option<&Totals>, scripted: bool) -> String {
    match (own, shared) {
        (Some(own), Some(shared)) if shared.usd != Some(0.0) && totals.usd.is_some_and(|usd| usd > 0.0) => {
            format!("{}, and {} shared", cost(own.usd, scripted, own.asks_models), money(shared.usd))
        }
        _ => cost(totals.usd, scripted, totals.asks_models),
    }
}

fn render_verdicts(gate: &GateFigures) -> String {
    let verdicts: Vec<&str> = gate.verdicts.iter().map(|verdict| short_verdict(verdict.as_str())).collect();
    let last = gate.verdicts.last().map(|verdict| verdict.as_str());
    match verdicts.len() {
        0 => gate.standing.as_str().replace('_', " "),
        number if last == Some(gate.standing.as_str()) => format!("{number} ({})", verdicts.join(", ")),
        number => format!("{number} ({}), {}", verdicts.join(", "), gate.standing.as_str().replace('_', " ")),
    }
}

fn render_issue_counts(counts: IssueCounts) -> String {
    let all = [(counts.critical, "critical"), (counts.high, "high"), (counts.medium, "medium"), (counts.low, "low")];
    let some: Vec<String> = all.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}

/// Returns the rows of the whole runs.
pub fn run_rows(runs: &[RunFigures], savings: &[Option<f64>]) -> Vec<Row> {
    let line = |name: &str, cell: &dyn Fn(&RunFigures) -> String| Row::line(name, runs.iter().map(cell).collect());
    let mut rows = vec![
        Row::head("total"),
        line("status", &|run| run.status.as_str().to_owned()),
        line("escaped", &|run| count(run.escaped as u64, "issue")),
        line("model calls", &|run| run.totals.calls.to_string()),
    ];
    if runs.iter().any(|run| !run.acceptance.is_not_tested()) {
        rows.insert(2, line("acceptance", &|run| run.acceptance.as_str().replace('_', " ")));
    }
    if runs.iter().any(|run| run.totals.recorded > 0) {
        rows.push(line("recorded", &|run| run.totals.recorded.to_string()));
    }
    if runs.iter().any(|run| run.totals.failed_requests > 0) {
        rows.push(line("failed", &|run| render_failed_requests(&run.totals).unwrap_or_else(|| "none".to_owned())));
    }
    if runs.iter().any(|run| run.maybe_billed > 0) {
        rows.push(line("unanswered", &|run| match run.maybe_billed {
            0 => "none".to_owned(),
            open => format!("{}, may have been billed", count(open as u64, "call")),
        }));
    }
    rows.push(line("input tokens", &|run| compact_number(run.totals.input_tokens)));
    if runs.iter().any(|run| run.totals.cached_input_tokens > 0) {
        rows.push(line("cached", &|run| compact_number(run.totals.cached_input_tokens)));
    }
    if savings.iter().any(Option::is_some) {
        let saved = savings.iter().map(|saved| saved.map_or_else(|| "-".to_owned(), |usd| money(Some(usd))));
        rows.push(Row::line("saved by caches", saved.collect()));
    }
    rows.extend([
        line("output tokens", &|run| compact_number(run.totals.output_tokens)),
        line("cost", &|run| render_cost(&run.totals, run.shared.as_ref(), run.own.as_ref(), run.scripted)),
        line("time", &|run| duration(run.totals.elapsed_ms)),
    ]);
    rows
}
