//! Changes to existing files as models give them: texts to find and replace, or a unified diff, instead of the whole file.
//!
//! A text is matched exactly first; then without regard to white space at the ends of lines; then with an indentation that
//! differs by the same amount in every line. It must occur exactly once. Line endings and the byte order mark of a file stay as
//! they were. Faults name the nearest lines, so that a model can correct its answer. Pure.

mod change;
mod lines;
mod locate;
mod replace;
mod unified;

pub use change::{Edit, EditFault, FaultKind};
use lines::TextLines;
pub use locate::Excerpt;

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

#[cfg(test)]
mod tests;
