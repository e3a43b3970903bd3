//! The results at a terminal: a column for each variant, in blocks that fit.

use phasegate_process::experiment::{Results, Variant};

use super::figures::{FIGURES, open_standings, render_standing, variant_figures};
use super::sharing::render_sharing;
use crate::terminal::format::{self, count, one_line, truncate};
use crate::terminal::style::Paint;
use crate::terminal::width::{self, wrap_lines};

/// Width of the table without a terminal.
const WIDTH: usize = 80;
/// Maximal length of a variant's name at a terminal, in characters.
const MAX_NAME: usize = 18;
/// The same of a task.
const MAX_TASK: usize = 28;

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
    if let Some(sharing) = render_sharing(results) {
        text.push_str(&format!("\n{}\n", wrap_lines(&sharing, paint.width()).trim_end()));
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
