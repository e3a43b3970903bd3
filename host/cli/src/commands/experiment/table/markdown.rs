//! The results in Markdown: the answer, and a row for each variant.

use phasegate_process::experiment::{Cell, Results};

use super::figures::{Row, difference_rows, figure_rows, open_rows, render_standing, task_rows, yield_rows};
use super::sharing::render_sharing;
use crate::terminal::format::{count, duration, money, one_line};

/// How the figures are computed, and what they mean.
pub const NOTES: &str = "[low, high] are 95 % intervals. Shares have Wilson's interval for these tasks; means have Student's from 6 runs \
                     on; usd per passed is resampled by task from 6 tasks on. The differences pair the runs of one task and \
                     repetition. With more than two variants, p values have Holm's correction, and intervals do not. Failed judgements, escaped defects, cost and time are \
                     means over the runs that ended. Usd and tokens per passed or accepted run are the totals of all runs of \
                     the variant, divided by the runs that passed or were accepted. An escaped defect is one that an earlier gate could have found.";
const SCRIPTED: &str = "Answers were scripted: the figures describe the process and say nothing about a model.";

/// Renders the answer, the warnings, and a row for each variant and for each task.
pub fn render_markdown(results: &Results) -> String {
    let mut text = String::new();
    let paragraphs = results.answer.iter().map(|answer| format!("**{answer}**\n\n"));
    let warnings = results.warnings.iter().map(|warning| format!("Warning: {warning}\n\n"));
    let scripted = results.scripted.then(|| format!("**{SCRIPTED}**\n\n"));
    text.extend(paragraphs.chain(warnings).chain(scripted));
    text.push_str(&by_variant(results, "variant", &figure_rows(results)));
    text.push_str(&by_variant(results, "not ended", &open_rows(results)));
    if let Some(baseline) = results.baseline.as_ref().filter(|_| !results.differences.is_empty()) {
        text.push_str(&by_label(results, &format!("difference from {baseline}"), &difference_rows(results)));
    }
    text.push_str(&by_label(results, "passed at the first judgement", &yield_rows(results)));
    text.push_str(&by_label(results, "passed by task", &task_rows(results)));
    if let Some(sharing) = render_sharing(results) {
        text.push_str(&format!("{sharing}.\n\n"));
    }
    text.push_str(&format!("{NOTES}\n"));
    text
}

/// Renders the report: the Markdown tables and a row for each run.
pub fn render_report(results: &Results) -> String {
    let ended = results.cells.iter().filter(|cell| cell.standing.has_ended()).count();
    let all = results.cells.len();
    let rows = results.cells.iter().map(|cell| {
        let Cell { id, cost, .. } = cell;
        let usd = match cost.usd {
            None if cost.scripted && !cost.asks_models => "no cost".to_owned(),
            usd => money(usd),
        };
        vec![
            id.variant.clone(),
            id.task.to_string(),
            id.repetition.to_string(),
            render_standing(cell.standing),
            cell.acceptance.as_str().replace('_', " "),
            cost.gate_attempts.to_string(),
            cost.failed_judgements.to_string(),
            usd,
            duration(cost.elapsed_ms),
            id.run.to_string(),
            one_line(&cell.reason).replace('|', "\\|"),
        ]
    });
    let heads = [
        "variant",
        "task",
        "repetition",
        "standing",
        "acceptance",
        "gate attempts",
        "failed judgements",
        "cost",
        "time",
        "run",
        "reason",
    ];
    format!(
        "# Experiment {}\n\n{ended} of {} ended.\n\n{}\n## Runs\n\nThe results of each run are in `runs/`.\n\n{}",
        results.experiment,
        count(all as u64, "run"),
        render_markdown(results),
        markdown_table(&heads, rows)
    )
}

/// Renders a line for each variant; empty without rows.
fn by_variant(results: &Results, head: &str, rows: &[Row]) -> String {
    let heads: Vec<&str> = std::iter::once(head).chain(rows.iter().map(|row| row.label.as_str())).collect();
    let lines = results.variants.iter().enumerate().map(|(place, variant)| {
        let cells = rows.iter().map(|row| row.cells.get(place).cloned().unwrap_or_default());
        std::iter::once(variant.variant.clone()).chain(cells).collect()
    });
    if rows.is_empty() { String::new() } else { markdown_table(&heads, lines) + "\n" }
}

/// Renders a line for each row; empty without rows.
fn by_label(results: &Results, head: &str, rows: &[Row]) -> String {
    let heads: Vec<&str> =
        std::iter::once(head).chain(results.variants.iter().map(|variant| variant.variant.as_str())).collect();
    let lines = rows.iter().map(|row| std::iter::once(&row.label).chain(&row.cells).cloned().collect());
    if rows.is_empty() { String::new() } else { markdown_table(&heads, lines) + "\n" }
}

fn markdown_table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>());
    text.push_str(&format!("|{}\n", "---|".repeat(heads.len())));
    rows.for_each(|row| text.push_str(&line(&row)));
    text
}
