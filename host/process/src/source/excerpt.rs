//! The line that an error is about, with a caret below the place.

use std::ops::Range;

use super::secret::mask_line;

/// The most characters of a line that are shown.
const MAX_SHOWN: usize = 100;
/// The characters before the place that are shown of a longer line.
const BEFORE: usize = 40;

/// Renders the line at `span`, a range of bytes, and carets below the part of `span` in it. Secrets are masked. Returns `None`
/// for an empty span at the start, which stands for the file as a whole.
pub(super) fn render_excerpt(text: &str, number: usize, span: Range<usize>) -> Option<Box<str>> {
    if span.end == 0 {
        return None;
    }
    let before = text.get(..span.start)?;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(line_start..)?;
    let line = rest.split('\n').next().unwrap_or_default().trim_end_matches('\r');
    let prefix = text.get(line_start..span.start)?;
    let start = prefix.chars().count();
    let marked = text.get(span.start..span.end.max(span.start))?;
    let marked = marked.split('\n').next().unwrap_or_default().trim_end();
    let width = match marked.chars().count() {
        0 => word_width(text.get(span.start..)?),
        width => width,
    };
    let shown: Vec<char> = mask_line(line).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let from = match shown.len() > MAX_SHOWN {
        true => start.saturating_sub(BEFORE).min(shown.len() - MAX_SHOWN),
        false => 0,
    };
    let window: String = shown.iter().skip(from).take(MAX_SHOWN).collect();
    let left = if from > 0 { "…" } else { "" };
    let right = if from + MAX_SHOWN < shown.len() { "…" } else { "" };
    let width = width.min((from + MAX_SHOWN).saturating_sub(start)).max(1);
    let indent = start - from.min(start) + left.chars().count();
    let number = number.to_string();
    let gutter = number.len();
    let carets = "^".repeat(width);
    Some(format!("  {number} | {left}{window}{right}\n  {:gutter$} | {:indent$}{carets}", "", "").into())
}

/// Returns the number of characters of the word, quoted text or name of a table that a place begins with, at least 1.
fn word_width(text: &str) -> usize {
    let line = text.lines().next().unwrap_or_default();
    let within = |start: char, end: char| line.strip_prefix(start).and_then(|inside| inside.split_once(end));
    match within('"', '"').or_else(|| within('[', ']')).map(|(inside, _)| inside) {
        Some(inside) => inside.chars().count() + 2,
        None => line.chars().take_while(|c| c.is_alphanumeric() || "_-.".contains(*c)).count().max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, marked: &str) -> String {
        let start = text.find(marked).unwrap_or_default();
        render_excerpt(text, 3, start..start + marked.len()).unwrap_or_default().into()
    }

    #[test]
    fn carets_stand_below_the_place() {
        assert_eq!(excerpt("a = 1\nü = many\r\n", "many"), "  3 | ü = many\n    |     ^^^^");
        assert_eq!(excerpt("\tb = \"\"\"x\ny\"\"\"", "\"\"\"x\ny\"\"\""), "  3 |  b = \"\"\"x\n    |      ^^^^");
        assert_eq!(render_excerpt("a = \"b c\"\n", 1, 4..4).as_deref(), Some("  1 | a = \"b c\"\n    |     ^^^^^"));
        assert_eq!(render_excerpt("a = 1\n", 1, 0..0), None);
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("list = [{}\"here\", {}]", "\"some text\", ".repeat(20), "\"more\", ".repeat(30));
        let shown = excerpt(&text, "\"here\"");
        let (line, carets) = shown.split_once('\n').unwrap_or_default();
        assert!(line.chars().count() <= MAX_SHOWN + 8 && line.contains("…"), "{shown}");
        let place =
            |text: &str, what: &str| text.find(what).map(|at| text.get(..at).unwrap_or_default().chars().count());
        assert_eq!(place(line, "\"here\""), place(carets, "^^^^^^"), "{shown}");
    }
}
