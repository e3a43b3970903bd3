//! Results of an experiment: a table for the terminal, Markdown, CSV (RFC 4180) and JSON.

use phasegate_process::experiment::{Cell, CellStatus, Results, Variant};
use phasegate_process::stats::{Mean, Share};

use crate::terminal::format::{self, compact_number, count, duration, money, one_line, truncate};
use crate::terminal::style::Paint;
use crate::terminal::width;

/// Width of the table without a terminal.
const WIDTH: usize = 80;
/// Maximal length of a variant's name at a terminal, in characters.
const MAX_NAME: usize = 18;
/// The same of a task.
const MAX_TASK: usize = 28;

const NOTE: &str = "[low, high] are 95 % intervals: Wilson's for pass rates, Student's for means. They assume independent runs; \
                    repetitions of one task are not independent.";
const ATTEMPTS: &str = "Attempts to pass count the verdicts of all gates in runs that passed, so a variant that fails the \
                        hard tasks looks better. Cost and tokens per passed run are the totals of all runs of the \
                        variant, divided by the runs that passed. Escaped defects are issues that an earlier gate \
                        could have found. Escaped defects and time are means over the runs that ended.";
const SCRIPTED: &str = "Answers were scripted: the figures describe the process and say nothing about a model.";

/// Renders a column for each variant, in blocks that fit the terminal.
pub fn render_terminal(results: &Results, paint: Paint) -> String {
    let ended = results.cells.iter().filter(|cell| cell.standing.has_ended()).count();
    let all = results.cells.len();
    let mut text = format!("{}: {ended} of {} ended\n", paint.bold(&results.experiment), count(all as u64, "run"));
    let columns: Vec<Vec<String>> = results
        .variants
        .iter()
        .enumerate()
        .map(|(place, variant)| variant_column(results, place, variant, paint))
        .collect();
    let labels = row_labels(results, paint);
    let wide = |cells: &[String]| cells.iter().map(|cell| width::columns(cell)).max().unwrap_or(0);
    let mut left = columns.as_slice();
    while !left.is_empty() {
        let mut room = paint.width().unwrap_or(WIDTH).saturating_sub(wide(&labels));
        let fits = left.iter().take_while(|column| {
            let needs = wide(column) + 2;
            let fits = needs <= room;
            room = room.saturating_sub(needs);
            fits
        });
        let (block, rest) = left.split_at(fits.count().clamp(1, left.len()));
        let rows = labels.iter().enumerate().map(|(row, label)| {
            let cells = block.iter().map(|column| column.get(row).cloned().unwrap_or_default());
            std::iter::once(label.clone()).chain(cells).collect::<Vec<_>>()
        });
        text.push('\n');
        text.push_str(&format::table(&rows.collect::<Vec<_>>()));
        left = rest;
    }
    if results.scripted {
        text.push_str(&format!("\n{}: the result says nothing about a model\n", paint.yellow("answers were scripted")));
    }
    text
}

fn row_labels(results: &Results, paint: Paint) -> Vec<String> {
    let mut labels: Vec<String> = std::iter::once("").chain(FIGURES).map(str::to_owned).collect();
    labels.extend(open_standings(results).into_iter().map(render_standing));
    labels.extend([String::new(), "passed, by task".to_owned()]);
    labels.extend(results.tasks.iter().map(|row| shorten(row.task.as_str(), MAX_TASK, paint)));
    labels
}

fn variant_column(results: &Results, place: usize, variant: &Variant, paint: Paint) -> Vec<String> {
    let mut cells = vec![shorten(&variant.variant, MAX_NAME, paint)];
    cells.extend(variant_figures(results, variant));
    cells.extend(open_standings(results).into_iter().map(|standing| variant.count(standing).to_string()));
    cells.extend([String::new(), String::new()]);
    cells.extend(results.tasks.iter().map(|row| {
        let outcome = row.variants.get(place).copied().unwrap_or_default();
        format!("{} of {}", outcome.passed, outcome.ended)
    }));
    cells
}

/// Shortens a name at a terminal.
fn shorten(name: &str, most: usize, paint: Paint) -> String {
    if paint.width().is_some() { truncate(name, most) } else { one_line(name) }
}

/// Returns the statuses of cells that have not ended.
fn open_standings(results: &Results) -> Vec<CellStatus> {
    let all = [CellStatus::Waiting, CellStatus::Stopped, CellStatus::NotStarted];
    let occurs = |standing: &CellStatus| results.cells.iter().any(|cell| cell.standing == *standing);
    all.into_iter().filter(occurs).collect()
}

fn render_standing(standing: CellStatus) -> String {
    standing.as_str().replace('_', " ")
}

/// Names of [`variant_figures`].
const FIGURES: [&str; 7] = [
    "passed",
    "pass rate",
    "attempts to pass",
    "cost per passed",
    "tokens per passed",
    "escaped per run",
    "time per run",
];

/// Renders a cost. That answers are scripted is said once below the table.
fn render_cost(usd: Option<f64>, scripted: bool, asks_models: bool) -> String {
    match usd {
        None if scripted && !asks_models => "no cost".to_owned(),
        usd => money(usd),
    }
}

/// Renders the figures of a variant.
fn variant_figures(results: &Results, variant: &Variant) -> [String; 7] {
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

/// Renders Markdown with a row for each variant and for each task.
pub fn render_markdown(results: &Results) -> String {
    let heads: Vec<&str> = std::iter::once("variant").chain(FIGURES).collect();
    let row =
        |variant: &Variant| std::iter::once(variant.variant.clone()).chain(variant_figures(results, variant)).collect();
    let mut text = markdown_table(&heads, results.variants.iter().map(row));
    let open = open_standings(results);
    if !open.is_empty() {
        let heads: Vec<String> = open.iter().copied().map(render_standing).collect();
        let heads: Vec<&str> = std::iter::once("not ended").chain(heads.iter().map(String::as_str)).collect();
        let row = |variant: &Variant| {
            let counts = open.iter().map(|standing| variant.count(*standing).to_string());
            std::iter::once(variant.variant.clone()).chain(counts).collect()
        };
        text.push('\n');
        text.push_str(&markdown_table(&heads, results.variants.iter().map(row)));
    }
    let heads: Vec<&str> =
        std::iter::once("passed").chain(results.variants.iter().map(|variant| variant.variant.as_str())).collect();
    let rows = results.tasks.iter().map(|row| {
        let outcome = row.variants.iter().map(|outcome| format!("{} of {}", outcome.passed, outcome.ended));
        std::iter::once(row.task.to_string()).chain(outcome).collect()
    });
    text.push('\n');
    text.push_str(&markdown_table(&heads, rows));
    text.push_str(&format!("\n{NOTE} {ATTEMPTS}\n"));
    if results.scripted {
        text.push_str(&format!("\n**{SCRIPTED}**\n"));
    }
    text
}

/// Renders the report: the Markdown tables and a row for each run.
pub fn render_report(results: &Results) -> String {
    let ended = results.cells.iter().filter(|cell| cell.standing.has_ended()).count();
    let all = results.cells.len();
    let rows = results.cells.iter().map(|cell| {
        let Cell { id, cost, .. } = cell;
        let reason = one_line(&cell.reason).replace('|', "\\|");
        vec![
            id.variant.clone(),
            id.task.to_string(),
            id.repetition.to_string(),
            render_standing(cell.standing),
            cost.gate_attempts.to_string(),
            render_cost(cost.usd, cost.scripted, cost.asks_models),
            duration(cost.elapsed_ms),
            id.run.to_string(),
            reason,
        ]
    });
    let heads = ["variant", "task", "repetition", "standing", "gate attempts", "cost", "time", "run", "reason"];
    format!(
        "# Experiment {}\n\n{ended} of {} ended.\n\n{}\n## Runs\n\nThe results of each run are in `runs/`.\n\n{}",
        results.experiment,
        count(all as u64, "run"),
        render_markdown(results),
        markdown_table(&heads, rows)
    )
}

fn markdown_table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>());
    text.push_str(&format!("|{}\n", "---|".repeat(heads.len())));
    rows.for_each(|row| text.push_str(&line(&row)));
    text
}

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
    ];
    let row = |cell: &Cell| {
        let Cell { id, standing, reason, cost } = cell;
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

/// Renders all results as JSON.
pub fn render_json(results: &Results) -> String {
    serde_json::to_string_pretty(results).unwrap_or_default() + "\n"
}
