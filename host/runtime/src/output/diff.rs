//! What is different between two blobs, for people: a few lines of a diff, wherever in megabytes the difference is.
//!
//! JSON is laid out anew on both sides, texts inside it line by line and JSON inside its texts as JSON, so that a changed
//! word of a prompt is a changed line. Promises: never more than a screen, nothing that could steer a terminal, and never
//! nothing where the bytes differ. Cannot fail.

use std::ops::Range;
use std::time::{Duration, Instant};

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline, group_diff_ops};

/// How many lines are shown.
const LINES: usize = 40;
/// How many of them one side of one change may take, so that the other side is seen as well.
const SIDE: usize = 12;
/// How many lines around a change are shown.
const AROUND: usize = 3;
/// How many characters of a line are shown.
const WIDE: usize = 120;
/// How many of them may come before the first that differs.
const LEAD: usize = 40;
/// Deeper than this, JSON inside a text stays a text.
const UNFOLDED: usize = 24;
/// How long the shortest diff is looked for; after that a longer one is taken, which is as right.
const PATIENCE: Duration = Duration::from_secs(2);

/// The lines that differ, `- ` before and `+ ` after, with some that do not around them; each with its line feed.
pub fn render_diff(before: &[u8], after: &[u8]) -> String {
    if before == after {
        return "no difference\n".to_owned();
    }
    let Some((old, new)) = laid_out(before, after) else { return of_bytes(before, after) };
    let deadline = Instant::now().checked_add(PATIENCE);
    let changes = group_diff_ops(capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline), AROUND);
    if changes.is_empty() {
        return "the same values, written differently\n".to_owned();
    }
    let mut drawing = Drawing::default();
    for group in &changes {
        if group.first().is_some_and(|op| op.old_range().start > 0) {
            drawing.line(' ', "…");
        }
        group.iter().for_each(|op| drawing.change(op, &old, &new));
    }
    drawing.done()
}

/// Both as lines; nothing where one of them is no text.
fn laid_out(before: &[u8], after: &[u8]) -> Option<(Vec<String>, Vec<String>)> {
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok().map(|value| lines_of(&value));
    if let (Some(old), Some(new)) = (json(before), json(after)) {
        return Some((old, new));
    }
    let text = |bytes| Some(std::str::from_utf8(bytes).ok()?.split('\n').map(str::to_owned).collect());
    Some((text(before)?, text(after)?))
}

fn of_bytes(before: &[u8], after: &[u8]) -> String {
    let same = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    format!("no text: {} bytes before, {} after, different from byte {} on\n", before.len(), after.len(), same + 1)
}

fn lines_of(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    lay_out(value, 0, String::new(), "", &mut lines);
    lines
}

fn lay_out(value: &Value, depth: usize, lead: String, end: &str, lines: &mut Vec<String>) {
    let gap = "  ".repeat(depth);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            lines.push(format!("{gap}{lead}{{"));
            for (place, (name, field)) in fields.iter().enumerate() {
                let lead = format!("{}: ", Value::from(name.as_str()));
                lay_out(field, depth + 1, lead, comma(place, fields.len()), lines);
            }
            lines.push(format!("{gap}}}{end}"));
        }
        Value::Array(items) if !items.is_empty() => {
            lines.push(format!("{gap}{lead}["));
            for (place, item) in items.iter().enumerate() {
                lay_out(item, depth + 1, String::new(), comma(place, items.len()), lines);
            }
            lines.push(format!("{gap}]{end}"));
        }
        Value::String(text) => match inner_json(text, depth) {
            Some(inner) => lay_out(&inner, depth, format!("{lead}(text) "), end, lines),
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

fn comma(place: usize, of: usize) -> &'static str {
    if place + 1 < of { "," } else { "" }
}

/// Models answer in JSON, which the answer holds as a text.
fn inner_json(text: &str, depth: usize) -> Option<Value> {
    let maybe = depth < UNFOLDED && text.trim_start().starts_with(['{', '[']);
    if maybe { serde_json::from_str(text).ok() } else { None }
}

#[derive(Default)]
struct Drawing {
    text: String,
    shown: usize,
    /// Differing lines that found no place.
    left_out: usize,
}

impl Drawing {
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
        for (place, line) in lines.iter().take(SIDE).enumerate() {
            let same = others.get(place).map_or(0, |other| same_start(line, other));
            self.line(mark, &cut(line, same));
        }
        let more = lines.len().saturating_sub(SIDE);
        if more > 0 && !self.line(mark, &format!("… and {more} more")) {
            self.left_out += more - 1;
        }
    }

    /// Whether there was still room for it.
    fn line(&mut self, mark: char, line: &str) -> bool {
        let room = self.shown < LINES;
        if room {
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
        room
    }

    fn done(mut self) -> String {
        if self.left_out > 0 {
            self.text.push_str(&format!("… {} more lines that differ\n", self.left_out));
        }
        self.text
    }
}

fn part(lines: &[String], range: Range<usize>) -> &[String] {
    lines.get(range).unwrap_or_default()
}

fn same_start(line: &str, other: &str) -> usize {
    line.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

/// The part of a line around the first character that differs, where the line is too long to be shown whole.
fn cut(line: &str, same: usize) -> String {
    if line.chars().count() <= WIDE {
        return line.to_owned();
    }
    let skipped = same.saturating_sub(LEAD);
    let start = if skipped > 0 { "…" } else { "" };
    let mut rest = line.chars().skip(skipped);
    let shown: String = rest.by_ref().take(WIDE).collect();
    let end = if rest.next().is_some() { "…" } else { "" };
    format!("{start}{shown}{end}")
}

/// Characters that could steer a terminal, or cannot be seen, as their numbers.
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
    fn changed_word_of_a_prompt_is_one_line() {
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
    fn formats_json_inside_answers() {
        let answer = |size: u32| serde_json::json!({ "text": format!(r#"{{"units": [1, 2], "size": {size}}}"#) });
        let expected = "  {\n    \"text\": (text) {\n-     \"size\": 3,\n+     \"size\": 4,\n      \"units\": [\n        1,\n        2\n";
        assert_eq!(diff(&answer(3).to_string(), &answer(4).to_string()), expected);
    }

    #[test]
    fn shows_the_differing_part_of_long_lines() {
        let line = |word: &str| format!("{}{word}{}", "x".repeat(5_000), "y".repeat(5_000));
        let shown = diff(&line("before"), &line("after"));
        let (x, y) = ("x".repeat(40), |n| "y".repeat(n));
        assert_eq!(shown, format!("- …{x}before{}…\n+ …{x}after{}…\n", y(74), y(75)));
    }

    #[test]
    fn difference_fits_a_screen_and_shows_both_sides() {
        let list = |from: u32| (from..from + 500).map(|n| format!("line {n}\n")).collect::<String>();
        let shown = diff(&list(0), &list(10_000));
        assert!(shown.lines().count() <= LINES + 1, "{shown}");
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
    fn where_bytes_differ_something_is_always_said() {
        assert_eq!(diff("same", "same"), "no difference\n");
        assert_eq!(diff(r#"{"a":1,"b":2}"#, r#"{ "b": 2, "a": 1 }"#), "the same values, written differently\n");
        assert_eq!(diff("end\n", "end"), "  end\n-\n");
        let bytes = render_diff(b"\xff\xfe\x00", b"\xff\xfe\x01\x02");
        assert_eq!(bytes, "no text: 3 bytes before, 4 after, different from byte 3 on\n");
        assert_eq!(diff("", "x"), "-\n+ x\n");
    }
}
