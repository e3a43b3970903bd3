//! Errors together with what to do about them.

use std::fmt::Display;

/// Returns the message, and a line `hint: …` for each line of the hint.
pub fn with_hint(message: &impl Display, hint: Option<impl AsRef<str>>) -> String {
    let mut text = message.to_string();
    for line in hint.iter().flat_map(|hint| hint.as_ref().lines()) {
        text.push_str("\nhint: ");
        text.push_str(line);
    }
    text
}
