//! Reads and applies a unified diff of one file, also one whose line numbers and counts are wrong, as those of models are.

use super::change::{EditFault, FaultKind};
use super::lines::{TextLines, normalize};
use super::locate::{Place, Shift, find_places, nearest};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Context,
    Removed,
    Added,
}

#[derive(Debug, Default)]
struct Hunk {
    /// First line of the old text, from 1, and the number of its lines and of those of the new text.
    numbers: Option<(usize, usize, usize)>,
    lines: Vec<(Role, String)>,
    /// Whether the old and the new text end without a line break.
    old_is_open: bool,
    new_is_open: bool,
}

/// Applies every hunk. Changes nothing if one does not fit.
pub fn apply(text: &mut TextLines, diff: &str) -> Result<(), Vec<EditFault>> {
    let hunks = parse(&normalize(diff))
        .map_err(|why| vec![EditFault { place: "diff".to_owned(), kind: FaultKind::NotADiff(why) }])?;
    let mut changed = text.clone();
    let mut faults = Vec::new();
    let mut position = Position::default();
    for (at, hunk) in hunks.iter().enumerate() {
        if let Err(kind) = hunk.apply(&mut changed, &mut position) {
            faults.push(EditFault { place: format!("hunk {}", at + 1), kind });
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    *text = changed;
    Ok(())
}

/// Where the next hunk is expected.
#[derive(Debug, Default)]
struct Position {
    /// The first line that no hunk has changed yet.
    cursor: usize,
    /// How many lines the hunks so far have added.
    growth: isize,
}

impl Hunk {
    fn old(&self) -> Vec<&str> {
        let old = self.lines.iter().filter(|(role, _)| *role != Role::Added);
        old.map(|(_, line)| line.as_str()).collect()
    }

    fn count(&self, role: Role) -> usize {
        self.lines.iter().filter(|(known, _)| *known == role).count()
    }

    /// Returns whether the header's counts are reached, so that a header of another file may follow.
    fn is_complete(&self) -> bool {
        let context = self.count(Role::Context);
        self.numbers.is_none_or(|(_, old, new)| {
            context + self.count(Role::Removed) >= old && context + self.count(Role::Added) >= new
        })
    }

    fn apply(&self, text: &mut TextLines, position: &mut Position) -> Result<(), FaultKind> {
        let added = self.count(Role::Added);
        let removed = self.count(Role::Removed);
        if added + removed == 0 {
            return Err(FaultKind::NoChange);
        }
        let old = self.old();
        let place = if old.is_empty() { self.insertion(text, position)? } else { self.find(text, &old, position)? };
        let end = place.at + old.len();
        let reaches_end = end == text.lines().len();
        self.replace(text, &place);
        let last = text.lines().len();
        let (after, is_open) = (end + added - removed, self.new_is_open && !self.old_is_open);
        if is_open && after + 1 == last && text.lines().last().is_some_and(String::is_empty) {
            text.splice(after, last, Vec::new());
        }
        if self.old_is_open && !self.new_is_open && reaches_end && after > 0 {
            text.splice(last, last, vec![String::new()]);
        }
        position.cursor = after;
        position.growth += added as isize - removed as isize;
        Ok(())
    }

    /// Replaces the lines of the old text. Lines of context stay as they are in the file.
    fn replace(&self, text: &mut TextLines, place: &Place) {
        let mut at = place.at;
        let mut lines = self.lines.iter().peekable();
        while let Some((role, _)) = lines.peek() {
            if *role == Role::Context {
                lines.next();
                at += 1;
                continue;
            }
            let mut removed = 0;
            let mut new = Vec::new();
            while let Some((role, line)) = lines.next_if(|(role, _)| *role != Role::Context) {
                match role {
                    Role::Removed => removed += 1,
                    _ => new.push(place.shift.apply(line)),
                }
            }
            let count = new.len();
            text.splice(at, at + removed, new);
            at += count;
        }
    }

    /// The place of a hunk without old lines: after the line that its header names.
    fn insertion(&self, text: &TextLines, position: &Position) -> Result<Place, FaultKind> {
        let line = match self.numbers {
            Some((line, _, _)) => line.saturating_add_signed(position.growth),
            None if text.is_empty() => 0,
            None => return Err(FaultKind::NotADiff("a hunk without context has no line number")),
        };
        let lines = text.lines().len() - usize::from(text.lines().last().is_some_and(String::is_empty));
        let at = if text.is_empty() { 0 } else { line };
        match at <= lines {
            true => Ok(Place { at, shift: Shift::More(String::new()) }),
            false => Err(FaultKind::NotFound(None)),
        }
    }

    fn find(&self, text: &TextLines, old: &[&str], position: &Position) -> Result<Place, FaultKind> {
        let mut places = find_places(text.lines(), old);
        let is_last = |place: &Place| place.at + old.len() == text.lines().len();
        if self.old_is_open && places.iter().any(is_last) {
            places.retain(is_last);
        }
        if places.iter().any(|place| place.at >= position.cursor) {
            places.retain(|place| place.at >= position.cursor);
        }
        let expected = self.numbers.map(|(line, _, _)| line.saturating_sub(1).saturating_add_signed(position.growth));
        match places.as_slice() {
            [] => Err(FaultKind::NotFound(nearest(text.lines(), old))),
            [place] => Ok(place.clone()),
            several => {
                let named = several.iter().find(|place| Some(place.at) == expected);
                named.cloned().ok_or_else(|| FaultKind::Ambiguous(several.iter().map(|place| place.at + 1).collect()))
            }
        }
    }
}

fn parse(diff: &str) -> Result<Vec<Hunk>, &'static str> {
    let lines: Vec<&str> = diff.lines().collect();
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut is_inside = false;
    for (at, line) in lines.iter().enumerate() {
        let next = |ahead: usize| lines.get(at + ahead).copied().unwrap_or_default();
        if let Some(numbers) = line.strip_prefix("@@") {
            hunks.push(Hunk { numbers: parse_numbers(numbers), ..Hunk::default() });
            is_inside = true;
            continue;
        }
        let is_header = line.starts_with("diff --git ")
            || line.starts_with("--- ") && next(1).starts_with("+++ ") && next(2).starts_with("@@");
        if is_header && hunks.last().is_none_or(Hunk::is_complete) {
            if !hunks.is_empty() {
                return Err("it is about several files; give one diff for each file");
            }
            is_inside = false;
        }
        if is_inside && let Some(hunk) = hunks.last_mut() {
            hunk.push(line);
        }
    }
    if hunks.is_empty() {
        return Err("it has no hunk: a line that begins with `@@`, then the lines with ` `, `-` or `+` in front");
    }
    hunks.iter_mut().for_each(Hunk::drop_blank_end);
    Ok(hunks)
}

impl Hunk {
    fn push(&mut self, line: &str) {
        if line.starts_with('\\') {
            let role = self.lines.last().map(|(role, _)| *role);
            self.old_is_open |= role.is_some_and(|role| role != Role::Added);
            self.new_is_open |= role.is_some_and(|role| role != Role::Removed);
            return;
        }
        // The fence around the diff.
        if line.starts_with("```") {
            return;
        }
        let (role, text) = match (line.strip_prefix('-'), line.strip_prefix('+')) {
            (Some(text), _) => (Role::Removed, text),
            (_, Some(text)) => (Role::Added, text),
            // Models leave out the space before context.
            _ => (Role::Context, line.strip_prefix(' ').unwrap_or(line)),
        };
        self.lines.push((role, text.to_owned()));
    }

    /// Removes empty lines at the end that the header does not count.
    fn drop_blank_end(&mut self) {
        let counted = self.numbers.map_or(0, |(_, old, _)| old);
        let mut extra = self.old().len().saturating_sub(counted);
        while extra > 0 && self.lines.last().is_some_and(|(role, line)| *role == Role::Context && line.is_empty()) {
            self.lines.pop();
            extra -= 1;
        }
    }
}

/// Reads ` -1,2 +3,4 @@`. A count that is left out is 1.
fn parse_numbers(header: &str) -> Option<(usize, usize, usize)> {
    let mut parts = header.split_whitespace();
    let range = |part: &str, sign: char| -> Option<(usize, usize)> {
        let part = part.strip_prefix(sign)?;
        let (line, count) = part.split_once(',').unwrap_or((part, "1"));
        Some((line.parse().ok()?, count.parse().ok()?))
    };
    let (line, old) = range(parts.next()?, '-')?;
    let (_, new) = range(parts.next()?, '+')?;
    Some((line, old, new))
}
