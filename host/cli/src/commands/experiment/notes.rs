//! What is said below the tables: runs of earlier versions of the experiment, and prices that have changed.

use phasegate_process::experiment::{Results, SupersededRun};

use crate::terminal::format::{count, money};

/// Renders the notes for the terminal; empty if there is nothing to say.
pub fn render_terminal(results: &Results) -> String {
    let mut text = String::new();
    let superseded = &results.superseded;
    if !superseded.is_empty() {
        text.push_str(&format!(
            "\n{} of earlier versions of the experiment cost {} and {} in no figure; report.md lists them\n",
            count(superseded.len() as u64, "run"),
            money(cost_of(superseded)),
            if superseded.len() == 1 { "is" } else { "are" },
        ));
    }
    text.push_str(&render_prices(results));
    text
}

/// Renders the notes as sections of the report.
pub fn render_report(results: &Results) -> String {
    let mut text = render_prices(results);
    let superseded = &results.superseded;
    if superseded.is_empty() {
        return text;
    }
    text.push_str(&format!(
        "\n## Settings tried before\n\nThe variants or tasks of these runs have been edited or removed since. No figure includes \
         them. They cost {}; what was paid for them counts in the budget.\n\n| variant | task | repetition | standing | cost | run |\n\
         |---|---|---|---|---|---|\n",
        money(cost_of(superseded)),
    ));
    for SupersededRun { id, standing, usd, .. } in superseded {
        let (standing, usd) = (standing.as_str().replace('_', " "), money(*usd));
        text.push_str(&format!(
            "| {} | {} | {} | {standing} | {usd} | {} |\n",
            id.variant, id.task, id.repetition, id.run
        ));
    }
    text
}

/// Returns the US dollars of all these runs; `None` where the cost of one is unknown.
pub fn cost_of(superseded: &[SupersededRun]) -> Option<f64> {
    superseded.iter().map(|run| run.usd).sum()
}

/// Says where runs began with other prices than those of today; empty if none did.
pub fn render_prices(results: &Results) -> String {
    let repriced: Vec<_> = results.cells.iter().filter(|cell| cell.cost.repriced).collect();
    if repriced.is_empty() {
        return String::new();
    }
    let pinned: Option<f64> = repriced.iter().map(|cell| cell.cost.usd_pinned).sum();
    let today: Option<f64> = repriced.iter().map(|cell| cell.cost.usd).sum();
    format!(
        "\ncost is computed with the prices of today; {} began with others, at which the cost was {} and not {}\n",
        count(repriced.len() as u64, "run"),
        money(pinned),
        money(today),
    )
}
