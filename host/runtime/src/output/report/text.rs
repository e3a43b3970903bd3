//! Texts and numbers of a report.

use phasegate_process::Digest;
use phasegate_process::artifact::is_hidden;
use serde_json::Value;

/// Maximal length of a text in characters. The artifacts have the whole text.
const MAX_TEXT: usize = 600;
/// Maximal number of lines of a cell.
const MAX_LINES: usize = 40;

/// Returns the text on one line, cut to [`MAX_TEXT`], without invisible characters and without marks of tags, links or code.
pub(super) fn plain_text(text: &str) -> String {
    let mut plain: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.chars().count() > MAX_TEXT {
        plain = plain.chars().take(MAX_TEXT).chain("…".chars()).collect();
    }
    plain
        .chars()
        .filter(|c| !c.is_control() && !is_hidden(*c))
        .collect::<String>()
        .replace('<', "&lt;")
        .replace('`', "'")
        .replace("](", "] (")
}

/// Returns [`plain_text`] for a cell of a table.
pub(super) fn table_cell(text: &str) -> String {
    plain_text(text).replace('|', "\\|")
}

/// Returns [`table_cell`] with the line ends of the text, without empty lines.
pub(super) fn table_lines(text: &str) -> String {
    let lines = text.lines().map(table_cell).filter(|line| !line.is_empty());
    lines.take(MAX_LINES).collect::<Vec<_>>().join("<br>")
}

pub(super) fn capitalize(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

pub(super) fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

pub(super) fn array_field<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn text_field<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a string without its quotes, and any other value as JSON.
pub(super) fn text_or_json(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn render_count(value: Option<&Value>) -> String {
    value.and_then(Value::as_u64).map_or("?".to_owned(), |number| number.to_string())
}

pub(super) fn short_digest(digest: &str) -> String {
    digest.parse::<Digest>().map(|digest| digest.short().to_owned()).unwrap_or_default()
}

pub(super) fn render_usd(sum: Option<f64>) -> String {
    sum.map_or("unknown".to_owned(), |sum| format!("{sum:.4}"))
}

pub(super) fn render_duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_texts_on_their_line() {
        assert_eq!(table_cell("fine |\n## Gates\n<b>`x`"), "fine \\| ## Gates &lt;b>'x'");
        assert_eq!(plain_text("a\u{202e}b\u{200b}c\u{9b}"), "abc");
        assert_eq!(plain_text(&"x".repeat(700)).chars().count(), MAX_TEXT + 1);
    }

    #[test]
    fn renders_durations_in_a_fitting_unit() {
        assert_eq!([12, 1_250, 125_000].map(render_duration), ["12 ms", "1.2 s", "2 min 5 s"]);
    }
}
