//! Numbers, lines and tables for people.

use std::io::ErrorKind;

use super::text::sanitize;
use super::width;

/// Sanitizes text and joins it to one line.
pub fn one_line(text: &str) -> String {
    sanitize(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns one sanitized line of at most `most` characters.
pub fn truncate(text: &str, most: usize) -> String {
    let line = one_line(text);
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}

/// Returns each name as one sanitized line of at most `most` characters. Those that are cut lose their middle, and get a number
/// where they would still be the same.
pub fn shorten_apart(names: &[&str], most: usize) -> Vec<String> {
    let mut short: Vec<String> = names.iter().map(|name| cut_middle(&one_line(name), most)).collect();
    for at in 0..short.len() {
        let (before, rest) = short.split_at_mut(at);
        let Some(name) = rest.first_mut() else { break };
        let whole = name.clone();
        for number in 2.. {
            if !before.contains(name) {
                break;
            }
            let mark = format!("~{number}");
            *name = format!("{}{mark}", whole.chars().take(most.saturating_sub(mark.len())).collect::<String>());
        }
    }
    short
}

fn cut_middle(line: &str, most: usize) -> String {
    let chars: Vec<char> = line.chars().collect();
    if chars.len() <= most {
        return line.to_owned();
    }
    let end = most.saturating_sub(1) / 2;
    let begin = most.saturating_sub(1 + end);
    let (first, last) = (chars.iter().take(begin), chars.iter().skip(chars.len() - end));
    first.chain(&['…']).chain(last).collect()
}

/// Renders how often a plugin is compiled; `kept` if the result is kept for later runs.
pub fn compiled_how_often(kept: bool) -> &'static str {
    if kept { "once on this machine" } else { "by each run, as there is no folder to keep it" }
}

/// Renders a count with its noun: `1 call`, `2 calls`.
pub fn count(number: u64, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// Renders a number in three digits or so: `12`, `4.5k`, `1.20M`.
pub fn compact_number(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => format!("{:.1}k", number as f64 / 1e3),
        _ => format!("{:.2}M", number as f64 / 1e6),
    }
}

/// Renders US dollars, or `unknown cost`.
pub fn money(usd: Option<f64>) -> String {
    match usd {
        Some(usd) if usd > 0.0 && usd < 1.0 => format!("{usd:.4} USD"),
        Some(usd) => format!("{usd:.2} USD"),
        None => "unknown cost".to_owned(),
    }
}

/// Renders the cost of models, marked if answers were scripted. Answers of a script cost nothing unless they have a price.
pub fn cost(usd: Option<f64>, scripted: bool, asks_models: bool) -> String {
    match (scripted, asks_models, usd) {
        (true, false, None | Some(0.0)) => "no cost (scripted)".to_owned(),
        (true, ..) => format!("{} (scripted)", money(usd)),
        (false, ..) => money(usd),
    }
}

/// Renders a duration: `820 ms`, `3.2 s`, `4 min 05 s`.
pub fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", ms as f64 / 1e3),
        _ => format!("{} min {:02} s", ms / 60_000, ms / 1_000 % 60),
    }
}

/// Renders a duration without fractions of a second: `5 s`, `4 min 05 s`.
pub fn whole_seconds(time: std::time::Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// Describes why a file cannot be read.
pub fn describe_read_error(why: &std::io::Error) -> String {
    match why.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => phasegate_files::describe(why),
    }
}

/// Renders a size in bytes, KiB or MiB.
pub fn byte_size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// Renders the lines of a text below each other, indented by so many spaces, and at most so many of them.
pub fn indent(text: &str, by: usize, most: usize) -> String {
    let text = sanitize(text.trim_end());
    let (lines, gap) = (text.lines().count(), " ".repeat(by));
    let mut shown: String = text.lines().take(most).map(|line| format!("{gap}{line}\n")).collect();
    if lines > most {
        shown.push_str(&format!("{gap}… and {}\n", count((lines - most) as u64, "line")));
    }
    shown
}

/// Renders rows as columns with two spaces between them.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width::columns(cell)).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| width::pad(cell, *width));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_terminal_control_characters() {
        assert_eq!(one_line("a\x1b[31m b\r\nc\u{202e}d\x07\u{200f}"), "a[31m b cd");
    }

    #[test]
    fn shortened_names_stay_distinct() {
        let names = ["parser-with-hints", "parser-with-rules", "parser-witx-rules", "short"];
        assert_eq!(shorten_apart(&names, 10), ["parse…ints", "parse…ules", "parse…ul~2", "short"]);
        assert_eq!(shorten_apart(&["same", "same"], 10), ["same", "same~2"]);
    }

    #[test]
    fn numbers_are_rendered_for_people() {
        assert_eq!([compact_number(999), compact_number(4_510), compact_number(1_200_000)], ["999", "4.5k", "1.20M"]);
        assert_eq!([duration(820), duration(3_240), duration(245_000)], ["820 ms", "3.2 s", "4 min 05 s"]);
        assert_eq!([money(None), money(Some(0.0)), money(Some(0.0123))], ["unknown cost", "0.00 USD", "0.0123 USD"]);
        assert_eq!([cost(None, true, false), cost(Some(0.0), true, false)], ["no cost (scripted)"; 2]);
        assert_eq!([cost(None, true, true), cost(None, false, true)], ["unknown cost (scripted)", "unknown cost"]);
    }
}
