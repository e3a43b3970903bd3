//! The figures of a variant as text.

use phasegate_process::experiment::{CellStatus, Results, Variant};
use phasegate_process::stats::{Mean, Share};

use crate::terminal::format::{compact_number, duration, money};

/// Returns the statuses of cells that have not ended.
pub fn open_standings(results: &Results) -> Vec<CellStatus> {
    let all = [CellStatus::Waiting, CellStatus::Stopped, CellStatus::NotStarted];
    let occurs = |standing: &CellStatus| results.cells.iter().any(|cell| cell.standing == *standing);
    all.into_iter().filter(occurs).collect()
}

pub fn render_standing(standing: CellStatus) -> String {
    standing.as_str().replace('_', " ")
}

/// Names of [`variant_figures`].
pub const FIGURES: [&str; 7] = [
    "passed",
    "pass rate",
    "attempts to pass",
    "cost per passed",
    "tokens per passed",
    "escaped per run",
    "time per run",
];

/// Renders a cost. That answers are scripted is said once below the table.
pub fn render_cost(usd: Option<f64>, scripted: bool, asks_models: bool) -> String {
    match usd {
        None if scripted && !asks_models => "no cost".to_owned(),
        usd => money(usd),
    }
}

/// Renders the figures of a variant.
pub fn variant_figures(results: &Results, variant: &Variant) -> [String; 7] {
    let asks_models = results.cells.iter().any(|cell| cell.cost.asks_models);
    let cost = |usd| render_cost(usd, results.scripted, asks_models);
    let none = || "none passed".to_owned();
    let ended = variant.passed + variant.failed + variant.aborted;
    let usd = match (variant.passed, variant.usd) {
        (0, _) => none(),
        (_, None) => cost(None),
        _ => cost(variant.usd_per_passed),
    };
    [
        format!("{} of {ended}", variant.passed),
        variant.pass_rate.map_or_else(|| "-".to_owned(), render_rate),
        variant.attempts_to_pass.map_or_else(none, render_mean),
        usd,
        variant.tokens_per_passed.map_or_else(none, |tokens| compact_number(tokens.round() as u64)),
        variant.escaped.map_or_else(|| "-".to_owned(), |mean| format!("{:.1}", mean.value)),
        variant.elapsed_ms.map_or_else(|| "-".to_owned(), |mean| duration(mean.value.round() as u64)),
    ]
}

fn render_rate(share: Share) -> String {
    let percent = |part: f64| (part * 100.0).round();
    format!("{}% [{}, {}]", percent(share.value), percent(share.low), percent(share.high))
}

fn render_mean(mean: Mean) -> String {
    match (mean.low, mean.high) {
        (Some(low), Some(high)) => format!("{:.1} [{low:.1}, {high:.1}]", mean.value),
        _ => format!("{:.1}", mean.value),
    }
}
