//! Texts and numbers of a report.

use phasegate_process::Digest;
use phasegate_process::artifact::is_hidden;
use serde_json::Value;

/// Longer words of models are cut; the artifacts have them whole.
const MAX_WORDS: usize = 600;

/// On one line, without marks that would begin a tag, a heading or code, and not longer than a person reads.
pub(super) fn words(text: &str) -> String {
    let mut plain: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.chars().count() > MAX_WORDS {
        plain = plain.chars().take(MAX_WORDS).chain("…".chars()).collect();
    }
    plain
        .chars()
        .filter(|c| !c.is_control() && !is_hidden(*c))
        .collect::<String>()
        .replace('<', "&lt;")
        .replace('`', "'")
        .replace("](", "] (")
}

pub(super) fn cell(text: &str) -> String {
    words(text).replace('|', "\\|")
}

pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

pub(super) fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

pub(super) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn text_of<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A text, or whatever else it is, as JSON.
pub(super) fn said(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn number(value: Option<&Value>) -> String {
    value.and_then(Value::as_u64).map_or("?".to_owned(), |number| number.to_string())
}

pub(super) fn short(digest: &str) -> String {
    digest.parse::<Digest>().map(|digest| digest.short().to_owned()).unwrap_or_default()
}

pub(super) fn usd(sum: Option<f64>) -> String {
    sum.map_or("unknown".to_owned(), |sum| format!("{sum:.4}"))
}

pub(super) fn duration(ms: u64) -> String {
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
    fn words_of_strangers_stay_on_their_line_and_in_their_cell() {
        assert_eq!(cell("fine |\n## Gates\n<b>`x`"), "fine \\| ## Gates &lt;b>'x'");
        assert_eq!(words("a\u{202e}b\u{200b}c\u{9b}"), "abc");
        assert_eq!(words(&"x".repeat(700)).chars().count(), MAX_WORDS + 1);
    }

    #[test]
    fn durations_are_said_in_the_unit_that_fits() {
        assert_eq!([12, 1_250, 125_000].map(duration), ["12 ms", "1.2 s", "2 min 5 s"]);
    }
}
