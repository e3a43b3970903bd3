//! Renders the difference between two blobs for people, as a few lines of a diff.
//!
//! JSON is formatted anew on both sides: multi-line strings line by line, and JSON inside strings as JSON, so that a changed
//! word of a prompt is a changed line. Guarantees: at most one screen; no control characters; a text for every difference.
//! Cannot fail.

use std::ops::Range;
use std::time::{Duration, Instant};

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline, group_diff_ops};

/// Maximal number of lines.
const MAX_LINES: usize = 40;
/// Maximal number of lines for each side of a change, so that both sides are shown.
const MAX_SIDE: usize = 12;
/// Number of equal lines around a change.
const CONTEXT: usize = 3;
/// Maximal number of characters of a line.
const MAX_WIDTH: usize = 120;
/// Number of characters before the first difference in a long line.
const LEAD: usize = 40;
/// Maximal depth at which JSON inside a string is formatted.
const MAX_DEPTH: usize = 24;
/// Time to search for the shortest diff. After it, a longer diff is rendered, which is also correct.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Renders the lines that differ, with `- ` before and `+ ` after, and some equal lines around them. Each line ends with a line
/// feed.
pub fn render_diff(before: &[u8], after: &[u8]) -> String {
    if before == after {
        return "no difference\n".to_owned();
    }
    let Some((old, new)) = split_lines(before, after) else { return render_bytes(before, after) };
    let deadline = Instant::now().checked_add(TIMEOUT);
    let changes = group_diff_ops(capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline), CONTEXT);
    if changes.is_empty() {
        return "the same values, written differently\n".to_owned();
    }
    let mut text = DiffText::default();
    for group in &changes {
        if group.first().is_some_and(|op| op.old_range().start > 0) {
            text.line(' ', "…");
        }
        group.iter().for_each(|op| text.change(op, &old, &new));
    }
    text.finish()
}

/// Returns the lines of both sides; `None` if one of them is not text.
fn split_lines(before: &[u8], after: &[u8]) -> Option<(Vec<String>, Vec<String>)> {
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok().map(|value| json_lines(&value));
    if let (Some(old), Some(new)) = (json(before), json(after)) {
        return Some((old, new));
    }
    let text = |bytes| Some(std::str::from_utf8(bytes).ok()?.split('\n').map(str::to_owned).collect());
    Some((text(before)?, text(after)?))
}

fn render_bytes(before: &[u8], after: &[u8]) -> String {
    let same = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    format!("not text: {} bytes before, {} after, different from byte {}\n", before.len(), after.len(), same + 1)
}

fn json_lines(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    format_json(value, 0, String::new(), "", &mut lines);
    lines
}

fn format_json(value: &Value, depth: usize, lead: String, end: &str, lines: &mut Vec<String>) {
    let gap = "  ".repeat(depth);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            lines.push(format!("{gap}{lead}{{"));
            for (place, (name, field)) in fields.iter().enumerate() {
                let lead = format!("{}: ", Value::from(name.as_str()));
                format_json(field, depth + 1, lead, comma(place, fields.len()), lines);
            }
            lines.push(format!("{gap}}}{end}"));
        }
        Value::Array(items) if !items.is_empty() => {
            lines.push(format!("{gap}{lead}["));
            for (place, item) in items.iter().enumerate() {
                format_json(item, depth + 1, String::new(), comma(place, items.len()), lines);
            }
            lines.push(format!("{gap}]{end}"));
        }
        Value::String(text) => match inner_json(text, depth) {
            Some(inner) => format_json(&inner, depth, format!("{lead}(text) "), end, lines),
            None if text.contains('\n') => {
                lines.push(format!("{gap}{lead}\"\"\""));
                let line = |line: &str| if line.is_empty() { String::new() } else { format!("{gap}  {line}") };
                lines.extend(text.split('\n').map(line));
                lines.push(format!("{gap}\"\"\"{end}"));
            }
            None => lines.push(format!("{gap}{lead}{value}{end}")),
        },
        plain => lines.push(format!("{gap}{lead}{plain}{end}")),
    }
}

fn comma(index: usize, len: usize) -> &'static str {
    if index + 1 < len { "," } else { "" }
}

/// Parses JSON inside a string: answers of models are often JSON.
fn inner_json(text: &str, depth: usize) -> Option<Value> {
    let maybe = depth < MAX_DEPTH && text.trim_start().starts_with(['{', '[']);
    if maybe { serde_json::from_str(text).ok() } else { None }
}

#[derive(Default)]
struct DiffText {
    text: String,
    shown: usize,
    /// Number of differing lines that are not shown.
    left_out: usize,
}

impl DiffText {
    fn change(&mut self, op: &DiffOp, old: &[String], new: &[String]) {
        let (before, after) = (part(old, op.old_range()), part(new, op.new_range()));
        match op {
            DiffOp::Equal { .. } => {
                for line in before {
                    self.line(' ', &cut(line, 0));
                }
            }
            _ => {
                self.side('-', before, after);
                self.side('+', after, before);
            }
        }
    }

    fn side(&mut self, mark: char, lines: &[String], others: &[String]) {
        for (index, line) in lines.iter().take(MAX_SIDE).enumerate() {
            let same = others.get(index).map_or(0, |other| common_prefix(line, other));
            self.line(mark, &cut(line, same));
        }
        let more = lines.len().saturating_sub(MAX_SIDE);
        if more > 0 && !self.line(mark, &format!("… and {more} more")) {
            self.left_out += more - 1;
        }
    }

    /// Adds a line and returns true if it fits.
    fn line(&mut self, mark: char, line: &str) -> bool {
        let fits = self.shown < MAX_LINES;
        if fits {
            self.shown += 1;
            match (line, mark) {
                ("", ' ') => {}
                ("", mark) => self.text.push(mark),
                (line, mark) => self.text.push_str(&format!("{mark} {}", visible(line))),
            }
            self.text.push('\n');
        } else if mark != ' ' {
            self.left_out += 1;
        }
        fits
    }

    fn finish(mut self) -> String {
        if self.left_out > 0 {
            self.text.push_str(&format!("… {} more lines that differ\n", self.left_out));
        }
        self.text
    }
}

fn part(lines: &[String], range: Range<usize>) -> &[String] {
    lines.get(range).unwrap_or_default()
}

fn common_prefix(line: &str, other: &str) -> usize {
    line.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

/// Returns the line, or the part around its first difference if it is too long. `same` is the length of the common prefix.
fn cut(line: &str, same: usize) -> String {
    if line.chars().count() <= MAX_WIDTH {
        return line.to_owned();
    }
    let skipped = same.saturating_sub(LEAD);
    let start = if skipped > 0 { "…" } else { "" };
    let mut rest = line.chars().skip(skipped);
    let shown: String = rest.by_ref().take(MAX_WIDTH).collect();
    let end = if rest.next().is_some() { "…" } else { "" };
    format!("{start}{shown}{end}")
}

/// Escapes control characters and invisible characters.
fn visible(line: &str) -> String {
    let hidden = |c: char| {
        let marks =
            ['\u{200b}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2060}'..='\u{2069}', '\u{feff}'..='\u{feff}'];
        (c.is_control() && c != '\t') || marks.iter().any(|range| range.contains(&c))
    };
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        if hidden(c) { text.extend(c.escape_unicode()) } else { text.push(c) }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(before: &str, after: &str) -> String {
        render_diff(before.as_bytes(), after.as_bytes())
    }

    #[test]
    fn shows_changed_prompts_line_by_line() {
        let request = |word: &str| {
            let text = format!("You plan.\nThe task is {word}.\nAnswer in JSON.");
            serde_json::json!({ "label": "plan", "messages": [{ "role": "user", "text": text }], "tools": [] })
                .to_string()
        };
        let expected = [
            "  …",
            "        \"role\": \"user\",",
            "        \"text\": \"\"\"",
            "          You plan.",
            "-         The task is small.",
            "+         The task is large.",
            "          Answer in JSON.",
            "        \"\"\"",
            "      }",
        ];
        let expected = expected.map(|line| line.to_owned() + "\n").concat();
        assert_eq!(diff(&request("small"), &request("large")), expected);
    }

    #[test]
    fn formats_json_inside_strings() {
        let answer = |size: u32| serde_json::json!({ "text": format!(r#"{{"units": [1, 2], "size": {size}}}"#) });
        let expected = "  {\n    \"text\": (text) {\n-     \"size\": 3,\n+     \"size\": 4,\n      \"units\": [\n        1,\n        2\n";
        assert_eq!(diff(&answer(3).to_string(), &answer(4).to_string()), expected);
    }

    #[test]
    fn cuts_long_lines_around_the_difference() {
        let line = |word: &str| format!("{}{word}{}", "x".repeat(5_000), "y".repeat(5_000));
        let shown = diff(&line("before"), &line("after"));
        let (x, y) = ("x".repeat(40), |n| "y".repeat(n));
        assert_eq!(shown, format!("- …{x}before{}…\n+ …{x}after{}…\n", y(74), y(75)));
    }

    #[test]
    fn fits_one_screen_and_shows_both_sides() {
        let list = |from: u32| (from..from + 500).map(|n| format!("line {n}\n")).collect::<String>();
        let shown = diff(&list(0), &list(10_000));
        assert!(shown.lines().count() <= MAX_LINES + 1, "{shown}");
        assert!(shown.contains("- line 0\n") && shown.contains("- … and 488 more\n+ line 10000\n"), "{shown}");
        let every_tenth = |word: &str| -> String {
            (0..900).map(|n| format!("{n} {}\n", if n % 10 == 0 { word } else { "" })).collect()
        };
        let shown = diff(&every_tenth("a"), &every_tenth("b"));
        assert!(shown.ends_with("\n… 170 more lines that differ\n"), "{shown}");
    }

    #[test]
    fn escapes_control_characters() {
        assert_eq!(diff("a\u{1b}[2J", "a\u{202e}\r"), "- a\\u{1b}[2J\n+ a\\u{202e}\\u{d}\n");
    }

    #[test]
    fn renders_something_for_every_difference() {
        assert_eq!(diff("same", "same"), "no difference\n");
        assert_eq!(diff(r#"{"a":1,"b":2}"#, r#"{ "b": 2, "a": 1 }"#), "the same values, written differently\n");
        assert_eq!(diff("end\n", "end"), "  end\n-\n");
        let bytes = render_diff(b"\xff\xfe\x00", b"\xff\xfe\x01\x02");
        assert_eq!(bytes, "not text: 3 bytes before, 4 after, different from byte 3\n");
        assert_eq!(diff("", "x"), "-\n+ x\n");
    }
}
