//! Parses TOML files that people write. Errors have file, line and a hint.
//!
//! Every configuration file of Phasegate (tasks, pipelines, `phasegate.toml`) is parsed by [`parse`]. Later errors
//! about its content are [`SourceError`]s made by the same [`Source`], so that all of them look the same.

use std::ops::Range;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::Spanned;

use crate::InvalidName;

/// The hint of errors that have no better one.
pub(crate) const REFERENCE: &str = "see docs/configuration.md";

/// An error in a file that a person wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}\nhint: {hint}")]
pub struct SourceError {
    /// The file, as the person named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The problem.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// The name and the text of a file.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The file, as the person named it.
    pub file: &'a str,
    /// The whole text.
    pub text: &'a str,
}

impl Source<'_> {
    /// Returns an error at the line where `span`, a range of bytes, begins.
    pub fn error(&self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) -> SourceError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        SourceError { file: self.file.to_owned(), line, message: message.into(), hint: hint.into() }
    }

    /// Parses a name. Fails at the name's line.
    pub fn parse_name<T: FromStr<Err = InvalidName>>(&self, text: &Spanned<String>) -> Result<T, SourceError> {
        text.get_ref().parse().map_err(|bad: InvalidName| self.error(text.span(), bad.message(), bad.hint()))
    }

    /// Returns the first place of a word in the text, preferably quoted. Returns the top of the file where the word
    /// does not occur, as in a file that extends another one.
    pub fn find_word(&self, word: &str) -> Range<usize> {
        let quoted = format!("\"{word}\"");
        let found = self.text.find(&quoted).or_else(|| self.text.find(word));
        found.map_or(0..0, |start| start..start + word.len())
    }

    /// Returns an error about the file as a whole, at line 1.
    pub fn error_at_top(&self, message: impl Into<String>, hint: impl Into<String>) -> SourceError {
        self.error(0..0, message, hint)
    }
}

/// Parses TOML into `T`, which should deny unknown fields.
pub fn parse<T: DeserializeOwned>(source: Source<'_>) -> Result<T, SourceError> {
    toml::from_str(source.text).map_err(|error| {
        let (words, own_hint) = error.message().split_once("\nhint: ").unwrap_or((error.message(), ""));
        let message = in_plain_words(&without_long_text(words.lines().next().unwrap_or("not valid TOML")));
        let hint = if own_hint.is_empty() { hint_for(&message) } else { own_hint.to_owned() };
        source.error(error.span().unwrap_or(0..0), message, hint)
    })
}

/// What stands where something else belongs may be a key, and need not be repeated at length: the line is named.
fn without_long_text(message: &str) -> String {
    const LONGEST: usize = 20;
    let shown = message.split_once("string \"").zip(message.rsplit_once("\", expected"));
    match shown {
        Some(((before, text), (_, after))) if text.len() - after.len() > LONGEST + "\", expected".len() => {
            format!("{before}a string, expected{after}")
        }
        _ => message.to_owned(),
    }
}

/// What a reader of types says about a value, in the words of whoever wrote the value.
pub fn in_plain_words(message: &str) -> String {
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

/// Converts TOML to JSON. Dates become text; infinite numbers and NaN become null.
pub fn to_json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(list) => list.into_iter().map(to_json).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, to_json(value))).collect(),
    }
}

/// Returns the known word nearest to a misspelt one, where the distance is small enough.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|candidate| (distance(word, candidate), candidate));
    let (score, candidate) = scored.min_by_key(|(score, _)| *score)?;
    (score <= 1 + word.len().div_ceil(4)).then_some(candidate)
}

/// Returns a hint: `did you mean …?`, or the list of known words.
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if known.is_empty() => "there is nothing of that sort here".to_owned(),
        None => format!("known are {}", known.join(", ")),
    }
}

fn hint_for(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown field") || message.starts_with("unknown variant"), quoted.next()) {
        (true, Some(word)) => did_you_mean(word, &quoted.collect::<Vec<_>>()),
        _ if message.starts_with("missing field") => "add it".to_owned(),
        _ => REFERENCE.to_owned(),
    }
}

/// Returns the Levenshtein distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let best = (diagonal + usize::from(x != *y)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = best;
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
