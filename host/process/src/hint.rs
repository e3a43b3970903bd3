//! Errors together with what to do about them.

use std::fmt::Display;

/// Splits a text of [`with_hint`] into the message and the lines of the hint.
pub fn split_hint(text: &str) -> (&str, Option<String>) {
    match text.split_once(HINT) {
        Some((message, hint)) => (message, Some(hint.replace(HINT, "\n"))),
        None => (text, None),
    }
}

/// The beginning of a line of a hint.
const HINT: &str = "\nhint: ";

/// Returns the message, and a line `hint: …` for each line of the hint.
pub fn with_hint(message: &impl Display, hint: Option<impl AsRef<str>>) -> String {
    let mut text = message.to_string();
    for line in hint.iter().flat_map(|hint| hint.as_ref().lines()) {
        text.push_str(HINT);
        text.push_str(line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_split_from_messages() {
        let text = with_hint(&"full", Some("free space\nresume"));
        assert_eq!(split_hint(&text), ("full", Some("free space\nresume".to_owned())));
        assert_eq!(split_hint("full"), ("full", None));
    }
}
