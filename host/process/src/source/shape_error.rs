//! Errors of serde about values that do not fit their types, in the terms of TOML and with hints.

use super::words::did_you_mean;

/// The longest text of a value that a message repeats. A longer one may be a key, and the line is named anyway.
const MAX_SHOWN_TEXT: usize = 20;

/// An error of serde, taken apart. The formats of these messages are serde's; no other code relies on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeError {
    /// The message, with types named as TOML names them, and without long values.
    pub message: String,
    /// The field or variant that is unknown, where that is the problem.
    pub unknown: Option<String>,
    /// What to do: the hint of the type that rejected the value, the nearest known word, or `add it`.
    pub hint: Option<String>,
}

impl ShapeError {
    /// Takes a message of serde apart. Types of this workspace append a hint after a line break and `hint: `.
    pub fn from_message(text: &str) -> Self {
        let (text, own_hint) = text.split_once("\nhint: ").map_or((text, None), |(text, hint)| (text, Some(hint)));
        let line = text.lines().next().unwrap_or("invalid value");
        let message = with_toml_types(&without_long_text(line));
        let is_unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
        let mut quoted = message.split('`').skip(1).step_by(2);
        let unknown = quoted.next().filter(|_| is_unknown).map(str::to_owned);
        let hint = match (own_hint, &unknown) {
            (Some(hint), _) => Some(hint.to_owned()),
            (None, Some(word)) => Some(did_you_mean(word, &quoted.collect::<Vec<_>>())),
            (None, None) => message.starts_with("missing field").then(|| "add it".to_owned()),
        };
        Self { message, unknown, hint }
    }
}

/// Replaces a long value in a message by `a string`.
fn without_long_text(message: &str) -> String {
    let shown = message.split_once("string \"").zip(message.rsplit_once("\", expected"));
    match shown {
        Some(((before, text), (_, after))) if text.len() - after.len() > MAX_SHOWN_TEXT + "\", expected".len() => {
            format!("{before}a string, expected{after}")
        }
        _ => message.to_owned(),
    }
}

/// Names types as TOML does, not as Rust does.
fn with_toml_types(message: &str) -> String {
    let Some((found, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    let expected = match expected {
        "a map" => "a table",
        structure if structure.starts_with("struct ") => "a table",
        "a sequence" => "a list",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "a nonzero u32" | "a nonzero u64" => "a whole number, 1 or more",
        plain => plain,
    };
    let found = found.replace("invalid type: map", "invalid type: table").replace("type: sequence", "type: list");
    format!("{found}, expected {expected}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_do_not_name_rust_types() {
        let message = |expected: &str| {
            ShapeError::from_message(&format!("invalid type: integer `3`, expected {expected}")).message
        };
        assert_eq!(message("struct RawPlugin"), "invalid type: integer `3`, expected a table");
        assert_eq!(message("a sequence"), "invalid type: integer `3`, expected a list");
        assert_eq!(message("a nonzero u64"), "invalid type: integer `3`, expected a whole number, 1 or more");
        assert_eq!(message("a boolean"), "invalid type: integer `3`, expected a boolean");
    }

    #[test]
    fn prefers_the_hint_of_the_type() {
        let error = ShapeError::from_message("`X` is not a kind\nhint: a kind has 1 to 60 characters");
        assert_eq!(error.message, "`X` is not a kind");
        assert_eq!(error.hint.as_deref(), Some("a kind has 1 to 60 characters"));
        assert_eq!(error.unknown, None);
    }

    #[test]
    fn names_the_unknown_field() {
        let error = ShapeError::from_message("unknown field `modles`, expected `models` or `test-bench`");
        assert_eq!(error.unknown.as_deref(), Some("modles"));
        assert_eq!(error.hint.as_deref(), Some("did you mean `models`?"));
    }
}
