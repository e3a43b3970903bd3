//! Text of an error together with its hints.

use std::fmt::Display;

/// Returns the message, and a line `hint: …` for each line of the hint.
pub(crate) fn with_hint(message: &impl Display, hint: Option<String>) -> String {
    let mut text = message.to_string();
    for line in hint.iter().flat_map(|hint| hint.lines()) {
        text.push_str("\nhint: ");
        text.push_str(line);
    }
    text
}
