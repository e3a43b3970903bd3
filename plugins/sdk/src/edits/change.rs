//! An edit, and the reasons why a change does not fit a file.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::locate::Excerpt;

/// The most lines that a fault names.
const MAX_NAMED: usize = 10;

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

impl fmt::Display for EditFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        match &self.kind {
            FaultKind::NotFound(None) => write!(formatter, "{place}: the file has no such text, nor a similar one"),
            FaultKind::NotFound(Some(nearest)) => {
                write!(formatter, "{place}: the file has no such text; the nearest lines are:\n{nearest}")
            }
            FaultKind::Ambiguous(lines) => {
                let named: Vec<String> = lines.iter().take(MAX_NAMED).map(usize::to_string).collect();
                let more = if lines.len() > MAX_NAMED { " and others" } else { "" };
                write!(
                    formatter,
                    "{place}: the text occurs {} times, in lines {}{more}; give more of the lines around it",
                    lines.len(),
                    named.join(", ")
                )
            }
            FaultKind::NothingToFind => write!(formatter, "{place}: `find` is empty, and the file is not"),
            FaultKind::NoChange => write!(formatter, "{place}: it changes nothing"),
            FaultKind::NotADiff(why) => write!(formatter, "{place}: {why}"),
        }
    }
}
