//! The results as CSV (RFC 4180).

use phasegate_process::experiment::{Cell, Results, Variant};
use phasegate_process::stats::Mean;

use crate::terminal::format::one_line;

/// Renders a CSV line for each variant.
pub fn render_csv(results: &Results) -> String {
    let heads = [
        "variant",
        "runs",
        "passed",
        "failed",
        "aborted",
        "waiting",
        "stopped",
        "not_started",
        "pass_rate",
        "pass_rate_low",
        "pass_rate_high",
        "attempts_to_pass",
        "attempts_to_pass_low",
        "attempts_to_pass_high",
        "usd",
        "usd_per_passed",
        "tokens",
        "tokens_per_passed",
        "escaped",
        "escaped_low",
        "escaped_high",
        "elapsed_ms",
        "elapsed_ms_low",
        "elapsed_ms_high",
        "maybe_billed",
        "scripted",
    ];
    let three = |mean: Option<Mean>| {
        [mean.map(|mean| mean.value), mean.and_then(|mean| mean.low), mean.and_then(|mean| mean.high)]
            .map(render_decimal)
    };
    let row = |variant: &Variant| {
        let rate = variant.pass_rate;
        let mut cells = vec![variant.variant.clone()];
        cells.extend(
            [
                variant.runs,
                variant.passed,
                variant.failed,
                variant.aborted,
                variant.waiting,
                variant.stopped,
                variant.not_started,
            ]
            .map(|number| number.to_string()),
        );
        cells.extend(
            [rate.map(|rate| rate.value), rate.map(|rate| rate.low), rate.map(|rate| rate.high)].map(render_decimal),
        );
        cells.extend(three(variant.attempts_to_pass));
        cells.extend([render_decimal(variant.usd), render_decimal(variant.usd_per_passed)]);
        cells.extend([variant.tokens.to_string(), render_decimal(variant.tokens_per_passed)]);
        cells.extend(three(variant.escaped));
        cells.extend(three(variant.elapsed_ms));
        cells.extend([variant.maybe_billed.to_string(), results.scripted.to_string()]);
        cells
    };
    csv_lines(&heads, results.variants.iter().map(row))
}

/// Renders a CSV line for each cell.
pub fn render_cells_csv(results: &Results) -> String {
    let heads = [
        "variant",
        "task",
        "repetition",
        "run",
        "standing",
        "reason",
        "gate_attempts",
        "escaped",
        "calls",
        "tokens",
        "usd",
        "elapsed_ms",
        "maybe_billed",
        "scripted",
        "acceptance",
        "acceptance_reason",
    ];
    let row = |cell: &Cell| {
        let Cell { id, standing, reason, acceptance, cost, .. } = cell;
        vec![
            id.variant.clone(),
            id.task.to_string(),
            id.repetition.to_string(),
            id.run.to_string(),
            standing.as_str().to_owned(),
            one_line(reason),
            cost.gate_attempts.to_string(),
            cost.escaped.to_string(),
            cost.calls.to_string(),
            cost.tokens.to_string(),
            render_decimal(cost.usd),
            cost.elapsed_ms.to_string(),
            cost.maybe_billed.to_string(),
            cost.scripted.to_string(),
            acceptance.as_str().to_owned(),
            one_line(acceptance.reason().unwrap_or_default()),
        ]
    };
    csv_lines(&heads, results.cells.iter().map(row))
}

/// Renders a number to six decimals; empty if it is unknown.
fn render_decimal(number: Option<f64>) -> String {
    number.map(|number| ((number * 1e6).round() / 1e6).to_string()).unwrap_or_default()
}

fn csv_lines(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| cells.iter().map(|cell| csv_cell(cell)).collect::<Vec<_>>().join(",") + "\r\n";
    let heads = line(heads.iter().map(|head| (*head).to_owned()).collect());
    std::iter::once(heads).chain(rows.map(line)).collect()
}

fn csv_cell(cell: &str) -> String {
    match cell.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}
