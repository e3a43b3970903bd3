//! Parses TOML files that people write. Errors have file, line and a hint.
//!
//! Every configuration file of Phasegate (tasks, pipelines, `phasegate.toml`) is parsed by [`parse`]. Later errors
//! about its content are [`SourceError`]s made by the same [`Source`], so that all of them look the same.

mod excerpt;
mod key_path;
mod reference;
mod secret;
mod shape_error;
mod words;

use std::ops::Range;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::Spanned;

use crate::names::InvalidName;

use self::excerpt::render_excerpt;
use self::key_path::{Document, dotted};
use self::secret::{is_known_key, is_secret_name, mask_known_keys};
pub use reference::Reference;
pub use shape_error::{Shape, ShapeError};
pub use words::{did_you_mean, nearest};

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
    /// What to do about it, one hint per line.
    pub hint: String,
    /// The line with carets below the place, in two lines of text. Secrets in it are masked.
    pub excerpt: Option<Box<str>>,
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
        let line = self.line_of(span.start);
        let excerpt = render_excerpt(self.text, line, span);
        let message = mask_known_keys(&message.into());
        SourceError { file: self.file.to_owned(), line, message, hint: hint.into(), excerpt }
    }

    /// Returns the line of a byte, from 1.
    pub fn line_of(&self, place: usize) -> usize {
        self.text.get(..place).unwrap_or(self.text).matches('\n').count() + 1
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

/// Parses TOML into `T`, which should deny unknown fields. Errors have the page of `reference` that describes the key.
pub fn parse<T: DeserializeOwned>(source: Source<'_>, reference: &Reference) -> Result<T, SourceError> {
    let document = Document::parse(source.text);
    if reference.may_hold_keys
        && let Some((path, span)) = document.as_ref().and_then(|document| document.find_text(is_known_key))
    {
        return Err(key_fault(source, reference, &path, span));
    }
    toml::from_str(source.text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        match &document {
            Some(document) => shape_fault(source, reference, document, span, error.message()),
            None => syntax_fault(source, reference, span, error.message()),
        }
    })
}

fn see(address: &str) -> String {
    format!("see {address}")
}

/// The error about a text that is the key of a provider.
fn key_fault(source: Source<'_>, reference: &Reference, path: &[String], span: Range<usize>) -> SourceError {
    let address = reference.address(path.first().map(String::as_str));
    let hint = format!(
        "name the environment variable that holds it, as in key_env = \"MY_KEY\" under [providers.NAME]\n\
         replace the key at the provider if others may have seen this file\n{}",
        see(address)
    );
    source.error(span, format!("`{}`: keys never stand here", dotted(path)), hint)
}

/// The error about a value that does not fit, or a key that is unknown or missing.
fn shape_fault(
    source: Source<'_>,
    reference: &Reference,
    document: &Document<'_>,
    span: Range<usize>,
    message: &str,
) -> SourceError {
    let shape = ShapeError::from_message(message);
    let path = document.key_at(&span);
    let address = reference.address(path.first().map(String::as_str));
    if shape.shape == Shape::Value && source.text.get(span.clone()).is_some_and(|text| text.starts_with("[[")) {
        let name = dotted(&path);
        return source.error(
            span,
            format!("[[{name}]] is a list of tables, but `{name}` is one table"),
            format!("write [{name}]\n{}", see(address)),
        );
    }
    let table = match shape.shape {
        // The place is the key; its table is one part shorter.
        Shape::UnknownKey => path.split_last().map(|(_, table)| table).unwrap_or_default(),
        _ => path.as_slice(),
    };
    let unknown = shape.unknown.as_deref().filter(|_| shape.shape == Shape::UnknownKey);
    if unknown.is_some_and(is_secret_name) {
        return key_fault(source, reference, &path, span);
    }
    // The keys of these tables are names, so that no key is unknown in them.
    let is_named = |table: &String| ["hitl", "providers", "prices", "plugins", "phases"].contains(&table.as_str());
    let misplaced = match path.as_slice() {
        [table, key] if is_named(table) && shape.shape == Shape::Value && key != "default" => Some(key.as_str()),
        _ => unknown,
    };
    let hint = match (misplaced.and_then(|key| Some((key, reference.place_of(key)?))), shape.hint.clone()) {
        (Some((key, place)), _) => format!("`{key}` belongs {place}\n{}", see(address)),
        (None, Some(hint)) if hint.starts_with("did you mean") => hint,
        (None, Some(hint)) => format!("{hint}\n{}", see(address)),
        (None, None) => see(address),
    };
    source.error(span, shape.about(&dotted(&path), &dotted(table)), hint)
}

/// The error about a file that is not TOML.
fn syntax_fault(source: Source<'_>, reference: &Reference, span: Range<usize>, message: &str) -> SourceError {
    let start = source.text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line = source.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let value = line.split_once('=').map(|(key, value)| (key.trim(), value.trim()));
    let is_open = |value: &str| value.starts_with(|c: char| c.is_alphabetic() || "~/".contains(c));
    let is_unclosed = message.starts_with("invalid basic string") && message.contains("expected `\"`");
    let (message, hint) = match value.filter(|(_, value)| is_open(value)) {
        Some((key, _)) => (format!("the text of `{key}` needs quotes"), format!("write {key} = \"…\"")),
        None if is_unclosed => {
            let key = value.map(|(key, _)| format!("the text of `{key}`")).unwrap_or("a text".to_owned());
            let hint = "end it with `\"` in the same line, or begin and end it with `\"\"\"`";
            (format!("{key} is not closed"), hint.to_owned())
        }
        None if message.starts_with("key with no value") => {
            ("a key needs `=` and a value".to_owned(), "as in retries = 3; a name with spaces needs quotes".to_owned())
        }
        None if value.is_some_and(|(_, value)| value.is_empty()) && message.starts_with("string values must") => {
            let key = value.map(|(key, _)| key).unwrap_or_default();
            (format!("`{key}` has no value"), "write one, or remove the line".to_owned())
        }
        None if message.starts_with("string values must") => {
            ("there is more than one value".to_owned(), "write one value in a line; a text needs quotes".to_owned())
        }
        None if message == "duplicate key" => ("the key is there twice".to_owned(), "remove one of the two".to_owned()),
        None => (message.lines().next().unwrap_or("this is not TOML").to_owned(), String::new()),
    };
    let address = see(reference.address(None));
    let hint = if hint.is_empty() { address } else { format!("{hint}\n{address}") };
    source.error(span, message, hint)
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
