//! Results of an experiment: a table for the terminal, Markdown, CSV and JSON.

mod csv;
mod figures;
mod markdown;
mod names;
mod sharing;
mod terminal;

pub use csv::{render_cells_csv, render_csv, render_differences_csv, render_gates_csv};
pub use figures::{difference_rows, figure_rows};
pub use markdown::{NOTES, render_markdown, render_report};
use phasegate_process::experiment::Results;
pub use sharing::render_sharing;
pub use terminal::render_terminal;

/// Renders all results as JSON.
pub fn render_json(results: &Results) -> String {
    serde_json::to_string_pretty(results).unwrap_or_default() + "\n"
}
