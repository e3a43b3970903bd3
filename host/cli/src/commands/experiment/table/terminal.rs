//! The results at a terminal: the answer, and a column for each variant, in blocks that fit.

use phasegate_process::experiment::Results;

use super::figures::{Row, difference_rows, figure_rows, open_rows, task_rows, yield_rows};
use super::names::shorten_all;
use super::sharing::render_sharing;
use crate::terminal::format::{self, count};
use crate::terminal::style::Paint;
use crate::terminal::width::{self, wrap_lines};

/// Width of the table without a terminal.
const WIDTH: usize = 80;
/// The least that the name of a variant is shortened to, in characters.
const MIN_NAME: usize = 18;
/// The same of a task.
const MIN_TASK: usize = 28;

/// What a reader of the table has to know; the report says more.
const LEGEND: &str = "[low, high] is a 95 % interval, for these tasks. Better and worse: p is below 0.05. report.html has pictures, \
                      and report.md says how each figure is computed.";

/// Renders the answer, the warnings and a column for each variant.
pub fn render_terminal(results: &Results, paint: Paint) -> String {
    let ended = results.cells.iter().filter(|cell| cell.standing.has_ended()).count();
    let all = results.cells.len();
    let width = paint.width().unwrap_or(WIDTH);
    let mut text = format!("{}: {ended} of {} ended\n", paint.bold(&results.experiment), count(all as u64, "run"));
    let paragraph = |text: &str| width::wrap(text, width).join("\n") + "\n";
    if !results.answer.is_empty() {
        text.push('\n');
    }
    for answer in &results.answer {
        text.push_str(&paint_lines(&paragraph(answer), |line| paint.bold(line)));
    }
    for warning in &results.warnings {
        text.push_str(&paint_lines(&paragraph(&format!("warning: {warning}")), |line| paint.yellow(line)));
    }
    if let Some(sharing) = render_sharing(results) {
        text.push_str(&format!("\n{}\n", wrap_lines(&sharing, paint.width()).trim_end()));
    }
    if results.scripted {
        text.push_str(&format!("\n{}: the result says nothing about a model\n", paint.yellow("answers were scripted")));
    }
    text.push_str(&tables(results, width));
    if results.differences.iter().any(|difference| !difference.measures.is_empty()) {
        text.push_str(&format!("\n{}", paint_lines(&paragraph(LEGEND), |line| paint.dim(line))));
    }
    text
}

fn paint_lines(text: &str, paint: impl Fn(&str) -> String) -> String {
    text.lines().map(|line| paint(line) + "\n").collect()
}

/// Renders the sections below each other, as often as the columns of the variants need.
fn tables(results: &Results, width: usize) -> String {
    let labels = results.tasks.iter().map(|row| row.task.as_str()).collect::<Vec<_>>();
    let tasks = shorten_all(&labels, MIN_TASK.max(width / 3));
    let mut sections: Vec<(String, Vec<Row>)> = vec![(String::new(), figure_rows(results))];
    if let Some((_, figures)) = sections.first_mut() {
        figures.extend(open_rows(results));
    }
    if let Some(baseline) = results.baseline.as_ref().filter(|_| !results.differences.is_empty()) {
        sections.push((format!("difference from {baseline}"), difference_rows(results)));
    }
    sections.push(("passed at the first judgement".to_owned(), yield_rows(results)));
    let by_task = task_rows(results).into_iter().zip(tasks).map(|(row, label)| Row { label, ..row });
    sections.push(("passed by task".to_owned(), by_task.collect()));
    sections.retain(|(_, rows)| !rows.is_empty());

    let labels = || sections.iter().flat_map(|(_, rows)| rows.iter().map(|row| width::columns(&row.label)));
    let wide = labels().max().unwrap_or(0);
    let names: Vec<&str> = results.variants.iter().map(|variant| variant.variant.as_str()).collect();
    let room = width.saturating_sub(wide);
    let names = shorten_all(&names, MIN_NAME.max((room / names.len().max(1)).saturating_sub(2)));
    let column = |place: usize, name: &str| {
        let cells = sections.iter().flat_map(|(_, rows)| rows).filter_map(|row| row.cells.get(place));
        cells.map(|cell| width::columns(cell)).chain([width::columns(name)]).max().unwrap_or(0)
    };
    let columns: Vec<usize> = names.iter().enumerate().map(|(place, name)| column(place, name)).collect();
    let mut text = String::new();
    let mut start = 0;
    while start < columns.len() {
        let mut left = room;
        let fits = columns.iter().skip(start).take_while(|column| {
            let needs = **column + 2;
            let fits = needs <= left;
            left = left.saturating_sub(needs);
            fits
        });
        let end = start + fits.count().max(1);
        text.push_str(&block(&sections, &names, start..end));
        start = end;
    }
    text
}

/// Renders the columns of these variants.
fn block(sections: &[(String, Vec<Row>)], names: &[String], variants: std::ops::Range<usize>) -> String {
    let line = |label: &str, cells: &[String]| {
        let cells = cells.get(variants.clone()).unwrap_or_default().iter().cloned();
        std::iter::once(label.to_owned()).chain(cells).collect::<Vec<_>>()
    };
    let mut rows = vec![line("", names)];
    let mut titles = Vec::new();
    for (title, section) in sections {
        if !title.is_empty() {
            rows.push(Vec::new());
            // A title does not widen the column of the labels.
            titles.push((rows.len(), title));
            rows.push(Vec::new());
        }
        let lines = section.iter().map(|row| line(&row.label, &row.cells));
        rows.extend(lines.filter(|line| line.iter().any(|cell| !cell.is_empty())));
    }
    let table = format::table(&rows);
    let title = |number: usize| titles.iter().find(|(at, _)| *at == number).map(|(_, title)| title.as_str());
    let lines = table.lines().enumerate().map(|(number, line)| format!("{}\n", title(number).unwrap_or(line)));
    std::iter::once("\n".to_owned()).chain(lines).collect()
}
