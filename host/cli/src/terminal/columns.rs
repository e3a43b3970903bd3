//! Tables with a column for each run, for a terminal or as Markdown.

use crate::terminal::format::one_line;
use crate::terminal::style::Paint;
use crate::terminal::text::sanitize;
use crate::terminal::width::{self, pad};

/// Width of a table without a terminal, unless its columns need more.
const WIDTH: usize = 80;
/// Minimal width of a column.
const MIN_COLUMN: usize = 14;

/// A row of a table.
#[derive(Debug)]
pub enum Row {
    /// The heading of the rows below.
    Head(String),
    /// A name and a cell for each run.
    Line(String, Vec<String>),
}

impl Row {
    /// Creates a heading.
    pub fn head(name: &str) -> Self {
        Self::Head(name.to_owned())
    }

    /// Creates a row with a cell for each run.
    pub fn line(name: &str, cells: Vec<String>) -> Self {
        Self::Line(name.to_owned(), cells)
    }
}

/// Renders the table for a terminal; long cells are wrapped.
pub fn render_text(columns: &[String], rows: &[Row], paint: Paint) -> String {
    let lines =
        || rows.iter().filter_map(|row| if let Row::Line(name, cells) = row { Some((name, cells)) } else { None });
    let first = lines().map(|(name, _)| width::columns(name) + 2).max().unwrap_or(0);
    let most =
        (paint.width().unwrap_or(WIDTH).saturating_sub(first) / columns.len().max(1)).saturating_sub(2).max(MIN_COLUMN);
    let widths: Vec<usize> = (0..columns.len())
        .map(|place| {
            let cells = lines().filter_map(|(_, cells)| cells.get(place)).flat_map(|cell| wrap(cell, most));
            cells.map(|line| width::columns(&line)).max().unwrap_or(0)
        })
        .collect();
    let mut page = render_line("", columns, first, &widths);
    for row in rows {
        match row {
            Row::Head(name) => page.push_str(&format!("{}\n", paint.bold(&one_line(name)))),
            Row::Line(name, cells) => {
                let cells: Vec<Vec<String>> = cells.iter().map(|cell| wrap(cell, most)).collect();
                for place in 0..cells.iter().map(Vec::len).max().unwrap_or(1) {
                    let part: Vec<String> =
                        cells.iter().map(|cell| cell.get(place).cloned().unwrap_or_default()).collect();
                    let name = if place == 0 { format!("  {name}") } else { String::new() };
                    page.push_str(&render_line(&name, &part, first, &widths));
                }
            }
        }
    }
    page
}

fn render_line(name: &str, cells: &[String], first: usize, widths: &[usize]) -> String {
    let mut line = pad(name, first);
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str("  ");
        line.push_str(&pad(cell, *width));
    }
    format!("{}\n", line.trim_end())
}

fn wrap(text: &str, most: usize) -> Vec<String> {
    width::wrap(&one_line(text), most)
}

/// Renders the table as Markdown.
pub fn render_markdown(columns: &[String], rows: &[Row]) -> String {
    let mut page = format!("| |{}\n|---|{}\n", render_cells(columns), "---|".repeat(columns.len()));
    for row in rows {
        page.push_str(&match row {
            Row::Head(name) => format!("| **{}** |{}\n", escape_markdown(name), " |".repeat(columns.len())),
            Row::Line(name, texts) => format!("| {} |{}\n", escape_markdown(name), render_cells(texts)),
        });
    }
    page
}

fn render_cells(texts: &[String]) -> String {
    texts.iter().map(|text| format!(" {} |", escape_markdown(text))).collect()
}

/// Escapes untrusted text for Markdown.
pub fn escape_markdown(text: &str) -> String {
    let mut escaped = String::new();
    for c in one_line(&sanitize(text)).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' | '!') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let long = "3 (failed, failed, conditional), overridden".to_owned();
        vec![Row::head("design-review"), Row::line("judged", vec!["1 (passed)".into(), long.clone(), long])]
    }

    #[test]
    fn three_runs_fit_in_eighty_columns() {
        let page = render_text(&["A".into(), "B".into(), "C".into()], &rows(), Paint::plain());
        let expected = "          A           B                   C\n\
                        design-review\n  \
                        judged  1 (passed)  3 (failed, failed,  3 (failed, failed,\n                      \
                        conditional),       conditional),\n                      \
                        overridden          overridden\n";
        assert_eq!(page, expected);
        assert!(page.lines().all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn escapes_markup_in_untrusted_text() {
        assert_eq!(escape_markdown("a | b\n<b>*x*</b>"), "a \\| b \\<b\\>\\*x\\*\\</b\\>");
        let page = render_markdown(&["A".into()], &[Row::head("g_1"), Row::line("cost", vec!["0 | 1".into()])]);
        assert_eq!(page, "| | A |\n|---|---|\n| **g\\_1** | |\n| cost | 0 \\| 1 |\n");
    }
}
