//! Finds a text and replaces it.

use super::change::{Edit, FaultKind};
use super::lines::{TextLines, normalize};
use super::locate::{find_places, nearest};

/// Applies one edit.
pub fn apply(text: &mut TextLines, edit: &Edit) -> Result<(), FaultKind> {
    let (find, replace) = (normalize(&edit.find), normalize(&edit.replace));
    if find == replace {
        return Err(FaultKind::NoChange);
    }
    if find.is_empty() {
        if !text.is_empty() {
            return Err(FaultKind::NothingToFind);
        }
        *text = text.with_text(&replace);
        return Ok(());
    }
    let plain = text.plain();
    let starts = starts_of(&plain, &find);
    match starts.as_slice() {
        [] => replace_lines(text, &find, &replace),
        [start] => {
            text.replace_span(*start, start + find.len(), &replace);
            Ok(())
        }
        several => Err(FaultKind::Ambiguous(lines_of(&plain, several))),
    }
}

/// Returns where `find` begins in a text, places that overlap included.
fn starts_of(text: &str, find: &str) -> Vec<usize> {
    let step = find.chars().next().map_or(1, char::len_utf8);
    let mut starts = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(find)) {
        starts.push(from + at);
        from += at + step;
    }
    starts
}

/// Returns the line of each place, from 1. Places are in their order.
fn lines_of(text: &str, starts: &[usize]) -> Vec<usize> {
    let (mut line, mut counted) = (1, 0);
    let line_at = |start: &usize| {
        line += text.get(counted..*start).unwrap_or_default().matches('\n').count();
        counted = *start;
        line
    };
    starts.iter().map(line_at).collect()
}

/// Replaces whole lines that match loosely.
fn replace_lines(text: &mut TextLines, find: &str, replace: &str) -> Result<(), FaultKind> {
    let found = loose_match(text, find, replace);
    // Models copy the numbers that `read_file` puts before lines.
    match (found, without_numbers(find)) {
        (Err(FaultKind::NotFound(_)), Some(find)) => {
            let replace = without_numbers(replace).unwrap_or_else(|| replace.to_owned());
            loose_match(text, &find, &replace)
        }
        (found, _) => found,
    }
}

fn loose_match(text: &mut TextLines, find: &str, replace: &str) -> Result<(), FaultKind> {
    let (find, before, after) = without_blank_ends(find);
    let (mut replace, extra_before, extra_after) = without_blank_ends(replace);
    // Empty lines around the text that the replacement does not have in common with it are part of the change.
    let start = vec![""; extra_before.saturating_sub(before)];
    let end = vec![""; extra_after.saturating_sub(after)];
    if replace.iter().any(|line| !line.trim().is_empty()) {
        replace = [start, replace, end].concat();
    }
    let places = find_places(text.lines(), &find);
    match places.as_slice() {
        [] => Err(FaultKind::NotFound(nearest(text.lines(), &find))),
        [place] => {
            let new = replace.iter().map(|line| place.shift.apply(line)).collect();
            text.splice(place.at, place.at + find.len(), new);
            Ok(())
        }
        several => Err(FaultKind::Ambiguous(several.iter().map(|place| place.at + 1).collect())),
    }
}

/// Returns the lines without empty ones at the start and the end, and the numbers of those. The line break of the last line
/// makes no empty line. Nothing is left of a blank text.
fn without_blank_ends(text: &str) -> (Vec<&str>, usize, usize) {
    let lines: Vec<&str> = text.split('\n').collect();
    let is_blank = |line: &&&str| line.trim().is_empty();
    let before = lines.iter().take_while(is_blank).count();
    let after = lines.iter().rev().take_while(is_blank).count();
    match lines.get(before..lines.len().saturating_sub(after)) {
        Some(inner) => (inner.to_vec(), before, after.saturating_sub(1)),
        None => (Vec::new(), before, 0),
    }
}

/// Returns the text without a number and a bar before every line; `None` if a line has none.
fn without_numbers(text: &str) -> Option<String> {
    let lines = text.split('\n').map(|line| {
        if line.trim().is_empty() {
            return Some(line);
        }
        let rest = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
        let has_number = rest.len() < line.trim_start().len();
        let rest = rest.strip_prefix(" |").filter(|_| has_number)?;
        Some(rest.strip_prefix(' ').unwrap_or(rest))
    });
    lines.collect::<Option<Vec<&str>>>().map(|lines| lines.join("\n"))
}
