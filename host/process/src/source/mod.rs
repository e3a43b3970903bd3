//! Parses TOML files that people write. Errors have file, line and a hint.
//!
//! Every configuration file of Phasegate (tasks, pipelines, `phasegate.toml`) is parsed by [`parse`]. Later errors
//! about its content are [`SourceError`]s made by the same [`Source`], so that all of them look the same.

mod shape_error;
mod words;

use std::ops::Range;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::Spanned;

use crate::names::InvalidName;

pub use shape_error::ShapeError;
pub use words::{did_you_mean, nearest};

/// The hint of errors that have no better one.
const REFERENCE: &str = "see docs/configuration.md";

/// An error in a file that a person wrote. Its `Display` is place and message, without the hint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
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
        text.get_ref().parse().map_err(|bad: InvalidName| self.error(text.span(), bad.to_string(), bad.hint()))
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
    parse_with_hint(source, REFERENCE)
}

/// Parses like [`parse`], with another hint for errors that have no better one.
pub(crate) fn parse_with_hint<T: DeserializeOwned>(source: Source<'_>, fallback: &str) -> Result<T, SourceError> {
    toml::from_str(source.text).map_err(|error| {
        let ShapeError { message, hint, .. } = ShapeError::from_message(error.message());
        source.error(error.span().unwrap_or(0..0), message, hint.unwrap_or_else(|| fallback.to_owned()))
    })
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

#[cfg(test)]
mod tests;
