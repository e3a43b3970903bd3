//! Finds lines in a text: exactly, then without regard to white space at their ends, then with a shifted indentation.

use std::fmt;

/// The most lines of an excerpt.
const MAX_EXCERPT: usize = 12;
/// The least similarity of an excerpt, from 0 to 1 for each line.
const MIN_SIMILARITY: f64 = 0.4;

/// Lines of a file, for a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Number of the first line, from 1.
    pub first: usize,
    /// The lines.
    pub lines: Vec<String>,
}

impl fmt::Display for Excerpt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> =
            self.lines.iter().zip(self.first..).map(|(line, at)| format!("{at} | {line}")).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

/// How the indentation of the file differs from that of the text that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shift {
    /// The file has this in front of every line.
    More(String),
    /// The text has this in front of every line.
    Less(String),
}

impl Shift {
    /// Returns a line of the text with the indentation of the file.
    pub fn apply(&self, line: &str) -> String {
        match self {
            _ if line.trim().is_empty() && *self != Self::none() => String::new(),
            Self::More(indent) => format!("{indent}{line}"),
            Self::Less(indent) => {
                let common = line.chars().zip(indent.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8());
                line.get(common.sum::<usize>()..).unwrap_or_default().to_owned()
            }
        }
    }

    fn none() -> Self {
        Self::More(String::new())
    }
}

/// A place where the lines were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Index of the first line.
    pub at: usize,
    /// The difference of the indentation.
    pub shift: Shift,
}

/// Returns all places by the strictest comparison that finds one. At least one line must have text, unless the comparison is
/// exact.
pub fn find_places(lines: &[String], wanted: &[&str]) -> Vec<Place> {
    if wanted.is_empty() || wanted.len() > lines.len() {
        return Vec::new();
    }
    let windows = || lines.windows(wanted.len()).enumerate();
    let exact = windows().filter(|(_, window)| window.iter().zip(wanted).all(|(a, b)| a == b));
    let exact: Vec<Place> = exact.map(|(at, _)| Place { at, shift: Shift::none() }).collect();
    if !exact.is_empty() || wanted.iter().all(|line| line.trim().is_empty()) {
        return exact;
    }
    let loose: Vec<Place> =
        windows().filter_map(|(at, window)| Some(Place { at, shift: shift_of(window, wanted)? })).collect();
    let trimmed: Vec<Place> = loose.iter().filter(|place| place.shift == Shift::none()).cloned().collect();
    if trimmed.is_empty() { loose } else { trimmed }
}

/// Returns the one difference of indentation by which all lines match.
fn shift_of(window: &[String], wanted: &[&str]) -> Option<Shift> {
    let mut shift = None;
    for (line, wanted) in window.iter().zip(wanted) {
        let (text, wanted_text) = (line.trim(), wanted.trim());
        if text != wanted_text {
            return None;
        }
        if text.is_empty() {
            continue;
        }
        let (indent, wanted_indent) = (indent_of(line), indent_of(wanted));
        let here = match (indent.strip_suffix(wanted_indent), wanted_indent.strip_suffix(indent)) {
            (Some(more), _) => Shift::More(more.to_owned()),
            (None, Some(less)) => Shift::Less(less.to_owned()),
            (None, None) => return None,
        };
        if shift.as_ref().is_some_and(|known| *known != here) {
            return None;
        }
        shift = Some(here);
    }
    shift
}

fn indent_of(line: &str) -> &str {
    let text = line.trim_start();
    line.get(..line.len() - text.len()).unwrap_or_default()
}

/// Returns the lines that are most similar to those that were not found.
pub fn nearest(lines: &[String], wanted: &[&str]) -> Option<Excerpt> {
    let from = wanted.iter().position(|line| !line.trim().is_empty())?;
    let wanted: Vec<&str> = wanted.iter().skip(from).take(MAX_EXCERPT).copied().collect();
    let size = wanted.len().min(lines.len());
    if size == 0 {
        return None;
    }
    let score = |window: &[String]| -> f64 { window.iter().zip(&wanted).map(|(a, b)| similarity(a, b)).sum() };
    let mut best: Option<(f64, usize, &[String])> = None;
    for (at, window) in lines.windows(size).enumerate() {
        let score = score(window);
        if best.is_none_or(|(known, _, _)| score > known) {
            best = Some((score, at, window));
        }
    }
    let (score, at, window) = best?;
    (score >= MIN_SIMILARITY * size as f64).then(|| Excerpt { first: at + 1, lines: window.to_vec() })
}

/// Returns how much of two lines is equal at their start and end, from 0 to 1, without white space around them.
fn similarity(a: &str, b: &str) -> f64 {
    let (a, b) = (a.trim(), b.trim());
    let longest = a.chars().count().max(b.chars().count());
    if longest == 0 {
        return 0.5;
    }
    let start = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let rest = a.chars().count().min(b.chars().count()) - start;
    let end = a.chars().rev().zip(b.chars().rev()).take(rest).take_while(|(a, b)| a == b).count();
    (start + end) as f64 / longest as f64
}
