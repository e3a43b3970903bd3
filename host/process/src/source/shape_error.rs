//! Errors of serde about values that do not fit their types, in the words of people who write TOML and with hints.

use super::words::did_you_mean;

/// The longest text of a value that a message repeats. A longer one may be a key, and the line is named anyway.
const MAX_SHOWN_TEXT: usize = 20;

/// What an error of serde is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The message is said of a key: `must be a list, not 3`.
    Value,
    /// A key is unknown in its table.
    UnknownKey,
    /// A key is missing in its table.
    MissingKey,
    /// The message is a sentence of the type that rejected the value.
    Sentence,
}

/// An error of serde, taken apart. The formats of these messages are serde's; no other code relies on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeError {
    /// What the message is about.
    pub shape: Shape,
    /// The message, with types named as TOML names them, and without long values.
    pub message: String,
    /// The key or value that is unknown, where that is the problem.
    pub unknown: Option<String>,
    /// What to do: the hint of the type that rejected the value, the nearest known word, or `add it`.
    pub hint: Option<String>,
}

impl ShapeError {
    /// Takes a message of serde apart. Types of this workspace append a hint after a line break and `hint: `.
    pub fn from_message(text: &str) -> Self {
        let (text, own_hint) = text.split_once("\nhint: ").map_or((text, None), |(text, hint)| (text, Some(hint)));
        let line = text.lines().next().unwrap_or("invalid value");
        let words: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
        let word = words.first().copied().unwrap_or_default();
        let suggestion = || Some(did_you_mean(word, words.get(1..).unwrap_or_default()));
        let starts = |beginning: &str| line.starts_with(beginning);
        let (shape, message, unknown, hint) = match () {
            () if starts("unknown field") => {
                (Shape::UnknownKey, format!("unknown key `{word}`"), Some(word), suggestion())
            }
            () if starts("unknown variant") => {
                (Shape::Value, format!("has no value `{word}`"), Some(word), suggestion())
            }
            () if starts("missing field") => {
                (Shape::MissingKey, format!("`{word}` is missing"), None, Some("add it".to_owned()))
            }
            () if starts("invalid type: integer") && line.contains("as i128") || line.contains("as u128") => {
                (Shape::Value, "must be a smaller number".to_owned(), None, None)
            }
            // What toml says of a date in the place of a word.
            () if line == "wanted string or table" => {
                (Shape::Value, "must be a text or a table".to_owned(), None, None)
            }
            () if starts("must ") => (Shape::Value, line.to_owned(), None, None),
            () => match describe_type(line) {
                Some(message) => (Shape::Value, message, None, None),
                None => (Shape::Sentence, line.to_owned(), None, None),
            },
        };
        let hint = own_hint.map(str::to_owned).or(hint);
        Self { shape, message, unknown: unknown.map(str::to_owned), hint }
    }

    /// Returns the message about a key: its name with dots, and the name of the table that it stands in.
    pub fn about(&self, key: &str, table: &str) -> String {
        let message = &self.message;
        match self.shape {
            Shape::Value if key.is_empty() => format!("a value {message}"),
            Shape::Value => format!("`{key}` {message}"),
            Shape::UnknownKey | Shape::MissingKey if table.is_empty() => message.clone(),
            Shape::UnknownKey | Shape::MissingKey => format!("{message} in [{table}]"),
            Shape::Sentence if key.is_empty() => message.clone(),
            Shape::Sentence => format!("`{key}`: {message}"),
        }
    }
}

/// Returns a message about a type as people say it: `must be a list, not 3`.
fn describe_type(line: &str) -> Option<String> {
    let line = line.strip_prefix("invalid type: ").or_else(|| line.strip_prefix("invalid value: "))?;
    let (found, expected) = line.rsplit_once(", expected ")?;
    Some(format!("must be {}, not {}", expected_in_words(expected), found_in_words(found)))
}

fn found_in_words(found: &str) -> String {
    let number = ["integer ", "floating point ", "boolean "].iter().find_map(|kind| found.strip_prefix(kind));
    if let Some(number) = number {
        return number.to_owned();
    }
    match found.strip_prefix("string ") {
        Some(text) if text.chars().count() > MAX_SHOWN_TEXT + "\"\"".len() => "a text".to_owned(),
        Some(text) => text.to_owned(),
        None => match found {
            "map" => "a table",
            "sequence" => "a list",
            "unit value" | "null" | "Option value" => "nothing",
            plain => plain,
        }
        .to_owned(),
    }
}

fn expected_in_words(expected: &str) -> &str {
    match expected {
        "a map" => "a table",
        structure if structure.starts_with("struct ") => "a table",
        "a sequence" => "a list",
        "a string" | "a borrowed string" | "string" | "str" => "a text",
        "a boolean" => "`true` or `false`",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a nonzero u8" | "a nonzero u16" | "a nonzero u32" | "a nonzero u64" | "a nonzero usize" => {
            "a whole number, 1 or more"
        }
        "f32" | "f64" => "a number",
        plain => plain.strip_prefix("expected ").unwrap_or(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_do_not_name_rust_types() {
        let message = |expected: &str| {
            ShapeError::from_message(&format!("invalid type: integer `3`, expected {expected}")).message
        };
        assert_eq!(message("struct RawPlugin"), "must be a table, not `3`");
        assert_eq!(message("a sequence"), "must be a list, not `3`");
        assert_eq!(message("a nonzero u64"), "must be a whole number, 1 or more, not `3`");
        assert_eq!(message("a boolean"), "must be `true` or `false`, not `3`");
        assert_eq!(message("f64"), "must be a number, not `3`");
        let large =
            ShapeError::from_message("invalid type: integer `99999999999999999999` as i128, expected any value");
        assert_eq!(large.about("budget.calls", "budget"), "`budget.calls` must be a smaller number");
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
