//! Changes to existing files as models give them: texts to find and replace, or a unified diff, instead of the whole file.
//!
//! A text is matched exactly first; then without regard to white space at the ends of lines; then with an indentation that
//! differs by the same amount in every line. It must occur exactly once. Line endings and the byte order mark of a file stay as
//! they were. Faults name the nearest lines, so that a model can correct its answer. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};

mod lines;
mod locate;
mod replace;
mod unified;

use lines::TextLines;
pub use locate::Excerpt;

/// One replacement in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The text as it stands in the file, with enough lines around it to occur once.
    pub find: String,
    /// What takes its place; empty to remove it.
    pub replace: String,
}

/// The reason why a change does not fit a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditFault {
    /// The edit or hunk, for example `edit 2`.
    pub place: String,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with an edit or a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The text occurs nowhere. The most similar lines of the file, if any are similar.
    NotFound(Option<Excerpt>),
    /// The text occurs at several places, which begin in these lines, from 1.
    Ambiguous(Vec<usize>),
    /// There is no text to find.
    NothingToFind,
    /// The change leaves the text as it is.
    NoChange,
    /// The text is not a unified diff of one file.
    NotADiff(&'static str),
}

/// Applies the edits in their order, each to the result of those before. Returns the faults of all that do not fit.
pub fn apply_edits(base: &str, edits: &[Edit]) -> Result<String, Vec<EditFault>> {
    let mut text = TextLines::parse(base);
    let mut faults = Vec::new();
    for (at, edit) in edits.iter().enumerate() {
        if let Err(kind) = replace::apply(&mut text, edit) {
            faults.push(EditFault { place: format!("edit {}", at + 1), kind });
        }
    }
    if faults.is_empty() { Ok(text.render()) } else { Err(faults) }
}

/// Applies a unified diff of one file. Line numbers of hunks decide only between several places that fit.
pub fn apply_diff(base: &str, diff: &str) -> Result<String, Vec<EditFault>> {
    let mut text = TextLines::parse(base);
    unified::apply(&mut text, diff)?;
    Ok(text.render())
}

/// Returns the whole text of a changed file with the line endings and the byte order mark of the file as it was.
pub fn keep_form(base: &str, text: &str) -> String {
    TextLines::parse(base).with_text(text).render()
}

impl fmt::Display for EditFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        match &self.kind {
            FaultKind::NotFound(None) => write!(formatter, "{place}: the file has no such text, nor a similar one"),
            FaultKind::NotFound(Some(nearest)) => {
                write!(formatter, "{place}: the file has no such text; the nearest lines are:\n{nearest}")
            }
            FaultKind::Ambiguous(lines) => {
                let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
                write!(
                    formatter,
                    "{place}: the text occurs {} times, in lines {}; give more of the lines around it",
                    lines.len(),
                    lines.join(", ")
                )
            }
            FaultKind::NothingToFind => write!(formatter, "{place}: `find` is empty, and the file is not"),
            FaultKind::NoChange => write!(formatter, "{place}: it changes nothing"),
            FaultKind::NotADiff(why) => write!(formatter, "{place}: {why}"),
        }
    }
}

#[cfg(test)]
mod tests;
