//! Words on the terminal: where they go, their colours, and how figures read.
//!
//! Promises: a reader that went away ends nothing; colours only on a terminal and never against `NO_COLOR`; text of
//! strangers (models, plugins, files) is shown without control characters.

use std::borrow::Cow;

/// What people read is clean already; JSON leaves some of what steers a terminal as it is, and may say it so as well.
pub fn escape_controls(text: &str) -> Cow<'_, str> {
    let is_control = |c: char| matches!(c, '\u{7f}'..='\u{9f}') || is_bidi_control(c);
    match text.contains(is_control) {
        false => Cow::Borrowed(text),
        true => {
            let escape = |c: char| if is_control(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
            Cow::Owned(text.chars().map(escape).collect())
        }
    }
}

/// Without what could steer a terminal; line ends and tabs stay.
pub fn sanitize(text: &str) -> String {
    let is_control = |c: char| (c.is_control() && c != '\n' && c != '\t') || is_bidi_control(c);
    text.chars().filter(|c| !is_control(*c)).collect()
}

/// Whether it changes the order in which what is around it is read.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_on_a_terminal_steers_nothing_and_is_the_same_json() {
        let text = "\u{1b}[2J \u{9b}2J \u{202e}\u{7f} ü";
        let json = serde_json::to_string(text).unwrap_or_default();
        assert_eq!(escape_controls(&json), r#""\u001b[2J \u009b2J \u202e\u007f ü""#);
        assert_eq!(serde_json::from_str::<String>(&escape_controls(&json)).unwrap_or_default(), text);
    }
}
