//! The results in Markdown.

use phasegate_process::experiment::{Cell, Results, Variant};

use super::figures::{FIGURES, open_standings, render_cost, render_standing, variant_figures};
use super::sharing::render_sharing;
use crate::terminal::format::{count, duration, one_line};

const NOTE: &str = "[low, high] are 95 % intervals: Wilson's for pass rates, Student's for means. They assume independent runs; \
                    repetitions of one task are not independent.";
const ATTEMPTS: &str = "Attempts to pass count the verdicts of all gates in runs that passed, so a variant that fails the \
                        hard tasks looks better. Cost and tokens per passed run are the totals of all runs of the \
                        variant, divided by the runs that passed. Escaped defects are issues that an earlier gate \
                        could have found. Escaped defects and time are means over the runs that ended.";
const SCRIPTED: &str = "Answers were scripted: the figures describe the process and say nothing about a model.";

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
    if let Some(sharing) = render_sharing(results) {
        text.push_str(&format!("\n{sharing}.\n"));
    }
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
