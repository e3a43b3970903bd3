//! Words on the terminal: where they go, their colours, and how figures read.
//!
//! Promises: a reader that went away ends nothing; colours only on a terminal and never against `NO_COLOR`; text of
//! strangers (models, plugins, files) is shown without control characters.

use std::borrow::Cow;
use std::io::{Write, stderr, stdout};

/// Prints to stdout.
pub fn say(text: &str) {
    // Whoever reads may have gone away; that is no reason to stop.
    let _ = stdout().lock().write_all(harmless(text).as_bytes());
    let _ = stdout().lock().flush();
}

/// Prints to stdout, and tells whether anybody still reads it.
pub fn heard(text: &str) -> bool {
    let mut out = stdout().lock();
    out.write_all(harmless(text).as_bytes()).and_then(|()| out.flush()).is_ok()
}

/// Prints to stderr.
pub fn complain(text: &str) {
    let _ = stderr().lock().write_all(harmless(text).as_bytes());
}

/// What people read is clean already; JSON leaves some of what steers a terminal as it is, and may say it so as well.
fn harmless(text: &str) -> Cow<'_, str> {
    let steers = |c: char| matches!(c, '\u{7f}'..='\u{9f}') || turns(c);
    match text.contains(steers) {
        false => Cow::Borrowed(text),
        true => {
            let said = |c: char| if steers(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
            Cow::Owned(text.chars().map(said).collect())
        }
    }
}

/// Without what could steer a terminal; line ends and tabs stay.
pub fn clean(text: &str) -> String {
    let steers = |c: char| (c.is_control() && c != '\n' && c != '\t') || turns(c);
    text.chars().filter(|c| !steers(*c)).collect()
}

/// Whether it changes the order in which what is around it is read.
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_on_a_terminal_steers_nothing_and_is_the_same_json() {
        let words = "\u{1b}[2J \u{9b}2J \u{202e}\u{7f} ü";
        let json = serde_json::to_string(words).unwrap_or_default();
        assert_eq!(harmless(&json), r#""\u001b[2J \u009b2J \u202e\u007f ü""#);
        assert_eq!(serde_json::from_str::<String>(&harmless(&json)).unwrap_or_default(), words);
    }
}
