//! Removes or escapes what could control a terminal in text of models, plugins and files.

use std::borrow::Cow;

/// Escapes control characters that JSON allows unescaped. Text for people is sanitized before.
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

/// Removes control characters except line ends and tabs.
pub fn sanitize(text: &str) -> String {
    let is_control = |c: char| (c.is_control() && c != '\n' && c != '\t') || is_bidi_control(c);
    text.chars().filter(|c| !is_control(*c)).collect()
}

/// Whether the character changes the reading direction of the text around it.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_json_is_the_same_json() {
        let text = "\u{1b}[2J \u{9b}2J \u{202e}\u{7f} ü";
        let json = serde_json::to_string(text).unwrap_or_default();
        assert_eq!(escape_controls(&json), r#""\u001b[2J \u009b2J \u202e\u007f ü""#);
        assert_eq!(serde_json::from_str::<String>(&escape_controls(&json)).unwrap_or_default(), text);
    }
}
